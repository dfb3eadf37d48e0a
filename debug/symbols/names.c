/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of names by address. */
#include "debug/symbols/internal.h"

#include <string.h>

/* How far back a name is looked for whose size reaches over others that begin within it. */
#define NESTING_MAX 32u

struct symbol_names *symbol_names_new(void)
{
    struct symbol_names *names = g_new0(struct symbol_names, 1);

    names->names = g_array_new(FALSE, FALSE, sizeof(struct symbol_name));
    return names;
}

void symbol_names_free(struct symbol_names *names)
{
    if (names) {
        g_array_free(names->names, TRUE);
        g_free(names);
    }
}

void symbol_names_add(struct symbol_names *names, const struct symbol_name *name)
{
    g_array_append_val(names->names, *name);
    names->sorted = false;
}

/* Of those at one address the best comes last: code, of known size, global; then by text, so that the order is always the same. */
static gint compare(gconstpointer a, gconstpointer b)
{
    const struct symbol_name *x = a, *y = b;

    if (x->address != y->address) {
        return x->address < y->address ? -1 : 1;
    }
    if (x->code != y->code) {
        return x->code ? 1 : -1;
    }
    if (!x->size != !y->size) {
        return x->size ? 1 : -1;
    }
    if (x->global != y->global) {
        return x->global ? 1 : -1;
    }
    return strcmp(y->raw, x->raw);
}

static void sort(struct symbol_names *names)
{
    if (!names->sorted) {
        g_array_sort(names->names, compare);
        names->sorted = true;
    }
}

const struct symbol_name *symbol_names_at(struct symbol_names *names, uint64_t address)
{
    const struct symbol_name *all;
    guint low = 0, high = names->names->len;

    sort(names);
    all = (const struct symbol_name *)(void *)names->names->data;
    while (low < high) { /* the first that begins after it */
        guint middle = low + (high - low) / 2;

        if (all[middle].address <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (guint i = low; i > 0 && low - i < NESTING_MAX; i--) {
        const struct symbol_name *name = &all[i - 1];

        if (address - name->address < name->size || (name->size == 0 && i == low)) {
            return name;
        }
    }
    return NULL;
}

const struct symbol_name *symbol_names_find(struct symbol_names *names, const char *raw)
{
    sort(names);
    for (guint i = 0; i < names->names->len; i++) {
        const struct symbol_name *name = &g_array_index(names->names, struct symbol_name, i);

        if (strcmp(name->raw, raw) == 0) {
            return name;
        }
    }
    return NULL;
}
