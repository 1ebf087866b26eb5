/* SPDX-License-Identifier: MIT */
/*
 * xenstore: the tree of keys through which guests and the control domain find each other, spoken to
 * in the messages of <xen/io/xs_wire.h>. This part knows nothing of rings, event channels or
 * domains: bytes come in, bytes go out, and the owner says when domains come and go. Plain C for
 * newlib and for the host, one thread, no locks.
 *
 * A guest is hostile. Whatever it sends, it takes no more memory than its limits, gets no more time
 * than its own requests cost, and sees and changes what the permissions say. A look-up costs the
 * depth of the path, however many guests there are.
 *
 * Functions that can fail return 0 or a positive errno number that has a name in xs_wire.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

struct xs_store;
struct xs_connection;
struct xs_local_watch;

/* For each guest; domain 0 is bound by node_size of the protocol only. */
struct xs_limits {
	unsigned nodes;	    /* that it owns */
	unsigned node_size; /* bytes of a node's value, permissions and children's names */
	unsigned children;  /* of one node */
	unsigned path;	    /* bytes, without the /local/domain/N/ in front */
	unsigned perms;	    /* entries of a node's permissions */
	unsigned watches;
	unsigned transactions;	    /* open at once */
	unsigned transaction_nodes; /* that one of them has seen or changed */
	unsigned replies;	    /* unread; further requests wait */
	unsigned events;	    /* unread, for each watch (of domain 0 as well) */
	size_t memory;		    /* bytes of all of this */
};
extern const struct xs_limits xs_default_limits;

/* Requests of domain 0 that concern the world outside; each returns 0 or an errno number. */
struct xs_hooks {
	/* Connect the domain, then call xs_domain_introduce(). */
	int (*introduce)(void *arg, domid_t domid, xen_pfn_t mfn, unsigned port);
	/* Disconnect the domain, then call xs_domain_release(). */
	int (*release)(void *arg, domid_t domid);
	void *arg;
};

/* seed: anything that guests cannot guess; it goes into the hash function. NULL: no memory. */
struct xs_store *xs_create(const struct xs_limits *limits, uint32_t seed);
/* Connections must be gone. */
void xs_destroy(struct xs_store *store);
void xs_set_hooks(struct xs_store *store, const struct xs_hooks *hooks);

/* ---- connections: what speaks the wire protocol ---- */

/* NULL: no memory. Several connections of one domain share its limits. */
struct xs_connection *xs_connect(struct xs_store *store, domid_t domid);
/* Removes its watches, aborts its transactions, drops its output. NULL is allowed. */
void xs_disconnect(struct xs_connection *conn);
/* The same without closing it, for a guest that starts again (XS_INTRODUCE on a known domain). */
void xs_reset(struct xs_connection *conn);

/*
 * Takes request bytes, in any portions. Returns how many were taken: fewer than len when the peer
 * does not read its replies (call again after xs_output()) or when it broke the protocol.
 */
size_t xs_input(struct xs_connection *conn, const void *buf, size_t len);
/* Whether xs_input() would take a byte. */
bool xs_input_ready(const struct xs_connection *conn);
/* Takes up to max bytes of replies and events out; returns how many. */
size_t xs_output(struct xs_connection *conn, void *buf, size_t max);
/* Whether xs_output() has anything. */
bool xs_output_ready(const struct xs_connection *conn);
/* XENSTORE_ERROR_*, for the ring page; anything but NONE means that no more is read or written. */
unsigned xs_error(const struct xs_connection *conn);

/*
 * Called when output appears where there was none. It runs in the middle of a change, so it may only
 * make a note; it must not call back into the store.
 */
void xs_set_wake(struct xs_connection *conn, void (*wake)(void *arg), void *arg);

/* ---- domains come and go ---- */

/* The domain is connected: IS_DOMAIN_INTRODUCED, @introduceDomain. Returns 0 or ENOMEM. */
int xs_domain_introduce(struct xs_store *store, domid_t domid);
/* It crashed or shut down but is still there: @releaseDomain, once. */
void xs_domain_shutdown(struct xs_store *store, domid_t domid);
/*
 * It is gone: the nodes that it owned are removed, its number disappears from all permissions, and
 * @releaseDomain. Disconnect it first.
 */
void xs_domain_release(struct xs_store *store, domid_t domid);

/* ---- the control domain's own access, as domain 0; paths may be relative to its home ---- */

enum xs_perm_bits {
	XS_PERM_NONE = 0,
	XS_PERM_READ = 1,
	XS_PERM_WRITE = 2,
	XS_PERM_OWNER = 4,  /* asked for, never stored */
	XS_PERM_IGNORE = 8, /* the domain is no more */
};
/* The first entry names the owner and what everybody else may do. */
struct xs_perm {
	domid_t domid;
	uint8_t bits;
};

/* The value with a NUL behind it, until the next change of the store; NULL when there is none. */
const char *xs_local_read(struct xs_store *store, const char *path, size_t *len);
int xs_local_write(struct xs_store *store, const char *path, const void *value, size_t len);
int xs_local_printf(struct xs_store *store, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int xs_local_mkdir(struct xs_store *store, const char *path);
/* Removing what is not there is no error when its parent is. */
int xs_local_rm(struct xs_store *store, const char *path);
int xs_local_set_perms(struct xs_store *store, const char *path, const struct xs_perm *perms,
		       unsigned nr);
/* Up to max entries are stored; *nr is how many there are. */
int xs_local_get_perms(struct xs_store *store, const char *path, struct xs_perm *perms,
		       unsigned max, unsigned *nr);
/* Calls each child's name in the order of creation; each must not change the store. */
int xs_local_directory(struct xs_store *store, const char *path,
		       void (*each)(void *arg, const char *name), void *arg);

/*
 * Calls each node below path, parents first, with its distance from path. A guest's nodes may be as
 * deep as a path is long: recursion is no way to print them. each must not change the store.
 */
int xs_local_walk(struct xs_store *store, const char *path,
		  void (*each)(void *arg, unsigned depth, const char *name, const char *value,
			       size_t len),
		  void *arg);

/*
 * Calls fn with the path that changed, at once for the path itself and then for every change at or
 * below it, always from xs_local_dispatch(). Events may merge when many wait: then the path is the
 * watch's own. NULL: no memory, or not a path.
 */
struct xs_local_watch *xs_local_watch(struct xs_store *store, const char *path,
				      void (*fn)(void *arg, const char *path), void *arg);
void xs_local_unwatch(struct xs_local_watch *watch);
/* Delivers up to max events; true when more wait. Callbacks may use the store freely. */
bool xs_local_dispatch(struct xs_store *store, unsigned max);
/* As xs_set_wake(): who calls xs_local_dispatch() soon. */
void xs_set_local_wake(struct xs_store *store, void (*wake)(void *arg), void *arg);

/* ---- for tests and XS_CONTROL "check" ---- */

/* NULL, or the first thing in the store that contradicts its own counters. */
const char *xs_check(struct xs_store *store);
/* Bytes that the domain is charged for. */
size_t xs_memory_used(struct xs_store *store, domid_t domid);
unsigned xs_nodes_owned(struct xs_store *store, domid_t domid);
