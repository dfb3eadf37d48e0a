/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The modules of a machine, and what is known of an address. */
#include "debug/symbols/btf.h"
#include "debug/symbols/demangle.h"
#include "debug/symbols/internal.h"

#include <string.h>

/* The kernel is looked for again after so many instructions, each time that all of its memory was searched after twice as many. */
#define SEARCH_EVERY 20000000ull
#define SEARCH_SELDOM (SEARCH_EVERY << 12)

static void file_free(void *data)
{
    struct symbol_file *file = data;

    dwarf_file_free(file->dwarf);
    symbol_names_free(file->names);
    elf_image_free(file->image);
    g_free(file->path);
    g_free(file);
}

static void module_free(void *data)
{
    struct symbol_module *module = data;

    symbol_names_free(module->table);
    g_free(module->orc);
    g_free(module->name);
    g_free(module);
}

static void candidate_free(void *data)
{
    symbol_candidate_free(data);
}

struct symbols *symbols_new(struct machine *machine)
{
    struct symbols *symbols = g_new0(struct symbols, 1);

    symbols->machine = machine;
    symbols->search_every = SEARCH_EVERY;
    symbols->modules = g_ptr_array_new_with_free_func(module_free);
    symbols->files = g_ptr_array_new_with_free_func(file_free);
    symbols->candidates = g_ptr_array_new_with_free_func(candidate_free);
    symbols->shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    symbols->types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    symbols->pool = g_string_chunk_new(1 << 16);
    return symbols;
}

void symbols_free(struct symbols *symbols)
{
    if (symbols) {
        g_ptr_array_unref(symbols->modules);
        g_ptr_array_unref(symbols->files);
        g_ptr_array_unref(symbols->candidates);
        g_hash_table_destroy(symbols->shown);
        g_hash_table_destroy(symbols->types);
        g_string_chunk_free(symbols->pool);
        g_free(symbols->modules_of_linux);
        btf_free(symbols->btf);
        g_free(symbols);
    }
}

const char *symbols_shown(struct symbols *symbols, const char *raw)
{
    const char *shown = g_hash_table_lookup(symbols->shown, raw);
    char *demangled;

    if (shown) {
        return shown;
    }
    demangled = demangle(raw);
    if (!demangled) {
        demangled = g_str_is_ascii(raw) ? g_strdup(raw) : g_utf8_make_valid(raw, -1);
    }
    g_hash_table_insert(symbols->shown, g_strdup(raw), demangled);
    return demangled;
}

struct symbol_file *symbols_file_of_bytes(struct symbols *symbols, GBytes *bytes, const char *path, GError **error)
{
    struct symbol_file *file;
    struct elf_image *image;

    for (guint i = 0; !path && i < symbols->files->len; i++) {
        file = g_ptr_array_index(symbols->files, i);
        if (file->image->bytes == bytes || g_bytes_equal(file->image->bytes, bytes)) {
            return file;
        }
    }
    image = elf_image_new(bytes, error);
    if (!image) {
        return NULL;
    }
    file = g_new0(struct symbol_file, 1);
    file->image = image;
    file->path = g_strdup(path);
    g_ptr_array_add(symbols->files, file);
    return file;
}

/* --- modules --- */

bool symbols_module_is_in(const struct symbol_module *module, uint64_t root)
{
    return module->root == SYMBOLS_ANY_SPACE || module->root == root;
}

static struct symbol_module *module_new(struct symbols *symbols, uint64_t root, const char *name)
{
    struct symbol_module *module = g_new0(struct symbol_module, 1);

    module->symbols = symbols;
    module->root = root;
    module->name = g_strdup(name);
    g_ptr_array_add(symbols->modules, module);
    return module;
}

static struct symbol_module *find_module(struct symbols *symbols, uint64_t root, const char *name, uint64_t bias)
{
    for (guint i = 0; i < symbols->modules->len; i++) {
        struct symbol_module *module = g_ptr_array_index(symbols->modules, i);

        if (module->root == root && module->bias == bias && !module->table && strcmp(module->name, name) == 0) {
            return module;
        }
    }
    return NULL;
}

/* The guest's own file, if there is one, and that of --symbols. */
static void give_files(struct symbol_module *module, struct symbol_file *image)
{
    const struct symbol_file *file;
    uint64_t low, high;

    module->image = image;
    module->debug = symbols_match(module->symbols, module->name, image ? image->image : NULL);
    file = image ? image : module->debug;
    if (file && elf_image_extent(file->image, &low, &high)) {
        module->low = low + module->bias;
        module->high = high + module->bias;
    }
}

struct symbol_module *symbols_place(struct symbols *symbols, uint64_t root, const char *name, GBytes *image,
                                    uint64_t bias)
{
    struct symbol_module *module = find_module(symbols, root, name, bias);

    if (module && (module->image || !image)) {
        return module;
    }
    if (!module) {
        module = module_new(symbols, root, name);
        module->bias = bias;
    }
    give_files(module, image ? symbols_file_of_bytes(symbols, image, NULL, NULL) : NULL);
    return module;
}

struct symbol_module *symbols_place_table(struct symbols *symbols, uint64_t root, const char *name)
{
    struct symbol_module *module = module_new(symbols, root, name);

    module->table = symbol_names_new();
    return module;
}

void symbols_name(struct symbol_module *module, uint64_t address, uint64_t size, const char *name, bool code)
{
    uint64_t end = address + (size ? size : 1);
    struct symbol_name entry = {
        .address = address,
        .size = size,
        .raw = g_string_chunk_insert(module->symbols->pool, name),
        .code = code,
        .global = true,
    };

    symbol_names_add(module->table, &entry);
    module->low = module->high > module->low ? MIN(module->low, address) : address;
    module->high = MAX(module->high, end > address ? end : UINT64_MAX);
}

void symbols_drop_space(struct symbols *symbols, uint64_t root)
{
    for (guint i = symbols->modules->len; i > 0; i--) {
        const struct symbol_module *module = g_ptr_array_index(symbols->modules, i - 1);

        if (module->root == root && module != symbols->kernel) {
            g_ptr_array_remove_index(symbols->modules, i - 1);
        }
    }
}

/* The last one placed wins: a program may have been replaced. */
static struct symbol_module *placed_at(struct symbols *symbols, uint64_t root, uint64_t address)
{
    for (guint i = symbols->modules->len; i > 0; i--) {
        struct symbol_module *module = g_ptr_array_index(symbols->modules, i - 1);

        if (address >= module->low && address < module->high && symbols_module_is_in(module, root) &&
            (module->root == SYMBOLS_ANY_SPACE || !(address >> 63))) { /* no program stands in the kernel's half */
            return module;
        }
    }
    return NULL;
}

struct symbol_module *symbols_module_at(struct symbols *symbols, uint64_t root, uint64_t address)
{
    struct symbol_module *module = placed_at(symbols, root, address);

    if (!module && address >> 63 && symbols->btf) {
        symbols_find_linux_modules(symbols);
        module = placed_at(symbols, root, address);
    }
    return module;
}

static void add_name(void *opaque, const char *text, uint64_t address, uint64_t size, bool code, bool global)
{
    struct symbol_name name = {.address = address, .size = size, .raw = text, .code = code, .global = global};

    symbol_names_add(opaque, &name);
}

struct symbol_names *symbol_file_names(struct symbol_file *file)
{
    if (!file->names) {
        file->names = symbol_names_new();
        elf_image_names(file->image, add_name, file->names);
    }
    return file->names;
}

struct symbol_names *symbols_module_names(struct symbol_module *module, uint64_t *bias)
{
    struct symbol_names *names = module->table;

    *bias = module->table ? 0 : module->bias;
    if (!names && module->debug) {
        names = symbol_file_names(module->debug);
    }
    if ((!names || names->names->len == 0) && module->image) {
        names = symbol_file_names(module->image);
    }
    return names;
}

struct dwarf_file *symbol_file_dwarf(struct symbol_file *file)
{
    if (file && !file->dwarf_tried) {
        file->dwarf_tried = true;
        file->dwarf = dwarf_file_new(file->image);
    }
    return file ? file->dwarf : NULL;
}

struct dwarf_file *symbols_module_dwarf(struct symbol_module *module)
{
    struct dwarf_file *dwarf = symbol_file_dwarf(module->debug);

    if (!dwarf || !dwarf_file_has_units(dwarf)) {
        dwarf = symbol_file_dwarf(module->image);
    }
    return dwarf && dwarf_file_has_units(dwarf) ? dwarf : NULL;
}

static void drop_kernel(struct symbols *symbols)
{
    symbols->kernel = NULL;
    symbols_drop_space(symbols, SYMBOLS_ANY_SPACE); /* its modules too */
    g_clear_pointer(&symbols->modules_of_linux, g_free);
    g_clear_pointer(&symbols->btf, btf_free);
    g_hash_table_remove_all(symbols->types);
    symbols->next_search = 0;
    symbols->search_every = SEARCH_EVERY;
}

void symbols_match_again(struct symbols *symbols)
{
    for (guint i = 0; i < symbols->modules->len; i++) {
        struct symbol_module *module = g_ptr_array_index(symbols->modules, i);

        if (!module->debug && !module->table) {
            give_files(module, module->image);
        }
    }
    if (symbols->kernel && symbols->kernel->table && !symbols->kernel->debug) {
        drop_kernel(symbols);
    }
}

static bool kernel_is_there(struct symbols *symbols, struct cpu *cpu)
{
    if (cpu_index(cpu) > 0) { /* the others come later, and may not have its tables yet */
        return true;
    }
    return symbols->kernel->image ? symbols_redox_is_there(symbols, cpu, symbols->kernel)
                                  : symbols_linux_is_there(cpu, symbols->kernel);
}

bool symbols_find_kernel(struct symbols *symbols, struct cpu *cpu)
{
    uint64_t now = machine_instructions(symbols->machine);

    if (symbols->kernel && !kernel_is_there(symbols, cpu)) { /* the guest was reset */
        drop_kernel(symbols);
    }
    if (!symbols->kernel && now >= symbols->next_search) {
        symbols->kernel = symbols_find_redox(symbols, cpu);
        if (!symbols->kernel) {
            bool searched = false;

            symbols->kernel = symbols_find_linux(symbols, cpu, &searched);
            symbols->search_every = MIN(symbols->search_every << searched, SEARCH_SELDOM);
        }
        symbols->next_search = now + symbols->search_every;
    }
    return symbols->kernel;
}

/* --- what is known of an address --- */

static bool is_code(const struct symbol_module *module, uint64_t address, const struct symbol_name *name)
{
    const struct symbol_file *file = module->image ? module->image : module->debug;

    if (module->table) {
        return name && name->code;
    }
    return file && elf_image_executable_at(file->image, address - module->bias);
}

/* The symbol table knows the whole name of the function that stands there, debug information at times its last part alone. */
static void name_outermost(struct symbol_location *location)
{
    struct symbol_frame *frame = location->frames > 0 ? &location->frame[location->frames - 1] : NULL;

    if (frame && location->symbol && (!frame->function || strstr(location->symbol, "::"))) {
        frame->function = location->symbol;
    }
}

bool symbols_locate(struct symbols *symbols, uint64_t root, uint64_t address, bool return_address,
                    struct symbol_location *out)
{
    uint64_t at = address - (return_address && address > 0), bias;
    struct symbol_module *module = symbols_module_at(symbols, root, at);
    struct symbol_names *names;
    const struct symbol_name *name = NULL;
    struct dwarf_file *dwarf;

    memset(out, 0, sizeof(*out));
    if (!module) {
        return false;
    }
    out->module = module->name;
    names = symbols_module_names(module, &bias);
    if (names) {
        name = symbol_names_at(names, at - bias);
    }
    if (name) {
        out->symbol = symbols_shown(symbols, name->raw);
        out->offset = address - bias - name->address;
    }
    out->is_code = is_code(module, at, name);
    dwarf = symbols_module_dwarf(module);
    if (dwarf) {
        out->frames = dwarf_frames_at(symbols, dwarf, at - module->bias, out->frame, G_N_ELEMENTS(out->frame));
        name_outermost(out);
    }
    return true;
}

char *symbols_describe(struct symbols *symbols, uint64_t root, uint64_t address)
{
    struct symbol_location location;
    g_autofree char *file = NULL;
    GString *text;

    if (!symbols_locate(symbols, root, address, false, &location) || !location.symbol) {
        return NULL;
    }
    text = g_string_new(location.symbol);
    if (location.offset > 0) {
        g_string_append_printf(text, "+0x%" G_GINT64_MODIFIER "x", location.offset);
    }
    if (location.frames > 0 && location.frame[0].file && location.frame[0].line > 0) {
        file = g_path_get_basename(location.frame[0].file);
        g_string_append_printf(text, " (%s:%u)", file, location.frame[0].line);
    }
    return g_string_free(text, FALSE);
}

bool symbols_line_range(struct symbols *symbols, uint64_t root, uint64_t address, uint64_t *start, uint64_t *end)
{
    struct symbol_module *module = symbols_module_at(symbols, root, address);
    struct dwarf_file *dwarf = module ? symbols_module_dwarf(module) : NULL;
    struct dwarf_line line;

    if (!dwarf || !dwarf_file_line_at(dwarf, address - module->bias, &line)) {
        return false;
    }
    *start = line.start + module->bias;
    *end = line.end + module->bias;
    return true;
}

/* --- types --- */

struct type_answer {
    bool known;
    uint64_t offset, size;
};

/* Of the kernel alone: what programs call the same is another type. */
static void find_member(struct symbols *symbols, const char *type, const char *member, struct type_answer *answer)
{
    answer->known = symbols->btf && btf_member(symbols->btf, type, member, &answer->offset, &answer->size);
    for (guint i = 0; !answer->known && i < symbols->modules->len; i++) {
        struct symbol_module *module = g_ptr_array_index(symbols->modules, i);
        struct dwarf_file *dwarf = module->root == SYMBOLS_ANY_SPACE ? symbols_module_dwarf(module) : NULL;

        answer->known = dwarf && dwarf_type_member(dwarf, type, member, &answer->offset, &answer->size);
    }
}

bool symbols_member(struct symbols *symbols, const char *type, const char *member, uint64_t *offset, uint64_t *size)
{
    g_autofree char *key = g_strdup_printf("%s.%s", type, member);
    struct type_answer *answer = g_hash_table_lookup(symbols->types, key);

    if (!answer) {
        answer = g_new0(struct type_answer, 1);
        find_member(symbols, type, member, answer);
        if (!symbols->kernel && !answer->known) { /* the next module may know it */
            g_free(answer);
            return false;
        }
        g_hash_table_insert(symbols->types, g_steal_pointer(&key), answer);
    }
    *offset = answer->offset;
    *size = answer->size;
    return answer->known;
}

bool symbols_type_size(struct symbols *symbols, const char *type, uint64_t *size)
{
    uint64_t offset;

    return symbols_member(symbols, type, "", &offset, size);
}
