/* SPDX-License-Identifier: MIT */
/* The descriptor table and newlib's calls that work on it. */
#include "dom0/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "dom0/console.h"
#include "dom0/files.h"

#define NR_FDS 32

static struct fd fds[NR_FDS];

static struct fd *get(int number)
{
	if (number >= 0 && number < NR_FDS && fds[number].ops)
		return &fds[number];
	errno = EBADF;
	return NULL;
}

int fd_open(const struct fd_ops *ops, void *file)
{
	int i;

	for (i = 0; i < NR_FDS; i++)
		if (!fds[i].ops) {
			fds[i] = (struct fd){ .ops = ops, .file = file };
			return i;
		}
	errno = EMFILE;
	return -1;
}

/* ---- the console: input goes to the line editor and never through a descriptor ---- */

static ssize_t console_fd_write(struct fd *fd, const void *buf, size_t len)
{
	(void)fd;
	console_write(buf, len);
	return (ssize_t)len;
}

static int console_fd_fstat(struct fd *fd, struct stat *st)
{
	(void)fd;
	st->st_mode = S_IFCHR | S_IRUSR | S_IWUSR;
	return 0;
}

static const struct fd_ops console_ops = {
	.write = console_fd_write,
	.fstat = console_fd_fstat,
};

void fd_init(void)
{
	int i;

	for (i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		fd_open(&console_ops, NULL);
}

/* ---- newlib's calls ---- */

static int missing(void)
{
	errno = EINVAL;
	return -1;
}

ssize_t read(int number, void *buf, size_t len)
{
	struct fd *fd = get(number);

	if (!fd)
		return -1;
	return fd->ops->read ? fd->ops->read(fd, buf, len) : missing();
}

ssize_t write(int number, const void *buf, size_t len)
{
	struct fd *fd = get(number);

	if (!fd)
		return -1;
	return fd->ops->write ? fd->ops->write(fd, buf, len) : missing();
}

off_t lseek(int number, off_t offset, int whence)
{
	struct fd *fd = get(number);

	if (!fd)
		return -1;
	if (fd->ops->lseek)
		return fd->ops->lseek(fd, offset, whence);
	errno = ESPIPE;
	return -1;
}

int fstat(int number, struct stat *st)
{
	struct fd *fd = get(number);

	if (!fd)
		return -1;
	*st = (struct stat){ 0 };
	return fd->ops->fstat ? fd->ops->fstat(fd, st) : missing();
}

int isatty(int number)
{
	struct fd *fd = get(number);

	return fd && fd->ops == &console_ops;
}

int close(int number)
{
	struct fd *fd = get(number);

	if (!fd)
		return -1;
	if (fd->ops->close)
		fd->ops->close(fd);
	fd->ops = NULL;
	return 0;
}

int open(const char *path, int flags, ...)
{
	if ((flags & O_ACCMODE) != O_RDONLY) {
		errno = EROFS;
		return -1;
	}
	return files_open(path);
}

int stat(const char *path, struct stat *st)
{
	int number = files_open(path), rc;

	if (number < 0)
		return -1;
	rc = fstat(number, st);
	close(number);
	return rc;
}
