/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was delivered is kept: in memory, so that a run can be saved after it went wrong, and in a recording. */
#include <string.h>

#include "emu/journal/journal_internal.h"
#include "emu/machine.h"

#define RING_MAX (16u << 20)

static size_t input_bytes(const struct input *input)
{
    return sizeof(*input) + input->length;
}

static void write_input(struct journal *journal, struct journal_writer *writer, bool *source_known,
                        const struct input *input)
{
    if (!source_known[input->source]) {
        const struct journal_source *source = g_ptr_array_index(journal->sources, input->source);

        journal_writer_source(writer, input->source, source->name);
        source_known[input->source] = true;
    }
    journal_writer_input(writer, input->kind, input->instructions, input->virtual_ns, input->source, input->data,
                         input->length);
}

void journal_keep_input(struct journal *journal, struct input *input)
{
    if (journal->writer)
        write_input(journal, journal->writer, journal->written_source, input);
    g_queue_push_tail(&journal->ring, input);
    journal->ring_bytes += input_bytes(input);
    if (journal->ring_bytes <= RING_MAX && !journal->ring_dropped)
        return;
    journal->ring_dropped = true; /* without its beginning the rest is of no use */
    journal_queue_drop_all(&journal->ring);
    journal->ring_bytes = 0;
}

void journal_keep(struct journal_source *source, const uint8_t *data, size_t length)
{
    struct journal *journal = source->journal;

    g_return_if_fail(length >= 1 && length <= JOURNAL_INPUT_MAX);
    if (!journal->writer)
        return;
    g_autofree struct input *input = journal_input_new(source->index, machine_instructions(journal->machine),
                                                       machine_now(journal->machine), data, length);
    write_input(journal, journal->writer, journal->written_source, input);
}

void journal_delivered(struct journal_source *source, const uint8_t *data, size_t length)
{
    struct journal *journal = source->journal;

    g_return_if_fail(length >= 1 && length <= JOURNAL_INPUT_MAX);
    journal_keep_input(journal, journal_input_new(source->index, machine_instructions(journal->machine),
                                                  machine_now(journal->machine), data, length));
    if (journal->writer)
        journal_writer_flush(journal->writer);
}

bool journal_recording(const struct journal *journal)
{
    return journal->writer != NULL;
}

bool journal_wants_answers(const struct journal *journal)
{
    return journal->writer || !journal->ring_dropped;
}

void journal_put_answer(struct journal_source *source, const uint8_t *data, size_t length)
{
    struct journal *journal = source->journal;

    g_return_if_fail(length >= 1 && length <= JOURNAL_ANSWER_MAX);
    if (!journal_wants_answers(journal))
        return;
    struct input *input = journal_input_new(source->index, machine_instructions(journal->machine),
                                            machine_now(journal->machine), data, length);
    input->kind = JOURNAL_ITEM_ANSWER;
    journal_keep_input(journal, input);
}

/* A writer to which everything that was delivered until now has been written. */
static struct journal_writer *start_writer(struct journal *journal, const char *path, const char *header,
                                           bool *source_known, GError **error)
{
    if (journal->ring_dropped) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "%s: the run has had more than %u MiB of input, its beginning is not kept in memory any more; "
                    "record it from the start",
                    path, RING_MAX >> 20);
        return NULL;
    }
    struct journal_writer *writer = journal_writer_new(path, header, error);

    if (!writer)
        return NULL;
    memset(source_known, 0, JOURNAL_SOURCES_MAX * sizeof(*source_known));
    for (const GList *link = journal->ring.head; link; link = link->next)
        write_input(journal, writer, source_known, link->data);
    return writer;
}

bool journal_record(struct journal *journal, const char *path, const char *header, GError **error)
{
    if (journal->writer) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "%s: this run is being recorded already; one recording is enough", path);
        return false;
    }
    journal->writer = start_writer(journal, path, header, journal->written_source, error);
    if (journal->writer)
        journal_writer_flush(journal->writer);
    return journal->writer != NULL;
}

static bool end_writer(struct journal *journal, struct journal_writer *writer, uint64_t state_hash, GError **error)
{
    journal_writer_end(writer, machine_instructions(journal->machine), machine_now(journal->machine), state_hash);
    return journal_writer_close(writer, error);
}

bool journal_finish(struct journal *journal, uint64_t state_hash, GError **error)
{
    struct journal_writer *writer = journal->writer;

    journal->writer = NULL;
    return !writer || end_writer(journal, writer, state_hash, error);
}

bool journal_save(struct journal *journal, const char *path, const char *header, uint64_t state_hash, GError **error)
{
    bool source_known[JOURNAL_SOURCES_MAX];
    struct journal_writer *writer = start_writer(journal, path, header, source_known, error);

    return writer && end_writer(journal, writer, state_hash, error);
}
