/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stops, steps and points at exact places, on the guest of tests/engine/looking; and the run is the one without a debugger. */
#include <string.h>

#include "debug/debugger.h"
#include "debug/expression.h"
#include "tests/engine/looking/guest.h"

static const enum cpu_arch archs[] = {CPU_ARCH_X86_64, CPU_ARCH_AARCH64};

struct fixture {
    enum cpu_arch arch;
    struct guest *guest;
    struct symbols *symbols;
    struct debugger *debugger;
    struct machine *machine;
    uint64_t ram;
};

struct result {
    uint64_t instructions, hash;
};

static struct result reference(enum cpu_arch arch)
{
    struct guest *guest = guest_new(arch);
    struct result result;

    g_assert_cmpint(machine_run(guest->machine), ==, MACHINE_STOP_POWER_OFF);
    result.instructions = machine_instructions(guest->machine);
    result.hash = machine_state_hash(guest->machine);
    guest_free(guest);
    return result;
}

static void set_up(struct fixture *fixture, gconstpointer data)
{
    fixture->arch = *(const enum cpu_arch *)data;
    fixture->guest = guest_new(fixture->arch);
    fixture->machine = fixture->guest->machine;
    fixture->ram = fixture->guest->ram;
    fixture->symbols = symbols_new(fixture->machine);
    fixture->debugger = debugger_new(fixture->machine, fixture->symbols, NULL, NULL);
}

/* Runs to the end; what the debugger did was invisible. */
static void tear_down(struct fixture *fixture, gconstpointer data)
{
    struct result expected = reference(fixture->arch);

    (void)data;
    while (debugger_point(fixture->debugger, 0))
        g_assert_true(debugger_remove(fixture->debugger, debugger_point(fixture->debugger, 0)->number));
    if (debugger_machine_stop(fixture->debugger) != MACHINE_STOP_POWER_OFF)
        g_assert_cmpint(debugger_continue(fixture->debugger), ==, DEBUGGER_STOP_MACHINE);
    g_assert_cmpint(debugger_machine_stop(fixture->debugger), ==, MACHINE_STOP_POWER_OFF);
    g_assert_cmpuint(machine_instructions(fixture->machine), ==, expected.instructions);
    g_assert_cmphex(machine_state_hash(fixture->machine), ==, expected.hash);
    debugger_free(fixture->debugger);
    symbols_free(fixture->symbols);
    guest_free(fixture->guest);
}

static unsigned insert(struct fixture *fixture, struct debugger_point point)
{
    g_autoptr(GError) error = NULL;

    point.enabled = true;
    if (!point.root)
        point.root = SYMBOLS_ANY_SPACE;
    unsigned number = debugger_insert(fixture->debugger, &point, &error);
    g_assert_no_error(error);
    return number;
}

static uint64_t pc(struct fixture *fixture)
{
    return cpu_pc(debugger_cpu(fixture->debugger));
}

static void expect(struct fixture *fixture, enum debugger_stop stop, unsigned number, uint64_t at)
{
    g_assert_cmpint(debugger_continue(fixture->debugger), ==, stop);
    g_assert_nonnull(debugger_hit(fixture->debugger));
    g_assert_cmpuint(debugger_hit(fixture->debugger)->number, ==, number);
    if (at)
        g_assert_cmphex(pc(fixture), ==, at);
}

static void breakpoints(struct fixture *fixture, gconstpointer data)
{
    uint64_t leaf = fixture->ram + GUEST_LEAF;
    unsigned number = insert(fixture, (struct debugger_point){.address = leaf});

    (void)data;
    for (unsigned i = 0; i < 5; i++) {
        expect(fixture, DEBUGGER_STOP_BREAKPOINT, number, leaf);
        g_assert_cmpuint(guest_rounds_left(fixture->guest), ==, GUEST_ROUNDS - i);
    }
    debugger_point(fixture->debugger, 0)->ignore = 3;
    expect(fixture, DEBUGGER_STOP_BREAKPOINT, number, leaf);
    g_assert_cmpuint(guest_rounds_left(fixture->guest), ==, GUEST_ROUNDS - 8);
    g_assert_cmpuint(debugger_point(fixture->debugger, 0)->hits, ==, 9);
    debugger_point(fixture->debugger, 0)->enabled = false;
    unsigned once = insert(fixture, (struct debugger_point){.address = fixture->ram + GUEST_ROUND, .temporary = true});
    expect(fixture, DEBUGGER_STOP_BREAKPOINT, once, fixture->ram + GUEST_ROUND);
    g_assert_null(debugger_point(fixture->debugger, 1));
    g_assert_cmpint(debugger_continue(fixture->debugger), ==, DEBUGGER_STOP_MACHINE);
}

static void conditions(struct fixture *fixture, gconstpointer data)
{
    const char *condition =
        fixture->arch == CPU_ARCH_X86_64 ? "$r15 == 40 && *(u64 *)0x200000 == $r15 + 1" : "$x20 == 40";
    char *text = (char *)condition;
    uint64_t leaf = fixture->ram + GUEST_PATCHED;
    unsigned number = insert(fixture, (struct debugger_point){.address = leaf, .condition = text});
    struct debugger_point wrong = {.address = leaf, .condition = (char *)"1 +", .root = SYMBOLS_ANY_SPACE};
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_cmpuint(debugger_insert(fixture->debugger, &wrong, &error), ==, 0);
    g_assert_nonnull(error);
    expect(fixture, DEBUGGER_STOP_BREAKPOINT, number, leaf);
    g_assert_cmpuint(guest_rounds_left(fixture->guest), ==, 40);
    g_assert_cmpuint(debugger_point(fixture->debugger, 0)->hits, ==, 1);
    g_assert_cmpint(debugger_continue(fixture->debugger), ==, DEBUGGER_STOP_MACHINE);
}

/* In one address space only. */
static void spaces(struct fixture *fixture, gconstpointer data)
{
    uint64_t shared = fixture->ram + GUEST_SHARED, b = fixture->ram + GUEST_SPACE_B, physical;
    unsigned number = insert(fixture, (struct debugger_point){.address = shared, .root = b});

    (void)data;
    for (unsigned i = 1; i <= 3; i++) {
        expect(fixture, DEBUGGER_STOP_BREAKPOINT, number, shared);
        g_assert_cmpuint(guest_calls(fixture->guest, false), ==, i);
        g_assert_cmpuint(guest_calls(fixture->guest, true), ==, i - 1);
        g_assert_true(cpu_translate(debugger_cpu(fixture->debugger), shared, &physical));
        g_assert_cmphex(physical, ==, fixture->ram + GUEST_OTHER);
    }
}

static void watches(struct fixture *fixture, gconstpointer data)
{
    uint64_t address = fixture->ram + GUEST_DATA;
    unsigned write = insert(fixture, (struct debugger_point){.kind = DEBUGGER_POINT_WRITE, .address = address});

    (void)data;
    expect(fixture, DEBUGGER_STOP_WATCHPOINT, write, 0);
    g_assert_cmphex(debugger_hit_address(fixture->debugger), ==, address);
    g_assert_cmpuint(debugger_hit_old_value(fixture->debugger), ==, 0);
    expect(fixture, DEBUGGER_STOP_WATCHPOINT, write, 0);
    g_assert_cmpuint(debugger_hit_old_value(fixture->debugger), ==, GUEST_ROUNDS);
    debugger_remove(fixture->debugger, write);
    unsigned physical = insert(fixture, (struct debugger_point){.kind = DEBUGGER_POINT_PHYSICAL_ACCESS,
                                                                .address = address + 8,
                                                                .length = 4096,
                                                                .condition = (char *)"*(u64 *)($count * 0 + $sp & 0)"});
    debugger_remove(fixture->debugger, physical);
    unsigned device =
        insert(fixture, (struct debugger_point){
                            .kind = DEBUGGER_POINT_PHYSICAL_WRITE, .address = fixture->guest->mmio + 8, .length = 4});
    physical =
        insert(fixture,
               (struct debugger_point){.kind = DEBUGGER_POINT_PHYSICAL_WRITE, .address = address + 8, .length = 4096});
    for (unsigned i = 0; i < 3; i++) {
        expect(fixture, DEBUGGER_STOP_WATCHPOINT, i % 2 ? device : physical, 0);
        g_assert_cmphex(debugger_hit_address(fixture->debugger), ==, i % 2 ? fixture->guest->mmio + 8 : address + 8);
    }
    debugger_remove(fixture->debugger, device);
    debugger_remove(fixture->debugger, physical);
    if (fixture->arch != CPU_ARCH_X86_64)
        return;
    unsigned port = insert(fixture, (struct debugger_point){.kind = DEBUGGER_POINT_PORT_ACCESS, .address = 0x10});
    expect(fixture, DEBUGGER_STOP_WATCHPOINT, port, 0);
    g_assert_cmphex(debugger_hit_address(fixture->debugger), ==, 0x10);
}

static void catches(struct fixture *fixture, gconstpointer data)
{
    bool x86 = fixture->arch == CPU_ARCH_X86_64;
    unsigned exception =
        insert(fixture, (struct debugger_point){.kind = DEBUGGER_POINT_CATCH_EXCEPTION, .address = x86 ? 6 : 0});

    (void)data;
    for (unsigned i = 0; i < 4; i++) { /* in the kernel and in user mode */
        expect(fixture, DEBUGGER_STOP_CATCH, exception, 0);
        g_assert_cmpuint(cpu_privilege(debugger_cpu(fixture->debugger)), ==, x86 ? (i % 2 ? 3 : 0) : i % 2 ? 0 : 1);
    }
    g_assert_cmphex(pc(fixture), ==, fixture->ram + GUEST_USER);
    /* A step goes into the handler. */
    g_assert_cmpint(debugger_step(fixture->debugger, 1), ==, DEBUGGER_STOP_STEP);
    g_assert_cmphex(pc(fixture), !=, fixture->ram + GUEST_USER);
    debugger_remove(fixture->debugger, exception);
    unsigned interrupt =
        insert(fixture, (struct debugger_point){.kind = DEBUGGER_POINT_CATCH_INTERRUPT, .address = UINT64_MAX});
    expect(fixture, DEBUGGER_STOP_CATCH, interrupt, 0);
    g_assert_cmphex(debugger_hit_address(fixture->debugger), ==, x86 ? 0x20 : 0x100);
    g_autoptr(GError) error = NULL;
    struct debugger_point call = {.kind = DEBUGGER_POINT_CATCH_SYSCALL, .address = UINT64_MAX};
    g_assert_cmpuint(debugger_insert(fixture->debugger, &call, &error), ==, 0);
    g_assert_nonnull(error);
}

static void steps(struct fixture *fixture, gconstpointer data)
{
    struct guest *twin = guest_new(fixture->arch);

    (void)data;
    for (unsigned i = 0; i < 900; i++) {
        unsigned by = i % 3 ? 1 : 7;
        g_assert_cmpint(debugger_step(fixture->debugger, by), ==, DEBUGGER_STOP_STEP);
        machine_break_at(twin->machine, machine_instructions(fixture->machine));
        g_assert_cmpint(machine_run(twin->machine), ==, MACHINE_STOP_BREAK);
        g_assert_cmphex(cpu_pc(machine_cpu(twin->machine, 0)), ==, pc(fixture));
    }
    g_assert_cmpuint(machine_instructions(fixture->machine), ==, 300 * 9);
    g_assert_cmphex(machine_state_hash(fixture->machine), ==, machine_state_hash(twin->machine));
    g_assert_cmpint(debugger_run_to(fixture->debugger, 3000), ==, DEBUGGER_STOP_STEP);
    g_assert_cmpuint(machine_instructions(fixture->machine), ==, 3000);
    guest_free(twin);
}

/* A step onto a breakpoint stops there once; several points at one place count once each. */
static void together(struct fixture *fixture, gconstpointer data)
{
    uint64_t leaf = fixture->ram + GUEST_LEAF;
    unsigned first = insert(fixture, (struct debugger_point){.address = leaf});
    unsigned second = insert(fixture, (struct debugger_point){.address = leaf + (fixture->arch ? 4 : 6)});

    (void)data;
    expect(fixture, DEBUGGER_STOP_BREAKPOINT, first, leaf);
    g_assert_cmpint(debugger_step(fixture->debugger, 1), ==, DEBUGGER_STOP_STEP);
    g_assert_cmphex(pc(fixture), ==, leaf + (fixture->arch ? 4 : 6));
    expect(fixture, DEBUGGER_STOP_BREAKPOINT, first, leaf);
    expect(fixture, DEBUGGER_STOP_BREAKPOINT, second, leaf + (fixture->arch ? 4 : 6));
    unsigned third = insert(fixture, (struct debugger_point){.address = leaf});
    expect(fixture, DEBUGGER_STOP_BREAKPOINT, first, leaf);
    g_assert_cmpuint(debugger_point(fixture->debugger, 2)->number, ==, third);
    g_assert_cmpuint(debugger_point(fixture->debugger, 2)->hits, ==, 1);
}

static gpointer interrupt(gpointer data)
{
    g_usleep(20000);
    debugger_interrupt(data);
    return NULL;
}

static void interrupts(struct fixture *fixture, gconstpointer data)
{
    uint64_t round = fixture->ram + GUEST_ROUND;
    GThread *thread;

    (void)data;
    insert(fixture, (struct debugger_point){.address = round, .condition = (char *)"0"});
    debugger_interrupt(fixture->debugger);
    g_assert_cmpint(debugger_continue(fixture->debugger), ==, DEBUGGER_STOP_REQUEST);
    thread = g_thread_new("interrupt", interrupt, fixture->debugger);
    enum debugger_stop stop;
    do
        stop = debugger_step(fixture->debugger, 1);
    while (stop == DEBUGGER_STOP_STEP && guest_rounds_left(fixture->guest) != 1);
    g_assert_true(stop == DEBUGGER_STOP_REQUEST || stop == DEBUGGER_STOP_STEP);
    g_thread_join(thread);
    if (stop == DEBUGGER_STOP_STEP)
        g_assert_cmpint(debugger_continue(fixture->debugger), ==, DEBUGGER_STOP_REQUEST);
}

/* An interrupt that a breakpoint has come before is done when its user has been told of that. */
static void late_interrupts(struct fixture *fixture, gconstpointer data)
{
    uint64_t leaf = fixture->ram + GUEST_LEAF;
    unsigned point = insert(fixture, (struct debugger_point){.address = leaf});

    (void)data;
    expect(fixture, DEBUGGER_STOP_BREAKPOINT, point, leaf);
    debugger_interrupt(fixture->debugger);
    debugger_forget_interrupt(fixture->debugger);
    expect(fixture, DEBUGGER_STOP_BREAKPOINT, point, leaf);
    debugger_forget_interrupt(fixture->debugger); /* of which there is none */
    debugger_interrupt(fixture->debugger);
    g_assert_cmpint(debugger_continue(fixture->debugger), ==, DEBUGGER_STOP_REQUEST);
    debugger_interrupt(fixture->debugger);
    debugger_forget_interrupt(fixture->debugger);
    debugger_interrupt(fixture->debugger); /* a new one */
    g_assert_cmpint(debugger_continue(fixture->debugger), ==, DEBUGGER_STOP_REQUEST);
    expect(fixture, DEBUGGER_STOP_BREAKPOINT, point, leaf);
}

static void expressions(struct fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {{"1 + 2 * 3", 7},      {"(1 + 2) * 3", 9},
                {"0x10 | 0b11", 0x13}, {"10 - 3 - 2", 5},
                {"1 << 4 >> 2", 4},    {"1 << 64", 0},
                {"-1 > 0", 1},         {"!5 == 0", 1},
                {"~0 & 0xff", 0xff},   {"5 % 3 == 2 && 7 / 2 == 3", 1},
                {"0 && 1 / 0", 0},     {"1 || *0xdead00000000", 1},
                {"0 ? 1 / 0 : 4", 4},  {"1 ? 2 : 0 ? 3 : 4", 2},
                {"1 == 1 != 0", 1},    {"6 ^ 3 | 8", 13},
                {"(i8)0xff == -1", 1}, {"(u16)0x12345", 0x2345},
                {"'A' + 1", 66},       {"$count", 5},
                {"$cpu", 0},           {"$pc == pc", 1}};
    static const char *const bad[] = {
        "",  "1 +",  "(1",    "1 2", "1 / 0", "$nonsense", "foo()", "12ab", "*0xdead00000000",
        "'", "(u8)", "1 ? 2", "$7",  "&&",    ")",         "*(u8"};
    struct expression_scope scope = {.debugger = fixture->debugger, .cpu = debugger_cpu(fixture->debugger)};
    g_autofree char *deep = g_strnfill(100000, '(');
    uint64_t value;

    (void)data;
    debugger_step(fixture->debugger, 5);
    for (unsigned i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_true(expression_evaluate(&scope, good[i].text, &value, &error));
        g_test_message("%s", good[i].text);
        g_assert_cmphex(value, ==, good[i].value);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", bad[i]);
        g_assert_false(expression_evaluate(&scope, bad[i], &value, &error));
        g_assert_nonnull(error);
    }
    g_assert_false(expression_evaluate(&scope, deep, &value, NULL));
    g_autofree char *load =
        g_strdup_printf("*(u32 *)0x%" G_GINT64_MODIFIER "x == *(u8 *)$pc * 0 + *(u32 *)(%" G_GUINT64_FORMAT ")",
                        fixture->ram + GUEST_CODE, fixture->ram + GUEST_CODE);
    g_assert_true(expression_evaluate(&scope, load, &value, NULL));
    g_assert_cmphex(value, ==, 1);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(struct fixture *fixture, gconstpointer data);
    } tests[] = {{"breakpoints", breakpoints}, {"conditions", conditions}, {"spaces", spaces},
                 {"watches", watches},         {"catches", catches},       {"steps", steps},
                 {"together", together},       {"interrupts", interrupts}, {"late-interrupts", late_interrupts},
                 {"expressions", expressions}};

    g_test_init(&argc, &argv, NULL);
    for (unsigned arch = 0; arch < G_N_ELEMENTS(archs); arch++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
            g_autofree char *path =
                g_strdup_printf("/debug/debugger/%s/%s", arch ? "aarch64" : "x86_64", tests[i].name);
            g_test_add(path, struct fixture, &archs[arch], set_up, tests[i].test, tear_down);
        }
    }
    return g_test_run();
}
