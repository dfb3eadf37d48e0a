/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The modules that a Linux kernel has loaded: kernel/module/main.c and include/linux/module.h of Linux, the offsets by BTF.  The list
 * of them is found by its name, or, where the kernel has names of functions alone, by its structure: each module's description lies
 * within the module itself.
 */
#include "debug/symbols/btf.h"
#include "debug/symbols/internal.h"
#include "emu/bytes.h"

#include <string.h>

#define MODULES_MAX 1024u
#define NAME_SIZE 56u /* MODULE_NAME_LEN */
#define MODULE_SIZE_MAX (64u << 20)
#define SYMBOLS_MAX (1u << 18)
#define SYMBOL_SIZE 24u /* Elf64_Sym */
#define TEXT_MAX 256u
#define AROUND (64ull << 20)
/* After this many instructions an address that nobody knows may be one of a module loaded since. */
#define LOOK_EVERY 10000000ull

struct linux_modules {
    bool known; /* all offsets are */
    uint64_t list, name, base, size, text_size, kallsyms;
    uint64_t symtab, symbols, strtab;
    bool has_orc;
    uint64_t orc_ip, orc_entries, orc_count;
    uint64_t head;      /* address of the list; 0: not found yet */
    uint64_t next_look; /* instruction count */
};

static void learn_offsets(const struct btf *btf, struct linux_modules *modules)
{
    const struct {
        const char *type, *member;
        uint64_t *offset;
    } needed[] = {
        {"module", "list", &modules->list},
        {"module", "name", &modules->name},
        {"module", "core_layout.base", &modules->base},
        {"module", "core_layout.size", &modules->size},
        {"module", "core_layout.text_size", &modules->text_size},
        {"module", "kallsyms", &modules->kallsyms},
        {"mod_kallsyms", "symtab", &modules->symtab},
        {"mod_kallsyms", "num_symtab", &modules->symbols},
        {"mod_kallsyms", "strtab", &modules->strtab},
    };
    uint64_t size;

    modules->known = true;
    for (unsigned i = 0; i < G_N_ELEMENTS(needed); i++) {
        modules->known = modules->known && btf_member(btf, needed[i].type, needed[i].member, needed[i].offset, &size);
    }
    modules->has_orc = btf_member(btf, "module", "arch.orc_unwind_ip", &modules->orc_ip, &size) &&
                       btf_member(btf, "module", "arch.orc_unwind", &modules->orc_entries, &size) &&
                       btf_member(btf, "module", "arch.num_orcs", &modules->orc_count, &size);
}

struct linux_module {
    uint64_t address, base;
    uint32_t size, text_size;
    char name[NAME_SIZE];
};

/* The description at @address; false: it is none. */
static bool read_module(const struct linux_modules *modules, const struct space *space, uint64_t address,
                        struct linux_module *out)
{
    out->address = address;
    if (!space_read_u64(space, address + modules->base, &out->base) ||
        !space_read_u32(space, address + modules->size, &out->size) ||
        !space_read_u32(space, address + modules->text_size, &out->text_size) ||
        space_read(space, address + modules->name, out->name, NAME_SIZE) != NAME_SIZE) {
        return false;
    }
    return memchr(out->name, 0, NAME_SIZE) && out->name[0] && g_str_is_ascii(out->name) &&
           out->size <= MODULE_SIZE_MAX && out->text_size <= out->size && address >= out->base &&
           address - out->base < out->size;
}

static bool is_head(const struct linux_modules *modules, const struct space *space, uint64_t address)
{
    struct linux_module module;
    uint64_t next, previous, back, forth;

    return space_read_u64(space, address, &next) && space_read_u64(space, address + 8, &previous) && next != address &&
           space_read_u64(space, next + 8, &back) && back == address && space_read_u64(space, previous, &forth) &&
           forth == address && read_module(modules, space, next - modules->list, &module);
}

/* In the kernel's data: a pointer out of the image, but not far, to something that points back. */
static uint64_t search_head(const struct linux_modules *modules, const struct space *space,
                            const struct linux_stretch *stretch)
{
    uint64_t end = stretch->address + stretch->bytes->len;

    for (guint at = 0; at + 16 <= stretch->bytes->len; at += 8) {
        uint64_t next = get_le64(stretch->bytes->data + at);

        if (next >> 63 && !(next & 7) && (next < stretch->address || next >= end) &&
            (next - stretch->address < (4ull << 30) || stretch->address - next < (4ull << 30)) &&
            is_head(modules, space, stretch->address + at)) {
            return stretch->address + at;
        }
    }
    return 0;
}

static void find_head(struct symbols *symbols, struct linux_modules *modules, const struct space *space)
{
    const struct symbol_module *kernel = symbols->kernel;
    const struct symbol_name *name = symbol_names_find(kernel->table, "modules");
    GArray *stretches;

    if (name) {
        modules->head = is_head(modules, space, name->address) ? name->address : 0;
        return;
    }
    stretches = symbols_linux_memory(space, kernel->low, kernel->high + AROUND);
    for (guint i = 0; i < stretches->len && !modules->head; i++) {
        modules->head = search_head(modules, space, &g_array_index(stretches, struct linux_stretch, i));
    }
    g_array_unref(stretches);
}

static void take_names(struct symbol_module *module, const struct linux_modules *modules, const struct space *space,
                       const struct linux_module *from)
{
    uint64_t kallsyms, symtab, strtab;
    uint32_t count;

    if (!space_read_u64(space, from->address + modules->kallsyms, &kallsyms) ||
        !space_read_u64(space, kallsyms + modules->symtab, &symtab) ||
        !space_read_u64(space, kallsyms + modules->strtab, &strtab) ||
        !space_read_u32(space, kallsyms + modules->symbols, &count)) {
        return;
    }
    for (uint32_t i = 1; i < MIN(count, SYMBOLS_MAX); i++) {
        uint8_t symbol[SYMBOL_SIZE];
        char text[TEXT_MAX] = "";
        uint64_t address;

        if (space_read(space, symtab + (uint64_t)i * SYMBOL_SIZE, symbol, sizeof(symbol)) != sizeof(symbol)) {
            return;
        }
        address = get_le64(symbol + 8);
        space_read(space, strtab + get_le32(symbol), text, sizeof(text) - 1);
        if (address >= from->base && address - from->base < from->size && text[0] && text[0] != '$' && text[0] != '.') {
            struct symbol_name entry = {
                .address = address,
                .raw = g_string_chunk_insert(module->symbols->pool, text),
                .code = address - from->base < from->text_size,
                .global = strcmp(text, "init_module") != 0 &&
                          strcmp(text, "cleanup_module") != 0, /* all modules have these */
            };

            symbol_names_add(module->table, &entry);
        }
    }
}

static void place(struct symbols *symbols, const struct linux_modules *modules, const struct space *space,
                  const struct linux_module *from)
{
    struct symbol_module *module = symbols_place_table(symbols, SYMBOLS_ANY_SPACE, from->name);
    struct orc_tables orc = {.has_header = symbols->kernel->orc && symbols->kernel->orc->has_header};
    uint32_t count;

    take_names(module, modules, space, from);
    module->low = from->base;
    module->high = from->base + from->size;
    if (modules->has_orc && space_read_u64(space, from->address + modules->orc_ip, &orc.ip) &&
        space_read_u64(space, from->address + modules->orc_entries, &orc.entries) &&
        space_read_u32(space, from->address + modules->orc_count, &count) && orc.ip) {
        orc.count = count;
        module->orc = g_memdup2(&orc, sizeof(orc));
    }
}

static bool is_placed(const struct symbols *symbols, const struct linux_module *from)
{
    for (guint i = 0; i < symbols->modules->len; i++) {
        const struct symbol_module *module = g_ptr_array_index(symbols->modules, i);

        if (module->low == from->base && module->table && strcmp(module->name, from->name) == 0) {
            return true;
        }
    }
    return false;
}

/* All that are loaded now. */
static void place_all(struct symbols *symbols, const struct linux_modules *modules, const struct space *space)
{
    uint64_t at;

    if (!space_read_u64(space, modules->head, &at)) {
        return;
    }
    for (unsigned i = 0; i < MODULES_MAX && at != modules->head; i++) {
        struct linux_module module;

        if (!read_module(modules, space, at - modules->list, &module)) {
            return;
        }
        if (!is_placed(symbols, &module)) {
            place(symbols, modules, space, &module);
        }
        if (!space_read_u64(space, at, &at)) {
            return;
        }
    }
}

void symbols_find_linux_modules(struct symbols *symbols)
{
    uint64_t now = machine_instructions(symbols->machine);
    struct linux_modules *modules = symbols->modules_of_linux;
    struct space space;

    if (!symbols->btf || !symbols->kernel) {
        return;
    }
    if (!modules) {
        modules = symbols->modules_of_linux = g_new0(struct linux_modules, 1);
        learn_offsets(symbols->btf, modules);
    }
    if (!modules->known || now < modules->next_look) {
        return;
    }
    modules->next_look = now + LOOK_EVERY;
    space_current(symbols->machine, machine_cpu(symbols->machine, 0), &space);
    if (!modules->head) {
        find_head(symbols, modules, &space);
    }
    if (modules->head) {
        place_all(symbols, modules, &space);
    }
}
