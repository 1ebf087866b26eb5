/* SPDX-License-Identifier: MIT */
/*
 * GRUB's modules as a read-only tree of files (<xen/xen.h>, SIF_MULTIBOOT_MOD). A file is named by
 * the first word of its module's command line without leading slashes; the rest is its argument.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct file {
	const char *name;
	const char *arguments; /* behind the name, "" when there is nothing */
	const uint8_t *data;
	uint32_t size;
};

/* Reads the module table of start_info. */
void files_init(void);

/* Files in the order in which GRUB loaded them; NULL behind the last. */
const struct file *files_get(unsigned index);

/* By name, or by the last part of a path when that is what the modules are called. NULL: none. */
const struct file *files_find(const char *path);

/* A descriptor for reading, or -1 with errno ENOENT. */
int files_open(const char *path);
