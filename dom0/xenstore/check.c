/* SPDX-License-Identifier: MIT */
/* Recounts everything and compares: for tests, the fuzzer and XS_CONTROL. */
#include "dom0/xenstore/internal.h"

struct recount {
	struct xs_store *store;
	const struct xs_account *account;
	unsigned nodes, acl_refs, watches, transactions, connections;
	size_t memory;
};

/* ---- the trees ---- */

static const char *check_node(const struct xs_store *store, const struct xs_node *node)
{
	const struct list *pos;
	int nr = 0, bytes = 0;

	if (node->parent && xs_node_child(store, node->parent, node->name, node->name_len) != node)
		return "a node is not found by its name";
	if (!node->value || !node->acl || !node->acl->nr)
		return "a node lacks its value or its permissions";
	list_for_each(pos, &node->children) {
		const struct xs_node *child = list_entry(pos, struct xs_node, sibling);

		if (child->parent != node)
			return "a child does not know its parent";
		if (child->subtree_changed > node->subtree_changed)
			return "a parent does not know of a change";
		nr++;
		bytes += child->name_len + 1;
	}
	if (nr != node->nr_children || bytes != node->child_bytes)
		return "a node's children are miscounted";
	if (!node->owner || node->peer)
		return "a node is not the store's";
	return NULL;
}

static const char *check_tree(const struct xs_store *store, struct xs_node *root, unsigned *count)
{
	struct xs_node *node;
	const char *wrong = NULL;

	for (node = root; node && !wrong; node = xs_node_next(root, node)) {
		wrong = check_node(store, node);
		*count += node != root;
	}
	return wrong;
}

static const char *check_copies(const struct xs_store *store, const struct xs_transaction *tx,
				unsigned *count)
{
	const struct list *pos;
	unsigned nr = 0;

	list_for_each(pos, &tx->nodes) {
		const struct xs_node *copy = list_entry(pos, struct xs_node, link);

		nr++;
		if (!copy->parent != (copy == tx->root))
			return "a copy has no parent";
		if (!copy->acl != !!(copy->flags & XS_NODE_ABSENT))
			return "a copy is neither there nor absent";
		if (copy->parent &&
		    xs_node_child(store, copy->parent, copy->name, copy->name_len) != copy)
			return "a copy is not found by its name";
	}
	*count += nr - 1;
	return nr == tx->nr_nodes ? NULL : "a transaction's nodes are miscounted";
}

static const char *check_transactions(const struct xs_store *store, unsigned *count)
{
	const struct list *c, *t;
	const char *wrong = NULL;

	list_for_each(c, &store->connections) {
		const struct xs_connection *conn = list_entry(c, struct xs_connection, link);

		list_for_each(t, &conn->transactions) {
			wrong = check_copies(store, list_entry(t, struct xs_transaction, link),
					     count);
			if (wrong)
				return wrong;
		}
	}
	return NULL;
}

/* ---- the accounts ---- */

static void recount_tree(struct recount *r, struct xs_node *root)
{
	struct xs_node *node;
	unsigned i;

	for (node = root; node; node = xs_node_next(root, node)) {
		if (node->owner == r->account) {
			r->nodes++;
			r->memory += xs_node_memory(node);
		}
		for (i = 1; i < node->acl->nr; i++)
			r->acl_refs += node->acl->perm[i].domid == r->account->domid &&
				       !(node->acl->perm[i].bits & XS_PERM_IGNORE);
	}
}

static void recount_transactions(struct recount *r, const struct xs_connection *conn)
{
	const struct list *t, *n;

	list_for_each(t, &conn->transactions) {
		const struct xs_transaction *tx = list_entry(t, struct xs_transaction, link);

		r->transactions++;
		r->memory += sizeof(*tx);
		list_for_each(n, &tx->nodes)
			r->memory += xs_node_memory(list_entry(n, struct xs_node, link));
	}
}

static void recount_connection(struct recount *r, const struct xs_connection *conn)
{
	const struct list *pos;

	r->connections++;
	recount_transactions(r, conn);
	list_for_each(pos, &conn->watches) {
		r->watches++;
		r->memory += list_entry(pos, struct xs_watch, link)->size;
	}
	list_for_each(pos, &conn->output) {
		const struct xs_message *m = list_entry(pos, struct xs_message, link);

		if (m->header.type == XS_WATCH_EVENT)
			r->memory += sizeof(*m) + m->header.len;
	}
}

static const char *check_account(struct xs_store *store, const struct xs_account *account)
{
	struct recount r = { .store = store, .account = account };
	const struct list *pos;

	recount_tree(&r, store->root);
	recount_tree(&r, store->special);
	list_for_each(pos, &store->connections) {
		const struct xs_connection *conn = list_entry(pos, struct xs_connection, link);

		if (conn->account == account)
			recount_connection(&r, conn);
	}
	if (r.nodes != account->nodes)
		return "a domain's nodes are miscounted";
	if (r.acl_refs != account->acl_refs)
		return "a domain's permissions are miscounted";
	if (r.watches != account->watches || r.transactions != account->transactions ||
	    r.connections != account->connections)
		return "a domain's watches, transactions or connections are miscounted";
	if (r.memory != account->memory)
		return "a domain's memory is miscounted";
	return NULL;
}

const char *xs_check(struct xs_store *store)
{
	unsigned count = 0, i;
	const char *wrong = check_tree(store, store->root, &count);

	if (!wrong)
		wrong = check_tree(store, store->special, &count);
	if (!wrong)
		wrong = check_transactions(store, &count);
	if (!wrong && count != store->nodes.count)
		wrong = "nodes are lost";
	for (i = 0; !wrong && i <= store->accounts.mask; i++) {
		const struct xs_hash_entry *entry = store->accounts.heads[i];

		for (; entry && !wrong; entry = entry->next)
			wrong = check_account(store, container_of(entry, struct xs_account, hash));
	}
	return wrong;
}
