/* SPDX-License-Identifier: MIT */
/* Requests on what belongs to a connection: watches and transactions. */
#include "dom0/xenstore/internal.h"

#include <string.h>

/* ---- watches ---- */

int xs_request_watch(struct xs_connection *conn, struct xs_transaction *tx)
{
	char absolute[XS_PATH_SIZE];
	struct xs_watch *watch;
	const char *arg[2];
	int error;

	(void)tx;
	if (xs_request_strings(conn, arg, 2) != 2 || xs_path_absolute(conn, arg[0], true, absolute))
		return EINVAL;
	if (xs_watch_find(conn, absolute, arg[1]))
		return EEXIST;
	error = xs_watch_add(conn, arg[0], arg[1], &watch);
	if (error)
		return error;
	xs_request_ok(conn);
	xs_watch_event(watch, watch->path);
	return 0;
}

int xs_request_unwatch(struct xs_connection *conn, struct xs_transaction *tx)
{
	char absolute[XS_PATH_SIZE];
	struct xs_watch *watch;
	const char *arg[2];

	(void)tx;
	if (xs_request_strings(conn, arg, 2) != 2 || xs_path_absolute(conn, arg[0], true, absolute))
		return EINVAL;
	watch = xs_watch_find(conn, absolute, arg[1]);
	if (!watch)
		return ENOENT;
	xs_watch_remove(watch);
	xs_request_ok(conn);
	return 0;
}

int xs_request_reset_watches(struct xs_connection *conn, struct xs_transaction *tx)
{
	(void)tx;
	xs_connection_forget(conn);
	xs_request_ok(conn);
	return 0;
}

/* ---- transactions ---- */

int xs_request_transaction_start(struct xs_connection *conn, struct xs_transaction *tx)
{
	char reply[24];
	uint32_t id;
	int error;

	if (tx)
		return EBUSY;
	error = xs_transaction_start(conn, &id);
	if (!error)
		xs_reply(conn, XS_TRANSACTION_START, reply, xs_put_number(reply, id));
	return error;
}

int xs_request_transaction_end(struct xs_connection *conn, struct xs_transaction *tx)
{
	const char *arg = xs_request_string(conn);

	if (!arg || (strcmp(arg, "T") != 0 && strcmp(arg, "F") != 0))
		return EINVAL;
	if (!tx)
		return ENOENT;
	if (arg[0] == 'T')
		return xs_request_done(conn, xs_transaction_commit(tx));
	xs_transaction_abort(tx);
	xs_request_ok(conn);
	return 0;
}
