/* SPDX-License-Identifier: MIT */
/*
 * The hypercalls for what a processor keeps in descriptor tables, its task state and its debug
 * registers: set_gdt, update_descriptor, stack_switch, fpu_taskswitch, set_debugreg, get_debugreg
 * (<xen/arch-x86/xen.h>, <xen/xen.h>). The LDT is set by mmuext_op. Checks and their order: Xen's.
 */
#include "hypercall/hypercall.h"

#include "arch/x86_32/descriptor.h"
#include "mm/page.h"

HYPERCALL(set_gdt, list, entries)
{
	mfn_t frames[GUEST_GDT_FRAMES];

	if (entries > FIRST_RESERVED_GDT_ENTRY)
		return -EINVAL;
	if (copy_from_guest(frames, list, DIV_ROUND_UP(entries, 512) * (uint32_t)sizeof(frames[0])))
		return -EFAULT;
	return gdt_set(current_vcpu(), frames, entries);
}

static void write_entry(mfn_t mfn, uint32_t offset, uint64_t descriptor)
{
	uint64_t *table = frame_map(mfn);

	store64_atomic(&table[offset / 8], descriptor);
	frame_unmap(table);
}

/*
 * A frame that is a descriptor table stays one during the write; any other has to be, or to become,
 * writable memory.
 */
static int update_entry(struct page_info *page, uint32_t offset, uint64_t descriptor)
{
	bool table = (page->type_info & PGT_TYPE_MASK) == PGT_SEG_DESC;

	if (get_page_type(page, table ? PGT_SEG_DESC : PGT_WRITABLE, false))
		return -EINVAL;
	write_entry(page_to_mfn(page), offset, descriptor);
	put_page_type(page, false);
	if (table) {
		/* It may be what fs or gs hold: they must not outlive it, as they would not in Xen. */
		current_vcpu()->arch.reload_segments = true;
		raise_work(WORK_VCPU);
	}
	return 0;
}

/* (maddr low, maddr high, descriptor low, descriptor high) */
HYPERCALL(update_descriptor, maddr_low, maddr_high, low, high)
{
	struct domain *d = current_vcpu()->domain;
	paddr_t maddr = (uint64_t)maddr_high << 32 | maddr_low;
	uint64_t descriptor = (uint64_t)high << 32 | low;
	uint32_t offset = maddr_low & (PAGE_SIZE - 1);
	struct page_info *page;
	long rc;

	if (offset % 8 || maddr >> PAGE_SHIFT >= max_mfn || !arch_descriptor_check(&descriptor))
		return -EINVAL;
	page = mfn_to_page((mfn_t)(maddr >> PAGE_SHIFT));
	if (!get_page(page, d))
		return -EINVAL;
	spin_lock(&d->page_lock);
	rc = update_entry(page, offset, descriptor);
	spin_unlock(&d->page_lock);
	put_page(page);
	return rc;
}

HYPERCALL(stack_switch, ss, esp)
{
	struct vcpu *v = current_vcpu();

	v->arch.kernel_ss = arch_fix_selector((uint16_t)ss);
	v->arch.kernel_esp = esp;
	arch_stack_changed(v);
	return 0;
}

HYPERCALL(fpu_taskswitch, set)
{
	struct vcpu *v = current_vcpu();

	if (v->arch.ts != (set != 0)) {
		v->arch.ts = set != 0;
		arch_ts_changed(v);
	}
	return 0;
}

HYPERCALL(set_debugreg, reg, value)
{
	return arch_debugreg_set(current_vcpu(), reg, value);
}

HYPERCALL(get_debugreg, reg)
{
	uint32_t value;
	int rc = arch_debugreg_get(current_vcpu(), reg, &value);

	return rc ? rc : (long)value;
}
