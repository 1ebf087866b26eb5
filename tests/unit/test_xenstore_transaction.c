/* SPDX-License-Identifier: MIT */
/* xenstore: transactions see their own changes, and commit only what still fits what they saw. */
#include "tests/host/xenstore_test.h"

/* ---- what is seen ---- */

static void test_isolation(void **state)
{
	uint32_t tx;

	(void)state;
	expect(one, XS_WRITE, 0, "a|old", "OK");
	tx = client_start(&one);
	assert_int_not_equal(tx, 0);
	expect(one, XS_READ, tx, "a|", "old");
	expect(one, XS_WRITE, tx, "a|new", "OK");
	expect(one, XS_WRITE, tx, "d/e|x", "OK");
	expect(one, XS_READ, tx, "a|", "new");
	expect(one, XS_READ, tx, "d/e|", "x");
	expect(one, XS_READ, 0, "a|", "old");
	expect(one, XS_READ, 0, "d/e|", "!ENOENT");
	expect(one, XS_DIRECTORY, tx, "/local/domain/1|", "a|d");
	expect(one, XS_DIRECTORY, 0, "/local/domain/1|", "a");
	expect(one, XS_RM, tx, "a|", "OK");
	expect(one, XS_READ, tx, "a|", "!ENOENT");
	expect(one, XS_DIRECTORY, tx, "/local/domain/1|", "d");
	expect_sound();
	assert_string_equal(client_end(&one, tx, "T|"), "OK");
	expect(one, XS_DIRECTORY, 0, "/local/domain/1|", "d");
	expect(one, XS_READ, 0, "d/e|", "x");
	assert_string_equal(client_end(&one, tx, "T|"), "!ENOENT");
}

static void test_abort(void **state)
{
	size_t before;
	uint32_t tx;

	(void)state;
	expect(one, XS_WRITE, 0, "a/b|v", "OK");
	before = xs_memory_used(store, 1);
	tx = client_start(&one);
	expect(one, XS_RM, tx, "a|", "OK");
	expect(one, XS_WRITE, tx, "c|v", "OK");
	expect(one, XS_SET_PERMS, tx, "c|b1|", "OK");
	assert_string_equal(client_end(&one, tx, "F|"), "OK");
	expect(one, XS_READ, 0, "a/b|", "v");
	expect(one, XS_READ, 0, "c|", "!ENOENT");
	assert_int_equal(xs_memory_used(store, 1), before);
}

/* What has been read stays so until the end, whatever becomes of it. */
static void test_repeated_reads(void **state)
{
	uint32_t tx;

	(void)state;
	expect(one, XS_WRITE, 0, "a|1", "OK");
	tx = client_start(&one);
	expect(one, XS_READ, tx, "a|", "1");
	expect(one, XS_READ, tx, "b|", "!ENOENT");
	expect(dom0, XS_WRITE, 0, "/local/domain/1/a|2", "OK");
	expect(dom0, XS_WRITE, 0, "/local/domain/1/b|2", "OK");
	expect(one, XS_READ, tx, "a|", "1");
	expect(one, XS_READ, tx, "b|", "!ENOENT");
	assert_string_equal(client_end(&one, tx, "T|"), "!EAGAIN");
	expect(one, XS_READ, 0, "a|", "2");
}

static void test_bad_numbers(void **state)
{
	uint32_t tx = client_start(&one);

	(void)state;
	expect(one, XS_READ, tx + 1, "a|", "!ENOENT");
	expect(two, XS_READ, tx, "a|", "!ENOENT");
	expect(one, XS_TRANSACTION_START, tx, "|", "!EBUSY");
	assert_string_equal(client_end(&one, tx, "X|"), "!EINVAL");
	assert_string_equal(client_end(&one, 0, "T|"), "!ENOENT");
	/* Watches have nothing to do with them. */
	expect(one, XS_WATCH, 12345, "a|t|", "OK");
	expect(one, XS_RESET_WATCHES, 0, "|", "OK");
	assert_string_equal(client_end(&one, tx, "T|"), "!ENOENT");
}

/* ---- conflicts ---- */

/* Domain 0 does something while guest 1 has done something else: what becomes of the guest's end. */
static const char *race(uint32_t type, const char *body, uint32_t type0, const char *body0)
{
	uint32_t tx = client_start(&one);

	ask(one, type, tx, body);
	assert_string_not_equal(ask(dom0, type0, 0, body0), "!EINVAL");
	ask(one, XS_WRITE, tx, "mark|x");
	return client_end(&one, tx, "T|");
}

#define HOME "/local/domain/1/"

static void test_conflicts(void **state)
{
	static const struct {
		uint32_t type, type0;
		const char *body, *body0;
	} races[] = {
		{ XS_READ, XS_WRITE, "a/b|", HOME "a/b|x" },
		{ XS_READ, XS_RM, "a/b|", HOME "a|" },
		{ XS_READ, XS_SET_PERMS, "a/b|", HOME "a/b|b1|" },
		{ XS_WRITE, XS_WRITE, "a/b|y", HOME "a/b|x" },
		{ XS_WRITE, XS_RM, "a/b|y", HOME "a/b|" },
		{ XS_WRITE, XS_WRITE, "a/new|y", HOME "a/new|x" },
		{ XS_WRITE, XS_RM, "a/new|y", HOME "a|" },
		{ XS_MKDIR, XS_MKDIR, "m|", HOME "m|" },
		{ XS_READ, XS_MKDIR, "n|", HOME "n|" },
		{ XS_READ, XS_MKDIR, "o/p/q|", HOME "o/p/q|" },
		{ XS_DIRECTORY, XS_MKDIR, "a|", HOME "a/another|" },
		{ XS_DIRECTORY, XS_RM, "a|", HOME "a/b|" },
		{ XS_RM, XS_WRITE, "a|", HOME "a/b|x" },
		{ XS_RM, XS_MKDIR, "a|", HOME "a/b/deep|" },
		{ XS_RM, XS_RM, "a|", HOME "a|" },
		{ XS_GET_PERMS, XS_SET_PERMS, "a|", HOME "a|r1|" },
		{ XS_SET_PERMS, XS_WRITE, "a|r1|", HOME "a|v" },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(races) / sizeof(races[0]); i++) {
		expect(dom0, XS_RM, 0, "/local/domain/1/a|", "OK");
		expect(dom0, XS_WRITE, 0, "/local/domain/1/a/b|v", "OK");
		assert_string_equal(race(races[i].type, races[i].body, races[i].type0,
					 races[i].body0),
				    "!EAGAIN");
		expect_sound();
	}
	expect(one, XS_READ, 0, "mark|", "!ENOENT");
}

static void test_no_conflicts(void **state)
{
	static const struct {
		uint32_t type, type0;
		const char *body, *body0;
	} races[] = {
		{ XS_READ, XS_WRITE, "a/b|", HOME "a/c|x" },
		{ XS_READ, XS_WRITE, "a/b|", HOME "a|x" },
		{ XS_READ, XS_MKDIR, "a|", HOME "a/c|" },
		{ XS_WRITE, XS_WRITE, "a/new|x", HOME "a/other|x" },
		{ XS_DIRECTORY, XS_WRITE, "a|", HOME "a/b|x" },
		{ XS_DIRECTORY, XS_MKDIR, "a|", HOME "a/b/c|" },
		{ XS_RM, XS_WRITE, "a/b|", HOME "a/c|x" },
		{ XS_READ, XS_READ, "a/b|", HOME "a/b|" },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(races) / sizeof(races[0]); i++) {
		expect(dom0, XS_RM, 0, "/local/domain/1/a|", "OK");
		expect(dom0, XS_WRITE, 0, "/local/domain/1/a/b|v", "OK");
		assert_string_equal(
			race(races[i].type, races[i].body, races[i].type0, races[i].body0), "OK");
		expect_sound();
	}
}

static void test_both_create(void **state)
{
	uint32_t tx1 = client_start(&one), tx2 = client_start(&one);

	(void)state;
	expect(one, XS_WRITE, tx1, "d/1|x", "OK");
	expect(one, XS_WRITE, tx2, "e/2|y", "OK");
	assert_string_equal(client_end(&one, tx1, "T|"), "OK");
	assert_string_equal(client_end(&one, tx2, "T|"), "OK");
	expect(one, XS_DIRECTORY, 0, "/local/domain/1|", "d|e");
}

/* A read of what is removed later in the same transaction still counts. */
static void test_read_then_remove(void **state)
{
	uint32_t tx;

	(void)state;
	expect(one, XS_WRITE, 0, "a/b|1", "OK");
	tx = client_start(&one);
	expect(one, XS_READ, tx, "a/b|", "1");
	expect(dom0, XS_WRITE, 0, "/local/domain/1/a/b|2", "OK");
	expect(one, XS_RM, tx, "a|", "OK");
	assert_string_equal(client_end(&one, tx, "T|"), "!EAGAIN");
	expect(one, XS_READ, 0, "a/b|", "2");
}

/* ---- replacing ---- */

static void test_replace(void **state)
{
	uint32_t tx;

	(void)state;
	expect(one, XS_WRITE, 0, "a/b/c|old", "OK");
	expect(one, XS_WRITE, 0, "a/x|old", "OK");
	tx = client_start(&one);
	expect(one, XS_RM, tx, "a|", "OK");
	expect(one, XS_WRITE, tx, "a/b|new", "OK");
	expect(one, XS_READ, tx, "a/b/c|", "!ENOENT");
	expect(one, XS_DIRECTORY, tx, "a|", "b");
	expect(one, XS_WRITE, tx, "a/b/d/e|v", "OK");
	expect(one, XS_RM, tx, "a/b/d|", "OK");
	expect(one, XS_MKDIR, tx, "a/b/f/g|", "OK");
	assert_string_equal(client_end(&one, tx, "T|"), "OK");
	expect(one, XS_DIRECTORY, 0, "a|", "b");
	expect(one, XS_DIRECTORY, 0, "a/b|", "f");
	expect(one, XS_DIRECTORY, 0, "a/b/f|", "g");
	expect(one, XS_READ, 0, "a/b|", "new");
	assert_int_equal(xs_nodes_owned(store, 1), 5);
}

static void test_create_and_remove(void **state)
{
	uint32_t tx = client_start(&one);

	(void)state;
	expect(one, XS_MKDIR, tx, "a/b|", "OK");
	expect(one, XS_RM, tx, "a|", "OK");
	expect(one, XS_READ, tx, "a/b|", "!ENOENT");
	expect(one, XS_RM, tx, "a|", "OK");
	assert_string_equal(client_end(&one, tx, "T|"), "OK");
	expect(one, XS_DIRECTORY, 0, "/local/domain/1|", "");
}

/* ---- events, permissions, domains ---- */

static void test_events_at_the_end(void **state)
{
	uint32_t tx;

	(void)state;
	expect(one, XS_WRITE, 0, "gone/x|v", "OK");
	expect(dom0, XS_WATCH, 0, "/local/domain/1|t|", "OK");
	expect(dom0, XS_WATCH, 0, "/local/domain/1/gone/x|u|", "OK");
	client_drop_events(&dom0);
	tx = client_start(&one);
	expect(one, XS_WRITE, tx, "a/b|v", "OK");
	expect(one, XS_RM, tx, "gone|", "OK");
	expect(one, XS_READ, tx, "other|", "!ENOENT");
	expect_event(dom0, "");
	assert_string_equal(client_end(&one, tx, "T|"), "OK");
	expect_event(dom0, "/local/domain/1/a/b|t");
	expect_event(dom0, "/local/domain/1/gone/x|u");
	expect_event(dom0, "/local/domain/1/gone|t");
	expect_event(dom0, "");
	tx = client_start(&one);
	expect(one, XS_WRITE, tx, "a/b|w", "OK");
	assert_string_equal(client_end(&one, tx, "F|"), "OK");
	expect_event(dom0, "");
}

static void test_permissions(void **state)
{
	uint32_t tx;

	(void)state;
	expect(one, XS_WRITE, 0, "a|v", "OK");
	tx = client_start(&two);
	expect(two, XS_READ, tx, "/local/domain/1/a|", "!EACCES");
	assert_string_equal(client_end(&two, tx, "T|"), "OK");
	tx = client_start(&one);
	expect(one, XS_SET_PERMS, tx, "a|n1|r2|", "OK");
	expect(one, XS_GET_PERMS, tx, "a|", "n1|r2");
	expect(two, XS_READ, 0, "/local/domain/1/a|", "!EACCES");
	assert_string_equal(client_end(&one, tx, "T|"), "OK");
	expect(two, XS_READ, 0, "/local/domain/1/a|", "v");
	/* Domain 0 makes the standard tree of a guest in one go. */
	tx = client_start(&dom0);
	expect(dom0, XS_MKDIR, tx, "/local/domain/3|", "OK");
	expect(dom0, XS_SET_PERMS, tx, "/local/domain/3|n3|", "OK");
	expect(dom0, XS_WRITE, tx, "/local/domain/3/name|three", "OK");
	assert_string_equal(client_end(&dom0, tx, "T|"), "OK");
	assert_int_equal(xs_nodes_owned(store, 3), 2);
}

static void test_domain_dies(void **state)
{
	uint32_t tx = client_start(&dom0);

	(void)state;
	expect(dom0, XS_WRITE, tx, "/x|v", "OK");
	expect(dom0, XS_SET_PERMS, tx, "/x|n0|r1|", "OK");
	xs_domain_release(store, 1);
	assert_string_equal(client_end(&dom0, tx, "T|"), "!EAGAIN");
	tx = client_start(&two);
	expect(two, XS_MKDIR, tx, "a|", "OK");
	client_close(&two);
	client_open(&two, store, 2);
	expect(two, XS_READ, 0, "a|", "!ENOENT");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_isolation),	test(test_abort),
		test(test_bad_numbers), test(test_repeated_reads),
		test(test_conflicts),	test(test_no_conflicts),
		test(test_both_create), test(test_read_then_remove),
		test(test_replace),	test(test_create_and_remove),
		test(test_permissions), test(test_events_at_the_end),
		test(test_domain_dies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
