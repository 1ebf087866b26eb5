/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Unpacks what lzop made, as kernels packed with LZO contain it: exactly out_size bytes. The input
 * is hostile. Own code, because the library for it has a licence that would become this program's.
 */
bool lzop_unpack(const uint8_t *in, uint32_t size, uint8_t *out, uint32_t out_size);
