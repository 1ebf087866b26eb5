/* SPDX-License-Identifier: MIT */
/*
 * The control domain's own access. Its watches belong to a connection like any other, whose output
 * is delivered by callback instead of being read.
 */
#include "dom0/xenstore/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct xs_view local_view(struct xs_store *store)
{
	return (struct xs_view){ .conn = store->local, .tx = NULL };
}

static int lookup(struct xs_store *store, const char *path, struct xs_node **node)
{
	struct xs_view view = local_view(store);

	return xs_op_lookup(&view, path, XS_PERM_READ, true, node);
}

/* ---- nodes ---- */

const char *xs_local_read(struct xs_store *store, const char *path, size_t *len)
{
	struct xs_node *node;

	if (lookup(store, path, &node))
		return NULL;
	if (len)
		*len = node->value->len;
	return node->value->bytes;
}

int xs_local_write(struct xs_store *store, const char *path, const void *value, size_t len)
{
	struct xs_view view = local_view(store);

	return len > XENSTORE_PAYLOAD_MAX ? E2BIG : xs_op_write(&view, path, value, len);
}

int xs_local_printf(struct xs_store *store, const char *path, const char *fmt, ...)
{
	char value[1024];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(value))
		return E2BIG;
	return xs_local_write(store, path, value, (size_t)len);
}

int xs_local_mkdir(struct xs_store *store, const char *path)
{
	struct xs_view view = local_view(store);

	return xs_op_mkdir(&view, path);
}

int xs_local_rm(struct xs_store *store, const char *path)
{
	struct xs_view view = local_view(store);

	return xs_op_rm(&view, path);
}

int xs_local_set_perms(struct xs_store *store, const char *path, const struct xs_perm *perms,
		       unsigned nr)
{
	struct xs_view view = local_view(store);
	struct xs_acl *acl;
	struct xs_node *node;
	int error = lookup(store, path, &node);

	if (error || !nr)
		return error ? error : EINVAL;
	acl = xs_acl_new(perms, nr);
	return acl ? xs_view_set_acl(&view, node, acl) : ENOMEM;
}

int xs_local_get_perms(struct xs_store *store, const char *path, struct xs_perm *perms,
		       unsigned max, unsigned *nr)
{
	struct xs_node *node;
	int error = lookup(store, path, &node);

	if (error)
		return error;
	*nr = node->acl->nr;
	memcpy(perms, node->acl->perm, MIN(max, *nr) * sizeof(*perms));
	return 0;
}

int xs_local_directory(struct xs_store *store, const char *path,
		       void (*each)(void *arg, const char *name), void *arg)
{
	struct xs_node *node;
	struct list *pos;
	int error = lookup(store, path, &node);

	if (error)
		return error;
	list_for_each(pos, &node->children)
		each(arg, list_entry(pos, struct xs_node, sibling)->name);
	return 0;
}

static unsigned depth_below(const struct xs_node *root, const struct xs_node *node)
{
	unsigned depth = 0;

	for (; node != root; node = node->parent)
		depth++;
	return depth;
}

int xs_local_walk(struct xs_store *store, const char *path,
		  void (*each)(void *arg, unsigned depth, const char *name, const char *value,
			       size_t len),
		  void *arg)
{
	struct xs_node *root, *node;
	int error = lookup(store, path, &root);

	if (error)
		return error;
	for (node = xs_node_next(root, root); node; node = xs_node_next(root, node))
		each(arg, depth_below(root, node), node->name, node->value->bytes,
		     node->value->len);
	return 0;
}

/* ---- watches: struct xs_local_watch is a name for those with a callback ---- */

struct xs_local_watch *xs_local_watch(struct xs_store *store, const char *path,
				      void (*fn)(void *arg, const char *path), void *arg)
{
	struct xs_watch *watch;

	if (xs_watch_add(store->local, path, "", &watch))
		return NULL;
	watch->fn = fn;
	watch->arg = arg;
	xs_watch_event(watch, watch->path);
	return (struct xs_local_watch *)watch;
}

void xs_local_unwatch(struct xs_local_watch *handle)
{
	struct xs_watch *watch = (struct xs_watch *)handle;

	/* Its events would have nobody to go to. */
	while (!list_empty(&watch->events))
		xs_message_free(watch->conn,
				list_entry(watch->events.next, struct xs_message, watch_link));
	xs_watch_remove(watch);
}

bool xs_local_dispatch(struct xs_store *store, unsigned max)
{
	struct xs_connection *conn = store->local;

	while (max-- && !list_empty(&conn->output)) {
		struct xs_message *m = list_entry(conn->output.next, struct xs_message, link);
		void (*fn)(void *arg, const char *path) = m->watch->fn;
		void *arg = m->watch->arg;
		char path[XS_PATH_SIZE];

		/* The callback may do anything, such as removing the watch. */
		snprintf(path, sizeof(path), "%s", m->body);
		xs_message_free(conn, m);
		xs_output_recover(conn);
		fn(arg, path);
	}
	return !list_empty(&conn->output);
}

void xs_set_local_wake(struct xs_store *store, void (*wake)(void *arg), void *arg)
{
	xs_set_wake(store->local, wake, arg);
}
