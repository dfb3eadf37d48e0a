/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From texts to addresses: names as people write them, lines of files, completion. */
#include "debug/symbols/internal.h"

#include <stdlib.h>
#include <string.h>

enum match { MATCH_NONE, MATCH_TAIL, MATCH_WHOLE };

/* How many angle brackets are open before @end; the arrow of a function type opens and closes none. */
static bool is_outside_brackets(const char *name, const char *end)
{
    int depth = 0;

    for (const char *at = name; at < end; at++) {
        if (*at == '<') {
            depth++;
        } else if (*at == '>' && at > name && at[-1] != '-') {
            depth--;
        }
    }
    return depth <= 0;
}

/* Is @text the name @shown, or whole parts at its end?  "foo", "context::foo" of "kernel::context::foo"; "f" of "f(int)". */
static enum match match_shown(const char *shown, const char *text)
{
    size_t length = strlen(text), whole = strlen(shown);

    if (!strchr(text, '(') && strchr(shown, '(') && shown[0] != '<') { /* parameters of C++ */
        whole = strcspn(shown, "(");
    }
    if (whole < length || strncmp(shown + whole - length, text, length) != 0) {
        return MATCH_NONE;
    }
    if (whole == length) {
        return MATCH_WHOLE;
    }
    return whole - length > 2 && strncmp(shown + whole - length - 2, "::", 2) == 0 &&
                   is_outside_brackets(shown, shown + whole - length)
               ? MATCH_TAIL
               : MATCH_NONE;
}

/* "core::fmt::write::h0123456789abcdef" is asked for without the hash: that is how it is shown. */
static char *without_hash(const char *text)
{
    size_t length = strlen(text);

    if (length > 19 && strncmp(text + length - 19, "::h", 3) == 0 &&
        strspn(text + length - 16, "0123456789abcdef") == 16) {
        return g_strndup(text, length - 19);
    }
    return g_strdup(text);
}

/* Most names of a kernel in C are not mangled: they are shown as they are, without a look-up. */
static const char *shown_of(struct symbols *symbols, const struct symbol_name *name)
{
    return name->raw[0] == '_' ? symbols_shown(symbols, name->raw) : name->raw;
}

struct name_search {
    struct symbols *symbols;
    const char *text;
    GArray *out;
    GHashTable *tails; /* names whose tail matched */
    GArray *tail_addresses;
};

/*
 * The identifier that a searched name ends with: every mangled form of the name holds it as it is.  Looking for it first saves the
 * demangling of all others.  "": the name ends otherwise, and nothing can be said.
 */
static const char *last_identifier(const char *text)
{
    const char *start = text + strlen(text);

    while (start > text && (g_ascii_isalnum(start[-1]) || start[-1] == '_')) {
        start--;
    }
    return start;
}

static void add_match(struct name_search *search, enum match match, const char *shown, uint64_t address)
{
    if (match == MATCH_WHOLE) {
        g_array_append_val(search->out, address);
    } else if (match == MATCH_TAIL) {
        g_hash_table_add(search->tails, (void *)shown);
        g_array_append_val(search->tail_addresses, address);
    }
}

static void search_copies(struct name_search *search, struct symbol_module *module)
{
    struct dwarf_file *dwarf = symbols_module_dwarf(module);
    const char *shown;
    uint64_t address;

    for (guint i = 0; dwarf && (shown = dwarf_file_copy(search->symbols, dwarf, i, &address)); i++) {
        add_match(search, match_shown(shown, search->text), shown, address + module->bias);
    }
}

static void search_names(struct name_search *search, struct symbol_module *module)
{
    const char *needle = last_identifier(search->text);
    uint64_t bias;
    struct symbol_names *names = symbols_module_names(module, &bias);

    for (guint i = 0; names && i < names->names->len; i++) {
        const struct symbol_name *name = &g_array_index(names->names, struct symbol_name, i);
        if (!strstr(name->raw, needle)) {
            continue;
        }
        const char *shown = shown_of(search->symbols, name);
        enum match match = strcmp(name->raw, search->text) == 0 ? MATCH_WHOLE : match_shown(shown, search->text);

        add_match(search, match, shown, name->address + bias);
    }
}

static gint compare_addresses(gconstpointer a, gconstpointer b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void sort_and_unite(GArray *addresses)
{
    g_array_sort(addresses, compare_addresses);
    for (guint i = addresses->len; i > 1; i--) {
        if (g_array_index(addresses, uint64_t, i - 1) == g_array_index(addresses, uint64_t, i - 2)) {
            g_array_remove_index(addresses, i - 1);
        }
    }
}

static bool module_is(const struct symbol_module *module, const char *wanted)
{
    g_autofree char *last = g_path_get_basename(module->name);

    return !wanted || strcmp(module->name, wanted) == 0 || strcmp(last, wanted) == 0;
}

static void resolve_name(struct symbols *symbols, uint64_t root, const char *wanted_module, const char *text,
                         bool copies, GArray *out)
{
    g_autofree char *bare = without_hash(text);
    struct name_search search = {
        .symbols = symbols,
        .text = bare,
        .out = out,
        .tails = g_hash_table_new(g_str_hash, g_str_equal),
        .tail_addresses = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
    };

    for (guint i = 0; *bare && i < symbols->modules->len; i++) {
        struct symbol_module *module = g_ptr_array_index(symbols->modules, i);

        if (symbols_module_is_in(module, root) && module_is(module, wanted_module)) {
            search_names(&search, module);
            if (copies) {
                search_copies(&search, module);
            }
        }
    }
    if (out->len == 0 && g_hash_table_size(search.tails) == 1) {
        g_array_append_vals(out, search.tail_addresses->data, search.tail_addresses->len);
    }
    g_hash_table_destroy(search.tails);
    g_array_free(search.tail_addresses, TRUE);
}

static void resolve_line(struct symbols *symbols, uint64_t root, const char *wanted_module, const char *file,
                         unsigned line, GArray *out)
{
    for (guint i = 0; i < symbols->modules->len; i++) {
        struct symbol_module *module = g_ptr_array_index(symbols->modules, i);
        struct dwarf_file *dwarf = symbols_module_is_in(module, root) && module_is(module, wanted_module)
                                       ? symbols_module_dwarf(module)
                                       : NULL;

        if (dwarf) {
            dwarf_line_addresses(dwarf, file, line, module->bias, out);
        }
    }
}

/* "src/main.rs:12"; a single colon before digits alone. */
static bool split_line(const char *text, char **file, unsigned *line)
{
    const char *colon = strrchr(text, ':');
    char *end;
    unsigned long number;

    if (!colon || colon == text || colon[-1] == ':' || !g_ascii_isdigit(colon[1])) {
        return false;
    }
    number = strtoul(colon + 1, &end, 10);
    if (*end || number == 0 || number > INT32_MAX) {
        return false;
    }
    *file = g_strndup(text, (gsize)(colon - text));
    *line = (unsigned)number;
    return true;
}

static GArray *resolve(struct symbols *symbols, uint64_t root, const char *text, bool copies)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    const char *mark = strchr(text, '!');
    g_autofree char *module = mark && mark > text ? g_strndup(text, (gsize)(mark - text)) : NULL;
    g_autofree char *file = NULL;
    unsigned line;

    text = module ? mark + 1 : text;
    if (split_line(text, &file, &line)) {
        resolve_line(symbols, root, module, file, line, out);
    } else {
        resolve_name(symbols, root, module, text, copies, out);
    }
    sort_and_unite(out);
    return out;
}

GArray *symbols_resolve(struct symbols *symbols, uint64_t root, const char *text)
{
    return resolve(symbols, root, text, false);
}

GArray *symbols_resolve_code(struct symbols *symbols, uint64_t root, const char *text)
{
    return resolve(symbols, root, text, true);
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *symbols_complete(struct symbols *symbols, uint64_t root, const char *prefix, unsigned limit)
{
    g_autoptr(GHashTable) found = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iterator;
    void *key;

    for (guint i = 0; i < symbols->modules->len; i++) {
        struct symbol_module *module = g_ptr_array_index(symbols->modules, i);
        uint64_t bias;
        struct symbol_names *names = symbols_module_is_in(module, root) ? symbols_module_names(module, &bias) : NULL;

        for (guint k = 0; names && k < names->names->len; k++) {
            const struct symbol_name *name = &g_array_index(names->names, struct symbol_name, k);
            const char *shown = shown_of(symbols, name);

            if (g_str_has_prefix(shown, prefix)) {
                g_hash_table_add(found, (void *)shown);
            }
        }
    }
    g_hash_table_iter_init(&iterator, found);
    while (g_hash_table_iter_next(&iterator, &key, NULL)) {
        g_ptr_array_add(out, g_strdup(key));
    }
    g_ptr_array_sort(out, compare_texts);
    g_ptr_array_set_size(out, (gint)MIN(out->len, limit));
    return out;
}
