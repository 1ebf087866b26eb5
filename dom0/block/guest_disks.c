/* SPDX-License-Identifier: MIT */
/* Guests' disks as their descriptions name them: see guest_disks.h. */
#include "dom0/block/guest_disks.h"

#include <stdio.h>

#include "dom0/block/blkback.h"
#include "dom0/block/target.h"
#include "dom0/guest.h"

static const char *name_error(const struct disk_spec *spec, const char *error)
{
	static char message[224];

	if (error)
		snprintf(message, sizeof(message), "disk %s: %s", spec->vdev, error);
	return error ? message : NULL;
}

static void close_from(const struct guest_spec *spec, const struct guest_disks *disks, unsigned i)
{
	for (; i < disks->count; i++)
		block_close(disks->devices[i], spec->disks[i].write);
}

void guest_disks_close(const struct guest_spec *spec, const struct guest_disks *disks)
{
	close_from(spec, disks, 0);
}

const char *guest_disks_open(const struct guest_spec *spec, struct guest_disks *disks)
{
	const char *error;

	for (disks->count = 0; disks->count < spec->nr_disks; disks->count++) {
		const struct disk_spec *disk = &spec->disks[disks->count];

		error = target_open(disk, &disks->devices[disks->count]);
		if (error) {
			guest_disks_close(spec, disks);
			return name_error(disk, error);
		}
	}
	return NULL;
}

const char *guest_disks_attach(struct guest *guest, const struct guest_disks *disks)
{
	const char *error;
	unsigned i;

	if (disks->count && !guest->store) {
		close_from(&guest->spec, disks, 0);
		return "not enough memory for the guest's disks";
	}
	for (i = 0; i < disks->count; i++) {
		error = blkback_attach(guest->domain, &guest->spec.disks[i], disks->devices[i]);
		if (error) {
			close_from(&guest->spec, disks, i);
			return name_error(&guest->spec.disks[i], error);
		}
	}
	return NULL;
}

const char *guest_disk_add(struct guest *guest, const struct disk_spec *spec)
{
	struct block_device *device;
	const char *error;

	if (guest->state != GUEST_RUNNING || !guest->store)
		return "the guest is not running";
	if (guest->spec.nr_disks == DISK_SPECS_MAX)
		return "the guest has as many disks as it can";
	if (blkback_find(guest->domain, spec->number))
		return "the guest has a disk of that name";
	error = target_open(spec, &device);
	if (error)
		return error;
	error = blkback_attach(guest->domain, spec, device);
	if (error)
		block_close(device, spec->write);
	else
		guest->spec.disks[guest->spec.nr_disks++] = *spec;
	return error;
}

static void forget(struct guest_spec *spec, uint32_t number)
{
	unsigned i;

	for (i = 0; i < spec->nr_disks && spec->disks[i].number != number; i++)
		;
	if (i == spec->nr_disks)
		return;
	for (spec->nr_disks--; i < spec->nr_disks; i++)
		spec->disks[i] = spec->disks[i + 1];
}

const char *guest_disk_remove(struct guest *guest, uint32_t number, bool force)
{
	struct vbd *vbd = guest->state == GUEST_RUNNING || guest->state == GUEST_ENDED
				  ? blkback_find(guest->domain, number)
				  : NULL;

	if (!vbd)
		return "the guest has no such disk; `block-list` shows what it has";
	forget(&guest->spec, number);
	if (force)
		xenbus_remove(&vbd->xenbus);
	else
		xenbus_detach(&vbd->xenbus);
	return NULL;
}
