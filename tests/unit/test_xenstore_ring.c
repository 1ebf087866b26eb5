/* SPDX-License-Identifier: MIT */
/* xenstore over the shared page: wrapping, waiting, and guests that spoil it. */
#include "tests/host/xenstore_test.h"

#include "dom0/xenstore/ring.h"

static struct xenstore_domain_interface page;
static struct xs_ring *ring;
static unsigned notifications, kicks;

static void count_notification(void *arg)
{
	(void)arg;
	notifications++;
}

static void count_kick(void *arg)
{
	(void)arg;
	kicks++;
}

static const struct xs_ring_ops ops = { count_notification, count_kick };

static int setup_ring(void **state)
{
	setup(state);
	memset(&page, 0, sizeof(page));
	/* Indexes of a guest that has talked to another kernel's xenstore before. */
	page.req_cons = page.req_prod = 0xfffffff0u;
	page.rsp_cons = page.rsp_prod = 1000;
	notifications = kicks = 0;
	ring = xs_ring_create(one.conn, &page, &ops, NULL);
	return !ring;
}

static int teardown_ring(void **state)
{
	xs_ring_destroy(ring);
	return teardown(state);
}

/* ---- the guest's side ---- */

static void put(const void *bytes, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++) {
		if (page.req_prod - page.req_cons == XENSTORE_RING_SIZE)
			xs_ring_serve(ring);
		assert_true(page.req_prod - page.req_cons < XENSTORE_RING_SIZE);
		page.req[MASK_XENSTORE_IDX(page.req_prod)] = ((const char *)bytes)[i];
		page.req_prod++;
	}
}

static void request(uint32_t type, const void *body, uint32_t len)
{
	struct xsd_sockmsg header = { .type = type, .req_id = 1, .len = len };

	put(&header, sizeof(header));
	put(body, len);
}

static void get(void *bytes, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++) {
		if (page.rsp_cons == page.rsp_prod)
			xs_ring_serve(ring);
		assert_int_not_equal(page.rsp_cons, page.rsp_prod);
		((char *)bytes)[i] = page.rsp[MASK_XENSTORE_IDX(page.rsp_cons)];
		page.rsp_cons++;
	}
}

static struct xsd_sockmsg reply(char *body)
{
	struct xsd_sockmsg header;

	get(&header, sizeof(header));
	get(body, header.len);
	return header;
}

/* ---- tests ---- */

static void test_wrap(void **state)
{
	char value[3000], body[XENSTORE_PAYLOAD_MAX];
	unsigned i;

	(void)state;
	for (i = 0; i < 200; i++) {
		uint32_t len = 4 + i * 7 % 1900;

		memset(value, 'a' + (int)(i % 26), sizeof(value));
		memcpy(value, "k", 2);
		request(XS_WRITE, value, len);
		assert_int_equal(reply(body).type, XS_WRITE);
		request(XS_READ, "k", 2);
		assert_int_equal(reply(body).len, len - 2);
		assert_memory_equal(body, value + 2, len - 2);
	}
	assert_true(notifications > 200);
	assert_int_equal(xs_ring_error(ring), 0);
	assert_int_equal(page.error, XENSTORE_ERROR_NONE);
	assert_true(page.server_features & XENSTORE_SERVER_FEATURE_ERROR);
}

static void test_events_kick(void **state)
{
	char body[XENSTORE_PAYLOAD_MAX];

	(void)state;
	request(XS_WATCH, "a\0t", 4);
	assert_int_equal(reply(body).type, XS_WATCH);
	assert_int_equal(reply(body).type, XS_WATCH_EVENT);
	kicks = 0;
	expect(dom0, XS_WRITE, 0, "/local/domain/1/a|v", "OK");
	assert_int_equal(kicks, 1);
	assert_int_equal(page.rsp_cons, page.rsp_prod);
	assert_false(xs_ring_serve(ring));
	assert_int_equal(reply(body).type, XS_WATCH_EVENT);
	assert_string_equal(body, "a");
}

static void test_bad_request_index(void **state)
{
	(void)state;
	page.req_prod = page.req_cons + XENSTORE_RING_SIZE + 1;
	assert_false(xs_ring_serve(ring));
	assert_int_equal(xs_ring_error(ring), XENSTORE_ERROR_RINGIDX);
	assert_int_equal(page.error, XENSTORE_ERROR_RINGIDX);
	page.req_prod = page.req_cons;
	assert_false(xs_ring_serve(ring));
	assert_int_equal(xs_ring_error(ring), XENSTORE_ERROR_RINGIDX);
}

static void test_bad_reply_index(void **state)
{
	(void)state;
	page.rsp_cons = page.rsp_prod + 1;
	assert_false(xs_ring_serve(ring));
	assert_int_equal(xs_ring_error(ring), XENSTORE_ERROR_RINGIDX);
}

static void test_too_long(void **state)
{
	struct xsd_sockmsg header = { .type = XS_WRITE, .len = ~0u };

	(void)state;
	put(&header, sizeof(header));
	assert_false(xs_ring_serve(ring));
	assert_int_equal(page.error, XENSTORE_ERROR_PROTO);
	expect(two, XS_WRITE, 0, "a|b", "OK");
}

/* The guest writes over our own indexes: they are not read. */
static void test_spoiled_indexes(void **state)
{
	char body[XENSTORE_PAYLOAD_MAX];
	XENSTORE_RING_IDX prod = page.rsp_prod;

	(void)state;
	request(XS_READ, "k", 2);
	page.rsp_prod = 7;
	page.req_cons = 99;
	assert_false(xs_ring_serve(ring));
	assert_int_equal(page.req_cons, page.req_prod);
	page.rsp_cons = prod;
	assert_int_equal(reply(body).type, XS_ERROR);
	assert_string_equal(body, "ENOENT");
}

static void test_never_reads(void **state)
{
	struct xsd_sockmsg header = { .type = XS_GET_DOMAIN_PATH, .req_id = 1, .len = 2 };
	unsigned i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		if (page.req_prod - page.req_cons + sizeof(header) + 2 > XENSTORE_RING_SIZE)
			break;
		put(&header, sizeof(header));
		put("1", 2);
		xs_ring_serve(ring);
	}
	assert_true(i < 200);
	assert_false(xs_ring_serve(ring));
	expect(two, XS_WRITE, 0, "a|b", "OK");
	/* It starts to read: all is served. */
	page.rsp_cons = page.rsp_prod;
	while (xs_ring_serve(ring) || page.rsp_cons != page.rsp_prod)
		page.rsp_cons = page.rsp_prod;
	assert_int_equal(page.req_cons, page.req_prod);
	assert_int_equal(xs_ring_error(ring), 0);
}

int main(void)
{
#define ringed(name) cmocka_unit_test_setup_teardown(name, setup_ring, teardown_ring)
	const struct CMUnitTest tests[] = {
		ringed(test_wrap),
		ringed(test_events_kick),
		ringed(test_bad_request_index),
		ringed(test_bad_reply_index),
		ringed(test_too_long),
		ringed(test_spoiled_indexes),
		ringed(test_never_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
