/* SPDX-License-Identifier: MIT */
/*
 * Nodes of any tree: making, finding and walking them. Trees can be as deep as a path is long, so
 * nothing here recurses.
 */
#include "dom0/xenstore/internal.h"

#include <stdlib.h>
#include <string.h>

struct xs_node *xs_node_new(const char *name, size_t len, struct xs_value *value,
			    struct xs_acl *acl)
{
	struct xs_node *node = calloc(1, sizeof(*node) + len + 1);

	if (!node) {
		xs_value_put(value);
		xs_acl_put(acl);
		return NULL;
	}
	list_init(&node->children);
	list_init(&node->sibling);
	list_init(&node->link);
	node->value = value;
	node->acl = acl;
	node->name_len = (uint16_t)len;
	memcpy(node->name, name, len);
	return node;
}

void xs_node_free(struct xs_node *node)
{
	xs_value_put(node->value);
	xs_acl_put(node->acl);
	list_del(&node->link);
	free(node);
}

/* ---- the hash table ---- */

static uint32_t node_hash(const struct xs_store *store, const struct xs_node *parent,
			  const char *name, size_t len)
{
	uint32_t hash = store->seed ^ xs_hash_finish((uint32_t)(uintptr_t)parent);
	size_t i;

	for (i = 0; i < len; i++)
		hash = xs_hash_byte(hash, name[i]);
	return xs_hash_finish(hash);
}

void xs_node_link(struct xs_store *store, struct xs_node *parent, struct xs_node *node)
{
	node->parent = parent;
	list_add_tail(&node->sibling, &parent->children);
	xs_hash_insert(&store->nodes, &node->hash,
		       node_hash(store, parent, node->name, node->name_len));
}

void xs_node_unlink(struct xs_store *store, struct xs_node *node)
{
	xs_hash_remove(&store->nodes, &node->hash);
	list_del(&node->sibling);
	node->parent = NULL;
}

struct xs_node *xs_node_child(const struct xs_store *store, const struct xs_node *parent,
			      const char *name, size_t len)
{
	struct xs_hash_entry *entry =
		xs_hash_first(&store->nodes, node_hash(store, parent, name, len));

	for (; entry; entry = xs_hash_next(entry)) {
		struct xs_node *node = container_of(entry, struct xs_node, hash);

		if (node->parent == parent && node->name_len == len &&
		    memcmp(node->name, name, len) == 0)
			return node;
	}
	return NULL;
}

/* ---- walks ---- */

struct xs_node *xs_node_leaf(struct xs_node *node)
{
	while (!list_empty(&node->children))
		node = list_entry(node->children.next, struct xs_node, sibling);
	return node;
}

struct xs_node *xs_node_next(const struct xs_node *root, struct xs_node *node)
{
	if (!list_empty(&node->children))
		return list_entry(node->children.next, struct xs_node, sibling);
	while (node != root && node->sibling.next == &node->parent->children)
		node = node->parent;
	return node == root ? NULL : list_entry(node->sibling.next, struct xs_node, sibling);
}

/* ---- sizes and names ---- */

size_t xs_node_memory(const struct xs_node *node)
{
	size_t size = sizeof(*node) + node->name_len + 1;

	if (node->value)
		size += sizeof(*node->value) + node->value->len + 1;
	if (node->acl)
		size += sizeof(*node->acl) + xs_acl_size(node->acl);
	return size;
}

size_t xs_node_size(const struct xs_node *node, size_t value_len, const struct xs_acl *acl)
{
	int32_t child_bytes = node->child_bytes;

	if (node->peer && !(node->flags & XS_NODE_NEW))
		child_bytes += node->peer->child_bytes;
	/* A node whose peer is gone: its transaction will not commit. */
	child_bytes = MAX(child_bytes, 0);
	return value_len + xs_acl_size(acl) + (size_t)child_bytes;
}

const char *xs_node_path(const struct xs_node *node, char buf[XS_PATH_SIZE])
{
	char *p = buf + XS_PATH_SIZE - 1;

	*p = '\0';
	if (!node->parent)
		*--p = '/';
	for (; node->parent; node = node->parent) {
		p -= node->name_len;
		memcpy(p, node->name, node->name_len);
		if (!(node->flags & XS_NODE_SPECIAL))
			*--p = '/';
	}
	return p;
}
