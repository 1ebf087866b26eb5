/* SPDX-License-Identifier: MIT */
/*
 * Changes of the store's own tree. Each is counted in the store's generation and in its owner's
 * account: nodes and memory by owner, entries of permissions by the domain that they name.
 */
#include "dom0/xenstore/internal.h"

/* The number of a new change somewhere below and with node. */
static uint64_t note_change(struct xs_store *store, struct xs_node *node)
{
	uint64_t now = ++store->generation;

	for (; node; node = node->parent)
		node->subtree_changed = now;
	return now;
}

/* ---- accounts ---- */

static void refer_acl(struct xs_store *store, struct xs_acl *acl)
{
	unsigned i;

	for (i = 1; i < acl->nr; i++) {
		struct xs_account *account;

		if (acl->perm[i].bits & XS_PERM_IGNORE)
			continue;
		account = xs_account_get(store, acl->perm[i].domid);
		if (account)
			account->acl_refs++;
		else
			acl->perm[i].bits |= XS_PERM_IGNORE;
	}
}

static void unrefer_acl(struct xs_store *store, const struct xs_acl *acl)
{
	unsigned i;

	for (i = 1; i < acl->nr; i++) {
		struct xs_account *account = xs_account_find(store, acl->perm[i].domid);

		if ((acl->perm[i].bits & XS_PERM_IGNORE) || !account || !account->acl_refs)
			continue;
		account->acl_refs--;
		xs_account_put(store, account);
	}
}

/* Enters a node into the accounts of its owner and of those it names. */
static void charge(struct xs_store *store, struct xs_node *node)
{
	struct xs_account *owner = xs_account_get(store, node->acl->perm[0].domid);

	/* Domain 0's exists always: it takes over what there is no memory to account for. */
	if (!owner)
		owner = xs_account_find(store, 0);
	node->owner = owner;
	owner->nodes++;
	owner->memory += xs_node_memory(node);
	list_del(&node->link);
	list_add_tail(&node->link, &owner->owned);
	refer_acl(store, node->acl);
}

static void uncharge(struct xs_store *store, struct xs_node *node)
{
	struct xs_account *owner = node->owner;

	unrefer_acl(store, node->acl);
	list_del(&node->link);
	owner->memory -= xs_node_memory(node);
	owner->nodes--;
	node->owner = NULL;
	xs_account_put(store, owner);
}

/* ---- changes ---- */

void xs_tree_adopt(struct xs_store *store, struct xs_node *root)
{
	charge(store, root);
}

void xs_tree_attach(struct xs_store *store, struct xs_node *parent, struct xs_node *node)
{
	node->flags &= XS_NODE_SPECIAL;
	node->nr_children = node->child_bytes = 0;
	xs_node_link(store, parent, node);
	charge(store, node);
	parent->nr_children++;
	parent->child_bytes += node->name_len + 1;
	node->data_changed = node->children_changed = note_change(store, node);
	parent->children_changed = node->data_changed;
	/* In the store a node is its own peer: xs_node_size() needs none. */
	node->peer = NULL;
}

/* Fires for a node that is still there and takes it out. It has no children any more. */
static void remove_one(struct xs_store *store, struct xs_node *node, bool exact)
{
	struct xs_node *parent = node->parent;

	xs_watch_fire(store, node, exact, NULL);
	parent->nr_children--;
	parent->child_bytes -= node->name_len + 1;
	uncharge(store, node);
	xs_node_unlink(store, node);
	xs_node_free(node);
}

void xs_tree_remove(struct xs_store *store, struct xs_node *node)
{
	struct xs_node *parent = node->parent, *leaf;

	while ((leaf = xs_node_leaf(node)) != node)
		remove_one(store, leaf, true);
	remove_one(store, node, false);
	parent->children_changed = note_change(store, parent);
}

void xs_tree_set_value(struct xs_store *store, struct xs_node *node, struct xs_value *value)
{
	node->owner->memory -= xs_node_memory(node);
	xs_value_put(node->value);
	node->value = value;
	node->owner->memory += xs_node_memory(node);
	node->data_changed = note_change(store, node);
}

void xs_tree_set_acl(struct xs_store *store, struct xs_node *node, struct xs_acl *acl)
{
	uncharge(store, node);
	xs_acl_put(node->acl);
	node->acl = acl;
	charge(store, node);
	node->data_changed = note_change(store, node);
}

static void destroy_below(struct xs_store *store, struct xs_node *root)
{
	struct xs_node *leaf;

	if (!root)
		return;
	while ((leaf = xs_node_leaf(root)) != root) {
		xs_node_unlink(store, leaf);
		xs_node_free(leaf);
	}
	xs_node_free(root);
}

void xs_tree_destroy(struct xs_store *store)
{
	destroy_below(store, store->root);
	destroy_below(store, store->special);
}
