/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The initial file system that the loader hands to Redox's kernel, looked at when the kernel or its first program dies before anything
 * of it runs.  The kernel itself believes in it without a look at its magic: it goes to an entry point that is none.
 */
#include <string.h>

#include "debug/redox/redox.h"
#include "emu/bytes.h"

#define BOOTSTRAP_SPAN 64u
#define LOWEST (UINT64_C(1) << 20) /* of an archive; smaller numbers in BOOTSTRAP are its count of pages */
#define MAGIC_SIZE 8u

/* Something else than the kernel's own contexts: what the archive holds has been started. */
static bool programs_run(struct redox *redox)
{
    bool run = redox->initfs != NULL;

    if (!redox_lay_out(redox))
        return run;
    g_autoptr(GArray) contexts = redox_contexts(redox);
    for (guint i = 0; contexts && i < contexts->len && !run; i++) {
        struct redox_context context;

        run = redox_context(redox, g_array_index(contexts, uint64_t, i), &context) && context.process.name[0] != '[';
    }
    return run || !contexts;
}

/* The only physical address that BOOTSTRAP can mean, and what stands there; false: none, more than one, or a good archive. */
static bool find_bad_archive(struct redox *redox, uint64_t *physical, uint8_t start[MAGIC_SIZE])
{
    struct memory *memory = machine_memory(redox->machine);
    uint8_t raw[BOOTSTRAP_SPAN];
    unsigned found = 0;

    if (!redox->bootstrap_at || !redox_read(redox, redox->bootstrap_at, raw, sizeof(raw)))
        return false;
    for (unsigned offset = 0; offset < BOOTSTRAP_SPAN; offset += 8) {
        uint64_t address = get_le64(raw + offset);
        const uint8_t *bytes =
            address % REDOX_PAGE || address < LOWEST ? NULL : memory_pointer(memory, address, MAGIC_SIZE);

        if (!bytes)
            continue;
        if (memcmp(bytes, INITFS_MAGIC, MAGIC_SIZE) == 0)
            return false;
        memcpy(start, bytes, MAGIC_SIZE);
        *physical = address;
        found++;
    }
    return found == 1;
}

char *redox_boot_fault(struct redox *redox)
{
    uint8_t start[MAGIC_SIZE];
    uint64_t physical;
    GString *text;

    if (!find_bad_archive(redox, &physical, start) || programs_run(redox))
        return NULL;
    text = g_string_new(NULL);
    g_string_printf(text, "bad initfs: at its start (physical 0x%" G_GINT64_MODIFIER "x) stands \"", physical);
    for (unsigned i = 0; i < MAGIC_SIZE; i++) {
        if (g_ascii_isprint((char)start[i]) && start[i] != '"' && start[i] != '\\')
            g_string_append_c(text, (char)start[i]);
        else
            g_string_append_printf(text, "\\x%02x", start[i]);
    }
    g_string_append(text, "\" instead of \"" INITFS_MAGIC "\"");
    return g_string_free(text, FALSE);
}
