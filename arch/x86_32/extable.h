/* SPDX-License-Identifier: MIT */
/*
 * Instructions of the hypervisor that may fault, and where to go on then: the table
 * that trap_hypervisor() searches. Only accesses to guest memory and loads of
 * values that a guest chose are listed.
 */
#pragma once

#ifdef __ASSEMBLY__
/* Assembly. clang-format would take it for C. */
/* clang-format off */
#define EXTABLE(from, to)           \
	.pushsection .extable, "a"; \
	.long from, to;             \
	.popsection
/* clang-format on */
#else
#define EXTABLE(from, to)                  \
	".pushsection .extable, \"a\"\n\t" \
	".long " from ", " to "\n\t"       \
	".popsection\n\t"
#endif
