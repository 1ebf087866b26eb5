/* SPDX-License-Identifier: MIT */
/*
 * The page through which the test domain and a domain that it made speak: in the
 * memory of the latter, mapped by both. The command line of the payload is "<what to
 * do> mailbox=<its address, hexadecimal>".
 */
#pragma once

#include <stdint.h>

#define MAILBOX_ALIVE 0x616c6976u
#define MAILBOX_NAMES 24
#define NAME_SIZE 48

struct mailbox {
	volatile uint32_t alive;   /* MAILBOX_ALIVE once main() runs */
	volatile uint32_t stage;   /* the payload's steps */
	volatile uint32_t go;	   /* the test domain's answer */
	volatile uint32_t counter; /* counted up by spinners */
	volatile uint32_t port;	   /* an event channel of the payload's */
	volatile uint32_t ref;	   /* a grant of the payload's */
	volatile uint32_t extra;
	volatile uint32_t passed, failed;
	volatile uint64_t time;	     /* system time of what happened last */
	char failure[NAME_SIZE * 4]; /* of hostile payloads: the first thing that went wrong */
};
