/* SPDX-License-Identifier: MIT */
/* What guest.c and guest_life.c share. */
#pragma once

#include "dom0/guest.h"

struct guest *guest_by_name(const char *name);
void guest_list_add(struct guest *guest);
/* Keeps its output, frees the rest; it has no domain any more. */
void guest_forget(struct guest *guest);
/* Tells who watches. */
void guest_announce(struct guest *guest, bool started);
