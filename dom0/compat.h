/* SPDX-License-Identifier: MIT */
#pragma once

/* Before the first call into a compression library. */
void compat_init(void);
