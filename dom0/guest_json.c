/* SPDX-License-Identifier: MIT */
/*
 * See guest_json.h. The keys are libxl's (libxl_domain_config), as far as there is something to say. An
 * object is printed in one piece; what goes between its members is kept in `separator`.
 */
#include "dom0/guest_json.h"

#include <stdio.h>

#include "dom0/files.h"
#include "dom0/spec.h"
#include "dom0/store.h"

#define KIB_PER_MIB 1024ul
#define STEP 4

static unsigned depth;
static const char *separator;

static void next_line(void)
{
	printf("%s\n%*s", separator, (int)(depth * STEP), "");
	separator = ",";
}

/* Control characters cannot be in a description's strings other than by hostile files. */
static void put_text(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		if ((unsigned char)*text < ' ')
			printf("\\u%04x", (unsigned)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

static void put_key(const char *key)
{
	next_line();
	if (key)
		printf("\"%s\": ", key);
}

static void open(const char *key, char bracket)
{
	put_key(key);
	putchar(bracket);
	separator = "";
	depth++;
}

static void close(char bracket)
{
	depth--;
	printf("\n%*s%c", (int)(depth * STEP), "", bracket);
	separator = ",";
}

static void string(const char *key, const char *value)
{
	put_key(key);
	put_text(value);
}

static void number(const char *key, unsigned long value)
{
	put_key(key);
	printf("%lu", value);
}

static void put_create_info(const struct guest_spec *spec)
{
	char uuid[UUID_TEXT];

	uuid_text(spec->uuid, uuid);
	open("c_info", '{');
	string("type", "pv");
	string("name", spec->name);
	string("uuid", uuid);
	close('}');
}

static void put_build_info(const struct guest_spec *spec)
{
	unsigned i;

	open("b_info", '{');
	number("max_vcpus", spec->vcpus);
	open("avail_vcpus", '[');
	for (i = 0; i < spec->vcpus_online; i++)
		number(NULL, i);
	close(']');
	number("max_memkb", spec->maxmem_mib * KIB_PER_MIB);
	number("target_memkb", spec->memory_mib * KIB_PER_MIB);
	open("sched_params", '{');
	string("sched", "credit2");
	number("weight", spec->weight);
	number("cap", spec->cap);
	close('}');
	if (spec->kernel)
		string("kernel", spec->kernel->name);
	if (spec->ramdisk)
		string("ramdisk", spec->ramdisk->name);
	if (*spec->cmdline)
		string("cmdline", spec->cmdline);
	close('}');
}

static void put_disks(const struct guest_spec *spec)
{
	unsigned i;

	if (!spec->nr_disks)
		return;
	open("disks", '[');
	for (i = 0; i < spec->nr_disks; i++) {
		open(NULL, '{');
		string("pdev_path", spec->disks[i].target);
		string("vdev", spec->disks[i].vdev);
		string("format", "raw");
		number("removable", spec->disks[i].cdrom);
		number("readwrite", spec->disks[i].write);
		close('}');
	}
	close(']');
}

static void put_interfaces(const struct guest_spec *spec)
{
	char mac[VIF_MAC_TEXT];
	bool any = false;
	unsigned i;

	for (i = 0; i < SPEC_VIFS_MAX; i++) {
		if (!spec->vifs[i].used)
			continue;
		if (!any)
			open("nics", '[');
		any = true;
		open(NULL, '{');
		number("devid", i);
		if (spec->vifs[i].has_mac)
			string("mac", vif_mac_text(spec->vifs[i].mac, mac));
		string("bridge", spec->vifs[i].bridge);
		string("nictype", "vif");
		close('}');
	}
	if (any)
		close(']');
}

static void put_actions(const struct guest_spec *spec)
{
	string("on_poweroff", spec_action_word(spec->on_poweroff));
	string("on_reboot", spec_action_word(spec->on_reboot));
	string("on_crash", spec_action_word(spec->on_crash));
}

void guest_json_print(domid_t domain, const struct guest_spec *spec)
{
	depth = 1;
	separator = "";
	printf("%*s{", STEP, "");
	depth++;
	if (domain == DOMID_INVALID) {
		put_key("domid");
		printf("null");
	} else {
		number("domid", domain);
	}
	open("config", '{');
	put_create_info(spec);
	put_build_info(spec);
	put_disks(spec);
	put_interfaces(spec);
	if (spec->kernel)
		put_actions(spec);
	close('}');
	close('}');
}
