// SPDX-License-Identifier: MIT
// Disk descriptions in xl's two ways, and the numbers of virtual devices.
#include "tests/host/cmocka_all.h"

#include <string.h>

#include "dom0/block/disk_spec.h"

static struct disk_spec parse(const char *text)
{
	struct disk_spec spec;

	assert_null(disk_spec_parse(&spec, text));
	return spec;
}

static void refused(const char *text)
{
	struct disk_spec spec;

	assert_non_null(disk_spec_parse(&spec, text));
}

static void positional(void **state)
{
	struct disk_spec spec = parse("vda,,xvda,rw");

	(void)state;
	assert_string_equal(spec.target, "vda");
	assert_string_equal(spec.vdev, "xvda");
	assert_int_equal(spec.number, 202 << 8);
	assert_true(spec.write && !spec.share && !spec.cdrom);
	spec = parse(" /dev/vda1 , raw , sdb2 , ro ");
	assert_string_equal(spec.target, "vda1");
	assert_int_equal(spec.number, 8 << 8 | 1 << 4 | 2);
	assert_false(spec.write);
	assert_true(parse("vda,raw,hdc,w!").share);
	assert_true(parse("root.img,,xvda").write);
	assert_true(parse("vda,,xvda,w,no-discard").no_discard);
	assert_false(parse("cd.iso,,hdc,,cdrom").write);
}

static void by_key(void **state)
{
	struct disk_spec spec = parse("format=raw, vdev=xvda, access=rw, target=vda1");

	(void)state;
	assert_string_equal(spec.target, "vda1");
	assert_true(spec.write);
	spec = parse("cow:root.img,vdev=d1p3,access=w");
	assert_string_equal(spec.target, "cow:root.img");
	assert_int_equal(spec.number, 202 << 8 | 1 << 4 | 3);
	assert_true(parse("vdev=xvda,devtype=cdrom,target=cd.iso").cdrom);
}

static void bad(void **state)
{
	char longest[300];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	refused("");
	refused(longest);
	refused("vda");
	refused(",,xvda,w");
	refused("vda,qcow2,xvda,w");
	refused("vda,,nonsense,w");
	refused("vda,,xvda,x");
	refused("vda,,xvda,w,what");
	refused("vda,,xvda,w,script=block-iscsi");
	refused("vda,,xvda,w,backend=5");
	refused("vdev=xvda,target=vda,access=ro");
	longest[70] = '\0';
	memcpy(longest + 64, ",,xvda", 7);
	refused(longest);
}

static void numbers(void **state)
{
	static const struct {
		const char *name;
		uint32_t number;
	} good[] = {
		{ "xvda", 51712 },
		{ "xvdp15", 202 << 8 | 15 << 4 | 15 },
		{ "xvdq", 1 << 28 | 16 << 8 },
		{ "xvda16", 1 << 28 | 16 },
		{ "xvdaa", 1 << 28 | 26 << 8 },
		{ "sda", 2048 },
		{ "hda1", 769 },
		{ "hdb", 3 << 8 | 64 },
		{ "hdd3", 22 << 8 | 64 | 3 },
		{ "d0", 51712 },
		{ "51728", 51728 },
		{ "0xca00", 51712 },
	};
	static const char *const wrong[] = {
		"",    "xvd", "xvda1b", "sdq", "sda16",		  "hde", "xvda256", "d",
		"dp1", "d1p", "xvdA",	"12x", "xvdaaaaaaaaaaaaa"
	};
	uint32_t number;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(disk_vdev_number(good[i].name, &number));
		assert_int_equal(number, good[i].number);
	}
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(disk_vdev_number(wrong[i], &number));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(positional),
		cmocka_unit_test(by_key),
		cmocka_unit_test(bad),
		cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
