/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal: submissions wait in a queue until the machine is between two instructions; see journal.h. */
#include "emu/journal/journal_internal.h"

#include <string.h>

#include "emu/machine.h"
#include "emu/time/clock.h"

struct input *journal_input_new(unsigned source, uint64_t instructions, int64_t ns, const uint8_t *data, size_t length)
{
    struct input *input = g_malloc(sizeof(*input) + length);

    input->kind = JOURNAL_ITEM_INPUT;
    input->instructions = instructions;
    input->virtual_ns = ns;
    input->source = source;
    input->length = length;
    memcpy(input->data, data, length);
    return input;
}

void journal_queue_drop_all(GQueue *queue)
{
    for (void *input = g_queue_pop_head(queue); input; input = g_queue_pop_head(queue))
        g_free(input);
}

static void source_free(void *data)
{
    struct journal_source *source = data;

    g_free(source->name);
    g_free(source);
}

struct journal *journal_new(struct machine *machine)
{
    struct journal *journal = g_new0(struct journal, 1);

    journal->machine = machine;
    journal->sources = g_ptr_array_new_with_free_func(source_free);
    g_queue_init(&journal->timed);
    g_queue_init(&journal->waiting);
    g_queue_init(&journal->ring);
    g_mutex_init(&journal->lock);
    return journal;
}

void journal_free(struct journal *journal)
{
    if (!journal)
        return;
    if (journal->writer)
        journal_writer_close(journal->writer, NULL);
    journal_drop_replay(journal);
    if (journal->timer)
        clock_timer_free(journal->timer);
    journal_queue_drop_all(&journal->timed);
    journal_queue_drop_all(&journal->waiting);
    journal_queue_drop_all(&journal->ring);
    g_ptr_array_unref(journal->sources);
    g_mutex_clear(&journal->lock);
    g_free(journal);
}

struct journal_source *journal_source_new(struct journal *journal, const char *name,
                                          void (*deliver)(void *opaque, const uint8_t *data, size_t length),
                                          void *opaque)
{
    g_assert(journal->sources->len < JOURNAL_SOURCES_MAX && strlen(name) <= JOURNAL_NAME_MAX);
    struct journal_source *source = g_new0(struct journal_source, 1);

    source->journal = journal;
    source->name = g_strdup(name);
    source->index = journal->sources->len;
    source->deliver = deliver;
    source->opaque = opaque;
    g_ptr_array_add(journal->sources, source);
    return source;
}

struct journal_source *journal_source_find(const struct journal *journal, const char *name)
{
    for (guint i = 0; i < journal->sources->len; i++) {
        struct journal_source *source = g_ptr_array_index(journal->sources, i);

        if (strcmp(source->name, name) == 0)
            return source;
    }
    return NULL;
}

void journal_set_wake(struct journal *journal, void (*wake)(void *opaque), void *opaque)
{
    g_mutex_lock(&journal->lock);
    journal->wake = wake;
    journal->wake_opaque = opaque;
    g_mutex_unlock(&journal->lock);
}

/* --- submissions --- */

void journal_submit(struct journal_source *source, const uint8_t *data, size_t length)
{
    struct journal *journal = source->journal;
    void (*wake)(void *opaque) = NULL;

    g_return_if_fail(length >= 1 && length <= JOURNAL_INPUT_MAX);
    g_mutex_lock(&journal->lock);
    void *opaque = journal->wake_opaque;
    if (!journal->replaying) {
        g_queue_push_tail(&journal->waiting, journal_input_new(source->index, 0, 0, data, length));
        wake = journal->wake;
    }
    g_mutex_unlock(&journal->lock);
    if (wake)
        wake(opaque);
}

/* Moves what is due from the timed inputs to the waiting ones and sets the timer for the next. */
static void move_due(struct journal *journal)
{
    int64_t now = machine_now(journal->machine);
    struct input *input = g_queue_peek_head(&journal->timed);

    if (!input)
        return;
    g_mutex_lock(&journal->lock);
    while (input && input->virtual_ns <= now) {
        g_queue_push_tail(&journal->waiting, g_queue_pop_head(&journal->timed));
        input = g_queue_peek_head(&journal->timed);
    }
    g_mutex_unlock(&journal->lock);
    clock_timer_set(journal->timer, input ? input->virtual_ns : CLOCK_NEVER);
}

static void timer_fired(void *opaque)
{
    move_due(opaque);
}

static int compare_times(const void *a, const void *b, void *unused)
{
    const struct input *left = a, *right = b;

    /* Equal times: "less", so that g_queue_insert_sorted() puts the new one behind those that are there. */
    return left->virtual_ns <= right->virtual_ns ? -1 : 1;
}

void journal_submit_at(struct journal_source *source, int64_t ns, const uint8_t *data, size_t length)
{
    struct journal *journal = source->journal;

    g_return_if_fail(length >= 1 && length <= JOURNAL_INPUT_MAX);
    if (journal_replaying(journal))
        return;
    if (!journal->timer)
        journal->timer = clock_timer_new_outside(machine_clock(journal->machine), "journal", timer_fired, journal);
    g_queue_insert_sorted(&journal->timed, journal_input_new(source->index, 0, ns, data, length), compare_times, NULL);
    const struct input *first = g_queue_peek_head(&journal->timed);
    clock_timer_set(journal->timer, first->virtual_ns);
}

bool journal_pending(const struct journal *journal)
{
    GMutex *lock = (GMutex *)&journal->lock;

    g_mutex_lock(lock);
    bool pending = journal->waiting.length > 0;
    g_mutex_unlock(lock);
    return pending;
}

/* --- delivery --- */

static void deliver(struct journal *journal, struct input *input)
{
    const struct journal_source *source = g_ptr_array_index(journal->sources, input->source);

    input->instructions = machine_instructions(journal->machine);
    input->virtual_ns = machine_now(journal->machine);
    source->deliver(source->opaque, input->data, input->length);
    journal_keep_input(journal, input);
}

static bool deliver_waiting(struct journal *journal)
{
    GQueue now = G_QUEUE_INIT;

    move_due(journal);
    /* What the deliveries themselves submit waits for the next boundary. */
    g_mutex_lock(&journal->lock);
    GQueue swap = now;
    now = journal->waiting;
    journal->waiting = swap;
    g_mutex_unlock(&journal->lock);
    bool any = now.length > 0;

    for (struct input *input = g_queue_pop_head(&now); input; input = g_queue_pop_head(&now))
        deliver(journal, input);
    return any;
}

static bool deliver_recorded(struct journal *journal, bool *diverged)
{
    uint64_t instructions = machine_instructions(journal->machine);
    int64_t now = machine_now(journal->machine);
    bool any = false;

    journal_advance_past_answer(journal);
    if (journal->next.kind == JOURNAL_ITEM_ANSWER && instructions > journal->next.instructions)
        *diverged = true; /* nobody has asked for it */
    while (journal->next.kind == JOURNAL_ITEM_INPUT && !journal->broken) {
        const struct journal_item *next = &journal->next;

        if (instructions == next->instructions && now == next->virtual_ns) {
            if (!journal_source_fits(journal))
                break;
            deliver(journal, journal_input_new(next->source, 0, 0, next->data, next->length));
            journal_advance(journal);
            any = true;
            continue;
        }
        if (instructions > next->instructions || now > next->virtual_ns)
            *diverged = true;
        break;
    }
    if (journal->broken)
        *diverged = true;
    return any;
}

bool journal_deliver(struct journal *journal, bool *diverged)
{
    bool unused;
    bool *missed = diverged ? diverged : &unused;

    *missed = false;
    bool any = journal_replaying(journal) ? deliver_recorded(journal, missed) : deliver_waiting(journal);

    if (any && journal->writer)
        journal_writer_flush(journal->writer);
    return any;
}
