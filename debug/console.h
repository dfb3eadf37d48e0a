/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The debugger's commands: a line in, text out.  The prompt, scripts, the monitor and GDB's `monitor` all use this; names are those
 * of gdb and of QEMU's monitor.  All calls on the engine thread.
 */
#ifndef GALVANIC_DEBUG_CONSOLE_H
#define GALVANIC_DEBUG_CONSOLE_H

#include "debug/debugger.h"

struct console;
struct traps;

enum console_result {
    CONSOLE_DONE,
    CONSOLE_FAILED,  /* the text says why */
    CONSOLE_RUNNING, /* the guest runs: `stop` has to come first */
    CONSOLE_STOP,    /* `stop` while the guest runs: the caller stops it */
    CONSOLE_QUIT,
};

/* @write gets all text as it comes, in pieces of whole lines.  @traps may be NULL. */
struct console *console_new(struct debugger *debugger, struct traps *traps,
                            void (*write)(void *opaque, const char *text), void *opaque);
void console_free(struct console *console);
/* Where text goes from now on. */
void console_redirect(struct console *console, void (*write)(void *opaque, const char *text), void *opaque);
/* Called around each stretch in which the guest runs for a command: the terminal belongs to the guest meanwhile. */
void console_set_running_handler(struct console *console, void (*running)(void *opaque, bool runs), void *opaque);
void console_set_colour(struct console *console, bool colour);

/*
 * Executes a line; an empty one repeats the last step, look at memory or list.  Commands that let the guest run return at its next
 * stop.
 */
enum console_result console_execute(struct console *console, const char *line);
/* While the guest runs: what does not need it to stand still. */
enum console_result console_execute_running(struct console *console, const char *line);
/* A file of commands, one a line, # begins a comment; ends at the first that fails.  False with @error. */
bool console_script(struct console *console, const char *path, GError **error);
/* Tells where and why the guest stopped. */
void console_show_stop(struct console *console, enum debugger_stop stop);
/* The guest has ended: what the machine said last; MACHINE_STOP_NONE: it can still go on. */
enum machine_stop console_ended(const struct console *console);
/* Candidates for the word before the cursor, to be freed with its texts; @start: where that word begins. */
GPtrArray *console_complete(struct console *console, const char *line, size_t *start);

#endif
