/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal alone, on a machine that is nothing but a counter and a clock: delivery in order and in time, recording,
 * replay at the same points, divergence, damaged files.
 */
#include "emu/journal/journal.h"

#include <glib/gstdio.h>
#include <string.h>

#include "emu/machine.h"

struct machine {
    uint64_t instructions;
    int64_t now;
    struct clock *clock;
    GString *notes;
    unsigned ended_slices;
};

int64_t machine_now(const struct machine *machine)
{
    return machine->now;
}

uint64_t machine_instructions(const struct machine *machine)
{
    return machine->instructions;
}

void machine_end_slice(struct machine *machine)
{
    machine->ended_slices++;
}

struct clock *machine_clock(struct machine *machine)
{
    return machine->clock;
}

void machine_note(struct machine *machine, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_string_append_vprintf(machine->notes, format, arguments);
    va_end(arguments);
}

struct fixture {
    struct machine machine;
    struct journal *journal;
    struct journal_source *serial, *keyboard;
    GString *log; /* what was delivered: "s@instructions,ns:bytes " */
    char *folder, *path;
};

static int64_t fixture_now(void *opaque)
{
    return ((struct machine *)opaque)->now;
}

static void nothing(void *opaque)
{
}

static void log_delivery(struct fixture *f, char source, const uint8_t *data, size_t length)
{
    g_string_append_printf(f->log, "%c@%" G_GUINT64_FORMAT ",%" G_GINT64_FORMAT ":%.*s ", source,
                           f->machine.instructions, f->machine.now, (int)MIN(length, 8), (const char *)data);
}

static void deliver_serial(void *opaque, const uint8_t *data, size_t length)
{
    log_delivery(opaque, 's', data, length);
}

static void deliver_keyboard(void *opaque, const uint8_t *data, size_t length)
{
    log_delivery(opaque, 'k', data, length);
}

static void start(struct fixture *f)
{
    f->machine = (struct machine){.notes = g_string_new(NULL)};
    f->machine.clock = clock_new(fixture_now, nothing, &f->machine);
    f->log = g_string_new(NULL);
    f->journal = journal_new(&f->machine);
    f->serial = journal_source_new(f->journal, "serial0", deliver_serial, f);
    f->keyboard = journal_source_new(f->journal, "keyboard", deliver_keyboard, f);
}

static void stop(struct fixture *f)
{
    journal_free(f->journal);
    clock_free(f->machine.clock);
    g_string_free(f->log, TRUE);
    g_string_free(f->machine.notes, TRUE);
}

static void set_up(struct fixture *f, gconstpointer unused)
{
    f->folder = g_dir_make_tmp("galvanic-journal-XXXXXX", NULL);
    g_assert_nonnull(f->folder);
    f->path = g_build_filename(f->folder, "test.gvr", NULL);
    start(f);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    stop(f);
    g_remove(f->path);
    g_rmdir(f->folder);
    g_free(f->path);
    g_free(f->folder);
}

/* A new machine in place of the old one. */
static void restart(struct fixture *f)
{
    stop(f);
    start(f);
}

static void say(struct journal_source *source, const char *text)
{
    journal_submit(source, (const uint8_t *)text, strlen(text));
}

static void go_to(struct fixture *f, uint64_t instructions, int64_t ns)
{
    f->machine.instructions = instructions;
    f->machine.now = ns;
    clock_run_due(f->machine.clock);
}

static void count_wakes(void *opaque)
{
    (*(unsigned *)opaque)++;
}

static void test_delivery(struct fixture *f, gconstpointer unused)
{
    unsigned wakes = 0;
    bool diverged = true;

    g_assert_true(journal_source_find(f->journal, "keyboard") == f->keyboard);
    g_assert_null(journal_source_find(f->journal, "serial1"));
    journal_set_wake(f->journal, count_wakes, &wakes);
    g_assert_false(journal_pending(f->journal));
    g_assert_false(journal_deliver(f->journal, &diverged));
    g_assert_false(diverged);
    say(f->serial, "a");
    say(f->keyboard, "b");
    say(f->serial, "c");
    g_assert_cmpuint(wakes, ==, 3);
    g_assert_true(journal_pending(f->journal));
    g_assert_cmpstr(f->log->str, ==, "");
    go_to(f, 10, 20);
    g_assert_true(journal_deliver(f->journal, NULL));
    g_assert_cmpstr(f->log->str, ==, "s@10,20:a k@10,20:b s@10,20:c ");
    g_assert_false(journal_pending(f->journal));
    g_assert_false(journal_deliver(f->journal, NULL));
    g_assert_cmpuint(journal_next_instruction(f->journal), ==, UINT64_MAX);
}

static void test_timed(struct fixture *f, gconstpointer unused)
{
    g_assert_cmpint(journal_next_time(f->journal), ==, CLOCK_NEVER);
    journal_submit_at(f->serial, 200, (const uint8_t *)"late", 4);
    journal_submit_at(f->serial, 100, (const uint8_t *)"one", 3);
    journal_submit_at(f->serial, 100, (const uint8_t *)"two", 3);
    g_assert_cmpint(journal_next_time(f->journal), ==, 100);
    g_assert_cmpint(clock_next_deadline(f->machine.clock), ==, 100);
    go_to(f, 5, 99);
    g_assert_false(journal_pending(f->journal));
    g_assert_false(journal_deliver(f->journal, NULL));
    go_to(f, 6, 101);
    g_assert_true(journal_pending(f->journal));
    g_assert_true(journal_deliver(f->journal, NULL));
    g_assert_cmpstr(f->log->str, ==, "s@6,101:one s@6,101:two ");
    g_assert_cmpint(clock_next_deadline(f->machine.clock), ==, 200);
    /* Due, and the timer has not run yet. */
    f->machine.now = 200;
    g_assert_true(journal_deliver(f->journal, NULL));
    g_assert_cmpstr(f->log->str, ==, "s@6,101:one s@6,101:two s@6,200:late ");
    g_assert_cmpint(journal_next_time(f->journal), ==, CLOCK_NEVER);
}

static void *submit_many(void *opaque)
{
    for (unsigned i = 0; i < 1000; i++)
        say(opaque, "x");
    return NULL;
}

static void test_threads(struct fixture *f, gconstpointer unused)
{
    GThread *threads[4];

    for (unsigned i = 0; i < 4; i++)
        threads[i] = g_thread_new("submit", submit_many, i % 2 ? f->serial : f->keyboard);
    for (unsigned i = 0; i < 100; i++)
        journal_deliver(f->journal, NULL);
    for (unsigned i = 0; i < 4; i++)
        g_thread_join(threads[i]);
    journal_deliver(f->journal, NULL);
    g_assert_cmpuint(f->log->len, ==, 4000 * strlen("s@0,0:x "));
}

/* Records three inputs at two points, and an end. */
static void record_some(struct fixture *f, bool finish)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(journal_record(f->journal, f->path, "run disk.img", &error));
    g_assert_no_error(error);
    say(f->keyboard, "k1");
    go_to(f, 1000, 5000);
    journal_deliver(f->journal, NULL);
    say(f->serial, "s1");
    say(f->keyboard, "k2");
    go_to(f, 1000, 1000000);
    journal_deliver(f->journal, NULL);
    go_to(f, 2000, 1001000);
    if (finish) {
        g_assert_true(journal_finish(f->journal, 0x123456789ABCDEF0, &error));
        g_assert_no_error(error);
    }
}

static void test_replay(struct fixture *f, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;
    struct journal_end end;
    bool diverged;

    record_some(f, true);
    g_autofree char *header = journal_read_header(f->path, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(header, ==, "run disk.img");

    restart(f);
    g_assert_false(journal_replaying(f->journal));
    g_assert_true(journal_replay(f->journal, f->path, &error));
    g_assert_no_error(error);
    g_assert_true(journal_replaying(f->journal));
    journal_get_end(f->journal, &end);
    g_assert_true(end.present);
    g_assert_cmpuint(end.instructions, ==, 2000);
    g_assert_cmpint(end.virtual_ns, ==, 1001000);
    g_assert_cmphex(end.state_hash, ==, 0x123456789ABCDEF0);

    say(f->serial, "ignored");
    g_assert_false(journal_pending(f->journal));
    g_assert_cmpuint(journal_next_instruction(f->journal), ==, 1000);
    g_assert_cmpint(journal_next_time(f->journal), ==, 5000);
    go_to(f, 999, 5000);
    g_assert_false(journal_deliver(f->journal, &diverged));
    g_assert_false(diverged);
    go_to(f, 1000, 5000);
    g_assert_true(journal_deliver(f->journal, &diverged));
    g_assert_false(diverged);
    g_assert_cmpint(journal_next_time(f->journal), ==, 1000000);
    g_assert_false(journal_deliver(f->journal, &diverged));
    g_assert_false(diverged);
    go_to(f, 1000, 1000000);
    g_assert_true(journal_deliver(f->journal, &diverged));
    g_assert_cmpstr(f->log->str, ==, "k@1000,5000:k1 s@1000,1000000:s1 k@1000,1000000:k2 ");
    g_assert_cmpuint(journal_next_instruction(f->journal), ==, UINT64_MAX);
    g_assert_cmpint(journal_next_time(f->journal), ==, CLOCK_NEVER);
}

static void test_divergence(struct fixture *f, gconstpointer unused)
{
    bool diverged = false;

    record_some(f, false);
    restart(f);
    g_assert_true(journal_replay(f->journal, f->path, NULL));
    go_to(f, 1001, 5000);
    g_assert_false(journal_deliver(f->journal, &diverged));
    g_assert_true(diverged);

    restart(f);
    g_assert_true(journal_replay(f->journal, f->path, NULL));
    go_to(f, 1000, 5001);
    g_assert_false(journal_deliver(f->journal, &diverged));
    g_assert_true(diverged);
    struct journal_end end;
    journal_get_end(f->journal, &end);
    g_assert_false(end.present);
    g_assert_cmpstr(f->log->str, ==, "");
}

static void test_other_sources(struct fixture *f, gconstpointer unused)
{
    bool diverged = false;

    record_some(f, true);
    restart(f);
    journal_free(f->journal);
    f->journal = journal_new(&f->machine);
    journal_source_new(f->journal, "serial0", deliver_serial, f);
    journal_source_new(f->journal, "pointer", deliver_keyboard, f);
    g_assert_true(journal_replay(f->journal, f->path, NULL));
    go_to(f, 1000, 5000);
    g_assert_false(journal_deliver(f->journal, &diverged));
    g_assert_true(diverged);
    g_assert_nonnull(strstr(f->machine.notes->str, "\"keyboard\""));
    g_assert_nonnull(strstr(f->machine.notes->str, "\"pointer\""));
}

static void test_save_later(struct fixture *f, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *whole = NULL, *saved = NULL;
    size_t whole_length, saved_length;

    record_some(f, true);
    g_assert_true(g_file_get_contents(f->path, &whole, &whole_length, NULL));
    g_assert_true(journal_save(f->journal, f->path, "run disk.img", 0x123456789ABCDEF0, &error));
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(f->path, &saved, &saved_length, NULL));
    g_assert_cmpmem(saved, saved_length, whole, whole_length);

    /* 17 MiB more: the beginning is forgotten, and so nothing can be saved. */
    g_autofree uint8_t *block = g_malloc0(65536);
    for (unsigned i = 0; i < 17 * 16; i++) {
        journal_submit(f->serial, block, 65536);
        journal_deliver(f->journal, NULL);
    }
    g_assert_false(journal_save(f->journal, f->path, "", 0, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "16 MiB"));
}

/* Asks for an answer; its text, NULL: there is none. */
static char *ask(struct journal_source *source)
{
    const uint8_t *data;
    size_t length;

    return journal_get_answer(source, &data, &length) ? g_strndup((const char *)data, length) : NULL;
}

static void expect_answer(struct journal_source *source, const char *expected)
{
    g_autofree char *answer = ask(source);

    g_assert_cmpstr(answer, ==, expected);
}

static void answer(struct journal_source *source, const char *text)
{
    journal_put_answer(source, (const uint8_t *)text, strlen(text));
}

static void record_answers(struct fixture *f)
{
    g_assert_true(journal_record(f->journal, f->path, "", NULL));
    go_to(f, 10, 10);
    answer(f->keyboard, "first");
    answer(f->serial, "second");
    say(f->serial, "in");
    go_to(f, 11, 11);
    journal_deliver(f->journal, NULL);
    go_to(f, 20, 20);
    answer(f->serial, "third");
    g_assert_true(journal_finish(f->journal, 0, NULL));
}

/* What was answered within an instruction is given again there, and input at the boundary behind it is not missed. */
static void test_answers(struct fixture *f, gconstpointer unused)
{
    bool diverged;

    record_answers(f);
    restart(f);
    g_assert_true(journal_replay(f->journal, f->path, NULL));
    g_assert_cmpuint(journal_next_instruction(f->journal), ==, UINT64_MAX); /* an answer ends no slice */
    g_assert_cmpint(journal_next_time(f->journal), ==, CLOCK_NEVER);
    go_to(f, 10, 10);
    g_assert_false(journal_deliver(f->journal, &diverged));
    g_assert_false(diverged);
    expect_answer(f->keyboard, "first");
    expect_answer(f->serial, "second");
    g_assert_cmpuint(f->machine.ended_slices, ==, 2); /* but the one that asks ends: input may follow */
    go_to(f, 11, 11);
    g_assert_true(journal_deliver(f->journal, &diverged));
    g_assert_false(diverged);
    g_assert_cmpstr(f->log->str, ==, "s@11,11:in ");
    go_to(f, 20, 20);
    expect_answer(f->serial, "third");
    g_assert_false(journal_deliver(f->journal, &diverged));
    g_assert_false(diverged);
    expect_answer(f->serial, NULL); /* the recording has ended */
    journal_deliver(f->journal, &diverged);
    g_assert_true(diverged);
}

static void test_other_answers(struct fixture *f, gconstpointer unused)
{
    bool diverged;

    record_answers(f);
    for (unsigned i = 0; i < 4; i++) {
        restart(f);
        g_assert_true(journal_replay(f->journal, f->path, NULL));
        go_to(f, i == 0 ? 9 : 10, i == 1 ? 11 : 10);
        if (i < 3)
            expect_answer(i == 2 ? f->serial : f->keyboard, NULL);
        else
            go_to(f, 11, 11); /* and nobody has asked */
        journal_deliver(f->journal, &diverged);
        g_assert_true(diverged);
    }
}

/* Answers are kept in memory, too, until there are too many. */
static void test_save_answers(struct fixture *f, gconstpointer unused)
{
    g_autofree char *whole = NULL, *saved = NULL;
    size_t whole_length, saved_length;

    record_answers(f);
    g_assert_true(g_file_get_contents(f->path, &whole, &whole_length, NULL));
    g_assert_true(journal_save(f->journal, f->path, "", 0, NULL));
    g_assert_true(g_file_get_contents(f->path, &saved, &saved_length, NULL));
    g_assert_cmpmem(saved, saved_length, whole, whole_length);
    g_autofree uint8_t *block = g_malloc0(1 << 20);
    for (unsigned i = 0; i < 16; i++) {
        g_assert_true(journal_wants_answers(f->journal));
        journal_put_answer(f->serial, block, 1 << 20);
    }
    g_assert_false(journal_wants_answers(f->journal));
    g_assert_false(journal_save(f->journal, f->path, "", 0, NULL));
}

/* A thousand files are written here: new ones, for file systems flush those that replace others. */
static void write_file(const char *path, const char *data, size_t length)
{
    g_remove(path);
    FILE *file = g_fopen(path, "wb");

    g_assert_nonnull(file);
    g_assert_cmpuint(fwrite(data, 1, length, file), ==, length);
    g_assert_cmpint(fclose(file), ==, 0);
}

static void expect_refused(struct fixture *f, const char *word)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(journal_replay(f->journal, f->path, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, f->path));
    if (word && !strstr(error->message, word))
        g_error("\"%s\" does not say \"%s\"", error->message, word);
    g_assert_false(journal_replaying(f->journal));
}

static void test_bad_files(struct fixture *f, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;

    expect_refused(f, "cannot open");
    g_assert_null(journal_read_header(f->path, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
    write_file(f->path, "", 0);
    expect_refused(f, "is no recording");
    write_file(f->path, "#!/bin/sh\nexit\n", 15);
    expect_refused(f, "is no recording");
    write_file(f->path, "GALVREC\n\2\0\0\0\0\0\0\0", 16);
    expect_refused(f, "another version");
    write_file(f->path, "GALVREC\n\1\0\0\0\377\377\377\377", 16);
    expect_refused(f, "too long");
    g_remove(f->path);
    g_assert_cmpint(g_mkdir(f->path, 0700), ==, 0);
    expect_refused(f, "cannot be read");
    g_rmdir(f->path);
    g_clear_error(&error);
    g_assert_false(journal_record(f->journal, "/nonexistent/x.gvr", "", &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

/* Every truncation and every changed bit is refused, except a cut between two items, which is a run without its end. */
static void test_damage(struct fixture *f, gconstpointer unused)
{
    g_autofree char *whole = NULL;
    size_t length;
    unsigned accepted = 0;

    record_some(f, true);
    g_assert_true(g_file_get_contents(f->path, &whole, &length, NULL));
    for (size_t cut = 0; cut < length; cut++) {
        g_autoptr(GError) error = NULL;

        write_file(f->path, whole, cut);
        restart(f);
        if (journal_replay(f->journal, f->path, &error))
            accepted++;
        else
            g_assert_nonnull(error);
    }
    /* Behind the header, two sources and three inputs. */
    g_assert_cmpuint(accepted, ==, 6);
    for (size_t bit = 0; bit < length * 8; bit++) {
        whole[bit / 8] ^= (char)(1 << bit % 8);
        write_file(f->path, whole, length);
        restart(f);
        expect_refused(f, NULL);
        whole[bit / 8] ^= (char)(1 << bit % 8);
    }
    g_autofree char *longer = g_malloc(length + 1);
    memcpy(longer, whole, length);
    longer[length] = 2;
    write_file(f->path, longer, length + 1);
    expect_refused(f, "behind its end");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/journal/" name, struct fixture, NULL, set_up, function, tear_down)
    ADD("delivery", test_delivery);
    ADD("timed", test_timed);
    ADD("threads", test_threads);
    ADD("replay", test_replay);
    ADD("divergence", test_divergence);
    ADD("other-sources", test_other_sources);
    ADD("save-later", test_save_later);
    ADD("answers", test_answers);
    ADD("other-answers", test_other_answers);
    ADD("save-answers", test_save_answers);
    ADD("bad-files", test_bad_files);
    ADD("damage", test_damage);
    return g_test_run();
}
