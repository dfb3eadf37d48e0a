/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event, timer and task priority services (UEFI 2.10, section 7.1). */
#include "firmware/uefi/uefi_internal.h"

#define TICK_NS 10000000      /* period of the timer interrupt that firmware usually has */
#define GUEST_POLL_NS 1000000 /* between two questions to a guest's own wait notification */
#define WAIT_LIMIT 4096

enum { TIMER_CANCEL, TIMER_PERIODIC, TIMER_RELATIVE };

uint64_t uefi_raise_tpl(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t old = uefi->tpl, tpl = uefi_argument(call, 0);

    if (tpl < old || tpl > TPL_HIGH_LEVEL) {
        uefi_guest_error(uefi, "RaiseTPL(%u) at TPL %u", (unsigned)tpl, (unsigned)old);
        return old;
    }
    uefi->tpl = tpl;
    if (tpl >= TPL_HIGH_LEVEL && old < TPL_HIGH_LEVEL)
        uefi->arch->set_interrupts(call->cpu, false);
    return old;
}

/* What became possible is dispatched when the call concludes. */
uint64_t uefi_restore_tpl(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t old = uefi->tpl, tpl = uefi_argument(call, 0);

    if (tpl > old) {
        uefi_guest_error(uefi, "RestoreTPL(%u) at TPL %u", (unsigned)tpl, (unsigned)old);
        return EFI_SUCCESS;
    }
    uefi->tpl = tpl;
    if (old >= TPL_HIGH_LEVEL && tpl < TPL_HIGH_LEVEL)
        uefi->arch->set_interrupts(call->cpu, true);
    return EFI_SUCCESS;
}

static bool valid_type(uint32_t type)
{
    switch (type) {
    case 0:
    case EFI_EVT_TIMER:
    case EFI_EVT_NOTIFY_WAIT:
    case EFI_EVT_NOTIFY_WAIT | EFI_EVT_TIMER:
    case EFI_EVT_NOTIFY_SIGNAL:
    case EFI_EVT_NOTIFY_SIGNAL | EFI_EVT_TIMER:
    case EFI_EVT_RUNTIME:
    case EFI_EVT_RUNTIME | EFI_EVT_TIMER:
    case EFI_EVT_RUNTIME | EFI_EVT_NOTIFY_SIGNAL:
    case EFI_EVT_RUNTIME | EFI_EVT_NOTIFY_WAIT:
    case EFI_EVT_SIGNAL_EXIT_BOOT_SERVICES:
    case EFI_EVT_SIGNAL_VIRTUAL_ADDRESS_CHANGE:
        return true;
    default:
        return false;
    }
}

static efi_status create(struct uefi *uefi, uint32_t type, uint64_t tpl, uint64_t function, uint64_t context,
                         const struct efi_guid *group, uint64_t out)
{
    bool notifies = type & (EFI_EVT_NOTIFY_WAIT | EFI_EVT_NOTIFY_SIGNAL);

    if (!valid_type(type) || !uefi_accessible(uefi, out, 8))
        return EFI_INVALID_PARAMETER;
    if (notifies && (!function || tpl <= TPL_APPLICATION || tpl >= TPL_HIGH_LEVEL))
        return EFI_INVALID_PARAMETER;
    struct uefi_event *event = uefi_event_add(uefi, 0);
    if (!event)
        return EFI_OUT_OF_RESOURCES;
    event->type = type;
    event->tpl = tpl;
    event->function = notifies ? function : 0;
    event->context = context;
    if (type == EFI_EVT_SIGNAL_EXIT_BOOT_SERVICES)
        group = &guid_event_exit_boot_services;
    else if (type == EFI_EVT_SIGNAL_VIRTUAL_ADDRESS_CHANGE)
        group = &guid_event_virtual_address_change;
    if (group) {
        event->group = *group;
        event->has_group = true;
    }
    uefi_write64(uefi, out, event->address);
    return EFI_SUCCESS;
}

uint64_t uefi_create_event(struct uefi *uefi, struct uefi_call *call)
{
    return create(uefi, uefi_argument32(call, 0), uefi_argument(call, 1), uefi_argument(call, 2),
                  uefi_argument(call, 3), NULL, uefi_argument(call, 4));
}

uint64_t uefi_create_event_ex(struct uefi *uefi, struct uefi_call *call)
{
    uint32_t type = uefi_argument32(call, 0);
    uint64_t group = uefi_argument(call, 4);
    struct efi_guid guid;

    if (group && (type == EFI_EVT_SIGNAL_EXIT_BOOT_SERVICES || type == EFI_EVT_SIGNAL_VIRTUAL_ADDRESS_CHANGE))
        return EFI_INVALID_PARAMETER;
    if (group && !uefi_read_guid(uefi, group, &guid))
        return EFI_INVALID_PARAMETER;
    return create(uefi, type, uefi_argument(call, 1), uefi_argument(call, 2), uefi_argument(call, 3),
                  group ? &guid : NULL, uefi_argument(call, 5));
}

uint64_t uefi_set_timer(struct uefi *uefi, struct uefi_call *call)
{
    struct uefi_event *event = uefi_find_event(uefi, uefi_argument(call, 0));
    uint32_t type = uefi_argument32(call, 1);
    uint64_t trigger = uefi_argument(call, 2); /* in 100 ns */
    int64_t now = uefi_now(uefi);

    if (!event || !(event->type & EFI_EVT_TIMER) || type > TIMER_RELATIVE)
        return EFI_INVALID_PARAMETER;
    int64_t ns = trigger > (uint64_t)(INT64_MAX - now) / 200 ? (INT64_MAX - now) / 2 : (int64_t)trigger * 100;
    event->deadline = CLOCK_NEVER;
    event->period = 0;
    if (type == TIMER_PERIODIC)
        event->period = ns ? ns : TICK_NS;
    if (type != TIMER_CANCEL)
        event->deadline = now + (type == TIMER_PERIODIC ? event->period : ns);
    uefi_timer_update(uefi);
    return EFI_SUCCESS;
}

uint64_t uefi_signal_event(struct uefi *uefi, struct uefi_call *call)
{
    return uefi_signal(uefi, uefi_argument(call, 0)) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

uint64_t uefi_close_event(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t address = uefi_argument(call, 0);
    struct uefi_event *event = uefi_find_event(uefi, address);

    if (!event || event->interface)
        return EFI_INVALID_PARAMETER;
    for (guint i = uefi->notifications->len; i > 0; i--)
        if (g_array_index(uefi->notifications, struct uefi_notification, i - 1).event == address)
            g_array_remove_index(uefi->notifications, i - 1);
    uefi_registrations_drop_event(uefi, address);
    g_hash_table_remove(uefi->event_index, &address);
    g_ptr_array_remove(uefi->events, event);
    uefi_pool_free(uefi, address);
    uefi_timer_update(uefi);
    return EFI_SUCCESS;
}

/* Is the event signalled?  Then it no longer is. */
static bool take(struct uefi *uefi, struct uefi_event *event)
{
    if (event->interface) {
        const struct uefi_interface *interface = g_hash_table_lookup(uefi->interface_index, &event->interface);
        return interface && interface->object_class->ready && interface->object_class->ready(uefi, interface->object);
    }
    bool signalled = event->signalled;
    event->signalled = false;
    return signalled;
}

/* Has a guest's notification function that is to say whether there is something. */
static bool asks_guest(const struct uefi_event *event)
{
    return event->type & EFI_EVT_NOTIFY_WAIT && event->function && !event->interface;
}

uint64_t uefi_check_event(struct uefi *uefi, struct uefi_call *call)
{
    struct uefi_event *event = uefi_find_event(uefi, uefi_argument(call, 0));

    if (!event || event->type & EFI_EVT_NOTIFY_SIGNAL)
        return EFI_INVALID_PARAMETER;
    if (take(uefi, event)) {
        uefi_poll_succeeded(uefi);
        return EFI_SUCCESS;
    }
    if (asks_guest(event) && event->tpl > uefi->tpl && *uefi_phase(call) == 0) {
        *uefi_phase(call) = 1;
        uefi_event_notify(uefi, event);
        return UEFI_AGAIN;
    }
    uefi_polled(uefi);
    return EFI_NOT_READY;
}

/* Index of the first event of the list that is signalled, -1: none, -2 with *@status: a bad list. */
static int64_t scan(struct uefi *uefi, uint64_t list, uint64_t count, uint64_t index_address, bool *guest_asked,
                    efi_status *status)
{
    *guest_asked = false;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t address;
        struct uefi_event *event = uefi_read64(uefi, list + i * 8, &address) ? uefi_find_event(uefi, address) : NULL;
        if (!event || event->type & EFI_EVT_NOTIFY_SIGNAL) {
            uefi_write64(uefi, index_address, i);
            *status = EFI_INVALID_PARAMETER;
            return -2;
        }
        if (take(uefi, event))
            return (int64_t)i;
        *guest_asked |= asks_guest(event);
    }
    return -1;
}

static void ask_guests(struct uefi *uefi, uint64_t list, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t address;
        struct uefi_event *event = uefi_read64(uefi, list + i * 8, &address) ? uefi_find_event(uefi, address) : NULL;
        if (event && asks_guest(event))
            uefi_event_notify(uefi, event);
    }
}

uint64_t uefi_wait_for_event(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t count = uefi_argument(call, 0), list = uefi_argument(call, 1), index_address = uefi_argument(call, 2);
    bool guest_asked;
    efi_status status = EFI_SUCCESS;

    if (uefi->tpl != TPL_APPLICATION)
        return EFI_UNSUPPORTED;
    if (!count || count > WAIT_LIMIT || !uefi_accessible(uefi, index_address, 8))
        return EFI_INVALID_PARAMETER;
    int64_t index = scan(uefi, list, count, index_address, &guest_asked, &status);
    if (index >= 0) {
        uefi_poll_succeeded(uefi);
        uefi_write64(uefi, index_address, (uint64_t)index);
    }
    if (index != -1)
        return status;
    /* Guests' notification functions are asked in one pass, and in the next one time goes on. */
    uint32_t *phase = uefi_phase(call);
    if (guest_asked && *phase == 0) {
        *phase = 1;
        ask_guests(uefi, list, count);
        return UEFI_AGAIN;
    }
    *phase = 0;
    return uefi_rest(uefi, guest_asked ? uefi_now(uefi) + GUEST_POLL_NS : CLOCK_NEVER);
}
