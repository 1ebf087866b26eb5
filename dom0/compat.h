/* SPDX-License-Identifier: MIT */
#ifndef DOM0_COMPAT_H
#define DOM0_COMPAT_H

/* Before the first call into a compression library. */
void compat_init(void);

#endif
