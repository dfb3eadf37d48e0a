/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder of the host that a guest may use.  Files are named by paths relative to the folder: names between slashes, never "."
 * or "..", "" for the folder itself; bytes other than NUL and '/' are all allowed in names.
 *
 * No path leads out of the folder: symbolic links are never followed, neither at the end of a path nor within, whatever others
 * do to the folder meanwhile; other file systems mounted in it are out of reach unless `mounts` was given; what is neither file
 * nor folder cannot be opened.  All is done with the rights of the user who runs the program, and no more: owners do not change,
 * no device nodes are made, and files do not become set-user-ID or set-group-ID.
 *
 * Functions return 0 or an error number of Linux's, whatever the host.
 */
#ifndef GALVANIC_EMU_HOST_SHARE_H
#define GALVANIC_EMU_HOST_SHARE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "emu/host/span.h"

struct share;
struct share_file; /* open; counted references */

enum {
    SHARE_READ_ONLY = 1 << 0,
    SHARE_MOUNTS = 1 << 1,
    SHARE_WALK = 1 << 2, /* for tests: name by name, as on hosts that cannot resolve a path beneath a folder at once */
};

/* Bits of a mode, and flags of opening, are Linux's generic ones. */
enum {
    SHARE_TYPE_MASK = 0170000,
    SHARE_TYPE_SYMLINK = 0120000,
    SHARE_TYPE_FILE = 0100000,
    SHARE_TYPE_FOLDER = 0040000,

    SHARE_OPEN_ACCESS = 3,
    SHARE_OPEN_READ = 0,
    SHARE_OPEN_WRITE = 1,
    SHARE_OPEN_BOTH = 2,
    SHARE_OPEN_CREATE = 0100,
    SHARE_OPEN_EXCLUSIVE = 0200,
    SHARE_OPEN_TRUNCATE = 01000,
    SHARE_OPEN_APPEND = 02000,
    SHARE_OPEN_DSYNC = 010000,
    SHARE_OPEN_FOLDER = 0200000,
    SHARE_OPEN_SYNC = 04000000,
};

struct share_time {
    uint64_t seconds, nanoseconds;
};

struct share_stat {
    uint32_t mode, uid, gid;
    uint64_t device, inode, links, rdev, size, block_size, blocks; /* of 512 bytes */
    uint64_t mount;                                                /* differs where something is mounted */
    struct share_time accessed, modified, changed, born;
    bool has_born;
};

struct share_statfs {
    uint64_t block_size, blocks, free_blocks, available_blocks, files, free_files, id, longest_name;
};

/* What share_set() changes. */
struct share_change {
    bool mode, owner, group, size, accessed, modified;
    bool accessed_now, modified_now; /* the host's time instead of the one given */
    uint32_t new_mode, new_owner, new_group;
    uint64_t new_size;
    struct share_time new_accessed, new_modified;
};

/* NULL with @error, one sentence: @folder cannot be opened. */
struct share *share_open(const char *folder, unsigned flags, GError **error);
void share_close(struct share *share);
bool share_read_only(const struct share *share);
/* As in struct share_stat: the file system that the folder is in. */
uint64_t share_device(const struct share *share);

/* --- by path --- */
int share_stat(struct share *share, const char *path, struct share_stat *stat);
int share_statfs(struct share *share, const char *path, struct share_statfs *statfs);
int share_readlink(struct share *share, const char *path, char **target); /* to be freed */
int share_set(struct share *share, const char *path, const struct share_change *change);
int share_mkdir(struct share *share, const char *path, uint32_t mode);
int share_symlink(struct share *share, const char *path, const char *target);
int share_link(struct share *share, const char *from, const char *to);
int share_rename(struct share *share, const char *from, const char *to);
int share_unlink(struct share *share, const char *path, bool folder);
/* Extended attributes of the "user." kind; others do not exist.  @name "": the list of names, each with its NUL. */
int share_xattr_get(struct share *share, const char *path, const char *name, GByteArray *value);
/* @flags: 1 must not exist, 2 must exist.  @length 0: removed. */
int share_xattr_set(struct share *share, const char *path, const char *name, const void *value, size_t length,
                    unsigned flags);

/* --- open files and folders --- */
int share_file_open(struct share *share, const char *path, unsigned flags, struct share_file **file,
                    struct share_stat *stat);
int share_file_create(struct share *share, const char *path, unsigned flags, uint32_t mode, struct share_file **file,
                      struct share_stat *stat);
struct share_file *share_file_ref(struct share_file *file);
void share_file_unref(struct share_file *file); /* NULL: nothing */
int share_file_stat(struct share_file *file, struct share_stat *stat);
int share_file_set(struct share_file *file, const struct share_change *change);
int share_file_sync(struct share_file *file, bool data_only);
/* Straight between the file and @spans; *@done bytes, fewer than there is room for at the file's end. */
int share_file_read(struct share_file *file, uint64_t offset, const struct host_spans *spans, size_t *done);
int share_file_write(struct share_file *file, uint64_t offset, const struct host_spans *spans, size_t *done);
bool share_file_is_folder(const struct share_file *file);
bool share_file_writable(const struct share_file *file);

/*
 * Locks on ranges of bytes, as a guest has them on one file: against everybody else on the host, other machines among them.
 * They are fcntl(2)'s, and programs of the host meet them if they lock in that way.  On hosts that have none of the kind that
 * belongs to an open file, all are granted.
 */
struct share_locks;

enum share_lock_type { SHARE_LOCK_READ, SHARE_LOCK_WRITE, SHARE_LOCK_NONE };
#define SHARE_LOCK_END ((uint64_t)INT64_MAX)

struct share_lock {
    enum share_lock_type type;
    uint64_t start, end; /* the last byte; SHARE_LOCK_END: as far as the file may ever reach */
};

/* None yet; @file may be closed afterwards. */
int share_locks_new(struct share_file *file, struct share_locks **locks);
void share_locks_free(struct share_locks *locks); /* releases them all; NULL: nothing */
/*
 * The range gets this type, whatever it had.  EAGAIN: somebody else's lock is in the way; EBADF: for a lock of this type the file
 * would have to be opened in a way that is not allowed.
 */
int share_locks_set(struct share_locks *locks, const struct share_lock *lock);
/* What stands in @lock's way, if it were asked for now, goes to *@lock; or its type becomes NONE.  @own NULL: there are none. */
int share_locks_test(const struct share_locks *own, const struct share_file *file, struct share_lock *lock);

/*
 * A folder's entries as they are now, "." and ".." first, then by the bytes of their names: the order of the host's file system
 * does not show.  They keep their indexes until the next share_folder_read().
 */
int share_folder_read(struct share_file *file);
/* NULL: past the last. */
const char *share_folder_entry(const struct share_file *file, uint64_t index);
/* To be called before some are looked at: those of a folder that has not changed need no look at each. */
void share_folder_look(struct share_file *file);
/* Type of the mode, device and inode of an entry.  ENOENT for what has gone meanwhile, and for "..", which may lie outside. */
int share_folder_stat(struct share_file *file, uint64_t index, struct share_stat *stat);

#endif
