/* SPDX-License-Identifier: MIT */
/* Reads a description, applies overrides, creates the guest: see create.h. */
#include "dom0/create.h"

#include <stdio.h>
#include <string.h>

#include "dom0/config.h"
#include "dom0/files.h"
#include "dom0/guest.h"
#include "dom0/guest_json.h"
#include "dom0/shell.h"
#include "dom0/spec.h"

#define SUFFIX ".cfg"

static void report(const char *message)
{
	printf("%s\n", message);
}

/* Words from the shell have lost their quotes: what is no list is taken as it is. */
static bool override(struct config *config, const char *word, size_t len)
{
	const char *value = memchr(word, '=', len), *end = word + len;
	char text[2 * CMDLINE_MAX];
	const char *quote = "";
	int size;

	if (!value) {
		printf("%.*s: not of the form KEY=VALUE\n", (int)len, word);
		return false;
	}
	for (value++; value < end && *value == ' '; value++)
		;
	if (value == end || !strchr("[\"'", *value))
		quote = memchr(value, '"', (size_t)(end - value)) ? "'" : "\"";
	size = snprintf(text, sizeof(text), "%.*s%s%.*s%s", (int)(value - word), word, quote,
			(int)(end - value), value, quote);
	if ((size_t)size < sizeof(text))
		return config_parse(config, "command line", text, (size_t)size, report);
	printf("command line: longer than %u characters\n", (unsigned)sizeof(text) - 1);
	return false;
}

/* The length up to a semicolon that is in no quotes and no list. */
static size_t override_length(const char *word)
{
	char quote = '\0';
	size_t len;
	int lists = 0;

	for (len = 0; word[len] && (quote || lists > 0 || word[len] != ';'); len++) {
		if (quote)
			quote = word[len] == quote ? '\0' : quote;
		else if (word[len] == '"' || word[len] == '\'')
			quote = word[len];
		else
			lists += (word[len] == '[') - (word[len] == ']');
	}
	return len;
}

static bool override_all(struct config *config, const char *word)
{
	size_t len;

	for (; *word; word += len + (word[len] == ';')) {
		word += strspn(word, " ;");
		len = override_length(word);
		if (len && !override(config, word, len))
			return false;
	}
	return true;
}

static bool read_description(const struct file *file, const struct create_request *request,
			     struct config *config, struct guest_spec *spec)
{
	int i;

	if (!config_parse(config, file->name, (const char *)file->data, file->size, report))
		return false;
	for (i = 0; i < request->nr_overrides; i++)
		if (!override_all(config, request->overrides[i]))
			return false;
	snprintf(config->name, sizeof(config->name), "%s", file->name);
	return spec_read(spec, config, report);
}

static struct guest *create(const struct guest_spec *spec, bool paused)
{
	struct guest *guest;
	const char *error;

	error = guest_create(spec, paused, &guest);
	if (!error)
		return guest;
	printf("create: %s: %s\n", spec->name, error);
	return NULL;
}

bool create_read_spec(const char *verb, const struct create_request *request,
		      struct guest_spec *spec)
{
	const struct file *file = files_find(request->path);
	struct config config = { 0 };
	bool good;

	if (!file) {
		printf("%s: %s: no such file; `files` lists the GRUB modules\n", verb,
		       request->path);
		return false;
	}
	if (!request->quiet)
		printf("Parsing config from %s\n", file->name);
	good = read_description(file, request, &config, spec);
	config_free(&config);
	return good;
}

struct guest *create_from_file(const struct create_request *request)
{
	struct guest_spec spec;

	if (!create_read_spec("create", request, &spec))
		return NULL;
	if (!request->dry_run)
		return create(&spec, request->paused);
	guest_json_print(DOMID_INVALID, &spec);
	printf("\n");
	return NULL;
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
			create_from_file(&(struct create_request){ .path = file->name });
}
