/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux's kernel: where the CPU enters it for system calls and exceptions lies in its image, wherever KASLR put it; its own table
 * of names is read from there.  That the entry has the name that it must have is the proof.
 */
#include "debug/symbols/btf.h"
#include "debug/symbols/internal.h"
#include "debug/symbols/kallsyms.h"

#include "emu/cpu/aarch64.h"
#include "emu/cpu/x86_64.h"

#include <string.h>

#define IMAGE_MAX (128ull << 20)
/* x86_64: __START_KERNEL_map up to the modules; aarch64: so much around the vectors. */
#define LOW_X86_64 0xffffffff80000000ull
#define HIGH_X86_64 0xffffffffc0000000ull
#define NAMES_COMPARED 64u
#define LAST_FUNCTION 0x1000u  /* of unknown size */
#define BRANCH_VECTORS 0x2000u /* several copies of vectors, against speculation */
#define AROUND_AARCH64 (64ull << 20)

static uint64_t entry_of(struct cpu *cpu)
{
    if (cpu_architecture(cpu) == CPU_ARCH_X86_64) {
        struct x86_64_registers registers;

        x86_64_get_registers(cpu, &registers);
        return registers.lstar;
    } else {
        struct aarch64_registers registers;

        aarch64_get_registers(cpu, &registers);
        return registers.vbar_el1;
    }
}

static void stretch_clear(void *data)
{
    g_byte_array_unref(((struct linux_stretch *)data)->bytes);
}

static void append_piece(GArray *stretches, const struct space *space, uint64_t address, uint64_t length)
{
    struct linux_stretch *last =
        stretches->len ? &g_array_index(stretches, struct linux_stretch, stretches->len - 1) : NULL;
    guint before;

    if (!last || last->address + last->bytes->len != address) {
        struct linux_stretch fresh = {.address = address, .bytes = g_byte_array_new()};

        g_array_append_val(stretches, fresh);
        last = &g_array_index(stretches, struct linux_stretch, stretches->len - 1);
    }
    before = last->bytes->len;
    g_byte_array_set_size(last->bytes, before + (guint)length);
    if (space_read(space, address, last->bytes->data + before, length) != length) {
        g_byte_array_set_size(last->bytes, before);
    }
}

/* What one entry of the level maps at which a walk ended; 4 KB granules, and more than enough for the others. */
static uint64_t hole_size(const struct space_walk *walk)
{
    const struct space_step *step = walk->steps ? &walk->step[walk->steps - 1] : NULL;
    unsigned above = 0; /* the level of pages */

    if (step && step->level <= 4) {
        above = walk->address >> 63 && walk->step[0].level == 4 ? step->level - 1 : 3 - step->level;
    }
    return step && step->level <= 4 ? 4096ull << (9 * MIN(above, 2u)) : 4096;
}

/* Copies all that is mapped in [@low, @high). */
GArray *symbols_linux_memory(const struct space *space, uint64_t low, uint64_t high)
{
    GArray *stretches = g_array_new(FALSE, FALSE, sizeof(struct linux_stretch));
    uint64_t total = 0, address = low;

    g_array_set_clear_func(stretches, stretch_clear);
    while (address >= low && address < high && total < IMAGE_MAX) {
        struct space_walk walk;
        uint64_t size, end;

        space_walk(space, address, &walk);
        size = walk.mapped ? walk.page_size : hole_size(&walk);
        end = MIN((address & ~(size - 1)) + size, high);
        if (walk.mapped) {
            append_piece(stretches, space, address, end - address);
            total += end - address;
        }
        address = end;
    }
    return stretches;
}

struct linux_names {
    struct symbol_module *module;
    uint64_t entry;
    const char *entry_name;                            /* NULL: another, or none */
    uint64_t low, high;                                /* of the names of code */
    uint64_t orc_ip, orc_ip_end, orc_unwind, orc_head; /* 0: none */
};

static void note_mark(struct linux_names *names, uint64_t address, const char *text)
{
    const struct {
        const char *name;
        uint64_t *where;
    } marks[] = {
        {"__start_orc_unwind_ip", &names->orc_ip},  {"__stop_orc_unwind_ip", &names->orc_ip_end},
        {"__start_orc_unwind", &names->orc_unwind}, {"__start_orc_header", &names->orc_head},
        {"orc_header", &names->orc_head},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(marks); i++) {
        if (strcmp(text, marks[i].name) == 0) {
            *marks[i].where = address;
        }
    }
}

static void take_name(void *opaque, uint64_t address, char type, const char *text)
{
    struct linux_names *names = opaque;
    struct symbol_name name = {
        .address = address,
        .raw = g_string_chunk_insert(names->module->symbols->pool, text),
        .code = strchr("tTwW", type) && address >> 63,
        .global = g_ascii_isupper(type),
    };

    symbol_names_add(names->module->table, &name);
    if (name.code) {
        names->low = names->low ? MIN(names->low, address) : address;
        names->high = MAX(names->high, address + LAST_FUNCTION);
    }
    note_mark(names, address, text);
    if (names->entry == address && (strcmp(text, "entry_SYSCALL_64") == 0 || strcmp(text, "vectors") == 0)) {
        names->entry_name = name.raw;
    } else if (names->entry - address < BRANCH_VECTORS && strcmp(text, "__bp_harden_el1_vectors") == 0) {
        names->entry_name = name.raw;
        names->entry = address;
    }
}

static void take_orc(const struct linux_names *names)
{
    if (names->orc_ip && names->orc_unwind && names->orc_ip_end > names->orc_ip &&
        names->orc_ip_end - names->orc_ip < IMAGE_MAX) {
        names->module->orc = g_new0(struct orc_tables, 1);
        *names->module->orc = (struct orc_tables){
            .ip = names->orc_ip,
            .entries = names->orc_unwind,
            .count = (names->orc_ip_end - names->orc_ip) / 4,
            .has_header = names->orc_head,
        };
    }
}

/* Do the names of the file stand at the same distance from those of the guest? */
static bool is_same_build(struct symbol_module *module, struct symbol_names *file, uint64_t bias)
{
    const GArray *guest = module->table->names;
    guint step = MAX(guest->len / NAMES_COMPARED, 1), compared = 0;

    for (guint i = 0; i < guest->len; i += step) {
        const struct symbol_name *name = &g_array_index(guest, struct symbol_name, i);
        const struct symbol_name *same = name->code ? symbol_names_find(file, name->raw) : NULL;

        if (same && same->address + bias != name->address) {
            return false; /* names may be missing; of those that are twice the first may be another */
        }
        compared += same != NULL;
    }
    return compared >= NAMES_COMPARED / 4;
}

/* The file of --symbols for it, "vmlinux…": KASLR moved all names by as much. */
static void take_file(struct symbols *symbols, struct symbol_module *module, const char *entry_name, uint64_t entry)
{
    for (guint i = 0; i < symbols->candidates->len && !module->debug; i++) {
        const struct symbol_candidate *candidate = g_ptr_array_index(symbols->candidates, i);
        struct symbol_file *file =
            g_str_has_prefix(candidate->stem, "vmlinux") ? symbols_open_candidate(symbols, candidate) : NULL;
        const struct symbol_name *name = file ? symbol_names_find(symbol_file_names(file), entry_name) : NULL;

        if (name && is_same_build(module, symbol_file_names(file), entry - name->address)) {
            module->debug = file;
            module->bias = entry - name->address;
        } else if (file) {
            machine_note(symbols->machine, "%s is not used: it is of another kernel than the one that runs",
                         candidate->path);
        }
    }
}

static struct symbol_module *take(struct symbols *symbols, const struct kallsyms *kallsyms, uint64_t entry)
{
    struct linux_names names = {.entry = entry};

    names.module = symbols_place_table(symbols, SYMBOLS_ANY_SPACE, "vmlinux");
    kallsyms_each(kallsyms, take_name, &names);
    if (!names.entry_name || names.high - names.low > IMAGE_MAX || names.high < names.low) {
        g_ptr_array_remove(symbols->modules, names.module);
        return NULL;
    }
    names.module->low = names.low;
    names.module->high = names.high;
    take_orc(&names);
    take_file(symbols, names.module, names.entry_name, names.entry);
    return names.module;
}

bool symbols_linux_is_there(struct cpu *cpu, const struct symbol_module *module)
{
    uint64_t entry = entry_of(cpu);

    return entry >= module->low && entry < module->high;
}

struct symbol_module *symbols_find_linux(struct symbols *symbols, struct cpu *cpu, bool *searched)
{
    bool x86 = cpu_architecture(cpu) == CPU_ARCH_X86_64;
    uint64_t entry = entry_of(cpu);
    struct symbol_module *module = NULL;
    struct space space;
    struct kallsyms kallsyms;
    g_autoptr(GArray) stretches = NULL;

    if (entry >> 47 != 0x1ffff || (x86 && (entry < LOW_X86_64 || entry >= HIGH_X86_64))) {
        return NULL;
    }
    *searched = true;
    space_current(symbols->machine, cpu, &space);
    stretches = symbols_linux_memory(&space, x86 ? LOW_X86_64 : entry - AROUND_AARCH64,
                                     x86 ? HIGH_X86_64 : MIN(entry, UINT64_MAX - AROUND_AARCH64) + AROUND_AARCH64);
    for (guint i = 0; !module && i < stretches->len; i++) {
        const GByteArray *bytes = g_array_index(stretches, struct linux_stretch, i).bytes;

        if (kallsyms_find(bytes->data, bytes->len, &kallsyms)) {
            module = take(symbols, &kallsyms, entry);
        }
    }
    for (guint i = 0; module && !symbols->btf && i < stretches->len; i++) {
        const GByteArray *bytes = g_array_index(stretches, struct linux_stretch, i).bytes;

        symbols->btf = btf_find(bytes->data, bytes->len);
    }
    return module;
}
