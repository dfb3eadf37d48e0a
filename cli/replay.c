/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `galvanic replay FILE [--verify]`: the recorded run again, from its start. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/session.h"

struct replay_options {
    char *path;
    bool verify;
    char *stats;
};

static bool parse(char **arguments, struct replay_options *options, GError **error)
{
    for (; *arguments; arguments++) {
        if (strcmp(*arguments, "--verify") == 0) {
            options->verify = true;
        } else if (strcmp(*arguments, "--stats") == 0 && arguments[1]) {
            options->stats = *++arguments;
        } else if (**arguments == '-' || options->path) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                        "%s: replay takes FILE, --verify and --stats FILE", *arguments);
            return false;
        } else {
            options->path = *arguments;
        }
    }
    if (options->path)
        return true;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "replay: give the FILE that `galvanic run --record FILE` made");
    return false;
}

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

static int replay(struct session *session, const struct replay_options *replay_options, GError **error)
{
    struct journal *journal = machine_journal(session->machine);
    struct journal_end end;

    if (!journal_replay(journal, replay_options->path, error))
        return 1;
    journal_get_end(journal, &end);
    if (!end.present) {
        fprintf(stderr, "galvanic: %s has no end: the recording was cut off; what is there is replayed\n",
                replay_options->path);
    } else {
        machine_set_end(session->machine, end.instructions, end.virtual_ns);
    }
    enum machine_stop reason = session_run(session);
    int status = reason == MACHINE_STOP_DIVERGED ? session_conclude(session, reason) : 0;
    if (session->terminal)
        terminal_flush(session->terminal);
    if (status == 0 && end.present)
        status = compare(session, &end, replay_options->verify);
    if (replay_options->stats && !session_write_stats(session, reason, status, error))
        status = 1;
    return status;
}

int command_replay(char **arguments)
{
    g_autoptr(GError) error = NULL;
    struct replay_options options = {0};
    struct session session;

    if (!parse(arguments, &options, &error))
        return report_error(error);
    g_autofree char *header = journal_read_header(options.path, &error);
    struct run_options *run = header ? run_options_from_description(header, &error) : NULL;
    if (!run)
        return report_error(error);
    run->stats = g_strdup(options.stats);
    int status = 1;
    if (session_open(&session, run, options.path, &error))
        status = replay(&session, &options, &error);
    if (error)
        status = report_error(error);
    session_close(&session);
    run_options_free(run);
    return status;
}
