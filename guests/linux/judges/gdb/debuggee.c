/* SPDX-License-Identifier: MIT */
/*
 * What the debugger of this folder's scripts looks at: a program whose argument names the part to run.
 * Each part ends well without a debugger, too. The scripts know its variables and labels.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4
#define ROUNDS 25

volatile int total, handled, faulted, ready, released;
volatile int words[8];
volatile unsigned char bytes[8];
__thread volatile int own = 7;
static sigjmp_buf recover;

static __attribute__((noinline)) int square(int n)
{
	int result = n * n;

	return result;
}

static int part_break(void)
{
	for (int i = 0; i < 10; i++)
		total += square(i);
	return total != 285;
}

/* 306 instructions from one label to the other; two stores to SS, each of which hides the next trap. */
static int part_step(void)
{
	unsigned int result, source = 0x5a;
	unsigned char target[16];

	asm volatile(".globl step_begin, step_end\n"
		     "step_begin: mov $100, %%ecx\n"
		     "1: dec %%ecx\n"
		     "jnz 1b\n" /* 201 */
		     "mov $50, %%ecx\n"
		     "1: mov $64, %%eax\n"
		     "loop 1b\n" /* 302: 64 is getppid */
		     "int $0x80\n"
		     "pushf\n"
		     "pop %%ecx\n"
		     "cld\n" /* 306 */
		     "step_end: nop\n"
		     : "=a"(result)
		     :
		     : "ecx", "memory", "cc");
	asm volatile(".globl copy_begin, copy_end\n"
		     "copy_begin: rep stosb\n"
		     "copy_end: nop\n"
		     :
		     : "a"(source), "D"(target), "c"(sizeof(target))
		     : "memory");
	asm volatile(".globl stack_begin, stack_end\n"
		     "stack_begin: mov %%ss, %%eax\n"
		     "mov %%eax, %%ss\n"
		     "mov %%eax, %%ss\n"
		     "nop\n"
		     "stack_end: nop\n"
		     :
		     :
		     : "eax");
	return result != (unsigned int)getppid() || target[15] != 0x5a;
}

static int part_watch(void)
{
	int sum = 0;

	for (int i = 0; i < ROUNDS; i++) {
		for (int k = 0; k < 8; k++)
			words[k] = i;
		sum += words[2];
		bytes[1] = i;
		bytes[2] = i;
	}
	/* By the kernel, on behalf of this program. */
	if (pipe((int *)words))
		return 1;
	return sum != ROUNDS * (ROUNDS - 1) / 2;
}

static void handle(int number)
{
	handled += number;
}

static void handle_fault(int number)
{
	(void)number;
	faulted++;
	siglongjmp(recover, 1);
}

static int part_signal(void)
{
	volatile char *nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	signal(SIGUSR1, handle);
	signal(SIGUSR2, handle);
	signal(SIGSEGV, handle_fault);
	signal(SIGFPE, handle_fault);
	for (int i = 0; i < 3; i++)
		raise(SIGUSR1);
	raise(SIGUSR2);
	if (!sigsetjmp(recover, 1))
		nothing[16] = 1;
	if (!sigsetjmp(recover, 1))
		asm volatile(".globl divide\ndivide: divl %0" : : "r"(0), "a"(1), "d"(0));
	return faulted != 2;
}

static void *work(void *argument)
{
	own += (int)(long)argument;
	for (int i = 0; i < ROUNDS; i++) {
		words[(long)argument] = i;
		if (own != 7 + (long)argument)
			return argument;
		sched_yield();
	}
	return NULL;
}

static void meet(void)
{
}

static int part_threads(void)
{
	pthread_t threads[THREADS];
	void *result, *wrong = NULL;

	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)(i + 1));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		if (result)
			wrong = result;
	}
	meet();
	return wrong != NULL || own != 7;
}

static int part_processes(void)
{
	int status;
	pid_t child = fork();

	if (!child) {
		words[0] = 5;
		execl("/proc/self/exe", "debuggee", "break", NULL);
		_exit(9);
	}
	words[0] = 3;
	waitpid(child, &status, 0);
	return status;
}

/* Until a debugger writes `released`, or someone sends a signal. */
static int part_attach(void)
{
	while (!released && ready < 30 * 100) {
		ready++;
		usleep(10000);
	}
	return released == 42 ? 0 : 1;
}

static double half(double x)
{
	return x / 2;
}

static int part_registers(void)
{
	double x = 5;
	int eax;

	asm volatile(".globl set_registers, seen_registers\n"
		     "set_registers: nop\n"
		     "seen_registers: nop\n"
		     : "=a"(eax)
		     : "a"(1)
		     : "memory");
	words[0] = eax;
	asm volatile("movd %%xmm3, %0" : "=m"(words[1]));
	x = half(x);
	return x != 2.5;
}

static const struct {
	const char *name;
	int (*run)(void);
} parts[] = {
	{ "break", part_break },   { "step", part_step },	    { "watch", part_watch },
	{ "signal", part_signal }, { "threads", part_threads },	    { "processes", part_processes },
	{ "attach", part_attach }, { "registers", part_registers },
};

int main(int argc, char **argv)
{
	for (unsigned int i = 0; argc > 1 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!strcmp(argv[1], parts[i].name))
			return parts[i].run();
	}
	fprintf(stderr, "debuggee: which part?\n");
	return 2;
}
