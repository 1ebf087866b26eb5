/* SPDX-License-Identifier: MIT */
/*
 * What newlib asks of a system besides descriptors (fd.c): memory, time, the process. At the end
 * the calls that have no meaning here, in one list: each fails with ENOSYS.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <unistd.h>

#include "dom0/memory.h"
#include "guests/pvrt/start.h"
#include "guests/pvrt/time.h"

#define US_PER_S 1000000u
#define NS_PER_TICK (1000000000u / 100u)

/* ---- memory ---- */

void *sbrk(ptrdiff_t increment)
{
	void *old = heap_extend(increment);

	if (old)
		return old;
	errno = ENOMEM;
	return (void *)-1;
}

/* ---- time ---- */

int gettimeofday(struct timeval *tv, void *zone)
{
	uint64_t us = div_u64_u32(time_wallclock_base_ns() + time_system_ns(), 1000, NULL);
	uint32_t rest;

	(void)zone;
	tv->tv_sec = div_u64_u32(us, US_PER_S, &rest);
	tv->tv_usec = rest;
	return 0;
}

clock_t times(struct tms *buf)
{
	clock_t ticks = (clock_t)div_u64_u32(time_system_ns(), NS_PER_TICK, NULL);

	*buf = (struct tms){ .tms_utime = ticks };
	return ticks;
}

/* ---- the process ---- */

pid_t getpid(void)
{
	return 1;
}

int kill(pid_t pid, int signal)
{
	(void)pid;
	pv_panic("signal %d raised by the control domain itself", signal);
}

void _exit(int status)
{
	if (status)
		pv_panic("the control domain ended with status %d", status);
	pv_shutdown(SHUTDOWN_poweroff);
}

/* ---- unsupported ---- */

#define UNSUPPORTED(declaration) \
	declaration;             \
	declaration              \
	{                        \
		errno = ENOSYS;  \
		return -1;       \
	}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
UNSUPPORTED(int fork(void))
UNSUPPORTED(int execve(const char *path, char *const argv[], char *const envp[]))
UNSUPPORTED(int wait(int *status))
UNSUPPORTED(int link(const char *from, const char *to))
UNSUPPORTED(int unlink(const char *path))
UNSUPPORTED(int rename(const char *from, const char *to))
UNSUPPORTED(int mkdir(const char *path, mode_t mode))
UNSUPPORTED(int fcntl(int fd, int command, ...))
#pragma GCC diagnostic pop
