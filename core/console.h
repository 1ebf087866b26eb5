/* SPDX-License-Identifier: MIT */
/*
 * Messages: the hypervisor's own, and what guests write with console_io. They go into one ring
 * (`dmesg`, readable by a control domain) and to the devices of the `console=` option.
 */
#pragma once

#include "core/domain.h"

/*
 * Lines that a guest may cause at once on the machine's console before
 * its budget of lines per time counts.
 */
#define MESSAGE_BURST 64

/*
 * The hypervisor speaks: the line gets the prefix "(RL) ". fmt ends with \n. Never
 * blocks on anything but the serial line.
 */
void printk(const char *fmt, ...) PRINTF_LIKE(1, 2);
/*
 * Something a guest caused: prefixed with its number and dropped beyond the guest's
 * budget (a count of the dropped follows later).
 */
void guest_printk(struct domain *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
/*
 * Console output of a domain, len bytes: raw for a control domain; for others kept in the
 * domain's ring, and shown line by line with its number unless the control domain does that.
 */
void console_guest_write(struct domain *d, const char *text, uint32_t len);
/* The control domain shows people what guests print: their lines are kept, but not shown. */
void console_leave_guests(void);
/*
 * The last 64 KiB of output of a domain, living or dead, by number. *index is a count of all bytes
 * that it ever wrote: reading starts there, or later if that is lost, and moves it; clear forgets
 * what is read. Returns the bytes copied. What the dead leave is kept as long as there is room
 * (DEAD_OUTPUT_SIZE for all), or until the number is used again.
 */
uint32_t console_domain_read(domid_t id, char *buf, uint32_t max, uint32_t *index, bool clear);
/* d is dead: its output goes where it outlives the structure. */
void console_domain_retire(struct domain *d);
void console_forget(domid_t id);
void console_domain_free(struct domain *d);
/* A character typed on the serial line, from the interrupt handler. */
void console_input(char c);
/*
 * Input for the control domain (console_io read), oldest first: copies up to max
 * characters; consume takes them away.
 */
uint32_t console_input_peek(char *buf, uint32_t max);
void console_input_consume(uint32_t n);
/*
 * Reads the ring from *index on, a count of all bytes ever written (what is lost is skipped), and
 * moves *index; clear empties it for readers who begin at 0. Returns the bytes copied.
 */
uint32_t console_ring_read(char *buf, uint32_t max, uint32_t *index, bool clear);
/* Parts of the above: text as it is, not kept, and a whole line that starts at the left. */
void console_raw_write(const char *text, uint32_t len);
void console_line_write(const char *line, uint32_t len);
/* The line is kept in the ring, but not shown. */
void console_line_keep(const char *line, uint32_t len);
/* After this, output goes straight to the devices, without locks: a panic is being printed. */
void console_panic_mode(void);

/*
 * Debug keys: while the serial line is switched to the hypervisor (Ctrl-A
 * three times), each character is one.
 */
void debug_key(char key);
/* From an interrupt handler: the key is handled when WORK_KEY is. */
void debug_key_queue(char key);
void debug_key_pending(void); /* body of WORK_KEY */
