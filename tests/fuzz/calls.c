/* SPDX-License-Identifier: MIT */
/* The grammar of hypercalls. */
#include "tests/fuzz/engine.h"
#include "tests/host/interrupts.h"

#include <string.h>

#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "arch/x86_32/arch.h"
#include "hypercall/hypercall.h"
#include "mm/grant.h"
#include "tests/host/machine.h"

#define BUFFER_END 3072u

/*
 * Puts an argument into page 0 behind the ones that other calls of the same
 * list use; now and then somewhere else.
 */
static gva_t put(struct engine *e, unsigned *buffer, const void *data, uint32_t len)
{
	gva_t va;

	if (engine_choose(e, 32) == 0)
		return engine_address(e);
	if (*buffer + len > BUFFER_END)
		*buffer = 0;
	va = guest_put(engine_guest(e), *buffer, data, len);
	*buffer += ROUND_UP(len, 8u);
	return va;
}

static struct call call(uint32_t op, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	return (struct call){ op, { a, b, c, d } };
}

static uint32_t list_length(struct engine *e, uint32_t n)
{
	static const uint32_t odd[] = { 0,	    1,		0x80000000, 0x80000001,
					0xffffffff, 0x7fffffff, 0x10000000 };

	return engine_choose(e, 32) ? n : odd[engine_choose(e, ARRAY_SIZE(odd))];
}

static uint32_t pdone(struct engine *e)
{
	return engine_choose(e, 4) ? 0 : engine_address(e);
}

/* ---- page tables ---- */

static uint64_t table_entry(struct engine *e)
{
	struct guest *g = engine_guest(e);
	unsigned index = engine_choose(e, 2) ? engine_choose(e, 8) : engine_word(e) % PTES_PER_PAGE;
	mfn_t mfn = engine_choose(e, 8)
			    ? g->page[g->nr_plain + engine_choose(e, g->nr_pages - g->nr_plain)]
			    : engine_frame(e);

	return ((uint64_t)mfn << PAGE_SHIFT) + index * sizeof(pte_t);
}

static struct call mmu_update(struct engine *e, unsigned *buffer)
{
	struct mmu_update req[4];
	unsigned n = 1 + engine_choose(e, ARRAY_SIZE(req)), i;
	uint32_t foreign = engine_domid(e);

	for (i = 0; i < n; i++) {
		unsigned command = engine_choose(e, 8);

		req[i].ptr = table_entry(e) | (command < 4 ? command : 0);
		req[i].val = command == MMU_MACHPHYS_UPDATE ? engine_word(e) : engine_pte(e);
	}
	if (engine_choose(e, 16) == 0)
		foreign |= (1 + engine_choose(e, 4)) << 16;
	return call(__HYPERVISOR_mmu_update, put(e, buffer, req, n * sizeof(req[0])),
		    list_length(e, n), pdone(e), foreign);
}

static struct call update_va(struct engine *e)
{
	static const uint32_t flags[] = {
		0, UVMF_TLB_FLUSH, UVMF_INVLPG, UVMF_TLB_FLUSH | UVMF_ALL, UVMF_INVLPG | UVMF_ALL, 3
	};
	gva_t va = engine_address(e);
	pte_t pte = engine_pte(e);
	uint32_t flag = engine_choose(e, 16) ? flags[engine_choose(e, ARRAY_SIZE(flags))]
					     : engine_address(e);
	struct call c = call(__HYPERVISOR_update_va_mapping, va, (uint32_t)pte,
			     (uint32_t)(pte >> 32), flag);

	if (engine_choose(e, 4) == 0) {
		c.op = __HYPERVISOR_update_va_mapping_otherdomain;
		c.args[4] = engine_domid(e);
	}
	return c;
}

static struct call mmuext(struct engine *e, unsigned *buffer)
{
	struct mmuext_op op[3];
	unsigned n = 1 + engine_choose(e, ARRAY_SIZE(op)), i;

	memset(op, 0, sizeof(op));
	for (i = 0; i < n; i++) {
		op[i].cmd = engine_choose(e, 4) ? engine_choose(e, 6) : engine_choose(e, 24);
		switch (op[i].cmd) {
		case MMUEXT_INVLPG_LOCAL:
		case MMUEXT_INVLPG_MULTI:
		case MMUEXT_INVLPG_ALL:
		case MMUEXT_SET_LDT:
			op[i].arg1.linear_addr = engine_address(e) &
						 (engine_choose(e, 4) ? PAGE_MASK : ~0u);
			break;
		default:
			op[i].arg1.mfn = engine_frame(e);
		}
		if (op[i].cmd == MMUEXT_SET_LDT)
			op[i].arg2.nr_ents = engine_choose(e, 8) ? engine_word(e) % 8193
								 : engine_word(e);
		else if (op[i].cmd == MMUEXT_COPY_PAGE)
			op[i].arg2.src_mfn = engine_frame(e);
		else
			op[i].arg2.vcpumask.p = (void *)(uintptr_t)engine_address(e);
	}
	return call(__HYPERVISOR_mmuext_op, put(e, buffer, op, n * sizeof(op[0])),
		    list_length(e, n), pdone(e), engine_domid(e));
}

/* ---- memory ---- */

static void fill_reservation(struct engine *e, unsigned *buffer, struct xen_memory_reservation *r)
{
	xen_pfn_t list[4];
	unsigned n = 1 + engine_choose(e, ARRAY_SIZE(list)), i;

	for (i = 0; i < n; i++)
		list[i] = engine_frame(e);
	memset(r, 0, sizeof(*r));
	r->extent_start.p = (xen_pfn_t *)(uintptr_t)put(e, buffer, list, n * sizeof(list[0]));
	r->nr_extents = list_length(e, n);
	r->extent_order = engine_choose(e, 4)	 ? 0
			  : engine_choose(e, 16) ? engine_choose(e, 3)
						 : engine_byte(e);
	r->mem_flags = engine_choose(e, 8) ? 0 : engine_word(e);
	r->domid = (domid_t)engine_domid(e);
}

static struct call memory_op(struct engine *e, unsigned *buffer)
{
	struct xen_memory_exchange arg;
	unsigned cmd = engine_choose(e, 2) ? engine_choose(e, 32)
					   : engine_choose(e, 3) * 5 + engine_choose(e, 2);
	gva_t va;

	memset(&arg, 0, sizeof(arg));
	fill_reservation(e, buffer, &arg.in);
	if (cmd == XENMEM_exchange) {
		fill_reservation(e, buffer, &arg.out);
		if (engine_choose(e, 4)) {
			arg.out.domid = arg.in.domid;
			arg.out.extent_order = arg.in.extent_order;
			arg.out.nr_extents = arg.in.nr_extents;
		}
		arg.nr_exchanged = engine_choose(e, 8) ? 0 : engine_word(e);
	} else if (cmd > XENMEM_exchange) {
		uint32_t *word = (uint32_t *)&arg;

		word[0] = engine_choose(e, 4) ? DOMID_SELF : engine_word(e);
		word[1] = engine_choose(e, 4) ? engine_choose(e, 8) : engine_word(e);
		word[2] = engine_address(e);
	}
	va = put(e, buffer, &arg, sizeof(arg));
	if (engine_choose(e, 32) == 0)
		cmd |= engine_word(e) << 6;
	return call(__HYPERVISOR_memory_op, cmd, va, 0, 0);
}

/* ---- grants ---- */

static struct call grant_setup(struct engine *e, unsigned *buffer)
{
	uint32_t frames[4] = { 0 };
	struct gnttab_setup_table setup = {
		.dom = (domid_t)engine_domid(e),
		.nr_frames = engine_choose(e, 8) ? 1 : engine_choose(e, 5),
	};

	setup.frame_list.p = (void *)(uintptr_t)put(e, buffer, frames, sizeof(frames));
	return call(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table,
		    put(e, buffer, &setup, sizeof(setup)), 1, 0);
}

static uint64_t host_address(struct engine *e, uint32_t flags)
{
	return flags & GNTMAP_contains_pte
		       ? table_entry(e) + (engine_choose(e, 16) ? 0 : engine_choose(e, 8))
		       : engine_address(e);
}

static struct call grant_map_call(struct engine *e, unsigned *buffer)
{
	struct gnttab_map_grant_ref map = {
		.flags = engine_byte(e) % 32,
		.ref = engine_choose(e, 16) ? engine_choose(e, 8) : engine_word(e),
		.dom = engine_any(e)->d->id,
	};

	if (engine_choose(e, 4))
		map.flags |= GNTMAP_host_map;
	map.host_addr = host_address(e, map.flags);
	return call(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref,
		    put(e, buffer, &map, sizeof(map)), 1, 0);
}

/* Of a mapping the oracle knows too, mostly: any address that may hold it. */
static struct call grant_unmap_call(struct engine *e, unsigned *buffer)
{
	struct gnttab_unmap_grant_ref unmap = {
		.handle = engine_choose(e, 16) ? engine_choose(e, 8) : engine_word(e),
		.host_addr =
			engine_choose(e, 4)
				? host_address(e, engine_choose(e, 2) ? GNTMAP_contains_pte : 0)
				: 0,
		.dev_bus_addr = engine_choose(e, 2) ? 0 : (uint64_t)engine_frame(e) << PAGE_SHIFT,
	};
	struct gnttab_unmap_and_replace replace = {
		.handle = unmap.handle,
		.host_addr = unmap.host_addr,
		.new_addr = engine_address(e),
	};

	if (engine_choose(e, 4) == 0)
		return call(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_and_replace,
			    put(e, buffer, &replace, sizeof(replace)), 1, 0);
	return call(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref,
		    put(e, buffer, &unmap, sizeof(unmap)), list_length(e, 1), 0);
}

static struct call grant_copy_call(struct engine *e, unsigned *buffer)
{
	struct gnttab_copy copy = {
		.flags = engine_choose(e, 4),
		.len = engine_choose(e, 8) ? engine_byte(e) : engine_word(e),
	};

	copy.source.domid = copy.flags & GNTCOPY_source_gref ? engine_any(e)->d->id
							     : engine_domid(e);
	copy.dest.domid = copy.flags & GNTCOPY_dest_gref ? engine_any(e)->d->id : engine_domid(e);
	copy.source.u.ref = copy.flags & GNTCOPY_source_gref ? engine_choose(e, 8)
							     : engine_frame(e);
	copy.dest.u.ref = copy.flags & GNTCOPY_dest_gref ? engine_choose(e, 8) : engine_frame(e);
	copy.source.offset = engine_choose(e, 8) ? engine_byte(e) : engine_word(e);
	copy.dest.offset = engine_choose(e, 8) ? engine_byte(e) : engine_word(e);
	return call(__HYPERVISOR_grant_table_op, GNTTABOP_copy, put(e, buffer, &copy, sizeof(copy)),
		    list_length(e, 1), 0);
}

static struct call grant_op(struct engine *e, unsigned *buffer)
{
	uint32_t words[8];
	unsigned i;

	switch (engine_choose(e, 8)) {
	case 0:
		return grant_setup(e, buffer);
	case 1:
	case 2:
	case 3:
		return grant_map_call(e, buffer);
	case 4:
	case 5:
		return grant_unmap_call(e, buffer);
	case 6:
		return grant_copy_call(e, buffer);
	default:
		for (i = 0; i < ARRAY_SIZE(words); i++)
			words[i] = engine_choose(e, 2) ? engine_domid(e) : engine_byte(e);
		return call(__HYPERVISOR_grant_table_op, engine_choose(e, 14),
			    put(e, buffer, words, sizeof(words)), list_length(e, 1), 0);
	}
}

/* ---- descriptors ---- */

static struct call descriptor_op(struct engine *e, unsigned *buffer)
{
	uint32_t frames[14];
	unsigned i;

	if (engine_choose(e, 2))
		return call(__HYPERVISOR_update_descriptor,
			    (uint32_t)((uint64_t)engine_frame(e) << PAGE_SHIFT) +
				    engine_byte(e) * (engine_choose(e, 8) ? 8 : 1),
			    engine_choose(e, 8) ? 0 : engine_word(e), engine_word(e),
			    engine_choose(e, 4) ? 0x00cfba00 : engine_word(e));
	for (i = 0; i < ARRAY_SIZE(frames); i++)
		frames[i] = engine_frame(e);
	return call(__HYPERVISOR_set_gdt, put(e, buffer, frames, sizeof(frames)),
		    engine_choose(e, 8) ? engine_word(e) % 1025 : engine_word(e), 0, 0);
}

/* ---- everything else: small structures of words ---- */

static struct call words_op(struct engine *e, unsigned *buffer, uint32_t op, unsigned commands)
{
	uint32_t words[8];
	uint32_t cmd = engine_choose(e, commands);
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		switch (engine_choose(e, 4)) {
		case 0:
			words[i] = engine_domid(e);
			break;
		case 1:
			words[i] = engine_frame(e);
			break;
		case 2:
			words[i] = engine_address(e);
			break;
		default:
			words[i] = engine_byte(e);
		}
	}
	return call(op, cmd, put(e, buffer, words, sizeof(words)), engine_choose(e, 2), 0);
}

static struct call vcpu_op(struct engine *e, unsigned *buffer)
{
	struct vcpu_register_vcpu_info info = { .mfn = engine_frame(e),
						.offset = engine_word(e) % 4096 };
	struct call c;

	if (engine_choose(e, 4) == 0)
		return call(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info,
			    engine_choose(e, 8) == 0, put(e, buffer, &info, sizeof(info)), 0);
	c = words_op(e, buffer, __HYPERVISOR_vcpu_op, 16);
	c.args[2] = c.args[1];
	c.args[1] = engine_choose(e, 4) == 0 ? engine_word(e) : 0;
	return c;
}

static struct call sched_op(struct engine *e, unsigned *buffer)
{
	uint32_t cmd = engine_choose(e, 8);
	struct call c = words_op(e, buffer, __HYPERVISOR_sched_op, 1);

	/* A domain that ends itself is a rare thing. */
	c.args[0] = cmd == SCHEDOP_shutdown && engine_choose(e, 16) ? SCHEDOP_yield : cmd;
	return c;
}

static struct call scalar_op(struct engine *e, bool in_multicall)
{
	static const uint32_t ops[] = {
		__HYPERVISOR_stack_switch,  __HYPERVISOR_fpu_taskswitch, __HYPERVISOR_set_timer_op,
		__HYPERVISOR_vm_assist,	    __HYPERVISOR_set_debugreg,	 __HYPERVISOR_get_debugreg,
		__HYPERVISOR_set_callbacks, __HYPERVISOR_set_trap_table, __HYPERVISOR_multicall,
		__HYPERVISOR_nmi_op,	    __HYPERVISOR_iret,
	};
	struct call c = { .op = ops[engine_choose(e, ARRAY_SIZE(ops))] };
	unsigned i;

	if (engine_choose(e, 16) == 0)
		c.op = engine_word(e);
	/* Alone it would change the guest's registers, which here are the harness's. */
	if (c.op == __HYPERVISOR_iret && !in_multicall)
		c.op = __HYPERVISOR_xen_version;
	for (i = 0; i < 6; i++)
		c.args[i] = engine_choose(e, 2)	  ? engine_address(e)
			    : engine_choose(e, 2) ? engine_byte(e)
						  : engine_word(e);
	return c;
}

static struct call control_op(struct engine *e, unsigned *buffer)
{
	uint64_t op[CONTROL_SIZE / sizeof(uint64_t)];

	if (engine_choose(e, 4))
		return call(__HYPERVISOR_domctl, put(e, buffer, op, engine_domctl(e, op)), 0, 0, 0);
	return call(__HYPERVISOR_sysctl, put(e, buffer, op, engine_sysctl(e, op)), 0, 0, 0);
}

struct call engine_call(struct engine *e, unsigned *buffer, bool in_multicall)
{
	switch (engine_choose(e, 35)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
		return mmu_update(e, buffer);
	case 6:
	case 7:
	case 8:
	case 9:
	case 10:
		return update_va(e);
	case 11:
	case 12:
	case 13:
	case 14:
		return mmuext(e, buffer);
	case 15:
	case 16:
	case 17:
		return memory_op(e, buffer);
	case 18:
	case 19:
	case 20:
	case 21:
		return grant_op(e, buffer);
	case 22:
	case 23:
		return descriptor_op(e, buffer);
	case 24:
		return words_op(e, buffer, __HYPERVISOR_event_channel_op, 14);
	case 25:
		return words_op(e, buffer, __HYPERVISOR_xen_version, 12);
	case 26:
		return sched_op(e, buffer);
	case 27:
		return vcpu_op(e, buffer);
	case 28:
		return words_op(e, buffer, __HYPERVISOR_callback_op, 3);
	case 29:
		/* A device of whatever line is bound speaks up now and then. */
		if (!engine_choose(e, 4))
			host_line_fire(engine_choose(e, HOST_LINES));
		return words_op(e, buffer,
				engine_choose(e, 2) ? __HYPERVISOR_physdev_op
						    : __HYPERVISOR_platform_op,
				32);
	case 30:
		return words_op(e, buffer, __HYPERVISOR_console_io, 3);
	case 31:
	case 32:
	case 33:
		return control_op(e, buffer);
	default:
		return scalar_op(e, in_multicall);
	}
}
