/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw image files and block devices of the host, by POSIX calls; holes where the system has them. */
#ifdef __linux__
#define _GNU_SOURCE /* fallocate */
#endif
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/host/block_internal.h"

struct block_file {
    struct block_layer layer;
    int fd;
    bool regular;
};

bool block_fd_read(int fd, uint64_t offset, void *buffer, size_t *length)
{
    size_t done = 0;

    while (done < *length) {
        ssize_t got = pread(fd, (char *)buffer + done, *length - done, (off_t)(offset + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *length = done;
    return true;
}

bool block_fd_write(int fd, uint64_t offset, const void *buffer, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t put = pwrite(fd, (const char *)buffer + done, length - done, (off_t)(offset + done));

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        done += (size_t)put;
    }
    return true;
}

/* Gives the range back to the file system.  False with errno; EOPNOTSUPP where that cannot be done here. */
static bool punch_hole(int fd, uint64_t offset, uint64_t length)
{
#if defined(__linux__) && defined(FALLOC_FL_PUNCH_HOLE)
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length) == 0;
#else
    (void)fd;
    (void)offset;
    (void)length;
    errno = EOPNOTSUPP;
    return false;
#endif
}

/* The next byte from @offset on that is no hole, or @end; systems that do not know say @offset. */
static uint64_t next_data(int fd, uint64_t offset, uint64_t end)
{
#ifdef SEEK_DATA
    off_t data = lseek(fd, (off_t)offset, SEEK_DATA);

    if (data >= 0)
        return MIN((uint64_t)data, end);
    return errno == ENXIO ? end : offset;
#else
    (void)fd;
    (void)end;
    return offset;
#endif
}

bool block_fd_zero(int fd, uint64_t offset, uint64_t length)
{
    static const uint8_t zeros[65536];
    uint64_t end = offset + length;

    if (punch_hole(fd, offset, length))
        return true;
    if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL && errno != ENODEV)
        return false; /* a full disk, say, which zeros would not help */
    while ((offset = next_data(fd, offset, end)) < end) {
        size_t part = (size_t)MIN(end - offset, sizeof(zeros));

        if (!block_fd_write(fd, offset, zeros, part))
            return false;
        offset += part;
    }
    return true;
}

static bool file_read(struct block_layer *layer, uint64_t offset, void *buffer, size_t length)
{
    struct block_file *file = (struct block_file *)layer;
    size_t got = length;
    struct stat status;

    if (!block_fd_read(file->fd, offset, buffer, &got))
        return false;
    if (got == length)
        return true;
    memset((char *)buffer + got, 0, length - got);
    /* Short at the odd tail of the last sector is as it should be; anywhere else somebody has cut the file. */
    if (fstat(file->fd, &status) != 0)
        return false;
    return file->regular && (uint64_t)status.st_size + 511 >= layer->size;
}

static bool file_write(struct block_layer *layer, uint64_t offset, const void *buffer, size_t length)
{
    return block_fd_write(((struct block_file *)layer)->fd, offset, buffer, length);
}

static bool file_flush(struct block_layer *layer)
{
    int fd = ((struct block_file *)layer)->fd;

#ifdef F_FULLFSYNC
    /* On macOS fsync() leaves data in the drive's cache. */
    return fcntl(fd, F_FULLFSYNC) == 0 || fsync(fd) == 0;
#elif defined(_POSIX_SYNCHRONIZED_IO) && _POSIX_SYNCHRONIZED_IO > 0
    return fdatasync(fd) == 0;
#else
    return fsync(fd) == 0;
#endif
}

static bool file_discard(struct block_layer *layer, uint64_t offset, uint64_t length)
{
    return block_fd_zero(((struct block_file *)layer)->fd, offset, length);
}

static void file_close(struct block_layer *layer)
{
    close(((struct block_file *)layer)->fd);
    g_free(layer);
}

static const struct block_layer_ops file_ops = {
    .read = file_read,
    .write = file_write,
    .flush = file_flush,
    .discard = file_discard,
    .close = file_close,
};

static int open_file(const char *path, bool read_only, GError **error)
{
    int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    int reason = errno;

    if (fd >= 0)
        return fd;
    if (reason == EISDIR)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ISDIR, "disk image '%s' is a directory; give a raw image file",
                    path);
    else if (reason == ENOENT || reason == ENOTDIR)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                    "disk image '%s' does not exist; give the path of a raw image file", path);
    else if ((reason == EACCES || reason == EROFS || reason == EPERM) && !read_only)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ACCES,
                    "disk image '%s' may not be written; change its permissions, or use --snapshot or readonly", path);
    else if (reason == EACCES || reason == EPERM)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ACCES, "disk image '%s' may not be read; change its permissions",
                    path);
    else
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(reason), "disk image '%s' cannot be opened: %s", path,
                    g_strerror(reason));
    return -1;
}

/* True with the size in bytes; what has none is no disk. */
static bool measure(const char *path, struct block_file *file, uint64_t *size, GError **error)
{
    struct stat status;
    off_t end;

    if (fstat(file->fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ISDIR, "disk image '%s' is a directory; give a raw image file",
                    path);
        return false;
    }
    file->regular = S_ISREG(status.st_mode);
    if (!file->regular && !S_ISBLK(status.st_mode)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "disk image '%s' is neither a file nor a block device; give a raw image file", path);
        return false;
    }
    end = lseek(file->fd, 0, SEEK_END);
    if (end <= 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "disk image '%s' is empty; give one with at least one sector of 512 bytes", path);
        return false;
    }
    *size = (uint64_t)end;
    return true;
}

/* One writer, or any number of readers; where the file system knows no locks there are none. */
static bool lock(const char *path, int fd, bool read_only, GError **error)
{
    if (flock(fd, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                "disk image '%s' is in use%s; end the other run, or give both --snapshot", path,
                read_only ? " and being written" : "");
    return false;
}

struct block_layer *block_file_open(const char *path, bool read_only, GError **error)
{
    struct block_file file = {.layer.ops = &file_ops};
    uint64_t size;

    /* A pipe would block in open(): look first. */
    if (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        struct stat status;

        if (stat(path, &status) == 0 && !S_ISBLK(status.st_mode) && !S_ISDIR(status.st_mode)) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "disk image '%s' is neither a file nor a block device; give a raw image file", path);
            return NULL;
        }
    }
    file.fd = open_file(path, read_only, error);
    if (file.fd < 0)
        return NULL;
    if (!measure(path, &file, &size, error) || !lock(path, file.fd, read_only, error)) {
        close(file.fd);
        return NULL;
    }
    file.layer.size = (size + 511) & ~UINT64_C(511);
    return g_memdup2(&file, sizeof(file));
}
