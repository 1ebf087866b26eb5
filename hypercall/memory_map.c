/* SPDX-License-Identifier: MIT */
/*
 * The memory maps of HYPERVISOR_memory_op (<xen/memory.h>): the one of the machine, for a control
 * domain, and each domain's own; and where the machine-to-physical table is.
 */
#include "hypercall/memory.h"

#include "boot/boot.h"
#include "core/lib.h"
#include "hypercall/hypercall.h"

/* An entry as BIOS INT 15h, function E820h returns it: 20 bytes, no padding. */
struct e820_entry {
	uint64_t start, size;
	uint32_t type;
} PACKED;

#define E820_RAM 1
#define E820_RESERVED 2
#define E820_UNUSABLE 5

static uint32_t region_type(uint32_t type)
{
	return type >= E820_RAM && type <= E820_UNUSABLE ? type : E820_RESERVED;
}

long memop_get_machine_memory_map(gva_t arg)
{
	struct xen_memory_map guest;
	gva_t out;
	unsigned i;

	if (!domain_is_control(current_vcpu()->domain))
		return -EPERM;
	if (copy_from_guest(&guest, arg, sizeof(guest)))
		return -EFAULT;
	out = (gva_t)guest.buffer.p;
	if (out && guest.nr_entries < boot_info.nr_regions)
		return -EINVAL;
	for (i = 0; out && i < boot_info.nr_regions; i++, out += sizeof(struct e820_entry)) {
		const struct boot_region *region = &boot_info.region[i];
		struct e820_entry entry = {
			.start = region->start,
			.size = region->end - region->start,
			.type = region_type(region->type),
		};

		if (copy_to_guest(out, &entry, sizeof(entry)))
			return -EFAULT;
	}
	return put_guest_u32(arg + offsetof(struct xen_memory_map, nr_entries),
			     boot_info.nr_regions);
}

/* A copy of d's map, at most MAX_MEMORY_MAP_ENTRIES; the number of entries. */
static uint32_t read_map(struct domain *d, struct e820_entry *map)
{
	uint32_t n = 1;

	spin_lock(&d->page_lock);
	if (d->memory_map) {
		n = d->memory_map_entries;
		memcpy(map, d->memory_map, n * sizeof(*map));
	} else {
		map[0] = (struct e820_entry){
			.size = (uint64_t)d->max_pages << PAGE_SHIFT,
			.type = E820_RAM,
		};
	}
	spin_unlock(&d->page_lock);
	return n;
}

long memop_get_memory_map(gva_t arg)
{
	struct e820_entry map[MAX_MEMORY_MAP_ENTRIES];
	uint32_t have = read_map(current_vcpu()->domain, map);
	struct xen_memory_map guest;

	if (copy_from_guest(&guest, arg, sizeof(guest)))
		return -EFAULT;
	if (guest.buffer.p) {
		have = MIN(have, guest.nr_entries);
		if (copy_to_guest((gva_t)guest.buffer.p, map, have * (uint32_t)sizeof(map[0])))
			return -EFAULT;
	}
	return put_guest_u32(arg + offsetof(struct xen_memory_map, nr_entries), have);
}

long memop_set_memory_map(gva_t arg)
{
	struct xen_foreign_memory_map guest;
	struct e820_entry *map, *old;
	struct domain *d;
	uint32_t size;
	int rc;

	if (copy_from_guest(&guest, arg, sizeof(guest)))
		return -EFAULT;
	if (guest.map.nr_entries > MAX_MEMORY_MAP_ENTRIES)
		return -EINVAL;
	d = domain_lookup(guest.domid, &rc);
	if (!d)
		return rc;
	size = guest.map.nr_entries * (uint32_t)sizeof(*map);
	map = heap_alloc(size ? size : 1);
	if (!map)
		return -ENOMEM;
	if (copy_from_guest(map, (gva_t)guest.map.buffer.p, size)) {
		heap_free(map);
		return -EFAULT;
	}
	spin_lock(&d->page_lock);
	old = d->memory_map;
	d->memory_map = map;
	d->memory_map_entries = guest.map.nr_entries;
	spin_unlock(&d->page_lock);
	heap_free(old);
	return 0;
}

/*
 * Kernels ask once: one that was saved may go on where there is more memory, so they are told the last frame that the
 * table has room for, as Xen does. A control domain stays, and looks up frames that others name: it is told the last
 * that can be read.
 */
long memop_machphys_mapping(gva_t arg)
{
	bool control = domain_is_control(current_vcpu()->domain);
	struct xen_machphys_mapping out = {
		.v_start = M2P_START,
		.v_end = M2P_START + M2P_SIZE,
		.max_mfn = control ? max_mfn - 1 : M2P_SIZE / sizeof(uint32_t) - 1,
	};

	return copy_to_guest(arg, &out, sizeof(out));
}
