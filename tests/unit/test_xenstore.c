/* SPDX-License-Identifier: MIT */
/* xenstore: nodes, paths and messages, well formed and not. */
#include "tests/host/xenstore_test.h"

/* ---- nodes ---- */

static void test_write_and_read(void **state)
{
	(void)state;
	expect(one, XS_WRITE, 0, "a/b/c|value", "OK");
	expect(one, XS_READ, 0, "a/b/c|", "value");
	expect(one, XS_READ, 0, "/local/domain/1/a/b/c|", "value");
	expect(one, XS_READ, 0, "a/b|", "");
	expect(one, XS_WRITE, 0, "a/b|", "OK");
	expect(one, XS_WRITE, 0, "a/b/c|", "OK");
	expect(one, XS_READ, 0, "a/b/c|", "");
	expect(one, XS_READ, 0, "a/x|", "!ENOENT");
	/* A value has any bytes. */
	assert_string_equal(client_ask_bytes(&one, XS_WRITE, 0, "z\0x\0\0y", 6), "OK");
	expect(one, XS_READ, 0, "z|", "x||y");
}

static void test_mkdir_and_directory(void **state)
{
	(void)state;
	expect(one, XS_DIRECTORY, 0, "d|", "!ENOENT");
	expect(one, XS_MKDIR, 0, "d/x|", "OK");
	expect(one, XS_MKDIR, 0, "d/y|", "OK");
	expect(one, XS_WRITE, 0, "d/y|v", "OK");
	expect(one, XS_MKDIR, 0, "d/y|", "OK");
	expect(one, XS_READ, 0, "d/y|", "v");
	expect(one, XS_DIRECTORY, 0, "d|", "x|y");
	expect(one, XS_DIRECTORY, 0, "d/x|", "");
	expect(dom0, XS_DIRECTORY, 0, "/local/domain|", "1|2");
	expect(dom0, XS_DIRECTORY, 0, "/|", "tool|local");
}

static void test_rm(void **state)
{
	(void)state;
	expect(one, XS_WRITE, 0, "d/x/1|a", "OK");
	expect(one, XS_WRITE, 0, "d/x/2|b", "OK");
	expect(one, XS_RM, 0, "d/x|", "OK");
	expect(one, XS_READ, 0, "d/x/1|", "!ENOENT");
	expect(one, XS_DIRECTORY, 0, "d|", "");
	/* Again is fine while the parent is there. */
	expect(one, XS_RM, 0, "d/x|", "OK");
	expect(one, XS_RM, 0, "d/x/1|", "!ENOENT");
	expect(dom0, XS_RM, 0, "/|", "!EINVAL");
	assert_int_equal(xs_nodes_owned(store, 1), 2);
}

static void test_directory_part(void **state)
{
	char body[64], generation[24], first[4200];
	unsigned i, offset;

	(void)state;
	for (i = 0; i < 200; i++) {
		snprintf(body, sizeof(body), "/big/a-child-with-a-long-name-%03u|", i);
		expect(dom0, XS_MKDIR, 0, body, "OK");
	}
	expect(dom0, XS_DIRECTORY, 0, "/big|", "!E2BIG");
	strcpy(first, ask(dom0, XS_DIRECTORY_PART, 0, "/big|0|"));
	strcpy(generation, strtok(first, "|"));
	for (offset = i = 0; i < 200; i++) {
		const char *name = strtok(NULL, "|");

		if (!name) {
			snprintf(body, sizeof(body), "/big|%u|", offset);
			strcpy(first, ask(dom0, XS_DIRECTORY_PART, 0, body));
			assert_string_equal(strtok(first, "|"), generation);
			name = strtok(NULL, "|");
		}
		snprintf(body, sizeof(body), "a-child-with-a-long-name-%03u", i);
		assert_string_equal(name, body);
		offset += (unsigned)strlen(name) + 1;
	}
	snprintf(body, sizeof(body), "/big|%u|", offset);
	snprintf(first, sizeof(first), "%s|", generation);
	expect(dom0, XS_DIRECTORY_PART, 0, body, first);
	expect(dom0, XS_MKDIR, 0, "/big/x|", "OK");
	assert_string_not_equal(ask(dom0, XS_DIRECTORY_PART, 0, body), first);
	expect(dom0, XS_DIRECTORY_PART, 0, "/big|", "!EINVAL");
}

/* ---- paths ---- */

static void test_bad_paths(void **state)
{
	static const char *const bad[] = {
		"|",	      "a/|",  "/a/|",	   "a//b|", "//|",
		"a b|",	      "a.b|", "\xff|",	   "@x|",   "@introduceDomain|",
		"/local//a|", "a:b|", "@intro/x|", "a",	    ""
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect(dom0, XS_READ, 0, bad[i], "!EINVAL");
		expect(dom0, XS_DIRECTORY, 0, bad[i], "!EINVAL");
		expect(one, XS_MKDIR, 0, bad[i], "!EINVAL");
		expect(one, XS_RM, 0, bad[i], "!EINVAL");
	}
	expect(dom0, XS_READ, 0, "/a|/b|", "!EINVAL");
}

static void test_long_paths(void **state)
{
	char path[4200];

	(void)state;
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	strcpy(path + XENSTORE_ABS_PATH_MAX, "|");
	expect(dom0, XS_WRITE, 0, path, "OK");
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	strcpy(path + XENSTORE_ABS_PATH_MAX + 1, "|");
	expect(dom0, XS_WRITE, 0, path, "!EINVAL");
	/* As deep as a path can be. */
	memset(path, 'a', sizeof(path));
	for (unsigned i = 0; i < XENSTORE_ABS_PATH_MAX; i += 2)
		path[i] = '/';
	strcpy(path + XENSTORE_ABS_PATH_MAX, "|");
	expect(dom0, XS_MKDIR, 0, path, "OK");
	expect_sound();
	expect(dom0, XS_RM, 0, "/a|", "OK");
}

/* ---- messages ---- */

static void test_portions(void **state)
{
	struct xsd_sockmsg header = { .type = XS_WRITE, .req_id = 7, .len = 6 }, reply;
	unsigned i;
	char ok[3];

	(void)state;
	for (i = 0; i < sizeof(header); i++)
		assert_int_equal(xs_input(one.conn, (char *)&header + i, 1), 1);
	for (i = 0; i < 6; i++) {
		assert_false(xs_output_ready(one.conn));
		assert_int_equal(xs_input(one.conn, &"x\0valu"[i], 1), 1);
	}
	for (i = 0; i < sizeof(reply); i++)
		assert_int_equal(xs_output(one.conn, (char *)&reply + i, 1), 1);
	assert_int_equal(reply.type, XS_WRITE);
	assert_int_equal(reply.req_id, 7);
	assert_int_equal(reply.len, 3);
	assert_int_equal(xs_output(one.conn, ok, 3), 3);
	assert_string_equal(ok, "OK");
	expect(one, XS_READ, 0, "x|", "valu");
}

static void test_unknown_requests(void **state)
{
	static const uint32_t unknown[] = { XS_WATCH_EVENT, XS_ERROR,	XS_RESET_WATCHES - 1,
					    XS_TYPE_COUNT,  XS_INVALID, ~0u };
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		expect(one, unknown[i], 0, "x|", "!ENOSYS");
}

static void test_no_terminator(void **state)
{
	(void)state;
	expect(one, XS_WRITE, 0, "abc", "!EINVAL");
	expect(one, XS_WRITE, 0, "", "!EINVAL");
	expect(one, XS_WATCH, 0, "a|token", "!EINVAL");
	expect(one, XS_WATCH, 0, "a|token|x|", "!EINVAL");
	expect(one, XS_UNWATCH, 0, "a|", "!EINVAL");
	expect(one, XS_SET_PERMS, 0, "a|", "!EINVAL");
	expect(one, XS_SET_PERMS, 0, "a|n1", "!EINVAL");
	expect(one, XS_GET_DOMAIN_PATH, 0, "5", "!EINVAL");
	expect(one, XS_TRANSACTION_END, 0, "", "!EINVAL");
}

static void test_too_long(void **state)
{
	struct xsd_sockmsg header = { .type = XS_READ, .len = XENSTORE_PAYLOAD_MAX + 1 };

	(void)state;
	expect(one, XS_WATCH, 0, "a|t|", "OK");
	assert_int_equal(xs_input(one.conn, &header, sizeof(header)), sizeof(header));
	assert_int_equal(xs_error(one.conn), XENSTORE_ERROR_PROTO);
	assert_int_equal(xs_input(one.conn, "x", 1), 0);
	assert_false(xs_output_ready(one.conn));
	expect(two, XS_WRITE, 0, "a|b", "OK");
	xs_reset(one.conn);
	expect(one, XS_WRITE, 0, "a|b", "OK");
}

static void test_longest(void **state)
{
	char body[XENSTORE_PAYLOAD_MAX];

	(void)state;
	memset(body, 'v', sizeof(body));
	memcpy(body, "/x", 3);
	assert_string_equal(client_ask_bytes(&dom0, XS_WRITE, 0, body, sizeof(body)), "OK");
	assert_int_equal(strlen(ask(dom0, XS_READ, 0, "/x|")), XENSTORE_PAYLOAD_MAX - 3);
}

static void test_replies_wait(void **state)
{
	unsigned n = 0;
	size_t taken;

	(void)state;
	do {
		taken = client_send(&one, XS_READ, 0, "a", 2);
		n++;
	} while (taken && n < 1000);
	assert_int_equal(n, xs_default_limits.replies + 1);
	assert_false(xs_input_ready(one.conn));
	expect(two, XS_WRITE, 0, "a|b", "OK");
	client_event(&one);
	assert_true(xs_input_ready(one.conn));
	expect(one, XS_WRITE, 0, "a|b", "OK");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_write_and_read),
		test(test_mkdir_and_directory),
		test(test_rm),
		test(test_directory_part),
		test(test_bad_paths),
		test(test_long_paths),
		test(test_portions),
		test(test_unknown_requests),
		test(test_no_terminator),
		test(test_too_long),
		test(test_longest),
		test(test_replies_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
