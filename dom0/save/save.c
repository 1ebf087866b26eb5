/* SPDX-License-Identifier: MIT */
/*
 * Saving a guest, step by step. Until its suspend nothing has been written and it can be left alone; from then on
 * every way out lets it go on, or ends it:
 *
 *	look at the device -> ask the guest -> (it suspends) -> read its frame list -> header "unfinished" ->
 *	records -> header "complete" -> destroy it, or let it go on
 */
#include "dom0/save/save.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dom0/ctl.h"
#include "dom0/save/save_internal.h"
#include "dom0/shell.h"
#include "dom0/store.h"
#include "guests/pvrt/time.h"

#define PATIENCE_S 30u /* Linux gives its processes 20 s to freeze */
#define PAGES_PER_MIB 256u
#define PROGRESS_NS (2 * NS_PER_S)

static struct save job;
static struct block_device *device;
static struct image_chunk probe;
static save_report say;
static save_done done;
static bool active, awaited; /* awaited: asked to suspend */
static const char *failed;
static const char *(*step)(void); /* the next turn's work */
static struct loop_work work;
static struct loop_timer timer;
static uint64_t told;

/* ---- ends ---- */

static void forget(void)
{
	save_memory_free(&job);
	image_writer_free(&job.writer);
	image_chunk_free(&probe);
	block_close(device, true);
	loop_timer_cancel(&timer);
	job.guest = NULL;
	active = awaited = false;
	step = NULL;
}

static void end(const char *error)
{
	forget();
	done(error);
}

static bool can_resume(const struct guest *guest)
{
	return guest->built.suspend_cancel;
}

static const char *let_go_on(struct guest *guest)
{
	if (can_resume(guest) && guest_resume(guest))
		return NULL;
	guest->state = GUEST_ENDED;
	return "it cannot go on: `destroy` removes it";
}

/* The device is still busy with what was written. */
static void give_up(const char *error)
{
	const char *more;

	failed = error;
	step = NULL;
	if (image_writer_busy(&job.writer) || probe.busy)
		return;
	if (job.guest && job.guest->state == GUEST_SUSPENDED) {
		more = let_go_on(job.guest);
		say("%s: not saved, %s", job.guest->spec.name, more ? more : "it goes on");
	}
	end(error);
}

/* ---- turns ---- */

static void turn(void *arg)
{
	const char *error;

	(void)arg;
	if (!active)
		return;
	error = failed;
	if (!error && step)
		error = step();
	if (error)
		give_up(error);
}

static void again(void *arg)
{
	(void)arg;
	loop_work_queue(&work);
}

static void tell_progress(void)
{
	uint64_t now = loop_now();

	if (now - told < PROGRESS_NS || !job.frames.nr_pfns)
		return;
	told = now;
	say("%s: %u %%", job.guest->spec.name,
	    (unsigned)((uint64_t)job.next * 100 / job.frames.nr_pfns));
}

static const char *finish(void)
{
	struct guest *guest = job.guest;
	const char *error = NULL;

	if (image_writer_busy(&job.writer))
		return NULL;
	if (job.writer.error)
		return "the device reports an error";
	say("%s: saved, %u KiB", guest->spec.name, (unsigned)(job.writer.header.length >> 10));
	if (job.options.pause)
		ctl_pause(guest->domain);
	if (job.options.pause || job.options.checkpoint)
		error = let_go_on(guest);
	job.guest = NULL;
	if (guest->state == GUEST_SUSPENDED)
		guest_destroy(guest);
	end(error);
	return NULL;
}

/* The records are on their way: once they are there, so is the header. */
static const char *seal(void)
{
	if (image_writer_busy(&job.writer))
		return NULL;
	if (job.writer.error)
		return "the device reports an error";
	step = finish;
	image_writer_header(&job.writer, IMAGE_COMPLETE);
	return NULL;
}

static const char *write_records(void)
{
	bool last;
	const char *error;

	if (job.writer.error)
		return "the device reports an error";
	error = save_records_turn(&job, &last);
	if (error)
		return error;
	if (!last) {
		tell_progress();
		if (image_writer_ready(&job.writer))
			again(NULL);
		return NULL;
	}
	step = seal;
	again(NULL);
	return NULL;
}

static const char *begin_records(void)
{
	if (image_writer_busy(&job.writer))
		return NULL;
	job.next = job.stage = 0;
	step = write_records;
	again(NULL);
	return NULL;
}

static const char *read_memory(void)
{
	bool last;
	const char *error = save_memory_turn(&job, &last);

	if (error)
		return error;
	if (!last) {
		again(NULL);
		return NULL;
	}
	snprintf(job.writer.header.guest, sizeof(job.writer.header.guest), "%s", job.spec.name);
	job.writer.header.time = (uint32_t)time(NULL);
	step = begin_records;
	image_writer_header(&job.writer, IMAGE_UNFINISHED);
	return NULL;
}

/* ---- the guest suspends ---- */

static void guest_suspended(struct guest *guest)
{
	if (guest != job.guest || !awaited) {
		/* Not asked, or too late. */
		if (let_go_on(guest))
			shell_notice("%s: has suspended itself; `destroy` removes it",
				     guest->spec.name);
		return;
	}
	awaited = false;
	loop_timer_cancel(&timer);
	failed = failed ? failed : save_memory_begin(&job);
	step = read_memory;
	again(NULL);
}

static void too_late(void *arg)
{
	(void)arg;
	awaited = false;
	store_write_control(job.guest, "shutdown", "");
	give_up("the guest has not suspended itself within 30 s: it goes on");
}

static const char *ask_guest(void)
{
	static char message[BLOCK_NAME_MAX + 80];
	const char *found;
	uint64_t length = device->sectors * BLOCK_SECTOR;

	found = image_recognise(probe.data, length < IMAGE_PROBE ? length : IMAGE_PROBE);
	if (found && !job.options.force) {
		snprintf(message, sizeof(message), "%s holds %s; -f overwrites it", device->name,
			 found);
		return message;
	}
	if (!store_write_control(job.guest, "shutdown", "suspend"))
		return "the guest does not listen on its control node";
	awaited = true;
	step = NULL;
	loop_timer_set(&timer, PATIENCE_S * NS_PER_S, too_late, NULL);
	return NULL;
}

/* ---- the device ---- */

static void probed(struct block_request *req, int error)
{
	(void)req;
	probe.busy = false;
	if (error && !failed)
		failed = "the device reports an error";
	step = ask_guest;
	again(NULL);
}

static const char *check_size(const struct guest *guest)
{
	static char message[128];
	struct xen_domctl_getdomaininfo info;
	uint64_t need, have = device->sectors * BLOCK_SECTOR;

	if (ctl_info(guest->domain, &info))
		return "the domain is gone";
	if (info.flags & XEN_DOMINF_paused)
		return "the guest is paused: it cannot answer; unpause it first";
	need = save_records_size(info.tot_pages);
	if (have >= need)
		return NULL;
	snprintf(message, sizeof(message), "%.40s has %u MiB, the image may need %u MiB",
		 device->name, (unsigned)(have >> 20), (unsigned)((need >> 20) + 1));
	return message;
}

/* ---- the guest ---- */

/* What it has given up by its balloon it does not take back in its next life. */
static void note_memory(const struct guest *guest, struct guest_spec *spec)
{
	struct xen_domctl_getdomaininfo info;
	uint32_t mib;

	if (ctl_info(guest->domain, &info))
		return;
	mib = (uint32_t)((info.tot_pages + PAGES_PER_MIB - 1) / PAGES_PER_MIB);
	if (mib < spec->memory_mib)
		spec->memory_mib = mib;
}

/* What is kept in memory ends with the guest: the image would remember a disk that is empty then. */
static const char *check_disks(const struct guest_spec *spec)
{
	static char message[128];
	unsigned i;

	for (i = 0; i < spec->nr_disks; i++)
		if (spec->disks[i].write && !block_find(spec->disks[i].target)) {
			snprintf(
				message, sizeof(message),
				"its disk %s is in memory (%.40s) and is not saved with it; -f saves "
				"the guest all the same",
				spec->disks[i].vdev, spec->disks[i].target);
			return message;
		}
	return NULL;
}

static const char *check_guest(const struct guest *guest, const struct save_options *options)
{
	if (guest->state != GUEST_RUNNING)
		return "the guest is not running";
	if (store_control_refuses(guest, "suspend"))
		return "its kernel cannot suspend: it does not offer control/feature-suspend";
	if ((options->checkpoint || options->pause) && !can_resume(guest))
		return "its kernel cannot go on behind a suspend (no note SUSPEND_CANCEL)";
	return options->force ? NULL : check_disks(&guest->spec);
}

/* The device is open and has been found large enough. */
static const char *begin(struct guest *guest, const struct guest_spec *spec,
			 const struct save_options *options)
{
	uint64_t bytes = device->sectors * BLOCK_SECTOR;

	memset(&job, 0, sizeof(job));
	if (!image_writer_init(&job.writer, device, again, NULL))
		return "not enough memory";
	if (!image_chunk_alloc(&probe)) {
		image_writer_free(&job.writer);
		return "not enough memory";
	}
	job.guest = guest;
	job.options = *options;
	job.spec = spec ? *spec : guest->spec;
	if (!spec)
		note_memory(guest, &job.spec);
	failed = NULL;
	active = true;
	told = loop_now();
	bytes = bytes < IMAGE_PROBE ? bytes & ~(uint64_t)(IMAGE_PAGE - 1) : IMAGE_PROBE;
	image_chunk_start(&probe, device, BLOCK_READ, 0, (uint32_t)bytes, probed, NULL);
	return NULL;
}

const char *save_start(struct guest *guest, const char *name, const struct guest_spec *spec,
		       const struct save_options *options, save_report report, save_done on_done)
{
	const char *error = active ? "another guest is being saved" : NULL;
	bool writable;

	if (!error)
		error = check_guest(guest, options);
	if (!error)
		error = image_open(name, IMAGE_WRITE, &device, &writable);
	if (error)
		return error;
	error = check_size(guest);
	if (!error)
		error = begin(guest, spec, options);
	if (error)
		block_close(device, true);
	say = report;
	done = on_done;
	return error;
}

void save_cancel(void)
{
	if (!active || failed)
		return;
	if (awaited)
		store_write_control(job.guest, "shutdown", "");
	awaited = false;
	give_up("cancelled");
}

/* The guest that is being saved ends in another way. */
static void watch(struct guest *guest, bool started)
{
	if (!active || started || guest != job.guest)
		return;
	job.guest = NULL;
	awaited = false;
	give_up("the guest has ended");
}

void save_init(void)
{
	loop_work_init(&work, turn, NULL);
	guests_on_suspend(guest_suspended);
	guests_watch(watch);
}
