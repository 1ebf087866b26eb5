/* SPDX-License-Identifier: MIT */
/*
 * The choice of isolation mode. `segment` needs two things of the processor: that it enforces
 * segment limits (QEMU's TCG does not), and that it does not let a guest read supervisor memory
 * past a fault it will take: a processor of Intel's before RDCL_NO (Meltdown;
 * IA32_ARCH_CAPABILITIES bit 0) may, and ring 1 is supervisor besides, so that limits are all there
 * is. In-order processors (Vortex86, Geode, early Atom) have no speculation to leak by.
 */
#include "arch/x86_32/isolation.h"

#include "arch/x86_32/cpu.h"
#include "arch/x86_32/extable.h"
#include "arch/x86_32/paging.h"
#include "core/console.h"
#include "core/options.h"
#include "core/types.h"

/*
 * Reads past the end of a guest's flat segment, at the hypervisor's own
 * text: true when the processor refuses.
 */
static bool limits_enforced(void)
{
	uint32_t refused = 0, byte = 0;

	__asm__ volatile("mov %[segment], %%fs\n"
			 "1: movb %%fs:(%[beyond]), %b[byte]\n\t"
			 "jmp 3f\n"
			 "2: inc %[refused]\n"
			 "3: mov %[null], %%fs\n\t" EXTABLE("1b", "2b")
			 : [refused] "+r"(refused), [byte] "+q"(byte)
			 : [segment] "r"(FLAT_RING1_DS),
			   [beyond] "r"(IMAGE_START + IMAGE_LOAD_PADDR), [null] "r"(0));
	return refused;
}

static bool leaks_across_privilege(void)
{
	/* What executes in order: what came before family 6, Bonnell and Saltwell Atoms. */
	static const uint8_t atoms[] = { 0x1c, 0x26, 0x27, 0x35, 0x36 };

	return cpu_is_intel && cpu_family >= 6 && !cpu_is_intel_model(atoms, ARRAY_SIZE(atoms)) &&
	       !cpu_has_rdcl_no();
}

void isolation_choose(void)
{
	bool enforced = limits_enforced(), leaks = leaks_across_privilege();
	const char *why = "by the isolation= option";

	isolation_by_paging = options.isolation == ISOLATION_PAGING;
	if (options.isolation == ISOLATION_AUTO) {
		isolation_by_paging = !enforced || leaks;
		why = !enforced ? "this processor does not enforce segment limits"
		      : leaks ? "this processor may leak memory across privilege levels (Meltdown)"
			      : "this processor enforces segment limits";
	}
	printk("isolation: %s (%s)\n", isolation_by_paging ? "paging" : "segment", why);
	if (!isolation_by_paging && !enforced)
		printk("WARNING: segment limits are NOT enforced by this processor: every guest "
		       "can read and write the hypervisor. Use isolation=paging for anything but "
		       "tests.\n");
}
