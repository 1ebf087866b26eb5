/* SPDX-License-Identifier: MIT */
/*
 * The list of block devices and the way of a request: see block.h. A request is on one list at a
 * time: the device's queue (the driver was full), the driver's own, or the list of those whose
 * done() is due.
 */
#include "dom0/block/block.h"

#include <errno.h>
#include <string.h>

#include "dom0/block/partition.h"

/* Completions in one turn of the loop. */
#define BUDGET 64u

static struct block_device *devices;

static struct block_request *ended, **ended_tail = &ended;
static struct loop_work ended_work;

static unsigned probes;
static void (*probed)(void);

/* ---- completion ---- */

static void deliver(void *arg)
{
	unsigned budget = BUDGET;

	(void)arg;
	while (ended && budget--) {
		struct block_request *req = ended;

		ended = req->next;
		if (!ended)
			ended_tail = &ended;
		req->next = NULL;
		req->done(req, req->error);
	}
	if (ended)
		loop_work_queue(&ended_work);
}

static void end_request(struct block_request *req, int error)
{
	req->error = error;
	req->next = NULL;
	*ended_tail = req;
	ended_tail = &req->next;
	if (!ended_work.fn)
		loop_work_init(&ended_work, deliver, NULL);
	loop_work_queue(&ended_work);
}

void block_complete(struct block_request *req, int error)
{
	struct block_device *dev = req->device;

	if (error)
		dev->errors++;
	end_request(req, error);
	block_kick(dev);
}

/* ---- queue ---- */

static struct block_request *take_queued(struct block_device *dev)
{
	struct block_request *req = dev->queue;

	dev->queue = req->next;
	if (!dev->queue)
		dev->queue_tail = &dev->queue;
	req->next = NULL;
	return req;
}

/*
 * The request is off the queue while the driver has it: block_complete() from inside submit comes
 * back here and must find the rest.
 */
void block_kick(struct block_device *dev)
{
	while (dev->queue && !dev->failed) {
		struct block_request *req = take_queued(dev);

		if (dev->ops->submit(dev, req))
			continue;
		req->next = dev->queue;
		if (!dev->queue)
			dev->queue_tail = &req->next;
		dev->queue = req;
		return;
	}
}

static void enqueue(struct block_device *dev, struct block_request *req)
{
	req->next = NULL;
	*dev->queue_tail = req;
	dev->queue_tail = &req->next;
	if (dev->queue == req)
		block_kick(dev);
}

/* ---- checks ---- */

static bool is_aligned(const struct block_device *dev, uint64_t sectors)
{
	return !(sectors & (dev->sector_size / BLOCK_SECTOR - 1));
}

static bool range_is_good(const struct block_device *dev, const struct block_request *req)
{
	return req->count && req->sector <= dev->sectors &&
	       req->count <= dev->sectors - req->sector && is_aligned(dev, req->sector) &&
	       is_aligned(dev, req->count);
}

static bool segments_are_good(const struct block_device *dev, const struct block_request *req)
{
	uint64_t bytes = 0;
	unsigned i;

	if (req->nr_segments > dev->max_segments || req->count > dev->max_sectors)
		return false;
	for (i = 0; i < req->nr_segments; i++) {
		if (!req->segments[i].length || req->segments[i].length % BLOCK_SECTOR ||
		    (dev->needs_data && !req->segments[i].data))
			return false;
		bytes += req->segments[i].length;
	}
	return bytes == (uint64_t)req->count * BLOCK_SECTOR;
}

static int check(const struct block_device *dev, const struct block_request *req)
{
	if (dev->failed)
		return -EIO;
	if (req->op == BLOCK_FLUSH)
		return dev->has_flush ? 0 : -EOPNOTSUPP;
	if (req->op != BLOCK_READ && dev->read_only)
		return -EROFS;
	if (!range_is_good(dev, req))
		return -EINVAL;
	if (req->op == BLOCK_DISCARD)
		return dev->has_discard ? 0 : -EOPNOTSUPP;
	return segments_are_good(dev, req) ? 0 : -EINVAL;
}

static void count_request(struct block_device *dev, const struct block_request *req)
{
	if (req->op == BLOCK_READ) {
		dev->reads++;
		dev->read_sectors += req->count;
	} else if (req->op == BLOCK_WRITE) {
		dev->writes++;
		dev->write_sectors += req->count;
	}
}

void block_submit(struct block_device *dev, struct block_request *req)
{
	int error = check(dev, req);

	req->device = dev;
	if (error) {
		end_request(req, error);
		return;
	}
	count_request(dev, req);
	for (; dev->parent; dev = dev->parent)
		req->sector += dev->start;
	req->device = dev;
	enqueue(dev, req);
}

/* ---- the list ---- */

struct block_device *block_first(void)
{
	return devices;
}

struct block_device *block_find(const char *name)
{
	struct block_device *dev;

	for (dev = devices; dev && strcmp(dev->name, name); dev = dev->next)
		;
	return dev;
}

static bool geometry_is_good(const struct block_device *dev)
{
	return (dev->sector_size == 512 || dev->sector_size == 4096) &&
	       dev->physical_size >= dev->sector_size &&
	       !(dev->physical_size & (dev->physical_size - 1)) && dev->sectors &&
	       is_aligned(dev, dev->sectors) && dev->max_segments >= BLOCK_MIN_SEGMENTS &&
	       dev->max_sectors >= BLOCK_MIN_SECTORS;
}

int block_register(struct block_device *dev)
{
	struct block_device **at;

	if (!geometry_is_good(dev))
		return -EINVAL;
	if (block_find(dev->name))
		return -EEXIST;
	dev->queue = NULL;
	dev->queue_tail = &dev->queue;
	for (at = &devices; *at; at = &(*at)->next)
		;
	dev->next = NULL;
	*at = dev;
	dev->registered = true;
	if (!dev->parent)
		partition_scan(dev);
	return 0;
}

static bool is_used(const struct block_device *dev)
{
	return dev->readers || dev->writers || dev->inner_readers || dev->inner_writers;
}

/* What a partition lies on was kept by it. */
static void release_if_unused(struct block_device *dev)
{
	struct block_device *outer;

	for (; dev && !dev->registered && !is_used(dev); dev = outer) {
		outer = dev->parent;
		if (dev->ops && dev->ops->release)
			dev->ops->release(dev);
	}
}

static struct block_device *find_partition(const struct block_device *of)
{
	struct block_device *dev;

	for (dev = devices; dev && dev->parent != of; dev = dev->next)
		;
	return dev;
}

void block_unregister(struct block_device *dev)
{
	struct block_device **at, *partition;

	while ((partition = find_partition(dev)))
		block_unregister(partition);
	for (at = &devices; *at != dev; at = &(*at)->next)
		;
	*at = dev->next;
	dev->registered = false;
	dev->failed = true;
	while (dev->queue)
		end_request(take_queued(dev), -EIO);
	release_if_unused(dev);
}

/* ---- users ---- */

static bool is_busy(const struct block_device *dev, bool write)
{
	const struct block_device *outer;

	if (dev->writers || dev->inner_writers || (write && (dev->readers || dev->inner_readers)))
		return true;
	for (outer = dev->parent; outer; outer = outer->parent)
		if (outer->writers || (write && outer->readers))
			return true;
	return false;
}

static void count_user(struct block_device *dev, bool write, int change)
{
	struct block_device *outer;

	*(write ? &dev->writers : &dev->readers) += (unsigned)change;
	for (outer = dev->parent; outer; outer = outer->parent)
		*(write ? &outer->inner_writers : &outer->inner_readers) += (unsigned)change;
}

int block_open(struct block_device *dev, bool write, enum block_share share)
{
	if (dev->failed)
		return -EIO;
	if (write && dev->read_only)
		return -EROFS;
	if (share == BLOCK_EXCLUSIVE && is_busy(dev, write))
		return -EBUSY;
	if (!dev->queue_tail)
		dev->queue_tail = &dev->queue;
	count_user(dev, write, 1);
	return 0;
}

void block_close(struct block_device *dev, bool write)
{
	count_user(dev, write, -1);
	release_if_unused(dev);
}

/* ---- start-up ---- */

void block_probe_begin(void)
{
	probes++;
}

void block_probe_end(void)
{
	void (*fn)(void) = probed;

	if (--probes || !fn)
		return;
	probed = NULL;
	fn();
}

void block_when_probed(void (*fn)(void))
{
	probed = fn;
	block_probe_begin();
	block_probe_end();
}
