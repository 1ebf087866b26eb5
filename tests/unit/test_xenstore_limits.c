/* SPDX-License-Identifier: MIT */
/* xenstore: what one guest may take, and that others do not notice. */
#include "tests/host/xenstore_test.h"

static const struct xs_limits small = {
	.nodes = 20,
	.node_size = 100,
	.children = 8,
	.path = 50,
	.perms = 3,
	.watches = 4,
	.transactions = 2,
	.transaction_nodes = 12,
	.replies = 2,
	.events = 4,
	.memory = 16u << 10,
};

static int setup_small(void **state)
{
	(void)state;
	return setup_limits(&small);
}

/* How many requests with a number in the body succeed, of at most 200. */
static unsigned how_many(uint32_t type, uint32_t tx, const char *format, const char *error)
{
	const char *answer = "";
	char body[256];
	unsigned i;

	for (i = 0; i < 200; i++) {
		snprintf(body, sizeof(body), format, i);
		answer = ask(one, type, tx, body);
		if (answer[0] == '!')
			break;
	}
	assert_string_equal(answer, error);
	expect_sound();
	expect(two, XS_WRITE, 0, "alive|yes", "OK");
	return i;
}

static void test_nodes(void **state)
{
	(void)state;
	assert_int_equal(how_many(XS_MKDIR, 0, "%u/a/b|", "!ENOSPC"), 6);
	assert_int_equal(xs_nodes_owned(store, 1), 1 + 6 * 3);
	/* One fits, and what does not fit leaves nothing behind. */
	expect(one, XS_MKDIR, 0, "x/y|", "!ENOSPC");
	expect(one, XS_MKDIR, 0, "x|", "OK");
	expect(one, XS_RM, 0, "0|", "OK");
	expect(one, XS_MKDIR, 0, "1/x/y|", "OK");
	/* Domain 0 is not limited. */
	expect(dom0, XS_MKDIR, 0, "/local/domain/1/p/q/r/s/t/u/v|", "OK");
}

static void test_children(void **state)
{
	(void)state;
	assert_int_equal(how_many(XS_MKDIR, 0, "%u|", "!ENOSPC"), 8);
	expect(one, XS_MKDIR, 0, "0/a|", "OK");
}

static void test_node_size(void **state)
{
	char body[200];

	(void)state;
	memset(body, 'v', sizeof(body));
	memcpy(body, "a\0", 2);
	assert_string_equal(client_ask_bytes(&one, XS_WRITE, 0, body, 2 + 97), "!ENOSPC");
	assert_string_equal(client_ask_bytes(&one, XS_WRITE, 0, body, 2 + 96), "OK");
	assert_string_equal(client_ask_bytes(&one, XS_WRITE, 0, body, 2 + 97), "!ENOSPC");
	assert_int_equal(strlen(ask(one, XS_READ, 0, "a|")), 96);
	expect(one, XS_SET_PERMS, 0, "a|n1|r2|", "!ENOSPC");
	expect(one, XS_MKDIR, 0, "a/b|", "!ENOSPC");
}

static void test_path(void **state)
{
	(void)state;
	expect(one, XS_MKDIR, 0, "0123456789/0123456789/0123456789/0123456789/012345|", "OK");
	expect(one, XS_MKDIR, 0, "0123456789/0123456789/0123456789/0123456789/0123456|", "!EINVAL");
	expect(one, XS_WATCH, 0, "0123456789/0123456789/0123456789/0123456789/0123456|t|",
	       "!EINVAL");
}

static void test_perms(void **state)
{
	(void)state;
	expect(one, XS_MKDIR, 0, "a|", "OK");
	expect(one, XS_SET_PERMS, 0, "a|n1|r2|r3|", "OK");
	expect(one, XS_SET_PERMS, 0, "a|n1|r2|r3|r4|", "!ENOSPC");
}

static void test_watches(void **state)
{
	(void)state;
	assert_int_equal(how_many(XS_WATCH, 0, "%u|t|", "!E2BIG"), 4);
	expect(one, XS_UNWATCH, 0, "0|t|", "OK");
	assert_int_equal(how_many(XS_WATCH, 0, "x%u|t|", "!E2BIG"), 1);
}

static void test_transactions(void **state)
{
	uint32_t tx = client_start(&one);

	(void)state;
	assert_int_not_equal(tx, 0);
	assert_int_not_equal(client_start(&one), 0);
	expect(one, XS_TRANSACTION_START, 0, "|", "!ENOSPC");
	assert_string_equal(client_end(&one, tx, "F|"), "OK");
	assert_int_not_equal(client_start(&one), 0);
}

static void test_transaction_nodes(void **state)
{
	uint32_t tx = client_start(&one);
	unsigned i;

	(void)state;
	/* Even what is not there counts. */
	for (i = 0; i < 200; i++) {
		char body[16];

		snprintf(body, sizeof(body), "n%u|", i);
		if (strcmp(ask(one, XS_READ, tx, body), "!ENOENT") != 0)
			break;
	}
	assert_string_equal(one.answer, "!ENOSPC");
	assert_int_equal(i, 12 - 4);
	assert_string_equal(client_end(&one, tx, "T|"), "OK");
}

/* The limit counts when a transaction ends, with what it removes. */
static void test_nodes_in_transaction(void **state)
{
	uint32_t tx, other;

	(void)state;
	expect(one, XS_MKDIR, 0, "a/b/c/d/e/f|", "OK");
	expect(one, XS_MKDIR, 0, "g/h/i/j/k/l|", "OK");
	expect(one, XS_MKDIR, 0, "m/n|", "OK");
	tx = client_start(&one);
	other = client_start(&one);
	expect(one, XS_MKDIR, tx, "p/q/r|", "OK");
	expect(one, XS_MKDIR, other, "s/t/u|", "OK");
	assert_string_equal(client_end(&one, tx, "T|"), "OK");
	assert_string_equal(client_end(&one, other, "T|"), "!ENOSPC");
	expect(one, XS_READ, 0, "s|", "!ENOENT");
	tx = client_start(&one);
	expect(one, XS_RM, tx, "a|", "OK");
	expect(one, XS_MKDIR, tx, "s/t|", "OK");
	assert_string_equal(client_end(&one, tx, "T|"), "OK");
	assert_int_equal(xs_nodes_owned(store, 1), 20 - 2 - 6 + 2);
}

static void test_memory(void **state)
{
	struct xs_limits limits = small;
	char body[2100];
	unsigned i;

	teardown(state);
	limits.node_size = 4096;
	limits.nodes = 1000;
	limits.children = 1000;
	setup_limits(&limits);
	memset(body, 'v', sizeof(body));
	for (i = 0; i < 100; i++) {
		memcpy(body, "aa", 3);
		body[0] = (char)('a' + i / 26);
		body[1] = (char)('a' + i % 26);
		if (strcmp(client_ask_bytes(&one, XS_WRITE, 0, body, sizeof(body)), "OK") != 0)
			break;
	}
	assert_string_equal(one.answer, "!ENOSPC");
	assert_in_range(i, 6, 7);
	/* Growing what is there is no way around it. */
	expect(one, XS_WRITE, 0, "aa|small", "OK");
	expect(one, XS_WRITE, 0, "x|small", "OK");
	assert_true(xs_memory_used(store, 1) <= limits.memory);
	/* Nor is a watch with a long token. */
	memcpy(body, "a", 2);
	body[sizeof(body) - 1] = '\0';
	for (i = 0; i < 4; i++) {
		body[2] = (char)('a' + i);
		client_ask_bytes(&one, XS_WATCH, 0, body, sizeof(body));
	}
	assert_string_equal(one.answer, "!ENOSPC");
}

/* A guest that never reads stops itself and nobody else. */
static void test_never_reads(void **state)
{
	char body[64];
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		snprintf(body, sizeof(body), "w%u", i);
		memcpy(body + strlen(body) + 1, "t", 2);
		client_send(&one, XS_WATCH, 0, body, 5);
	}
	for (i = 0; i < 2000; i++) {
		snprintf(body, sizeof(body), "/local/domain/1/w%u/%u|v", i % 4, i);
		expect(dom0, XS_WRITE, 0, body, "OK");
		client_send(&one, XS_READ, 0, "w0", 3);
	}
	/* The requests and the nodes that domain 0 made are not its own. */
	assert_false(xs_input_ready(one.conn));
	expect(two, XS_WRITE, 0, "a|b", "OK");
	expect_sound();
}

int main(void)
{
#define limited(name) cmocka_unit_test_setup_teardown(name, setup_small, teardown)
	const struct CMUnitTest tests[] = {
		limited(test_nodes),	    limited(test_children),
		limited(test_node_size),    limited(test_path),
		limited(test_perms),	    limited(test_watches),
		limited(test_transactions), limited(test_transaction_nodes),
		limited(test_memory),	    limited(test_nodes_in_transaction),
		limited(test_never_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
