// SPDX-License-Identifier: MIT
// The addresses that a guest may send from (dom0/net/source.c), from its description on.
#include "tests/host/cmocka_all.h"

#include <string.h>

#include "dom0/net/headers.h"
#include "dom0/net/source.h"
#include "dom0/net/vif.h"
#include "tests/host/netfront.h"

#define LENGTH 100u

static struct net_port port;
static struct net_packet packet;
static uint8_t data[LENGTH];
static uint8_t *const ip = data + NET_HEADER;

/* netfront_tcp_headers() sends from 10.0.0.1. */
static int begin(void **state)
{
	struct vif_spec vif;

	(void)state;
	assert_null(vif_parse(&vif, "ip=192.168.255.254,ip=10.0.0.1"));
	assert_int_equal(vif.nr_addresses, 2);
	assert_int_equal(vif.addresses[0], 0xc0a8fffeu);
	memset(&port, 0, sizeof(port));
	memcpy(port.mac, "\0\x16\x3e\0\0\1", NET_MAC);
	memcpy(port.addresses, vif.addresses, sizeof(port.addresses));
	port.nr_addresses = vif.nr_addresses;
	memset(data, 0, sizeof(data));
	netfront_tcp_headers(data, 2, 1, LENGTH);
	packet = (struct net_packet){ .data = data, .length = LENGTH };
	return 0;
}

static bool allowed(void)
{
	return source_allowed(&port, &packet);
}

static void descriptions(void **state)
{
	static const char *const bad[] = {
		"ip=",
		"ip=10.0.0",
		"ip=10.0.0.1.2",
		"ip=10.0.0.256",
		"ip=10.0.0.1/24",
		"ip=fd00::1",
		"ip=10.0.0.-1",
		"ip=0.0.0.0",
		"ip=10.0.0.1,filter=0",
		"filter=0,ip=10.0.0.1",
		"ip=1.1.1.1,ip=1.1.1.2,ip=1.1.1.3,ip=1.1.1.4,ip=1.1.1.5",
	};
	struct vif_spec vif;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(vif_parse(&vif, bad[i]));
}

static void numbers(void **state)
{
	struct vif_spec vif;

	(void)state;
	assert_null(vif_parse(&vif, "devid=7"));
	assert_true(vif.has_devid && vif.devid == 7);
	assert_non_null(vif_parse(&vif, "devid=8"));
	assert_non_null(vif_parse(&vif, "devid="));
	assert_non_null(vif_parse(&vif, "devid=1x"));
}

static void its_own_addresses_only(void **state)
{
	(void)state;
	assert_true(allowed());
	put32(ip + IPV4_ADDRESSES, 0xc0a8fffeu);
	assert_true(allowed());
	put32(ip + IPV4_ADDRESSES, 0x0a000002u);
	assert_false(allowed());
	put32(ip + IPV4_ADDRESSES, 0);
	assert_false(allowed());
	put32(ip + IPV4_ADDRESSES, 0x0a000001u);
	data[NET_MAC + 5] = 9;
	assert_false(allowed());
}

static void without_a_list_any(void **state)
{
	(void)state;
	port.nr_addresses = 0;
	put32(ip + IPV4_ADDRESSES, 0x0a000002u);
	assert_true(allowed());
	put16(data + ETHERNET_TYPE, TYPE_IPV6);
	assert_true(allowed());
	data[NET_MAC + 5] = 9;
	assert_false(allowed());
}

/* What is not all there, or only looks like it. */
static void cut_short(void **state)
{
	struct net_source source;

	(void)state;
	for (packet.length = NET_HEADER; packet.length < NET_HEADER + IPV4_HEADER; packet.length++)
		assert_false(allowed());
	assert_true(allowed());
	packet.source = &source;
	packet.present = NET_HEADER + IPV4_HEADER - 1;
	assert_false(allowed());
	packet.source = NULL;
	ip[0] = 0x65;
	assert_false(allowed());
}

static void other_protocols(void **state)
{
	(void)state;
	put16(data + ETHERNET_TYPE, TYPE_IPV6);
	assert_false(allowed());
	put16(data + ETHERNET_TYPE, TYPE_VLAN);
	assert_false(allowed());
	put16(data + ETHERNET_TYPE, 0x88b5);
	assert_false(allowed());
}

static void dhcp_before_there_is_an_address(void **state)
{
	uint8_t *udp = ip + IPV4_HEADER;

	(void)state;
	put32(ip + IPV4_ADDRESSES, 0);
	ip[IPV4_PROTOCOL] = PROTOCOL_UDP;
	put16(udp, DHCP_CLIENT);
	put16(udp + 2, DHCP_SERVER);
	assert_true(allowed());
	put16(udp + 2, DHCP_SERVER + 1);
	assert_false(allowed());
	put16(udp + 2, DHCP_SERVER);
	put16(udp, DHCP_SERVER);
	assert_false(allowed());
	put16(udp, DHCP_CLIENT);
	put16(ip + IPV4_FRAGMENT, 1);
	assert_false(allowed());
	put16(ip + IPV4_FRAGMENT, 0);
	ip[0] = 0x4f;
	packet.length = NET_HEADER + 60 + UDP_HEADER - 1;
	assert_false(allowed());
	ip[0] = 0x44;
	assert_false(allowed());
}

static void arp(void **state)
{
	(void)state;
	put16(data + ETHERNET_TYPE, TYPE_ARP);
	memcpy(ip, ARP_IPV4, sizeof(ARP_IPV4) - 1);
	memcpy(ip + ARP_SENDER_MAC, port.mac, NET_MAC);
	put32(ip + ARP_SENDER_IP, 0x0a000001u);
	assert_true(allowed());
	put32(ip + ARP_SENDER_IP, 0);
	assert_true(allowed());
	put32(ip + ARP_SENDER_IP, 0x0a000002u);
	assert_false(allowed());
	put32(ip + ARP_SENDER_IP, 0x0a000001u);
	ip[ARP_SENDER_MAC + 5] = 2;
	assert_false(allowed());
	ip[ARP_SENDER_MAC + 5] = 1;
	ip[5] = 16;
	assert_false(allowed());
	ip[5] = 4;
	packet.length = NET_HEADER + ARP_BYTES - 1;
	assert_false(allowed());
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, begin)
	static const struct CMUnitTest tests[] = {
		T(descriptions),
		T(numbers),
		T(its_own_addresses_only),
		T(without_a_list_any),
		T(cut_short),
		T(other_protocols),
		T(dhcp_before_there_is_an_address),
		T(arp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
