/* SPDX-License-Identifier: MIT */
/* Reads a description, applies overrides, creates the guest: see create.h. */
#include "dom0/create.h"

#include <stdio.h>
#include <string.h>

#include "dom0/config.h"
#include "dom0/files.h"
#include "dom0/guest.h"
#include "dom0/shell.h"
#include "dom0/spec.h"

#define SUFFIX ".cfg"

static void report(const char *message)
{
	printf("%s\n", message);
}

/* Words from the shell have lost their quotes: what is no list is taken as it is. */
static bool override(struct config *config, const char *word)
{
	const char *value = strchr(word, '=');
	char text[2 * CMDLINE_MAX];
	const char *quote;

	if (!value) {
		printf("%s: not of the form KEY=VALUE\n", word);
		return false;
	}
	value++;
	quote = *value == '[' ? "" : strchr(value, '"') ? "'" : "\"";
	snprintf(text, sizeof(text), "%.*s%s%s%s", (int)(value - word), word, quote, value, quote);
	return config_parse(config, "command line", text, strlen(text), report);
}

static bool read_description(const struct file *file, int nr_overrides, char **overrides,
			     struct config *config, struct guest_spec *spec)
{
	int i;

	if (!config_parse(config, file->name, (const char *)file->data, file->size, report))
		return false;
	for (i = 0; i < nr_overrides; i++)
		if (!override(config, overrides[i]))
			return false;
	snprintf(config->name, sizeof(config->name), "%s", file->name);
	return spec_read(spec, config, report);
}

static struct guest *create(const struct guest_spec *spec, bool paused)
{
	struct guest *guest;
	const char *error = guest_create(spec, paused, &guest);

	if (!error)
		return guest;
	printf("create: %s: %s\n", spec->name, error);
	return NULL;
}

struct guest *create_from_file(const char *path, int nr_overrides, char **overrides, bool paused)
{
	const struct file *file = files_find(path);
	struct config config = { 0 };
	struct guest_spec spec;
	bool good;

	if (!file) {
		printf("create: %s: no such file; `files` lists the GRUB modules\n", path);
		return NULL;
	}
	printf("Parsing config from %s\n", file->name);
	good = read_description(file, nr_overrides, overrides, &config, &spec);
	config_free(&config);
	return good ? create(&spec, paused) : NULL;
}

/* Messages about descriptions that nobody asked for would only be noise. */
static void keep_quiet(const char *message)
{
	(void)message;
}

static bool wants_autostart(const struct file *file)
{
	size_t len = strlen(file->name);
	struct config config = { 0 };
	bool wants;

	if (len < sizeof(SUFFIX) || strcmp(file->name + len - strlen(SUFFIX), SUFFIX))
		return false;
	wants = config_parse(&config, file->name, (const char *)file->data, file->size,
			     keep_quiet) &&
		config_number(&config, "autostart", 0, keep_quiet);
	config_free(&config);
	return wants;
}

void create_autostart(void)
{
	const struct file *file;
	unsigned i;

	for (i = 0; (file = files_get(i)); i++)
		if (wants_autostart(file))
			create_from_file(file->name, 0, NULL, false);
}
