/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system table, the tables of services, the configuration table (UEFI 2.10, section 4). */
#include <string.h>
#include <zlib.h>

#include "firmware/uefi/uefi_internal.h"

#define SYSTEM_TABLE_SIGNATURE 0x5453595320494249u
#define BOOT_SERVICES_SIGNATURE 0x56524553544f4f42u
#define RUNTIME_SERVICES_SIGNATURE 0x56524553544e5552u
#define SPECIFICATION_REVISION (2u << 16 | 100u)
#define FIRMWARE_REVISION 0x10000

/* EFI_TABLE_HEADER, then the members. */
#define HEADER_SIZE 24
#define HEADER_LENGTH 12
#define HEADER_CRC 16
#define TABLE_VENDOR 24
#define TABLE_REVISION 32
#define TABLE_CONSOLE_INPUT_HANDLE 40
#define TABLE_CONSOLE_INPUT 48
#define TABLE_CONSOLE_OUTPUT_HANDLE 56
#define TABLE_CONSOLE_OUTPUT 64
#define TABLE_ERROR_HANDLE 72
#define TABLE_ERROR 80
#define TABLE_RUNTIME_SERVICES 88
#define TABLE_BOOT_SERVICES 96
#define TABLE_ENTRIES 104
#define TABLE_CONFIGURATION 112
#define TABLE_SIZE 120

/* Places in the page of runtime data. */
#define PAGE_SYSTEM_TABLE 0
#define PAGE_RUNTIME_SERVICES 0x100
#define PAGE_VENDOR 0x200
#define PAGE_CONFIGURATION 0x400
#define CONFIGURATION_ENTRY 24
#define CONFIGURATION_LIMIT ((EFI_PAGE_SIZE - PAGE_CONFIGURATION) / CONFIGURATION_ENTRY)

#define FOUR_GIB 0x100000000u

uint64_t uefi_system_table(const struct uefi *uefi)
{
    return uefi->system_table;
}

static void write_header(struct uefi *uefi, uint64_t table, uint64_t signature, uint32_t size)
{
    memory_write64(uefi->memory, table, signature);
    memory_write32(uefi->memory, table + 8, SPECIFICATION_REVISION);
    memory_write32(uefi->memory, table + HEADER_LENGTH, size);
}

/* All tables are written by physical address: this works after SetVirtualAddressMap() too. */
static void write_crc(struct uefi *uefi, uint64_t table)
{
    uint8_t bytes[512];
    uint32_t length = memory_read32(uefi->memory, table + HEADER_LENGTH);

    memory_write32(uefi->memory, table + HEADER_CRC, 0);
    if (length > sizeof(bytes))
        return; /* the guest has scribbled over it */
    memory_read(uefi->memory, table, bytes, length);
    memory_write32(uefi->memory, table + HEADER_CRC, (uint32_t)crc32(0, bytes, length));
}

void uefi_tables_crc(struct uefi *uefi)
{
    write_crc(uefi, uefi->system_table);
    write_crc(uefi, uefi->runtime_services);
    if (!uefi->boot_ended)
        write_crc(uefi, uefi->boot_services);
}

static void write_services(struct uefi *uefi, uint64_t table, const struct uefi_service *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t stub = 0;
        if (list[i].handler)
            stub = uefi_stub_address(uefi, uefi_function_index(uefi, list[i].name, list[i].handler, 0));
        memory_write64(uefi->memory, table + HEADER_SIZE + i * 8, stub);
    }
}

bool uefi_tables_build(struct uefi *uefi)
{
    static const char vendor[] = "Galvanic";
    uint64_t page = uefi_pages_new(uefi, EFI_RUNTIME_SERVICES_DATA, uefi->arch->runtime_pages, 0);
    uint32_t boot_size = HEADER_SIZE + 8 * uefi_boot_service_count;
    uint32_t runtime_size = HEADER_SIZE + 8 * uefi_runtime_service_count;

    uefi->boot_services = uefi_pool_new(uefi, EFI_BOOT_SERVICES_DATA, boot_size);
    if (!page || !uefi->boot_services)
        return false;
    memory_set(uefi->memory, page, 0, uefi->arch->runtime_pages * EFI_PAGE_SIZE);
    uefi->system_table = page + PAGE_SYSTEM_TABLE;
    uefi->runtime_services = page + PAGE_RUNTIME_SERVICES;
    uefi->vendor_string = page + PAGE_VENDOR;
    uefi->configuration_tables = page + PAGE_CONFIGURATION;
    uefi->configuration_count = 0;
    for (unsigned i = 0; i < sizeof(vendor); i++)
        memory_write16(uefi->memory, uefi->vendor_string + i * 2, (uint8_t)vendor[i]);
    write_header(uefi, uefi->system_table, SYSTEM_TABLE_SIGNATURE, TABLE_SIZE);
    write_header(uefi, uefi->boot_services, BOOT_SERVICES_SIGNATURE, boot_size);
    write_header(uefi, uefi->runtime_services, RUNTIME_SERVICES_SIGNATURE, runtime_size);
    write_services(uefi, uefi->boot_services, uefi_boot_service_list, uefi_boot_service_count);
    write_services(uefi, uefi->runtime_services, uefi_runtime_service_list, uefi_runtime_service_count);
    memory_write64(uefi->memory, uefi->system_table + TABLE_VENDOR, uefi->vendor_string);
    memory_write32(uefi->memory, uefi->system_table + TABLE_REVISION, FIRMWARE_REVISION);
    memory_write64(uefi->memory, uefi->system_table + TABLE_RUNTIME_SERVICES, uefi->runtime_services);
    memory_write64(uefi->memory, uefi->system_table + TABLE_BOOT_SERVICES, uefi->boot_services);
    memory_write64(uefi->memory, uefi->system_table + TABLE_CONFIGURATION, uefi->configuration_tables);
    uefi_tables_crc(uefi);
    return true;
}

void uefi_set_console(struct uefi *uefi, const struct uefi_console_handles *console)
{
    uint64_t table = uefi->system_table;

    memory_write64(uefi->memory, table + TABLE_CONSOLE_INPUT_HANDLE, console->input_handle);
    memory_write64(uefi->memory, table + TABLE_CONSOLE_INPUT, console->input);
    memory_write64(uefi->memory, table + TABLE_CONSOLE_OUTPUT_HANDLE, console->output_handle);
    memory_write64(uefi->memory, table + TABLE_CONSOLE_OUTPUT, console->output);
    memory_write64(uefi->memory, table + TABLE_ERROR_HANDLE, console->error_handle);
    memory_write64(uefi->memory, table + TABLE_ERROR, console->error);
    write_crc(uefi, table);
}

void uefi_tables_end_boot(struct uefi *uefi)
{
    static const struct uefi_console_handles none;

    memory_write64(uefi->memory, uefi->system_table + TABLE_BOOT_SERVICES, 0);
    uefi_set_console(uefi, &none);
}

void uefi_tables_convert(struct uefi *uefi, uint64_t (*convert)(struct uefi *uefi, uint64_t address))
{
    static const unsigned pointers[] = {TABLE_VENDOR, TABLE_RUNTIME_SERVICES, TABLE_CONFIGURATION};

    for (unsigned i = 0; i < uefi_runtime_service_count; i++) {
        uint64_t place = uefi->runtime_services + HEADER_SIZE + i * 8;
        memory_write64(uefi->memory, place, convert(uefi, memory_read64(uefi->memory, place)));
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(pointers); i++) {
        uint64_t place = uefi->system_table + pointers[i];
        memory_write64(uefi->memory, place, convert(uefi, memory_read64(uefi->memory, place)));
    }
    write_crc(uefi, uefi->runtime_services);
    write_crc(uefi, uefi->system_table);
}

/* --- configuration table --- */
efi_status uefi_set_configuration_table(struct uefi *uefi, const struct efi_guid *guid, uint64_t table)
{
    uint64_t count = uefi->configuration_count, index = 0, entry = uefi->configuration_tables;
    struct efi_guid known;

    for (; index < count; index++, entry += CONFIGURATION_ENTRY) {
        memory_read(uefi->memory, entry, known.bytes, sizeof(known.bytes));
        if (efi_guid_equal(&known, guid))
            break;
    }
    if (!table) {
        uint8_t bytes[CONFIGURATION_ENTRY];
        if (index == count)
            return EFI_NOT_FOUND;
        for (; index + 1 < count; index++, entry += CONFIGURATION_ENTRY) {
            memory_read(uefi->memory, entry + CONFIGURATION_ENTRY, bytes, sizeof(bytes));
            memory_write(uefi->memory, entry, bytes, sizeof(bytes));
        }
        count--;
    } else {
        if (index >= CONFIGURATION_LIMIT)
            return EFI_OUT_OF_RESOURCES;
        memory_write(uefi->memory, entry, guid->bytes, sizeof(guid->bytes));
        memory_write64(uefi->memory, entry + 16, table);
        count += index == count;
    }
    uefi->configuration_count = count;
    memory_write64(uefi->memory, uefi->system_table + TABLE_ENTRIES, count);
    write_crc(uefi, uefi->system_table);
    uefi_signal_group(uefi, guid);
    return EFI_SUCCESS;
}

/* What a builder gives, in memory of its own; 0: nothing.  *@root: where its entry is. */
static uint64_t place(struct uefi *uefi, GByteArray *(*build)(void *opaque, uint64_t base, uint64_t *root),
                      uint64_t *root)
{
    void *opaque = uefi->config.builder_opaque;
    GByteArray *bytes = build ? build(opaque, 0, root) : NULL;

    if (!bytes)
        return 0;
    uint64_t base = uefi_pages_new(uefi, EFI_ACPI_RECLAIM_MEMORY, EFI_PAGES((uint64_t)bytes->len), FOUR_GIB);
    g_byte_array_unref(bytes);
    if (!base)
        return 0;
    bytes = build(opaque, base, root);
    memory_set(uefi->memory, base, 0, EFI_PAGES((uint64_t)bytes->len) * EFI_PAGE_SIZE);
    memory_write(uefi->memory, base, bytes->data, bytes->len);
    g_byte_array_unref(bytes);
    return base;
}

static void place_fdt(struct uefi *uefi)
{
    gsize size;
    const void *data = g_bytes_get_data(uefi->config.fdt, &size);
    uint64_t base = uefi_pages_new(uefi, EFI_ACPI_RECLAIM_MEMORY, EFI_PAGES((uint64_t)size), FOUR_GIB);

    if (!base)
        return;
    memory_write(uefi->memory, base, data, size);
    uefi_set_configuration_table(uefi, &guid_dtb_table, base);
}

/* RT_PROPERTIES: what works after ExitBootServices(): all but capsules. */
static void place_runtime_properties(struct uefi *uefi)
{
    static const uint8_t table[8] = {1, 0, 8, 0, 0xFF, 0x27, 0, 0};
    uint64_t address = uefi_pool_copy(uefi, EFI_ACPI_RECLAIM_MEMORY, table, sizeof(table));

    if (address)
        uefi_set_configuration_table(uefi, &guid_rt_properties_table, address);
}

void uefi_tables_hardware(struct uefi *uefi)
{
    uint64_t root = 0;

    if (place(uefi, uefi->config.build_acpi, &root)) {
        uefi_set_configuration_table(uefi, &guid_acpi_20_table, root);
        uefi_set_configuration_table(uefi, &guid_acpi_table, root);
    }
    if (place(uefi, uefi->config.build_smbios, &root))
        uefi_set_configuration_table(uefi, &guid_smbios3_table, root);
    if (uefi->config.fdt)
        place_fdt(uefi);
    place_runtime_properties(uefi);
}

/* --- the order of the tables --- */
const struct uefi_service uefi_boot_service_list[] = {
    {"RaiseTPL", uefi_raise_tpl, 1},
    {"RestoreTPL", uefi_restore_tpl, 1},
    {"AllocatePages", uefi_allocate_pages, 4},
    {"FreePages", uefi_free_pages, 2},
    {"GetMemoryMap", uefi_get_memory_map, 5},
    {"AllocatePool", uefi_allocate_pool, 3},
    {"FreePool", uefi_free_pool, 1},
    {"CreateEvent", uefi_create_event, 5},
    {"SetTimer", uefi_set_timer, 3},
    {"WaitForEvent", uefi_wait_for_event, 3},
    {"SignalEvent", uefi_signal_event, 1},
    {"CloseEvent", uefi_close_event, 1},
    {"CheckEvent", uefi_check_event, 1},
    {"InstallProtocolInterface", uefi_install_protocol_interface, 4},
    {"ReinstallProtocolInterface", uefi_reinstall_protocol_interface, 4},
    {"UninstallProtocolInterface", uefi_uninstall_protocol_interface, 3},
    {"HandleProtocol", uefi_handle_protocol, 3},
    {"Reserved", NULL, 0},
    {"RegisterProtocolNotify", uefi_register_protocol_notify, 3},
    {"LocateHandle", uefi_locate_handle, 5},
    {"LocateDevicePath", uefi_locate_device_path, 3},
    {"InstallConfigurationTable", uefi_install_configuration_table, 2},
    {"LoadImage", uefi_load_image, 6},
    {"StartImage", uefi_start_image, 3},
    {"Exit", uefi_exit, 4},
    {"UnloadImage", uefi_unload_image, 1},
    {"ExitBootServices", uefi_exit_boot_services, 2},
    {"GetNextMonotonicCount", uefi_get_next_monotonic_count, 1},
    {"Stall", uefi_stall, 1},
    {"SetWatchdogTimer", uefi_set_watchdog_timer, 4},
    {"ConnectController", uefi_connect_controller, 4},
    {"DisconnectController", uefi_disconnect_controller, 3},
    {"OpenProtocol", uefi_open_protocol, 6},
    {"CloseProtocol", uefi_close_protocol, 4},
    {"OpenProtocolInformation", uefi_open_protocol_information, 4},
    {"ProtocolsPerHandle", uefi_protocols_per_handle, 3},
    {"LocateHandleBuffer", uefi_locate_handle_buffer, 5},
    {"LocateProtocol", uefi_locate_protocol, 3},
    {"InstallMultipleProtocolInterfaces", uefi_install_multiple_protocols, 6},
    {"UninstallMultipleProtocolInterfaces", uefi_uninstall_multiple_protocols, 6},
    {"CalculateCrc32", uefi_calculate_crc32, 3},
    {"CopyMem", uefi_copy_mem, 3},
    {"SetMem", uefi_set_mem, 3},
    {"CreateEventEx", uefi_create_event_ex, 6},
};
const unsigned uefi_boot_service_count = G_N_ELEMENTS(uefi_boot_service_list);

const struct uefi_service uefi_runtime_service_list[] = {
    {"GetTime", uefi_get_time, 2},
    {"SetTime", uefi_set_time, 1},
    {"GetWakeupTime", uefi_get_wakeup_time, 3},
    {"SetWakeupTime", uefi_set_wakeup_time, 2},
    {"SetVirtualAddressMap", uefi_set_virtual_address_map, 4},
    {"ConvertPointer", uefi_convert_pointer, 2},
    {"GetVariable", uefi_get_variable, 5},
    {"GetNextVariableName", uefi_get_next_variable_name, 3},
    {"SetVariable", uefi_set_variable_service, 5},
    {"GetNextHighMonotonicCount", uefi_get_next_high_monotonic_count, 1},
    {"ResetSystem", uefi_reset_system, 4},
    {"UpdateCapsule", uefi_update_capsule, 3},
    {"QueryCapsuleCapabilities", uefi_query_capsule_capabilities, 4},
    {"QueryVariableInfo", uefi_query_variable_info, 4},
};
const unsigned uefi_runtime_service_count = G_N_ELEMENTS(uefi_runtime_service_list);
