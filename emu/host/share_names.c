/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names in a shared folder: made, moved, removed, looked at.  See share.h. */
#ifdef __linux__
#define _GNU_SOURCE /* statx */
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#ifdef __linux__
#include <sys/sysmacros.h>
#endif
#include <unistd.h>

#include "emu/host/share_internal.h"

/* 0, or Linux's number for errno. */
static int result(int status)
{
    return status == 0 ? 0 : share_errno(errno);
}

/* --- looking --- */

/* Calls by a name, stat's own among them, go on to what is mounted there; opening does not. */
static int check_mount(const struct share *share, const struct share_stat *stat)
{
    if (share->flags & SHARE_MOUNTS || stat->mount == share->mount)
        return 0;
    errno = EXDEV;
    return -1;
}

#ifdef STATX_BTIME
#ifdef STATX_MNT_ID
#define STATX_WANTED (STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID)
#else
#define STATX_WANTED (STATX_BASIC_STATS | STATX_BTIME)
#endif

static struct share_time time_of(const struct statx_timestamp *time)
{
    return (struct share_time){(uint64_t)time->tv_sec, time->tv_nsec};
}

static int stat_at(int folder, const char *name, int flags, struct share_stat *stat)
{
    struct statx from;

    if (statx(folder, name, flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_WANTED, &from) != 0)
        return -1;
    *stat = (struct share_stat){
        .mode = from.stx_mode,
        .uid = from.stx_uid,
        .gid = from.stx_gid,
        .device = makedev(from.stx_dev_major, from.stx_dev_minor),
        .inode = from.stx_ino,
        .links = from.stx_nlink,
        .rdev = makedev(from.stx_rdev_major, from.stx_rdev_minor),
        .size = from.stx_size,
        .block_size = from.stx_blksize,
        .blocks = from.stx_blocks,
        .accessed = time_of(&from.stx_atime),
        .modified = time_of(&from.stx_mtime),
        .changed = time_of(&from.stx_ctime),
        .born = time_of(&from.stx_btime),
        .has_born = from.stx_mask & STATX_BTIME,
    };
    stat->mount = stat->device; /* where the kernel does not tell mounts apart */
#ifdef STATX_MNT_ID
    if (from.stx_mask & STATX_MNT_ID && from.stx_mnt_id) /* emulated kernels say 0 for all */
        stat->mount = from.stx_mnt_id;
#endif
    return 0;
}

static int stat_of(int descriptor, struct share_stat *stat)
{
    return stat_at(descriptor, "", AT_EMPTY_PATH, stat);
}

static int stat_name(int folder, const char *name, struct share_stat *stat)
{
    return stat_at(folder, name, 0, stat);
}
#else
#ifdef __APPLE__
#define st_atim st_atimespec
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec
#endif

static struct share_time time_of(const struct timespec *time)
{
    return (struct share_time){(uint64_t)time->tv_sec, (uint64_t)time->tv_nsec};
}

static void convert(const struct stat *from, struct share_stat *stat)
{
    *stat = (struct share_stat){
        .mode = from->st_mode,
        .uid = from->st_uid,
        .gid = from->st_gid,
        .device = (uint64_t)from->st_dev,
        .mount = (uint64_t)from->st_dev,
        .inode = from->st_ino,
        .links = from->st_nlink,
        .rdev = (uint64_t)from->st_rdev,
        .size = (uint64_t)from->st_size,
        .block_size = (uint64_t)from->st_blksize,
        .blocks = (uint64_t)from->st_blocks,
        .accessed = time_of(&from->st_atim),
        .modified = time_of(&from->st_mtim),
        .changed = time_of(&from->st_ctim),
    };
}

static int stat_name(int folder, const char *name, struct share_stat *stat)
{
    struct stat from;

    if (fstatat(folder, name, &from, AT_SYMLINK_NOFOLLOW) != 0)
        return -1;
    convert(&from, stat);
    return 0;
}

static int stat_of(int descriptor, struct share_stat *stat)
{
    struct stat from;

    if (fstat(descriptor, &from) != 0)
        return -1;
    convert(&from, stat);
    return 0;
}
#endif

int share_stat_at(const struct share *share, int folder, const char *name, struct share_stat *stat)
{
    return stat_name(folder, name, stat) == 0 ? check_mount(share, stat) : -1;
}

int share_stat_descriptor(const struct share *share, int descriptor, struct share_stat *stat)
{
    return stat_of(descriptor, stat) == 0 ? check_mount(share, stat) : -1;
}

int share_find_mount(struct share *share)
{
    struct share_stat stat;
    int status = stat_of(share->root, &stat);

    if (status == 0) {
        share->device = stat.device;
        share->mount = stat.mount;
    }
    return status;
}

int share_stat(struct share *share, const char *path, struct share_stat *stat)
{
    struct share_place place;
    int failure = share_place_open(share, path, &place);

    if (failure)
        return failure;
    failure = result(share_stat_at(share, place.folder, place.name, stat));
    share_place_close(&place);
    return failure;
}

int share_statfs(struct share *share, const char *path, struct share_statfs *statfs)
{
    struct share_stat unused;
    struct statvfs from;
    int failure = share_stat(share, path, &unused);

    /* The share is one file system, or shows the one it begins in. */
    if (!failure)
        failure = result(fstatvfs(share->root, &from));
    if (failure)
        return failure;
    *statfs = (struct share_statfs){
        .block_size = from.f_frsize,
        .blocks = from.f_blocks,
        .free_blocks = from.f_bfree,
        .available_blocks = from.f_bavail,
        .files = from.f_files,
        .free_files = from.f_ffree,
        .id = from.f_fsid,
        .longest_name = from.f_namemax,
    };
    return 0;
}

int share_readlink(struct share *share, const char *path, char **target)
{
    struct share_place place;
    struct share_stat unused;
    char text[4097];
    ssize_t length = -1;
    int failure = share_place_open(share, path, &place);

    if (failure)
        return failure;
    if (share_stat_at(share, place.folder, place.name, &unused) == 0)
        length = readlinkat(place.folder, place.name, text, sizeof(text) - 1);
    failure = length < 0 ? share_errno(errno) : 0;
    share_place_close(&place);
    if (!failure)
        *target = g_strndup(text, (size_t)length);
    return failure;
}

/* --- changing --- */

int share_mkdir(struct share *share, const char *path, uint32_t mode)
{
    struct share_place place;
    struct share_stat stat;
    mode_t allowed = share_mode_allowed(mode, true) & 01777;
    int failure = share_place_open_to_change(share, path, &place);

    if (failure)
        return failure;
    failure = result(mkdirat(place.folder, place.name, allowed));
    /* The program's own umask is not the guest's; a set-group-ID bit that the folder inherited stays. */
    if (!failure && share_stat_at(share, place.folder, place.name, &stat) == 0 && (stat.mode & 01777) != allowed &&
        (stat.mode & SHARE_TYPE_MASK) == SHARE_TYPE_FOLDER)
        fchmodat(place.folder, place.name, allowed | (stat.mode & S_ISGID), AT_SYMLINK_NOFOLLOW);
    share_place_close(&place);
    return failure;
}

int share_symlink(struct share *share, const char *path, const char *target)
{
    struct share_place place;
    int failure = share_place_open_to_change(share, path, &place);

    if (failure)
        return failure;
    failure = result(symlinkat(target, place.folder, place.name));
    share_place_close(&place);
    return failure;
}

/* What is mounted at a name is safe here, and from unlinking: the host's kernel answers EXDEV or EBUSY. */
static int between(struct share *share, const char *from, const char *to, bool link)
{
    struct share_place old, new;
    int failure = share_place_open_to_change(share, from, &old);

    if (failure)
        return failure;
    failure = share_place_open(share, to, &new);
    if (!failure) {
        failure = result(link ? linkat(old.folder, old.name, new.folder, new.name, 0)
                              : renameat(old.folder, old.name, new.folder, new.name));
        share->names_removed++;
        share_place_close(&new);
    }
    share_place_close(&old);
    return failure;
}

int share_link(struct share *share, const char *from, const char *to)
{
    return between(share, from, to, true);
}

int share_rename(struct share *share, const char *from, const char *to)
{
    return between(share, from, to, false);
}

int share_unlink(struct share *share, const char *path, bool folder)
{
    struct share_place place;
    int failure = share_place_open_to_change(share, path, &place);

    if (failure)
        return failure;
    failure = result(unlinkat(place.folder, place.name, folder ? AT_REMOVEDIR : 0));
    share->names_removed++;
    share_place_close(&place);
    return failure;
}
