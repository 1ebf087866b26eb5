/* SPDX-License-Identifier: MIT */
/*
 * The hypercalls for what a processor keeps in descriptor tables, its task state and its debug
 * registers: set_gdt, update_descriptor, stack_switch, fpu_taskswitch, set_debugreg, get_debugreg
 * (<xen/arch-x86/xen.h>, <xen/xen.h>). The LDT is set by mmuext_op. Checks and their order: Xen's.
 */
#include "hypercall/hypercall.h"

#include "arch/x86_32/descriptor.h"
#include "core/errno.h"
#include "mm/page.h"

long ASMCALL do_set_gdt(uint32_t list, uint32_t entries, uint32_t a3, uint32_t a4, uint32_t a5,
			uint32_t a6)
{
	mfn_t frames[GUEST_GDT_FRAMES];

	(void)a3, (void)a4, (void)a5, (void)a6;
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
long ASMCALL do_update_descriptor(uint32_t maddr_low, uint32_t maddr_high, uint32_t low,
				  uint32_t high, uint32_t a5, uint32_t a6)
{
	struct domain *d = current_vcpu()->domain;
	paddr_t maddr = (uint64_t)maddr_high << 32 | maddr_low;
	uint64_t descriptor = (uint64_t)high << 32 | low;
	uint32_t offset = maddr_low & (PAGE_SIZE - 1);
	struct page_info *page;
	long rc;

	(void)a5, (void)a6;
	if (offset % 8 || maddr >> PAGE_SHIFT >= max_mfn || !arch_descriptor_check(d, &descriptor))
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

long ASMCALL do_stack_switch(uint32_t ss, uint32_t esp, uint32_t a3, uint32_t a4, uint32_t a5,
			     uint32_t a6)
{
	struct vcpu *v = current_vcpu();

	(void)a3, (void)a4, (void)a5, (void)a6;
	v->arch.kernel_ss = arch_fix_selector((uint16_t)ss);
	v->arch.kernel_esp = esp;
	arch_stack_changed(v);
	return 0;
}

long ASMCALL do_fpu_taskswitch(uint32_t set, uint32_t a2, uint32_t a3, uint32_t a4, uint32_t a5,
			       uint32_t a6)
{
	struct vcpu *v = current_vcpu();

	(void)a2, (void)a3, (void)a4, (void)a5, (void)a6;
	if (v->arch.ts != (set != 0)) {
		v->arch.ts = set != 0;
		arch_ts_changed(v);
	}
	return 0;
}

long ASMCALL do_set_debugreg(uint32_t reg, uint32_t value, uint32_t a3, uint32_t a4, uint32_t a5,
			     uint32_t a6)
{
	(void)a3, (void)a4, (void)a5, (void)a6;
	return arch_debugreg_set(current_vcpu(), reg, value);
}

long ASMCALL do_get_debugreg(uint32_t reg, uint32_t a2, uint32_t a3, uint32_t a4, uint32_t a5,
			     uint32_t a6)
{
	uint32_t value;
	int rc = arch_debugreg_get(current_vcpu(), reg, &value);

	(void)a2, (void)a3, (void)a4, (void)a5, (void)a6;
	return rc ? rc : (long)value;
}
