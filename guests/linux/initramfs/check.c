/* SPDX-License-Identifier: MIT */
/*
 * The part of the self-check that asks the processor itself: segments, faults, floating
 * point, page tables. `check list` names the tests, `check NAME` runs one, prints why it
 * failed and exits with 1; `check clock` is no test. What a test expects to be killed by runs in a child.
 */
#include "sys.h"

static int fail(const char *why)
{
	print(why);
	print("\n");
	return 1;
}

/* The wait status of a child which runs `function`; its result is the exit code. */
static int child(int (*function)(void))
{
	int status = -1;
	long pid = CALL(__NR_fork, 0, 0, 0);

	if (!pid)
		leave(function());
	CALL(__NR_waitpid, pid, &status, 0);
	return status;
}

static int killed_by(int (*function)(void), int signal, const char *why)
{
	return (child(function) & 0x7f) == signal ? 0 : fail(why);
}

/* ---- Faults ---- */

static int read_unmapped(void)
{
	return *(volatile char *)16;
}
static int write_kernel(void)
{
	*(volatile char *)0xc0000000 = 0;
	return 0;
}
static int write_hypervisor(void)
{
	*(volatile char *)0xf5800000 = 0;
	return 0;
}
static int read_hypervisor(void)
{
	return *(volatile char *)0xffbff000;
}
static int divide_by_zero(void)
{
	asm volatile("xorl %%ecx, %%ecx; divl %%ecx" : : : "eax", "ecx", "edx");
	return 0;
}
static int undefined(void)
{
	asm volatile("ud2");
	return 0;
}
static int breakpoint(void)
{
	asm volatile("int3");
	return 0;
}
static int privileged(void)
{
	asm volatile("cli");
	return 0;
}
static int halt(void)
{
	asm volatile("hlt");
	return 0;
}
static int port(void)
{
	asm volatile("outb %%al, $0x80" : : "a"(0));
	return 0;
}
static int hypercall_from_user(void)
{
	asm volatile("int $0x82" : : "a"(17));
	return 0;
}

static int test_faults(void)
{
	return killed_by(read_unmapped, SIGSEGV, "reading an unmapped page") ||
	       killed_by(write_kernel, SIGSEGV, "writing the kernel") ||
	       killed_by(write_hypervisor, SIGSEGV, "writing the hypervisor's range") ||
	       killed_by(read_hypervisor, SIGSEGV, "reading the hypervisor") ||
	       killed_by(divide_by_zero, SIGFPE, "dividing by zero") ||
	       killed_by(undefined, SIGILL, "ud2") || killed_by(breakpoint, SIGTRAP, "int3") ||
	       killed_by(privileged, SIGSEGV, "cli") || killed_by(halt, SIGSEGV, "hlt") ||
	       killed_by(port, SIGSEGV, "out without permission") ||
	       killed_by(hypercall_from_user, SIGSEGV, "a hypercall from user mode");
}

static int execute_data(void)
{
	char *page = map(PAGE, PROT_READ | PROT_WRITE);

	*page = (char)0xc3;
	((void (*)(void))page)();
	return 0;
}

static int has_nx(void)
{
	unsigned int eax = 0x80000001, ebx, ecx = 0, edx;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return edx >> 20 & 1;
}

static int test_no_execute(void)
{
	int status = child(execute_data);

	if (!has_nx())
		return 0;
	return (status & 0x7f) == SIGSEGV ? 0 : fail("a data page can be executed");
}

static int steps;
static void count_step(int signal, struct context context)
{
	(void)signal, (void)context;
	steps++;
}

static int test_single_step(void)
{
	handle(SIGTRAP, count_step);
	asm volatile(
		"pushfl; orl $0x100, (%%esp); popfl; nop; nop; nop; pushfl; andl $~0x100, (%%esp); popfl"
		:
		:
		: "memory");
	return steps >= 5 && steps <= 7 ? 0 : fail("wrong number of steps");
}

/* A return to user mode that cannot be: the kernel finds out at its iret. */
static unsigned int bad_cs, bad_ss;
static void spoil(int signal, struct context context)
{
	volatile struct context *c = &context;

	(void)signal;
	if (bad_cs)
		c->cs = bad_cs;
	if (bad_ss)
		c->ss = bad_ss;
}

static int bad_return(void)
{
	handle(SIGUSR1, spoil);
	CALL(__NR_kill, CALL(__NR_getpid, 0, 0, 0), SIGUSR1, 0);
	return 0;
}

static int test_bad_return(void)
{
	static const unsigned int selectors[] = { 0x07, 0x63, 0x7b, 0x2fff, 0xe01b, 0xe02b };
	unsigned int i;
	int status;

	for (i = 0; i < sizeof(selectors) / sizeof(*selectors); i++) {
		bad_cs = selectors[i];
		bad_ss = 0;
		status = child(bad_return) & 0x7f;
		/* The hypervisor's own user segments are usable. */
		if (selectors[i] < 0xe000 && status != SIGSEGV && status != SIGILL &&
		    status != SIGBUS)
			return fail("a bad cs was returned to");
		bad_cs = 0;
		bad_ss = selectors[i] == 0x7b ? 0x73 : selectors[i];
		status = child(bad_return) & 0x7f;
		if (selectors[i] < 0xe000 && status != SIGSEGV && status != SIGILL &&
		    status != SIGBUS)
			return fail("a bad ss was returned to");
	}
	return 0;
}

/* ---- Segments ---- */

static unsigned int words[1024];

static unsigned int read_gs(int offset)
{
	unsigned int value;

	asm volatile("movl %%gs:(%1), %0" : "=r"(value) : "r"(offset));
	return value;
}

static void load_gs(unsigned int selector)
{
	asm volatile("movl %0, %%gs" : : "r"(selector));
}

static int test_tls(void)
{
	struct user_desc tls = { .entry_number = -1u,
				 .base_addr = (unsigned long)&words[512],
				 .limit = 0xfffff,
				 .seg_32bit = 1,
				 .limit_in_pages = 1,
				 .useable = 1 };
	int i;

	words[512] = 0x1111;
	words[511] = 0x2222;
	if (CALL(__NR_set_thread_area, &tls, 0, 0))
		return fail("set_thread_area");
	load_gs(tls.entry_number * 8 + 3);
	for (i = 0; i < 20; i++) {
		if (read_gs(0) != 0x1111 || read_gs(-4) != 0x2222)
			return fail("wrong contents through gs");
		CALL(__NR_sched_yield, 0, 0, 0);
	}
	return 0;
}

static int write_ldt(unsigned int entry, void *base, int present)
{
	struct user_desc d = { .entry_number = entry,
			       .base_addr = (unsigned long)base,
			       .limit = 0xfff,
			       .seg_32bit = 1,
			       .seg_not_present = !present,
			       .read_exec_only = 0,
			       .useable = 1 };

	if (!present) {
		d.base_addr = 0;
		d.limit = 0;
		d.seg_32bit = 0;
		d.read_exec_only = 1;
		d.useable = 0;
	}
	return (int)CALL(__NR_modify_ldt, 1, &d, sizeof(d));
}

static int test_ldt(void)
{
	/* The second entry makes the table larger than a page. */
	static const unsigned int entries[] = { 0, 600 };
	unsigned int i, n;

	words[0] = 0x3333;
	for (i = 0; i < 2; i++) {
		if (write_ldt(entries[i], words, 1))
			return fail("modify_ldt");
		load_gs(entries[i] * 8 + 7);
		for (n = 0; n < 20; n++) {
			if (read_gs(0) != 0x3333)
				return fail("wrong contents through the LDT");
			CALL(__NR_sched_yield, 0, 0, 0);
		}
	}
	return 0;
}

/* A segment register whose descriptor has gone is zeroed at the latest when it is loaded again. */
static int test_dropped_ldt(void)
{
	int i;

	if (write_ldt(0, words, 1))
		return fail("modify_ldt");
	asm volatile("movl %0, %%gs; movl %0, %%fs; movl %0, %%es" : : "r"(7));
	if (write_ldt(0, words, 0))
		return fail("modify_ldt, to remove it");
	for (i = 0; i < 50; i++)
		CALL(__NR_sched_yield, 0, 0, 0);
	asm volatile("movl %%ds, %%eax; movl %%eax, %%es" : : : "eax");
	return 0;
}

/* ---- Floating point ---- */

static int keep_registers(int seed)
{
	unsigned int value = seed * 0x01010101, back, i;
	double number = seed, result;

	for (i = 0; i < 100; i++) {
		asm volatile("movd %2, %%xmm7; fldl %3\n\t"
			     "movl %4, %%eax; int $0x80\n\t"
			     "movd %%xmm7, %0; fstpl %1"
			     : "=&r"(back), "=m"(result)
			     : "r"(value), "m"(number), "i"(__NR_sched_yield)
			     : "eax", "memory");
		if (back != value || result != number)
			return 1;
	}
	return 0;
}

static int test_fpu(void)
{
	int i, status, bad = 0;

	for (i = 1; i <= 4; i++)
		if (!CALL(__NR_fork, 0, 0, 0))
			leave(keep_registers(i));
	for (i = 1; i <= 4; i++) {
		status = 1;
		CALL(__NR_waitpid, -1, &status, 0);
		bad |= status;
	}
	return bad ? fail("registers of one process seen by another") : 0;
}

/* A long calculation in SSE and x87 registers, which other processes interrupt all the time. */
#define FPU_ROUNDS 400000
static unsigned long long calculate(void)
{
	union {
		double value;
		unsigned long long bits;
	} sse = { 1.0 }, x87 = { 1.0 };
	double step = 1.0000001, addend = 0.001;
	int i;

	for (i = 0; i < FPU_ROUNDS; i++) {
		asm volatile("mulsd %1, %0; addsd %2, %0; sqrtsd %0, %0"
			     : "+x"(sse.value)
			     : "x"(step), "x"(addend));
		x87.value = (x87.value * step + addend) / (1.0 + addend);
	}
	return sse.bits ^ x87.bits;
}

static int test_fpu_heavy(void)
{
	unsigned long long expected = calculate();
	int i, status, bad = 0;

	for (i = 0; i < 4; i++)
		if (!CALL(__NR_fork, 0, 0, 0))
			leave(calculate() != expected);
	for (i = 0; i < 4; i++) {
		status = 1;
		CALL(__NR_waitpid, -1, &status, 0);
		bad |= status;
	}
	return bad ? fail("the same calculation with another result") : 0;
}

/* ---- Page tables ---- */

#define AREA (12 * MIB)
static char *area;

static int check_area(char expected)
{
	unsigned long at;

	for (at = 0; at < AREA; at += PAGE)
		if (area[at] != expected)
			return 1;
	return 0;
}

static void fill_area(char value)
{
	unsigned long at;

	for (at = 0; at < AREA; at += PAGE)
		area[at] = value;
}

static int write_copy(void)
{
	if (check_area(1))
		return 1;
	fill_area(2);
	return check_area(2);
}

static int write_protected(void)
{
	area[AREA / 2] = 3;
	return 0;
}

static int test_page_tables(void)
{
	int i;

	area = map(AREA, PROT_READ | PROT_WRITE);
	fill_area(1);
	for (i = 0; i < 3; i++)
		if (child(write_copy) || check_area(1))
			return fail("copy on write");
	if (CALL(__NR_mprotect, area, AREA, PROT_READ) ||
	    killed_by(write_protected, SIGSEGV, "mprotect"))
		return fail("a read-only page was written");
	if (CALL(__NR_mprotect, area, AREA, PROT_READ | PROT_WRITE))
		return fail("mprotect");
	area[0] = 5;
	area = (char *)call(__NR_mremap, (long)area, AREA, AREA * 2, MREMAP_MAYMOVE, 0);
	if (area[0] != 5 || area[AREA - PAGE] != 1 || area[AREA])
		return fail("mremap");
	if (CALL(__NR_munmap, area, AREA * 2, 0) || killed_by(write_protected, SIGSEGV, "munmap"))
		return fail("an unmapped page was written");
	return 0;
}

/* ---- Time ---- */

static int test_monotonic(void)
{
	struct {
		int seconds, nanoseconds;
	} time, before = { 0, 0 };
	int i;

	for (i = 0; i < 20000; i++) {
		if (CALL(__NR_clock_gettime, 1, &time, 0))
			return fail("clock_gettime");
		if (time.seconds < before.seconds ||
		    (time.seconds == before.seconds && time.nanoseconds < before.nanoseconds))
			return fail("the clock went backwards");
		before = time;
	}
	return 0;
}

/*
 * `check clock`: what time it is, and what the time stamp counter was then, for comparison with other
 * clocks. The best of several tries, since anything may come in between.
 */
#define SECOND 1000000000ull
static void print_clock(void)
{
	ticks_t before, width, best_width = ~0ull, tsc = 0, time = 0;
	struct {
		int seconds, nanoseconds;
	} real;
	int i;

	for (i = 0; i < 20; i++) {
		before = now();
		CALL(__NR_clock_gettime, 0, &real, 0);
		width = now() - before;
		if (width >= best_width)
			continue;
		best_width = width;
		tsc = before + width / 2;
		time = (unsigned int)real.seconds * SECOND + (unsigned int)real.nanoseconds;
	}
	print("CLOCK ");
	print_number(time);
	print(" at ");
	print_number(tsc);
	print("\n");
}

static int test_ports(void)
{
	int i;

	if (CALL(__NR_ioperm, 0x80, 1, 1))
		return fail("ioperm");
	for (i = 0; i < 10; i++) {
		asm volatile("outb %%al, $0x80" : : "a"(0));
		CALL(__NR_sched_yield, 0, 0, 0);
	}
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} tests[] = {
	{ "faults", test_faults },
	{ "no_execute", test_no_execute },
	{ "single_step", test_single_step },
	{ "bad_return", test_bad_return },
	{ "tls", test_tls },
	{ "ldt", test_ldt },
	{ "dropped_ldt", test_dropped_ldt },
	{ "fpu", test_fpu },
	{ "fpu_heavy", test_fpu_heavy },
	{ "page_tables", test_page_tables },
	{ "monotonic", test_monotonic },
	{ "ports", test_ports },
};

static void __attribute__((used, regparm(1))) check(long *stack)
{
	int count = (int)stack[0];
	const char *name = count > 1 ? (const char *)stack[2] : "list";
	unsigned int i;

	if (same(name, "clock")) {
		print_clock();
		leave(0);
	}
	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		if (same(name, "list")) {
			print(tests[i].name);
			print("\n");
		} else if (same(name, tests[i].name)) {
			leave(tests[i].run());
		}
	}
	leave(!same(name, "list"));
}

ENTRY(check);
