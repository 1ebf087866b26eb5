/* SPDX-License-Identifier: MIT */
/* A guest's description as `xl list -l` and `xl create --dryrun` print it. */
#pragma once

#include <xen/xen.h>

struct guest_spec;

/* One JSON object without a line end behind it; DOMID_INVALID: it has no domain. Domain 0 has no kernel to show. */
void guest_json_print(domid_t domain, const struct guest_spec *spec);
