/* SPDX-License-Identifier: MIT */
/* Descriptions as text: see describe.h. */
#include "dom0/save/describe.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dom0/files.h"
#include "dom0/spec.h"

struct text {
	char *at;
	size_t size, length;
	const char *error;
};

static void put(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *fmt, ...)
{
	va_list args;
	int len;

	if (t->error)
		return;
	va_start(args, fmt);
	len = vsnprintf(t->at + t->length, t->size - t->length, fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= t->size - t->length)
		t->error = "its description is too long";
	else
		t->length += (size_t)len;
}

/* Strings know no escapes: one with both kinds of quotes cannot be written. */
static void put_string(struct text *t, const char *key, const char *value)
{
	char quote = strchr(value, '"') ? '\'' : '"';

	if (strchr(value, quote) || strchr(value, '\n'))
		t->error = "its command line has both kinds of quotes";
	put(t, "%s = %c%s%c\n", key, quote, value, quote);
}

static void put_uuid(struct text *t, const xen_domain_handle_t uuid)
{
	unsigned i;

	put(t, "uuid = \"");
	for (i = 0; i < sizeof(xen_domain_handle_t); i++)
		put(t, "%02x", uuid[i]);
	put(t, "\"\n");
}

static void put_kernel(struct text *t, const struct guest_spec *spec)
{
	if (!strcmp(spec->kernel->name, SPEC_PVGRUB))
		put_string(t, "bootloader", SPEC_PVGRUB);
	else
		put_string(t, "kernel", spec->kernel->name);
	if (spec->ramdisk)
		put_string(t, "ramdisk", spec->ramdisk->name);
	put_string(t, "cmdline", spec->cmdline);
}

/* Bytes in each interval, as a speed that makes the same of it: the smallest that is not too low. */
static void put_rate(struct text *t, const struct vif_spec *vif)
{
	uint32_t us = (uint32_t)(vif->rate_interval_ns / 1000);
	uint64_t speed;

	if (!vif->rate_bytes || !us)
		return;
	speed = (vif->rate_bytes * 1000000 + us - 1) / us;
	if (speed > UINT32_MAX)
		put(t, ",rate=%" PRIu64 "KB/s@%" PRIu32 "us", (speed + 999) / 1000, us);
	else
		put(t, ",rate=%" PRIu64 "B/s@%" PRIu32 "us", speed, us);
}

static void put_addresses(struct text *t, const struct vif_spec *vif)
{
	unsigned i;

	for (i = 0; i < vif->nr_addresses; i++) {
		uint32_t ip = vif->addresses[i];

		put(t, ",ip=%u.%u.%u.%u", (unsigned)(ip >> 24), (unsigned)(ip >> 16 & 255),
		    (unsigned)(ip >> 8 & 255), (unsigned)(ip & 255));
	}
}

static void put_vifs(struct text *t, const struct guest_spec *spec)
{
	char mac[VIF_MAC_TEXT];
	unsigned i;

	put(t, "vif = [ ");
	for (i = 0; i < SPEC_VIFS_MAX; i++) {
		const struct vif_spec *vif = &spec->vifs[i];

		if (!vif->used)
			continue;
		put(t, "'devid=%u,bridge=%s,mac=%s%s", i, vif->bridge, vif_mac_text(vif->mac, mac),
		    vif->unfiltered ? ",filter=0" : "");
		put_addresses(t, vif);
		put_rate(t, vif);
		put(t, "', ");
	}
	put(t, "]\n");
}

static void put_disks(struct text *t, const struct guest_spec *spec)
{
	unsigned i;

	put(t, "disk = [ ");
	for (i = 0; i < spec->nr_disks; i++) {
		const struct disk_spec *disk = &spec->disks[i];

		put(t, "'format=raw,vdev=%s,access=%s%s%s,target=%s', ", disk->vdev,
		    disk->share	  ? "w!"
		    : disk->write ? "w"
				  : "ro",
		    disk->cdrom ? ",devtype=cdrom" : "", disk->no_discard ? ",no-discard" : "",
		    disk->target);
	}
	put(t, "]\n");
}

static void put_actions(struct text *t, const struct guest_spec *spec)
{
	static const char *const words[] = {
		[ACTION_DESTROY] = "destroy",
		[ACTION_RESTART] = "restart",
		[ACTION_RENAME_RESTART] = "rename-restart",
		[ACTION_PRESERVE] = "preserve",
	};

	put_string(t, "on_poweroff", words[spec->on_poweroff]);
	put_string(t, "on_reboot", words[spec->on_reboot]);
	put_string(t, "on_crash", words[spec->on_crash]);
}

const char *describe_guest(const struct guest_spec *spec, char *text, size_t size, size_t *length)
{
	struct text t = { .at = text, .size = size };

	put_string(&t, "name", spec->name);
	put_uuid(&t, spec->uuid);
	put_kernel(&t, spec);
	put(&t, "memory = %u\nmaxmem = %u\n", (unsigned)spec->memory_mib,
	    (unsigned)spec->maxmem_mib);
	put(&t, "vcpus = %u\nmaxvcpus = %u\n", spec->vcpus_online, spec->vcpus);
	put(&t, "cpu_weight = %u\ncap = %u\n", spec->weight, spec->cap);
	put_actions(&t, spec);
	put_vifs(&t, spec);
	put_disks(&t, spec);
	*length = t.length;
	return t.error;
}
