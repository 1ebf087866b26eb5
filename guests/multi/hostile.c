/* SPDX-License-Identifier: MIT */
/* The second domain turns against the first (guests/payload/hostile.c says how). */
#include "guests/multi/child.h"
#include "guests/multi/tests.h"

static struct child a;

void test_hostile(void)
{
	void *ours = page_alloc();

	if (!child_make(&a, "hostile", CHILD_STEPS - 1))
		return;
	a.mailbox->extra = va_to_mfn(ours);
	CHECK_EQ(child_start(&a), 0, "unpause");
	if (child_wait_stage(&a, 2)) {
		CHECK(a.mailbox->passed > 300, "it tried only %u things", a.mailbox->passed);
		CHECK(!a.mailbox->failed, "%u of its attempts, first: %s", a.mailbox->failed,
		      a.mailbox->failure);
	}
	child_destroy(&a);
	page_free(ours);
}

/* Crashed by what it does to itself, again and again; the caller's console output goes on. */
void test_crash_storm(void)
{
	uint64_t before = free_frames();
	unsigned int i, reason;

	for (i = 0; i < 20 && test_ok(); i++) {
		if (!child_make(&a, "die", CHILD_STEPS))
			return;
		if (child_wait_shutdown(&a, &reason))
			CHECK_EQ(reason, SHUTDOWN_crash, "reason");
		child_destroy(&a);
	}
	CHECK_EQ(free_frames(), before, "free frames");
}
