/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest virtual memory for the debugger: reads without side effects, in any address space. */
#include "debug/space_internal.h"

#include "emu/cpu/aarch64.h"
#include "emu/cpu/x86_64.h"

#include <string.h>

#define PAGE 4096ull
#define EFER_LMA (1ull << 10)
#define CR4_PAE (1ull << 5)

/* No RAM and no table lies above; sums with it cannot overflow. */
#define PHYSICAL_LIMIT (1ull << 52)

void space_control_of(struct cpu *cpu, struct space_control *out)
{
    *out = (struct space_control){.arch = cpu_architecture(cpu)};
    if (out->arch == CPU_ARCH_X86_64) {
        struct x86_64_registers registers;

        x86_64_get_registers(cpu, &registers);
        out->cr0 = registers.cr0;
        out->cr4 = registers.cr4;
        out->efer = registers.efer;
    } else {
        struct aarch64_registers registers;

        aarch64_get_registers(cpu, &registers);
        out->sctlr = registers.sctlr_el1;
        out->tcr = registers.tcr_el1;
    }
}

/* The address of the first table: no flags, no PCID, no ASID. */
static uint64_t bare_root_x86_64(uint64_t root, const struct x86_64_registers *registers)
{
    if (!(registers->efer & EFER_LMA) && (registers->cr4 & CR4_PAE)) {
        return root & 0xffffffe0ull;
    }
    return root & 0x000ffffffffff000ull;
}

static uint64_t bare_root_aarch64(uint64_t root)
{
    return root & 0x0000fffffffffffeull;
}

static void space_make(struct machine *machine, struct cpu *cpu, const uint64_t *root, struct space *out)
{
    *out = (struct space){.machine = machine, .cpu = cpu};
    if (cpu_architecture(cpu) == CPU_ARCH_X86_64) {
        struct x86_64_registers registers;

        x86_64_get_registers(cpu, &registers);
        out->root = bare_root_x86_64(root ? *root : registers.cr3, &registers);
        out->kernel_root = out->root;
    } else {
        struct aarch64_registers registers;

        aarch64_get_registers(cpu, &registers);
        out->root = bare_root_aarch64(root ? *root : registers.ttbr0_el1);
        out->kernel_root = bare_root_aarch64(registers.ttbr1_el1);
    }
}

void space_current(struct machine *machine, struct cpu *cpu, struct space *out)
{
    space_make(machine, cpu, NULL, out);
}

void space_of_root(struct machine *machine, struct cpu *cpu, uint64_t root, struct space *out)
{
    space_make(machine, cpu, &root, out);
}

void space_walk_why(struct space_walk *walk, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_vsnprintf(walk->why, sizeof(walk->why), format, arguments);
    va_end(arguments);
}

/* RAM and ROM only: a look at a device would change it. */
static void *ram_at(const struct space *space, uint64_t physical, uint64_t length)
{
    if (physical >= PHYSICAL_LIMIT) {
        return NULL;
    }
    return memory_pointer(machine_memory(space->machine), physical, length);
}

struct space_step *space_walk_step(const struct space *space, struct space_walk *walk, unsigned level, uint64_t at,
                                   unsigned size)
{
    const void *entry = ram_at(space, at, size);
    struct space_step *step;

    g_assert(walk->steps < G_N_ELEMENTS(walk->step)); /* no architecture has more levels */
    step = &walk->step[walk->steps++];
    *step = (struct space_step){.level = level, .entry_at = at, .readable = entry};
    if (!entry) {
        space_walk_why(walk, "the table of level %u at 0x%" G_GINT64_MODIFIER "x lies in no RAM", level, at);
        return NULL;
    }
    memcpy(&step->entry, entry, size);
    step->entry = GUINT64_FROM_LE(step->entry);
    return step;
}

static void walk_with(const struct space *space, const struct space_control *control, uint64_t address,
                      struct space_walk *out)
{
    memset(out, 0, sizeof(*out));
    out->address = address;
    if (control->arch == CPU_ARCH_X86_64) {
        space_walk_x86_64(space, control, out);
    } else {
        space_walk_aarch64(space, control, out);
    }
}

void space_walk(const struct space *space, uint64_t address, struct space_walk *out)
{
    struct space_control control;

    space_control_of(space->cpu, &control);
    walk_with(space, &control, address, out);
}

bool space_translate(const struct space *space, uint64_t address, uint64_t *physical)
{
    struct space_walk walk;

    space_walk(space, address, &walk);
    *physical = walk.physical;
    return walk.mapped;
}

/* The next piece of [@address, +@length) within a page; NULL: not mapped, or no RAM. */
static void *piece_at(const struct space *space, const struct space_control *control, uint64_t address, size_t length,
                      size_t *piece, uint64_t *physical)
{
    struct space_walk walk;

    walk_with(space, control, address, &walk);
    *piece = MIN(length, PAGE - (address & (PAGE - 1)));
    *physical = walk.physical;
    return walk.mapped ? ram_at(space, walk.physical, *piece) : NULL;
}

size_t space_read(const struct space *space, uint64_t address, void *buffer, size_t length)
{
    struct space_control control;
    size_t done = 0;

    space_control_of(space->cpu, &control);
    while (done < length && address + done >= address) {
        size_t piece;
        uint64_t physical;
        const void *from = piece_at(space, &control, address + done, length - done, &piece, &physical);

        if (!from) {
            break;
        }
        memcpy((uint8_t *)buffer + done, from, piece);
        done += piece;
    }
    return done;
}

bool space_read_u16(const struct space *space, uint64_t address, uint16_t *value)
{
    bool whole = space_read(space, address, value, sizeof(*value)) == sizeof(*value);

    *value = whole ? GUINT16_FROM_LE(*value) : 0;
    return whole;
}

bool space_read_u32(const struct space *space, uint64_t address, uint32_t *value)
{
    bool whole = space_read(space, address, value, sizeof(*value)) == sizeof(*value);

    *value = whole ? GUINT32_FROM_LE(*value) : 0;
    return whole;
}

bool space_read_u64(const struct space *space, uint64_t address, uint64_t *value)
{
    bool whole = space_read(space, address, value, sizeof(*value)) == sizeof(*value);

    *value = whole ? GUINT64_FROM_LE(*value) : 0;
    return whole;
}

/* Appends the character at @from: UTF-8 that can be printed as it is, all else escaped.  Returns the bytes taken. */
static size_t append_printable(GString *text, const char *from, size_t length)
{
    gunichar c = g_utf8_get_char_validated(from, (gssize)length);

    if (c < 0x110000 && g_unichar_isprint(c)) {
        g_string_append_unichar(text, c);
        return (size_t)(g_utf8_next_char(from) - from);
    }
    g_string_append_printf(text, "\\x%02x", (uint8_t)*from);
    return 1;
}

char *space_read_text(const struct space *space, uint64_t address, size_t length)
{
    g_autofree char *bytes = NULL;
    size_t read = 0;
    GString *text;

    length = MIN(length, 1u << 20);
    bytes = g_malloc0(length + 1);
    while (read < length) { /* page by page: the end may come before what is not mapped */
        size_t piece = MIN(length - read, PAGE - ((address + read) & (PAGE - 1)));
        size_t got = space_read(space, address + read, bytes + read, piece);

        read += got;
        if (got < piece || memchr(bytes + read - got, 0, got)) {
            break;
        }
    }
    if (read == 0 && length > 0) {
        return NULL;
    }
    bytes[read] = '\0';
    read = strlen(bytes);
    text = g_string_sized_new(read + 1);
    for (size_t at = 0; at < read;) {
        at += append_printable(text, bytes + at, read - at);
    }
    return g_string_free(text, FALSE);
}

size_t space_write(const struct space *space, uint64_t address, const void *buffer, size_t length)
{
    struct space_control control;
    size_t done = 0;

    space_control_of(space->cpu, &control);
    while (done < length && address + done >= address) {
        size_t piece;
        uint64_t physical;

        if (!piece_at(space, &control, address + done, length - done, &piece, &physical)) {
            break;
        }
        memory_write(machine_memory(space->machine), physical, (const uint8_t *)buffer + done, piece);
        done += piece;
    }
    return done;
}
