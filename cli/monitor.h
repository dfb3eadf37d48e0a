/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor: the debugger's commands beside a guest that runs, over a socket (--monitor) and at the terminal (Ctrl-A c).  A line in,
 * text and a prompt out.  A guest that was stopped waits for `continue`.
 */
#ifndef GALVANIC_CLI_MONITOR_H
#define GALVANIC_CLI_MONITOR_H

#include "emu/machine.h"

struct monitor;
struct session;

#define MONITOR_PROMPT "(galvanic) "

/* For a session whose machine is ready.  Listens where --monitor says; NULL with @error. */
struct monitor *monitor_new(struct session *session, GError **error);
void monitor_free(struct monitor *monitor);
/* Runs the machine to its end. */
enum machine_stop monitor_run(struct monitor *monitor);
/* On the terminal's thread: Ctrl-A c; what is typed goes to the monitor, or to the guest again. */
void monitor_toggle(struct monitor *monitor);
/* On the terminal's thread: true: what was typed was for the monitor. */
bool monitor_typed(struct monitor *monitor, const uint8_t *data, size_t length);
/* Can somebody still say something by the socket? */
bool monitor_may_speak(const struct monitor *monitor);
/* While GDB holds the guest: executes the lines that wait, as when it runs. */
void monitor_look(struct monitor *monitor);
/* GDB's `monitor LINE`; @opaque is the session.  To be freed. */
char *monitor_answer(void *opaque, const char *line);

#endif
