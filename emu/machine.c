/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine as an object: making, freeing, devices, notes, randomness.  Running is in run.c. */
#include "emu/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "emu/machine_internal.h"

static int64_t now_of(void *opaque)
{
    return machine_now(opaque);
}

static void ram_map(void *opaque, uint64_t address, uint64_t size, void *host, bool read_only)
{
    cpu_engine_map(opaque, address, size, host, read_only);
}

static void ram_unmap(void *opaque, uint64_t address, uint64_t size)
{
    cpu_engine_unmap(opaque, address, size);
}

static void ram_written(void *opaque, uint64_t address, uint64_t size)
{
    cpu_engine_memory_written(opaque, address, size);
}

static bool ram_dirty(void *opaque, uint64_t address)
{
    return cpu_engine_page_dirty(opaque, address);
}

static void ram_moved(void *opaque)
{
    machine_end_slice(opaque);
}

void machine_wake(void *opaque)
{
    struct machine *machine = opaque;

    if (machine->engine)
        cpu_request_exit(machine->engine);
    g_mutex_lock(&machine->wait_mutex);
    g_cond_signal(&machine->wait_condition);
    g_mutex_unlock(&machine->wait_mutex);
}

static bool make_engine(struct machine *machine, GError **error)
{
    const char *model = machine->cpu_model;

    if (!model)
        model = machine->config.arch == CPU_ARCH_X86_64 ? "qemu64" : "max";
    machine->engine =
        cpu_engine_new(machine->config.arch, model, machine->config.cpus, &machine_cpu_callbacks, machine, error);
    if (!machine->engine)
        return false;
    struct memory_listener listener = {
        .map = ram_map, .unmap = ram_unmap, .written = ram_written, .dirty = ram_dirty, .opaque = machine->engine};
    memory_set_listener(machine->memory, &listener);
    return true;
}

struct machine *machine_new(const struct machine_config *config, GError **error)
{
    struct machine *machine = g_new0(struct machine, 1);

    machine->config = *config;
    machine->cpu_model = g_strdup(config->cpu_model);
    machine->config.cpu_model = machine->cpu_model;
    if (!machine->config.picoseconds_per_instruction)
        machine->config.picoseconds_per_instruction = MACHINE_DEFAULT_PICOSECONDS;
    machine->reboot_allowed = true;
    machine->devices = g_ptr_array_new();
    machine->random_streams = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    machine_looking_new(machine);
    machine->break_at = UINT64_MAX;
    machine->reported = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    machine->calls = g_async_queue_new_full(g_free);
    machine->register_watches = g_ptr_array_new_with_free_func(g_free);
    g_mutex_init(&machine->wait_mutex);
    g_cond_init(&machine->wait_condition);
    machine->memory = memory_new();
    memory_set_moved_handler(machine->memory, ram_moved, machine);
    machine->clock = clock_new(now_of, machine_clock_changed, machine);
    machine->trace = trace_new(machine);
    machine->journal = journal_new(machine);
    journal_set_wake(machine->journal, machine_wake, machine);
    if (!config->without_cpu && !make_engine(machine, error)) {
        machine_free(machine);
        return NULL;
    }
    return machine;
}

void machine_delivered(struct machine *machine, struct journal_source *source, const uint8_t *data, size_t length)
{
    journal_delivered(source, data, length);
    machine->resting = false; /* as after each delivery */
}

void machine_free(struct machine *machine)
{
    if (!machine)
        return;
    for (guint i = machine->devices->len; i > 0; i--) { /* those that use others were made last */
        struct machine_entry *entry = g_ptr_array_index(machine->devices, i - 1);
        if (entry->device_class->unrealize)
            entry->device_class->unrealize(entry->device);
        g_free(entry->id);
        g_free(entry);
    }
    g_ptr_array_free(machine->devices, TRUE);
    journal_free(machine->journal);
    trace_free(machine->trace);
    clock_free(machine->clock);
    if (machine->engine)
        cpu_engine_free(machine->engine);
    memory_free(machine->memory);
    g_hash_table_destroy(machine->random_streams);
    g_hash_table_destroy(machine->reported);
    machine_looking_free(machine);
    g_async_queue_unref(machine->calls);
    g_ptr_array_unref(machine->register_watches);
    g_mutex_clear(&machine->wait_mutex);
    g_cond_clear(&machine->wait_condition);
    g_free(machine->stop_message);
    g_free(machine->cpu_model);
    g_free(machine);
}

void machine_set_board(struct machine *machine, const struct machine_board_hooks *hooks, void *opaque)
{
    machine->hooks = *hooks;
    machine->board = opaque;
}

const struct machine_config *machine_config(const struct machine *machine)
{
    return &machine->config;
}

struct memory *machine_memory(struct machine *machine)
{
    return machine->memory;
}

struct clock *machine_clock(struct machine *machine)
{
    return machine->clock;
}

struct journal *machine_journal(struct machine *machine)
{
    return machine->journal;
}

struct trace *machine_trace_log(struct machine *machine)
{
    return machine->trace;
}

struct cpu_engine *machine_engine(struct machine *machine)
{
    return machine->engine;
}

struct cpu *machine_cpu(struct machine *machine, unsigned index)
{
    return machine->engine ? cpu_engine_cpu(machine->engine, index) : NULL;
}

struct cpu *machine_running_cpu(const struct machine *machine)
{
    return machine->running;
}

void machine_add_device(struct machine *machine, const struct device_class *device_class, void *device, const char *id)
{
    struct machine_entry *entry = g_new0(struct machine_entry, 1);

    entry->device_class = device_class;
    entry->device = device;
    entry->id = g_strdup(id);
    g_ptr_array_add(machine->devices, entry);
}

bool machine_device(const struct machine *machine, unsigned index, const struct device_class **device_class,
                    void **device, const char **id)
{
    if (index >= machine->devices->len)
        return false;
    const struct machine_entry *entry = g_ptr_array_index(machine->devices, index);
    *device_class = entry->device_class;
    *device = entry->device;
    *id = entry->id;
    return true;
}

void machine_set_note_handler(struct machine *machine, void (*note)(void *opaque, const char *text), void *opaque)
{
    machine->note = note;
    machine->note_opaque = opaque;
}

static void note(struct machine *machine, const char *text)
{
    if (machine->note)
        machine->note(machine->note_opaque, text);
    else
        fprintf(stderr, "galvanic: %s\n", text);
}

void machine_note(struct machine *machine, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    note(machine, text);
}

void machine_guest_error_at(struct machine *machine, const char *device_id, const char *place, const char *format, ...)
{
    va_list arguments;

    g_autofree char *key = g_strdup_printf("%s %s", device_id, place);
    if (!g_hash_table_add(machine->reported, g_steal_pointer(&key)))
        return;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    int64_t now = machine_now(machine);
    g_autofree char *line = machine->running
                                ? g_strdup_printf("%s: %s [pc 0x%" G_GINT64_MODIFIER "x, %" G_GINT64_FORMAT ".%09d s]",
                                                  device_id, text, cpu_pc(machine->running),
                                                  now / NANOSECONDS_PER_SECOND, (int)(now % NANOSECONDS_PER_SECOND))
                                : g_strdup_printf("%s: %s", device_id, text);
    note(machine, line);
}

/* Block number @count of a stream is a keyed hash: cheap, and the state is the count alone. */
void machine_random(struct machine *machine, const char *consumer, void *bytes, size_t length)
{
    uint64_t *count = g_hash_table_lookup(machine->random_streams, consumer);
    uint8_t *to = bytes;

    if (!count) {
        count = g_new0(uint64_t, 1);
        g_hash_table_insert(machine->random_streams, g_strdup(consumer), count);
    }
    uint64_t stream = state_hash_bytes(consumer, strlen(consumer), machine->config.seed);
    while (length) {
        uint64_t head[2] = {stream, (*count)++};
        uint64_t block = state_hash_bytes(head, sizeof(head), machine->config.seed ^ 0x9E3779B97F4A7C15ULL);
        for (unsigned i = 0; i < 8 && length; i++, length--)
            *to++ = (uint8_t)(block >> (8 * i));
    }
}
