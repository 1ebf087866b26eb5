/* SPDX-License-Identifier: MIT */
/* From key = value to a checked guest description; the keys are those of xl.cfg(5). */
#include "dom0/spec.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/files.h"

#define MEMORY_DEFAULT 32
#define MEMORY_MAX (64 << 10)
#define WEIGHT_DEFAULT 256
#define WEIGHT_MAX 65535
#define MESSAGE_MAX 220

static const char *const known_keys[] = {
	"name",	      "uuid",	   "kernel", "ramdisk",	    "cmdline",	 "extra",
	"root",	      "memory",	   "maxmem", "vcpus",	    "maxvcpus",	 "cpu_weight",
	"cap",	      "disk",	   "vif",    "on_poweroff", "on_reboot", "on_crash",
	"bootloader", "autostart", "type",   "builder",
};

static const struct {
	const char *key, *default_word;
} action_keys[] = { { "on_poweroff", "destroy" },
		    { "on_reboot", "restart" },
		    { "on_crash", "destroy" } };

static const char *const action_words[] = { "destroy", "restart", "rename-restart", "preserve" };

const char *spec_action_word(enum spec_action action)
{
	return action_words[action];
}

static bool fail(const struct config *config, const char *key, config_report report,
		 const char *text)
{
	const struct config_entry *entry = config_find(config, key);
	char message[MESSAGE_MAX];

	if (entry)
		snprintf(message, sizeof(message), "%s:%u: %s: %s", config->name, entry->line, key,
			 text);
	else
		snprintf(message, sizeof(message), "%s: %s: %s", config->name, key, text);
	report(message);
	return false;
}

static void warn_unknown(const struct config *config, config_report report)
{
	const struct config_entry *entry;
	unsigned i;

	for (entry = config->entries; entry; entry = entry->next) {
		for (i = 0; i < sizeof(known_keys) / sizeof(known_keys[0]); i++)
			if (!strcmp(entry->key, known_keys[i]))
				break;
		if (i == sizeof(known_keys) / sizeof(known_keys[0]))
			fail(config, entry->key, report, "unknown key, ignored");
	}
}

/* ---- parts ---- */

static bool read_name(struct guest_spec *spec, const struct config *config, config_report report)
{
	const char *name = config_string(config, "name", NULL), *at;

	if (!name || !*name)
		return fail(config, "name", report, "every guest needs one: name = \"...\"");
	if (strlen(name) >= sizeof(spec->name))
		return fail(config, "name", report, "longer than 63 characters");
	for (at = name; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("_.+:-", *at))
			return fail(config, "name", report,
				    "only letters, digits and _ . + : - may be used");
	if (strspn(name, "0123456789") == strlen(name))
		return fail(config, "name", report, "a number would be taken for a domain id");
	strcpy(spec->name, name);
	return true;
}

static bool read_file(const struct file **file, const struct config *config, const char *key,
		      config_report report)
{
	const char *path = config_string(config, key, NULL);
	char message[MESSAGE_MAX - 80];

	*file = path && *path ? files_find(path) : NULL;
	if (*file || !path || !*path)
		return true;
	snprintf(message, sizeof(message),
		 "\"%.50s\" is no GRUB module: add it with module2 (`files` lists them)", path);
	return fail(config, key, report, message);
}

/* As xl: cmdline by itself, or root and extra. */
static bool read_cmdline(struct guest_spec *spec, const struct config *config, config_report report)
{
	const char *cmdline = config_string(config, "cmdline", NULL);
	const char *root = config_string(config, "root", NULL);
	const char *extra = config_string(config, "extra", "");
	int len;

	if (cmdline)
		len = snprintf(spec->cmdline, sizeof(spec->cmdline), "%s", cmdline);
	else if (root)
		len = snprintf(spec->cmdline, sizeof(spec->cmdline), "root=%s %s", root, extra);
	else
		len = snprintf(spec->cmdline, sizeof(spec->cmdline), "%s", extra);
	return (size_t)len < sizeof(spec->cmdline) ||
	       fail(config, cmdline ? "cmdline" : "extra", report, "longer than 1023 characters");
}

static bool read_range(const struct config *config, const char *key, long otherwise, long min,
		       long max, unsigned *value, config_report report)
{
	long number = config_number(config, key, otherwise, report);
	char message[MESSAGE_MAX - 80];

	*value = (unsigned)number;
	if (number >= min && number <= max)
		return true;
	snprintf(message, sizeof(message), "%ld is not between %ld and %ld", number, min, max);
	return fail(config, key, report, message);
}

static bool read_action(enum spec_action *action, const struct config *config, unsigned which,
			config_report report)
{
	const char *key = action_keys[which].key;
	const char *word = config_string(config, key, action_keys[which].default_word);
	unsigned i;

	for (i = 0; i < sizeof(action_words) / sizeof(action_words[0]); i++)
		if (!strcmp(word, action_words[i])) {
			*action = (enum spec_action)i;
			return true;
		}
	return fail(config, key, report, "must be destroy, restart, rename-restart or preserve");
}

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Random (version 4) unless given. */
static bool read_uuid(struct guest_spec *spec, const struct config *config, config_report report)
{
	const char *text = config_string(config, "uuid", NULL);
	unsigned i, digits = 0;

	if (!text) {
		for (i = 0; i < sizeof(spec->uuid); i++)
			spec->uuid[i] = (uint8_t)(rand() >> 7);
		spec->uuid[6] = (spec->uuid[6] & 0x0f) | 0x40;
		spec->uuid[8] = (spec->uuid[8] & 0x3f) | 0x80;
		return true;
	}
	for (; *text; text++) {
		if (*text == '-')
			continue;
		if (!isxdigit((unsigned char)*text) || digits == 2 * sizeof(spec->uuid))
			break;
		spec->uuid[digits / 2] = (uint8_t)(spec->uuid[digits / 2] << 4 | hex_digit(*text));
		digits++;
	}
	return (!*text && digits == 2 * sizeof(spec->uuid)) ||
	       fail(config, "uuid", report, "must be 32 hexadecimal digits");
}

/* As xl: vcpus are there at the start, maxvcpus can be. */
static bool read_vcpus(struct guest_spec *spec, const struct config *config, config_report report)
{
	return read_range(config, "vcpus", 1, 1, XEN_LEGACY_MAX_VCPUS, &spec->vcpus_online,
			  report) &&
	       read_range(config, "maxvcpus", spec->vcpus_online, spec->vcpus_online,
			  XEN_LEGACY_MAX_VCPUS, &spec->vcpus, report);
}

/* There is one kind of guest. */
static bool read_type(const struct config *config, config_report report)
{
	const char *type = config_string(config, "type", "pv");
	const char *builder = config_string(config, "builder", "linux");

	if (strcmp(type, "pv"))
		return fail(config, "type", report, "there are only paravirtual guests: \"pv\"");
	return (strcmp(builder, "hvm") && strcmp(builder, "pvh")) ||
	       fail(config, "builder", report, "there are only paravirtual guests");
}

static bool read_numbers(struct guest_spec *spec, const struct config *config, config_report report)
{
	unsigned autostart;

	if (!read_range(config, "memory", MEMORY_DEFAULT, 1, MEMORY_MAX, &spec->memory_mib,
			report) ||
	    !read_range(config, "maxmem", spec->memory_mib, spec->memory_mib, MEMORY_MAX,
			&spec->maxmem_mib, report) ||
	    !read_vcpus(spec, config, report) ||
	    !read_range(config, "cpu_weight", WEIGHT_DEFAULT, 1, WEIGHT_MAX, &spec->weight,
			report) ||
	    !read_range(config, "cap", 0, 0, 100 * XEN_LEGACY_MAX_VCPUS, &spec->cap, report) ||
	    !read_range(config, "autostart", 0, 0, 1, &autostart, report))
		return false;
	spec->autostart = autostart;
	return true;
}

static const char *add_vif(struct guest_spec *spec, const char *text)
{
	struct vif_spec vif;
	const char *error = vif_parse(&vif, text);
	unsigned i = vif.devid;

	if (error)
		return error;
	if (!vif.has_devid)
		for (i = 0; spec->vifs[i].used; i++)
			;
	if (spec->vifs[i].used)
		return "its devid is another one's";
	spec->vifs[i] = vif;
	return NULL;
}

static bool read_vifs(struct guest_spec *spec, const struct config *config, config_report report)
{
	const struct config_entry *entry = config_find(config, "vif");
	char message[MESSAGE_MAX - 80];
	const char *error;
	unsigned i;

	if (!entry)
		return true;
	if (!entry->is_list)
		return fail(config, "vif", report, "must be a list: vif = ['bridge=br0']");
	if (entry->nr_values > SPEC_VIFS_MAX)
		return fail(config, "vif", report, "more than 8 interfaces");
	for (i = 0; i < entry->nr_values; i++) {
		error = add_vif(spec, entry->values[i]);
		if (!error)
			continue;
		snprintf(message, sizeof(message), "interface %u: %s", i, error);
		return fail(config, "vif", report, message);
	}
	return true;
}

/* A boot loader takes the kernel's place, as a module that comes with the machine. */
static bool read_bootloader(struct guest_spec *spec, const struct config *config,
			    config_report report)
{
	const char *name = config_string(config, "bootloader", "");

	if (!*name)
		return spec->kernel ||
		       fail(config, "kernel", report,
			    "every guest needs one: kernel = \"...\", or bootloader = "
			    "\"" SPEC_PVGRUB "\"");
	if (strcmp(name, SPEC_PVGRUB))
		return fail(config, "bootloader", report, "there is only \"" SPEC_PVGRUB "\"");
	if (spec->kernel)
		return fail(config, "bootloader", report, "not together with kernel");
	spec->kernel = files_find(SPEC_PVGRUB);
	return spec->kernel || fail(config, "bootloader", report,
				    "the module " SPEC_PVGRUB " is missing: `make` builds it");
}

static bool add_disk(struct guest_spec *spec, const char *text, const char **error)
{
	struct disk_spec *disk = &spec->disks[spec->nr_disks];
	unsigned i;

	*error = spec->nr_disks < DISK_SPECS_MAX ? disk_spec_parse(disk, text)
						 : "more than 16 disks";
	for (i = 0; i < spec->nr_disks && !*error; i++)
		if (spec->disks[i].number == disk->number)
			*error = "two disks have the same vdev";
	if (*error)
		return false;
	spec->nr_disks++;
	return true;
}

static bool read_disks(struct guest_spec *spec, const struct config *config, config_report report)
{
	const struct config_entry *entry = config_find(config, "disk");
	char message[MESSAGE_MAX - 80];
	const char *error;
	unsigned i;

	for (i = 0; entry && i < entry->nr_values; i++) {
		if (add_disk(spec, entry->values[i], &error))
			continue;
		snprintf(message, sizeof(message), "'%.40s': %s", entry->values[i], error);
		return fail(config, "disk", report, message);
	}
	return true;
}

bool spec_read(struct guest_spec *spec, const struct config *config, config_report report)
{
	memset(spec, 0, sizeof(*spec));
	warn_unknown(config, report);
	if (!read_type(config, report) || !read_name(spec, config, report) ||
	    !read_uuid(spec, config, report) ||
	    !read_file(&spec->kernel, config, "kernel", report) ||
	    !read_file(&spec->ramdisk, config, "ramdisk", report) ||
	    !read_cmdline(spec, config, report) || !read_numbers(spec, config, report) ||
	    !read_vifs(spec, config, report) || !read_bootloader(spec, config, report) ||
	    !read_disks(spec, config, report))
		return false;
	return read_action(&spec->on_poweroff, config, 0, report) &&
	       read_action(&spec->on_reboot, config, 1, report) &&
	       read_action(&spec->on_crash, config, 2, report);
}
