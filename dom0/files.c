/* SPDX-License-Identifier: MIT */
/* The modules' table, and reading a module through a descriptor. */
#include "dom0/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0/fd.h"
#include "guests/pvrt/start.h"

#define MAX_FILES 32

static struct file files[MAX_FILES];
static unsigned nr_files;

/* The command line is the loader's: it is cut into name and arguments in a copy that stays. */
static void add_file(const char *cmdline, const uint8_t *data, uint32_t size)
{
	char *copy = strdup(cmdline);
	char *rest;

	if (!copy || nr_files == MAX_FILES)
		return;
	while (*copy == ' ')
		copy++;
	rest = copy + strcspn(copy, " ");
	if (*rest)
		*rest++ = '\0';
	files[nr_files].name = copy + strspn(copy, "/");
	files[nr_files].arguments = rest + strspn(rest, " ");
	files[nr_files].data = data;
	files[nr_files++].size = size;
}

void files_init(void)
{
	const uint8_t *base = (const uint8_t *)(uintptr_t)start_info->mod_start;
	const struct xen_multiboot_mod_list *entry = (const void *)base;

	if (!start_info->mod_len || !(start_info->flags & SIF_MULTIBOOT_MOD))
		return;
	for (; entry->mod_end || entry->cmdline; entry++)
		add_file((const char *)base + entry->cmdline, base + entry->mod_start,
			 entry->mod_end - entry->mod_start + 1);
}

const struct file *files_get(unsigned index)
{
	return index < nr_files ? &files[index] : NULL;
}

static const struct file *find_exact(const char *name)
{
	unsigned i;

	for (i = 0; i < nr_files; i++)
		if (!strcmp(files[i].name, name))
			return &files[i];
	return NULL;
}

const struct file *files_find(const char *path)
{
	const char *name = path + strspn(path, "/");
	const struct file *file = find_exact(name);
	const char *last = strrchr(name, '/');

	return file || !last ? file : find_exact(last + 1);
}

/* ---- descriptors ---- */

static ssize_t file_read(struct fd *fd, void *buf, size_t len)
{
	const struct file *file = fd->file;
	size_t left = (size_t)fd->position < file->size ? file->size - fd->position : 0;

	if (len > left)
		len = left;
	memcpy(buf, file->data + fd->position, len);
	fd->position += len;
	return (ssize_t)len;
}

static off_t file_lseek(struct fd *fd, off_t offset, int whence)
{
	const struct file *file = fd->file;
	int64_t base = whence == SEEK_SET   ? 0
		       : whence == SEEK_CUR ? fd->position
					    : (off_t)file->size;

	if (base + offset < 0 || base + offset > INT32_MAX) {
		errno = EINVAL;
		return -1;
	}
	return fd->position = (off_t)(base + offset);
}

static int file_fstat(struct fd *fd, struct stat *st)
{
	st->st_mode = S_IFREG | S_IRUSR;
	st->st_size = ((const struct file *)fd->file)->size;
	return 0;
}

static const struct fd_ops file_ops = {
	.read = file_read,
	.lseek = file_lseek,
	.fstat = file_fstat,
};

int files_open(const char *path)
{
	const struct file *file = files_find(path);

	if (file)
		return fd_open(&file_ops, (void *)file);
	errno = ENOENT;
	return -1;
}
