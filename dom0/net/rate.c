/* SPDX-License-Identifier: MIT */
/* See rate.h. */
#include "dom0/net/rate.h"

void rate_init(struct rate *rate, uint64_t bytes, uint64_t interval_ns, uint64_t now)
{
	rate->bytes = bytes;
	rate->interval_ns = interval_ns;
	rate->credit = (int64_t)bytes;
	rate->next = now + interval_ns;
}

/* Time that passed unused is lost: a burst is one interval's bytes at most. */
bool rate_allows(struct rate *rate, uint64_t now)
{
	if (!rate->bytes)
		return true;
	while (now >= rate->next && rate->credit < (int64_t)rate->bytes) {
		rate->credit += (int64_t)rate->bytes;
		rate->next += rate->interval_ns;
	}
	if (rate->credit >= (int64_t)rate->bytes) {
		rate->credit = (int64_t)rate->bytes;
		if (now >= rate->next)
			rate->next = now + rate->interval_ns;
	}
	return rate->credit > 0;
}

void rate_take(struct rate *rate, uint32_t bytes)
{
	if (rate->bytes)
		rate->credit -= bytes;
}
