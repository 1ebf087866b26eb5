/* SPDX-License-Identifier: MIT */
/*
 * What the xenstore unit tests share: a store with domain 0 and guests 1 and 2 connected, whose
 * homes are theirs, and a check of all counters at the end of each test.
 */
#pragma once

#include <stdio.h>

#include "tests/host/cmocka_all.h"

#include "tests/host/xenstore_client.h"

static struct xs_store *store;
static struct client dom0, one, two;

#define ask(client, type, tx, body) client_ask(&(client), type, tx, body)
#define expect(client, type, tx, body, answer) \
	assert_string_equal(client_ask(&(client), type, tx, body), answer)
#define expect_event(client, event) assert_string_equal(client_event(&(client)), event)
#define expect_sound() assert_null(xs_check(store))

static inline void give_home(domid_t domid)
{
	struct xs_perm perm = { domid, XS_PERM_NONE };
	char path[32];

	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	assert_int_equal(xs_local_mkdir(store, path), 0);
	assert_int_equal(xs_local_set_perms(store, path, &perm, 1), 0);
	assert_int_equal(xs_domain_introduce(store, domid), 0);
}

static inline int setup_limits(const struct xs_limits *limits)
{
	store = xs_create(limits, 12345);
	assert_non_null(store);
	give_home(1);
	give_home(2);
	client_open(&dom0, store, 0);
	client_open(&one, store, 1);
	client_open(&two, store, 2);
	return 0;
}

static inline int setup(void **state)
{
	(void)state;
	return setup_limits(&xs_default_limits);
}

static inline int teardown(void **state)
{
	const char *wrong = xs_check(store);

	(void)state;
	if (wrong)
		print_error("%s\n", wrong);
	client_close(&dom0);
	client_close(&one);
	client_close(&two);
	if (!wrong)
		wrong = xs_check(store);
	xs_destroy(store);
	return wrong != NULL;
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
