/* SPDX-License-Identifier: MIT */
/*
 * Writable page tables: a kernel's plain store to a live L1 table, which it has mapped read-only,
 * is done for it. Linux does `lock btr`, `cmpxchg8b` and 32-bit moves on entries;
 * arch/x86_32/insn.h knows what else.
 *
 * The instruction is fetched once and executed on a copy of the registers. Whatever it computes,
 * the whole 8-byte entry goes through the check of every update (mmu_cmpxchg_l1), so a store that
 * changes some of its bytes can achieve no more than a hypercall. Where anything is unusual - a
 * store across two entries, at another address than the fault's, through a segment with a base -
 * the guest gets its fault. The code segment is taken to be flat and 32-bit, as a kernel's of this
 * ABI is.
 *
 * A store to a live L2 table is no update in this ABI, and faults, unless it leaves the entry as it
 * is, apart from the accessed bit: then nothing is written and the kernel goes on. GNU Mach 1.8
 * stores an entry onto itself so, on its way to its banner; under Xen it ends there.
 *
 * A 32-bit kernel writes an entry in two halves. If it writes the upper one first, the entry in
 * between may name a frame that is not its own: then, as Xen does, the entry is made absent until
 * the lower half comes.
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/insn.h"
#include "arch/x86_32/uaccess.h"
#include "core/errno.h"
#include "mm/mmu.h"

/*
 * Updates that lose against the processor's accessed and dirty bits are repeated; so often only if
 * something is wrong.
 */
#define MAX_TRIES 16

struct store {
	struct insn in;
	struct page_info *table;
	unsigned index;	 /* of the entry */
	unsigned shift;	 /* of the operand within it, in bits */
	uint64_t mask;	 /* the operand, at shift 0 */
	uint64_t source; /* of MOVS */
};

/* Up to INSN_MAX_LENGTH bytes: fewer where the next page is not there. */
static unsigned fetch(uint8_t *bytes, gva_t eip)
{
	unsigned first = MIN(INSN_MAX_LENGTH, PAGE_SIZE - eip % PAGE_SIZE);

	if (copy_from_guest(bytes, eip, first))
		return 0;
	if (first < INSN_MAX_LENGTH &&
	    copy_from_guest(bytes + first, eip + first, INSN_MAX_LENGTH - first) == 0)
		return INSN_MAX_LENGTH;
	return first;
}

static bool decode(struct insn *in, const struct insn_regs *regs)
{
	uint8_t bytes[INSN_MAX_LENGTH];
	unsigned n = fetch(bytes, regs->eip);

	if (n == 0 || insn_decode(in, bytes, n, true) != INSN_OK || !insn_is_store(in))
		return false;
	return in->segment != INSN_FS && in->segment != INSN_GS;
}

/*
 * The operand is naturally aligned, as Xen wants it, and so within the one entry that the fault
 * hit.
 */
static bool locate(struct store *s, const struct insn_regs *regs, gva_t cr2)
{
	uint32_t address = insn_effective_offset(&s->in, regs), size = s->in.operand_size;

	if (address % size || cr2 - address >= size)
		return false;
	s->index = address % PAGE_SIZE / sizeof(pte_t);
	s->shift = address % sizeof(pte_t) * 8;
	s->mask = size == sizeof(pte_t) ? ~0ull : (1ull << 8 * size) - 1;
	return true;
}

static bool read_source(struct store *s, const struct insn_regs *regs)
{
	s->source = 0;
	if (s->in.op != INSN_OP_MOVS)
		return true;
	if (s->in.source_segment == INSN_FS || s->in.source_segment == INSN_GS)
		return false;
	return copy_from_guest(&s->source, insn_source_offset(&s->in, regs), s->in.operand_size) ==
	       0;
}

static uint32_t table_type(const struct page_info *page)
{
	return page->type_info & PGT_TYPE_MASK;
}

/*
 * A live L1 table of the domain, mapped read-only at cr2, or an L2 table, to which only stores
 * without effect are possible. page_lock is held.
 */
static struct page_info *find_table(struct vcpu *v, gva_t cr2)
{
	pte_t e = mmu_read_l1e(v, cr2);
	struct page_info *page;

	if ((e & (PTE_P | PTE_RW)) != PTE_P || !mfn_valid(pte_mfn(e)))
		return NULL;
	page = mfn_to_page(pte_mfn(e));
	if (page->owner != v->domain || !(page->type_info & PGT_VALIDATED) ||
	    !(page->type_info & PGT_COUNT_MASK))
		return NULL;
	if (table_type(page) == PGT_L1 && vm_assist_on(v->domain, VMASST_TYPE_writable_pagetables))
		return page;
	return table_type(page) == PGT_L2 ? page : NULL;
}

static int update(struct domain *d, const struct store *s, pte_t *old, pte_t new)
{
	bool upper_half = s->in.operand_size == 4 && s->shift == 32;
	int rc;

	if (table_type(s->table) != PGT_L1)
		return (*old ^ new) & ~PTE_A ? -EINVAL : 0;
	rc = mmu_cmpxchg_l1(d, s->table, s->index, old, new);
	if (rc && rc != -EAGAIN && upper_half && pte_present(new) && s->in.op != INSN_OP_CMPXCHG)
		rc = mmu_cmpxchg_l1(d, s->table, s->index, old, new & ~PTE_P);
	return rc;
}

/* Executes on *regs, which count only if the result is 0. */
static int execute(struct domain *d, const struct store *s, const struct insn_regs *before,
		   struct insn_regs *regs)
{
	const pte_t *table = frame_map(page_to_mfn(s->table));
	pte_t new, old = table[s->index];
	unsigned tries;
	int rc = -EAGAIN;

	frame_unmap(table);
	for (tries = 0; tries < MAX_TRIES && rc == -EAGAIN; tries++) {
		uint64_t value;

		*regs = *before;
		if (!insn_store_execute(&s->in, regs, old >> s->shift & s->mask, s->source, &value))
			return 0;
		new = (old & ~(s->mask << s->shift)) | (value & s->mask) << s->shift;
		rc = update(d, s, &old, new);
	}
	return rc;
}

bool ptwr_emulate(struct vcpu *v, gva_t cr2)
{
	struct domain *d = v->domain;
	struct insn_regs before, after;
	struct store s;
	bool done;

	if (cr2 >= HV_START)
		return false;
	insn_regs_load(&before, guest_frame());
	if (!decode(&s.in, &before) || !locate(&s, &before, cr2) || !read_source(&s, &before))
		return false;
	spin_lock(&d->page_lock);
	s.table = find_table(v, cr2);
	done = s.table && execute(d, &s, &before, &after) == 0;
	spin_unlock(&d->page_lock);
	if (done)
		insn_regs_store(&after, guest_frame());
	return done;
}
