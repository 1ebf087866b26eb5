/* SPDX-License-Identifier: MIT */
/*
 * Error numbers, as <xen/errno.h> has them, without its prefix; and ERESTART, which stays
 * inside the hypervisor: a long operation stopped half way, and its caller makes the
 * guest issue it again (hypercall_restart).
 */
#pragma once

#define XEN_ERRNO(name, value) name = value,
enum errno_value {
#include <xen/errno.h>
	ERESTART = 85,
};
