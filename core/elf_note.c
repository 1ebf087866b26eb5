/* SPDX-License-Identifier: MIT */
/*
 * How a paravirtual kernel describes itself: Xen notes in PT_NOTE segments, else in SHT_NOTE
 * sections, else the NAME=VALUE list of the __xen_guest section (<xen/elfnote.h> names each note's
 * legacy form).
 */
#include <xen/elfnote.h>
#include <xen/features.h>

#include "core/elf_internal.h"
#include "core/lib.h"

#define GUEST_STRING_MAX 1024

struct reader {
	const struct elf_source *source;
	const struct elf32_header *header;
	struct elf_image *image;
	uint32_t seen; /* bit n: note n was there */
};

/* ---- FEATURES ---- */

static const char *const feature_names[] = {
	[XENFEAT_writable_page_tables] = "writable_page_tables",
	[XENFEAT_writable_descriptor_tables] = "writable_descriptor_tables",
	[XENFEAT_auto_translated_physmap] = "auto_translated_physmap",
	[XENFEAT_supervisor_mode_kernel] = "supervisor_mode_kernel",
	[XENFEAT_pae_pgdir_above_4gb] = "pae_pgdir_above_4gb",
	[XENFEAT_mmu_pt_update_preserve_ad] = "mmu_pt_update_preserve_ad",
	[XENFEAT_highmem_assist] = "highmem_assist",
	[XENFEAT_gnttab_map_avail_bits] = "gnttab_map_avail_bits",
	[XENFEAT_hvm_callback_vector] = "hvm_callback_vector",
	[XENFEAT_hvm_safe_pvclock] = "hvm_safe_pvclock",
	[XENFEAT_hvm_pirqs] = "hvm_pirqs",
	[XENFEAT_dom0] = "dom0",
};

static int find_feature(const char *name, size_t len)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(feature_names); i++)
		if (strlen(feature_names[i]) == len && !strncmp(feature_names[i], name, len))
			return (int)i;
	return -1;
}

/*
 * "a|!b|c": what the kernel can use; with '!' what it cannot do without. Unknown names only matter
 * there.
 */
static const char *parse_features(struct elf_image *image, const char *text)
{
	while (*text) {
		bool required = *text == '!';
		size_t len;
		int feature;

		text += required;
		for (len = 0; text[len] && text[len] != '|'; len++)
			;
		feature = find_feature(text, len);
		if (feature >= 0) {
			image->features_supported |= 1u << feature;
			image->features_required |= (uint32_t)required << feature;
		} else if (required) {
			return elf_fail(image, "FEATURES requires \"%.*s\", which is unknown here",
					(int)MIN(len, 40u), text);
		}
		text += len;
		text += *text == '|';
	}
	return NULL;
}

/* ---- texts that say more than themselves ---- */

static const char *parse_pae(struct elf_image *image, const char *text)
{
	if (strstr(text, "bimodal"))
		image->pae = ELF_PAE_BIMODAL;
	else if (!strcmp(text, "yes"))
		image->pae = image->from_notes ? ELF_PAE_EXTENDED : ELF_PAE_YES;
	else if (!strcmp(text, "yes[extended-cr3]"))
		image->pae = ELF_PAE_EXTENDED;
	else
		image->pae = ELF_PAE_NO;
	return NULL;
}

static const char *parse_info(struct elf_image *image, const char *text)
{
	image->modules_table |= !strcmp(text, "MODULES=multiboot");
	image->draws_screen |= !strcmp(text, "SCREEN=text");
	image->takes_output |= !strcmp(text, "CONSOLE=guests");
	return NULL;
}

static const char *parse_bsd_symtab(struct elf_image *image, const char *text)
{
	image->bsd_symtab = !strcmp(text, "yes");
	return NULL;
}

/* ---- the notes ---- */

enum note_kind { NOTE_PAIR, NOTE_NUMBER, NOTE_FLAG, NOTE_TEXT };

/* Where a note's value goes. */
static const struct note {
	const char *name, *legacy; /* in __xen_guest; NULL: not there */
	enum note_kind kind;
	uint16_t field, size; /* of struct elf_image; a text with a size of 0 is for `parse` */
	uint16_t has;	      /* of the flag that says that it was there, or 0 */
	const char *(*parse)(struct elf_image *image, const char *text);
} notes[XEN_ELFNOTE_MAX + 1] = {
#define FIELD(member) \
	.field = offsetof(struct elf_image, member), .size = sizeof(((struct elf_image *)0)->member)
#define NUMBER(member) .kind = NOTE_NUMBER, FIELD(member)
#define HAS(member) .has = offsetof(struct elf_image, member)
	[XEN_ELFNOTE_INFO] = { "INFO", .kind = NOTE_TEXT, .parse = parse_info },
	[XEN_ELFNOTE_ENTRY] = { "ENTRY", "VIRT_ENTRY", NUMBER(entry) },
	[XEN_ELFNOTE_HYPERCALL_PAGE] = { "HYPERCALL_PAGE", "HYPERCALL_PAGE", NUMBER(hypercall_page),
					 HAS(has_hypercall_page) },
	[XEN_ELFNOTE_VIRT_BASE] = { "VIRT_BASE", "VIRT_BASE", NUMBER(virt_base) },
	[XEN_ELFNOTE_PADDR_OFFSET] = { "PADDR_OFFSET", "ELF_PADDR_OFFSET", NUMBER(paddr_offset) },
	[XEN_ELFNOTE_XEN_VERSION] = { "XEN_VERSION", "XEN_VER", NOTE_TEXT, FIELD(xen_version) },
	[XEN_ELFNOTE_GUEST_OS] = { "GUEST_OS", "GUEST_OS", NOTE_TEXT, FIELD(guest_os) },
	[XEN_ELFNOTE_GUEST_VERSION] = { "GUEST_VERSION", "GUEST_VER", NOTE_TEXT,
					FIELD(guest_version) },
	[XEN_ELFNOTE_LOADER] = { "LOADER", "LOADER", NOTE_TEXT, FIELD(loader) },
	[XEN_ELFNOTE_PAE_MODE] = { "PAE_MODE", "PAE", NOTE_TEXT, .parse = parse_pae },
	[XEN_ELFNOTE_FEATURES] = { "FEATURES", "FEATURES", NOTE_TEXT, .parse = parse_features },
	[XEN_ELFNOTE_BSD_SYMTAB] = { "BSD_SYMTAB", .kind = NOTE_TEXT, .parse = parse_bsd_symtab },
	[XEN_ELFNOTE_HV_START_LOW] = { "HV_START_LOW", NULL, NUMBER(hv_start_low),
				       HAS(has_hv_start_low) },
	[XEN_ELFNOTE_L1_MFN_VALID] = { "L1_MFN_VALID", .kind = NOTE_PAIR },
	[XEN_ELFNOTE_SUSPEND_CANCEL] = { "SUSPEND_CANCEL", NULL, NOTE_FLAG, FIELD(suspend_cancel) },
	[XEN_ELFNOTE_INIT_P2M] = { "INIT_P2M", NULL, NUMBER(init_p2m), HAS(has_init_p2m) },
	[XEN_ELFNOTE_MOD_START_PFN] = { "MOD_START_PFN", NULL, NOTE_FLAG, FIELD(mod_start_pfn) },
	[XEN_ELFNOTE_SUPPORTED_FEATURES] = { "SUPPORTED_FEATURES", NULL, NUMBER(features_noted) },
	[XEN_ELFNOTE_PHYS32_ENTRY] = { "PHYS32_ENTRY", NULL, NOTE_FLAG, FIELD(has_phys32_entry) },
#undef FIELD
#undef NUMBER
#undef HAS
};

static const char *set_text(struct elf_image *image, const struct note *note, const char *text)
{
	if (note->parse)
		return note->parse(image, text);
	strlcpy((char *)image + note->field, text, note->size);
	return NULL;
}

static void set_number(struct elf_image *image, const struct note *note, uint32_t value)
{
	if (note->kind == NOTE_FLAG)
		*((bool *)image + note->field) = value != 0;
	else
		memcpy((char *)image + note->field, &value, sizeof(value));
	if (note->has)
		*((bool *)image + note->has) = true;
}

static const char *read_text(struct reader *r, const struct note *note, uint32_t offset,
			     uint32_t len)
{
	char text[256];

	/* Linux leaves the final 0 out of FEATURES. */
	len = MIN(len, sizeof(text) - 1);
	if (!elf_read(r->source, offset, text, len))
		return elf_fail(r->image, "note %s is outside the file", note->name);
	text[len] = 0;
	return set_text(r->image, note, text);
}

/* "either 4 or 8 bytes depending on the content of the desc field" */
static const char *read_number(struct reader *r, const struct note *note, uint32_t offset,
			       uint32_t len)
{
	uint64_t value = 0;

	if ((len != 4 && len != 8) || !elf_read(r->source, offset, &value, len))
		return elf_fail(r->image, "note %s is no number: it has %u bytes", note->name, len);
	if (value > UINT32_MAX)
		return elf_fail(r->image, "note %s does not fit 32 bits", note->name);
	set_number(r->image, note, (uint32_t)value);
	return NULL;
}

/* Mask and value, each of a machine address's size: 8 bytes with PAE. Later pairs do not matter. */
static const char *read_l1_mfn_valid(struct reader *r, uint32_t offset, uint32_t len)
{
	uint64_t pair[2];

	if (len < sizeof(pair) || !elf_read(r->source, offset, pair, sizeof(pair)))
		return elf_fail(r->image,
				"note L1_MFN_VALID has %u bytes instead of pairs of 8 and 8", len);
	r->image->l1_mfn_valid_mask = pair[0];
	r->image->l1_mfn_valid_value = pair[1];
	return NULL;
}

/* Notes from later interface versions are passed over. */
static const char *read_xen_note(struct reader *r, uint32_t type, uint32_t offset, uint32_t len)
{
	if (type > XEN_ELFNOTE_MAX)
		return NULL;
	r->seen |= 1u << type;
	r->image->from_notes = true;
	if (notes[type].kind == NOTE_PAIR)
		return read_l1_mfn_valid(r, offset, len);
	if (notes[type].kind == NOTE_TEXT)
		return read_text(r, &notes[type], offset, len);
	return read_number(r, &notes[type], offset, len);
}

/* The name is "Xen" with its NUL. */
static bool is_xen_note(const struct reader *r, const struct elf32_note *note, uint32_t offset)
{
	char name[4];

	return note->namesz == sizeof(name) && elf_read(r->source, offset, name, sizeof(name)) &&
	       !memcmp(name, "Xen", sizeof(name));
}

/*
 * The last description may be longer than what contains it: GRUB's image builder leaves out the end
 * of one. It is then cut at the end of the file, where a number or a text still has to be whole.
 */
static const char *read_notes(struct reader *r, uint32_t offset, uint32_t size)
{
	if (size > r->source->size || offset > r->source->size - size)
		return "the file is cut short: its notes lie behind its end";
	while (size >= sizeof(struct elf32_note)) {
		struct elf32_note note;
		uint32_t name_len, desc_len;
		const char *error = NULL;

		if (!elf_read(r->source, offset, &note, sizeof(note)))
			return "the notes cannot be read";
		offset += sizeof(note);
		size -= sizeof(note);
		name_len = ROUND_UP(MIN(note.namesz, r->source->size), 4u);
		if (name_len > size)
			return "the notes are damaged: a name is longer than what contains it";
		desc_len = MIN(note.descsz, r->source->size - offset - name_len);
		if (is_xen_note(r, &note, offset))
			error = read_xen_note(r, note.type, offset + name_len, desc_len);
		if (error)
			return error;
		desc_len = MIN(ROUND_UP(desc_len, 4u), size - name_len);
		offset += name_len + desc_len;
		size -= name_len + desc_len;
	}
	return NULL;
}

static const char *read_note_segments(struct reader *r)
{
	const struct elf32_header *h = r->header;
	unsigned i;

	for (i = 0; i < h->phnum; i++) {
		struct elf32_program_header p;
		const char *error;

		if (h->phoff > r->source->size ||
		    !elf_read(r->source, h->phoff + i * h->phentsize, &p, sizeof(p)))
			return "the program headers lie behind the end of the file";
		if (p.type != PT_NOTE)
			continue;
		error = read_notes(r, p.offset, p.filesz);
		if (error)
			return error;
	}
	return NULL;
}

/* ---- sections ---- */

/*
 * False behind the last one, or where the file has no (readable) section headers: then it has no
 * sections.
 */
static bool read_section(const struct reader *r, unsigned index, struct elf32_section_header *s)
{
	const struct elf32_header *h = r->header;

	return index < h->shnum && h->shentsize >= sizeof(*s) && h->shoff <= r->source->size &&
	       elf_read(r->source, h->shoff + index * h->shentsize, s, sizeof(*s));
}

static const char *read_note_sections(struct reader *r)
{
	struct elf32_section_header s;
	unsigned i;

	for (i = 0; read_section(r, i, &s); i++) {
		const char *error = s.type == SHT_NOTE ? read_notes(r, s.offset, s.size) : NULL;

		if (error)
			return error;
	}
	return NULL;
}

static bool section_is_named(const struct reader *r, const struct elf32_section_header *s,
			     const char *name)
{
	struct elf32_section_header strings;
	char found[16];
	uint32_t len = (uint32_t)strlen(name) + 1;

	if (len > sizeof(found) || !read_section(r, r->header->shstrndx, &strings))
		return false;
	if (s->name >= strings.size || len > strings.size - s->name ||
	    strings.offset > UINT32_MAX - s->name)
		return false;
	return elf_read(r->source, strings.offset + s->name, found, len) &&
	       !memcmp(found, name, len);
}

/* ---- the legacy string ---- */

static const char *set_legacy(struct reader *r, const struct note *note, const char *value)
{
	const char *end;
	uint64_t number;

	r->seen |= 1u << (note - notes);
	if (note->kind == NOTE_TEXT)
		return set_text(r->image, note, value);
	number = parse_u64(value, &end);
	if (end == value || *end || number > UINT32_MAX)
		return elf_fail(r->image, "__xen_guest: %s=\"%.32s\" is no 32-bit number",
				note->legacy, value);
	set_number(r->image, note, (uint32_t)number);
	return NULL;
}

/* One NAME=VALUE, or a bare NAME. Unknown names are passed over. */
static const char *read_legacy_word(struct reader *r, char *word)
{
	char *value = strchr(word, '=');
	unsigned i;

	if (value)
		*value++ = '\0';
	/* "The legacy treated the presence or absence of this string as a boolean flag" */
	if (!strcmp(word, "BSD_SYMTAB"))
		r->image->bsd_symtab = true;
	for (i = 0; value && i < ARRAY_SIZE(notes); i++)
		if (notes[i].legacy && !strcmp(word, notes[i].legacy))
			return set_legacy(r, &notes[i], value);
	return NULL;
}

static const char *read_legacy_string(struct reader *r, char *text)
{
	const char *error = NULL;

	while (*text && !error) {
		char *word = text;

		text = strchr(text, ',');
		if (text)
			*text++ = '\0';
		else
			text = word + strlen(word);
		error = read_legacy_word(r, word);
	}
	/* "legacy value is a physical page number not a virtual address" */
	if (r->image->has_hypercall_page)
		r->image->hypercall_page =
			(r->image->hypercall_page << PAGE_SHIFT) + r->image->virt_base;
	/* "legacy default is VIRT_BASE" */
	if (!(r->seen >> XEN_ELFNOTE_PADDR_OFFSET & 1))
		r->image->paddr_offset = r->image->virt_base;
	return error;
}

/* Sets *found. */
static const char *read_legacy_section(struct reader *r, bool *found)
{
	struct elf32_section_header s;
	char text[GUEST_STRING_MAX];
	unsigned i;

	*found = false;
	for (i = 0; read_section(r, i, &s); i++) {
		if (s.type == SHT_NOBITS || !section_is_named(r, &s, "__xen_guest"))
			continue;
		*found = true;
		if (s.size >= sizeof(text) || !elf_read(r->source, s.offset, text, s.size))
			return "section __xen_guest is cut short, or longer than any known one";
		text[s.size] = '\0';
		return read_legacy_string(r, text);
	}
	return NULL;
}

/* ---- all together ---- */

#define PV_NOTES                                                            \
	(1u << XEN_ELFNOTE_ENTRY | 1u << XEN_ELFNOTE_VIRT_BASE |            \
	 1u << XEN_ELFNOTE_HYPERCALL_PAGE | 1u << XEN_ELFNOTE_XEN_VERSION | \
	 1u << XEN_ELFNOTE_LOADER | 1u << XEN_ELFNOTE_PAE_MODE)

const char *elf_read_description(const struct elf_source *source, const struct elf32_header *header,
				 struct elf_image *image)
{
	struct reader r = { source, header, image, 0 };
	const char *error;
	bool found;

	image->entry = header->entry;
	error = read_note_segments(&r);
	if (!error && !r.seen)
		error = read_note_sections(&r);
	if (error)
		return error;
	image->features_supported |= image->features_noted;
	if (r.seen & PV_NOTES)
		return NULL;
	if (image->has_phys32_entry)
		return "of the Xen notes for starting it only PHYS32_ENTRY is there: built for "
		       "PVH, not for PV";
	if (r.seen)
		return "the Xen notes do not say how to start it: ENTRY, VIRT_BASE and "
		       "XEN_VERSION are missing";
	error = read_legacy_section(&r, &found);
	if (error || found)
		return error;
	return "no Xen ELF note and no __xen_guest section: not a PV kernel";
}
