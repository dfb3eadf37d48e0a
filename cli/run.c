/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `galvanic run`. */
#include "cli/commands.h"

#include "cli/session.h"
#include "devices/display/screenshot.h"
#include "emu/host/pages.h"

static bool take_screenshot(struct session *session, GError **error)
{
    struct scanout_source source;

    if (!board_scanout(session->board, &source)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "--screenshot: this machine has no screen");
        return false;
    }
    return screenshot_write(&source, session->options->screenshot, error);
}

/* What is asked for at the end; the first error decides the status. */
static bool write_results(struct session *session, enum machine_stop reason, int status, GError **error)
{
    const struct run_options *options = session->options;

    if (options->record &&
        !journal_finish(machine_journal(session->machine), machine_state_hash(session->machine), error))
        return false;
    if (options->screenshot && !take_screenshot(session, error))
        return false;
    return !options->stats || session_write_stats(session, reason, status, error);
}

int command_run(char **arguments)
{
    g_autoptr(GError) error = NULL;
    struct run_options *options = run_options_parse(arguments, &error);
    struct session session;
    int status = 1;

    if (!options)
        return report_error(error);
    if (options->calendar_host)
        options->calendar = host_calendar();
    if (session_open(&session, options, NULL, &error)) {
        enum machine_stop reason = session_run(&session);
        status = session_conclude(&session, reason);
        write_results(&session, reason, status, &error);
    }
    if (error)
        status = report_error(error);
    session_close(&session);
    run_options_free(options);
    return status;
}
