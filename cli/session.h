/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One machine with its ends on the host: disks, console, automation, recording, statistics.  `run` and `replay` are both made
 * of this.
 */
#ifndef GALVANIC_CLI_SESSION_H
#define GALVANIC_CLI_SESSION_H

#include <stdbool.h>
#include <stdio.h>
#include <xxhash.h>

#include "boards/board.h"
#include "cli/inside.h"
#include "cli/monitor.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/target.h"
#include "debug/gdb/server.h"
#include "emu/host/socket.h"
#include "emu/host/terminal.h"

struct session {
    const struct run_options *options;
    struct target target;
    const char *replaying; /* the recording that is replayed: nothing else comes from outside; NULL: an ordinary run */
    struct machine *machine;
    struct board *board;
    struct block *disks[BOARD_DISKS];
    unsigned disk_count;
    struct share *shares[BOARD_SHARES]; /* none in a replay */
    struct terminal *terminal;
    struct net *net; /* NULL: there is none, or a replay, which needs none */
    FILE *serial_file;
    struct socket_server *serial_socket;
    struct progress *progress;
    struct gdb_server *gdb;
    struct monitor *monitor;
    struct debugger *interrupt;                 /* whom Ctrl-C stops; NULL: the guest gets it */
    enum machine_stop (*control)(void *opaque); /* instead of a plain run; NULL: that */
    void *control_opaque;
    XXH3_state_t *serial_hash; /* of all that the guest wrote on its console */
    char *variable_store;
    bool variable_store_temporary;
    struct journal_source *disk_before[BOARD_DISKS], *variables_before;
    struct inside *inside; /* NULL: nobody looks into the guest */
    bool quit;             /* the user asked: Ctrl-A x, window closed */
    int64_t started;       /* wall ns */
};

/* Builds everything, up to the moment before the first instruction.  False with @error. */
bool session_open(struct session *session, const struct run_options *options, const char *replaying, GError **error);
/* Runs to the end, with a window if one is asked for. */
enum machine_stop session_run(struct session *session);
/* Says on stderr why the run ended (nothing for the expected ends); returns the exit status of the program. */
int session_conclude(struct session *session, enum machine_stop reason);
void session_close(struct session *session);
uint64_t session_serial_hash(const struct session *session);
/* Ends a recording, writes what --screenshot and --stats ask for.  False with the first @error. */
bool session_write_results(struct session *session, enum machine_stop reason, int status, GError **error);
/* Writes the JSON of --stats.  False with @error. */
bool session_write_stats(struct session *session, enum machine_stop reason, int status, GError **error);

/* Errors of the program: "galvanic: MESSAGE" on stderr; returns 1, the exit status. */
int report_error(const GError *error);

#endif
