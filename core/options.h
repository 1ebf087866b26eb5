/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's command line: `name` or `name=value` words. The table is in
 * core/options.c, which is also what docs/options.md lists; an unknown or malformed word is
 * reported on the console and otherwise ignored.
 */
#pragma once

#include "core/types.h"

enum isolation { ISOLATION_AUTO, ISOLATION_SEGMENT, ISOLATION_PAGING };

/* guest_output=: whether the lines of ordinary guests are shown; auto leaves it to domain 0's note. */
enum guest_output { GUEST_OUTPUT_AUTO, GUEST_OUTPUT_ON, GUEST_OUTPUT_OFF };

/* loglvl=: messages about guests appear up to this level. printk() is above all of them. */
enum log_level { LOG_NONE, LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

struct options {
	uint32_t isolation;    /* enum isolation */
	uint32_t dom0_mem_mib; /* 0: all that is free */
	uint32_t dom0_max_vcpus;
	uint32_t com_baud[4]; /* 0: keep what the firmware set */
	uint8_t com_used;     /* bit n: COM(n+1) is a console */
	bool vga;
	bool noreboot;
	uint32_t panic_seconds; /* wait before a reboot; 0: stop */
	uint32_t loglevel;	/* enum log_level */
	uint32_t guest_output;	/* enum guest_output */
	bool no_apic, no_hpet;	/* noapic, nohpet */
	char timer[8];		/* timer=apic|pit */
};

extern struct options options;

/* Parses; remembers complaints, which options_report() prints once the console is up. */
void options_parse(const char *cmdline);
void options_report(void);
