/* SPDX-License-Identifier: MIT */
/*
 * Event and failsafe callbacks: both ways to register them, when an upcall comes and when not, what
 * its frame says, and the failsafe callback for state that cannot be loaded (ABI: <xen/callback.h>,
 * struct vcpu_info in <xen/xen.h>).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/callback.h>
#include <xen/version.h>

#define BAD_SELECTOR 0x7ff3

static int port;
static unsigned int upcalls;
static struct trap_frame last_upcall;
static uint8_t mask_in_upcall, pending_in_upcall;

static bool note_upcall(struct trap_frame *frame)
{
	upcalls++;
	memcpy(&last_upcall, frame, offsetof(struct trap_frame, esp));
	mask_in_upcall = vcpu_info->evtchn_upcall_mask;
	pending_in_upcall = vcpu_info->evtchn_upcall_pending;
	event_dispatch();
	return true;
}

/* A loop-back port, unmasked, and an upcall counter at zero. */
static void setup_port(void)
{
	trap_set_hook(VECTOR_EVENT, note_upcall);
	if (!port) {
		port = event_bind_ipi(0);
		BUG_ON(port < 0);
	}
	event_clear(port);
	event_unmask(port);
	vcpu_info->evtchn_upcall_pending = 0;
	vcpu_info->evtchn_pending_sel = 0;
	upcalls = 0;
}

static void call_nothing(void)
{
	HYPERVISOR_xen_version(XENVER_version, NULL);
}

static void test_upcall(void)
{
	setup_port();
	vcpu_info->evtchn_upcall_mask = 0;
	CHECK_EQ(event_send(port), 0, "send");
	CHECK_EQ(upcalls, 1, "upcalls when send came back");
	CHECK_EQ(mask_in_upcall, 1, "mask inside the upcall");
	CHECK(pending_in_upcall, "upcall_pending is clear inside the upcall");
	CHECK_EQ(last_upcall.upcall_mask, 0, "saved mask");
	CHECK_EQ(last_upcall.cs, FLAT_KERNEL_CS, "interrupted cs");
	CHECK(last_upcall.eflags & EFLAGS_IF, "IF is clear in the upcall's frame");
	CHECK_EQ(vcpu_info->evtchn_upcall_mask, 0, "mask after the upcall");
	vcpu_info->evtchn_upcall_mask = 1;
}

static void test_masked(void)
{
	setup_port();
	vcpu_info->evtchn_upcall_mask = 1;
	event_send(port);
	CHECK_EQ(upcalls, 0, "upcalls while masked");
	CHECK(event_is_pending(port), "the port is not pending");
	CHECK(vcpu_info->evtchn_upcall_pending, "upcall_pending is clear");
	CHECK(vcpu_info->evtchn_pending_sel & (1u << port / 32), "the selector bit is clear");
	vcpu_info->evtchn_upcall_mask = 0;
	CHECK_EQ(upcalls, 0, "upcalls before the next entry");
	call_nothing();
	CHECK_EQ(upcalls, 1, "upcalls after a hypercall with the mask open");
	vcpu_info->evtchn_upcall_mask = 1;
}

static void test_channel_mask(void)
{
	setup_port();
	vcpu_info->evtchn_upcall_mask = 0;
	event_mask(port);
	event_send(port);
	CHECK_EQ(upcalls, 0, "upcalls for a masked port");
	CHECK(event_is_pending(port), "a masked port did not become pending");
	CHECK(!vcpu_info->evtchn_upcall_pending, "a masked port raised upcall_pending");
	CHECK(!vcpu_info->evtchn_pending_sel, "a masked port set the selector");
	event_unmask(port);
	CHECK_EQ(upcalls, 1, "upcalls after unmask");
	vcpu_info->evtchn_upcall_mask = 1;
}

/* Only a 0 -> 1 transition of the pending bit raises anything. */
static void test_edge(void)
{
	setup_port();
	vcpu_info->evtchn_upcall_mask = 1;
	event_send(port);
	vcpu_info->evtchn_upcall_pending = 0;
	vcpu_info->evtchn_pending_sel = 0;
	event_send(port);
	CHECK(!vcpu_info->evtchn_upcall_pending, "sending to a pending port raised it again");
	event_clear(port);
	event_send(port);
	CHECK(vcpu_info->evtchn_upcall_pending, "sending to a cleared port raised nothing");
	setup_port();
}

/* Every way back into the guest takes the upcall: here an emulated instruction. */
static void test_after_emulation(void)
{
	uint32_t eax = 0, ebx, ecx, edx;

	setup_port();
	vcpu_info->evtchn_upcall_mask = 1;
	event_send(port);
	vcpu_info->evtchn_upcall_mask = 0;
	__asm__ __volatile__(XEN_EMULATE_PREFIX "cpuid"
			     : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx)
			     :
			     : "memory");
	CHECK_EQ(upcalls, 1, "upcalls after an emulated instruction");
	vcpu_info->evtchn_upcall_mask = 1;
}

static bool send_from_upcall(struct trap_frame *frame)
{
	(void)frame;
	upcalls++;
	if (upcalls == 1) {
		event_clear(port);
		event_send(port);
		CHECK_EQ(upcalls, 1, "an upcall came inside an upcall");
	}
	event_dispatch();
	return true;
}

static void test_no_nesting(void)
{
	setup_port();
	trap_set_hook(VECTOR_EVENT, send_from_upcall);
	vcpu_info->evtchn_upcall_mask = 0;
	event_send(port);
	vcpu_info->evtchn_upcall_mask = 1;
	CHECK(!event_is_pending(port), "the second event was lost");
}

/* --- Upcalls of ring 3 --- */

static uint32_t user_flag __user_data;

static uint32_t __user_code user_wait(uint32_t limit)
{
	uint32_t spins = 0;

	while (!*(volatile uint32_t *)&user_flag && ++spins < limit)
		;
	return spins;
}

static bool raise_flag(struct trap_frame *frame)
{
	if (from_user(frame))
		memcpy(&last_upcall, frame, sizeof(*frame));
	upcalls++;
	user_flag = 1;
	event_dispatch();
	return true;
}

static void test_from_user(void)
{
	int timer = event_bind_virq(VIRQ_TIMER, 0);
	struct fault exit;

	setup_port();
	trap_set_hook(VECTOR_EVENT, raise_flag);
	user_flag = 0;
	event_unmask(timer);
	CHECK_EQ(HYPERVISOR_set_timer_op(time_system_ns() + 20 * NS_PER_MS), 0, "set_timer_op");
	CHECK(user_call(user_wait, ~0u, &exit), "ring 3 ended by vector %u", exit.vector);
	CHECK(upcalls, "no upcall in ring 3");
	CHECK_EQ(last_upcall.cs, FLAT_USER_CS, "interrupted cs");
	CHECK_EQ(last_upcall.ss, FLAT_USER_SS, "interrupted ss");
	CHECK_EQ(last_upcall.upcall_mask, 0, "saved mask");
	event_close(timer);
}

/* --- Registration --- */

static long register_callback(unsigned int type, unsigned int flags, const void *address)
{
	struct callback_register op = {
		.type = type,
		.flags = flags,
		.address = { .cs = FLAT_KERNEL_CS, .eip = PTR32(address) },
	};

	return HYPERVISOR_callback_op(CALLBACKOP_register, &op);
}

static long unregister_callback(unsigned int type)
{
	struct callback_unregister op = { .type = type };

	return HYPERVISOR_callback_op(CALLBACKOP_unregister, &op);
}

extern char alternate_entry[];
uint32_t alternate_hits; /* not static: assembly counts in it */

__asm__(".pushsection .text; alternate_entry: incl %ss:alternate_hits; jmp event_entry; "
	".popsection");

static void count_alternate(const char *what, uint32_t expected)
{
	alternate_hits = 0;
	setup_port();
	vcpu_info->evtchn_upcall_mask = 0;
	event_send(port);
	vcpu_info->evtchn_upcall_mask = 1;
	CHECK_EQ(upcalls, 1, what);
	CHECK_EQ(alternate_hits, expected, what);
}

static void test_register_event(void)
{
	CHECK_EQ(register_callback(CALLBACKTYPE_event, 0, alternate_entry), 0, "register");
	count_alternate("entry by callback_op", 1);
	CHECK_EQ(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, PTR32(event_entry), FLAT_KERNEL_CS,
					  PTR32(failsafe_entry)),
		 0, "set_callbacks");
	count_alternate("entry by set_callbacks", 0);
	CHECK_EQ(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS & ~3, PTR32(alternate_entry),
					  FLAT_KERNEL_CS & ~3, PTR32(failsafe_entry)),
		 0, "set_callbacks with RPL 0");
	count_alternate("entry by a selector with RPL 0", 1);
	trap_init();
}

static void test_register_errors(void)
{
	void *bad = (void *)HYPERVISOR_VIRT_START;

	CHECK_EQ(unregister_callback(CALLBACKTYPE_event), -XEN_EINVAL, "unregister event");
	CHECK_EQ(unregister_callback(CALLBACKTYPE_failsafe), -XEN_EINVAL, "unregister failsafe");
	CHECK_EQ(unregister_callback(0xffff), -XEN_ENOSYS, "unregister unknown");
	CHECK_EQ(register_callback(0xffff, 0, event_entry), -XEN_ENOSYS, "register unknown");
	CHECK(register_callback(CALLBACKTYPE_sysenter, 0, event_entry) < 0, "sysenter accepted");
	CHECK_EQ(HYPERVISOR_callback_op(2, bad), -XEN_ENOSYS, "unknown operation");
	CHECK_EQ(HYPERVISOR_callback_op(CALLBACKOP_register, bad), -XEN_EFAULT, "bad pointer");
	CHECK_EQ(HYPERVISOR_callback_op(CALLBACKOP_unregister, bad), -XEN_EFAULT, "bad pointer");
}

static void test_register_nmi(void)
{
	CHECK_EQ(register_callback(CALLBACKTYPE_nmi, 0, nmi_entry), 0, "register");
	CHECK_EQ(unregister_callback(CALLBACKTYPE_nmi), 0, "unregister");
	CHECK_EQ(unregister_callback(CALLBACKTYPE_nmi), 0, "unregister again");
}

/* --- Failsafe --- */

static void run_bad_state(const struct user_state *state, const char *what)
{
	struct fault exit;

	user_run(state, &exit);
	check_fault(&exit, VECTOR_FAILSAFE, what);
	CHECK_EQ(exit.frame.eip, state->eip, what);
	CHECK_EQ(exit.frame.cs, state->cs, what);
	CHECK_EQ(exit.frame.esp, state->esp, what);
	CHECK_EQ(exit.frame.ss, state->ss, what);
}

static uint32_t __user_code user_nothing(uint32_t arg)
{
	return arg;
}

static void test_failsafe_cs(void)
{
	static const uint16_t selectors[] = { BAD_SELECTOR, 3, FLAT_USER_DS, 0x0007 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(selectors); i++) {
		struct user_state state = user_state_for(user_nothing);

		state.cs = selectors[i];
		run_bad_state(&state, "bad cs");
	}
}

static void test_failsafe_ss(void)
{
	static const uint16_t selectors[] = { BAD_SELECTOR, 3, FLAT_USER_CS, FLAT_KERNEL_SS,
					      0x0007 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(selectors); i++) {
		struct user_state state = user_state_for(user_nothing);

		state.ss = selectors[i];
		run_bad_state(&state, "bad ss");
	}
}

static uint8_t failsafe_mask;

static bool note_failsafe(struct trap_frame *frame)
{
	(void)frame;
	failsafe_mask = vcpu_info->evtchn_upcall_mask;
	return false;
}

static void test_failsafe_masking(void)
{
	struct user_state state = user_state_for(user_nothing);

	state.cs = BAD_SELECTOR;
	trap_set_hook(VECTOR_FAILSAFE, note_failsafe);
	CHECK_EQ(register_callback(CALLBACKTYPE_failsafe, CALLBACKF_mask_events, failsafe_entry), 0,
		 "register");
	run_bad_state(&state, "bad cs, callback masks");
	CHECK_EQ(failsafe_mask, 1, "mask inside, with CALLBACKF_mask_events");
	CHECK_EQ(register_callback(CALLBACKTYPE_failsafe, 0, failsafe_entry), 0, "register");
	run_bad_state(&state, "bad cs, callback does not mask");
	CHECK_EQ(failsafe_mask, 0, "mask inside, without the flag");
	trap_set_hook(VECTOR_FAILSAFE, NULL);
}

static const struct test_case cases[] = {
	{ "callbacks.upcall", test_upcall },
	{ "callbacks.masked", test_masked },
	{ "callbacks.channel_mask", test_channel_mask },
	{ "callbacks.edge", test_edge },
	{ "callbacks.after_emulation", test_after_emulation },
	{ "callbacks.no_nesting", test_no_nesting },
	{ "callbacks.from_user", test_from_user },
	{ "callbacks.register_event", test_register_event },
	{ "callbacks.register_errors", test_register_errors },
	{ "callbacks.register_nmi", test_register_nmi },
	{ "callbacks.failsafe_cs", test_failsafe_cs },
	{ "callbacks.failsafe_ss", test_failsafe_ss },
	{ "callbacks.failsafe_masking", test_failsafe_masking },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
