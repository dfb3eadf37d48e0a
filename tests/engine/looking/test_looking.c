/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Observers, probes and stops before: exact, and invisible to the guest. */
#include "guest.h"

static const enum cpu_arch archs[] = {CPU_ARCH_X86_64, CPU_ARCH_AARCH64};

struct result {
    uint64_t instructions, hash, sum;
    unsigned interrupts;
};

static struct result finish(struct guest *guest)
{
    enum machine_stop stop = machine_run(guest->machine);
    struct result result;

    g_assert_cmpint(stop, ==, MACHINE_STOP_POWER_OFF);
    g_assert_cmpuint(guest_rounds_left(guest), ==, 0);
    g_assert_cmpuint(guest_calls(guest, false), ==, GUEST_ROUNDS);
    g_assert_cmpuint(guest_calls(guest, true), ==, GUEST_ROUNDS);
    result.instructions = machine_instructions(guest->machine);
    result.hash = machine_state_hash(guest->machine);
    result.sum = guest_sum(guest);
    result.interrupts = guest->interrupts;
    guest_free(guest);
    return result;
}

static struct result reference(enum cpu_arch arch)
{
    struct result result = finish(guest_new(arch));

    g_assert_cmpuint(result.sum, ==, GUEST_ROUNDS * (GUEST_ROUNDS + 1) / 2);
    g_assert_cmpuint(result.interrupts, >, 5);
    return result;
}

static void equal(struct result a, struct result b)
{
    g_assert_cmpuint(a.instructions, ==, b.instructions);
    g_assert_cmpuint(a.interrupts, ==, b.interrupts);
    g_assert_cmphex(a.hash, ==, b.hash);
}

struct counts {
    struct machine *machine;
    unsigned kernel, user, software, interrupts;
    unsigned stops; /* each so many of all: stop before it */
    unsigned seen;
};

static void count(void *opaque, struct cpu *cpu, const struct cpu_exception *exception)
{
    struct counts *counts = opaque;

    if (exception->is_interrupt)
        counts->interrupts++;
    else if (exception->is_software)
        counts->software++;
    else if (cpu_privilege(cpu) == (cpu_architecture(cpu) == CPU_ARCH_X86_64 ? 3 : 0))
        counts->user++;
    else
        counts->kernel++;
    if (counts->stops && ++counts->seen % counts->stops == 0)
        machine_stop_before(counts->machine);
}

static void observers(gconstpointer data)
{
    enum cpu_arch arch = *(const enum cpu_arch *)data;
    struct result expected = reference(arch);
    struct guest *guest = guest_new(arch);
    struct counts all = {.machine = guest->machine}, kernel = all, user = all, none = all;

    machine_observer_add(guest->machine, MACHINE_OBSERVE_KERNEL_FAULTS, count, &kernel);
    machine_observer_add(guest->machine, MACHINE_OBSERVE_ALL, count, &all);
    machine_observer_add(guest->machine, MACHINE_OBSERVE_USER_FAULTS | MACHINE_OBSERVE_SOFTWARE, count, &user);
    machine_observer_remove(guest->machine, machine_observer_add(guest->machine, MACHINE_OBSERVE_ALL, count, &none));
    equal(finish(guest), expected);
    g_assert_cmpuint(all.kernel, ==, GUEST_ROUNDS);
    g_assert_cmpuint(all.user, ==, GUEST_ROUNDS);
    g_assert_cmpuint(all.software, ==, 2 * GUEST_ROUNDS);
    g_assert_cmpuint(all.interrupts, >, 5);
    g_assert_cmpuint(all.interrupts, <=, expected.interrupts);
    g_assert_cmpuint(kernel.kernel, ==, GUEST_ROUNDS);
    g_assert_cmpuint(kernel.user + kernel.software + kernel.interrupts, ==, 0);
    g_assert_cmpuint(user.user, ==, GUEST_ROUNDS);
    g_assert_cmpuint(user.software, ==, 2 * GUEST_ROUNDS);
    g_assert_cmpuint(user.kernel + user.interrupts, ==, 0);
    g_assert_cmpuint(none.kernel + none.user + none.software + none.interrupts, ==, 0);
}

/* Each third exception or interrupt is stopped before its delivery, the state hashed, saved and loaded again. */
static void stops_before_delivery(gconstpointer data)
{
    enum cpu_arch arch = *(const enum cpu_arch *)data;
    struct result expected = reference(arch);
    struct guest *guest = guest_new(arch);
    struct machine *machine = guest->machine;
    struct counts counts = {.machine = machine, .stops = 3};
    unsigned stops = 0;

    machine_observer_add(machine, MACHINE_OBSERVE_ALL, count, &counts);
    for (; guest_rounds_left(guest) > 1 || stops == 0; stops++) {
        uint64_t before = machine_instructions(machine);
        enum machine_stop stop = machine_run(machine);
        if (stop == MACHINE_STOP_POWER_OFF)
            break;
        g_assert_cmpint(stop, ==, MACHINE_STOP_BREAK);
        g_assert_true(cpu_is_held(machine_cpu(machine, 0)));
        g_assert_cmpuint(machine_instructions(machine), >=, before);
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        machine_save(machine, bytes);
        g_assert_true(machine_load(machine, bytes->data, bytes->len, NULL));
        g_assert_true(cpu_is_held(machine_cpu(machine, 0)));
    }
    counts.stops = 0;
    equal(finish(guest), expected);
    g_assert_cmpuint(counts.kernel, ==, GUEST_ROUNDS);
    g_assert_cmpuint(counts.user, ==, GUEST_ROUNDS);
    g_assert_cmpuint(counts.software, ==, 2 * GUEST_ROUNDS);
    g_assert_cmpuint(stops, >=, GUEST_ROUNDS);
}

struct probe_counts {
    struct machine *machine;
    struct machine_probe *self, *other;
    unsigned calls, remove_at, stop_each;
    uint64_t address, last;
    GArray *physical;
};

static void called(void *opaque, struct cpu *cpu)
{
    struct probe_counts *counts = opaque;
    uint64_t now = machine_instructions(counts->machine);
    uint64_t physical;

    counts->calls++;
    g_assert_cmphex(cpu_pc(cpu), ==, counts->address);
    g_assert_true(counts->calls == 1 || now > counts->last);
    counts->last = now;
    if (counts->physical && cpu_translate(cpu, counts->address, &physical))
        g_array_append_val(counts->physical, physical);
    if (counts->calls == counts->remove_at) {
        machine_probe_remove(counts->machine, counts->self);
        machine_probe_remove(counts->machine, counts->other);
    }
    if (counts->stop_each && counts->calls % counts->stop_each == 0)
        machine_stop_before(counts->machine);
}

static void probes(gconstpointer data)
{
    enum cpu_arch arch = *(const enum cpu_arch *)data;
    static const uint64_t places[] = {GUEST_ROUND, GUEST_PATCHED, GUEST_LEAF, GUEST_USER, GUEST_SHARED};
    struct result expected = reference(arch);
    struct guest *guest = guest_new(arch);
    struct probe_counts counts[G_N_ELEMENTS(places)] = {0};
    uint64_t ram = guest->ram;

    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        counts[i].machine = guest->machine;
        counts[i].address = ram + places[i];
        machine_probe_add(guest->machine, ram + places[i], called, &counts[i]);
    }
    counts[4].physical = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    equal(finish(guest), expected);
    for (unsigned i = 0; i < 4; i++)
        g_assert_cmpuint(counts[i].calls, ==, GUEST_ROUNDS);
    g_assert_cmpuint(counts[4].calls, ==, 2 * GUEST_ROUNDS); /* in both spaces */
    for (unsigned i = 0; i < 2 * GUEST_ROUNDS; i++)
        g_assert_cmphex(g_array_index(counts[4].physical, uint64_t, i), ==, ram + (i % 2 ? GUEST_OTHER : GUEST_SHARED));
    g_array_free(counts[4].physical, TRUE);
}

/* Two at one address; one takes both away from inside, another comes late. */
static void probes_come_and_go(gconstpointer data)
{
    enum cpu_arch arch = *(const enum cpu_arch *)data;
    struct result expected = reference(arch);
    struct guest *guest = guest_new(arch);
    struct machine *machine = guest->machine;
    uint64_t address = guest->ram + GUEST_LEAF;
    struct probe_counts first = {.machine = machine, .address = address, .remove_at = 7};
    struct probe_counts second = {.machine = machine, .address = address};
    struct probe_counts late = {.machine = machine, .address = guest->ram + GUEST_ROUND, .stop_each = 10};
    unsigned stops = 0;

    first.self = machine_probe_add(machine, address, called, &first);
    first.other = machine_probe_add(machine, address, called, &second);
    machine_set_limits(machine, 0, expected.instructions / 2 + 20); /* within a round */
    g_assert_cmpint(machine_run(machine), ==, MACHINE_STOP_LIMIT);
    g_assert_cmpuint(first.calls, ==, 7);
    g_assert_cmpuint(second.calls, ==, 6);
    machine_set_limits(machine, 0, 0);
    uint64_t left = guest_rounds_left(guest);
    late.self = machine_probe_add(machine, late.address, called, &late);
    machine_probe_add(machine, address, called, &second);
    while (stops < 3 && machine_run(machine) == MACHINE_STOP_BREAK) {
        g_assert_cmphex(cpu_pc(machine_cpu(machine, 0)), ==, late.address);
        g_assert_cmpuint(machine_instructions(machine), ==, late.last);
        stops++;
    }
    g_assert_cmpuint(late.calls, ==, 30);
    late.stop_each = 0;
    equal(finish(guest), expected);
    g_assert_cmpuint(first.calls, ==, 7);
    g_assert_cmpuint(late.calls, ==, left - 1); /* the round that runs has begun */
    g_assert_cmpuint(second.calls, >=, 6 + left - 1);
}

static void nothing(void *opaque, struct cpu *cpu)
{
    (void)cpu;
    ++*(unsigned *)opaque;
}

static unsigned run_mixed(enum cpu_arch arch, unsigned each, struct result *result)
{
    struct guest *guest = guest_new(arch);
    struct probe_counts leaf = {.machine = guest->machine, .address = guest->ram + GUEST_LEAF, .stop_each = each};
    unsigned user = 0, breaks = 0;
    enum machine_stop stop;

    machine_set_slice(guest->machine, 37);
    machine_probe_add(guest->machine, guest->ram + GUEST_LEAF, called, &leaf);
    machine_probe_add(guest->machine, guest->ram + GUEST_USER, nothing, &user);
    cpu_breakpoint_insert(machine_engine(guest->machine), guest->ram + GUEST_PATCHED);
    while ((stop = machine_run(guest->machine)) == MACHINE_STOP_BREAK) {
        breaks++;
        if (breaks % 50 == 0)
            cpu_engine_flush(machine_engine(guest->machine));
        if (guest_rounds_left(guest) == 1)
            break;
    }
    cpu_breakpoint_remove(machine_engine(guest->machine), guest->ram + GUEST_PATCHED);
    leaf.stop_each = 0;
    *result = finish(guest);
    g_assert_cmpuint(leaf.calls, ==, GUEST_ROUNDS);
    g_assert_cmpuint(user, ==, GUEST_ROUNDS);
    return breaks;
}

/* Slices of a few instructions, breakpoints, flushes of all code: probes are called once an execution. */
static void mixed(gconstpointer data)
{
    enum cpu_arch arch = *(const enum cpu_arch *)data;
    struct result expected = reference(arch), result;

    g_assert_cmpuint(run_mixed(arch, 1, &result), ==, 2 * (GUEST_ROUNDS - 1) + 1);
    equal(result, expected);
    run_mixed(arch, 3, &result);
    equal(result, expected);
}

struct watched {
    enum cpu_watch_space space;
    uint64_t offset, length;
    enum cpu_watch kind;
    uint64_t virtual_offset; /* of the access */
    bool x86_only;
};

/* The last store of a round went to memory when the machine stops for it. */
static void look_at_hit(struct guest *guest, const struct watched *watched)
{
    struct memory *memory = machine_memory(guest->machine);
    struct cpu_access access;

    g_assert_true(cpu_watchpoint_access(machine_cpu(guest->machine, 0), 0, &access));
    g_assert_false(cpu_watchpoint_access(machine_cpu(guest->machine, 0), 1, &access));
    g_assert_cmphex(access.address, ==, watched->virtual_offset);
    g_assert_cmpint(access.write, ==, watched->kind == CPU_WATCH_WRITE);
    g_assert_false(access.dma);
    if (watched->space == CPU_WATCH_PHYSICAL)
        g_assert_cmphex(access.physical & ~7ull, ==, watched->offset & ~7ull);
    if (watched->space != CPU_WATCH_PORT && access.write && access.physical < guest->ram + GUEST_RAM &&
        access.physical >= guest->ram)
        g_assert_cmpuint(memory_read64(memory, access.physical), ==, guest_rounds_left(guest));
}

static void watch(enum cpu_arch arch, const struct watched *watched, struct result expected)
{
    struct guest *guest = guest_new(arch);
    struct cpu_engine *engine = machine_engine(guest->machine);
    unsigned hits = 0;

    for (;;) {
        g_assert_true(cpu_watchpoint_insert(engine, watched->space, watched->offset, watched->length, watched->kind));
        if (hits == GUEST_ROUNDS)
            break;
        g_assert_cmpint(machine_run(guest->machine), ==, MACHINE_STOP_BREAK);
        look_at_hit(guest, watched);
        hits++;
        if (hits % 10 == 0) { /* the debugger's own change is no hit */
            uint64_t address = guest->ram + GUEST_DATA;
            memory_write64(machine_memory(guest->machine), address,
                           memory_read64(machine_memory(guest->machine), address));
        }
        cpu_watchpoint_remove(engine, watched->space, watched->offset, watched->length, watched->kind);
    }
    g_assert_cmpuint(guest_rounds_left(guest), ==, 1);
    equal(finish(guest), expected);
}

static void watchpoints(gconstpointer data)
{
    enum cpu_arch arch = *(const enum cpu_arch *)data;
    struct result expected = reference(arch);
    struct guest *guest = guest_new(arch);
    uint64_t ram = guest->ram, mmio = guest->mmio, alias = ram + GUEST_ALIAS;
    const struct watched each[] = {
        {CPU_WATCH_VIRTUAL, ram + GUEST_DATA, 8, CPU_WATCH_WRITE, ram + GUEST_DATA, false},
        {CPU_WATCH_VIRTUAL, ram + GUEST_DATA + 7, 1, CPU_WATCH_WRITE, ram + GUEST_DATA, false},
        {CPU_WATCH_VIRTUAL, alias + GUEST_DATA - 8192, 16384, CPU_WATCH_WRITE, alias + GUEST_DATA + 8, false},
        {CPU_WATCH_VIRTUAL, ram + GUEST_DATA + 12, 64, CPU_WATCH_READ, ram + GUEST_DATA + 16, false},
        {CPU_WATCH_PHYSICAL, ram + GUEST_DATA + 8, 8, CPU_WATCH_WRITE, alias + GUEST_DATA + 8, false},
        {CPU_WATCH_PHYSICAL, ram + GUEST_DATA + 16, 4, CPU_WATCH_READ, ram + GUEST_DATA + 16, false},
        {CPU_WATCH_PHYSICAL, mmio + 8, 4, CPU_WATCH_WRITE, mmio + 8, false},
        {CPU_WATCH_PORT, 0x10, 1, CPU_WATCH_WRITE, 0x10, true},
    };

    g_assert_false(cpu_watchpoint_insert(machine_engine(guest->machine), CPU_WATCH_VIRTUAL, 8, 0, CPU_WATCH_READ));
    g_assert_false(
        cpu_watchpoint_insert(machine_engine(guest->machine), CPU_WATCH_VIRTUAL, UINT64_MAX, 2, CPU_WATCH_READ));
    guest_free(guest);
    for (unsigned i = 0; i < G_N_ELEMENTS(each); i++)
        if (!each[i].x86_only || arch == CPU_ARCH_X86_64)
            watch(arch, &each[i], expected);
}

static void dma(void *opaque)
{
    struct guest *guest = opaque;

    memory_write8(machine_memory(guest->machine), guest->ram + GUEST_DATA + 0x100, 5);
}

/* A device writes, between two instructions. */
static void watched_dma(gconstpointer data)
{
    enum cpu_arch arch = *(const enum cpu_arch *)data;
    struct guest *guest = guest_new(arch);
    struct clock_timer *timer = clock_timer_new(machine_clock(guest->machine), "dma", dma, guest);
    struct cpu_access access;

    clock_timer_set(timer, 4000);
    g_assert_true(cpu_watchpoint_insert(machine_engine(guest->machine), CPU_WATCH_PHYSICAL,
                                        guest->ram + GUEST_DATA + 0xff, 2, CPU_WATCH_WRITE));
    memory_write8(machine_memory(guest->machine), guest->ram + GUEST_DATA + 0x100, 4);
    g_assert_cmpint(machine_run(guest->machine), ==, MACHINE_STOP_BREAK);
    g_assert_cmpint(machine_now(guest->machine), ==, 4000);
    g_assert_true(cpu_watchpoint_access(machine_cpu(guest->machine, 0), 0, &access));
    g_assert_true(access.dma && access.write);
    g_assert_cmphex(access.address, ==, guest->ram + GUEST_DATA + 0x100);
    g_assert_cmpuint(memory_read8(machine_memory(guest->machine), access.address), ==, 5);
    clock_timer_free(timer);
    finish(guest);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(gconstpointer data);
    } tests[] = {{"observers", observers},
                 {"stops-before-delivery", stops_before_delivery},
                 {"probes", probes},
                 {"probes-come-and-go", probes_come_and_go},
                 {"mixed", mixed},
                 {"watchpoints", watchpoints},
                 {"watched-dma", watched_dma}};

    g_test_init(&argc, &argv, NULL);
    for (unsigned arch = 0; arch < G_N_ELEMENTS(archs); arch++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
            g_autofree char *path =
                g_strdup_printf("/engine/looking/%s/%s", arch ? "aarch64" : "x86_64", tests[i].name);
            g_test_add_data_func(path, &archs[arch], tests[i].test);
        }
    }
    return g_test_run();
}
