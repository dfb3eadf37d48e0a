/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked for at the end of a run: the recording's end, the picture, the figures. */
#include "cli/session.h"
#include "devices/display/screenshot.h"

static bool take_screenshot(struct session *session, GError **error)
{
    struct scanout_source source;

    if (!board_scanout(session->board, &source)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "--screenshot: this machine has no screen");
        return false;
    }
    return screenshot_write(&source, session->options->screenshot, error);
}

bool session_write_results(struct session *session, enum machine_stop reason, int status, GError **error)
{
    const struct run_options *options = session->options;

    if (options->record &&
        !journal_finish(machine_journal(session->machine), machine_state_hash(session->machine), error))
        return false;
    if (options->screenshot && !take_screenshot(session, error))
        return false;
    return !options->stats || session_write_stats(session, reason, status, error);
}
