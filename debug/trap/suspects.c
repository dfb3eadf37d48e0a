/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions in kernel mode of which nobody can say yet whether the kernel mends them.  One whose handler comes back to the
 * instruction, or to the one behind it, is forgotten; of what is left the machine may have died.
 */
#include <string.h>

#include "debug/disassemble.h"
#include "debug/trap/internal.h"
#include "emu/cpu/aarch64.h"
#include "emu/cpu/x86_64.h"

#define SUSPECTS 4
#define FATAL_AGE 20000000 /* instructions after an exception within which the machine's death is its doing */
#define CASCADE 1000       /* instructions within which one exception leads to the next */
#define ENDLESS 64         /* of them: the guest does nothing else any more */
#define MENDED_ENOUGH 64   /* a guest that came back as often as this lives with its exceptions */
#define LONGEST_LOOP 8     /* instructions of a loop that does nothing */

struct suspect {
    struct suspects *suspects;
    struct trap *trap;
    struct machine_probe *probe[2]; /* at the instruction, and behind it */
    bool returned;                  /* its handler came back */
    uint64_t returned_at;
};

struct suspects {
    struct traps *traps;
    struct suspect *suspect[SUSPECTS]; /* newest first */
    unsigned mended;
    unsigned cascade; /* exceptions so far, each within CASCADE of the one before; the first is kept */
    uint64_t last_at;
};

struct suspects *suspects_new(struct traps *traps)
{
    struct suspects *suspects = g_new0(struct suspects, 1);

    suspects->traps = traps;
    return suspects;
}

static void remove_probes(struct suspect *suspect)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(suspect->probe); i++) {
        if (suspect->probe[i])
            machine_probe_remove(suspect->suspects->traps->machine, suspect->probe[i]);
        suspect->probe[i] = NULL;
    }
}

static void suspect_free(struct suspect *suspect)
{
    if (!suspect)
        return;
    remove_probes(suspect);
    trap_free(suspect->trap);
    g_free(suspect);
}

void suspects_free(struct suspects *suspects)
{
    for (unsigned i = 0; i < SUSPECTS; i++)
        suspect_free(suspects->suspect[i]);
    g_free(suspects);
}

/* Back in the code and on the stack of the exception: its handler has mended or skipped it, unless it comes again at once. */
static void came_back(void *opaque, struct cpu *cpu)
{
    struct suspect *suspect = opaque;

    if (cpu != suspect->trap->cpu || cpu_sp(cpu) != suspect->trap->frame.sp)
        return;
    suspect->returned = true;
    suspect->returned_at = machine_instructions(suspect->suspects->traps->machine);
    suspect->suspects->mended++;
    remove_probes(suspect);
}

static void watch_return(struct suspect *suspect)
{
    struct machine *machine = suspect->suspects->traps->machine;
    uint64_t pc = suspect->trap->frame.pc;
    GArray *list = disassemble(&suspect->trap->space, NULL, pc, 1, DISASSEMBLE_INTEL);

    if (list->len == 1) {
        suspect->probe[0] = machine_probe_add(machine, pc, came_back, suspect);
        suspect->probe[1] =
            machine_probe_add(machine, pc + g_array_index(list, struct disassembled, 0).length, came_back, suspect);
    }
    g_array_free(list, TRUE);
}

/* The newest one's handler came back only to meet the same again. */
static bool is_again(const struct suspects *suspects, const struct trap *trap)
{
    const struct suspect *newest = suspects->suspect[0];

    return newest && newest->returned && newest->trap->frame.pc == trap->frame.pc &&
           trap->instructions - newest->returned_at <= 1;
}

void suspects_add(struct suspects *suspects, struct trap *trap)
{
    bool linux_kernel = strcmp(suspects->traps->places_of, "Linux") == 0;
    bool follows = suspects->suspect[0] && trap->instructions - suspects->last_at < CASCADE;

    suspects->cascade = follows ? suspects->cascade + 1 : 0;
    suspects->last_at = trap->instructions;
    if (is_again(suspects, trap)) {
        suspects->suspect[0]->returned = false;
        suspects->mended--;
        trap_free(trap);
        return;
    }
    if (!linux_kernel && (suspects->mended >= MENDED_ENOUGH || suspects->cascade >= SUSPECTS)) {
        trap_free(trap); /* of a cascade the first ones tell what happened */
        return;
    }
    if (!linux_kernel) /* what the handler does to the stack comes later */
        trap->cause = trap_cause(suspects->traps->symbols, trap);
    suspect_free(suspects->suspect[SUSPECTS - 1]);
    memmove(&suspects->suspect[1], &suspects->suspect[0], (SUSPECTS - 1) * sizeof(suspects->suspect[0]));
    struct suspect *suspect = suspects->suspect[0] = g_new0(struct suspect, 1);
    suspect->suspects = suspects;
    suspect->trap = trap;
    if (!linux_kernel)
        watch_return(suspect);
}

const struct trap *suspects_at(struct suspects *suspects, uint64_t pc, uint64_t age)
{
    uint64_t now = machine_instructions(suspects->traps->machine);

    for (unsigned i = 0; i < SUSPECTS && suspects->suspect[i]; i++) {
        const struct trap *trap = suspects->suspect[i]->trap;
        if (trap->frame.pc == pc && now - trap->instructions <= age)
            return trap;
    }
    return NULL;
}

static bool takes_no_interrupts(struct cpu *cpu)
{
    return cpu_architecture(cpu) == CPU_ARCH_AARCH64 ? aarch64_pstate(cpu) & 0x80 : !(x86_64_rflags(cpu) & 0x200);
}

static bool does_nothing(const char *text)
{
    static const char *const words[] = {"hlt", "pause", "nop", "cli", "wfi", "wfe", "yield", "isb", "msr daifset"};

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_str_has_prefix(text, words[i]))
            return true;
    return false;
}

/* The target of "jmp 0x12", "b #0x12"; false: no plain jump. */
static bool plain_jump(const struct disassembled *one, uint64_t *target)
{
    const char *operand = NULL;

    if (g_str_has_prefix(one->text, "jmp 0x"))
        operand = one->text + 4;
    else if (g_str_has_prefix(one->text, "b #0x"))
        operand = one->text + 3;
    if (operand)
        *target = g_ascii_strtoull(operand, NULL, 16);
    return operand != NULL;
}

static bool decode_at(const struct space *space, uint64_t at, struct disassembled *out)
{
    GArray *list = disassemble(space, NULL, at, 1, DISASSEMBLE_INTEL);
    bool good = list->len == 1;

    if (good)
        *out = g_array_index(list, struct disassembled, 0);
    g_array_free(list, TRUE);
    return good;
}

/* Interrupts are off, and the code that runs can only go round doing nothing. */
static bool is_dead(struct traps *traps, struct cpu *cpu)
{
    struct space space;
    struct disassembled one;
    uint64_t at = cpu_pc(cpu);
    unsigned jumps = 0;

    if (!takes_no_interrupts(cpu))
        return false;
    space_current(traps->machine, cpu, &space);
    for (unsigned i = 0; i < LONGEST_LOOP && jumps < 2; i++) {
        if (!decode_at(&space, at, &one))
            return false;
        if (plain_jump(&one, &at))
            jumps++;
        else if (does_nothing(one.text))
            at += one.length;
        else
            return false;
    }
    return true;
}

const struct trap *suspects_fatal(struct suspects *suspects, enum machine_stop reason)
{
    uint64_t now = machine_instructions(suspects->traps->machine);
    const struct trap *fatal = NULL;

    for (unsigned i = 0; i < SUSPECTS && suspects->suspect[i]; i++) {
        const struct trap *trap = suspects->suspect[i]->trap;
        if (suspects->suspect[i]->returned)
            continue;
        /* The first of a cascade is the one to tell. */
        if (!fatal || fatal->instructions - trap->instructions < CASCADE)
            fatal = trap;
    }
    if (!fatal)
        return NULL;
    bool endless = suspects->cascade >= ENDLESS && now - suspects->last_at < CASCADE;
    switch (reason) {
    case MACHINE_STOP_LIMIT:
        return endless || is_dead(suspects->traps, fatal->cpu) ? fatal : NULL;
    case MACHINE_STOP_IDLE:
    case MACHINE_STOP_CRASH:
        return now - fatal->instructions <= FATAL_AGE ? fatal : NULL;
    default:
        return NULL;
    }
}
