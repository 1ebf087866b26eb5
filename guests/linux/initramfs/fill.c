/* SPDX-License-Identifier: MIT */
/*
 * fill MIB: takes that much memory, writes to each page what no other page has, at both ends, and
 * reads it all again. `FILLED` says that every page kept it.
 */
#include "sys.h"

#define WORDS (PAGE / sizeof(unsigned int))

static void write_page(volatile unsigned int *page, unsigned int at)
{
	page[0] = at;
	page[WORDS / 2 + at % 64] = at * 2654435761u;
	page[WORDS - 1] = ~at;
}

static int is_intact(const volatile unsigned int *page, unsigned int at)
{
	return page[0] == at && page[WORDS / 2 + at % 64] == at * 2654435761u &&
	       page[WORDS - 1] == ~at;
}

static void __attribute__((used, regparm(1))) fill(long *stack)
{
	const char *text = stack[0] > 1 ? (const char *)stack[2] : "1";
	unsigned int mib = number(&text);
	unsigned int at, pages = mib * (MIB / PAGE);
	char *area = map(mib * (unsigned long)MIB, PROT_READ | PROT_WRITE);

	if ((unsigned long)area > -4096ul) {
		print("fill: no such room\n");
		leave(1);
	}
	for (at = 0; at < pages; at++)
		write_page((unsigned int *)(area + at * (unsigned long)PAGE), at);
	for (at = 0; at < pages; at++)
		if (!is_intact((unsigned int *)(area + at * (unsigned long)PAGE), at)) {
			print("fill: wrong contents in page ");
			print_number(at);
			print("\n");
			leave(1);
		}
	print("FILLED ");
	print_number(mib);
	print(" MiB\n");
	leave(0);
}

ENTRY(fill);
