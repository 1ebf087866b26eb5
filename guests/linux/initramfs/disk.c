/* SPDX-License-Identifier: MIT */
/*
 * What a disk costs, past the cache and with the kernel's asynchronous requests (<linux/aio_abi.h>):
 *
 *	disk DEVICE MIB REQUESTS ROUNDS
 *
 * overwrites DEVICE. A round writes and reads that many MiB in order, then writes and reads that many pages at random,
 * and at last writes FLUSHES of them, each followed by a flush.
 * Each request is submitted by itself as soon as one before it has ended. Prints `BENCH <name>: <ticks>`,
 * all ticks of the time stamp counter together.
 */
#include <linux/aio_abi.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <stddef.h>

#include "sys.h"

#define LARGE_DEPTH 8
#define SMALL_DEPTH 32
#define FLUSHES 200

static struct iocb slots[SMALL_DEPTH], *unused[SMALL_DEPTH];
static unsigned int nr_unused, seed;
static aio_context_t context;
static long disk;
static unsigned long long disk_bytes;
static char *buffers;

struct load {
	const char *name;
	int write, random;
	unsigned int bytes, depth, count;
};

/* Marsaglia's xorshift: the same places in each run. */
static unsigned int any(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static unsigned long long place(const struct load *load, unsigned int number)
{
	unsigned int room, rest;

	room = (unsigned int)divide(disk_bytes, load->bytes, 0);
	divide(load->random ? any() : number, room, &rest);
	return (unsigned long long)rest * load->bytes;
}

static void submit(const struct load *load, unsigned int number)
{
	struct iocb *slot = unused[--nr_unused];

	slot->aio_offset = (long long)place(load, number);
	require(CALL(__NR_io_submit, context, 1, &slot) - 1, "submit a request");
}

/* At least one. */
static unsigned int collect(const struct load *load)
{
	struct io_event events[SMALL_DEPTH];
	long i, got = call(__NR_io_getevents, (long)context, 1, load->depth, (long)events, 0);

	require(got - 1, "wait for requests");
	for (i = 0; i < got; i++) {
		require(events[i].res == load->bytes ? 0 : -1, "transfer");
		unused[nr_unused++] = (struct iocb *)(unsigned long)events[i].obj;
	}
	return (unsigned int)got;
}

static void prepare(const struct load *load)
{
	unsigned int i;

	seed = 2463534242u;
	nr_unused = 0;
	for (i = 0; i < load->depth; i++) {
		slots[i] = (struct iocb){ .aio_data = i,
					  .aio_lio_opcode = load->write ? IOCB_CMD_PWRITE
									: IOCB_CMD_PREAD,
					  .aio_fildes = (unsigned int)disk,
					  .aio_buf = (unsigned long)buffers + i * load->bytes,
					  .aio_nbytes = load->bytes };
		unused[nr_unused++] = &slots[i];
	}
}

/* To the last answer; what was written is on the disk when the next one begins. */
static void run_load(const struct load *load)
{
	unsigned int started = 0, ended = 0;
	ticks_t start;

	prepare(load);
	start = now();
	while (ended < load->count) {
		while (nr_unused && started < load->count)
			submit(load, started++);
		ended += collect(load);
	}
	print_figure(load->name, now() - start);
	CALL(__NR_fsync, disk, 0, 0);
}

static void run_flushes(void)
{
	const struct load load = { "write_flush", 1, 1, PAGE, 1, FLUSHES };
	unsigned int i;
	ticks_t start;

	prepare(&load);
	start = now();
	for (i = 0; i < load.count; i++) {
		submit(&load, i);
		collect(&load);
		require(CALL(__NR_fsync, disk, 0, 0), "flush");
	}
	print_figure(load.name, now() - start);
}

static void open_disk(const char *path)
{
	disk = CALL(__NR_open, path, O_RDWR | O_DIRECT | O_LARGEFILE, 0);
	require(disk, "open the disk");
	require(CALL(__NR_ioctl, disk, BLKGETSIZE64, &disk_bytes), "ask for its size");
	require(CALL(__NR_io_setup, SMALL_DEPTH, &context, 0), "prepare requests");
	buffers = map(LARGE_DEPTH * MIB, PROT_READ | PROT_WRITE);
}

static void __attribute__((used, regparm(1))) run(long *stack)
{
	const char **arguments = (const char **)(stack + 1);
	unsigned int mib, requests, rounds, i;

	if (stack[0] != 5) {
		print("usage: disk DEVICE MIB REQUESTS ROUNDS\n");
		leave(2);
	}
	open_disk(arguments[1]);
	mib = number(&arguments[2]);
	requests = number(&arguments[3]);
	for (rounds = number(&arguments[4]); rounds; rounds--) {
		const struct load loads[] = {
			{ "write_mib", 1, 0, MIB, LARGE_DEPTH, mib },
			{ "read_mib", 0, 0, MIB, LARGE_DEPTH, mib },
			{ "random_write", 1, 1, PAGE, SMALL_DEPTH, requests },
			{ "random_read", 0, 1, PAGE, SMALL_DEPTH, requests },
		};

		for (i = 0; i < sizeof(loads) / sizeof(*loads); i++)
			run_load(&loads[i]);
		run_flushes();
	}
	print("BENCH end\n");
	leave(0);
}

ENTRY(run);
