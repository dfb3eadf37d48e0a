/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shim in mid-flight: the test application is stopped at many points, saved, loaded into a fresh machine and run
 * to its end there; and it is run in slices of odd lengths.  Each time it must end in the very same state.
 */
#include "emu/machine.h"
#include "tests/firmware/platform.h"

#define POINTS 60
#define LIMIT 50000000u /* instructions; the application needs about a million */

struct subject {
    GBytes *application;
    uint64_t instructions, hash;
};

static struct machine *make(const struct subject *subject)
{
    const struct machine_config config = {.arch = platform()->arch,
                                          .cpus = 1,
                                          .picoseconds_per_instruction = 1000,
                                          .nanoseconds_per_pause = 100,
                                          .calendar = 1767225600};
    const struct board_config board = {
        .memory_size = 128u << 20, .efi_app = subject->application, .efi_app_name = "application", .append = "options"};
    g_autoptr(GError) error = NULL;
    struct machine *machine = machine_new(&config, &error);

    g_assert_no_error(error);
    g_assert_nonnull(platform()->make(machine, &board, &error));
    g_assert_no_error(error);
    machine_reset(machine);
    return machine;
}

static void quiet(void *opaque, const char *text)
{
}

static void reference(struct subject *subject)
{
    struct machine *machine = make(subject);

    machine_set_note_handler(machine, quiet, NULL);
    machine_set_limits(machine, 0, LIMIT);
    g_assert_cmpint(machine_run(machine), ==, MACHINE_STOP_POWER_OFF);
    subject->instructions = machine_instructions(machine);
    subject->hash = machine_state_hash(machine);
    machine_free(machine);
}

static void at_its_end(struct subject *subject, struct machine *machine)
{
    machine_set_limits(machine, 0, LIMIT);
    g_assert_cmpint(machine_run(machine), ==, MACHINE_STOP_POWER_OFF);
    g_assert_cmpuint(machine_instructions(machine), ==, subject->instructions);
    g_assert_cmphex(machine_state_hash(machine), ==, subject->hash);
}

static void test_saved_and_loaded(gconstpointer data)
{
    struct subject *subject = (struct subject *)data;

    for (unsigned i = 0; i < POINTS; i++) {
        struct machine *first = make(subject), *second = make(subject);
        g_autoptr(GByteArray) state = g_byte_array_new();
        g_autoptr(GError) error = NULL;

        machine_set_note_handler(first, quiet, NULL);
        machine_set_note_handler(second, quiet, NULL);
        machine_set_limits(first, 0, 500 + subject->instructions * i / POINTS);
        g_assert_cmpint(machine_run(first), ==, MACHINE_STOP_LIMIT);
        machine_save(first, state);
        g_assert_true(machine_load(second, state->data, state->len, &error));
        g_assert_no_error(error);
        g_assert_cmphex(machine_state_hash(first), ==, machine_state_hash(second));
        at_its_end(subject, second);
        machine_free(first);
        machine_free(second);
    }
}

static void test_slices(gconstpointer data)
{
    static const uint64_t slices[] = {1, 7, 100, 12345};
    struct subject *subject = (struct subject *)data;

    for (unsigned i = 0; i < G_N_ELEMENTS(slices); i++) {
        struct machine *machine = make(subject);

        machine_set_note_handler(machine, quiet, NULL);
        machine_set_slice(machine, slices[i]);
        at_its_end(subject, machine);
        machine_free(machine);
    }
}

static void test_reset(gconstpointer data)
{
    struct subject *subject = (struct subject *)data;
    struct machine *machine = make(subject);

    machine_set_note_handler(machine, quiet, NULL);
    machine_set_limits(machine, 0, subject->instructions / 2);
    g_assert_cmpint(machine_run(machine), ==, MACHINE_STOP_LIMIT);
    machine_reset(machine); /* in the middle of everything; then it runs from the start */
    machine_set_limits(machine, 0, LIMIT);
    g_assert_cmpint(machine_run(machine), ==, MACHINE_STOP_POWER_OFF);
    machine_free(machine);
}

int main(int argc, char **argv)
{
    struct subject subject = {0};
    g_autoptr(GError) error = NULL;
    char *bytes;
    gsize size;

    g_test_init(&argc, &argv, NULL);
    g_file_get_contents(g_getenv("APPLICATION"), &bytes, &size, &error);
    g_assert_no_error(error);
    subject.application = g_bytes_new_take(bytes, size);
    reference(&subject);
    g_test_add_data_func("/shim/saved-and-loaded", &subject, test_saved_and_loaded);
    g_test_add_data_func("/shim/slices", &subject, test_slices);
    g_test_add_data_func("/shim/reset", &subject, test_reset);
    int status = g_test_run();
    g_bytes_unref(subject.application);
    return status;
}
