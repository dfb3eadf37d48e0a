/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GDB's remote serial protocol over a debugger ("Debugging with GDB", appendix E): each packet becomes an answer, without any
 * connection; server.h has that.  CPUs are threads 1, 2, …; `monitor threads processes` adds the guest's own threads, to look at.
 */
#ifndef GALVANIC_DEBUG_GDB_STUB_H
#define GALVANIC_DEBUG_GDB_STUB_H

#include "debug/debugger.h"

struct gdb_stub;

enum gdb_action {
    GDB_ACTION_REPLY,  /* send the reply */
    GDB_ACTION_NO_ACK, /* send the reply, and no acknowledgements from now on */
    GDB_ACTION_RUN,    /* gdb_stub_run(), then send its reply */
    GDB_ACTION_DETACH, /* send the reply; the guest goes on without the client */
    GDB_ACTION_KILL,   /* the run ends */
};

/* @monitor executes a line of `monitor` and returns its text, to be freed; may be NULL. */
struct gdb_stub *gdb_stub_new(struct debugger *debugger, char *(*monitor)(void *opaque, const char *line),
                              void *opaque);
void gdb_stub_free(struct gdb_stub *stub);
/* A client came: forgets what the last one had negotiated. */
void gdb_stub_connect(struct gdb_stub *stub);
/* A client went: its breakpoints go. */
void gdb_stub_disconnect(struct gdb_stub *stub);
/* Any bytes at all are taken as @packet; @reply is appended to. */
enum gdb_action gdb_stub_packet(struct gdb_stub *stub, const char *packet, size_t length, GString *reply);
/* Does what the last packet with GDB_ACTION_RUN asked for; returns at a stop. */
void gdb_stub_run(struct gdb_stub *stub, GString *reply);
/* The machine has ended; @reply of the last gdb_stub_run() says so. */
bool gdb_stub_ended(const struct gdb_stub *stub);

#endif
