/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_grant_table_op (<xen/grant_table.h>): lists of requests, each with a status of
 * its own. Version 1 only; no transfer; no transitive or sub-page grants. docs/design.md
 * says which classes of holes that removes.
 */
#include "hypercall/hypercall.h"
#include "mm/grant.h"

_Static_assert(sizeof(struct gnttab_map_grant_ref) == 32 &&
		       sizeof(struct gnttab_unmap_grant_ref) == 24 &&
		       sizeof(struct gnttab_unmap_and_replace) == 24 &&
		       sizeof(struct gnttab_setup_table) == 16 &&
		       sizeof(struct gnttab_query_size) == 16 && sizeof(struct gnttab_copy) == 24,
	       "ABI");

/* ---- lists: members are copied in, worked on and copied out in groups ---- */

#define GROUP 16u
#define MEMBER_MAX sizeof(struct gnttab_map_grant_ref)

struct work_list {
	uint32_t cmd;
	gva_t at; /* of the next member */
	uint32_t left;
	bool stale; /* a mapping was undone that the TLB may still know */
	struct domain *domain;
};

/* Most lists name one domain only. */
static struct domain *list_domain(struct work_list *list, domid_t id)
{
	if (!list->domain || list->domain->id != id)
		list->domain = domain_by_id(id);
	return list->domain;
}

static void map_member(struct work_list *list, void *member)
{
	struct gnttab_map_grant_ref *op = member;

	grant_map(op, list_domain(list, op->dom));
}

static void unmap_member(struct work_list *list, void *member)
{
	struct gnttab_unmap_grant_ref *op = member;

	op->status = grant_unmap(op->handle, op->host_addr, op->dev_bus_addr, 0);
	list->stale |= op->host_addr != 0;
}

static void replace_member(struct work_list *list, void *member)
{
	struct gnttab_unmap_and_replace *op = member;

	op->status = grant_unmap(op->handle, op->host_addr, 0, op->new_addr);
	list->stale = true;
}

/* Refused with the status that tells the guest it still has its page. */
static void transfer_member(struct work_list *list, void *member)
{
	(void)list;
	((struct gnttab_transfer *)member)->status = GNTST_bad_page;
}

static void copy_member(struct work_list *list, void *member)
{
	struct gnttab_copy *op = member;

	(void)list;
	op->status = grant_copy(op);
}

static const struct list_op {
	void (*member)(struct work_list *list, void *member);
	uint32_t size;
} list_ops[] = {
	[GNTTABOP_map_grant_ref] = { map_member, sizeof(struct gnttab_map_grant_ref) },
	[GNTTABOP_unmap_grant_ref] = { unmap_member, sizeof(struct gnttab_unmap_grant_ref) },
	[GNTTABOP_transfer] = { transfer_member, sizeof(struct gnttab_transfer) },
	[GNTTABOP_copy] = { copy_member, sizeof(struct gnttab_copy) },
	[GNTTABOP_unmap_and_replace] = { replace_member, sizeof(struct gnttab_unmap_and_replace) },
};

/* Does at least one member, and no more than one turn without a look at what else waits has room for. */
static int run_group(struct work_list *list)
{
	const struct list_op *op = &list_ops[list->cmd];
	uint64_t group[GROUP * MEMBER_MAX / sizeof(uint64_t)];
	uint32_t count = MIN(list->left, GROUP), i;

	/* Members before one that cannot be read are done all the same. */
	if (copy_from_guest(group, list->at, count * op->size)) {
		count = 1;
		if (copy_from_guest(group, list->at, op->size))
			return -EFAULT;
	}
	for (i = 0; i < count; i++)
		op->member(list, (char *)group + i * op->size);
	/* Before the answers: the page that they go to may just have been taken away. */
	if (list->stale)
		tlb_flush_local();
	list->stale = false;
	if (copy_to_guest(list->at, group, count * op->size))
		return -EFAULT;
	list->at += count * op->size;
	list->left -= count;
	return 0;
}

static long run_list(uint32_t cmd, gva_t at, uint32_t count)
{
	struct work_list list = { .cmd = cmd, .at = at, .left = count };
	uint32_t size = list_ops[cmd].size;
	int rc;

	if (count > HV_START / size || !guest_range_ok(at, count * size))
		return -EFAULT;
	while (list.left) {
		rc = run_group(&list);
		if (rc)
			return rc;
		if (list.left && preempt_needed())
			return hypercall_restart(__HYPERVISOR_grant_table_op, 3, cmd, list.at,
						 list.left);
	}
	return 0;
}

/* ---- single requests ---- */

/* The domain that a request is about; NULL with the status to report. */
static struct domain *domain_for(domid_t id, int16_t *status)
{
	int rc;
	struct domain *d = domain_lookup(id, &rc);

	if (!d)
		*status = rc == -EPERM ? GNTST_permission_denied : GNTST_bad_domain;
	return d;
}

static int16_t set_up_frames(const struct gnttab_setup_table *op)
{
	struct domain *d;
	int16_t status = GNTST_okay;
	uint32_t i;

	d = domain_for(op->dom, &status);
	if (!d)
		return status;
	if (op->nr_frames > d->max_grant_frames || grant_table_grow(d, op->nr_frames))
		return GNTST_general_error;
	for (i = 0; i < op->nr_frames; i++)
		if (put_guest_u32((gva_t)op->frame_list.p + i * (uint32_t)sizeof(xen_pfn_t),
				  grant_table_mfn(d, i)))
			status = GNTST_bad_virt_addr;
	return status;
}

static long setup_table(gva_t arg)
{
	struct gnttab_setup_table op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.nr_frames > MAX_GRANT_FRAMES)
		op.status = GNTST_general_error;
	else if (!guest_range_ok((gva_t)op.frame_list.p,
				 op.nr_frames * (uint32_t)sizeof(xen_pfn_t)))
		return -EFAULT;
	else
		op.status = set_up_frames(&op);
	return copy_to_guest(arg + offsetof(struct gnttab_setup_table, status), &op.status,
			     sizeof(op.status));
}

static long query_size(void *arg)
{
	struct gnttab_query_size *op = arg;
	struct domain *d;

	op->status = GNTST_okay;
	d = domain_for(op->dom, &op->status);
	if (d) {
		op->nr_frames = grant_table_frames(d);
		op->max_nr_frames = d->max_grant_frames;
	}
	return 0;
}

static long dump_table(void *arg)
{
	struct gnttab_dump_table *op = arg;
	struct domain *d;

	op->status = GNTST_okay;
	d = domain_for(op->dom, &op->status);
	if (d)
		grant_table_dump(d);
	return 0;
}

static long set_version(void *arg)
{
	const struct gnttab_set_version *op = arg;

	return op->version == 1 ? 0 : op->version == 2 ? -ENOSYS : -EINVAL;
}

static long get_version(void *arg)
{
	struct gnttab_get_version *op = arg;
	int rc = 0;

	op->version = 1;
	return domain_lookup(op->dom, &rc) ? 0 : rc;
}

/* Among those that are not here: get_status_frames, swap_grant_ref, cache_flush. */
static const struct sub_op single_ops[] = {
	[GNTTABOP_query_size] = { query_size, sizeof(struct gnttab_query_size), SUB_OP_RESULT },
	[GNTTABOP_dump_table] = { dump_table, sizeof(struct gnttab_dump_table), SUB_OP_RESULT },
	[GNTTABOP_set_version] = { set_version, sizeof(struct gnttab_set_version), SUB_OP_RESULT },
	[GNTTABOP_get_version] = { get_version, sizeof(struct gnttab_get_version), SUB_OP_RESULT },
};

HYPERCALL(grant_table_op, cmd, arg, count)
{
	if ((int32_t)count < 0)
		return -EINVAL;
	if (likely(cmd < ARRAY_SIZE(list_ops) && list_ops[cmd].member))
		return run_list(cmd, arg, count);
	if (cmd == GNTTABOP_setup_table)
		return count == 1 ? setup_table(arg) : -EINVAL;
	if (cmd < ARRAY_SIZE(single_ops) && single_ops[cmd].fn && count != 1)
		return -EINVAL;
	return sub_op_run(single_ops, ARRAY_SIZE(single_ops), cmd, arg);
}
