/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recording's header: the options that make the guest's world, as a key file. */
#include <string.h>

#include "cli/options.h"
#include "cli/parse.h"
#include "emu/journal/journal.h"

#define GROUP "machine"

/* Options with text values that are kept as they are. */
static const struct {
    const char *key;
    size_t offset;
} texts[] = {
    {"arch", offsetof(struct run_options, arch)},         {"board", offsetof(struct run_options, board)},
    {"cpu", offsetof(struct run_options, cpu)},           {"kernel", offsetof(struct run_options, kernel)},
    {"initrd", offsetof(struct run_options, initrd)},     {"append", offsetof(struct run_options, append)},
    {"efi-app", offsetof(struct run_options, efi_app)},   {"efi-vars", offsetof(struct run_options, efi_vars)},
    {"describe", offsetof(struct run_options, describe)}, {"nic", offsetof(struct run_options, nic)},
};

static char **text_of(struct run_options *options, unsigned index)
{
    return (char **)((char *)options + texts[index].offset);
}

static bool is_path(const char *key)
{
    return strcmp(key, "kernel") == 0 || strcmp(key, "initrd") == 0 || strcmp(key, "efi-app") == 0 ||
           strcmp(key, "efi-vars") == 0;
}

char *run_options_describe(const struct run_options *options, const char *arch)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        const char *text = *text_of((struct run_options *)options, i);
        g_autofree char *value = text && is_path(texts[i].key) ? g_canonicalize_filename(text, NULL) : g_strdup(text);
        if (value)
            g_key_file_set_string(file, GROUP, texts[i].key, value);
    }
    g_key_file_set_string(file, GROUP, "arch", arch);
    g_key_file_set_uint64(file, GROUP, "memory", options->memory);
    g_key_file_set_uint64(file, GROUP, "seed", options->seed);
    g_key_file_set_uint64(file, GROUP, "picoseconds", options->picoseconds_per_instruction);
    g_key_file_set_int64(file, GROUP, "calendar", options->calendar);
    g_key_file_set_uint64(file, GROUP, "width", options->width);
    g_key_file_set_uint64(file, GROUP, "height", options->height);
    g_key_file_set_boolean(file, GROUP, "autokey", options->autokey);
    g_key_file_set_boolean(file, GROUP, "network", options->network);
    for (guint i = 0; i < options->disks->len; i++) {
        const struct disk_option *disk = g_ptr_array_index(options->disks, i);
        g_autofree char *group = g_strdup_printf("disk%u", i);
        g_autofree char *path = g_canonicalize_filename(disk->path, NULL);
        g_key_file_set_string(file, group, "path", path);
        g_key_file_set_integer(file, group, "bus", (int)disk->bus);
        g_key_file_set_boolean(file, group, "readonly", disk->read_only);
        g_key_file_set_boolean(file, group, "cdrom", disk->cdrom);
    }
    for (guint i = 0; i < options->shares->len; i++) {
        const struct share_option *share = g_ptr_array_index(options->shares, i);
        g_autofree char *group = g_strdup_printf("share%u", i);
        g_key_file_set_string(file, group, "tag", share->tag);
    }
    return g_key_file_to_data(file, NULL, NULL);
}

struct run_options *run_options_from_description(const char *text, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    char *none[] = {NULL};

    if (!g_key_file_load_from_data(file, text, (gsize)-1, G_KEY_FILE_NONE, error)) {
        g_prefix_error(error, "the recording's description of its machine is damaged: ");
        return NULL;
    }
    struct run_options *options = run_options_parse(COMMAND_RUN, none, error);
    if (!options)
        return NULL;
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        *text_of(options, i) = g_key_file_get_string(file, GROUP, texts[i].key, NULL);
    options->memory = g_key_file_get_uint64(file, GROUP, "memory", NULL);
    options->seed = g_key_file_get_uint64(file, GROUP, "seed", NULL);
    options->picoseconds_per_instruction = (uint32_t)g_key_file_get_uint64(file, GROUP, "picoseconds", NULL);
    options->calendar = g_key_file_get_int64(file, GROUP, "calendar", NULL);
    options->width = (uint32_t)g_key_file_get_uint64(file, GROUP, "width", NULL);
    options->height = (uint32_t)g_key_file_get_uint64(file, GROUP, "height", NULL);
    options->autokey = g_key_file_get_boolean(file, GROUP, "autokey", NULL);
    options->network = g_key_file_get_boolean(file, GROUP, "network", NULL);
    for (guint i = 0; i < BOARD_DISKS; i++) {
        g_autofree char *group = g_strdup_printf("disk%u", i);
        if (!g_key_file_has_group(file, group))
            break;
        struct disk_option *disk = g_new0(struct disk_option, 1);
        disk->path = g_key_file_get_string(file, group, "path", NULL);
        disk->bus = (enum board_bus)g_key_file_get_integer(file, group, "bus", NULL);
        disk->read_only = g_key_file_get_boolean(file, group, "readonly", NULL);
        disk->cdrom = g_key_file_get_boolean(file, group, "cdrom", NULL);
        g_ptr_array_add(options->disks, disk);
    }
    for (guint i = 0; i < BOARD_SHARES; i++) { /* their folders are not needed: the answers are in the recording */
        g_autofree char *group = g_strdup_printf("share%u", i);
        if (!g_key_file_has_group(file, group))
            break;
        struct share_option *share = g_new0(struct share_option, 1);
        share->tag = g_key_file_get_string(file, group, "tag", NULL);
        g_ptr_array_add(options->shares, share);
        if (share->tag && *share->tag && strlen(share->tag) <= BOARD_TAG_MAX)
            continue;
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "the recording's description of its machine is damaged: a share without a tag");
        run_options_free(options);
        return NULL;
    }
    options->snapshot = true; /* a replay never writes to the image */
    return options;
}

static void move_text(char **to, char **from)
{
    g_free(*to);
    *to = g_steal_pointer(from);
}

/* What only looks, and the console. */
static void look(struct run_options *options, struct run_options *given)
{
    move_text(&options->serial, &given->serial);
    move_text(&options->screenshot, &given->screenshot);
    move_text(&options->stats, &given->stats);
    move_text(&options->monitor, &given->monitor);
    move_text(&options->gdb, &given->gdb);
    move_text(&options->trap_file, &given->trap_file);
    options->wait = given->wait;
    options->window = given->window;
    options->verify = given->verify;
    options->traps_given = given->traps_given;
    options->traps = given->traps;
    for (guint i = 0; i < given->traces->len; i++)
        g_ptr_array_add(options->traces, g_strdup(g_ptr_array_index(given->traces, i)));
    for (guint i = 0; i < given->symbols->len; i++)
        g_ptr_array_add(options->symbols, g_strdup(g_ptr_array_index(given->symbols, i)));
}

struct run_options *run_options_of_recording(struct run_options *given, GError **error)
{
    if (!given->disks->len) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "replay: give the RECORDING that `galvanic run --record FILE` made");
        return NULL;
    }
    const struct disk_option *file = g_ptr_array_index(given->disks, 0);
    g_autofree char *header = journal_read_header(file->path, error);
    struct run_options *options = header ? run_options_from_description(header, error) : NULL;
    if (options)
        look(options, given);
    return options;
}
