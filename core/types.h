/* SPDX-License-Identifier: MIT */
/*
 * Names for the numbers that must not be mixed up (all of them are integers to the compiler).
 *
 *   mfn_t    machine frame number: a real page of RAM or of a device
 *   pfn_t    the guest's own numbering of its pages; means nothing without the domain
 *   paddr_t  machine address; mfn << PAGE_SHIFT
 *   gva_t    linear address in the running guest, never dereferenced: only the copy helpers take it
 *   pte_t    page-table entry of any level, PAE format
 *   s_time_t nanoseconds since the hypervisor started its clock
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/x86_32/layout.h"

typedef uint32_t mfn_t;
typedef uint32_t pfn_t;
typedef uint64_t paddr_t;
typedef uint32_t gva_t;
typedef uint64_t pte_t;
typedef uint64_t s_time_t;

#define INVALID_MFN ((mfn_t)~0u)
#define STIME_MAX ((s_time_t)~0ull)
#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_USEC 1000ull

#define PAGE_MASK (~(PAGE_SIZE - 1))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define ROUND_UP(n, align) (((n) + (align)-1) & ~((__typeof__(n))(align)-1))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define MUST_CHECK __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define PACKED __attribute__((packed))
#define ALIGNED(n) __attribute__((aligned(n)))
#define COLD __attribute__((cold))
/* A parameter that only others of the same function type need. */
#define UNUSED __attribute__((unused))
/* Called from assembly with all arguments on the stack. */
#define ASMCALL __attribute__((regparm(0)))
/* Written at boot only; the page is read-only afterwards. */
#define RO_AFTER_INIT __attribute__((section(".data.ro_after_init")))
/* Text and data that are given back once domain 0 runs. */
#define INIT __attribute__((section(".init.text"), cold))
#define INITDATA __attribute__((section(".init.data")))
