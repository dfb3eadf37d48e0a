/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code without sense, in all exception levels and states: it may not hurt the host, it may not run for ever, and the
 * budgets that it runs in may not show.
 */
#include "machine.h"

#include <string.h>

#define WORDS 0x8000u

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Any word, but more system instructions, floating point, exceptions, loads and stores than chance would give. */
static uint32_t some_instruction(uint64_t *seed)
{
    uint32_t word = (uint32_t)next(seed);

    switch (next(seed) % 8) {
    case 0:
        return 0xd5000000 | (word & 0x3fffff);
    case 1:
        return 0xd5180000 | (word & 0x27ffff); /* MSR, MRS of EL1 registers */
    case 2:
        return word | 7u << 25;
    case 3:
        return 0xd4000000 | (word & 0xe01fff);
    case 4:
        return (word & ~(1u << 25)) | 1u << 27;
    case 5:
        return word & 1 ? 0xd69f03e0 : word; /* ERET */
    default:
        return word;
    }
}

static struct machine *new_random(uint64_t seed, const char *model)
{
    struct machine *machine = machine_new("cases", model, 1, 0);
    struct aarch64_registers registers;
    uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;
    uint32_t *code = (uint32_t *)(machine->ram + (CODE - RAM));

    for (unsigned i = 0; i < WORDS; i++) {
        code[i] = some_instruction(&state);
    }
    cpu_engine_memory_written(machine->engine, CODE, WORDS * 4);
    machine_enter(machine, 0, CODE + (next(&state) & 0x1fffc));
    aarch64_get_registers(machine->cpu, &registers);
    for (unsigned i = 0; i < 31; i++) {
        registers.x[i] = next(&state) % 3 == 0 ? next(&state) : RAM + (next(&state) & 0xfffff8);
    }
    if (next(&state) % 4 == 0) {
        registers.pstate = next(&state) % 2 ? 0 : 0x10 | (next(&state) & 0x20); /* EL0, or AArch32 */
    }
    aarch64_set_registers(machine->cpu, &registers);
    return machine;
}

static void run(struct machine *machine, uint64_t total, uint64_t slice)
{
    while (cpu_instructions(machine->cpu) < total) {
        enum cpu_stop stop = cpu_run(machine->cpu, MIN(slice, total - cpu_instructions(machine->cpu)));

        if (stop == CPU_STOP_HALT) {
            break;
        }
        g_assert_true(stop == CPU_STOP_BUDGET || stop == CPU_STOP_YIELD || stop == CPU_STOP_PAUSED);
    }
}

static void compare(uint64_t seed, const char *model)
{
    static const uint64_t slices[] = {1, 7, 997};
    struct machine *reference = new_random(seed, model);
    g_autofree char *expected = NULL;

    run(reference, 3000, UINT64_MAX);
    expected = machine_digest(reference);
    for (unsigned i = 0; i < G_N_ELEMENTS(slices); i++) {
        struct machine *machine = new_random(seed, model);
        g_autofree char *digest = NULL;

        run(machine, 3000, slices[i]);
        digest = machine_digest(machine);
        g_test_message("seed %lu, slices of %lu", (unsigned long)seed, (unsigned long)slices[i]);
        g_assert_cmpuint(cpu_instructions(machine->cpu), ==, cpu_instructions(reference->cpu));
        g_assert_cmpstr(digest, ==, expected);
        machine_free(machine);
    }
    machine_free(reference);
}

static void random_code(gconstpointer model)
{
    const char *seeds = g_getenv("SEEDS");
    uint64_t last = seeds ? g_ascii_strtoull(seeds, NULL, 10) : 12;

    for (uint64_t seed = 1; seed <= last; seed++) {
        compare(seed, model);
    }
}

/* Vectors that cannot be executed: exceptions without end, but not without count. */
static void endless_exceptions(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 1);
    struct machine *sliced = machine_new("cases", "max", 1, 1);
    struct aarch64_registers registers;
    g_autofree char *digest = NULL, *expected = NULL;

    aarch64_get_registers(machine->cpu, &registers);
    registers.vbar_el1 = 0xc0000000;
    aarch64_set_registers(machine->cpu, &registers);
    aarch64_set_registers(sliced->cpu, &registers);
    g_assert_cmpint(cpu_run(machine->cpu, 1000), ==, CPU_STOP_BUDGET);
    g_assert_cmpuint(cpu_instructions(machine->cpu), ==, 1000);
    run(sliced, 1000, 1);
    expected = machine_digest(machine);
    digest = machine_digest(sliced);
    g_assert_cmpstr(digest, ==, expected);
    g_assert_cmphex(cpu_pc(machine->cpu), ==, 0xc0000200);
    machine_free(machine);
    machine_free(sliced);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/engine/aarch64/random-code/max", "max", random_code);
    g_test_add_data_func("/engine/aarch64/random-code/cortex-a72", "cortex-a72", random_code);
    g_test_add_func("/engine/aarch64/endless-exceptions", endless_exceptions);
    return g_test_run();
}
