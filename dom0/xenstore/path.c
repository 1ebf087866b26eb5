/* SPDX-License-Identifier: MIT */
/* Paths, as docs/misc/xenstore.txt of Xen restricts them. */
#include "dom0/xenstore/internal.h"

#include <stdio.h>
#include <string.h>

static bool is_path_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '/' || c == '_' || c == '@';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The length of a leading /local/domain/N/, which does not count against a guest's limit. */
static size_t home_length(const char *path)
{
	static const char prefix[] = "/local/domain/";
	const char *p = path + sizeof(prefix) - 1;

	if (strncmp(path, prefix, sizeof(prefix) - 1) != 0 || !is_digit(*p))
		return 0;
	while (is_digit(*p))
		p++;
	return *p == '/' ? (size_t)(p + 1 - path) : 0;
}

static bool is_wellformed(const char *path)
{
	size_t i;

	for (i = 0; path[i]; i++) {
		if (!is_path_char(path[i]) || (path[i] == '/' && path[i + 1] == '/'))
			return false;
	}
	return i == 1 || path[i - 1] != '/';
}

int xs_path_absolute(const struct xs_connection *conn, const char *path, bool special,
		     char buf[XS_PATH_SIZE])
{
	bool absolute = path[0] == '/' || path[0] == '@';
	int len;

	if (!path[0] || (path[0] == '@' && (!special || strchr(path, '/'))))
		return EINVAL;
	len = snprintf(buf, XS_PATH_SIZE, "%s%s%s", absolute ? "" : conn->home, absolute ? "" : "/",
		       path);
	if (len < 0 || len >= XS_PATH_SIZE || !is_wellformed(buf))
		return EINVAL;
	if (!xs_privileged(conn) && (size_t)len - home_length(buf) > conn->store->limits.path)
		return EINVAL;
	return 0;
}

size_t xs_path_component(const char *rest)
{
	return strcspn(rest, "/");
}

const char *xs_path_next(const char *rest, size_t component)
{
	return rest[component] ? rest + component + 1 : rest + component;
}
