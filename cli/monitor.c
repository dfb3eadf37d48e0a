/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See monitor.h.  Lines arrive on other threads and are executed on the engine's: between two instructions, or while it stands. */
#include "cli/monitor.h"

#include <stdio.h>
#include <string.h>

#include "cli/session.h"
#include "debug/console.h"

#define LONGEST_LINE 4096

struct monitor {
    struct session *session;
    struct debugger *debugger;
    struct console *console;
    struct socket_server *server;
    GAsyncQueue *lines; /* of struct line */
    GString *received;  /* on the server's thread: a line that is not complete */
    GString *typed;     /* on the terminal's thread */
    gint at_terminal;   /* atomic: what is typed is for the monitor */
};

struct line {
    bool from_terminal;
    char text[];
};

static void to_terminal(void *opaque, const char *text)
{
    struct monitor *monitor = opaque;

    terminal_write(monitor->session->terminal, (const uint8_t *)text, strlen(text));
    terminal_flush(monitor->session->terminal);
}

static void to_socket(void *opaque, const char *text)
{
    struct monitor *monitor = opaque;

    socket_server_send(monitor->server, SOCKET_ANY, text, strlen(text));
}

static void route(struct monitor *monitor, bool terminal)
{
    console_redirect(monitor->console, terminal ? to_terminal : to_socket, monitor);
}

static void prompt(struct monitor *monitor, bool terminal)
{
    if (!terminal)
        to_socket(monitor, MONITOR_PROMPT);
    else if (g_atomic_int_get(&monitor->at_terminal))
        to_terminal(monitor, MONITOR_PROMPT);
}

static void act_on(struct monitor *monitor, enum console_result result)
{
    if (result != CONSOLE_QUIT)
        return;
    monitor->session->quit = true;
    machine_request_stop(monitor->session->machine);
}

/* Lines that need no guest that stands for them. */
static void execute_lines(struct monitor *monitor, bool runs)
{
    struct line *line;

    while ((line = g_async_queue_try_pop(monitor->lines))) {
        route(monitor, line->from_terminal);
        enum console_result result = console_execute_running(monitor->console, line->text);
        act_on(monitor, result);
        if (result == CONSOLE_STOP && runs)
            debugger_interrupt(monitor->debugger);
        else
            prompt(monitor, line->from_terminal);
        g_free(line);
    }
}

/* While the guest runs. */
static void execute_waiting(void *opaque)
{
    execute_lines(opaque, true);
}

void monitor_look(struct monitor *monitor)
{
    execute_lines(monitor, false);
}

static void submit(struct monitor *monitor, const GString *text, bool from_terminal)
{
    struct line *line = g_malloc0(sizeof(*line) + text->len + 1);

    line->from_terminal = from_terminal;
    memcpy(line->text, text->str, text->len);
    g_async_queue_push(monitor->lines, line);
    machine_call(monitor->session->machine, execute_waiting, monitor);
}

static void on_connected(void *opaque, unsigned connection)
{
    struct monitor *monitor = opaque;

    (void)connection;
    g_string_truncate(monitor->received, 0);
    to_socket(monitor, "Galvanic " GALVANIC_VERSION "; help lists the commands.\n" MONITOR_PROMPT);
}

static void on_received(void *opaque, const uint8_t *data, size_t length)
{
    struct monitor *monitor = opaque;

    for (size_t i = 0; i < length; i++) {
        if (data[i] == '\n') {
            submit(monitor, monitor->received, false);
            g_string_truncate(monitor->received, 0);
        } else if (data[i] != '\r' && data[i] && monitor->received->len < LONGEST_LINE) {
            g_string_append_c(monitor->received, (char)data[i]);
        }
    }
}

static void on_closed(void *opaque)
{
    (void)opaque; /* what it had stopped stays so: the next one may go on */
}

static void on_dropped(void *opaque)
{
    (void)opaque;
    fprintf(stderr, "galvanic: --monitor: the client does not read; what it does not take is dropped from here on\n");
}

struct monitor *monitor_new(struct session *session, GError **error)
{
    struct monitor *monitor = g_new0(struct monitor, 1);
    struct socket_handlers handlers = {.connected = on_connected,
                                       .received = on_received,
                                       .closed = on_closed,
                                       .dropped = on_dropped,
                                       .opaque = monitor};

    monitor->session = session;
    monitor->lines = g_async_queue_new_full(g_free);
    monitor->received = g_string_new(NULL);
    monitor->typed = g_string_new(NULL);
    monitor->debugger = inside_debugger(session);
    monitor->console = console_new(monitor->debugger, session->inside->traps, to_socket, monitor);
    if (!session->options->monitor)
        return monitor;
    monitor->server = socket_server_new("--monitor", session->options->monitor, &handlers, error);
    if (monitor->server)
        return monitor;
    monitor_free(monitor);
    return NULL;
}

void monitor_free(struct monitor *monitor)
{
    if (!monitor)
        return;
    socket_server_free(monitor->server);
    console_free(monitor->console);
    g_async_queue_unref(monitor->lines);
    g_string_free(monitor->received, TRUE);
    g_string_free(monitor->typed, TRUE);
    g_free(monitor);
}

/* The guest stands still: lines are executed until one lets it go on, and its next stop is here. */
static void stand(struct monitor *monitor, enum debugger_stop stop)
{
    bool terminal = g_atomic_int_get(&monitor->at_terminal) || !monitor->server;

    route(monitor, terminal);
    console_show_stop(monitor->console, stop);
    prompt(monitor, terminal);
    while (!monitor->session->quit && console_ended(monitor->console) == MACHINE_STOP_NONE) {
        struct line *line = g_async_queue_timeout_pop(monitor->lines, G_USEC_PER_SEC / 5); /* Ctrl-A x has no line */
        if (!line)
            continue;
        route(monitor, line->from_terminal);
        act_on(monitor, console_execute(monitor->console, line->text));
        prompt(monitor, line->from_terminal);
        g_free(line);
    }
}

enum machine_stop monitor_run(struct monitor *monitor)
{
    enum debugger_stop stop = debugger_continue(monitor->debugger);

    if (stop == DEBUGGER_STOP_MACHINE)
        return debugger_machine_stop(monitor->debugger);
    stand(monitor, stop);
    enum machine_stop ended = console_ended(monitor->console);
    return ended == MACHINE_STOP_NONE ? MACHINE_STOP_REQUEST : ended;
}

void monitor_toggle(struct monitor *monitor)
{
    bool on = !g_atomic_int_get(&monitor->at_terminal);

    g_string_truncate(monitor->typed, 0);
    g_atomic_int_set(&monitor->at_terminal, on);
    to_terminal(monitor, on ? "\nmonitor; Ctrl-A c leads back to the guest\n" MONITOR_PROMPT : "\n");
}

static void type(struct monitor *monitor, uint8_t key)
{
    char echo[2] = {(char)key, 0};

    if (key == '\r' || key == '\n') {
        to_terminal(monitor, "\n");
        submit(monitor, monitor->typed, true);
        g_string_truncate(monitor->typed, 0);
    } else if ((key == 0x7f || key == '\b') && monitor->typed->len > 0) {
        g_string_truncate(monitor->typed, monitor->typed->len - 1);
        to_terminal(monitor, "\b \b");
    } else if (key >= ' ' && key != 0x7f && monitor->typed->len < LONGEST_LINE) {
        g_string_append_c(monitor->typed, (char)key);
        to_terminal(monitor, echo);
    }
}

bool monitor_typed(struct monitor *monitor, const uint8_t *data, size_t length)
{
    if (!g_atomic_int_get(&monitor->at_terminal))
        return false;
    for (size_t i = 0; i < length; i++)
        type(monitor, data[i]);
    return true;
}

bool monitor_may_speak(const struct monitor *monitor)
{
    return monitor->server != NULL;
}

static void to_string(void *opaque, const char *text)
{
    g_string_append(opaque, text);
}

char *monitor_answer(void *opaque, const char *line)
{
    struct session *session = opaque;
    GString *text = g_string_new(NULL);
    struct console *console = console_new(inside_debugger(session), session->inside->traps, to_string, text);

    console_execute_running(console, line); /* what lets the guest run is the client's own business */
    console_free(console);
    return g_string_free(text, FALSE);
}
