/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/grant_table.h>

#include "arch/x86_32/arch.h"
#include "arch/x86_32/descriptor.h"
#include "core/errno.h"
#include "hypercall/hypercall.h"
#include "mm/grant.h"
#include "mm/mmu.h"
#include "tests/host/machine.h"
#include "tests/host/machine_internal.h"

#define GUEST_PAGES 48
#define MAX_PAGES (GUEST_PAGES + 16)
#define MIN_STEPS 60
#define MAX_STEPS 300
#define AUDIT_EVERY 4
/* Little, because the checks look at all of it. */
#define RAM_FRAMES 1024
/* Where instructions for the write emulation go. */
#define CODE_PAGE 1

/* ---- choices ---- */

/* Behind the input come numbers that follow from it, so that even a short one is a long story. */
uint32_t engine_byte(struct engine *e)
{
	if (e->left) {
		e->left--;
		e->random = (e->random ^ *e->data) * 0x9e3779b97f4a7c15ull;
		return *e->data++;
	}
	e->random ^= e->random << 13;
	e->random ^= e->random >> 7;
	e->random ^= e->random << 17;
	return (uint32_t)(e->random >> 24) & 0xff;
}

uint32_t engine_word(struct engine *e)
{
	uint32_t word = engine_byte(e);

	word |= engine_byte(e) << 8;
	word |= engine_byte(e) << 16;
	return word | engine_byte(e) << 24;
}

uint32_t engine_choose(struct engine *e, uint32_t n)
{
	return engine_byte(e) % n;
}

struct guest *engine_guest(struct engine *e)
{
	return e->guest[e->running];
}

struct guest *engine_other(struct engine *e)
{
	return e->guest[(e->running + 1 + engine_choose(e, ENGINE_GUESTS - 1)) % ENGINE_GUESTS];
}

struct guest *engine_any(struct engine *e)
{
	return e->guest[engine_choose(e, ENGINE_GUESTS)];
}

mfn_t engine_frame(struct engine *e)
{
	const struct guest *g = engine_guest(e), *other = engine_other(e);

	switch (engine_choose(e, 32)) {
	case 0:
		return other->page[engine_choose(e, other->nr_pages)];
	case 1:
		return heap_page_mfn(g->d->shared_info);
	case 2:
		return heap_page_mfn(other->d->shared_info);
	case 3:
		return machine_ram_frames + engine_choose(e, MACHINE_IO_FRAMES);
	case 4:
		return engine_choose(e, MACHINE_IMAGE_FRAMES);
	case 5:
		return engine_word(e);
	case 6:
		return max_mfn + engine_choose(e, 4);
	case 7:
		return engine_word(e) % machine_ram_frames;
	case 8:
		return grant_table_frames(g->d) ? grant_table_mfn(g->d, 0) : 0;
	case 9:
	case 10:
	case 11:
	case 12:
	case 13: /* the tables */
		return g->page[g->nr_plain + engine_choose(e, g->nr_pages - g->nr_plain)];
	default:
		return g->page[engine_choose(e, g->nr_plain)];
	}
}

gva_t engine_address(struct engine *e)
{
	static const gva_t special[] = { 0,
					 4,
					 PAGE_SIZE,
					 0x40000000,
					 HV_START - 4,
					 HV_START - 1,
					 HV_START,
					 HV_START + 0x1000,
					 SWITCHER_START,
					 0xfffffffc,
					 0xfffff000,
					 GUEST_BASE - 2 };
	const struct guest *g = engine_guest(e);

	if (engine_choose(e, 8) == 0)
		return special[engine_choose(e, ARRAY_SIZE(special))];
	return guest_va(g, engine_choose(e, g->nr_pages + 2)) +
	       (engine_choose(e, 4) ? 0 : engine_word(e) % PAGE_SIZE);
}

pte_t engine_pte(struct engine *e)
{
	static const pte_t flags[] = {
		0,
		PTE_P,
		PTE_P | PTE_RW,
		PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D,
		PTE_P | PTE_US,
		PTE_P | PTE_A,
		PTE_P | PTE_NX,
		PTE_P | PTE_AVAIL,
		PTE_P | PTE_RW,
		PTE_P,
		PTE_P | PTE_RW | PTE_PSE,
		PTE_P | PTE_PCD,
		PTE_P | PTE_RW | PTE_PWT,
		PTE_P | PTE_G,
		PTE_RW,
		1ull << 62 | PTE_P,
	};
	pte_t pte = pte_make(engine_frame(e), flags[engine_choose(e, ARRAY_SIZE(flags))]);

	return engine_choose(e, 64) ? pte : pte ^ 1ull << engine_choose(e, 64);
}

uint32_t engine_domid(struct engine *e)
{
	switch (engine_choose(e, 8)) {
	case 0:
	case 1:
		return engine_any(e)->d->id;
	case 2:
		return DOMID_IO;
	case 3:
		return engine_word(e);
	default:
		return DOMID_SELF;
	}
}

/* ---- what a guest does besides hypercalls ---- */

/* Makes a page of its own look like a page table, as a kernel does before it pins one. */
static void fill_table(struct engine *e)
{
	struct guest *g = engine_guest(e);
	gva_t va = guest_va(g, 2 + engine_choose(e, g->nr_plain - 2));
	pte_t table[PTES_PER_PAGE] = { 0 };
	unsigned kind = engine_choose(e, 4), n = engine_choose(e, 8), i;

	/* 3: a copy of a live one */
	if (kind == 3)
		memcpy(table,
		       guest_page(g, g->nr_plain + engine_choose(e, g->nr_pages - g->nr_plain)),
		       PAGE_SIZE);
	for (i = 0; i < n; i++) {
		unsigned slot = kind == 2	      ? i % 4
				: engine_choose(e, 4) ? i
						      : engine_word(e) % PTES_PER_PAGE;

		table[slot] = engine_pte(e);
	}
	(void)!machine_access(va, table, PAGE_SIZE, true);
}

static void poke(struct engine *e)
{
	uint32_t value = engine_word(e);

	(void)!machine_access(engine_address(e) & ~3u, &value, 4, true);
}

/* A segment descriptor table in the making. */
static void fill_descriptors(struct engine *e)
{
	struct guest *g = engine_guest(e);
	gva_t va = guest_va(g, 2 + engine_choose(e, g->nr_plain - 2));
	uint64_t table[16];
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		table[i] = engine_choose(e, 3) ? 0x00cfba000000ffffull
					       : engine_word(e) | (uint64_t)engine_word(e) << 32;
	(void)!machine_access(va, table, sizeof(table), true);
}

/* Grants frames by writing to its shared frames, which it need not have mapped for that here. */
static void fill_grant(struct engine *e)
{
	struct guest *g = engine_guest(e);
	struct grant_entry_v1 *entry;

	if (!grant_table_frames(g->d))
		return;
	entry = machine_frame(grant_table_mfn(g->d, 0));
	entry += engine_choose(e, 8);
	entry->flags = engine_choose(e, 8)
			       ? GTF_permit_access | (engine_choose(e, 2) ? GTF_readonly : 0)
			       : engine_word(e);
	entry->domid = engine_any(e)->d->id;
	entry->frame = engine_frame(e);
}

/*
 * A store to a page table through its read-only mapping: the processor
 * faults, and the hypervisor may do it.
 */
static void store_to_table(struct engine *e)
{
	static const struct {
		uint8_t len, code[6];
	} insn[] = {
		{ 2, { 0x89, 0x07 } },			 /* mov %eax, (%edi) */
		{ 2, { 0x87, 0x07 } },			 /* xchg %eax, (%edi) */
		{ 4, { 0xf0, 0x0f, 0xc7, 0x0f } },	 /* lock cmpxchg8b (%edi) */
		{ 5, { 0xf0, 0x0f, 0xba, 0x37, 0x01 } }, /* lock btrl $1, (%edi) */
		{ 3, { 0x66, 0x89, 0x07 } },		 /* mov %ax, (%edi) */
		{ 2, { 0x21, 0x07 } },			 /* and %eax, (%edi) */
		{ 4, { 0xf0, 0x0f, 0xb1, 0x0f } },	 /* lock cmpxchg %ecx, (%edi) */
	};
	struct guest *g = engine_guest(e);
	struct trap_frame *f = guest_frame();
	unsigned i = engine_choose(e, ARRAY_SIZE(insn)),
		 page = g->nr_plain + engine_choose(e, g->nr_pages - g->nr_plain);
	pte_t pte = engine_pte(e), old = 0;
	uint32_t eip = f->eip;

	guest_write(g, CODE_PAGE, 0, insn[i].code, insn[i].len);
	f->edi = guest_va(g, page) + engine_word(e) % PAGE_SIZE;
	if (engine_choose(e, 16))
		f->edi &= engine_choose(e, 2) ? ~7u : ~3u;
	if (machine_translate(f->edi, true) != INVALID_MFN)
		return;
	(void)!machine_access(f->edi & ~7u, &old, 8, false);
	f->eip = guest_va(g, CODE_PAGE);
	f->cs = FLAT_RING1_CS;
	f->ds = f->es = f->ss = FLAT_RING1_DS;
	f->eax = (uint32_t)old, f->edx = (uint32_t)(old >> 32);
	if (i == 2)
		f->ebx = (uint32_t)pte, f->ecx = (uint32_t)(pte >> 32);
	else
		f->eax = f->ecx = engine_choose(e, 2) ? (uint32_t)pte : (uint32_t)(pte >> 32);
	(void)!ptwr_emulate(g->v, f->edi);
	f->eip = eip;
}

static void multicall(struct engine *e)
{
	struct guest *g = engine_guest(e);
	struct multicall_entry list[6];
	unsigned n = 1 + engine_choose(e, ARRAY_SIZE(list)), buffer = 0, i;

	memset(list, 0, sizeof(list));
	for (i = 0; i < n; i++) {
		struct call call = engine_call(e, &buffer, true);
		unsigned j;

		list[i].op = call.op;
		for (j = 0; j < 6; j++)
			list[i].args[j] = call.args[j];
	}
	if (engine_choose(e, 16) == 0)
		hypercall2(multicall, engine_address(e), n);
	else
		hypercall2(multicall, guest_put(g, PAGE_SIZE - sizeof(list), list, sizeof(list)),
			   n);
}

static void single_call(struct engine *e)
{
	unsigned buffer = 0;
	struct call c = engine_call(e, &buffer, false);

	machine_hypercall(c.op, c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[5]);
}

/* ---- the machine ---- */

static void change_machine(struct engine *e)
{
	switch (engine_choose(e, 4)) {
	case 0:
		machine.preempt = engine_choose(e, 4);
		machine.preempt_every = 1 + engine_choose(e, 8);
		page_type_budget = engine_choose(e, 2) ? 32 : 1 + engine_choose(e, 3);
		break;
	case 1:
		machine_advance(engine_word(e) % (100 * NSEC_PER_MSEC));
		break;
	case 2:
		(void)!ldt_fault(engine_guest(e)->v, engine_word(e) % 0x10000);
		break;
	default:
		nonpresent_pte_leaks = engine_choose(e, 2);
	}
}

/*
 * Each gets a number of its own: a dead one's is taken until the other
 * guest has let go of its frames.
 */
static struct guest *new_guest(struct engine *e, enum guest_kind kind)
{
	struct guest *g = guest_create(++e->last_domid, kind, GUEST_PAGES, MAX_PAGES);

	g->d->vm_assist |= 1u << VMASST_TYPE_writable_pagetables;
	return g;
}

/* A guest that cannot run any more is replaced, like one that the fuzzer wants to end. */
static void renew(struct engine *e, unsigned which)
{
	enum guest_kind kind = domain_is_control(e->guest[which]->d) ? GUEST_CONTROL
								     : GUEST_ORDINARY;

	guest_destroy(e->guest[which]);
	e->guest[which] = new_guest(e, kind);
	memset(e->table[which], 0, sizeof(e->table[which]));
}

static void let_run(struct engine *e)
{
	struct guest *g = engine_guest(e);

	g->v->online = true;
	if (!machine_run(g->v)) {
		renew(e, e->running);
		machine_run(engine_guest(e)->v);
	}
}

static void step(struct engine *e)
{
	switch (engine_choose(e, 32)) {
	case 0:
	case 1:
		e->running = engine_choose(e, ENGINE_GUESTS);
		break;
	case 2:
		change_machine(e);
		break;
	case 3:
		if (engine_choose(e, 16) == 0)
			renew(e, engine_choose(e, ENGINE_GUESTS));
		break;
	case 4:
	case 5:
	case 6:
		fill_table(e);
		break;
	case 7:
		fill_descriptors(e);
		break;
	case 8:
		fill_grant(e);
		break;
	case 9:
	case 10:
	case 11:
		poke(e);
		break;
	case 12:
	case 13:
	case 14:
		store_to_table(e);
		break;
	case 15:
		multicall(e);
		break;
	case 16:
	case 17:
	case 18:
	case 19:
	case 20:
	case 21:
		engine_scenario(e);
		break;
	default:
		single_call(e);
	}
}

void engine_play(const uint8_t *data, size_t size)
{
	struct engine e = { .data = data, .left = size, .random = 0x2545f4914f6cdd1dull };
	bool every_step = getenv("RINGLET_EVERY_STEP");
	unsigned steps, i;
	int leaks;

	machine_ram_frames = RAM_FRAMES;
	machine_init();
	machine.preempt = PREEMPT_NEVER;
	page_type_budget = 32;
	nonpresent_pte_leaks = false;
	e.guest[0] = new_guest(&e, GUEST_ORDINARY);
	for (i = 1; i < ENGINE_GUESTS; i++)
		e.guest[i] = new_guest(&e, engine_choose(&e, 2) ? GUEST_CONTROL : GUEST_ORDINARY);
	for (steps = 0; steps < (e.left ? MAX_STEPS : MIN_STEPS); steps++) {
		let_run(&e);
		step(&e);
		/* The audit costs ten times as much as the oracle, and what it finds stays. */
		if (steps % AUDIT_EVERY == 0 || every_step)
			machine_check("a step");
		else if (machine_check_isolation())
			machine_stop_with("isolation is broken after a step");
	}
	for (i = 0; i < ENGINE_GUESTS; i++) {
		guest_destroy(e.guest[i]);
		machine_check("the end of a guest");
	}
	engine_destroy_extra();
	machine_check("the end");
	leaks = machine_leaks();
	if (leaks)
		machine_stop_with("%d frames are lost", leaks);
}
