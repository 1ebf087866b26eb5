/* SPDX-License-Identifier: MIT */
/*
 * Requests on nodes, and which function serves which request: the wire form of
 * <xen/io/xs_wire.h> into operations, results into replies. A body is a guest's: it
 * may have any bytes, and no NUL at all.
 */
#include "dom0/xenstore/internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- bodies ---- */

unsigned xs_request_strings(const struct xs_connection *conn, const char **strings, unsigned max)
{
	const char *p = conn->body, *end = p + conn->header.len, *nul;
	unsigned nr = 0;

	while (p < end && (nul = memchr(p, '\0', (size_t)(end - p)))) {
		if (nr < max)
			strings[nr] = p;
		nr++;
		p = nul + 1;
	}
	return nr;
}

const char *xs_request_string(const struct xs_connection *conn)
{
	uint32_t len = conn->header.len;

	return len && memchr(conn->body, '\0', len) == conn->body + len - 1 ? conn->body : NULL;
}

void xs_request_ok(struct xs_connection *conn)
{
	xs_reply(conn, conn->header.type, "OK", sizeof("OK"));
}

static struct xs_view view_of(struct xs_connection *conn, struct xs_transaction *tx)
{
	return (struct xs_view){ .conn = conn, .tx = tx };
}

int xs_request_done(struct xs_connection *conn, int error)
{
	if (!error)
		xs_request_ok(conn);
	return error;
}

/* ---- reading nodes ---- */

/* Finds the node that is the only argument. */
static int readable(const struct xs_view *view, bool special, struct xs_node **node)
{
	const char *path = xs_request_string(view->conn);

	return path ? xs_op_lookup(view, path, XS_PERM_READ, special, node) : EINVAL;
}

static int request_read(struct xs_connection *conn, struct xs_transaction *tx)
{
	struct xs_view view = view_of(conn, tx);
	struct xs_node *node;
	int error = readable(&view, false, &node);

	if (!error)
		xs_reply(conn, XS_READ, node->value->bytes, node->value->len);
	return error;
}

static int request_directory(struct xs_connection *conn, struct xs_transaction *tx)
{
	struct xs_view view = view_of(conn, tx);
	struct xs_node *node;
	int error = readable(&view, false, &node);
	char names[XENSTORE_PAYLOAD_MAX];
	size_t len;

	if (error)
		return error;
	len = xs_view_children(&view, node, NULL);
	if (len > sizeof(names))
		return E2BIG;
	xs_view_children(&view, node, names);
	xs_reply(conn, XS_DIRECTORY, names, len);
	return 0;
}

/* newlib's printf() may lack 64-bit numbers. */
size_t xs_put_number(char *buf, uint64_t value)
{
	char digits[20];
	size_t n = 0, i;

	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	for (i = 0; i < n; i++)
		buf[i] = digits[n - 1 - i];
	buf[n] = '\0';
	return n + 1;
}

/* Whole names from offset on, as many as fit, and an empty one behind the last of all. */
static size_t put_part(char *out, size_t room, const char *names, size_t len, size_t offset)
{
	size_t n = 0;

	while (offset + n < len) {
		size_t next = strlen(names + offset + n) + 1;

		if (n + next > room - 1)
			return n;
		memcpy(out + n, names + offset + n, next);
		n += next;
	}
	out[n] = '\0';
	return n + 1;
}

static int request_directory_part(struct xs_connection *conn, struct xs_transaction *tx)
{
	struct xs_view view = view_of(conn, tx);
	char reply[XENSTORE_PAYLOAD_MAX], *names;
	const char *arg[2];
	struct xs_node *node;
	size_t len, n;
	int error;

	if (xs_request_strings(conn, arg, 2) != 2)
		return EINVAL;
	error = xs_op_lookup(&view, arg[0], XS_PERM_READ, false, &node);
	if (error)
		return error;
	len = xs_view_children(&view, node, NULL);
	names = malloc(len + 1);
	if (!names)
		return ENOMEM;
	xs_view_children(&view, node, names);
	n = xs_put_number(reply, xs_view_generation(&view, node));
	n += put_part(reply + n, sizeof(reply) - n, names, len,
		      MIN(strtoul(arg[1], NULL, 10), len));
	free(names);
	xs_reply(conn, XS_DIRECTORY_PART, reply, n);
	return 0;
}

static int request_get_perms(struct xs_connection *conn, struct xs_transaction *tx)
{
	struct xs_view view = view_of(conn, tx);
	char reply[XENSTORE_PAYLOAD_MAX];
	struct xs_node *node;
	size_t len = 0;
	unsigned i;
	int error = readable(&view, true, &node);

	if (error)
		return error;
	for (i = 0; i < node->acl->nr; i++) {
		if (len + 8 > sizeof(reply))
			return E2BIG;
		len += xs_perm_format(&node->acl->perm[i], reply + len);
	}
	xs_reply(conn, XS_GET_PERMS, reply, len);
	return 0;
}

/* ---- changing nodes ---- */

static int request_write(struct xs_connection *conn, struct xs_transaction *tx)
{
	struct xs_view view = view_of(conn, tx);
	const char *path;
	size_t len;

	if (xs_request_strings(conn, &path, 1) < 1)
		return EINVAL;
	len = strlen(path) + 1;
	return xs_request_done(conn, xs_op_write(&view, path, path + len, conn->header.len - len));
}

static int request_mkdir(struct xs_connection *conn, struct xs_transaction *tx)
{
	struct xs_view view = view_of(conn, tx);
	const char *path = xs_request_string(conn);

	return path ? xs_request_done(conn, xs_op_mkdir(&view, path)) : EINVAL;
}

static int request_rm(struct xs_connection *conn, struct xs_transaction *tx)
{
	struct xs_view view = view_of(conn, tx);
	const char *path = xs_request_string(conn);

	return path ? xs_request_done(conn, xs_op_rm(&view, path)) : EINVAL;
}

/* Nobody needs more, and they are on the stack. */
#define MAX_PERMS 64

static int request_set_perms(struct xs_connection *conn, struct xs_transaction *tx)
{
	struct xs_view view = view_of(conn, tx);
	const char *arg[MAX_PERMS + 1];
	struct xs_perm perm[MAX_PERMS];
	unsigned nr = xs_request_strings(conn, arg, MAX_PERMS + 1), i;

	if (nr < 2)
		return EINVAL;
	if (nr > MAX_PERMS + 1)
		return ENOSPC;
	for (i = 1; i < nr; i++) {
		if (xs_perm_parse(arg[i], &perm[i - 1]))
			return EINVAL;
	}
	return xs_request_done(conn, xs_op_set_perms(&view, arg[0], perm, nr - 1));
}

/* ---- all of them ---- */

enum { NO_TRANSACTION = 1, PRIVILEGED = 2 };

static const struct {
	xs_request_fn fn;
	unsigned flags;
} requests[XS_TYPE_COUNT] = {
	[XS_CONTROL] = { xs_request_control, PRIVILEGED },
	[XS_DIRECTORY] = { request_directory, 0 },
	[XS_READ] = { request_read, 0 },
	[XS_GET_PERMS] = { request_get_perms, 0 },
	[XS_WATCH] = { xs_request_watch, NO_TRANSACTION },
	[XS_UNWATCH] = { xs_request_unwatch, NO_TRANSACTION },
	[XS_TRANSACTION_START] = { xs_request_transaction_start, 0 },
	[XS_TRANSACTION_END] = { xs_request_transaction_end, 0 },
	[XS_INTRODUCE] = { xs_request_introduce, PRIVILEGED },
	[XS_RELEASE] = { xs_request_release, PRIVILEGED },
	[XS_GET_DOMAIN_PATH] = { xs_request_domain_path, 0 },
	[XS_WRITE] = { request_write, 0 },
	[XS_MKDIR] = { request_mkdir, 0 },
	[XS_RM] = { request_rm, 0 },
	[XS_SET_PERMS] = { request_set_perms, 0 },
	[XS_IS_DOMAIN_INTRODUCED] = { xs_request_is_introduced, PRIVILEGED },
	[XS_RESUME] = { xs_request_resume, PRIVILEGED },
	[XS_SET_TARGET] = { xs_request_set_target, PRIVILEGED },
	[XS_RESET_WATCHES] = { xs_request_reset_watches, 0 },
	[XS_DIRECTORY_PART] = { request_directory_part, 0 },
};

static int dispatch(struct xs_connection *conn)
{
	uint32_t type = conn->header.type;
	struct xs_transaction *tx = NULL;

	if (type >= XS_TYPE_COUNT || !requests[type].fn)
		return ENOSYS;
	if ((requests[type].flags & PRIVILEGED) && !xs_privileged(conn))
		return EACCES;
	if (conn->header.tx_id && !(requests[type].flags & NO_TRANSACTION)) {
		tx = xs_transaction_find(conn, conn->header.tx_id);
		if (!tx)
			return ENOENT;
	}
	return requests[type].fn(conn, tx);
}

void xs_request_serve(struct xs_connection *conn)
{
	int error = dispatch(conn);

	if (error)
		xs_reply_error(conn, error);
}
