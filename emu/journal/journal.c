/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal: submissions wait in a queue until the machine is between two instructions; see journal.h. */
#include "emu/journal/journal.h"

#include <string.h>

#include "emu/journal/journal_file.h"
#include "emu/machine.h"
#include "emu/time/clock.h"

/* What is kept in memory at most, so that a run can be saved after it went wrong. */
#define RING_MAX (16u << 20)

struct journal_source {
    struct journal *journal;
    char *name;
    unsigned index;
    void (*deliver)(void *opaque, const uint8_t *data, size_t length);
    void *opaque;
};

/* An input: waiting (instructions unset, virtual_ns the earliest time), or delivered at that point. */
struct input {
    enum journal_item_kind kind; /* INPUT or ANSWER */
    uint64_t instructions;
    int64_t virtual_ns;
    unsigned source;
    size_t length;
    uint8_t data[];
};

struct journal {
    struct machine *machine;
    GPtrArray *sources;
    /* Engine thread only: inputs by virtual_ns, equal ones in order of submission, and the timer that ends idling. */
    GQueue timed;
    struct clock_timer *timer;

    GMutex lock; /* of what follows, up to the blank line */
    GQueue waiting;
    bool replaying;
    void (*wake)(void *opaque);
    void *wake_opaque;

    /* Delivered inputs, oldest first; not all any more once some were dropped. */
    GQueue ring;
    size_t ring_bytes;
    bool ring_dropped;

    struct journal_writer *writer;
    bool written_source[JOURNAL_SOURCES_MAX];

    struct journal_reader *reader;
    char *replay_source[JOURNAL_SOURCES_MAX];
    struct journal_item next; /* to be replayed: INPUT or ANSWER; anything else: nothing left */
    bool answered;            /* `next` is an answer that was given; its bytes are still needed */
    struct journal_end end;
    bool broken; /* the recording does not fit this machine */
};

static struct input *input_new(unsigned source, uint64_t instructions, int64_t ns, const uint8_t *data, size_t length)
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

static size_t input_bytes(const struct input *input)
{
    return sizeof(*input) + input->length;
}

static void queue_drop_all(GQueue *queue)
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

static void drop_replay(struct journal *journal)
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

void journal_free(struct journal *journal)
{
    if (!journal)
        return;
    if (journal->writer)
        journal_writer_close(journal->writer, NULL);
    drop_replay(journal);
    if (journal->timer)
        clock_timer_free(journal->timer);
    queue_drop_all(&journal->timed);
    queue_drop_all(&journal->waiting);
    queue_drop_all(&journal->ring);
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
        g_queue_push_tail(&journal->waiting, input_new(source->index, 0, 0, data, length));
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
        journal->timer = clock_timer_new(machine_clock(journal->machine), "journal", timer_fired, journal);
    g_queue_insert_sorted(&journal->timed, input_new(source->index, 0, ns, data, length), compare_times, NULL);
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

/* --- what was delivered is kept --- */

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

/* Takes @input over. */
static void keep(struct journal *journal, struct input *input)
{
    if (journal->writer)
        write_input(journal, journal->writer, journal->written_source, input);
    g_queue_push_tail(&journal->ring, input);
    journal->ring_bytes += input_bytes(input);
    if (journal->ring_bytes <= RING_MAX && !journal->ring_dropped)
        return;
    journal->ring_dropped = true; /* without its beginning the rest is of no use */
    queue_drop_all(&journal->ring);
    journal->ring_bytes = 0;
}

void journal_keep(struct journal_source *source, const uint8_t *data, size_t length)
{
    struct journal *journal = source->journal;

    g_return_if_fail(length >= 1 && length <= JOURNAL_INPUT_MAX);
    if (!journal->writer)
        return;
    g_autofree struct input *input =
        input_new(source->index, machine_instructions(journal->machine), machine_now(journal->machine), data, length);
    write_input(journal, journal->writer, journal->written_source, input);
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
    struct input *input =
        input_new(source->index, machine_instructions(journal->machine), machine_now(journal->machine), data, length);
    input->kind = JOURNAL_ITEM_ANSWER;
    keep(journal, input);
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

/* --- replay --- */

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

/* Reads on to the next input. */
static void advance(struct journal *journal)
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
    drop_replay(journal);
    journal->reader = journal_reader_new(path, error);
    if (!journal->reader || !examine(journal, path, error)) {
        drop_replay(journal);
        return false;
    }
    g_mutex_lock(&journal->lock);
    journal->replaying = true;
    queue_drop_all(&journal->waiting);
    g_mutex_unlock(&journal->lock);
    queue_drop_all(&journal->timed);
    if (journal->timer)
        clock_timer_set(journal->timer, CLOCK_NEVER);
    advance(journal);
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

/* --- answers --- */

/* The machine has the source that the next input is for. */
static bool source_fits(struct journal *journal)
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

/* The bytes of an answer that was given are no longer needed. */
static void advance_past_answer(struct journal *journal)
{
    if (journal->answered)
        advance(journal);
}

bool journal_get_answer(struct journal_source *source, const uint8_t **data, size_t *length)
{
    struct journal *journal = source->journal;

    advance_past_answer(journal);
    machine_end_slice(journal->machine); /* what comes next in the recording may come at the next boundary */
    const struct journal_item *next = &journal->next;
    if (next->kind == JOURNAL_ITEM_ANSWER && !journal->broken && source_fits(journal) &&
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

/* --- delivery --- */

static void deliver(struct journal *journal, struct input *input)
{
    const struct journal_source *source = g_ptr_array_index(journal->sources, input->source);

    input->instructions = machine_instructions(journal->machine);
    input->virtual_ns = machine_now(journal->machine);
    source->deliver(source->opaque, input->data, input->length);
    keep(journal, input);
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

    advance_past_answer(journal);
    if (journal->next.kind == JOURNAL_ITEM_ANSWER && instructions > journal->next.instructions)
        *diverged = true; /* nobody has asked for it */
    while (journal->next.kind == JOURNAL_ITEM_INPUT && !journal->broken) {
        const struct journal_item *next = &journal->next;

        if (instructions == next->instructions && now == next->virtual_ns) {
            if (!source_fits(journal))
                break;
            deliver(journal, input_new(next->source, 0, 0, next->data, next->length));
            advance(journal);
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
