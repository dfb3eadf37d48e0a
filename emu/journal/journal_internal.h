/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the journal share. */
#ifndef GALVANIC_EMU_JOURNAL_JOURNAL_INTERNAL_H
#define GALVANIC_EMU_JOURNAL_JOURNAL_INTERNAL_H

#include "emu/journal/journal.h"
#include "emu/journal/journal_file.h"

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

/* journal.c: an input of a copy of @data. */
struct input *journal_input_new(unsigned source, uint64_t instructions, int64_t ns, const uint8_t *data, size_t length);
void journal_queue_drop_all(GQueue *queue);

/* journal_keep.c: takes @input, which was delivered, over. */
void journal_keep_input(struct journal *journal, struct input *input);

/* journal_replay.c */
void journal_drop_replay(struct journal *journal);
/* Reads on to the next input. */
void journal_advance(struct journal *journal);
/* The bytes of an answer that was given are no longer needed. */
void journal_advance_past_answer(struct journal *journal);
/* The machine has the source that the next input is for; false: the user was told. */
bool journal_source_fits(struct journal *journal);

#endif
