/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Backtraces at every instruction of programs that run, and on stacks that were made to mislead. */
#include "debug/symbols/elf_image.h"
#include "debug/unwind.h"
#include "tests/debug/guest.h"

#include <string.h>

#define STACK 0x7ff0000ull
#define STACK_SIZE 0x4000u
#define UPPER_X86_64 0xffffffff80000000ull
#define UPPER_AARCH64 0xffff800000000000ull

static char *fixtures; /* a folder; set once from the arguments */

struct fixture {
    struct guest *guest;
    struct symbols *symbols;
    struct elf_image *image;
};

static void set_pc_sp(struct guest *guest, uint64_t pc, uint64_t sp)
{
    if (guest->arch == CPU_ARCH_X86_64) {
        x86_64_set_rip(guest->cpu, pc);
        x86_64_set_gpr(guest->cpu, X86_64_RSP, sp);
        x86_64_set_gpr(guest->cpu, X86_64_RBP, 0);
    } else {
        struct aarch64_registers registers;

        aarch64_get_registers(guest->cpu, &registers);
        registers.pc = pc;
        registers.sp = sp;
        registers.x[29] = registers.x[30] = 0;
        registers.pstate = 0x3c5;
        aarch64_set_registers(guest->cpu, &registers);
    }
}

static bool set_up(struct fixture *fixture, const char *name)
{
    g_autofree char *path = g_build_filename(fixtures, name, NULL), *bytes = NULL;
    g_autoptr(GBytes) file = NULL;
    gsize length;

    if (!g_file_get_contents(path, &bytes, &length, NULL)) {
        g_test_skip("the compiler for this fixture is not there");
        return false;
    }
    file = g_bytes_new(bytes, length);
    fixture->guest = guest_new(strstr(name, "aarch64") ? CPU_ARCH_AARCH64 : CPU_ARCH_X86_64);
    fixture->symbols = symbols_new(fixture->guest->machine);
    fixture->image = elf_image_new(file, NULL);
    g_assert_nonnull(fixture->image);
    for (unsigned i = 0; i < fixture->image->segments; i++) {
        const struct elf_segment *segment = &fixture->image->segment[i];

        guest_put(fixture->guest, segment->address, NULL, segment->size, GUEST_WRITE | GUEST_EXECUTE);
        guest_put(fixture->guest, segment->address, bytes + segment->offset, segment->file_size, GUEST_WRITE);
    }
    guest_put(fixture->guest, STACK - STACK_SIZE, NULL, STACK_SIZE, GUEST_WRITE);
    symbols_place(fixture->symbols, SYMBOLS_ANY_SPACE, name, file, 0);
    return true;
}

static void tear_down(struct fixture *fixture)
{
    elf_image_free(fixture->image);
    symbols_free(fixture->symbols);
    guest_free(fixture->guest);
}

/* "leaf < caller < last_call < _start" and the reason of the end */
static char *backtrace(struct fixture *fixture, char **end)
{
    GString *text = g_string_new(NULL);
    struct space space;
    struct unwind_frame start;
    GArray *frames;

    guest_space(fixture->guest, &space);
    unwind_start(fixture->guest->cpu, &start);
    frames = unwind(fixture->symbols, &space, &start, 20, end);
    for (guint i = 0; i < frames->len; i++) {
        const struct unwind_frame *frame = &g_array_index(frames, struct unwind_frame, i);
        struct symbol_location location;

        symbols_locate(fixture->symbols, 0, frame->pc, frame->return_address, &location);
        g_string_append_printf(text, "%s%s", i ? " < " : "", location.symbol ? location.symbol : "?");
    }
    g_array_unref(frames);
    return g_string_free(text, FALSE);
}

static const char *expected(const char *function)
{
    static const char *const chains[] = {
        "_start",
        "last_call < _start",
        "caller < last_call < _start",
        "leaf < caller < last_call < _start",
        "stop < last_call < _start",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(chains); i++) {
        if (strncmp(chains[i], function, strlen(function)) == 0 && strchr(" ", chains[i][strlen(function)])) {
            return chains[i];
        }
    }
    return NULL;
}

/* While a function makes and drops its frame, what clang says of aarch64 is said for the whole of that at once. */
static bool is_told(const struct fixture *fixture, const char *name, uint64_t offset)
{
    struct space space;
    uint32_t before = 0;

    if (!g_str_has_prefix(name, "c-aarch64")) {
        return true;
    }
    guest_space(fixture->guest, &space);
    space_read_u32(&space, cpu_pc(fixture->guest->cpu) - 4, &before);
    return offset != 4 && (before & 0xff0003ff) != 0x910003ff; /* ADD SP, SP, #n */
}

static void test_every_instruction(gconstpointer name)
{
    struct fixture fixture;
    unsigned seen_leaf = 0, seen_stop = 0;

    if (!set_up(&fixture, name)) {
        return;
    }
    set_pc_sp(fixture.guest, fixture.image->entry, STACK - (fixture.guest->arch == CPU_ARCH_X86_64 ? 8 : 16));
    for (unsigned i = 0; i < 5000 && seen_stop < 3; i++) {
        struct symbol_location location;
        g_autofree char *chain = NULL, *end = NULL;

        g_assert_true(symbols_locate(fixture.symbols, 0, cpu_pc(fixture.guest->cpu), false, &location));
        chain = backtrace(&fixture, &end);
        if (is_told(&fixture, name, location.offset)) {
            g_assert_cmpstr(chain, ==, expected(location.symbol));
        }
        /* on aarch64 a function that does not return need not keep its own return address: it seems to have called itself */
        g_assert_true(strcmp(end, "return address 0") == 0 || strcmp(end, "loop") == 0 ||
                      strcmp(end, "frame pointer 0") == 0 || !is_told(&fixture, name, location.offset));
        seen_leaf += strcmp(location.symbol, "leaf") == 0;
        seen_stop += strcmp(location.symbol, "stop") == 0;
        machine_set_limits(fixture.guest->machine, 0, machine_instructions(fixture.guest->machine) + 1);
        g_assert_cmpint(machine_run(fixture.guest->machine), ==, MACHINE_STOP_LIMIT);
    }
    g_assert_cmpuint(seen_leaf, >, 3);
    g_assert_cmpuint(seen_stop, ==, 3);
    tear_down(&fixture);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"c-x86_64-4",  "c-x86_64-5",  "fp-x86_64",
                                        "c-aarch64-4", "c-aarch64-5", "fp-aarch64"};

    g_test_init(&argc, &argv, NULL);
    fixtures = argv[1];
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strdup_printf("/unwind/%s/every_instruction", names[i]);

        g_test_add_data_func(path, names[i], test_every_instruction);
    }
    return g_test_run();
}
