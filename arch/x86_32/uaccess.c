/* SPDX-License-Identifier: MIT */
/*
 * Copies to and from the running guest: a range check, then plain accesses listed in the exception
 * table. CR0.WP is set, so a read-only guest page refuses the hypervisor as it would its owner.
 */
#include "arch/x86_32/extable.h"
#include "arch/x86_32/uaccess.h"
#include "core/errno.h"
#include "core/lib.h"

/* Copies len bytes; returns how many were not copied because of a fault. */
static inline uint32_t copy_faulting(void *dst, const void *src, uint32_t len)
{
	uint32_t words = len / 4, tail = len % 4;

	/* A fault in the first loop leaves the tail uncounted, hence the lea. */
	__asm__ volatile("1: rep movsl\n\t"
			 "mov %[tail], %[n]\n\t"
			 "2: rep movsb\n\t"
			 "jmp 4f\n\t"
			 "3: lea (%[tail], %[n], 4), %[n]\n\t"
			 "4:\n\t" EXTABLE("1b", "3b") EXTABLE("2b", "4b")
			 : [n] "+c"(words), "+D"(dst), "+S"(src)
			 : [tail] "r"(tail)
			 : "memory");
	return words;
}

int copy_from_guest(void *dst, gva_t src, uint32_t len)
{
	uint32_t left;

	if (unlikely(!guest_range_ok(src, len)))
		return -EFAULT;
	left = copy_faulting(dst, (const void *)src, len);
	if (unlikely(left)) {
		memset((char *)dst + (len - left), 0, left);
		return -EFAULT;
	}
	return 0;
}

int copy_to_guest(gva_t dst, const void *src, uint32_t len)
{
	if (unlikely(!guest_range_ok(dst, len)))
		return -EFAULT;
	return copy_faulting((void *)dst, src, len) ? -EFAULT : 0;
}

int clear_guest(gva_t dst, uint32_t len)
{
	uint32_t left = len;

	if (unlikely(!guest_range_ok(dst, len)))
		return -EFAULT;
	__asm__ volatile("1: rep stosb\n\t"
			 "2:\n\t" EXTABLE("1b", "2b")
			 : "+c"(left), "+D"(dst)
			 : "a"(0)
			 : "memory");
	return left ? -EFAULT : 0;
}

int get_guest_u32(uint32_t *dst, gva_t src)
{
	int rc = 0;
	uint32_t value = 0;

	if (unlikely(!guest_range_ok(src, 4)))
		return -EFAULT;
	__asm__ volatile("1: movl (%[src]), %[value]\n\t"
			 "jmp 3f\n\t"
			 "2: movl %[fault], %[rc]\n\t"
			 "3:\n\t" EXTABLE("1b", "2b")
			 : [value] "+r"(value), [rc] "+r"(rc)
			 : [src] "r"(src), [fault] "i"(-EFAULT)
			 : "memory");
	*dst = value;
	return rc;
}

int put_guest_u32(gva_t dst, uint32_t value)
{
	int rc = 0;

	if (unlikely(!guest_range_ok(dst, 4)))
		return -EFAULT;
	__asm__ volatile("1: movl %[value], (%[dst])\n\t"
			 "jmp 3f\n\t"
			 "2: movl %[fault], %[rc]\n\t"
			 "3:\n\t" EXTABLE("1b", "2b")
			 : [rc] "+r"(rc)
			 : [value] "r"(value), [dst] "r"(dst), [fault] "i"(-EFAULT)
			 : "memory");
	return rc;
}
