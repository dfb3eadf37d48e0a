/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Automation on the serial console: --expect, --send, --until and --script, in the order of the command line.
 * What is sent arrives at the instruction at which the expected text was complete: the same in every run.
 */
#ifndef GALVANIC_CLI_AUTOMATION_H
#define GALVANIC_CLI_AUTOMATION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "emu/machine.h"

struct automation;

struct automation *automation_new(void);
void automation_free(struct automation *automation);
/* Appends a step; false with @error: a REGEX or an escape that is wrong. */
bool automation_expect(struct automation *automation, const char *regex, GError **error);
bool automation_until(struct automation *automation, const char *regex, GError **error);
bool automation_send(struct automation *automation, const char *text, GError **error);
bool automation_wait(struct automation *automation, const char *duration, GError **error);
/* A file of lines `expect REGEX`, `send TEXT`, `wait DURATION`, `until REGEX`; # begins a comment. */
bool automation_script(struct automation *automation, const char *path, GError **error);

/* Sends go to @source of @machine; call before the machine runs. */
void automation_attach(struct automation *automation, struct machine *machine, struct journal_source *source);
/* What the guest wrote on its console; on the engine thread. */
void automation_output(struct automation *automation, const uint8_t *data, size_t length);
/* There are steps, and all are done; an `until` was met. */
bool automation_empty(const struct automation *automation);
bool automation_done(const struct automation *automation);
bool automation_met_until(const struct automation *automation);
/* The step that is waited for, for people ("--expect login:"); NULL when done. */
const char *automation_waiting_for(const struct automation *automation);

#endif
