/* SPDX-License-Identifier: MIT */
#pragma once

#include "hypercall/hypercall.h"

#include <xen/platform.h>

/*
 * Fills *info as its type and index ask. -ENOENT, -ESRCH: nothing known of that; -ENOSYS: no such
 * EFI table; -EINVAL: no such type; -ENOMEM.
 */
long firmware_info(struct xenpf_firmware_info *info) MUST_CHECK;
