/* SPDX-License-Identifier: MIT */
/* The CMOS clock (MC146818A), read once for the wall clock. It is taken to hold UTC. */
#include "arch/x86_32/asm.h"
#include "arch/x86_32/platform.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define STATUS_A 0x0a
#define STATUS_A_UPDATING 0x80
#define STATUS_B 0x0b
#define STATUS_B_BINARY 0x04
#define STATUS_B_24H 0x02
#define HOUR_PM 0x80

struct cmos_time {
	uint8_t second, minute, hour, day, month, year, century;
};

/* Also keeps NMIs enabled: bit 7 of the index stays clear. */
static uint8_t cmos_read(uint8_t index)
{
	outb(CMOS_INDEX, index & 0x7f);
	return inb(CMOS_DATA);
}

static struct cmos_time read_registers(void)
{
	struct cmos_time t = {
		.second = cmos_read(0),
		.minute = cmos_read(2),
		.hour = cmos_read(4),
		.day = cmos_read(7),
		.month = cmos_read(8),
		.year = cmos_read(9),
		.century = acpi.century_register ? cmos_read(acpi.century_register) : 0,
	};

	return t;
}

/* An update takes two milliseconds; a machine without the clock reads as always updating. */
static bool wait_not_updating(void)
{
	unsigned i;

	for (i = 0; i < 1000; i++) {
		if (!(cmos_read(STATUS_A) & STATUS_A_UPDATING))
			return true;
		clock_delay_us(10);
	}
	return false;
}

static bool same_second(const struct cmos_time *a, const struct cmos_time *b)
{
	return a->second == b->second && a->minute == b->minute && a->hour == b->hour &&
	       a->day == b->day;
}

static uint8_t from_bcd(uint8_t v)
{
	return (v >> 4) * 10 + (v & 15);
}

static void decode(struct cmos_time *t)
{
	uint8_t mode = cmos_read(STATUS_B), pm = t->hour & HOUR_PM;

	t->hour &= ~HOUR_PM;
	if (!(mode & STATUS_B_BINARY)) {
		t->second = from_bcd(t->second);
		t->minute = from_bcd(t->minute);
		t->hour = from_bcd(t->hour);
		t->day = from_bcd(t->day);
		t->month = from_bcd(t->month);
		t->year = from_bcd(t->year);
		t->century = from_bcd(t->century);
	}
	if (!(mode & STATUS_B_24H))
		t->hour = t->hour % 12 + (pm ? 12 : 0);
}

/*
 * Days since 1970 in the Gregorian calendar, with the year beginning in March so that a leap day
 * comes last.
 */
static uint32_t days_since_epoch(uint32_t year, uint32_t month, uint32_t day)
{
	uint32_t y = month <= 2 ? year - 1 : year, m = (month + 9) % 12;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719468;
}

uint64_t rtc_read(void)
{
	struct cmos_time t, again;
	uint32_t year;
	unsigned tries = 0;

	do {
		if (!wait_not_updating())
			return 0;
		t = read_registers();
		again = read_registers();
	} while (!same_second(&t, &again) && ++tries < 5);
	decode(&t);
	year = t.year + (t.century >= 19 && t.century <= 29 ? t.century * 100u
			 : t.year < 70			    ? 2000
							    : 1900);
	if (t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31 || year < 1970)
		return 0;
	return days_since_epoch(year, t.month, t.day) * 86400ull + t.hour * 3600u + t.minute * 60u +
	       t.second;
}
