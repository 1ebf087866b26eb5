/* SPDX-License-Identifier: MIT */
/* The children of a node as a request sees them: see view.c. */
#include "dom0/xenstore/internal.h"

#include <string.h>

static size_t put_name(const struct xs_node *node, char *buf, size_t at)
{
	if (buf)
		memcpy(buf + at, node->name, node->name_len + 1u);
	return at + node->name_len + 1;
}

/* Children of the store's node which the transaction did not remove or replace. */
static size_t list_peer(const struct xs_store *store, const struct xs_node *node, char *buf)
{
	struct list *pos;
	size_t at = 0;

	list_for_each(pos, &node->peer->children) {
		const struct xs_node *child = list_entry(pos, struct xs_node, sibling);
		const struct xs_node *copy =
			xs_node_child(store, node, child->name, child->name_len);

		if (!copy || !(copy->flags & (XS_NODE_ABSENT | XS_NODE_NEW)))
			at = put_name(child, buf, at);
	}
	return at;
}

/* Of the store all children, of a transaction those that it created. */
static size_t list_own(const struct xs_node *node, bool all, char *buf, size_t at)
{
	struct list *pos;

	list_for_each(pos, &node->children) {
		const struct xs_node *child = list_entry(pos, struct xs_node, sibling);

		if (all || (child->flags & XS_NODE_NEW))
			at = put_name(child, buf, at);
	}
	return at;
}

size_t xs_view_children(const struct xs_view *view, struct xs_node *node, char *buf)
{
	size_t at = 0;

	if (!view->tx)
		return list_own(node, true, buf, 0);
	if (!(node->flags & XS_NODE_LISTED)) {
		node->flags |= XS_NODE_LISTED;
		node->listed_at = view->conn->store->generation;
	}
	if (node->peer && !(node->flags & XS_NODE_NEW))
		at = list_peer(view->conn->store, node, buf);
	return list_own(node, false, buf, at);
}

uint64_t xs_view_generation(const struct xs_view *view, const struct xs_node *node)
{
	return view->tx ? node->listed_at + view->tx->nr_changes : node->children_changed;
}
