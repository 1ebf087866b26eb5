/* SPDX-License-Identifier: MIT */
/* Interface descriptions: see vif.h. */
#include "dom0/net/vif.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/net/bridge.h"

#define TEXT_MAX 256
#define RATE_INTERVAL_NS 50000000ull /* as xl */
#define RATE_MAX 1000000000000ull    /* bytes a second */
#define INTERVAL_MAX_NS 10000000000ull

static char message[128];

static const char *fail(const char *fmt, const char *value)
{
	snprintf(message, sizeof(message), fmt, value);
	return message;
}

bool vif_parse_mac(uint8_t *mac, const char *text)
{
	unsigned i;

	for (i = 0; i < NET_MAC; i++) {
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]) ||
		    text[2] != (i + 1 < NET_MAC ? ':' : '\0'))
			return false;
		mac[i] = (uint8_t)strtoul(text, NULL, 16);
		text += 3;
	}
	return !(mac[0] & 1);
}

const char *vif_mac_text(const uint8_t *mac, char *text)
{
	snprintf(text, VIF_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return text;
}

void vif_make_mac(uint8_t *mac, const char *guest, unsigned number, unsigned attempt)
{
	static const uint8_t prefix[] = { 0x00, 0x16, 0x3e };
	uint32_t hash = 2166136261u + number * 0x9e3779b9u + attempt * 0x85ebca6bu;

	for (; *guest; guest++)
		hash = (hash ^ (uint8_t)*guest) * 16777619u;
	hash ^= hash >> 15;
	hash *= 0x2c1b3c6du;
	hash ^= hash >> 13;
	memcpy(mac, prefix, sizeof(prefix));
	mac[3] = (hash >> 16) & 0x7f;
	mac[4] = (uint8_t)(hash >> 8);
	mac[5] = (uint8_t)hash;
}

/* ---- rate: 10Mb/s, 1000KB/s@20ms ---- */

static bool parse_interval(const char *text, uint64_t *ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = { { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	unsigned i;

	if (end == text || !number)
		return false;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].unit)) {
			*ns = number * units[i].ns;
			return *ns <= INTERVAL_MAX_NS;
		}
	return false;
}

/* Bytes a second. B is for bytes, b for bits; K, M and G are powers of 1000. */
static bool parse_speed(const char **text, uint64_t *bytes)
{
	static const char prefixes[] = "KMG";
	uint64_t number, scale = 1;
	const char *prefix;
	char *end;

	number = strtoul(*text, &end, 10);
	if (end == *text || !number || number > UINT32_MAX)
		return false;
	prefix = *end ? strchr(prefixes, toupper((unsigned char)*end)) : NULL;
	if (prefix) {
		for (; prefix >= prefixes; prefix--)
			scale *= 1000;
		end++;
	}
	if ((*end != 'B' && *end != 'b') || end[1] != '/' || end[2] != 's')
		return false;
	*bytes = *end == 'B' ? number * scale : number * scale / 8;
	*text = end + 3;
	return *bytes && *bytes <= RATE_MAX;
}

static const char *parse_rate(struct vif_spec *vif, const char *value)
{
	const char *at = value;
	uint64_t bytes;

	vif->rate_interval_ns = RATE_INTERVAL_NS;
	if (!parse_speed(&at, &bytes) ||
	    (*at && (*at != '@' || !parse_interval(at + 1, &vif->rate_interval_ns))))
		return fail("\"%.40s\" is no rate: 10Mb/s or 1000KB/s@20ms is one", value);
	vif->rate_bytes = bytes * (vif->rate_interval_ns / 1000) / 1000000;
	if (!vif->rate_bytes)
		vif->rate_bytes = 1;
	return NULL;
}

/* ---- keys ---- */

static const char *parse_mac_key(struct vif_spec *vif, const char *value)
{
	vif->has_mac = true;
	return vif_parse_mac(vif->mac, value)
		       ? NULL
		       : fail("\"%.40s\" is no hardware address of one interface", value);
}

static const char *parse_bridge(struct vif_spec *vif, const char *value)
{
	if (!bridge_name_valid(value))
		return fail("\"%.40s\" is no bridge: br0 to br999 are names of bridges", value);
	strcpy(vif->bridge, value);
	return NULL;
}

static const char *parse_filter(struct vif_spec *vif, const char *value)
{
	if (strcmp(value, "0") && strcmp(value, "1"))
		return fail("filter must be 0 or 1, not \"%.40s\"", value);
	vif->unfiltered = *value == '0';
	return NULL;
}

static const char *parse_devid(struct vif_spec *vif, const char *value)
{
	char *end;

	vif->has_devid = true;
	vif->devid = (unsigned)strtoul(value, &end, 10);
	return isdigit((unsigned char)*value) && !*end && vif->devid < SPEC_VIFS_MAX
		       ? NULL
		       : fail("devid must be 0 to 7, not \"%.40s\"", value);
}

static bool parse_ipv4(const char *text, uint32_t *address)
{
	unsigned i;

	*address = 0;
	for (i = 0; i < 4; i++) {
		char *end;
		unsigned long part = strtoul(text, &end, 10);

		if (!isdigit((unsigned char)*text) || part > 255 || *end != (i < 3 ? '.' : '\0'))
			return false;
		*address = *address << 8 | (uint32_t)part;
		text = end + 1;
	}
	return *address;
}

static const char *parse_ip(struct vif_spec *vif, const char *value)
{
	if (vif->nr_addresses == NET_ADDRESSES_MAX)
		return "more than 4 addresses";
	return parse_ipv4(value, &vif->addresses[vif->nr_addresses++])
		       ? NULL
		       : fail("\"%.40s\" is no IPv4 address", value);
}

/* What xl hands to scripts and device models, of which there are none here. */
static const char *ignore(struct vif_spec *vif, const char *value)
{
	(void)vif;
	(void)value;
	return NULL;
}

static const struct {
	const char *key;
	const char *(*parse)(struct vif_spec *vif, const char *value);
} keys[] = { { "mac", parse_mac_key }, { "devid", parse_devid },   { "bridge", parse_bridge },
	     { "rate", parse_rate },   { "filter", parse_filter }, { "type", ignore },
	     { "model", ignore },      { "script", ignore },	   { "ip", parse_ip },
	     { "vifname", ignore } };

static const char *parse_word(struct vif_spec *vif, char *word)
{
	char *value = strchr(word, '=');
	unsigned i;

	if (!value)
		return fail("\"%.40s\" is not of the form key=value", word);
	*value++ = '\0';
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(word, keys[i].key))
			return keys[i].parse(vif, value);
	return fail("\"%.40s\" is not known of interfaces", word);
}

const char *vif_parse(struct vif_spec *vif, const char *text)
{
	char copy[TEXT_MAX], *word, *save;
	const char *error = NULL;

	memset(vif, 0, sizeof(*vif));
	vif->used = true;
	strcpy(vif->bridge, VIF_DEFAULT_BRIDGE);
	if (strlen(text) >= sizeof(copy))
		return "is too long";
	strcpy(copy, text);
	for (word = strtok_r(copy, ", ", &save); word && !error; word = strtok_r(NULL, ", ", &save))
		error = parse_word(vif, word);
	if (!error && vif->unfiltered && vif->nr_addresses)
		error = "filter=0 lets it send from any address: not together with ip";
	return error;
}
