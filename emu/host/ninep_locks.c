/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See ninep_locks.h. */
#include "emu/host/ninep_locks.h"

struct range {
    uint64_t file, start, end;
};

struct ninep_locks {
    GArray *held;     /* of struct ninep_held, in the order of the messages */
    GArray *released; /* of struct range; no state: the host's side looks at it after each message */
};

struct ninep_locks *ninep_locks_new(void)
{
    struct ninep_locks *locks = g_new0(struct ninep_locks, 1);

    locks->held = g_array_new(FALSE, FALSE, sizeof(struct ninep_held));
    locks->released = g_array_new(FALSE, FALSE, sizeof(struct range));
    return locks;
}

void ninep_locks_free(struct ninep_locks *locks)
{
    g_array_unref(locks->held);
    g_array_unref(locks->released);
    g_free(locks);
}

static void note_released(struct ninep_locks *locks, const struct ninep_held *held)
{
    const struct range range = {held->file, held->lock.start, held->lock.end};

    g_array_append_val(locks->released, range);
}

bool ninep_locks_released(struct ninep_locks *locks, uint64_t *file, uint64_t *start, uint64_t *end)
{
    if (!locks->released->len)
        return false;
    const struct range *range = &g_array_index(locks->released, struct range, locks->released->len - 1);

    *file = range->file;
    *start = range->start;
    *end = range->end;
    g_array_set_size(locks->released, locks->released->len - 1);
    return true;
}

unsigned ninep_locks_count(const struct ninep_locks *locks)
{
    return locks->held->len;
}

const struct ninep_held *ninep_locks_at(const struct ninep_locks *locks, unsigned index)
{
    return &g_array_index(locks->held, struct ninep_held, index);
}

void ninep_locks_clear(struct ninep_locks *locks)
{
    for (unsigned i = 0; i < locks->held->len; i++)
        note_released(locks, ninep_locks_at(locks, i));
    g_array_set_size(locks->held, 0);
}

static bool overlap(const struct ninep_held *one, const struct ninep_held *other)
{
    return one->file == other->file && one->lock.start <= other->lock.end && other->lock.start <= one->lock.end;
}

static bool same_holder(const struct ninep_held *one, const struct ninep_held *other)
{
    return one->fid == other->fid || one->process == other->process;
}

const struct ninep_held *ninep_locks_conflict(const struct ninep_locks *locks, const struct ninep_held *wanted)
{
    for (unsigned i = 0; i < locks->held->len; i++) {
        const struct ninep_held *held = ninep_locks_at(locks, i);

        if (overlap(held, wanted) && !same_holder(held, wanted) &&
            (held->lock.type == SHARE_LOCK_WRITE || wanted->lock.type == SHARE_LOCK_WRITE))
            return held;
    }
    return NULL;
}

/* What is left of @held outside of @wanted goes to @left, which has room for two; how many those are. */
static unsigned cut_out(const struct ninep_held *held, const struct ninep_held *wanted, struct ninep_held left[2])
{
    unsigned count = 0;

    if (held->lock.start < wanted->lock.start) {
        left[count] = *held;
        left[count++].lock.end = wanted->lock.start - 1;
    }
    if (held->lock.end > wanted->lock.end) {
        left[count] = *held;
        left[count++].lock.start = wanted->lock.end + 1;
    }
    return count;
}

/* Locks that touch and are alike are one: what takes byte after byte has not many. */
static bool joins(const struct ninep_held *held, const struct ninep_held *wanted)
{
    return held->file == wanted->file && held->fid == wanted->fid && held->process == wanted->process &&
           held->lock.type == wanted->lock.type &&
           (held->lock.end + 1 == wanted->lock.start || wanted->lock.end + 1 == held->lock.start);
}

bool ninep_locks_fit(const struct ninep_locks *locks, const struct ninep_held *wanted)
{
    unsigned count = wanted->lock.type != SHARE_LOCK_NONE;
    struct ninep_held left[2];

    for (unsigned i = 0; i < locks->held->len; i++) {
        const struct ninep_held *held = ninep_locks_at(locks, i);

        if (joins(held, wanted))
            continue;
        count += overlap(held, wanted) && same_holder(held, wanted) ? cut_out(held, wanted, left) : 1;
    }
    return count <= NINEP_LOCKS;
}

/* The host is asked to release what was held, and no more. */
static void note_cut(struct ninep_locks *locks, const struct ninep_held *held, const struct ninep_held *wanted)
{
    struct ninep_held both = *held;

    both.lock.start = MAX(held->lock.start, wanted->lock.start);
    both.lock.end = MIN(held->lock.end, wanted->lock.end);
    note_released(locks, &both);
}

void ninep_locks_set(struct ninep_locks *locks, const struct ninep_held *wanted)
{
    GArray *before = locks->held;
    struct ninep_held whole = *wanted, left[2];

    locks->held = g_array_new(FALSE, FALSE, sizeof(struct ninep_held));
    for (unsigned i = 0; i < before->len; i++) {
        const struct ninep_held *held = &g_array_index(before, struct ninep_held, i);

        if (joins(held, wanted)) {
            whole.lock.start = MIN(whole.lock.start, held->lock.start);
            whole.lock.end = MAX(whole.lock.end, held->lock.end);
        } else if (overlap(held, wanted) && same_holder(held, wanted)) {
            g_array_append_vals(locks->held, left, cut_out(held, wanted, left));
            if (wanted->lock.type == SHARE_LOCK_NONE)
                note_cut(locks, held, wanted);
        } else {
            g_array_append_val(locks->held, *held);
        }
    }
    g_array_unref(before);
    if (wanted->lock.type != SHARE_LOCK_NONE)
        g_array_append_val(locks->held, whole);
}

void ninep_locks_drop(struct ninep_locks *locks, uint32_t fid)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < locks->held->len; i++) {
        struct ninep_held *held = &g_array_index(locks->held, struct ninep_held, i);

        if (held->fid == fid)
            note_released(locks, held);
        else
            g_array_index(locks->held, struct ninep_held, kept++) = *held;
    }
    g_array_set_size(locks->held, kept);
}

bool ninep_locks_any(const struct ninep_locks *locks, uint64_t file)
{
    for (unsigned i = 0; i < locks->held->len; i++)
        if (ninep_locks_at(locks, i)->file == file)
            return true;
    return false;
}

enum share_lock_type ninep_locks_type(const struct ninep_locks *locks, uint64_t file, uint64_t start, uint64_t end,
                                      uint64_t *last)
{
    enum share_lock_type type = SHARE_LOCK_NONE;

    *last = end;
    for (unsigned i = 0; i < locks->held->len; i++) {
        const struct ninep_held *held = ninep_locks_at(locks, i);

        if (held->file != file || held->lock.end < start)
            continue;
        if (held->lock.start > start) {
            *last = MIN(*last, held->lock.start - 1);
            continue;
        }
        *last = MIN(*last, held->lock.end);
        type = held->lock.type; /* others here are of the same type: for reading */
    }
    return type;
}

/* --- state --- */

void ninep_locks_save(const struct ninep_locks *locks, struct state_writer *out)
{
    state_put_u32(out, locks->held->len);
    for (unsigned i = 0; i < locks->held->len; i++) {
        const struct ninep_held *held = ninep_locks_at(locks, i);

        state_put_u64(out, held->file);
        state_put_u32(out, held->fid);
        state_put_u32(out, held->process);
        state_put_u32(out, held->lock.type);
        state_put_u64(out, held->lock.start);
        state_put_u64(out, held->lock.end);
    }
}

bool ninep_locks_load(struct ninep_locks *locks, struct state_reader *in)
{
    uint32_t count = state_get_u32(in);

    ninep_locks_clear(locks);
    if (count > NINEP_LOCKS)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct ninep_held held = {.file = state_get_u64(in)};

        held.fid = state_get_u32(in);
        held.process = state_get_u32(in);
        held.lock.type = state_get_u32(in);
        held.lock.start = state_get_u64(in);
        held.lock.end = state_get_u64(in);
        if (state_reader_failed(in) || held.lock.type > SHARE_LOCK_WRITE || held.lock.start > held.lock.end ||
            held.lock.end > SHARE_LOCK_END)
            return false;
        g_array_append_val(locks->held, held);
    }
    return !state_reader_failed(in);
}
