/* SPDX-License-Identifier: MIT */
/*
 * Work on a disk whose result can be checked after the machine has lost its power:
 *
 *	records FOLDER NAME...
 *
 * starts a writer for each NAME. It appends numbered records to FOLDER/NAME.log, brings each to the
 * disk and then says `SAFE NAME NUMBER` on the console. At every FILE_STEP-th it also makes the
 * file FOLDER/NAME.NUMBER under another name, renames it, says `KEPT NAME NUMBER`, and has
 * removed the one FILES_KEPT steps back before that. A line that begins with FAILED is an error.
 * Started again, it goes on behind the last complete record. tests/harness/power.py knows
 * what must then be on the disk.
 */
#include <linux/fcntl.h>
#include "sys.h"

#define MAGIC 0x44524352u
#define LARGEST 8320
#define FILE_STEP 4
#define FILES_KEPT 32

static unsigned int record[LARGEST / 4], found[LARGEST / 4];
static char path[256];

/* Between 64 and LARGEST bytes, a multiple of 4. */
static unsigned int record_length(unsigned int number)
{
	return 64 + ((number * 2654435761u >> 19) & ~3u);
}

static unsigned int make_record(unsigned int number)
{
	unsigned int i, bytes = record_length(number);

	record[0] = MAGIC;
	record[1] = number;
	record[2] = bytes;
	for (i = 3; i < bytes / 4; i++)
		record[i] = number * 2246822519u + i * 3266489917u;
	return bytes;
}

static char *append(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	*at = 0;
	return at;
}

static char *append_number(char *at, unsigned int value)
{
	char digits[12], *digit = digits + sizeof(digits);

	*--digit = 0;
	do {
		*--digit = '0' + value % 10;
		value /= 10;
	} while (value);
	return append(at, digit);
}

/* One write, so that lines of two writers do not mix. */
static void say(const char *word, const char *name, unsigned int number)
{
	char line[80], *at = append(line, word);

	at = append(append(at, " "), name);
	at = append_number(append(at, " "), number);
	append(at, "\n");
	print(line);
}

static long must(long result, const char *what)
{
	if (result < 0) {
		say("FAILED", what, -result);
		leave(1);
	}
	return result;
}

static void write_all(long file, unsigned int bytes)
{
	if ((unsigned int)must(CALL(__NR_write, file, record, bytes), "write") != bytes)
		must(-1, "short write");
}

static void set_path(const char *folder, const char *name)
{
	append(append(append(append(path, folder), "/"), name), ".");
}

static const char *file_path(unsigned int number)
{
	char *end = path;

	while (*end)
		end++;
	while (end[-1] != '.')
		end--;
	append_number(end, number);
	return path;
}

static long open_named(const char *suffix, long flags)
{
	file_path(0);
	append(path + length(path) - 1, suffix);
	return must(CALL(__NR_open, path, flags, 0644), "open");
}

/* The number of the first record that is not complete; the file ends before it. */
static unsigned int find_end(long log)
{
	unsigned int number, i, bytes, at = 0;

	for (number = 0;; number++) {
		bytes = make_record(number);
		if ((unsigned int)must(CALL(__NR_read, log, found, bytes), "read") != bytes)
			break;
		for (i = 0; i < bytes / 4 && found[i] == record[i]; i++)
			;
		if (i < bytes / 4)
			break;
		at += bytes;
	}
	must(CALL(__NR_ftruncate, log, at, 0), "truncate");
	must(CALL(__NR_lseek, log, at, 0), "seek");
	return number;
}

static void keep_file(long folder, unsigned int number)
{
	static char temporary[sizeof(path)];
	long file = open_named("new", O_WRONLY | O_CREAT | O_TRUNC);

	append(temporary, path);
	write_all(file, make_record(number));
	must(CALL(__NR_fsync, file, 0, 0), "fsync");
	CALL(__NR_close, file, 0, 0);
	must(CALL(__NR_rename, temporary, file_path(number), 0), "rename");
	must(CALL(__NR_fsync, folder, 0, 0), "fsync of the folder");
}

static void write_records(const char *folder_name, const char *name)
{
	long folder = must(CALL(__NR_open, folder_name, O_RDONLY, 0), "open the folder"), log;
	unsigned int number;

	set_path(folder_name, name);
	log = open_named("log", O_RDWR | O_CREAT);
	number = find_end(log);
	say("START", name, number);
	for (;; number++) {
		write_all(log, make_record(number));
		must(CALL(number % 2 ? __NR_fsync : __NR_fdatasync, log, 0, 0), "fsync of the log");
		say("SAFE", name, number);
		if (number % FILE_STEP)
			continue;
		if (number >= FILES_KEPT)
			CALL(__NR_unlink, file_path(number - FILES_KEPT), 0, 0);
		keep_file(folder, number);
		say("KEPT", name, number);
	}
}

static void __attribute__((used, regparm(1))) start(long *arguments)
{
	char **words = (char **)(arguments + 1);
	int status, i;

	for (i = 2; i < arguments[0]; i++)
		if (must(CALL(__NR_fork, 0, 0, 0), "fork") == 0)
			write_records(words[1], words[i]);
	CALL(__NR_waitpid, -1, &status, 0);
	leave(1);
}

ENTRY(start);
