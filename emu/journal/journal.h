/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal: everything that comes from outside the machine enters here, is delivered at a point between two
 * instructions (count and virtual time), and is written down with it.  A replay delivers the same at the same points.
 */
#ifndef GALVANIC_EMU_JOURNAL_JOURNAL_H
#define GALVANIC_EMU_JOURNAL_JOURNAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct journal;
struct journal_source;
struct machine;

struct journal *journal_new(struct machine *machine);
/* Before the machine's clock is freed; closes a recording without an end if journal_finish() was not called. */
void journal_free(struct journal *journal);

/*
 * A named way in ("serial0", "keyboard", "pointer").  @deliver is called on the engine thread between instructions.
 * Names and the order of creation are part of the machine: the same in record and replay.
 */
struct journal_source *journal_source_new(struct journal *journal, const char *name,
                                          void (*deliver)(void *opaque, const uint8_t *data, size_t length),
                                          void *opaque);
/* The source of that name, for whoever feeds it (a terminal, a window, a script, a test); NULL: the machine has none. */
struct journal_source *journal_source_find(const struct journal *journal, const char *name);
/* From any thread: hands @length bytes (1..65536) in.  They are delivered at the next boundary; ignored in a replay. */
void journal_submit(struct journal_source *source, const uint8_t *data, size_t length);
/* By the engine thread only: a submission that is to arrive at virtual time @ns (scripts), not before. */
void journal_submit_at(struct journal_source *source, int64_t ns, const uint8_t *data, size_t length);

/*
 * Keeps bytes (1..65536) that the replay needs though nobody outside sent them: what stood in a disk before it was
 * overwritten.  Written if a recording is under way, at the current point; delivered as any input, and found beforehand by
 * journal_read_source().  Engine thread.
 */
void journal_keep(struct journal_source *source, const uint8_t *data, size_t length);
/*
 * Keeps bytes (1..65536) of an input that has just been carried out without the journal, at the current point and between two
 * instructions: for a recording, for journal_save(), delivered in a replay.  machine_delivered() is what callers want.
 */
void journal_delivered(struct journal_source *source, const uint8_t *data, size_t length);
/*
 * Answers: what an outside party (a shared folder's server) says when a device asks it, within an instruction.  Whoever makes
 * an answer for the guest hands it to journal_put_answer(), 1..1048576 bytes; it is kept with its point.  In a replay nobody
 * is asked: journal_get_answer() gives what was answered at this point, valid until the next call into the journal; false:
 * the recording has no such answer here, and the machine stops.  Both: engine thread, any moment.
 */
void journal_put_answer(struct journal_source *source, const uint8_t *data, size_t length);
bool journal_get_answer(struct journal_source *source, const uint8_t **data, size_t *length);
/* False: nothing that journal_put_answer() is given can reach a file any more, so that a copy need not be made. */
bool journal_wants_answers(const struct journal *journal);

/* Calls @each for all inputs of source @name in the recording @path, in their order.  False with @error: unreadable. */
bool journal_read_source(const char *path, const char *name,
                         void (*each)(void *opaque, const uint8_t *data, size_t length), void *opaque, GError **error);

/* Starts writing to @path; @header is the machine's description (command line), given back at replay. */
bool journal_record(struct journal *journal, const char *path, const char *header, GError **error);
bool journal_recording(const struct journal *journal);
/* Reads a recording's header without a machine. */
char *journal_read_header(const char *path, GError **error);
/* From now on the recording is the only source. */
bool journal_replay(struct journal *journal, const char *path, GError **error);
bool journal_replaying(const struct journal *journal);
/* Closes a recording with the final count, time and hash (0 unless asked), so that --verify can compare. */
bool journal_finish(struct journal *journal, uint64_t state_hash, GError **error);
/*
 * Writes what the run has got so far to a recording of its own: up to 16 MiB of input are always kept in memory.
 * False with @error when more than that came in, or @path cannot be written.
 */
bool journal_save(struct journal *journal, const char *path, const char *header, uint64_t state_hash, GError **error);
struct journal_end {
    bool present;
    uint64_t instructions;
    int64_t virtual_ns;
    uint64_t state_hash;
};
void journal_get_end(const struct journal *journal, struct journal_end *out);

/* For the machine. The instruction count of the next record to replay, UINT64_MAX if none. */
uint64_t journal_next_instruction(const struct journal *journal);
/* Virtual time of the next record to replay, or of the next journal_submit_at(); for a machine that idles; CLOCK_NEVER. */
int64_t journal_next_time(const struct journal *journal);
/* Delivers what is due now.  True if something was delivered.  @diverged (may be NULL): a record's point was missed. */
bool journal_deliver(struct journal *journal, bool *diverged);
/* Something has been submitted and waits (any thread). */
bool journal_pending(const struct journal *journal);
/* Called on journal_submit(), from its thread: wakes the machine. */
void journal_set_wake(struct journal *journal, void (*wake)(void *opaque), void *opaque);

#endif
