/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See terminal.h. POSIX termios; the same on Linux and macOS. */
#include "emu/host/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define CTRL_A 1
#define CTRL_C 3
#define OUTPUT_LIMIT 4096
#define FLUSH_MS 20 /* a prompt without a newline is shown after this */

struct terminal {
    struct terminal_handlers handlers;
    GThread *thread;
    int wake[2]; /* a byte here has the reading thread look at what follows */
    gint open;   /* atomic: more input can come */
    gint ending; /* atomic */
    gint paused; /* atomic: 1 asked for, 2 the thread reads no more */
    bool interactive;
    bool escape; /* Ctrl-A was typed */
    bool output_broken;
    GMutex output;       /* guards what follows */
    GByteArray *pending; /* written by the engine thread, flushed by either */
};

/* The terminal must be as it was whatever ends the process: kept for the atexit() handler alone. */
static struct termios saved_mode;
static bool mode_changed;

static void restore_mode(void)
{
    if (mode_changed)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved_mode);
    mode_changed = false;
}

static void make_raw(void)
{
    struct termios raw;
    static bool registered;

    if (tcgetattr(STDIN_FILENO, &saved_mode) != 0)
        return;
    raw = saved_mode;
    cfmakeraw(&raw);
    raw.c_oflag |= OPOST | ONLCR; /* our own notes keep their line ends; a CR more from the guest is harmless */
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0)
        return;
    mode_changed = true;
    if (!registered)
        atexit(restore_mode);
    registered = true;
}

/* Splits input into what the guest gets and Ctrl-A commands; Ctrl-A Ctrl-A sends one. */
static void handle_input(struct terminal *terminal, const uint8_t *data, size_t length)
{
    size_t start = 0;

    if (!terminal->interactive) {
        terminal->handlers.input(terminal->handlers.opaque, data, length);
        return;
    }
    for (size_t i = 0; i < length; i++) {
        if (!terminal->escape && data[i] == CTRL_C && terminal->handlers.interrupt) {
            terminal->handlers.interrupt(terminal->handlers.opaque);
            return; /* what was typed before and after it is gone, as in a shell */
        }
        if (!terminal->escape && data[i] != CTRL_A)
            continue;
        if (i > start)
            terminal->handlers.input(terminal->handlers.opaque, data + start, i - start);
        start = i + 1;
        if (!terminal->escape) {
            terminal->escape = true;
            continue;
        }
        terminal->escape = false;
        if (data[i] == CTRL_A || data[i] == CTRL_C)
            terminal->handlers.input(terminal->handlers.opaque, data + i, 1);
        else
            terminal->handlers.command(terminal->handlers.opaque, (char)data[i]);
    }
    if (length > start)
        terminal->handlers.input(terminal->handlers.opaque, data + start, length - start);
}

/* Reads until the end of input, and flushes what is written until terminal_free(). */
static gpointer reader(gpointer opaque)
{
    struct terminal *terminal = opaque;
    uint8_t buffer[1024];

    for (;;) {
        g_atomic_int_compare_and_exchange(&terminal->paused, 1, 2);
        bool open = g_atomic_int_get(&terminal->open) && !g_atomic_int_get(&terminal->paused);
        struct pollfd wait[2] = {{.fd = terminal->wake[0], .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
        int ready = poll(wait, open ? 2 : 1, FLUSH_MS);
        if (ready < 0 && errno != EINTR)
            break;
        if (ready > 0 && wait[0].revents) {
            ssize_t woken = read(terminal->wake[0], buffer, 1);
            if (woken <= 0 || g_atomic_int_get(&terminal->ending))
                break;
            continue;
        }
        if (ready <= 0 || !open) {
            terminal_flush(terminal);
            continue;
        }
        if (!wait[1].revents)
            continue;
        ssize_t got = read(STDIN_FILENO, buffer, sizeof(buffer));
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0) {
            g_atomic_int_set(&terminal->open, 0);
            continue;
        }
        handle_input(terminal, buffer, (size_t)got);
    }
    g_atomic_int_set(&terminal->open, 0);
    return NULL;
}

/* /dev/null never speaks, and neither does a closed descriptor: known before the first idle moment. */
static bool input_can_speak(void)
{
    struct stat input, null;

    if (fstat(STDIN_FILENO, &input) != 0)
        return false;
    return !(stat("/dev/null", &null) == 0 && S_ISCHR(input.st_mode) && input.st_rdev == null.st_rdev);
}

struct terminal *terminal_new(const struct terminal_handlers *handlers)
{
    struct terminal *terminal = g_new0(struct terminal, 1);

    terminal->handlers = *handlers;
    terminal->pending = g_byte_array_new();
    g_mutex_init(&terminal->output);
    terminal->interactive = isatty(STDIN_FILENO);
    terminal->wake[0] = terminal->wake[1] = -1;
    if (pipe(terminal->wake) != 0)
        return terminal;
    if (terminal->interactive)
        make_raw();
    g_atomic_int_set(&terminal->open, input_can_speak());
    terminal->thread = g_thread_new("terminal", reader, terminal);
    return terminal;
}

static void wake(struct terminal *terminal)
{
    ssize_t written = write(terminal->wake[1], "", 1);

    (void)written;
}

void terminal_pause(struct terminal *terminal)
{
    if (!terminal->thread || g_atomic_int_get(&terminal->paused))
        return;
    g_atomic_int_set(&terminal->paused, 1);
    wake(terminal);
    for (unsigned i = 0; i < 5000 && g_atomic_int_get(&terminal->paused) == 1; i++)
        g_usleep(200); /* until a read that has begun is done; not for ever */
    terminal_flush(terminal);
    restore_mode();
}

void terminal_resume(struct terminal *terminal)
{
    if (!terminal->thread)
        return;
    if (terminal->interactive)
        make_raw();
    g_atomic_int_set(&terminal->paused, 0);
    wake(terminal);
}

void terminal_free(struct terminal *terminal)
{
    if (!terminal)
        return;
    if (terminal->thread) {
        g_atomic_int_set(&terminal->ending, 1);
        wake(terminal);
        g_thread_join(terminal->thread);
    }
    if (terminal->wake[0] >= 0) {
        close(terminal->wake[0]);
        close(terminal->wake[1]);
    }
    terminal_flush(terminal);
    restore_mode();
    g_byte_array_unref(terminal->pending);
    g_mutex_clear(&terminal->output);
    g_free(terminal);
}

bool terminal_may_speak(const struct terminal *terminal)
{
    return g_atomic_int_get(&terminal->open) != 0;
}

bool terminal_interactive(const struct terminal *terminal)
{
    return terminal->interactive;
}

static void flush_locked(struct terminal *terminal)
{
    size_t done = 0;

    while (done < terminal->pending->len && !terminal->output_broken) {
        ssize_t written = write(STDOUT_FILENO, terminal->pending->data + done, terminal->pending->len - done);
        if (written > 0) {
            done += (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = STDOUT_FILENO, .events = POLLOUT};
            poll(&wait, 1, 1000);
        } else if (errno != EINTR) {
            terminal->output_broken = true; /* the reader of our pipe has gone: the guest goes on */
        }
    }
    g_byte_array_set_size(terminal->pending, 0);
}

void terminal_flush(struct terminal *terminal)
{
    g_mutex_lock(&terminal->output);
    flush_locked(terminal);
    g_mutex_unlock(&terminal->output);
}

void terminal_write(struct terminal *terminal, const uint8_t *data, size_t length)
{
    if (!length)
        return;
    g_mutex_lock(&terminal->output);
    g_byte_array_append(terminal->pending, data, (guint)length);
    if (terminal->pending->len >= OUTPUT_LIMIT || data[length - 1] == '\n' || !terminal->thread)
        flush_locked(terminal);
    g_mutex_unlock(&terminal->output);
}

bool terminal_output_is_seen(void)
{
    return isatty(STDOUT_FILENO);
}

bool terminal_errors_are_seen(void)
{
    return isatty(STDERR_FILENO);
}
