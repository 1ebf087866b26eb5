/* SPDX-License-Identifier: MIT */
/*
 * Time: the clock, the wall clock, one-shot and periodic timers, sleeping, and the run-state area
 * (ABI: struct vcpu_time_info in <xen/xen.h>, <xen/vcpu.h>, SCHEDOP_block in <xen/sched.h>).
 * Upper bounds are wide: the machine may be emulated and busy.
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/sched.h>
#include <xen/vcpu.h>

#define YEAR_2020_S 1577836800ULL
#define YEAR_2100_S 4102444800ULL
#define PATIENCE (5 * NS_PER_S)
#define TICKS_WANTED 5

static volatile unsigned int ticks;
static int timer_port;

static void count_tick(evtchn_port_t port, void *data)
{
	(void)port;
	(void)data;
	ticks++;
}

static void stop_timers(void)
{
	HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	HYPERVISOR_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL);
}

/* The timer's port bound and quiet, upcalls masked, the counter at zero. */
static void setup(void)
{
	if (!timer_port) {
		timer_port = event_bind_virq(VIRQ_TIMER, 0);
		BUG_ON(timer_port < 0);
		event_bind(timer_port, count_tick, NULL);
	}
	stop_timers();
	events_enable();
	events_disable();
	ticks = 0;
}

/* Sleeps until a tick came or the deadline passes; returns whether one came. */
static bool wait_until(uint64_t deadline)
{
	evtchn_port_t port = timer_port;
	struct sched_poll poll = { .nr_ports = 1, .timeout = deadline };

	set_xen_guest_handle(poll.ports, &port);
	HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
	events_enable();
	events_disable();
	return ticks;
}

static bool wait_for_tick(void)
{
	return wait_until(time_system_ns() + PATIENCE);
}

/* --- Clocks --- */

static void test_info(void)
{
	CHECK(!(vcpu_info->time.version & 1), "version is odd");
	CHECK(vcpu_info->time.tsc_to_system_mul, "the scale is zero");
	CHECK(vcpu_info->time.tsc_shift > -32 && vcpu_info->time.tsc_shift < 32, "shift %d",
	      vcpu_info->time.tsc_shift);
	CHECK(time_system_ns(), "system time is zero");
}

static void test_monotonic(void)
{
	uint64_t last = time_system_ns();
	unsigned int i;

	for (i = 0; i < 200000 && test_ok(); i++) {
		uint64_t now = time_system_ns();

		CHECK(now >= last, "time went from %llu to %llu", last, now);
		last = now;
	}
}

static void test_wallclock(void)
{
	uint64_t base = time_wallclock_base_ns(), start = time_system_ns();
	uint64_t seconds = div_u64_u32(base + start, NS_PER_S, NULL);

	CHECK(!(shared_info->wc_version & 1), "wc_version is odd");
	CHECK(shared_info->wc_nsec < NS_PER_S, "wc_nsec %u", shared_info->wc_nsec);
	CHECK(seconds > YEAR_2020_S && seconds < YEAR_2100_S, "the clock says %llu s", seconds);
}

/* --- One-shot timers --- */

static void test_timer_op(void)
{
	uint64_t deadline;

	setup();
	deadline = time_system_ns() + 20 * NS_PER_MS;
	CHECK_EQ(HYPERVISOR_set_timer_op(deadline), 0, "set_timer_op");
	CHECK(wait_for_tick(), "no tick");
	CHECK(time_system_ns() >= deadline, "the tick came %llu ns early",
	      deadline - time_system_ns());
	CHECK_EQ(ticks, 1, "ticks");
}

static void test_timer_op_past(void)
{
	setup();
	CHECK_EQ(HYPERVISOR_set_timer_op(1), 0, "a deadline in the past");
	CHECK(wait_for_tick(), "no tick");
}

static void test_timer_op_cancel(void)
{
	setup();
	HYPERVISOR_set_timer_op(time_system_ns() + 20 * NS_PER_MS);
	CHECK_EQ(HYPERVISOR_set_timer_op(0), 0, "cancel");
	time_delay_ns(60 * NS_PER_MS);
	events_enable();
	events_disable();
	CHECK_EQ(ticks, 0, "ticks after cancelling");
}

static long set_singleshot(uint64_t deadline, uint32_t flags)
{
	struct vcpu_set_singleshot_timer op = { .timeout_abs_ns = deadline, .flags = flags };

	return HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, &op);
}

static void test_singleshot(void)
{
	uint64_t deadline;

	setup();
	deadline = time_system_ns() + 20 * NS_PER_MS;
	CHECK_EQ(set_singleshot(deadline, 0), 0, "set");
	CHECK(wait_for_tick(), "no tick");
	CHECK(time_system_ns() >= deadline, "the tick came early");
	setup();
	CHECK_EQ(set_singleshot(time_system_ns() + 20 * NS_PER_MS, VCPU_SSHOTTMR_future), 0,
		 "in the future, demanded so");
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0, "stop");
	time_delay_ns(60 * NS_PER_MS);
	events_enable();
	events_disable();
	CHECK_EQ(ticks, 0, "ticks after stop");
}

static void test_singleshot_past(void)
{
	setup();
	CHECK_EQ(set_singleshot(1, VCPU_SSHOTTMR_future), -XEN_ETIME, "past, demanded future");
	CHECK_EQ(set_singleshot(1, 0), 0, "past");
	CHECK(wait_for_tick(), "no tick");
}

static void test_singleshot_errors(void)
{
	struct vcpu_set_singleshot_timer op = { .timeout_abs_ns = 0 };

	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, NULL), -XEN_EFAULT, "null");
	CHECK(HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 1, &op) < 0, "another vcpu");
	setup();
}

/* --- Periodic timers --- */

static long set_periodic(uint64_t period)
{
	struct vcpu_set_periodic_timer op = { .period_ns = period };

	return HYPERVISOR_vcpu_op(VCPUOP_set_periodic_timer, 0, &op);
}

/* Spins: a periodic timer need not wake a sleeping vCPU. */
static void wait_for_ticks(unsigned int count)
{
	uint64_t limit = time_system_ns() + PATIENCE;

	events_enable();
	while (ticks < count && time_system_ns() < limit)
		;
	events_disable();
	CHECK(ticks >= count, "only %u ticks", ticks);
}

static void test_periodic(void)
{
	uint64_t start;

	setup();
	start = time_system_ns();
	CHECK_EQ(set_periodic(10 * NS_PER_MS), 0, "set");
	wait_for_ticks(TICKS_WANTED);
	CHECK(time_system_ns() - start >= (TICKS_WANTED - 1) * 10 * NS_PER_MS,
	      "%u ticks came too fast", ticks);
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0, "stop");
	setup();
	time_delay_ns(50 * NS_PER_MS);
	events_enable();
	events_disable();
	CHECK_EQ(ticks, 0, "ticks after stop");
}

static void test_periodic_errors(void)
{
	setup();
	CHECK_EQ(set_periodic(0), -XEN_EINVAL, "period 0");
	CHECK_EQ(set_periodic(1), -XEN_EINVAL, "period 1 ns");
	CHECK_EQ(set_periodic(NS_PER_MS - 1), -XEN_EINVAL, "period below 1 ms");
	CHECK_EQ(set_periodic(1ULL << 63), -XEN_EINVAL, "period 2^63");
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_set_periodic_timer, 0, NULL), -XEN_EFAULT, "null");
	stop_timers();
}

/* --- Sleeping --- */

/* Blocking opens the mask in one step with going to sleep. */
static void test_block(void)
{
	setup();
	HYPERVISOR_set_timer_op(time_system_ns() + 20 * NS_PER_MS);
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_block, NULL), 0, "block");
	CHECK_EQ(vcpu_info->evtchn_upcall_mask, 0, "mask after block");
	CHECK_EQ(ticks, 1, "ticks when block came back");
	events_disable();
}

static void test_block_pending(void)
{
	uint64_t start;

	setup();
	HYPERVISOR_set_timer_op(time_system_ns() + NS_PER_MS);
	time_delay_ns(20 * NS_PER_MS);
	start = time_system_ns();
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_block, NULL), 0, "block with an event pending");
	CHECK(time_system_ns() - start < PATIENCE, "it slept");
	CHECK_EQ(ticks, 1, "ticks");
	events_disable();
}

/* --- Run state --- */

static void get_runstate(struct vcpu_runstate_info *info)
{
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, info), 0, "get_runstate_info");
}

static uint64_t total_time(const struct vcpu_runstate_info *info)
{
	return info->time[0] + info->time[1] + info->time[2] + info->time[3];
}

static void sleep_20ms(void)
{
	setup();
	HYPERVISOR_set_timer_op(time_system_ns() + 20 * NS_PER_MS);
	wait_for_tick();
}

static void test_runstate(void)
{
	struct vcpu_runstate_info before, after;
	uint64_t start, end;

	get_runstate(&before);
	start = time_system_ns();
	CHECK_EQ(before.state, RUNSTATE_running, "state");
	CHECK(before.state_entry_time <= start, "entered in the future");
	sleep_20ms();
	end = time_system_ns();
	get_runstate(&after);
	CHECK(after.time[RUNSTATE_blocked] - before.time[RUNSTATE_blocked] >= 15 * NS_PER_MS,
	      "blocked for only %llu ns",
	      after.time[RUNSTATE_blocked] - before.time[RUNSTATE_blocked]);
	CHECK(total_time(&after) - total_time(&before) <= end - start + 10 * NS_PER_MS,
	      "the states' times grew by more than the time that passed");
}

static void test_runstate_area(void)
{
	static struct vcpu_runstate_info area;
	struct vcpu_register_runstate_memory_area op = { .addr.v = &area };

	memset(&area, 0xff, sizeof(area));
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &op), 0, "register");
	CHECK_EQ(area.state, RUNSTATE_running, "state");
	HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag);
	sleep_20ms();
	CHECK_EQ(area.state, RUNSTATE_running, "state after sleeping");
	CHECK(!(area.state_entry_time & XEN_RUNSTATE_UPDATE), "the update flag is set");
	CHECK(area.state_entry_time <= time_system_ns(), "entered in the future");
	CHECK(area.time[RUNSTATE_blocked] >= 15 * NS_PER_MS, "blocked for %llu ns",
	      area.time[RUNSTATE_blocked]);
}

/* An area that goes away is the guest's problem alone. */
static void test_runstate_area_gone(void)
{
	char *page = page_alloc();
	struct vcpu_register_runstate_memory_area op = { .addr.v = (void *)page };

	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &op), 0, "register");
	CHECK_EQ(mm_map(page, 0), 0, "unmapping it");
	sleep_20ms();
	CHECK_EQ(page_protect(page, PTE_KERNEL_RO), 0, "read-only");
	sleep_20ms();
	page_protect(page, PTE_KERNEL_RW);
	op.addr.v = (void *)HYPERVISOR_VIRT_START;
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &op), -XEN_EFAULT,
		 "an area in the hypervisor");
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_register_runstate_memory_area, 0, NULL), -XEN_EFAULT,
		 "null pointer");
}

static void test_time_area(void)
{
	static struct vcpu_time_info area;
	struct vcpu_register_time_memory_area op = { .addr.v = &area };
	uint64_t here, there;

	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &op), 0, "register");
	CHECK(!(area.version & 1) && area.tsc_to_system_mul, "the copy is empty");
	there = time_from_info(&area);
	here = time_system_ns();
	CHECK(there <= here + NS_PER_MS && here - there < PATIENCE, "copy says %llu, original %llu",
	      there, here);
}

static const struct test_case cases[] = {
	{ "time.info", test_info },
	{ "time.monotonic", test_monotonic },
	{ "time.wallclock", test_wallclock },
	{ "time.timer_op", test_timer_op },
	{ "time.timer_op_past", test_timer_op_past },
	{ "time.timer_op_cancel", test_timer_op_cancel },
	{ "time.singleshot", test_singleshot },
	{ "time.singleshot_past", test_singleshot_past },
	{ "time.singleshot_errors", test_singleshot_errors },
	{ "time.periodic", test_periodic },
	{ "time.periodic_errors", test_periodic_errors },
	{ "time.block", test_block },
	{ "time.block_pending", test_block_pending },
	{ "time.runstate", test_runstate },
	{ "time.runstate_area", test_runstate_area },
	{ "time.runstate_area_gone", test_runstate_area_gone },
	{ "time.time_area", test_time_area },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
