/* SPDX-License-Identifier: MIT */
/*
 * What a TCP connection costs, to another machine or to this one:
 *
 *	net serve			answers on PORT, until it is killed
 *	net A.B.C.D MIB ROUNDS		sends that much, then a byte there and back again that often
 *
 * The second prints `BENCH <name>: <ticks>`, all ticks of the time stamp counter together.
 */
#include <linux/in.h>
#include <linux/net.h>
#include <linux/tcp.h>

#include "sys.h"

#define PORT 5001
#define CHUNK (64 * 1024)
#define SOCK_STREAM 1
#define SHUT_WR 1

/* The first byte on a connection says what it is for. */
#define TAKE 't'
#define ECHO 'e'

static char buffer[CHUNK];

static long socket_call(int nr, long a, long b, long c, long d, long e)
{
	long arguments[] = { a, b, c, d, e };

	return CALL(__NR_socketcall, nr, arguments, 0);
}

/* In network order, which on this processor is the first number in the lowest byte. */
static unsigned int address(const char *text)
{
	unsigned int value = 0, i;

	for (i = 0; i < 4; i++, text++)
		value |= number(&text) << (8 * i);
	return value;
}

static struct sockaddr_in end_point(unsigned int host)
{
	struct sockaddr_in at = { .sin_family = 2, .sin_port = (PORT & 255) << 8 | PORT >> 8 };

	at.sin_addr.s_addr = host;
	return at;
}

/* ---- the serving side ---- */

static void answer(long link)
{
	char purpose = 0;
	long got;

	CALL(__NR_read, link, &purpose, 1);
	while ((got = CALL(__NR_read, link, buffer, purpose == ECHO ? 1 : CHUNK)) > 0)
		if (purpose == ECHO)
			CALL(__NR_write, link, buffer, got);
	CALL(__NR_write, link, "k", 1);
	CALL(__NR_close, link, 0, 0);
}

static void no_delay(long link)
{
	int on = 1;

	require(socket_call(SYS_SETSOCKOPT, link, IPPROTO_TCP, TCP_NODELAY, (long)&on, sizeof(on)),
		"set an option");
}

static void serve(void)
{
	struct sockaddr_in at = end_point(0);
	long door = socket_call(SYS_SOCKET, 2, SOCK_STREAM, 0, 0, 0), link;

	require(socket_call(SYS_BIND, door, (long)&at, sizeof(at), 0, 0), "take the port");
	require(socket_call(SYS_LISTEN, door, 4, 0, 0, 0), "listen");
	for (;;) {
		link = socket_call(SYS_ACCEPT, door, 0, 0, 0, 0);
		require(link, "accept");
		no_delay(link);
		answer(link);
	}
}

/* ---- the asking side ---- */

static long begin(unsigned int host, char purpose)
{
	struct sockaddr_in at = end_point(host);
	long link = socket_call(SYS_SOCKET, 2, SOCK_STREAM, 0, 0, 0);

	require(socket_call(SYS_CONNECT, link, (long)&at, sizeof(at), 0, 0), "connect");
	no_delay(link);
	require(CALL(__NR_write, link, &purpose, 1), "write");
	return link;
}

/* Until the other side says that it has had everything. */
static void finish(long link)
{
	char byte;

	socket_call(SYS_SHUTDOWN, link, SHUT_WR, 0, 0, 0);
	require(CALL(__NR_read, link, &byte, 1) - 1, "read the answer");
	CALL(__NR_close, link, 0, 0);
}

static void stream(unsigned int host, unsigned int mib)
{
	long link = begin(host, TAKE), done;
	ticks_t start = now();
	unsigned int left;

	for (left = mib * (MIB / CHUNK); left; left--) {
		unsigned int at;

		for (at = 0; at < CHUNK; at += (unsigned int)done) {
			done = CALL(__NR_write, link, buffer + at, CHUNK - at);
			require(done, "send");
		}
	}
	finish(link);
	print_figure("tcp_stream", now() - start);
}

static void round_trips(unsigned int host, unsigned int rounds)
{
	long link = begin(host, ECHO);
	ticks_t start = now();
	unsigned int i;
	char byte = 'x';

	for (i = 0; i < rounds; i++) {
		require(CALL(__NR_write, link, &byte, 1) - 1, "send");
		require(CALL(__NR_read, link, &byte, 1) - 1, "receive");
	}
	print_figure("tcp_round_trips", now() - start);
	finish(link);
}

static void __attribute__((used, regparm(1))) run(long *stack)
{
	const char **arguments = (const char **)(stack + 1);
	const char *mib, *rounds;

	if (stack[0] == 2 && same(arguments[1], "serve"))
		serve();
	if (stack[0] != 4) {
		print("usage: net serve | net A.B.C.D MIB ROUNDS\n");
		leave(2);
	}
	mib = arguments[2];
	rounds = arguments[3];
	stream(address(arguments[1]), number(&mib));
	round_trips(address(arguments[1]), number(&rounds));
	print("BENCH end\n");
	leave(0);
}

ENTRY(run);
