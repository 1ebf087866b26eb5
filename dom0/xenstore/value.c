/* SPDX-License-Identifier: MIT */
/* Values and permissions of nodes: shared, counted, replaced as a whole. */
#include "dom0/xenstore/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- values ---- */

struct xs_value *xs_value_new(const void *bytes, size_t len)
{
	struct xs_value *value = malloc(sizeof(*value) + len + 1);

	if (!value)
		return NULL;
	value->refs = 1;
	value->len = (uint32_t)len;
	if (len)
		memcpy(value->bytes, bytes, len);
	value->bytes[len] = '\0';
	return value;
}

struct xs_value *xs_value_get(struct xs_value *value)
{
	value->refs++;
	return value;
}

void xs_value_put(struct xs_value *value)
{
	if (value && !--value->refs)
		free(value);
}

/* ---- permissions ---- */

struct xs_acl *xs_acl_new(const struct xs_perm *perm, unsigned nr)
{
	struct xs_acl *acl = malloc(sizeof(*acl) + nr * sizeof(*perm));

	if (!acl)
		return NULL;
	acl->refs = 1;
	acl->nr = nr;
	memcpy(acl->perm, perm, nr * sizeof(*perm));
	return acl;
}

struct xs_acl *xs_acl_get(struct xs_acl *acl)
{
	acl->refs++;
	return acl;
}

void xs_acl_put(struct xs_acl *acl)
{
	if (acl && !--acl->refs)
		free(acl);
}

size_t xs_acl_size(const struct xs_acl *acl)
{
	return acl->nr * sizeof(acl->perm[0]);
}

/* A domain with a target has the target's rights as well (XS_SET_TARGET). */
static bool speaks_for(const struct xs_account *account, domid_t domid)
{
	return account->domid == domid || (account->has_target && account->target == domid);
}

unsigned xs_acl_bits(const struct xs_connection *conn, const struct xs_acl *acl)
{
	unsigned i;

	if (xs_privileged(conn) || speaks_for(conn->account, acl->perm[0].domid))
		return XS_PERM_READ | XS_PERM_WRITE | XS_PERM_OWNER;
	for (i = 1; i < acl->nr; i++) {
		if (!(acl->perm[i].bits & XS_PERM_IGNORE) &&
		    speaks_for(conn->account, acl->perm[i].domid))
			return acl->perm[i].bits;
	}
	return acl->perm[0].bits & ~(unsigned)XS_PERM_IGNORE;
}

static const char letters[] = {
	[XS_PERM_NONE] = 'n',
	[XS_PERM_READ] = 'r',
	[XS_PERM_WRITE] = 'w',
	[XS_PERM_READ | XS_PERM_WRITE] = 'b',
};

int xs_perm_parse(const char *text, struct xs_perm *perm)
{
	const char *letter = memchr(letters, text[0], sizeof(letters));
	unsigned long domid;
	char *end;

	if (!letter || text[1] < '0' || text[1] > '9')
		return EINVAL;
	domid = strtoul(text + 1, &end, 10);
	if (*end || domid >= DOMID_FIRST_RESERVED)
		return EINVAL;
	perm->domid = (domid_t)domid;
	perm->bits = (uint8_t)(letter - letters);
	return 0;
}

size_t xs_perm_format(const struct xs_perm *perm, char *buf)
{
	char letter = letters[perm->bits & (XS_PERM_READ | XS_PERM_WRITE)];

	return (size_t)snprintf(buf, 8, "%c%u", letter, (unsigned)perm->domid) + 1;
}
