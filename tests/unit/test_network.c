// SPDX-License-Identifier: MIT
// Bridges, checksums, segmentation, and descriptions of interfaces (dom0/net).
#include "tests/host/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "dom0/net/bridge.h"
#include "dom0/net/bridge_table.h"
#include "dom0/net/headers.h"
#include "dom0/net/offload.h"
#include "dom0/net/vif.h"
#include "tests/host/dom0.h"
#include "tests/host/netfront.h"

#define PORTS 4u

/* Ports that keep the last packet and count. */
static struct sink {
	struct net_port port;
	unsigned count, flushes;
	uint8_t last[NET_PACKET_MAX];
	uint32_t length;
	bool blank;
} sinks[PORTS];

static void keep(struct net_port *port, struct net_packet *packet)
{
	struct sink *s = port->driver;

	s->count++;
	s->length = packet->length;
	s->blank = packet->csum_blank;
	memcpy(s->last, packet->data, packet->length);
	net_packet_put(packet);
}

static void flushed(struct net_port *port)
{
	((struct sink *)port->driver)->flushes++;
}

static int begin(void **state)
{
	unsigned i;

	(void)state;
	host_loop_reset();
	memset(sinks, 0, sizeof(sinks));
	for (i = 0; i < PORTS; i++) {
		struct net_port *port = &sinks[i].port;

		port->transmit = keep;
		port->flush = flushed;
		port->driver = &sinks[i];
		port->name[0] = 'p';
		port->name[1] = (char)('0' + i);
		net_port_register(port);
		assert_null(bridge_add_port("br7", port));
	}
	return 0;
}

static int end(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < PORTS; i++)
		net_port_unregister(&sinks[i].port);
	assert_null(bridge_first());
	return 0;
}

static void mac(uint8_t *at, unsigned number)
{
	memset(at, 0, NET_MAC);
	at[0] = 2;
	put32(at + 2, number);
}

static struct net_packet *make(unsigned to, unsigned from, unsigned length)
{
	struct net_packet *packet = net_packet_alloc(length);

	assert_non_null(packet);
	memset(packet->data, 0x55, length);
	mac(packet->data, to);
	mac(packet->data + NET_MAC, from);
	packet->length = length;
	return packet;
}

static unsigned pass(unsigned port, unsigned to, unsigned from)
{
	unsigned count = net_receive(&sinks[port].port, make(to, from, 60));

	net_flush();
	return count;
}

/* ---- bridges ---- */

static void unknown_goes_to_all_and_is_learned(void **state)
{
	(void)state;
	assert_int_equal(pass(0, 20, 10), 3);
	assert_int_equal(sinks[0].count, 0);
	assert_int_equal(pass(1, 10, 20), 1);
	assert_int_equal(sinks[0].count, 1);
	assert_int_equal(pass(0, 20, 10), 1);
	assert_int_equal(sinks[1].count, 2);
	assert_int_equal(sinks[2].count, 1);
	assert_int_equal(sinks[2].flushes, 1);
}

static void addresses_move_and_age(void **state)
{
	(void)state;
	pass(0, 1, 10);
	assert_int_equal(pass(1, 10, 20), 1);
	pass(2, 1, 10);
	pass(1, 10, 20);
	assert_int_equal(sinks[0].count, 2);
	assert_int_equal(sinks[2].count, 2);
	host_loop_advance(BRIDGE_AGE_NS + 1);
	assert_int_equal(pass(1, 10, 20), 3);
}

static void same_port_gets_nothing_back(void **state)
{
	(void)state;
	pass(0, 1, 10);
	assert_int_equal(pass(0, 10, 11), 0);
	assert_int_equal(sinks[0].count, 0);
}

static void table_is_bounded(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 3 * BRIDGE_ADDRESSES_MAX; i++)
		pass(0, 1, 1000 + i);
	assert_int_equal(sinks[0].port.bridge->nr_learned, BRIDGE_ADDRESSES_MAX);
	/* Old ones make room. */
	host_loop_advance(BRIDGE_AGE_NS + 1);
	pass(1, 1, 5);
	assert_int_equal(sinks[0].port.bridge->nr_learned, 1);
	assert_int_equal(pass(0, 5, 1000), 1);
}

static void fixed_address_cannot_be_taken(void **state)
{
	struct sink *guest = &sinks[3], *thief = &sinks[0];

	(void)state;
	bridge_remove_port(&guest->port);
	guest->port.filtered = true;
	mac(guest->port.mac, 77);
	pass(0, 1, 77);
	assert_null(bridge_add_port("br7", &guest->port));
	assert_int_equal(pass(0, 1, 77), 2);
	assert_int_equal(pass(1, 77, 20), 1);
	assert_int_equal(guest->count, 1);
	assert_int_equal(pass(3, 20, 78), 0);
	assert_int_equal(guest->port.received.dropped, 1);
	/* Nor by a second guest. */
	bridge_remove_port(&thief->port);
	thief->port.filtered = true;
	mac(thief->port.mac, 77);
	assert_non_null(bridge_add_port("br7", &thief->port));
	assert_null(thief->port.bridge);
	/* What is for somebody unknown is not for a filtered port. */
	assert_int_equal(pass(1, 99, 20), 1);
	assert_int_equal(guest->count, 1);
}

static void port_that_leaves_is_forgotten(void **state)
{
	(void)state;
	pass(0, 1, 10);
	net_receive(&sinks[1].port, make(10, 20, 60));
	bridge_remove_port(&sinks[0].port);
	net_flush();
	assert_int_equal(sinks[0].flushes, 0);
	assert_int_equal(pass(1, 10, 20), 2);
}

static void bad_frames(void **state)
{
	struct net_packet *packet = make(1, 2, 13);

	(void)state;
	assert_int_equal(net_receive(&sinks[0].port, packet), 0);
	assert_int_equal(net_receive(&sinks[0].port, make(1, 2, NET_FRAME_MAX + 1)), 0);
	packet = make(1, 2, 60);
	packet->data[NET_MAC] |= 1;
	assert_int_equal(net_receive(&sinks[0].port, packet), 0);
	packet = make(1, 2, 60);
	packet->csum_blank = true;
	packet->csum_start = 40;
	packet->csum_offset = 19;
	assert_int_equal(net_receive(&sinks[0].port, packet), 0);
	assert_int_equal(sinks[0].port.received.errors, 4);
	packet = make(1, 2, 60);
	memcpy(packet->data, "\x01\x80\xc2\0\0\x0e", NET_MAC);
	assert_int_equal(net_receive(&sinks[0].port, packet), 0);
	assert_int_equal(sinks[0].port.received.dropped, 1);
}

static void names_of_bridges(void **state)
{
	struct net_port port = { .transmit = keep };

	(void)state;
	assert_true(bridge_name_valid("br0") && bridge_name_valid("br999"));
	assert_false(bridge_name_valid("br") || bridge_name_valid("br1000") ||
		     bridge_name_valid("xenbr0") || bridge_name_valid("br0x"));
	assert_non_null(bridge_add_port("nonsense", &port));
}

/* ---- sums and segments ---- */

static uint16_t plain_sum(const uint8_t *data, unsigned length, uint32_t sum)
{
	unsigned i;

	for (i = 0; i < length; i++)
		sum += i & 1 ? data[i] : (uint32_t)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void sum_agrees_with_a_plain_one(void **state)
{
	uint8_t data[2048], memory[2];
	unsigned i, length;
	uint16_t sum;

	(void)state;
	for (i = 0; i < 3000; i++) {
		unsigned from = (unsigned)rand() % 8;

		length = (unsigned)rand() % 1500;
		for (unsigned j = 0; j < sizeof(data); j++)
			data[j] = i % 3 ? (uint8_t)rand() : 0xff;
		sum = net_sum(data + from, length, 0);
		memcpy(memory, &sum, 2);
		assert_int_equal(get16(memory) % 0xffff,
				 plain_sum(data + from, length, 0) % 0xffff);
	}
}

/* Of Ethernet, IPv4 or IPv6, and TCP. */
static unsigned headers_of(const uint8_t *data)
{
	return NET_HEADER + TCP_HEADER +
	       (get16(data + ETHERNET_TYPE) == TYPE_IPV4 ? IPV4_HEADER : IPV6_HEADER);
}

static struct net_packet *tcp(enum net_gso version, unsigned length, unsigned gso_size)
{
	struct net_packet *packet = net_packet_alloc(length);
	unsigned i;

	if (version == NET_GSO_TCPV4)
		netfront_tcp_headers(packet->data, 9, 8, length);
	else
		netfront_tcp6_headers(packet->data, 9, 8, length);
	for (i = headers_of(packet->data); i < length; i++)
		packet->data[i] = (uint8_t)(i * 13 + i / 251);
	packet->length = length;
	packet->csum_blank = true;
	assert_true(offload_locate_csum(packet));
	packet->gso = gso_size ? version : NET_GSO_NONE;
	packet->gso_size = (uint16_t)gso_size;
	return packet;
}

/* As the receiver checks it. */
static void check_tcp_sum(const uint8_t *data, unsigned length)
{
	unsigned at = headers_of(data) - TCP_HEADER, bytes = length - at;
	bool v4 = get16(data + ETHERNET_TYPE) == TYPE_IPV4;
	unsigned addresses = v4 ? 8 : 32;
	uint32_t pseudo = PROTOCOL_TCP + bytes;

	pseudo += plain_sum(data + at - addresses, addresses, 0);
	assert_int_equal(plain_sum(data + at, bytes, pseudo), 0xffff);
	if (v4)
		assert_int_equal(plain_sum(data + NET_HEADER, IPV4_HEADER, 0), 0xffff);
}

static void missing_sum_is_added_once_for_all(void **state)
{
	unsigned i;

	(void)state;
	sinks[1].port.features = NET_CSUM;
	net_receive(&sinks[0].port, tcp(NET_GSO_TCPV4, 1001, 0));
	for (i = 1; i < PORTS; i++) {
		assert_false(sinks[i].blank);
		check_tcp_sum(sinks[i].last, 1001);
	}
}

/* Port 1 has the address that tcp() sends to. */
static void learn_receiver(void)
{
	struct net_packet *packet = make(1, 9, 60);

	memcpy(packet->data + NET_MAC, "\0\x16\x3e\0\0\x09", NET_MAC);
	net_receive(&sinks[1].port, packet);
}

/* Who can add the sums of IPv4 need not be able to do so for IPv6, and the other way round. */
static void versions_have_features_of_their_own(void **state)
{
	enum net_gso version;

	(void)state;
	learn_receiver();
	for (version = NET_GSO_TCPV4; version <= NET_GSO_TCPV6; version++) {
		bool v4 = version == NET_GSO_TCPV4;

		sinks[1].port.features = v4 ? NET_CSUM6 : NET_CSUM;
		net_receive(&sinks[0].port, tcp(version, 1001, 0));
		assert_false(sinks[1].blank);
		check_tcp_sum(sinks[1].last, 1001);
		sinks[1].port.features = v4 ? NET_CSUM : NET_CSUM6;
		net_receive(&sinks[0].port, tcp(version, 1001, 0));
		assert_true(sinks[1].blank);
		/* Cut for it, but not summed; then neither. */
		sinks[1].count = 0;
		net_receive(&sinks[0].port, tcp(version, 5000, 1000));
		assert_int_equal(sinks[1].count, 5);
		assert_true(sinks[1].blank);
		sinks[1].port.features |= v4 ? NET_TSO4 : NET_TSO6;
		net_receive(&sinks[0].port, tcp(version, 5000, 1000));
		assert_int_equal(sinks[1].count, 6);
		assert_int_equal(sinks[1].length, 5000);
	}
}

static unsigned nr_segments, total;

static void check_segment(void *arg, struct net_packet *segment)
{
	const struct net_packet *whole = arg;
	unsigned headers = headers_of(whole->data);
	uint32_t bytes = segment->length - headers;
	const uint8_t *ip = segment->data + NET_HEADER, *tcp = segment->data + headers - TCP_HEADER;

	assert_true(bytes <= whole->gso_size);
	assert_memory_equal(segment->data + headers, whole->data + headers + total, bytes);
	assert_int_equal((uint32_t)(get32(tcp + TCP_SEQUENCE) + 16), total);
	if (whole->gso == NET_GSO_TCPV4)
		assert_int_equal((uint16_t)(get16(ip + IPV4_ID) + 2), nr_segments);
	else
		assert_int_equal(get16(ip + IPV6_PAYLOAD), TCP_HEADER + bytes);
	assert_int_equal(!!(tcp[TCP_FLAGS] & TCP_CWR), !total);
	check_tcp_sum(segment->data, segment->length);
	total += bytes;
	assert_int_equal(!!(tcp[TCP_FLAGS] & TCP_FIN), total == whole->length - headers);
	nr_segments++;
	net_packet_put(segment);
}

static void check_segments(enum net_gso version)
{
	static const unsigned lengths[] = { 1, 2, 1000, 1001, 1999, 65535 + NET_HEADER };
	unsigned i;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		unsigned headers = version == NET_GSO_TCPV4 ? 54 : 74;
		unsigned length = lengths[i] > 60000 ? lengths[i] : headers + lengths[i];
		struct net_packet *packet = tcp(version, length, 1000);

		nr_segments = total = 0;
		assert_true(offload_check(packet));
		assert_int_equal(offload_segment(packet, false, check_segment, packet),
				 nr_segments);
		assert_int_equal(total, length - headers);
		assert_int_equal(nr_segments, (length - headers + 999) / 1000);
		net_packet_put(packet);
	}
}

static void segments_are_the_whole(void **state)
{
	(void)state;
	check_segments(NET_GSO_TCPV4);
	check_segments(NET_GSO_TCPV6);
}

/* Headers of options between IPv6 and TCP are in each segment; one that ends nowhere is refused. */
static void segments_behind_extensions(void **state)
{
	struct net_packet *packet = tcp(NET_GSO_TCPV6, 3000, 1000);
	uint8_t *ip = packet->data + NET_HEADER;
	struct net_headers h;

	(void)state;
	memmove(ip + IPV6_HEADER + 16, ip + IPV6_HEADER, 3000 - NET_HEADER - IPV6_HEADER - 16);
	memset(ip + IPV6_HEADER, 0, 16);
	ip[IPV6_NEXT] = IPV6_HOP_BY_HOP;
	ip[IPV6_HEADER] = IPV6_DESTINATION;
	ip[IPV6_HEADER + 8] = PROTOCOL_TCP;
	assert_true(offload_locate_csum(packet));
	assert_true(offload_check(packet) && offload_parse(packet, &h));
	assert_int_equal(h.transport, NET_HEADER + IPV6_HEADER + 16);
	assert_int_equal(h.payload, h.transport + TCP_HEADER);
	ip[IPV6_HEADER + 9] = 255;
	assert_false(offload_check(packet));
	ip[IPV6_HEADER + 9] = 0;
	ip[IPV6_HEADER + 8] = IPV6_ROUTING;
	assert_false(offload_check(packet));
	net_packet_put(packet);
}

static void impossible_offloads(void **state)
{
	struct net_packet *packet = tcp(NET_GSO_TCPV4, 3000, 1000);

	(void)state;
	packet->gso_size = GSO_SIZE_MIN - 1;
	assert_false(offload_check(packet));
	packet->gso_size = NET_MTU;
	assert_false(offload_check(packet));
	packet->gso_size = 1000;
	packet->gso = NET_GSO_TCPV6;
	assert_false(offload_check(packet));
	packet->gso = NET_GSO_TCPV4;
	assert_true(offload_check(packet));
	packet->data[NET_HEADER + IPV4_HEADER + TCP_OFFSET] = 0x40;
	assert_false(offload_check(packet));
	packet->data[NET_HEADER + IPV4_HEADER + TCP_OFFSET] = 0x50;
	put16(packet->data + NET_HEADER + IPV4_FRAGMENT, 0x2000);
	assert_false(offload_check(packet));
	net_packet_put(packet);
}

/* ---- descriptions ---- */

static void good_descriptions(void **state)
{
	struct vif_spec vif;
	char text[VIF_MAC_TEXT];

	(void)state;
	assert_null(vif_parse(&vif, ""));
	assert_true(vif.used && !vif.has_mac && !vif.unfiltered && !vif.rate_bytes);
	assert_string_equal(vif.bridge, "br0");
	assert_null(
		vif_parse(&vif, "mac=00:16:3E:01:02:fc, bridge=br12,rate=10MB/s@20ms,filter=0"));
	assert_string_equal(vif_mac_text(vif.mac, text), "00:16:3e:01:02:fc");
	assert_string_equal(vif.bridge, "br12");
	assert_int_equal(vif.rate_bytes, 200000);
	assert_int_equal(vif.rate_interval_ns, 20000000);
	assert_true(vif.unfiltered);
	assert_null(vif_parse(&vif, "rate=8Mb/s"));
	assert_int_equal(vif.rate_bytes, 50000);
	assert_int_equal(vif.rate_interval_ns, 50000000);
	assert_null(vif_parse(&vif, "rate=8b/s"));
	assert_true(vif.rate_bytes > 0);
}

static void bad_descriptions(void **state)
{
	static const char *const bad[] = {
		"mac",
		"mac=",
		"mac=00:16:3e:01:02",
		"mac=01:16:3e:1:2:3",
		"mac=01:00:00:00:00:00",
		"bridge=xenbr0",
		"rate=10",
		"rate=10X/s",
		"rate=MB/s",
		"rate=1MB/s@",
		"rate=1MB/s@0ms",
		"rate=9999999GB/s",
		"rate=1MB/s@1h",
		"colour=red",
		"filter=2",
	};
	struct vif_spec vif;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(vif_parse(&vif, bad[i]));
}

static void made_addresses_are_stable_and_differ(void **state)
{
	uint8_t one[NET_MAC], two[NET_MAC];

	(void)state;
	vif_make_mac(one, "web", 0, 0);
	vif_make_mac(two, "web", 0, 0);
	assert_memory_equal(one, two, NET_MAC);
	assert_memory_equal(one, "\x00\x16\x3e", 3);
	vif_make_mac(two, "web", 1, 0);
	assert_memory_not_equal(one, two, NET_MAC);
	vif_make_mac(two, "web", 0, 1);
	assert_memory_not_equal(one, two, NET_MAC);
	vif_make_mac(two, "db", 0, 0);
	assert_memory_not_equal(one, two, NET_MAC);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	static const struct CMUnitTest tests[] = {
		T(unknown_goes_to_all_and_is_learned),
		T(addresses_move_and_age),
		T(same_port_gets_nothing_back),
		T(table_is_bounded),
		T(fixed_address_cannot_be_taken),
		T(port_that_leaves_is_forgotten),
		T(bad_frames),
		T(names_of_bridges),
		T(sum_agrees_with_a_plain_one),
		T(missing_sum_is_added_once_for_all),
		T(versions_have_features_of_their_own),
		T(segments_are_the_whole),
		T(segments_behind_extensions),
		T(impossible_offloads),
		T(good_descriptions),
		T(bad_descriptions),
		T(made_addresses_are_stable_and_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
