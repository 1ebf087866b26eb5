/* SPDX-License-Identifier: MIT */
/*
 * Saving a guest to a block device and bringing it back (docs/dom0.md, "Saved guests"). One at a time; the work is
 * done in turns of the event loop, and the end is told to who asked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct guest;
struct guest_spec;

struct save_options {
	bool checkpoint; /* it runs on */
	bool pause;	 /* it stays, paused */
	bool force;	 /* whatever is on the device; whatever disks it has */
};

/* A person's line: what goes on. */
typedef void (*save_report)(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* NULL: it worked. */
typedef void (*save_done)(const char *error);

void save_init(void);

/*
 * Asks the guest to suspend and writes it to the device of that name, with the description given (NULL: its own).
 * NULL: it is under way, and done() is called once. Otherwise why it cannot be: done() is not called.
 */
const char *save_start(struct guest *guest, const char *device, const struct guest_spec *spec,
		       const struct save_options *options, save_report report, save_done done);
/* Lets the guest go on as if nothing had been. */
void save_cancel(void);

struct restore_options {
	bool pause; /* it does not run yet */
	bool force; /* also when it was restored before */
};

/* As save_start(). spec: instead of the description in the image, or NULL. */
const char *restore_start(const char *device, const struct guest_spec *spec,
			  const struct restore_options *options, save_report report,
			  save_done done);
void restore_cancel(void);
