/* SPDX-License-Identifier: MIT */
/*
 * Memory of the simulated machine: frames, the hypervisor's mappings, the TLB, and
 * the accesses to guests of uaccess.h.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/x86_32/arch.h"
#include "arch/x86_32/uaccess.h"
#include "core/errno.h"
#include "mm/page.h"
#include "tests/host/machine.h"
#include "tests/host/machine_internal.h"

#define NR_FRAMES (machine_ram_frames + MACHINE_IO_FRAMES)
#define L3E_LOADED (PTE_MFN_MASK | PTE_P)

struct tlb_entry machine_tlb[TLB_ENTRIES];
pte_t machine_l3[4];
unsigned char *machine_ram;
int machine_ram_file;

static uint32_t flush_clock = 1;

/* ---- physical memory ---- */

static void reserve(uintptr_t start, size_t size)
{
	void *va = mmap((void *)start, size, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (va != (void *)start)
		machine_stop_with("no room at %lx", (unsigned long)start);
}

void machine_memory_init(void)
{
	machine_ram_file = (int)syscall(SYS_memfd_create, "ram", MFD_CLOEXEC);
	if (machine_ram_file < 0 || ftruncate(machine_ram_file, NR_FRAMES * PAGE_SIZE))
		machine_stop_with("no memory for the simulated RAM");
	machine_ram = mmap(NULL, NR_FRAMES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			   machine_ram_file, 0);
	if (machine_ram == MAP_FAILED)
		machine_stop_with("cannot map the simulated RAM");
	reserve(HEAP_START, HEAP_SIZE);
	reserve(MAPCACHE_START, MAPCACHE_SIZE);
	max_mfn = NR_FRAMES;
	frame_table = calloc(max_mfn, sizeof(*frame_table));
	m2p = malloc(max_mfn * sizeof(*m2p));
	if (!frame_table || !m2p)
		machine_stop_with("no memory for the frame table");
	memset(m2p, 0xff, max_mfn * sizeof(*m2p));
	supported_pte_flags = PTE_NX;
	frame_mark_io(machine_ram_frames, NR_FRAMES);
	alloc_add_range(MACHINE_IMAGE_FRAMES, machine_ram_frames);
}

void *machine_frame(mfn_t mfn)
{
	if (mfn >= NR_FRAMES)
		machine_stop_with("an access to frame %x, which does not exist", mfn);
	return machine_ram + (size_t)mfn * PAGE_SIZE;
}

/* ---- the hypervisor's own mappings ---- */

void hv_map_page(uintptr_t va, mfn_t mfn, uint64_t flags)
{
	int protection = PROT_READ | (flags & PTE_RW ? PROT_WRITE : 0);

	if (flags == 0) {
		hv_unmap_page(va);
		return;
	}
	if (mfn >= NR_FRAMES || va % PAGE_SIZE)
		machine_stop_with("the hypervisor maps frame %x at %lx", mfn, (unsigned long)va);
	if (mmap((void *)va, PAGE_SIZE, protection, MAP_SHARED | MAP_FIXED, machine_ram_file,
		 (off_t)mfn * PAGE_SIZE) != (void *)va)
		machine_stop_with("cannot map a page at %lx", (unsigned long)va);
}

void hv_unmap_page(uintptr_t va)
{
	if (mmap((void *)va, PAGE_SIZE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != (void *)va)
		machine_stop_with("cannot unmap a page at %lx", (unsigned long)va);
}

/* ---- TLB ---- */

void tlb_flush_local(void)
{
	memset(machine_tlb, 0, sizeof(machine_tlb));
	this_cpu()->tlb_stamp = flush_clock++;
	machine.flushes++;
}

void tlb_flush_page(gva_t va)
{
	struct tlb_entry *e = &machine_tlb[va / PAGE_SIZE % TLB_ENTRIES];

	if (e->va == (va & PAGE_MASK))
		e->valid = false;
}

uint32_t tlb_clock(void)
{
	return flush_clock;
}

void tlb_flush_if_stale(uint32_t frame_stamp)
{
	if ((int32_t)(this_cpu()->tlb_stamp - frame_stamp) < 0)
		tlb_flush_local();
}

void arch_load_top(struct vcpu *v)
{
	const pte_t *top = machine_frame(v->arch.top);
	unsigned slot;

	for (slot = 0; slot < 4; slot++)
		machine_l3[slot] = top[slot] & L3E_LOADED;
	tlb_flush_local();
}

void arch_l3_changed(mfn_t top, unsigned slot, pte_t entry)
{
	struct vcpu *v = current_vcpu();

	if (!v->domain || v->arch.top != top)
		return;
	machine_l3[slot] = entry & L3E_LOADED;
	tlb_flush_local();
}

void arch_l2_changed(mfn_t l2, unsigned index)
{
	(void)l2, (void)index;
}

/* Something that is surely not the guest's, to show if a guest gets to see it. */
void arch_l2_init_hv_slots(pte_t *l2)
{
	unsigned i;

	for (i = L2_HV_FIRST; i < PTES_PER_PAGE; i++)
		l2[i] = pte_make(1, PTE_P);
}

/* ---- walking ---- */

/* As the processor: sets accessed and dirty bits. False: a page fault. */
static bool walk(gva_t va, bool write, struct tlb_entry *found)
{
	pte_t *l2e, *l1e;

	if (!(machine_l3[l3_index(va)] & PTE_P))
		return false;
	l2e = (pte_t *)machine_frame(pte_mfn(machine_l3[l3_index(va)])) + l2_index(va);
	if (!(*l2e & PTE_P))
		return false;
	if (*l2e & PTE_PSE)
		machine_stop_with("a superpage in a guest's table");
	l1e = (pte_t *)machine_frame(pte_mfn(*l2e)) + l1_index(va);
	if (!(*l1e & PTE_P))
		return false;
	found->writable = (*l2e & PTE_RW) && (*l1e & PTE_RW);
	if (write && !found->writable)
		return false;
	*l2e |= PTE_A;
	*l1e |= write ? PTE_A | PTE_D : PTE_A;
	/* A clean entry is looked at again when it is written through. */
	found->writable = found->writable && (*l1e & PTE_D);
	found->va = va & PAGE_MASK;
	found->mfn = pte_mfn(*l1e);
	found->valid = true;
	return true;
}

mfn_t machine_translate(gva_t va, bool write)
{
	struct tlb_entry *e = &machine_tlb[va / PAGE_SIZE % TLB_ENTRIES], found;

	if (va >= HV_START)
		return INVALID_MFN;
	if (e->valid && e->va == (va & PAGE_MASK) && (!write || e->writable))
		return e->mfn;
	if (!walk(va, write, &found)) {
		if (e->va == (va & PAGE_MASK))
			e->valid = false; /* a fault drops the entry */
		return INVALID_MFN;
	}
	*e = found;
	return found.mfn;
}

static void *guest_pointer(gva_t va, bool write)
{
	static char nothing[PAGE_SIZE]; /* where no memory answers */
	mfn_t mfn = machine_translate(va, write);

	if (mfn != INVALID_MFN && mfn >= NR_FRAMES)
		return nothing + va % PAGE_SIZE;
	return mfn == INVALID_MFN ? NULL : (char *)machine_frame(mfn) + va % PAGE_SIZE;
}

int machine_access(gva_t va, void *buffer, uint32_t len, bool write)
{
	char *p = buffer;

	while (len) {
		uint32_t n = MIN(len, PAGE_SIZE - va % PAGE_SIZE);
		void *guest = guest_pointer(va, write);

		if (!guest)
			return -EFAULT;
		if (write)
			memcpy(guest, p, n);
		else
			memcpy(p, guest, n);
		va += n, p += n, len -= n;
	}
	return 0;
}

/* ---- uaccess.h ---- */

int copy_from_guest(void *dst, gva_t src, uint32_t len)
{
	if (!guest_range_ok(src, len))
		return -EFAULT;
	memset(dst, 0, len);
	return machine_access(src, dst, len, false);
}

int copy_to_guest(gva_t dst, const void *src, uint32_t len)
{
	if (!guest_range_ok(dst, len))
		return -EFAULT;
	return machine_access(dst, (void *)(uintptr_t)src, len, true);
}

int clear_guest(gva_t dst, uint32_t len)
{
	static const char zero[PAGE_SIZE];

	if (!guest_range_ok(dst, len))
		return -EFAULT;
	while (len) {
		uint32_t n = MIN(len, PAGE_SIZE);

		if (copy_to_guest(dst, zero, n))
			return -EFAULT;
		dst += n, len -= n;
	}
	return 0;
}

int get_guest_u32(uint32_t *dst, gva_t src)
{
	return copy_from_guest(dst, src, sizeof(*dst));
}

int put_guest_u32(gva_t dst, uint32_t value)
{
	return copy_to_guest(dst, &value, sizeof(value));
}
