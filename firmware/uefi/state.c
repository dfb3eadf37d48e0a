/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shim's state: everything in the order of its making.  What guests see stands in guest memory and is not repeated
 * here. A state is loaded into a shim that uefi_reset() has run on, with the same configuration.
 */
#include <string.h>

#include "firmware/uefi/uefi_internal.h"

static void put_guid(struct state_writer *out, const struct efi_guid *guid)
{
    state_put_bytes(out, guid->bytes, sizeof(guid->bytes));
}

static void get_guid(struct state_reader *in, struct efi_guid *guid)
{
    state_get_bytes(in, guid->bytes, sizeof(guid->bytes));
}

static void put_list(struct state_writer *out, const GArray *list)
{
    state_put_u32(out, list->len);
    for (guint i = 0; i < list->len; i++)
        state_put_u64(out, g_array_index(list, uint64_t, i));
}

static bool get_list(struct state_reader *in, GArray *list)
{
    uint32_t count = state_get_u32(in);

    if (count > state_reader_left(in) / 8)
        return false;
    g_array_set_size(list, 0);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t value = state_get_u64(in);
        g_array_append_val(list, value);
    }
    return true;
}

/* --- memory and variables --- */
static void save_memory(void *object, struct state_writer *out)
{
    struct uefi *uefi = object;

    memory_map_save(uefi->map, out);
    pool_save(uefi->pool, out);
    variables_save(uefi->variables, out);
}

static bool load_memory(void *object, struct state_reader *in)
{
    struct uefi *uefi = object;

    return memory_map_load(uefi->map, in) && pool_load(uefi->pool, in) && variables_load(uefi->variables, in);
}

/* --- objects and handles --- */
static int class_index(const struct uefi *uefi, const struct uefi_object_class *object_class)
{
    guint index = 0;

    return g_ptr_array_find(uefi->classes, object_class, &index) ? (int)index : -1;
}

static void save_interfaces(void *object, struct state_writer *out)
{
    struct uefi *uefi = object;

    state_put_u32(out, uefi->functions->len); /* the same program and configuration have the same stubs */
    state_put_u32(out, uefi->interfaces->len);
    for (guint i = 0; i < uefi->interfaces->len; i++) {
        const struct uefi_interface *interface = uefi->interfaces->pdata[i];
        GByteArray *bytes = g_byte_array_new();
        struct state_writer *inner = state_writer_new(bytes);
        if (interface->object_class->save)
            interface->object_class->save(uefi, interface->object, inner);
        state_put_u32(out, (uint32_t)class_index(uefi, interface->object_class));
        state_put_u64(out, interface->address);
        state_put_u32(out, bytes->len);
        state_put_bytes(out, bytes->data, bytes->len);
        state_writer_free(inner);
        g_byte_array_unref(bytes);
    }
}

static bool load_interface(struct uefi *uefi, struct state_reader *in)
{
    uint32_t index = state_get_u32(in);
    uint64_t address = state_get_u64(in);
    uint32_t length = state_get_u32(in);

    if (state_reader_failed(in) || index >= uefi->classes->len || length > state_reader_left(in))
        return false;
    const struct uefi_object_class *object_class = uefi->classes->pdata[index];
    uint8_t *bytes = g_malloc(length + 1);
    state_get_bytes(in, bytes, length);
    struct state_reader *inner = state_reader_new(bytes, length);
    void *made = object_class->load(uefi, address, inner);
    state_reader_free(inner);
    g_free(bytes);
    if (!made)
        return false;
    uefi_interface_add(uefi, address, object_class, made);
    return true;
}

static bool load_interfaces(void *object, struct state_reader *in)
{
    struct uefi *uefi = object;

    if (!uefi->boot_stubs)
        return false;
    uefi_handles_clear(uefi);
    if (state_get_u32(in) != uefi->functions->len)
        return false;
    uint32_t count = state_get_u32(in);
    for (uint32_t i = 0; i < count; i++)
        if (!load_interface(uefi, in))
            return false;
    return true;
}

static void save_handles(void *object, struct state_writer *out)
{
    struct uefi *uefi = object;

    state_put_u32(out, uefi->handles->len);
    for (guint i = 0; i < uefi->handles->len; i++) {
        const struct uefi_handle *handle = uefi->handles->pdata[i];
        state_put_u64(out, handle->address);
        state_put_u32(out, handle->protocols->len);
        for (guint j = 0; j < handle->protocols->len; j++) {
            const struct uefi_protocol_entry *entry = handle->protocols->pdata[j];
            put_guid(out, &entry->guid);
            state_put_u64(out, entry->interface);
            state_put_u32(out, entry->opens->len);
            for (guint k = 0; k < entry->opens->len; k++) {
                const struct uefi_open *open = &g_array_index(entry->opens, struct uefi_open, k);
                state_put_u64(out, open->agent);
                state_put_u64(out, open->controller);
                state_put_u32(out, open->attributes);
                state_put_u32(out, open->count);
            }
        }
    }
    state_put_u32(out, uefi->registrations->len);
    for (guint i = 0; i < uefi->registrations->len; i++) {
        const struct uefi_registration *registration = uefi->registrations->pdata[i];
        state_put_u64(out, registration->address);
        state_put_u64(out, registration->event);
        put_guid(out, &registration->guid);
        put_list(out, registration->pending);
    }
}

static bool load_protocol(struct uefi_handle *handle, struct state_reader *in)
{
    struct uefi_protocol_entry *entry = g_new0(struct uefi_protocol_entry, 1);

    entry->opens = g_array_new(FALSE, FALSE, sizeof(struct uefi_open));
    g_ptr_array_add(handle->protocols, entry);
    get_guid(in, &entry->guid);
    entry->interface = state_get_u64(in);
    uint32_t opens = state_get_u32(in);
    if (opens > UEFI_OPEN_LIMIT)
        return false;
    for (uint32_t i = 0; i < opens; i++) {
        struct uefi_open open = {.agent = state_get_u64(in), .controller = state_get_u64(in)};
        open.attributes = state_get_u32(in);
        open.count = state_get_u32(in);
        g_array_append_val(entry->opens, open);
    }
    return !state_reader_failed(in);
}

static bool load_handles(void *object, struct state_reader *in)
{
    struct uefi *uefi = object;
    uint32_t count = state_get_u32(in);

    for (uint32_t i = 0; i < count; i++) {
        uint64_t address = state_get_u64(in);
        uint32_t protocols = state_get_u32(in);
        struct uefi_handle *handle = address ? uefi_handle_add(uefi, address) : NULL;
        if (!handle || protocols > UEFI_PROTOCOL_LIMIT)
            return false;
        for (uint32_t j = 0; j < protocols; j++)
            if (!load_protocol(handle, in))
                return false;
    }
    count = state_get_u32(in);
    for (uint32_t i = 0; i < count && !state_reader_failed(in); i++) {
        struct uefi_registration *registration = g_new0(struct uefi_registration, 1);
        registration->pending = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        g_ptr_array_add(uefi->registrations, registration);
        registration->address = state_get_u64(in);
        registration->event = state_get_u64(in);
        get_guid(in, &registration->guid);
        if (!get_list(in, registration->pending))
            return false;
    }
    return !state_reader_failed(in);
}

/* --- events --- */
static void save_events(void *object, struct state_writer *out)
{
    struct uefi *uefi = object;

    state_put_u32(out, uefi->events->len);
    for (guint i = 0; i < uefi->events->len; i++) {
        const struct uefi_event *event = uefi->events->pdata[i];
        state_put_u64(out, event->address);
        state_put_u32(out, event->type);
        state_put_u64(out, event->tpl);
        state_put_u64(out, event->function);
        state_put_u64(out, event->context);
        put_guid(out, &event->group);
        state_put_u8(out, (uint8_t)(event->has_group | event->signalled << 1));
        state_put_u64(out, event->interface);
        state_put_u64(out, (uint64_t)event->deadline);
        state_put_u64(out, (uint64_t)event->period);
    }
    state_put_u32(out, uefi->notifications->len);
    for (guint i = 0; i < uefi->notifications->len; i++) {
        const struct uefi_notification *n = &g_array_index(uefi->notifications, struct uefi_notification, i);
        state_put_u64(out, n->tpl);
        state_put_u64(out, n->function);
        state_put_u64(out, n->event);
        state_put_u32(out, n->count);
        for (unsigned j = 0; j < 4; j++)
            state_put_u64(out, n->arguments[j]);
    }
}

static bool load_events(void *object, struct state_reader *in)
{
    struct uefi *uefi = object;
    uint32_t count = state_get_u32(in);

    uefi_events_clear(uefi);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t address = state_get_u64(in);
        struct uefi_event *event = address ? uefi_event_add(uefi, address) : NULL;
        if (!event)
            return false;
        event->type = state_get_u32(in);
        event->tpl = state_get_u64(in);
        event->function = state_get_u64(in);
        event->context = state_get_u64(in);
        get_guid(in, &event->group);
        uint8_t flags = state_get_u8(in);
        event->has_group = flags & 1;
        event->signalled = flags & 2;
        event->interface = state_get_u64(in);
        event->deadline = (int64_t)state_get_u64(in);
        event->period = (int64_t)state_get_u64(in);
    }
    count = state_get_u32(in);
    if (count > UEFI_NOTIFY_LIMIT)
        return false;
    g_array_set_size(uefi->notifications, 0);
    for (uint32_t i = 0; i < count; i++) {
        struct uefi_notification n = {.tpl = state_get_u64(in), .function = state_get_u64(in)};
        n.event = state_get_u64(in);
        n.count = MIN(state_get_u32(in), 4);
        for (unsigned j = 0; j < 4; j++)
            n.arguments[j] = state_get_u64(in);
        g_array_append_val(uefi->notifications, n);
    }
    return !state_reader_failed(in);
}

/* --- images --- */
static void save_images(void *object, struct state_writer *out)
{
    struct uefi *uefi = object;

    state_put_u32(out, uefi->images->len);
    for (guint i = 0; i < uefi->images->len; i++) {
        const struct uefi_image *image = uefi->images->pdata[i];
        const uint64_t numbers[] = {image->handle,      image->parent,    image->base,
                                    image->size,        image->entry,     image->loaded_image,
                                    image->device_path, image->exit_data, image->exit_data_size};
        for (unsigned j = 0; j < G_N_ELEMENTS(numbers); j++)
            state_put_u64(out, numbers[j]);
        state_put_u8(out, (uint8_t)image->stage);
        state_put_u16(out, image->subsystem);
        state_put_string(out, image->name);
    }
}

static bool load_images(void *object, struct state_reader *in)
{
    struct uefi *uefi = object;
    uint32_t count = state_get_u32(in);

    g_ptr_array_set_size(uefi->images, 0);
    for (uint32_t i = 0; i < count && !state_reader_failed(in); i++) {
        struct uefi_image *image = g_new0(struct uefi_image, 1);
        uint64_t *const numbers[] = {&image->handle,      &image->parent,    &image->base,
                                     &image->size,        &image->entry,     &image->loaded_image,
                                     &image->device_path, &image->exit_data, &image->exit_data_size};
        g_ptr_array_add(uefi->images, image);
        for (unsigned j = 0; j < G_N_ELEMENTS(numbers); j++)
            *numbers[j] = state_get_u64(in);
        image->stage = state_get_u8(in);
        image->subsystem = state_get_u16(in);
        image->name = state_get_string(in);
    }
    return !state_reader_failed(in);
}

/* --- calls in progress --- */
static void save_calls(void *object, struct state_writer *out)
{
    struct uefi *uefi = object;

    state_put_u32(out, uefi->frames->len);
    for (guint i = 0; i < uefi->frames->len; i++) {
        const struct uefi_frame *frame = uefi->frames->pdata[i];
        state_put_u8(out, (uint8_t)frame->kind);
        state_put_u32(out, frame->function);
        state_put_u64(out, frame->stub);
        state_put_u64(out, frame->stack);
        state_put_u32(out, frame->continuation);
        for (unsigned j = 0; j < UEFI_CONTINUATION_DATA; j++)
            state_put_u64(out, frame->data[j]);
        state_put_u64(out, frame->tpl);
        for (unsigned j = 0; j < G_N_ELEMENTS(frame->context.general); j++)
            state_put_u64(out, frame->context.general[j]);
        state_put_bytes(out, frame->context.vector, sizeof(frame->context.vector));
    }
    state_put_u32(out, uefi->waits->len);
    for (guint i = 0; i < uefi->waits->len; i++) {
        const struct uefi_wait *wait = &g_array_index(uefi->waits, struct uefi_wait, i);
        state_put_u32(out, wait->function);
        state_put_u64(out, wait->stack);
        state_put_u64(out, (uint64_t)wait->deadline);
        state_put_u32(out, wait->phase);
    }
}

static bool load_frame(struct uefi *uefi, struct state_reader *in)
{
    struct uefi_frame *frame = g_new0(struct uefi_frame, 1);

    g_ptr_array_add(uefi->frames, frame);
    frame->kind = state_get_u8(in);
    frame->function = state_get_u32(in);
    frame->stub = state_get_u64(in);
    frame->stack = state_get_u64(in);
    frame->continuation = state_get_u32(in);
    for (unsigned j = 0; j < UEFI_CONTINUATION_DATA; j++)
        frame->data[j] = state_get_u64(in);
    frame->tpl = state_get_u64(in);
    for (unsigned j = 0; j < G_N_ELEMENTS(frame->context.general); j++)
        frame->context.general[j] = state_get_u64(in);
    state_get_bytes(in, frame->context.vector, sizeof(frame->context.vector));
    return frame->kind <= UEFI_FRAME_INTERRUPT && frame->function < uefi->functions->len &&
           frame->continuation < uefi->continuations->len;
}

static bool load_calls(void *object, struct state_reader *in)
{
    struct uefi *uefi = object;
    uint32_t count = state_get_u32(in);

    g_ptr_array_set_size(uefi->frames, 0);
    g_array_set_size(uefi->waits, 0);
    if (count > UEFI_FRAME_LIMIT)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!load_frame(uefi, in))
            return false;
    count = state_get_u32(in);
    for (uint32_t i = 0; i < count && !state_reader_failed(in); i++) {
        struct uefi_wait wait = {.function = state_get_u32(in), .stack = state_get_u64(in)};
        wait.deadline = (int64_t)state_get_u64(in);
        wait.phase = state_get_u32(in);
        g_array_append_val(uefi->waits, wait);
    }
    return !state_reader_failed(in);
}

/* --- drivers being connected and disconnected --- */
static void save_jobs(void *object, struct state_writer *out)
{
    struct uefi *uefi = object;

    state_put_u32(out, uefi->connects->len);
    for (guint i = 0; i < uefi->connects->len; i++) {
        const struct uefi_connect *job = uefi->connects->pdata[i];
        state_put_u64(out, job->id);
        put_list(out, job->controllers);
        put_list(out, job->drivers);
        put_list(out, job->context);
        state_put_u32(out, job->next_driver);
        state_put_u64(out, job->binding);
        state_put_u64(out, job->path);
        state_put_u8(out, (uint8_t)(job->recursive | job->any_started << 1 | job->pass_started << 2 | job->quiet << 3));
    }
    state_put_u32(out, uefi->disconnects->len);
    for (guint i = 0; i < uefi->disconnects->len; i++) {
        const struct uefi_disconnect *job = uefi->disconnects->pdata[i];
        state_put_u64(out, job->id);
        state_put_u64(out, job->controller);
        state_put_u64(out, job->child);
        put_list(out, job->drivers);
        put_list(out, job->children);
        state_put_u32(out, job->next);
        state_put_u64(out, job->binding);
        state_put_u64(out, job->children_buffer);
        state_put_u64(out, job->driver);
        state_put_u8(out, (uint8_t)(job->any | job->failed << 1 | job->whole << 2 | job->again << 3));
    }
}

static bool load_connect(struct uefi *uefi, struct state_reader *in)
{
    struct uefi_connect *job = g_new0(struct uefi_connect, 1);

    job->controllers = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    job->drivers = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    job->context = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_ptr_array_add(uefi->connects, job);
    job->id = state_get_u64(in);
    if (!get_list(in, job->controllers) || !get_list(in, job->drivers) || !get_list(in, job->context))
        return false;
    job->next_driver = state_get_u32(in);
    job->binding = state_get_u64(in);
    job->path = state_get_u64(in);
    uint8_t flags = state_get_u8(in);
    job->recursive = flags & 1;
    job->any_started = flags & 2;
    job->pass_started = flags & 4;
    job->quiet = flags & 8;
    return job->controllers->len > 0;
}

static bool load_disconnect(struct uefi *uefi, struct state_reader *in)
{
    struct uefi_disconnect *job = g_new0(struct uefi_disconnect, 1);

    job->drivers = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    job->children = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_ptr_array_add(uefi->disconnects, job);
    job->id = state_get_u64(in);
    job->controller = state_get_u64(in);
    job->child = state_get_u64(in);
    if (!get_list(in, job->drivers) || !get_list(in, job->children))
        return false;
    job->next = state_get_u32(in);
    job->binding = state_get_u64(in);
    job->children_buffer = state_get_u64(in);
    job->driver = state_get_u64(in);
    uint8_t flags = state_get_u8(in);
    job->any = flags & 1;
    job->failed = flags & 2;
    job->whole = flags & 4;
    job->again = flags & 8;
    return true;
}

static bool load_jobs(void *object, struct state_reader *in)
{
    struct uefi *uefi = object;

    g_ptr_array_set_size(uefi->connects, 0);
    g_ptr_array_set_size(uefi->disconnects, 0);
    uint32_t count = state_get_u32(in);
    for (uint32_t i = 0; i < count; i++)
        if (!load_connect(uefi, in) || state_reader_failed(in))
            return false;
    count = state_get_u32(in);
    for (uint32_t i = 0; i < count; i++)
        if (!load_disconnect(uefi, in) || state_reader_failed(in))
            return false;
    return true;
}

/* --- the rest --- */
static void save_rest(void *object, struct state_writer *out)
{
    struct uefi *uefi = object;

    put_list(out, uefi->virtual_map);
    state_put_string(out, uefi->boot_tried);
    state_put_string(out, uefi->boot_name);
}

static bool load_rest(void *object, struct state_reader *in)
{
    struct uefi *uefi = object;

    if (!get_list(in, uefi->virtual_map))
        return false;
    g_free(uefi->boot_tried);
    uefi->boot_tried = state_get_string(in);
    g_free(uefi->boot_name);
    uefi->boot_name = state_get_string(in);
    return !state_reader_failed(in);
}

static const struct state_field fields[] = {
    STATE_CUSTOM("memory", save_memory, load_memory),
    STATE_CUSTOM("interfaces", save_interfaces, load_interfaces),
    STATE_CUSTOM("handles", save_handles, load_handles),
    STATE_CUSTOM("events", save_events, load_events),
    STATE_CUSTOM("images", save_images, load_images),
    STATE_CUSTOM("calls", save_calls, load_calls),
    STATE_CUSTOM("jobs", save_jobs, load_jobs),
    STATE_CUSTOM("rest", save_rest, load_rest),
    STATE_TIMER(struct uefi, timer),
    STATE_U64(struct uefi, boot_stubs),
    STATE_U64(struct uefi, boot_stub_pages),
    STATE_U64(struct uefi, runtime_stubs),
    STATE_U64(struct uefi, runtime_stub_pages),
    STATE_U64(struct uefi, system_table),
    STATE_U64(struct uefi, boot_services),
    STATE_U64(struct uefi, runtime_services),
    STATE_U64(struct uefi, configuration_tables),
    STATE_U64(struct uefi, configuration_count),
    STATE_U64(struct uefi, vendor_string),
    STATE_U64(struct uefi, stack),
    STATE_U64_ARRAY(struct uefi, arch_data),
    STATE_U64(struct uefi, tpl),
    STATE_U64(struct uefi, monotonic),
    STATE_U64(struct uefi, next_id),
    STATE_U64(struct uefi, watchdog),
    STATE_U64(struct uefi, retry),
    STATE_BOOL(struct uefi, dispatch_due),
    STATE_U64(struct uefi, tick),
    STATE_BOOL(struct uefi, tick_due),
    STATE_BOOL(struct uefi, woken),
    STATE_BOOL(struct uefi, boot_ended),
    STATE_BOOL(struct uefi, before_exit_signalled),
    STATE_BOOL(struct uefi, is_virtual),
    STATE_BOOL(struct uefi, converting),
    STATE_U64(struct uefi, current_image),
    STATE_U64(struct uefi, time_offset),
    STATE_U16(struct uefi, time_zone),
    STATE_U8(struct uefi, daylight),
    STATE_U64(struct uefi, alarm),
    STATE_U32(struct uefi, poll_count),
    STATE_U64(struct uefi, poll_time),
    STATE_U32(struct uefi, boot_stage),
    STATE_U32(struct uefi, boot_index),
    STATE_BOOL(struct uefi, boot_returned),
    STATE_END,
};

static const struct state_table table = {.name = "uefi", .version = 1, .fields = fields};

const struct device_class uefi_device_class = {
    .name = "uefi",
    .state = &table,
    .unrealize = uefi_unrealize,
};
