/* SPDX-License-Identifier: MIT */
/* A restore under way: what dom0/save/restore*.c share. Nothing that comes from the image is believed. */
#pragma once

#include "dom0/block/guest_disks.h"
#include "dom0/guest.h"
#include "dom0/save/frames.h"
#include "dom0/save/image_disk.h"
#include "dom0/save/save.h"

struct restore {
	struct restore_options options;
	struct image_header header;
	struct image_reader reader;
	bool spec_given; /* by the person: the image's description does not count */
	struct guest_spec spec;
	struct guest_disks disks;
	bool disks_open;
	struct image_memory memory;
	struct frames frames;
	uint32_t *p2m; /* the frames of the frame list, by the guest's numbers */
	struct image_vcpu *vcpus[XEN_LEGACY_MAX_VCPUS];
	struct build_result built;
	bool has_domain;
	uint32_t next;	/* how far the present stage is */
	unsigned stage; /* of restore_domain_turn() */
	char error[200];
};

/* Keeps a formatted message in r->error and returns it. */
const char *restore_fail(struct restore *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- restore_records.c: one record of the image ---- */
const char *restore_record(struct restore *r, const struct image_record *record);
void restore_records_free(struct restore *r);

/* ---- restore_domain.c: all records are read; makes a domain of them that can run ---- */
const char *restore_domain_turn(struct restore *r, bool *done);

/* ---- restore_start.c: what the guest finds when it goes on ---- */
const char *restore_start_guest(struct restore *r);
