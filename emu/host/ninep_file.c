/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 9P requests on open files and folders.  See ninep.h. */
#include <string.h>

#include "emu/host/ninep_internal.h"

enum { ENTRY_SIZE = 13 + 8 + 1 + 2 }; /* of Rreaddir, without the name: qid, offset, type, length */

/* --- opening --- */

static void put_opened(struct ninep *ninep, const struct share_stat *stat)
{
    struct ninep_qid qid = ninep_qid_of(ninep, stat);

    ninep_put_qid(ninep->reply, &qid);
    ninep_put_u32(ninep->reply, ninep_fids_msize(ninep->fids) - NINEP_IO_HEADER); /* data of one message */
}

int ninep_lopen(struct ninep *ninep)
{
    const unsigned not_here = SHARE_OPEN_CREATE | SHARE_OPEN_EXCLUSIVE;
    struct share_stat stat;
    struct ninep_fid *fid;
    int failure = ninep_find(ninep, ninep->request.fid, &fid);

    if (!failure && fid->kind == NINEP_FID_OPEN)
        failure = NINEP_EBADF;
    if (!failure)
        failure = share_file_open(ninep->share, fid->path, ninep->request.flags & ~not_here, &ninep->opened, &stat);
    if (!failure)
        put_opened(ninep, &stat);
    return failure;
}

int ninep_lcreate(struct ninep *ninep)
{
    const struct ninep_request *request = &ninep->request;
    g_autofree char *path = NULL;
    struct share_stat stat;
    struct ninep_fid *fid;
    int failure = ninep_find(ninep, request->fid, &fid);

    if (!failure && fid->kind == NINEP_FID_OPEN)
        failure = NINEP_EBADF;
    if (!failure)
        failure = ninep_child(ninep, request->fid, request->name, true, &path);
    if (!failure)
        failure = ninep_fids_room_to_grow(ninep->fids, fid->path, path);
    if (!failure)
        failure = share_file_create(ninep->share, path, request->flags, request->mode, &ninep->opened, &stat);
    if (!failure)
        put_opened(ninep, &stat);
    return failure;
}

/* --- data --- */

/* What a request moves at most, by the sizes of messages. */
static uint32_t most_data(const struct ninep *ninep)
{
    return MIN(ninep->request.count, ninep->limit - NINEP_RREAD_HEADER);
}

/* The value as it was when the fid was made; a restored state has to read it again. */
static int read_value(struct ninep *ninep, struct ninep_fid *fid)
{
    if (!fid->value) {
        g_autoptr(GByteArray) value = g_byte_array_new();
        int failure = share_xattr_get(ninep->share, fid->path, fid->attribute, value);

        if (failure)
            return NINEP_ESTALE;
        failure = ninep_fids_room_for_value(ninep->fids, value->len);
        if (failure)
            return failure;
        ninep_fids_set_value(ninep->fids, fid, g_steal_pointer(&value));
    }
    uint64_t from = MIN(ninep->request.offset, fid->value->len);
    uint32_t length = MIN(most_data(ninep), fid->value->len - (uint32_t)from);

    ninep_put_u32(ninep->reply, length);
    g_byte_array_append(ninep->reply, fid->value->data + from, length);
    return 0;
}

int ninep_read(struct ninep *ninep)
{
    struct ninep_fid *fid = ninep_fids_find(ninep->fids, ninep->request.fid);
    struct host_spans room;
    size_t done;

    if (fid && fid->kind == NINEP_FID_XATTR_READ)
        return read_value(ninep, fid);
    int failure = ninep_find_open(ninep, ninep->request.fid, &fid);

    if (failure)
        return failure;
    host_spans_cut(ninep->out, NINEP_RREAD_HEADER, most_data(ninep), &room);
    failure = share_file_read(fid->file, ninep->request.offset, &room, &done);
    if (failure)
        return failure;
    ninep_put_u32(ninep->reply, (uint32_t)done);
    ninep->data = (uint32_t)done;
    return 0;
}

static int write_value(struct ninep *ninep, struct ninep_fid *fid)
{
    const struct ninep_request *request = &ninep->request;

    if (request->offset > fid->value_length || request->count > fid->value_length - request->offset)
        return NINEP_ENOSPC;
    int failure = ninep_fids_lengthen_value(ninep->fids, fid, request->offset + request->count);

    if (failure)
        return failure;
    if (request->count)
        host_spans_read(ninep->in, NINEP_TWRITE_HEADER, fid->value->data + request->offset, request->count);
    fid->value_written += request->count;
    ninep_put_u32(ninep->reply, request->count);
    return 0;
}

int ninep_write(struct ninep *ninep)
{
    struct ninep_fid *fid = ninep_fids_find(ninep->fids, ninep->request.fid);
    struct host_spans data;
    size_t done;

    if (fid && fid->kind == NINEP_FID_XATTR_WRITE)
        return write_value(ninep, fid);
    int failure = ninep_find_open(ninep, ninep->request.fid, &fid);

    if (failure)
        return failure;
    host_spans_cut(ninep->in, NINEP_TWRITE_HEADER, ninep->request.count, &data);
    failure = share_file_write(fid->file, ninep->request.offset, &data, &done);
    if (!failure)
        ninep_put_u32(ninep->reply, (uint32_t)done);
    return failure;
}

int ninep_fsync(struct ninep *ninep)
{
    struct ninep_fid *fid;
    int failure = ninep_find_open(ninep, ninep->request.fid, &fid);

    return failure ? failure : share_file_sync(fid->file, ninep->request.flags != 0);
}

/* --- folders --- */

static int entry_stat(struct ninep *ninep, const struct ninep_fid *fid, uint64_t index, struct share_stat *stat)
{
    if (index == 0)
        return share_file_stat(fid->file, stat);
    if (index > 1)
        return share_folder_stat(fid->file, index, stat);
    g_autofree char *parent = ninep_path_parent(fid->path);
    int failure = share_stat(ninep->share, parent, stat);
    /* A folder that was removed while open has no parent to show any more. */
    return failure ? share_file_stat(fid->file, stat) : 0;
}

static void put_entry(struct ninep *ninep, const struct ninep_fid *fid, uint64_t index, const char *name)
{
    struct share_stat stat = {0};
    struct ninep_qid qid = {0};
    int failure = entry_stat(ninep, fid, index, &stat);

    if (failure == NINEP_ENOENT)
        return; /* it has gone since the list was made */
    if (!failure)
        qid = ninep_qid_of(ninep, &stat);
    qid.version = 0; /* that of a file is told when it is walked to */
    ninep_put_qid(ninep->reply, &qid);
    ninep_put_u64(ninep->reply, index + 1);
    ninep_put_u8(ninep->reply, (uint8_t)((stat.mode & SHARE_TYPE_MASK) >> 12));
    ninep_put_string(ninep->reply, name);
}

int ninep_readdir(struct ninep *ninep)
{
    uint32_t most = most_data(ninep), start = ninep->reply->len + 4;
    struct ninep_fid *fid;
    const char *name;
    int failure = ninep_find_open(ninep, ninep->request.fid, &fid);

    if (!failure && !share_file_is_folder(fid->file))
        failure = NINEP_ENOTDIR;
    if (!failure && (ninep->request.offset == 0 || !share_folder_entry(fid->file, 0)))
        failure = share_folder_read(fid->file);
    if (failure)
        return failure;
    share_folder_look(fid->file);
    ninep_put_u32(ninep->reply, 0);
    for (uint64_t i = ninep->request.offset; (name = share_folder_entry(fid->file, i)); i++) {
        if (ninep->reply->len - start + ENTRY_SIZE + strlen(name) > most) {
            if (ninep->reply->len == start)
                return NINEP_EINVAL; /* no room for a single entry */
            break;
        }
        put_entry(ninep, fid, i, name);
    }
    for (unsigned i = 0; i < 4; i++)
        ninep->reply->data[start - 4 + i] = (uint8_t)((ninep->reply->len - start) >> 8 * i);
    return 0;
}
