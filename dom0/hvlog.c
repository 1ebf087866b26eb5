/* SPDX-License-Identifier: MIT */
/* Reads the hypervisor's ring as a whole, because printing adds to it: see hvlog.h. */
#include "dom0/hvlog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/ctl.h"

#define CHUNK 4096u
#define LOG_MAX (1024u << 10)

/* The ring at this moment, to be freed; *error is set when the hypervisor refuses. */
static char *read_all(size_t *len, int *error)
{
	char *text = NULL, *larger;
	uint32_t index = 0;
	int n;

	*error = 0;
	for (*len = 0; *len < LOG_MAX; *len += (size_t)n) {
		larger = realloc(text, *len + CHUNK);
		if (!larger)
			break;
		text = larger;
		n = ctl_read_log(text + *len, CHUNK, &index, false);
		if (n < 0)
			*error = n;
		if (n <= 0)
			break;
	}
	return text;
}

/* Lines that begin with prefix, from behind the first skip bytes. */
static void print_lines(const char *text, size_t len, const char *prefix, size_t skip)
{
	const char *end = text + len, *next;
	size_t prefix_len = strlen(prefix);

	for (; text < end; text = next) {
		next = memchr(text, '\n', (size_t)(end - text));
		next = next ? next + 1 : end;
		if ((size_t)(next - text) > prefix_len && !memcmp(text, prefix, prefix_len))
			fwrite(text + skip, 1, (size_t)(next - text) - skip, stdout);
	}
}

int hvlog_print(void)
{
	size_t len;
	int error;
	char *text = read_all(&len, &error);

	print_lines(text, len, "(", 0);
	free(text);
	return error;
}

void hvlog_print_guest(domid_t domain)
{
	char prefix[16];
	size_t len;
	int error;
	char *text = read_all(&len, &error);

	snprintf(prefix, sizeof(prefix), "(d%u) ", domain);
	print_lines(text, len, prefix, strlen(prefix));
	free(text);
}

void hvlog_clear(void)
{
	uint32_t index = 0;
	char byte;

	ctl_read_log(&byte, 0, &index, true);
}
