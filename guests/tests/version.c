/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_xen_version: every sub-operation, its bad pointers, its
 * feature bits (<xen/version.h>).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/version.h>

#define MAX_BUILD_ID 64
#define BAD_POINTER ((void *)HYPERVISOR_VIRT_START)

/* Runs a sub-operation into a marked buffer: it must succeed and stay inside size bytes. */
static const char *get_string(int cmd, size_t size, const char *what)
{
	static char buf[2048];
	long rc;

	memset(buf, 0x7f, sizeof(buf));
	rc = HYPERVISOR_xen_version(cmd, buf);
	CHECK(rc >= 0, "%s: %ld", what, rc);
	CHECK(buf[size] == 0x7f, "%s: written beyond its size", what);
	return buf;
}

/* A C string that ends inside its field. */
static void check_string(const char *text, size_t size, const char *what)
{
	size_t len = 0;

	while (len < size && text[len])
		len++;
	CHECK(len < size, "%s is not terminated", what);
}

static void test_version(void)
{
	long version = HYPERVISOR_xen_version(XENVER_version, NULL);

	CHECK(version > 0 && version >> 16 >= 3, "version is 0x%lx", version);
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_version, BAD_POINTER), version,
		 "version ignores its argument");
}

static void test_extraversion(void)
{
	check_string(get_string(XENVER_extraversion, XEN_EXTRAVERSION_LEN, "extraversion"),
		     XEN_EXTRAVERSION_LEN, "extraversion");
}

static void test_compile_info(void)
{
	const struct xen_compile_info *info = (const void *)get_string(
		XENVER_compile_info, sizeof(struct xen_compile_info), "compile_info");

	check_string(info->compiler, sizeof(info->compiler), "compiler");
	check_string(info->compile_by, sizeof(info->compile_by), "compile_by");
	check_string(info->compile_domain, sizeof(info->compile_domain), "compile_domain");
	check_string(info->compile_date, sizeof(info->compile_date), "compile_date");
}

static void test_capabilities(void)
{
	const char *caps = get_string(XENVER_capabilities, XEN_CAPABILITIES_INFO_LEN, "caps");

	check_string(caps, XEN_CAPABILITIES_INFO_LEN, "capabilities");
	CHECK(strstr(caps, "xen-3.0-x86_32p"), "no xen-3.0-x86_32p in \"%s\"", caps);
}

static void test_changeset(void)
{
	check_string(get_string(XENVER_changeset, XEN_CHANGESET_INFO_LEN, "changeset"),
		     XEN_CHANGESET_INFO_LEN, "changeset");
}

static void test_platform_parameters(void)
{
	struct xen_platform_parameters params = { 0 };

	CHECK_EQ(HYPERVISOR_xen_version(XENVER_platform_parameters, &params), 0, "rc");
	CHECK_EQ(params.virt_start, HYPERVISOR_VIRT_START, "virt_start");
}

static bool has_feature(uint32_t submap, unsigned int feature)
{
	return submap >> feature & 1;
}

static void test_features(void)
{
	struct xen_feature_info info = { .submap_idx = 0 };
	uint32_t map;

	CHECK_EQ(HYPERVISOR_xen_version(XENVER_get_features, &info), 0, "rc");
	map = info.submap;
	CHECK(has_feature(map, XENFEAT_pae_pgdir_above_4gb), "no pae_pgdir_above_4gb: 0x%x", map);
	CHECK(has_feature(map, XENFEAT_mmu_pt_update_preserve_ad), "no preserve_ad: 0x%x", map);
	CHECK(!has_feature(map, XENFEAT_writable_page_tables), "writable_page_tables: 0x%x", map);
	CHECK(!has_feature(map, XENFEAT_writable_descriptor_tables),
	      "writable_descriptor_tables: 0x%x", map);
	CHECK(!has_feature(map, XENFEAT_auto_translated_physmap), "auto_translated: 0x%x", map);
	CHECK(!has_feature(map, XENFEAT_supervisor_mode_kernel), "supervisor_mode: 0x%x", map);
	if (start_info->flags & SIF_INITDOMAIN)
		CHECK(has_feature(map, XENFEAT_dom0), "no dom0 feature: 0x%x", map);
}

static void test_features_beyond(void)
{
	struct xen_feature_info info = { .submap_idx = XENFEAT_NR_SUBMAPS };

	CHECK_EQ(HYPERVISOR_xen_version(XENVER_get_features, &info), -XEN_EINVAL, "submap beyond");
	info.submap_idx = ~0u;
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_get_features, &info), -XEN_EINVAL, "submap ~0");
}

static void test_pagesize(void)
{
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_pagesize, NULL), PAGE_SIZE, "pagesize");
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_pagesize, BAD_POINTER), -XEN_EINVAL,
		 "pagesize with an argument");
}

static void test_guest_handle(void)
{
	get_string(XENVER_guest_handle, sizeof(xen_domain_handle_t), "guest_handle");
}

static void test_commandline(void)
{
	check_string(get_string(XENVER_commandline, sizeof(xen_commandline_t), "commandline"),
		     sizeof(xen_commandline_t), "commandline");
}

static void test_build_id(void)
{
	uint32_t buf[1 + MAX_BUILD_ID / 4];
	struct xen_build_id *id = (void *)buf;
	long len = HYPERVISOR_xen_version(XENVER_build_id, NULL);

	if (!CHECK(len > 0 && len <= MAX_BUILD_ID, "length %ld", len))
		return;
	id->len = len;
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_build_id, id), len, "length written");
	id->len = 0;
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_build_id, id), -XEN_EINVAL, "empty buffer");
	id->len = len - 1;
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_build_id, id), -XEN_ENOBUFS, "short buffer");
}

static void test_bad_pointers(void)
{
	static const int cmds[] = { XENVER_extraversion,	XENVER_compile_info,
				    XENVER_capabilities,	XENVER_changeset,
				    XENVER_platform_parameters, XENVER_get_features,
				    XENVER_guest_handle,	XENVER_commandline };
	void *const pointers[] = { NULL, BAD_POINTER, (void *)0xfffffff8 };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		for (j = 0; j < ARRAY_SIZE(pointers); j++)
			CHECK_EQ(HYPERVISOR_xen_version(cmds[i], pointers[j]), -XEN_EFAULT,
				 "bad pointer");
	}
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_extraversion, (void *)start_info->pt_base),
		 -XEN_EFAULT, "read-only pointer");
}

static void test_unknown(void)
{
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_build_id + 1, NULL), -XEN_ENOSYS, "next number");
	CHECK_EQ(HYPERVISOR_xen_version(-1, NULL), -XEN_ENOSYS, "-1");
}

static const struct test_case cases[] = {
	{ "version.version", test_version },
	{ "version.extraversion", test_extraversion },
	{ "version.compile_info", test_compile_info },
	{ "version.capabilities", test_capabilities },
	{ "version.changeset", test_changeset },
	{ "version.platform_parameters", test_platform_parameters },
	{ "version.features", test_features },
	{ "version.features_beyond", test_features_beyond },
	{ "version.pagesize", test_pagesize },
	{ "version.guest_handle", test_guest_handle },
	{ "version.commandline", test_commandline },
	{ "version.build_id", test_build_id },
	{ "version.bad_pointers", test_bad_pointers },
	{ "version.unknown", test_unknown },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
