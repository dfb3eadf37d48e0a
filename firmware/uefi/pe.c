/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PE32+ images: checks, loading, base relocations (Microsoft PE/COFF specification, revision 11). */
#include "firmware/uefi/pe.h"

#include <stdio.h>
#include <string.h>

#include "emu/bytes.h"

#define SIZE_LIMIT 0x40000000u /* of an image in memory */
#define SECTION_HEADER 40

/* File header, from the signature on. */
#define COFF_SIZE 24
#define COFF_MACHINE 4
#define COFF_SECTIONS 6
#define COFF_OPTIONAL_SIZE 20
#define COFF_CHARACTERISTICS 22
#define CHARACTERISTIC_RELOCS_STRIPPED 0x0001

/* Optional header. */
#define OPTIONAL_MAGIC 0
#define OPTIONAL_ENTRY 16
#define OPTIONAL_BASE 24
#define OPTIONAL_ALIGNMENT 32
#define OPTIONAL_IMAGE_SIZE 56
#define OPTIONAL_HEADER_SIZE 60
#define OPTIONAL_SUBSYSTEM 68
#define OPTIONAL_DIRECTORIES 108
#define OPTIONAL_DIRECTORY 112
#define DIRECTORY_RELOCATIONS 5
#define MAGIC_PE32 0x10b
#define MAGIC_PE32_PLUS 0x20b

enum {
    RELOCATION_ABSOLUTE = 0,
    RELOCATION_HIGH = 1,
    RELOCATION_LOW = 2,
    RELOCATION_HIGHLOW = 3,
    RELOCATION_DIR64 = 10
};

G_DEFINE_QUARK(pe - error - quark, pe_error)

const char *pe_machine_name(uint16_t machine, char buffer[32])
{
    switch (machine) {
    case PE_MACHINE_X86_64:
        return "x86_64";
    case PE_MACHINE_AARCH64:
        return "aarch64";
    case PE_MACHINE_I386:
        return "32-bit x86";
    case PE_MACHINE_ARMNT:
        return "32-bit Arm";
    case PE_MACHINE_RISCV64:
        return "riscv64";
    default:
        snprintf(buffer, 32, "machine type 0x%04x", machine);
        return buffer;
    }
}

static bool bad(GError **error, const char *what)
{
    g_set_error(error, pe_error_quark(), PE_ERROR_FORMAT, "the program is no UEFI image: %s", what);
    return false;
}

/* The MZ header leads to the COFF header; NULL with @error. */
static const uint8_t *find_coff(const uint8_t *data, size_t size, GError **error)
{
    if (size < 64 || data[0] != 'M' || data[1] != 'Z') {
        bad(error, "it does not begin with MZ");
        return NULL;
    }
    uint32_t offset = get_le32(data + 60);
    if (offset > size || size - offset < COFF_SIZE || memcmp(data + offset, "PE\0\0", 4) != 0) {
        bad(error, "it has no PE header");
        return NULL;
    }
    return data + offset;
}

static bool check_section(const struct pe_image *image, const uint8_t *section, size_t size, GError **error)
{
    uint32_t virtual_size = get_le32(section + 8), address = get_le32(section + 12);
    uint32_t raw_size = get_le32(section + 16), raw = get_le32(section + 20);

    if (address > image->size || virtual_size > image->size - address)
        return bad(error, "a section lies outside the image");
    if (raw_size && (raw > size || raw_size > size - raw))
        return bad(error, "a section's data lies outside the file");
    if (MIN(raw_size, virtual_size ? virtual_size : raw_size) > image->size - address)
        return bad(error, "a section lies outside the image");
    return true;
}

static bool parse_optional(const uint8_t *optional, uint32_t optional_size, size_t size, struct pe_image *image,
                           GError **error)
{
    if (optional_size < 2 || get_le16(optional) != MAGIC_PE32_PLUS)
        return bad(error, "its header is not PE32+");
    if (optional_size < OPTIONAL_DIRECTORY)
        return bad(error, "its optional header is too short");
    image->entry = get_le32(optional + OPTIONAL_ENTRY);
    image->base = get_le64(optional + OPTIONAL_BASE);
    image->section_alignment = get_le32(optional + OPTIONAL_ALIGNMENT);
    image->size = get_le32(optional + OPTIONAL_IMAGE_SIZE);
    image->header_size = get_le32(optional + OPTIONAL_HEADER_SIZE);
    image->subsystem = get_le16(optional + OPTIONAL_SUBSYSTEM);
    if (!image->size || image->size > SIZE_LIMIT)
        return bad(error, "its size in memory is 0 or more than 1 GiB");
    if (image->header_size > size || image->header_size > image->size)
        return bad(error, "its headers are larger than the file or the image");
    if (image->entry >= image->size)
        return bad(error, "its entry point lies outside the image");
    if (image->subsystem < PE_SUBSYSTEM_EFI_APPLICATION || image->subsystem > PE_SUBSYSTEM_EFI_RUNTIME_DRIVER)
        return bad(error, "its subsystem is not an EFI one");
    if (image->base > UINT64_MAX - image->size)
        return bad(error, "its base address wraps around");
    uint32_t directories = get_le32(optional + OPTIONAL_DIRECTORIES);
    if (directories > DIRECTORY_RELOCATIONS && optional_size >= OPTIONAL_DIRECTORY + 8 * (DIRECTORY_RELOCATIONS + 1)) {
        const uint8_t *directory = optional + OPTIONAL_DIRECTORY + 8 * DIRECTORY_RELOCATIONS;
        image->relocations = get_le32(directory);
        image->relocations_size = get_le32(directory + 4);
        if (image->relocations > image->size || image->relocations_size > image->size - image->relocations)
            return bad(error, "its relocations lie outside the image");
    }
    return true;
}

bool pe_parse(const uint8_t *data, size_t size, uint16_t machine, struct pe_image *image, GError **error)
{
    const uint8_t *coff = find_coff(data, size, error);
    char have[32], want[32];

    memset(image, 0, sizeof(*image));
    if (!coff)
        return false;
    image->machine = get_le16(coff + COFF_MACHINE);
    image->sections = get_le16(coff + COFF_SECTIONS);
    image->relocations_stripped = get_le16(coff + COFF_CHARACTERISTICS) & CHARACTERISTIC_RELOCS_STRIPPED;
    if (image->machine != machine) {
        g_set_error(error, pe_error_quark(), PE_ERROR_MACHINE, "the program is made for %s, this machine is %s",
                    pe_machine_name(image->machine, have), pe_machine_name(machine, want));
        return false;
    }
    uint32_t optional_size = get_le16(coff + COFF_OPTIONAL_SIZE);
    size_t left = size - (size_t)(coff + COFF_SIZE - data);
    if (optional_size > left || (uint32_t)image->sections * SECTION_HEADER > left - optional_size)
        return bad(error, "its headers are cut off");
    if (!parse_optional(coff + COFF_SIZE, optional_size, size, image, error))
        return false;
    image->section_table = (uint32_t)(coff + COFF_SIZE + optional_size - data);
    for (unsigned i = 0; i < image->sections; i++)
        if (!check_section(image, data + image->section_table + i * SECTION_HEADER, size, error))
            return false;
    return true;
}

void pe_load(const struct pe_image *image, const uint8_t *data, size_t size, uint8_t *memory)
{
    memcpy(memory, data, MIN(image->header_size, size));
    for (unsigned i = 0; i < image->sections; i++) {
        const uint8_t *section = data + image->section_table + i * SECTION_HEADER;
        uint32_t virtual_size = get_le32(section + 8), address = get_le32(section + 12);
        uint32_t raw_size = get_le32(section + 16), raw = get_le32(section + 20);
        /* A virtual size of 0 stands for the raw size. */
        uint32_t length = virtual_size && virtual_size < raw_size ? virtual_size : raw_size;
        if (length)
            memcpy(memory + address, data + raw, length);
    }
}

static bool apply(uint8_t *memory, uint32_t image_size, uint32_t address, unsigned type, uint64_t delta, GError **error)
{
    uint32_t width = type == RELOCATION_DIR64 ? 8 : type == RELOCATION_HIGHLOW ? 4 : 2;

    if (type == RELOCATION_ABSOLUTE)
        return true;
    if (address > image_size || width > image_size - address)
        return bad(error, "a relocation lies outside the image");
    uint8_t *place = memory + address;
    switch (type) {
    case RELOCATION_DIR64:
        put_le64(place, get_le64(place) + delta);
        return true;
    case RELOCATION_HIGHLOW:
        put_le32(place, get_le32(place) + (uint32_t)delta);
        return true;
    case RELOCATION_HIGH:
        put_le16(place, (uint16_t)(get_le16(place) + (uint16_t)(delta >> 16)));
        return true;
    case RELOCATION_LOW:
        put_le16(place, (uint16_t)(get_le16(place) + (uint16_t)delta));
        return true;
    default:
        return bad(error, "it has a relocation of an unknown type");
    }
}

bool pe_relocate(const struct pe_image *image, uint8_t *memory, uint64_t address, GError **error)
{
    uint64_t delta = address - image->base;
    uint32_t offset = 0;

    if (!delta)
        return true;
    if (image->relocations_stripped)
        return bad(error, "it has no relocations and its own address is not free");
    while (image->relocations_size - offset >= 8) {
        const uint8_t *block = memory + image->relocations + offset;
        uint32_t page = get_le32(block), length = get_le32(block + 4);
        if (!length)
            break;
        if (length < 8 || length > image->relocations_size - offset)
            return bad(error, "its relocation table is damaged");
        if (page > image->size)
            return bad(error, "a relocation lies outside the image");
        for (uint32_t i = 8; i + 2 <= length; i += 2) {
            uint16_t entry = get_le16(block + i);
            if (!apply(memory, image->size, page + (entry & 0xFFF), entry >> 12, delta, error))
                return false;
        }
        offset += length;
    }
    return true;
}
