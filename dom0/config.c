/* SPDX-License-Identifier: MIT */
/* The xl.cfg parser: a scanner over bounded text, one entry at a time. */
#include "dom0/config.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 200

struct parser {
	struct config *config;
	const char *at, *end;
	unsigned line;
	config_report report;
};

static bool fail(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool fail(struct parser *p, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	int len = snprintf(text, sizeof(text), "%s:%u: ", p->config->name, p->line);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text + len, sizeof(text) - (size_t)len, fmt, args);
	va_end(args);
	p->report(text);
	return false;
}

static int peek(const struct parser *p)
{
	return p->at < p->end ? (unsigned char)*p->at : -1;
}

/* Blanks and comments; line ends too where they mean nothing. */
static void skip(struct parser *p, bool lines)
{
	for (;; p->at++) {
		if (peek(p) == '#')
			while (peek(p) >= 0 && peek(p) != '\n')
				p->at++;
		if (peek(p) == '\n' && lines)
			p->line++;
		else if (peek(p) != ' ' && peek(p) != '\t' && peek(p) != '\r')
			return;
	}
}

static char *copy_text(const char *from, const char *to)
{
	char *copy = malloc((size_t)(to - from) + 1);

	if (!copy)
		return NULL;
	memcpy(copy, from, (size_t)(to - from));
	copy[to - from] = '\0';
	return copy;
}

static bool add_value(struct parser *p, struct config_entry *entry, const char *from,
		      const char *to)
{
	if (entry->nr_values == CONFIG_MAX_VALUES)
		return fail(p, "more than %d values for %s", CONFIG_MAX_VALUES, entry->key);
	entry->values[entry->nr_values] = copy_text(from, to);
	if (!entry->values[entry->nr_values])
		return fail(p, "out of memory");
	entry->nr_values++;
	return true;
}

static bool parse_quoted(struct parser *p, struct config_entry *entry)
{
	char quote = *p->at++;
	const char *from = p->at;

	while (peek(p) >= 0 && peek(p) != quote && peek(p) != '\n')
		p->at++;
	if (peek(p) != quote)
		return fail(p, "the string of %s has no closing %c", entry->key, quote);
	return add_value(p, entry, from, p->at++);
}

static bool is_plain(int c)
{
	return c > ' ' && c < 127 && !strchr("#\"'[],=;", c);
}

static bool parse_scalar(struct parser *p, struct config_entry *entry)
{
	const char *from = p->at;

	if (peek(p) == '"' || peek(p) == '\'')
		return parse_quoted(p, entry);
	while (is_plain(peek(p)))
		p->at++;
	if (p->at == from)
		return fail(p, "a value is missing behind %s", entry->key);
	return add_value(p, entry, from, p->at);
}

static bool parse_list(struct parser *p, struct config_entry *entry)
{
	entry->is_list = true;
	for (p->at++;; p->at++) {
		skip(p, true);
		if (peek(p) == ']')
			break;
		if (!parse_scalar(p, entry))
			return false;
		skip(p, true);
		if (peek(p) == ']')
			break;
		if (peek(p) != ',')
			return fail(p, "the list of %s needs a comma or ]", entry->key);
	}
	p->at++;
	return true;
}

static struct config_entry *new_entry(struct parser *p)
{
	const char *from = p->at;
	struct config_entry *entry = calloc(1, sizeof(*entry));

	while (isalnum(peek(p)) || peek(p) == '_')
		p->at++;
	if (entry)
		entry->key = copy_text(from, p->at);
	if (!entry || !entry->key) {
		free(entry);
		return NULL;
	}
	entry->line = p->line;
	entry->next = p->config->entries;
	p->config->entries = entry;
	return entry;
}

static bool parse_entry(struct parser *p)
{
	struct config_entry *entry;

	if (!isalpha(peek(p)) && peek(p) != '_')
		return fail(p, "a line must start with a key, not with '%c'",
			    isprint(peek(p)) ? peek(p) : '?');
	entry = new_entry(p);
	if (!entry)
		return fail(p, "out of memory");
	skip(p, false);
	if (peek(p) != '=')
		return fail(p, "%s needs a = behind it", entry->key);
	p->at++;
	skip(p, false);
	if (!(peek(p) == '[' ? parse_list(p, entry) : parse_scalar(p, entry)))
		return false;
	skip(p, false);
	if (peek(p) >= 0 && peek(p) != '\n' && peek(p) != ';')
		return fail(p, "the value of %s goes on with '%c': put it in quotes", entry->key,
			    isprint(peek(p)) ? peek(p) : '?');
	return true;
}

bool config_parse(struct config *config, const char *name, const char *text, size_t size,
		  config_report report)
{
	struct parser p = { config, text, text + size, 1, report };

	snprintf(config->name, sizeof(config->name), "%s", name);
	for (;;) {
		skip(&p, true);
		if (peek(&p) == ';') {
			p.at++;
			continue;
		}
		if (p.at >= p.end)
			return true;
		if (!parse_entry(&p))
			return false;
	}
}

void config_free(struct config *config)
{
	struct config_entry *entry, *next;
	unsigned i;

	for (entry = config->entries; entry; entry = next) {
		next = entry->next;
		for (i = 0; i < entry->nr_values; i++)
			free(entry->values[i]);
		free(entry->key);
		free(entry);
	}
	config->entries = NULL;
}

const struct config_entry *config_find(const struct config *config, const char *key)
{
	const struct config_entry *entry;

	for (entry = config->entries; entry; entry = entry->next)
		if (!strcmp(entry->key, key))
			return entry;
	return NULL;
}

const char *config_string(const struct config *config, const char *key, const char *otherwise)
{
	const struct config_entry *entry = config_find(config, key);

	return entry && entry->nr_values ? entry->values[0] : otherwise;
}

long config_number(const struct config *config, const char *key, long otherwise,
		   config_report report)
{
	const struct config_entry *entry = config_find(config, key);
	char message[MESSAGE_MAX], *end;
	long number;

	if (!entry || !entry->nr_values)
		return otherwise;
	number = strtol(entry->values[0], &end, 0);
	if (end != entry->values[0] && !*end && !entry->is_list)
		return number;
	snprintf(message, sizeof(message), "%s:%u: %s needs a number, not \"%s\"; taking %ld",
		 config->name, entry->line, key, entry->values[0], otherwise);
	report(message);
	return otherwise;
}
