/* SPDX-License-Identifier: MIT */
/* Runs test cases and reports them in the form that the harness reads (test.h). */
#include <stdarg.h>

#include "guests/pvrt/event.h"
#include "guests/pvrt/print.h"
#include "guests/pvrt/start.h"
#include "guests/pvrt/string.h"
#include "guests/pvrt/test.h"
#include "guests/pvrt/trap.h"

#include <xen/sched.h>

#define REASON_SIZE 200

enum verdict { VERDICT_PASS, VERDICT_SKIP, VERDICT_FAIL, VERDICT_ERROR };

static const char *const verdict_words[] = { "PASS", "SKIP", "FAIL", "ERROR" };

static enum verdict verdict;
static char reason[REASON_SIZE];

static void set_verdict(enum verdict new, const char *fmt, va_list ap)
{
	if (verdict >= new)
		return;
	verdict = new;
	pv_vsnprintf(reason, sizeof(reason), fmt, ap);
}

#define DEFINE_VERDICT(name, value)          \
	void name(const char *fmt, ...)      \
	{                                    \
		va_list ap;                  \
                                             \
		va_start(ap, fmt);           \
		set_verdict(value, fmt, ap); \
		va_end(ap);                  \
	}

DEFINE_VERDICT(test_fail, VERDICT_FAIL)
DEFINE_VERDICT(test_skip, VERDICT_SKIP)
DEFINE_VERDICT(test_error, VERDICT_ERROR)

bool test_is_privileged(void)
{
	if (pv_is_privileged())
		return true;
	test_skip("devices are for privileged domains");
	return false;
}

bool test_ok(void)
{
	return verdict < VERDICT_FAIL;
}

bool check_equal(int64_t value, int64_t expected, const char *what, int line)
{
	if (value == expected)
		return true;
	test_fail("%s (line %d): is %lld (0x%llx), must be %lld (0x%llx)", what, line, value, value,
		  expected, expected);
	return false;
}

bool check_fault_error(const struct fault *fault, unsigned int vector, uint32_t error,
		       const char *what)
{
	if (!check_fault(fault, vector, what))
		return false;
	if (fault->error == error)
		return true;
	test_fail("%s: vector %u with error code 0x%x, must be 0x%x", what, vector, fault->error,
		  error);
	return false;
}

bool check_fault(const struct fault *fault, unsigned int vector, const char *what)
{
	if (fault->vector == vector)
		return true;
	if (fault->vector == NO_FAULT)
		test_fail("%s: no fault, must be vector %u", what, vector);
	else
		test_fail("%s: vector %u (error 0x%x, eip 0x%x, cr2 0x%x), must be %u", what,
			  fault->vector, fault->error, fault->frame.eip, fault->cr2, vector);
	return false;
}

bool check_no_fault(const struct fault *fault, const char *what)
{
	if (fault->vector == NO_FAULT)
		return true;
	test_fail("%s: unexpected vector %u (error 0x%x, eip 0x%x, cr2 0x%x)", what, fault->vector,
		  fault->error, fault->frame.eip, fault->cr2);
	return false;
}

static void run_case(void *arg)
{
	const struct test_case *test = arg;

	test->fn();
}

static void report(const char *name)
{
	if (verdict == VERDICT_PASS)
		pv_printf("TEST %s: PASS\n", name);
	else
		pv_printf("TEST %s: %s %s\n", name, verdict_words[verdict], reason);
}

static void run_one(const struct test_case *test)
{
	struct fault fault;

	verdict = VERDICT_PASS;
	if (try_call(run_case, (void *)test, &fault)) {
		trap_print_frame(&fault.frame);
		test_error("unexpected vector %u, error 0x%x, cr2 0x%x, eip 0x%x", fault.vector,
			   fault.error, fault.cr2, fault.frame.eip);
	}
	report(test->name);
}

/* The case named by only=..., or NULL for all. */
static const char *selection(void)
{
	const char *word = strstr((const char *)start_info->cmd_line, "only=");

	return word ? word + strlen("only=") : NULL;
}

static bool is_selected(const char *name)
{
	const char *only = selection();
	size_t len = strlen(name);

	return !only || (!strncmp(only, name, len) && (only[len] == ' ' || !only[len]));
}

int test_run(const struct test_case *cases, size_t count)
{
	unsigned int passed = 0, failed = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!is_selected(cases[i].name))
			continue;
		run_one(&cases[i]);
		passed += verdict == VERDICT_PASS;
		failed += verdict >= VERDICT_FAIL;
	}
	pv_printf("RESULT: %u passed, %u failed\n", passed, failed);
	pv_shutdown(SHUTDOWN_poweroff);
}
