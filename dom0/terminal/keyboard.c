/* SPDX-License-Identifier: MIT */
/*
 * Driver of the keyboard controller (IBM PS/2 Technical Reference, "Keyboard and Auxiliary Device
 * Controller"): the first port, in the translating mode that firmware leaves, by interrupt. Every wait
 * is bounded, as there are machines where nothing answers at these ports.
 */
#include "dom0/terminal/keyboard.h"

#include <stdbool.h>
#include <stdint.h>

#include "dom0/loop.h"
#include "dom0/terminal/keymap.h"
#include "guests/pvrt/hw.h"

#define IRQ_KEYBOARD 1

#define DATA 0x60
#define COMMAND 0x64 /* reads: status */
#define STATUS_OUTPUT 0x01
#define STATUS_INPUT 0x02
#define STATUS_AUXILIARY 0x20

#define READ_CONFIG 0x20
#define WRITE_CONFIG 0x60
#define DISABLE_AUXILIARY 0xa7
#define ENABLE_KEYBOARD 0xae
#define CONFIG_KEYBOARD_IRQ 0x01
#define CONFIG_AUXILIARY_IRQ 0x02
#define CONFIG_KEYBOARD_OFF 0x10
#define CONFIG_TRANSLATE 0x40

#define NOTHING_THERE 0xff
#define MAX_POLLS 10000
/* The controller holds one code, and keyboards 16 or so. */
#define MAX_CODES 32

static struct keymap keymap;
static void (*receiver)(const char *text, size_t len);

static bool wait_status(uint8_t mask, uint8_t value)
{
	unsigned i;

	for (i = 0; i < MAX_POLLS; i++)
		if ((inb(COMMAND) & mask) == value)
			return true;
	return false;
}

static bool command(uint8_t value)
{
	if (!wait_status(STATUS_INPUT, 0))
		return false;
	outb(COMMAND, value);
	return true;
}

static void drain(void)
{
	unsigned i;

	for (i = 0; i < MAX_CODES && inb(COMMAND) & STATUS_OUTPUT; i++)
		inb(DATA);
}

/* False: there is no controller, or not one that answers. */
static bool set_up(void)
{
	uint8_t config;

	if (inb(COMMAND) == NOTHING_THERE || !command(DISABLE_AUXILIARY))
		return false;
	drain();
	if (!command(READ_CONFIG) || !wait_status(STATUS_OUTPUT, STATUS_OUTPUT))
		return false;
	config = inb(DATA) | CONFIG_KEYBOARD_IRQ | CONFIG_TRANSLATE;
	config &= (uint8_t) ~(CONFIG_AUXILIARY_IRQ | CONFIG_KEYBOARD_OFF);
	if (!command(WRITE_CONFIG) || !wait_status(STATUS_INPUT, 0))
		return false;
	outb(DATA, config);
	return command(ENABLE_KEYBOARD);
}

static void fired(void *arg)
{
	char text[KEYMAP_MAX];
	uint8_t status, code;
	unsigned i;
	size_t n;

	(void)arg;
	for (i = 0; i < MAX_CODES && (status = inb(COMMAND)) & STATUS_OUTPUT; i++) {
		code = inb(DATA);
		if (status == NOTHING_THERE || status & STATUS_AUXILIARY)
			continue;
		n = keymap_translate(&keymap, code, text);
		if (n)
			receiver(text, n);
	}
	pirq_eoi(IRQ_KEYBOARD);
}

void keyboard_init(void (*typed)(const char *text, size_t len))
{
	struct physdev_map_pirq map = { .domid = DOMID_SELF,
					.type = MAP_PIRQ_TYPE_GSI,
					.index = IRQ_KEYBOARD,
					.pirq = IRQ_KEYBOARD };
	int port;

	receiver = typed;
	if (!set_up() || HYPERVISOR_physdev_op(PHYSDEVOP_map_pirq, &map))
		return;
	port = event_bind_pirq(IRQ_KEYBOARD, 0);
	if (port <= 0)
		return;
	loop_add_port((evtchn_port_t)port, fired, NULL);
	/* What came before the line was bound made no interrupt that counts. */
	drain();
}
