/* SPDX-License-Identifier: MIT */
/*
 * The firmware's ACPI tables (ACPI 6.x, 5.2), as far as they are plain data. Firmware is believed
 * no further than its checksums and lengths.
 */
#pragma once

#include <stdint.h>

/* A copy of the first table with that signature, to be freed; NULL: there is none. */
uint8_t *acpi_table(const char *signature, uint32_t *length);
