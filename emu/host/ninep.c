/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's session: requests taken in, carried out, answered; version, attach, walk, clunk.  See ninep.h. */
#include "emu/host/ninep_internal.h"

#include <string.h>

#define NO_FID UINT32_MAX
/* Before a version is agreed upon. */
#define FIRST_MESSAGE 8192

static void host_locks_free(gpointer locks)
{
    share_locks_free(locks);
}

struct ninep *ninep_new(struct share *share)
{
    struct ninep *ninep = g_new0(struct ninep, 1);

    ninep->share = share;
    ninep->fids = ninep_fids_new();
    ninep->host_locks = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, host_locks_free);
    ninep->reply = g_byte_array_new();
    return ninep;
}

void ninep_free(struct ninep *ninep)
{
    if (!ninep)
        return;
    g_hash_table_unref(ninep->host_locks);
    ninep_fids_free(ninep->fids);
    ninep_request_clear(&ninep->request);
    g_byte_array_unref(ninep->reply);
    g_free(ninep->head);
    g_free(ninep);
}

void ninep_reset(struct ninep *ninep)
{
    ninep_fids_reset(ninep->fids);
    ninep_release_locks(ninep);
}

void ninep_last(const struct ninep *ninep, unsigned *type, unsigned *error)
{
    *type = ninep->request.type;
    *error = ninep->last_error;
}

uint64_t ninep_last_cost(const struct ninep *ninep)
{
    return ninep->last_cost;
}

void ninep_save(struct ninep *ninep, struct state_writer *out)
{
    ninep_fids_save(ninep->fids, out);
}

bool ninep_load(struct ninep *ninep, struct state_reader *in)
{
    g_hash_table_remove_all(ninep->host_locks);
    ninep->retake_locks = ninep->share != NULL;
    return ninep_fids_load(ninep->fids, in);
}

/* --- what operations need --- */

int ninep_find(struct ninep *ninep, uint32_t number, struct ninep_fid **fid)
{
    *fid = ninep_fids_find(ninep->fids, number);
    return *fid && ((*fid)->kind == NINEP_FID_FILE || (*fid)->kind == NINEP_FID_OPEN) ? 0 : NINEP_EBADF;
}

/* Opens the file of a restored fid again; not another one that bears its name now. */
static int open_again(struct ninep *ninep, struct ninep_fid *fid)
{
    unsigned flags = fid->flags & ~(unsigned)(SHARE_OPEN_CREATE | SHARE_OPEN_EXCLUSIVE | SHARE_OPEN_TRUNCATE);
    struct share_stat stat;

    if (share_file_open(ninep->share, fid->path, flags, &fid->file, &stat))
        return NINEP_ESTALE;
    if (ninep_qid_of(ninep, &stat).path == fid->qid_path)
        return 0;
    share_file_unref(g_steal_pointer(&fid->file));
    return NINEP_ESTALE;
}

int ninep_find_open(struct ninep *ninep, uint32_t number, struct ninep_fid **fid)
{
    *fid = ninep_fids_find(ninep->fids, number);
    if (!*fid || (*fid)->kind != NINEP_FID_OPEN)
        return NINEP_EBADF;
    if ((*fid)->lost)
        return NINEP_ESTALE;
    return (*fid)->file ? 0 : open_again(ninep, *fid);
}

static int check_name(const char *name, bool made)
{
    if (!*name || strchr(name, '/'))
        return NINEP_ENOENT;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return made ? NINEP_EEXIST : NINEP_EINVAL;
    return 0;
}

int ninep_child(struct ninep *ninep, uint32_t number, const char *name, bool made, char **path)
{
    struct ninep_fid *fid;
    int failure = ninep_find(ninep, number, &fid);

    if (!failure)
        failure = check_name(name, made);
    if (!failure && strlen(fid->path) + strlen(name) >= NINEP_LONGEST_PATH)
        failure = NINEP_ENAMETOOLONG;
    if (!failure)
        *path = ninep_path_join(fid->path, name);
    return failure;
}

struct ninep_qid ninep_qid_of(struct ninep *ninep, const struct share_stat *stat)
{
    uint32_t type = stat->mode & SHARE_TYPE_MASK;
    struct ninep_qid qid = {
        .type = type == SHARE_TYPE_FOLDER    ? NINEP_QID_DIRECTORY
                : type == SHARE_TYPE_SYMLINK ? NINEP_QID_SYMLINK
                                             : 0,
        .version =
            (uint32_t)(stat->modified.seconds ^ stat->modified.nanoseconds << 2 ^ stat->size << 8 ^ stat->size >> 24),
        .path = stat->inode,
    };

    if (stat->device != share_device(ninep->share)) /* numbers of another file system may be the same */
        qid.path ^= stat->device * UINT64_C(0x9E3779B97F4A7C15);
    return qid;
}

/* --- the session --- */

static int version(struct ninep *ninep)
{
    const struct ninep_request *request = &ninep->request;
    bool known = strcmp(request->name, NINEP_VERSION) == 0;

    if (request->msize < NINEP_SMALLEST)
        return NINEP_EMSGSIZE;
    ninep_put_u32(ninep->reply, MIN(request->msize, (uint32_t)NINEP_LARGEST));
    ninep_put_string(ninep->reply, known ? NINEP_VERSION : "unknown");
    return 0;
}

static int authenticate(struct ninep *ninep)
{
    return NINEP_EOPNOTSUPP; /* none is wanted */
}

static int attach(struct ninep *ninep)
{
    const struct ninep_request *request = &ninep->request;
    struct share_stat stat;

    if (ninep_fids_find(ninep->fids, request->fid) || request->second_fid != NO_FID)
        return NINEP_EBADF;
    int failure = ninep_fids_room(ninep->fids, "");

    if (!failure)
        failure = share_stat(ninep->share, "", &stat);
    if (failure)
        return failure;
    struct ninep_qid qid = ninep_qid_of(ninep, &stat);
    ninep_put_qid(ninep->reply, &qid);
    return 0;
}

/* One step from @path, which becomes the new path. */
static int step(struct ninep *ninep, char **path, const char *name, struct ninep_qid *qid)
{
    struct share_stat stat = {0};
    int failure = strcmp(name, "..") == 0 ? share_stat(ninep->share, *path, &stat) : check_name(name, false);

    if (failure)
        return failure == NINEP_EINVAL ? NINEP_ENOENT : failure; /* "." is no name of anything */
    if (strcmp(name, "..") == 0 && (stat.mode & SHARE_TYPE_MASK) != SHARE_TYPE_FOLDER)
        return NINEP_ENOTDIR; /* only folders have a parent */
    if (strlen(*path) + strlen(name) >= NINEP_LONGEST_PATH)
        return NINEP_ENAMETOOLONG;
    char *next = ninep_path_join(*path, name);

    g_free(*path);
    *path = next;
    failure = share_stat(ninep->share, next, &stat);
    if (!failure)
        *qid = ninep_qid_of(ninep, &stat);
    return failure;
}

static int walk(struct ninep *ninep)
{
    const struct ninep_request *request = &ninep->request;
    struct ninep_fid *fid;
    int failure = ninep_find(ninep, request->fid, &fid);

    if (failure)
        return failure;
    if (request->second_fid != request->fid && ninep_fids_find(ninep->fids, request->second_fid))
        return NINEP_EBADF;
    if (NINEP_HEADER + 2 + 13u * request->names > ninep->limit)
        return NINEP_EMSGSIZE;
    if (ninep_walk_bytes(fid->path, request) > NINEP_WALK)
        return NINEP_ENAMETOOLONG;
    g_autofree char *path = g_strdup(fid->path);
    unsigned walked = 0;

    ninep_put_u16(ninep->reply, 0);
    for (; walked < request->names; walked++) {
        struct ninep_qid qid;

        failure = step(ninep, &path, request->walk[walked], &qid);
        if (failure)
            break;
        ninep_put_qid(ninep->reply, &qid);
    }
    if (failure && walked == 0)
        return failure;
    if (!failure)
        failure = ninep_fids_room(ninep->fids, path);
    if (failure && walked == request->names)
        return failure;
    ninep->reply->data[NINEP_HEADER] = (uint8_t)walked;
    ninep->reply->data[NINEP_HEADER + 1] = (uint8_t)(walked >> 8);
    return 0;
}

static int clunk(struct ninep *ninep)
{
    struct ninep_fid *fid = ninep_fids_find(ninep->fids, ninep->request.fid);

    if (!fid)
        return NINEP_EBADF;
    return fid->kind == NINEP_FID_XATTR_WRITE ? ninep_xattr_commit(ninep, fid) : 0;
}

static int flush(struct ninep *ninep)
{
    return 0;
}

/* --- requests --- */

static ninep_operation *const operations[NINEP_TYPES] = {
    [NINEP_TSTATFS] = ninep_statfs,
    [NINEP_TLOPEN] = ninep_lopen,
    [NINEP_TLCREATE] = ninep_lcreate,
    [NINEP_TSYMLINK] = ninep_symlink,
    [NINEP_TMKNOD] = ninep_mknod,
    [NINEP_TRENAME] = ninep_rename,
    [NINEP_TREADLINK] = ninep_readlink,
    [NINEP_TGETATTR] = ninep_getattr,
    [NINEP_TSETATTR] = ninep_setattr,
    [NINEP_TXATTRWALK] = ninep_xattrwalk,
    [NINEP_TXATTRCREATE] = ninep_xattrcreate,
    [NINEP_TREADDIR] = ninep_readdir,
    [NINEP_TFSYNC] = ninep_fsync,
    [NINEP_TLOCK] = ninep_lock,
    [NINEP_TGETLOCK] = ninep_getlock,
    [NINEP_TLINK] = ninep_link,
    [NINEP_TMKDIR] = ninep_mkdir,
    [NINEP_TRENAMEAT] = ninep_renameat,
    [NINEP_TUNLINKAT] = ninep_unlinkat,
    [NINEP_TVERSION] = version,
    [NINEP_TAUTH] = authenticate,
    [NINEP_TATTACH] = attach,
    [NINEP_TFLUSH] = flush,
    [NINEP_TWALK] = walk,
    [NINEP_TREAD] = ninep_read,
    [NINEP_TWRITE] = ninep_write,
    [NINEP_TCLUNK] = clunk,
    [NINEP_TREMOVE] = ninep_remove,
};

/* Copies the request out of the spans and decodes it; its header is there in any case. */
static int take(struct ninep *ninep, const struct host_spans *spans)
{
    uint8_t header[NINEP_HEADER];
    size_t there = host_spans_length(spans);
    uint32_t msize = ninep_fids_msize(ninep->fids), limit = msize ? msize : FIRST_MESSAGE;

    host_spans_read(spans, 0, header, sizeof(header));
    uint32_t size = header[0] | (uint32_t)header[1] << 8 | (uint32_t)header[2] << 16 | (uint32_t)header[3] << 24;
    size_t length = header[4] == NINEP_TWRITE ? MIN(size, (uint32_t)NINEP_TWRITE_HEADER) : size;
    int failure = size < NINEP_HEADER || size > there ? NINEP_EINVAL : size > limit ? NINEP_EMSGSIZE : 0;

    if (failure)
        length = NINEP_HEADER;
    if (ninep->head_room <= length) {
        ninep->head_room = length + 1024;
        ninep->head = g_realloc(ninep->head, ninep->head_room);
    }
    host_spans_read(spans, 0, ninep->head, length);
    int malformed = ninep_decode(&ninep->request, ninep->head, length);

    if (!failure && malformed)
        failure = malformed;
    if (!failure && ninep->request.type == NINEP_TWRITE && ninep->request.count > size - NINEP_TWRITE_HEADER)
        failure = NINEP_EINVAL;
    return failure;
}

static int execute(struct ninep *ninep)
{
    if (!ninep->share)
        return NINEP_EIO;
    if (!ninep_fids_msize(ninep->fids) && ninep->request.type != NINEP_TVERSION)
        return NINEP_EPROTO;
    return operations[ninep->request.type](ninep);
}

static void error_reply(struct ninep *ninep, int failure)
{
    ninep->data = 0;
    ninep_begin(ninep->reply, NINEP_RLERROR, ninep->request.tag);
    ninep_put_u32(ninep->reply, (uint32_t)failure);
}

/* What was opened or read for a fid belongs to it now. */
static void hand_over(struct ninep *ninep, int failure)
{
    const struct ninep_request *request = &ninep->request;
    struct ninep_fid *fid =
        failure ? NULL
                : ninep_fids_find(ninep->fids, request->type == NINEP_TXATTRWALK ? request->second_fid : request->fid);

    if (ninep->opened && fid) {
        share_file_unref(fid->file);
        fid->file = g_steal_pointer(&ninep->opened);
    }
    if (ninep->value && fid)
        ninep_fids_set_value(ninep->fids, fid, g_steal_pointer(&ninep->value));
    share_file_unref(g_steal_pointer(&ninep->opened));
    g_clear_pointer(&ninep->value, g_byte_array_unref);
}

/* Of the reply, the first @length bytes are at hand. */
static void follow(struct ninep *ninep, const uint8_t *reply, size_t length, size_t whole)
{
    ninep->last_cost = ninep_cost(ninep->fids, &ninep->request, whole);
    ninep_fids_follow(ninep->fids, &ninep->request, reply, length);
}

size_t ninep_serve(struct ninep *ninep, const struct host_spans *request, const struct host_spans *reply)
{
    size_t room = host_spans_length(reply);

    if (host_spans_length(request) < NINEP_HEADER || room < NINEP_RLERROR_SIZE)
        return 0;
    int failure = take(ninep, request);
    uint32_t msize = ninep_fids_msize(ninep->fids), agreed = msize ? msize : FIRST_MESSAGE;

    ninep->last_cost = 0;
    ninep->in = request;
    ninep->out = reply;
    ninep->data = 0;
    ninep->limit = room < agreed ? (uint32_t)room : agreed;
    ninep_begin(ninep->reply, ninep->request.type + 1, ninep->request.tag);
    bool taken = !failure;

    if (ninep->retake_locks && ninep->share)
        ninep_retake_locks(ninep);
    ninep->retake_locks = false;
    if (taken)
        failure = execute(ninep);
    if (!failure && ninep->reply->len + ninep->data > ninep->limit)
        failure = NINEP_EMSGSIZE;
    if (failure)
        error_reply(ninep, failure);
    ninep_end(ninep->reply, ninep->data);
    host_spans_write(reply, 0, ninep->reply->data, ninep->reply->len);
    ninep->last_error = (unsigned)failure;
    if (taken)
        follow(ninep, ninep->reply->data, ninep->reply->len, ninep->reply->len + ninep->data);
    ninep_release_locks(ninep);
    hand_over(ninep, failure);
    return ninep->reply->len + ninep->data;
}

void ninep_follow(struct ninep *ninep, const struct host_spans *request, const uint8_t *reply, size_t length)
{
    ninep->last_cost = 0;
    if (host_spans_length(request) < NINEP_HEADER || take(ninep, request))
        return;
    follow(ninep, reply, length, length);
    ninep_release_locks(ninep);
}
