/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that a 9P client has names for.  The table depends on requests and replies alone: a replay, which has no folder,
 * follows the same messages and has the same table.
 */
#ifndef GALVANIC_EMU_HOST_NINEP_FIDS_H
#define GALVANIC_EMU_HOST_NINEP_FIDS_H

#include "emu/host/ninep_locks.h"
#include "emu/host/ninep_message.h"
#include "emu/host/share.h"
#include "emu/state/state.h"

enum {
    NINEP_FIDS = 65536,            /* at a time */
    NINEP_LONGEST_PATH = 16 << 10, /* bytes */
    NINEP_PATHS = 64 << 20,        /* bytes of all paths */
    NINEP_WALK = 8 << 20,          /* bytes of the paths that one walk goes through, name after name */
    NINEP_LONGEST_NAME = 255,      /* of an extended attribute */
    NINEP_LONGEST_VALUE = 65536,
    NINEP_VALUES = 16 << 20, /* bytes of all values */
};

enum ninep_fid_kind { NINEP_FID_FILE, NINEP_FID_OPEN, NINEP_FID_XATTR_READ, NINEP_FID_XATTR_WRITE };

struct ninep_fid {
    uint32_t number;
    uint32_t kind;         /* enum ninep_fid_kind */
    char *path;            /* as share.h has them */
    uint32_t flags;        /* of Tlopen, Tlcreate, Txattrcreate */
    char *attribute;       /* name of the extended attribute */
    uint64_t value_length; /* that Txattrcreate announced */
    uint64_t qid_path;     /* of what was opened */

    /* The host's side: no state.  What is missing is made again when it is wanted. */
    struct share_file *file; /* OPEN: the file; FILE: one that is open under the fid that this one was cloned from */
    GByteArray *value;       /* of an extended attribute, as far as it is known; only the functions below change it */
    uint64_t value_written;  /* bytes that have come in */
    bool lost;               /* a lock that a restored state has could not be taken again */
};

struct ninep_fids;

struct ninep_fids *ninep_fids_new(void);
void ninep_fids_free(struct ninep_fids *fids);
/* As after power-on: no version, no fids. */
void ninep_fids_reset(struct ninep_fids *fids);
/* The largest message that was agreed upon; 0: no version yet. */
uint32_t ninep_fids_msize(const struct ninep_fids *fids);
/* NULL: the client has no such fid. */
struct ninep_fid *ninep_fids_find(const struct ninep_fids *fids, uint32_t number);
struct ninep_locks *ninep_fids_locks(const struct ninep_fids *fids);
/* The range that Tlock or Tgetlock is about.  It is none if it begins or ends behind SHARE_LOCK_END. */
struct ninep_held ninep_fid_lock(const struct ninep_fid *fid, const struct ninep_request *request);
/* 0, or why there cannot be one more fid with @path. */
int ninep_fids_room(const struct ninep_fids *fids, const char *path);
/* 0, or why @path cannot become @longer for one fid. */
int ninep_fids_room_to_grow(const struct ninep_fids *fids, const char *path, const char *longer);
/* 0, or why what bears @from, with all that is below, cannot bear @to: paths would be too long, one or all of them. */
int ninep_fids_room_to_rename(const struct ninep_fids *fids, const char *from, const char *to);
uint64_t ninep_fids_count(const struct ninep_fids *fids);
/* Of all paths. */
uint64_t ninep_fids_path_bytes(const struct ninep_fids *fids);
/* What @reply to @request means for the table. */
void ninep_fids_follow(struct ninep_fids *fids, const struct ninep_request *request, const uint8_t *reply,
                       size_t length);

/* 0, or why all values together cannot be @bytes longer. */
int ninep_fids_room_for_value(const struct ninep_fids *fids, size_t bytes);
/* Takes @value over. */
void ninep_fids_set_value(struct ninep_fids *fids, struct ninep_fid *fid, GByteArray *value);
/* The value gets @length bytes, 0 to NINEP_LONGEST_VALUE; zeros where it was shorter.  As ninep_fids_room_for_value(). */
int ninep_fids_lengthen_value(struct ninep_fids *fids, struct ninep_fid *fid, size_t length);

/* "a/b" and "c": "a/b/c"; ".." leads up, but not above "".  To be freed. */
char *ninep_path_join(const char *path, const char *name);
char *ninep_path_parent(const char *path);

void ninep_fids_save(struct ninep_fids *fids, struct state_writer *out);
bool ninep_fids_load(struct ninep_fids *fids, struct state_reader *in);

#endif
