/* SPDX-License-Identifier: MIT */
/*
 * What each domain has: nodes, watches, transactions, memory. An account exists while anything
 * refers to its domain, and no longer, so that domains which come and go leave nothing behind.
 */
#include "dom0/xenstore/internal.h"

#include <stdlib.h>

static uint32_t account_hash(const struct xs_store *store, domid_t domid)
{
	return xs_hash_finish(store->seed ^ domid);
}

struct xs_account *xs_account_find(struct xs_store *store, domid_t domid)
{
	struct xs_hash_entry *entry = xs_hash_first(&store->accounts, account_hash(store, domid));

	for (; entry; entry = xs_hash_next(entry)) {
		struct xs_account *account = container_of(entry, struct xs_account, hash);

		if (account->domid == domid)
			return account;
	}
	return NULL;
}

struct xs_account *xs_account_get(struct xs_store *store, domid_t domid)
{
	struct xs_account *account = xs_account_find(store, domid);

	if (account)
		return account;
	account = calloc(1, sizeof(*account));
	if (!account)
		return NULL;
	account->domid = domid;
	list_init(&account->owned);
	xs_hash_insert(&store->accounts, &account->hash, account_hash(store, domid));
	return account;
}

void xs_account_put(struct xs_store *store, struct xs_account *account)
{
	if (account->domid == 0 || account->introduced || account->connections || account->nodes ||
	    account->acl_refs)
		return;
	xs_hash_remove(&store->accounts, &account->hash);
	free(account);
}

bool xs_account_room(const struct xs_store *store, const struct xs_account *account, size_t bytes)
{
	return account->domid == 0 || (account->memory <= store->limits.memory &&
				       bytes <= store->limits.memory - account->memory);
}

size_t xs_memory_used(struct xs_store *store, domid_t domid)
{
	struct xs_account *account = xs_account_find(store, domid);

	return account ? account->memory : 0;
}

unsigned xs_nodes_owned(struct xs_store *store, domid_t domid)
{
	struct xs_account *account = xs_account_find(store, domid);

	return account ? account->nodes : 0;
}
