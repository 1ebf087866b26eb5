/* SPDX-License-Identifier: MIT */
/*
 * Tests of the kernel image reader (core/elf.h): images are put together in memory, one deviation a
 * test, and the message has to name what is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <xen/elfnote.h>
#include <xen/features.h>

#include "core/elf.h"
#include "core/elf_internal.h"

#define FILE_MAX 16384
#define TEXT_OFFSET 4096
#define TEXT_PADDR 0x100000u
#define TEXT_FILE_SIZE 4096
#define TEXT_MEM_SIZE 0x3000u
#define KERNEL_BASE 0xc0000000u
#define KERNEL_ENTRY (KERNEL_BASE + TEXT_PADDR + 0x10)
#define KERNEL_HYPERCALL_PAGE (KERNEL_BASE + TEXT_PADDR + 0x1000)
#define NOTES_OFFSET 1024
#define SECTIONS_OFFSET 8192
#define NAMES_OFFSET 9216
#define GUEST_OFFSET 10240

static union {
	uint8_t bytes[FILE_MAX];
	struct {
		struct elf32_header header;
		struct elf32_program_header load, note;
	};
} file;

static struct elf_image image;

/* ---- building ---- */

static void start(void)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, 1 };

	memset(&file, 0, sizeof(file));
	memcpy(file.header.ident, ident, sizeof(ident));
	file.header.type = ET_EXEC;
	file.header.machine = EM_386;
	file.header.entry = KERNEL_BASE + TEXT_PADDR;
	file.header.phoff = sizeof(file.header);
	file.header.phentsize = sizeof(file.load);
	file.header.phnum = 2;
	file.load = (struct elf32_program_header){ .type = PT_LOAD,
						   .offset = TEXT_OFFSET,
						   .vaddr = KERNEL_BASE + TEXT_PADDR,
						   .paddr = TEXT_PADDR,
						   .filesz = TEXT_FILE_SIZE,
						   .memsz = TEXT_MEM_SIZE };
	file.note.type = PT_NOTE;
	file.note.offset = NOTES_OFFSET;
}

static void add_note(uint32_t type, const void *desc, uint32_t len)
{
	struct elf32_note note = { 4, len, type };
	uint8_t *at = file.bytes + file.note.offset + file.note.filesz;

	memcpy(at, &note, sizeof(note));
	memcpy(at + sizeof(note), "Xen", 4);
	memcpy(at + sizeof(note) + 4, desc, len);
	file.note.filesz += sizeof(note) + 4 + (len + 3) / 4 * 4;
}

static void add_number(uint32_t type, uint32_t value)
{
	add_note(type, &value, sizeof(value));
}

static void add_string(uint32_t type, const char *text)
{
	add_note(type, text, (uint32_t)strlen(text) + 1);
}

/* A good kernel but for the note `without`. */
static void start_with_notes(uint32_t without)
{
	start();
	if (without != XEN_ELFNOTE_XEN_VERSION)
		add_string(XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
	if (without != XEN_ELFNOTE_LOADER)
		add_string(XEN_ELFNOTE_LOADER, "generic");
	if (without != XEN_ELFNOTE_PAE_MODE)
		add_string(XEN_ELFNOTE_PAE_MODE, "yes");
	if (without != XEN_ELFNOTE_VIRT_BASE)
		add_number(XEN_ELFNOTE_VIRT_BASE, KERNEL_BASE);
	if (without != XEN_ELFNOTE_ENTRY)
		add_number(XEN_ELFNOTE_ENTRY, KERNEL_ENTRY);
}

static void start_good(void)
{
	start_with_notes(~0u);
}

static struct elf32_section_header *section(unsigned index)
{
	return (struct elf32_section_header *)(file.bytes + SECTIONS_OFFSET) + index;
}

/* No notes; sections: 0 empty, 1 names, 2 __xen_guest. */
static void start_legacy(const char *text)
{
	start();
	file.header.phnum = 1;
	file.header.shoff = SECTIONS_OFFSET;
	file.header.shentsize = sizeof(struct elf32_section_header);
	file.header.shnum = 3;
	file.header.shstrndx = 1;
	memcpy(file.bytes + NAMES_OFFSET + 1, "__xen_guest", sizeof("__xen_guest"));
	section(1)->offset = NAMES_OFFSET;
	section(1)->size = 1 + sizeof("__xen_guest");
	section(2)->name = 1;
	section(2)->type = 1;
	section(2)->offset = GUEST_OFFSET;
	section(2)->size = (uint32_t)strlen(text) + 1;
	memcpy(file.bytes + GUEST_OFFSET, text, strlen(text) + 1);
}

static const char *parse_size(uint32_t size)
{
	struct elf_buffer buffer;

	elf_buffer_init(&buffer, file.bytes, size);
	return elf_parse(&buffer.source, &image);
}

static const char *parse(void)
{
	return parse_size(sizeof(file));
}

static void expect_good(void)
{
	const char *error = parse();

	if (error)
		fail_msg("refused: %s", error);
}

/*
 * Refused with a message that contains `word`, short enough for one line and without an end of
 * line.
 */
static void expect_error(const char *word)
{
	const char *error = parse();

	assert_non_null(error);
	if (!strstr(error, word))
		fail_msg("\"%s\" does not say \"%s\"", error, word);
	assert_true(strlen(error) < ELF_ERROR_MAX);
	assert_null(strchr(error, '\n'));
}

/* ---- what is accepted ---- */

static void test_minimal(void **state)
{
	(void)state;
	start_good();
	expect_good();
	assert_true(image.from_notes);
	assert_int_equal(image.virt_base, KERNEL_BASE);
	assert_int_equal(image.entry, KERNEL_ENTRY);
	assert_int_equal(image.paddr_offset, 0);
	assert_int_equal(image.nr_segments, 1);
	assert_int_equal(image.segment[0].va, KERNEL_BASE + TEXT_PADDR);
	assert_int_equal(image.segment[0].file_size, TEXT_FILE_SIZE);
	assert_int_equal(image.segment[0].mem_size, TEXT_MEM_SIZE);
	assert_int_equal(image.virt_start, KERNEL_BASE + TEXT_PADDR);
	assert_int_equal(image.virt_end, KERNEL_BASE + TEXT_PADDR + TEXT_MEM_SIZE);
	assert_int_equal(image.pae, ELF_PAE_EXTENDED);
	assert_false(image.has_hypercall_page);
	assert_false(image.mod_start_pfn);
}

static void test_all_notes(void **state)
{
	const uint64_t mask_value[2] = { 0x101, 0x100 };

	(void)state;
	start_good();
	add_string(XEN_ELFNOTE_GUEST_OS, "linux");
	add_string(XEN_ELFNOTE_GUEST_VERSION, "2.6");
	add_number(XEN_ELFNOTE_HYPERCALL_PAGE, KERNEL_HYPERCALL_PAGE);
	add_number(XEN_ELFNOTE_PADDR_OFFSET, 0);
	add_string(XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb|of_tomorrow");
	add_number(XEN_ELFNOTE_SUPPORTED_FEATURES, 1u << XENFEAT_dom0);
	add_number(XEN_ELFNOTE_HV_START_LOW, HV_START);
	add_note(XEN_ELFNOTE_L1_MFN_VALID, mask_value, sizeof(mask_value));
	add_number(XEN_ELFNOTE_SUSPEND_CANCEL, 1);
	add_number(XEN_ELFNOTE_INIT_P2M, 0xe0000000);
	add_number(XEN_ELFNOTE_MOD_START_PFN, 1);
	add_string(XEN_ELFNOTE_BSD_SYMTAB, "yes");
	add_string(XEN_ELFNOTE_INFO, "MODULES=multiboot");
	add_number(XEN_ELFNOTE_MAX + 1, 1);
	expect_good();
	assert_string_equal(image.guest_os, "linux");
	assert_string_equal(image.guest_version, "2.6");
	assert_true(image.has_hypercall_page);
	assert_int_equal(image.hypercall_page, KERNEL_HYPERCALL_PAGE);
	assert_int_equal(image.features_required, 1u << XENFEAT_writable_page_tables);
	assert_int_equal(image.features_supported, 1u << XENFEAT_writable_page_tables |
							   1u << XENFEAT_pae_pgdir_above_4gb |
							   1u << XENFEAT_dom0);
	assert_int_equal(image.l1_mfn_valid_mask, 0x101);
	assert_int_equal(image.l1_mfn_valid_value, 0x100);
	assert_true(image.suspend_cancel && image.mod_start_pfn && image.bsd_symtab &&
		    image.modules_table);
	assert_int_equal(image.init_p2m, 0xe0000000);
}

static void test_entry_defaults_to_header(void **state)
{
	(void)state;
	start_with_notes(XEN_ELFNOTE_ENTRY);
	expect_good();
	assert_int_equal(image.entry, KERNEL_BASE + TEXT_PADDR);
}

static void test_paddr_offset(void **state)
{
	(void)state;
	start_good();
	add_number(XEN_ELFNOTE_PADDR_OFFSET, KERNEL_BASE);
	file.load.paddr = KERNEL_BASE + TEXT_PADDR;
	expect_good();
	assert_int_equal(image.segment[0].va, KERNEL_BASE + TEXT_PADDR);
}

static void test_numbers_of_8_bytes(void **state)
{
	uint64_t value = KERNEL_BASE;

	(void)state;
	start_with_notes(XEN_ELFNOTE_VIRT_BASE);
	add_note(XEN_ELFNOTE_VIRT_BASE, &value, sizeof(value));
	expect_good();
	assert_int_equal(image.virt_base, KERNEL_BASE);
	value |= 1ull << 32;
	add_note(XEN_ELFNOTE_VIRT_BASE, &value, sizeof(value));
	expect_error("VIRT_BASE");
}

/* Linux leaves the final 0 out of FEATURES. What is behind the note is no part of it. */
static void test_text_without_end(void **state)
{
	(void)state;
	start_good();
	add_note(XEN_ELFNOTE_GUEST_OS, "abc", 3);
	memset(file.bytes + NOTES_OFFSET + file.note.filesz - 1, 'x', 1000);
	expect_good();
	assert_string_equal(image.guest_os, "abc");
}

static void test_note_sections(void **state)
{
	(void)state;
	start_good();
	file.header.phnum = 1;
	file.header.shoff = SECTIONS_OFFSET;
	file.header.shentsize = sizeof(struct elf32_section_header);
	file.header.shnum = 2;
	section(1)->type = SHT_NOTE;
	section(1)->offset = NOTES_OFFSET;
	section(1)->size = file.note.filesz;
	expect_good();
	assert_true(image.from_notes);
	assert_int_equal(image.entry, KERNEL_ENTRY);
}

static void test_foreign_notes_are_skipped(void **state)
{
	struct elf32_note gnu = { 4, 5, 3 };

	(void)state;
	start();
	memcpy(file.bytes + NOTES_OFFSET, &gnu, sizeof(gnu));
	memcpy(file.bytes + NOTES_OFFSET + sizeof(gnu), "GNU", 4);
	file.note.filesz = sizeof(gnu) + 4 + 8;
	add_string(XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
	add_string(XEN_ELFNOTE_LOADER, "generic");
	add_string(XEN_ELFNOTE_PAE_MODE, "yes,bimodal");
	add_number(XEN_ELFNOTE_VIRT_BASE, KERNEL_BASE);
	expect_good();
	assert_int_equal(image.pae, ELF_PAE_BIMODAL);
}

/* GRUB's builder gives a segment that ends within the text of the last note. */
static void test_last_note_cut_by_segment(void **state)
{
	(void)state;
	start_with_notes(XEN_ELFNOTE_PAE_MODE);
	add_string(XEN_ELFNOTE_PAE_MODE, "yes");
	((struct elf32_note *)(file.bytes + NOTES_OFFSET + file.note.filesz - 20))->descsz = 12;
	expect_good();
	assert_int_equal(image.pae, ELF_PAE_EXTENDED);
}

static void test_legacy(void **state)
{
	(void)state;
	start_legacy("GUEST_OS=linux,GUEST_VER=2.6,XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,"
		     "ELF_PADDR_OFFSET=0,"
		     "VIRT_ENTRY=0xC0100020,HYPERCALL_PAGE=0x101,"
		     "FEATURES=writable_page_tables|!pae_pgdir_above_4gb,"
		     "PAE=yes[extended-cr3],LOADER=generic,BSD_SYMTAB");
	expect_good();
	assert_false(image.from_notes);
	assert_int_equal(image.entry, 0xc0100020);
	assert_int_equal(image.hypercall_page, 0xc0101000);
	assert_int_equal(image.pae, ELF_PAE_EXTENDED);
	assert_int_equal(image.features_required, 1u << XENFEAT_pae_pgdir_above_4gb);
	assert_true(image.bsd_symtab);
}

static void test_legacy_defaults(void **state)
{
	(void)state;
	start_legacy("XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,PAE=yes,LOADER=generic");
	file.load.paddr = KERNEL_BASE + TEXT_PADDR;
	expect_good();
	assert_int_equal(image.paddr_offset, KERNEL_BASE);
	assert_int_equal(image.pae, ELF_PAE_YES);
	assert_int_equal(image.entry, file.header.entry);
}

static void test_linux_needs_no_loader(void **state)
{
	(void)state;
	start_with_notes(XEN_ELFNOTE_LOADER);
	add_string(XEN_ELFNOTE_GUEST_OS, "linux");
	expect_good();
}

/* ---- what is refused, and how ---- */

static void test_other_files(void **state)
{
	(void)state;
	memset(&file, 'x', sizeof(file));
	expect_error("not an ELF file");
	memcpy(file.bytes + 0x202, "HdrS", 4);
	expect_error("bzImage");
	memset(&file, 0, sizeof(file));
	memcpy(file.bytes, "\x1f\x8b\x08", 3);
	expect_error("compressed");
	start_good();
	assert_non_null(parse_size(0));
	assert_non_null(parse_size(sizeof(file.header) - 1));
}

static void test_other_processors(void **state)
{
	(void)state;
	start_good();
	file.header.ident[ELF_CLASS] = ELFCLASS64;
	file.header.machine = EM_X86_64;
	expect_error("64-bit");
	start_good();
	file.header.machine = 40;
	expect_error("i386");
	start_good();
	file.header.type = 1;
	expect_error("executable");
	start_good();
	file.header.phnum = 0;
	expect_error("program headers");
}

static void test_no_pv_kernel(void **state)
{
	(void)state;
	start();
	expect_error("no Xen ELF note and no __xen_guest section");
	add_number(XEN_ELFNOTE_PHYS32_ENTRY, TEXT_PADDR);
	expect_error("PHYS32_ENTRY");
	start();
	add_string(XEN_ELFNOTE_GUEST_OS, "odd");
	expect_error("ENTRY");
}

static void test_missing_notes(void **state)
{
	(void)state;
	start_with_notes(XEN_ELFNOTE_XEN_VERSION);
	expect_error("XEN_VERSION is missing");
	start_with_notes(XEN_ELFNOTE_LOADER);
	expect_error("LOADER is missing");
	start_with_notes(XEN_ELFNOTE_PAE_MODE);
	expect_error("PAE_MODE");
	start_legacy("XEN_VER=xen-3.0,LOADER=generic,VIRT_BASE=0xC0000000,ELF_PADDR_OFFSET=0");
	expect_error("PAE=yes");
}

static void test_wrong_values(void **state)
{
	(void)state;
	start_with_notes(XEN_ELFNOTE_PAE_MODE);
	add_string(XEN_ELFNOTE_PAE_MODE, "no");
	expect_error("PAE_MODE");
	start_with_notes(XEN_ELFNOTE_LOADER);
	add_string(XEN_ELFNOTE_LOADER, "special");
	expect_error("special");
	start_with_notes(XEN_ELFNOTE_XEN_VERSION);
	add_string(XEN_ELFNOTE_XEN_VERSION, "xen-2.0");
	expect_error("xen-2.0");
	start_good();
	add_string(XEN_ELFNOTE_HV_START_LOW, "ab");
	expect_error("HV_START_LOW");
	start_legacy("XEN_VER=xen-3.0,LOADER=generic,PAE=yes,VIRT_BASE=nonsense");
	expect_error("VIRT_BASE");
}

static void test_required_features(void **state)
{
	(void)state;
	start_good();
	add_string(XEN_ELFNOTE_FEATURES, "!supervisor_mode_kernel");
	expect_error("supervisor_mode_kernel");
	start_good();
	add_string(XEN_ELFNOTE_FEATURES, "!auto_translated_physmap");
	expect_error("auto_translated_physmap");
	start_good();
	add_string(XEN_ELFNOTE_FEATURES, "a|!time_travel");
	expect_error("time_travel");
}

static void test_wrong_addresses(void **state)
{
	(void)state;
	start_good();
	add_number(XEN_ELFNOTE_ENTRY, KERNEL_BASE);
	expect_error("ENTRY");
	start_good();
	add_number(XEN_ELFNOTE_HYPERCALL_PAGE, KERNEL_BASE + TEXT_PADDR + TEXT_MEM_SIZE);
	expect_error("HYPERCALL_PAGE");
	start_good();
	add_number(XEN_ELFNOTE_HV_START_LOW, HV_START + 1);
	expect_error("HV_START_LOW");
	start_good();
	add_number(XEN_ELFNOTE_INIT_P2M, 0xe0000001);
	expect_error("INIT_P2M");
	start_good();
	add_number(XEN_ELFNOTE_PADDR_OFFSET, TEXT_PADDR + 1);
	expect_error("PADDR_OFFSET");
	start_good();
	file.load.memsz = HV_START - KERNEL_BASE;
	expect_error("hypervisor");
	file.load.memsz = ~0u;
	expect_error("hypervisor");
}

static void test_damaged(void **state)
{
	(void)state;
	start_good();
	file.load.filesz = sizeof(file);
	file.load.memsz = sizeof(file);
	expect_error("cut short");
	start_good();
	file.load.filesz = TEXT_MEM_SIZE + 1;
	expect_error("longer in the file");
	start_good();
	file.header.phoff = ~0u - 8;
	expect_error("program headers");
	start_good();
	file.note.offset = sizeof(file) - 4;
	expect_error("notes");
	start_good();
	((struct elf32_note *)(file.bytes + NOTES_OFFSET))->namesz = ~0u;
	expect_error("damaged");
	start_good();
	((struct elf32_note *)(file.bytes + NOTES_OFFSET))->descsz = 1000;
	expect_error("missing");
	start_good();
	file.load.type = 0;
	expect_error("loadable");
}

static void test_damaged_sections(void **state)
{
	static const char good[] =
		"XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,ELF_PADDR_OFFSET=0,PAE=yes,LOADER=generic";

	(void)state;
	start_legacy(good);
	section(2)->size = sizeof(file);
	expect_error("__xen_guest is cut short");
	start_legacy(good);
	section(1)->size = 4;
	expect_error("no __xen_guest");
	start_legacy(good);
	section(2)->name = ~0u;
	expect_error("no __xen_guest");
	start_legacy(good);
	file.header.shoff = sizeof(file) - 1;
	expect_error("no __xen_guest");
	start_legacy(good);
	file.header.shstrndx = 0xffff;
	expect_error("no __xen_guest");
}

/* Every shorter piece of a good file is read without touching what is behind it. */
static void test_every_truncation(void **state)
{
	uint32_t size;

	(void)state;
	start_good();
	for (size = 0; size < TEXT_OFFSET + TEXT_FILE_SIZE; size++)
		assert_non_null(parse_size(size));
	assert_null(parse_size(size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_minimal),
		cmocka_unit_test(test_all_notes),
		cmocka_unit_test(test_entry_defaults_to_header),
		cmocka_unit_test(test_paddr_offset),
		cmocka_unit_test(test_numbers_of_8_bytes),
		cmocka_unit_test(test_text_without_end),
		cmocka_unit_test(test_note_sections),
		cmocka_unit_test(test_foreign_notes_are_skipped),
		cmocka_unit_test(test_last_note_cut_by_segment),
		cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_legacy_defaults),
		cmocka_unit_test(test_linux_needs_no_loader),
		cmocka_unit_test(test_other_files),
		cmocka_unit_test(test_other_processors),
		cmocka_unit_test(test_no_pv_kernel),
		cmocka_unit_test(test_missing_notes),
		cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_required_features),
		cmocka_unit_test(test_wrong_addresses),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_damaged_sections),
		cmocka_unit_test(test_every_truncation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
