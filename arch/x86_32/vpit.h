/* SPDX-License-Identifier: MIT */
/*
 * Channel 2 of an interval timer for each domain that is no control domain. Kernels measure the
 * TSC against it before they look for anything better, and with an empty port read 100,000 times
 * in vain (Linux's quick_pit_calibrate). Xen gives its PV guests one too (emul-i8254).
 */
#pragma once

#include "core/lock.h"
#include "core/types.h"

/* All zeroes is a counter that counts from 65536 since boot. Guarded by `lock`. */
struct vpit {
	spinlock_t lock;
	s_time_t start;	   /* when `initial` was loaded */
	uint16_t initial;  /* 0: 65536 */
	uint16_t latched;  /* what a latch command caught, while is_latched */
	uint8_t low;	   /* first byte of two that are written */
	uint8_t mode;	   /* 0 to 5 */
	uint8_t access;	   /* VPIT_LOW, VPIT_HIGH or both, the low one first */
	uint8_t port_b;	   /* gate and speaker, as written */
	bool write_second; /* the next byte written is the high one of two */
	bool read_second;
	bool is_latched;
};

#define VPIT_LOW 1
#define VPIT_HIGH 2

/* Is the port one of the three that reach channel 2: counter, command, port B. */
bool vpit_has_port(uint16_t port);
uint8_t vpit_read(struct vpit *pit, uint16_t port);
void vpit_write(struct vpit *pit, uint16_t port, uint8_t value);
