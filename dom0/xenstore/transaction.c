/* SPDX-License-Identifier: MIT */
/*
 * Transactions: copies of what was looked at, and their commit. A commit checks everything first
 * and then cannot fail: nodes that were created move into the store as they are.
 */
#include "dom0/xenstore/internal.h"

#include <stdlib.h>

/* ---- copies ---- */

static void count_copy(struct xs_transaction *tx, struct xs_node *copy, int sign)
{
	struct xs_account *account = tx->conn->account;

	tx->nr_nodes += (unsigned)sign;
	account->memory += (size_t)sign * xs_node_memory(copy);
}

/* With everything that the store's node has; of an absent one, just the name. */
static struct xs_node *new_copy(struct xs_transaction *tx, const char *name, size_t len,
				struct xs_node *peer)
{
	struct xs_node *copy = xs_node_new(name, len, peer ? xs_value_get(peer->value) : NULL,
					   peer ? xs_acl_get(peer->acl) : NULL);

	if (!copy)
		return NULL;
	copy->peer = peer;
	copy->flags = peer ? XS_NODE_BASE : XS_NODE_ABSENT | XS_NODE_SEEN;
	copy->seen_at = tx->conn->store->generation;
	list_add_tail(&copy->link, &tx->nodes);
	count_copy(tx, copy, 1);
	return copy;
}

static bool may_copy(const struct xs_transaction *tx, size_t name_len, const struct xs_node *peer)
{
	const struct xs_store *store = tx->conn->store;
	size_t bytes = peer ? xs_node_memory(peer) : sizeof(*peer) + name_len + 1;

	return xs_privileged(tx->conn) || (tx->nr_nodes < store->limits.transaction_nodes &&
					   xs_account_room(store, tx->conn->account, bytes));
}

struct xs_node *xs_transaction_copy(struct xs_transaction *tx, struct xs_node *parent,
				    const char *name, size_t len, struct xs_node *peer, int *error)
{
	struct xs_node *copy;

	if (!may_copy(tx, len, peer)) {
		*error = ENOSPC;
		return NULL;
	}
	copy = new_copy(tx, name, len, peer);
	if (copy)
		xs_node_link(tx->conn->store, parent, copy);
	else
		*error = ENOMEM;
	return copy;
}

void xs_transaction_drop(struct xs_transaction *tx, struct xs_node *copy)
{
	count_copy(tx, copy, -1);
	if (copy->parent)
		xs_node_unlink(tx->conn->store, copy);
	xs_node_free(copy);
}

/* ---- removing inside a transaction ---- */

/* The earliest moment from which on a change below and with this copy would be a conflict. */
static uint64_t relied_since(const struct xs_node *copy, uint64_t since)
{
	if (copy->flags & XS_NODE_SEEN)
		since = MIN(since, copy->seen_at);
	if (copy->flags & XS_NODE_LISTED)
		since = MIN(since, copy->listed_at);
	if (copy->flags & XS_NODE_REMOVED)
		since = MIN(since, copy->removed_at);
	return since;
}

void xs_transaction_remove(struct xs_transaction *tx, struct xs_node *node)
{
	struct xs_account *account = tx->conn->account;
	uint64_t since = tx->conn->store->generation;
	struct xs_node *leaf;

	while ((leaf = xs_node_leaf(node)) != node) {
		since = relied_since(leaf, since);
		xs_transaction_drop(tx, leaf);
	}
	since = relied_since(node, since);
	account->memory -= xs_node_memory(node);
	xs_value_put(node->value);
	xs_acl_put(node->acl);
	node->value = NULL;
	node->acl = NULL;
	account->memory += xs_node_memory(node);
	node->nr_children = node->child_bytes = 0;
	node->flags = (node->flags & XS_NODE_BASE) | XS_NODE_SEEN | XS_NODE_ABSENT;
	if (node->flags & XS_NODE_BASE) {
		node->flags |= XS_NODE_REMOVED;
		node->removed_at = since;
	}
	node->parent->nr_children--;
	node->parent->child_bytes -= node->name_len + 1;
	tx->nr_changes++;
}

/* ---- start and end ---- */

int xs_transaction_start(struct xs_connection *conn, uint32_t *id)
{
	const struct xs_limits *limits = &conn->store->limits;
	struct xs_transaction *tx;

	if (!xs_privileged(conn) &&
	    (conn->account->transactions >= limits->transactions ||
	     !xs_account_room(conn->store, conn->account, sizeof(*tx) + sizeof(*tx->root))))
		return ENOSPC;
	tx = calloc(1, sizeof(*tx));
	if (!tx)
		return ENOMEM;
	list_init(&tx->nodes);
	tx->conn = conn;
	tx->root = new_copy(tx, "", 0, conn->store->root);
	if (!tx->root) {
		free(tx);
		return ENOMEM;
	}
	do {
		conn->last_transaction++;
	} while (!conn->last_transaction || xs_transaction_find(conn, conn->last_transaction));
	*id = tx->id = conn->last_transaction;
	list_add_tail(&tx->link, &conn->transactions);
	conn->account->transactions++;
	conn->account->memory += sizeof(*tx);
	return 0;
}

struct xs_transaction *xs_transaction_find(struct xs_connection *conn, uint32_t id)
{
	struct list *pos;

	list_for_each(pos, &conn->transactions) {
		struct xs_transaction *tx = list_entry(pos, struct xs_transaction, link);

		if (tx->id == id)
			return tx;
	}
	return NULL;
}

void xs_transaction_abort(struct xs_transaction *tx)
{
	/* Children are always behind their parents. */
	while (!list_empty(&tx->nodes))
		xs_transaction_drop(tx, list_entry(tx->nodes.prev, struct xs_node, link));
	list_del(&tx->link);
	tx->conn->account->transactions--;
	tx->conn->account->memory -= sizeof(*tx);
	free(tx);
}

void xs_transactions_forget(struct xs_store *store, domid_t domid)
{
	struct list *c, *t, *n;
	unsigned i;

	list_for_each(c, &store->connections) {
		struct xs_connection *conn = list_entry(c, struct xs_connection, link);

		list_for_each(t, &conn->transactions) {
			struct xs_transaction *tx = list_entry(t, struct xs_transaction, link);

			list_for_each(n, &tx->nodes) {
				struct xs_acl *acl = list_entry(n, struct xs_node, link)->acl;

				for (i = 0; acl && i < acl->nr; i++)
					tx->doomed |= acl->perm[i].domid == domid;
			}
		}
	}
}
