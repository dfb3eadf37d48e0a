/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the 9P server share; nobody else includes this. */
#ifndef GALVANIC_EMU_HOST_NINEP_INTERNAL_H
#define GALVANIC_EMU_HOST_NINEP_INTERNAL_H

#include "emu/host/ninep.h"
#include "emu/host/ninep_fids.h"
#include "emu/host/ninep_message.h"

struct ninep {
    struct share *share;
    struct ninep_fids *fids;
    GHashTable *host_locks; /* path of a qid -> struct share_locks, of the files that the client has locks on */
    bool retake_locks;      /* a restored state has some that the host does not know of yet */
    uint8_t *head;          /* the request, without a Twrite's data */
    size_t head_room;
    unsigned last_error;
    uint64_t last_cost;

    /* while a request is carried out: */
    struct ninep_request request;
    const struct host_spans *in, *out;
    GByteArray *reply; /* header and fields; of Rread, the data stand in @out already: */
    uint32_t data;
    uint32_t limit;            /* bytes that the reply may have */
    struct share_file *opened; /* for the fid that the request opens */
    GByteArray *value;         /* for the fid that the request makes */
};

/* Carries a request out: its fields are put into the reply behind the header; 0 or a Linux error number. */
typedef int ninep_operation(struct ninep *ninep);

/* The fid of that number, not one of an extended attribute; EBADF. */
int ninep_find(struct ninep *ninep, uint32_t number, struct ninep_fid **fid);
/* And one that is open; its file is opened again if a restored state has lost it. */
int ninep_find_open(struct ninep *ninep, uint32_t number, struct ninep_fid **fid);
/* The path of @name in the folder @number; @made: for something new.  To be freed; errors: a name that cannot be. */
int ninep_child(struct ninep *ninep, uint32_t number, const char *name, bool made, char **path);
struct ninep_qid ninep_qid_of(struct ninep *ninep, const struct share_stat *stat);

ninep_operation ninep_lopen, ninep_lcreate, ninep_read, ninep_write, ninep_fsync, ninep_readdir;
ninep_operation ninep_symlink, ninep_mknod, ninep_rename, ninep_readlink, ninep_link, ninep_mkdir, ninep_renameat;
ninep_operation ninep_unlinkat, ninep_remove;
ninep_operation ninep_getattr, ninep_setattr, ninep_statfs, ninep_xattrwalk, ninep_xattrcreate, ninep_lock,
    ninep_getlock;
/* The paths that a walk from @path looks up, in bytes; an upper limit. */
uint64_t ninep_walk_bytes(const char *path, const struct ninep_request *request);
/* Before the table follows: what @request and its @reply of so many bytes have cost, see ninep_last_cost(). */
uint64_t ninep_cost(const struct ninep_fids *fids, const struct ninep_request *request, size_t reply);
/* At the clunk of a fid that an extended attribute was written to. */
int ninep_xattr_commit(struct ninep *ninep, const struct ninep_fid *fid);
/* Lets the host's locks go that the client's messages have released. */
void ninep_release_locks(struct ninep *ninep);
/* Takes those of a restored state again; a fid whose lock somebody else has got meanwhile is stale. */
void ninep_retake_locks(struct ninep *ninep);

#endif
