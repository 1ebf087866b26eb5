/* SPDX-License-Identifier: MIT */
/* What core/event.c (delivery) and core/evtchn.c (binding) share. */
#pragma once

#include "core/event.h"

/*
 * d's port, also on mispredicted paths a real one; NULL when the number is
 * too high or its page was never needed.
 */
static inline struct evtchn *evtchn_port(const struct domain *d, uint32_t port)
{
	struct evtchn *page;

	if (port >= MAX_EVTCHNS)
		return NULL;
	port = index_nospec(port, MAX_EVTCHNS);
	page = d->evtchn[port / EVTCHNS_PER_PAGE];
	return page ? &page[port % EVTCHNS_PER_PAGE] : NULL;
}

/* EVTCHNOP_unmask on a port that exists and is bound. */
void evtchn_unmask(struct domain *d, unsigned port);
