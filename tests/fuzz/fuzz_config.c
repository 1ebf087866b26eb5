/* SPDX-License-Identifier: MIT */
/*
 * Fuzz harness of guest descriptions (dom0/config.h, dom0/spec.h). The input is the file; behind a
 * byte OVERRIDES follow what `create` is told besides. What spec.h promises of an accepted one is checked.
 */
#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/config.h"
#include "dom0/files.h"
#include "dom0/net/bridge.h"
#include "dom0/spec.h"

#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#define OVERRIDES 1

static unsigned messages;

static void report(const char *message)
{
	size_t len = strlen(message);

	REQUIRE(len > 0 && len < 256 && strchr(message, ':'));
	messages++;
}

/* The modules that there are. */
const struct file *files_find(const char *path)
{
	static const struct file file = { .name = "kernel" };

	return *path == 'k' || !strcmp(path, "pvgrub") ? &file : NULL;
}

bool bridge_name_valid(const char *name)
{
	return *name == 'b' && strlen(name) < 16;
}

static void check_text(const char *text, size_t size)
{
	REQUIRE(memchr(text, '\0', size));
}

static void check_accepted(const struct guest_spec *s)
{
	const char *at;

	check_text(s->name, sizeof(s->name));
	check_text(s->cmdline, sizeof(s->cmdline));
	REQUIRE(*s->name && s->kernel);
	for (at = s->name; *at; at++)
		REQUIRE(isalnum((unsigned char)*at) || strchr("_.+:-", *at));
	REQUIRE(s->memory_mib >= 1 && s->memory_mib <= s->maxmem_mib && s->maxmem_mib <= 64 << 10);
	REQUIRE(s->vcpus >= 1 && s->vcpus <= XEN_LEGACY_MAX_VCPUS);
	REQUIRE(s->weight >= 1 && s->weight <= 65535 && s->cap <= 100 * XEN_LEGACY_MAX_VCPUS);
	REQUIRE(s->on_poweroff <= ACTION_PRESERVE && s->on_reboot <= ACTION_PRESERVE &&
		s->on_crash <= ACTION_PRESERVE);
	REQUIRE(s->nr_disks <= DISK_SPECS_MAX);
}

static void check_entries(const struct config *config)
{
	const struct config_entry *entry;
	unsigned i;

	for (entry = config->entries; entry; entry = entry->next) {
		REQUIRE(entry->key && entry->line >= 1 && entry->nr_values <= CONFIG_MAX_VALUES);
		for (i = 0; i < entry->nr_values; i++)
			REQUIRE(entry->values[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *more = size ? memchr(text, OVERRIDES, size) : NULL;
	static struct guest_spec spec;
	struct config config = { 0 };
	size_t first = more ? (size_t)(more - text) : size;
	bool good;

	messages = 0;
	good = config_parse(&config, "fuzz.cfg", text, first, report);
	if (good && more) {
		more++;
		good = config_parse(&config, "command line", more, size - (size_t)(more - text),
				    report);
	}
	check_entries(&config);
	if (good && spec_read(&spec, &config, report))
		check_accepted(&spec);
	else
		REQUIRE(messages);
	config_free(&config);
	return 0;
}
