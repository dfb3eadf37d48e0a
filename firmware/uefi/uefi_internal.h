/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of the UEFI shim, for the files of its core alone. */
#ifndef GALVANIC_FIRMWARE_UEFI_UEFI_INTERNAL_H
#define GALVANIC_FIRMWARE_UEFI_UEFI_INTERNAL_H

#include "firmware/uefi/memory_map.h"
#include "firmware/uefi/pe.h"
#include "firmware/uefi/pool.h"
#include "firmware/uefi/shim.h"
#include "firmware/uefi/uefi.h"
#include "firmware/uefi/uefi_arch.h"
#include "firmware/uefi/variables.h"

#define UEFI_ARGUMENTS 16
#define UEFI_CALL_ARGUMENTS 8 /* that uefi_call_guest() and notifications pass */
#define UEFI_FRAME_LIMIT 256
#define UEFI_HANDLE_LIMIT 65536
#define UEFI_PROTOCOL_LIMIT 256 /* on one handle */
#define UEFI_OPEN_LIMIT 4096    /* of one protocol */
#define UEFI_EVENT_LIMIT 65536
#define UEFI_NOTIFY_LIMIT 65536

/* A handler's result beside those of uefi.h: the CPU has been put elsewhere already. */
#define UEFI_GONE 0x4741000000000003u

/* --- calls --- */
struct uefi_function {
    const char *name;
    uefi_handler *handler;
    unsigned arguments; /* that a trace shows */
};

struct uefi_call {
    struct uefi *uefi;
    struct cpu *cpu;
    unsigned function; /* index */
    uint64_t stub;     /* virtual address of the stub */
    uint64_t stack;    /* stack pointer: with the function, the identity of a call that goes on */
};

/* A call that is entered again and again until it has what it waits for. */
struct uefi_wait {
    unsigned function;
    uint64_t stack;
    int64_t deadline;
    uint32_t phase;
};

enum uefi_frame_kind {
    UEFI_FRAME_CALL,      /* a handler waits for a guest function */
    UEFI_FRAME_INTERRUPT, /* a notification function runs on top of something */
};

/* The guest runs a function that the firmware called. */
struct uefi_frame {
    enum uefi_frame_kind kind;
    unsigned function;     /* CALL: the service in progress */
    uint64_t stub;         /* CALL: virtual address of its stub */
    uint64_t stack;        /* the stack pointer at the trampoline */
    unsigned continuation; /* CALL: index */
    uint64_t data[UEFI_CONTINUATION_DATA];
    uint64_t tpl; /* INTERRUPT: to go back to */
    struct uefi_context context;
};

/* A queued call of a guest's notification function. */
struct uefi_notification {
    uint64_t tpl, function, event;
    uint64_t arguments[4];
    unsigned count;
};

#define EFI_EVT_TIMER 0x80000000u
#define EFI_EVT_RUNTIME 0x40000000u
#define EFI_EVT_NOTIFY_WAIT 0x00000100u
#define EFI_EVT_NOTIFY_SIGNAL 0x00000200u
#define EFI_EVT_SIGNAL_EXIT_BOOT_SERVICES 0x00000201u
#define EFI_EVT_SIGNAL_VIRTUAL_ADDRESS_CHANGE 0x60000202u

/* --- objects --- */
struct uefi_interface {
    uint64_t address;
    const struct uefi_object_class *object_class;
    void *object;
};

struct uefi_open {
    uint64_t agent, controller;
    uint32_t attributes, count;
};

struct uefi_protocol_entry {
    struct efi_guid guid;
    uint64_t interface;
    GArray *opens; /* struct uefi_open */
};

struct uefi_handle {
    uint64_t address;
    GPtrArray *protocols; /* struct uefi_protocol_entry */
};

/* RegisterProtocolNotify(). */
struct uefi_registration {
    uint64_t address; /* the value that guests know it by */
    uint64_t event;
    struct efi_guid guid;
    GArray *pending; /* handles, uint64_t */
};

struct uefi_event {
    uint64_t address;
    uint32_t type;
    uint64_t tpl, function, context;
    struct efi_guid group;
    bool has_group, signalled;
    uint64_t interface; /* of uefi_wait_event() */
    int64_t deadline;   /* CLOCK_NEVER: timer not set */
    int64_t period;     /* ns, 0: once */
};

enum uefi_image_stage { UEFI_IMAGE_LOADED, UEFI_IMAGE_STARTED, UEFI_IMAGE_EXITED };

struct uefi_image {
    uint64_t handle, parent;
    uint64_t base, size, entry;
    uint64_t loaded_image; /* interface */
    uint64_t device_path;  /* copy of the whole path, 0: none */
    enum uefi_image_stage stage;
    uint16_t subsystem;
    char *name;                         /* for messages */
    uint64_t exit_data, exit_data_size; /* pool copy of what Exit() gave, until StartImage() hands it out */
};

/* ConnectController() at work. */
struct uefi_connect {
    uint64_t id;
    GArray *controllers; /* uint64_t: still to do, in order */
    GArray *drivers;     /* uint64_t: driver binding handles in the order of their trying */
    GArray *context;     /* uint64_t: DriverImageHandle list */
    uint32_t next_driver;
    uint64_t binding, path; /* interface in use, remaining device path */
    bool recursive, any_started, pass_started;
    bool quiet; /* the result is EFI_SUCCESS whatever came of it */
};

/* DisconnectController() at work. */
struct uefi_disconnect {
    uint64_t id;
    uint64_t controller, child;
    GArray *drivers; /* uint64_t: image handles */
    GArray *children;
    uint32_t next;
    uint64_t binding, children_buffer;
    uint64_t driver;
    bool any, failed;
    bool whole; /* all children go, and with them the driver */
    bool again; /* for a service that is entered again afterwards */
};

enum uefi_boot_stage {
    UEFI_BOOT_APP,  /* --efi-app */
    UEFI_BOOT_NEXT, /* BootNext */
    UEFI_BOOT_ORDER,
    UEFI_BOOT_FALLBACK, /* \EFI\BOOT\BOOTX64.EFI of each volume */
    UEFI_BOOT_DONE,
};

struct uefi {
    struct machine *machine;
    struct memory *memory;
    struct uefi_config config;
    struct uefi_disk *disks;
    struct uefi_display display;
    struct uefi_range *ranges;
    const struct uefi_arch *arch;
    struct clock_timer *timer; /* the next of: an event's timer, the watchdog, another try to notify */

    /* Made once. */
    GArray *functions;          /* struct uefi_function */
    GPtrArray *classes;         /* const struct uefi_object_class */
    GArray *continuations;      /* uefi_continuation * */
    unsigned runtime_functions; /* the first ones of `functions` have their stubs in runtime memory */

    /* State. */
    struct memory_map *map;
    struct pool *pool;
    struct variables *variables;
    GPtrArray *handles;       /* struct uefi_handle, in the order of their making */
    GHashTable *handle_index; /* address -> struct uefi_handle; derived */
    GPtrArray *interfaces;    /* struct uefi_interface */
    GHashTable *interface_index;
    GPtrArray *registrations;
    GPtrArray *events;
    GHashTable *event_index;
    GPtrArray *images;
    GPtrArray *connects, *disconnects;
    GArray *notifications; /* struct uefi_notification, in the order of signalling */
    GPtrArray *frames;     /* struct uefi_frame, the innermost last */
    GArray *waits;         /* struct uefi_wait */

    uint64_t boot_stubs, boot_stub_pages; /* guest-physical */
    uint64_t runtime_stubs, runtime_stub_pages;
    uint64_t system_table, boot_services, runtime_services;
    uint64_t configuration_tables, configuration_count;
    uint64_t vendor_string;
    uint64_t stack;        /* top of the boot stack */
    uint64_t arch_data[4]; /* x86_64: page tables, GDT, IDT */
    uint64_t tpl;
    uint64_t monotonic; /* GetNextMonotonicCount() */
    uint64_t next_id;   /* of connects and disconnects */
    int64_t watchdog;   /* deadline, CLOCK_NEVER: off */
    int64_t retry;      /* a notification waits for an interruptible guest */
    bool dispatch_due;  /* a timer has queued something: try at the next boundary */
    int64_t tick;       /* CPU 0 is halted until this tick of the timer that firmware has */
    bool tick_due, woken;
    bool boot_ended; /* ExitBootServices() succeeded */
    bool before_exit_signalled;
    bool is_virtual;        /* SetVirtualAddressMap() succeeded */
    bool converting;        /* it is at work: ConvertPointer() may be called */
    GArray *virtual_map;    /* uint64_t: physical, pages, virtual of each runtime range, while converting */
    uint64_t current_image; /* handle */
    int64_t time_offset;    /* SetTime(): seconds added to the calendar */
    int16_t time_zone;
    uint8_t daylight;
    int64_t alarm; /* SetWakeupTime(), -1: none */
    uint32_t poll_count;
    int64_t poll_time;
    uint32_t boot_stage; /* enum uefi_boot_stage */
    bool boot_returned;  /* the last option that was started came back with success */
    uint32_t boot_index;
    char *boot_name;  /* of the program that the boot manager started last */
    char *boot_tried; /* what was looked for, for the message */

    /* While a hypercall is handled. */
    struct uefi_call *call;
    bool translate; /* guest addresses go through the CPU's page tables */
};

/* --- call.c --- */
void uefi_calls_reset(struct uefi *uefi);
/* The arguments' and status' trace line. */
void uefi_trace_call(const struct uefi_call *call, uint64_t result);
/* The phase counter of a call that is entered again (0 at first); gone when the call is finished. */
uint32_t *uefi_phase(struct uefi_call *call);
struct uefi_wait *uefi_wait_record(struct uefi_call *call);
/* Drops the frames above and including the one with @index, and waits inside them. */
void uefi_frames_drop(struct uefi *uefi, guint index);
/* Goes on after @frame as if its guest function had returned @result; the frame is the innermost one. */
void uefi_frame_finish(struct uefi *uefi, struct cpu *cpu, uint64_t result);
/* Runs the most urgent notification that is above the current TPL; false: none. */
bool uefi_dispatch(struct uefi *uefi, struct cpu *cpu);
/* Sets the timer to what comes next. */
void uefi_timer_update(struct uefi *uefi);
void uefi_timer_fired(void *opaque);

/* --- stubs --- */
uint64_t uefi_stub_address(const struct uefi *uefi, unsigned function);
unsigned uefi_function_index(struct uefi *uefi, const char *name, uefi_handler *handler, unsigned arguments);
bool uefi_stubs_write(struct uefi *uefi);
/* The stub of exception @vector; the one behind the last is for stray interrupts. */
uint64_t uefi_exception_stub(const struct uefi *uefi, unsigned vector);

/* --- handle.c --- */
struct uefi_handle *uefi_find_handle(struct uefi *uefi, uint64_t handle);
struct uefi_protocol_entry *uefi_find_protocol(struct uefi_handle *handle, const struct efi_guid *guid);
void uefi_handles_clear(struct uefi *uefi);
/* Makes a handle with the address that a guest's value or @address (0: a new one) gives; NULL: out of resources. */
struct uefi_handle *uefi_handle_add(struct uefi *uefi, uint64_t address);
void uefi_handle_drop_if_empty(struct uefi *uefi, struct uefi_handle *handle);
struct uefi_interface *uefi_interface_add(struct uefi *uefi, uint64_t address,
                                          const struct uefi_object_class *object_class, void *object);
void uefi_registration_free(void *pointer);
void uefi_protocol_entry_free(void *pointer);
void uefi_registrations_notify(struct uefi *uefi, const struct efi_guid *guid, uint64_t handle);
void uefi_registrations_drop_event(struct uefi *uefi, uint64_t event);

/* --- event.c --- */
struct uefi_event *uefi_find_event(struct uefi *uefi, uint64_t event);
struct uefi_event *uefi_event_add(struct uefi *uefi, uint64_t address);
/* Queues its notification function. */
void uefi_event_notify(struct uefi *uefi, const struct uefi_event *event);
void uefi_signal_group(struct uefi *uefi, const struct efi_guid *group);
int64_t uefi_events_deadline(const struct uefi *uefi);
void uefi_events_run_due(struct uefi *uefi, int64_t now);
void uefi_events_clear(struct uefi *uefi);
/* Does anything wait for this group? */
bool uefi_group_used(const struct uefi *uefi, const struct efi_guid *group);

/* --- image.c --- */
struct uefi_image *uefi_find_image(struct uefi *uefi, uint64_t handle);
struct uefi_image *uefi_image_at(struct uefi *uefi, uint64_t address);
void uefi_image_free(void *pointer);
/*
 * Loads an image from @data.  @device: handle for LoadedImage.DeviceHandle or 0; @path: full device path or NULL.
 * @type of *@error: pe_error.
 */
efi_status uefi_image_load(struct uefi *uefi, uint64_t parent, uint64_t device, const uint8_t *path, size_t path_length,
                           const uint8_t *data, size_t size, const char *name, uint64_t *handle, GError **error);
efi_status uefi_image_set_options(struct uefi *uefi, uint64_t handle, const void *options, size_t size);
/*
 * To be returned: runs the image.  From StartImage(), or (@boot_manager) from the boot manager, whose
 * uefi_boot_returned() then says how to go on.
 */
uint64_t uefi_image_start(struct uefi *uefi, uint64_t handle, bool boot_manager, uint64_t exit_size,
                          uint64_t exit_data);
/* Exit() of a running image: back to where it was started. EFI_INVALID_PARAMETER or UEFI_GONE. */
uint64_t uefi_image_exit(struct uefi *uefi, struct cpu *cpu, uint64_t handle, efi_status status);
efi_status uefi_image_unload(struct uefi *uefi, uint64_t handle);

/* --- image_services.c, image_source.c --- */
void uefi_image_services_register(struct uefi *uefi);
void uefi_image_source_register(struct uefi *uefi);
/* LoadImage()'s result for a file that stands in guest memory; @path is a guest address. */
uint64_t uefi_load_from_bytes(struct uefi *uefi, uint64_t device, uint64_t parent, uint64_t path, uint64_t out,
                              uint64_t buffer, uint64_t size);
/* To be returned by LoadImage(): the file comes from the guest's SimpleFileSystem on @device ... */
uint64_t uefi_load_from_guest_file(struct uefi *uefi, uint64_t device, const char *file, uint64_t parent,
                                   const uint8_t *path, size_t path_length, uint64_t out);
/* ... or from its LoadFile or LoadFile2. */
uint64_t uefi_load_from_guest_load_file(struct uefi *uefi, uint64_t device, const struct efi_guid *kind,
                                        bool boot_policy, uint64_t parent, const uint8_t *path, size_t path_length,
                                        size_t matched, uint64_t out);

/* --- protocol_services.c, connect.c --- */
#define EFI_OPEN_PROTOCOL_BY_HANDLE_PROTOCOL 0x01u
#define EFI_OPEN_PROTOCOL_GET_PROTOCOL 0x02u
#define EFI_OPEN_PROTOCOL_TEST_PROTOCOL 0x04u
#define EFI_OPEN_PROTOCOL_BY_CHILD_CONTROLLER 0x08u
#define EFI_OPEN_PROTOCOL_BY_DRIVER 0x10u
#define EFI_OPEN_PROTOCOL_EXCLUSIVE 0x20u
/* The handle with @guid whose device path is the longest beginning of @path; *@matched bytes.  0: none. */
uint64_t uefi_find_device(struct uefi *uefi, const struct efi_guid *guid, const uint8_t *path, size_t length,
                          size_t *matched);
/* To be returned: connects; the result of the service is that of ConnectController(). */
uint64_t uefi_connect_begin(struct uefi *uefi, uint64_t controller, uint64_t context, uint64_t path, bool recursive,
                            bool quiet);
/*
 * To be returned when it is UEFI_PENDING or UEFI_AGAIN: @driver lets go of @controller, then the service in progress is
 * entered again.  Another status: it did not let go.
 */
uint64_t uefi_disconnect_then_again(struct uefi *uefi, uint64_t controller, uint64_t driver);

/* --- tables.c --- */
bool uefi_tables_build(struct uefi *uefi);
void uefi_tables_crc(struct uefi *uefi);
/* After ExitBootServices(): what is gone is NULL. */
void uefi_tables_end_boot(struct uefi *uefi);
/* ACPI, SMBIOS and device tree from the board's builders, in the configuration table. */
void uefi_tables_hardware(struct uefi *uefi);
/* Pointers in the runtime tables become virtual. */
void uefi_tables_convert(struct uefi *uefi, uint64_t (*convert)(struct uefi *uefi, uint64_t address));

/* --- lists of services: name and handler in the order of the table --- */
struct uefi_service {
    const char *name;
    uefi_handler *handler;
    unsigned arguments;
};
extern const struct uefi_service uefi_boot_service_list[];
extern const unsigned uefi_boot_service_count;
extern const struct uefi_service uefi_runtime_service_list[];
extern const unsigned uefi_runtime_service_count;

/* Handlers, by file. */
uefi_handler uefi_raise_tpl, uefi_restore_tpl; /* event_services.c */
uefi_handler uefi_create_event, uefi_create_event_ex, uefi_set_timer, uefi_wait_for_event, uefi_signal_event;
uefi_handler uefi_close_event, uefi_check_event;
uefi_handler uefi_allocate_pages, uefi_free_pages, uefi_get_memory_map, uefi_allocate_pool; /* memory_services.c */
uefi_handler uefi_free_pool, uefi_copy_mem, uefi_set_mem;
uefi_handler uefi_install_protocol_interface, uefi_reinstall_protocol_interface; /* protocol_services.c */
uefi_handler uefi_uninstall_protocol_interface, uefi_handle_protocol, uefi_register_protocol_notify;
uefi_handler uefi_locate_handle, uefi_locate_device_path, uefi_open_protocol, uefi_close_protocol;
uefi_handler uefi_open_protocol_information, uefi_protocols_per_handle, uefi_locate_handle_buffer;
uefi_handler uefi_locate_protocol, uefi_install_multiple_protocols, uefi_uninstall_multiple_protocols;
uefi_handler uefi_connect_controller, uefi_disconnect_controller;             /* connect.c */
uefi_handler uefi_load_image, uefi_start_image, uefi_exit, uefi_unload_image; /* image_services.c */
uefi_handler uefi_install_configuration_table, uefi_exit_boot_services;       /* boot_services.c */
uefi_handler uefi_get_next_monotonic_count, uefi_stall, uefi_set_watchdog_timer, uefi_calculate_crc32;
uefi_handler uefi_get_time, uefi_set_time, uefi_get_wakeup_time, uefi_set_wakeup_time;  /* time_services.c */
uefi_handler uefi_get_variable, uefi_get_next_variable_name, uefi_set_variable_service; /* variable_services.c */
uefi_handler uefi_query_variable_info;
uefi_handler uefi_set_virtual_address_map, uefi_convert_pointer; /* runtime_services.c */
uefi_handler uefi_get_next_high_monotonic_count, uefi_reset_system, uefi_update_capsule;
uefi_handler uefi_query_capsule_capabilities;
uefi_handler uefi_boot_manager; /* boot.c */

uint64_t uefi_boot_returned(struct uefi *uefi, efi_status status);
void uefi_images_register(struct uefi *uefi);
void uefi_connects_register(struct uefi *uefi);
void uefi_connect_free(void *pointer);
void uefi_disconnect_free(void *pointer);
void uefi_boot_variables(struct uefi *uefi);
void uefi_console_variables(struct uefi *uefi);
void uefi_initrd_install(struct uefi *uefi);
extern const struct uefi_object_class uefi_initrd_class;

/* --- uefi.c --- */
void uefi_clear(struct uefi *uefi);
void uefi_unrealize(void *device);

/* --- state.c --- */
extern const struct device_class uefi_device_class;

#endif
