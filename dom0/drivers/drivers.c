/* SPDX-License-Identifier: MIT */
/* The drivers there are, in the order in which they are offered a device; a driver is one line here. */
#include <stddef.h>

#include "dom0/drivers/disk.h"
#include "dom0/drivers/e1000.h"
#include "dom0/drivers/pci.h"
#include "dom0/drivers/pci_config.h"
#include "dom0/drivers/virtio_net.h"
#include "guests/pvrt/hw.h"
#include "guests/pvrt/start.h"

static const struct pci_driver *const drivers[] = {
	&virtio_blk_driver, &ahci_driver, &virtio_net_driver, &e1000_driver, NULL,
};

/* The processor makes port accesses itself at this level; there is no ring 3 here to keep from them. */
#define PORTS_DIRECT 3

void drivers_open_ports(void)
{
	BUG_ON(pv_set_iopl(PORTS_DIRECT));
}

void drivers_init(void)
{
	struct pci_device *dev;
	unsigned i;

	pci_config_init();
	pci_init();
	for (dev = pci_first(); dev; dev = dev->next)
		for (i = 0; drivers[i]; i++)
			if (pci_offer(dev, drivers[i]))
				break;
}
