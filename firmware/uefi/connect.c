/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectController() and DisconnectController() (UEFI 2.10, section 7.3): guests' drivers meet controllers.  The
 * driver bindings are guest code, so each is a job that goes on in continuations.
 */
#include <string.h>

#include "firmware/uefi/uefi_internal.h"

#define JOB_LIMIT 64
#define CONTROLLER_LIMIT 4096
#define DRIVER_LIMIT 1024

/* struct EFI_DRIVER_BINDING_PROTOCOL */
#define BINDING_SUPPORTED 0
#define BINDING_START 8
#define BINDING_STOP 16
#define BINDING_VERSION 24

enum { STEP_SUPPORTED, STEP_START };
enum { STEP_CHILDREN, STEP_DRIVER };

void uefi_connect_free(void *pointer)
{
    struct uefi_connect *job = pointer;

    g_array_unref(job->controllers);
    g_array_unref(job->drivers);
    g_array_unref(job->context);
    g_free(job);
}

void uefi_disconnect_free(void *pointer)
{
    struct uefi_disconnect *job = pointer;

    g_array_unref(job->drivers);
    g_array_unref(job->children);
    g_free(job);
}

static GArray *list_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(uint64_t));
}

static bool list_has(const GArray *list, uint64_t value)
{
    for (guint i = 0; i < list->len; i++)
        if (g_array_index(list, uint64_t, i) == value)
            return true;
    return false;
}

/* --- connect --- */
static uint32_t binding_version(struct uefi *uefi, uint64_t handle)
{
    uint64_t binding;
    uint32_t version = 0;

    if (uefi_protocol(uefi, handle, &guid_driver_binding, &binding))
        uefi_read32(uefi, binding + BINDING_VERSION, &version);
    return version;
}

/* Driver bindings in the order in which they are tried: those that the caller named, then by version. */
static void list_drivers(struct uefi *uefi, struct uefi_connect *job)
{
    GArray *all = uefi_handles(uefi, &guid_driver_binding);

    g_array_set_size(job->drivers, 0);
    for (guint i = 0; i < job->context->len; i++) {
        uint64_t handle = g_array_index(job->context, uint64_t, i);
        if (list_has(all, handle) && !list_has(job->drivers, handle))
            g_array_append_val(job->drivers, handle);
    }
    guint named = job->drivers->len;
    for (guint i = 0; i < all->len && job->drivers->len < DRIVER_LIMIT; i++) {
        uint64_t handle = g_array_index(all, uint64_t, i);
        uint32_t version = binding_version(uefi, handle);
        guint at = named;
        if (list_has(job->drivers, handle))
            continue;
        while (at < job->drivers->len && binding_version(uefi, g_array_index(job->drivers, uint64_t, at)) >= version)
            at++;
        g_array_insert_val(job->drivers, at, handle);
    }
    g_array_unref(all);
    job->next_driver = 0;
    job->pass_started = false;
}

/* Children that drivers made on @handle. */
static void list_children(struct uefi *uefi, uint64_t address, uint64_t agent, GArray *children)
{
    struct uefi_handle *handle = uefi_find_handle(uefi, address);

    for (guint i = 0; handle && i < handle->protocols->len; i++) {
        const struct uefi_protocol_entry *entry = handle->protocols->pdata[i];
        for (guint j = 0; j < entry->opens->len; j++) {
            const struct uefi_open *open = &g_array_index(entry->opens, struct uefi_open, j);
            if (open->attributes & EFI_OPEN_PROTOCOL_BY_CHILD_CONTROLLER && (!agent || open->agent == agent) &&
                !list_has(children, open->controller) && children->len < CONTROLLER_LIMIT)
                g_array_append_val(children, open->controller);
        }
    }
}

static struct uefi_connect *find_connect(struct uefi *uefi, uint64_t id)
{
    for (guint i = 0; i < uefi->connects->len; i++) {
        struct uefi_connect *job = uefi->connects->pdata[i];
        if (job->id == id)
            return job;
    }
    return NULL;
}

static uefi_continuation connect_continue;

/* Calls Supported() of the next driver; when all have been asked: the next controller; at the end the result. */
static uint64_t connect_next(struct uefi *uefi, struct uefi_connect *job)
{
    for (;;) {
        uint64_t controller = g_array_index(job->controllers, uint64_t, 0), binding;
        while (uefi_handle_valid(uefi, controller) && job->next_driver < job->drivers->len) {
            uint64_t driver = g_array_index(job->drivers, uint64_t, job->next_driver), supported;
            if (driver && uefi_protocol(uefi, driver, &guid_driver_binding, &binding) &&
                uefi_read64(uefi, binding + BINDING_SUPPORTED, &supported) && supported) {
                uint64_t arguments[] = {binding, controller, job->path};
                uint64_t data[UEFI_CONTINUATION_DATA] = {job->id, STEP_SUPPORTED};
                job->binding = binding;
                return uefi_call_guest(uefi, supported, arguments, 3, connect_continue, data);
            }
            job->next_driver++;
        }
        if (job->pass_started && uefi_handle_valid(uefi, controller)) {
            /* A driver was found: others may now find what they need. */
            job->next_driver = 0;
            job->pass_started = false;
            continue;
        }
        if (job->recursive)
            list_children(uefi, controller, 0, job->controllers);
        g_array_remove_index(job->controllers, 0);
        job->path = 0;
        if (!job->controllers->len)
            break;
        list_drivers(uefi, job);
    }
    uint64_t status = job->any_started || job->quiet ? EFI_SUCCESS : EFI_NOT_FOUND;
    g_ptr_array_remove(uefi->connects, job);
    return status;
}

static uint64_t connect_continue(struct uefi *uefi, uint64_t *data, uint64_t result)
{
    struct uefi_connect *job = find_connect(uefi, data[0]);
    uint64_t start;

    if (!job)
        return EFI_NOT_FOUND;
    if (data[1] == STEP_SUPPORTED && !EFI_IS_ERROR(result) && job->next_driver < job->drivers->len) {
        uint64_t arguments[] = {job->binding, g_array_index(job->controllers, uint64_t, 0), job->path};
        g_array_index(job->drivers, uint64_t, job->next_driver) = 0; /* once is enough */
        job->pass_started = true;
        data[1] = STEP_START;
        if (uefi_read64(uefi, job->binding + BINDING_START, &start) && start)
            return uefi_call_guest(uefi, start, arguments, 3, connect_continue, data);
    }
    if (data[1] == STEP_START && !EFI_IS_ERROR(result))
        job->any_started = true;
    job->next_driver++;
    return connect_next(uefi, job);
}

uint64_t uefi_connect_begin(struct uefi *uefi, uint64_t controller, uint64_t context, uint64_t path, bool recursive,
                            bool quiet)
{
    if (uefi->connects->len >= JOB_LIMIT)
        return EFI_OUT_OF_RESOURCES;
    struct uefi_connect *job = g_new0(struct uefi_connect, 1);
    job->id = ++uefi->next_id;
    job->controllers = list_new();
    job->drivers = list_new();
    job->context = list_new();
    job->path = path;
    job->recursive = recursive;
    job->quiet = quiet;
    g_array_append_val(job->controllers, controller);
    for (unsigned i = 0; context && i < DRIVER_LIMIT; i++) {
        uint64_t handle;
        if (!uefi_read64(uefi, context + 8ull * i, &handle) || !handle)
            break;
        g_array_append_val(job->context, handle);
    }
    g_ptr_array_add(uefi->connects, job);
    list_drivers(uefi, job);
    return connect_next(uefi, job);
}

uint64_t uefi_connect_controller(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t controller = uefi_argument(call, 0), path = uefi_argument(call, 2);
    uint8_t end[2] = {0, 0};

    if (!uefi_handle_valid(uefi, controller))
        return EFI_INVALID_PARAMETER;
    uint64_t status =
        uefi_connect_begin(uefi, controller, uefi_argument(call, 1), path, uefi_argument8(call, 3), false);
    if (status == EFI_NOT_FOUND && path && uefi_read(uefi, path, end, 2) && end[0] == 0x7F && end[1] == 0xFF)
        return EFI_SUCCESS; /* only this controller was asked for, and the firmware's own are always connected */
    return status;
}

/* --- disconnect --- */
static void list_managers(struct uefi *uefi, uint64_t address, GArray *drivers)
{
    struct uefi_handle *handle = uefi_find_handle(uefi, address);

    for (guint i = 0; handle && i < handle->protocols->len; i++) {
        const struct uefi_protocol_entry *entry = handle->protocols->pdata[i];
        for (guint j = 0; j < entry->opens->len; j++) {
            const struct uefi_open *open = &g_array_index(entry->opens, struct uefi_open, j);
            if (open->attributes & EFI_OPEN_PROTOCOL_BY_DRIVER && !list_has(drivers, open->agent))
                g_array_append_val(drivers, open->agent);
        }
    }
}

static struct uefi_disconnect *find_disconnect(struct uefi *uefi, uint64_t id)
{
    for (guint i = 0; i < uefi->disconnects->len; i++) {
        struct uefi_disconnect *job = uefi->disconnects->pdata[i];
        if (job->id == id)
            return job;
    }
    return NULL;
}

static uefi_continuation disconnect_continue;

static uint64_t stop_children(struct uefi *uefi, struct uefi_disconnect *job, uint64_t stop)
{
    uint64_t count = job->children->len;
    uint64_t data[UEFI_CONTINUATION_DATA] = {job->id, STEP_CHILDREN};

    job->children_buffer = uefi_pool_copy(uefi, EFI_BOOT_SERVICES_DATA, job->children->data, count * 8);
    uint64_t arguments[] = {job->binding, job->controller, count, job->children_buffer};
    return uefi_call_guest(uefi, stop, arguments, 4, disconnect_continue, data);
}

static uint64_t stop_driver(struct uefi *uefi, struct uefi_disconnect *job, uint64_t stop)
{
    uint64_t arguments[] = {job->binding, job->controller, 0, 0};
    uint64_t data[UEFI_CONTINUATION_DATA] = {job->id, STEP_DRIVER};

    return uefi_call_guest(uefi, stop, arguments, 4, disconnect_continue, data);
}

/* Stops the next driver: first its children, then itself. */
static uint64_t disconnect_next(struct uefi *uefi, struct uefi_disconnect *job)
{
    uint64_t stop;

    for (; job->next < job->drivers->len; job->next++) {
        job->driver = g_array_index(job->drivers, uint64_t, job->next);
        if (!uefi_protocol(uefi, job->driver, &guid_driver_binding, &job->binding) ||
            !uefi_read64(uefi, job->binding + BINDING_STOP, &stop) || !stop) {
            job->failed = true;
            continue;
        }
        g_array_set_size(job->children, 0);
        list_children(uefi, job->controller, job->driver, job->children);
        if (job->child) {
            bool is_child = list_has(job->children, job->child);
            job->whole = is_child && job->children->len == 1;
            if (!is_child)
                continue;
            g_array_set_size(job->children, 0);
            g_array_append_val(job->children, job->child);
        } else {
            job->whole = true;
        }
        return job->children->len ? stop_children(uefi, job, stop) : stop_driver(uefi, job, stop);
    }
    uint64_t status = job->any || !job->failed ? EFI_SUCCESS : EFI_DEVICE_ERROR;
    bool again = job->again && job->any;
    g_ptr_array_remove(uefi->disconnects, job);
    return again ? UEFI_AGAIN : status;
}

static uint64_t disconnect_continue(struct uefi *uefi, uint64_t *data, uint64_t result)
{
    struct uefi_disconnect *job = find_disconnect(uefi, data[0]);
    uint64_t stop;

    if (!job)
        return EFI_DEVICE_ERROR;
    if (data[1] == STEP_CHILDREN) {
        uefi_pool_free(uefi, job->children_buffer);
        job->children_buffer = 0;
        if (!EFI_IS_ERROR(result) && job->whole && uefi_read64(uefi, job->binding + BINDING_STOP, &stop))
            return stop_driver(uefi, job, stop);
    }
    if (EFI_IS_ERROR(result))
        job->failed = true;
    else
        job->any = true;
    job->next++;
    return disconnect_next(uefi, job);
}

static uint64_t disconnect_begin(struct uefi *uefi, uint64_t controller, uint64_t driver, uint64_t child, bool again)
{
    if (uefi->disconnects->len >= JOB_LIMIT)
        return EFI_OUT_OF_RESOURCES;
    struct uefi_disconnect *job = g_new0(struct uefi_disconnect, 1);
    job->id = ++uefi->next_id;
    job->controller = controller;
    job->child = child;
    job->again = again;
    job->children = list_new();
    job->drivers = list_new();
    list_managers(uefi, controller, job->drivers);
    if (driver) {
        bool manages = list_has(job->drivers, driver);
        g_array_set_size(job->drivers, 0);
        if (manages)
            g_array_append_val(job->drivers, driver);
    }
    g_ptr_array_add(uefi->disconnects, job);
    return disconnect_next(uefi, job);
}

uint64_t uefi_disconnect_then_again(struct uefi *uefi, uint64_t controller, uint64_t driver)
{
    return disconnect_begin(uefi, controller, driver, 0, true);
}

uint64_t uefi_disconnect_controller(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t controller = uefi_argument(call, 0), driver = uefi_argument(call, 1), child = uefi_argument(call, 2);
    uint64_t binding;

    if (!uefi_handle_valid(uefi, controller) || (driver && !uefi_handle_valid(uefi, driver)) ||
        (child && !uefi_handle_valid(uefi, child)))
        return EFI_INVALID_PARAMETER;
    if (driver && !uefi_protocol(uefi, driver, &guid_driver_binding, &binding))
        return EFI_INVALID_PARAMETER;
    return disconnect_begin(uefi, controller, driver, child, false);
}

void uefi_connects_register(struct uefi *uefi)
{
    uefi_register_continuation(uefi, connect_continue);
    uefi_register_continuation(uefi, disconnect_continue);
}
