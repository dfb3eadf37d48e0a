/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random bytes as code, in every mode and privilege: whatever a guest does, cpu_run() comes back after its budget.
 * The seed is fixed, and the state at the end must not depend on how the run was cut into slices.
 */
#include "machine.h"

#include <string.h>

#define BUDGET 2000u
#define AREA 0x8000u /* code, and what is behind it */

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Opcodes that pure chance finds too seldom: system instructions, far transfers, SSE and x87 with memory. */
static const struct {
    uint8_t length, bytes[4];
} openings[] = {
    {1, {0xcf}},       /* iret */
    {1, {0xcd}},       /* int n */
    {1, {0x9a}},       /* call far */
    {1, {0xea}},       /* jmp far */
    {1, {0xcb}},       /* ret far */
    {2, {0x0f, 0x00}}, /* lldt, ltr ... */
    {2, {0x0f, 0x01}}, /* lgdt, lidt, lmsw, invlpg ... */
    {2, {0x0f, 0x20}}, /* mov from and to CRn and DRn */
    {2, {0x0f, 0x22}},
    {2, {0x0f, 0x21}},
    {2, {0x0f, 0x23}},
    {2, {0x0f, 0x30}}, /* wrmsr, rdtsc, rdmsr ... sysexit */
    {2, {0x0f, 0x32}},
    {2, {0x0f, 0x05}}, /* syscall, sysret */
    {2, {0x0f, 0x07}},
    {2, {0x0f, 0x34}},
    {2, {0x0f, 0x35}},
    {2, {0x0f, 0xae}},       /* fxsave ... */
    {2, {0x0f, 0xc7}},       /* cmpxchg8b, rdrand, VMX */
    {3, {0x66, 0x0f, 0x38}}, /* SSSE3, SSE4.1 */
    {3, {0x66, 0x0f, 0x3a}},
    {3, {0xf2, 0x0f, 0x38}},
    {2, {0xf3, 0x0f}},
    {2, {0x66, 0x0f}},
    {2, {0xf2, 0x0f}},
    {2, {0xc4, 0xe2}}, /* VEX */
    {1, {0xd9}},       /* x87 */
    {1, {0xdb}},
    {1, {0xdd}},
    {1, {0xdf}},
    {2, {0xf3, 0xa4}}, /* rep movsb, stosb, outsb, insb */
    {2, {0xf3, 0xaa}},
    {2, {0xf3, 0x6e}},
    {2, {0xf3, 0x6c}},
    {2, {0xf0, 0x0f}}, /* lock */
    {1, {0x8e}},       /* mov to segment registers */
    {1, {0x9d}},       /* popf */
    {1, {0x8f}},
    {1, {0xff}},
    {1, {0xc8}}, /* enter */
    {1, {0x67}},
};

static void fill(uint8_t *bytes, unsigned size, uint64_t *seed)
{
    unsigned at = 0;

    while (at + 16 < size) {
        uint64_t random = next_random(seed);
        unsigned extra = 1 + (random >> 56) % 7;

        if (random & 1) {
            unsigned which = (random >> 8) % G_N_ELEMENTS(openings);

            if (random & 6) {
                bytes[at++] = 0x40 | (random >> 16 & 15);
            }
            memcpy(bytes + at, openings[which].bytes, openings[which].length);
            at += openings[which].length;
        }
        random = next_random(seed);
        memcpy(bytes + at, &random, extra);
        at += extra;
    }
}

/* The same instruction again and again makes the longest blocks. */
static void repeat(uint8_t *bytes, unsigned size, uint64_t *seed)
{
    uint8_t piece[24];
    unsigned length = 2 + next_random(seed) % 7;

    fill(piece, sizeof(piece), seed);
    for (unsigned at = 0; at + length <= size; at += length) {
        memcpy(bytes + at, piece, length);
    }
}

enum mode {
    LONG_KERNEL,
    LONG_USER,
    COMPATIBILITY_KERNEL,
    COMPATIBILITY_USER,
    PROTECTED_KERNEL,
    PROTECTED_USER,
    PROTECTED_16,
    PAGED_32,
    VIRTUAL_8086,
    REAL,
    MODES,
};

static void set_code(struct x86_64_registers *registers, uint16_t selector, uint16_t flags)
{
    registers->segment[X86_64_CS] = (struct x86_64_segment){selector, flags, 0xffffffff, 0};
}

static void make_user(struct x86_64_registers *registers, uint16_t code_flags)
{
    for (unsigned i = 0; i <= X86_64_GS; i++) {
        registers->segment[i] = (struct x86_64_segment){USER_SS, 0xc0f3, 0xffffffff, 0};
    }
    set_code(registers, USER_CS, code_flags);
}

static void make_flat_segments(struct x86_64_registers *registers, unsigned shift)
{
    for (unsigned i = 0; i <= X86_64_GS; i++) {
        uint16_t selector = (uint16_t)(i == X86_64_CS ? CODE >> 4 : 0x3000);

        registers->segment[i] = (struct x86_64_segment){selector, i == X86_64_CS && !shift ? 0x009b : 0x00f3, 0xffff,
                                                        (uint64_t)selector << 4};
    }
    registers->rip = 0;
    registers->gpr[X86_64_RSP] = 0x8000;
}

static void set_mode(struct x86_64_registers *registers, enum mode mode)
{
    bool long_mode = mode <= COMPATIBILITY_USER;

    if (!long_mode) {
        registers->efer = 0;
        registers->cr0 = mode == REAL ? 0x10 : mode == PAGED_32 ? 0x80000011 : 0x11;
        registers->cr4 = 0x600;
        registers->cr3 = 0x100000; /* a directory of random entries */
    }
    switch (mode) {
    case LONG_USER:
        make_user(registers, 0xa0fb);
        break;
    case COMPATIBILITY_KERNEL:
    case PROTECTED_KERNEL:
    case PAGED_32:
        set_code(registers, KERNEL_CS, 0xc09b);
        break;
    case COMPATIBILITY_USER:
    case PROTECTED_USER:
        make_user(registers, 0xc0fb);
        break;
    case PROTECTED_16:
        set_code(registers, KERNEL_CS, 0x009b);
        break;
    case VIRTUAL_8086:
        make_flat_segments(registers, 1);
        registers->rflags |= 1u << 17;
        break;
    case REAL:
        make_flat_segments(registers, 0);
        break;
    default:
        break;
    }
}

static uint64_t random_value(uint64_t *seed)
{
    uint64_t random = next_random(seed);

    switch (random & 7) {
    case 0:
        return random >> 8;
    case 1:
        return random >> 40 & 0xff;
    case 2:
        return MMIO + (random >> 40 & 0xfff);
    case 3:
        return RAM_SIZE - (random >> 59); /* the end of memory */
    case 4:
        return 0x7ffffffffff0u + (random >> 59);
    default:
        return DATA + (random >> 46);
    }
}

/* Tables of a kind: gates that go somewhere, descriptors of every type. */
static void make_tables(struct machine *machine, bool long_mode, uint64_t *seed)
{
    for (unsigned i = 7; i < 64; i++) {
        uint64_t random = next_random(seed);

        machine_write(machine, GDT + i * 8,
                      (random & 0xff00ff000000ffffu) | 0x0000000000200000u | (random & 0x9f00) << 32);
    }
    for (unsigned vector = 0; vector < 256; vector++) {
        uint64_t random = next_random(seed);

        if (random & 1) {
            machine_gate(machine, vector, CODE + (random >> 8) % AREA);
        } else if (!long_mode && (random & 2)) {
            machine_write(machine, IDT + vector * 8,
                          (random >> 16 & 0xffff) | KERNEL_CS << 16 | (random & 0xff00) << 32);
        } else if (random & 4) {
            machine_write(machine, IDT + vector * 8, random & 0x0001ff07005fffffu);
        }
    }
}

static void prepare(struct machine *machine, enum mode mode, uint64_t *seed)
{
    struct x86_64_registers registers;
    uint64_t kind = next_random(seed);

    cpu_reset(machine->cpu);
    machine_make_tables(machine);
    machine->vector = kind & 64 ? (int)(kind >> 8 & 0xff) : -1;
    for (unsigned i = 0; i < 1024; i++) {
        machine_write(machine, 0x100000 + i * 8, next_random(seed) & 0x00ffffffu);
    }
    make_tables(machine, mode <= COMPATIBILITY_USER, seed);
    if (kind & 7) {
        fill(machine->ram + CODE, AREA, seed);
    } else {
        repeat(machine->ram + CODE, AREA, seed);
    }
    cpu_engine_memory_written(machine->engine, CODE, AREA);
    machine_enter(machine, 0, CODE);
    x86_64_get_registers(machine->cpu, &registers);
    for (unsigned i = 0; i < 16; i++) {
        if (i != X86_64_RSP) {
            registers.gpr[i] = random_value(seed);
        }
    }
    registers.gdt_limit = 0x1ff;
    registers.rflags |= (kind >> 16 & 0x7fd5) & ~(kind & 8 ? 0u : 0x100u);
    if (kind & 16) {
        registers.segment[X86_64_TR] = (struct x86_64_segment){0, (uint16_t)(kind >> 32 & 0xff), 0x67, TSS};
    }
    set_mode(&registers, mode);
    if ((kind & 0xe0000) == 0 && mode != VIRTUAL_8086 && mode != REAL) {
        registers.rip = kind & 0x100000 ? MMIO + 0x100 : RAM_SIZE - 7;
    }
    x86_64_set_registers(machine->cpu, &registers);
    cpu_set_line(machine->cpu, CPU_LINE_IRQ, machine->vector >= 0);
}

/* Every run ends, and never with more than its budget. */
static void run(struct machine *machine, unsigned slice)
{
    uint64_t start = cpu_instructions(machine->cpu), used = 0;
    enum cpu_stop stop;

    do {
        stop = cpu_run(machine->cpu, MIN(slice, BUDGET - used));
        used = cpu_instructions(machine->cpu) - start;
        g_assert_cmpuint(used, <=, BUDGET);
        g_assert_cmpint(stop, !=, CPU_STOP_REQUEST);
    } while (used < BUDGET && (stop == CPU_STOP_BUDGET || stop == CPU_STOP_YIELD || stop == CPU_STOP_PAUSED));
}

static void survives(gconstpointer data)
{
    enum mode mode = (enum mode)GPOINTER_TO_UINT(data);
    unsigned runs = g_getenv("RUNS") ? (unsigned)g_ascii_strtoull(g_getenv("RUNS"), NULL, 10) : 300;
    struct machine *machine = machine_new(NULL, 1);
    uint64_t seed = 0x9e3779b97f4a7c15u + (unsigned)mode;

    for (unsigned i = 0; i < runs; i++) {
        if (g_getenv("VERBOSE")) {
            g_test_message("mode %d run %u seed %" G_GINT64_MODIFIER "x", mode, i, seed);
        }
        prepare(machine, mode, &seed);
        run(machine, BUDGET);
        g_array_set_size(machine->accesses, 0);
        machine->exception_count = 0;
    }
    machine_free(machine);
}

/* Code that chance finds seldom, over and over, in every mode. */
static void known(void)
{
    static const struct {
        uint8_t length, bytes[6];
    } pieces[] = {
        {4, {0xf0, 0x0f, 0xab, 0xe1}},             /* lock bts with a register */
        {4, {0xf0, 0x0f, 0xbb, 0xe1}},             /* lock btc with a register */
        {6, {0x66, 0x0f, 0x3a, 0x21, 0xc1, 0x0f}}, /* insertps */
        {5, {0x66, 0x0f, 0x70, 0xc1, 0x1b}},       /* pshufd */
    };
    struct machine *machine = machine_new(NULL, 1);
    uint64_t seed = 1;

    for (unsigned i = 0; i < G_N_ELEMENTS(pieces) * MODES; i++) {
        unsigned length = pieces[i / MODES].length;

        prepare(machine, (enum mode)(i % MODES), &seed);
        for (unsigned at = 0; at + length <= AREA; at += length) {
            memcpy(machine->ram + CODE + at, pieces[i / MODES].bytes, length);
        }
        cpu_engine_memory_written(machine->engine, CODE, AREA);
        run(machine, BUDGET);
    }
    machine_free(machine);
}

/* A page fault handler on a page that is not there, with a stack of its own: no instruction is ever executed. */
static void faults_for_ever(void)
{
    struct machine *machine = machine_new(NULL, 1);
    uint64_t start;

    machine_write(machine, PAGE_TABLES + 0x2000 + 8, 0); /* 2..4 MB not present */
    machine_write(machine, TSS + 36, STACK);             /* IST1 */
    machine_gate(machine, 14, 0x300000);
    machine_write(machine, IDT + 14 * 16, machine_read(machine, IDT + 14 * 16) | 1ull << 32);
    machine_enter(machine, 0, 0x200000);
    start = cpu_instructions(machine->cpu);
    g_assert_cmpint(cpu_run(machine->cpu, 1000), ==, CPU_STOP_BUDGET);
    g_assert_cmpuint(cpu_instructions(machine->cpu) - start, ==, 1000);
    g_assert_cmpuint(machine->exception_count, ==, G_N_ELEMENTS(machine->exceptions));
    machine_free(machine);
}

/* Slices of one length or another: the same end. */
static void slices_do_not_matter(void)
{
    for (unsigned mode = 0; mode < MODES; mode++) {
        g_autofree char *digest[2] = {NULL, NULL};

        for (unsigned turn = 0; turn < 2; turn++) {
            struct machine *machine = machine_new(NULL, 1);
            uint64_t seed = 0x2545f4914f6cdd1du + mode;

            for (unsigned i = 0; i < 8; i++) {
                prepare(machine, (enum mode)mode, &seed);
                run(machine, turn ? 7 : BUDGET);
            }
            digest[turn] = machine_digest(machine);
            machine_free(machine);
        }
        g_assert_cmpstr(digest[0], ==, digest[1]);
        g_free(digest[1]);
        digest[1] = NULL;
    }
}

int main(int argc, char **argv)
{
    static const char *const names[MODES] = {
        "64-bit/ring-0",    "64-bit/ring-3",    "compatibility/ring-0", "compatibility/ring-3", "protected/ring-0",
        "protected/ring-3", "protected/16-bit", "paged/32-bit",         "virtual-8086",         "real",
    };

    g_test_init(&argc, &argv, NULL);
    for (unsigned mode = 0; mode < MODES; mode++) {
        g_autofree char *path = g_strdup_printf("/engine/random/%s", names[mode]);

        g_test_add_data_func(path, GUINT_TO_POINTER(mode), survives);
    }
    g_test_add_func("/engine/random/known", known);
    g_test_add_func("/engine/random/faults-for-ever", faults_for_ever);
    g_test_add_func("/engine/random/slices", slices_do_not_matter);
    return g_test_run();
}
