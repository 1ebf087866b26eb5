/* SPDX-License-Identifier: MIT */
/* What a guest description asks for, checked, with xl's defaults. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>

#include "dom0/block/disk_spec.h"
#include "dom0/config.h"
#include "dom0/net/vif.h"

#define NAME_MAX_LENGTH 64
#define CMDLINE_MAX 1024
/* What starts a guest's own boot loader: a module of that name. */
#define SPEC_PVGRUB "pvgrub"

/* What happens when a guest ends. */
enum spec_action {
	ACTION_DESTROY,
	ACTION_RESTART,
	ACTION_RENAME_RESTART,
	ACTION_PRESERVE,
};

struct file;

struct guest_spec {
	char name[NAME_MAX_LENGTH];
	xen_domain_handle_t uuid;
	const struct file *kernel, *ramdisk;
	char cmdline[CMDLINE_MAX];
	uint32_t memory_mib, maxmem_mib;
	unsigned vcpus, vcpus_online; /* there can be, and start with */
	unsigned weight, cap;
	enum spec_action on_poweroff, on_reboot, on_crash;
	bool autostart;
	struct vif_spec vifs[SPEC_VIFS_MAX]; /* those with used set; the index is the handle */
	unsigned nr_disks;
	struct disk_spec disks[DISK_SPECS_MAX];
};

/* The action as a description words it. */
const char *spec_action_word(enum spec_action action);

/* False after an error (reported, with file and line where there is one). Unknown keys warn. */
bool spec_read(struct guest_spec *spec, const struct config *config, config_report report);
