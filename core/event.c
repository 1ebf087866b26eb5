/* SPDX-License-Identifier: MIT */
/*
 * Delivery of events (<xen/event_channel.h>, <xen/xen.h>: struct
 * shared_info and vcpu_info), 2-level form:
 *
 *   port n pending    bit n of shared_info.evtchn_pending
 *     unless masked   bit n of shared_info.evtchn_mask, then
 *   word selected     bit n / 32 of the notified vCPU's evtchn_pending_sel, and if that is new
 *   upcall pending    evtchn_upcall_pending of that vCPU, which wakes it
 *
 * A guest may write all of these at any time. They are only ever set here with atomic operations,
 * and what a guest puts there can confuse nobody but itself.
 */
#include "core/event.h"

#include "arch/x86_32/arch.h"
#include "core/errno.h"
#include "core/evtchn.h"
#include "core/sched.h"
#include "mm/page.h"

_Static_assert(offsetof(vcpu_info_t, evtchn_pending_sel) == 4 && sizeof(vcpu_info_t) == 64, "ABI");
_Static_assert(sizeof(((shared_info_t *)0)->evtchn_pending) * 8 == MAX_EVTCHNS, "ABI");

void vcpu_mark_events_pending(struct vcpu *v)
{
	if (__atomic_exchange_n(&v->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST))
		return;
	vcpu_unblock(v);
}

bool vcpu_events_pending(const struct vcpu *v)
{
	return v->info->evtchn_upcall_pending && !v->info->evtchn_upcall_mask;
}

void vcpu_send_nmi(struct vcpu *v)
{
	if (v->nmi_pending)
		return;
	v->nmi_pending = true;
	vcpu_unblock(v);
	if (v == current_vcpu())
		raise_work(WORK_VCPU);
}

static void select_word(struct vcpu *v, unsigned port)
{
	if (!atomic_test_and_set_bit(&v->info->evtchn_pending_sel, port / 32))
		vcpu_mark_events_pending(v);
}

static void wake_pollers(struct domain *d, unsigned port)
{
	for (unsigned id = 0; id < d->max_vcpus; id++) {
		struct vcpu *v = d->vcpu[id];

		if (!test_bit(d->poll_mask, id) || !v)
			continue;
		if (v->poll_port < 0 || v->poll_port == (int32_t)port)
			vcpu_unblock(v);
	}
}

void evtchn_set_pending(struct domain *d, unsigned port)
{
	shared_info_t *s = d->shared_info;
	struct vcpu *v = d->vcpu[evtchn_port(d, port)->notify_vcpu];

	if (atomic_test_and_set_bit(s->evtchn_pending, port))
		return;
	if (!test_bit(s->evtchn_mask, port))
		select_word(v, port);
	if (unlikely(d->poll_mask[0]))
		wake_pollers(d, port);
}

void evtchn_unmask(struct domain *d, unsigned port)
{
	shared_info_t *s = d->shared_info;

	if (atomic_test_and_clear_bit(s->evtchn_mask, port) && test_bit(s->evtchn_pending, port))
		select_word(d->vcpu[evtchn_port(d, port)->notify_vcpu], port);
}

int evtchn_is_pending(struct domain *d, uint32_t port)
{
	if (!evtchn_port(d, port))
		return -EINVAL;
	return test_bit(d->shared_info->evtchn_pending, port);
}

void evtchn_send_virq(struct vcpu *v, unsigned virq)
{
	uint16_t port = v->virq_port[virq];

	if (port)
		evtchn_set_pending(v->domain, port);
}

/* Global VIRQs are bound on vCPU 0; the port may notify another. */
void evtchn_send_global_virq(struct domain *d, unsigned virq)
{
	if (d->vcpu[0])
		evtchn_send_virq(d->vcpu[0], virq);
}

/* ---- a vcpu_info of the guest's own (VCPUOP_register_vcpu_info) ---- */

/*
 * A heap address is put in front of the frame; the page's own frame
 * waits behind it, for the release.
 */
void *guest_frame_keep(mfn_t mfn)
{
	void *va = heap_page_alloc();

	if (va)
		hv_map_page((uintptr_t)va, mfn, PTE_P | PTE_RW);
	return va;
}

void guest_frame_release(void *va)
{
	hv_map_page((uintptr_t)va, heap_page_mfn(va), PTE_P | PTE_RW);
	heap_page_free(va);
}

static void use_info(struct vcpu *v, vcpu_info_t *info)
{
	v->info = info;
	arch_info_changed(v);
}

int vcpu_info_register(struct vcpu *v, mfn_t mfn, uint32_t offset)
{
	vcpu_info_t *info;
	void *page;

	if (offset > PAGE_SIZE - sizeof(vcpu_info_t) || offset % __alignof__(vcpu_info_t))
		return -EINVAL;
	if (v->info_mfn != INVALID_MFN)
		return -EINVAL;
	/* Not under the feet of one that runs. */
	if (v != current_vcpu() && v->online)
		return -EINVAL;
	if (get_page_and_type(mfn, v->domain, PGT_WRITABLE, false))
		return -EINVAL;
	page = guest_frame_keep(mfn);
	if (!page) {
		put_page_and_type(mfn_to_page(mfn));
		return -ENOMEM;
	}
	info = (vcpu_info_t *)((char *)page + offset);
	*info = *v->info;
	v->info_page = page;
	v->info_mfn = mfn;
	use_info(v, info);
	/* An event that went to the old place meanwhile is found by looking everywhere. */
	info->evtchn_pending_sel = ~0u;
	vcpu_mark_events_pending(v);
	return 0;
}

void vcpu_info_release(struct vcpu *v)
{
	if (v->info_mfn == INVALID_MFN)
		return;
	use_info(v, &v->domain->shared_info->vcpu_info[v->id]);
	guest_frame_release(v->info_page);
	put_page_and_type(mfn_to_page(v->info_mfn));
	v->info_page = NULL;
	v->info_mfn = INVALID_MFN;
}
