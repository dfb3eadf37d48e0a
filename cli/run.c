/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `galvanic run`. */
#include "cli/commands.h"

#include "cli/session.h"
#include "emu/host/pages.h"

int command_run(char **arguments)
{
    g_autoptr(GError) error = NULL;
    struct run_options *options = run_options_parse(COMMAND_RUN, arguments, &error);
    struct session session;
    int status = 1;

    if (!options)
        return report_error(error);
    if (options->calendar_host)
        options->calendar = host_calendar();
    if (session_open(&session, options, NULL, &error)) {
        enum machine_stop reason = session_run(&session);
        status = session_conclude(&session, reason);
        session_write_results(&session, reason, status, &error);
    }
    if (error)
        status = report_error(error);
    session_close(&session);
    run_options_free(options);
    return status;
}
