/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `--gdb ADDRESS`: a machine that runs by itself until GDB or LLDB connects, and under their control from then on. */
#ifndef GALVANIC_DEBUG_GDB_SERVER_H
#define GALVANIC_DEBUG_GDB_SERVER_H

#include "debug/debugger.h"

struct gdb_server;

/*
 * Listens at @address (emu/host/socket.h).  @monitor executes a line of `monitor`, its text to be freed; may be NULL.  NULL with
 * @error.  The debugger outlives the server.
 */
struct gdb_server *gdb_server_new(struct debugger *debugger, const char *address,
                                  char *(*monitor)(void *opaque, const char *line), void *opaque, GError **error);
void gdb_server_free(struct gdb_server *server);
/*
 * Runs the machine to its end; @wait: not an instruction before a client has come.  MACHINE_STOP_REQUEST when the client killed it.
 * A trap that nobody looks at waits for a client too.
 *
 * @standing  called several times a second while the guest stands still, for what else wants attention then; true: the run is
 *            over (MACHINE_STOP_REQUEST).  May be NULL.  It is passed the opaque of gdb_server_new().
 */
enum machine_stop gdb_server_run(struct gdb_server *server, bool wait, bool (*standing)(void *opaque));
/* Where it listens, for people. */
const char *gdb_server_name(const struct gdb_server *server);

#endif
