/* SPDX-License-Identifier: MIT */
/*
 * Sets of ranges, sorted and never touching each other, of a bounded number: a heap object per
 * domain that has any right. Guarded by the domain's page_lock where they change; readers look
 * at whole ranges and run with interrupts off.
 */
#include "core/rights.h"

#include "core/errno.h"

#define MAX_RANGES 40

struct range {
	uint32_t first, last;
};

struct range_set {
	uint32_t nr;
	struct range range[MAX_RANGES];
};

struct rights {
	struct range_set set[NR_RIGHTS];
};

static bool append(struct range_set *set, uint32_t first, uint32_t last)
{
	if (set->nr == MAX_RANGES)
		return false;
	set->range[set->nr++] = (struct range){ first, last };
	return true;
}

/* *to is what `from` becomes with `add` joined in. */
static bool join(struct range_set *to, const struct range_set *from, struct range add)
{
	uint32_t i = 0;

	to->nr = 0;
	/* Those that end before it, and do not even touch it. */
	for (;
	     i < from->nr && from->range[i].last < add.first && add.first - from->range[i].last > 1;
	     i++)
		if (!append(to, from->range[i].first, from->range[i].last))
			return false;
	for (; i < from->nr &&
	       (from->range[i].first <= add.last || from->range[i].first - add.last == 1);
	     i++) {
		add.first = MIN(add.first, from->range[i].first);
		add.last = MAX(add.last, from->range[i].last);
	}
	if (!append(to, add.first, add.last))
		return false;
	for (; i < from->nr; i++)
		if (!append(to, from->range[i].first, from->range[i].last))
			return false;
	return true;
}

/* *to is what is left of `from` without `cut`. */
static bool subtract(struct range_set *to, const struct range_set *from, struct range cut)
{
	to->nr = 0;
	for (uint32_t i = 0; i < from->nr; i++) {
		const struct range *r = &from->range[i];

		if (r->first < cut.first && !append(to, r->first, MIN(r->last, cut.first - 1)))
			return false;
		if (r->last > cut.last && !append(to, MAX(r->first, cut.last + 1), r->last))
			return false;
	}
	return true;
}

static int change(struct domain *d, enum right right, struct range range,
		  bool (*make)(struct range_set *, const struct range_set *, struct range))
{
	struct range_set *changed;
	int rc = -ENOMEM;

	if (!d->rights)
		d->rights = heap_alloc(sizeof(*d->rights));
	changed = heap_alloc(sizeof(*changed));
	if (d->rights && changed && make(changed, &d->rights->set[right], range)) {
		spin_lock(&d->page_lock);
		d->rights->set[right] = *changed;
		spin_unlock(&d->page_lock);
		rc = 0;
	}
	heap_free(changed);
	return rc;
}

int rights_grant(struct domain *d, enum right right, uint32_t first, uint32_t last)
{
	return change(d, right, (struct range){ first, last }, join);
}

int rights_revoke(struct domain *d, enum right right, uint32_t first, uint32_t last)
{
	if (!d->rights)
		return 0;
	return change(d, right, (struct range){ first, last }, subtract);
}

bool rights_cover(const struct domain *d, enum right right, uint32_t first, uint32_t last)
{
	const struct range_set *set;

	if (!d->rights)
		return false;
	set = &d->rights->set[right];
	for (uint32_t i = 0; i < set->nr; i++)
		if (set->range[i].first <= first && last <= set->range[i].last)
			return true;
	return false;
}

void rights_free(struct domain *d)
{
	heap_free(d->rights);
	d->rights = NULL;
}
