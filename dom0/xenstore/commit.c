/* SPDX-License-Identifier: MIT */
/* The end of a transaction: conflicts, limits, and then the changes, which cannot fail. */
#include "dom0/xenstore/internal.h"

/* ---- conflicts ---- */

/* Finds the copy's counterpart in the store as it is now; parents come first. */
static void find_peer(const struct xs_store *store, struct xs_node *copy)
{
	const struct xs_node *parent = copy->parent;

	if (!parent)
		copy->peer = store->root;
	else if (parent->peer && !(parent->flags & (XS_NODE_ABSENT | XS_NODE_NEW)))
		copy->peer = xs_node_child(store, parent->peer, copy->name, copy->name_len);
	else
		copy->peer = NULL;
}

/* Whether the store still is what the transaction saw of this node. */
static bool is_unchanged(const struct xs_node *copy)
{
	const struct xs_node *peer = copy->peer;

	if (!(copy->flags & XS_NODE_SEEN))
		return true;
	if (!peer != !(copy->flags & XS_NODE_BASE))
		return false;
	if (!peer)
		return true;
	return peer->data_changed <= copy->seen_at &&
	       (!(copy->flags & XS_NODE_LISTED) || peer->children_changed <= copy->listed_at) &&
	       (!(copy->flags & XS_NODE_REMOVED) || peer->subtree_changed <= copy->removed_at);
}

static bool has_conflict(struct xs_transaction *tx)
{
	struct list *pos;

	if (tx->doomed)
		return true;
	list_for_each(pos, &tx->nodes) {
		struct xs_node *copy = list_entry(pos, struct xs_node, link);

		find_peer(tx->conn->store, copy);
		if (!is_unchanged(copy))
			return true;
	}
	return false;
}

/* ---- limits ---- */

/* How many nodes of the account go with this one. */
static int count_owned(struct xs_node *root, const struct xs_account *account)
{
	struct xs_node *node;
	int nr = 0;

	for (node = root; node; node = xs_node_next(root, node))
		nr += node->owner == account;
	return nr;
}

/* Others may have added children to the same nodes meanwhile. */
static bool children_fit(const struct xs_store *store, const struct xs_node *copy)
{
	const struct xs_node *peer = copy->peer;

	if (!peer || (copy->flags & (XS_NODE_NEW | XS_NODE_ABSENT)) || copy->nr_children <= 0)
		return true;
	return peer->nr_children + copy->nr_children <= (int)store->limits.children &&
	       xs_node_size(copy, copy->value->len, copy->acl) <= store->limits.node_size;
}

static bool fits(struct xs_transaction *tx)
{
	const struct xs_store *store = tx->conn->store;
	const struct xs_account *account = tx->conn->account;
	int nodes = (int)account->nodes;
	bool grows = false;
	struct list *pos;

	if (xs_privileged(tx->conn))
		return true;
	list_for_each(pos, &tx->nodes) {
		const struct xs_node *copy = list_entry(pos, struct xs_node, link);

		if (!children_fit(store, copy))
			return false;
		if (copy->peer && (copy->flags & XS_NODE_REMOVED))
			nodes -= count_owned(copy->peer, account);
		if (copy->flags & XS_NODE_NEW) {
			nodes += copy->acl->perm[0].domid == account->domid;
			grows = true;
		}
	}
	return !grows || nodes <= (int)store->limits.nodes;
}

/* ---- changes ---- */

/* The copy becomes the store's node. */
static void move_into_store(struct xs_transaction *tx, struct xs_node *copy)
{
	struct xs_store *store = tx->conn->store;
	struct xs_node *parent = copy->parent;
	bool fire = copy->flags & XS_NODE_FIRE;

	tx->conn->account->memory -= xs_node_memory(copy);
	tx->nr_nodes--;
	xs_node_unlink(store, copy);
	/* A parent that has an owner has itself just moved into the store. */
	xs_tree_attach(store, parent->owner ? parent : parent->peer, copy);
	if (fire)
		xs_watch_fire(store, copy, false, NULL);
}

static void apply_change(struct xs_store *store, const struct xs_node *copy)
{
	struct xs_node *peer = copy->peer;
	struct xs_acl *old = xs_acl_get(peer->acl);

	if (peer->value != copy->value)
		xs_tree_set_value(store, peer, xs_value_get(copy->value));
	if (peer->acl != copy->acl)
		xs_tree_set_acl(store, peer, xs_acl_get(copy->acl));
	xs_watch_fire(store, peer, false, old);
	xs_acl_put(old);
}

static void apply(struct xs_transaction *tx)
{
	struct xs_store *store = tx->conn->store;
	struct list *pos, *tmp;

	list_for_each_safe(pos, tmp, &tx->nodes) {
		struct xs_node *copy = list_entry(pos, struct xs_node, link);

		if (copy->peer && (copy->flags & XS_NODE_REMOVED))
			xs_tree_remove(store, copy->peer);
		if (copy->flags & XS_NODE_NEW)
			move_into_store(tx, copy);
		else if (copy->flags & XS_NODE_DIRTY)
			apply_change(store, copy);
	}
}

int xs_transaction_commit(struct xs_transaction *tx)
{
	int error = 0;

	if (has_conflict(tx))
		error = EAGAIN;
	else if (!fits(tx))
		error = ENOSPC;
	else
		apply(tx);
	xs_transaction_abort(tx);
	return error;
}
