/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks state tables: save, load, print.  See state.h; primitive values are in stream.c. */
#include "emu/state/state.h"

#include <string.h>
#include <xxhash.h>

#include "emu/time/clock.h"

static void save_fields(const struct state_table *table, void *object, struct state_writer *out);
static bool load_fields(const struct state_table *table, void *object, struct state_reader *in);

static void save_element(const struct state_field *field, void *element, struct state_writer *out)
{
    switch (field->type) {
    case STATE_TYPE_BOOL:
        state_put_u8(out, *(bool *)element);
        break;
    case STATE_TYPE_U8:
        state_put_u8(out, *(uint8_t *)element);
        break;
    case STATE_TYPE_U16:
        state_put_u16(out, *(uint16_t *)element);
        break;
    case STATE_TYPE_U32:
        state_put_u32(out, *(uint32_t *)element);
        break;
    case STATE_TYPE_U64:
        state_put_u64(out, *(uint64_t *)element);
        break;
    case STATE_TYPE_TIMER:
        state_put_u64(out, (uint64_t)clock_timer_deadline(*(struct clock_timer **)element));
        break;
    case STATE_TYPE_STRUCT:
        save_fields(field->table, element, out);
        break;
    case STATE_TYPE_CUSTOM:
    case STATE_TYPE_END:
        break;
    }
}

static void save_fields(const struct state_table *table, void *object, struct state_writer *out)
{
    if (table->before_save)
        table->before_save(object);
    for (const struct state_field *field = table->fields; field && field->type != STATE_TYPE_END; field++) {
        if (field->type == STATE_TYPE_CUSTOM) {
            field->save(object, out);
            continue;
        }
        if (field->type == STATE_TYPE_U8) { /* long arrays of bytes at once */
            state_put_bytes(out, (char *)object + field->offset, field->count);
            continue;
        }
        for (unsigned i = 0; i < field->count; i++)
            save_element(field, (char *)object + field->offset + i * field->stride, out);
    }
}

static bool load_element(const struct state_field *field, void *element, struct state_reader *in)
{
    switch (field->type) {
    case STATE_TYPE_BOOL:
        *(bool *)element = state_get_u8(in) != 0;
        break;
    case STATE_TYPE_U8:
        *(uint8_t *)element = state_get_u8(in);
        break;
    case STATE_TYPE_U16:
        *(uint16_t *)element = state_get_u16(in);
        break;
    case STATE_TYPE_U32:
        *(uint32_t *)element = state_get_u32(in);
        break;
    case STATE_TYPE_U64:
        *(uint64_t *)element = state_get_u64(in);
        break;
    case STATE_TYPE_TIMER:
        clock_timer_set(*(struct clock_timer **)element, (int64_t)state_get_u64(in));
        break;
    case STATE_TYPE_STRUCT:
        return load_fields(field->table, element, in);
    case STATE_TYPE_CUSTOM:
    case STATE_TYPE_END:
        break;
    }
    return !state_reader_failed(in);
}

static bool load_fields(const struct state_table *table, void *object, struct state_reader *in)
{
    for (const struct state_field *field = table->fields; field && field->type != STATE_TYPE_END; field++) {
        if (field->type == STATE_TYPE_CUSTOM) {
            if (!field->load(object, in) || state_reader_failed(in))
                return false;
            continue;
        }
        for (unsigned i = 0; i < field->count; i++)
            if (!load_element(field, (char *)object + field->offset + i * field->stride, in))
                return false;
    }
    return !state_reader_failed(in);
}

/* Devices recompute what is derived only when all fields are there, nested structs first. */
static void after_load(const struct state_table *table, void *object)
{
    for (const struct state_field *field = table->fields; field && field->type != STATE_TYPE_END; field++) {
        if (field->type != STATE_TYPE_STRUCT)
            continue;
        for (unsigned i = 0; i < field->count; i++)
            after_load(field->table, (char *)object + field->offset + i * field->stride);
    }
    if (table->after_load)
        table->after_load(object);
}

void state_save(const struct state_table *table, void *object, struct state_writer *out)
{
    state_put_string(out, table->name);
    state_put_u32(out, table->version);
    save_fields(table, object, out);
}

bool state_load(const struct state_table *table, void *object, struct state_reader *in, GError **error)
{
    g_autofree char *name = state_get_string(in);
    uint32_t version = state_get_u32(in);

    if (g_strcmp0(name, table->name) != 0 || version != table->version) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "the saved state holds \"%s\" version %u where \"%s\" version %u is expected",
                    name ? name : "(nothing)", version, table->name, table->version);
        return false;
    }
    if (!load_fields(table, object, in)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "the saved state of \"%s\" is damaged or too short",
                    table->name);
        return false;
    }
    after_load(table, object);
    return true;
}

static uint64_t element_value(const struct state_field *field, const void *element)
{
    switch (field->type) {
    case STATE_TYPE_BOOL:
        return *(const bool *)element;
    case STATE_TYPE_U8:
        return *(const uint8_t *)element;
    case STATE_TYPE_U16:
        return *(const uint16_t *)element;
    case STATE_TYPE_U32:
        return *(const uint32_t *)element;
    case STATE_TYPE_U64:
        return *(const uint64_t *)element;
    default:
        return 0;
    }
}

static void print_field(const struct state_field *field, const void *object, const char *prefix, GString *out)
{
    for (unsigned i = 0; i < field->count; i++) {
        const char *element = (const char *)object + field->offset + i * field->stride;
        if (field->type == STATE_TYPE_STRUCT) {
            for (const struct state_field *f = field->table->fields; f && f->type != STATE_TYPE_END; f++) {
                g_autofree char *name = field->count > 1 ? g_strdup_printf("%s%s[%u].", prefix, field->name, i)
                                                         : g_strdup_printf("%s%s.", prefix, field->name);
                print_field(f, element, name, out);
            }
            continue;
        }
        if (i % 16 == 0)
            g_string_append_printf(out, field->count > 16 ? "%s%s%s[%u] =" : "%s%s%s =", i ? "\n" : "", prefix,
                                   field->name, i);
        if (field->type == STATE_TYPE_TIMER) {
            int64_t deadline = clock_timer_deadline(*(struct clock_timer *const *)element);
            if (deadline == CLOCK_NEVER)
                g_string_append(out, " off");
            else
                g_string_append_printf(out, " at %" G_GINT64_FORMAT " ns", deadline);
        } else if (field->type == STATE_TYPE_CUSTOM) {
            g_string_append(out, " ...");
        } else {
            g_string_append_printf(out, " %" G_GINT64_MODIFIER "x", element_value(field, element));
        }
    }
    if (field->type != STATE_TYPE_STRUCT)
        g_string_append_c(out, '\n');
}

void state_print(const struct state_table *table, const void *object, GString *out)
{
    for (const struct state_field *field = table->fields; field && field->type != STATE_TYPE_END; field++)
        print_field(field, object, "", out);
}

uint64_t state_hash_bytes(const void *data, size_t length, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, length, seed);
}
