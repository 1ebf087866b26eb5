/* SPDX-License-Identifier: MIT */
/* From a target's name to an open block device: see target.h. */
#include "dom0/block/target.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/block/memdisk.h"
#include "dom0/files.h"

#define RAM "ram:"
#define COW "cow:"
#define PAGE_SECTORS 8u
#define MIB (1ull << 20)
#define RAM_MAX_MIB 16384u

static const char *say(const char *fmt, const char *name)
{
	static char message[200];

	snprintf(message, sizeof(message), fmt, name);
	return message;
}

static const char *no_memory = "not enough memory for the disk";

/* "64", "64M", "1G": MiB. */
static const char *open_ram(const char *name, const char *size, struct block_device **device)
{
	char *end;
	unsigned long number = strtoul(size, &end, 10);

	if (toupper((unsigned char)*end) == 'G' && number <= RAM_MAX_MIB)
		number <<= 10;
	if (*end && strchr("MmGg", *end))
		end++;
	if (!isdigit((unsigned char)*size) || *end || !number || number > RAM_MAX_MIB)
		return say("%s: expected ram:SIZE, in MiB or with M or G behind it", name);
	*device = memdisk_create(name, NULL, 0, number * (MIB / BLOCK_SECTOR), false);
	return *device ? NULL : no_memory;
}

static const char *open_module(const char *name, const struct file *file, bool write,
			       struct block_device **device)
{
	uint64_t sectors = (file->size + BLOCK_SECTOR - 1ull) / BLOCK_SECTOR;

	sectors = (sectors + PAGE_SECTORS - 1) / PAGE_SECTORS * PAGE_SECTORS;
	if (!sectors)
		return say("%s is empty", name);
	*device = memdisk_create(name, file->data, file->size, sectors, !write);
	return *device ? NULL : no_memory;
}

static const char *open_error(int error, const char *name)
{
	switch (-error) {
	case EBUSY:
		return say("%s is in use; access=w! shares it", name);
	case EROFS:
		return say("%s cannot be written to: use access=ro", name);
	default:
		return say("%s does not work any more", name);
	}
}

static const char *open_memory(const struct disk_spec *spec, struct block_device **device)
{
	const char *name = spec->target;
	bool cow = !strncmp(name, COW, sizeof(COW) - 1);
	const struct file *file;

	if (!strncmp(name, RAM, sizeof(RAM) - 1))
		return open_ram(name, name + sizeof(RAM) - 1, device);
	file = files_find(cow ? name + sizeof(COW) - 1 : name);
	if (!file)
		return say("%s: no such device or module; `block-list` and `files` list them",
			   name);
	if (!cow && spec->write)
		return say(
			"%s is a module: use access=ro, or target=cow:NAME, whose changes are kept "
			"in memory while it is attached",
			name);
	return open_module(name, file, cow, device);
}

const char *target_open(const struct disk_spec *spec, struct block_device **device)
{
	const char *error = NULL;
	int rc;

	*device = block_find(spec->target);
	if (!*device)
		error = open_memory(spec, device);
	if (error)
		return error;
	rc = block_open(*device, spec->write, spec->share ? BLOCK_SHARED : BLOCK_EXCLUSIVE);
	return rc ? open_error(rc, spec->target) : NULL;
}
