/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The locks that a 9P client holds, by its own messages alone: a replay has the same.
 *
 * A lock belongs to the fid and to the process that asked for it.  One of the two is enough to change or to release it: flock(2)
 * is released by whichever process has the file, fcntl(2)'s locks by whichever file the process has; clients do not say which of
 * the two they mean.
 */
#ifndef GALVANIC_EMU_HOST_NINEP_LOCKS_H
#define GALVANIC_EMU_HOST_NINEP_LOCKS_H

#include "emu/host/share.h"
#include "emu/state/state.h"

enum { NINEP_LOCKS = 4096 }; /* at a time */

struct ninep_held {
    uint64_t file; /* the path of its qid */
    uint32_t fid, process;
    struct share_lock lock;
};

struct ninep_locks;

struct ninep_locks *ninep_locks_new(void);
void ninep_locks_free(struct ninep_locks *locks);
void ninep_locks_clear(struct ninep_locks *locks);
unsigned ninep_locks_count(const struct ninep_locks *locks);
/* The one that was granted as number @index, from 0; they move when others are changed. */
const struct ninep_held *ninep_locks_at(const struct ninep_locks *locks, unsigned index);
/* What another fid and process of the client's holds and @wanted must not overlap; NULL: nothing. */
const struct ninep_held *ninep_locks_conflict(const struct ninep_locks *locks, const struct ninep_held *wanted);
/* Whether there is room for what ninep_locks_set() leaves: releasing the middle of locks makes more of them, too. */
bool ninep_locks_fit(const struct ninep_locks *locks, const struct ninep_held *wanted);
/* The range is @wanted's; type NONE: it is released. */
void ninep_locks_set(struct ninep_locks *locks, const struct ninep_held *wanted);
/* All that belong to @fid. */
void ninep_locks_drop(struct ninep_locks *locks, uint32_t fid);
bool ninep_locks_any(const struct ninep_locks *locks, uint64_t file);
/* What the client has on the byte @start of @file, and so on until *@last, @end at most. */
enum share_lock_type ninep_locks_type(const struct ninep_locks *locks, uint64_t file, uint64_t start, uint64_t end,
                                      uint64_t *last);

/* A range in which locks have gone since this was asked for the last time; false: there are no more. */
bool ninep_locks_released(struct ninep_locks *locks, uint64_t *file, uint64_t *start, uint64_t *end);

void ninep_locks_save(const struct ninep_locks *locks, struct state_writer *out);
bool ninep_locks_load(struct ninep_locks *locks, struct state_reader *in);

#endif
