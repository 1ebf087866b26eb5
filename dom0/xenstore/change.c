/* SPDX-License-Identifier: MIT */
/*
 * What requests change, in the store or in a transaction's copies. Limits are checked before
 * anything changes; those that only the end of a transaction can tell are checked again there.
 */
#include "dom0/xenstore/internal.h"

/* ---- limits ---- */

/* Whether a node of that size may be stored, and its owner pay for the growth. */
static bool fits(const struct xs_view *view, const struct xs_node *node, size_t value_len,
		 const struct xs_acl *acl)
{
	const struct xs_store *store = view->conn->store;
	const struct xs_account *payer = view->tx ? view->conn->account : node->owner;
	size_t old = xs_node_memory(node), grown;

	if (xs_privileged(view->conn))
		return true;
	grown = old - (node->value ? node->value->len : 0) - xs_acl_size(node->acl) + value_len +
		xs_acl_size(acl);
	return xs_node_size(node, value_len, acl) <= store->limits.node_size &&
	       (grown <= old || xs_account_room(store, payer, grown - old));
}

static int nr_children(const struct xs_node *node)
{
	bool adds = node->peer && !(node->flags & XS_NODE_NEW);

	return node->nr_children + (adds ? node->peer->nr_children : 0);
}

/* Whether a guest may own so many nodes more. In a transaction this is asked again at its end. */
static bool may_own(const struct xs_view *view, unsigned nr)
{
	const struct xs_limits *limits = &view->conn->store->limits;

	return view->conn->account->nodes + nr <= limits->nodes &&
	       (!view->tx || view->tx->nr_nodes + nr <= limits->transaction_nodes);
}

/* Whether a guest may create all that rest names below parent: 0 or ENOSPC. */
static int may_create(const struct xs_view *view, const struct xs_node *parent, const char *rest,
		      const struct xs_acl *acl, size_t value_len)
{
	const struct xs_limits *limits = &view->conn->store->limits;
	size_t size = xs_node_size(parent, parent->value->len, parent->acl), memory = value_len;
	unsigned nr = 0;

	if (nr_children(parent) >= (int)limits->children)
		return ENOSPC;
	while (*rest) {
		size_t len = xs_path_component(rest);

		if (size + len + 1 > limits->node_size)
			return ENOSPC;
		size = xs_acl_size(acl);
		memory += sizeof(struct xs_node) + len + 1 + sizeof(struct xs_value) + 1 +
			  sizeof(struct xs_acl) + size;
		nr++;
		rest = xs_path_next(rest, len);
	}
	if (size + value_len > limits->node_size || !may_own(view, nr) ||
	    !xs_account_room(view->conn->store, view->conn->account, memory))
		return ENOSPC;
	return 0;
}

/* ---- creating ---- */

/* A guest owns what it creates; the rest is as for the parent. */
static struct xs_acl *inherit(const struct xs_connection *conn, struct xs_acl *acl)
{
	struct xs_acl *own;

	if (xs_privileged(conn) || acl->perm[0].domid == conn->account->domid)
		return xs_acl_get(acl);
	own = xs_acl_new(acl->perm, acl->nr);
	if (own)
		own->perm[0].domid = conn->account->domid;
	return own;
}

/* A new node below parent; NULL and *error, and nothing is changed. */
static struct xs_node *create_one(const struct xs_view *view, struct xs_node *parent,
				  const char *name, size_t len, struct xs_value *value,
				  struct xs_acl *acl, int *error)
{
	struct xs_store *store = view->conn->store;
	struct xs_node *node;

	*error = ENOMEM;
	if (!view->tx) {
		node = xs_node_new(name, len, value, acl);
		if (node)
			xs_tree_attach(store, parent, node);
		return node;
	}
	node = xs_node_child(store, parent, name, len);
	if (!node)
		node = xs_transaction_copy(view->tx, parent, name, len, NULL, error);
	if (!node) {
		xs_value_put(value);
		xs_acl_put(acl);
		return NULL;
	}
	view->conn->account->memory -= xs_node_memory(node);
	node->value = value;
	node->acl = acl;
	view->conn->account->memory += xs_node_memory(node);
	node->flags = (node->flags & ~XS_NODE_ABSENT) | XS_NODE_NEW | XS_NODE_SEEN;
	parent->nr_children++;
	parent->child_bytes += node->name_len + 1;
	view->tx->nr_changes++;
	return node;
}

/* Takes back what create_one() made: first and all below it. */
static void uncreate(const struct xs_view *view, struct xs_node *first)
{
	if (first)
		xs_view_remove(view, first);
}

int xs_view_create(const struct xs_view *view, const struct xs_walk *walk, const void *value,
		   size_t len)
{
	struct xs_node *parent = walk->last, *first = NULL;
	struct xs_acl *acl = inherit(view->conn, parent->acl);
	const char *rest = walk->rest;
	int error = acl ? 0 : ENOMEM;

	if (!error && !xs_privileged(view->conn))
		error = may_create(view, parent, rest, acl, len);
	while (!error && *rest) {
		size_t name_len = xs_path_component(rest);
		const char *next = xs_path_next(rest, name_len);
		struct xs_value *data = xs_value_new(value, *next ? 0 : len);
		struct xs_node *node;

		if (!data) {
			error = ENOMEM;
			break;
		}
		node = create_one(view, parent, rest, name_len, data, xs_acl_get(acl), &error);
		if (!node)
			break;
		error = 0;
		if (!first)
			first = node;
		parent = node;
		rest = next;
	}
	xs_acl_put(acl);
	if (error)
		uncreate(view, first);
	else if (view->tx)
		parent->flags |= XS_NODE_FIRE;
	else
		xs_watch_fire(view->conn->store, parent, false, NULL);
	return error;
}

/* ---- changing ---- */

int xs_view_set_value(const struct xs_view *view, struct xs_node *node, const void *bytes,
		      size_t len)
{
	struct xs_value *value;

	if (!fits(view, node, len, node->acl))
		return ENOSPC;
	value = xs_value_new(bytes, len);
	if (!value)
		return ENOMEM;
	if (!view->tx) {
		xs_tree_set_value(view->conn->store, node, value);
		xs_watch_fire(view->conn->store, node, false, NULL);
		return 0;
	}
	view->conn->account->memory -= xs_node_memory(node);
	xs_value_put(node->value);
	node->value = value;
	view->conn->account->memory += xs_node_memory(node);
	node->flags |= XS_NODE_DIRTY | XS_NODE_FIRE;
	return 0;
}

int xs_view_set_acl(const struct xs_view *view, struct xs_node *node, struct xs_acl *acl)
{
	bool in_store = !view->tx || (node->flags & XS_NODE_SPECIAL);
	struct xs_acl *old;

	if (!(node->flags & XS_NODE_SPECIAL) && !fits(view, node, node->value->len, acl)) {
		xs_acl_put(acl);
		return ENOSPC;
	}
	if (in_store) {
		old = xs_acl_get(node->acl);
		xs_tree_set_acl(view->conn->store, node, acl);
		xs_watch_fire(view->conn->store, node, false, old);
		xs_acl_put(old);
		return 0;
	}
	view->conn->account->memory -= xs_node_memory(node);
	xs_acl_put(node->acl);
	node->acl = acl;
	view->conn->account->memory += xs_node_memory(node);
	node->flags |= XS_NODE_DIRTY | XS_NODE_FIRE;
	return 0;
}

void xs_view_remove(const struct xs_view *view, struct xs_node *node)
{
	if (view->tx)
		xs_transaction_remove(view->tx, node);
	else
		xs_tree_remove(view->conn->store, node);
}
