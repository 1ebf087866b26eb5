/* SPDX-License-Identifier: MIT */
/* The store as a whole, its connections, and requests as they come in. */
#include "dom0/xenstore/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct xs_limits xs_default_limits = {
	.nodes = 1000,
	.node_size = 2048,
	.children = 512,
	.path = 2048,
	.perms = 5,
	.watches = 128,
	.transactions = 10,
	.transaction_nodes = 1024,
	.replies = 8,
	.events = 32,
	.memory = 256u << 10,
};

/* ---- the store ---- */

static struct xs_node *new_root(uint16_t flags)
{
	static const struct xs_perm domain0 = { 0, XS_PERM_NONE };
	struct xs_value *value = xs_value_new(NULL, 0);
	struct xs_acl *acl = xs_acl_new(&domain0, 1);
	struct xs_node *root = NULL;

	if (value && acl) {
		root = xs_node_new("", 0, value, acl);
	} else {
		xs_value_put(value);
		xs_acl_put(acl);
	}
	if (root)
		root->flags = flags;
	return root;
}

/* Events about domains have nodes, whose permissions say who is told. */
static bool add_special(struct xs_store *store, const char *name)
{
	const struct xs_node *like = store->special;
	struct xs_node *node =
		xs_node_new(name, strlen(name), xs_value_get(like->value), xs_acl_get(like->acl));

	if (!node)
		return false;
	node->flags = XS_NODE_SPECIAL;
	xs_tree_attach(store, store->special, node);
	return true;
}

static bool fill(struct xs_store *store)
{
	struct xs_account *domain0 = xs_account_get(store, 0);

	store->root = new_root(0);
	store->special = new_root(XS_NODE_SPECIAL);
	if (!domain0 || !store->root || !store->special)
		return false;
	domain0->introduced = true;
	xs_tree_adopt(store, store->root);
	xs_tree_adopt(store, store->special);
	store->local = xs_connect(store, 0);
	return store->local && add_special(store, "@introduceDomain") &&
	       add_special(store, "@releaseDomain") &&
	       xs_local_mkdir(store, "/tool/xenstored") == 0;
}

struct xs_store *xs_create(const struct xs_limits *limits, uint32_t seed)
{
	struct xs_store *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	store->limits = *limits;
	store->seed = seed;
	list_init(&store->connections);
	if (xs_hash_init(&store->nodes) && xs_hash_init(&store->watches) &&
	    xs_hash_init(&store->accounts) && fill(store))
		return store;
	xs_destroy(store);
	return NULL;
}

static void free_accounts(struct xs_store *store)
{
	unsigned i;

	for (i = 0; store->accounts.heads && i <= store->accounts.mask; i++) {
		struct xs_hash_entry *entry;

		while ((entry = store->accounts.heads[i])) {
			store->accounts.heads[i] = entry->next;
			free(container_of(entry, struct xs_account, hash));
		}
	}
}

void xs_destroy(struct xs_store *store)
{
	xs_disconnect(store->local);
	xs_tree_destroy(store);
	free_accounts(store);
	xs_hash_free(&store->nodes);
	xs_hash_free(&store->watches);
	xs_hash_free(&store->accounts);
	free(store);
}

void xs_set_hooks(struct xs_store *store, const struct xs_hooks *hooks)
{
	store->hooks = *hooks;
}

/* ---- connections ---- */

struct xs_connection *xs_connect(struct xs_store *store, domid_t domid)
{
	struct xs_connection *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->account = xs_account_get(store, domid);
	if (!conn->account) {
		free(conn);
		return NULL;
	}
	conn->account->connections++;
	conn->store = store;
	list_init(&conn->watches);
	list_init(&conn->lost);
	list_init(&conn->transactions);
	list_init(&conn->output);
	snprintf(conn->home, sizeof(conn->home), "/local/domain/%u", (unsigned)domid);
	list_add_tail(&conn->link, &store->connections);
	return conn;
}

void xs_connection_forget(struct xs_connection *conn)
{
	while (!list_empty(&conn->watches))
		xs_watch_remove(list_entry(conn->watches.next, struct xs_watch, link));
	while (!list_empty(&conn->transactions))
		xs_transaction_abort(
			list_entry(conn->transactions.next, struct xs_transaction, link));
}

void xs_reset(struct xs_connection *conn)
{
	xs_connection_forget(conn);
	while (!list_empty(&conn->output))
		xs_message_free(conn, list_entry(conn->output.next, struct xs_message, link));
	conn->sent = conn->received = 0;
	conn->error = XENSTORE_ERROR_NONE;
}

void xs_disconnect(struct xs_connection *conn)
{
	if (!conn)
		return;
	xs_reset(conn);
	list_del(&conn->link);
	conn->account->connections--;
	xs_account_put(conn->store, conn->account);
	free(conn);
}

void xs_set_wake(struct xs_connection *conn, void (*wake)(void *arg), void *arg)
{
	conn->wake = wake;
	conn->wake_arg = arg;
}

unsigned xs_error(const struct xs_connection *conn)
{
	return conn->error;
}

/* ---- input ---- */

bool xs_input_ready(const struct xs_connection *conn)
{
	return !conn->error && conn->nr_replies < conn->store->limits.replies;
}

/* Bytes of the current message that are still missing. */
static size_t missing(const struct xs_connection *conn)
{
	if (conn->received < sizeof(conn->header))
		return sizeof(conn->header) - conn->received;
	return sizeof(conn->header) + conn->header.len - conn->received;
}

static void append(struct xs_connection *conn, const char *bytes, size_t len)
{
	char *to = conn->received < sizeof(conn->header)
			   ? (char *)&conn->header + conn->received
			   : conn->body + conn->received - sizeof(conn->header);

	memcpy(to, bytes, len);
	conn->received += len;
}

/* Serves the message when it is complete. */
static void advance(struct xs_connection *conn)
{
	if (conn->received < sizeof(conn->header))
		return;
	if (conn->header.len > XENSTORE_PAYLOAD_MAX) {
		conn->error = XENSTORE_ERROR_PROTO;
		xs_connection_forget(conn);
		return;
	}
	if (missing(conn))
		return;
	conn->body[conn->header.len] = '\0';
	conn->received = 0;
	xs_request_serve(conn);
}

size_t xs_input(struct xs_connection *conn, const void *buf, size_t len)
{
	size_t used = 0;

	while (used < len && xs_input_ready(conn)) {
		size_t n = MIN(missing(conn), len - used);

		append(conn, (const char *)buf + used, n);
		used += n;
		advance(conn);
	}
	return used;
}
