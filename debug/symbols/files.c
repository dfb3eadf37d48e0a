/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of --symbols, and which of them belongs to a module: that with its build-id, else that of its name. */
#include "debug/symbols/internal.h"

#include <gio/gio.h>
#include <string.h>

#define DEPTH_MAX 8u
#define FILES_MAX 100000u

void symbol_candidate_free(struct symbol_candidate *candidate)
{
    g_free(candidate->path);
    g_free(candidate->stem);
    g_free(candidate);
}

/* "kernel.sym" and "kernel.all" are files of "kernel". */
static char *stem_of(const char *path)
{
    static const char *const endings[] = {".sym", ".debug", ".dbg", ".all", ".elf", ".unstripped"};
    char *name = g_path_get_basename(path);

    for (unsigned i = 0; i < G_N_ELEMENTS(endings); i++) {
        if (g_str_has_suffix(name, endings[i]) && strlen(name) > strlen(endings[i])) {
            name[strlen(name) - strlen(endings[i])] = '\0';
            break;
        }
    }
    return name;
}

static GBytes *map_file(const char *path, GError **error)
{
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);

    return file ? g_mapped_file_get_bytes(file) : NULL;
}

static void add_candidate(struct symbols *symbols, const char *path)
{
    struct symbol_candidate *candidate = g_new0(struct symbol_candidate, 1);

    candidate->path = g_strdup(path);
    candidate->stem = stem_of(path);
    g_ptr_array_add(symbols->candidates, candidate);
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In the order of their names, so that the answer does not depend on the host's. */
static bool add_folder(struct symbols *symbols, const char *path, unsigned depth, GError **error)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, error);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    if (!folder) {
        return false;
    }
    while ((name = g_dir_read_name(folder))) {
        g_ptr_array_add(names, g_build_filename(path, name, NULL));
    }
    g_ptr_array_sort(names, compare_texts);
    for (guint i = 0; i < names->len && symbols->candidates->len < FILES_MAX; i++) {
        const char *below = g_ptr_array_index(names, i);

        if (g_file_test(below, G_FILE_TEST_IS_REGULAR)) {
            add_candidate(symbols, below);
        } else if (depth < DEPTH_MAX && g_file_test(below, G_FILE_TEST_IS_DIR) &&
                   !g_file_test(below, G_FILE_TEST_IS_SYMLINK)) {
            add_folder(symbols, below, depth + 1, NULL); /* what cannot be read below is passed over */
        }
    }
    return true;
}

/* Once: a build without elfutils has less to say than the file could tell. */
static void tell_no_dwarf(struct symbols *symbols, const char *path, const struct elf_image *image)
{
    if (symbols_reads_dwarf() || symbols->no_dwarf_told || !elf_image_section(image, ".debug_info")) {
        return;
    }
    symbols->no_dwarf_told = true;
    machine_note(symbols->machine,
                 "%s: this build of Galvanic reads no DWARF, only names: build it with elfutils for lines and types",
                 path);
}

bool symbols_add_path(struct symbols *symbols, const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    struct elf_image *image;
    GError *cause = NULL;

    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        if (!add_folder(symbols, path, 0, &cause)) {
            g_propagate_prefixed_error(error, cause, "--symbols %s: the folder cannot be read: ", path);
            return false;
        }
        symbols_match_again(symbols);
        return true;
    }
    bytes = map_file(path, &cause);
    if (!bytes) {
        g_propagate_prefixed_error(error, cause, "--symbols %s: the file cannot be read: ", path);
        return false;
    }
    image = elf_image_new(bytes, &cause);
    if (!image) {
        g_propagate_prefixed_error(error, cause, "--symbols %s: ", path);
        return false;
    }
    tell_no_dwarf(symbols, path, image);
    elf_image_free(image);
    add_candidate(symbols, path);
    symbols_match_again(symbols);
    return true;
}

static void read_build_id(struct symbol_candidate *candidate)
{
    g_autoptr(GBytes) bytes = candidate->build_id_read ? NULL : map_file(candidate->path, NULL);
    struct elf_image *image = bytes ? elf_image_new(bytes, NULL) : NULL;

    if (image) {
        memcpy(candidate->build_id, image->build_id, sizeof(candidate->build_id));
        candidate->build_id_length = image->build_id_length;
        elf_image_free(image);
    }
    candidate->build_id_read = true;
}

struct symbol_file *symbols_open_candidate(struct symbols *symbols, const struct symbol_candidate *candidate)
{
    g_autoptr(GBytes) bytes = NULL;

    for (guint i = 0; i < symbols->files->len; i++) {
        struct symbol_file *file = g_ptr_array_index(symbols->files, i);

        if (file->path && strcmp(file->path, candidate->path) == 0) {
            return file;
        }
    }
    bytes = map_file(candidate->path, NULL);
    struct symbol_file *file = bytes ? symbols_file_of_bytes(symbols, bytes, candidate->path, NULL) : NULL;
    if (file) {
        tell_no_dwarf(symbols, file->path, file->image);
    }
    return file;
}

/* Of a file that has the name alone: was it made with the guest's?  What is loaded stands at the same addresses. */
static bool fits(const struct elf_image *file, const struct elf_image *image)
{
    if (!image) {
        return true;
    }
    if (file->arch != image->arch || file->entry != image->entry || file->segments != image->segments) {
        return false;
    }
    for (unsigned i = 0; i < file->segments; i++) {
        if (file->segment[i].address != image->segment[i].address || file->segment[i].size != image->segment[i].size) {
            return false;
        }
    }
    return true;
}

static struct symbol_file *match_build_id(struct symbols *symbols, const struct elf_image *image)
{
    struct symbol_file *best = NULL;

    for (guint i = 0; i < symbols->candidates->len; i++) {
        struct symbol_candidate *candidate = g_ptr_array_index(symbols->candidates, i);

        read_build_id(candidate);
        if (candidate->build_id_length == image->build_id_length &&
            memcmp(candidate->build_id, image->build_id, image->build_id_length) == 0) {
            struct symbol_file *file = symbols_open_candidate(symbols, candidate);

            if (file && (!best || elf_image_section(file->image, ".debug_info"))) {
                best = file;
            }
        }
    }
    return best;
}

struct symbol_file *symbols_match(struct symbols *symbols, const char *name, const struct elf_image *image)
{
    g_autofree char *stem = g_path_get_basename(name);
    struct symbol_file *best = image && image->build_id_length ? match_build_id(symbols, image) : NULL;
    struct symbol_file *named = NULL; /* without debug information: its names may still be more than the guest's */
    const char *refused = NULL;

    for (guint i = 0; !best && i < symbols->candidates->len; i++) {
        const struct symbol_candidate *candidate = g_ptr_array_index(symbols->candidates, i);
        struct symbol_file *file =
            strcmp(candidate->stem, stem) == 0 ? symbols_open_candidate(symbols, candidate) : NULL;

        if (file && !fits(file->image, image)) {
            refused = candidate->path;
        } else if (file && elf_image_section(file->image, ".debug_info")) {
            best = file;
        } else if (file && !named) {
            named = file;
        }
    }
    if (!best && !named && refused) {
        machine_note(symbols->machine, "%s is not used: it is another build of %s than the one that runs", refused,
                     name);
    }
    return best ? best : named;
}
