/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the built-in guest needs of the UEFI specification 2.10: types, tables and protocols, members in its order. */
#ifndef GALVANIC_GUEST_EFI_H
#define GALVANIC_GUEST_EFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t efi_status; /* the one typedef: it marks what is a status */
#define EFI_ERROR(status) ((int64_t)(status) < 0)
#define EFI_BUFFER_TOO_SMALL 0x8000000000000005u

struct efi_guid {
    uint32_t a;
    uint16_t b, c;
    uint8_t d[8];
};

struct efi_header {
    uint64_t signature;
    uint32_t revision, header_size, crc32, reserved;
};

/* 7.3: LocateHandleBuffer() */
enum { EFI_BY_PROTOCOL = 2 };
/* 8.5: ResetSystem() */
enum { EFI_RESET_COLD, EFI_RESET_WARM, EFI_RESET_SHUTDOWN };

struct efi_time {
    uint16_t year;
    uint8_t month, day, hour, minute, second, pad1;
    uint32_t nanosecond;
    int16_t time_zone;
    uint8_t daylight, pad2;
};

/* 7.2: memory */
struct efi_memory {
    uint32_t type;
    uint64_t physical, virtual, pages, attributes;
};

/* 12.3 and 12.4: text */
struct efi_key {
    uint16_t scan_code, character;
};

struct efi_text_input {
    efi_status (*reset)(struct efi_text_input *this, bool extended);
    efi_status (*read_key_stroke)(struct efi_text_input *this, struct efi_key *key);
    void *wait_for_key;
};

struct efi_text_mode {
    int32_t max_mode, mode, attribute, column, row;
    bool cursor_visible;
};

struct efi_text_output {
    efi_status (*reset)(struct efi_text_output *this, bool extended);
    efi_status (*output_string)(struct efi_text_output *this, const uint16_t *text);
    efi_status (*test_string)(struct efi_text_output *this, const uint16_t *text);
    efi_status (*query_mode)(struct efi_text_output *this, size_t mode, size_t *columns, size_t *rows);
    efi_status (*set_mode)(struct efi_text_output *this, size_t mode);
    efi_status (*set_attribute)(struct efi_text_output *this, size_t attribute);
    efi_status (*clear_screen)(struct efi_text_output *this);
    efi_status (*set_cursor_position)(struct efi_text_output *this, size_t column, size_t row);
    efi_status (*enable_cursor)(struct efi_text_output *this, bool visible);
    struct efi_text_mode *mode;
};

/* 8: runtime services */
struct efi_runtime_services {
    struct efi_header header;
    efi_status (*get_time)(struct efi_time *time, void *capabilities);
    void *set_time, *get_wakeup_time, *set_wakeup_time, *set_virtual_address_map, *convert_pointer, *get_variable,
        *get_next_variable_name, *set_variable, *get_next_high_monotonic_count;
    void (*reset_system)(uint32_t type, efi_status status, size_t size, void *data);
};

/* 7: boot services */
struct efi_boot_services {
    struct efi_header header;
    void *raise_tpl, *restore_tpl, *allocate_pages, *free_pages;
    efi_status (*get_memory_map)(size_t *size, struct efi_memory *map, size_t *key, size_t *entry_size,
                                 uint32_t *entry_version);
    efi_status (*allocate_pool)(uint32_t type, size_t size, void **buffer);
    efi_status (*free_pool)(void *buffer);
    void *create_event, *set_timer;
    efi_status (*wait_for_event)(size_t count, void **events, size_t *index);
    void *signal_event, *close_event, *check_event, *install_protocol_interface, *reinstall_protocol_interface,
        *uninstall_protocol_interface;
    efi_status (*handle_protocol)(void *handle, const struct efi_guid *protocol, void **interface);
    void *reserved, *register_protocol_notify, *locate_handle, *locate_device_path, *install_configuration_table,
        *load_image, *start_image, *exit, *unload_image, *exit_boot_services, *get_next_monotonic_count;
    efi_status (*stall)(size_t microseconds);
    efi_status (*set_watchdog_timer)(size_t seconds, uint64_t code, size_t size, const uint16_t *data);
    void *connect_controller, *disconnect_controller, *open_protocol, *close_protocol, *open_protocol_information,
        *protocols_per_handle;
    efi_status (*locate_handle_buffer)(uint32_t search, const struct efi_guid *protocol, void *key, size_t *count,
                                       void ***handles);
    efi_status (*locate_protocol)(const struct efi_guid *protocol, void *registration, void **interface);
};

struct efi_configuration {
    struct efi_guid guid;
    void *table;
};

/* 4.3: the system table */
struct efi_system_table {
    struct efi_header header;
    const uint16_t *firmware_vendor;
    uint32_t firmware_revision;
    void *console_in_handle;
    struct efi_text_input *console_in;
    void *console_out_handle;
    struct efi_text_output *console_out;
    void *standard_error_handle;
    struct efi_text_output *standard_error;
    struct efi_runtime_services *runtime;
    struct efi_boot_services *boot;
    size_t configurations;
    struct efi_configuration *configuration;
};

/* 13.9: block devices */
struct efi_block_media {
    uint32_t media_id;
    bool removable, present, logical_partition, read_only, write_caching;
    uint32_t block_size, io_align;
    uint64_t last_block;
};

struct efi_block_io {
    uint64_t revision;
    struct efi_block_media *media;
};

/* 12.9: graphics output */
struct efi_graphics_information {
    uint32_t version, width, height, format, masks[4], pixels_per_line;
};

struct efi_graphics_mode {
    uint32_t max_mode, mode;
    struct efi_graphics_information *information;
    size_t information_size;
    uint64_t frame_buffer;
    size_t frame_buffer_size;
};

enum { EFI_BLT_VIDEO_FILL, EFI_BLT_VIDEO_TO_BUFFER, EFI_BLT_BUFFER_TO_VIDEO, EFI_BLT_VIDEO_TO_VIDEO };

struct efi_graphics {
    efi_status (*query_mode)(struct efi_graphics *this, uint32_t mode, size_t *size,
                             struct efi_graphics_information **information);
    efi_status (*set_mode)(struct efi_graphics *this, uint32_t mode);
    efi_status (*blt)(struct efi_graphics *this, uint32_t *buffer, uint32_t operation, size_t from_x, size_t from_y,
                      size_t to_x, size_t to_y, size_t width, size_t height, size_t delta);
    struct efi_graphics_mode *mode;
};

/* 14.4: PCI */
struct efi_pci_io {
    void *poll_memory, *poll_io, *memory_read, *memory_write, *io_read, *io_write;
    /* Width: 0 bytes, 1 words, 2 double words. */
    efi_status (*config_read)(struct efi_pci_io *this, uint32_t width, uint32_t offset, size_t count, void *buffer);
    efi_status (*config_write)(struct efi_pci_io *this, uint32_t width, uint32_t offset, size_t count, void *buffer);
    void *copy_memory, *map, *unmap, *allocate_buffer, *free_buffer, *flush;
    efi_status (*get_location)(struct efi_pci_io *this, size_t *segment, size_t *bus, size_t *device, size_t *function);
};

#endif
