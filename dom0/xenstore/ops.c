/* SPDX-License-Identifier: MIT */
/*
 * Operations on nodes with their checks of paths and permissions, for requests and for the control
 * domain itself. Permissions are xenstored's: a node decides alone about access to itself, but who
 * may not read its nearest existing parent is not told whether it exists.
 */
#include "dom0/xenstore/internal.h"

static int find(const struct xs_view *view, const char *path, unsigned bits, bool special,
		struct xs_walk *walk, char absolute[XS_PATH_SIZE])
{
	int error = xs_path_absolute(view->conn, path, special, absolute);

	if (!error)
		error = xs_view_walk(view, absolute, walk);
	if (error)
		return error;
	if (walk->node)
		return (xs_acl_bits(view->conn, walk->node->acl) & bits) == bits ? 0 : EACCES;
	return xs_acl_bits(view->conn, walk->last->acl) & bits ? ENOENT : EACCES;
}

int xs_op_lookup(const struct xs_view *view, const char *path, unsigned bits, bool special,
		 struct xs_node **node)
{
	char absolute[XS_PATH_SIZE];
	struct xs_walk walk;
	int error = find(view, path, bits, special, &walk, absolute);

	*node = error ? NULL : walk.node;
	return error;
}

int xs_op_write(const struct xs_view *view, const char *path, const void *value, size_t len)
{
	char absolute[XS_PATH_SIZE];
	struct xs_walk walk;
	int error = find(view, path, XS_PERM_WRITE, false, &walk, absolute);

	if (error == ENOENT)
		return xs_view_create(view, &walk, value, len);
	return error ? error : xs_view_set_value(view, walk.node, value, len);
}

int xs_op_mkdir(const struct xs_view *view, const char *path)
{
	char absolute[XS_PATH_SIZE];
	struct xs_walk walk;
	int error = find(view, path, XS_PERM_WRITE, false, &walk, absolute);

	return error == ENOENT ? xs_view_create(view, &walk, NULL, 0) : error;
}

int xs_op_rm(const struct xs_view *view, const char *path)
{
	char absolute[XS_PATH_SIZE];
	struct xs_walk walk;
	int error = find(view, path, XS_PERM_WRITE, false, &walk, absolute);

	/* Not there is as good as removed, if only its own name is missing. */
	if (error == ENOENT && !*xs_path_next(walk.rest, xs_path_component(walk.rest)))
		return 0;
	if (error)
		return error;
	if (!walk.node->parent)
		return EINVAL;
	xs_view_remove(view, walk.node);
	return 0;
}

/* Entries of guests for domains that nobody knows could only be meant for those to come. */
static void ignore_unknown(struct xs_store *store, struct xs_perm *perm, unsigned nr)
{
	unsigned i;

	for (i = 1; i < nr; i++) {
		if (!xs_account_find(store, perm[i].domid))
			perm[i].bits |= XS_PERM_IGNORE;
	}
}

int xs_op_set_perms(const struct xs_view *view, const char *path, struct xs_perm *perm, unsigned nr)
{
	struct xs_node *node;
	struct xs_acl *acl;
	int error;

	if (!xs_privileged(view->conn)) {
		if (nr > view->conn->store->limits.perms)
			return ENOSPC;
		ignore_unknown(view->conn->store, perm, nr);
	}
	error = xs_op_lookup(view, path, XS_PERM_WRITE | XS_PERM_OWNER, true, &node);
	if (error)
		return error;
	if (!xs_privileged(view->conn) && perm[0].domid != node->acl->perm[0].domid)
		return EPERM;
	acl = xs_acl_new(perm, nr);
	return acl ? xs_view_set_acl(view, node, acl) : ENOMEM;
}
