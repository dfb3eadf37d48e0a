/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 9P requests about locks.  What the client holds stands in ninep_locks.h; for each file there is one holder of locks on the
 * host, which keeps the strongest of what the client's processes have there, so that those do not meet each other on the host.
 * See ninep.h.
 */
#include "emu/host/ninep_internal.h"

enum { LOCK_SUCCESS = 0, LOCK_BLOCKED = 1 };         /* status of Rlock */
enum { LOCK_FLAG_BLOCK = 1, LOCK_FLAG_RECLAIM = 2 }; /* clients that wait ask again: nothing waits here */

static int find_host(struct ninep *ninep, const struct ninep_fid *fid, struct share_locks **host)
{
    *host = g_hash_table_lookup(ninep->host_locks, &fid->qid_path);
    if (*host)
        return 0;
    int failure = share_locks_new(fid->file, host);

    if (!failure)
        g_hash_table_insert(ninep->host_locks, g_memdup2(&fid->qid_path, sizeof(fid->qid_path)), *host);
    return failure;
}

static int wanted_by(const struct ninep_request *request, const struct ninep_fid *fid, struct ninep_held *wanted)
{
    if (request->lock_type > SHARE_LOCK_NONE || request->flags & ~(uint32_t)(LOCK_FLAG_BLOCK | LOCK_FLAG_RECLAIM))
        return NINEP_EINVAL;
    *wanted = ninep_fid_lock(fid, request);
    return wanted->lock.start > SHARE_LOCK_END ? NINEP_EINVAL : wanted->lock.end > SHARE_LOCK_END ? NINEP_EOVERFLOW : 0;
}

int ninep_lock(struct ninep *ninep)
{
    struct ninep_locks *locks = ninep_fids_locks(ninep->fids);
    struct share_locks *host;
    struct ninep_held wanted;
    struct ninep_fid *fid;
    int failure = ninep_find_open(ninep, ninep->request.fid, &fid);

    if (!failure)
        failure = wanted_by(&ninep->request, fid, &wanted);
    if (!failure && !ninep_locks_fit(locks, &wanted))
        failure = NINEP_ENOLCK;
    if (!failure && wanted.lock.type != SHARE_LOCK_NONE) {
        failure = ninep_locks_conflict(locks, &wanted) ? NINEP_EAGAIN : find_host(ninep, fid, &host);
        if (!failure)
            failure = share_locks_set(host, &wanted.lock);
        if (failure && !ninep_locks_any(locks, fid->qid_path))
            g_hash_table_remove(ninep->host_locks, &fid->qid_path);
    }
    if (failure && failure != NINEP_EAGAIN)
        return failure;
    ninep_put_u8(ninep->reply, failure ? LOCK_BLOCKED : LOCK_SUCCESS);
    return 0;
}

/*
 * What is in the way.  Linux asks with the type "none", whatever it wants to know: it is told of any lock, and can see of which
 * kind that one is.  Who has it on the host is not the guest's affair.
 */
int ninep_getlock(struct ninep *ninep)
{
    const struct ninep_request *request = &ninep->request;
    const struct ninep_held *inside;
    struct ninep_held wanted;
    struct ninep_fid *fid;
    int failure = ninep_find_open(ninep, request->fid, &fid);

    if (!failure)
        failure = wanted_by(request, fid, &wanted);
    if (failure)
        return failure;
    if (wanted.lock.type == SHARE_LOCK_NONE)
        wanted.lock.type = SHARE_LOCK_WRITE;
    struct share_lock found = wanted.lock;

    inside = ninep_locks_conflict(ninep_fids_locks(ninep->fids), &wanted);
    if (inside)
        found = inside->lock;
    else
        failure = share_locks_test(g_hash_table_lookup(ninep->host_locks, &fid->qid_path), fid->file, &found);
    if (failure)
        return failure;
    bool none = found.type == SHARE_LOCK_NONE;

    ninep_put_u8(ninep->reply, (uint8_t)found.type);
    ninep_put_u64(ninep->reply, none ? request->offset : found.start);
    ninep_put_u64(ninep->reply, none ? request->length : found.end == SHARE_LOCK_END ? 0 : found.end - found.start + 1);
    ninep_put_u32(ninep->reply, none ? request->mode : inside ? inside->process : 0);
    ninep_put_string(ninep->reply, none || inside ? request->name : "host");
    return 0;
}

void ninep_release_locks(struct ninep *ninep)
{
    struct ninep_locks *locks = ninep_fids_locks(ninep->fids);
    uint64_t file, start, end, last;

    while (ninep_locks_released(locks, &file, &start, &end)) {
        struct share_locks *host = g_hash_table_lookup(ninep->host_locks, &file);

        if (host && !ninep_locks_any(locks, file))
            g_hash_table_remove(ninep->host_locks, &file);
        else if (host)
            for (bool more = true; more; more = last < end, start = last + 1) {
                enum share_lock_type type = ninep_locks_type(locks, file, start, end, &last);

                share_locks_set(host, &(struct share_lock){type, start, last});
            }
    }
}

void ninep_retake_locks(struct ninep *ninep)
{
    const struct ninep_locks *locks = ninep_fids_locks(ninep->fids);

    for (unsigned i = 0; i < ninep_locks_count(locks); i++) {
        const struct ninep_held *held = ninep_locks_at(locks, i);
        struct share_locks *host;
        struct ninep_fid *fid;

        int failure = ninep_find_open(ninep, held->fid, &fid);

        if (!failure)
            failure = find_host(ninep, fid, &host);
        if (!failure)
            failure = share_locks_set(host, &held->lock);
        if (failure && fid)
            fid->lost = true;
    }
}
