/* SPDX-License-Identifier: MIT */
/* xenstore: watches, of guests and of the control domain itself. */
#include "tests/host/xenstore_test.h"

/* ---- on the wire ---- */

static void test_events(void **state)
{
	(void)state;
	expect(one, XS_WATCH, 0, "a|token|", "OK");
	expect_event(one, "a|token");
	expect_event(one, "");
	expect(dom0, XS_WRITE, 0, "/local/domain/1/a/b/c|v", "OK");
	expect_event(one, "a/b/c|token");
	expect_event(one, "");
	expect(dom0, XS_WRITE, 0, "/local/domain/1/ab|v", "OK");
	expect(dom0, XS_MKDIR, 0, "/local/domain/1/a/b|", "OK");
	expect_event(one, "");
	expect(dom0, XS_SET_PERMS, 0, "/local/domain/1/a|r1|", "OK");
	expect_event(one, "a|token");
	expect(dom0, XS_RM, 0, "/local/domain/1/a/b|", "OK");
	expect_event(one, "a/b|token");
	expect_event(one, "");
}

static void test_absolute_and_tokens(void **state)
{
	(void)state;
	expect(one, XS_WATCH, 0, "/local/domain/1/a|t 1!|", "OK");
	expect(one, XS_WATCH, 0, "a|t2|", "OK");
	expect(one, XS_WATCH, 0, "a|t2|", "!EEXIST");
	expect(one, XS_WATCH, 0, "/local/domain/1/a|t2|", "!EEXIST");
	expect(one, XS_WATCH, 0, "a|t 1!|", "!EEXIST");
	client_drop_events(&one);
	expect(one, XS_WRITE, 0, "a/x|1", "OK");
	expect_event(one, "a/x|t2");
	expect_event(one, "/local/domain/1/a/x|t 1!");
	expect(one, XS_UNWATCH, 0, "a|t3|", "!ENOENT");
	expect(one, XS_UNWATCH, 0, "a|t2|", "OK");
	expect(one, XS_UNWATCH, 0, "a|t2|", "!ENOENT");
	expect(one, XS_WRITE, 0, "a/x|1", "OK");
	expect_event(one, "/local/domain/1/a/x|t 1!");
	expect(one, XS_RESET_WATCHES, 0, "|", "OK");
	expect(one, XS_WRITE, 0, "a/x|1", "OK");
	expect_event(one, "");
}

/* Watches below what is removed hear of their own path only. */
static void test_removal(void **state)
{
	(void)state;
	expect(one, XS_WRITE, 0, "a/b/c/d|v", "OK");
	expect(one, XS_WATCH, 0, "a/b/c|t|", "OK");
	expect(one, XS_WATCH, 0, "a/b/c/nothing|u|", "OK");
	expect(one, XS_WATCH, 0, "a|v|", "OK");
	client_drop_events(&one);
	expect(dom0, XS_RM, 0, "/local/domain/1/a/b|", "OK");
	expect_event(one, "a/b/c|t");
	expect_event(one, "a/b|v");
	expect_event(one, "");
}

static void test_root(void **state)
{
	(void)state;
	expect(dom0, XS_WATCH, 0, "/|r|", "OK");
	client_drop_events(&dom0);
	expect(one, XS_WRITE, 0, "a|v", "OK");
	expect_event(dom0, "/local/domain/1/a|r");
	expect_event(dom0, "");
}

static void test_same_events_merge(void **state)
{
	(void)state;
	expect(one, XS_WATCH, 0, "a|t|", "OK");
	client_drop_events(&one);
	expect(dom0, XS_WRITE, 0, "/local/domain/1/a/x|1", "OK");
	expect(dom0, XS_WRITE, 0, "/local/domain/1/a/y|1", "OK");
	expect(dom0, XS_WRITE, 0, "/local/domain/1/a/x|2", "OK");
	expect_event(one, "a/x|t");
	expect_event(one, "a/y|t");
	expect_event(one, "");
}

static void test_secrets(void **state)
{
	(void)state;
	expect(one, XS_WRITE, 0, "a/b|v", "OK");
	expect(two, XS_WATCH, 0, "/local/domain/1|t|", "OK");
	client_drop_events(&two);
	expect(one, XS_WRITE, 0, "a/b|w", "OK");
	expect_event(two, "");
	expect(one, XS_SET_PERMS, 0, "a/b|n1|r2|", "OK");
	expect_event(two, "/local/domain/1/a/b|t");
	expect(one, XS_WRITE, 0, "a/b|w", "OK");
	expect_event(two, "/local/domain/1/a/b|t");
	/* Who loses the right is told so. */
	expect(one, XS_SET_PERMS, 0, "a/b|n1|", "OK");
	expect_event(two, "/local/domain/1/a/b|t");
	expect(one, XS_WRITE, 0, "a/b|w", "OK");
	expect_event(two, "");
}

static void test_special(void **state)
{
	(void)state;
	expect(dom0, XS_WATCH, 0, "@introduceDomain|i|", "OK");
	expect(dom0, XS_WATCH, 0, "@releaseDomain|r|", "OK");
	expect(one, XS_WATCH, 0, "@releaseDomain|one|", "OK");
	expect(two, XS_WATCH, 0, "/|two|", "OK");
	expect_event(dom0, "@introduceDomain|i");
	expect_event(dom0, "@releaseDomain|r");
	client_drop_events(&one);
	client_drop_events(&two);
	assert_int_equal(xs_domain_introduce(store, 3), 0);
	expect_event(dom0, "@introduceDomain|i");
	xs_domain_shutdown(store, 3);
	xs_domain_shutdown(store, 3);
	expect_event(dom0, "@releaseDomain|r");
	expect_event(dom0, "");
	xs_domain_release(store, 3);
	expect_event(dom0, "@releaseDomain|r");
	expect_event(dom0, "");
	xs_domain_release(store, 3);
	expect_event(dom0, "");
	/* Guests are told when they are let. */
	expect_event(one, "");
	expect(one, XS_GET_PERMS, 0, "@releaseDomain|", "!EACCES");
	expect(dom0, XS_SET_PERMS, 0, "@releaseDomain|n0|r1|", "OK");
	expect(dom0, XS_GET_PERMS, 0, "@releaseDomain|", "n0|r1");
	client_drop_events(&one);
	assert_int_equal(xs_domain_introduce(store, 3), 0);
	xs_domain_release(store, 3);
	expect_event(one, "@releaseDomain|one");
	expect_event(two, "");
}

/* ---- who does not read ---- */

static void test_overflow(void **state)
{
	char body[64];
	unsigned i, n = 0;
	size_t most;

	(void)state;
	expect(one, XS_WATCH, 0, "a|t|", "OK");
	expect(one, XS_WATCH, 0, "b|u|", "OK");
	client_drop_events(&one);
	for (i = 0; i < 1000; i++) {
		snprintf(body, sizeof(body), "/local/domain/1/a/%u|v", i);
		expect(dom0, XS_WRITE, 0, body, "OK");
	}
	most = xs_memory_used(store, 1);
	expect(dom0, XS_WRITE, 0, "/local/domain/1/b|v", "OK");
	/* The last is told of the watch itself: look at everything again. */
	for (i = 0; i < 2000 && strcmp(client_event(&one), "a|t") != 0; i++)
		n += one.answer[0] == 'a';
	assert_int_equal(n, xs_default_limits.events);
	assert_true(xs_memory_used(store, 1) < most);
	client_drop_events(&one);
	expect(dom0, XS_WRITE, 0, "/local/domain/1/a/1|v", "OK");
	expect_event(one, "a/1|t");
}

/* ---- the control domain's own ---- */

struct seen {
	unsigned count, wakes;
	char last[64];
	struct xs_local_watch *watch;
};

static void note(void *arg, const char *path)
{
	struct seen *seen = arg;

	seen->count++;
	snprintf(seen->last, sizeof(seen->last), "%s", path);
}

static void wake(void *arg)
{
	((struct seen *)arg)->wakes++;
}

static void stop_watching(void *arg, const char *path)
{
	struct seen *seen = arg;

	note(arg, path);
	xs_local_unwatch(seen->watch);
	assert_int_equal(xs_local_write(store, "/from-callback", "x", 1), 0);
}

static void test_local_watch(void **state)
{
	struct seen seen = { 0 };
	unsigned i;
	char body[32];

	(void)state;
	xs_set_local_wake(store, wake, &seen);
	seen.watch = xs_local_watch(store, "/local/domain/1", note, &seen);
	assert_non_null(seen.watch);
	assert_int_equal(seen.wakes, 1);
	assert_int_equal(seen.count, 0);
	assert_false(xs_local_dispatch(store, 10));
	assert_string_equal(seen.last, "/local/domain/1");
	expect(one, XS_WRITE, 0, "a|v", "OK");
	assert_int_equal(seen.wakes, 2);
	assert_false(xs_local_dispatch(store, 10));
	assert_string_equal(seen.last, "/local/domain/1/a");
	for (i = 0; i < 100; i++) {
		snprintf(body, sizeof(body), "b/%u|v", i);
		expect(one, XS_WRITE, 0, body, "OK");
	}
	seen.count = 0;
	assert_true(xs_local_dispatch(store, 10));
	assert_int_equal(seen.count, 10);
	assert_false(xs_local_dispatch(store, 100));
	assert_string_equal(seen.last, "/local/domain/1");
	assert_int_equal(seen.count, xs_default_limits.events + 1);
	xs_local_unwatch(seen.watch);
	expect(one, XS_WRITE, 0, "a|v", "OK");
	assert_false(xs_local_dispatch(store, 1));
	assert_null(xs_local_watch(store, "/a//b", note, &seen));
}

static void test_local_unwatch_inside(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	seen.watch = xs_local_watch(store, "/local/domain/1", stop_watching, &seen);
	expect(one, XS_WRITE, 0, "a|v", "OK");
	assert_false(xs_local_dispatch(store, 10));
	assert_int_equal(seen.count, 1);
	assert_string_equal(xs_local_read(store, "/from-callback", NULL), "x");
}

static void count_name(void *arg, const char *name)
{
	(void)name;
	++*(unsigned *)arg;
}

static void test_local_access(void **state)
{
	struct xs_perm perm[2] = { { 0, XS_PERM_NONE }, { 1, XS_PERM_READ } }, got[2];
	unsigned nr = 0;
	size_t len = 0;

	(void)state;
	assert_int_equal(xs_local_printf(store, "/x/y", "%d", 42), 0);
	assert_string_equal(xs_local_read(store, "/x/y", &len), "42");
	assert_int_equal(len, 2);
	assert_null(xs_local_read(store, "/x/z", NULL));
	assert_int_equal(xs_local_write(store, "name", "Domain-0", 8), 0);
	assert_string_equal(xs_local_read(store, "/local/domain/0/name", NULL), "Domain-0");
	assert_int_equal(xs_local_set_perms(store, "/x/y", perm, 2), 0);
	expect(one, XS_READ, 0, "/x/y|", "42");
	assert_int_equal(xs_local_get_perms(store, "/x/y", got, 2, &nr), 0);
	assert_int_equal(nr, 2);
	assert_int_equal(got[1].domid, 1);
	assert_int_equal(xs_local_mkdir(store, "/x/z"), 0);
	nr = 0;
	assert_int_equal(xs_local_directory(store, "/x", count_name, &nr), 0);
	assert_int_equal(nr, 2);
	assert_int_equal(xs_local_rm(store, "/x"), 0);
	assert_null(xs_local_read(store, "/x/y", NULL));
	assert_int_equal(xs_local_rm(store, "/x"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_events),	 test(test_absolute_and_tokens),
		test(test_removal),	 test(test_root),
		test(test_secrets),	 test(test_same_events_merge),
		test(test_special),	 test(test_overflow),
		test(test_local_watch),	 test(test_local_unwatch_inside),
		test(test_local_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
