/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user's terminal, pipe or file on standard input and output as a serial console.  A thread reads; Ctrl-A is the
 * escape key that people know from QEMU's `-serial mon:stdio`.
 */
#ifndef GALVANIC_EMU_HOST_TERMINAL_H
#define GALVANIC_EMU_HOST_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct terminal;

struct terminal_handlers {
    void (*input)(void *opaque, const uint8_t *data, size_t length); /* on the reading thread */
    void (*command)(void *opaque, char key);                         /* Ctrl-A KEY, on the reading thread */
    void (*interrupt)(void *opaque); /* Ctrl-C at a terminal, on the reading thread; NULL: the guest gets it */
    void *opaque;
};

/* Starts reading; a terminal is put into raw mode until terminal_free(), and at any exit of the process. */
struct terminal *terminal_new(const struct terminal_handlers *handlers);
void terminal_free(struct terminal *terminal);
/* Leaves standard input, and the terminal's mode, to somebody else, and takes them back.  Calls do not nest. */
void terminal_pause(struct terminal *terminal);
void terminal_resume(struct terminal *terminal);
/* Can more input come?  False after end of file, and for /dev/null from the start. */
bool terminal_may_speak(const struct terminal *terminal);
/* Writes to standard output; buffered until terminal_flush() or a newline or 20 ms. */
void terminal_write(struct terminal *terminal, const uint8_t *data, size_t length);
void terminal_flush(struct terminal *terminal);
/* Is standard input a terminal? */
bool terminal_interactive(const struct terminal *terminal);
/* Does a person see standard output, standard error? */
bool terminal_output_is_seen(void);
bool terminal_errors_are_seen(void);

#endif
