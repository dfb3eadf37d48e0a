/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions, exceptions and translation, one behaviour each; the guests are in cases.S. */
#include "machine.h"

#include <string.h>

#define NOT_FAR UINT64_MAX

/* As in the log of the guest's vectors: ESR_EL1, FAR_EL1, ELR_EL1 and SPSR_EL1 as the guest reads them. */
struct expected {
    uint32_t esr;
    uint64_t far; /* NOT_FAR: not an abort */
    uint64_t elr; /* 0: not looked at */
};

static void check_log(const struct machine *machine, const struct expected *expected, unsigned count)
{
    g_assert_cmpuint(machine->exception_count, ==, count);
    for (unsigned i = 0; i < count; i++) {
        const struct cpu_exception *seen = &machine->exceptions[i];

        g_test_message("exception %u", i);
        g_assert_cmphex(machine_read(machine, LOG + i * 32), ==, expected[i].esr);
        g_assert_cmphex(seen->syndrome, ==, expected[i].esr);
        g_assert_cmphex(seen->vector, ==, expected[i].esr >> 26);
        g_assert_cmphex(machine_read(machine, LOG + i * 32 + 16), ==, seen->pc);
        g_assert_cmpuint(seen->to_level, ==, 1);
        g_assert_false(seen->is_interrupt);
        if (expected[i].far != NOT_FAR) {
            g_assert_cmphex(machine_read(machine, LOG + i * 32 + 8), ==, expected[i].far);
            g_assert_cmphex(seen->address, ==, expected[i].far);
        }
        if (expected[i].elr) {
            g_assert_cmphex(seen->pc, ==, expected[i].elr);
        }
    }
}

static void run_to_stop(struct machine *machine)
{
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_PAUSED);
}

static void code_through_alias(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 0);

    run_to_stop(machine);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpuint(machine_read(machine, DATA + i * 8), ==, i + 1);
    }
    machine_free(machine);
}

static void code_written_by_host(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 17);

    g_assert_cmpint(cpu_run(machine->cpu, 1000), ==, CPU_STOP_BUDGET);
    machine_write(machine, CASE(17) + 8, 0xd503207fd503207fu); /* WFI */
    g_assert_cmpint(cpu_run(machine->cpu, 1000), ==, CPU_STOP_HALT);
    machine_free(machine);
}

static void instruction_exceptions(void)
{
    static const struct expected expected[] = {
        {0x56001234, NOT_FAR, CASE(1) + 4},  {0xf2004321, NOT_FAR, CASE(1) + 4},  {0x02000000, NOT_FAR, CASE(1) + 8},
        {0x02000000, NOT_FAR, CASE(1) + 12}, {0x02000000, NOT_FAR, CASE(1) + 16}, {0x02000000, NOT_FAR, CASE(1) + 20},
        {0x02000000, NOT_FAR, CASE(1) + 24}, {0x02000000, NOT_FAR, CASE(1) + 28},
    };
    struct machine *machine = machine_new("cases", "max", 1, 1);

    run_to_stop(machine);
    check_log(machine, expected, G_N_ELEMENTS(expected));
    g_assert_true(machine->exceptions[0].is_software);
    g_assert_true(machine->exceptions[1].is_software);
    g_assert_false(machine->exceptions[2].is_software);
    g_assert_cmphex(machine->semihosting, ==, 0xdead);
    machine_free(machine);
}

static void data_aborts(void)
{
    static const struct expected expected[] = {
        {0x96000005, 0xc0000000, 0},     /* translation, level 1 */
        {0x96000044, 0x8000000000, 0},   /* translation, level 0, store */
        {0x96000006, RAM + 0xf00005, 0}, /* translation, level 2 */
        {0x96000047, RAM + 0x1f0008, 0}, /* translation, level 3, store */
        {0x9600004f, USER_CODE + 16, 0}, /* permission, level 3, store */
        {0x9600000b, RAM + 0x1f1000, 0}, /* access flag, level 3 */
        {0x96000003, RAM + 0x1f2000, 0}, /* address size, level 3 */
        {0x96000016, 0x100000000, 0},    /* external abort on the walk, level 2 */
    };
    struct machine *machine = machine_new("cases", "max", 1, 2);

    machine_write(machine, TABLES + 0x1000 + (0xf00000 >> 21) * 8, 0);
    machine_set_page(machine, RAM + 0x1f0000, 0);
    machine_set_page(machine, RAM + 0x1f1000, (RAM + 0x1f1000) | (PAGE_NORMAL & ~0x400));
    machine_set_page(machine, RAM + 0x1f2000, 1ull << 40 | PAGE_NORMAL);
    machine_write(machine, TABLES + 4 * 8, 0x1000 | 3);
    run_to_stop(machine);
    check_log(machine, expected, G_N_ELEMENTS(expected));
    machine_free(machine);
}

static void instruction_aborts(void)
{
    static const struct expected expected[] = {
        {0x8600000e, ALIAS, ALIAS},           /* permission, level 2 */
        {0x86000005, 0xc0000000, 0xc0000000}, /* translation, level 1 */
        {0x8a000000, CASE(3) + 0x22, CASE(3) + 0x22},
        {0x3a000000, NOT_FAR, CASE(3) + 0x34}, /* illegal execution state */
    };
    struct machine *machine = machine_new("cases", "max", 1, 3);

    run_to_stop(machine);
    check_log(machine, expected, G_N_ELEMENTS(expected));
    g_assert_cmphex(machine_read(machine, LOG + 3 * 32 + 24) & 0x10000f, ==, 0x100005); /* SPSR: IL, EL1h */
    machine_free(machine);
}

static void alignment(void)
{
    static const struct expected expected[] = {
        {0x96000021, DATA + 1, 0}, {0x96000021, DATA + 1, 0}, {0x96000061, DATA + 1, 0}, {0x96000021, DATA + 1, 0},
        {0x96000061, DATA + 1, 0}, {0x96000021, DATA + 8, 0}, {0x96000021, DATA + 2, 0}, {0x96000061, DATA + 2, 0},
    };
    struct machine *machine = machine_new("cases", "max", 1, 4);

    run_to_stop(machine);
    check_log(machine, expected, G_N_ELEMENTS(expected));
    machine_free(machine);
}

static void mmu_off(void)
{
    static const struct expected expected[] = {{0x96000021, DATA + 4, 0}, {0x96000000, 0x100000000000, 0}};
    struct machine *machine = machine_new("cases", "max", 1, 23);

    run_to_stop(machine);
    check_log(machine, expected, G_N_ELEMENTS(expected));
    machine_free(machine);
}

static void floating_point_trap(void)
{
    static const struct expected expected[] = {
        {0x1fe00000, NOT_FAR, CASE(5) + 8}, {0x1fe00000, NOT_FAR, CASE(5) + 12}, {0x1fe00000, NOT_FAR, CASE(5) + 16}};
    struct machine *machine = machine_new("cases", "max", 1, 5);

    run_to_stop(machine);
    check_log(machine, expected, G_N_ELEMENTS(expected));
    machine_free(machine);
}

static void large_system_extensions(void)
{
    static const uint64_t expected[] = {0x90, 0x85, 1, 0xffffffff, 7, 99, 3, 4, (uint64_t)-10};
    struct machine *machine = machine_new("cases", "max", 1, 6);

    run_to_stop(machine);
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmphex(machine_read(machine, DATA + i * 8), ==, expected[i]);
    }
    g_assert_cmphex(aarch64_x(machine->cpu, 6), ==, 198);
    g_assert_cmphex(aarch64_x(machine->cpu, 2), ==, 1);
    g_assert_cmphex(aarch64_x(machine->cpu, 3), ==, 2);
    machine_free(machine);

    machine = machine_new("cases", "cortex-a72", 1, 6); /* has none of them */
    run_to_stop(machine);
    g_assert_cmpuint(machine->exception_count, ==, 12);
    machine_free(machine);
}

static void exclusives(void)
{
    static const uint64_t expected[] = {77, 0, 1, 1, 1, 0, 0, 0, 5, 6};
    struct machine *machine = machine_new("cases", "cortex-a72", 1, 7);

    run_to_stop(machine);
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmphex(machine_read(machine, DATA + i * 8), ==, expected[i]);
    }
    machine_free(machine);
}

static void zero_cache_line(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 8);

    run_to_stop(machine);
    g_assert_cmpuint(aarch64_x(machine->cpu, 4), ==, 4); /* 64 bytes, permitted */
    for (unsigned i = 0; i < 32; i++) {
        g_assert_cmphex(machine_read(machine, DATA + i * 8), ==, i >= 8 && i < 16 ? 0 : UINT64_MAX);
    }
    g_assert_true(cpu_engine_page_dirty(machine->engine, DATA));
    machine_free(machine);
}

static void user_traps(void)
{
    static const struct expected expected[] = {
        {0x6234f801, NOT_FAR, USER_CODE},      /* CNTVCT */
        {0x6230f801, NOT_FAR, USER_CODE + 4},  /* CNTFRQ */
        {0x6232f805, NOT_FAR, USER_CODE + 8},  /* CNTP_CTL, to X0, a read */
        {0x620cd3e4, NOT_FAR, USER_CODE + 12}, /* MSR DAIFSet, #2 */
        {0x02000000, NOT_FAR, USER_CODE + 16}, /* MIDR: undefined */
        {0x07e00000, NOT_FAR, USER_CODE + 20}, /* WFI */
        {0x9200000f, USER_STACK, USER_CODE + 24}, {0x9200000f, DATA, USER_CODE + 36}, {0x56000fff, NOT_FAR, 0},
    };
    struct machine *machine = machine_new("cases", "max", 1, 11);
    struct aarch64_registers registers;

    aarch64_get_registers(machine->cpu, &registers);
    registers.sctlr_el1 &= ~(1ull << 16); /* nTWI */
    aarch64_set_registers(machine->cpu, &registers);
    run_to_stop(machine);
    check_log(machine, expected, G_N_ELEMENTS(expected));
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmpuint(machine->exceptions[i].from_level, ==, 0);
    }
    machine_free(machine);
}

static void user_counter(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 11);
    struct aarch64_registers registers;

    aarch64_get_registers(machine->cpu, &registers);
    registers.cntkctl_el1 = 0x202; /* EL0VCTEN, EL0PTEN */
    aarch64_set_registers(machine->cpu, &registers);
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_HALT); /* WFI is not trapped */
    g_assert_cmpuint(cpu_privilege(machine->cpu), ==, 0);
    g_assert_cmpuint(machine->exception_count, ==, 2); /* DAIFSet, MIDR */
    machine_free(machine);
}

static void stack_pointers(void)
{
    static const struct expected expected[] = {{0x02000000, NOT_FAR, CASE(26) + 8},
                                               {0x02000000, NOT_FAR, CASE(26) + 8}};
    struct machine *machine = machine_new("cases", "max", 1, 26);

    run_to_stop(machine);
    check_log(machine, expected, G_N_ELEMENTS(expected));
    g_assert_cmphex(aarch64_x(machine->cpu, 2), ==, 2);
    machine_free(machine);
}

static void privileged_access_never(void)
{
    static const struct expected expected[] = {{0x9600000f, USER_DATA, CASE(12) + 16},
                                               {0x9600004f, USER_DATA, CASE(12) + 24}};
    struct machine *machine = machine_new("cases", "max", 1, 12);

    run_to_stop(machine);
    check_log(machine, expected, G_N_ELEMENTS(expected));
    g_assert_cmphex(aarch64_x(machine->cpu, 2), ==, 1u << 22);
    machine_free(machine);
}

static void address_translation(void)
{
    static const uint64_t expected[] = {
        0xff00000000000b80 | DATA, 0x81f, 0x81f, 0x80b, (MMIO + 0x1000) | 0xb00,
    };
    struct machine *machine = machine_new("cases", "max", 1, 13);
    uint64_t physical = 0;

    run_to_stop(machine);
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmphex(machine_read(machine, DATA + i * 8), ==, expected[i]);
    }
    g_assert_true(cpu_translate(machine->cpu, ALIAS + 0x123456, &physical));
    g_assert_cmphex(physical, ==, RAM + 0x123456);
    g_assert_true(cpu_translate(machine->cpu, UPPER + DATA + 7, &physical));
    g_assert_cmphex(physical, ==, DATA + 7);
    g_assert_false(cpu_translate(machine->cpu, 0xc0000000, &physical));
    g_assert_false(cpu_translate(machine->cpu, 0x8000000000, &physical));
    machine_free(machine);
}

/* TCR_EL1.E0PD1: EL0 gets no further than to the border of the kernel's half. */
static void privileged_half(void)
{
    struct machine *machine = machine_new("cases", "max", 1, 0);
    struct aarch64_registers registers;

    machine_write(machine, USER_CODE, 0xd4000001f9400020); /* LDR X0, [X1]; SVC #0 */
    machine_write(machine, USER_DATA, 0x1234);
    aarch64_get_registers(machine->cpu, &registers);
    registers.pc = USER_CODE;
    registers.pstate = 0;
    registers.sp_el1 = STACK;
    registers.x[1] = UPPER + USER_DATA;
    aarch64_set_registers(machine->cpu, &registers);
    cpu_run(machine->cpu, 1);
    g_assert_cmphex(aarch64_x(machine->cpu, 0), ==, 0x1234);
    g_assert_cmpuint(machine->exception_count, ==, 0);
    registers.tcr_el1 |= 1ull << 56;
    aarch64_set_registers(machine->cpu, &registers);
    cpu_run(machine->cpu, 1);
    g_assert_cmpuint(machine->exception_count, ==, 1);
    g_assert_cmphex(machine->exceptions[0].syndrome, ==, 0x92000004); /* translation, level 0 */
    g_assert_cmphex(machine->exceptions[0].address, ==, UPPER + USER_DATA);
    machine_free(machine);
}

/* Two pages change places behind the TLB's back. */
static bool exchange_pages(struct machine *machine, struct cpu *cpu, uint32_t immediate)
{
    bool swap = immediate == 2;
    uint64_t global = RAM + 0x1e0000;

    (void)cpu;
    if (immediate != 2 && immediate != 3) {
        return false;
    }
    machine_set_page(machine, USER_DATA,
                     (swap ? global : USER_DATA) | PAGE_NORMAL | PAGE_USER | PAGE_NOT_GLOBAL | 3ull << 53);
    machine_set_page(machine, global, (swap ? USER_DATA : global) | PAGE_NORMAL | 1ull << 54);
    return true;
}

static void address_spaces(void)
{
    enum { A = 0xaaaa, B = 0xbbbb };
    static const uint64_t expected[] = {
        A, B, /* stale */
        B, B, /* new ASID: the page that is not global is looked up again */
        A,    /* TLBI VAAE1IS */
        B, A, /* with a tag; TLBI of the address without */
    };
    struct machine *machine = machine_new("cases", "max", 1, 15);

    machine_write(machine, USER_DATA, A);
    machine_write(machine, RAM + 0x1e0000, B);
    machine->hypercall = exchange_pages;
    run_to_stop(machine);
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmphex(machine_read(machine, DATA + i * 8), ==, expected[i]);
    }
    machine_free(machine);
}

/* An AArch32 program in EL0; once in one go, once moved to another engine after each instruction. */
static void aarch32_program(void)
{
    static const struct expected expected[] = {{0x44000007, NOT_FAR, USER_CODE + 0x14},
                                               {0x02000000, NOT_FAR, USER_CODE + 0x14},
                                               {0x46000fff, NOT_FAR, USER_CODE + 0x20}};
    struct machine *machine = machine_new("cases", "max", 1, 22);
    struct machine *stepped = machine_new("cases", "max", 1, 22);
    g_autofree char *digest = NULL, *digest_stepped = NULL;

    run_to_stop(machine);
    check_log(machine, expected, G_N_ELEMENTS(expected));
    g_assert_cmphex(aarch64_x(machine->cpu, 1), ==, 10);
    g_assert_cmphex(aarch64_x(machine->cpu, 3), ==, 11);
    g_assert_cmphex(aarch64_x(machine->cpu, 4), ==, 7);
    while (cpu_run(stepped->cpu, 1) == CPU_STOP_BUDGET) {
        g_autoptr(GByteArray) state = g_byte_array_new();

        cpu_save(stepped->cpu, state);
        cpu_reset(stepped->cpu);
        g_assert_true(cpu_load(stepped->cpu, state->data, state->len));
    }
    digest = machine_digest(machine);
    digest_stepped = machine_digest(stepped);
    g_assert_cmpstr(digest, ==, digest_stepped);
    machine_free(machine);
    machine_free(stepped);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/aarch64/code-through-alias", code_through_alias);
    g_test_add_func("/engine/aarch64/code-written-by-host", code_written_by_host);
    g_test_add_func("/engine/aarch64/instruction-exceptions", instruction_exceptions);
    g_test_add_func("/engine/aarch64/data-aborts", data_aborts);
    g_test_add_func("/engine/aarch64/instruction-aborts", instruction_aborts);
    g_test_add_func("/engine/aarch64/alignment", alignment);
    g_test_add_func("/engine/aarch64/mmu-off", mmu_off);
    g_test_add_func("/engine/aarch64/floating-point-trap", floating_point_trap);
    g_test_add_func("/engine/aarch64/lse", large_system_extensions);
    g_test_add_func("/engine/aarch64/exclusives", exclusives);
    g_test_add_func("/engine/aarch64/dc-zva", zero_cache_line);
    g_test_add_func("/engine/aarch64/user-traps", user_traps);
    g_test_add_func("/engine/aarch64/user-counter", user_counter);
    g_test_add_func("/engine/aarch64/stack-pointers", stack_pointers);
    g_test_add_func("/engine/aarch64/pan", privileged_access_never);
    g_test_add_func("/engine/aarch64/address-translation", address_translation);
    g_test_add_func("/engine/aarch64/address-spaces", address_spaces);
    g_test_add_func("/engine/aarch64/privileged-half", privileged_half);
    g_test_add_func("/engine/aarch64/aarch32", aarch32_program);
    return g_test_run();
}
