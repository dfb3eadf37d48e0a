/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debug/symbols/elf_image.h"

#include <gio/gio.h>
#include <string.h>

#include "emu/bytes.h"

#define MACHINE_X86_64 62
#define MACHINE_AARCH64 183

#define EHDR_SIZE 64u
#define PHDR_SIZE 56u
#define SHDR_SIZE 64u
#define SYM_SIZE 24u
#define CHDR_SIZE 24u

#define SHT_SYMTAB 2u
#define SHT_NOTE 7u
#define SHT_NOBITS 8u
#define SHT_DYNSYM 11u
#define SHF_EXECINSTR 4u
#define SHF_COMPRESSED 0x800u
#define SHN_UNDEF 0u
#define SHN_ABS 0xfff1u

#define SECTIONS_MAX 4096u
#define SYMBOLS_MAX (4u << 20)
/* Deflate cannot do better; and what debug information of a program may come to. */
#define EXPANSION_MAX 1100u
#define EXPANDED_MAX (2ull << 30)

/* NULL: not within the file. */
static const uint8_t *part(const struct elf_image *image, uint64_t offset, uint64_t length)
{
    gsize size;
    const uint8_t *data = g_bytes_get_data(image->bytes, &size);

    return offset <= size && length <= size - offset ? data + offset : NULL;
}

static const char *text_at(const struct elf_section *strings, uint64_t offset)
{
    if (!strings || !strings->data || offset >= strings->size ||
        !memchr(strings->data + offset, 0, strings->size - offset)) {
        return NULL;
    }
    return (const char *)strings->data + offset;
}

static void read_segments(struct elf_image *image, const uint8_t *header)
{
    unsigned count = get_le16(header + 56);
    const uint8_t *table = part(image, get_le64(header + 32), (uint64_t)count * PHDR_SIZE);

    for (unsigned i = 0; table && i < count && image->segments < ELF_IMAGE_SEGMENTS; i++) {
        const uint8_t *at = table + (size_t)i * PHDR_SIZE;
        struct elf_segment segment = {
            .address = get_le64(at + 16),
            .size = get_le64(at + 40),
            .offset = get_le64(at + 8),
            .file_size = get_le64(at + 32),
            .executable = get_le32(at + 4) & 1,
        };

        if (get_le32(at) == 1 && segment.size > 0 && segment.address + segment.size > segment.address) {
            if (!part(image, segment.offset, segment.file_size)) {
                segment.file_size = 0;
            }
            image->segment[image->segments++] = segment;
        }
    }
}

static void read_sections(struct elf_image *image, const uint8_t *header)
{
    unsigned count = get_le16(header + 60), names = get_le16(header + 62);
    const uint8_t *table = part(image, get_le64(header + 40), (uint64_t)count * SHDR_SIZE);
    uint32_t name_offset[SECTIONS_MAX];

    if (!table || count > SECTIONS_MAX) {
        return;
    }
    image->section = g_new0(struct elf_section, count + 1);
    image->sections = count;
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *at = table + (size_t)i * SHDR_SIZE;
        struct elf_section *section = &image->section[i];

        name_offset[i] = get_le32(at);
        *section = (struct elf_section){
            .name = "",
            .type = get_le32(at + 4),
            .flags = get_le64(at + 8),
            .address = get_le64(at + 16),
            .size = get_le64(at + 32),
            .link = get_le32(at + 40),
            .entry_size = get_le64(at + 56),
        };
        section->data = section->type == SHT_NOBITS ? NULL : part(image, get_le64(at + 24), section->size);
    }
    for (unsigned i = 0; i < count && names < count; i++) {
        const char *name = text_at(&image->section[names], name_offset[i]);

        image->section[i].name = name ? name : "";
    }
}

/* NT_GNU_BUILD_ID: namesz 4, descsz, type 3, "GNU\0", the id. */
static void read_build_id(struct elf_image *image)
{
    for (unsigned i = 0; i < image->sections; i++) {
        const struct elf_section *section = &image->section[i];
        uint32_t length;

        if (section->type != SHT_NOTE || !section->data || section->size < 16) {
            continue;
        }
        length = get_le32(section->data + 4);
        if (get_le32(section->data) == 4 && get_le32(section->data + 8) == 3 &&
            memcmp(section->data + 12, "GNU", 4) == 0 && length > 0 && length <= sizeof(image->build_id) &&
            length <= section->size - 16) {
            memcpy(image->build_id, section->data + 16, length);
            image->build_id_length = length;
            return;
        }
    }
}

struct elf_image *elf_image_new(GBytes *bytes, GError **error)
{
    static const uint8_t magic[] = {0x7f, 'E', 'L', 'F', 2, 1};
    gsize size;
    const uint8_t *header = g_bytes_get_data(bytes, &size);
    struct elf_image *image;
    unsigned machine;

    if (size < EHDR_SIZE || memcmp(header, magic, sizeof(magic)) != 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "not an ELF file of 64 bits, little endian");
        return NULL;
    }
    machine = get_le16(header + 18);
    if (machine != MACHINE_X86_64 && machine != MACHINE_AARCH64) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "ELF machine %u is neither x86_64 nor aarch64",
                    machine);
        return NULL;
    }
    image = g_new0(struct elf_image, 1);
    image->bytes = g_bytes_ref(bytes);
    image->arch = machine == MACHINE_X86_64 ? CPU_ARCH_X86_64 : CPU_ARCH_AARCH64;
    image->entry = get_le64(header + 24);
    if (get_le16(header + 54) == PHDR_SIZE) {
        read_segments(image, header);
    }
    if (get_le16(header + 58) == SHDR_SIZE) {
        read_sections(image, header);
    }
    read_build_id(image);
    return image;
}

void elf_image_free(struct elf_image *image)
{
    if (image) {
        g_bytes_unref(image->bytes);
        g_free(image->section);
        g_free(image);
    }
}

const struct elf_section *elf_image_section(const struct elf_image *image, const char *name)
{
    for (unsigned i = 0; i < image->sections; i++) {
        if (image->section[i].data && strcmp(image->section[i].name, name) == 0) {
            return &image->section[i];
        }
    }
    return NULL;
}

bool elf_image_extent(const struct elf_image *image, uint64_t *low, uint64_t *high)
{
    *low = UINT64_MAX;
    *high = 0;
    for (unsigned i = 0; i < image->segments; i++) {
        *low = MIN(*low, image->segment[i].address);
        *high = MAX(*high, image->segment[i].address + image->segment[i].size);
    }
    return image->segments > 0;
}

bool elf_image_executable_at(const struct elf_image *image, uint64_t address)
{
    for (unsigned i = 0; i < image->segments; i++) {
        const struct elf_segment *segment = &image->segment[i];

        if (segment->executable && address >= segment->address && address - segment->address < segment->size) {
            return true;
        }
    }
    return false;
}

/* Functions, objects and names without a type, not those that tools make for themselves ($x, .L…). */
static bool is_name(const char *text, unsigned type, unsigned section)
{
    return text && *text && *text != '$' && strncmp(text, ".L", 2) != 0 && type <= 2 && section != SHN_UNDEF &&
           section != SHN_ABS;
}

void elf_image_names(const struct elf_image *image,
                     void (*name)(void *opaque, const char *text, uint64_t address, uint64_t size, bool code,
                                  bool global),
                     void *opaque)
{
    const struct elf_section *table = NULL, *strings;

    for (unsigned i = 0; i < image->sections; i++) {
        const struct elf_section *section = &image->section[i];

        if (section->data && section->entry_size == SYM_SIZE &&
            (section->type == SHT_SYMTAB || (section->type == SHT_DYNSYM && !table))) {
            table = section;
        }
    }
    if (!table || table->link >= image->sections) {
        return;
    }
    strings = &image->section[table->link];
    for (uint64_t i = 0; i < MIN(table->size / SYM_SIZE, SYMBOLS_MAX); i++) {
        const uint8_t *at = table->data + i * SYM_SIZE;
        const char *text = text_at(strings, get_le32(at));
        unsigned type = at[4] & 15, section = get_le16(at + 6);
        uint64_t address = get_le64(at + 8);
        bool code = type == 2;

        if (!is_name(text, type, section)) {
            continue;
        }
        if (type == 0) { /* assembly: what its section says */
            code = section < image->sections ? image->section[section].flags & SHF_EXECINSTR
                                             : elf_image_executable_at(image, address);
        }
        name(opaque, text, address, get_le64(at + 16), code, at[4] >> 4);
    }
}

bool elf_image_is_sound(const struct elf_image *image)
{
    uint64_t expanded = 0;

    for (unsigned i = 1; i < image->sections; i++) {
        const struct elf_section *section = &image->section[i];

        if (section->type == SHT_NOBITS || section->type == 0) {
            continue;
        }
        if (!section->data) {
            return false;
        }
        if (section->flags & SHF_COMPRESSED) {
            uint64_t size = section->size >= CHDR_SIZE ? get_le64(section->data + 8) : UINT64_MAX;

            if (size > section->size * EXPANSION_MAX || (expanded += size) > EXPANDED_MAX) {
                return false;
            }
        } else if (g_str_has_prefix(section->name,
                                    ".zdebug")) { /* the old form of compression; nobody makes it any more */
            return false;
        }
    }
    return image->sections > 0;
}
