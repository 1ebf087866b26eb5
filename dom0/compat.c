/* SPDX-License-Identifier: MIT */
/*
 * What Debian's compression libraries expect of glibc and newlib has under another name or
 * not at all. They are built with a stack protector, whose canary lies at %gs:20:
 * compat_init() gives %gs a segment of its own.
 */
#include "dom0/compat.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/mm.h"
#include "guests/pvrt/time.h"

#define CANARY_OFFSET 20
#define TLS_ENTRY 1
#define TLS_SELECTOR (TLS_ENTRY << 3 | 1)

/* Present, ring 1, writable data, byte granular, 32 bit. */
#define TLS_ACCESS 0xb3ULL
#define TLS_FLAGS 0x4ULL

static uint8_t tls[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));

static uint64_t tls_descriptor(void)
{
	uint64_t base = PTR32(tls), limit = sizeof(tls) - 1;

	return limit | (base & 0xffffff) << 16 | TLS_ACCESS << 40 | TLS_FLAGS << 52 |
	       (base >> 24) << 56;
}

void compat_init(void)
{
	uint64_t *gdt = page_alloc();
	xen_pfn_t frame = va_to_mfn(gdt);
	uint32_t canary = (uint32_t)rdtsc() & ~0xffu;

	memcpy(tls + CANARY_OFFSET, &canary, sizeof(canary));
	gdt[TLS_ENTRY] = tls_descriptor();
	BUG_ON(page_protect(gdt, PTE_KERNEL_RO));
	BUG_ON(HYPERVISOR_set_gdt(&frame, PAGE_BYTES / sizeof(*gdt)));
	__asm__ __volatile__("movl %0, %%gs" : : "r"(TLS_SELECTOR));
}

void __stack_chk_fail_local(void);
void __stack_chk_fail_local(void)
{
	pv_panic("stack overrun in a library");
}

int *__errno_location(void);
int *__errno_location(void)
{
	return __errno();
}

/* ---- of the bzip2 library, whose functions for files nobody calls ---- */

#undef stdin
#undef stdout
#undef stderr
FILE *stdin, *stdout, *stderr;

FILE *fopen64(const char *path, const char *mode);
FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}

/* What it prints before it exits, since one of its assertions failed. */
int __fprintf_chk(FILE *file, int flag, const char *format, ...);
int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
	(void)file, (void)flag;
	pv_panic("the bzip2 library: %s", format);
}

const unsigned short **__ctype_b_loc(void);
const unsigned short **__ctype_b_loc(void)
{
	return NULL;
}
