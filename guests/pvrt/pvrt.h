/* SPDX-License-Identifier: MIT */
/* Everything of the PV runtime, for guests that want it whole. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/pvrt/event.h"
#include "guests/pvrt/hypercall.h"
#include "guests/pvrt/layout.h"
#include "guests/pvrt/mm.h"
#include "guests/pvrt/print.h"
#include "guests/pvrt/start.h"
#include "guests/pvrt/string.h"
#include "guests/pvrt/time.h"
#include "guests/pvrt/trap.h"
#include "guests/pvrt/user.h"
