/* SPDX-License-Identifier: MIT */
/*
 * Intel 8254x network controllers with one port and a copper link: the card itself. Every address is taken
 * in, since guests have their own.
 */
#include "dom0/drivers/e1000.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guests/pvrt/time.h"

/* A reset takes 1 us, and reading the EEPROM afterwards some ms (14.4 of the manual). */
#define RESET_NS 5000000ull
/* At most 20,000 interrupts in a second, in ITR's units of 256 ns. */
#define INTERRUPT_PAUSE (50000u / 256u)

#define RX_CAUSES (E1000_INT_RXDMT0 | E1000_INT_RXO | E1000_INT_RXT0)

static void update_link(struct e1000 *card)
{
	uint32_t status = e1000_read(card, E1000_STATUS);

	if (status == UINT32_MAX)
		nic_break(&card->nic, "does not answer");
	else
		nic_set_link(&card->nic, status & E1000_STATUS_LU);
}

/* Silent and without memory of what it was told. */
static int reset_card(struct e1000 *card)
{
	unsigned i;

	e1000_write(card, E1000_IMC, UINT32_MAX);
	e1000_write(card, E1000_RCTL, 0);
	e1000_write(card, E1000_TCTL, 0);
	e1000_write(card, E1000_CTRL, e1000_read(card, E1000_CTRL) | E1000_CTRL_RST);
	time_delay_ns(RESET_NS);
	if (e1000_read(card, E1000_STATUS) == UINT32_MAX)
		return -EIO;
	e1000_write(card, E1000_IMC, UINT32_MAX);
	card->listening = false;
	e1000_read(card, E1000_ICR);
	for (i = 0; i < E1000_MTA_WORDS; i++)
		e1000_write(card, E1000_MTA + i * 4, 0);
	return 0;
}

static void start_card(struct e1000 *card)
{
	uint32_t control = e1000_read(card, E1000_CTRL);

	control &= ~(E1000_CTRL_LRST | E1000_CTRL_FORCE | E1000_CTRL_FLOW | E1000_CTRL_RST);
	e1000_write(card, E1000_CTRL, control | E1000_CTRL_ASDE | E1000_CTRL_SLU);
	e1000_write(card, E1000_FCAL, 0);
	e1000_write(card, E1000_FCAH, 0);
	e1000_write(card, E1000_FCT, 0);
	e1000_write(card, E1000_FCTTV, 0);
	e1000_write(card, E1000_ITR, INTERRUPT_PAUSE);
	e1000_rx_start(card);
	e1000_tx_start(card);
}

/* ---- struct nic_ops ---- */

static bool listen(struct nic *nic)
{
	/* A cause that came up meanwhile is still in ICR and interrupts now. */
	e1000_of(nic)->listening = true;
	e1000_write(e1000_of(nic), E1000_IMS, RX_CAUSES | E1000_INT_LSC);
	return true;
}

static void check(struct nic *nic)
{
	update_link(e1000_of(nic));
}

static int reset(struct nic *nic)
{
	struct e1000 *card = e1000_of(nic);

	if (reset_card(card))
		return -EIO;
	e1000_tx_drop(card);
	start_card(card);
	return 0;
}

static const struct nic_ops ops = {
	.receive = e1000_receive,
	.has_received = e1000_has_received,
	.listen = listen,
	.reclaim = e1000_reclaim,
	.check = check,
	.reset = reset,
};

/* Reading ICR clears masked causes too: what they told of is found before they are unmasked. */
static bool interrupt(void *arg)
{
	struct e1000 *card = e1000_of(arg);
	uint32_t causes = e1000_read(card, E1000_ICR);

	if (causes == UINT32_MAX)
		return false;
	if (!card->listening)
		causes &= ~RX_CAUSES;
	if (causes & E1000_INT_LSC)
		update_link(card);
	if (causes & RX_CAUSES) {
		e1000_write(card, E1000_IMC, RX_CAUSES);
		card->listening = false;
		nic_received(&card->nic);
	}
	return causes & (RX_CAUSES | E1000_INT_LSC);
}

/* ---- probing ---- */

static int read_address(struct e1000 *card)
{
	uint32_t low = e1000_read(card, E1000_RAL0), high = e1000_read(card, E1000_RAH0);
	uint8_t *mac = card->nic.port.mac;

	memcpy(mac, &low, 4);
	memcpy(mac + 4, &high, 2);
	if (!(high & E1000_RAH_AV) || mac[0] & 1 || (!low && !(high & 0xffff))) {
		pci_log(card->nic.pci, "it has no hardware address");
		return -EIO;
	}
	return 0;
}

static int prepare(struct e1000 *card)
{
	card->registers = pci_map(card->nic.pci, 0, 0, E1000_REGISTER_BYTES);
	if (!card->registers) {
		pci_log(card->nic.pci, "its registers cannot be mapped");
		return -ENODEV;
	}
	if (reset_card(card)) {
		pci_log(card->nic.pci, "it does not answer");
		return -EIO;
	}
	if (read_address(card))
		return -EIO;
	if (e1000_rx_create(card) && e1000_tx_create(card))
		return 0;
	pci_log(card->nic.pci, "not enough memory");
	return -ENOMEM;
}

static int probe(struct pci_device *pci)
{
	struct e1000 *card = calloc(1, sizeof(*card));
	int error;

	if (!card)
		return -ENOMEM;
	card->nic.pci = pci;
	card->nic.ops = &ops;
	card->nic.interrupt = interrupt;
	card->nic.kind = "e1000";
	pci_enable(pci);
	error = prepare(card);
	if (error) {
		pci_disable(pci);
		free(card);
		return error;
	}
	card->nic.port.features = NET_CSUM | NET_CSUM6 | NET_TSO4 | NET_SG;
	card->nic.port.transmit = e1000_transmit;
	card->nic.port.flush = e1000_flush;
	start_card(card);
	card->nic.link = e1000_read(card, E1000_STATUS) & E1000_STATUS_LU;
	nic_start(&card->nic);
	return 0;
}

static const struct pci_match matches[] = {
	{ 0x8086, 0x100e, 0, 0 }, /* 82540EM */
	{ 0x8086, 0x1008, 0, 0 }, /* 82544EI, copper */
	{ 0x8086, 0x100c, 0, 0 }, /* 82544GC, copper */
	{ 0x8086, 0x1015, 0, 0 }, /* 82540EM, LOM */
	{ 0x8086, 0x100f, 0, 0 }, /* 82545EM, copper */
	{ 0 },
};

const struct pci_driver e1000_driver = { "e1000", matches, probe };
