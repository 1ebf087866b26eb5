/* SPDX-License-Identifier: MIT */
/* Device directories in xenstore and the back end's state machine: see xenbus.h. */
#include "dom0/xenbus.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/shell.h"
#include "dom0/store.h"
#include "dom0/xenstore/xenstore.h"

#define NODE_PATH (XENBUS_PATH + 48)
#define VALUE_MAX 160
#define DETACH_PATIENCE_NS 10000000000ull
#define REPORT_PAUSE_NS 10000000000ull

static struct xenbus_device *devices;

struct xenbus_device *xenbus_first(void)
{
	return devices;
}

struct xenbus_device *xenbus_find(const struct xenbus_class *class, domid_t domain, unsigned handle)
{
	struct xenbus_device *d;

	for (d = devices; d; d = d->next)
		if (d->class == class && d->domain == domain && d->handle == handle)
			return d;
	return NULL;
}

/* ---- nodes ---- */

static void node_path(char *path, const char *directory, const char *node)
{
	snprintf(path, NODE_PATH, "%s/%s", directory, node);
}

/* A new node inherits its directory's permissions. */
static void write_node(const char *directory, const char *node, const char *fmt, va_list args)
{
	char path[NODE_PATH], value[VALUE_MAX];

	node_path(path, directory, node);
	vsnprintf(value, sizeof(value), fmt, args);
	xs_local_write(store_get(), path, value, strlen(value));
}

void xenbus_write_front(struct xenbus_device *device, const char *node, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	write_node(device->front, node, fmt, args);
	va_end(args);
}

void xenbus_write_back(struct xenbus_device *device, const char *node, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	write_node(device->back, node, fmt, args);
	va_end(args);
}

const char *xenbus_read_front(const struct xenbus_device *device, const char *node)
{
	char path[NODE_PATH];
	size_t len;

	node_path(path, device->front, node);
	return xs_local_read(store_get(), path, &len);
}

bool xenbus_read_number(const struct xenbus_device *device, const char *node, unsigned long max,
			unsigned long *value)
{
	const char *text = xenbus_read_front(device, node);
	unsigned long long number;
	char *end;

	if (!text || !isdigit((unsigned char)*text))
		return false;
	number = strtoull(text, &end, 10);
	if (*end || number > max)
		return false;
	*value = (unsigned long)number;
	return true;
}

bool xenbus_read_flag(const struct xenbus_device *device, const char *node)
{
	unsigned long value;

	return xenbus_read_number(device, node, 1, &value) && value;
}

enum xenbus_state xenbus_front_state(const struct xenbus_device *device)
{
	unsigned long state;

	if (!xenbus_read_number(device, "state", XenbusStateReconfigured, &state))
		return XenbusStateUnknown;
	return (enum xenbus_state)state;
}

/* ---- state ---- */

static void set_state(struct xenbus_device *device, enum xenbus_state state)
{
	if (device->state == state)
		return;
	device->state = state;
	xenbus_write_back(device, "state", "%d", (int)state);
}

static void disconnect(struct xenbus_device *device)
{
	if (!device->connected)
		return;
	device->connected = false;
	device->class->disconnect(device);
	device->ending = device->class->busy && device->class->busy(device);
}

void xenbus_report(struct xenbus_device *device, const char *text)
{
	uint64_t now = loop_now();

	if (device->reported && now - device->reported < REPORT_PAUSE_NS)
		return;
	device->reported = now;
	shell_notice("%s%u.%u: %s", device->class->type, (unsigned)device->domain, device->handle,
		     text);
}

void xenbus_fail(struct xenbus_device *device, const char *text)
{
	xenbus_report(device, text);
	xenbus_write_back(device, "error", "%s", text);
	disconnect(device);
	set_state(device, device->ending ? XenbusStateClosing : XenbusStateClosed);
}

static void connect(struct xenbus_device *device)
{
	const char *error;

	if (device->connected || device->state != XenbusStateInitWait)
		return;
	error = device->class->connect(device);
	if (error) {
		xenbus_fail(device, error);
		return;
	}
	device->connected = true;
	set_state(device, XenbusStateConnected);
}

/* The front end has left, or asked to start again. */
static void close(struct xenbus_device *device, enum xenbus_state state)
{
	disconnect(device);
	if (!device->ending)
		set_state(device, state);
}

/* May free the device. */
static void front_changed(struct xenbus_device *device)
{
	if (device->ending)
		return;
	switch (xenbus_front_state(device)) {
	case XenbusStateInitialising:
		if (device->detaching)
			xenbus_remove(device);
		else if (device->connected || device->state == XenbusStateClosed)
			close(device, XenbusStateInitWait);
		break;
	case XenbusStateInitialised:
	case XenbusStateConnected:
		connect(device);
		break;
	case XenbusStateClosing:
		if (!device->class->patient)
			disconnect(device);
		if (!device->ending)
			set_state(device, XenbusStateClosing);
		break;
	case XenbusStateClosed:
	case XenbusStateUnknown:
		close(device, XenbusStateClosed);
		if (device->detaching && !device->ending)
			xenbus_remove(device);
		break;
	default:
		break;
	}
}

static void watch_fired(void *arg, const char *path)
{
	(void)path;
	front_changed(arg);
}

/* ---- devices come and go ---- */

/* A directory that owner may write and reader may read. */
static bool make_directory(const char *path, domid_t owner, domid_t reader)
{
	const struct xs_perm perms[] = { { owner, XS_PERM_NONE }, { reader, XS_PERM_READ } };

	return !xs_local_mkdir(store_get(), path) &&
	       !xs_local_set_perms(store_get(), path, perms, 2);
}

/* With the last device of a class goes the directory that held them. */
static void remove_directories(struct xenbus_device *device)
{
	char *last = strrchr(device->back, '/');
	struct xenbus_device *d;

	xs_local_rm(store_get(), device->front);
	xs_local_rm(store_get(), device->back);
	for (d = devices; d; d = d->next)
		if (d->class == device->class && d->domain == device->domain)
			return;
	*last = '\0';
	xs_local_rm(store_get(), device->back);
}

static void write_standard_nodes(struct xenbus_device *device)
{
	device->state = XenbusStateInitialising;
	xenbus_write_back(device, "frontend", "%s", device->front);
	xenbus_write_back(device, "frontend-id", "%u", (unsigned)device->domain);
	xenbus_write_back(device, "online", "1");
	xenbus_write_back(device, "state", "%d", (int)device->state);
	xenbus_write_front(device, "backend", "%s", device->back);
	xenbus_write_front(device, "backend-id", "0");
	xenbus_write_front(device, "state", "%d", (int)XenbusStateInitialising);
}

bool xenbus_create(struct xenbus_device *device, const struct xenbus_class *class, domid_t domain,
		   unsigned handle)
{
	struct xenbus_device **at;

	device->class = class;
	device->domain = domain;
	device->handle = handle;
	snprintf(device->front, sizeof(device->front), "/local/domain/%u/device/%s/%u",
		 (unsigned)domain, class->type, handle);
	snprintf(device->back, sizeof(device->back), "/local/domain/0/backend/%s/%u/%u",
		 class->type, (unsigned)domain, handle);
	if (!make_directory(device->back, 0, domain) || !make_directory(device->front, domain, 0)) {
		remove_directories(device);
		return false;
	}
	write_standard_nodes(device);
	for (at = &devices; *at; at = &(*at)->next)
		;
	device->next = NULL;
	*at = device;
	return true;
}

bool xenbus_announce(struct xenbus_device *device)
{
	char path[NODE_PATH];

	node_path(path, device->front, "state");
	device->watch = xs_local_watch(store_get(), path, watch_fired, device);
	if (!device->watch) {
		xenbus_remove(device);
		return false;
	}
	set_state(device, XenbusStateInitWait);
	return true;
}

void xenbus_remove(struct xenbus_device *device)
{
	struct xenbus_device **at;

	disconnect(device);
	loop_timer_cancel(&device->timer);
	if (device->watch)
		xs_local_unwatch(device->watch);
	device->watch = NULL;
	for (at = &devices; *at != device; at = &(*at)->next)
		;
	*at = device->next;
	remove_directories(device);
	device->withdrawn = true;
	if (!device->ending)
		device->class->removed(device);
}

void xenbus_idle(struct xenbus_device *device)
{
	device->ending = false;
	if (device->withdrawn) {
		device->class->removed(device);
		return;
	}
	set_state(device, XenbusStateClosed);
	front_changed(device);
}

static void patience_ends(void *arg)
{
	struct xenbus_device *device = arg;

	if (device->class->patient) {
		xenbus_report(device, "is in use: it is removed when the guest lets go of it");
		return;
	}
	xenbus_report(device, "the guest does not let go of it; removed all the same");
	xenbus_remove(device);
}

void xenbus_detach(struct xenbus_device *device)
{
	if (device->detaching)
		return;
	device->detaching = true;
	xenbus_write_back(device, "online", "0");
	if (!device->connected && !device->ending) {
		xenbus_remove(device);
		return;
	}
	loop_timer_set(&device->timer, DETACH_PATIENCE_NS, patience_ends, device);
	set_state(device, XenbusStateClosing);
}

void xenbus_domain_ends(domid_t domain)
{
	struct xenbus_device *device, *next;

	for (device = devices; device; device = next) {
		next = device->next;
		if (device->domain == domain)
			xenbus_remove(device);
	}
}
