/* SPDX-License-Identifier: MIT */
/*
 * The frame of a test guest.  A file lists its cases and runs them:
 *
 *	static const struct test_case cases[] = { { "start.magic", test_magic }, ... };
 *	int main(void) { return test_run(cases, ARRAY_SIZE(cases)); }
 *
 * Each case prints one line, `TEST <name>: PASS` or FAIL, SKIP, ERROR with a reason; the last line
 * is `RESULT: N passed, N failed` (errors count as failed, skips as neither).  A trap that nobody
 * expects ends its case as ERROR; the following cases still run.
 *
 * The words only=<name> on the guest's command line select one case.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test_case {
	const char *name;
	void (*fn)(void);
};

/* Runs the cases, prints the result, powers the domain off. */
int test_run(const struct test_case *cases, size_t count);

/* Marks the running case; the first reason is kept. They return, so that clean-up can follow. */
void test_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void test_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void test_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* False outside a privileged domain, where the running case is then skipped. */
bool test_is_privileged(void);

/* False once the running case has failed. */
bool test_ok(void);

/* A rule: when it does not hold, the case has failed with this text. */
#define CHECK(cond, ...)                        \
	({                                      \
		bool check_ok = (cond);         \
		if (!check_ok)                  \
			test_fail(__VA_ARGS__); \
		check_ok;                       \
	})

/* The same for two numbers that must be equal; what names the thing compared. */
#define CHECK_EQ(value, expected, what) \
	check_equal((int64_t)(value), (int64_t)(expected), what, __LINE__)

bool check_equal(int64_t value, int64_t expected, const char *what, int line);

/* The probe must have ended in this vector, and error code. */
struct fault;
bool check_fault(const struct fault *fault, unsigned int vector, const char *what);
bool check_fault_error(const struct fault *fault, unsigned int vector, uint32_t error,
		       const char *what);
bool check_no_fault(const struct fault *fault, const char *what);
