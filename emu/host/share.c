/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths in a shared folder, resolved so that none leads out of it: see share.h. */
#ifdef __linux__
#define _GNU_SOURCE /* O_PATH */
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

#include "emu/host/descriptors.h"
#include "emu/host/share_internal.h"

#ifndef O_PATH
#ifdef O_SEARCH
#define O_PATH O_SEARCH
#else
#define O_PATH O_RDONLY
#endif
#endif

/* A path for one system call; longer ones are walked in parts. */
#define PART_MAX 2048

#if defined(__linux__) && defined(SYS_openat2)
/* Opens @path, of several names, from @folder.  No link, no "..", no mount point can lead elsewhere. */
static int open_beneath(const struct share *share, int folder, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
    };

    if (!(share->flags & SHARE_MOUNTS))
        how.resolve |= RESOLVE_NO_XDEV;
    return (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
}
#else
static int open_beneath(const struct share *share, int folder, const char *path, int flags, mode_t mode)
{
    errno = ENOSYS;
    return -1;
}
#endif

/* True if what @descriptor is lies in the share's file system, or others are allowed; else closes it and sets errno. */
static bool same_file_system(const struct share *share, int descriptor)
{
    struct share_stat unused;

    if (share_stat_descriptor(share, descriptor, &unused) == 0)
        return true;
    int failure = errno;

    close(descriptor);
    errno = failure;
    return false;
}

int share_openat(struct share *share, int folder, const char *name, int flags, mode_t mode)
{
    int descriptor;

    /* EAGAIN is not tried again: somebody has a lease on the file, and may keep it for long. */
    do
        descriptor = share->beneath ? open_beneath(share, folder, name, flags, mode)
                                    : openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW, mode);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0)
        return -1;
    if (descriptor >= share->highest) { /* the guest holds all that the program can spare */
        close(descriptor);
        errno = ENFILE;
        return -1;
    }
    return share->beneath || same_file_system(share, descriptor) ? descriptor : -1;
}

/* Where the part of @path ends that is opened at once: a slash or the end. */
static size_t part_length(const struct share *share, const char *path)
{
    const char *slash = strchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : strlen(path);

    while (share->beneath && slash) {
        slash = strchr(slash + 1, '/');
        size_t longer = slash ? (size_t)(slash - path) : strlen(path);
        if (longer > PART_MAX)
            break;
        length = longer;
    }
    return length;
}

/* Opens the folder @path, which is not ""; -1 with errno. */
static int open_folder(struct share *share, const char *path)
{
    int at = share->root;

    while (*path) {
        size_t length = part_length(share, path);
        g_autofree char *part = g_strndup(path, length);
        int next = share_openat(share, at, part, O_PATH | O_DIRECTORY, 0);
        int failure = errno;

        if (at != share->root)
            close(at);
        if (next < 0) {
            /* A link where a folder should be: it was none when the guest walked there. */
            errno = failure == ELOOP ? ENOTDIR : failure;
            return -1;
        }
        at = next;
        path += length + (path[length] == '/');
    }
    return at;
}

int share_place_open(struct share *share, const char *path, struct share_place *place)
{
    const char *slash = strrchr(path, '/');

    *place = (struct share_place){.folder = share->root, .name = slash ? slash + 1 : path};
    if (!*path)
        place->name = ".";
    if (!slash)
        return 0;
    g_autofree char *folder = g_strndup(path, (size_t)(slash - path));
    place->folder = open_folder(share, folder);
    place->opened = place->folder >= 0;
    return place->opened ? 0 : share_errno(errno);
}

int share_place_open_to_change(struct share *share, const char *path, struct share_place *place)
{
    if (share->flags & SHARE_READ_ONLY)
        return share_errno(EROFS);
    return share_place_open(share, path, place);
}

void share_place_close(struct share_place *place)
{
    if (place->opened)
        close(place->folder);
}

mode_t share_mode_allowed(uint32_t mode, bool folder)
{
    return (mode_t)(mode & (folder ? 03777u : 01777u));
}

/* --- the share --- */

/* Old kernels, and sandboxes that do not know the call, answer that it is not there. */
static bool resolves_beneath(const struct share *share)
{
    int descriptor = share->flags & SHARE_WALK ? -1 : open_beneath(share, share->root, ".", O_PATH | O_DIRECTORY, 0);

    if (descriptor < 0)
        return false;
    close(descriptor);
    return true;
}

struct share *share_open(const char *folder, unsigned flags, GError **error)
{
    struct share found = {.root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .flags = flags};

    if (found.root < 0 || share_find_mount(&found) != 0) {
        int failure = errno;

        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(failure),
                    "%s: cannot be shared (%s); name a folder that can be read", folder, g_strerror(failure));
        if (found.root >= 0)
            close(found.root);
        return NULL;
    }
    struct share *share = g_memdup2(&found, sizeof(found));

    share->folder = g_strdup(folder);
    share->beneath = resolves_beneath(share);
    share->highest = descriptors_highest();
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow further is the guest's error, not the program's end */
    return share;
}

void share_close(struct share *share)
{
    if (!share)
        return;
    close(share->root);
    g_free(share->folder);
    g_free(share);
}

bool share_read_only(const struct share *share)
{
    return share->flags & SHARE_READ_ONLY;
}

uint64_t share_device(const struct share *share)
{
    return share->device;
}
