/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's command line. One table says every option, and docs/options.md lists
 * the same (a test compares them). Parsing runs before there is a console, so
 * complaints are kept until options_report().
 */
#include "core/options.h"

#include "core/console.h"
#include "core/lib.h"

#define WORD_MAX 64
#define MAX_COMPLAINTS 8
#define MIN_DOM0_MIB 4
#define COM_BAUD_BASE 115200

struct options options = {
	.com_used = 1,
	.vga = true,
	.dom0_max_vcpus = 1,
	.loglevel = LOG_WARNING,
};

enum complaint_kind { UNKNOWN_OPTION, BAD_VALUE };

static struct {
	enum complaint_kind kind;
	char word[WORD_MAX];
} complaints[MAX_COMPLAINTS];
static unsigned nr_complaints;

struct option {
	const char *name;
	/*
	 * Takes the text after '=', or NULL when there is none; false: not a value of this option.
	 */
	bool (*parse)(const char *value, const struct option *o);
	void *target;
	const char *const *names; /* parse_name: in the order of their numbers, then NULL */
};

static bool parse_flag(const char *value, const struct option *o)
{
	if (value)
		return false;
	*(bool *)o->target = true;
	return true;
}

/* The whole of the text has to be a number. */
static bool parse_number(const char *value, uint32_t *number, uint32_t max)
{
	const char *end;
	uint64_t n;

	if (!value || !*value)
		return false;
	n = parse_u64(value, &end);
	if (*end || end == value || n > max)
		return false;
	*number = (uint32_t)n;
	return true;
}

static bool parse_seconds(const char *value, const struct option *o)
{
	return parse_number(value, o->target, 3600);
}

static bool parse_vcpus(const char *value, const struct option *o)
{
	uint32_t n;

	if (!parse_number(value, &n, MAX_VCPUS) || n == 0)
		return false;
	*(uint32_t *)o->target = n;
	return true;
}

/* Mebibytes, or a number with the suffix M or G. */
static bool parse_mebibytes(const char *value, const struct option *o)
{
	const char *end;
	uint64_t n;

	if (!value)
		return false;
	n = parse_u64(value, &end);
	if (end == value)
		return false;
	if ((*end | 0x20) == 'g' && n <= UINT32_MAX / 1024) {
		n *= 1024;
		end++;
	} else if ((*end | 0x20) == 'm') {
		end++;
	}
	if (*end || n < MIN_DOM0_MIB || n > UINT32_MAX >> 8)
		return false;
	*(uint32_t *)o->target = (uint32_t)n;
	return true;
}

/* A rate that the UART's divisor can make; ",8n1", the only framing there is, may follow. */
static bool parse_baud(const char *value, const struct option *o)
{
	const char *end;
	uint64_t baud;

	if (!value)
		return false;
	baud = parse_u64(value, &end);
	if (strcmp(end, "") && strcmp(end, ",8n1"))
		return false;
	if (baud == 0 || baud > COM_BAUD_BASE || COM_BAUD_BASE / baud > UINT16_MAX)
		return false;
	*(uint32_t *)o->target = (uint32_t)baud;
	return true;
}

/* The number of the name in the option's list; false: none of them. */
static bool parse_name(const char *value, const struct option *o)
{
	for (uint32_t i = 0; value && o->names[i]; i++) {
		if (!strcmp(value, o->names[i])) {
			*(uint32_t *)o->target = i;
			return true;
		}
	}
	return false;
}

static bool parse_timer(const char *value, const struct option *o)
{
	if (!value || (strcmp(value, "apic") && strcmp(value, "pit")))
		return false;
	strlcpy(o->target, value, sizeof(options.timer));
	return true;
}

static bool console_device(const char *name, size_t len)
{
	if (len == 3 && !strncmp(name, "vga", len)) {
		options.vga = true;
		return true;
	}
	if (len == 4 && !strncmp(name, "com", 3) && name[3] >= '1' && name[3] <= '4') {
		options.com_used |= 1u << (name[3] - '1');
		return true;
	}
	return len == 4 && !strncmp(name, "none", len);
}

/*
 * A list: what it names is used, all else is not. A list with a mistake changes
 * nothing: the complaint has to appear.
 */
static bool parse_console(const char *value, UNUSED const struct option *o)
{
	const uint8_t com_before = options.com_used;
	const bool vga_before = options.vga;
	bool good = value != NULL;

	options.com_used = 0;
	options.vga = false;
	while (good) {
		const char *comma = strchr(value, ',');

		good = console_device(value, comma ? (size_t)(comma - value) : strlen(value));
		if (!comma)
			break;
		value = comma + 1;
	}
	if (!good) {
		options.com_used = com_before;
		options.vga = vga_before;
	}
	return good;
}

static const char *const isolation_names[] = {
	[ISOLATION_AUTO] = "auto", [ISOLATION_SEGMENT] = "segment", [ISOLATION_PAGING] = "paging", NULL
};
static const char *const log_level_names[] = {
	[LOG_NONE] = "none", [LOG_ERROR] = "error", [LOG_WARNING] = "warning",
	[LOG_INFO] = "info", [LOG_DEBUG] = "all",   NULL
};
static const char *const guest_output_names[] = {
	[GUEST_OUTPUT_AUTO] = "auto", [GUEST_OUTPUT_ON] = "on", [GUEST_OUTPUT_OFF] = "off", NULL
};

static const struct option table[] = {
	{ "isolation", parse_name, &options.isolation, isolation_names },
	{ "dom0_mem", parse_mebibytes, &options.dom0_mem_mib, NULL },
	{ "dom0_max_vcpus", parse_vcpus, &options.dom0_max_vcpus, NULL },
	{ "console", parse_console, NULL, NULL },
	{ "com1", parse_baud, &options.com_baud[0], NULL },
	{ "com2", parse_baud, &options.com_baud[1], NULL },
	{ "com3", parse_baud, &options.com_baud[2], NULL },
	{ "com4", parse_baud, &options.com_baud[3], NULL },
	{ "loglvl", parse_name, &options.loglevel, log_level_names },
	{ "guest_output", parse_name, &options.guest_output, guest_output_names },
	{ "noreboot", parse_flag, &options.noreboot, NULL },
	{ "panic", parse_seconds, &options.panic_seconds, NULL },
	{ "noapic", parse_flag, &options.no_apic, NULL },
	{ "nohpet", parse_flag, &options.no_hpet, NULL },
	{ "timer", parse_timer, options.timer, NULL },
};

static void complain(enum complaint_kind kind, const char *word)
{
	if (nr_complaints < MAX_COMPLAINTS) {
		complaints[nr_complaints].kind = kind;
		strlcpy(complaints[nr_complaints].word, word, WORD_MAX);
	}
	nr_complaints++;
}

static void parse_word(const char *word)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		const struct option *o = &table[i];

		if (strlen(o->name) != len || strncmp(word, o->name, len))
			continue;
		if (!o->parse(equals ? equals + 1 : NULL, o))
			complain(BAD_VALUE, word);
		return;
	}
	complain(UNKNOWN_OPTION, word);
}

/* Some loaders put the image's own path in front. */
static bool is_path(const char *word)
{
	return *word == '/' || *word == '(';
}

void options_parse(const char *cmdline)
{
	while (*cmdline) {
		char word[WORD_MAX];
		size_t len = 0;

		while (cmdline[len] && cmdline[len] != ' ' && cmdline[len] != '\t')
			len++;
		memcpy(word, cmdline, MIN(len, sizeof(word) - 1));
		word[MIN(len, sizeof(word) - 1)] = '\0';
		if (len >= sizeof(word))
			complain(UNKNOWN_OPTION, word);
		else if (len && !is_path(word))
			parse_word(word);
		cmdline += len;
		if (*cmdline)
			cmdline++;
	}
}

void options_report(void)
{
	for (unsigned i = 0; i < MIN(nr_complaints, MAX_COMPLAINTS); i++) {
		if (complaints[i].kind == UNKNOWN_OPTION)
			printk("Unknown option '%s' ignored\n", complaints[i].word);
		else
			printk("Option '%s': the value is not understood, ignored\n",
			       complaints[i].word);
	}
	if (nr_complaints > MAX_COMPLAINTS)
		printk("%u more options are not understood\n", nr_complaints - MAX_COMPLAINTS);
	nr_complaints = 0;
}
