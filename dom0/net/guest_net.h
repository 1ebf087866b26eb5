/* SPDX-License-Identifier: MIT */
/* The interfaces that a guest's description asks for, through the guest's life. */
#pragma once

struct guest;

/*
 * Makes the interfaces of a guest that starts. One that cannot be made is reported, and the guest starts
 * without it.
 */
void guest_net_start(struct guest *guest);

/* Adds an interface to the description and to the running guest. NULL, or what is wrong. */
const char *guest_net_attach(struct guest *guest, const char *description);
/* Takes it away, by its number or its hardware address. NULL, or what is wrong. */
const char *guest_net_detach(struct guest *guest, const char *which);
