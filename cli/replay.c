/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `galvanic replay FILE [--verify]`: the recorded run again, from its start. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/inside.h"
#include "cli/session.h"

/* The recording's end: the replay stops at the same count, and must then be in the same state. */
static int compare(struct session *session, const struct journal_end *end, bool verify)
{
    uint64_t instructions = machine_instructions(session->machine);

    if (instructions != end->instructions || machine_now(session->machine) != end->virtual_ns) {
        fprintf(stderr,
                "galvanic: the replay diverged: it ended after %" G_GUINT64_FORMAT
                " instructions, the recording after %" G_GUINT64_FORMAT "\n",
                (guint64)instructions, (guint64)end->instructions);
        return 5;
    }
    if (!verify)
        return 0;
    uint64_t hash = machine_state_hash(session->machine);
    if (end->state_hash && hash != end->state_hash) {
        fprintf(stderr,
                "galvanic: the replay diverged: same count, but state hash %016" G_GINT64_MODIFIER
                "x instead of %016" G_GINT64_MODIFIER "x\n",
                hash, end->state_hash);
        return 5;
    }
    fprintf(stderr, "galvanic: verified: %" G_GUINT64_FORMAT " instructions, state hash %016" G_GINT64_MODIFIER "x\n",
            (guint64)instructions, hash);
    return 0;
}

/*
 * The recorded run may have ended in front of an instruction at which a kernel gives up, or that fails: it is what comes next.  The
 * comparison is done by now.
 */
static void look_behind_end(struct session *session, const struct journal_end *end)
{
    if (!session->inside)
        return;
    machine_set_end(session->machine, end->instructions + 1, end->virtual_ns);
    machine_run(session->machine);
}

/* Somebody at the console or a debugger has seen enough. */
static bool was_left(struct session *session, enum machine_stop reason, const struct journal_end *end)
{
    if (reason != MACHINE_STOP_REQUEST || machine_instructions(session->machine) >= end->instructions)
        return false;
    fprintf(stderr, "galvanic: left before the recording's end: nothing is compared\n");
    return true;
}

static int replay(struct session *session, const char *recording, GError **error)
{
    struct journal *journal = machine_journal(session->machine);
    struct journal_end end;

    if (!journal_replay(journal, recording, error))
        return 1;
    journal_get_end(journal, &end);
    if (!end.present) {
        fprintf(stderr, "galvanic: %s has no end: the recording was cut off; what is there is replayed\n", recording);
    } else {
        machine_set_end(session->machine, end.instructions, end.virtual_ns);
    }
    enum machine_stop reason = session_run(session);
    int status = reason == MACHINE_STOP_DIVERGED ? session_conclude(session, reason) : 0;
    if (session->terminal)
        terminal_flush(session->terminal);
    bool whole = status == 0 && end.present && !was_left(session, reason, &end);
    if (whole)
        status = compare(session, &end, session->options->verify);
    if (!session_write_results(session, reason, status, error))
        status = 1;
    if (whole)
        look_behind_end(session, &end);
    inside_conclude(session, reason, status); /* traps are told; the status is that of the replay */
    return status;
}

int command_replay(char **arguments)
{
    g_autoptr(GError) error = NULL;
    struct run_options *given = run_options_parse(COMMAND_REPLAY, arguments, &error);
    struct run_options *options = given ? run_options_of_recording(given, &error) : NULL;
    struct session session;
    int status = 1;

    if (options) {
        const struct disk_option *file = g_ptr_array_index(given->disks, 0);
        if (session_open(&session, options, file->path, &error))
            status = replay(&session, file->path, &error);
        session_close(&session);
    }
    if (error)
        status = report_error(error);
    run_options_free(options);
    run_options_free(given);
    return status;
}
