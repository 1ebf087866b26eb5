/* SPDX-License-Identifier: MIT */
/*
 * A limit of so many bytes in each interval. What one packet takes too much is missing in the next interval,
 * so that the average is exact for packets of any size. Times are loop_now()'s.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rate {
	uint64_t bytes, interval_ns; /* 0 bytes: no limit */
	int64_t credit;
	uint64_t next; /* when credit is given again */
};

void rate_init(struct rate *rate, uint64_t bytes, uint64_t interval_ns, uint64_t now);
/* Whether a packet may pass now; otherwise not before rate->next. */
bool rate_allows(struct rate *rate, uint64_t now);
void rate_take(struct rate *rate, uint32_t bytes);
