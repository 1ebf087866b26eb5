/* SPDX-License-Identifier: MIT */
/*
 * Restoring a guest, step by step; whatever goes wrong, the domain is destroyed and everything closed:
 *
 *	read the header -> read and use the records -> convert and pin page tables -> registers -> its devices ->
 *	header "used" -> it runs
 */
#include "dom0/save/save.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/ctl.h"
#include "dom0/save/restore_internal.h"
#include "guests/pvrt/time.h"

#define RECORDS_A_TURN 8u
#define PROGRESS_NS (2 * NS_PER_S)

static struct restore job;
static struct block_device *device;
static bool writable, active;
static struct image_chunk chunk;
static uint64_t offset; /* on the device */
static save_report say;
static save_done done;
static const char *failed;
static const char *(*step)(void);
static struct loop_work work;
static struct guest *restored;
static uint64_t told;

/* ---- ends ---- */

static void end(const char *error)
{
	restore_records_free(&job);
	image_chunk_free(&chunk);
	free(job.reader.buffer);
	block_close(device, writable);
	active = false;
	step = NULL;
	done(error);
}

/* A read may be under way: its end comes here again. */
static void give_up(const char *error)
{
	failed = error;
	if (chunk.busy)
		return;
	if (job.has_domain)
		ctl_destroy(job.built.domain);
	if (job.disks_open)
		guest_disks_close(&job.spec, &job.disks);
	end(error);
}

static void turn(void *arg)
{
	const char *error = failed;

	(void)arg;
	if (!active)
		return;
	if (!error && step)
		error = step();
	if (error)
		give_up(error);
}

static void again(void)
{
	loop_work_queue(&work);
}

static void tell_progress(void)
{
	uint64_t now = loop_now();

	if (now - told < PROGRESS_NS || !job.memory.nr_pages)
		return;
	told = now;
	say("%s: %u %%", job.spec.name,
	    (unsigned)((uint64_t)job.frames.nr_pages * 100 / job.memory.nr_pages));
}

/* ---- the end: it runs ---- */

static const char *run(void)
{
	if (!job.options.pause)
		ctl_unpause(restored->domain);
	end(NULL);
	return NULL;
}

static void marked(struct block_request *req, int error)
{
	(void)req;
	chunk.busy = false;
	if (error)
		say("%s: cannot note in the image that it was restored", job.spec.name);
	step = run;
	again();
}

/* Who restores it twice with disks that it has written to meanwhile destroys what is on them. */
static bool has_writable_disk(const struct guest_spec *spec)
{
	unsigned i;

	for (i = 0; i < spec->nr_disks; i++)
		if (spec->disks[i].write && block_find(spec->disks[i].target))
			return true;
	return false;
}

static const char *mark_used(void)
{
	if (!writable || !has_writable_disk(&job.spec))
		return run();
	job.header.state = IMAGE_USED;
	image_header_seal(&job.header);
	memset(chunk.data, 0, IMAGE_PAGE);
	memcpy(chunk.data, &job.header, sizeof(job.header));
	step = NULL;
	image_chunk_start(&chunk, device, BLOCK_WRITE, 0, IMAGE_PAGE, marked, NULL);
	return NULL;
}

static const char *start_guest(void)
{
	const char *error = restore_start_guest(&job);

	if (error)
		return error;
	error = guest_adopt(&job.spec, &job.built, &job.disks, &restored);
	job.disks_open = false;
	if (error)
		return error;
	job.has_domain = false;
	return mark_used();
}

static const char *make_domain(void)
{
	bool last;
	const char *error = restore_domain_turn(&job, &last);

	if (error)
		return error;
	if (last)
		step = start_guest;
	again();
	return NULL;
}

/* ---- records ---- */

static const char *read_more(void);

static const char *use_records(void)
{
	const struct image_record *record;
	const char *error = NULL;
	unsigned i;

	for (i = 0; i < RECORDS_A_TURN && !error; i++) {
		error = image_reader_next(&job.reader, &record);
		if (!error && !record)
			return read_more();
		if (!error)
			error = restore_record(&job, record);
		if (!error && record->type == IMAGE_END) {
			step = make_domain;
			break;
		}
	}
	tell_progress();
	again();
	return error;
}

static void chunk_read(struct block_request *req, int error)
{
	(void)req;
	chunk.busy = false;
	if (error && !failed)
		failed = "the device reports an error";
	if (!failed) {
		offset += image_reader_wants(&job.reader);
		image_reader_put(&job.reader, chunk.data);
	}
	step = use_records;
	again();
}

/* The reader says before that it needs more than there is. */
static const char *read_more(void)
{
	uint32_t bytes = image_reader_wants(&job.reader);

	bytes = (bytes + IMAGE_PAGE - 1) & ~(IMAGE_PAGE - 1);
	if (offset + bytes > device->sectors * BLOCK_SECTOR)
		return "the image is longer than the device";
	step = NULL;
	image_chunk_start(&chunk, device, BLOCK_READ, offset, bytes, chunk_read, NULL);
	return NULL;
}

static const char *begin(void)
{
	const char *error = image_header_read(&job.header, chunk.data);

	if (error)
		return error;
	if (job.header.state == IMAGE_USED && !job.options.force)
		return "the guest was restored from this image already, and its disks have changed "
		       "since; -f restores it all the same";
	image_reader_init(&job.reader, &job.header, job.reader.buffer);
	offset = IMAGE_PAGE;
	return read_more();
}

static void header_read(struct block_request *req, int error)
{
	(void)req;
	chunk.busy = false;
	if (error && !failed)
		failed = "the device reports an error";
	step = begin;
	again();
}

/* ---- start ---- */

const char *restore_start(const char *name, const struct guest_spec *spec,
			  const struct restore_options *options, save_report report,
			  save_done on_done)
{
	const char *error = active ? "another guest is being restored"
				   : image_open(name, IMAGE_WRITE_IF_POSSIBLE, &device, &writable);

	if (error)
		return error;
	memset(&job, 0, sizeof(job));
	job.reader.buffer = malloc(IMAGE_READER_BUFFER);
	if (!job.reader.buffer || !image_chunk_alloc(&chunk)) {
		free(job.reader.buffer);
		block_close(device, writable);
		return "not enough memory";
	}
	job.options = *options;
	job.spec_given = spec;
	if (spec)
		job.spec = *spec;
	say = report;
	done = on_done;
	failed = NULL;
	restored = NULL;
	active = true;
	told = loop_now();
	if (!work.fn)
		loop_work_init(&work, turn, NULL);
	image_chunk_start(&chunk, device, BLOCK_READ, 0, IMAGE_PAGE, header_read, NULL);
	return NULL;
}

void restore_cancel(void)
{
	if (active && !failed && !restored)
		give_up("cancelled");
}
