/* SPDX-License-Identifier: MIT */
#include "tests/host/guest.h"

#include <stdlib.h>
#include <string.h>

#include "arch/x86_32/arch.h"
#include "core/errno.h"
#include "hypercall/hypercall.h"
#include "mm/mmu.h"
#include "tests/host/machine.h"
#include "tests/host/machine_internal.h"

#define TABLE_FLAGS (PTE_P | PTE_RW | PTE_US | PTE_A)
#define PAGE_FLAGS (PTE_P | PTE_RW | PTE_A | PTE_D)

void *guest_page(const struct guest *g, unsigned page)
{
	return machine_frame(g->page[page]);
}

static void take_pages(struct guest *g)
{
	unsigned i;

	for (i = 0; i < g->nr_pages; i++) {
		struct page_info *page = domain_page_alloc(g->d, 0, 0);

		if (!page)
			machine_stop_with("too little simulated memory for a guest");
		g->page[i] = page_to_mfn(page);
		m2p[g->page[i]] = i;
	}
}

static void build_tables(struct guest *g)
{
	unsigned nr_l1 = DIV_ROUND_UP(g->nr_pages, PTES_PER_PAGE), i;
	pte_t *l2, *l3;

	g->nr_plain = g->nr_pages - nr_l1 - 3;
	for (i = 0; i < nr_l1; i++)
		g->l1[i] = g->nr_plain + i;
	g->l2 = g->nr_plain + nr_l1;
	g->low_l2 = g->l2 + 1;
	g->l3 = g->l2 + 2;
	l2 = guest_page(g, g->l2);
	l3 = guest_page(g, g->l3);
	for (i = 0; i < g->nr_pages; i++) {
		pte_t *l1 = guest_page(g, g->l1[i / PTES_PER_PAGE]);

		l1[i % PTES_PER_PAGE] =
			pte_make(g->page[i], i < g->nr_plain ? PAGE_FLAGS : PAGE_FLAGS & ~PTE_RW);
	}
	for (i = 0; i < nr_l1; i++)
		l2[l2_index(GUEST_BASE) + i] = pte_make(g->page[g->l1[i]], TABLE_FLAGS);
	l3[0] = pte_make(g->page[g->low_l2], PTE_P);
	l3[3] = pte_make(g->page[g->l2], PTE_P);
}

static void start(struct guest *g)
{
	int rc;

	g->v = g->d->vcpu[0];
	spin_lock(&g->d->page_lock);
	while ((rc = mmu_new_top(g->v, g->page[g->l3])) == -ERESTART)
		continue;
	spin_unlock(&g->d->page_lock);
	if (rc)
		machine_stop_with("the first page tables of a guest are refused: %d", rc);
	g->v->initialised = true;
	domain_unpause_first(g->d);
	machine_run(g->v);
}

struct guest *guest_create(domid_t id, enum guest_kind kind, unsigned nr_pages, unsigned max_pages)
{
	struct guest *g = calloc(1, sizeof(*g));

	machine_init();
	g->nr_pages = nr_pages;
	g->d = domain_create(id, kind == GUEST_CONTROL ? DOMAIN_CONTROL : DOMAIN_ORDINARY, 1,
			     max_pages ? max_pages : nr_pages);
	if (!g->d)
		machine_stop_with("too little simulated memory for a domain");
	take_pages(g);
	build_tables(g);
	start(g);
	return g;
}

bool guest_kill(struct guest *g)
{
	int leaks;

	machine_idle();
	machine_forget(g->d);
	while (domain_kill(g->d))
		continue;
	leaks = machine_leaks();
	return leaks == 0;
}

void guest_destroy(struct guest *g)
{
	guest_kill(g);
	free(g);
}

int guest_teardown(void **state)
{
	machine_check("the test");
	guest_destroy(*state);
	machine_check("the end of the guest");
	return machine_leaks();
}

uint64_t guest_l1e_maddr(const struct guest *g, gva_t va)
{
	unsigned i = (va - GUEST_BASE) / PAGE_SIZE;

	return ((uint64_t)g->page[g->l1[i / PTES_PER_PAGE]] << PAGE_SHIFT) +
	       i % PTES_PER_PAGE * sizeof(pte_t);
}

pte_t guest_l1e(const struct guest *g, gva_t va)
{
	uint64_t maddr = guest_l1e_maddr(g, va);

	return *(pte_t *)((char *)machine_frame((mfn_t)(maddr >> PAGE_SHIFT)) + maddr % PAGE_SIZE);
}

/* A page that the guest has made a table of is not to be written behind the hypervisor's back. */
static bool page_is_memory(const struct guest *g, unsigned page)
{
	const struct page_info *info = mfn_to_page(g->page[page]);

	return info->owner == g->d && (!(info->type_info & PGT_COUNT_MASK) ||
				       (info->type_info & PGT_TYPE_MASK) == PGT_WRITABLE);
}

void guest_write(struct guest *g, unsigned page, unsigned offset, const void *data, uint32_t len)
{
	if (page_is_memory(g, page))
		memcpy((char *)guest_page(g, page) + offset, data, len);
}

gva_t guest_put(struct guest *g, unsigned offset, const void *data, uint32_t len)
{
	guest_write(g, 0, offset, data, len);
	return guest_va(g, 0) + offset;
}

void guest_get(const struct guest *g, unsigned offset, void *data, uint32_t len)
{
	memcpy(data, (char *)guest_page(g, 0) + offset, len);
}

long guest_mmu_update_for(struct guest *g, uint64_t ptr, uint64_t value, uint32_t domid)
{
	struct mmu_update req = { .ptr = ptr, .val = value };

	return hypercall4(mmu_update, guest_put(g, PAGE_SIZE / 2, &req, sizeof(req)), 1, 0, domid);
}

long guest_mmu_update(struct guest *g, uint64_t ptr, uint64_t value)
{
	return guest_mmu_update_for(g, ptr, value, DOMID_SELF);
}

long guest_set_l1e(struct guest *g, gva_t va, pte_t pte)
{
	return guest_mmu_update(g, guest_l1e_maddr(g, va) | MMU_NORMAL_PT_UPDATE, pte);
}

long guest_update_va(gva_t va, pte_t pte, uint32_t flags)
{
	return hypercall4(update_va_mapping, va, pte, pte >> 32, flags);
}

long guest_mmuext(struct guest *g, unsigned cmd, uint32_t mfn_or_va, uint32_t arg2)
{
	struct mmuext_op op = { .cmd = cmd };

	op.arg1.mfn = mfn_or_va;
	op.arg2.nr_ents = arg2;
	return hypercall4(mmuext_op, guest_put(g, PAGE_SIZE / 2, &op, sizeof(op)), 1, 0,
			  DOMID_SELF);
}

long guest_protect(struct guest *g, unsigned page)
{
	return guest_update_va(guest_va(g, page), pte_make(g->page[page], PTE_P | PTE_A),
			       UVMF_INVLPG);
}

long guest_unprotect(struct guest *g, unsigned page)
{
	return guest_update_va(guest_va(g, page), pte_make(g->page[page], PAGE_FLAGS), UVMF_INVLPG);
}

long guest_unmap(struct guest *g, unsigned page)
{
	return guest_update_va(guest_va(g, page), 0, UVMF_INVLPG);
}

uint32_t page_count(mfn_t mfn)
{
	return mfn_to_page(mfn)->count_info & PGC_COUNT_MASK;
}

uint32_t page_type(mfn_t mfn)
{
	return mfn_to_page(mfn)->type_info & PGT_TYPE_MASK;
}

uint32_t page_type_count(mfn_t mfn)
{
	return mfn_to_page(mfn)->type_info & PGT_COUNT_MASK;
}
