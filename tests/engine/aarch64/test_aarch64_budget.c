/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slicing is invisible: whatever the budgets, the same states at the same counts. */
#include "machine.h"

#include <string.h>

static struct machine *new_mix(void)
{
    return machine_new("mix", "max", 1, 0);
}

/* Runs to @total instructions in steps of @slice. */
static void run_sliced(struct machine *machine, uint64_t total, uint64_t slice)
{
    uint64_t done;

    while ((done = cpu_instructions(machine->cpu)) < total) {
        uint64_t step = MIN(slice, total - done);
        enum cpu_stop stop = cpu_run(machine->cpu, step);

        g_assert_true(stop == CPU_STOP_BUDGET || stop == CPU_STOP_YIELD);
        g_assert_cmpuint(cpu_instructions(machine->cpu) - done, <=, step);
        if (stop == CPU_STOP_BUDGET) {
            g_assert_cmpuint(cpu_instructions(machine->cpu) - done, ==, step);
        }
    }
}

static void compare(struct machine *machine, struct machine *reference)
{
    g_autofree char *digest = machine_digest(machine);
    g_autofree char *expected = machine_digest(reference);

    g_assert_cmpuint(cpu_instructions(machine->cpu), ==, cpu_instructions(reference->cpu));
    g_assert_cmpuint(machine->accesses->len, ==, reference->accesses->len);
    for (unsigned i = 0; i < machine->accesses->len; i++) {
        const struct access *a = machine_access(machine, i), *b = machine_access(reference, i);

        g_assert_cmphex(a->address, ==, b->address);
        g_assert_cmphex(a->value, ==, b->value);
        g_assert_cmpuint(a->instructions, ==, b->instructions);
        g_assert_cmphex(a->pc, ==, b->pc);
    }
    g_assert_cmpuint(machine->timer_changes[0], ==, reference->timer_changes[0]);
    g_assert_cmpstr(digest, ==, expected);
}

/* One and the same machine in one run, in steps of one instruction, and so on; looked at after every total. */
static void slices(void)
{
    static const uint64_t totals[] = {1, 100, 169, 170, 171, 333, 7777, 50000};
    static const uint64_t sizes[] = {1, 2, 13, 997, 4096};

    for (unsigned i = 0; i < G_N_ELEMENTS(totals); i++) {
        struct machine *reference = new_mix();

        run_sliced(reference, totals[i], UINT64_MAX);
        for (unsigned j = 0; j < G_N_ELEMENTS(sizes); j++) {
            struct machine *machine = new_mix();

            run_sliced(machine, totals[i], sizes[j]);
            compare(machine, reference);
            machine_free(machine);
        }
        machine_free(reference);
    }
}

static void to_the_end(void)
{
    struct machine *machine = new_mix();

    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_PAUSED);
    g_assert_cmpuint(aarch64_x(machine->cpu, 19), ==, 0);
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_HALT);
    g_assert_true(cpu_is_halted(machine->cpu));
    machine_free(machine);
}

/* The code buffer too small for the guest, everything dropped between slices: the guest sees nothing of it. */
static void flushes(void)
{
    struct machine *reference = new_mix();
    struct machine *machine = new_mix();

    run_sliced(reference, 30000, UINT64_MAX);
    while (cpu_instructions(machine->cpu) < 30000) {
        run_sliced(machine, MIN(cpu_instructions(machine->cpu) + 501, 30000), UINT64_MAX);
        cpu_engine_flush(machine->engine);
    }
    compare(machine, reference);
    machine_free(machine);
    machine_free(reference);
}

/* Saved and loaded into another engine each 501 instructions. */
static void transplants(void)
{
    struct machine *reference = new_mix();
    struct machine *machine = new_mix();
    unsigned timer_changes = 0;

    run_sliced(reference, 20000, UINT64_MAX);
    while (cpu_instructions(machine->cpu) < 20000) {
        g_autoptr(GByteArray) state = g_byte_array_new();
        struct machine *next = new_mix();

        run_sliced(machine, MIN(cpu_instructions(machine->cpu) + 501, 20000), UINT64_MAX);
        timer_changes += machine->timer_changes[0];
        cpu_save(machine->cpu, state);
        memcpy(next->ram, machine->ram, RAM_SIZE);
        cpu_engine_memory_written(next->engine, RAM, RAM_SIZE);
        g_assert_true(cpu_load(next->cpu, state->data, state->len));
        g_array_prepend_vals(next->accesses, machine->accesses->data, machine->accesses->len);
        machine_free(machine);
        machine = next;
    }
    machine->timer_changes[0] = timer_changes;
    compare(machine, reference);
    machine_free(machine);
    machine_free(reference);
}

static void wrong_states(void)
{
    struct machine *machine = new_mix();
    struct machine *other = machine_new("mix", "cortex-a72", 1, 0);
    g_autoptr(GByteArray) state = g_byte_array_new();

    cpu_save(machine->cpu, state);
    g_assert_false(cpu_load(machine->cpu, state->data, state->len - 1));
    g_assert_false(cpu_load(other->cpu, state->data, state->len));
    g_assert_true(cpu_load(machine->cpu, state->data, state->len));
    state->data[0] ^= 1;
    g_assert_false(cpu_load(machine->cpu, state->data, state->len));
    machine_free(machine);
    machine_free(other);
}

static void shorten(struct machine *machine, struct cpu *cpu, const struct access *access)
{
    (void)machine;
    if (access->address == MMIO + 16) {
        cpu_set_deadline(cpu, access->instructions + 3);
    }
}

static void deadline(void)
{
    struct machine *machine = new_mix();
    uint64_t at;

    machine->at_access = shorten;
    g_assert_cmpint(cpu_run(machine->cpu, 100000), ==, CPU_STOP_BUDGET);
    at = machine_access(machine, 1)->instructions;
    g_assert_cmpuint(cpu_instructions(machine->cpu), ==, at + 3);
    machine_free(machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/aarch64/budget/slices", slices);
    g_test_add_func("/engine/aarch64/budget/to-the-end", to_the_end);
    g_test_add_func("/engine/aarch64/budget/flushes", flushes);
    g_test_add_func("/engine/aarch64/budget/transplants", transplants);
    g_test_add_func("/engine/aarch64/budget/wrong-states", wrong_states);
    g_test_add_func("/engine/aarch64/budget/deadline", deadline);
    return g_test_run();
}
