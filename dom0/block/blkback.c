/* SPDX-License-Identifier: MIT */
/* The life of guests' disks, and their nodes in xenstore: see blkback.h. */
#include "dom0/block/blkback.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <xen/io/protocols.h>

#include "dom0/block/block.h"
#include "guests/pvrt/event.h"

static struct vbd *vbds;
static void (*on_end)(domid_t domain);

static struct vbd *of(struct xenbus_device *device)
{
	return (struct vbd *)((char *)device - offsetof(struct vbd, xenbus));
}

/* ---- the list ---- */

struct vbd *blkback_first(void)
{
	return vbds;
}

struct vbd *blkback_find(domid_t domain, uint32_t number)
{
	struct vbd *vbd;

	for (vbd = vbds; vbd; vbd = vbd->next)
		if (vbd->xenbus.domain == domain && vbd->spec.number == number &&
		    !vbd->xenbus.withdrawn)
			return vbd;
	return NULL;
}

bool blkback_has_disks(domid_t domain)
{
	struct vbd *vbd;

	for (vbd = vbds; vbd && vbd->xenbus.domain != domain; vbd = vbd->next)
		;
	return vbd;
}

void blkback_on_end(void (*fn)(domid_t domain))
{
	on_end = fn;
}

/* ---- the ring's calls ---- */

static void notify(void *arg)
{
	event_send((evtchn_port_t)((struct vbd *)arg)->port);
}

static void broken(void *arg, const char *why)
{
	xenbus_fail(&((struct vbd *)arg)->xenbus, why);
}

static void idle(void *arg)
{
	xenbus_idle(&((struct vbd *)arg)->xenbus);
}

static const struct blkback_ring_ops ring_ops = {
	.notify = notify,
	.broken = broken,
	.idle = idle,
};

static void port_fired(void *arg)
{
	blkback_ring_kick(&((struct vbd *)arg)->ring);
}

/* ---- the link ---- */

/* NULL: the front end speaks as we do; else the reason why not. */
static const char *check_protocol(const struct vbd *vbd)
{
	const char *protocol = xenbus_read_front(&vbd->xenbus, "protocol");
	unsigned long number;

	if (protocol && strcmp(protocol, XEN_IO_PROTO_ABI_X86_32))
		return "the front end speaks another protocol than " XEN_IO_PROTO_ABI_X86_32;
	if (xenbus_read_number(&vbd->xenbus, "ring-page-order", UINT32_MAX, &number) && number)
		return "the front end wants a larger ring than it was offered";
	if (xenbus_read_number(&vbd->xenbus, "multi-queue-num-queues", UINT32_MAX, &number) &&
	    number > 1)
		return "the front end wants more queues than it was offered";
	return NULL;
}

static const char *connect(struct xenbus_device *device)
{
	struct vbd *vbd = of(device);
	const char *error = check_protocol(vbd);
	unsigned long ref, port;

	if (error)
		return error;
	if (!xenbus_read_number(device, "ring-ref", UINT32_MAX, &ref) ||
	    !xenbus_read_number(device, "event-channel", UINT32_MAX, &port))
		return "the front end says nothing of its ring";
	if (!grant_page_map(&vbd->page, device->domain, (grant_ref_t)ref))
		return "the front end has not granted its ring";
	vbd->port = event_bind_interdomain(device->domain, (evtchn_port_t)port);
	if (vbd->port < 0) {
		grant_page_unmap(&vbd->page);
		return "the front end has no event channel for its ring";
	}
	loop_add_port((evtchn_port_t)vbd->port, port_fired, vbd);
	blkback_ring_start(&vbd->ring, vbd->page.address);
	return NULL;
}

static void disconnect(struct xenbus_device *device)
{
	struct vbd *vbd = of(device);

	blkback_ring_stop(&vbd->ring);
	loop_remove_port((evtchn_port_t)vbd->port);
	event_close((evtchn_port_t)vbd->port);
	grant_page_unmap(&vbd->page);
}

static bool busy(struct xenbus_device *device)
{
	return of(device)->ring.in_flight;
}

static void removed(struct xenbus_device *device)
{
	struct vbd *vbd = of(device), **at;
	domid_t domain = device->domain;

	for (at = &vbds; *at != vbd; at = &(*at)->next)
		;
	*at = vbd->next;
	blkback_ring_destroy(&vbd->ring);
	if (vbd->attached)
		block_close(vbd->disk, vbd->spec.write);
	free(vbd);
	if (on_end)
		on_end(domain);
}

static const struct xenbus_class class = {
	.type = "vbd",
	.connect = connect,
	.disconnect = disconnect,
	.busy = busy,
	.patient = true,
	.removed = removed,
};

/* ---- what the front end is offered ---- */

static void write_identity(struct vbd *vbd)
{
	struct xenbus_device *device = &vbd->xenbus;
	const char *type = vbd->spec.cdrom ? "cdrom" : "disk";

	xenbus_write_back(device, "dev", "%s", vbd->spec.vdev);
	xenbus_write_back(device, "type", "phy");
	xenbus_write_back(device, "params", "%s", vbd->spec.target);
	xenbus_write_back(device, "mode", vbd->spec.write ? "w" : "r");
	xenbus_write_back(device, "device-type", "%s", type);
	xenbus_write_back(device, "removable", "1");
	xenbus_write_back(device, "bootable", "1");
	xenbus_write_front(device, "virtual-device", "%" PRIu32, vbd->spec.number);
	xenbus_write_front(device, "device-type", "%s", type);
}

static void write_features(struct vbd *vbd)
{
	struct xenbus_device *device = &vbd->xenbus;

	xenbus_write_back(device, "feature-barrier", "%d", vbd->disk->has_flush);
	xenbus_write_back(device, "feature-flush-cache", "%d", vbd->disk->has_flush);
	xenbus_write_back(device, "feature-persistent", "0");
	xenbus_write_back(device, "max-ring-page-order", "0");
	xenbus_write_back(device, "feature-max-indirect-segments", "%u", vbd->ring.max_segments);
	xenbus_write_back(device, "discard-enable", "%d", !vbd->spec.no_discard);
	xenbus_write_back(device, "feature-discard", "%d", vbd->ring.discard);
	if (!vbd->ring.discard)
		return;
	xenbus_write_back(device, "discard-granularity", "%" PRIu32, vbd->disk->physical_size);
	xenbus_write_back(device, "discard-alignment", "0");
	xenbus_write_back(device, "discard-secure", "0");
}

static void write_properties(struct vbd *vbd)
{
	struct xenbus_device *device = &vbd->xenbus;
	unsigned info = (vbd->spec.write ? 0 : VDISK_READONLY) |
			(vbd->spec.cdrom ? VDISK_CDROM : 0);

	xenbus_write_back(device, "info", "%u", info);
	xenbus_write_back(device, "sectors", "%" PRIu64, vbd->disk->sectors);
	xenbus_write_back(device, "sector-size", "%" PRIu32, vbd->disk->sector_size);
	xenbus_write_back(device, "physical-sector-size", "%" PRIu32, vbd->disk->physical_size);
}

const char *blkback_attach(domid_t domain, const struct disk_spec *spec, struct block_device *disk)
{
	struct vbd *vbd;

	if (blkback_find(domain, spec->number))
		return "the guest has a disk of that name";
	vbd = calloc(1, sizeof(*vbd));
	if (!vbd || !xenbus_create(&vbd->xenbus, &class, domain, spec->number)) {
		free(vbd);
		return "not enough memory for the disk";
	}
	vbd->spec = *spec;
	vbd->disk = disk;
	blkback_ring_init(&vbd->ring, disk, domain, &ring_ops, vbd);
	vbd->ring.read_only = !spec->write;
	vbd->ring.discard = spec->write && disk->has_discard && !spec->no_discard;
	vbd->next = vbds;
	vbds = vbd;
	write_identity(vbd);
	write_features(vbd);
	write_properties(vbd);
	if (!xenbus_announce(&vbd->xenbus))
		return "not enough memory for the disk";
	vbd->attached = true;
	return NULL;
}
