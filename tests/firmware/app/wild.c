/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls every service and every protocol function that it finds with arguments of all kinds, right and wrong: the host
 * must bear it.  The first load option is the seed.  It ends by shutting down, or the guest crashes; both are well.
 */
#include "tests/firmware/app/efi.h"

#define SCRATCH_PAGES 4096
#define CALLS 30000
#define STUBS 0x8000 /* all stubs of boot services lie in a piece of this size */
#define LIST 4096

static const struct efi_guid loaded_image = EFI_LOADED_IMAGE;

typedef uint64_t function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

static struct efi_system_table *table;
static struct efi_boot_services *boot;
static uint64_t seed, scratch, functions[LIST], objects[LIST], handles[LIST], events[64];
static unsigned function_count, object_count, handle_count;

static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* What changes the program's own fate is not called. */
static bool is_excluded(uint64_t stub)
{
    return stub == (uint64_t)boot->exit || stub == (uint64_t)boot->exit_boot_services ||
           stub == (uint64_t)boot->stall || stub == (uint64_t)boot->wait_for_event ||
           stub == (uint64_t)boot->set_watchdog_timer || stub == (uint64_t)boot->start_image ||
           stub == (uint64_t)table->runtime->reset_system || stub == (uint64_t)boot->free_pages ||
           stub == (uint64_t)boot->unload_image || stub == (uint64_t)boot->set_timer ||
           stub == (uint64_t)boot->signal_event;
}

static void add_function(uint64_t stub)
{
    if (stub % 16 || is_excluded(stub))
        return;
    for (unsigned i = 0; i < function_count; i++)
        if (functions[i] == stub)
            return;
    if (function_count < LIST)
        functions[function_count++] = stub;
}

/* The functions of an interface, found by where they lead. */
static void add_interface(const uint64_t *interface)
{
    uint64_t middle = (uint64_t)boot->stall;

    objects[object_count % LIST] = (uint64_t)interface;
    object_count++;
    for (unsigned i = 0; i < 32; i++)
        if (interface[i] + STUBS > middle && interface[i] < middle + STUBS && interface[i] % 16 == 0 &&
            *(const uint32_t *)interface[i] == *(const uint32_t *)middle)
            add_function(interface[i]);
}

static void collect(void)
{
    uint64_t count, guid_count;
    struct efi_guid **guids;
    void **buffer, *interface;
    const uint64_t *services = (const uint64_t *)(boot + 1) - 44;

    for (unsigned i = 0; i < 44; i++)
        if (services[i])
            add_function(services[i]);
    services = (const uint64_t *)(table->runtime + 1) - 14;
    for (unsigned i = 0; i < 14; i++)
        add_function(services[i]);
    if (boot->locate_handle_buffer(EFI_ALL_HANDLES, NULL, NULL, &count, &buffer) != EFI_SUCCESS)
        return;
    for (uint64_t i = 0; i < count && i < LIST; i++) {
        handles[handle_count++] = (uint64_t)buffer[i];
        if (boot->protocols_per_handle(buffer[i], &guids, &guid_count) != EFI_SUCCESS)
            continue;
        for (uint64_t j = 0; j < guid_count; j++)
            if (boot->handle_protocol(buffer[i], guids[j], &interface) == EFI_SUCCESS && interface)
                add_interface(interface);
    }
}

/* GUIDs that mean something stand at the start of the scratch memory. */
static void put_guids(void)
{
    uint64_t count;
    struct efi_guid **guids, *out = (struct efi_guid *)scratch;

    for (unsigned i = 0; i < handle_count; i++) {
        if (boot->protocols_per_handle((void *)handles[i], &guids, &count) != EFI_SUCCESS)
            continue;
        for (uint64_t j = 0; j < count && (uint64_t)out < scratch + 4096; j++)
            *out++ = *guids[j];
    }
}

static uint64_t scratch_pointer(void)
{
    return scratch + next() % (SCRATCH_PAGES * 4096 / 2);
}

static uint64_t argument(void)
{
    uint64_t kind = next() % 20, value = next();

    switch (kind) {
    case 0:
    case 1:
        return 0;
    case 2:
        return value % 64;
    case 3:
        return value % 65536;
    case 4:
        return value;
    case 5:
        return (uint64_t)0 - value % 65536;
    case 6:
    case 7:
        return handles[value % handle_count];
    case 8:
    case 9:
    case 10:
        return objects[value % (object_count < LIST ? object_count : LIST)];
    case 11:
    case 12:
        return scratch + value % 256 * 16; /* a GUID */
    case 13:
        return events[value % 64];
    case 14:
        return 0x7FFFFFFFFFFFF000u + value % 8192;
    case 15: { /* a pointer to a pointer or handle */
        uint64_t place = scratch_pointer() & ~7ull;
        *(uint64_t *)place = value & 1 ? handles[value % handle_count] : scratch_pointer();
        return place;
    }
    case 16: { /* a pointer to a size */
        uint64_t place = scratch_pointer() & ~7ull;
        *(uint64_t *)place = value % 4096;
        return place;
    }
    default:
        return scratch_pointer();
    }
}

efi_status efi_main(void *image, struct efi_system_table *system);

efi_status efi_main(void *image, struct efi_system_table *system)
{
    struct efi_loaded_image *self;

    table = system;
    boot = system->boot;
    seed = 0x9E3779B97F4A7C15u;
    boot->set_watchdog_timer(0, 0, 0, NULL);
    if (boot->handle_protocol(image, &loaded_image, (void **)&self) == EFI_SUCCESS)
        for (uint32_t i = 0; i + 2 <= self->options_size; i += 2)
            seed = (seed ^ *(const uint16_t *)((const uint8_t *)self->options + i)) * 0x100000001B3u;
    if (boot->allocate_pages(EFI_ALLOCATE_ANY, EFI_LOADER_DATA, SCRATCH_PAGES, &scratch) != EFI_SUCCESS)
        return EFI_LOAD_ERROR;
    collect();
    put_guids();
    for (unsigned i = 0; i < 64; i++)
        boot->create_event(0, 0, NULL, NULL, (void **)&events[i]);
    for (unsigned i = 0; i < CALLS; i++) {
        function *call = (function *)functions[next() % function_count];
        uint64_t first = next() % 3 ? objects[next() % (object_count < LIST ? object_count : LIST)] : argument();
        call(first, argument(), argument(), argument(), argument(), argument(), argument(), argument());
        boot->raise_tpl(EFI_TPL_HIGH);
        boot->restore_tpl(EFI_TPL_APPLICATION);
    }
    table->runtime->reset_system(EFI_RESET_SHUTDOWN, EFI_SUCCESS, 0, NULL);
    return EFI_SUCCESS;
}

/* What the compiler calls for structures. */
void *memcpy(void *to, const void *from, size_t size);

void *memcpy(void *to, const void *from, size_t size)
{
    volatile uint8_t *out = to;
    const uint8_t *in = from;

    while (size--)
        *out++ = *in++;
    return to;
}
