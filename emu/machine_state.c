/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Save, load and hash of a whole machine: time, randomness, CPUs, devices, written pages. */
#include <string.h>

#include "emu/machine_internal.h"

#define STATE_MAGIC 0x31535647u /* "GVS1" */

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

static void save_random(void *object, struct state_writer *out)
{
    struct machine *machine = object;
    GList *names = g_list_sort(g_hash_table_get_keys(machine->random_streams), by_name);

    state_put_u32(out, g_list_length(names));
    for (GList *i = names; i; i = i->next) {
        uint64_t *count = g_hash_table_lookup(machine->random_streams, i->data);
        state_put_string(out, i->data);
        state_put_u64(out, *count);
    }
    g_list_free(names);
}

static bool load_random(void *object, struct state_reader *in)
{
    struct machine *machine = object;
    uint32_t streams = state_get_u32(in);

    g_hash_table_remove_all(machine->random_streams);
    for (uint32_t i = 0; i < streams && !state_reader_failed(in); i++) {
        char *name = state_get_string(in);
        uint64_t *count = g_new(uint64_t, 1);
        *count = state_get_u64(in);
        if (name)
            g_hash_table_insert(machine->random_streams, name, count);
        else
            g_free(count);
    }
    return !state_reader_failed(in);
}

static const struct state_field machine_fields[] = {
    STATE_U64(struct machine, skipped_ns),
    STATE_BOOL(struct machine, reset_requested),
    STATE_BOOL(struct machine, resting),
    STATE_U64(struct machine, rest_deadline),
    STATE_U64(struct machine, turn),
    STATE_U64(struct machine, turn_end),
    STATE_CUSTOM("random", save_random, load_random),
    STATE_END,
};

static const struct state_table machine_table = {.name = "machine", .version = 2, .fields = machine_fields};

static void save_cpus(struct machine *machine, struct state_writer *out)
{
    state_put_u32(out, machine->engine ? machine->config.cpus : 0);
    for (unsigned i = 0; machine->engine && i < machine->config.cpus; i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        cpu_save(cpu_engine_cpu(machine->engine, i), bytes);
        state_put_u32(out, bytes->len);
        state_put_bytes(out, bytes->data, bytes->len);
    }
}

static void save_devices(struct machine *machine, struct state_writer *out)
{
    for (guint i = 0; i < machine->devices->len; i++) {
        const struct machine_entry *entry = g_ptr_array_index(machine->devices, i);
        if (!entry->device_class->state)
            continue;
        state_put_string(out, entry->id);
        state_save(entry->device_class->state, entry->device, out);
    }
}

uint64_t machine_state_hash(struct machine *machine)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    struct state_writer *out = state_writer_new(bytes);

    state_save(&machine_table, machine, out);
    save_cpus(machine, out);
    save_devices(machine, out);
    state_writer_free(out);
    return state_hash_bytes(bytes->data, bytes->len, memory_hash(machine->memory));
}

void machine_save(struct machine *machine, GByteArray *bytes)
{
    struct state_writer *out = state_writer_new(bytes);

    state_put_u32(out, STATE_MAGIC);
    state_save(&machine_table, machine, out);
    save_cpus(machine, out);
    save_devices(machine, out);
    memory_save(machine->memory, out);
    state_writer_free(out);
}

static bool load_cpus(struct machine *machine, struct state_reader *in, GError **error)
{
    uint32_t cpus = state_get_u32(in);

    if (cpus != (machine->engine ? machine->config.cpus : 0)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "the saved state is of a machine with %u CPUs, this one has %u", cpus, machine->config.cpus);
        return false;
    }
    for (unsigned i = 0; i < cpus; i++) {
        uint32_t length = state_get_u32(in);
        if (length > state_reader_left(in))
            state_reader_fail(in);
        g_autofree uint8_t *bytes = g_malloc0(state_reader_failed(in) ? 1 : length + 1);
        if (state_reader_failed(in) || !state_get_bytes(in, bytes, length) ||
            !cpu_load(cpu_engine_cpu(machine->engine, i), bytes, length)) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "the saved state of CPU %u is of another CPU model",
                        i);
            return false;
        }
    }
    return true;
}

static bool load_devices(struct machine *machine, struct state_reader *in, GError **error)
{
    for (guint i = 0; i < machine->devices->len; i++) {
        struct machine_entry *entry = g_ptr_array_index(machine->devices, i);
        if (!entry->device_class->state)
            continue;
        g_autofree char *id = state_get_string(in);
        if (g_strcmp0(id, entry->id) != 0) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "the saved state holds device \"%s\" where this machine has \"%s\"", id ? id : "(none)",
                        entry->id);
            return false;
        }
        if (!state_load(entry->device_class->state, entry->device, in, error))
            return false;
    }
    return true;
}

bool machine_load(struct machine *machine, const uint8_t *data, size_t length, GError **error)
{
    struct state_reader *in = state_reader_new(data, length);
    bool good = false;

    if (state_get_u32(in) != STATE_MAGIC)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "this is no saved state of a machine");
    else
        /* CPUs first, since virtual time hangs on their counts; memory last, when its regions are where they belong */
        good = state_load(&machine_table, machine, in, error) && load_cpus(machine, in, error) &&
               load_devices(machine, in, error) && memory_load(machine->memory, in, error);
    state_reader_free(in);
    return good;
}
