/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See progress.h. */
#include "cli/progress.h"

#include "emu/host/pages.h"
#include "emu/host/terminal.h"

#define FIRST_AFTER_US (2 * G_USEC_PER_SEC)
#define THEN_EACH_US (G_USEC_PER_SEC / 2)

struct progress {
    struct machine *machine;
    GThread *thread;
    GMutex lock;
    GCond end;
    bool ending;
    bool shown;
    int64_t started; /* wall ns */
};

/* On the engine's thread: what is printed is of one moment. */
static void show(void *opaque)
{
    struct progress *progress = opaque;
    double instructions = (double)machine_instructions(progress->machine);
    double wall = (double)(host_monotonic() - progress->started);

    fprintf(stderr, "\r\033[Kgalvanic: %.2f G instructions, %.1f s of the guest's time, %.0f MIPS", instructions / 1e9,
            (double)machine_now(progress->machine) / 1e9, wall > 0 ? instructions / wall * 1e3 : 0);
    progress->shown = true;
}

static gpointer tell(gpointer opaque)
{
    struct progress *progress = opaque;
    gint64 next = g_get_monotonic_time() + FIRST_AFTER_US;

    g_mutex_lock(&progress->lock);
    while (!progress->ending) {
        if (g_cond_wait_until(&progress->end, &progress->lock, next))
            continue;
        next += THEN_EACH_US;
        g_mutex_unlock(&progress->lock);
        machine_call(progress->machine, show, progress);
        g_mutex_lock(&progress->lock);
    }
    g_mutex_unlock(&progress->lock);
    return NULL;
}

struct progress *progress_start(struct machine *machine)
{
    struct progress *progress;

    if (!terminal_errors_are_seen())
        return NULL;
    progress = g_new0(struct progress, 1);
    progress->machine = machine;
    progress->started = host_monotonic();
    g_mutex_init(&progress->lock);
    g_cond_init(&progress->end);
    progress->thread = g_thread_new("progress", tell, progress);
    return progress;
}

void progress_stop(struct progress *progress)
{
    if (!progress)
        return;
    g_mutex_lock(&progress->lock);
    progress->ending = true;
    g_cond_signal(&progress->end);
    g_mutex_unlock(&progress->lock);
    g_thread_join(progress->thread);
    if (progress->shown)
        fprintf(stderr, "\r\033[K");
}

void progress_free(struct progress *progress)
{
    if (!progress)
        return;
    g_cond_clear(&progress->end);
    g_mutex_clear(&progress->lock);
    g_free(progress);
}
