/* SPDX-License-Identifier: MIT */
/*
 * Requests about domains, nearly all for domain 0 only, and the coming and going of domains.
 * Numbers are decimal; a malformed one is an error here.
 */
#include "dom0/xenstore/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A decimal number of the protocol; false for anything else. */
static bool parse(const char *text, unsigned long *value)
{
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return false;
	*value = strtoul(text, &end, 10);
	return !*end;
}

static int parse_domid(const char *text, domid_t *domid)
{
	unsigned long value;

	if (!parse(text, &value) || value >= DOMID_FIRST_RESERVED)
		return EINVAL;
	*domid = (domid_t)value;
	return 0;
}

/* The connected domain that is the only argument; not domain 0. */
static int introduced_domain(const struct xs_connection *conn, struct xs_account **account)
{
	domid_t domid;

	if (parse_domid(xs_request_string(conn), &domid) || domid == 0)
		return EINVAL;
	*account = xs_account_find(conn->store, domid);
	return *account && (*account)->introduced ? 0 : ENOENT;
}

/* ---- requests ---- */

int xs_request_introduce(struct xs_connection *conn, struct xs_transaction *tx)
{
	const struct xs_hooks *hooks = &conn->store->hooks;
	unsigned long mfn, port;
	const char *arg[3];
	domid_t domid;
	int error;

	(void)tx;
	if (xs_request_strings(conn, arg, 3) < 3 || parse_domid(arg[0], &domid) || domid == 0 ||
	    !parse(arg[1], &mfn) || !parse(arg[2], &port) || !port)
		return EINVAL;
	if (!hooks->introduce)
		return ENOSYS;
	error = hooks->introduce(hooks->arg, domid, mfn, (unsigned)port);
	if (!error)
		xs_request_ok(conn);
	return error;
}

int xs_request_release(struct xs_connection *conn, struct xs_transaction *tx)
{
	const struct xs_hooks *hooks = &conn->store->hooks;
	struct xs_account *account;
	int error = introduced_domain(conn, &account);

	(void)tx;
	if (!error)
		error = hooks->release ? hooks->release(hooks->arg, account->domid) : ENOSYS;
	if (!error)
		xs_request_ok(conn);
	return error;
}

int xs_request_resume(struct xs_connection *conn, struct xs_transaction *tx)
{
	struct xs_account *account;
	int error = introduced_domain(conn, &account);

	(void)tx;
	if (error)
		return error;
	account->shutdown = false;
	xs_request_ok(conn);
	return 0;
}

int xs_request_set_target(struct xs_connection *conn, struct xs_transaction *tx)
{
	struct xs_account *account, *target;
	const char *arg[2];
	domid_t domid, tdomid;

	(void)tx;
	if (xs_request_strings(conn, arg, 2) < 2 || parse_domid(arg[0], &domid) ||
	    parse_domid(arg[1], &tdomid))
		return EINVAL;
	account = xs_account_find(conn->store, domid);
	target = xs_account_find(conn->store, tdomid);
	if (!account || !account->introduced || !target || !target->introduced)
		return ENOENT;
	account->target = tdomid;
	account->has_target = true;
	xs_request_ok(conn);
	return 0;
}

int xs_request_is_introduced(struct xs_connection *conn, struct xs_transaction *tx)
{
	const char *arg = xs_request_string(conn);
	const struct xs_account *account = NULL;
	unsigned long domid;

	(void)tx;
	if (!parse(arg, &domid))
		return EINVAL;
	if (domid < DOMID_FIRST_RESERVED)
		account = xs_account_find(conn->store, (domid_t)domid);
	xs_reply(conn, XS_IS_DOMAIN_INTRODUCED,
		 domid == DOMID_SELF || (account && account->introduced) ? "T" : "F", 2);
	return 0;
}

int xs_request_domain_path(struct xs_connection *conn, struct xs_transaction *tx)
{
	char path[32];
	domid_t domid;

	(void)tx;
	if (parse_domid(xs_request_string(conn), &domid))
		return EINVAL;
	snprintf(path, sizeof(path), "/local/domain/%u", (unsigned)domid);
	xs_reply(conn, XS_GET_DOMAIN_PATH, path, strlen(path) + 1);
	return 0;
}

int xs_request_control(struct xs_connection *conn, struct xs_transaction *tx)
{
	static const char help[] = "check\nhelp\n";
	const char *command, *wrong;

	(void)tx;
	if (xs_request_strings(conn, &command, 1) < 1)
		return EINVAL;
	if (strcmp(command, "help") == 0) {
		xs_reply(conn, XS_CONTROL, help, sizeof(help));
	} else if (strcmp(command, "check") == 0) {
		wrong = xs_check(conn->store);
		if (!wrong)
			wrong = "OK";
		xs_reply(conn, XS_CONTROL, wrong, strlen(wrong) + 1);
	} else {
		return EINVAL;
	}
	return 0;
}

/* ---- domains come and go ---- */

int xs_domain_introduce(struct xs_store *store, domid_t domid)
{
	struct xs_account *account = xs_account_get(store, domid);

	if (!account)
		return ENOMEM;
	if (account->introduced)
		return 0;
	account->introduced = true;
	account->shutdown = false;
	xs_watch_fire_special(store, "@introduceDomain");
	return 0;
}

void xs_domain_shutdown(struct xs_store *store, domid_t domid)
{
	struct xs_account *account = xs_account_find(store, domid);

	if (!account || !account->introduced || account->shutdown)
		return;
	account->shutdown = true;
	xs_watch_fire_special(store, "@releaseDomain");
}

static void ignore_in(struct xs_acl *acl, domid_t domid)
{
	unsigned i;

	for (i = 1; acl && i < acl->nr; i++) {
		if (acl->perm[i].domid == domid)
			acl->perm[i].bits |= XS_PERM_IGNORE;
	}
}

/* A later domain of the same number must not inherit what this one could read or write. */
static void strip_permissions(struct xs_store *store, struct xs_account *account)
{
	struct xs_node *node;

	if (!account->acl_refs)
		return;
	for (node = store->root; node; node = xs_node_next(store->root, node))
		ignore_in(node->acl, account->domid);
	for (node = store->special; node; node = xs_node_next(store->special, node))
		ignore_in(node->acl, account->domid);
	account->acl_refs = 0;
}

static void remove_owned(struct xs_store *store, struct xs_account *account)
{
	static const struct xs_perm domain0 = { 0, XS_PERM_NONE };

	while (!list_empty(&account->owned)) {
		struct xs_node *node = list_entry(account->owned.next, struct xs_node, link);
		struct xs_acl *acl;

		if (node->parent && !(node->flags & XS_NODE_SPECIAL)) {
			xs_tree_remove(store, node);
			continue;
		}
		/* What must stay goes back to domain 0, without memory for a change in place. */
		acl = xs_acl_new(&domain0, 1);
		if (!acl) {
			acl = xs_acl_get(node->acl);
			acl->perm[0] = domain0;
		}
		xs_tree_set_acl(store, node, acl);
	}
}

/* Nobody speaks for it any more either. */
static void clear_targets(struct xs_store *store, domid_t domid)
{
	struct list *pos;

	list_for_each(pos, &store->connections) {
		struct xs_account *account = list_entry(pos, struct xs_connection, link)->account;

		if (account->has_target && account->target == domid)
			account->has_target = false;
	}
}

void xs_domain_release(struct xs_store *store, domid_t domid)
{
	struct xs_account *account = xs_account_find(store, domid);
	bool introduced;

	if (!account || domid == 0)
		return;
	introduced = account->introduced;
	account->connections++; /* keeps the account through all of this */
	account->introduced = account->shutdown = account->has_target = false;
	remove_owned(store, account);
	strip_permissions(store, account);
	xs_transactions_forget(store, domid);
	clear_targets(store, domid);
	account->connections--;
	xs_account_put(store, account);
	if (introduced)
		xs_watch_fire_special(store, "@releaseDomain");
}
