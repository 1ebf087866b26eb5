/* SPDX-License-Identifier: MIT */
/* libFuzzer's door to tests/fuzz/engine.h. */
#include "tests/fuzz/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	engine_play(data, size);
	return 0;
}
