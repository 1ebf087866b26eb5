/* SPDX-License-Identifier: MIT */
/*
 * Serial consoles: 16550-compatible UARTs at the four traditional ports. Output is polled and can
 * never hang: a port that is absent, or stops accepting bytes, is dropped. Input comes by interrupt
 * where there is one. Register names follow the PC16550D data sheet. Called with interrupts off; no
 * lock of its own (the console lock).
 */
#include "arch/x86_32/arch.h"
#include "arch/x86_32/asm.h"
#include "arch/x86_32/irq.h"
#include "arch/x86_32/platform.h"
#include "core/console.h"
#include "core/options.h"

#define NR_COMS 4

enum uart_register {
	UART_DATA = 0,
	UART_IER = 1,
	UART_IIR = 2,
	UART_FCR = 2,
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
	UART_MSR = 6
};

#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define MCR_DTR 0x01
#define MCR_RTS 0x02
#define MCR_OUT2 0x08 /* lets the interrupt line out on a PC */
#define MCR_LOOP 0x10
#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY 0x20
#define LSR_ALL_SENT 0x40
#define FCR_ENABLE_AND_CLEAR 0x07
#define IIR_FIFO_WORKS 0xc0
#define IER_RECEIVE 0x01

#define BASE_BAUD 115200u
#define FIFO_DEPTH 16
/* Polls for one empty transmitter: longer than the slowest line needs for a full FIFO. */
#define TRANSMIT_POLLS 2000000u
#define MAX_STALLS 4

struct uart {
	uint16_t port;
	int8_t irq;
	bool present;
	uint8_t burst;	/* bytes that fit once the transmitter is empty */
	uint8_t room;	/* bytes of the current burst that are left */
	uint8_t stalls; /* time-outs in a row */
};

static struct uart uarts[NR_COMS] = {
	{ .port = 0x3f8, .irq = 4 },
	{ .port = 0x2f8, .irq = 3 },
	{ .port = 0x3e8, .irq = 4 },
	{ .port = 0x2e8, .irq = 3 },
};

static uint8_t uart_in(const struct uart *u, enum uart_register reg)
{
	return inb(u->port + reg);
}

static void uart_out(const struct uart *u, enum uart_register reg, uint8_t value)
{
	outb(u->port + reg, value);
}

/* In loop-back mode the modem outputs come back as modem inputs; nothing reaches the line. */
static bool uart_probe(const struct uart *u)
{
	uint8_t mcr = uart_in(u, UART_MCR), msr;

	uart_out(u, UART_MCR, MCR_LOOP | MCR_OUT2 | MCR_RTS);
	msr = uart_in(u, UART_MSR) & 0xf0;
	uart_out(u, UART_MCR, mcr);
	return msr == 0x90 && uart_in(u, UART_LSR) != 0xff;
}

/* baud 0 keeps the firmware's setting, if there is one. */
static void uart_set_baud(const struct uart *u, uint32_t baud)
{
	uint32_t divisor;

	uart_out(u, UART_LCR, LCR_8N1 | LCR_DLAB);
	divisor = uart_in(u, UART_DATA) | uart_in(u, UART_IER) << 8;
	if (baud)
		divisor = MIN(MAX((BASE_BAUD + baud / 2) / baud, 1u), 0xffffu);
	else if (divisor == 0 || divisor == 0xffff)
		divisor = 1;
	uart_out(u, UART_DATA, divisor & 0xff);
	uart_out(u, UART_IER, divisor >> 8);
	uart_out(u, UART_LCR, LCR_8N1);
}

static void uart_init(struct uart *u, uint32_t baud)
{
	u->present = uart_probe(u);
	if (!u->present)
		return;
	uart_out(u, UART_IER, 0);
	uart_set_baud(u, baud);
	uart_out(u, UART_FCR, FCR_ENABLE_AND_CLEAR);
	u->burst = (uart_in(u, UART_IIR) & IIR_FIFO_WORKS) == IIR_FIFO_WORKS ? FIFO_DEPTH : 1;
	u->room = 0;
	u->stalls = 0;
	uart_out(u, UART_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
}

static bool uart_wait_empty(struct uart *u)
{
	uint32_t polls;

	for (polls = 0; polls < TRANSMIT_POLLS; polls++) {
		if (uart_in(u, UART_LSR) & LSR_THR_EMPTY) {
			u->stalls = 0;
			return true;
		}
		cpu_pause();
	}
	if (++u->stalls == MAX_STALLS)
		u->present = false;
	return false;
}

static void uart_put(struct uart *u, char c)
{
	if (!u->present)
		return;
	if (u->room == 0) {
		if (!uart_wait_empty(u))
			return;
		u->room = u->burst;
	}
	uart_out(u, UART_DATA, (uint8_t)c);
	u->room--;
}

static void uart_write(struct uart *u, const char *text, size_t len)
{
	size_t i;

	/* Whatever was left of the last burst may still sit in the FIFO: start by asking. */
	u->room = 0;
	for (i = 0; i < len; i++) {
		if (text[i] == '\n')
			uart_put(u, '\r');
		uart_put(u, text[i]);
	}
}

void serial_early_init(void)
{
	options.com_used |= 1;
	uart_init(&uarts[0], 0);
}

void serial_init(void)
{
	unsigned com;

	for (com = 0; com < NR_COMS; com++) {
		if (options.com_used >> com & 1)
			uart_init(&uarts[com], options.com_baud[com]);
		else
			uarts[com].present = false;
	}
}

void serial_write(const char *text, size_t len)
{
	unsigned com;

	for (com = 0; com < NR_COMS; com++)
		if (uarts[com].present)
			uart_write(&uarts[com], text, len);
	if (options.vga)
		vga_write(text, len);
}

void serial_flush(void)
{
	unsigned com;
	uint32_t polls;

	for (com = 0; com < NR_COMS; com++)
		for (polls = 0; uarts[com].present && polls < TRANSMIT_POLLS; polls++)
			if (uart_in(&uarts[com], UART_LSR) & LSR_ALL_SENT)
				break;
}

void serial_enable_irq(void)
{
	unsigned com;

	for (com = 0; com < NR_COMS; com++) {
		if (!uarts[com].present)
			continue;
		uart_out(&uarts[com], UART_IER, IER_RECEIVE);
		irq_take((unsigned)uarts[com].irq, serial_interrupt);
	}
}

/*
 * Bounded, so that a babbling line cannot keep the processor here. The line's interrupt is
 * edge-triggered: turning the enable bit off and on makes a new edge for what is left.
 */
static void uart_receive(struct uart *u)
{
	unsigned budget = 16 * FIFO_DEPTH;

	(void)uart_in(u, UART_IIR);
	while (uart_in(u, UART_LSR) & LSR_DATA_READY) {
		console_input((char)uart_in(u, UART_DATA));
		if (--budget == 0) {
			uart_out(u, UART_IER, 0);
			uart_out(u, UART_IER, IER_RECEIVE);
			return;
		}
	}
}

void serial_interrupt(void)
{
	unsigned com;

	for (com = 0; com < NR_COMS; com++)
		if (uarts[com].present)
			uart_receive(&uarts[com]);
}
