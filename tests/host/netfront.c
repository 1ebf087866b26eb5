// SPDX-License-Identifier: MIT
// Simulated guests with network interfaces: see netfront.h.
#include "tests/host/netfront.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/net/bridge.h"
#include "dom0/net/headers.h"
#include "dom0/net/pages.h"
#include "guests/pvrt/event.h"
#include "tests/host/dom0.h"

struct netfront netfronts[FRONTS];
unsigned netfront_hypercalls, netfront_copies;
void (*netfront_meanwhile)(void);

/* ---- the machine ---- */

void *net_pages(unsigned count)
{
	return aligned_alloc(NET_PAGE, (size_t)count * NET_PAGE);
}

xen_pfn_t net_frame(const void *address)
{
	return (uintptr_t)address / NET_PAGE;
}

static uint8_t *granted(const struct gnttab_copy_ptr *at, bool write)
{
	struct netfront *f = &netfronts[at->domid - 1];

	if (!at->domid || at->domid > FRONTS || at->u.ref >= FRONT_PAGES || f->revoked[at->u.ref] ||
	    (write && f->read_only[at->u.ref]))
		return NULL;
	return f->pages[at->u.ref];
}

static int16_t copy(const struct gnttab_copy *op)
{
	bool from_guest = op->flags & GNTCOPY_source_gref, to_guest = op->flags & GNTCOPY_dest_gref;
	uint8_t *from = from_guest ? granted(&op->source, false)
				   : (uint8_t *)(uintptr_t)(op->source.u.gmfn * NET_PAGE);
	uint8_t *to = to_guest ? granted(&op->dest, true)
			       : (uint8_t *)(uintptr_t)(op->dest.u.gmfn * NET_PAGE);

	if (!from || !to)
		return GNTST_bad_gntref;
	if (op->source.offset + op->len > NET_PAGE || op->dest.offset + op->len > NET_PAGE)
		return GNTST_bad_copy_arg;
	memmove(to + op->dest.offset, from + op->source.offset, op->len);
	return GNTST_okay;
}

bool net_grant_copy(struct gnttab_copy *copies, unsigned count)
{
	unsigned i;

	netfront_hypercalls += count > 0;
	netfront_copies += count;
	for (i = 0; i < count; i++)
		copies[i].status = copy(&copies[i]);
	if (netfront_meanwhile)
		netfront_meanwhile();
	return true;
}

int event_send(evtchn_port_t port)
{
	if (port < FRONTS)
		netfronts[port].events++;
	return 0;
}

/* ---- guests ---- */

static uint8_t memory[FRONTS][FRONT_PAGES][NET_PAGE];

static void start(unsigned number)
{
	struct netfront *f = &netfronts[number];

	memset(f, 0, sizeof(*f));
	f->tx_page = aligned_alloc(NET_PAGE, NET_PAGE);
	f->rx_page = aligned_alloc(NET_PAGE, NET_PAGE);
	XEN_FRONT_RING_INIT(&f->tx, (netif_tx_sring_t *)f->tx_page, NET_PAGE);
	XEN_FRONT_RING_INIT(&f->rx, (netif_rx_sring_t *)f->rx_page, NET_PAGE);
	f->pages = memory[number];
	BACK_RING_ATTACH(&f->nb.rings.tx, f->tx.sring, 0, NET_PAGE);
	BACK_RING_ATTACH(&f->nb.rings.rx, f->rx.sring, 0, NET_PAGE);
	f->nb.rings.domain = (domid_t)(number + 1);
	f->nb.rings.tx_port = f->nb.rings.rx_port = number;
	f->nb.connected = true;
	snprintf(f->nb.port.name, NET_NAME_MAX, "vif%u.0", number + 1);
	memcpy(f->nb.port.mac, (const uint8_t[]){ 0, 0x16, 0x3e, 0, 0, (uint8_t)(number + 1) },
	       NET_MAC);
	f->nb.port.features = NET_DIRECT | NET_SG | NET_CSUM | NET_CSUM6 | NET_TSO4 | NET_TSO6;
	f->nb.port.filtered = true;
	f->nb.port.transmit = netback_transmit;
	f->nb.port.flush = netback_flush;
	f->nb.port.driver = &f->nb;
	net_port_register(&f->nb.port);
	bridge_add_port("br0", &f->nb.port);
}

void netfront_begin(void)
{
	unsigned i;

	host_loop_reset();
	netfront_hypercalls = netfront_copies = 0;
	netfront_meanwhile = NULL;
	for (i = 0; i < FRONTS; i++)
		start(i);
}

void netfront_end(void)
{
	unsigned i;

	for (i = 0; i < FRONTS; i++) {
		netback_rx_drop(&netfronts[i].nb);
		net_port_unregister(&netfronts[i].nb.port);
		free(netfronts[i].tx_page);
		free(netfronts[i].rx_page);
	}
}

/* ---- sending ---- */

void netfront_add_tx(struct netfront *f, unsigned ref, unsigned offset, unsigned size,
		     unsigned flags, unsigned id)
{
	netif_tx_request_t *request = RING_GET_REQUEST(&f->tx, f->tx.req_prod_pvt);

	*request = (netif_tx_request_t){ .gref = ref,
					 .offset = (uint16_t)offset,
					 .size = (uint16_t)size,
					 .flags = (uint16_t)flags,
					 .id = (uint16_t)id };
	f->tx.req_prod_pvt++;
}

void netfront_add_gso(struct netfront *f, unsigned type, unsigned size)
{
	struct netif_extra_info extra = { .type = XEN_NETIF_EXTRA_TYPE_GSO };

	extra.u.gso.type = (uint8_t)type;
	extra.u.gso.size = (uint16_t)size;
	memcpy(RING_GET_REQUEST(&f->tx, f->tx.req_prod_pvt), &extra, sizeof(extra));
	f->tx.req_prod_pvt++;
}

void netfront_push_tx(struct netfront *f)
{
	RING_PUSH_REQUESTS(&f->tx);
}

unsigned netfront_turns(struct netfront *f, unsigned most)
{
	unsigned turns = 0;

	while (turns++ < most && !f->nb.broken && netback_tx_turn(&f->nb, loop_now()) == TX_MORE)
		;
	return turns;
}

int netfront_tx_status(struct netfront *f, unsigned *id)
{
	netif_tx_response_t *response;

	if (!XEN_RING_NR_UNCONSUMED_RESPONSES(&f->tx))
		return -100;
	response = RING_GET_RESPONSE(&f->tx, f->tx.rsp_cons++);
	if (id)
		*id = response->id;
	return response->status;
}

void netfront_send(struct netfront *f, unsigned ref, const uint8_t *to, unsigned length,
		   uint8_t fill)
{
	memcpy(f->pages[ref], to, NET_MAC);
	memcpy(f->pages[ref] + NET_MAC, f->nb.port.mac, NET_MAC);
	memset(f->pages[ref] + 2 * NET_MAC, fill, length - 2 * NET_MAC);
	netfront_add_tx(f, ref, 0, length, 0, ref);
	netfront_push_tx(f);
}

/* ---- receiving ---- */

void netfront_post_rx(struct netfront *f, unsigned first, unsigned count)
{
	for (; count--; first++) {
		netif_rx_request_t *request = RING_GET_REQUEST(&f->rx, f->rx.req_prod_pvt);

		*request = (netif_rx_request_t){ .id = (uint16_t)first, .gref = first };
		f->rx.req_prod_pvt++;
	}
	RING_PUSH_REQUESTS(&f->rx);
}

unsigned netfront_receive(struct netfront *f, uint8_t *data, unsigned max, unsigned *flags,
			  struct netif_extra_info *extra)
{
	netif_rx_response_t response;
	unsigned length = 0;
	bool first = true, good = true;

	memset(extra, 0, sizeof(*extra));
	if (!XEN_RING_NR_UNCONSUMED_RESPONSES(&f->rx))
		return 0;
	do {
		response = *RING_GET_RESPONSE(&f->rx, f->rx.rsp_cons++);
		good = good && response.status >= 0 && length + (unsigned)response.status <= max;
		if (good) {
			memcpy(data + length, f->pages[response.id] + response.offset,
			       (size_t)response.status);
			length += (unsigned)response.status;
		}
		if (first)
			*flags = response.flags;
		if (first && response.flags & NETRXF_extra_info)
			memcpy(extra, RING_GET_RESPONSE(&f->rx, f->rx.rsp_cons++), sizeof(*extra));
		first = false;
	} while (response.flags & NETRXF_more_data);
	return good ? length : 0;
}

static void ethernet_header(uint8_t *data, unsigned to, unsigned from, unsigned type)
{
	static const uint8_t mac[NET_MAC - 1] = { 0, 0x16, 0x3e, 0, 0 };

	memcpy(data, mac, sizeof(mac));
	memcpy(data + NET_MAC, mac, sizeof(mac));
	data[5] = (uint8_t)to;
	data[11] = (uint8_t)from;
	put16(data + ETHERNET_TYPE, type);
}

/* A header of TCP for that many bytes with it; the addresses before it count in its sum. */
static void tcp_header(uint8_t *tcp, unsigned bytes, const uint8_t *addresses)
{
	uint8_t pseudo[4];
	uint16_t sum;

	put32(tcp + TCP_SEQUENCE, 0xfffffff0u);
	tcp[TCP_OFFSET] = 0x50;
	tcp[TCP_FLAGS] = TCP_FIN | TCP_PSH | TCP_CWR | 0x10;
	put16(pseudo, bytes);
	put16(pseudo + 2, PROTOCOL_TCP);
	sum = net_sum(addresses, (uint32_t)(tcp - addresses), net_sum(pseudo, sizeof(pseudo), 0));
	memcpy(tcp + TCP_CSUM, &sum, sizeof(sum));
}

void netfront_tcp_headers(uint8_t *data, unsigned to, unsigned from, unsigned length)
{
	uint8_t *ip = data + NET_HEADER, *tcp = ip + IPV4_HEADER;
	uint16_t sum;

	memset(data, 0, NET_HEADER + IPV4_HEADER + TCP_HEADER);
	ethernet_header(data, to, from, TYPE_IPV4);
	ip[0] = 0x45;
	put16(ip + IPV4_TOTAL, length - NET_HEADER);
	put16(ip + IPV4_ID, 0xfffe);
	ip[8] = 64;
	ip[IPV4_PROTOCOL] = PROTOCOL_TCP;
	put32(ip + IPV4_ADDRESSES, 0x0a000000u + from);
	put32(ip + IPV4_ADDRESSES + 4, 0x0a000000u + to);
	sum = (uint16_t)~net_sum(ip, IPV4_HEADER, 0);
	memcpy(ip + IPV4_CSUM, &sum, sizeof(sum));
	tcp_header(tcp, length - NET_HEADER - IPV4_HEADER, ip + IPV4_ADDRESSES);
}

void netfront_tcp6_headers(uint8_t *data, unsigned to, unsigned from, unsigned length)
{
	uint8_t *ip = data + NET_HEADER, *tcp = ip + IPV6_HEADER;

	memset(data, 0, NET_HEADER + IPV6_HEADER + TCP_HEADER);
	ethernet_header(data, to, from, TYPE_IPV6);
	ip[0] = 0x60;
	put16(ip + IPV6_PAYLOAD, length - NET_HEADER - IPV6_HEADER);
	ip[IPV6_NEXT] = PROTOCOL_TCP;
	ip[7] = 64;
	ip[IPV6_ADDRESSES] = ip[IPV6_ADDRESSES + 16] = 0xfd;
	ip[IPV6_ADDRESSES + 15] = (uint8_t)from;
	ip[IPV6_ADDRESSES + 31] = (uint8_t)to;
	tcp_header(tcp, length - NET_HEADER - IPV6_HEADER, ip + IPV6_ADDRESSES);
}
