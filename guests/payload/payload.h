/* SPDX-License-Identifier: MIT */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include "guests/multi/mailbox.h"
#include "guests/pvrt/pvrt.h"

#endif
