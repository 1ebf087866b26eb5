/* SPDX-License-Identifier: MIT */
/*
 * The parts of xenstore among themselves.
 *
 * One tree of nodes is the store. A transaction has a second, sparse tree: a copy of each node that
 * it looked at or changed, made when it first did so. Values and permissions are never changed once
 * made, only replaced, so both trees share them. Every node of every tree is in one hash table under
 * (parent, name), which is what makes a look-up independent of how many siblings there are.
 *
 * Conflicts are found by generations: the store counts changes, each node keeps the number of its
 * last one, and a transaction commits only if all that it has seen is unchanged. So what a committed
 * transaction read was true at one instant, the one of its commit.
 */
#pragma once

#include <errno.h>

#include <xen/io/xs_wire.h>

#include "core/list.h"
#include "dom0/xenstore/hash.h"
#include "dom0/xenstore/xenstore.h"

/* ---- pieces of a node, shared and immutable ---- */

struct xs_value {
	uint32_t refs, len;
	char bytes[]; /* and a NUL */
};

/* The one change ever made in place is XS_PERM_IGNORE, when a domain dies. */
struct xs_acl {
	uint32_t refs, nr;
	struct xs_perm perm[];
};

enum xs_node_flags {
	/* All others belong to copies in transactions. */
	XS_NODE_SPECIAL = 1,  /* @introduceDomain and its like, and what holds them */
	XS_NODE_BASE = 2,     /* the store had it when the transaction first looked */
	XS_NODE_ABSENT = 4,   /* the transaction finds nothing here */
	XS_NODE_SEEN = 8,     /* its value, permissions or absence were told or used */
	XS_NODE_LISTED = 16,  /* its children were told */
	XS_NODE_REMOVED = 32, /* a node of the store goes, with all below it */
	XS_NODE_NEW = 64,     /* created in the transaction; nothing shows through from the store */
	XS_NODE_DIRTY = 128,  /* value or permissions changed */
	XS_NODE_FIRE = 256,   /* watches fire when it is committed */
};

struct xs_node {
	struct xs_hash_entry hash; /* by parent and name */
	struct xs_node *parent;
	struct list children, sibling;
	struct list link; /* its owner's nodes, or its transaction's */
	struct xs_account *owner;
	struct xs_value *value;
	struct xs_acl *acl;
	struct xs_node *peer; /* of a copy: the store's node; valid within one request only */
	union {
		uint64_t data_changed; /* value or permissions; also when it was created */
		uint64_t seen_at;
	};
	union {
		uint64_t children_changed;
		uint64_t listed_at;
	};
	union {
		uint64_t subtree_changed;
		uint64_t removed_at;
	};
	/* Of a copy that is not new: how the transaction changes the store's. */
	int32_t nr_children, child_bytes;
	uint16_t flags, name_len;
	char name[]; /* and a NUL; "" for roots */
};

/* ---- who pays ---- */

struct xs_account {
	struct xs_hash_entry hash;
	domid_t domid, target;
	bool introduced, shutdown, has_target;
	unsigned connections, nodes, watches, transactions;
	unsigned acl_refs; /* entries behind the first, in nodes of the store */
	size_t memory;
	struct list owned; /* xs_node.link */
};

struct xs_transaction {
	struct list link;
	struct xs_connection *conn;
	uint32_t id;
	bool doomed;
	unsigned nr_nodes, nr_changes;
	struct list nodes; /* xs_node.link; parents before their children */
	struct xs_node *root;
};

/* ---- talking ---- */

struct xs_watch {
	struct xs_hash_entry hash; /* by path */
	struct list link;	   /* of its connection */
	struct list lost;	   /* of its connection, while an event could not be queued */
	struct list events;	   /* xs_message.watch_link */
	struct xs_connection *conn;
	unsigned nr_events, prefix; /* prefix: bytes in front of what the client calls the path */
	size_t path_len, size;
	void (*fn)(void *arg, const char *path); /* the control domain's own ones */
	void *arg;
	char *token;
	char path[];
};

struct xs_message {
	struct list link, watch_link;
	struct xs_watch *watch; /* NULL: a reply, or the watch is gone */
	struct xsd_sockmsg header;
	char body[];
};

struct xs_connection {
	struct list link;
	struct xs_store *store;
	struct xs_account *account;
	struct list watches, lost, transactions, output;
	unsigned nr_replies; /* in output */
	size_t sent;	     /* bytes of the first message */
	uint32_t last_transaction;
	unsigned error;
	void (*wake)(void *arg);
	void *wake_arg;
	char home[32];

	size_t received; /* header and body */
	struct xsd_sockmsg header;
	char body[XENSTORE_PAYLOAD_MAX + 1];
};

struct xs_store {
	struct xs_limits limits;
	struct xs_hooks hooks;
	uint32_t seed;
	uint64_t generation;
	struct xs_hash nodes, watches, accounts;
	struct xs_node *root, *special;
	struct xs_connection *local;
	struct list connections;
};

static inline bool xs_privileged(const struct xs_connection *conn)
{
	return conn->account->domid == 0;
}

/* ---- value.c ---- */

struct xs_value *xs_value_new(const void *bytes, size_t len);
struct xs_value *xs_value_get(struct xs_value *value);
void xs_value_put(struct xs_value *value);
struct xs_acl *xs_acl_new(const struct xs_perm *perm, unsigned nr);
struct xs_acl *xs_acl_get(struct xs_acl *acl);
void xs_acl_put(struct xs_acl *acl);
size_t xs_acl_size(const struct xs_acl *acl);
/* What the connection may do with a node. */
unsigned xs_acl_bits(const struct xs_connection *conn, const struct xs_acl *acl);
/* From "r5"; 0 or EINVAL. */
int xs_perm_parse(const char *text, struct xs_perm *perm);
/* Returns the bytes stored, with the NUL; buf has 8. */
size_t xs_perm_format(const struct xs_perm *perm, char *buf);

/* ---- path.c ---- */

#define XS_PATH_SIZE (XENSTORE_ABS_PATH_MAX + 1)
/* Fills buf with the absolute form. 0 or EINVAL. */
int xs_path_absolute(const struct xs_connection *conn, const char *path, bool special,
		     char buf[XS_PATH_SIZE]);
/* The length of the first component of what is left of a path. */
size_t xs_path_component(const char *rest);
/* What is left behind it, or "". */
const char *xs_path_next(const char *rest, size_t component);

/* ---- account.c ---- */

struct xs_account *xs_account_find(struct xs_store *store, domid_t domid);
/* Made when needed; NULL: no memory. */
struct xs_account *xs_account_get(struct xs_store *store, domid_t domid);
/* Frees it when nothing refers to it. */
void xs_account_put(struct xs_store *store, struct xs_account *account);
/* Whether it may take so many bytes more. */
bool xs_account_room(const struct xs_store *store, const struct xs_account *account, size_t bytes);

/* ---- node.c: any tree ---- */

/* Takes over the references to value and acl, also when it fails. */
struct xs_node *xs_node_new(const char *name, size_t len, struct xs_value *value,
			    struct xs_acl *acl);
void xs_node_free(struct xs_node *node);
void xs_node_link(struct xs_store *store, struct xs_node *parent, struct xs_node *node);
void xs_node_unlink(struct xs_store *store, struct xs_node *node);
struct xs_node *xs_node_child(const struct xs_store *store, const struct xs_node *parent,
			      const char *name, size_t len);
/* The deepest first child: where to begin to take a tree apart. */
struct xs_node *xs_node_leaf(struct xs_node *node);
/* Pre-order walk of the tree below and with root; NULL behind the last. */
struct xs_node *xs_node_next(const struct xs_node *root, struct xs_node *node);
/* Bytes of memory. */
size_t xs_node_memory(const struct xs_node *node);
/* Bytes that node_size limits, if the node had that value and acl. */
size_t xs_node_size(const struct xs_node *node, size_t value_len, const struct xs_acl *acl);
/* The path, somewhere in buf. */
const char *xs_node_path(const struct xs_node *node, char buf[XS_PATH_SIZE]);

/* ---- tree.c: the store's own tree, with its accounts; none of these fails ---- */

/* Enters a root into its owner's account. */
void xs_tree_adopt(struct xs_store *store, struct xs_node *root);
void xs_tree_attach(struct xs_store *store, struct xs_node *parent, struct xs_node *node);
/* With all below it; watches fire. Not for roots. */
void xs_tree_remove(struct xs_store *store, struct xs_node *node);
/* Both take over the reference. */
void xs_tree_set_value(struct xs_store *store, struct xs_node *node, struct xs_value *value);
void xs_tree_set_acl(struct xs_store *store, struct xs_node *node, struct xs_acl *acl);
/* Frees both trees without events, accounts or order. */
void xs_tree_destroy(struct xs_store *store);

/* ---- view.c, listing.c, change.c: the tree as a request sees it, through a transaction or not ---- */

struct xs_view {
	struct xs_connection *conn;
	struct xs_transaction *tx; /* NULL: the store itself */
};
struct xs_walk {
	struct xs_node *node; /* NULL: there is none */
	struct xs_node *last; /* the deepest node on the path that there is */
	const char *rest;     /* what is left of the path behind it */
};

/* 0, ENOMEM or ENOSPC. */
int xs_view_walk(const struct xs_view *view, const char *path, struct xs_walk *walk);
/* Creates all that a walk did not find; the last gets the value. 0, ENOMEM or ENOSPC. */
int xs_view_create(const struct xs_view *view, const struct xs_walk *walk, const void *value,
		   size_t len);
int xs_view_set_value(const struct xs_view *view, struct xs_node *node, const void *value,
		      size_t len);
int xs_view_set_acl(const struct xs_view *view, struct xs_node *node, struct xs_acl *acl);
void xs_view_remove(const struct xs_view *view, struct xs_node *node);
/* The names of the children, each with its NUL, into buf unless that is NULL; returns the bytes. */
size_t xs_view_children(const struct xs_view *view, struct xs_node *node, char *buf);
uint64_t xs_view_generation(const struct xs_view *view, const struct xs_node *node);

/* ---- transaction.c ---- */

int xs_transaction_start(struct xs_connection *conn, uint32_t *id);
struct xs_transaction *xs_transaction_find(struct xs_connection *conn, uint32_t id);
void xs_transaction_abort(struct xs_transaction *tx);
/* 0, EAGAIN or ENOSPC; the transaction is gone in any case. */
int xs_transaction_commit(struct xs_transaction *tx);
/* A copy of the store's node (NULL: of its absence) below a copy. NULL: *error says why. */
struct xs_node *xs_transaction_copy(struct xs_transaction *tx, struct xs_node *parent,
				    const char *name, size_t len, struct xs_node *peer, int *error);
void xs_transaction_remove(struct xs_transaction *tx, struct xs_node *node);
/* Undoes xs_transaction_copy(). */
void xs_transaction_drop(struct xs_transaction *tx, struct xs_node *node);
/* The domain is no more: transactions that give it anything cannot commit. */
void xs_transactions_forget(struct xs_store *store, domid_t domid);

/* ---- watch.c ---- */

int xs_watch_add(struct xs_connection *conn, const char *path, const char *token,
		 struct xs_watch **watch);
struct xs_watch *xs_watch_find(struct xs_connection *conn, const char *path, const char *token);
void xs_watch_remove(struct xs_watch *watch);
/* Queues one event, unless the same waits already. */
void xs_watch_event(struct xs_watch *watch, const char *path);
/*
 * Events for a node's change. exact: only watches of that very path. old: permissions that the node
 * had before, or NULL.
 */
void xs_watch_fire(struct xs_store *store, const struct xs_node *node, bool exact,
		   const struct xs_acl *old);
void xs_watch_fire_special(struct xs_store *store, const char *name);

/* ---- output.c ---- */

/* Replies to the request in conn->header; an over-long body becomes E2BIG. */
void xs_reply(struct xs_connection *conn, uint32_t type, const void *body, size_t len);
void xs_reply_error(struct xs_connection *conn, int error);
/* False: no memory, or none that the domain may still take, unless forced. */
bool xs_output_event(struct xs_watch *watch, const char *path, bool force);
void xs_message_free(struct xs_connection *conn, struct xs_message *message);
/* Queues events that had no room when they happened. */
void xs_output_recover(struct xs_connection *conn);

/* ---- ops.c: operations on nodes, whoever asks for them ---- */

/* Finds a node with the rights in bits. */
int xs_op_lookup(const struct xs_view *view, const char *path, unsigned bits, bool special,
		 struct xs_node **node);
int xs_op_write(const struct xs_view *view, const char *path, const void *value, size_t len);
int xs_op_mkdir(const struct xs_view *view, const char *path);
int xs_op_rm(const struct xs_view *view, const char *path);
int xs_op_set_perms(const struct xs_view *view, const char *path, struct xs_perm *perm,
		    unsigned nr);

/* ---- connection.c ---- */

/* Removes all watches and aborts all transactions. */
void xs_connection_forget(struct xs_connection *conn);

/* ---- request*.c ---- */

/* Serves the request in conn->header and conn->body. */
void xs_request_serve(struct xs_connection *conn);

typedef int (*xs_request_fn)(struct xs_connection *conn, struct xs_transaction *tx);
int xs_request_watch(struct xs_connection *conn, struct xs_transaction *tx);
int xs_request_unwatch(struct xs_connection *conn, struct xs_transaction *tx);
int xs_request_reset_watches(struct xs_connection *conn, struct xs_transaction *tx);
int xs_request_transaction_start(struct xs_connection *conn, struct xs_transaction *tx);
int xs_request_transaction_end(struct xs_connection *conn, struct xs_transaction *tx);
int xs_request_introduce(struct xs_connection *conn, struct xs_transaction *tx);
int xs_request_release(struct xs_connection *conn, struct xs_transaction *tx);
int xs_request_resume(struct xs_connection *conn, struct xs_transaction *tx);
int xs_request_set_target(struct xs_connection *conn, struct xs_transaction *tx);
int xs_request_is_introduced(struct xs_connection *conn, struct xs_transaction *tx);
int xs_request_domain_path(struct xs_connection *conn, struct xs_transaction *tx);
int xs_request_control(struct xs_connection *conn, struct xs_transaction *tx);

/*
 * The strings of the request's body, each with its NUL; stores up to max of them. Returns how many
 * there are.
 */
unsigned xs_request_strings(const struct xs_connection *conn, const char **strings, unsigned max);
/* The only string of the body, or NULL when it is anything else. */
const char *xs_request_string(const struct xs_connection *conn);
void xs_request_ok(struct xs_connection *conn);
/* The same unless there is an error, which is returned. */
int xs_request_done(struct xs_connection *conn, int error);
/* In decimal with a NUL; buf has 21 bytes. Returns those stored. */
size_t xs_put_number(char *buf, uint64_t value);
