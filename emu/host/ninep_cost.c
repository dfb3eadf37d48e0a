/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What requests cost the host beside the bytes of their messages: paths that are looked up, folders that are read, tables that
 * are gone through.  The costs are rough, but depend on messages and the table of fids alone: a replay charges the same.
 */
#include <string.h>

#include "emu/host/ninep_internal.h"

/* In bytes that are moved in the same time. */
enum {
    PER_PATH_BYTE = 64, /* looked up: a deep path of 16 KiB takes about a millisecond */
    PER_FID = 256,      /* gone through at a rename, closed at a new version */
    PER_PATH_COPIED = 4,
    PER_PAIR_OF_LOCKS = 8,
    PER_ENTRY_BYTE = 16,   /* of Rreaddir: each entry is looked at */
    FOLDER_READ = 32 << 20 /* and sorted; how large it is does not show in the messages */
};

uint64_t ninep_walk_bytes(const char *path, const struct ninep_request *request)
{
    uint64_t length = strlen(path), sum = 0;

    for (unsigned i = 0; i < request->names; i++) {
        bool up = strcmp(request->walk[i], "..") == 0;

        length = up ? length : MIN(length + strlen(request->walk[i]) + 1, (uint64_t)NINEP_LONGEST_PATH);
        sum += up ? 2 * length : length; /* from a folder alone a way leads up */
    }
    return sum;
}

static uint64_t path_bytes(const struct ninep_fids *fids, const struct ninep_request *request)
{
    const struct ninep_fid *fid = ninep_fids_find(fids, request->fid);
    const struct ninep_fid *second = ninep_fids_find(fids, request->second_fid);

    if (fid && request->type == NINEP_TWALK)
        return ninep_walk_bytes(fid->path, request);
    return (fid ? strlen(fid->path) : 0) + (second ? strlen(second->path) : 0);
}

uint64_t ninep_cost(const struct ninep_fids *fids, const struct ninep_request *request, size_t reply)
{
    uint64_t cost = PER_PATH_BYTE * path_bytes(fids, request), locks = ninep_locks_count(ninep_fids_locks(fids));

    switch (request->type) {
    case NINEP_TREADDIR:
        return cost + PER_ENTRY_BYTE * (uint64_t)reply + (request->offset ? 0 : FOLDER_READ);
    case NINEP_TRENAME:
    case NINEP_TRENAMEAT:
        return cost + PER_FID * ninep_fids_count(fids) + PER_PATH_COPIED * ninep_fids_path_bytes(fids);
    case NINEP_TVERSION:
        return cost + PER_FID * ninep_fids_count(fids);
    case NINEP_TLOCK:
    case NINEP_TCLUNK:
    case NINEP_TREMOVE:
        return cost + PER_PAIR_OF_LOCKS * locks * locks;
    default:
        return cost;
    }
}
