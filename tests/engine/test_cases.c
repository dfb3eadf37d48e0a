/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One behaviour of the engine each; the guests are in x86_64/cases.asm. */
#include "machine.h"

#include <string.h>

#define CASE(number) (CODE + (number)*0x100u)

static struct machine *new_case(unsigned number, unsigned cpus)
{
    struct machine *machine = machine_new("cases", cpus);

    for (unsigned i = 0; i < cpus; i++) {
        machine_enter(machine, i, CASE(number));
    }
    machine_gate(machine, 14, CASE(2));
    machine_gate(machine, 13, CASE(2));
    return machine;
}

static void run_to_stop(struct machine *machine)
{
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_PAUSED);
}

static void code_through_alias(void)
{
    struct machine *machine = new_case(0, 1);

    run_to_stop(machine);
    g_assert_cmpuint(machine_read(machine, DATA), ==, 1);
    g_assert_cmpuint(machine_read(machine, DATA + 8), ==, 2);
    g_assert_cmpuint(machine_read(machine, DATA + 16), ==, 3);
    machine_free(machine);
}

static void code_written_by_host(void)
{
    struct machine *machine = new_case(7, 1);

    g_assert_cmpint(cpu_run(machine->cpu, 1000), ==, CPU_STOP_BUDGET);
    machine->ram[CASE(7)] = 0xf4; /* HLT */
    cpu_engine_memory_written(machine->engine, CASE(7), 1);
    g_assert_cmpint(cpu_run(machine->cpu, 1000), ==, CPU_STOP_HALT);
    machine_free(machine);
}

static void page_faults(void)
{
    static const struct {
        uint64_t address;
        unsigned error, vector;
    } expected[] = {{0x300000, 0, 14}, {0x300000, 2, 14}, {0x1f000, 3, 14}, {ALIAS, 0x11, 14}, {0, 0, 13}};
    struct machine *machine = new_case(1, 1);

    machine_write(machine, PAGE_TABLES + 0x2000 + 8, 0);        /* 2..4 MB not present */
    machine_write(machine, PAGE_TABLE + 0x1f * 8, 0x1f000 | 1); /* read-only */
    run_to_stop(machine);
    g_assert_cmpuint(machine->exception_count, ==, G_N_ELEMENTS(expected));
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmpuint(machine->exceptions[i].vector, ==, expected[i].vector);
        g_assert_cmphex(machine->exceptions[i].syndrome, ==, expected[i].error);
        g_assert_cmphex(machine->exceptions[i].address, ==, expected[i].address);
    }
    machine_free(machine);
}

static void interrupt_after_sti(void)
{
    for (unsigned slice = 1; slice <= 2; slice++) {
        struct machine *machine = new_case(3, 1);
        struct x86_64_registers registers;
        enum cpu_stop stop;

        machine_gate(machine, 0x40, CASE(4));
        machine->vector = 0x40;
        cpu_set_line(machine->cpu, CPU_LINE_IRQ, true);
        do {
            stop = cpu_run(machine->cpu, slice == 1 ? 1 : 1000);
        } while (stop == CPU_STOP_BUDGET || stop == CPU_STOP_HALT);
        g_assert_cmpint(stop, ==, CPU_STOP_PAUSED);
        g_assert_cmpuint(machine_read(machine, DATA + 8), ==, 1);
        /* The shadow of STI covers HLT: the interrupt returns behind it. */
        g_assert_cmphex(machine_read(machine, DATA), ==, CASE(3) + 5 + 2);
        x86_64_get_registers(machine->cpu, &registers);
        g_assert_cmpuint(registers.gpr[X86_64_RCX], ==, 1);
        machine_free(machine);
    }
}

static void io_bitmap(void)
{
    struct machine *machine = new_case(5, 1);

    machine->ram[TSS + 104 + 0x3f8 / 8] = 0xfa; /* 0x3f8 and 0x3fa */
    machine->ram[TSS + 104 + 0xf4 / 8] &= (uint8_t) ~(1u << 4);
    cpu_engine_memory_written(machine->engine, TSS, 104 + 8193);
    run_to_stop(machine);
    g_assert_cmpuint(machine->accesses->len, ==, 3);
    g_assert_cmphex(machine_access(machine, 0)->address, ==, 0x3f8);
    g_assert_cmphex(machine_access(machine, 1)->address, ==, 0x3fa);
    g_assert_cmpuint(machine->exception_count, ==, 1);
    g_assert_cmpuint(machine->exceptions[0].vector, ==, 13);
    g_assert_cmpuint(machine->exceptions[0].from_level, ==, 3);
    machine_free(machine);
}

static void mmio_counts(void)
{
    static const struct {
        unsigned offset, size, count, pc;
        bool write;
    } expected[] = {{0, 4, 4, 14, true}, {8, 1, 6, 20, false}, {16, 8, 8, 27, false}};
    struct machine *machine = new_case(6, 1);

    run_to_stop(machine);
    g_assert_cmpuint(machine->accesses->len, ==, 10);
    for (unsigned i = 0; i < 9; i++) {
        const struct access *access = machine_access(machine, i);

        g_assert_cmphex(access->address, ==, MMIO + expected[i % 3].offset);
        g_assert_cmpuint(access->size, ==, expected[i % 3].size);
        g_assert_cmpint(access->write, ==, expected[i % 3].write);
        g_assert_cmpuint(access->instructions, ==, expected[i % 3].count + i / 3 * 9);
        g_assert_cmphex(access->pc, ==, CASE(6) + expected[i % 3].pc);
    }
    machine_free(machine);
}

static gpointer kick(gpointer engine)
{
    g_usleep(20000);
    cpu_request_exit(engine);
    return NULL;
}

static void exit_from_another_thread(void)
{
    struct machine *machine = new_case(7, 1);

    for (unsigned i = 0; i < 20; i++) {
        GThread *thread = g_thread_new("kick", kick, machine->engine);

        g_assert_cmpint(cpu_run(machine->cpu, UINT64_MAX), ==, CPU_STOP_REQUEST);
        g_thread_join(thread);
    }
    cpu_request_exit(machine->engine);
    g_assert_cmpint(cpu_run(machine->cpu, 1000), ==, CPU_STOP_REQUEST);
    g_assert_cmpint(cpu_run(machine->cpu, 1000), ==, CPU_STOP_BUDGET);
    machine_free(machine);
}

static void two_cpus(void)
{
    uint64_t counts[2] = {0, 0};

    for (unsigned round = 0; round < 2; round++) {
        struct machine *machine = new_case(8, 2);

        for (unsigned halted = 0; halted < 2;) {
            halted = 0;
            for (unsigned i = 0; i < 2; i++) {
                halted += cpu_run(cpu_engine_cpu(machine->engine, i), 7) == CPU_STOP_HALT;
            }
        }
        g_assert_cmpuint(machine_read(machine, DATA + 8), ==, 2000);
        counts[round] = cpu_instructions(machine->cpu) + cpu_instructions(cpu_engine_cpu(machine->engine, 1));
        machine_free(machine);
    }
    g_assert_cmpuint(counts[0], ==, counts[1]);
}

static void code_changed_by_the_other_cpu(void)
{
    struct machine *machine = new_case(7, 2);

    machine_enter(machine, 1, CASE(0));
    g_assert_cmpint(cpu_run(machine->cpu, 1000), ==, CPU_STOP_BUDGET);
    g_assert_cmpint(cpu_run(cpu_engine_cpu(machine->engine, 1), 1000), ==, CPU_STOP_PAUSED);
    g_assert_cmpuint(machine_read(machine, DATA + 16), ==, 3);
    machine_free(machine);
}

static void debug_registers(void)
{
    struct machine *machine = new_case(9, 1);

    machine_gate(machine, 1, CASE(10));
    run_to_stop(machine);
    g_assert_cmphex(machine_read(machine, DATA + 0x28), ==, CASE(9) + 27);
    g_assert_cmphex(machine_read(machine, DATA + 0x30) & 0xf, ==, 1);
    /* the write, and each instruction after the first POPFQ up to the second */
    g_assert_cmpuint(machine_read(machine, DATA + 0x20), ==, 1 + 5);
    machine_free(machine);
}

static bool answer(struct machine *machine, struct cpu *cpu)
{
    (void)machine;
    g_assert_cmphex(cpu_pc(cpu), ==, CASE(11));
    g_assert_cmpuint(cpu_instructions(cpu), ==, 1);
    return true;
}

static void system_registers(void)
{
    struct machine *machine = new_case(11, 1);

    machine->hypercall = answer;
    run_to_stop(machine);
    g_assert_cmpuint(machine->priority, ==, 7);
    g_assert_cmpuint(machine_read(machine, DATA), ==, 7);
    g_assert_cmphex(machine_read(machine, DATA + 8), ==, 0x7f12345678);
    g_assert_cmpuint(machine->exception_count, ==, 2); /* an unknown MSR, an address that is not canonical */
    g_assert_cmpuint(machine->exceptions[0].vector, ==, 13);
    g_assert_cmpuint(machine->exceptions[1].vector, ==, 13);
    machine_free(machine);
}

static void system_call(void)
{
    struct machine *machine = new_case(12, 1);
    uint64_t flags;

    run_to_stop(machine);
    g_assert_cmphex(machine_read(machine, DATA + 8) & 0x202, ==, 0x202);
    flags = machine_read(machine, DATA + 0x10);
    g_assert_cmphex(flags & 0x300, ==, 0);
    g_assert_cmphex(machine_read(machine, DATA + 0x18) & 0xffffffff, ==, 0x00100008);
    machine_free(machine);
}

static void dirty_pages(void)
{
    struct machine *machine = new_case(13, 1);
    uint8_t bits[RAM_SIZE / 4096 / 8];
    unsigned count = 0;

    cpu_engine_dirty_bits(machine->engine, 0, RAM_SIZE, bits, true);
    run_to_stop(machine);
    cpu_engine_dirty_bits(machine->engine, 0, RAM_SIZE, bits, true);
    for (unsigned page = 0; page < RAM_SIZE / 4096; page++) {
        count += bits[page / 8] >> page % 8 & 1;
    }
    g_assert_true(bits[0x200 / 8] & 1);
    g_assert_true(bits[0x203 / 8] & 8);
    g_assert_true(bits[0x205 / 8] & 0x20);
    /* Accessed and dirty bits: PML4, PDPT, PD, PT, and the directory of the alias. */
    g_assert_cmpuint(count, ==, 3 + 5);
    g_assert_false(cpu_engine_page_dirty(machine->engine, 0x200000));
    machine_enter(machine, 0, CASE(13));
    run_to_stop(machine);
    g_assert_true(cpu_engine_page_dirty(machine->engine, 0x200000));
    g_assert_true(cpu_engine_page_dirty(machine->engine, 0x205000));
    g_assert_false(cpu_engine_page_dirty(machine->engine, 0x206000));
    machine_free(machine);
}

static void breakpoints(void)
{
    struct machine *machine = new_case(7, 1);

    cpu_run(machine->cpu, 100);
    cpu_breakpoint_insert(machine->engine, CASE(7) + 3);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpint(cpu_run(machine->cpu, 100), ==, CPU_STOP_BREAKPOINT);
        g_assert_cmphex(cpu_pc(machine->cpu), ==, CASE(7) + 3);
        g_assert_cmpuint(cpu_instructions(machine->cpu), ==, 101 + 2 * i);
    }
    /* One step: off it. */
    g_assert_cmpint(cpu_run(machine->cpu, 1), ==, CPU_STOP_BUDGET);
    g_assert_cmphex(cpu_pc(machine->cpu), ==, CASE(7));
    cpu_breakpoint_remove(machine->engine, CASE(7) + 3);
    g_assert_cmpint(cpu_run(machine->cpu, 100), ==, CPU_STOP_BUDGET);
    machine_free(machine);
}

static void watchpoints(void)
{
    struct machine *machine = new_case(13, 1);

    g_assert_true(cpu_watchpoint_insert(machine->engine, CPU_WATCH_VIRTUAL, 0x203000, 8, CPU_WATCH_WRITE));
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_WATCHPOINT);
    g_assert_cmphex(machine_watched(machine), ==, 0x203000);
    g_assert_cmpuint(cpu_instructions(machine->cpu), ==, 2);
    g_assert_cmpuint(machine_read(machine, 0x203000), ==, 1);
    run_to_stop(machine);
    cpu_watchpoint_remove(machine->engine, CPU_WATCH_VIRTUAL, 0x203000, 8, CPU_WATCH_WRITE);
    machine_enter(machine, 0, CASE(13));
    run_to_stop(machine);
    machine_free(machine);
}

static void save_and_load(void)
{
    struct machine *machine = new_case(6, 1);
    struct machine *other = new_case(6, 1);
    g_autoptr(GByteArray) state = g_byte_array_new();
    g_autoptr(GByteArray) again = g_byte_array_new();
    g_autofree char *digest = NULL, *expected = NULL;

    cpu_run(machine->cpu, 10);
    cpu_save(machine->cpu, state);
    g_assert_true(cpu_load(other->cpu, state->data, state->len));
    cpu_save(other->cpu, again);
    g_assert_cmpmem(state->data, state->len, again->data, again->len);
    g_assert_cmpuint(cpu_instructions(other->cpu), ==, 10);
    run_to_stop(machine);
    run_to_stop(other);
    digest = machine_digest(other);
    expected = machine_digest(machine);
    g_assert_cmpstr(digest, ==, expected);
    g_assert_false(cpu_load(other->cpu, state->data, state->len - 1));
    machine_free(other);
    machine_free(machine);
}

static void triple_fault(void)
{
    struct machine *machine = new_case(1, 1);
    struct x86_64_registers registers;

    x86_64_get_registers(machine->cpu, &registers);
    registers.idt_limit = 0;
    registers.rip = CASE(5) + 0x60; /* whatever: nothing can be delivered */
    x86_64_set_registers(machine->cpu, &registers);
    machine->ram[CASE(5) + 0x60] = 0x0f;
    machine->ram[CASE(5) + 0x61] = 0x0b;
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_SHUTDOWN);
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_SHUTDOWN);
    cpu_reset(machine->cpu);
    g_assert_cmphex(cpu_pc(machine->cpu), ==, 0xfffffff0);
    g_assert_cmpint(cpu_run(machine->cpu, 10), !=, CPU_STOP_SHUTDOWN);
    machine_free(machine);
}

static void models(void)
{
    g_autoptr(GError) error = NULL;
    struct cpu_callbacks callbacks = {0};

    g_assert_null(cpu_engine_new(CPU_ARCH_X86_64, "i486", 1, &callbacks, NULL, &error));
    g_assert_nonnull(strstr(error->message, "qemu64, core2duo, max"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/code-through-alias", code_through_alias);
    g_test_add_func("/engine/code-written-by-host", code_written_by_host);
    g_test_add_func("/engine/page-faults", page_faults);
    g_test_add_func("/engine/interrupt-after-sti", interrupt_after_sti);
    g_test_add_func("/engine/io-bitmap", io_bitmap);
    g_test_add_func("/engine/mmio-counts", mmio_counts);
    g_test_add_func("/engine/exit-from-another-thread", exit_from_another_thread);
    g_test_add_func("/engine/two-cpus", two_cpus);
    g_test_add_func("/engine/code-changed-by-the-other-cpu", code_changed_by_the_other_cpu);
    g_test_add_func("/engine/debug-registers", debug_registers);
    g_test_add_func("/engine/system-registers", system_registers);
    g_test_add_func("/engine/system-call", system_call);
    g_test_add_func("/engine/dirty-pages", dirty_pages);
    g_test_add_func("/engine/breakpoints", breakpoints);
    g_test_add_func("/engine/watchpoints", watchpoints);
    g_test_add_func("/engine/save-and-load", save_and_load);
    g_test_add_func("/engine/triple-fault", triple_fault);
    g_test_add_func("/engine/models", models);
    return g_test_run();
}
