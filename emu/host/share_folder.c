/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listings of folders: taken at once and sorted, so that indexes stay while entries come and go.  See share.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "emu/host/share_internal.h"

static void forget(struct share_file *file)
{
    if (!file->names) {
        file->names = g_byte_array_new();
        file->name_start = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    }
    file->share->listed -= file->names->len;
    g_byte_array_set_size(file->names, 0);
    g_array_set_size(file->name_start, 0);
}

static bool add(struct share_file *file, const char *name)
{
    uint32_t start = file->names->len;
    size_t length = strlen(name) + 1;

    if (file->share->listed + length > SHARE_LISTINGS)
        return false;
    g_byte_array_append(file->names, (const guint8 *)name, (guint)length);
    g_array_append_val(file->name_start, start);
    file->share->listed += length;
    return true;
}

static int compare(gconstpointer a, gconstpointer b, gpointer names)
{
    const uint32_t *first = a, *second = b;

    return strcmp((const char *)names + *first, (const char *)names + *second);
}

static int read_entries(struct share_file *file, DIR *stream)
{
    const struct dirent *entry;

    if (!add(file, ".") || !add(file, ".."))
        return share_errno(ENOMEM);
    for (errno = 0; (entry = readdir(stream)); errno = 0)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && !add(file, entry->d_name))
            return share_errno(ENOMEM);
    return errno ? share_errno(errno) : 0;
}

int share_folder_read(struct share_file *file)
{
    if (!file->folder)
        return share_errno(ENOTDIR);
    forget(file);
    /* A descriptor of its own: closedir() closes it. */
    int descriptor = share_openat(file->share, file->descriptor, ".", O_RDONLY | O_DIRECTORY, 0);
    DIR *stream = descriptor < 0 ? NULL : fdopendir(descriptor);

    if (!stream) {
        int failure = share_errno(errno);

        if (descriptor >= 0)
            close(descriptor);
        return failure;
    }
    int failure = read_entries(file, stream);
    closedir(stream);
    if (failure) {
        forget(file);
        return failure;
    }
    uint32_t *starts = (uint32_t *)(void *)file->name_start->data;
    g_qsort_with_data(starts + 2, (gint)file->name_start->len - 2, sizeof(*starts), compare, file->names->data);
    return 0;
}

const char *share_folder_entry(const struct share_file *file, uint64_t index)
{
    if (!file->names || index >= file->name_start->len)
        return NULL;
    return (const char *)file->names->data + g_array_index(file->name_start, uint32_t, (guint)index);
}

int share_folder_stat(struct share_file *file, uint64_t index, struct share_stat *stat)
{
    const char *name = share_folder_entry(file, index);

    if (!name || strcmp(name, "..") == 0)
        return share_errno(ENOENT);
    return share_stat_at(file->share, file->descriptor, name, stat) == 0 ? 0 : share_errno(errno);
}
