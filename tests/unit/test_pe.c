/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PE32+ images: what is refused and why, what stands in memory after loading. */
#include <string.h>

#include "emu/bytes.h"
#include "firmware/uefi/pe.h"

#define FILE_SIZE 0x600
#define PE_OFFSET 0x80
#define OPTIONAL (PE_OFFSET + 24)
#define SECTIONS (OPTIONAL + 0xF0)
#define IMAGE_SIZE 0x4000

static void section(uint8_t *file, unsigned index, uint32_t virtual_size, uint32_t address, uint32_t raw_size,
                    uint32_t raw)
{
    uint8_t *header = file + SECTIONS + index * 40;

    put_le32(header + 8, virtual_size);
    put_le32(header + 12, address);
    put_le32(header + 16, raw_size);
    put_le32(header + 20, raw);
}

/* Two sections: data at 0x1000 with 0x200 bytes in the file and 0x800 in memory, relocations at 0x2000. */
static uint8_t *make(void)
{
    uint8_t *file = g_malloc0(FILE_SIZE);

    memcpy(file, "MZ", 2);
    put_le32(file + 60, PE_OFFSET);
    memcpy(file + PE_OFFSET, "PE\0\0", 4);
    put_le16(file + PE_OFFSET + 4, PE_MACHINE_X86_64);
    put_le16(file + PE_OFFSET + 6, 2);
    put_le16(file + PE_OFFSET + 20, 0xF0);
    put_le16(file + OPTIONAL, 0x20b);
    put_le32(file + OPTIONAL + 16, 0x1010);
    put_le32(file + OPTIONAL + 24, 0x40000000);
    put_le32(file + OPTIONAL + 28, 1); /* base 0x140000000 */
    put_le32(file + OPTIONAL + 32, 0x1000);
    put_le32(file + OPTIONAL + 56, IMAGE_SIZE);
    put_le32(file + OPTIONAL + 60, 0x200);
    put_le16(file + OPTIONAL + 68, PE_SUBSYSTEM_EFI_APPLICATION);
    put_le32(file + OPTIONAL + 108, 16);
    put_le32(file + OPTIONAL + 112 + 40, 0x2000);
    put_le32(file + OPTIONAL + 112 + 44, 16);
    section(file, 0, 0x800, 0x1000, 0x200, 0x200);
    section(file, 1, 0x10, 0x2000, 0x200, 0x400);
    memset(file + 0x200, 0xAB, 0x200);
    memset(file + 0x210, 0, 16);
    put_le32(file + 0x210, 0x40001234); /* DIR64 at 0x1010: 0x140001234 */
    put_le32(file + 0x214, 1);
    put_le32(file + 0x218, 0x40005678); /* HIGHLOW at 0x1018 */
    put_le32(file + 0x400, 0x1000);
    put_le32(file + 0x404, 16);
    put_le16(file + 0x408, 10 << 12 | 0x010);
    put_le16(file + 0x40A, 3 << 12 | 0x018);
    put_le16(file + 0x40C, 0);
    put_le16(file + 0x40E, 0);
    return file;
}

static void refused(uint8_t *file, size_t size, const char *words)
{
    g_autoptr(GError) error = NULL;
    struct pe_image image;

    g_assert_false(pe_parse(file, size, PE_MACHINE_X86_64, &image, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, words));
    g_free(file);
}

static void test_load(void)
{
    g_autofree uint8_t *file = make();
    g_autofree uint8_t *memory = g_malloc0(IMAGE_SIZE);
    struct pe_image image;

    g_assert_true(pe_parse(file, FILE_SIZE, PE_MACHINE_X86_64, &image, NULL));
    g_assert_cmphex(image.base, ==, 0x140000000);
    g_assert_cmphex(image.entry, ==, 0x1010);
    g_assert_cmphex(image.size, ==, IMAGE_SIZE);
    pe_load(&image, file, FILE_SIZE, memory);
    g_assert_cmpint(memcmp(memory, file, 0x200), ==, 0); /* headers */
    g_assert_cmphex(memory[0x200], ==, 0);
    g_assert_cmphex(memory[0x1000], ==, 0xAB);
    g_assert_cmphex(memory[0x11FF], ==, 0xAB);
    for (unsigned i = 0x1200; i < 0x2000; i++)
        g_assert_cmphex(memory[i], ==, 0); /* the tail is zero */
    g_assert_cmphex(get_le32(memory + 0x2000), ==, 0x1000);
    g_assert_cmphex(memory[0x2010], ==, 0); /* no more than the virtual size */
}

static void test_relocate(void)
{
    g_autofree uint8_t *file = make();
    g_autofree uint8_t *memory = g_malloc0(IMAGE_SIZE);
    struct pe_image image;

    g_assert_true(pe_parse(file, FILE_SIZE, PE_MACHINE_X86_64, &image, NULL));
    pe_load(&image, file, FILE_SIZE, memory);
    g_assert_true(pe_relocate(&image, memory, 0x7F000000, NULL));
    g_assert_cmphex(get_le32(memory + 0x1010), ==, 0x7F001234);
    g_assert_cmphex(get_le32(memory + 0x1014), ==, 0);
    g_assert_cmphex(get_le32(memory + 0x1018), ==, 0x7F005678);
    g_assert_cmphex(get_le32(memory + 0x1000), ==, 0xABABABAB); /* ABSOLUTE entries change nothing */
}

static void test_relocate_at_base(void)
{
    g_autofree uint8_t *file = make();
    g_autofree uint8_t *memory = g_malloc0(IMAGE_SIZE);
    struct pe_image image;

    put_le16(file + PE_OFFSET + 22, 1); /* relocations stripped */
    g_assert_true(pe_parse(file, FILE_SIZE, PE_MACHINE_X86_64, &image, NULL));
    pe_load(&image, file, FILE_SIZE, memory);
    g_assert_true(pe_relocate(&image, memory, 0x140000000, NULL));
    g_assert_cmphex(get_le32(memory + 0x1010), ==, 0x40001234);
    g_autoptr(GError) error = NULL;
    g_assert_false(pe_relocate(&image, memory, 0x7F000000, &error));
    g_assert_nonnull(strstr(error->message, "no relocations"));
}

static void relocation_refused(unsigned offset, uint32_t value, const char *words)
{
    g_autofree uint8_t *file = make();
    g_autofree uint8_t *memory = g_malloc0(IMAGE_SIZE);
    g_autoptr(GError) error = NULL;
    struct pe_image image;

    put_le32(file + offset, value);
    g_assert_true(pe_parse(file, FILE_SIZE, PE_MACHINE_X86_64, &image, NULL));
    pe_load(&image, file, FILE_SIZE, memory);
    g_assert_false(pe_relocate(&image, memory, 0, &error));
    g_assert_nonnull(strstr(error->message, words));
}

static void test_bad_relocations(void)
{
    relocation_refused(0x400, IMAGE_SIZE - 4, "outside");
    relocation_refused(0x400, 0xFFFFF000, "outside");
    relocation_refused(0x404, 17, "damaged");
    relocation_refused(0x404, 4, "damaged");
    relocation_refused(0x408, 7 << 12, "unknown type");
}

static void test_machine(void)
{
    uint8_t *file = make();
    g_autoptr(GError) error = NULL;
    struct pe_image image;

    put_le16(file + PE_OFFSET + 4, PE_MACHINE_AARCH64);
    g_assert_false(pe_parse(file, FILE_SIZE, PE_MACHINE_X86_64, &image, &error));
    g_assert_error(error, pe_error_quark(), PE_ERROR_MACHINE);
    g_assert_cmpstr(error->message, ==, "the program is made for aarch64, this machine is x86_64");
    g_assert_true(pe_parse(file, FILE_SIZE, PE_MACHINE_AARCH64, &image, NULL));
    put_le16(file + PE_OFFSET + 4, PE_MACHINE_I386);
    refused(file, FILE_SIZE, "32-bit x86");
}

static void test_bad_headers(void)
{
    uint8_t *file = make();

    file[0] = 'Z';
    refused(file, FILE_SIZE, "MZ");
    refused(make(), 63, "MZ");
    file = make();
    put_le32(file + 60, 0xFFFFFFF0);
    refused(file, FILE_SIZE, "no PE header");
    file = make();
    put_le32(file + 60, FILE_SIZE - 8);
    refused(file, FILE_SIZE, "no PE header");
    refused(make(), SECTIONS + 50, "cut off");
    file = make();
    put_le16(file + PE_OFFSET + 20, 0x40);
    refused(file, FILE_SIZE, "too short");
    file = make();
    put_le16(file + OPTIONAL, 0x10b);
    refused(file, FILE_SIZE, "PE32+");
    file = make();
    put_le32(file + OPTIONAL + 56, 0);
    refused(file, FILE_SIZE, "size in memory");
    file = make();
    put_le32(file + OPTIONAL + 56, 0x80000000);
    refused(file, FILE_SIZE, "size in memory");
    file = make();
    put_le32(file + OPTIONAL + 60, 0x700);
    refused(file, FILE_SIZE, "headers are larger");
    file = make();
    put_le32(file + OPTIONAL + 16, IMAGE_SIZE);
    refused(file, FILE_SIZE, "entry point");
    file = make();
    put_le16(file + OPTIONAL + 68, 3);
    refused(file, FILE_SIZE, "subsystem");
    file = make();
    put_le32(file + OPTIONAL + 112 + 44, IMAGE_SIZE);
    refused(file, FILE_SIZE, "relocations lie outside");
}

static void test_bad_sections(void)
{
    uint8_t *file = make();

    section(file, 0, 0x800, 0x1000, 0x200, 0x500); /* ends behind the file */
    refused(file, FILE_SIZE, "outside the file");
    file = make();
    section(file, 0, 0x800, 0x1000, 0xFFFFFFFF, 0x200);
    refused(file, FILE_SIZE, "outside the file");
    file = make();
    section(file, 0, 0x800, 0x3900, 0x200, 0x200);
    refused(file, FILE_SIZE, "outside the image");
    file = make();
    section(file, 0, 0xFFFFFFFF, 0x1000, 0x200, 0x200);
    refused(file, FILE_SIZE, "outside the image");
    file = make();
    section(file, 0, 0, IMAGE_SIZE - 0x100, 0x200, 0x200); /* virtual size 0: the raw size counts */
    refused(file, FILE_SIZE, "outside the image");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pe/load", test_load);
    g_test_add_func("/pe/relocate", test_relocate);
    g_test_add_func("/pe/relocate-at-base", test_relocate_at_base);
    g_test_add_func("/pe/bad-relocations", test_bad_relocations);
    g_test_add_func("/pe/machine", test_machine);
    g_test_add_func("/pe/bad-headers", test_bad_headers);
    g_test_add_func("/pe/bad-sections", test_bad_sections);
    return g_test_run();
}
