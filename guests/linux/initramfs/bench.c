/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's common operations cost, one line each: `BENCH <name>:
 * <nanoseconds>`. Under an emulator that counts instructions (QEMU's -icount shift=0), a
 * nanosecond is an instruction, and the figures repeat. Compare the lines of the same
 * kernel on the bare machine and under the hypervisor.
 */
#include "sys.h"

static char **environment;

static unsigned long long now(void)
{
	struct {
		int seconds, nanoseconds;
	} time = { 0, 0 };

	CALL(__NR_clock_gettime, 1, &time, 0);
	return time.seconds * 1000000000ull + time.nanoseconds;
}

/* Division of 64-bit numbers would need the compiler's library. */
static unsigned int divide(unsigned long long value, unsigned int by)
{
	unsigned int high = value >> 32, low = value, rest;

	rest = high % by;
	asm("divl %2" : "+a"(low), "+d"(rest) : "r"(by));
	return low;
}

static void report(const char *name, unsigned long long start, unsigned int count)
{
	unsigned int value = divide(now() - start, count);
	char text[12], *at = text + sizeof(text);

	*--at = 0;
	*--at = '\n';
	do {
		*--at = '0' + value % 10;
		value /= 10;
	} while (value);
	print("BENCH ");
	print(name);
	print(": ");
	print(at);
}

static void wait_for(long pid)
{
	int status;

	CALL(__NR_waitpid, pid, &status, 0);
}

static void bench_syscall(void)
{
	unsigned long long start = now();
	int i;

	for (i = 0; i < 20000; i++)
		CALL(__NR_getppid, 0, 0, 0);
	report("syscall", start, 20000);
}

static volatile int signals;
static void count_signal(int signal, struct context context)
{
	(void)signal, (void)context;
	signals++;
}

static void bench_signal(void)
{
	long pid = CALL(__NR_getpid, 0, 0, 0);
	unsigned long long start;
	int i;

	handle(SIGUSR1, count_signal);
	start = now();
	for (i = 0; i < 2000; i++)
		CALL(__NR_kill, pid, SIGUSR1, 0);
	report("signal", start, 2000);
}

#define AREA (4 * MIB)
static void bench_page_fault(void)
{
	unsigned long long start = now();
	char *area;
	int i, at;

	for (i = 0; i < 4; i++) {
		area = map(AREA, PROT_READ | PROT_WRITE);
		for (at = 0; at < AREA; at += PAGE)
			area[at] = 1;
		CALL(__NR_munmap, area, AREA, 0);
	}
	report("page_fault", start, 4 * AREA / PAGE);
}

static void bench_mprotect(void)
{
	char *page = map(PAGE, PROT_READ | PROT_WRITE);
	unsigned long long start;
	int i;

	*page = 1;
	start = now();
	for (i = 0; i < 2000; i++) {
		CALL(__NR_mprotect, page, PAGE, PROT_READ);
		CALL(__NR_mprotect, page, PAGE, PROT_READ | PROT_WRITE);
		*(volatile char *)page = 2;
	}
	report("mprotect_write", start, 2000);
}

static void bench_pipe(void)
{
	int there[2], back[2], i;
	unsigned long long start;
	char byte = 0;
	long pid;

	CALL(__NR_pipe, there, 0, 0);
	CALL(__NR_pipe, back, 0, 0);
	pid = CALL(__NR_fork, 0, 0, 0);
	if (!pid) {
		for (i = 0; i < 2000; i++) {
			CALL(__NR_read, there[0], &byte, 1);
			CALL(__NR_write, back[1], &byte, 1);
		}
		leave(0);
	}
	start = now();
	for (i = 0; i < 2000; i++) {
		CALL(__NR_write, there[1], &byte, 1);
		CALL(__NR_read, back[0], &byte, 1);
	}
	report("pipe_switch", start, 4000);
	wait_for(pid);
}

static void bench_fork(void)
{
	unsigned long long start = now();
	long pid;
	int i;

	for (i = 0; i < 200; i++) {
		pid = CALL(__NR_fork, 0, 0, 0);
		if (!pid)
			leave(0);
		wait_for(pid);
	}
	report("fork", start, 200);
}

static void execute(const char *name, int count, char **arguments)
{
	unsigned long long start = now();
	long pid;
	int i;

	for (i = 0; i < count; i++) {
		pid = CALL(__NR_fork, 0, 0, 0);
		if (!pid) {
			CALL(__NR_execve, arguments[0], arguments, environment);
			leave(1);
		}
		wait_for(pid);
	}
	report(name, start, count);
}

static void __attribute__((used, regparm(1))) bench(long *stack)
{
	static char *again[] = { "/bench", "quick", 0 };
	static char *shell[] = { "/bin/sh", "-c", "/bin/true", 0 };

	environment = (char **)(stack + 1 + stack[0] + 1);
	if (stack[0] > 1)
		leave(0);
	bench_syscall();
	bench_signal();
	bench_page_fault();
	bench_mprotect();
	bench_pipe();
	bench_fork();
	execute("fork_exec", 100, again);
	execute("sh", 50, shell);
	leave(0);
}

ENTRY(bench);
