/* SPDX-License-Identifier: MIT */
/* xenstore: who may do what with which node, and what remains of a domain that is gone. */
#include "tests/host/xenstore_test.h"

/* ---- permissions ---- */

static void test_strangers(void **state)
{
	(void)state;
	expect(one, XS_WRITE, 0, "a|secret", "OK");
	expect(two, XS_READ, 0, "/local/domain/1/a|", "!EACCES");
	expect(two, XS_WRITE, 0, "/local/domain/1/a|x", "!EACCES");
	expect(two, XS_RM, 0, "/local/domain/1/a|", "!EACCES");
	expect(two, XS_MKDIR, 0, "/local/domain/1/b|", "!EACCES");
	expect(two, XS_DIRECTORY, 0, "/local/domain/1|", "!EACCES");
	expect(two, XS_GET_PERMS, 0, "/local/domain/1/a|", "!EACCES");
	expect(two, XS_SET_PERMS, 0, "/local/domain/1/a|n2|", "!EACCES");
	/* Whether it exists is as secret. */
	expect(two, XS_READ, 0, "/local/domain/1/zzz|", "!EACCES");
	expect(two, XS_RM, 0, "/local/domain/1/zzz|", "!EACCES");
	expect(two, XS_DIRECTORY, 0, "/|", "!EACCES");
	expect(two, XS_MKDIR, 0, "/x|", "!EACCES");
	expect(dom0, XS_READ, 0, "/local/domain/1/a|", "secret");
}

static void test_entries(void **state)
{
	(void)state;
	expect(one, XS_WRITE, 0, "a|v", "OK");
	expect(one, XS_SET_PERMS, 0, "a|n1|r2|", "OK");
	expect(one, XS_GET_PERMS, 0, "a|", "n1|r2");
	expect(two, XS_READ, 0, "/local/domain/1/a|", "v");
	expect(two, XS_WRITE, 0, "/local/domain/1/a|x", "!EACCES");
	expect(one, XS_SET_PERMS, 0, "a|n1|w2|", "OK");
	expect(two, XS_READ, 0, "/local/domain/1/a|", "!EACCES");
	expect(two, XS_WRITE, 0, "/local/domain/1/a|x", "OK");
	expect(one, XS_SET_PERMS, 0, "a|n1|b2|", "OK");
	expect(two, XS_READ, 0, "/local/domain/1/a|", "x");
	expect(two, XS_SET_PERMS, 0, "/local/domain/1/a|n1|b2|", "!EACCES");
	/* An entry for the domain wins over the default. */
	expect(one, XS_SET_PERMS, 0, "a|b1|n2|", "OK");
	expect(two, XS_READ, 0, "/local/domain/1/a|", "!EACCES");
	expect(one, XS_SET_PERMS, 0, "a|r1|", "OK");
	expect(two, XS_READ, 0, "/local/domain/1/a|", "x");
	/* A readable parent tells what is not there. */
	expect(two, XS_READ, 0, "/local/domain/1/a/b|", "!ENOENT");
}

static void test_bad_entries(void **state)
{
	static const char *const bad[] = { "a|x1|",  "a|r|", "a|r1|r-2|", "a|r1|r99999|", "a||",
					   "a|r1x|", "a|1|", "a|r1| r2|", "a|r65535|",	  "a|" };
	unsigned i;

	(void)state;
	expect(one, XS_MKDIR, 0, "a|", "OK");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(one, XS_SET_PERMS, 0, bad[i], "!EINVAL");
	expect(one, XS_SET_PERMS, 0, "a|n2|", "!EPERM");
	expect(one, XS_SET_PERMS, 0, "b|n1|", "!ENOENT");
	expect(one, XS_GET_PERMS, 0, "a|", "n1");
}

static void test_inheritance(void **state)
{
	(void)state;
	expect(dom0, XS_MKDIR, 0, "/shared|", "OK");
	expect(dom0, XS_SET_PERMS, 0, "/shared|n0|b1|r2|", "OK");
	expect(one, XS_WRITE, 0, "/shared/x/y|v", "OK");
	/* Guests own what they create. */
	expect(dom0, XS_GET_PERMS, 0, "/shared/x|", "n1|b1|r2");
	expect(two, XS_READ, 0, "/shared/x/y|", "v");
	expect(dom0, XS_WRITE, 0, "/local/domain/1/made|v", "OK");
	expect(dom0, XS_GET_PERMS, 0, "/local/domain/1/made|", "n1");
	assert_int_equal(xs_nodes_owned(store, 1), 4);
}

static void test_owner_change(void **state)
{
	(void)state;
	expect(dom0, XS_WRITE, 0, "/n|v", "OK");
	expect(one, XS_READ, 0, "/n|", "!EACCES");
	expect(dom0, XS_SET_PERMS, 0, "/n|n1|", "OK");
	assert_int_equal(xs_nodes_owned(store, 1), 2);
	expect(one, XS_WRITE, 0, "/n|w", "OK");
	expect(dom0, XS_SET_PERMS, 0, "/n|n2|", "OK");
	assert_int_equal(xs_nodes_owned(store, 1), 1);
	assert_int_equal(xs_nodes_owned(store, 2), 2);
	expect(one, XS_READ, 0, "/n|", "!EACCES");
	/* Even the root. */
	expect(dom0, XS_SET_PERMS, 0, "/|n1|", "OK");
	expect(one, XS_MKDIR, 0, "/here|", "OK");
	expect(one, XS_RM, 0, "/|", "!EINVAL");
	expect_sound();
	xs_domain_release(store, 1);
	expect(dom0, XS_GET_PERMS, 0, "/|", "n0");
}

static void test_target(void **state)
{
	(void)state;
	expect(two, XS_WRITE, 0, "a|v", "OK");
	expect(one, XS_SET_TARGET, 0, "1|2|", "!EACCES");
	expect(dom0, XS_SET_TARGET, 0, "1|9|", "!ENOENT");
	expect(dom0, XS_SET_TARGET, 0, "1|2|", "OK");
	expect(one, XS_READ, 0, "/local/domain/2/a|", "v");
	expect(one, XS_WRITE, 0, "/local/domain/2/b|w", "OK");
	expect(two, XS_READ, 0, "b|", "!EACCES");
	expect(two, XS_READ, 0, "/local/domain/1/b|", "!EACCES");
	xs_domain_release(store, 2);
	expect(one, XS_READ, 0, "/local/domain/2/a|", "!EACCES");
}

/* ---- domains ---- */

static void test_domain_requests(void **state)
{
	static const uint32_t privileged[] = { XS_CONTROL, XS_INTRODUCE,  XS_RELEASE,
					       XS_RESUME,  XS_SET_TARGET, XS_IS_DOMAIN_INTRODUCED };
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(privileged) / sizeof(privileged[0]); i++)
		expect(one, privileged[i], 0, "1|", "!EACCES");
	expect(one, XS_GET_DOMAIN_PATH, 0, "7|", "/local/domain/7");
	expect(one, XS_GET_DOMAIN_PATH, 0, "seven|", "!EINVAL");
	expect(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "0|", "T");
	expect(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "1|", "T");
	expect(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "3|", "F");
	expect(dom0, XS_RESUME, 0, "1|", "OK");
	expect(dom0, XS_RESUME, 0, "3|", "!ENOENT");
	expect(dom0, XS_RESUME, 0, "0|", "!EINVAL");
	expect(dom0, XS_CONTROL, 0, "check|", "OK");
	expect(dom0, XS_CONTROL, 0, "nothing|", "!EINVAL");
	expect(dom0, XS_INTRODUCE, 0, "3|4|5|", "!ENOSYS");
}

static domid_t asked;

static int hook_introduce(void *arg, domid_t domid, xen_pfn_t mfn, unsigned port)
{
	assert_ptr_equal(arg, &asked);
	assert_int_equal(mfn, 4);
	assert_int_equal(port, 5);
	asked = domid;
	return xs_domain_introduce(store, domid);
}

static int hook_release(void *arg, domid_t domid)
{
	(void)arg;
	xs_domain_release(store, domid);
	return 0;
}

static void test_hooks(void **state)
{
	struct xs_hooks hooks = { hook_introduce, hook_release, &asked };

	(void)state;
	xs_set_hooks(store, &hooks);
	expect(dom0, XS_INTRODUCE, 0, "3|4|5|", "OK");
	assert_int_equal(asked, 3);
	expect(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "3|", "T");
	expect(dom0, XS_RELEASE, 0, "3|", "OK");
	expect(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "3|", "F");
	expect(dom0, XS_RELEASE, 0, "3|", "!ENOENT");
	expect(dom0, XS_INTRODUCE, 0, "0|4|5|", "!EINVAL");
	expect(dom0, XS_INTRODUCE, 0, "3|4|0|", "!EINVAL");
	expect(dom0, XS_INTRODUCE, 0, "3|4|", "!EINVAL");
}

static void test_release(void **state)
{
	(void)state;
	expect(two, XS_WRITE, 0, "a|v", "OK");
	expect(two, XS_SET_PERMS, 0, "a|n2|r1|", "OK");
	expect(one, XS_WRITE, 0, "b|v", "OK");
	client_close(&one);
	xs_domain_release(store, 1);
	assert_int_equal(xs_nodes_owned(store, 1), 0);
	assert_int_equal(xs_memory_used(store, 1), 0);
	expect(dom0, XS_READ, 0, "/local/domain/1/b|", "!ENOENT");
	/* A new domain of that number is a stranger. */
	give_home(1);
	client_open(&one, store, 1);
	expect(one, XS_READ, 0, "/local/domain/2/a|", "!EACCES");
	expect(one, XS_READ, 0, "b|", "!ENOENT");
	expect(two, XS_SET_PERMS, 0, "a|n2|r1|", "OK");
	expect(one, XS_READ, 0, "/local/domain/2/a|", "v");
}

static void test_unknown_domains(void **state)
{
	(void)state;
	/* A guest cannot leave rights for a domain to come; domain 0 can. */
	expect(two, XS_MKDIR, 0, "a|", "OK");
	expect(two, XS_SET_PERMS, 0, "a|n2|r7|", "OK");
	expect(dom0, XS_MKDIR, 0, "/b|", "OK");
	expect(dom0, XS_SET_PERMS, 0, "/b|n0|r7|", "OK");
	client_close(&one);
	client_open(&one, store, 7);
	expect(one, XS_READ, 0, "/local/domain/2/a|", "!EACCES");
	expect(one, XS_READ, 0, "/b|", "");
}

/* Nothing is left of many domains that came and went. */
static void test_cycles(void **state)
{
	size_t before = xs_memory_used(store, 0);
	struct client guest;
	unsigned i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		domid_t domid = (domid_t)(3 + i);

		give_home(domid);
		client_open(&guest, store, domid);
		expect(guest, XS_WATCH, 0, "device|t|", "OK");
		expect(guest, XS_WRITE, 0, "device/vbd/0/state|1", "OK");
		client_start(&guest);
		client_close(&guest);
		xs_domain_release(store, domid);
	}
	assert_int_equal(xs_memory_used(store, 0), before);
	expect(dom0, XS_DIRECTORY, 0, "/local/domain|", "1|2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_strangers),	    test(test_entries),	     test(test_bad_entries),
		test(test_inheritance),	    test(test_owner_change), test(test_target),
		test(test_domain_requests), test(test_hooks),	     test(test_release),
		test(test_unknown_domains), test(test_cycles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
