/* SPDX-License-Identifier: MIT */
/*
 * Sequences that a kernel would do on purpose, and that chance does not find: make a
 * table and pin it, hook it into the address space, grant and map a frame, bind two
 * ports. Some choices in them are still bad ones.
 */
#include "tests/fuzz/engine.h"

#include <string.h>

#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>

#include "arch/x86_32/arch.h"
#include "hypercall/hypercall.h"
#include "mm/grant.h"
#include "tests/host/machine.h"

#define FIRST_FREE_PAGE 2

static unsigned plain_page(struct engine *e)
{
	const struct guest *g = engine_guest(e);

	return FIRST_FREE_PAGE + engine_choose(e, g->nr_plain - FIRST_FREE_PAGE);
}

/* Rarely not what is wanted. */
static mfn_t good_frame(struct engine *e)
{
	return engine_choose(e, 16) ? engine_guest(e)->page[plain_page(e)] : engine_frame(e);
}

/* ---- tables ---- */

static void fill_l1(struct engine *e, pte_t *table)
{
	unsigned n = engine_choose(e, 16), i;

	for (i = 0; i < n; i++)
		table[engine_byte(e) * 2] =
			pte_make(good_frame(e), PTE_P | (engine_choose(e, 4) ? 0 : PTE_RW) |
							(engine_choose(e, 4) ? 0 : PTE_US));
}

static void fill_l2(struct engine *e, pte_t *table)
{
	const struct guest *g = engine_guest(e);
	unsigned n = engine_choose(e, 6), i;

	for (i = 0; i < n; i++)
		table[engine_byte(e)] =
			pte_make(engine_choose(e, 3) ? good_frame(e) : g->page[g->l1[0]],
				 PTE_P | PTE_RW | PTE_US);
}

static void fill_l3(struct engine *e, pte_t *table)
{
	const struct guest *g = engine_guest(e);

	table[engine_choose(e, 3)] =
		pte_make(engine_choose(e, 2) ? g->page[g->low_l2] : good_frame(e), PTE_P);
	table[3] = pte_make(engine_choose(e, 4) ? good_frame(e) : g->page[g->l2], PTE_P);
}

/* Remembers what was made, so that later steps use it. */
static void table_made(struct engine *e, unsigned level, unsigned page)
{
	e->table[e->running][level - 1] = page;
}

static unsigned some_table(struct engine *e, unsigned level)
{
	return e->table[e->running][level - 1];
}

static void make_table(struct engine *e)
{
	struct guest *g = engine_guest(e);
	unsigned page = plain_page(e), level = 1 + engine_choose(e, 3);
	pte_t table[PTES_PER_PAGE] = { 0 };

	if (level == 1)
		fill_l1(e, table);
	else if (level == 2)
		fill_l2(e, table);
	else
		fill_l3(e, table);
	if (level == 2 && engine_choose(e, 2))
		memcpy(table, guest_page(g, g->l2), L2_HV_FIRST * sizeof(pte_t));
	if (machine_access(guest_va(g, page), table, PAGE_SIZE, true))
		return;
	(void)!guest_update_va(guest_va(g, page),
			       engine_choose(e, 4) ? pte_make(g->page[page], PTE_P) : 0,
			       engine_choose(e, 2) ? UVMF_INVLPG : UVMF_NONE);
	table_made(e, level, page);
	if (engine_choose(e, 4))
		(void)!guest_mmuext(g, MMUEXT_PIN_L1_TABLE + level - 1, g->page[page], 0);
}

static void use_table(struct engine *e)
{
	struct guest *g = engine_guest(e);
	unsigned level = 1 + engine_choose(e, 3), page = some_table(e, level);
	uint64_t entry = (uint64_t)g->page[page] << PAGE_SHIFT;

	switch (engine_choose(e, 7)) {
	case 0:
		(void)!guest_mmuext(g, MMUEXT_UNPIN_TABLE, g->page[page], 0);
		break;
	case 1:
		(void)!guest_mmuext(g, MMUEXT_PIN_L1_TABLE + level - 1, g->page[page], 0);
		break;
	case 2: /* below low addresses */
		(void)!guest_mmu_update(
			g, ((uint64_t)g->page[g->low_l2] << PAGE_SHIFT) + engine_choose(e, 4) * 8,
			pte_make(g->page[some_table(e, 1)], PTE_P | PTE_RW | PTE_US));
		break;
	case 3:
		(void)!guest_mmu_update(
			g, ((uint64_t)g->page[g->l3] << PAGE_SHIFT) + engine_choose(e, 4) * 8,
			engine_choose(e, 4) ? pte_make(g->page[some_table(e, 2)], PTE_P) : 0);
		break;
	case 4:
		(void)!guest_mmuext(
			g, MMUEXT_NEW_BASEPTR,
			engine_choose(e, 2) ? g->page[some_table(e, 3)] : g->page[g->l3], 0);
		break;
	case 5: /* an entry of it */
		(void)!guest_mmu_update(g, entry + engine_byte(e) * 16,
					engine_choose(e, 4) ? engine_pte(e) : 0);
		break;
	default: /* it is to be memory again */
		(void)!guest_unprotect(g, page);
	}
}

/* ---- grants ---- */

static void grant_frame(struct engine *e)
{
	struct guest *g = engine_guest(e);
	struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };
	struct grant_entry_v1 *entry;

	if (!grant_table_frames(g->d)) {
		setup.frame_list.p = (void *)(uintptr_t)(guest_va(g, 0) + 64);
		hypercall3(grant_table_op, GNTTABOP_setup_table, guest_arg(g, setup), 1);
	}
	if (!grant_table_frames(g->d))
		return;
	entry = (struct grant_entry_v1 *)machine_frame(grant_table_mfn(g->d, 0)) +
		engine_choose(e, 4);
	entry->domid = engine_any(e)->d->id;
	entry->frame = good_frame(e);
	entry->flags = GTF_permit_access | (engine_choose(e, 3) ? 0 : GTF_readonly);
}

static void map_grant(struct engine *e)
{
	struct guest *g = engine_guest(e);
	unsigned page = plain_page(e);
	struct gnttab_map_grant_ref map = {
		.flags = GNTMAP_host_map | (engine_choose(e, 2) ? GNTMAP_readonly : 0) |
			 (engine_choose(e, 4) ? 0 : GNTMAP_device_map),
		.ref = engine_choose(e, 4),
		.dom = engine_any(e)->d->id,
		.host_addr = guest_va(g, page),
	};

	if (engine_choose(e, 3) == 0) {
		map.flags |= GNTMAP_contains_pte;
		map.host_addr = guest_l1e_maddr(g, guest_va(g, page));
	}
	if (hypercall3(grant_table_op, GNTTABOP_map_grant_ref, guest_arg(g, map), 1))
		return;
	guest_get(g, 0, &map, sizeof(map));
	if (map.status == GNTST_okay)
		e->map[e->running] =
			(struct engine_map){ map.handle, map.host_addr, map.dev_bus_addr };
}

static void unmap_grant(struct engine *e)
{
	struct guest *g = engine_guest(e);
	const struct engine_map *m = &e->map[e->running];
	struct gnttab_unmap_grant_ref op = {
		.handle = m->handle,
		.host_addr = engine_choose(e, 8) ? m->host_addr : 0,
		.dev_bus_addr = engine_choose(e, 2) ? m->dev_bus_addr : 0,
	};
	struct gnttab_unmap_and_replace replace = { .handle = m->handle,
						    .host_addr = m->host_addr,
						    .new_addr = guest_va(g, plain_page(e)) };

	if (engine_choose(e, 4))
		hypercall3(grant_table_op, GNTTABOP_unmap_grant_ref, guest_arg(g, op), 1);
	else
		hypercall3(grant_table_op, GNTTABOP_unmap_and_replace, guest_arg(g, replace), 1);
}

/* ---- event channels ---- */

static void event_op(struct engine *e, unsigned cmd, void *arg, uint32_t size)
{
	hypercall2(event_channel_op, cmd, guest_put(engine_guest(e), 0, arg, size));
}

static void use_ports(struct engine *e)
{
	struct guest *other = engine_other(e);
	uint32_t port = 1 + engine_choose(e, 8);
	struct evtchn_alloc_unbound unbound = { .dom = DOMID_SELF,
						.remote_dom = engine_any(e)->d->id };
	struct evtchn_bind_interdomain bind = { .remote_dom = engine_choose(e, 4) ? other->d->id
										  : DOMID_SELF,
						.remote_port = 1 + engine_choose(e, 4) };
	struct evtchn_bind_virq virq = { .virq = engine_choose(e, 4) };
	struct evtchn_bind_ipi ipi = { 0 };
	struct evtchn_reset reset = { .dom = DOMID_SELF };

	switch (engine_choose(e, 10)) {
	case 0:
		event_op(e, EVTCHNOP_alloc_unbound, &unbound, sizeof(unbound));
		break;
	case 1:
	case 2:
		event_op(e, EVTCHNOP_bind_interdomain, &bind, sizeof(bind));
		break;
	case 3:
		event_op(e, EVTCHNOP_bind_virq, &virq, sizeof(virq));
		break;
	case 4:
		event_op(e, EVTCHNOP_bind_ipi, &ipi, sizeof(ipi));
		break;
	case 5:
		event_op(e, EVTCHNOP_close, &port, sizeof(port));
		break;
	case 6:
		event_op(e, EVTCHNOP_unmask, &port, sizeof(port));
		break;
	case 7:
		if (engine_choose(e, 8) == 0)
			event_op(e, EVTCHNOP_reset, &reset, sizeof(reset));
		break;
	default:
		event_op(e, EVTCHNOP_send, &port, sizeof(port));
	}
}

/* ---- memory ---- */

static void swap_frames(struct engine *e)
{
	struct guest *g = engine_guest(e);
	struct xen_memory_exchange x = { .in = { .nr_extents = 1, .domid = DOMID_SELF },
					 .out = { .nr_extents = 1, .domid = DOMID_SELF } };
	unsigned page = plain_page(e);
	xen_pfn_t list[2] = { g->page[page], page };
	uint32_t *out = (uint32_t *)((char *)guest_page(g, 0) + 516);

	(void)!guest_unmap(g, page);
	x.in.extent_start.p = (void *)(uintptr_t)guest_put(g, 512, list, sizeof(list));
	x.out.extent_start.p = (void *)(uintptr_t)(guest_va(g, 0) + 516);
	if (engine_choose(e, 2)) {
		if (hypercall2(memory_op, XENMEM_exchange, guest_arg(g, x)))
			return;
	} else {
		/* The same in two steps. */
		x.out.extent_start.p = (void *)(uintptr_t)(guest_va(g, 0) + 512);
		hypercall2(memory_op, XENMEM_decrease_reservation, guest_arg(g, x.in));
		x.out.extent_start.p = (void *)(uintptr_t)(guest_va(g, 0) + 516);
		if (hypercall2(memory_op, XENMEM_populate_physmap, guest_arg(g, x.out)) != 1)
			return;
	}
	g->page[page] = *out;
	(void)!guest_unprotect(g, page);
}

void engine_scenario(struct engine *e)
{
	switch (engine_choose(e, 16)) {
	case 0:
	case 1:
	case 2:
	case 3:
		make_table(e);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		use_table(e);
		break;
	case 8:
	case 9:
		grant_frame(e);
		break;
	case 10:
	case 11:
		map_grant(e);
		break;
	case 12:
		unmap_grant(e);
		break;
	case 13:
		swap_frames(e);
		break;
	default:
		use_ports(e);
	}
}
