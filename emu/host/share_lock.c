/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks on ranges of shared files, see share.h: those of open file descriptions, which fcntl(2) of Linux and POSIX.1-2024 have.
 * Where the host has none, every lock is granted.
 */
#ifdef __linux__
#define _GNU_SOURCE /* F_OFD_SETLK */
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "emu/host/share_internal.h"

struct share_locks {
    int descriptor;
};

#ifdef F_OFD_SETLK
static struct flock flock_of(const struct share_lock *lock)
{
    return (struct flock){
        .l_type = lock->type == SHARE_LOCK_READ    ? F_RDLCK
                  : lock->type == SHARE_LOCK_WRITE ? F_WRLCK
                                                   : F_UNLCK,
        .l_whence = SEEK_SET,
        .l_start = (off_t)lock->start,
        .l_len = lock->end == SHARE_LOCK_END ? 0 : (off_t)(lock->end - lock->start + 1),
    };
}

/*
 * A file description of its own: it stays when @file is closed, and is open for all that the file may be opened for.  Locks for
 * writing want one that is open for writing, but flock(2), which the guest may have meant, does not.
 */
static int descriptor_for(const struct share_file *file)
{
    char name[64];
    int descriptor = -1;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", file->descriptor);
    if (!share_read_only(file->share))
        descriptor = open(name, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
        descriptor = fcntl(file->descriptor, F_DUPFD_CLOEXEC, 0);
    if (descriptor >= file->share->highest) {
        close(descriptor);
        errno = ENOLCK;
        return -1;
    }
    return descriptor;
}

int share_locks_new(struct share_file *file, struct share_locks **locks)
{
    int descriptor = descriptor_for(file);

    if (descriptor < 0)
        return share_errno(errno);
    *locks = g_new0(struct share_locks, 1);
    (*locks)->descriptor = descriptor;
    return 0;
}

void share_locks_free(struct share_locks *locks)
{
    if (!locks)
        return;
    /* The description may live on in another descriptor. */
    share_locks_set(locks, &(struct share_lock){SHARE_LOCK_NONE, 0, SHARE_LOCK_END});
    close(locks->descriptor);
    g_free(locks);
}

int share_locks_set(struct share_locks *locks, const struct share_lock *lock)
{
    struct flock host = flock_of(lock);

    if (fcntl(locks->descriptor, F_OFD_SETLK, &host) == 0)
        return 0;
    return share_errno(errno == EACCES ? EAGAIN : errno);
}

int share_locks_test(const struct share_locks *own, const struct share_file *file, struct share_lock *lock)
{
    struct flock host = flock_of(lock);

    if (fcntl(own ? own->descriptor : file->descriptor, F_OFD_GETLK, &host) != 0)
        return share_errno(errno);
    if (host.l_type == F_UNLCK) {
        lock->type = SHARE_LOCK_NONE;
        return 0;
    }
    *lock = (struct share_lock){
        .type = host.l_type == F_RDLCK ? SHARE_LOCK_READ : SHARE_LOCK_WRITE,
        .start = (uint64_t)host.l_start,
        .end = host.l_len ? (uint64_t)(host.l_start + host.l_len - 1) : SHARE_LOCK_END,
    };
    return 0;
}
#else
int share_locks_new(struct share_file *file, struct share_locks **locks)
{
    *locks = g_new0(struct share_locks, 1);
    return 0;
}

void share_locks_free(struct share_locks *locks)
{
    g_free(locks);
}

int share_locks_set(struct share_locks *locks, const struct share_lock *lock)
{
    return 0;
}

int share_locks_test(const struct share_locks *own, const struct share_file *file, struct share_lock *lock)
{
    lock->type = SHARE_LOCK_NONE;
    return 0;
}
#endif
