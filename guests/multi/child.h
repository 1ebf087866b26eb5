/* SPDX-License-Identifier: MIT */
/*
 * Domains made by the test domain, all from the payload image that it carries (guests/payload).
 *
 * Their memory, by frame number from 0: nothing, the image, the mailbox, the p2m list, start_info,
 * the top-level table, its directory, one level-1 table, the boot stack, and what is free.
 */
#pragma once

#include "guests/multi/control.h"
#include "guests/multi/mailbox.h"

#define CHILD_PAGES 128
#define CHILD_MAX_PAGES 512

struct child {
	domid_t id;
	bool made; /* createdomain was successful */
	unsigned int pages;
	unsigned long mailbox_pfn, si_pfn, top_pfn;
	xen_pfn_t mfn[CHILD_MAX_PAGES];
	struct mailbox *mailbox; /* mapped, or NULL */
};

/* Called once: lays the image out in memory. */
void child_init(void);

/* Steps of making one; results are Xen's. child_destroy() undoes any number of them. */
int child_create(struct child *c, unsigned int vcpus);
int child_populate(struct child *c, unsigned int pages);
int child_load(struct child *c, const char *what);
int child_set_context(struct child *c);
int child_map_mailbox(struct child *c);
int child_start(struct child *c);
#define CHILD_STEPS 6

/*
 * The first n of these steps (CHILD_STEPS: all) for a child of CHILD_PAGES that is
 * to do `what`. False: a case has failed.
 */
bool child_make(struct child *c, const char *what, unsigned int n);
/* Unmaps the mailbox and destroys. Fails the case when that is not possible. */
void child_destroy(struct child *c);

/* Spins with yields until the condition holds; false, and a failed case, after some seconds. */
bool child_wait_stage(struct child *c, uint32_t stage);
bool child_wait_shutdown(struct child *c, unsigned int *reason);

/*
 * Lets the hypervisor count all references to memory again; the case fails when a count is wrong.
 */
void check_audit(const char *when);

/* A frame of another domain at a new address, NULL when refused. */
void *foreign_map(domid_t domid, unsigned long mfn, pte_t flags);
void foreign_unmap(void *va);
