/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events, their timers and groups (UEFI 2.10, section 7.1), without the services' checks. */
#include "firmware/uefi/uefi_internal.h"

#define EVENT_SIZE 32 /* guest memory behind an event: only its address matters */

uint64_t uefi_tpl(const struct uefi *uefi)
{
    return uefi->tpl;
}

struct uefi_event *uefi_find_event(struct uefi *uefi, uint64_t event)
{
    return g_hash_table_lookup(uefi->event_index, &event);
}

struct uefi_event *uefi_event_add(struct uefi *uefi, uint64_t address)
{
    if (uefi->events->len >= UEFI_EVENT_LIMIT)
        return NULL;
    if (!address)
        address = uefi_pool_new(uefi, EFI_BOOT_SERVICES_DATA, EVENT_SIZE);
    if (!address)
        return NULL;
    struct uefi_event *event = g_new0(struct uefi_event, 1);
    event->address = address;
    event->deadline = CLOCK_NEVER;
    g_ptr_array_add(uefi->events, event);
    g_hash_table_insert(uefi->event_index, &event->address, event);
    return event;
}

void uefi_events_clear(struct uefi *uefi)
{
    g_hash_table_remove_all(uefi->event_index);
    g_ptr_array_set_size(uefi->events, 0);
}

uint64_t uefi_wait_event(struct uefi *uefi, uint64_t interface)
{
    struct uefi_event *event = uefi_event_add(uefi, 0);

    if (!event)
        return 0;
    event->type = EFI_EVT_NOTIFY_WAIT;
    event->tpl = TPL_NOTIFY;
    event->interface = interface;
    return event->address;
}

void uefi_event_notify(struct uefi *uefi, const struct uefi_event *event)
{
    struct uefi_notification notification = {
        .tpl = event->tpl,
        .function = event->function,
        .event = event->address,
        .arguments = {event->address, event->context},
        .count = 2,
    };

    if (uefi->notifications->len < UEFI_NOTIFY_LIMIT)
        g_array_append_val(uefi->notifications, notification);
}

static void signal_one(struct uefi *uefi, struct uefi_event *event)
{
    if (event->signalled)
        return;
    event->signalled = true;
    if (event->type & EFI_EVT_NOTIFY_SIGNAL && event->function)
        uefi_event_notify(uefi, event);
}

void uefi_signal_group(struct uefi *uefi, const struct efi_guid *group)
{
    for (guint i = 0; i < uefi->events->len; i++) {
        struct uefi_event *event = uefi->events->pdata[i];
        if (event->has_group && efi_guid_equal(&event->group, group))
            signal_one(uefi, event);
    }
}

bool uefi_group_used(const struct uefi *uefi, const struct efi_guid *group)
{
    for (guint i = 0; i < uefi->events->len; i++) {
        const struct uefi_event *event = uefi->events->pdata[i];
        if (event->has_group && efi_guid_equal(&event->group, group))
            return true;
    }
    return false;
}

bool uefi_signal(struct uefi *uefi, uint64_t address)
{
    struct uefi_event *event = uefi_find_event(uefi, address);

    if (!event)
        return false;
    if (event->has_group)
        uefi_signal_group(uefi, &event->group);
    else
        signal_one(uefi, event);
    return true;
}

int64_t uefi_events_deadline(const struct uefi *uefi)
{
    int64_t next = CLOCK_NEVER;

    for (guint i = 0; i < uefi->events->len; i++)
        next = MIN(next, ((const struct uefi_event *)uefi->events->pdata[i])->deadline);
    return next;
}

void uefi_events_run_due(struct uefi *uefi, int64_t now)
{
    for (guint i = 0; i < uefi->events->len; i++) {
        struct uefi_event *event = uefi->events->pdata[i];
        if (event->deadline > now)
            continue;
        if (event->period)
            event->deadline += ((now - event->deadline) / event->period + 1) * event->period;
        else
            event->deadline = CLOCK_NEVER;
        uefi_signal(uefi, event->address);
    }
}
