/* SPDX-License-Identifier: MIT */
/* Reads the hypervisor's ring as a whole, because more may come while it is printed: see hvlog.h. */
#include "dom0/hvlog.h"

#include <stdio.h>
#include <stdlib.h>

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
		n = ctl_read_log(0, text + *len, CHUNK, &index, false);
		if (n < 0)
			*error = n;
		if (n <= 0)
			break;
	}
	return text;
}

int hvlog_print(void)
{
	size_t len;
	int error;
	char *text = read_all(&len, &error);

	fwrite(text, 1, len, stdout);
	free(text);
	return error;
}

void hvlog_clear(void)
{
	uint32_t index = 0;
	char byte;

	ctl_read_log(0, &byte, 0, &index, true);
}
