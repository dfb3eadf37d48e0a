/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See ninep_fids.h. */
#include "emu/host/ninep_fids.h"

#include <string.h>

struct ninep_fids {
    uint32_t msize;
    GHashTable *table; /* number -> struct ninep_fid */
    uint64_t path_bytes;
    uint64_t value_bytes; /* no state */
    struct ninep_locks *locks;
};

char *ninep_path_parent(const char *path)
{
    const char *slash = strrchr(path, '/');

    return g_strndup(path, slash ? (gsize)(slash - path) : 0);
}

char *ninep_path_join(const char *path, const char *name)
{
    if (strcmp(name, "..") == 0)
        return ninep_path_parent(path);
    return *path ? g_strconcat(path, "/", name, NULL) : g_strdup(name);
}

static void fid_free(gpointer data)
{
    struct ninep_fid *fid = data;

    share_file_unref(fid->file);
    if (fid->value)
        g_byte_array_unref(fid->value);
    g_free(fid->path);
    g_free(fid->attribute);
    g_free(fid);
}

struct ninep_fids *ninep_fids_new(void)
{
    struct ninep_fids *fids = g_new0(struct ninep_fids, 1);

    fids->table = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, fid_free);
    fids->locks = ninep_locks_new();
    return fids;
}

void ninep_fids_free(struct ninep_fids *fids)
{
    g_hash_table_unref(fids->table);
    ninep_locks_free(fids->locks);
    g_free(fids);
}

void ninep_fids_reset(struct ninep_fids *fids)
{
    g_hash_table_remove_all(fids->table);
    fids->msize = 0;
    fids->path_bytes = 0;
    fids->value_bytes = 0;
    ninep_locks_clear(fids->locks);
}

uint64_t ninep_fids_count(const struct ninep_fids *fids)
{
    return g_hash_table_size(fids->table);
}

uint64_t ninep_fids_path_bytes(const struct ninep_fids *fids)
{
    return fids->path_bytes;
}

uint32_t ninep_fids_msize(const struct ninep_fids *fids)
{
    return fids->msize;
}

struct ninep_locks *ninep_fids_locks(const struct ninep_fids *fids)
{
    return fids->locks;
}

struct ninep_fid *ninep_fids_find(const struct ninep_fids *fids, uint32_t number)
{
    return g_hash_table_lookup(fids->table, GUINT_TO_POINTER(number));
}

int ninep_fids_room(const struct ninep_fids *fids, const char *path)
{
    size_t length = strlen(path);

    if (length > NINEP_LONGEST_PATH)
        return NINEP_ENAMETOOLONG;
    return g_hash_table_size(fids->table) < NINEP_FIDS && fids->path_bytes + length <= NINEP_PATHS ? 0 : NINEP_ENFILE;
}

int ninep_fids_room_to_grow(const struct ninep_fids *fids, const char *path, const char *longer)
{
    if (strlen(longer) > NINEP_LONGEST_PATH)
        return NINEP_ENAMETOOLONG;
    return fids->path_bytes - strlen(path) + strlen(longer) <= NINEP_PATHS ? 0 : NINEP_ENFILE;
}

/* @path is @folder, of @length bytes, or below it. */
static bool is_at_or_below(const char *path, const char *folder, size_t length)
{
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length]);
}

int ninep_fids_room_to_rename(const struct ninep_fids *fids, const char *from, const char *to)
{
    size_t old = strlen(from), new = strlen(to);
    uint64_t bytes = fids->path_bytes;
    GHashTableIter iterator;
    gpointer value;

    g_hash_table_iter_init(&iterator, fids->table);
    while (new > old && g_hash_table_iter_next(&iterator, NULL, &value)) {
        const char *path = ((const struct ninep_fid *)value)->path;

        if (!is_at_or_below(path, from, old))
            continue;
        bytes += new - old;
        if (strlen(path) - old + new > NINEP_LONGEST_PATH)
            return NINEP_ENAMETOOLONG;
    }
    return bytes <= NINEP_PATHS ? 0 : NINEP_ENFILE;
}

/* Takes @path over. */
static void set_path(struct ninep_fids *fids, struct ninep_fid *fid, char *path)
{
    fids->path_bytes += strlen(path);
    fids->path_bytes -= fid->path ? strlen(fid->path) : 0;
    g_free(fid->path);
    fid->path = path;
}

static size_t value_bytes(const struct ninep_fid *fid)
{
    return fid->value ? fid->value->len : 0;
}

int ninep_fids_room_for_value(const struct ninep_fids *fids, size_t bytes)
{
    return fids->value_bytes + bytes <= NINEP_VALUES ? 0 : NINEP_ENOMEM;
}

void ninep_fids_set_value(struct ninep_fids *fids, struct ninep_fid *fid, GByteArray *value)
{
    fids->value_bytes -= value_bytes(fid);
    if (fid->value)
        g_byte_array_unref(fid->value);
    fid->value = value;
    fids->value_bytes += value_bytes(fid);
}

int ninep_fids_lengthen_value(struct ninep_fids *fids, struct ninep_fid *fid, size_t length)
{
    size_t before = value_bytes(fid);

    if (length <= before)
        return 0;
    int failure = ninep_fids_room_for_value(fids, length - before);

    if (failure)
        return failure;
    if (!fid->value)
        fid->value = g_byte_array_new();
    g_byte_array_set_size(fid->value, (guint)length);
    memset(fid->value->data + before, 0, length - before);
    fids->value_bytes += length - before;
    return 0;
}

/* The fid is going to be freed. */
static void forget(struct ninep_fids *fids, const struct ninep_fid *fid)
{
    fids->path_bytes -= strlen(fid->path);
    fids->value_bytes -= value_bytes(fid);
    ninep_locks_drop(fids->locks, fid->number);
}

/* Takes @path over; the fid of that number is a new one. */
static struct ninep_fid *add(struct ninep_fids *fids, uint32_t number, char *path)
{
    struct ninep_fid *old = ninep_fids_find(fids, number), *fid = g_new0(struct ninep_fid, 1);

    if (old)
        forget(fids, old);
    fid->number = number;
    set_path(fids, fid, path);
    g_hash_table_replace(fids->table, GUINT_TO_POINTER(number), fid);
    return fid;
}

static void drop(struct ninep_fids *fids, uint32_t number)
{
    const struct ninep_fid *fid = ninep_fids_find(fids, number);

    if (!fid)
        return;
    forget(fids, fid);
    g_hash_table_remove(fids->table, GUINT_TO_POINTER(number));
}

/* --- what messages do --- */

static uint64_t little(const uint8_t *bytes, unsigned count)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < count; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

/* Rversion: msize[4] version[s]; "unknown" leaves no session. */
static void follow_version(struct ninep_fids *fids, const uint8_t *reply, size_t length)
{
    static const char version[] = NINEP_VERSION;
    size_t text = sizeof(version) - 1;

    ninep_fids_reset(fids);
    if (length == NINEP_HEADER + 6 + text && memcmp(reply + NINEP_HEADER + 6, version, text) == 0)
        fids->msize = (uint32_t)little(reply + NINEP_HEADER, 4);
}

static void follow_walk(struct ninep_fids *fids, const struct ninep_request *request, const uint8_t *reply,
                        size_t length)
{
    const struct ninep_fid *from = ninep_fids_find(fids, request->fid);

    if (!from || length < NINEP_HEADER + 2 || little(reply + NINEP_HEADER, 2) != request->names)
        return;
    char *path = g_strdup(from->path);
    struct share_file *file = request->names == 0 && from->file ? share_file_ref(from->file) : NULL;

    for (unsigned i = 0; i < request->names; i++) {
        char *longer = ninep_path_join(path, request->walk[i]);
        g_free(path);
        path = longer;
    }
    add(fids, request->second_fid, path)->file = file;
}

/* What bore @from now bears @to, with all that is below. */
static void renamed(struct ninep_fids *fids, const char *from, const char *to)
{
    g_autofree char *old = g_strdup(from);
    size_t length = strlen(old);
    GHashTableIter iterator;
    gpointer value;

    if (!length) /* the share itself: no host has done that */
        return;
    g_hash_table_iter_init(&iterator, fids->table);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        struct ninep_fid *fid = value;

        if (is_at_or_below(fid->path, old, length))
            set_path(fids, fid, g_strconcat(to, fid->path + length, NULL));
    }
}

static void follow_rename(struct ninep_fids *fids, const struct ninep_request *request)
{
    const struct ninep_fid *fid = ninep_fids_find(fids, request->fid);
    const struct ninep_fid *folder = ninep_fids_find(fids, request->second_fid);
    bool at = request->type == NINEP_TRENAMEAT;

    if (!fid || !folder)
        return;
    g_autofree char *from = at ? ninep_path_join(fid->path, request->name) : g_strdup(fid->path);
    g_autofree char *to = ninep_path_join(folder->path, at ? request->second_name : request->name);
    renamed(fids, from, to);
}

/* Rlopen, Rlcreate: qid[13] iounit[4] */
static void follow_open(struct ninep_fids *fids, const struct ninep_request *request, const uint8_t *reply,
                        size_t length)
{
    struct ninep_fid *fid = ninep_fids_find(fids, request->fid);

    if (!fid)
        return;
    if (request->type == NINEP_TLCREATE)
        set_path(fids, fid, ninep_path_join(fid->path, request->name));
    fid->kind = NINEP_FID_OPEN;
    fid->flags = request->flags;
    fid->qid_path = length >= NINEP_HEADER + 13 ? little(reply + NINEP_HEADER + 5, 8) : 0;
}

static void follow_xattr(struct ninep_fids *fids, const struct ninep_request *request)
{
    struct ninep_fid *fid = ninep_fids_find(fids, request->fid);

    if (!fid)
        return;
    if (request->type == NINEP_TXATTRWALK) {
        fid = add(fids, request->second_fid, g_strdup(fid->path));
        fid->kind = NINEP_FID_XATTR_READ;
    } else {
        fid->kind = NINEP_FID_XATTR_WRITE;
        fid->flags = request->flags;
        fid->value_length = request->length;
    }
    g_free(fid->attribute);
    fid->attribute = g_strdup(request->name);
}

struct ninep_held ninep_fid_lock(const struct ninep_fid *fid, const struct ninep_request *request)
{
    uint64_t start = request->offset, rest = SHARE_LOCK_END - MIN(start, SHARE_LOCK_END), length = request->length;

    return (struct ninep_held){
        .file = fid->qid_path,
        .fid = fid->number,
        .process = request->mode,
        .lock = {.type = request->lock_type,
                 .start = start,
                 .end = !length             ? SHARE_LOCK_END
                        : length - 1 > rest ? UINT64_MAX
                                            : start + length - 1},
    };
}

/* Rlock: status[1] */
static void follow_lock(struct ninep_fids *fids, const struct ninep_request *request, const uint8_t *reply,
                        size_t length)
{
    const struct ninep_fid *fid = ninep_fids_find(fids, request->fid);

    if (!fid || length < NINEP_HEADER + 1 || reply[NINEP_HEADER] != 0)
        return;
    const struct ninep_held held = ninep_fid_lock(fid, request);

    if (held.lock.start <= held.lock.end && held.lock.end <= SHARE_LOCK_END && held.lock.type <= SHARE_LOCK_NONE)
        ninep_locks_set(fids->locks, &held);
}

void ninep_fids_follow(struct ninep_fids *fids, const struct ninep_request *request, const uint8_t *reply,
                       size_t length)
{
    if (length < NINEP_HEADER)
        return;
    if (request->type == NINEP_TCLUNK || request->type == NINEP_TREMOVE) { /* these end a fid in any case */
        drop(fids, request->fid);
        return;
    }
    if (reply[4] != request->type + 1)
        return;
    switch (request->type) {
    case NINEP_TVERSION:
        follow_version(fids, reply, length);
        break;
    case NINEP_TATTACH:
        add(fids, request->fid, g_strdup(""));
        break;
    case NINEP_TWALK:
        follow_walk(fids, request, reply, length);
        break;
    case NINEP_TLOPEN:
    case NINEP_TLCREATE:
        follow_open(fids, request, reply, length);
        break;
    case NINEP_TLOCK:
        follow_lock(fids, request, reply, length);
        break;
    case NINEP_TRENAME:
    case NINEP_TRENAMEAT:
        follow_rename(fids, request);
        break;
    case NINEP_TXATTRWALK:
    case NINEP_TXATTRCREATE:
        follow_xattr(fids, request);
        break;
    default:
        break;
    }
}

/* --- state --- */

static gint compare(gconstpointer a, gconstpointer b)
{
    const struct ninep_fid *const *first = a, *const *second = b;

    return (*first)->number < (*second)->number ? -1 : 1;
}

void ninep_fids_save(struct ninep_fids *fids, struct state_writer *out)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    GHashTableIter iterator;
    gpointer value;

    g_hash_table_iter_init(&iterator, fids->table);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        g_ptr_array_add(sorted, value);
    g_ptr_array_sort(sorted, compare);
    state_put_u32(out, fids->msize);
    state_put_u32(out, sorted->len);
    for (guint i = 0; i < sorted->len; i++) {
        const struct ninep_fid *fid = g_ptr_array_index(sorted, i);

        state_put_u32(out, fid->number);
        state_put_u32(out, fid->kind);
        state_put_string(out, fid->path);
        state_put_u32(out, fid->flags);
        state_put_string(out, fid->attribute);
        state_put_u64(out, fid->value_length);
        state_put_u64(out, fid->qid_path);
    }
    ninep_locks_save(fids->locks, out);
}

/* No ".", "..", or empty names: those would be taken for other places. */
static bool path_valid(const char *path)
{
    g_auto(GStrv) names = path ? g_strsplit(path, "/", -1) : NULL;

    if (!path || strlen(path) > NINEP_LONGEST_PATH)
        return false;
    for (char **name = names; *name; name++)
        if (!**name || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
            return false;
    return true;
}

static bool load_fid(struct ninep_fids *fids, struct state_reader *in)
{
    uint32_t number = state_get_u32(in), kind = state_get_u32(in);
    char *path = state_get_string(in);
    uint32_t flags = state_get_u32(in);
    g_autofree char *attribute = state_get_string(in);
    uint64_t value_length = state_get_u64(in), qid_path = state_get_u64(in);
    bool is_xattr = kind == NINEP_FID_XATTR_READ || kind == NINEP_FID_XATTR_WRITE;

    if (state_reader_failed(in) || kind > NINEP_FID_XATTR_WRITE || !path_valid(path) || is_xattr != !!attribute ||
        (attribute && strlen(attribute) > NINEP_LONGEST_NAME) || value_length > NINEP_LONGEST_VALUE ||
        ninep_fids_room(fids, path) || ninep_fids_find(fids, number)) {
        g_free(path);
        return false;
    }
    struct ninep_fid *fid = add(fids, number, path);

    fid->kind = kind;
    fid->flags = flags;
    fid->attribute = g_steal_pointer(&attribute);
    fid->value_length = value_length;
    fid->qid_path = qid_path;
    return true;
}

/* Each belongs to a file that is open. */
static bool locks_valid(const struct ninep_fids *fids)
{
    for (unsigned i = 0; i < ninep_locks_count(fids->locks); i++) {
        const struct ninep_held *held = ninep_locks_at(fids->locks, i);
        const struct ninep_fid *fid = ninep_fids_find(fids, held->fid);

        if (!fid || fid->kind != NINEP_FID_OPEN || fid->qid_path != held->file)
            return false;
    }
    return true;
}

bool ninep_fids_load(struct ninep_fids *fids, struct state_reader *in)
{
    ninep_fids_reset(fids);
    uint32_t msize = state_get_u32(in), count = state_get_u32(in);

    if (state_reader_failed(in) || msize > NINEP_LARGEST || (msize && msize < NINEP_SMALLEST))
        return false;
    fids->msize = msize;
    for (uint32_t i = 0; i < count; i++)
        if (!load_fid(fids, in))
            return false;
    return ninep_locks_load(fids->locks, in) && locks_valid(fids);
}
