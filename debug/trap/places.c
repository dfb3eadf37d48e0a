/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where kernels give up: probes at their own functions for it.  Redox: excp_handler (an exception that nobody wants) and the panic
 * handler; Linux: panic(), die() and, on x86, __die(); any kernel in Rust: rust_begin_unwind.
 */
#include <string.h>

#include "debug/registers.h"
#include "debug/trap/internal.h"

#define SUSPECT_AGE 1000000 /* instructions between an exception and the kernel's giving up for it */

struct trap_place {
    struct traps *traps;
    struct machine_probe *probe;
};

/* Redox: excp_handler({kind, code, address}): a user's exception, the kernel's own having been told before. */
static void at_excp_handler(void *opaque, struct cpu *cpu)
{
    struct traps *traps = ((struct trap_place *)opaque)->traps;
    struct cpu_exception exception = {0};
    uint64_t kind = 0, code = 0, address = 0, syndrome = 0, argument = trap_argument(cpu, 0);
    struct trap *trap = trap_capture(traps, cpu, &exception);
    bool arm = cpu_architecture(cpu) == CPU_ARCH_AARCH64;

    space_read_u64(&trap->space, argument, &kind);
    space_read_u64(&trap->space, argument + 8, &code);
    space_read_u64(&trap->space, argument + 16, &address);
    trap->noticed = TRAP_AT_GIVING_UP;
    if (!trap_redox_user_frame(traps, cpu, &trap->frame, &trap->flags, &syndrome)) {
        trap->exception.vector = TRAP_NO_VECTOR;
        trap_raise(traps, trap);
        return;
    }
    if (arm) {
        struct trap_access access;
        trap->exception.vector = aarch64_class_of(syndrome);
        trap->exception.syndrome = syndrome;
        exception_access(CPU_ARCH_AARCH64, &trap->exception, &access);
        int far = register_find(CPU_ARCH_AARCH64, "far_el1");
        if (access.memory || trap->exception.vector == AARCH64_CLASS_PC_ALIGNMENT)
            trap->exception.address = register_get_u64(cpu, (unsigned)far);
        trap->exception.to_level = 1;
    } else {
        trap->exception.vector = (uint32_t)kind;
        trap->exception.syndrome = code;
        trap->exception.address = address;
        trap->exception.from_level = 3;
    }
    trap->exception.pc = trap->frame.pc;
    /* An abort is the end of a panic, whose text is still on the stack. */
    if (trap->exception.vector == (arm ? (uint32_t)AARCH64_CLASS_UNKNOWN : X86_VECTOR_UD))
        trap->message = panic_of_rust_on_stack(traps->symbols, &trap->space, trap->frame.sp, trap->frame.sp + 16384);
    trap_raise(traps, trap);
}

/* rust_begin_unwind(&PanicInfo), panic_handler_inner(&PanicInfo). */
static void at_rust_panic(void *opaque, struct cpu *cpu)
{
    struct traps *traps = ((struct trap_place *)opaque)->traps;
    struct trap *trap = trap_capture(traps, cpu, NULL);

    trap->noticed = TRAP_AT_PANIC;
    trap->message = panic_of_rust(traps->symbols, &trap->space, trap_argument(cpu, 0));
    trap_raise(traps, trap);
}

/* panic(format, …). */
static void at_linux_panic(void *opaque, struct cpu *cpu)
{
    struct traps *traps = ((struct trap_place *)opaque)->traps;
    struct trap *trap = trap_capture(traps, cpu, NULL);
    uint64_t argument[5];

    for (unsigned i = 0; i < G_N_ELEMENTS(argument); i++)
        argument[i] = trap_argument(cpu, i + 1);
    trap->noticed = TRAP_AT_PANIC;
    trap->message = panic_of_linux(&trap->space, trap_argument(cpu, 0), argument, G_N_ELEMENTS(argument));
    trap_raise(traps, trap);
}

/* die(text, registers, error code), __die() alike. */
static void at_linux_die(void *opaque, struct cpu *cpu)
{
    struct traps *traps = ((struct trap_place *)opaque)->traps;
    struct trap *trap = trap_capture(traps, cpu, NULL);
    struct unwind_frame frame;
    uint64_t flags;

    trap->noticed = TRAP_AT_GIVING_UP;
    if (trap_linux_registers(&trap->space, trap_argument(cpu, 1), &frame, &flags)) {
        const struct trap *before = suspects_at(traps->suspects, frame.pc, SUSPECT_AGE);
        trap->frame = frame;
        trap->flags = flags;
        if (before) {
            trap->exception = before->exception;
            trap->instructions = before->instructions;
            trap->ns = before->ns;
        }
        trap->exception.pc = frame.pc;
    }
    if (exception_is_panic(&trap->exception))
        trap->message = space_read_text(&trap->space, trap_argument(cpu, 0), 128);
    trap_raise(traps, trap);
}

/* The name itself, or the last part of a path: not something else that the search thinks near enough. */
static bool is_called(struct symbols *symbols, uint64_t address, const char *name)
{
    struct symbol_location location;

    if (!symbols_locate(symbols, SYMBOLS_ANY_SPACE, address, false, &location) || !location.symbol || location.offset)
        return false;
    const char *last = g_strrstr(location.symbol, "::");
    return strcmp(last ? last + 2 : location.symbol, name) == 0;
}

static bool add(struct traps *traps, const char *name, void (*probe)(void *opaque, struct cpu *cpu))
{
    GArray *addresses = symbols_resolve(traps->symbols, SYMBOLS_ANY_SPACE, name);
    bool found = false;

    for (guint i = 0; i < addresses->len && i < 4; i++) {
        uint64_t address = g_array_index(addresses, uint64_t, i);
        if (!is_called(traps->symbols, address, name))
            continue;
        struct trap_place *place = g_new0(struct trap_place, 1);
        place->traps = traps;
        place->probe = machine_probe_add(traps->machine, address, probe, place);
        g_ptr_array_add(traps->places, place);
        found = true;
    }
    g_array_free(addresses, TRUE);
    return found;
}

void trap_places_set(struct traps *traps, const char *os)
{
    bool arm = machine_config(traps->machine)->arch == CPU_ARCH_AARCH64;

    trap_places_remove(traps);
    traps->places_of = os;
    if (strcmp(os, "Linux") == 0 || !*os) {
        /* In a kernel that is not known the name alone says little; with die() beside it, it is Linux. */
        if (add(traps, arm ? "die" : "__die", at_linux_die))
            add(traps, "panic", at_linux_panic);
    }
    if (strcmp(os, "Linux") != 0) {
        add(traps, "excp_handler", at_excp_handler);
        if (!add(traps, "panic_handler_inner", at_rust_panic))
            add(traps, "rust_begin_unwind", at_rust_panic);
    }
    traps->placed = traps->places->len > 0;
}

void trap_places_remove(struct traps *traps)
{
    for (guint i = 0; i < traps->places->len; i++) {
        struct trap_place *place = g_ptr_array_index(traps->places, i);
        machine_probe_remove(traps->machine, place->probe);
        g_free(place);
    }
    g_ptr_array_set_size(traps->places, 0);
    traps->places_of = "";
    traps->placed = false;
}
