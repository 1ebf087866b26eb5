/* SPDX-License-Identifier: MIT */
/*
 * VMASST_TYPE_4gb_segments_notify (<xen/xen.h>): the kernel hears, by vector 15 with the number of bytes
 * that were looked at as its error code, of each thread-local segment that was turned round for a
 * program of its. Only where segment limits hold is there anything to turn.
 *
 * Boot: skip=qemu
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#define VECTOR_NOTIFY 15
#define SLOT 5
#define USER_SELECTOR (SLOT * 8 + 3)
#define FLAT_USER_DATA 0x00cff2000000ffffULL
#define LOAD_LENGTH 6 /* of the instruction: prefix, opcode, offset */

static uint32_t user_words[4] __user_data = { 1, 2, 3, 4 };

static struct {
	unsigned int count;
	uint32_t eip, error;
	uint16_t cs;
} notified;

static uint32_t __user_code load_above(uint32_t selector)
{
	uint32_t value;

	__asm__ __volatile__("movl %1, %%gs; .byte 0x65, 0xa1; .long 4"
			     : "=a"(value)
			     : "r"(selector));
	return value;
}

static uint32_t __user_code load_below(uint32_t selector)
{
	uint32_t value;

	__asm__ __volatile__("movl %1, %%gs; .byte 0x65, 0xa1; .long -4"
			     : "=a"(value)
			     : "r"(selector));
	return value;
}

static void install_segment(void)
{
	static uint64_t *gdt;
	uint64_t base = PTR32(&user_words[1]);
	xen_pfn_t frame;

	if (!gdt) {
		gdt = page_alloc();
		BUG_ON(page_protect(gdt, PTE_KERNEL_RO));
	}
	frame = va_to_mfn(gdt);
	CHECK_EQ(HYPERVISOR_set_gdt(&frame, ENTRIES_PER_TABLE), 0, "set_gdt");
	CHECK_EQ(HYPERVISOR_update_descriptor(((uint64_t)frame << PAGE_SHIFT) + SLOT * sizeof(*gdt),
					      FLAT_USER_DATA | (base & 0xffffff) << 16 |
						      (base >> 24) << 56),
		 0, "update_descriptor");
}

/* Of a vector with an error code, so that its stub finds one. */
static bool take_notice(struct trap_frame *frame)
{
	notified.count++;
	notified.eip = frame->eip;
	notified.cs = frame->cs;
	notified.error = frame->error;
	return true;
}

static void set_assist(unsigned int command)
{
	CHECK_EQ(HYPERVISOR_vm_assist(command, VMASST_TYPE_4gb_segments), 0, "4gb_segments");
	CHECK_EQ(HYPERVISOR_vm_assist(command, VMASST_TYPE_4gb_segments_notify), 0,
		 "4gb_segments_notify");
}

static void check_notice(unsigned int count, const void *fn, const char *what)
{
	CHECK_EQ(notified.count, count, what);
	CHECK(notified.eip - PTR32(fn) < 32, "%s: at 0x%x", what, notified.eip);
	CHECK_EQ(notified.cs & 3, 3, "the program's privilege");
	CHECK_EQ(notified.error, LOAD_LENGTH, "bytes looked at");
}

static void test_notify(void)
{
	struct trap_info entry = trap_entry(X86_AC, 0, false);
	struct fault exit;

	install_segment();
	if (!CHECK(!user_call(load_below, USER_SELECTOR, &exit), "segment limits do not hold here"))
		return;
	entry.vector = VECTOR_NOTIFY;
	CHECK_EQ(trap_install(entry), 0, "vector 15");
	trap_set_hook(X86_AC, take_notice);
	set_assist(VMASST_CMD_enable);
	CHECK(user_call(load_below, USER_SELECTOR, &exit), "below: vector %u", exit.vector);
	CHECK_EQ(exit.frame.eax, 1, "word below");
	check_notice(1, (const void *)load_below, "turned down");
	CHECK(user_call(load_below, USER_SELECTOR, &exit), "again: vector %u", exit.vector);
	CHECK_EQ(notified.count, 1, "nothing to turn, nothing to say");
	CHECK(user_call(load_above, USER_SELECTOR, &exit), "above: vector %u", exit.vector);
	CHECK_EQ(exit.frame.eax, 3, "word above");
	check_notice(2, (const void *)load_above, "turned up");
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_disable, VMASST_TYPE_4gb_segments_notify), 0,
		 "quietly");
	CHECK(user_call(load_below, USER_SELECTOR, &exit), "quietly: vector %u", exit.vector);
	CHECK_EQ(notified.count, 2, "nobody asked to hear of it");
	set_assist(VMASST_CMD_disable);
	trap_set_hook(X86_AC, NULL);
	trap_install_table();
}

int main(void)
{
	static const struct test_case cases[] = { { "segnotify.notify", test_notify } };

	return test_run(cases, ARRAY_SIZE(cases));
}
