/* SPDX-License-Identifier: MIT */
/*
 * The store of this machine and what the tool stack keeps there for each guest: the paths, owners and
 * permissions that libxl gives (docs/misc/xenstore-paths in Xen), as far as PV guests read them.
 */
#include "dom0/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/guest.h"
#include "dom0/loop.h"
#include "dom0/xenstore/xenstore.h"
#include "dom0/xenstore_link.h"
#include "guests/pvrt/start.h"
#include "guests/pvrt/time.h"

#define PATH_MAX_LENGTH 96
#define EVENTS_A_TURN 32
#define KIB_PER_MIB 1024u

struct guest_store {
	struct xs_connection *conn;
	struct xenstore_link *link;
};

static struct xs_store *store;
static struct loop_work events;

struct xs_store *store_get(void)
{
	return store;
}

/* ---- the store itself ---- */

static void deliver_events(void *arg)
{
	(void)arg;
	if (xs_local_dispatch(store, EVENTS_A_TURN))
		loop_work_queue(&events);
}

static void wake(void *arg)
{
	(void)arg;
	loop_work_queue(&events);
}

void store_init(void)
{
	store = xs_create(&xs_default_limits, (uint32_t)rdtsc());
	if (!store)
		pv_panic("not enough memory for xenstore");
	loop_work_init(&events, deliver_events, NULL);
	xs_set_local_wake(store, wake, NULL);
	BUG_ON(xs_domain_introduce(store, 0));
	xs_local_printf(store, "/local/domain/0/name", "Domain-0");
	xs_local_printf(store, "/local/domain/0/domid", "0");
	xs_local_mkdir(store, "/vm");
	xs_local_mkdir(store, "/tool");
}

/* ---- a guest's paths ---- */

void uuid_text(const xen_domain_handle_t uuid, char *text)
{
	int i;

	for (i = 0; i < 16; i++) {
		text += sprintf(text, "%02x", uuid[i]);
		if (i == 3 || i == 5 || i == 7 || i == 9)
			*text++ = '-';
	}
	*text = '\0';
}

/* Paths of guests are short and theirs to read only, unless they own them. */
static void home_path(const struct guest *guest, const char *node, char *path)
{
	snprintf(path, PATH_MAX_LENGTH, "/local/domain/%u%s%s", guest->domain, *node ? "/" : "",
		 node);
}

static void put(const struct guest *guest, const char *node, const char *value)
{
	const struct xs_perm perms[] = { { 0, XS_PERM_NONE }, { guest->domain, XS_PERM_READ } };
	char path[PATH_MAX_LENGTH];

	home_path(guest, node, path);
	if (value)
		xs_local_printf(store, path, "%s", value);
	else
		xs_local_mkdir(store, path);
	xs_local_set_perms(store, path, perms, 2);
}

static void put_number(const struct guest *guest, const char *node, unsigned long value)
{
	char text[16];

	snprintf(text, sizeof(text), "%lu", value);
	put(guest, node, text);
}

/* A directory or node of the guest's own. */
static void put_own(const struct guest *guest, const char *node)
{
	const struct xs_perm perms[] = { { guest->domain, XS_PERM_NONE } };
	char path[PATH_MAX_LENGTH];

	home_path(guest, node, path);
	xs_local_mkdir(store, path);
	xs_local_set_perms(store, path, perms, 1);
}

static void write_vm(const struct guest *guest)
{
	char uuid[UUID_TEXT], path[PATH_MAX_LENGTH];

	uuid_text(guest->spec.uuid, uuid);
	snprintf(path, sizeof(path), "/vm/%s", uuid);
	put(guest, "vm", path);
	snprintf(path, sizeof(path), "/vm/%s/uuid", uuid);
	xs_local_printf(store, path, "%s", uuid);
	snprintf(path, sizeof(path), "/vm/%s/name", uuid);
	xs_local_printf(store, path, "%s", guest->spec.name);
}

static void write_cpus(const struct guest *guest)
{
	char node[32];
	unsigned i;

	put(guest, "cpu", NULL);
	for (i = 0; i < guest->spec.vcpus; i++) {
		snprintf(node, sizeof(node), "cpu/%u", i);
		put(guest, node, NULL);
		snprintf(node, sizeof(node), "cpu/%u/availability", i);
		put(guest, node, i < guest->spec.vcpus_online ? "online" : "offline");
	}
}

static void write_console(const struct guest *guest)
{
	put(guest, "console", NULL);
	put_number(guest, "console/port", guest->built.console_port);
	put_number(guest, "console/ring-ref", guest->built.console_mfn);
	put_number(guest, "console/limit", GUEST_LOG_KEPT);
	put(guest, "console/type", "xenconsoled");
}

static void write_paths(const struct guest *guest)
{
	static const char *const directories[] = { "memory", "device", "control", "store" };
	static const char *const own[] = {
		"control/shutdown",
		"control/feature-poweroff",
		"control/feature-reboot",
		"control/feature-suspend",
		"control/sysrq",
		"device/suspend",
		"device/suspend/event-channel",
		"data",
		"drivers",
		"feature",
		"attr",
		"error",
	};
	unsigned i;

	put(guest, "", NULL);
	for (i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		put(guest, directories[i], NULL);
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		put_own(guest, own[i]);
	put(guest, "control/platform-feature-multiprocessor-suspend", "1");
	put(guest, "control/platform-feature-xs_reset_watches", "1");
	put(guest, "name", guest->spec.name);
	put_number(guest, "domid", guest->domain);
	put_number(guest, "memory/static-max", (unsigned long)guest->spec.maxmem_mib * KIB_PER_MIB);
	put_number(guest, "memory/target", (unsigned long)guest->spec.memory_mib * KIB_PER_MIB);
	put_number(guest, "store/port", guest->built.xenstore_port);
	put_number(guest, "store/ring-ref", guest->built.xenstore_mfn);
	write_vm(guest);
	write_cpus(guest);
	write_console(guest);
}

static void remove_paths(const struct guest *guest)
{
	char path[PATH_MAX_LENGTH], uuid[UUID_TEXT];

	home_path(guest, "", path);
	xs_local_rm(store, path);
	uuid_text(guest->spec.uuid, uuid);
	snprintf(path, sizeof(path), "/vm/%s", uuid);
	xs_local_rm(store, path);
}

/* ---- guests come and go ---- */

struct guest_store *store_introduce(const struct guest *guest)
{
	struct guest_store *gs = calloc(1, sizeof(*gs));

	if (!gs)
		return NULL;
	write_paths(guest);
	gs->conn = xs_connect(store, guest->domain);
	if (gs->conn)
		gs->link = xenstore_link_create(gs->conn, guest->domain, guest->built.xenstore_mfn,
						guest->built.xenstore_port);
	if (gs->link && !xs_domain_introduce(store, guest->domain))
		return gs;
	xenstore_link_destroy(gs->link);
	xs_disconnect(gs->conn);
	free(gs);
	remove_paths(guest);
	return NULL;
}

void store_shut_down(const struct guest *guest)
{
	if (guest->store)
		xs_domain_shutdown(store, guest->domain);
}

void store_release(struct guest *guest)
{
	if (!guest->store)
		return;
	xenstore_link_destroy(guest->store->link);
	xs_disconnect(guest->store->conn);
	free(guest->store);
	guest->store = NULL;
	remove_paths(guest);
	xs_domain_release(store, guest->domain);
}

void store_renamed(const struct guest *guest)
{
	if (!guest->store)
		return;
	put(guest, "name", guest->spec.name);
	write_vm(guest);
}

bool store_write(const struct guest *guest, const char *node, const char *value)
{
	char path[PATH_MAX_LENGTH];

	home_path(guest, node, path);
	return guest->store && !xs_local_printf(store, path, "%s", value);
}

static bool offers(const struct guest *guest, const char *request)
{
	char path[PATH_MAX_LENGTH], node[32];
	const char *value;
	size_t len;

	snprintf(node, sizeof(node), "control/feature-%s", request);
	home_path(guest, node, path);
	value = xs_local_read(store, path, &len);
	return value && len == 1 && *value == '1';
}

bool store_control_refuses(const struct guest *guest, const char *request)
{
	return guest->store && offers(guest, "poweroff") && !offers(guest, request);
}

bool store_write_control(const struct guest *guest, const char *node, const char *value)
{
	char path[PATH_MAX_LENGTH];

	if (!guest->store || !xenstore_link_used(guest->store->link))
		return false;
	snprintf(path, sizeof(path), "control/%s", node);
	return store_write(guest, path, value);
}
