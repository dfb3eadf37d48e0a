/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server for 9P2000.L on a shared folder.  One request is carried out at a time and answered at once, so that Tflush always
 * comes too late, and a lock for which a client would wait is answered as blocked: the client asks again.  Locks hold against
 * the host's programs and other servers, too; those of a client's own fids and processes are told apart by the client.
 */
#ifndef GALVANIC_EMU_HOST_NINEP_H
#define GALVANIC_EMU_HOST_NINEP_H

#include "emu/host/share.h"
#include "emu/state/state.h"

struct ninep;

/* @share stays the caller's and must live as long; NULL: a replay, which only follows what was answered. */
struct ninep *ninep_new(struct share *share);
void ninep_free(struct ninep *ninep);
/* The client has gone: all that it had open is closed. */
void ninep_reset(struct ninep *ninep);

/*
 * Carries out the request in @request, and puts the reply into @reply; its length.  0: there is no request in so few bytes, or
 * no room for the smallest reply.  Data of files goes straight between the file and the spans.
 */
size_t ninep_serve(struct ninep *ninep, const struct host_spans *request, const struct host_spans *reply);
/* The same request was answered so when the run was recorded. */
void ninep_follow(struct ninep *ninep, const struct host_spans *request, const uint8_t *reply, size_t length);
/* For traces: the type of the request, and the error of the reply (0: none) that the last call had. */
void ninep_last(const struct ninep *ninep, unsigned *type, unsigned *error);
/*
 * The work of the last call beside the bytes of its messages, in bytes that are moved in the same time.  The same when the call
 * is followed.
 */
uint64_t ninep_last_cost(const struct ninep *ninep);

/*
 * The client's fids by their paths.  What was open is opened again by its path when it is used.  A file that had been unlinked
 * while open, and one whose name is another file's now, give ESTALE; an extended attribute that was partly written gives EIO.
 * Locks are taken again; a file whose lock somebody else has got meanwhile gives ESTALE.
 */
void ninep_save(struct ninep *ninep, struct state_writer *out);
bool ninep_load(struct ninep *ninep, struct state_reader *in);

#endif
