/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Backtraces at every instruction of programs that run, and on stacks that were made to mislead. */
#include "debug/symbols/elf_image.h"
#include "debug/unwind.h"
#include "tests/debug/guest.h"

#include <string.h>

#define STACK 0x7ff0000ull
#define STACK_SIZE 0x4000u
#define KERNEL 0xffffffff80001000ull /* both halves end so */
#define KERNEL_STACK 0xffffffff90000000ull
#define USER_CODE 0x400000ull

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

    if (!g_str_has_prefix(name, "fp-") && !guest_needs_dwarf()) { /* there are no frame pointers */
        return false;
    }
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

/* --- made stacks --- */

struct made {
    struct guest *guest;
    struct symbols *symbols;
    struct unwind_frame start;
};

/* "handler" of 0x100 bytes and "entry" behind it in the kernel, user code, and both stacks. */
static void make(struct made *made, enum cpu_arch arch, const void *entry, size_t length)
{
    struct symbol_module *module;

    made->guest = guest_new(arch);
    made->symbols = symbols_new(made->guest->machine);
    made->start = (struct unwind_frame){.pc = KERNEL};
    guest_put(made->guest, KERNEL, NULL, 0x1000, GUEST_EXECUTE);
    guest_put(made->guest, KERNEL + 0x100, entry, length, GUEST_EXECUTE);
    guest_put(made->guest, KERNEL_STACK, NULL, 0x2000, GUEST_WRITE);
    guest_put(made->guest, USER_CODE, NULL, 0x1000, GUEST_USER | GUEST_EXECUTE);
    guest_put(made->guest, STACK - STACK_SIZE, NULL, STACK_SIZE, GUEST_USER | GUEST_WRITE);
    module = symbols_place_table(made->symbols, SYMBOLS_ANY_SPACE, "kernel");
    symbols_name(module, KERNEL, 0x100, "handler", true);
    symbols_name(module, KERNEL + 0x100, 0x100, "entry", true);
}

static void unmake(struct made *made)
{
    symbols_free(made->symbols);
    guest_free(made->guest);
}

static GArray *unwind_made(struct made *made, char **end)
{
    struct space space;

    guest_space(made->guest, &space);
    return unwind(made->symbols, &space, &made->start, 50, end);
}

static void set(struct made *made, unsigned number, uint64_t value)
{
    made->start.registers[number] = value;
    made->start.known |= 1ull << number;
}

static const struct unwind_frame *frame_at(const GArray *frames, guint index)
{
    g_assert_cmpuint(frames->len, >, index);
    return &g_array_index(frames, struct unwind_frame, index);
}

/* Out of a handler that an entry of the kernel called, back into the program: all registers as they were. */
static void test_entry_x86_64(void)
{
    static const uint8_t entry[] = {
        0xe8, 0xfb, 0xfe, 0xff, 0xff,                                           /* call handler */
        0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0x41, 0x5b, /* pop r15 .. rbp, rbx, r11 */
        0x41, 0x5a, 0x41, 0x59, 0x41, 0x58, 0x5e, 0x5f, 0x5a, 0x59, 0x58,       /* pop r10 .. rsi, rdi, rdx, rcx, rax */
        0x48, 0xf7, 0x44, 0x24, 0x08, 3,    0,    0,    0,                      /* test qword [rsp + 8], 3 */
        0x74, 0x03, 0x0f, 0x01, 0xf8, 0x48, 0xcf,                               /* je; swapgs; iretq */
    };
    static const unsigned char order[] = {15, 14, 13, 12, 6, 3, 11, 10, 9, 8, 4, 5, 1, 2, 0};
    g_autofree char *end = NULL;
    struct made made;
    GArray *frames;
    const struct unwind_frame *frame;

    make(&made, CPU_ARCH_X86_64, entry, sizeof(entry));
    made.start.sp = KERNEL_STACK + 0x800;
    set(&made, 7, made.start.sp);
    guest_poke64(made.guest, made.start.sp, KERNEL + 0x105);
    for (unsigned i = 0; i < G_N_ELEMENTS(order); i++) {
        guest_poke64(made.guest, made.start.sp + 8 + i * 8, order[i] == 6 ? 0 : 0x1000 + order[i]);
    }
    guest_poke64(made.guest, made.start.sp + 128, USER_CODE + 0x123);
    guest_poke64(made.guest, made.start.sp + 136, 0x2b);
    guest_poke64(made.guest, made.start.sp + 144, 0x202);
    guest_poke64(made.guest, made.start.sp + 152, STACK - 64);
    frames = unwind_made(&made, &end);
    g_assert_cmpuint(frames->len, ==, 3);
    g_assert_cmphex(frame_at(frames, 1)->pc, ==, KERNEL + 0x105);
    g_assert_true(frame_at(frames, 1)->return_address);
    frame = frame_at(frames, 2);
    g_assert_cmphex(frame->pc, ==, USER_CODE + 0x123);
    g_assert_cmphex(frame->sp, ==, STACK - 64);
    g_assert_true(frame->exception && frame->user && !frame->return_address);
    g_assert_cmpint(frame->by, ==, UNWIND_BY_EXCEPTION);
    for (unsigned i = 0; i < G_N_ELEMENTS(order); i++) {
        g_assert_cmphex(frame->registers[order[i]], ==, order[i] == 6 ? 0 : 0x1000 + order[i]);
    }
    g_assert_cmpstr(end, ==, "frame pointer 0");
    g_array_unref(frames);
    unmake(&made);
}

static uint32_t load_pair(unsigned first, unsigned second)
{
    return 0xa8c103e0 | second << 10 | first; /* ldp first, second, [sp], #16 */
}

static void test_entry_aarch64(void)
{
    uint32_t entry[32] = {0x97ffffc0}; /* bl handler */
    unsigned length = 1;
    g_autofree char *end = NULL;
    struct made made;
    GArray *frames;
    const struct unwind_frame *frame;

    entry[length++] = load_pair(14, 15);
    entry[length++] = 0xd518520f; /* msr esr_el1, x15 */
    entry[length++] = 0xd518410e; /* msr sp_el0, x14 */
    entry[length++] = load_pair(14, 15);
    entry[length++] = 0xd518402f; /* msr elr_el1, x15 */
    entry[length++] = 0xd518400e; /* msr spsr_el1, x14 */
    for (unsigned i = 0; i < 30; i += i == 18 ? 1 : 2) {
        entry[length++] = i == 18 ? 0xf84107f2 : load_pair(i, i + 1); /* ldr x18, [sp], #16 */
    }
    entry[length++] = 0xd69f03e0; /* eret */
    make(&made, CPU_ARCH_AARCH64, entry, sizeof(entry));
    made.start.sp = KERNEL_STACK + 0x800;
    set(&made, 31, made.start.sp);
    set(&made, 30, KERNEL + 0x104);
    set(&made, 29, 0);
    for (unsigned i = 0; i < 64; i++) {
        guest_poke64(made.guest, made.start.sp + i * 8, 0x1000 + i);
    }
    guest_poke64(made.guest, made.start.sp, STACK - 64);             /* SP_EL0 */
    guest_poke64(made.guest, made.start.sp + 16, 0);                 /* SPSR */
    guest_poke64(made.guest, made.start.sp + 24, USER_CODE + 0x120); /* ELR */
    frames = unwind_made(&made, &end);
    frame = frame_at(frames, 2);
    g_assert_cmphex(frame->pc, ==, USER_CODE + 0x120);
    g_assert_cmphex(frame->sp, ==, STACK - 64);
    g_assert_true(frame->exception && frame->user);
    g_assert_cmphex(frame->registers[0], ==, 0x1004);
    g_assert_cmphex(frame->registers[18], ==, 0x1000 + 4 + 18);
    g_assert_cmphex(frame->registers[19], ==, 0x1000 + 4 + 20);
    g_assert_cmphex(frame->registers[30], ==, 0x1000 + 4 + 31);
    g_array_unref(frames);
    unmake(&made);
}

/* A call of address 0: what the call left behind tells who it was. */
static void test_null_call(gconstpointer data)
{
    enum cpu_arch arch = (enum cpu_arch)GPOINTER_TO_UINT(data);
    bool x86 = arch == CPU_ARCH_X86_64;
    const uint8_t call_x86_64[] = {0xff, 0xd0};              /* call rax */
    const uint8_t call_aarch64[] = {0x00, 0x01, 0x3f, 0xd6}; /* blr x8 */
    struct made made;
    GArray *frames;
    uint64_t after = KERNEL + 0x100 + (x86 ? 2 : 4);

    make(&made, arch, x86 ? call_x86_64 : call_aarch64, x86 ? 2 : 4);
    made.start.pc = 0;
    made.start.sp = KERNEL_STACK + 0x100;
    set(&made, x86 ? 7 : 31, made.start.sp);
    set(&made, x86 ? 6 : 29, KERNEL_STACK + 0x200);
    set(&made, 30, after);
    guest_poke64(made.guest, made.start.sp, after);
    frames = unwind_made(&made, NULL);
    g_assert_cmphex(frame_at(frames, 1)->pc, ==, after);
    g_assert_true(frame_at(frames, 1)->return_address);
    g_array_unref(frames);
    unmake(&made);
}

struct misled {
    const char *name;
    uint64_t next, pc; /* the record's content */
    guint frames;
    const char *end;
};

/* A frame record that leads nowhere ends the backtrace there, and says why. */
static void test_misled(gconstpointer data)
{
    enum cpu_arch arch = (enum cpu_arch)GPOINTER_TO_UINT(data);
    static const struct misled cases[] = {
        {"to itself", KERNEL_STACK + 0x100, KERNEL + 0x50, 2, "loop"},
        {"downwards", KERNEL_STACK, KERNEL + 0x50, 2, "not above its own"},
        {"out of memory", 0xffffffffa0000000, KERNEL + 0x50, 2, "is not of a stack"},
        {"misaligned", KERNEL_STACK + 0x203, KERNEL + 0x50, 2, "is not of a stack"},
        {"into data", KERNEL_STACK + 0x200, KERNEL_STACK, 1, "is not in code"},
        {"nowhere", KERNEL_STACK + 0x200, 0, 1, "return address 0"},
        {"to the end of memory", UINT64_MAX - 7, KERNEL + 0x50, 2, "is not of a stack"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *end = NULL;
        struct made made;
        GArray *frames;

        make(&made, arch, "", 1);
        made.start.pc = KERNEL + 0x50;
        made.start.return_address = true;
        made.start.sp = KERNEL_STACK + 0x80;
        set(&made, arch == CPU_ARCH_X86_64 ? 7 : 31, made.start.sp);
        set(&made, arch == CPU_ARCH_X86_64 ? 6 : 29, KERNEL_STACK + 0x100);
        guest_poke64(made.guest, KERNEL_STACK + 8, KERNEL + 0x50);
        guest_poke64(made.guest, KERNEL_STACK + 0x100, cases[i].next);
        guest_poke64(made.guest, KERNEL_STACK + 0x108, cases[i].pc);
        frames = unwind_made(&made, &end);
        g_test_message("%s: %s", cases[i].name, end);
        g_assert_cmpuint(frames->len, ==, cases[i].frames);
        g_assert_nonnull(strstr(end, cases[i].end));
        g_array_unref(frames);
        unmake(&made);
    }
}

static void add_both(const char *name, GTestDataFunc test)
{
    g_autofree char *x86_64 = g_strdup_printf("/unwind/x86_64/%s", name);
    g_autofree char *aarch64 = g_strdup_printf("/unwind/aarch64/%s", name);

    g_test_add_data_func(x86_64, GUINT_TO_POINTER(CPU_ARCH_X86_64), test);
    g_test_add_data_func(aarch64, GUINT_TO_POINTER(CPU_ARCH_AARCH64), test);
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
    g_test_add_func("/unwind/x86_64/entry", test_entry_x86_64);
    g_test_add_func("/unwind/aarch64/entry", test_entry_aarch64);
    add_both("null_call", test_null_call);
    add_both("misled", test_misled);
    return g_test_run();
}
