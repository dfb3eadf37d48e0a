/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `galvanic trace`: a run as a timeline. */
#include "cli/commands.h"

#include "cli/inside.h"
#include "cli/session.h"
#include "cli/timeline.h"
#include "emu/host/pages.h"

/* Runs to the end; the status. */
static int run(struct session *session, GError **error)
{
    struct inside *inside = session_inside(session);
    struct timeline *timeline =
        timeline_new(session->machine, inside->os, inside->syscalls, session->options->output, error);

    if (!timeline)
        return 1;
    syscalls_enable(inside->syscalls, true);
    int status = session_conclude(session, session_run(session));
    return timeline_finish(timeline, error) ? status : 1;
}

static bool check(const struct run_options *options, GError **error)
{
    if (!options->output)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "trace: say where the timeline goes: -o boot.json, for ui.perfetto.dev");
    else if (automation_empty(options->automation))
        return automation_until(options->automation, "login:", error);
    return options->output != NULL;
}

int command_trace(char **arguments)
{
    g_autoptr(GError) error = NULL;
    struct run_options *options = run_options_parse(COMMAND_TRACE, arguments, &error);
    struct session session;
    int status = 1;

    if (!options)
        return report_error(error);
    if (options->calendar_host)
        options->calendar = host_calendar();
    if (check(options, &error)) {
        if (session_open(&session, options, NULL, &error))
            status = run(&session, &error);
        session_close(&session);
    }
    if (error)
        status = report_error(error);
    run_options_free(options);
    return status;
}
