/* SPDX-License-Identifier: MIT */
/* Disk descriptions: see disk_spec.h. */
#include "dom0/block/disk_spec.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- virtual device numbers, as xen-vbd-interface(7) ---- */

#define MAJOR_XVD 202u
#define MAJOR_SD 8u
#define MAJOR_IDE0 3u
#define MAJOR_IDE1 22u
#define EXTENDED (1u << 28)
#define MAX_DISK (1u << 20)
#define MAX_PARTITION 255u
#define DEV_PREFIX "/dev/"

static bool xvd_number(uint32_t disk, uint32_t partition, uint32_t *number)
{
	if (disk >= MAX_DISK || partition > MAX_PARTITION)
		return false;
	*number = disk < 16 && partition < 16 ? MAJOR_XVD << 8 | disk << 4 | partition
					      : EXTENDED | disk << 8 | partition;
	return true;
}

static bool sd_number(uint32_t disk, uint32_t partition, uint32_t *number)
{
	*number = MAJOR_SD << 8 | disk << 4 | partition;
	return disk < 16 && partition < 16;
}

static bool hd_number(uint32_t disk, uint32_t partition, uint32_t *number)
{
	*number = (disk < 2 ? MAJOR_IDE0 : MAJOR_IDE1) << 8 | (disk & 1) << 6 | partition;
	return disk < 4 && partition < 64;
}

static bool read_decimal(const char **at, uint32_t *value)
{
	if (!isdigit((unsigned char)**at))
		return false;
	for (*value = 0; isdigit((unsigned char)**at); (*at)++)
		if (*value < MAX_DISK)
			*value = *value * 10 + (uint32_t)(**at - '0');
	return true;
}

/* "a" is 0, "z" 25, "aa" 26. */
static bool read_letters(const char **at, uint32_t *disk)
{
	uint32_t value = 0;

	if (!islower((unsigned char)**at))
		return false;
	for (; islower((unsigned char)**at); (*at)++)
		if (value < MAX_DISK)
			value = value * 26 + (uint32_t)(**at - 'a') + 1;
	*disk = value - 1;
	return true;
}

static bool named_number(const char *at, uint32_t *number,
			 bool (*make)(uint32_t disk, uint32_t partition, uint32_t *number))
{
	uint32_t disk, partition = 0;

	if (!read_letters(&at, &disk))
		return false;
	if (*at && (!read_decimal(&at, &partition) || *at))
		return false;
	return make(disk, partition, number);
}

bool disk_vdev_number(const char *vdev, uint32_t *number)
{
	uint32_t disk, partition = 0;

	if (!strncmp(vdev, "xvd", 3))
		return named_number(vdev + 3, number, xvd_number);
	if (!strncmp(vdev, "sd", 2))
		return named_number(vdev + 2, number, sd_number);
	if (!strncmp(vdev, "hd", 2))
		return named_number(vdev + 2, number, hd_number);
	if (isdigit((unsigned char)*vdev)) {
		char *end;

		*number = (uint32_t)strtoul(vdev, &end, 0);
		return !*end;
	}
	if (*vdev++ != 'd' || !read_decimal(&vdev, &disk))
		return false;
	if (*vdev && (*vdev++ != 'p' || !read_decimal(&vdev, &partition) || *vdev))
		return false;
	return xvd_number(disk, partition, number);
}

/* ---- keys ---- */

static const char *set_target(struct disk_spec *spec, const char *value)
{
	if (!strncmp(value, DEV_PREFIX, sizeof(DEV_PREFIX) - 1))
		value += sizeof(DEV_PREFIX) - 1;
	if (strlen(value) >= sizeof(spec->target))
		return "the target's name is too long";
	strcpy(spec->target, value);
	return NULL;
}

static const char *set_format(struct disk_spec *spec, const char *value)
{
	(void)spec;
	return !*value || !strcmp(value, "raw") ? NULL : "only the format raw is supported";
}

static const char *set_vdev(struct disk_spec *spec, const char *value)
{
	if (strlen(value) >= sizeof(spec->vdev) || !disk_vdev_number(value, &spec->number))
		return "vdev must be a name such as xvda";
	strcpy(spec->vdev, value);
	return NULL;
}

static const char *set_access(struct disk_spec *spec, const char *value)
{
	spec->share = !strcmp(value, "w!") || !strcmp(value, "rw!");
	spec->write = spec->share || !strcmp(value, "w") || !strcmp(value, "rw");
	return spec->write || !strcmp(value, "r") || !strcmp(value, "ro")
		       ? NULL
		       : "access must be r, ro, w or rw (w! shares it with other writers)";
}

static const char *set_devtype(struct disk_spec *spec, const char *value)
{
	spec->cdrom = !strcmp(value, "cdrom");
	return spec->cdrom || !strcmp(value, "disk") ? NULL : "devtype must be disk or cdrom";
}

static const char *set_backend(struct disk_spec *spec, const char *value)
{
	(void)spec;
	return !strcmp(value, "0") || !strcmp(value, "Domain-0")
		       ? NULL
		       : "disks come from the control domain";
}

static const char *set_backendtype(struct disk_spec *spec, const char *value)
{
	(void)spec;
	return !strcmp(value, "phy") ? NULL : "only backendtype=phy is supported";
}

static const struct {
	const char *key;
	const char *(*set)(struct disk_spec *spec, const char *value);
} keys[] = {
	{ "target", set_target },	    { "format", set_format },	{ "vdev", set_vdev },
	{ "access", set_access },	    { "devtype", set_devtype }, { "backend", set_backend },
	{ "backendtype", set_backendtype },
};

/* The first words have their meaning by their place: these keys, in this order. */
#define NR_POSITIONAL 4u

static const char *set_flag(struct disk_spec *spec, const char *word)
{
	if (!strcmp(word, "cdrom"))
		spec->cdrom = true;
	else if (!strcmp(word, "discard") || !strcmp(word, "no-discard"))
		spec->no_discard = *word == 'n';
	else if (strcmp(word, "direct-io-safe"))
		return "an unknown word";
	return NULL;
}

static const char *set_pair(struct disk_spec *spec, const char *word, const char *value)
{
	size_t len = (size_t)(value - 1 - word);
	unsigned i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strlen(keys[i].key) == len && !strncmp(keys[i].key, word, len))
			return keys[i].set(spec, value);
	return "an unknown key; there are target, format, vdev, access, devtype, backend, "
	       "backendtype";
}

static const char *take_word(struct disk_spec *spec, const char *word, unsigned *position)
{
	const char *value = strchr(word, '=');

	if (value) {
		*position = NR_POSITIONAL;
		return set_pair(spec, word, value + 1);
	}
	if (*position == NR_POSITIONAL)
		return *word ? set_flag(spec, word) : NULL;
	/* An empty word leaves its place at the default. */
	word = *word || *position == 1 ? word : NULL;
	return word ? keys[(*position)++].set(spec, word) : ((*position)++, NULL);
}

/* Blanks around it do not count. */
static char *trim(char *word)
{
	char *end;

	word += strspn(word, " \t");
	for (end = word + strlen(word); end > word && strchr(" \t", end[-1]); end--)
		;
	*end = '\0';
	return word;
}

const char *disk_spec_parse(struct disk_spec *spec, const char *text)
{
	char copy[160], *at = copy;
	const char *error = NULL;
	unsigned position = 0;

	*spec = (struct disk_spec){ .write = true };
	if (strlen(text) >= sizeof(copy))
		return "the description is too long";
	strcpy(copy, text);
	while (at && !error) {
		char *word = at, *comma;

		at += strspn(at, " \t");
		/* As in xl, a target by name is the rest: it may contain commas. */
		comma = strncmp(at, "target=", 7) ? strchr(at, ',') : NULL;
		at = comma ? comma + 1 : NULL;
		if (comma)
			*comma = '\0';
		error = take_word(spec, trim(word), &position);
	}
	if (error)
		return error;
	if (spec->cdrom)
		spec->write = false;
	if (!*spec->target)
		return "there is no target";
	if (strchr(spec->target, ','))
		return "target= takes all that follows: it must be the last key";
	return *spec->vdev ? NULL : "there is no vdev, such as xvda";
}
