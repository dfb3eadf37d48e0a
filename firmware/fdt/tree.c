/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libfdt's sequential write functions: they fail only for want of room, which is made, or when called out of order. */
#include "firmware/fdt/tree.h"

#include <libfdt.h>
#include <string.h>

#define FIRST_SIZE 8192

struct tree {
    void *blob;
    int size;
};

/* Whether @result says that there is no room; then there is more, and the call is to be made again. */
static bool grow(struct tree *tree, int result)
{
    if (result != -FDT_ERR_NOSPACE) {
        g_assert(result == 0);
        return false;
    }
    tree->size *= 2;
    void *larger = g_malloc0((gsize)tree->size);
    result = fdt_resize(tree->blob, larger, tree->size);
    g_assert(result == 0);
    g_free(tree->blob);
    tree->blob = larger;
    return true;
}

struct tree *tree_new(void)
{
    struct tree *tree = g_new0(struct tree, 1);

    tree->size = FIRST_SIZE;
    tree->blob = g_malloc0(FIRST_SIZE);
    int result = fdt_create(tree->blob, tree->size);
    g_assert(result == 0);
    result = fdt_finish_reservemap(tree->blob);
    g_assert(result == 0);
    return tree;
}

void tree_begin(struct tree *tree, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *name = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    while (grow(tree, fdt_begin_node(tree->blob, name)))
        ;
}

void tree_end(struct tree *tree)
{
    while (grow(tree, fdt_end_node(tree->blob)))
        ;
}

void tree_bytes(struct tree *tree, const char *name, const void *bytes, unsigned length)
{
    while (grow(tree, fdt_property(tree->blob, name, bytes, (int)length)))
        ;
}

void tree_empty(struct tree *tree, const char *name)
{
    tree_bytes(tree, name, "", 0);
}

void tree_text(struct tree *tree, const char *name, const char *text)
{
    tree_bytes(tree, name, text, (unsigned)strlen(text) + 1);
}

void tree_texts(struct tree *tree, const char *name, ...)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    va_list arguments;
    const char *text;

    va_start(arguments, name);
    while ((text = va_arg(arguments, const char *)))
        g_byte_array_append(bytes, (const uint8_t *)text, (guint)strlen(text) + 1);
    va_end(arguments);
    tree_bytes(tree, name, bytes->data, bytes->len);
}

void tree_cells(struct tree *tree, const char *name, const uint32_t *cells, unsigned count)
{
    g_autofree uint32_t *big = g_new(uint32_t, count);

    for (unsigned i = 0; i < count; i++)
        big[i] = GUINT32_TO_BE(cells[i]);
    tree_bytes(tree, name, big, count * (unsigned)sizeof(uint32_t));
}

void tree_cell(struct tree *tree, const char *name, uint32_t value)
{
    tree_cells(tree, name, &value, 1);
}

void tree_wide(struct tree *tree, const char *name, const uint64_t *values, unsigned count)
{
    g_autofree uint64_t *big = g_new(uint64_t, count);

    for (unsigned i = 0; i < count; i++)
        big[i] = GUINT64_TO_BE(values[i]);
    tree_bytes(tree, name, big, count * (unsigned)sizeof(uint64_t));
}

GBytes *tree_finish(struct tree *tree)
{
    while (grow(tree, fdt_finish(tree->blob)))
        ;
    GBytes *result = g_bytes_new(tree->blob, fdt_totalsize(tree->blob));
    g_free(tree->blob);
    g_free(tree);
    return result;
}
