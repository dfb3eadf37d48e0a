/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel or a program that gives up, in memory of arbitrary bytes: panics of Rust and of Linux, registers that a kernel has kept, what
 * the console says, and the report of it all.  The input is registers, then what stands at MEMORY.
 */
#include "debug/trap/internal.h"
#include "emu/bytes.h"
#include "tests/debug/guest.h"
#include "tests/fuzz/fuzz.h"

#define MEMORY UINT64_C(0x7000000)
#define MEMORY_SIZE (16u << 10)
#define FORMATTERS (MEMORY + 0x3000) /* where functions with the names below stand, 16 bytes each */
#define TASK_STATE (MEMORY + 0x2000) /* the TSS of x86_64, which tells of the kernel stack */

struct input {
    uint8_t aarch64, user, panics, vector;
    uint8_t reserved[4];
    uint64_t info; /* what is given to the readers of panics */
    uint64_t syndrome, address;
    uint64_t argument[4];
    uint64_t pc, sp;
    uint64_t registers[30];
};

static const char *const formatters[] = {
    "<u32 as core::fmt::Display>::fmt",
    "core::fmt::num::imp::<impl core::fmt::Display for i64>::fmt",
    "<u8 as core::fmt::LowerHex>::fmt",
    "<str as core::fmt::Display>::fmt",
    "<&T as core::fmt::Debug>::fmt",
    "<alloc::string::String as core::fmt::Display>::fmt",
    "<&dyn core::fmt::Debug as core::fmt::Debug>::fmt",
    "<driver::Error as core::fmt::Debug>::fmt",
};

static void set_registers(struct guest *guest, const struct input *input)
{
    if (guest->arch == CPU_ARCH_X86_64) {
        struct x86_64_registers registers;

        x86_64_get_registers(guest->cpu, &registers);
        memcpy(registers.gpr, input->registers, sizeof(registers.gpr));
        registers.gpr[X86_64_RSP] = input->sp;
        registers.rip = input->pc;
        registers.segment[X86_64_TR].base = TASK_STATE;
        x86_64_set_registers(guest->cpu, &registers);
    } else {
        struct aarch64_registers registers;

        aarch64_get_registers(guest->cpu, &registers);
        memcpy(registers.x, input->registers, sizeof(input->registers));
        registers.sp = input->sp;
        registers.pc = input->pc;
        aarch64_set_registers(guest->cpu, &registers);
    }
}

static void on_trap(void *opaque, const struct trap *trap)
{
    struct traps *traps = opaque;
    g_autofree char *text = trap_report_text(traps->symbols, traps->os, NULL, trap, false);
    g_autofree char *json = trap_report_json(traps->symbols, traps->os, NULL, trap);

    g_assert_true(*text && *json && *trap->cause);
}

static void read_panics(struct traps *traps, const struct space *space, const struct input *input)
{
    struct unwind_frame frame;
    uint64_t flags, syndrome;

    g_free(panic_of_rust(traps->symbols, space, input->info));
    g_free(panic_of_rust_on_stack(traps->symbols, space, input->sp, input->sp + MEMORY_SIZE));
    g_free(panic_of_linux(space, input->info, input->argument, G_N_ELEMENTS(input->argument)));
    trap_linux_registers(space, input->info, &frame, &flags);
    trap_redox_user_frame(traps, space->cpu, &frame, &flags, &syndrome);
}

static void die(struct traps *traps, const struct input *input)
{
    const struct cpu_exception exception = {.pc = input->pc,
                                            .address = input->address,
                                            .syndrome = input->syndrome,
                                            .vector = input->vector,
                                            .from_level = input->user & 1 ? 3 : 0};
    struct cpu *cpu = machine_cpu(traps->machine, 0);
    struct trap *trap = trap_capture(traps, cpu, input->panics & 1 ? NULL : &exception);

    trap->frame.user = input->user & 1;
    if (input->panics & 1)
        trap->message = panic_of_rust(traps->symbols, &trap->space, input->info);
    g_free(trap_double_fault(trap));
    trap_raise(traps, trap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct guest *guests[2];
    struct input input;
    struct space space;
    uint8_t page[MEMORY_SIZE] = {0};

    if (size <= sizeof(input))
        return 0;
    memcpy(&input, data, sizeof(input));
    memcpy(page, data + sizeof(input), MIN(size - sizeof(input), sizeof(page)));

    struct guest **guest = &guests[input.aarch64 & 1];
    if (!*guest) {
        *guest = guest_new(input.aarch64 & 1 ? CPU_ARCH_AARCH64 : CPU_ARCH_X86_64);
        guest_put(*guest, MEMORY, NULL, sizeof(page), GUEST_WRITE | GUEST_EXECUTE | GUEST_USER);
    }
    guest_load_roots(*guest);
    guest_space(*guest, &space);
    g_assert_cmpuint(space_write(&space, MEMORY, page, sizeof(page)), ==, sizeof(page));
    set_registers(*guest, &input);

    struct symbols *symbols = symbols_new((*guest)->machine);
    struct symbol_module *table = symbols_place_table(symbols, SYMBOLS_ANY_SPACE, "kernel");
    for (unsigned i = 0; i < G_N_ELEMENTS(formatters); i++)
        symbols_name(table, FORMATTERS + 16 * i, 16, formatters[i], true);
    struct os *os = os_new((*guest)->machine, symbols);
    struct traps *traps = traps_new((*guest)->machine, symbols, os, NULL);
    traps_set_handler(traps, on_trap, traps);
    traps_enable(traps, TRAP_ALL);

    traps_console(traps, page, TRAP_CONSOLE / 2);
    g_free(trap_text_panic(traps));
    read_panics(traps, &space, &input);
    die(traps, &input);

    traps_free(traps);
    os_free(os);
    symbols_free(symbols);
    return 0;
}

static void put_text(uint8_t *memory, unsigned at, const char *text)
{
    memcpy(memory + at, text, strlen(text));
}

/* A PanicInfo with "index {} of {}" in the older layout and, where the stack is, one with a template. */
void fuzz_seed(GByteArray *seed)
{
    struct input input = {.info = MEMORY, .pc = FORMATTERS + 4, .sp = MEMORY + 0x1000, .vector = X86_VECTOR_PF};
    g_autofree uint8_t *memory = g_malloc0(MEMORY_SIZE);
    static const uint64_t words[][2] = {
        {0x000, MEMORY + 0x100}, /* message */
        {0x008, MEMORY + 0x080}, /* location */
        {0x080, MEMORY + 0x200},
        {0x088, 11},
        {0x090, UINT64_C(5) << 32 | 12},
        {0x100, MEMORY + 0x140},
        {0x108, 2}, /* pieces */
        {0x110, MEMORY + 0x180},
        {0x118, 2}, /* arguments */
        {0x140, MEMORY + 0x220},
        {0x148, 6},
        {0x150, MEMORY + 0x230},
        {0x158, 4},
        {0x180, MEMORY + 0x240},
        {0x188, FORMATTERS},
        {0x190, MEMORY + 0x250},
        {0x198, FORMATTERS + 48},
        {0x240, 7},
        {0x250, MEMORY + 0x220},
        {0x258, 5},
        {0x1000, MEMORY + 0x1040},
        {0x1008, MEMORY + 0x080}, /* on the stack */
        {0x1040, MEMORY + 0x260},
        {0x1048, MEMORY + 0x180},
        {0x2004, MEMORY + 0x1800}, /* RSP0 */
        {0x17E0, 0x33},
        {0x17E8, 0x202},
        {0x17F0, MEMORY + 0x1000},
        {0x17F8, 0x2B}, /* CS, RFLAGS, RSP, SS */
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        put_le64(memory + words[i][0], words[i][1]);
    put_text(memory, 0x200, "src/main.rs");
    put_text(memory, 0x220, "index ");
    put_text(memory, 0x230, " of ");
    put_text(memory, 0x260, "\xC0\x04 of \xC0");
    put_text(memory, 0x300,
             "\nUNHANDLED EXCEPTION, CPU #0, PID 12, NAME /usr/lib/drivers/e1000d, CONTEXT 0x0\n"
             "thread 'main' panicked at src/main.rs:12:5:\nno such disk\nKERNEL PANIC: %s %lx\n");
    put_text(memory, 0x3004, "\x48\x8b\x00\xc3"); /* mov rax, [rax]; ret */
    for (unsigned i = 0; i < G_N_ELEMENTS(input.registers); i++)
        input.registers[i] = MEMORY + 0x1000 + i * 8;
    g_byte_array_append(seed, (const uint8_t *)&input, sizeof(input));
    g_byte_array_append(seed, memory, MEMORY_SIZE);
}
