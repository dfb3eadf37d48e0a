/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of arbitrary bytes: page tables, code and stacks alike.  The input is registers, then what stands at the beginning of RAM.
 */
#include "debug/unwind.h"
#include "tests/debug/guest.h"
#include "tests/fuzz/fuzz.h"

#define MEMORY_SIZE (60u << 10)

struct input {
    uint8_t aarch64, four_level;
    uint8_t reserved[6];
    uint64_t control; /* CR4 or TCR_EL1 */
    uint64_t root, kernel_root;
    uint64_t lstar;
    uint64_t registers[UNWIND_REGISTERS];
};

static void set_up(struct guest *guest, const struct input *input)
{
    guest->root = input->root;
    guest->kernel_root = input->kernel_root;
    guest_load_roots(guest);
    if (guest->arch == CPU_ARCH_X86_64) {
        struct x86_64_registers registers;

        x86_64_get_registers(guest->cpu, &registers);
        registers.lstar = input->lstar;
        if (!input->four_level) {
            registers.efer = 0x800;
            registers.cr4 = input->control & 0x30;
            registers.segment[X86_64_CS].attributes = 0xc09b;
        }
        x86_64_set_registers(guest->cpu, &registers);
    } else {
        struct aarch64_registers registers;

        aarch64_get_registers(guest->cpu, &registers);
        registers.tcr_el1 = input->control;
        registers.vbar_el1 = input->lstar;
        aarch64_set_registers(guest->cpu, &registers);
    }
}

static void look(struct guest *guest, const struct input *input)
{
    struct symbols *symbols = symbols_new(guest->machine);
    struct unwind_frame start = {.pc = input->registers[16], .sp = input->registers[7], .known = UINT64_MAX >> 31};
    g_autofree char *end = NULL;
    struct space space;
    GArray *frames;

    guest_space(guest, &space);
    for (unsigned i = 0; i < UNWIND_REGISTERS; i++) {
        struct space_walk walk;

        start.registers[i] = input->registers[i];
        space_walk(&space, input->registers[i], &walk);
        g_assert_cmpuint(walk.steps, <=, 5);
        g_assert_true(walk.mapped || *walk.why);
        g_free(space_read_text(&space, input->registers[i], 64));
    }
    symbols_find_kernel(symbols, guest->cpu);
    start.return_address = input->reserved[0] & 1;
    frames = unwind(symbols, &space, &start, 300, &end);
    g_assert_true(frames->len >= 1 && frames->len <= 300);
    g_assert_nonnull(end);
    g_array_unref(frames);
    symbols_free(symbols);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct guest *guests[2];
    struct input input;
    struct guest *guest;

    if (size <= sizeof(input)) {
        return 0;
    }
    memcpy(&input, data, sizeof(input));
    guest = guests[input.aarch64 & 1];
    if (!guest) {
        guest = guests[input.aarch64 & 1] = guest_new((input.aarch64 & 1) ? CPU_ARCH_AARCH64 : CPU_ARCH_X86_64);
    }
    memory_set(machine_memory(guest->machine), guest->ram, 0, MEMORY_SIZE);
    memory_write(machine_memory(guest->machine), guest->ram, data + sizeof(input),
                 MIN(size - sizeof(input), MEMORY_SIZE));
    set_up(guest, &input);
    look(guest, &input);
    return 0;
}

/* A stack of frame records that is sound, with code around the return addresses. */
void fuzz_seed(GByteArray *seed)
{
    struct guest *guest = guest_new(CPU_ARCH_X86_64);
    struct input input = {.four_level = 1, .root = guest->root, .kernel_root = guest->root};
    uint8_t *memory = g_malloc(MEMORY_SIZE);

    guest_put(guest, 0x400000, "\xe8\0\0\0\0\xc3\x48\xcf", 8, GUEST_EXECUTE);
    guest_put(guest, 0x7000000, NULL, 0x2000, GUEST_WRITE);
    for (unsigned i = 0; i < 20; i++) {
        guest_poke64(guest, 0x7000000 + i * 32, 0x7000000 + (i + 1) * 32);
        guest_poke64(guest, 0x7000000 + i * 32 + 8, 0x400005);
    }
    for (unsigned i = 0; i < UNWIND_REGISTERS; i++) {
        input.registers[i] = 0x7000000 + i;
    }
    input.registers[6] = input.registers[7] = 0x7000000;
    input.registers[16] = 0x400002;
    memory_read(machine_memory(guest->machine), guest->ram, memory, MEMORY_SIZE);
    g_byte_array_append(seed, (const uint8_t *)&input, sizeof(input));
    g_byte_array_append(seed, memory, MEMORY_SIZE);
    g_free(memory);
    guest_free(guest);
}
