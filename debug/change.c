/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See change.h.  A record: a letter, then "r" CPU (32 bits) value (16 bytes) name, or "m" physical address (64 bits) bytes. */
#include "debug/change.h"

#include <gio/gio.h>
#include <string.h>

#include "emu/bytes.h"
#include "emu/journal/journal.h"

#define SOURCE "debugger"
#define PAGE 4096u
#define REGISTER_NAME_AT (1 + 4 + 16)
#define MEMORY_BYTES_AT (1 + 8)

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool fail(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error)
        *error = g_error_new_valist(G_IO_ERROR, G_IO_ERROR_FAILED, format, arguments);
    va_end(arguments);
    return false;
}

static bool write_ram(struct machine *machine, uint64_t address, const void *bytes, size_t length)
{
    struct memory *memory = machine_memory(machine);

    return memory_pointer(memory, address, length) && memory_write(memory, address, bytes, length);
}

/* --- a replay --- */

static bool replay_register(struct machine *machine, const uint8_t *data, size_t length)
{
    if (length <= REGISTER_NAME_AT || get_le32(data + 1) >= machine_config(machine)->cpus)
        return false;
    g_autofree char *name = g_strndup((const char *)data + REGISTER_NAME_AT, length - REGISTER_NAME_AT);
    int index = register_find(machine_config(machine)->arch, name);

    return index >= 0 && register_set(machine_cpu(machine, get_le32(data + 1)), (unsigned)index, data + 5);
}

static void replay(void *opaque, const uint8_t *data, size_t length)
{
    struct machine *machine = opaque;
    bool done = false;

    if (*data == 'r')
        done = replay_register(machine, data, length);
    else if (*data == 'm' && length > MEMORY_BYTES_AT)
        done = write_ram(machine, get_le64(data + 1), data + MEMORY_BYTES_AT, length - MEMORY_BYTES_AT);
    if (!done)
        machine_note(machine, "the recording has a change by the debugger that cannot be made in this machine");
}

void change_add_source(struct machine *machine)
{
    journal_source_new(machine_journal(machine), SOURCE, replay, machine);
}

/* --- a run --- */

bool change_allowed(struct machine *machine, GError **error)
{
    struct journal *journal = machine_journal(machine);

    if (journal_replaying(journal))
        return fail(error, "this is a replay, in which the guest cannot be changed; a run can: galvanic debug IMAGE");
    if (!journal_recording(journal))
        return true;
    for (unsigned i = 0; i < machine_config(machine)->cpus; i++)
        if (cpu_is_held(
                machine_cpu(machine, i))) /* there is no point between two instructions here, for a replay to meet */
            return fail(error,
                        "CPU %u is about to take an exception, where a recorded run cannot be changed; stepi first", i);
    return true;
}

static void record(struct machine *machine, const GByteArray *change)
{
    struct journal_source *source = journal_source_find(machine_journal(machine), SOURCE);

    if (source)
        machine_delivered(machine, source, change->data, change->len);
}

bool change_register(struct machine *machine, struct cpu *cpu, unsigned index, const uint8_t value[16], GError **error)
{
    const struct register_info *info = register_at(cpu_architecture(cpu), index);
    g_autoptr(GByteArray) change = g_byte_array_new();
    uint8_t head[5] = {'r'};

    if (!change_allowed(machine, error))
        return false;
    if (!info || !register_set(cpu, index, value))
        return fail(error, "%s cannot be changed", info ? info->name : "that register");
    put_le32(head + 1, cpu_index(cpu));
    g_byte_array_append(change, head, sizeof(head));
    g_byte_array_append(change, value, 16);
    g_byte_array_append(change, (const uint8_t *)info->name, (guint)strlen(info->name));
    record(machine, change);
    return true;
}

static bool change_piece(struct machine *machine, uint64_t address, const void *bytes, size_t length)
{
    g_autoptr(GByteArray) change = g_byte_array_new();
    uint8_t head[MEMORY_BYTES_AT] = {'m'};

    if (!write_ram(machine, address, bytes, length))
        return false;
    put_le64(head + 1, address);
    g_byte_array_append(change, head, sizeof(head));
    g_byte_array_append(change, bytes, (guint)length);
    record(machine, change);
    return true;
}

static bool not_memory(uint64_t address, GError **error)
{
    return fail(error, "0x%" G_GINT64_MODIFIER "x cannot be written: it is not mapped, or no memory", address);
}

bool change_memory(const struct space *space, uint64_t address, const void *bytes, size_t length, GError **error)
{
    if (!change_allowed(space->machine, error))
        return false;
    for (size_t done = 0; done < length;) {
        uint64_t at = address + done, physical;
        size_t piece = MIN(length - done, PAGE - (at & (PAGE - 1)));

        if (at < address || !space_translate(space, at, &physical) ||
            !change_piece(space->machine, physical, (const uint8_t *)bytes + done, piece))
            return not_memory(at, error);
        done += piece;
    }
    return true;
}

bool change_physical(struct machine *machine, uint64_t address, const void *bytes, size_t length, GError **error)
{
    if (!change_allowed(machine, error))
        return false;
    for (size_t done = 0; done < length;) {
        size_t piece = MIN(length - done, PAGE);

        if (!change_piece(machine, address + done, (const uint8_t *)bytes + done, piece))
            return not_memory(address + done, error);
        done += piece;
    }
    return true;
}
