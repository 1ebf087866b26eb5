/* SPDX-License-Identifier: MIT */
/*
 * The small libc (core/lib.h) against the host's. The hypervisor's
 * functions are linked under other names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void *ringlet_memcpy(void *dst, const void *src, size_t len);
void *ringlet_memmove(void *dst, const void *src, size_t len);
void *ringlet_memset(void *dst, int byte, size_t len);
int ringlet_memcmp(const void *a, const void *b, size_t len);
size_t ringlet_strlen(const char *s);
size_t ringlet_strnlen(const char *s, size_t max);
int ringlet_strcmp(const char *a, const char *b);
int ringlet_strncmp(const char *a, const char *b, size_t max);
char *ringlet_strchr(const char *s, int c);
char *ringlet_strstr(const char *haystack, const char *needle);
int ringlet_snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
size_t strlcpy(char *dst, const char *src, size_t size);
uint64_t parse_u64(const char *s, const char **end);

#define AREA 96

static void fill(unsigned char *area)
{
	for (unsigned i = 0; i < AREA; i++)
		area[i] = (unsigned char)(i * 7 + 1);
}

/* Every alignment of both ends and every length across the unrolled loops. */
static void memory_functions(void **state)
{
	unsigned char mine[AREA], theirs[AREA], source[AREA];

	(void)state;
	fill(source);
	for (unsigned to = 0; to < 5; to++) {
		for (unsigned from = 0; from < 20; from++) {
			for (unsigned len = 0; len < 70; len++) {
				fill(mine), fill(theirs);
				memcpy(theirs + to, source + from, len);
				assert_ptr_equal(ringlet_memcpy(mine + to, source + from, len),
						 mine + to);
				assert_memory_equal(mine, theirs, AREA);
				memmove(theirs + to, theirs + from, len);
				ringlet_memmove(mine + to, mine + from, len);
				assert_memory_equal(mine, theirs, AREA);
				memmove(theirs + from, theirs + to, len);
				ringlet_memmove(mine + from, mine + to, len);
				assert_memory_equal(mine, theirs, AREA);
				memset(theirs + from, (int)len + 200, len);
				ringlet_memset(mine + from, (int)len + 200, len);
				assert_memory_equal(mine, theirs, AREA);
			}
		}
	}
	assert_int_equal(ringlet_memcmp("ab", "abc", 2), 0);
	assert_true(ringlet_memcmp("a\xff", "a\x01", 2) > 0);
	assert_true(ringlet_memcmp("a\x01", "a\xff", 2) < 0);
}

static void string_functions(void **state)
{
	char small[4];
	const char *text = "hypervisor";

	(void)state;
	assert_int_equal(ringlet_strlen(""), 0);
	assert_int_equal(ringlet_strlen(text), 10);
	assert_int_equal(ringlet_strnlen(text, 3), 3);
	assert_int_equal(ringlet_strcmp("a", "a"), 0);
	assert_true(ringlet_strcmp("a", "b") < 0);
	assert_true(ringlet_strcmp("ab", "a") > 0);
	assert_true(ringlet_strcmp("\xff", "a") > 0);
	assert_int_equal(ringlet_strncmp("abc", "abd", 2), 0);
	assert_int_equal(ringlet_strncmp("abc", "xyz", 0), 0);
	assert_ptr_equal(ringlet_strchr(text, 'v'), text + 5);
	assert_ptr_equal(ringlet_strchr(text, 0), text + 10);
	assert_null(ringlet_strchr(text, 'z'));
	assert_ptr_equal(ringlet_strstr(text, "visor"), text + 5);
	assert_ptr_equal(ringlet_strstr(text, ""), text);
	assert_null(ringlet_strstr(text, "visors"));
	assert_int_equal(strlcpy(small, text, sizeof(small)), 10);
	assert_string_equal(small, "hyp");
}

#define SAME(...)                                                                       \
	do {                                                                            \
		char mine[80], theirs[80];                                              \
		int n = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                  \
                                                                                        \
		assert_int_equal(ringlet_snprintf(mine, sizeof(mine), __VA_ARGS__), n); \
		assert_string_equal(mine, theirs);                                      \
	} while (0)

static void formatted_output(void **state)
{
	(void)state;
	SAME("plain");
	SAME("%d %i %u", -5, 17, 4000000000u);
	SAME("%d", -2147483647 - 1);
	SAME("%5d|%-5d|%05d|%5d", 42, 42, 42, -42);
	SAME("%x %X %08x %#x", 0xbeefu, 0xbeefu, 0xbeefu, 0xbeefu);
	SAME("%llu %llx %lld", 18446744073709551615ull, 0x123456789abcdefull, -1ll);
	SAME("%lu %lx", 7ul, 255ul);
	SAME("%zu", sizeof(int));
	SAME("%s|%8s|%-8s|%.2s|%.*s", "abc", "abc", "abc", "abc", 1, "abc");
	SAME("%c%c %%", 'o', 'k');
	SAME("%*d", 6, 3);
	SAME("%p", (void *)0x1234);
}

static void formatted_output_is_cut_short(void **state)
{
	char text[4] = "zzz";

	(void)state;
	assert_int_equal(ringlet_snprintf(text, sizeof(text), "%s", "12345"), 5);
	assert_string_equal(text, "123");
	assert_int_equal(ringlet_snprintf(text, 1, "%s", "12345"), 5);
	assert_string_equal(text, "");
	assert_int_equal(ringlet_snprintf(text, 0, "%d", 10), 2);
	assert_int_equal(ringlet_snprintf(NULL, 0, "%d", 10), 2);
}

static void numbers(void **state)
{
	const char *end;

	(void)state;
	assert_int_equal(parse_u64("123x", &end), 123);
	assert_string_equal(end, "x");
	assert_int_equal(parse_u64("0x1fG", &end), 0x1f);
	assert_string_equal(end, "G");
	assert_int_equal(parse_u64("0x", &end), 0);
	assert_string_equal(end, "x");
	assert_int_equal(parse_u64("-1", &end), 0);
	assert_string_equal(end, "-1");
	assert_true(parse_u64("18446744073709551615", NULL) == UINT64_MAX);
	assert_true(parse_u64("18446744073709551616", NULL) == UINT64_MAX);
	assert_true(parse_u64("999999999999999999999999", &end) == UINT64_MAX);
	assert_string_equal(end, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_functions), cmocka_unit_test(string_functions),
		cmocka_unit_test(formatted_output), cmocka_unit_test(formatted_output_is_cut_short),
		cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
