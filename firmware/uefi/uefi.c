/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The UEFI shim: its making, its power-on state, its memory map. */
#include "firmware/uefi/uefi_internal.h"

#include <string.h>

#define STACK_PAGES 32 /* 128 KiB, as UEFI 2.10 section 2.3 asks for */
#define CACHEABLE (EFI_MEMORY_UC | EFI_MEMORY_WC | EFI_MEMORY_WT | EFI_MEMORY_WB)

const struct uefi_config *uefi_config(const struct uefi *uefi)
{
    return &uefi->config;
}

struct machine *uefi_machine(const struct uefi *uefi)
{
    return uefi->machine;
}

struct memory *uefi_memory(const struct uefi *uefi)
{
    return uefi->memory;
}

/* The services come first and always in the same order: their stubs' places are known before anything else. */
static void register_services(struct uefi *uefi)
{
    for (unsigned i = 0; i < uefi_runtime_service_count; i++)
        uefi_function_index(uefi, uefi_runtime_service_list[i].name, uefi_runtime_service_list[i].handler,
                            uefi_runtime_service_list[i].arguments);
    uefi->runtime_functions = uefi->functions->len;
    for (unsigned i = 0; i < uefi_boot_service_count; i++)
        if (uefi_boot_service_list[i].handler)
            uefi_function_index(uefi, uefi_boot_service_list[i].name, uefi_boot_service_list[i].handler,
                                uefi_boot_service_list[i].arguments);
    uefi_function_index(uefi, "BootManager", uefi_boot_manager, 0);
}

static void copy_config(struct uefi *uefi, const struct uefi_config *config)
{
    struct uefi_config *own = &uefi->config;

    *own = *config;
    own->disks = uefi->disks = g_memdup2(config->disks, config->disk_count * sizeof(*config->disks));
    own->ranges = uefi->ranges = g_memdup2(config->ranges, config->range_count * sizeof(*config->ranges));
    if (config->display) {
        uefi->display = *config->display;
        own->display = &uefi->display;
    }
    own->variable_store = g_strdup(config->variable_store);
    own->efi_app_name = g_strdup(config->efi_app_name);
    own->command_line = g_strdup(config->command_line);
    if (own->fdt)
        g_bytes_ref(own->fdt);
    if (own->efi_app)
        g_bytes_ref(own->efi_app);
    if (own->initrd)
        g_bytes_ref(own->initrd);
}

static void make_lists(struct uefi *uefi)
{
    uefi->functions = g_array_new(FALSE, FALSE, sizeof(struct uefi_function));
    uefi->classes = g_ptr_array_new();
    uefi->continuations = g_array_new(FALSE, FALSE, sizeof(uefi_continuation *));
    uefi->map = memory_map_new();
    uefi->pool = pool_new(uefi->map);
    uefi->handles = g_ptr_array_new();
    uefi->handle_index = g_hash_table_new(g_int64_hash, g_int64_equal);
    uefi->interfaces = g_ptr_array_new_with_free_func(g_free);
    uefi->interface_index = g_hash_table_new(g_int64_hash, g_int64_equal);
    uefi->registrations = g_ptr_array_new_with_free_func(uefi_registration_free);
    uefi->events = g_ptr_array_new_with_free_func(g_free);
    uefi->event_index = g_hash_table_new(g_int64_hash, g_int64_equal);
    uefi->images = g_ptr_array_new_with_free_func(uefi_image_free);
    uefi->connects = g_ptr_array_new_with_free_func(uefi_connect_free);
    uefi->disconnects = g_ptr_array_new_with_free_func(uefi_disconnect_free);
    uefi->notifications = g_array_new(FALSE, FALSE, sizeof(struct uefi_notification));
    uefi->frames = g_ptr_array_new_with_free_func(g_free);
    uefi->waits = g_array_new(FALSE, FALSE, sizeof(struct uefi_wait));
    uefi->virtual_map = g_array_new(FALSE, FALSE, sizeof(uint64_t));
}

struct uefi *uefi_new(const struct uefi_config *config, GError **error)
{
    struct variables *variables = variables_new(config->variable_store, config->variable_store_read_only, error);
    struct uefi *uefi;

    if (!variables)
        return NULL;
    uefi = g_new0(struct uefi, 1);
    uefi->machine = config->machine;
    uefi->memory = machine_memory(config->machine);
    uefi->arch = uefi_arch_of(machine_config(config->machine)->arch);
    uefi->variables = variables;
    copy_config(uefi, config);
    make_lists(uefi);
    uefi->timer = clock_timer_new(machine_clock(uefi->machine), "uefi", uefi_timer_fired, uefi);
    uefi_calls_reset(uefi);
    register_services(uefi);
    uefi_register_class(uefi, &uefi_initrd_class);
    uefi_images_register(uefi);
    uefi_connects_register(uefi);
    protocols_register(uefi);
    machine_add_device(uefi->machine, &uefi_device_class, uefi, "uefi");
    return uefi;
}

/* Forgets what a run has made; the variable store stays. */
void uefi_clear(struct uefi *uefi)
{
    uefi_calls_reset(uefi);
    uefi_handles_clear(uefi);
    uefi_events_clear(uefi);
    g_ptr_array_set_size(uefi->images, 0);
    g_ptr_array_set_size(uefi->connects, 0);
    g_ptr_array_set_size(uefi->disconnects, 0);
    g_array_set_size(uefi->virtual_map, 0);
    pool_clear(uefi->pool);
    memory_map_clear(uefi->map);
    g_clear_pointer(&uefi->boot_tried, g_free);
    uefi->boot_stubs = uefi->runtime_stubs = 0;
    uefi->boot_ended = uefi->before_exit_signalled = uefi->is_virtual = uefi->converting = false;
    uefi->boot_stage = UEFI_BOOT_APP;
    uefi->boot_index = 0;
    uefi->current_image = 0;
    g_clear_pointer(&uefi->boot_name, g_free);
    uefi->boot_returned = false;
    uefi->monotonic = (uefi->monotonic | 0xFFFFFFFFu) + 1;
    uefi->next_id = 0;
    uefi->time_zone = 0x7FF;
    uefi->daylight = 0;
    uefi->alarm = -1;
    memset(uefi->arch_data, 0, sizeof(uefi->arch_data));
}

void uefi_unrealize(void *device)
{
    struct uefi *uefi = device;

    uefi_clear(uefi);
    clock_timer_free(uefi->timer);
    g_array_unref(uefi->virtual_map);
    g_array_unref(uefi->waits);
    g_ptr_array_unref(uefi->frames);
    g_array_unref(uefi->notifications);
    g_ptr_array_unref(uefi->disconnects);
    g_ptr_array_unref(uefi->connects);
    g_ptr_array_unref(uefi->images);
    g_hash_table_unref(uefi->event_index);
    g_ptr_array_unref(uefi->events);
    g_ptr_array_unref(uefi->registrations);
    g_hash_table_unref(uefi->interface_index);
    g_ptr_array_unref(uefi->interfaces);
    g_hash_table_unref(uefi->handle_index);
    g_ptr_array_unref(uefi->handles);
    pool_free(uefi->pool);
    memory_map_free(uefi->map);
    g_array_unref(uefi->continuations);
    g_ptr_array_unref(uefi->classes);
    g_array_unref(uefi->functions);
    variables_free(uefi->variables);
    g_clear_pointer(&uefi->config.fdt, g_bytes_unref);
    g_clear_pointer(&uefi->config.efi_app, g_bytes_unref);
    g_clear_pointer(&uefi->config.initrd, g_bytes_unref);
    g_free((char *)uefi->config.variable_store);
    g_free((char *)uefi->config.efi_app_name);
    g_free((char *)uefi->config.command_line);
    g_free(uefi->disks);
    g_free(uefi->ranges);
    g_free(uefi);
}

/* RAM as the machine has it (not that of devices), then what the board and the architecture say otherwise. */
static void build_map(struct uefi *uefi)
{
    struct memory_ram_range range;

    for (unsigned i = 0; memory_ram_range(uefi->memory, i, &range); i++)
        if (!range.read_only && g_str_has_prefix(range.name, "ram"))
            memory_map_set(uefi->map, range.address, range.size / EFI_PAGE_SIZE, EFI_CONVENTIONAL_MEMORY, CACHEABLE,
                           true);
    for (unsigned i = 0; i < uefi->config.range_count; i++) {
        const struct uefi_range *own = &uefi->config.ranges[i];
        bool io = own->type == EFI_MEMORY_MAPPED_IO || own->type == EFI_MEMORY_MAPPED_IO_PORT_SPACE;
        uint64_t attributes = own->attributes ? own->attributes : io ? EFI_MEMORY_UC : CACHEABLE;
        memory_map_set(uefi->map, own->address, own->size / EFI_PAGE_SIZE, own->type, attributes, false);
    }
}

static bool build(struct uefi *uefi)
{
    build_map(uefi);
    if (!uefi->arch->prepare(uefi) || !uefi_stubs_write(uefi) || !uefi_tables_build(uefi))
        return false;
    uint64_t stack = uefi_pages_new(uefi, EFI_BOOT_SERVICES_DATA, STACK_PAGES, 0);
    uefi->stack = stack + STACK_PAGES * EFI_PAGE_SIZE;
    return stack != 0;
}

void uefi_reset(struct uefi *uefi)
{
    uefi_clear(uefi);
    variables_reset(uefi->variables);
    if (!build(uefi)) {
        machine_crash(uefi->machine, "firmware: too little memory for the firmware itself; give the machine more");
        return;
    }
    uefi_boot_variables(uefi);
    uefi_tables_hardware(uefi);
    protocols_init(uefi);
    uefi_initrd_install(uefi);
    uefi_console_variables(uefi);
    uefi_timer_update(uefi);
    unsigned manager = uefi_function_index(uefi, "BootManager", uefi_boot_manager, 0);
    if (machine_engine(uefi->machine))
        uefi->arch->enter(uefi, machine_cpu(uefi->machine, 0), uefi_stub_address(uefi, manager), uefi->stack);
}
