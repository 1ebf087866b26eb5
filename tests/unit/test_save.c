// SPDX-License-Identifier: MIT
// Saving and restoring between simulated domains, and images that are not what they should be.
#include "tests/host/cmocka_all.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/block/memdisk.h"
#include "dom0/config.h"
#include "dom0/save/describe.h"
#include "tests/host/dom0.h"
#include "tests/host/saved.h"

#define DISK_SECTORS 4096u
#define TURNS 100000u

static struct guest guest;
static struct save save;
static struct restore restore;
static struct block_device *disk;
static uint8_t *image; // what is on the disk
static unsigned wakes;

static void wake(void *arg)
{
	(void)arg;
	wakes++;
}

// What is still being written ends first.
static void forget_save(void)
{
	assert_true(host_loop_run(TURNS));
	save_memory_free(&save);
	image_writer_free(&save.writer);
	memset(&save, 0, sizeof(save));
}

static int set_up(void **state)
{
	(void)state;
	host_loop_reset();
	saved_make_guest(&guest);
	disk = memdisk_create("ram", NULL, 0, DISK_SECTORS, false);
	assert_int_equal(block_open(disk, true, BLOCK_EXCLUSIVE), 0);
	image = calloc(DISK_SECTORS, BLOCK_SECTOR);
	memset(&save, 0, sizeof(save));
	memset(&restore, 0, sizeof(restore));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	forget_save();
	restore_records_free(&restore);
	free(restore.reader.buffer);
	free(image);
	block_close(disk, true);
	assert_int_equal(saved_mapped(), 0);
	return 0;
}

// ---- both ways ----

static void run_loop(void)
{
	assert_true(host_loop_run(TURNS));
	assert_false(image_writer_busy(&save.writer));
	assert_int_equal(save.writer.error, 0);
}

static const char *read_guest(void)
{
	const char *error;
	bool done = false;

	forget_save();
	save.guest = &guest;
	save.spec = guest.spec;
	assert_true(image_writer_init(&save.writer, disk, wake, NULL));
	error = save_memory_begin(&save);
	while (!error && !done)
		error = save_memory_turn(&save, &done);
	save.next = 0;
	return error;
}

static const char *write_guest(void)
{
	const char *error = NULL;
	bool done = false;

	image_writer_header(&save.writer, IMAGE_UNFINISHED);
	run_loop();
	while (!error && !done) {
		error = save_records_turn(&save, &done);
		if (!error)
			assert_true(host_loop_run(TURNS));
	}
	if (!error) {
		strcpy(save.writer.header.guest, "saved");
		image_writer_header(&save.writer, IMAGE_COMPLETE);
		run_loop();
	}
	return error;
}

static void copied(struct block_request *req, int error)
{
	assert_int_equal(error, 0);
	*(bool *)req->arg = true;
}

// The disk's contents go to `image`.
static void read_disk(void)
{
	struct image_chunk chunk;
	uint64_t at;
	bool done;

	assert_true(image_chunk_alloc(&chunk));
	for (at = 0; at < DISK_SECTORS * BLOCK_SECTOR; at += IMAGE_CHUNK) {
		done = false;
		image_chunk_start(&chunk, disk, BLOCK_READ, at, IMAGE_CHUNK, copied, &done);
		assert_true(host_loop_run(TURNS) && done);
		memcpy(image + at, chunk.data, IMAGE_CHUNK);
	}
	image_chunk_free(&chunk);
}

static const char *use_image(void)
{
	const struct image_record *record = NULL;
	const char *error = image_header_read(&restore.header, image);
	const uint8_t *at = image + IMAGE_PAGE;
	bool done = false;
	uint32_t n;

	if (error)
		return error;
	if (!restore.reader.buffer)
		restore.reader.buffer = malloc(IMAGE_READER_BUFFER);
	image_reader_init(&restore.reader, &restore.header, restore.reader.buffer);
	while (!error && (!record || record->type != IMAGE_END)) {
		error = image_reader_next(&restore.reader, &record);
		if (!error && record) {
			error = restore_record(&restore, record);
		} else if (!error) {
			n = image_reader_wants(&restore.reader);
			assert_true(n && at + n <= image + DISK_SECTORS * BLOCK_SECTOR);
			image_reader_put(&restore.reader, at);
			at += n;
		}
	}
	while (!error && !done)
		error = restore_domain_turn(&restore, &done);
	return error ? error : restore_start_guest(&restore);
}

static void make_image(void)
{
	assert_null(read_guest());
	assert_null(write_guest());
	read_disk();
}

static void there_and_back(void **state)
{
	(void)state;
	make_image();
	assert_true(save.writer.header.length < save_records_size(SAVED_PFNS));
	assert_null(use_image());
	assert_null(saved_compare());
	assert_string_equal(restore.spec.name, "saved");
	assert_string_equal(restore.spec.cmdline, "a 'quoted' word");
	assert_int_equal(restore.spec.vcpus, 2);
	assert_int_equal(restore.spec.vcpus_online, 1);
	assert_string_equal(restore.header.guest, "saved");
}

static void no_memory_to_restore(void **state)
{
	(void)state;
	make_image();
	saved_exhaust();
	assert_non_null(strstr(use_image(), "KiB are free"));
}

// ---- guests that are broken ----

static void lists_that_lie(void **state)
{
	(void)state;
	saved_shared_info(1)->arch.max_pfn = 0;
	assert_non_null(strstr(read_guest(), "length"));
	saved_shared_info(1)->arch.max_pfn = IMAGE_PFNS_MAX + 1;
	assert_non_null(strstr(read_guest(), "length"));
	saved_shared_info(1)->arch.max_pfn = IMAGE_PFNS_MAX;
	assert_non_null(strstr(read_guest(), "own memory"));
	saved_shared_info(1)->arch.max_pfn = SAVED_PFNS;
	saved_shared_info(1)->arch.pfn_to_mfn_frame_list_list = 3;
	assert_non_null(strstr(read_guest(), "own memory"));
}

// Entries that are not its frames: of nobody, twice the same, another's.
static void entries_that_lie(void **state)
{
	uint32_t *list = (uint32_t *)saved_page(1, 8);

	(void)state;
	list[40] = list[41];
	list[42] = 0x7fffffff;
	list[43] = 0x80000000 | list[43];
	assert_null(read_guest());
	assert_int_equal(save.frames.nr_pages, SAVED_PFNS - 4);
	assert_false(frames_has(&save.frames, 40) || frames_has(&save.frames, 42) ||
		     frames_has(&save.frames, 43));
	assert_non_null(strstr(write_guest(), "not its own")); // the page table maps them
}

static void registers_that_lie(void **state)
{
	(void)state;
	saved_context(1, 0)->user_regs.edx = 0x12345678;
	assert_null(read_guest());
	assert_non_null(strstr(write_guest(), "registers"));
}

// ---- images that are broken ----

static void header_refused(const char *text)
{
	const char *error = use_image();

	assert_non_null(error);
	if (!strstr(error, text))
		fail_msg("%s", error);
}

static void seal(void)
{
	struct image_header header;

	memcpy(&header, image, sizeof(header));
	image_header_seal(&header);
	memcpy(image, &header, sizeof(header));
}

static void headers(void **state)
{
	struct image_header *header = (void *)image;

	(void)state;
	header_refused("no saved guest");
	make_image();
	header->guest[3] ^= 1;
	header_refused("its header has a wrong checksum");
	header->guest[3] ^= 1;
	header->state = IMAGE_UNFINISHED;
	seal();
	header_refused("never finished");
	header->state = 9;
	seal();
	header_refused("makes no sense");
	header->state = IMAGE_COMPLETE;
	header->length -= 8;
	seal();
	header_refused("ends early");
	header->version = 2;
	header_refused("another version");
}

// Any byte of the records: an error, or at last the checksum says so.
static void every_byte_counts(void **state)
{
	uint32_t length, at;
	const char *error;

	(void)state;
	make_image();
	length = (uint32_t)save.writer.header.length;
	for (at = 0; at < length; at += at < 2048 ? 1 : 509) {
		saved_reset();
		image[IMAGE_PAGE + at] ^= 0x41;
		error = use_image();
		if (!error)
			fail_msg("byte %u of %u", at, length);
		image[IMAGE_PAGE + at] ^= 0x41;
		assert_int_equal(saved_mapped(), 0);
		restore_records_free(&restore);
		restore = (struct restore){ .reader.buffer = restore.reader.buffer };
	}
}

// ---- what is in the way ----

static void recognised(void **state)
{
	static uint8_t bytes[IMAGE_PROBE];

	(void)state;
	assert_null(image_recognise(bytes, sizeof(bytes)));
	bytes[1080] = 0x53;
	bytes[1081] = 0xef;
	assert_non_null(strstr(image_recognise(bytes, sizeof(bytes)), "ext4"));
	assert_null(image_recognise(bytes, 1081)); // beyond the end
	memset(bytes, 0, sizeof(bytes));
	bytes[510] = 0x55;
	bytes[511] = 0xaa;
	assert_non_null(strstr(image_recognise(bytes, sizeof(bytes)), "partition"));
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes + 65600, "_BHRfS_M", 8);
	assert_non_null(strstr(image_recognise(bytes, sizeof(bytes)), "Btrfs"));
	make_image();
	assert_string_equal(image_recognise(image, IMAGE_PROBE), "a saved guest");
	((struct image_header *)image)->state = IMAGE_USED;
	seal();
	assert_null(image_recognise(image, IMAGE_PROBE));
}

// ---- descriptions ----

static void quiet(const char *message)
{
	(void)message;
}

static bool read_again(const char *text, size_t length, struct guest_spec *spec)
{
	struct config config = { 0 };
	bool good = config_parse(&config, "image", text, length, quiet) &&
		    spec_read(spec, &config, quiet);

	config_free(&config);
	return good;
}

static void descriptions(void **state)
{
	static struct guest_spec spec, again;
	char text[IMAGE_DESCRIPTION_MAX];
	size_t length;
	unsigned i;

	(void)state;
	spec = guest.spec;
	for (i = 0; i < sizeof(spec.uuid); i++)
		spec.uuid[i] = (uint8_t)(i * 17);
	spec.cap = 50;
	spec.on_crash = ACTION_PRESERVE;
	assert_null(vif_parse(&spec.vifs[0], "bridge=br7,mac=00:16:3e:01:02:03,rate=10Mb/s@20ms"));
	assert_null(vif_parse(&spec.vifs[1], "mac=00:16:3e:01:02:04,filter=0"));
	/* Behind one that was detached. */
	assert_null(vif_parse(&spec.vifs[3], "mac=00:16:3e:01:02:05,ip=10.0.2.255,ip=192.168.0.1"));
	assert_null(disk_spec_parse(&spec.disks[0], "vda1,,xvda,w!,no-discard"));
	assert_null(disk_spec_parse(&spec.disks[1], "cd.iso,,hdc,ro,cdrom"));
	spec.nr_disks = 2;
	assert_null(describe_guest(&spec, text, sizeof(text), &length));
	assert_true(read_again(text, length, &again));
	assert_int_equal(again.vifs[0].rate_bytes, spec.vifs[0].rate_bytes);
	assert_int_equal(again.vifs[0].rate_interval_ns, spec.vifs[0].rate_interval_ns);
	assert_memory_equal(again.vifs[1].mac, spec.vifs[1].mac, NET_MAC);
	assert_true(again.vifs[1].unfiltered && !again.vifs[2].used && again.vifs[3].used);
	assert_int_equal(again.vifs[3].nr_addresses, 2);
	assert_memory_equal(again.vifs[3].addresses, spec.vifs[3].addresses, 8);
	assert_string_equal(again.vifs[0].bridge, "br7");
	assert_memory_equal(again.uuid, spec.uuid, sizeof(spec.uuid));
	assert_int_equal(again.nr_disks, 2);
	assert_memory_equal(again.disks, spec.disks, sizeof(spec.disks));
	assert_string_equal(again.cmdline, spec.cmdline);
	assert_int_equal(again.cap, 50);
	assert_int_equal(again.on_crash, ACTION_PRESERVE);
	strcpy(spec.cmdline, "\" and '");
	assert_non_null(describe_guest(&spec, text, sizeof(text), &length));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(there_and_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_memory_to_restore, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists_that_lie, set_up, tear_down),
		cmocka_unit_test_setup_teardown(entries_that_lie, set_up, tear_down),
		cmocka_unit_test_setup_teardown(registers_that_lie, set_up, tear_down),
		cmocka_unit_test_setup_teardown(headers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_byte_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(recognised, set_up, tear_down),
		cmocka_unit_test_setup_teardown(descriptions, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
