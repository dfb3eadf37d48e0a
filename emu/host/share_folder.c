/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listings of folders: taken at once and sorted, so that indexes stay while entries come and go.  See share.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "emu/host/share_internal.h"

/* Bytes of memory that a list takes. */
static uint64_t list_size(const struct share_file *file)
{
    return file->names->len + file->entries->len * (uint64_t)sizeof(struct share_entry);
}

void share_folder_forget(struct share_file *file)
{
    if (!file->names) {
        file->names = g_byte_array_new();
        file->entries = g_array_new(FALSE, FALSE, sizeof(struct share_entry));
    }
    file->share->listed -= list_size(file);
    g_byte_array_set_size(file->names, 0);
    g_array_set_size(file->entries, 0);
}

static bool add(struct share_file *file, const char *name, uint8_t type, uint64_t inode)
{
    const struct share_entry entry = {.name = file->names->len, .type = type, .inode = inode};
    size_t length = strlen(name) + 1;

    if (file->share->listed + length + sizeof(entry) > SHARE_LISTINGS)
        return false;
    g_byte_array_append(file->names, (const guint8 *)name, (guint)length);
    g_array_append_val(file->entries, entry);
    file->share->listed += length + sizeof(entry);
    return true;
}

static int compare(gconstpointer a, gconstpointer b, gpointer names)
{
    const struct share_entry *first = a, *second = b;

    return strcmp((const char *)names + first->name, (const char *)names + second->name);
}

/* What the host says of the entry beside its name, as the type of a mode; 0: nothing. */
static uint8_t type_of(const struct dirent *entry)
{
#ifdef DT_UNKNOWN
    return entry->d_type;
#else
    return 0;
#endif
}

static int read_entries(struct share_file *file, DIR *stream)
{
    const struct dirent *entry;

    if (!add(file, ".", 0, 0) || !add(file, "..", 0, 0))
        return share_errno(ENOMEM);
    for (errno = 0; (entry = readdir(stream)); errno = 0)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            !add(file, entry->d_name, type_of(entry), entry->d_ino))
            return share_errno(ENOMEM);
    return errno ? share_errno(errno) : 0;
}

int share_folder_read(struct share_file *file)
{
    struct share_stat now;

    if (!file->folder)
        return share_errno(ENOTDIR);
    share_folder_forget(file);
    if (share_stat_descriptor(file->share, file->descriptor, &now) != 0)
        return share_errno(errno);
    file->listed_modified = now.modified;
    file->listed_removed = file->share->names_removed;
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
        share_folder_forget(file);
        return failure;
    }
    struct share_entry *entries = (struct share_entry *)(void *)file->entries->data;
    g_qsort_with_data(entries + 2, (gint)file->entries->len - 2, sizeof(*entries), compare, file->names->data);
    return 0;
}

void share_folder_look(struct share_file *file)
{
    struct share_stat now;

    file->unchanged = !(file->share->flags & SHARE_MOUNTS) && file->listed_removed == file->share->names_removed &&
                      share_stat_descriptor(file->share, file->descriptor, &now) == 0 &&
                      now.modified.seconds == file->listed_modified.seconds &&
                      now.modified.nanoseconds == file->listed_modified.nanoseconds;
}

const char *share_folder_entry(const struct share_file *file, uint64_t index)
{
    if (!file->names || index >= file->entries->len)
        return NULL;
    return (const char *)file->names->data + g_array_index(file->entries, struct share_entry, (guint)index).name;
}

int share_folder_stat(struct share_file *file, uint64_t index, struct share_stat *stat)
{
    const char *name = share_folder_entry(file, index);

    if (!name || strcmp(name, "..") == 0)
        return share_errno(ENOENT);
    const struct share_entry *entry = &g_array_index(file->entries, struct share_entry, (guint)index);

    if (file->unchanged && entry->type) {
        *stat = (struct share_stat){
            .mode = (uint32_t)entry->type << 12, .inode = entry->inode, .device = file->share->device};
        return 0;
    }
    return share_stat_at(file->share, file->descriptor, name, stat) == 0 ? 0 : share_errno(errno);
}
