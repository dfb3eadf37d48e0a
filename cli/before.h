/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a recording keeps of the files that the run changes: the old contents of disk clusters, and the EFI variables at
 * the start.  A replay puts them back into its temporary overlay.
 */
#ifndef GALVANIC_CLI_BEFORE_H
#define GALVANIC_CLI_BEFORE_H

#include "cli/session.h"

/* Makes the journal's sources; the same in record and replay.  Before journal_record(). */
void before_add_sources(struct session *session);
/* In a recording, after journal_record(): from now on what is overwritten is kept. */
void before_start_keeping(struct session *session);
/* In a replay of @path, when the disks are open (with overlays). */
bool before_restore_disks(struct session *session, const char *path, GError **error);
/*
 * In a replay: a temporary file with the variables as they were, to be unlinked and freed by the caller; NULL without @error:
 * there were none.
 */
char *before_restore_variables(const char *path, GError **error);

#endif
