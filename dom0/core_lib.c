/* SPDX-License-Identifier: MIT */
/* What core/elf*.c call of the hypervisor's small libc and newlib does not have. */
#include "core/lib.h"

#include <stdlib.h>

uint64_t parse_u64(const char *s, const char **end)
{
	bool hex = s[0] == '0' && (s[1] | 0x20) == 'x';

	return strtoull(s, (char **)end, hex ? 16 : 10);
}
