/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the shared folder share; nobody else includes this. */
#ifndef GALVANIC_EMU_HOST_SHARE_INTERNAL_H
#define GALVANIC_EMU_HOST_SHARE_INTERNAL_H

#include <sys/stat.h>
#include <sys/types.h>

#include "emu/host/share.h"

/* Bytes of folder listings that may be kept at a time. */
#define SHARE_LISTINGS (UINT64_C(256) << 20)

struct share {
    char *folder;
    int root;
    uint64_t device, mount; /* of the root, as in struct share_stat */
    unsigned flags;
    bool beneath; /* the host resolves paths beneath a folder at once */
    int highest;  /* descriptors from here on are not for the guest */
    uint64_t listed;
    uint64_t names_removed; /* by the guest; of names that now are another file's, too */
};

/* A folder's entry as it was when it was listed. */
struct share_entry {
    uint32_t name; /* where it begins in the names */
    uint8_t type;  /* of the mode; 0: not known */
    uint64_t inode;
};

struct share_file {
    struct share *share;
    int descriptor;
    bool folder, readable, writable;
    unsigned references;
    /* of a folder: */
    GByteArray *names; /* each with its NUL */
    GArray *entries;   /* of struct share_entry */
    struct share_time listed_modified;
    uint64_t listed_removed;
    bool unchanged; /* since then */
};

/* A name in a folder that is open: what the *at() calls take. */
struct share_place {
    int folder;
    bool opened; /* to be closed */
    const char *name;
};

/* Linux's number of the host's error @number. */
int share_errno(int number);

/* Opens the folder in which @path's last name stands.  @path "": the name is ".". */
int share_place_open(struct share *share, const char *path, struct share_place *place);
void share_place_close(struct share_place *place);
/* openat() that stays in the share and follows no link; @flags are the host's; the descriptor, or -1 with errno. */
int share_openat(struct share *share, int folder, const char *name, int flags, mode_t mode);
/*
 * The file at @name in @folder without following links; 0 or -1 with errno.  EXDEV: it is something that is mounted there, and
 * that was not asked for.  Calls by a name reach what is mounted at that name: nothing is done to a file before this was asked.
 */
int share_stat_at(const struct share *share, int folder, const char *name, struct share_stat *stat);
int share_stat_descriptor(const struct share *share, int descriptor, struct share_stat *stat);
/* Notes in which file system, and in which mount of it, the root is. */
int share_find_mount(struct share *share);
/* Empties the list of its entries. */
void share_folder_forget(struct share_file *file);
/* For what changes something. */
int share_place_open_to_change(struct share *share, const char *path, struct share_place *place);
/* Mode bits that a new file or folder gets, and those that an old one may be given. */
mode_t share_mode_allowed(uint32_t mode, bool folder);

#endif
