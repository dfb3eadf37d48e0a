/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program of arbitrary bytes: ELF, DWARF, names, call frame information. */
#include "debug/symbols/symbols.h"
#include "debug/unwind.h"
#include "tests/debug/guest.h"
#include "tests/fuzz/elf_sample.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define STACK 0x7ff0000ull

static void look_at_value(const struct symbol_value *value, unsigned depth)
{
    struct symbol_value *part;
    g_autofree char *text = symbol_value_text(value, 300);
    uint64_t number;

    g_assert_cmpuint(strlen(text), <=, 303);
    symbol_value_number(value, &number, NULL);
    symbol_value_address(value, &number);
    for (unsigned i = 0; i < 3 && depth < 3; i++) {
        part = i == 0   ? symbol_value_member(value, "x", NULL)
               : i == 1 ? symbol_value_element(value, 1, NULL)
                        : symbol_value_target(value, NULL);
        if (part) {
            look_at_value(part, depth + 1);
            symbol_value_free(part);
        }
    }
}

static void look_at_variables(struct symbols *symbols, const struct space *space, const struct unwind_frame *frame)
{
    static const char *const names[] = {"value", "whole", "at", "here", "numbers", "flags", "thing"};
    struct symbol_context caller = {
        .space = space,
        .pc = frame->pc,
        .return_address = true,
        .registers = frame->registers,
        .known = frame->known,
    };
    struct symbol_context context = caller;

    context.return_address = false;
    context.caller = &caller;
    context.cfa_known = unwind_cfa(symbols, space, frame, &context.cfa);
    g_ptr_array_unref(symbols_variables(symbols, &context, 200));
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        struct symbol_value *value = symbols_variable(symbols, &context, names[i]);

        if (value) {
            look_at_value(value, 0);
            symbol_value_free(value);
        }
    }
}

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
    look_at_variables(symbols, space, &start);
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
    for (uint64_t address = 0x203000; address < 0x204000; address += 8) {
        struct symbol_value *value = symbols_global(symbols, &space, address);

        if (value) {
            look_at_value(value, 0);
            symbol_value_free(value);
        }
    }
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
