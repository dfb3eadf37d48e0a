/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 9P requests about attributes, extended attributes and the file system.  See ninep.h. */
#include "emu/host/ninep_internal.h"

#include <string.h>

/* Bits of Tgetattr's and Rgetattr's masks. */
#define GETATTR_BASIC UINT64_C(0x7FF)
#define GETATTR_BORN UINT64_C(0x800)
#define GETATTR_GENERATION UINT64_C(0x1000)

/* Bits of Tsetattr. */
enum {
    SET_MODE = 1 << 0,
    SET_UID = 1 << 1,
    SET_GID = 1 << 2,
    SET_SIZE = 1 << 3,
    SET_ATIME = 1 << 4,
    SET_MTIME = 1 << 5,
    SET_ATIME_GIVEN = 1 << 7, /* else: the host's time */
    SET_MTIME_GIVEN = 1 << 8,
};

enum { XATTR_CREATE = 1, XATTR_REPLACE = 2 };
enum { FILE_SYSTEM_TYPE = 0x01021997, UNCHANGED = -1 };

/* --- attributes --- */

static void put_time(struct ninep *ninep, const struct share_time *time)
{
    ninep_put_u64(ninep->reply, time->seconds);
    ninep_put_u64(ninep->reply, time->nanoseconds);
}

/* Programs read and write in such pieces: as large as a message allows, in whole blocks. */
static uint64_t best_block(const struct ninep *ninep, const struct share_stat *stat)
{
    uint64_t data = ninep_fids_msize(ninep->fids) - NINEP_IO_HEADER, block = MAX(stat->block_size, 1);

    return data < block ? block : data - data % block;
}

/* Tells a file from a later one that the host has given the same number. */
static uint32_t generation(const struct share_stat *stat)
{
    uint64_t mixed = (stat->born.seconds * 1000000000 + stat->born.nanoseconds) * UINT64_C(0x9E3779B97F4A7C15);

    return (uint32_t)(mixed >> 32);
}

static void put_attributes(struct ninep *ninep, const struct share_stat *stat)
{
    struct ninep_qid qid = ninep_qid_of(ninep, stat);
    uint64_t optional = stat->has_born ? GETATTR_BORN | GETATTR_GENERATION : 0;

    ninep_put_u64(ninep->reply, GETATTR_BASIC | (ninep->request.mask & optional));
    ninep_put_qid(ninep->reply, &qid);
    ninep_put_u32(ninep->reply, stat->mode);
    ninep_put_u32(ninep->reply, stat->uid);
    ninep_put_u32(ninep->reply, stat->gid);
    ninep_put_u64(ninep->reply, stat->links);
    ninep_put_u64(ninep->reply, stat->rdev);
    ninep_put_u64(ninep->reply, stat->size);
    ninep_put_u64(ninep->reply, best_block(ninep, stat));
    ninep_put_u64(ninep->reply, stat->blocks);
    put_time(ninep, &stat->accessed);
    put_time(ninep, &stat->modified);
    put_time(ninep, &stat->changed);
    put_time(ninep, &stat->born);
    ninep_put_u64(ninep->reply, optional ? generation(stat) : 0);
    ninep_put_u64(ninep->reply, 0); /* data version */
}

/* A fid of an open file, or cloned from one, means that file, whatever has become of its name. */
int ninep_getattr(struct ninep *ninep)
{
    struct share_stat stat;
    struct ninep_fid *fid;
    int failure = ninep_find(ninep, ninep->request.fid, &fid);

    if (!failure && fid->kind == NINEP_FID_OPEN)
        failure = ninep_find_open(ninep, ninep->request.fid, &fid);
    if (!failure)
        failure = fid->file ? share_file_stat(fid->file, &stat) : share_stat(ninep->share, fid->path, &stat);
    if (!failure)
        put_attributes(ninep, &stat);
    return failure;
}

static struct share_change change_of(const struct ninep_request *request)
{
    uint32_t valid = request->valid;

    return (struct share_change){
        .mode = valid & SET_MODE,
        .owner = valid & SET_UID && request->uid != (uint32_t)UNCHANGED,
        .group = valid & SET_GID && request->gid != (uint32_t)UNCHANGED,
        .size = valid & SET_SIZE,
        .accessed = valid & SET_ATIME,
        .modified = valid & SET_MTIME,
        .accessed_now = !(valid & SET_ATIME_GIVEN),
        .modified_now = !(valid & SET_MTIME_GIVEN),
        .new_mode = request->mode,
        .new_owner = request->uid,
        .new_group = request->gid,
        .new_size = request->length,
        .new_accessed = {valid & SET_ATIME_GIVEN ? request->atime_seconds : 0,
                         valid & SET_ATIME_GIVEN ? request->atime_nanoseconds : 0},
        .new_modified = {valid & SET_MTIME_GIVEN ? request->mtime_seconds : 0,
                         valid & SET_MTIME_GIVEN ? request->mtime_nanoseconds : 0},
    };
}

int ninep_setattr(struct ninep *ninep)
{
    const struct share_change change = change_of(&ninep->request);
    struct ninep_fid *fid;
    int failure = ninep_find(ninep, ninep->request.fid, &fid);

    if (!failure && fid->kind == NINEP_FID_OPEN)
        failure = ninep_find_open(ninep, ninep->request.fid, &fid);
    if (failure)
        return failure;
    if (fid->file && (!change.size || share_file_writable(fid->file)))
        return share_file_set(fid->file, &change);
    return share_set(ninep->share, fid->path, &change);
}

int ninep_statfs(struct ninep *ninep)
{
    struct share_statfs from;
    struct ninep_fid *fid;
    int failure = ninep_find(ninep, ninep->request.fid, &fid);

    if (!failure)
        failure = share_statfs(ninep->share, "", &from);
    if (failure)
        return failure;
    ninep_put_u32(ninep->reply, FILE_SYSTEM_TYPE);
    ninep_put_u32(ninep->reply, (uint32_t)from.block_size);
    ninep_put_u64(ninep->reply, from.blocks);
    ninep_put_u64(ninep->reply, from.free_blocks);
    ninep_put_u64(ninep->reply, from.available_blocks);
    ninep_put_u64(ninep->reply, from.files);
    ninep_put_u64(ninep->reply, from.free_files);
    ninep_put_u64(ninep->reply, from.id);
    ninep_put_u32(ninep->reply, (uint32_t)from.longest_name);
    return 0;
}

/* --- extended attributes --- */

int ninep_xattrwalk(struct ninep *ninep)
{
    const struct ninep_request *request = &ninep->request;
    struct ninep_fid *fid;
    int failure = ninep_find(ninep, request->fid, &fid);

    if (failure)
        return failure;
    if (ninep_fids_find(ninep->fids, request->second_fid))
        return NINEP_EBADF;
    failure = ninep_fids_room(ninep->fids, fid->path);
    if (failure)
        return failure;
    ninep->value = g_byte_array_new();
    failure = share_xattr_get(ninep->share, fid->path, request->name, ninep->value);
    if (!failure)
        failure = ninep_fids_room_for_value(ninep->fids, ninep->value->len);
    if (!failure)
        ninep_put_u64(ninep->reply, ninep->value->len);
    return failure;
}

int ninep_xattrcreate(struct ninep *ninep)
{
    const struct ninep_request *request = &ninep->request;
    struct ninep_fid *fid;
    int failure = ninep_find(ninep, request->fid, &fid);

    if (failure)
        return failure;
    if (fid->kind == NINEP_FID_OPEN || !*request->name)
        return NINEP_EINVAL;
    if (strlen(request->name) > NINEP_LONGEST_NAME)
        return NINEP_ERANGE;
    if (request->length > NINEP_LONGEST_VALUE)
        return NINEP_ENOSPC;
    if (request->flags & ~(uint32_t)(XATTR_CREATE | XATTR_REPLACE))
        return NINEP_EINVAL;
    return share_read_only(ninep->share) ? NINEP_EROFS : 0;
}

int ninep_xattr_commit(struct ninep *ninep, const struct ninep_fid *fid)
{
    if (fid->value_written != fid->value_length || (fid->value ? fid->value->len : 0) != fid->value_length)
        return NINEP_EIO;
    return share_xattr_set(ninep->share, fid->path, fid->attribute, fid->value ? fid->value->data : NULL,
                           fid->value_length, fid->flags);
}
