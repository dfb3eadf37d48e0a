/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 9P requests that make, move and remove names.  See ninep.h. */
#include "emu/host/ninep_internal.h"

#include <string.h>

enum { REMOVE_FOLDER = 0x200 }; /* flag of Tunlinkat */

/* The qid of what was made: the only field of several replies. */
static int put_made(struct ninep *ninep, const char *path)
{
    struct share_stat stat;
    int failure = share_stat(ninep->share, path, &stat);

    if (failure)
        return failure;
    struct ninep_qid qid = ninep_qid_of(ninep, &stat);
    ninep_put_qid(ninep->reply, &qid);
    return 0;
}

static int made_path(struct ninep *ninep, char **path)
{
    return ninep_child(ninep, ninep->request.fid, ninep->request.name, true, path);
}

int ninep_symlink(struct ninep *ninep)
{
    g_autofree char *path = NULL;
    int failure = made_path(ninep, &path);

    if (!failure)
        failure = share_symlink(ninep->share, path, ninep->request.second_name);
    return failure ? failure : put_made(ninep, path);
}

int ninep_mkdir(struct ninep *ninep)
{
    g_autofree char *path = NULL;
    int failure = made_path(ninep, &path);

    if (!failure)
        failure = share_mkdir(ninep->share, path, ninep->request.mode);
    return failure ? failure : put_made(ninep, path);
}

/* Files only: a device node, a pipe or a socket in the folder would be one of the host's. */
int ninep_mknod(struct ninep *ninep)
{
    uint32_t type = ninep->request.mode & SHARE_TYPE_MASK;
    g_autofree char *path = NULL;
    struct share_file *file;
    struct share_stat stat;
    int failure = made_path(ninep, &path);

    if (failure)
        return failure;
    if (type && type != SHARE_TYPE_FILE)
        return share_read_only(ninep->share) ? NINEP_EROFS : NINEP_EPERM;
    failure = share_file_create(ninep->share, path, SHARE_OPEN_WRITE | SHARE_OPEN_EXCLUSIVE, ninep->request.mode, &file,
                                &stat);
    if (failure)
        return failure;
    share_file_unref(file);
    struct ninep_qid qid = ninep_qid_of(ninep, &stat);
    ninep_put_qid(ninep->reply, &qid);
    return 0;
}

int ninep_link(struct ninep *ninep)
{
    g_autofree char *path = NULL;
    struct ninep_fid *from;
    int failure = made_path(ninep, &path);

    if (!failure)
        failure = ninep_find(ninep, ninep->request.second_fid, &from);
    return failure ? failure : share_link(ninep->share, from->path, path);
}

int ninep_readlink(struct ninep *ninep)
{
    g_autofree char *target = NULL;
    struct ninep_fid *fid;
    int failure = ninep_find(ninep, ninep->request.fid, &fid);

    if (!failure)
        failure = share_readlink(ninep->share, fid->path, &target);
    if (!failure)
        ninep_put_string(ninep->reply, target);
    return failure;
}

static int rename_all(struct ninep *ninep, const char *from, const char *to)
{
    int failure = ninep_fids_room_to_rename(ninep->fids, from, to);

    return failure ? failure : share_rename(ninep->share, from, to);
}

int ninep_rename(struct ninep *ninep)
{
    g_autofree char *to = NULL;
    struct ninep_fid *fid;
    int failure = ninep_find(ninep, ninep->request.fid, &fid);

    if (!failure)
        failure = ninep_child(ninep, ninep->request.second_fid, ninep->request.name, false, &to);
    return failure ? failure : rename_all(ninep, fid->path, to);
}

int ninep_renameat(struct ninep *ninep)
{
    const struct ninep_request *request = &ninep->request;
    g_autofree char *from = NULL, *to = NULL;
    int failure = ninep_child(ninep, request->fid, request->name, false, &from);

    if (!failure)
        failure = ninep_child(ninep, request->second_fid, request->second_name, false, &to);
    return failure ? failure : rename_all(ninep, from, to);
}

int ninep_unlinkat(struct ninep *ninep)
{
    g_autofree char *path = NULL;
    int failure = ninep_child(ninep, ninep->request.fid, ninep->request.name, false, &path);

    if (!failure && ninep->request.flags & ~(uint32_t)REMOVE_FOLDER)
        failure = NINEP_EINVAL;
    return failure ? failure : share_unlink(ninep->share, path, ninep->request.flags & REMOVE_FOLDER);
}

int ninep_remove(struct ninep *ninep)
{
    struct share_stat stat;
    struct ninep_fid *fid;
    int failure = ninep_find(ninep, ninep->request.fid, &fid);

    if (!failure && !*fid->path)
        failure = NINEP_EPERM; /* the share itself */
    if (!failure)
        failure = share_stat(ninep->share, fid->path, &stat);
    if (failure)
        return failure;
    return share_unlink(ninep->share, fid->path, (stat.mode & SHARE_TYPE_MASK) == SHARE_TYPE_FOLDER);
}
