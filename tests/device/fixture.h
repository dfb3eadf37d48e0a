/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine without a CPU, ports, an interrupt line that counts its edges, and a sink for characters. */
#ifndef GALVANIC_TESTS_DEVICE_FIXTURE_H
#define GALVANIC_TESTS_DEVICE_FIXTURE_H

#include <string.h>

#include "emu/host/character.h"
#include "emu/machine.h"

static inline struct machine *test_machine(void)
{
    struct machine_config config = {
        .arch = CPU_ARCH_X86_64,
        .cpus = 1,
        .picoseconds_per_instruction = 1000,
        .without_cpu = true,
        .calendar = 1767225600, /* 2026-01-01 */
    };
    g_autoptr(GError) error = NULL;
    struct machine *machine = machine_new(&config, &error);

    g_assert_no_error(error);
    return machine;
}

static inline uint8_t in8(struct machine *machine, uint16_t port)
{
    return (uint8_t)memory_io_read(machine_memory(machine), MEMORY_SPACE_PORT, port, 1);
}

static inline uint16_t in16(struct machine *machine, uint16_t port)
{
    return (uint16_t)memory_io_read(machine_memory(machine), MEMORY_SPACE_PORT, port, 2);
}

static inline uint32_t in32(struct machine *machine, uint16_t port)
{
    return (uint32_t)memory_io_read(machine_memory(machine), MEMORY_SPACE_PORT, port, 4);
}

static inline void out8(struct machine *machine, uint16_t port, uint8_t value)
{
    memory_io_write(machine_memory(machine), MEMORY_SPACE_PORT, port, 1, value);
}

static inline void out16(struct machine *machine, uint16_t port, uint16_t value)
{
    memory_io_write(machine_memory(machine), MEMORY_SPACE_PORT, port, 2, value);
}

static inline void out32(struct machine *machine, uint16_t port, uint32_t value)
{
    memory_io_write(machine_memory(machine), MEMORY_SPACE_PORT, port, 4, value);
}

/* What is at the other end of a line. */
struct test_line {
    bool level;
    unsigned edges; /* rising */
};

static inline void test_line_set(void *opaque, unsigned input, bool level)
{
    struct test_line *line = opaque;

    g_assert_cmpuint(input, ==, 0);
    if (level && !line->level)
        line->edges++;
    line->level = level;
}

static inline struct irq_line test_irq(struct test_line *line)
{
    return (struct irq_line){.set = test_line_set, .opaque = line};
}

static inline void test_sink_write(void *opaque, const uint8_t *data, size_t length)
{
    g_string_append_len(opaque, (const char *)data, (gssize)length);
}

static inline struct character_output test_sink(GString *text)
{
    return (struct character_output){.write = test_sink_write, .opaque = text};
}

static inline void test_ignore_note(void *opaque, const char *text)
{
}

struct test_action {
    void (*action)(struct machine *machine);
    struct machine *machine;
};

static inline void test_act(void *opaque)
{
    struct test_action *act = opaque;

    act->action(act->machine);
    machine_request_stop(act->machine); /* if the action has not stopped the machine */
}

/* Why the machine stops when @action is what the guest does; MACHINE_STOP_REQUEST: it does not. */
static inline enum machine_stop test_run(struct machine *machine, void (*action)(struct machine *machine))
{
    struct test_action act = {action, machine};
    static const struct machine_board_hooks hooks = {.boundary = test_act};

    machine_set_board(machine, &hooks, &act);
    enum machine_stop stop = machine_run(machine);
    machine_set_board(machine, &(struct machine_board_hooks){0}, NULL);
    return stop;
}

static inline void test_was_reset(void *opaque)
{
    machine_power_off(((struct test_action *)opaque)->machine);
}

/* @action makes the machine reset itself; one that does not makes the test crash, for there is no CPU to go on with. */
static inline void test_expect_reset(struct machine *machine, void (*action)(struct machine *machine))
{
    struct test_action act = {action, machine};
    static const struct machine_board_hooks act_first = {.boundary = test_act};
    static const struct machine_board_hooks then_reset = {.reset = test_was_reset};

    machine_set_board(machine, &act_first, &act);
    g_assert_cmpint(machine_run(machine), ==, MACHINE_STOP_REQUEST);
    machine_set_board(machine, &then_reset, &act);
    g_assert_cmpint(machine_run(machine), ==, MACHINE_STOP_POWER_OFF);
    machine_set_board(machine, &(struct machine_board_hooks){0}, NULL);
}

/* Input from outside, of any length: through the journal, which delivers it at a boundary. */
static inline void test_submit(struct machine *machine, const char *name, const void *data, size_t length)
{
    struct journal_source *source = journal_source_find(machine_journal(machine), name);

    g_assert_nonnull(source);
    for (size_t done = 0; done < length; done += 65536)
        journal_submit(source, (const uint8_t *)data + done, MIN(length - done, 65536));
    machine_advance(machine, 0);
}

/* All of @from's state into @to, a machine made alike; and then both states must be the same bytes. */
static inline void test_copy_state(struct machine *from, struct machine *to)
{
    g_autoptr(GByteArray) before = g_byte_array_new();
    g_autoptr(GByteArray) after = g_byte_array_new();
    g_autoptr(GError) error = NULL;

    machine_save(from, before);
    g_assert_true(machine_load(to, before->data, before->len, &error));
    g_assert_no_error(error);
    machine_save(to, after);
    g_assert_cmpmem(before->data, before->len, after->data, after->len);
}

#endif
