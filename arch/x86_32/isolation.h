/* SPDX-License-Identifier: MIT */
/*
 * Which of the two isolation modes runs: `isolation=`, or a probe of the
 * processor. Prints the choice and the reason.
 */
#ifndef RINGLET_ARCH_ISOLATION_H
#define RINGLET_ARCH_ISOLATION_H

void isolation_choose(void);

#endif
