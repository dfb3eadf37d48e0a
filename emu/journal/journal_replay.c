/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replay: the inputs of a recording, and its answers to those who ask. */
#include <string.h>

#include "emu/journal/journal_internal.h"
#include "emu/machine.h"
#include "emu/time/clock.h"

void journal_drop_replay(struct journal *journal)
{
    journal_reader_free(journal->reader);
    journal->reader = NULL;
    for (unsigned i = 0; i < JOURNAL_SOURCES_MAX; i++)
        g_clear_pointer(&journal->replay_source[i], g_free);
    journal->next = (struct journal_item){.kind = JOURNAL_ITEM_NOTHING};
    journal->end = (struct journal_end){.present = false};
    journal->answered = false;
    journal->broken = false;
}

char *journal_read_header(const char *path, GError **error)
{
    struct journal_reader *reader = journal_reader_new(path, error);

    if (!reader)
        return NULL;
    char *header = g_strdup(journal_reader_header(reader));
    journal_reader_free(reader);
    return header;
}

bool journal_read_source(const char *path, const char *name,
                         void (*each)(void *opaque, const uint8_t *data, size_t length), void *opaque, GError **error)
{
    struct journal_reader *reader = journal_reader_new(path, error);
    unsigned source = JOURNAL_SOURCES_MAX;
    struct journal_item item = {.kind = JOURNAL_ITEM_SOURCE};

    if (!reader)
        return false;
    while (item.kind != JOURNAL_ITEM_ERROR && item.kind != JOURNAL_ITEM_NOTHING && item.kind != JOURNAL_ITEM_END) {
        journal_reader_next(reader, &item, error);
        if (item.kind == JOURNAL_ITEM_SOURCE && strcmp((const char *)item.data, name) == 0)
            source = item.source;
        else if (item.kind == JOURNAL_ITEM_INPUT && item.source == source)
            each(opaque, item.data, item.length);
    }
    journal_reader_free(reader);
    return item.kind != JOURNAL_ITEM_ERROR;
}

/* Reads the whole file once: nothing of a damaged recording is replayed. */
static bool examine(struct journal *journal, const char *path, GError **error)
{
    struct journal_item item;

    for (;;) {
        switch (journal_reader_next(journal->reader, &item, error)) {
        case JOURNAL_ITEM_ERROR:
            return false;
        case JOURNAL_ITEM_NOTHING:
            return journal_reader_rewind(journal->reader, error);
        case JOURNAL_ITEM_SOURCE:
            g_free(journal->replay_source[item.source]);
            journal->replay_source[item.source] = g_strescape((const char *)item.data, NULL);
            break;
        case JOURNAL_ITEM_INPUT:
        case JOURNAL_ITEM_ANSWER:
            if (!journal->replay_source[item.source]) {
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                            "%s: holds input of source %u, which it does not name; a recording as --record writes it "
                            "is wanted",
                            path, item.source);
                return false;
            }
            break;
        case JOURNAL_ITEM_END:
            journal->end = (struct journal_end){.present = true,
                                                .instructions = item.instructions,
                                                .virtual_ns = item.virtual_ns,
                                                .state_hash = item.hash};
            break;
        }
    }
}

void journal_advance(struct journal *journal)
{
    g_autoptr(GError) error = NULL;

    do {
        journal_reader_next(journal->reader, &journal->next, &error);
    } while (journal->next.kind == JOURNAL_ITEM_SOURCE);
    journal->answered = false;
    if (journal->next.kind == JOURNAL_ITEM_ERROR) {
        machine_note(journal->machine, "%s", error->message);
        journal->broken = true;
    }
}

bool journal_replay(struct journal *journal, const char *path, GError **error)
{
    journal_drop_replay(journal);
    journal->reader = journal_reader_new(path, error);
    if (!journal->reader || !examine(journal, path, error)) {
        journal_drop_replay(journal);
        return false;
    }
    g_mutex_lock(&journal->lock);
    journal->replaying = true;
    journal_queue_drop_all(&journal->waiting);
    g_mutex_unlock(&journal->lock);
    journal_queue_drop_all(&journal->timed);
    if (journal->timer)
        clock_timer_set(journal->timer, CLOCK_NEVER);
    journal_advance(journal);
    return true;
}

bool journal_replaying(const struct journal *journal)
{
    GMutex *lock = (GMutex *)&journal->lock;

    g_mutex_lock(lock);
    bool replaying = journal->replaying;
    g_mutex_unlock(lock);
    return replaying;
}

void journal_get_end(const struct journal *journal, struct journal_end *out)
{
    *out = journal->end;
}

uint64_t journal_next_instruction(const struct journal *journal)
{
    return journal->next.kind == JOURNAL_ITEM_INPUT ? journal->next.instructions : UINT64_MAX;
}

int64_t journal_next_time(const struct journal *journal)
{
    const struct input *timed = g_queue_peek_head((GQueue *)&journal->timed);

    if (journal->next.kind == JOURNAL_ITEM_INPUT)
        return journal->next.virtual_ns;
    return timed ? timed->virtual_ns : CLOCK_NEVER;
}

bool journal_source_fits(struct journal *journal)
{
    unsigned index = journal->next.source;
    const char *name = journal->replay_source[index];
    const struct journal_source *source = index < journal->sources->len ? journal->sources->pdata[index] : NULL;
    g_autofree char *own = source ? g_strescape(source->name, NULL) : NULL;

    if (own && strcmp(own, name) == 0)
        return true;
    machine_note(journal->machine, "the recording has input number %u for \"%s\", this machine has \"%s\" there", index,
                 name, own ? own : "nothing");
    journal->broken = true;
    return false;
}

void journal_advance_past_answer(struct journal *journal)
{
    if (journal->answered)
        journal_advance(journal);
}

bool journal_get_answer(struct journal_source *source, const uint8_t **data, size_t *length)
{
    struct journal *journal = source->journal;

    journal_advance_past_answer(journal);
    machine_end_slice(journal->machine); /* what comes next in the recording may come at the next boundary */
    const struct journal_item *next = &journal->next;
    if (next->kind == JOURNAL_ITEM_ANSWER && !journal->broken && journal_source_fits(journal) &&
        next->source == source->index && next->instructions == machine_instructions(journal->machine) &&
        next->virtual_ns == machine_now(journal->machine)) {
        *data = next->data;
        *length = next->length;
        journal->answered = true;
        journal_put_answer(source, *data, *length);
        return true;
    }
    if (!journal->broken)
        machine_note(journal->machine, "the recording has no answer of \"%s\" here", source->name);
    journal->broken = true;
    return false;
}
