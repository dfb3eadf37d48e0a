/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Redox's kernel maps its whole ELF file, headers and tables of names included, from KERNEL_OFFSET on: its own backtraces read
 * it there.  Offsets in the file are offsets from that address.
 */
#include "debug/symbols/internal.h"
#include "emu/bytes.h"

#include <string.h>

#define OFFSET_X86_64 0xffffffff80000000ull
#define OFFSET_AARCH64 0xffffff0000000000ull
#define IMAGE_MAX (64u << 20)
#define EHDR_SIZE 64u
#define SHDR_SIZE 64u
#define SHT_NOBITS 8u

/* The length of the file by its table of sections; 0: there is none that makes sense. */
static uint64_t image_length(const struct space *space, uint64_t base)
{
    uint8_t header[EHDR_SIZE], section[SHDR_SIZE];
    uint64_t table, length;
    unsigned count;

    if (space_read(space, base, header, sizeof(header)) != sizeof(header) || memcmp(header, "\177ELF\2\1", 6) != 0 ||
        get_le(header + 58, 2) != SHDR_SIZE) {
        return 0;
    }
    table = get_le(header + 40, 8);
    count = (unsigned)get_le(header + 60, 2);
    length = table + (uint64_t)count * SHDR_SIZE;
    if (table < EHDR_SIZE || table > IMAGE_MAX || count == 0) {
        return 0;
    }
    for (unsigned i = 0; i < count; i++) {
        uint64_t offset, size;

        if (space_read(space, base + table + (uint64_t)i * SHDR_SIZE, section, sizeof(section)) != sizeof(section)) {
            return 0;
        }
        offset = get_le(section + 24, 8);
        size = get_le(section + 32, 8);
        if (get_le(section + 4, 4) != SHT_NOBITS && offset <= IMAGE_MAX && size <= IMAGE_MAX) {
            length = MAX(length, offset + size);
        }
    }
    return length <= IMAGE_MAX ? length : 0;
}

bool symbols_redox_is_there(struct symbols *symbols, struct cpu *cpu, const struct symbol_module *module)
{
    uint8_t header[EHDR_SIZE];
    struct space space;

    space_current(symbols->machine, cpu, &space);
    return space_read(&space, module->low, header, sizeof(header)) == sizeof(header) &&
           memcmp(header, g_bytes_get_data(module->image->image->bytes, NULL), sizeof(header)) == 0;
}

struct symbol_module *symbols_find_redox(struct symbols *symbols, struct cpu *cpu)
{
    uint64_t base = cpu_architecture(cpu) == CPU_ARCH_X86_64 ? OFFSET_X86_64 : OFFSET_AARCH64;
    struct symbol_module *module = NULL;
    struct space space;
    uint64_t length, low, high;
    uint8_t *bytes;
    g_autoptr(GBytes) image = NULL;

    space_current(symbols->machine, cpu, &space);
    length = image_length(&space, base);
    if (length == 0) {
        return NULL;
    }
    bytes = g_malloc(length);
    if (space_read(&space, base, bytes, length) != length) {
        g_free(bytes);
        return NULL;
    }
    image = g_bytes_new_take(bytes, length);
    module = symbols_place(symbols, SYMBOLS_ANY_SPACE, "kernel", image, 0);
    if (!module->image || !elf_image_extent(module->image->image, &low, &high) || low != base) {
        g_ptr_array_remove(symbols->modules, module); /* something else that looks like an ELF file */
        return NULL;
    }
    return module;
}
