/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The services of UEFI 2.10 as the test application calls them; members in the specification's order. */
#ifndef GALVANIC_TESTS_FIRMWARE_EFI_H
#define GALVANIC_TESTS_FIRMWARE_EFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t efi_status;

#define EFI_ERROR(code) (0x8000000000000000u | (code))
#define EFI_SUCCESS 0u
#define EFI_LOAD_ERROR EFI_ERROR(1)
#define EFI_INVALID_PARAMETER EFI_ERROR(2)
#define EFI_UNSUPPORTED EFI_ERROR(3)
#define EFI_BUFFER_TOO_SMALL EFI_ERROR(5)
#define EFI_NOT_READY EFI_ERROR(6)
#define EFI_WRITE_PROTECTED EFI_ERROR(8)
#define EFI_OUT_OF_RESOURCES EFI_ERROR(9)
#define EFI_NOT_FOUND EFI_ERROR(14)
#define EFI_ACCESS_DENIED EFI_ERROR(15)
#define EFI_ALREADY_STARTED EFI_ERROR(20)
#define EFI_ABORTED EFI_ERROR(21)

struct efi_guid {
    uint32_t a;
    uint16_t b, c;
    uint8_t d[8];
};

struct efi_header {
    uint64_t signature;
    uint32_t revision, header_size, crc32, reserved;
};

struct efi_time {
    uint16_t year;
    uint8_t month, day, hour, minute, second, pad1;
    uint32_t nanosecond;
    int16_t time_zone;
    uint8_t daylight, pad2;
};

enum {
    EFI_RESERVED,
    EFI_LOADER_CODE,
    EFI_LOADER_DATA,
    EFI_BOOT_CODE,
    EFI_BOOT_DATA,
    EFI_RUNTIME_CODE,
    EFI_RUNTIME_DATA,
    EFI_CONVENTIONAL,
    EFI_UNUSABLE,
    EFI_ACPI_RECLAIM,
    EFI_ACPI_NVS,
    EFI_MMIO,
    EFI_MMIO_PORT,
    EFI_PAL,
};
enum { EFI_ALLOCATE_ANY, EFI_ALLOCATE_BELOW, EFI_ALLOCATE_AT };
#define EFI_MEMORY_RUNTIME 0x8000000000000000u

struct efi_memory {
    uint32_t type, pad;
    uint64_t physical, virtual, pages, attributes;
};

#define EFI_EVENT_TIMER 0x80000000u
#define EFI_EVENT_NOTIFY_WAIT 0x100u
#define EFI_EVENT_NOTIFY_SIGNAL 0x200u
#define EFI_EVENT_EXIT_BOOT_SERVICES 0x201u
#define EFI_EVENT_VIRTUAL_ADDRESS_CHANGE 0x60000202u
enum { EFI_TIMER_CANCEL, EFI_TIMER_PERIODIC, EFI_TIMER_RELATIVE };
#define EFI_TPL_APPLICATION 4
#define EFI_TPL_CALLBACK 8
#define EFI_TPL_NOTIFY 16
#define EFI_TPL_HIGH 31

enum { EFI_ALL_HANDLES, EFI_BY_REGISTER_NOTIFY, EFI_BY_PROTOCOL };
#define EFI_OPEN_BY_HANDLE 1
#define EFI_OPEN_GET 2
#define EFI_OPEN_TEST 4
#define EFI_OPEN_BY_CHILD 8
#define EFI_OPEN_BY_DRIVER 16
#define EFI_OPEN_EXCLUSIVE 32

#define EFI_VARIABLE_NV 1u
#define EFI_VARIABLE_BS 2u
#define EFI_VARIABLE_RT 4u
#define EFI_VARIABLE_APPEND 0x40u

enum { EFI_RESET_COLD, EFI_RESET_WARM, EFI_RESET_SHUTDOWN };

struct efi_open_information {
    void *agent, *controller;
    uint32_t attributes, count;
};

struct efi_device_path {
    uint8_t type, subtype, length[2];
};

struct efi_text_output {
    efi_status (*reset)(struct efi_text_output *this, bool extended);
    efi_status (*output_string)(struct efi_text_output *this, const uint16_t *text);
};

typedef void efi_notify(void *event, void *context);

struct efi_boot_services {
    struct efi_header header;
    uint64_t (*raise_tpl)(uint64_t tpl);
    void (*restore_tpl)(uint64_t tpl);
    efi_status (*allocate_pages)(uint32_t how, uint32_t type, uint64_t pages, uint64_t *address);
    efi_status (*free_pages)(uint64_t address, uint64_t pages);
    efi_status (*get_memory_map)(uint64_t *size, void *map, uint64_t *key, uint64_t *entry_size, uint32_t *version);
    efi_status (*allocate_pool)(uint32_t type, uint64_t size, void **buffer);
    efi_status (*free_pool)(void *buffer);
    efi_status (*create_event)(uint32_t type, uint64_t tpl, efi_notify *notify, void *context, void **event);
    efi_status (*set_timer)(void *event, uint32_t type, uint64_t trigger);
    efi_status (*wait_for_event)(uint64_t count, void **events, uint64_t *index);
    efi_status (*signal_event)(void *event);
    efi_status (*close_event)(void *event);
    efi_status (*check_event)(void *event);
    efi_status (*install)(void **handle, const struct efi_guid *guid, uint32_t type, void *interface);
    efi_status (*reinstall)(void *handle, const struct efi_guid *guid, void *old, void *new);
    efi_status (*uninstall)(void *handle, const struct efi_guid *guid, void *interface);
    efi_status (*handle_protocol)(void *handle, const struct efi_guid *guid, void **interface);
    void *reserved;
    efi_status (*register_protocol_notify)(const struct efi_guid *guid, void *event, void **registration);
    efi_status (*locate_handle)(uint32_t how, const struct efi_guid *guid, void *key, uint64_t *size, void **buffer);
    efi_status (*locate_device_path)(const struct efi_guid *guid, struct efi_device_path **path, void **device);
    efi_status (*install_configuration_table)(const struct efi_guid *guid, void *table);
    efi_status (*load_image)(bool boot, void *parent, void *path, void *source, uint64_t size, void **image);
    efi_status (*start_image)(void *image, uint64_t *exit_size, uint16_t **exit_data);
    efi_status (*exit)(void *image, efi_status status, uint64_t size, void *data);
    efi_status (*unload_image)(void *image);
    efi_status (*exit_boot_services)(void *image, uint64_t key);
    efi_status (*get_next_monotonic_count)(uint64_t *count);
    efi_status (*stall)(uint64_t microseconds);
    efi_status (*set_watchdog_timer)(uint64_t seconds, uint64_t code, uint64_t size, const uint16_t *data);
    efi_status (*connect_controller)(void *controller, void **drivers, void *path, bool recursive);
    efi_status (*disconnect_controller)(void *controller, void *driver, void *child);
    efi_status (*open_protocol)(void *handle, const struct efi_guid *guid, void **interface, void *agent,
                                void *controller, uint32_t attributes);
    efi_status (*close_protocol)(void *handle, const struct efi_guid *guid, void *agent, void *controller);
    efi_status (*open_protocol_information)(void *handle, const struct efi_guid *guid,
                                            struct efi_open_information **entries, uint64_t *count);
    efi_status (*protocols_per_handle)(void *handle, struct efi_guid ***guids, uint64_t *count);
    efi_status (*locate_handle_buffer)(uint32_t how, const struct efi_guid *guid, void *key, uint64_t *count,
                                       void ***handles);
    efi_status (*locate_protocol)(const struct efi_guid *guid, void *registration, void **interface);
    efi_status (*install_multiple)(void **handle, ...);
    efi_status (*uninstall_multiple)(void *handle, ...);
    efi_status (*calculate_crc32)(const void *data, uint64_t size, uint32_t *sum);
    void (*copy_mem)(void *to, const void *from, uint64_t length);
    void (*set_mem)(void *to, uint64_t length, uint8_t value);
    efi_status (*create_event_ex)(uint32_t type, uint64_t tpl, efi_notify *notify, const void *context,
                                  const struct efi_guid *group, void **event);
};

struct efi_runtime_services {
    struct efi_header header;
    efi_status (*get_time)(struct efi_time *time, void *capabilities);
    efi_status (*set_time)(const struct efi_time *time);
    efi_status (*get_wakeup_time)(bool *enabled, bool *pending, struct efi_time *time);
    efi_status (*set_wakeup_time)(bool enable, const struct efi_time *time);
    efi_status (*set_virtual_address_map)(uint64_t size, uint64_t entry_size, uint32_t version, void *map);
    efi_status (*convert_pointer)(uint64_t disposition, void **address);
    efi_status (*get_variable)(const uint16_t *name, const struct efi_guid *vendor, uint32_t *attributes,
                               uint64_t *size, void *data);
    efi_status (*get_next_variable_name)(uint64_t *size, uint16_t *name, struct efi_guid *vendor);
    efi_status (*set_variable)(const uint16_t *name, const struct efi_guid *vendor, uint32_t attributes, uint64_t size,
                               const void *data);
    efi_status (*get_next_high_monotonic_count)(uint32_t *count);
    void (*reset_system)(uint32_t type, efi_status status, uint64_t size, void *data);
    efi_status (*update_capsule)(void **capsules, uint64_t count, uint64_t list);
    efi_status (*query_capsule_capabilities)(void **capsules, uint64_t count, uint64_t *size, uint32_t *type);
    efi_status (*query_variable_info)(uint32_t attributes, uint64_t *maximum, uint64_t *remaining, uint64_t *one);
};

struct efi_configuration {
    struct efi_guid guid;
    void *table;
};

struct efi_system_table {
    struct efi_header header;
    uint16_t *firmware_vendor;
    uint32_t firmware_revision;
    void *console_in_handle, *console_in, *console_out_handle;
    struct efi_text_output *console_out;
    void *standard_error_handle;
    struct efi_text_output *standard_error;
    struct efi_runtime_services *runtime;
    struct efi_boot_services *boot;
    uint64_t configurations;
    struct efi_configuration *configuration;
};

struct efi_loaded_image {
    uint32_t revision;
    void *parent;
    struct efi_system_table *system;
    void *device, *file_path, *reserved;
    uint32_t options_size;
    void *options;
    void *base;
    uint64_t size;
    uint32_t code_type, data_type;
    efi_status (*unload)(void *image);
};

struct efi_driver_binding {
    efi_status (*supported)(struct efi_driver_binding *this, void *controller, void *path);
    efi_status (*start)(struct efi_driver_binding *this, void *controller, void *path);
    efi_status (*stop)(struct efi_driver_binding *this, void *controller, uint64_t count, void **children);
    uint32_t version;
    void *image, *handle;
};

#define EFI_LOADED_IMAGE                                                                                               \
    {                                                                                                                  \
        0x5b1b31a1, 0x9562, 0x11d2,                                                                                    \
        {                                                                                                              \
            0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b                                                             \
        }                                                                                                              \
    }
#define EFI_DEVICE_PATH                                                                                                \
    {                                                                                                                  \
        0x09576e91, 0x6d3f, 0x11d2,                                                                                    \
        {                                                                                                              \
            0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b                                                             \
        }                                                                                                              \
    }
#define EFI_DRIVER_BINDING                                                                                             \
    {                                                                                                                  \
        0x18a031ab, 0xb443, 0x4d1a,                                                                                    \
        {                                                                                                              \
            0xa5, 0xc0, 0x0c, 0x09, 0x26, 0x1e, 0x9f, 0x71                                                             \
        }                                                                                                              \
    }
#define EFI_GLOBAL_VARIABLE                                                                                            \
    {                                                                                                                  \
        0x8be4df61, 0x93ca, 0x11d2,                                                                                    \
        {                                                                                                              \
            0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c                                                             \
        }                                                                                                              \
    }
#define EFI_EXIT_BOOT_SERVICES_GROUP                                                                                   \
    {                                                                                                                  \
        0x27abf055, 0xb1b8, 0x4c26,                                                                                    \
        {                                                                                                              \
            0x80, 0x48, 0x74, 0x8f, 0x37, 0xba, 0xa2, 0xdf                                                             \
        }                                                                                                              \
    }
#define EFI_BEFORE_EXIT_GROUP                                                                                          \
    {                                                                                                                  \
        0x8be0e274, 0x3970, 0x4b44,                                                                                    \
        {                                                                                                              \
            0x80, 0xc5, 0x1a, 0xb9, 0x50, 0x2f, 0x3b, 0xfc                                                             \
        }                                                                                                              \
    }

#endif
