/* SPDX-License-Identifier: MIT */
/* A guest's description as text in xl.cfg syntax: what spec_read() makes the same guest from. */
#pragma once

#include <stddef.h>

struct guest_spec;

/* NULL, or why it cannot be written down. The text is ended by a NUL, which *length does not count. */
const char *describe_guest(const struct guest_spec *spec, char *text, size_t size, size_t *length);
