/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open files: the tables of descriptors, and the descriptions behind them. */
#include <string.h>

#include "debug/redox/redox.h"
#include "emu/bytes.h"

#define ARC_HEADER 16u
#define TABLE_SPAN 96u
#define FILES_MAX 4096u /* of a table */
#define DESCRIPTION_SIZE 72u
#define UPPER_TAG (UINT64_C(1) << 62) /* of descriptors in the second table */
#define FLAG_READ 0x10000u
#define FLAG_WRITE 0x20000u

/* --- the table: vectors of optional descriptors, of 16 bytes with a flag (2: none) or of 8 (0: none) --- */
static bool is_entry(struct redox *redox, const uint8_t *raw, unsigned size, uint64_t *description)
{
    uint64_t word = get_le64(raw);

    *description = 0;
    if (size == 16 ? raw[8] == 2 : word == 0)
        return true;
    *description = word;
    return (size == 8 || raw[8] < 2) && redox_is_arc(redox, word);
}

/* How many files a vector holds; -1: it is no vector of descriptors of @size bytes. */
static int count_entries(struct redox *redox, uint64_t vector, unsigned size)
{
    g_autofree uint8_t *raw = NULL;
    uint64_t data, length, description;
    int count = 0;

    if (!redox_vector(redox, vector, &data, &length) || length > FILES_MAX)
        return -1;
    if (length == 0)
        return 0;
    raw = g_malloc(length * size);
    if (!redox_read(redox, data, raw, length * size))
        return -1;
    for (uint64_t i = 0; i < length; i++) {
        if (!is_entry(redox, raw + i * size, size, &description))
            return -1;
        count += description != 0;
    }
    return count;
}

/* In all contexts there is such a vector @offset behind the table's start; most have files in it (@some: any has). */
static bool table_fits(struct redox *redox, const GArray *contexts, int member, unsigned offset, unsigned size,
                       bool some)
{
    unsigned with_files = 0;

    for (unsigned i = 0; i < contexts->len; i++) {
        uint64_t table;
        int count;

        if (!redox_u64(redox, g_array_index(contexts, uint64_t, i) + (uint64_t)member, &table) ||
            !redox_is_arc(redox, table))
            return false;
        count = count_entries(redox, table + offset, size);
        if (count < 0)
            return false;
        with_files += count > 0;
    }
    return some ? with_files > 0 : with_files > contexts->len / 2;
}

static bool find_tables(struct redox *redox, const GArray *contexts, int member)
{
    static const unsigned sizes[] = {16, 8};
    struct redox_layout *layout = &redox->layout;

    for (unsigned k = 0; k < G_N_ELEMENTS(sizes); k++) {
        for (unsigned offset = ARC_HEADER; offset < TABLE_SPAN; offset += 8) {
            if (!table_fits(redox, contexts, member, offset, sizes[k], false))
                continue;
            layout->posix_files = (int)offset; /* the one that all processes use stands first */
            layout->file_entry = sizes[k];
            if (table_fits(redox, contexts, member, offset + 24, sizes[k], true))
                layout->upper_files = (int)offset + 24;
            return true;
        }
    }
    return false;
}

/* --- the description: offset, scheme, number, flags --- */
static void gather(struct redox *redox, uint64_t vector, uint64_t tag, GArray *out)
{
    unsigned size = redox->layout.file_entry;
    uint64_t data, length;

    if (!redox_vector(redox, vector, &data, &length) || length > FILES_MAX)
        return;
    for (uint64_t i = 0; i < length; i++) {
        struct redox_file file = {.number = i | tag};
        uint8_t raw[16];

        if (redox_read(redox, data + i * size, raw, size) && is_entry(redox, raw, size, &file.description) &&
            file.description)
            g_array_append_val(out, file);
    }
}

static GArray *gather_tables(struct redox *redox, uint64_t files)
{
    const struct redox_layout *layout = &redox->layout;
    GArray *out = g_array_new(FALSE, FALSE, sizeof(struct redox_file));

    if (layout->posix_files != REDOX_UNKNOWN)
        gather(redox, files + (uint64_t)layout->posix_files, 0, out);
    if (layout->upper_files != REDOX_UNKNOWN)
        gather(redox, files + (uint64_t)layout->upper_files, UPPER_TAG, out);
    return out;
}

static bool scheme_exists(const GArray *schemes, uint64_t id)
{
    for (unsigned i = 0; i < schemes->len; i++) {
        if (g_array_index(schemes, struct redox_scheme, i).id == id)
            return true;
    }
    return false;
}

/* Where the number of an existing scheme stands in all descriptions, with flags two words behind. */
static bool find_description(struct redox *redox, const GArray *files, const GArray *schemes)
{
    unsigned found = 0;

    for (unsigned offset = ARC_HEADER + 8; offset + 24 <= DESCRIPTION_SIZE; offset += 8) {
        bool fits = files->len > 1;

        for (unsigned i = 0; i < files->len && fits; i++) {
            uint8_t raw[DESCRIPTION_SIZE];

            fits = redox_read(redox, g_array_index(files, struct redox_file, i).description, raw, sizeof(raw)) &&
                   scheme_exists(schemes, get_le64(raw + offset)) && get_le32(raw + offset + 20) < 16;
        }
        if (fits) {
            redox->layout.file_scheme = (int)offset;
            found++;
        }
    }
    if (found != 1) {
        redox->layout.file_scheme = REDOX_UNKNOWN;
        return false;
    }
    redox->layout.file_offset = redox->layout.file_scheme - 8;
    redox->layout.file_number = redox->layout.file_scheme + 8;
    redox->layout.file_flags = redox->layout.file_scheme + 16;
    return true;
}

static bool lay_out_files(struct redox *redox)
{
    struct redox_layout *layout = &redox->layout;
    g_autoptr(GArray) contexts = NULL, schemes = NULL, files = NULL;

    if (redox->files_laid_out)
        return true;
    contexts = redox_contexts(redox);
    if (!contexts || contexts->len < 4)
        return false;
    if (layout->files != REDOX_UNKNOWN) {
        find_tables(redox, contexts, layout->files);
    } else {
        for (int member = ARC_HEADER; member < 1024 && layout->files == REDOX_UNKNOWN; member += 8) {
            if (find_tables(redox, contexts, member))
                layout->files = member;
        }
    }
    schemes = redox_scheme_list(redox);
    if (layout->file_scheme == REDOX_UNKNOWN && schemes && layout->posix_files != REDOX_UNKNOWN) {
        files = g_array_new(FALSE, FALSE, sizeof(struct redox_file));
        for (unsigned i = 0; i < contexts->len; i++) {
            uint64_t table;

            if (redox_u64(redox, g_array_index(contexts, uint64_t, i) + (uint64_t)layout->files, &table))
                gather(redox, table + (uint64_t)layout->posix_files, 0, files);
        }
        find_description(redox, files, schemes);
    }
    redox->files_laid_out = layout->posix_files != REDOX_UNKNOWN && layout->file_scheme != REDOX_UNKNOWN;
    return redox->files_laid_out;
}

static bool read_description(struct redox *redox, struct redox_file *file)
{
    const struct redox_layout *layout = &redox->layout;
    uint8_t raw[DESCRIPTION_SIZE + 8];

    if (!redox_is_arc(redox, file->description) || !redox_read(redox, file->description, raw, sizeof(raw)))
        return false;
    file->scheme = get_le64(raw + layout->file_scheme);
    file->handle = get_le64(raw + layout->file_number);
    file->offset = get_le64(raw + layout->file_offset);
    file->flags = get_le32(raw + layout->file_flags);
    return true;
}

GArray *redox_files(struct redox *redox, uint64_t object)
{
    GArray *out;
    uint64_t table;

    if (!lay_out_files(redox) || !redox_u64(redox, object + (uint64_t)redox->layout.files, &table) ||
        !redox_is_arc(redox, table))
        return NULL;
    out = gather_tables(redox, table);
    for (unsigned i = 0; i < out->len; i++)
        read_description(redox, &g_array_index(out, struct redox_file, i));
    return out;
}

static char *scheme_name(const GArray *schemes, uint64_t id)
{
    for (unsigned i = 0; schemes && i < schemes->len; i++) {
        const struct redox_scheme *scheme = &g_array_index(schemes, struct redox_scheme, i);

        if (scheme->id == id && scheme->name[0])
            return g_strdup(scheme->name);
    }
    return g_strdup_printf("scheme %" G_GUINT64_FORMAT, id);
}

char *redox_describe_file(struct redox *redox, uint64_t description)
{
    g_autoptr(GArray) schemes = NULL;
    g_autofree char *name = NULL;
    struct redox_file file = {.description = description};

    if (!lay_out_files(redox) || !read_description(redox, &file))
        return NULL;
    schemes = redox_scheme_list(redox);
    name = scheme_name(schemes, file.scheme);
    return g_strdup_printf("%s:%" G_GUINT64_FORMAT, name, file.handle);
}

char *redox_fds(struct redox *redox, const struct redox_context *context, GError **error)
{
    g_autoptr(GArray) files = redox_files(redox, context->object), schemes = redox_scheme_list(redox);
    GString *out;

    if (!files) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "fds: where the kernel keeps open files is not known");
        return NULL;
    }
    out = g_string_new("  fd  mode  scheme:handle                      offset      flags\n");
    for (unsigned i = 0; i < files->len; i++) {
        const struct redox_file *file = &g_array_index(files, struct redox_file, i);
        g_autofree char *name = scheme_name(schemes, file->scheme),
                        *what = g_strdup_printf("%s:%" G_GUINT64_FORMAT, name, file->handle),
                        *number = g_strdup_printf("%s%" G_GUINT64_FORMAT, file->number & UPPER_TAG ? "u" : "",
                                                  file->number & ~UPPER_TAG);

        g_string_append_printf(out, "%4s  %c%c    %-30s %10" G_GUINT64_FORMAT "  %#x\n", number,
                               file->flags & FLAG_READ ? 'r' : '-', file->flags & FLAG_WRITE ? 'w' : '-', what,
                               file->offset, file->flags);
    }
    return g_string_free(out, FALSE);
}
