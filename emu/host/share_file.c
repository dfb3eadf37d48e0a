/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open files of a shared folder, and what can be changed of a file.  See share.h. */
#ifdef __linux__
#define _GNU_SOURCE /* preadv, pwritev */
#endif
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "emu/host/share_internal.h"

#ifndef O_DSYNC
#define O_DSYNC O_SYNC
#endif

static int result(int status)
{
    return status == 0 ? 0 : share_errno(errno);
}

/* --- opening --- */

/* The host's flags for those of the guest; what is not named there means nothing on a shared file. */
static int host_flags(unsigned flags)
{
    unsigned access = flags & SHARE_OPEN_ACCESS;
    int host = access == SHARE_OPEN_READ ? O_RDONLY : access == SHARE_OPEN_WRITE ? O_WRONLY : O_RDWR;

    host |= flags & SHARE_OPEN_TRUNCATE ? O_TRUNC : 0;
    host |= flags & SHARE_OPEN_APPEND ? O_APPEND : 0;
    host |= flags & SHARE_OPEN_DSYNC ? O_DSYNC : 0;
    host |= (flags & SHARE_OPEN_SYNC) == SHARE_OPEN_SYNC ? O_SYNC : 0;
    host |= flags & SHARE_OPEN_FOLDER ? O_DIRECTORY : 0;
    return host | O_NONBLOCK | O_NOCTTY;
}

/* Opening alone can do things to devices and pipes: what is neither file nor folder is not opened at all. */
static int check_kind(const struct share_stat *stat)
{
    switch (stat->mode & SHARE_TYPE_MASK) {
    case SHARE_TYPE_FILE:
    case SHARE_TYPE_FOLDER:
        return 0;
    case SHARE_TYPE_SYMLINK:
        return share_errno(ELOOP);
    default:
        return share_errno(ENXIO);
    }
}

static int check_flags(const struct share *share, unsigned flags)
{
    unsigned access = flags & SHARE_OPEN_ACCESS;

    if (access == SHARE_OPEN_ACCESS)
        return share_errno(EINVAL);
    if (share_read_only(share) && (access != SHARE_OPEN_READ || flags & (SHARE_OPEN_TRUNCATE | SHARE_OPEN_CREATE)))
        return share_errno(EROFS);
    return 0;
}

/* Takes @descriptor over. */
static int file_new(struct share *share, int descriptor, unsigned flags, struct share_file **file,
                    struct share_stat *stat)
{
    int failure = result(share_stat_descriptor(share, descriptor, stat));

    if (!failure)
        failure = check_kind(stat);
    if (failure) {
        close(descriptor);
        return failure;
    }
    *file = g_new0(struct share_file, 1);
    (*file)->share = share;
    (*file)->descriptor = descriptor;
    (*file)->folder = (stat->mode & SHARE_TYPE_MASK) == SHARE_TYPE_FOLDER;
    (*file)->readable = (flags & SHARE_OPEN_ACCESS) != SHARE_OPEN_WRITE;
    (*file)->writable = (flags & SHARE_OPEN_ACCESS) != SHARE_OPEN_READ;
    (*file)->references = 1;
    return 0;
}

static int open_at(struct share *share, const struct share_place *place, unsigned flags, struct share_file **file,
                   struct share_stat *stat)
{
    if (share_stat_at(share, place->folder, place->name, stat) != 0)
        return share_errno(errno);
    int failure = check_kind(stat);

    if (failure)
        return failure;
    int descriptor = share_openat(share, place->folder, place->name, host_flags(flags), 0);
    return descriptor < 0 ? share_errno(errno) : file_new(share, descriptor, flags, file, stat);
}

int share_file_open(struct share *share, const char *path, unsigned flags, struct share_file **file,
                    struct share_stat *stat)
{
    struct share_place place;
    int failure = check_flags(share, flags);

    if (!failure)
        failure = share_place_open(share, path, &place);
    if (failure)
        return failure;
    failure = open_at(share, &place, flags, file, stat);
    share_place_close(&place);
    return failure;
}

/* The mode is the guest's: the program's own umask has no say. */
static int create_at(struct share *share, const struct share_place *place, unsigned flags, uint32_t mode,
                     struct share_file **file, struct share_stat *stat)
{
    mode_t allowed = share_mode_allowed(mode, false);
    int descriptor = share_openat(share, place->folder, place->name, host_flags(flags) | O_CREAT | O_EXCL, allowed);

    if (descriptor < 0)
        return share_errno(errno);
    int failure = file_new(share, descriptor, flags, file, stat);

    if (!failure && (stat->mode & 07777) != allowed) {
        fchmod(descriptor, allowed);
        share_stat_descriptor(share, descriptor, stat);
    }
    return failure;
}

int share_file_create(struct share *share, const char *path, unsigned flags, uint32_t mode, struct share_file **file,
                      struct share_stat *stat)
{
    struct share_place place;
    int failure = check_flags(share, flags | SHARE_OPEN_CREATE), exists = share_errno(EEXIST);

    if (!failure)
        failure = share_place_open(share, path, &place);
    if (failure)
        return failure;
    /* Somebody else may make or remove the file between the two attempts. */
    for (unsigned attempt = 0; attempt < 8; attempt++) {
        failure = create_at(share, &place, flags, mode, file, stat);
        if (failure != exists || flags & SHARE_OPEN_EXCLUSIVE)
            break;
        failure = open_at(share, &place, flags, file, stat);
        if (failure != share_errno(ENOENT))
            break;
    }
    share_place_close(&place);
    return failure;
}

struct share_file *share_file_ref(struct share_file *file)
{
    file->references++;
    return file;
}

void share_file_unref(struct share_file *file)
{
    if (!file || --file->references)
        return;
    close(file->descriptor);
    if (file->names) {
        share_folder_forget(file);
        g_byte_array_unref(file->names);
        g_array_unref(file->entries);
    }
    g_free(file);
}

bool share_file_is_folder(const struct share_file *file)
{
    return file->folder;
}

bool share_file_writable(const struct share_file *file)
{
    return file->writable;
}

int share_file_stat(struct share_file *file, struct share_stat *stat)
{
    return result(share_stat_descriptor(file->share, file->descriptor, stat));
}

int share_file_sync(struct share_file *file, bool data_only)
{
#ifdef __linux__
    if (data_only)
        return result(fdatasync(file->descriptor));
#endif
    return result(fsync(file->descriptor));
}

/* --- data --- */

static bool offset_valid(uint64_t offset, size_t length)
{
    return offset <= INT64_MAX - (uint64_t)length;
}

static unsigned vectors_of(const struct host_spans *spans, struct iovec vectors[HOST_SPANS])
{
    for (unsigned i = 0; i < spans->count; i++)
        vectors[i] = (struct iovec){.iov_base = spans->span[i].data, .iov_len = spans->span[i].length};
    return spans->count;
}

static int move(struct share_file *file, uint64_t offset, const struct host_spans *spans, size_t *done, bool write)
{
    size_t length = host_spans_length(spans);
    struct iovec vectors[HOST_SPANS];
    struct host_spans rest;

    *done = 0;
    if (!(write ? file->writable : file->readable))
        return share_errno(EBADF);
    if (file->folder)
        return share_errno(EISDIR);
    if (!offset_valid(offset, length))
        return share_errno(write ? EFBIG : EINVAL);
    while (*done < length) {
        host_spans_cut(spans, *done, length - *done, &rest);
        unsigned count = vectors_of(&rest, vectors);
        off_t at = (off_t)(offset + *done);
        ssize_t moved = write ? pwritev(file->descriptor, vectors, (int)count, at)
                              : preadv(file->descriptor, vectors, (int)count, at);

        if (moved < 0 && errno == EINTR)
            continue;
        if (moved < 0)
            return *done ? 0 : share_errno(errno);
        if (moved == 0)
            break;
        *done += (size_t)moved;
    }
    return 0;
}

int share_file_read(struct share_file *file, uint64_t offset, const struct host_spans *spans, size_t *done)
{
    return move(file, offset, spans, done, false);
}

int share_file_write(struct share_file *file, uint64_t offset, const struct host_spans *spans, size_t *done)
{
    return move(file, offset, spans, done, true);
}

/* --- attributes --- */

/* Owners stay: giving files away takes rights that the guest did not get, even where the program has them. */
static int check_owner(const struct share_change *change, const struct share_stat *stat)
{
    bool same =
        (!change->owner || change->new_owner == stat->uid) && (!change->group || change->new_group == stat->gid);

    return same ? 0 : share_errno(EPERM);
}

static void times_of(const struct share_change *change, struct timespec times[2])
{
    const bool set[2] = {change->accessed, change->modified}, now[2] = {change->accessed_now, change->modified_now};
    const struct share_time *given[2] = {&change->new_accessed, &change->new_modified};

    for (unsigned i = 0; i < 2; i++) {
        times[i] = (struct timespec){.tv_sec = (time_t)given[i]->seconds, .tv_nsec = (long)given[i]->nanoseconds};
        if (!set[i])
            times[i].tv_nsec = UTIME_OMIT;
        else if (now[i])
            times[i].tv_nsec = UTIME_NOW;
    }
}

static int check_change(const struct share_change *change)
{
    bool good = change->new_accessed.nanoseconds < 1000000000 && change->new_modified.nanoseconds < 1000000000 &&
                (!change->size || change->new_size <= INT64_MAX);

    return good ? 0 : share_errno(EINVAL);
}

static mode_t new_mode(const struct share_change *change, const struct share_stat *stat)
{
    return share_mode_allowed(change->new_mode, (stat->mode & SHARE_TYPE_MASK) == SHARE_TYPE_FOLDER);
}

int share_file_set(struct share_file *file, const struct share_change *change)
{
    struct timespec times[2];
    struct share_stat stat;
    int failure = share_read_only(file->share) ? share_errno(EROFS) : check_change(change);

    if (!failure)
        failure = share_file_stat(file, &stat);
    if (!failure)
        failure = check_owner(change, &stat);
    if (!failure && change->mode)
        failure = result(fchmod(file->descriptor, new_mode(change, &stat)));
    if (!failure && change->size)
        failure = result(ftruncate(file->descriptor, (off_t)change->new_size));
    if (!failure && (change->accessed || change->modified)) {
        times_of(change, times);
        failure = result(futimens(file->descriptor, times));
    }
    return failure;
}

static int truncate_at(struct share *share, const struct share_place *place, uint64_t size)
{
    struct share_file *file = NULL;
    struct share_stat stat;
    int failure = open_at(share, place, SHARE_OPEN_WRITE, &file, &stat);

    if (!file)
        return failure;
    failure = result(ftruncate(file->descriptor, (off_t)size));
    share_file_unref(file);
    return failure;
}

static int set_at(struct share *share, const struct share_place *place, const struct share_change *change)
{
    struct timespec times[2];
    struct share_stat stat;

    if (share_stat_at(share, place->folder, place->name, &stat) != 0)
        return share_errno(errno);
    int failure = check_owner(change, &stat);

    if (!failure && change->mode)
        failure = result(fchmodat(place->folder, place->name, new_mode(change, &stat), AT_SYMLINK_NOFOLLOW));
    if (!failure && change->size)
        failure = truncate_at(share, place, change->new_size);
    if (!failure && (change->accessed || change->modified)) {
        times_of(change, times);
        failure = result(utimensat(place->folder, place->name, times, AT_SYMLINK_NOFOLLOW));
    }
    return failure;
}

int share_set(struct share *share, const char *path, const struct share_change *change)
{
    struct share_place place;
    int failure = check_change(change);

    if (!failure)
        failure = share_place_open_to_change(share, path, &place);
    if (failure)
        return failure;
    failure = set_at(share, &place, change);
    share_place_close(&place);
    return failure;
}
