/* SPDX-License-Identifier: MIT */
/*
 * File descriptors of newlib's programs as a table of operations. A missing operation fails with
 * EINVAL, a missing close succeeds.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>
#include <sys/stat.h>

struct fd;

struct fd_ops {
	ssize_t (*read)(struct fd *fd, void *buf, size_t len);
	ssize_t (*write)(struct fd *fd, const void *buf, size_t len);
	off_t (*lseek)(struct fd *fd, off_t offset, int whence);
	int (*fstat)(struct fd *fd, struct stat *st);
	void (*close)(struct fd *fd);
};

struct fd {
	const struct fd_ops *ops; /* NULL: free */
	void *file;
	off_t position;
};

/* The lowest free descriptor, or -1 with errno set. */
int fd_open(const struct fd_ops *ops, void *file);

/* Descriptors 0, 1, 2 are the serial console; before anything is printed. */
void fd_init(void);
