/* SPDX-License-Identifier: MIT */
/*
 * Fuzz harness of xenstore. The input is a script: guests 1 to 3 (and, when its first byte says so,
 * domain 0) send requests, well formed and not, in portions, read or do not read what comes back,
 * die and return. After each step all counters are checked against a recount, and each guest against
 * its limits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/io/xs_wire.h>

#include "dom0/xenstore/xenstore.h"

#define NR_GUESTS 3
#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static const struct xs_limits limits = {
	.nodes = 24,
	.node_size = 128,
	.children = 6,
	.path = 64,
	.perms = 4,
	.watches = 5,
	.transactions = 3,
	.transaction_nodes = 24,
	.replies = 3,
	.events = 3,
	.memory = 12u << 10,
};

static struct {
	const uint8_t *next, *end;
} script;

static struct xs_store *store;
static struct xs_connection *conns[NR_GUESTS + 1]; /* by domain */
static struct xs_local_watch *watch;
static bool with_domain0;

static uint8_t take(void)
{
	return script.next < script.end ? *script.next++ : 0;
}

/* ---- requests ---- */

/* A path of a few short names, so that the same ones come up again. */
static size_t put_path(char *buf)
{
	static const char *const prefixes[] = {
		"",  "/local/domain/1/", "/local/domain/2/", "/local/domain/3/",
		"/", "/local/domain/",	 "@releaseDomain",   "a/../"
	};
	uint8_t choice = take();
	unsigned depth = choice >> 5, i;
	size_t n = (size_t)sprintf(buf, "%s", prefixes[choice & 7]);

	for (i = 0; i <= depth % 4; i++) {
		uint8_t name = take();

		if (i)
			buf[n++] = '/';
		if (name >= 0xf8) {
			memset(buf + n, 'x', (size_t)(name & 7) * 60);
			n += (size_t)(name & 7) * 60;
		} else if (name < 0xf0) {
			buf[n++] = (char)('a' + name % 8);
		}
	}
	buf[n] = '\0';
	return n + 1;
}

static size_t put_value(char *buf)
{
	static const char *const texts[] = { "T", "F", "n1", "r2", "b3", "w1", "r99", "token", "0" };
	uint8_t choice = take();
	size_t n;

	if (choice < 200) {
		n = (size_t)sprintf(buf, "%s", texts[choice % 9]) + 1;
		return choice & 0x40 ? n - 1 : n;
	}
	n = choice == 255 ? 3500 : choice - 200u;
	memset(buf, 'v', n);
	return n;
}

static void send_request(struct xs_connection *conn)
{
	static const uint8_t types[] = { XS_WRITE,
					 XS_READ,
					 XS_MKDIR,
					 XS_RM,
					 XS_WRITE,
					 XS_WATCH,
					 XS_SET_PERMS,
					 XS_DIRECTORY,
					 XS_TRANSACTION_START,
					 XS_TRANSACTION_END,
					 XS_UNWATCH,
					 XS_GET_PERMS,
					 XS_MKDIR,
					 XS_DIRECTORY_PART,
					 XS_RM,
					 XS_RESET_WATCHES };
	uint8_t choice = take(), portion = take();
	struct xsd_sockmsg header = { .type = types[choice & 15], .req_id = choice };
	char message[sizeof(header) + 12288];
	size_t len = sizeof(header), sent = 0;

	header.tx_id = choice & 0x30 ? (choice >> 4) & 7u : 0;
	if (header.type == XS_TRANSACTION_START)
		header.tx_id = 0;
	if (choice & 0x80)
		header.type = choice == 0xff ? XS_INVALID : choice & 0x1fu;
	if (header.type != XS_TRANSACTION_END)
		len += put_path(message + len);
	if (header.type != XS_READ && header.type != XS_RM && header.type != XS_DIRECTORY)
		len += put_value(message + len);
	if (header.type == XS_SET_PERMS)
		len += put_value(message + len);
	header.len = (uint32_t)(len - sizeof(header));
	if (portion == 255)
		header.len = 0xfffffff0u;
	memcpy(message, &header, sizeof(header));
	while (sent < len) {
		size_t n = portion & 1 ? 1 + portion / 2 : len - sent;

		n = n < len - sent ? n : len - sent;
		n = xs_input(conn, message + sent, n);
		if (!n)
			break;
		sent += n;
	}
}

static void send_garbage(struct xs_connection *conn)
{
	size_t n = take();

	if (n > (size_t)(script.end - script.next))
		n = (size_t)(script.end - script.next);
	xs_input(conn, script.next, n);
	script.next += n;
}

static void read_output(struct xs_connection *conn)
{
	char buf[700];
	size_t max = take() * 3u;

	REQUIRE(xs_output(conn, buf, max < sizeof(buf) ? max : sizeof(buf)) <= max);
}

/* ---- domains ---- */

static void begin(domid_t domid)
{
	struct xs_perm perm = { domid, XS_PERM_NONE };
	char home[32];

	sprintf(home, "/local/domain/%u", domid);
	REQUIRE(xs_local_mkdir(store, home) == 0);
	REQUIRE(xs_local_set_perms(store, home, &perm, 1) == 0);
	REQUIRE(xs_domain_introduce(store, domid) == 0);
	conns[domid] = xs_connect(store, domid);
	REQUIRE(conns[domid]);
}

static void end(domid_t domid)
{
	xs_disconnect(conns[domid]);
	conns[domid] = NULL;
	xs_domain_release(store, domid);
	REQUIRE(xs_nodes_owned(store, domid) == 0);
	REQUIRE(xs_memory_used(store, domid) == 0);
}

static void note_event(void *arg, const char *path)
{
	(void)arg;
	REQUIRE(strlen(path) <= XENSTORE_ABS_PATH_MAX);
}

static void domain_event(domid_t domid)
{
	switch (take() % 4) {
	case 0:
		end(domid);
		begin(domid);
		break;
	case 1:
		xs_reset(conns[domid]);
		break;
	case 2:
		xs_domain_shutdown(store, domid);
		break;
	default:
		xs_local_dispatch(store, take());
	}
}

/* ---- what must hold ---- */

static void check(void)
{
	const char *wrong = xs_check(store);
	size_t most = 2 * limits.memory + limits.nodes * (limits.node_size + 256);
	domid_t domid;

	if (wrong) {
		fprintf(stderr, "%s\n", wrong);
		abort();
	}
	for (domid = 1; !with_domain0 && domid <= NR_GUESTS; domid++) {
		REQUIRE(xs_nodes_owned(store, domid) <= limits.nodes);
		REQUIRE(xs_memory_used(store, domid) <= most);
	}
}

static void step(void)
{
	uint8_t what = take();
	unsigned first = with_domain0 ? 0 : 1;
	domid_t domid = (domid_t)(first + what % (NR_GUESTS + 1 - first));

	if (what >= 250 && domid)
		domain_event(domid);
	else if (what >= 240)
		send_garbage(conns[domid]);
	else if (what >= 200)
		read_output(conns[domid]);
	else
		send_request(conns[domid]);
	/* Whoever broke the protocol starts again. */
	if (xs_error(conns[domid]))
		xs_reset(conns[domid]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	domid_t domid;

	script.next = data;
	script.end = data + size;
	with_domain0 = take() & 1;
	store = xs_create(&limits, 1);
	REQUIRE(store);
	conns[0] = xs_connect(store, 0);
	for (domid = 1; domid <= NR_GUESTS; domid++)
		begin(domid);
	watch = xs_local_watch(store, "/local/domain", note_event, NULL);
	while (script.next < script.end) {
		step();
		check();
	}
	for (domid = 1; domid <= NR_GUESTS; domid++)
		end(domid);
	xs_disconnect(conns[0]);
	xs_local_unwatch(watch);
	check();
	xs_destroy(store);
	return 0;
}
