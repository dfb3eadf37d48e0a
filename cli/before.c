/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See before.h. */
#include "cli/before.h"

#include <glib/gstdio.h>
#include <string.h>

#include "emu/bytes.h"

#define VARIABLES_SOURCE "efi-variables.before"
#define CHUNK 65536

/* The replay has found these bytes beforehand: at their point nothing is to be done. */
static void ignore(void *opaque, const uint8_t *data, size_t length)
{
}

static void disk_source_name(char name[32], unsigned disk)
{
    g_snprintf(name, 32, "disk%u.before", disk);
}

void before_add_sources(struct session *session)
{
    struct journal *journal = machine_journal(session->machine);

    for (unsigned i = 0; i < session->disk_count; i++) {
        char name[32];
        disk_source_name(name, i);
        session->disk_before[i] = journal_source_new(journal, name, ignore, NULL);
    }
    session->variables_before = journal_source_new(journal, VARIABLES_SOURCE, ignore, NULL);
}

static void keep_cluster(void *opaque, uint64_t offset, const uint8_t *data, size_t length)
{
    uint8_t bytes[8 + 4096];

    put_le64(bytes, offset);
    memcpy(bytes + 8, data, MIN(length, 4096));
    journal_keep(opaque, bytes, 8 + MIN(length, 4096));
}

static void keep_variables(struct session *session)
{
    g_autofree gchar *contents = NULL;
    gsize length;

    if (!session->variable_store || !g_file_get_contents(session->variable_store, &contents, &length, NULL))
        return;
    for (gsize at = 0; at < length; at += CHUNK)
        journal_keep(session->variables_before, (const uint8_t *)contents + at, MIN(CHUNK, length - at));
}

void before_start_keeping(struct session *session)
{
    keep_variables(session);
    for (unsigned i = 0; i < session->disk_count && !session->options->snapshot; i++)
        block_set_keeper(session->disks[i], keep_cluster, session->disk_before[i]);
}

static void restore_cluster(void *opaque, const uint8_t *data, size_t length)
{
    if (length > 8)
        block_restore(opaque, get_le64(data), data + 8, length - 8);
}

bool before_restore_disks(struct session *session, const char *path, GError **error)
{
    for (unsigned i = 0; i < session->disk_count; i++) {
        char name[32];
        disk_source_name(name, i);
        if (!journal_read_source(path, name, restore_cluster, session->disks[i], error))
            return false;
    }
    return true;
}

static void append(void *opaque, const uint8_t *data, size_t length)
{
    g_byte_array_append(opaque, data, (guint)length);
}

char *before_restore_variables(const char *path, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    gchar *name = NULL;

    if (!journal_read_source(path, VARIABLES_SOURCE, append, bytes, error) || !bytes->len)
        return NULL;
    gint file = g_file_open_tmp("galvanic-variables-XXXXXX", &name, error);
    if (file < 0)
        return NULL;
    g_close(file, NULL);
    if (!g_file_set_contents(name, (const gchar *)bytes->data, bytes->len, error)) {
        g_unlink(name);
        g_clear_pointer(&name, g_free);
    }
    return name;
}
