// SPDX-License-Identifier: MIT
// The back-end side of xenbus (dom0/xenbus.c) on a real store, with a guest that moves its state.
#include "tests/host/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "dom0/store.h"
#include "dom0/xenbus.h"
#include "dom0/xenstore/xenstore.h"
#include "tests/host/dom0.h"

#define DOMAIN 3u
#define FRONT "/local/domain/3/device/vif/0"
#define BACK "/local/domain/0/backend/vif/3/0"

static struct xs_store *store;
static struct xenbus_device *device;
static unsigned connects, disconnects, removals;
static const char *refusal;

struct xs_store *store_get(void)
{
	return store;
}

static const char *on_connect(struct xenbus_device *d)
{
	(void)d;
	connects++;
	return refusal;
}

static void on_disconnect(struct xenbus_device *d)
{
	(void)d;
	disconnects++;
}

static void on_removed(struct xenbus_device *d)
{
	removals++;
	free(d);
}

static bool held;

static bool on_busy(struct xenbus_device *d)
{
	(void)d;
	return held;
}

static struct xenbus_class class = {
	.type = "vif",
	.connect = on_connect,
	.disconnect = on_disconnect,
	.busy = on_busy,
	.removed = on_removed,
};

static void settle(void)
{
	while (xs_local_dispatch(store, 8))
		;
}

/* What the guest writes as its state. */
static void front(const char *state)
{
	assert_int_equal(xs_local_write(store, FRONT "/state", state, strlen(state)), 0);
	settle();
}

static void expect_back(const char *state)
{
	assert_string_equal(xs_local_read(store, BACK "/state", NULL), state);
}

static int begin(void **state)
{
	(void)state;
	host_loop_reset();
	store = xs_create(&xs_default_limits, 1);
	assert_non_null(store);
	xs_domain_introduce(store, 0);
	xs_domain_introduce(store, DOMAIN);
	connects = disconnects = removals = 0;
	refusal = NULL;
	held = class.patient = false;
	device = calloc(1, sizeof(*device));
	assert_true(xenbus_create(device, &class, DOMAIN, 0));
	assert_true(xenbus_announce(device));
	settle();
	return 0;
}

static int end(void **state)
{
	(void)state;
	xenbus_domain_ends(DOMAIN);
	assert_null(xenbus_first());
	assert_null(xs_local_read(store, "/local/domain/0/backend/vif/3", NULL));
	assert_int_equal(connects - (refusal ? connects : 0), disconnects);
	assert_int_equal(removals, 1);
	xs_destroy(store);
	return 0;
}

static void directories(void **state)
{
	struct xs_perm perms[2];
	unsigned nr;

	(void)state;
	expect_back("2");
	assert_string_equal(xs_local_read(store, FRONT "/state", NULL), "1");
	assert_string_equal(xs_local_read(store, FRONT "/backend", NULL), BACK);
	xs_local_get_perms(store, FRONT "/state", perms, 2, &nr);
	assert_int_equal(perms[0].domid, DOMAIN);
	xs_local_get_perms(store, BACK "/state", perms, 2, &nr);
	assert_int_equal(nr, 2);
	assert_int_equal(perms[0].domid, 0);
	assert_int_equal(perms[0].bits, XS_PERM_NONE);
	assert_int_equal(perms[1].domid, DOMAIN);
	assert_int_equal(perms[1].bits, XS_PERM_READ);
	assert_ptr_equal(xenbus_find(&class, DOMAIN, 0), device);
	assert_null(xenbus_find(&class, DOMAIN, 1));
}

static void connects_once(void **state)
{
	(void)state;
	front("3");
	front("4");
	assert_int_equal(connects, 1);
	expect_back("4");
}

static void closes_and_reopens(void **state)
{
	(void)state;
	front("4");
	front("5");
	assert_int_equal(disconnects, 1);
	expect_back("5");
	front("6");
	expect_back("6");
	front("4");
	assert_int_equal(connects, 1);
	front("1");
	expect_back("2");
	front("4");
	assert_int_equal(connects, 2);
	expect_back("4");
}

static void starts_again_without_a_word(void **state)
{
	(void)state;
	front("4");
	front("1");
	assert_int_equal(disconnects, 1);
	expect_back("2");
	front("4");
	assert_int_equal(connects, 2);
}

static void refused(void **state)
{
	(void)state;
	refusal = "no rings";
	host_loop_advance(1);
	front("4");
	expect_back("6");
	assert_string_equal(xs_local_read(store, BACK "/error", NULL), "no rings");
	assert_int_equal(host_notices(), 1);
	/* Again and again: the person hears of it now and then. */
	for (unsigned i = 0; i < 100; i++) {
		front("1");
		front("4");
	}
	assert_int_equal(connects, 101);
	assert_int_equal(host_notices(), 1);
	host_loop_advance(11000000000ull);
	front("1");
	front("4");
	assert_int_equal(host_notices(), 2);
}

static void nonsense(void **state)
{
	static const char *const words[] = { "9", "-1", "4x", "", "99999999999999999999", "7" };
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		front(words[i]);
	assert_int_equal(connects, 0);
}

static void node_removed_while_connected(void **state)
{
	(void)state;
	front("4");
	xs_local_rm(store, FRONT);
	settle();
	assert_int_equal(disconnects, 1);
	expect_back("6");
}

static void detached_politely(void **state)
{
	(void)state;
	front("4");
	xenbus_detach(device);
	settle();
	expect_back("5");
	assert_string_equal(xs_local_read(store, BACK "/online", NULL), "0");
	front("5");
	assert_int_equal(removals, 0);
	front("6");
	assert_int_equal(removals, 1);
	assert_null(xs_local_read(store, FRONT "/state", NULL));
}

static void detached_from_one_that_does_not_listen(void **state)
{
	(void)state;
	front("4");
	xenbus_detach(device);
	settle();
	host_loop_advance(9000000000ull);
	assert_int_equal(removals, 0);
	host_loop_advance(2000000000ull);
	assert_int_equal(removals, 1);
	assert_int_equal(disconnects, 1);
}

static void detached_before_it_was_used(void **state)
{
	(void)state;
	xenbus_detach(device);
	assert_int_equal(removals, 1);
}

/* A device still uses the guest's memory: the guest is not told that it is closed. */
static void closes_when_idle(void **state)
{
	(void)state;
	front("4");
	held = true;
	front("6");
	assert_int_equal(disconnects, 1);
	expect_back("4");
	front("1");
	assert_int_equal(connects, 1);
	held = false;
	xenbus_idle(device);
	settle();
	expect_back("2");
}

static void removed_when_idle(void **state)
{
	(void)state;
	front("4");
	held = true;
	xenbus_domain_ends(DOMAIN);
	assert_int_equal(removals, 0);
	assert_null(xs_local_read(store, FRONT "/state", NULL));
	xenbus_idle(device);
	assert_int_equal(removals, 1);
}

static void patient_one_waits_for_closed(void **state)
{
	(void)state;
	class.patient = true;
	front("4");
	xenbus_detach(device);
	front("5");
	assert_int_equal(disconnects, 0);
	host_loop_advance(100000000000ull);
	assert_int_equal(removals, 0);
	front("6");
	assert_int_equal(removals, 1);
}

static void numbers_are_checked(void **state)
{
	unsigned long value = 7;

	(void)state;
	xenbus_write_front(device, "n", "%u", 500);
	assert_true(xenbus_read_number(device, "n", 500, &value));
	assert_int_equal(value, 500);
	assert_false(xenbus_read_number(device, "n", 499, &value));
	xenbus_write_front(device, "n", "12 ");
	assert_false(xenbus_read_number(device, "n", 500, &value));
	assert_false(xenbus_read_number(device, "missing", 500, &value));
	xenbus_write_front(device, "n", "1");
	assert_true(xenbus_read_flag(device, "n"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	static const struct CMUnitTest tests[] = {
		T(directories),
		T(connects_once),
		T(closes_and_reopens),
		T(starts_again_without_a_word),
		T(refused),
		T(nonsense),
		T(node_removed_while_connected),
		T(detached_politely),
		T(detached_from_one_that_does_not_listen),
		T(detached_before_it_was_used),
		T(closes_when_idle),
		T(removed_when_idle),
		T(patient_one_waits_for_closed),
		T(numbers_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
