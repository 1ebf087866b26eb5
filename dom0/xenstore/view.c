/* SPDX-License-Identifier: MIT */
/*
 * The tree as one request sees it. Outside transactions that is the store itself; inside, it is the
 * transaction's copies with the store showing through where it has none yet. Every request finds
 * its node here, so that a transaction sees its own changes and knows what it depends on.
 */
#include "dom0/xenstore/internal.h"

/* Nothing of the store is visible below such a copy. */
static bool is_opaque(const struct xs_node *copy)
{
	return copy->flags & (XS_NODE_ABSENT | XS_NODE_NEW);
}

/* ---- walking ---- */

static void walk_store(const struct xs_store *store, struct xs_node *node, const char *rest,
		       struct xs_walk *walk)
{
	while (node && *rest) {
		size_t len = xs_path_component(rest);

		walk->last = node;
		walk->rest = rest;
		node = xs_node_child(store, node, rest, len);
		rest = xs_path_next(rest, len);
	}
	walk->node = node;
	if (node) {
		walk->last = node;
		walk->rest = rest;
	}
}

/* The copy of a child, made when it is not there yet. */
static int step(struct xs_transaction *tx, struct xs_node *parent, const char *name, size_t len,
		struct xs_node **child)
{
	const struct xs_store *store = tx->conn->store;
	struct xs_node *peer = NULL;
	int error = 0;

	*child = xs_node_child(store, parent, name, len);
	if (!is_opaque(parent) && parent->peer)
		peer = xs_node_child(store, parent->peer, name, len);
	if (*child)
		(*child)->peer = peer;
	else if (!is_opaque(parent))
		*child = xs_transaction_copy(tx, parent, name, len, peer, &error);
	return error;
}

static int walk_copies(struct xs_transaction *tx, const char *rest, struct xs_walk *walk)
{
	struct xs_node *node = tx->root;

	node->peer = tx->conn->store->root;
	walk->last = node;
	walk->rest = rest;
	while (*rest) {
		size_t len = xs_path_component(rest);
		int error = step(tx, node, rest, len, &node);

		if (error)
			return error;
		if (node && (node->flags & XS_NODE_ABSENT)) {
			node->flags |= XS_NODE_SEEN;
			node = NULL;
		}
		if (!node)
			break;
		rest = xs_path_next(rest, len);
		walk->last = node;
		walk->rest = rest;
	}
	/* Of those on the way only the permissions of the last can matter. */
	walk->last->flags |= XS_NODE_SEEN;
	walk->node = node;
	return 0;
}

int xs_view_walk(const struct xs_view *view, const char *path, struct xs_walk *walk)
{
	struct xs_store *store = view->conn->store;

	if (path[0] == '@') {
		walk_store(store, store->special, path, walk);
		return 0;
	}
	if (view->tx)
		return walk_copies(view->tx, path + 1, walk);
	walk_store(store, store->root, path + 1, walk);
	return 0;
}
