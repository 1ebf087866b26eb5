/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_xen_version (<xen/version.h>): what guests are told they run on.
 * Kernels call the first of these also just to have pending events delivered,
 * which the way out of every hypercall does.
 */
#include "hypercall/hypercall.h"

#include <xen/features.h>
#include <xen/version.h>

#include "boot/boot.h"
#include "core/lib.h"
#include "core/version.h"

#define DENIED "<denied>"

/* A field of fixed size in the guest: the text, then zeroes. */
static long put_text(gva_t field, const char *text, uint32_t size)
{
	uint32_t len = MIN((uint32_t)strlen(text), size - 1);

	if (copy_to_guest(field, text, len) || clear_guest(field + len, size - len))
		return -EFAULT;
	return 0;
}

static long compile_info(gva_t arg)
{
	static const struct {
		const char *text;
		uint32_t offset, size;
	} fields[] = {
#define FIELD(name) offsetof(xen_compile_info_t, name), sizeof(((xen_compile_info_t *)0)->name)
		{ XEN_COMPILER, FIELD(compiler) },
		{ "ringlet", FIELD(compile_by) },
		{ "", FIELD(compile_domain) },
		{ "", FIELD(compile_date) },
#undef FIELD
	};

	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++)
		if (put_text(arg + fields[i].offset, fields[i].text, fields[i].size))
			return -EFAULT;
	return 0;
}

static long platform_parameters(gva_t arg)
{
	const xen_platform_parameters_t info = { .virt_start = HV_START };

	return copy_to_guest(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static uint32_t features(const struct domain *d)
{
	uint32_t bits = 1u << XENFEAT_mmu_pt_update_preserve_ad | 1u << XENFEAT_highmem_assist |
			1u << XENFEAT_gnttab_map_avail_bits | 1u << XENFEAT_not_direct_mapped;

	if (vm_assist_on(d, VMASST_TYPE_pae_extended_cr3))
		bits |= 1u << XENFEAT_pae_pgdir_above_4gb;
	if (domain_is_control(d))
		bits |= 1u << XENFEAT_dom0;
	return bits;
}

static long get_features(const struct domain *d, gva_t arg)
{
	xen_feature_info_t info;

	if (copy_from_guest(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.submap_idx >= XENFEAT_NR_SUBMAPS)
		return -EINVAL;
	info.submap = features(d);
	return copy_to_guest(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/*
 * The linker's note (linker.ld): an ELF note header, the name "GNU", the identifier. Weak,
 * because an image can be linked without one.
 */
extern const uint8_t build_id_note_start[] __attribute__((weak));
extern const uint8_t build_id_note_end[] __attribute__((weak));
#define BUILD_ID_OFFSET 16

/* arg 0 asks for the length only. */
static long build_id(const struct domain *d, gva_t arg)
{
	const uint32_t note_size = (uint32_t)(build_id_note_end - build_id_note_start);
	uint32_t room, len;

	if (!domain_is_control(d))
		return -EPERM;
	if (arg) {
		if (get_guest_u32(&room, arg))
			return -EFAULT;
		if (room == 0)
			return -EINVAL;
	}
	if (note_size <= BUILD_ID_OFFSET)
		return -ENODATA;
	len = note_size - BUILD_ID_OFFSET;
	if (!arg)
		return (long)len;
	if (len > room)
		return -ENOBUFS;
	return copy_to_guest(arg + offsetof(xen_build_id_t, buf),
			     build_id_note_start + BUILD_ID_OFFSET, len)
		       ? -EFAULT
		       : (long)len;
}

/* Apart from the one sub-operation that takes no register to save. */
static __attribute__((noinline)) long version_op(uint32_t cmd, uint32_t arg)
{
	const struct domain *d = current_vcpu()->domain;

	switch (cmd) {
	case XENVER_extraversion:
		return put_text(arg, XEN_EXTRAVERSION, XEN_EXTRAVERSION_LEN);
	case XENVER_compile_info:
		return compile_info(arg);
	case XENVER_capabilities:
		return put_text(arg, XEN_CAPABILITIES, XEN_CAPABILITIES_INFO_LEN);
	case XENVER_changeset:
		return put_text(arg, XEN_CHANGESET, XEN_CHANGESET_INFO_LEN);
	case XENVER_platform_parameters:
		return platform_parameters(arg);
	case XENVER_get_features:
		return get_features(d, arg);
	case XENVER_pagesize:
		return arg ? -EINVAL : (long)PAGE_SIZE;
	case XENVER_guest_handle:
		return copy_to_guest(arg, d->handle, sizeof(d->handle)) ? -EFAULT : 0;
	case XENVER_commandline:
		return put_text(arg, domain_is_control(d) ? boot_info.cmdline : DENIED,
				sizeof(xen_commandline_t));
	case XENVER_build_id:
		return build_id(d, arg);
	default:
		return -ENOSYS;
	}
}

/*
 * Linux asks for the version whenever it wants pending events delivered, so that one comes first.
 */
HYPERCALL(xen_version, cmd, arg)
{
	if (likely(cmd == XENVER_version))
		return XEN_MAJOR << 16 | XEN_MINOR;
	return version_op(cmd, arg);
}
