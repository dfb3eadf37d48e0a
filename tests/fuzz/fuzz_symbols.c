/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program of arbitrary bytes: ELF, DWARF, names, call frame information. */
#include "debug/symbols/symbols.h"
#include "debug/unwind.h"
#include "tests/debug/guest.h"
#include "tests/fuzz/elf_sample.h"
#include "tests/fuzz/fuzz.h"

#define STACK 0x7ff0000ull

static void look(struct symbols *symbols, const struct space *space, uint64_t address)
{
    struct symbol_location location;
    struct unwind_frame start = {.pc = address, .sp = STACK - 512, .known = UINT64_MAX >> 31};
    g_autofree char *end = NULL;
    uint64_t from = 0, to = 0;
    GArray *frames;

    g_free(symbols_describe(symbols, 0, address));
    symbols_locate(symbols, 0, address, false, &location);
    g_assert_cmpuint(location.frames, <=, SYMBOLS_FRAMES);
    if (symbols_line_range(symbols, 0, address, &from, &to)) {
        g_assert_true(from <= address);
    }
    for (unsigned i = 0; i < UNWIND_REGISTERS; i++) {
        start.registers[i] = STACK - 512 + i * 8;
    }
    frames = unwind(symbols, space, &start, 16, &end);
    g_assert_cmpuint(frames->len, >=, 1);
    g_assert_nonnull(end);
    g_array_unref(frames);
}

static void resolve(struct symbols *symbols, const char *text)
{
    g_array_unref(symbols_resolve(symbols, 0, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct guest *guest; /* of which nothing is changed */
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    struct symbols *symbols;
    struct space space;
    uint64_t offset, length;

    if (!guest) {
        guest = guest_new(CPU_ARCH_X86_64);
        guest_put(guest, STACK - 0x1000, NULL, 0x2000, GUEST_WRITE);
        guest_put(guest, 0x200000, NULL, 0x4000, GUEST_EXECUTE);
    }
    guest_space(guest, &space);
    symbols = symbols_new(guest->machine);
    symbols_place(symbols, SYMBOLS_ANY_SPACE, "program", bytes, 0);
    for (uint64_t address = 0x200000; address < 0x202800; address += 131) {
        look(symbols, &space, address);
    }
    resolve(symbols, "leaf");
    resolve(symbols, "fixture.c:30");
    g_ptr_array_unref(symbols_complete(symbols, 0, "l", 10));
    symbols_member(symbols, "outer", "in.value", &offset, &length);
    symbols_member(symbols, "outer", "both.bytes", &offset, &length);
    symbols_type_size(symbols, "long", &length);
    symbols_free(symbols);
    return 0;
}

/* The fixture of the debugger's tests, where it was built. */
void fuzz_seed(GByteArray *seed)
{
    g_autofree char *bytes = NULL;
    gsize length;

    if (g_file_get_contents(FUZZ_FIXTURE, &bytes, &length, NULL)) {
        g_byte_array_append(seed, (const uint8_t *)bytes, (guint)length);
    } else {
        elf_sample(seed);
    }
}
