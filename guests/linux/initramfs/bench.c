/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's common operations cost, one line each: `BENCH <name>: <ticks>`, in ticks of the
 * time stamp counter for each operation. Under an emulator that counts instructions (QEMU's
 * -icount) a tick is an instruction, and the figures repeat; otherwise compare the lines of the
 * same kernel on the bare machine and under the hypervisor, where the counter is the same one.
 *
 * As the first process (rdinit=/bench) it also says when it began, and ends the machine when it is
 * done. The environment's rounds=N, which may stand on the kernel's command line, is how often all
 * is measured.
 */
#include <linux/reboot.h>

#include "sys.h"

static char **environment;

static void report(const char *name, ticks_t start, unsigned int count)
{
	print_figure(name, divide(now() - start, count, 0));
}

static void wait_for(long pid)
{
	int status;

	CALL(__NR_waitpid, pid, &status, 0);
}

static void bench_syscall(void)
{
	ticks_t start = now();
	int i;

	for (i = 0; i < 20000; i++)
		CALL(__NR_getppid, 0, 0, 0);
	report("syscall", start, 20000);
}

/* One byte of /dev/zero, from a node of our own. */
#define ZERO_DEVICE (1 << 8 | 5)
#define CHARACTER_NODE 0020600
static void bench_read(void)
{
	ticks_t start;
	long file;
	char byte;
	int i;

	CALL(__NR_mknod, "/bench-zero", CHARACTER_NODE, ZERO_DEVICE);
	file = CALL(__NR_open, "/bench-zero", 0, 0);
	start = now();
	for (i = 0; i < 10000; i++)
		if (CALL(__NR_read, file, &byte, 1) != 1)
			leave(1);
	report("read", start, 10000);
	CALL(__NR_close, file, 0, 0);
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
	ticks_t start;
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
	ticks_t start = now();
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

/* 16 pages, of which one is used. */
static void bench_mmap(void)
{
	ticks_t start = now();
	char *area;
	int i;

	for (i = 0; i < 2000; i++) {
		area = map(16 * PAGE, PROT_READ | PROT_WRITE);
		*(volatile char *)area = 1;
		CALL(__NR_munmap, area, 16 * PAGE, 0);
	}
	report("mmap", start, 2000);
}

static void bench_mprotect(void)
{
	char *page = map(PAGE, PROT_READ | PROT_WRITE);
	ticks_t start;
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
	ticks_t start;
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
	ticks_t start = now();
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
	ticks_t start = now();
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

/* Nothing but user mode: arithmetic, and a table that fits no first-level cache. */
static unsigned int table[1 << 15];
static void bench_cpu(void)
{
	ticks_t start = now();
	unsigned int i, x = 1;

	for (i = 0; i < 2000000; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		table[x >> 17] += x;
	}
	report("cpu_1000", start, 2000);
}

static unsigned int rounds_wanted(void)
{
	char **variable;

	for (variable = environment; *variable; variable++)
		if (begins_with(*variable, "rounds=") && (*variable)[7] > '0')
			return (unsigned int)((*variable)[7] - '0');
	return 1;
}

static void measure_all(void)
{
	static char *again[] = { "/bench", "quick", 0 };
	static char *shell[] = { "/bin/sh", "-c", "/bin/true", 0 };

	bench_syscall();
	bench_read();
	bench_signal();
	bench_page_fault();
	bench_mmap();
	bench_mprotect();
	bench_pipe();
	bench_fork();
	execute("fork_exec", 100, again);
	execute("sh", 50, shell);
	bench_cpu();
}

static void __attribute__((used, regparm(1))) bench(long *stack)
{
	ticks_t begin = now();
	char **arguments = (char **)(stack + 1);
	unsigned int round;

	if (stack[0] > 1 && same(arguments[1], "quick"))
		leave(0);
	environment = arguments + stack[0] + 1;
	if (CALL(__NR_getpid, 0, 0, 0) == 1)
		print_figure("init", begin);
	for (round = rounds_wanted(); round; round--)
		measure_all();
	print("BENCH end\n");
	if (CALL(__NR_getpid, 0, 0, 0) == 1)
		call(__NR_reboot, (long)LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		     LINUX_REBOOT_CMD_POWER_OFF, 0, 0);
	leave(0);
}

ENTRY(bench);
