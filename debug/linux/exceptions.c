/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux's exception table: instructions that may fault, each with where to go on (arch/x86 and arm64, include/asm/extable.h).  An
 * entry begins with the distance from itself to the instruction; it is 12 bytes long, 8 in kernels before 5.16 on arm64.
 */
#include "debug/linux/linux.h"
#include "emu/bytes.h"

#include <string.h>

#define MOST_ENTRIES 100000

static gint compare(gconstpointer left, gconstpointer right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return a < b ? -1 : a > b;
}

/* NULL: not a table of entries of that size, which would be sorted by their instructions. */
static GArray *decode(const uint8_t *bytes, size_t length, uint64_t start, unsigned size)
{
    if (length % size)
        return NULL;
    GArray *found = g_array_sized_new(FALSE, FALSE, sizeof(uint64_t), (guint)(length / size));
    for (size_t at = 0; at < length; at += size) {
        uint64_t address = start + at + (uint64_t)(int64_t)(int32_t)get_le32(bytes + at);
        if (!linux_is_kernel(address) || (at && address < g_array_index(found, uint64_t, found->len - 1))) {
            g_array_unref(found);
            return NULL;
        }
        g_array_append_val(found, address);
    }
    return found;
}

static GArray *read_between(struct linux_os *linux_os, uint64_t start, uint64_t end)
{
    if (!start || end <= start || end - start > MOST_ENTRIES * 12)
        return NULL;
    g_autofree uint8_t *bytes = g_malloc(end - start);
    if (space_read(&linux_os->kernel, start, bytes, end - start) != end - start)
        return NULL;
    GArray *found = decode(bytes, end - start, start, 12);
    return found ? found : decode(bytes, end - start, start, 8);
}

/* By name, or else as the two ends that the function mentions which searches the table. */
static GArray *read_table(struct linux_os *linux_os)
{
    uint64_t mentioned[8];
    GArray *found = read_between(linux_os, linux_symbol(linux_os, "__start___ex_table"),
                                 linux_symbol(linux_os, "__stop___ex_table"));
    unsigned count = found ? 0 : linux_references(linux_os, "search_kernel_exception_table", mentioned, 8);

    for (unsigned i = 0; i < count && !found; i++)
        for (unsigned j = 0; j < count && !found; j++)
            found = read_between(linux_os, mentioned[i], mentioned[j]);
    if (!found || found->len)
        return found;
    g_array_unref(found);
    return NULL;
}

bool linux_may_fault(struct linux_os *linux_os, uint64_t pc)
{
    if (!linux_os->exceptions)
        linux_os->exceptions = read_table(linux_os);
    return linux_os->exceptions && g_array_binary_search(linux_os->exceptions, &pc, compare, NULL);
}
