/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines from the user: edited, with history and completion at a terminal; plain ones from anything else. */
#ifndef GALVANIC_EMU_HOST_LINE_EDITOR_H
#define GALVANIC_EMU_HOST_LINE_EDITOR_H

#include <glib.h>
#include <stddef.h>

struct line_editor;

/*
 * @prompt    shown at a terminal; kept by reference
 * @history   name of the file that keeps it, in the user's data folder
 * @complete  candidates for the word before the cursor, freed here with their texts; @start: where that word begins in @line
 */
struct line_editor *line_editor_new(const char *prompt, const char *history,
                                    GPtrArray *(*complete)(void *opaque, const char *line, size_t *start),
                                    void *opaque);
void line_editor_free(struct line_editor *editor);
/* The next line without its end, to be freed; NULL: there is no more. */
char *line_editor_read(struct line_editor *editor);

#endif
