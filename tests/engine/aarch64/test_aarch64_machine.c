/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What CPU and machine are to each other: interrupts, timers, calls, several CPUs, the debugger; guests in cases.S. */
#include "machine.h"

#include <string.h>

static void run_to_stop(struct machine *machine)
{
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_PAUSED);
}

/* The device takes the line down. */
static void acknowledge(struct machine *machine, struct cpu *cpu, const struct access *access)
{
    (void)machine;
    if (access->address == MMIO + 0x100) {
        cpu_set_line(cpu, CPU_LINE_IRQ, false);
    } else if (access->address == MMIO + 0x108) {
        cpu_set_line(cpu, CPU_LINE_FIQ, false);
    }
}

static void wait_for_interrupt(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 9);

    machine->at_access = acknowledge;
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_HALT);
    g_assert_cmpuint(cpu_instructions(machine->cpu), ==, 1);
    g_assert_true(cpu_is_halted(machine->cpu));
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_HALT); /* nothing has changed */
    g_assert_cmpuint(cpu_instructions(machine->cpu), ==, 1);
    cpu_set_line(machine->cpu, CPU_LINE_IRQ, true);
    g_assert_cmpint(cpu_run(machine->cpu, 3), ==, CPU_STOP_BUDGET); /* masked: it wakes, but takes none */
    g_assert_cmpuint(machine->exception_count, ==, 0);
    g_assert_cmphex(aarch64_x(machine->cpu, 1), ==, 2); /* past the second WFI, too */
    run_to_stop(machine);
    g_assert_cmphex(aarch64_x(machine->cpu, 26), ==, 1);
    g_assert_cmpuint(machine->exception_count, ==, 1);
    g_assert_cmphex(machine->exceptions[0].vector, ==, 0x100);
    g_assert_true(machine->exceptions[0].is_interrupt);
    g_assert_cmphex(machine->exceptions[0].pc, ==, CASE(9) + 20); /* right after MSR DAIFClr */
    machine_free(machine);
}

static void fast_interrupt(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 17);
    struct aarch64_registers registers;

    machine->at_access = acknowledge;
    aarch64_get_registers(machine->cpu, &registers);
    registers.pstate &= ~0xc0u; /* I, F */
    aarch64_set_registers(machine->cpu, &registers);
    cpu_run(machine->cpu, 100);
    cpu_set_line(machine->cpu, CPU_LINE_FIQ, true);
    cpu_set_line(machine->cpu, CPU_LINE_IRQ, true);
    cpu_run(machine->cpu, 100);
    g_assert_cmpuint(machine->exception_count, ==, 2);
    g_assert_cmphex(machine->exceptions[0].vector, ==, 0x101);
    g_assert_cmphex(machine->exceptions[1].vector, ==, 0x100);
    g_assert_cmphex(aarch64_x(machine->cpu, 25), ==, 1);
    g_assert_cmphex(aarch64_x(machine->cpu, 26), ==, 1);
    machine_free(machine);
}

static void raise_interrupt(struct machine *machine, struct cpu *cpu, const struct access *access)
{
    acknowledge(machine, cpu, access);
    if (access->address == AARCH64_SYSREG(3, 0, 12, 12, 5) && access->write) {
        cpu_set_line(cpu, CPU_LINE_IRQ, true);
    }
}

static void trap_registers(struct machine *machine)
{
    aarch64_trap_register(machine->engine, AARCH64_SYSREG(3, 0, 12, 12, 5)); /* ICC_SRE_EL1 */
    aarch64_trap_register(machine->engine, AARCH64_SYSREG(3, 0, 12, 12, 7)); /* ICC_IGRPEN1_EL1 */
    aarch64_trap_register(machine->engine, AARCH64_SYSREG(3, 0, 10, 2, 0));  /* MAIR_EL1 */
}

static void trapped_registers(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 14);
    struct aarch64_registers registers;
    const struct access *write;

    trap_registers(machine);
    run_to_stop(machine);
    g_assert_cmpuint(machine->exception_count, ==, 1); /* ICC_IGRPEN1_EL1, which the machine refuses */
    g_assert_cmphex(machine->exceptions[0].pc, ==, CASE(14) + 24);
    g_assert_cmphex(machine->exceptions[0].syndrome, ==, 0x02000000);
    write = machine_access(machine, 0);
    g_assert_cmphex(write->address, ==, AARCH64_SYSREG(3, 0, 12, 12, 5));
    g_assert_cmphex(write->value, ==, 0x55);
    g_assert_cmphex(write->pc, ==, CASE(14) + 12);
    g_assert_cmpuint(write->instructions, ==, 4);
    g_assert_cmphex(machine_read(machine, DATA), ==, 0x55);
    aarch64_get_registers(machine->cpu, &registers);
    g_assert_cmphex(registers.mair_el1, ==, 0x44ff);
    g_assert_cmphex(machine->semihosting, ==, 0xf000);
    machine_free(machine);
}

/* The callback of a system register raises the line: it is taken right after. */
static void exact_interrupt(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 14);
    struct aarch64_registers registers;

    trap_registers(machine);
    machine->at_access = raise_interrupt;
    aarch64_get_registers(machine->cpu, &registers);
    registers.pstate &= ~0x80u;
    aarch64_set_registers(machine->cpu, &registers);
    run_to_stop(machine);
    g_assert_cmphex(machine->exceptions[0].vector, ==, 0x100);
    g_assert_cmphex(machine->exceptions[0].pc, ==, CASE(14) + 16);
    machine_free(machine);
}

static void random_numbers(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 14);
    uint64_t seed = 0;

    trap_registers(machine);
    run_to_stop(machine);
    for (unsigned i = 0; i < 2; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        g_assert_cmphex(machine_read(machine, DATA + 8 + i * 8), ==, seed);
    }
    g_assert_cmpuint(machine_read(machine, DATA + 24), ==, 0); /* Z clear: a good number */
    machine_free(machine);
}

static void timers(void)
{
    static const uint64_t expected[] = {62500000, 1, 0, 1, 1, 0xfffffffb, 7};
    struct machine *machine = machine_new("cases", "max", 1, 10);
    struct aarch64_timer timer;

    run_to_stop(machine);
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmphex(machine_read(machine, DATA + i * 8), ==, expected[i]);
    }
    g_assert_cmpuint(machine->timer_changes[0], ==, 0);
    g_assert_cmpuint(machine->timer_changes[1], ==, 3);
    aarch64_get_timer(machine->cpu, 1, &timer);
    g_assert_true(timer.enabled);
    g_assert_true(timer.masked);
    g_assert_cmpuint(timer.compare, ==, aarch64_x(machine->cpu, 4));
    aarch64_get_timer(machine->cpu, 0, &timer);
    g_assert_false(timer.enabled);
    machine_free(machine);
}

/* The counter runs over: the comparison is one of unsigned numbers. */
static void counter_frequency(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 10);

    machine->counter_base = 0x8000000000000000u;
    aarch64_set_counter_frequency(machine->engine, 1000000);
    cpu_reset(machine->cpu);
    machine_enter(machine, 0, CASE(10));
    run_to_stop(machine);
    g_assert_cmphex(machine_read(machine, DATA), ==, 1000000);
    g_assert_cmphex(machine_read(machine, DATA + 32), ==, 1);
    machine_free(machine);
}

static bool start_second(struct machine *machine, struct cpu *cpu, uint32_t immediate)
{
    (void)cpu;
    if (immediate != 2 && immediate != 3) {
        return false;
    }
    cpu_start(cpu_engine_cpu(machine->engine, 1), CASE(21), 21);
    return true;
}

static void second_cpu(void)
{
    struct machine *machine = machine_new("cases", "max", 2, 15);
    struct cpu *second = cpu_engine_cpu(machine->engine, 1);

    aarch64_set_affinity(second, 0x301);
    machine->hypercall = start_second;
    g_assert_false(cpu_is_on(second));
    g_assert_cmpint(cpu_run(second, 100), ==, CPU_STOP_HALT);
    g_assert_cmpuint(cpu_instructions(second), ==, 0);
    run_to_stop(machine);
    g_assert_true(cpu_is_on(second));
    g_assert_cmpuint(cpu_privilege(second), ==, 1);
    g_assert_cmpint(cpu_run(second, 1000), ==, CPU_STOP_PAUSED);
    g_assert_cmphex(machine_read(machine, DATA), ==, 42);
    g_assert_cmphex(machine_read(machine, DATA + 8), ==, 0x80000301);
    g_assert_cmphex(machine_read(machine, DATA + 16), ==, 4);
    g_assert_cmphex(machine_read(machine, DATA + 24) & 0x1005, ==, 0); /* MMU and caches off */
    cpu_off(second);
    g_assert_cmpint(cpu_run(second, 100), ==, CPU_STOP_HALT);
    machine_free(machine);
}

/* TLBI ... IS reaches the other CPU; both run the same code. */
static void shared_invalidation(void)
{
    struct machine *machine = machine_new("cases", "max", 2, 15);
    struct cpu *second = cpu_engine_cpu(machine->engine, 1);
    uint64_t page = RAM + 0x1e0000;

    machine_write(machine, page, 0xaaaa);
    machine_write(machine, USER_DATA, 0xbbbb);
    machine_enter(machine, 1, CASE(24));
    g_assert_cmpint(cpu_run(second, 100), ==, CPU_STOP_PAUSED);
    g_assert_cmphex(aarch64_x(second, 2), ==, 0xaaaa);
    machine_set_page(machine, page, USER_DATA | PAGE_NORMAL | 1ull << 54);
    machine_enter(machine, 0, CASE(24) + 0x40); /* TLBI VAAE1IS of that page */
    run_to_stop(machine);
    aarch64_set_pc(second, CASE(24));
    g_assert_cmpint(cpu_run(second, 100), ==, CPU_STOP_PAUSED);
    g_assert_cmphex(aarch64_x(second, 2), ==, 0xbbbb);
    machine_free(machine);
}

static bool turn_off(struct machine *machine, struct cpu *cpu, uint32_t immediate)
{
    (void)machine;
    if (immediate == 2) {
        cpu_off(cpu);
    }
    return immediate == 2;
}

static void off_by_itself(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 15);
    uint64_t count;

    machine->hypercall = turn_off;
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_HALT);
    count = cpu_instructions(machine->cpu);
    cpu_set_line(machine->cpu, CPU_LINE_IRQ, true);
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_HALT); /* off is not asleep */
    g_assert_cmpuint(cpu_instructions(machine->cpu), ==, count);
    machine_free(machine);
}

static void breakpoints(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 16);
    struct machine *undisturbed = machine_new("cases", "max", 1, 16);
    g_autofree char *digest = NULL, *expected = NULL;

    cpu_breakpoint_insert(machine->engine, CASE(16) + 16);
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_BREAKPOINT);
    g_assert_cmphex(cpu_pc(machine->cpu), ==, CASE(16) + 16);
    g_assert_cmpuint(cpu_instructions(machine->cpu), ==, 4);
    g_assert_cmphex(aarch64_x(machine->cpu, 2), ==, 0); /* LDR X2 not yet done */
    run_to_stop(machine);
    run_to_stop(undisturbed);
    digest = machine_digest(machine);
    expected = machine_digest(undisturbed);
    g_assert_cmpstr(digest, ==, expected);
    machine_enter(machine, 0, CASE(16));
    cpu_breakpoint_remove(machine->engine, CASE(16) + 16);
    run_to_stop(machine);
    machine_free(machine);
    machine_free(undisturbed);
}

static void watchpoints(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 16);

    g_assert_true(cpu_watchpoint_insert(machine->engine, CPU_WATCH_VIRTUAL, DATA, 8, CPU_WATCH_READ));
    g_assert_true(cpu_watchpoint_insert(machine->engine, CPU_WATCH_VIRTUAL, DATA + 8, 8, CPU_WATCH_WRITE));
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_WATCHPOINT);
    g_assert_cmphex(machine_watched(machine), ==, DATA);
    g_assert_cmphex(cpu_pc(machine->cpu), ==, CASE(16) + 20); /* after LDR */
    g_assert_cmpuint(cpu_instructions(machine->cpu), ==, 5);
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_WATCHPOINT);
    g_assert_cmphex(machine_watched(machine), ==, DATA + 8);
    cpu_watchpoint_remove(machine->engine, CPU_WATCH_VIRTUAL, DATA + 8, 8, CPU_WATCH_WRITE);
    run_to_stop(machine);
    machine_free(machine);
}

static void guest_debug_registers(void)
{
    static const struct {
        uint32_t esr;
        uint64_t pc;
    } expected[] = {
        {0xc6000022, CASE(18) + 44}, /* breakpoint */
        {0xd6000062, CASE(18) + 76}, /* watchpoint, a store */
        {0xcf000022, CASE(20) + 4},  /* software step, twice */
        {0xcf000022, CASE(20) + 8},
    };
    struct machine *machine = machine_new("cases", "max", 1, 18);

    run_to_stop(machine);
    g_assert_cmpuint(machine->exception_count, ==, G_N_ELEMENTS(expected));
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmphex(machine_read(machine, LOG + i * 32), ==, expected[i].esr);
        g_assert_cmphex(machine->exceptions[i].pc, ==, expected[i].pc);
    }
    g_assert_cmphex(machine_read(machine, LOG + 32 + 8), ==, DATA);
    g_assert_cmphex(aarch64_x(machine->cpu, 5), ==, 4);
    machine_free(machine);
}

static gpointer request(gpointer data)
{
    struct machine *machine = data;

    g_usleep(20000);
    cpu_request_exit(machine->engine);
    return NULL;
}

static void requests(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 17);
    GThread *thread;

    cpu_request_exit(machine->engine);
    g_assert_cmpint(cpu_run(machine->cpu, UINT64_MAX), ==, CPU_STOP_REQUEST);
    g_assert_cmpuint(cpu_instructions(machine->cpu), ==, 0);
    thread = g_thread_new("request", request, machine);
    g_assert_cmpint(cpu_run(machine->cpu, UINT64_MAX), ==, CPU_STOP_REQUEST);
    g_assert_cmpuint(cpu_instructions(machine->cpu), >, 1000);
    g_thread_join(thread);
    machine_free(machine);
}

/* What the guest reads of itself. */
static void identification(void)
{
    static const struct {
        const char *model;
        uint64_t midr, pfr0, pfr1, dfr0, isar0, isar1, mmfr0, mmfr1, mmfr2, ctr;
    } expected[] = {
        {"max", 0x000f0510, 0x1100000000110012, 1, 0x10305006, 0x1021111110212120, 0x0000011100211002, 0x1124,
         0x1000000000211020, 0x1000000000000011, 0xb444c004},
        {"cortex-a72", 0x410fd083, 0x12, 0, 0x10305006, 0x11120, 0, 0x1124, 0, 0, 0x8444c004},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        struct machine *machine = machine_new("cases", expected[i].model, 1, 25);

        run_to_stop(machine);
        g_test_message("%s", expected[i].model);
        g_assert_cmpuint(machine->exception_count, ==, 0);
        g_assert_cmphex(machine_read(machine, DATA), ==, expected[i].midr);
        g_assert_cmphex(machine_read(machine, DATA + 8), ==, expected[i].pfr0);
        g_assert_cmphex(machine_read(machine, DATA + 16), ==, expected[i].pfr1);
        g_assert_cmphex(machine_read(machine, DATA + 24), ==, expected[i].dfr0);
        g_assert_cmphex(machine_read(machine, DATA + 32), ==, expected[i].isar0);
        g_assert_cmphex(machine_read(machine, DATA + 40), ==, expected[i].isar1);
        g_assert_cmphex(machine_read(machine, DATA + 48), ==, expected[i].mmfr0);
        g_assert_cmphex(machine_read(machine, DATA + 56), ==, expected[i].mmfr1);
        g_assert_cmphex(machine_read(machine, DATA + 64), ==, expected[i].mmfr2);
        g_assert_cmphex(machine_read(machine, DATA + 72), ==, expected[i].ctr);
        machine_free(machine);
    }
}

static void gic_system_registers(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 25);

    trap_registers(machine);
    run_to_stop(machine);
    g_assert_cmphex(machine_read(machine, DATA + 8), ==, 0x1100000001110012);
    machine_free(machine);
}

static void registers_from_outside(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 17);
    struct aarch64_registers before, after;
    struct aarch64_fpu fpu, fpu_after;

    aarch64_get_registers(machine->cpu, &before);
    for (unsigned i = 0; i < 31; i++) {
        before.x[i] = 0x1000 + i;
    }
    before.pstate = 0xa0000000; /* EL0t, N and C */
    before.sp = before.sp_el0 = 0x1230;
    before.sp_el1 = 0x4560;
    before.elr_el1 = 0x789;
    before.spsr_el1 = 0x3c5;
    before.tpidr_el0 = 0xabc;
    aarch64_set_registers(machine->cpu, &before);
    aarch64_get_registers(machine->cpu, &after);
    g_assert_cmpmem(&before, sizeof(before), &after, sizeof(after));
    g_assert_cmpuint(cpu_privilege(machine->cpu), ==, 0);
    g_assert_cmphex(cpu_sp(machine->cpu), ==, 0x1230);
    memset(&fpu, 0x5a, sizeof(fpu));
    fpu.fpcr = 0x03400000; /* default NaN, flush to zero, round toward plus infinity */
    fpu.fpsr = 0x08000011;
    aarch64_set_fpu(machine->cpu, &fpu);
    aarch64_get_fpu(machine->cpu, &fpu_after);
    g_assert_cmpmem(&fpu, sizeof(fpu), &fpu_after, sizeof(fpu_after));
    machine_free(machine);
}

static void unknown_model(void)
{
    struct cpu_callbacks callbacks = {0};
    g_autoptr(GError) error = NULL;

    g_assert_null(cpu_engine_new(CPU_ARCH_AARCH64, "cortex-z9", 1, &callbacks, NULL, &error));
    g_assert_nonnull(strstr(error->message, "max, cortex-a72"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/aarch64/wfi", wait_for_interrupt);
    g_test_add_func("/engine/aarch64/fiq", fast_interrupt);
    g_test_add_func("/engine/aarch64/trapped-registers", trapped_registers);
    g_test_add_func("/engine/aarch64/exact-interrupt", exact_interrupt);
    g_test_add_func("/engine/aarch64/random-numbers", random_numbers);
    g_test_add_func("/engine/aarch64/timers", timers);
    g_test_add_func("/engine/aarch64/counter-frequency", counter_frequency);
    g_test_add_func("/engine/aarch64/second-cpu", second_cpu);
    g_test_add_func("/engine/aarch64/shared-invalidation", shared_invalidation);
    g_test_add_func("/engine/aarch64/off-by-itself", off_by_itself);
    g_test_add_func("/engine/aarch64/breakpoints", breakpoints);
    g_test_add_func("/engine/aarch64/watchpoints", watchpoints);
    g_test_add_func("/engine/aarch64/guest-debug-registers", guest_debug_registers);
    g_test_add_func("/engine/aarch64/requests", requests);
    g_test_add_func("/engine/aarch64/identification", identification);
    g_test_add_func("/engine/aarch64/gic-system-registers", gic_system_registers);
    g_test_add_func("/engine/aarch64/registers", registers_from_outside);
    g_test_add_func("/engine/aarch64/unknown-model", unknown_model);
    return g_test_run();
}
