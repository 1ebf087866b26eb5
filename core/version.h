/* SPDX-License-Identifier: MIT */
/*
 * The release of Xen whose interface guests are told they run on (xen_version,
 * CPUID), and what we say about ourselves.
 */
#pragma once

#define XEN_MAJOR 4
#define XEN_MINOR 17
#define XEN_EXTRAVERSION "-ringlet"
#define XEN_CAPABILITIES "xen-3.0-x86_32p "
#define XEN_CHANGESET "unavailable"
#define XEN_COMPILER __VERSION__
