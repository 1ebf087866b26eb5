/* SPDX-License-Identifier: MIT */
/*
 * Which of the two isolation modes runs: `isolation=`, or a probe of the
 * processor. Prints the choice and the reason.
 */
#pragma once

void isolation_choose(void);
