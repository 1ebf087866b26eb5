/* SPDX-License-Identifier: MIT */
/*
 * The little that the guest's own programs need of a C library, so
 * that the initramfs builds anywhere.
 */
#pragma once

#include <asm/ldt.h>
#include <asm/unistd_32.h>
#include <linux/mman.h>

#define MIB (1024 * 1024)
#define PAGE 4096
#define SIGILL 4
#define SIGTRAP 5
#define SIGBUS 7
#define SIGFPE 8
#define SIGUSR1 10
#define SIGSEGV 11

/* What the kernel puts above the signal number on a handler's stack; see asm/sigcontext.h. */
struct context {
	unsigned int gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trapno, err, eip, cs,
		eflags, uesp, ss;
};

struct action {
	void (*handler)(int signal, struct context context);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long long mask;
};

static inline long call(long nr, long a, long b, long c, long d, long e)
{
	long result;

	asm volatile("int $0x80"
		     : "=a"(result)
		     : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
		     : "memory");
	return result;
}
#define CALL(nr, a, b, c) call(nr, (long)(a), (long)(b), (long)(c), 0, 0)

static inline unsigned int length(const char *s)
{
	unsigned int n = 0;

	while (s[n])
		n++;
	return n;
}

static inline int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static inline int begins_with(const char *s, const char *start)
{
	while (*start && *s == *start)
		s++, start++;
	return !*start;
}

static inline void print(const char *s)
{
	CALL(__NR_write, 1, s, length(s));
}

typedef unsigned long long ticks_t;

static inline ticks_t now(void)
{
	ticks_t ticks;

	__asm__ __volatile__("rdtsc" : "=A"(ticks) : : "memory");
	return ticks;
}

/* The compiler's library is not there, so: quotient and remainder of 64 bits by 32, in two steps. */
static inline ticks_t divide(ticks_t value, unsigned int by, unsigned int *rest)
{
	unsigned int high = (unsigned int)(value >> 32), low = (unsigned int)value;
	unsigned int remainder = high % by;

	__asm__("divl %2" : "+a"(low), "+d"(remainder) : "r"(by));
	if (rest)
		*rest = remainder;
	return (ticks_t)(high / by) << 32 | low;
}

static inline void print_number(ticks_t value)
{
	char text[24], *at = text + sizeof(text);
	unsigned int digit;

	*--at = 0;
	do {
		value = divide(value, 10, &digit);
		*--at = (char)('0' + digit);
	} while (value);
	print(at);
}

static inline void leave(int status)
{
	CALL(__NR_exit_group, status, 0, 0);
	__builtin_unreachable();
}

/* As tools/bench reads it. */
static inline void print_figure(const char *name, ticks_t value)
{
	print("BENCH ");
	print(name);
	print(": ");
	print_number(value);
	print("\n");
}

static inline void require(long result, const char *what)
{
	if (result >= 0)
		return;
	print("cannot ");
	print(what);
	print("\n");
	leave(1);
}

/* The digits at *at, which moves behind them. */
static inline unsigned int number(const char **at)
{
	unsigned int value = 0;

	for (; **at >= '0' && **at <= '9'; ++*at)
		value = value * 10 + (unsigned int)(**at - '0');
	return value;
}

static inline char *map(unsigned long bytes, int protection)
{
	unsigned long arguments[6] = { 0, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1ul, 0 };

	return (char *)CALL(__NR_mmap, arguments, 0, 0);
}

static inline void handle(int signal, void (*handler)(int, struct context))
{
	/*
	 * popl %eax; movl $__NR_sigreturn, %eax; int $0x80, in code of its
	 * own for the lack of a C library's.
	 */
	static const unsigned char code[] = { 0x58, 0xb8, __NR_sigreturn, 0, 0, 0, 0xcd, 0x80 };
	struct action action = { .handler = handler, .flags = 0x04000000 };
	char *page = map(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	unsigned int i;

	for (i = 0; i < sizeof(code); i++)
		page[i] = (char)code[i];
	action.restorer = (void (*)(void))page;
	call(__NR_rt_sigaction, signal, (long)&action, 0, 8, 0);
}

/* The address of main's arguments is where the kernel puts their number. */
#define ENTRY(function) \
	__asm__(".globl _start\n_start: movl %esp, %eax; andl $-16, %esp; call " #function)
