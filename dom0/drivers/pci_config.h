/* SPDX-License-Identifier: MIT */
/* Configuration space by function number, before there is a struct pci_device: for pci.c. */
#pragma once

#include <stdint.h>

/* Bus, slot and function as the ports and MCFG number them. */
#define PCI_FUNCTION(bus, slot, function) ((uint32_t)(bus) << 8 | (slot) << 3 | (function))

/* bytes: 1, 2 or 4, and offset a multiple. What is not there reads as all ones. */
uint32_t pci_config_read(uint32_t function, unsigned offset, unsigned bytes);
void pci_config_write(uint32_t function, unsigned offset, unsigned bytes, uint32_t value);

/* Finds MCFG; says by which way configuration space is reached. */
const char *pci_config_init(void);
