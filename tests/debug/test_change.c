/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user changes is part of the recording, and a replay takes no changes; on the guest of tests/engine/looking. */
#include "debug/change.h"

#include <glib/gstdio.h>
#include <string.h>

#include "debug/debugger.h"
#include "debug/gdb/stub.h"
#include "emu/bytes.h"
#include "emu/journal/journal.h"
#include "tests/engine/looking/guest.h"

#define CHANGED_AT 500 /* instructions; the guest runs for some thousands */

struct fixture {
    enum cpu_arch arch;
    struct guest *guest;
    struct symbols *symbols;
    struct debugger *debugger;
    char *folder, *path;
};

static void begin(struct fixture *fixture)
{
    fixture->guest = guest_new(fixture->arch);
    change_add_source(fixture->guest->machine);
    fixture->symbols = symbols_new(fixture->guest->machine);
    fixture->debugger = debugger_new(fixture->guest->machine, fixture->symbols, NULL, NULL);
}

static void end(struct fixture *fixture)
{
    debugger_free(fixture->debugger);
    symbols_free(fixture->symbols);
    guest_free(fixture->guest);
}

static void set_up(struct fixture *fixture, gconstpointer arch)
{
    fixture->arch = (enum cpu_arch)GPOINTER_TO_INT(arch);
    fixture->folder = g_dir_make_tmp("galvanic-change-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "run.gvr", NULL);
    begin(fixture);
}

static void tear_down(struct fixture *fixture, gconstpointer arch)
{
    (void)arch;
    end(fixture);
    g_remove(fixture->path);
    g_rmdir(fixture->folder);
    g_free(fixture->path);
    g_free(fixture->folder);
}

static struct journal *journal(const struct fixture *fixture)
{
    return machine_journal(fixture->guest->machine);
}

static struct cpu *cpu(const struct fixture *fixture)
{
    return machine_cpu(fixture->guest->machine, 0);
}

/* The one that the guest sums up in. */
static unsigned sum_register(const struct fixture *fixture)
{
    return (unsigned)register_find(fixture->arch, fixture->arch == CPU_ARCH_X86_64 ? "r13" : "x21");
}

static uint64_t place(const struct fixture *fixture)
{
    return fixture->guest->ram + GUEST_DATA + 0x1ffc; /* nobody's; a page ends in it */
}

static void change(struct fixture *fixture)
{
    static const uint8_t physical[] = {1, 2, 3};
    uint8_t value[16] = {0x34, 0x12};
    g_autoptr(GError) error = NULL;
    struct space space;

    space_current(fixture->guest->machine, cpu(fixture), &space);
    g_assert_true(change_memory(&space, place(fixture), "12345678", 8, &error));
    g_assert_no_error(error);
    g_assert_true(change_physical(fixture->guest->machine, fixture->guest->ram + GUEST_OTHER - 8, physical, 3, &error));
    g_assert_no_error(error);
    g_assert_true(change_register(fixture->guest->machine, cpu(fixture), sum_register(fixture), value, &error));
    g_assert_no_error(error);
    g_assert_cmphex(guest_sum(fixture->guest), ==, 0x1234);
}

/* Runs the guest, changing it on the way; its hash at the end. */
static uint64_t record(struct fixture *fixture, bool while_recording)
{
    g_autoptr(GError) error = NULL;

    if (while_recording)
        g_assert_true(journal_record(journal(fixture), fixture->path, "test", &error));
    g_assert_cmpint(debugger_run_to(fixture->debugger, CHANGED_AT), ==, DEBUGGER_STOP_STEP);
    change(fixture);
    g_assert_cmpint(debugger_continue(fixture->debugger), ==, DEBUGGER_STOP_MACHINE);
    uint64_t hash = machine_state_hash(fixture->guest->machine);
    g_assert_true(while_recording ? journal_finish(journal(fixture), hash, &error)
                                  : journal_save(journal(fixture), fixture->path, "test", hash, &error));
    g_assert_no_error(error);
    return hash;
}

static void assert_replays(struct fixture *fixture, uint64_t hash)
{
    g_autoptr(GError) error = NULL;
    char bytes[9] = {0};

    end(fixture);
    begin(fixture);
    g_assert_true(journal_replay(journal(fixture), fixture->path, &error));
    g_assert_cmpint(machine_run(fixture->guest->machine), ==, MACHINE_STOP_POWER_OFF);
    memory_read(machine_memory(fixture->guest->machine), place(fixture), bytes, 8);
    g_assert_cmpstr(bytes, ==, "12345678");
    g_assert_cmphex(machine_state_hash(fixture->guest->machine), ==, hash);
}

static void test_recorded(struct fixture *fixture, gconstpointer arch)
{
    (void)arch;
    assert_replays(fixture, record(fixture, true));
}

/* Changed first, and written to a file when it is over. */
static void test_saved(struct fixture *fixture, gconstpointer arch)
{
    (void)arch;
    assert_replays(fixture, record(fixture, false));
}

/* Before an exception is delivered there is no point between two instructions that a replay could meet. */
static void test_before_an_exception(struct fixture *fixture, gconstpointer arch)
{
    const struct debugger_point any = {
        .kind = DEBUGGER_POINT_CATCH_EXCEPTION, .address = UINT64_MAX, .root = SYMBOLS_ANY_SPACE, .enabled = true};
    uint8_t value[16] = {0};
    g_autoptr(GError) error = NULL;

    (void)arch;
    g_assert_true(journal_record(journal(fixture), fixture->path, "test", NULL));
    unsigned number = debugger_insert(fixture->debugger, &any, &error);
    g_assert_no_error(error);
    g_assert_cmpint(debugger_continue(fixture->debugger), ==, DEBUGGER_STOP_CATCH);
    g_assert_false(change_register(fixture->guest->machine, cpu(fixture), sum_register(fixture), value, &error));
    g_assert_nonnull(strstr(error->message, "about to take an exception"));
    debugger_remove(fixture->debugger, number);
    debugger_step(fixture->debugger, 1);
    change(fixture);
    g_assert_cmpint(debugger_continue(fixture->debugger), ==, DEBUGGER_STOP_MACHINE);
    uint64_t hash = machine_state_hash(fixture->guest->machine);
    g_assert_true(journal_finish(journal(fixture), hash, NULL));
    assert_replays(fixture, hash);
}

static void assert_answer(struct gdb_stub *stub, const char *packet, const char *words)
{
    g_autoptr(GString) reply = g_string_new(NULL);

    g_assert_cmpint(gdb_stub_packet(stub, packet, strlen(packet), reply), ==, GDB_ACTION_REPLY);
    if (!strstr(reply->str, words))
        g_error("%s: \"%s\", and not \"%s\"", packet, reply->str, words);
}

static void test_refused_in_a_replay(struct fixture *fixture, gconstpointer arch)
{
    uint64_t hash = record(fixture, true);
    uint8_t value[16] = {0};
    g_autoptr(GError) error = NULL;
    struct space space;

    (void)arch;
    end(fixture);
    begin(fixture);
    g_assert_true(journal_replay(journal(fixture), fixture->path, NULL));
    g_assert_cmpint(debugger_run_to(fixture->debugger, 400), ==, DEBUGGER_STOP_STEP);
    space_current(fixture->guest->machine, cpu(fixture), &space);
    g_assert_false(change_register(fixture->guest->machine, cpu(fixture), sum_register(fixture), value, &error));
    g_assert_nonnull(strstr(error->message, "this is a replay"));
    g_clear_error(&error);
    g_assert_false(change_memory(&space, place(fixture), "x", 1, &error));
    g_assert_nonnull(strstr(error->message, "this is a replay"));
    g_clear_error(&error);
    struct gdb_stub *stub = gdb_stub_new(fixture->debugger, NULL, NULL);
    g_autofree char *memory = g_strdup_printf("M%" G_GINT64_MODIFIER "x,1:5a", place(fixture));
    assert_answer(stub, memory, "E.this is a replay");
    assert_answer(stub, "P1=0000000000000000", "E.this is a replay");
    assert_answer(stub, "G0000000000000000", "E.this is a replay");
    assert_answer(stub, "c100000", "E.this is a replay");
    gdb_stub_free(stub);
    g_assert_cmpint(machine_run(fixture->guest->machine), ==, MACHINE_STOP_POWER_OFF);
    g_assert_cmphex(machine_state_hash(fixture->guest->machine), ==, hash);
}

static void test_impossible(struct fixture *fixture, gconstpointer arch)
{
    bool x86 = fixture->arch == CPU_ARCH_X86_64;
    uint8_t value[16] = {0};
    g_autoptr(GError) error = NULL;
    struct space space;

    (void)arch;
    space_current(fixture->guest->machine, cpu(fixture), &space);
    g_assert_false(change_memory(&space, 0xdead00000000, "x", 1, &error));
    g_assert_nonnull(strstr(error->message, "0xdead00000000 cannot be written"));
    g_clear_error(&error);
    g_assert_false(change_physical(fixture->guest->machine, fixture->guest->mmio, "x", 1, &error));
    g_assert_nonnull(strstr(error->message, "no memory"));
    g_clear_error(&error);
    unsigned fixed = (unsigned)register_find(fixture->arch, x86 ? "lapic_id" : "midr_el1");
    g_assert_false(change_register(fixture->guest->machine, cpu(fixture), x86 ? UINT32_MAX : fixed, value, &error));
    g_assert_nonnull(strstr(error->message, "cannot be changed"));
}

static void note(void *opaque, const char *text)
{
    g_string_append(opaque, text);
}

/* Records that a damaged recording may hold. */
static void test_damaged(struct fixture *fixture, gconstpointer arch)
{
    static const struct {
        const char *bytes;
        size_t length;
    } bad[] = {{"x", 1},
               {"r", 1},
               {"m", 1},
               {"m\0\0\0\0\0\0\0\0", 9},
               {"m\377\377\377\377\377\377\377\377abcd", 13},
               {"r\1\0\0\0"
                "0123456789abcdef"
                "rax",
                24},
               {"r\0\0\0\0"
                "0123456789abcdef"
                "nonsense",
                29},
               {"r\0\0\0\0"
                "0123456789abcdef",
                21}};
    struct journal_source *source = journal_source_find(journal(fixture), "debugger");
    GString *notes = g_string_new(NULL);

    (void)arch;
    machine_set_note_handler(fixture->guest->machine, note, notes);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_string_truncate(notes, 0);
        journal_submit(source, (const uint8_t *)bad[i].bytes, bad[i].length);
        journal_deliver(journal(fixture), NULL);
        g_assert_nonnull(strstr(notes->str, "cannot be made"));
    }
    machine_set_note_handler(fixture->guest->machine, NULL, NULL);
    g_string_free(notes, TRUE);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(struct fixture *fixture, gconstpointer arch);
    } tests[] = {{"recorded", test_recorded},
                 {"saved", test_saved},
                 {"before-an-exception", test_before_an_exception},
                 {"refused-in-a-replay", test_refused_in_a_replay},
                 {"impossible", test_impossible},
                 {"damaged", test_damaged}};
    static const enum cpu_arch archs[] = {CPU_ARCH_X86_64, CPU_ARCH_AARCH64};

    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(archs); i++) {
        for (unsigned j = 0; j < G_N_ELEMENTS(tests); j++) {
            g_autofree char *name =
                g_strdup_printf("/change/%s/%s", archs[i] == CPU_ARCH_X86_64 ? "x86_64" : "aarch64", tests[j].name);
            g_test_add(name, struct fixture, GINT_TO_POINTER(archs[i]), set_up, tests[j].test, tear_down);
        }
    }
    return g_test_run();
}
