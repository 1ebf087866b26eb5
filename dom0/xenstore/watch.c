/* SPDX-License-Identifier: MIT */
/*
 * Watches, found by path: a change looks up each of its parents' paths, so it costs the depth and
 * the watches that match. A watcher is told of nodes that it may read, or whose parent it may read.
 *
 * No watch is ever forgotten for want of room: one whose event could not be queued is told of its
 * own path once there is room, which the protocol allows and every client handles.
 */
#include "dom0/xenstore/internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- adding and removing ---- */

static uint32_t path_hash(const struct xs_store *store, const char *path, size_t len)
{
	uint32_t hash = store->seed;
	size_t i;

	for (i = 0; i < len; i++)
		hash = xs_hash_byte(hash, path[i]);
	return xs_hash_finish(hash);
}

static struct xs_watch *new_watch(const char *path, const char *token)
{
	size_t path_len = strlen(path), token_len = strlen(token);
	size_t size = sizeof(struct xs_watch) + path_len + token_len + 2;
	struct xs_watch *watch = calloc(1, size);

	if (!watch)
		return NULL;
	watch->size = size;
	watch->path_len = path_len;
	memcpy(watch->path, path, path_len);
	watch->token = watch->path + path_len + 1;
	memcpy(watch->token, token, token_len);
	list_init(&watch->lost);
	list_init(&watch->events);
	return watch;
}

int xs_watch_add(struct xs_connection *conn, const char *path, const char *token,
		 struct xs_watch **result)
{
	struct xs_store *store = conn->store;
	char absolute[XS_PATH_SIZE];
	struct xs_watch *watch;

	if (xs_path_absolute(conn, path, true, absolute))
		return EINVAL;
	if (!xs_privileged(conn) && conn->account->watches >= store->limits.watches)
		return E2BIG;
	watch = new_watch(absolute, token);
	if (!watch)
		return ENOMEM;
	if (!xs_account_room(store, conn->account, watch->size)) {
		free(watch);
		return ENOSPC;
	}
	if (path[0] != '/' && path[0] != '@')
		watch->prefix = (unsigned)strlen(conn->home) + 1;
	watch->conn = conn;
	list_add_tail(&watch->link, &conn->watches);
	xs_hash_insert(&store->watches, &watch->hash, path_hash(store, absolute, watch->path_len));
	conn->account->watches++;
	conn->account->memory += watch->size;
	*result = watch;
	return 0;
}

struct xs_watch *xs_watch_find(struct xs_connection *conn, const char *absolute, const char *token)
{
	size_t len = strlen(absolute);
	struct xs_hash_entry *entry =
		xs_hash_first(&conn->store->watches, path_hash(conn->store, absolute, len));

	for (; entry; entry = xs_hash_next(entry)) {
		struct xs_watch *watch = container_of(entry, struct xs_watch, hash);

		if (watch->conn == conn && strcmp(watch->path, absolute) == 0 &&
		    strcmp(watch->token, token) == 0)
			return watch;
	}
	return NULL;
}

void xs_watch_remove(struct xs_watch *watch)
{
	struct xs_connection *conn = watch->conn;

	/* What is queued already is sent: it precedes the answer to UNWATCH. */
	while (!list_empty(&watch->events)) {
		struct xs_message *m =
			list_entry(watch->events.next, struct xs_message, watch_link);

		list_del(&m->watch_link);
		m->watch = NULL;
	}
	xs_hash_remove(&conn->store->watches, &watch->hash);
	list_del(&watch->link);
	list_del(&watch->lost);
	conn->account->watches--;
	conn->account->memory -= watch->size;
	free(watch);
}

/* ---- events ---- */

static bool is_queued(const struct xs_watch *watch, const char *path)
{
	const struct list *first = watch->conn->output.next, *pos;

	list_for_each(pos, &watch->events) {
		const struct xs_message *m = list_entry(pos, struct xs_message, watch_link);

		/* What is already going out may have been told before the change. */
		if (&m->link == first && watch->conn->sent)
			continue;
		if (strcmp(m->body, path) == 0)
			return true;
	}
	return false;
}

void xs_watch_event(struct xs_watch *watch, const char *path)
{
	struct xs_connection *conn = watch->conn;

	path += watch->prefix;
	if (path[0] != '@' && is_queued(watch, path))
		return;
	if (watch->nr_events < conn->store->limits.events && xs_output_event(watch, path, false))
		return;
	/* One event always has room, so that there is one whose reading recovers the others. */
	if (!watch->nr_events && xs_output_event(watch, watch->path + watch->prefix, true))
		return;
	if (list_empty(&watch->lost))
		list_add_tail(&watch->lost, &conn->lost);
}

static bool may_know(const struct xs_connection *conn, const struct xs_node *node,
		     const struct xs_acl *old)
{
	return (old && (xs_acl_bits(conn, old) & XS_PERM_READ)) ||
	       (xs_acl_bits(conn, node->acl) & XS_PERM_READ) ||
	       (node->parent && (xs_acl_bits(conn, node->parent->acl) & XS_PERM_READ));
}

/* Watches of the first len bytes of the path, whose hash is given. */
static void fire_at(struct xs_store *store, const struct xs_node *node, const char *path,
		    size_t len, uint32_t hash, const struct xs_acl *old)
{
	struct xs_hash_entry *entry = xs_hash_first(&store->watches, hash);

	for (; entry; entry = xs_hash_next(entry)) {
		struct xs_watch *watch = container_of(entry, struct xs_watch, hash);

		if (watch->path_len == len && memcmp(watch->path, path, len) == 0 &&
		    may_know(watch->conn, node, old))
			xs_watch_event(watch, path);
	}
}

void xs_watch_fire(struct xs_store *store, const struct xs_node *node, bool exact,
		   const struct xs_acl *old)
{
	char buf[XS_PATH_SIZE];
	const char *path = xs_node_path(node, buf);
	uint32_t hash = store->seed;
	size_t i;

	for (i = 0; path[i]; i++) {
		bool whole = !path[i + 1];

		hash = xs_hash_byte(hash, path[i]);
		/* "/" is a parent of all paths; others end where a component does. */
		if (whole || (!exact && path[0] == '/' && (i == 0 || path[i + 1] == '/')))
			fire_at(store, node, path, i + 1, xs_hash_finish(hash), old);
	}
}

void xs_watch_fire_special(struct xs_store *store, const char *name)
{
	struct xs_node *node = xs_node_child(store, store->special, name, strlen(name));

	if (node)
		xs_watch_fire(store, node, true, NULL);
}
