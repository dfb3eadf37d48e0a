/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The UEFI shim (UEFI specification 2.10) as its own parts see it.
 *
 * Guests see real tables and protocol interfaces in guest memory.  Each function pointer leads to a stub of 16 bytes:
 * a hypercall and a return.  The hypercall reaches uefi_hypercall(), which finds the stub by its physical address and
 * runs its handler on the host.  A handler is synchronous; it never runs guest code.  Where the specification has the
 * firmware call the guest (notification functions, image entry points, driver bindings), the handler asks for it with
 * uefi_call_guest() and goes on in a continuation when the guest function has returned.
 *
 * All state of the shim stands in guest memory and in lists that are saved in the order of their creation.  Nothing
 * depends on host pointers: guest addresses are the identities of handles, events and interfaces.
 *
 * The core (uefi.c, call.c, pool.c, handle.c, event.c, image.c, runtime.c, variables.c, boot.c ...) knows no protocol's
 * meaning; protocols (block_io.c, file_system.c, text_output.c ...) use this header alone.
 */
#ifndef GALVANIC_FIRMWARE_UEFI_UEFI_H
#define GALVANIC_FIRMWARE_UEFI_UEFI_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/host/block.h"
#include "emu/machine.h"
#include "firmware/uefi/config.h"
#include "firmware/uefi/guid.h"
#include "firmware/uefi/status.h"

struct uefi;
struct uefi_call;

/* --- what everything may ask --- */
const struct uefi_config *uefi_config(const struct uefi *uefi);
struct machine *uefi_machine(const struct uefi *uefi);
struct memory *uefi_memory(const struct uefi *uefi);
/* Virtual time in ns. */
int64_t uefi_now(const struct uefi *uefi);
/* The guest broke a rule of the specification: machine_guest_error() with the current service's name. */
#define uefi_guest_error(uefi, ...) machine_guest_error(uefi_machine(uefi), "uefi", __VA_ARGS__)

/* --- functions that the guest calls --- */
/*
 * A handler's result goes into the return register as it is (EFI_STATUS for most).  Two results are special:
 * UEFI_PENDING: the call goes on in a continuation; UEFI_AGAIN: see uefi_delay() and uefi_rest().
 */
typedef uint64_t uefi_handler(struct uefi *uefi, struct uefi_call *call);

/* No status, no address, no small number: nothing that a function can return is mistaken for them. */
#define UEFI_PENDING 0x4741000000000001u
#define UEFI_AGAIN 0x4741000000000002u

/*
 * Guest address of the stub for @handler.  The same handler always gives the same address, so that an interface's
 * constructor just asks.  The order of first requests is part of the machine: it must depend on the configuration
 * alone.  @name ("SimpleFile.Read") is for traces and must be static.
 */
uint64_t uefi_function(struct uefi *uefi, const char *name, uefi_handler *handler);
/* The @index-th argument (0..15) of the call as 64 bits; narrower ones: cast it, the upper bits are undefined. */
uint64_t uefi_argument(const struct uefi_call *call, unsigned index);
/* The same for UINT32, UINT8/BOOLEAN, INT32 ... */
#define uefi_argument32(call, index) ((uint32_t)uefi_argument(call, index))
#define uefi_argument8(call, index) ((uint8_t)uefi_argument(call, index))
/* The object behind This, the first argument; NULL when it is no live interface of @object_class. */
struct uefi_object_class;
void *uefi_this(const struct uefi_call *call, const struct uefi_object_class *object_class);

/*
 * Time passing inside a call.  The handler is entered again from its start, with the same arguments; it keeps what it
 * must remember elsewhere.  Virtual time is skipped, nothing is executed.
 *
 *     if (!uefi_delay(call, 5 * 1000 * 1000))
 *         return UEFI_AGAIN;
 */
/* True when @ns have passed since this call first asked. */
bool uefi_delay(struct uefi_call *call, int64_t ns);
/* Rests until virtual time @deadline (CLOCK_NEVER: none), a device timer, input or an event; to be returned. */
uint64_t uefi_rest(struct uefi *uefi, int64_t deadline);
/*
 * The guest asked for something that is not there yet (a key, a packet) and will be told so: a loop of such calls
 * passes virtual time quickly.  To be called before returning EFI_NOT_READY.
 */
void uefi_polled(struct uefi *uefi);
/* Something was there: the loop is over. */
void uefi_poll_succeeded(struct uefi *uefi);

/* --- guest memory --- */
/*
 * Guest addresses that came from the guest: identity-mapped while boot services live, through the CPU's page tables in
 * runtime services.  False: page 0, unmapped, not RAM, or wrapping around; nothing is then written.  Lengths are the
 * caller's to limit.
 */
bool uefi_read(struct uefi *uefi, uint64_t address, void *buffer, uint64_t length);
bool uefi_write(struct uefi *uefi, uint64_t address, const void *buffer, uint64_t length);
bool uefi_fill(struct uefi *uefi, uint64_t address, uint8_t value, uint64_t length);
bool uefi_read8(struct uefi *uefi, uint64_t address, uint8_t *value);
bool uefi_read16(struct uefi *uefi, uint64_t address, uint16_t *value);
bool uefi_read32(struct uefi *uefi, uint64_t address, uint32_t *value);
bool uefi_read64(struct uefi *uefi, uint64_t address, uint64_t *value);
bool uefi_write8(struct uefi *uefi, uint64_t address, uint8_t value);
bool uefi_write16(struct uefi *uefi, uint64_t address, uint16_t value);
bool uefi_write32(struct uefi *uefi, uint64_t address, uint32_t value);
bool uefi_write64(struct uefi *uefi, uint64_t address, uint64_t value);
bool uefi_read_guid(struct uefi *uefi, uint64_t address, struct efi_guid *guid);
bool uefi_write_guid(struct uefi *uefi, uint64_t address, const struct efi_guid *guid);
/* Is the whole range accessible? */
bool uefi_accessible(struct uefi *uefi, uint64_t address, uint64_t length);
/*
 * Host pointer to a range in one piece, for bulk transfers while boot services live; NULL as uefi_read().  Valid
 * during the current call.  After writing through it: uefi_written().
 */
void *uefi_pointer(struct uefi *uefi, uint64_t address, uint64_t length);
void uefi_written(struct uefi *uefi, uint64_t address, uint64_t length);

/* CHAR16 strings.  @limit is the greatest number of characters without the NUL (65536 at most). */
/* As UTF-16, NUL-terminated, to be freed; *@count characters without the NUL.  NULL: bad address or no NUL. */
uint16_t *uefi_read_char16(struct uefi *uefi, uint64_t address, size_t limit, size_t *count);
/* As UTF-8 (unpaired surrogates become U+FFFD), to be freed. */
char *uefi_read_text(struct uefi *uefi, uint64_t address, size_t limit);
/* UTF-8 to CHAR16 with NUL, to be freed; *@size in bytes with the NUL. */
uint16_t *uefi_text_to_char16(const char *text, size_t *size);
char *uefi_char16_to_text(const uint16_t *text, size_t count);

/*
 * The usual "buffer and size" answer: *@size_address is the caller's buffer size; too small: the needed size goes
 * there and EFI_BUFFER_TOO_SMALL is returned; else data and size are written.
 */
efi_status uefi_answer(struct uefi *uefi, uint64_t size_address, uint64_t buffer, const void *data, uint64_t length);

/* --- memory for the guest --- */
enum efi_memory_type {
    EFI_RESERVED_MEMORY_TYPE,
    EFI_LOADER_CODE,
    EFI_LOADER_DATA,
    EFI_BOOT_SERVICES_CODE,
    EFI_BOOT_SERVICES_DATA,
    EFI_RUNTIME_SERVICES_CODE,
    EFI_RUNTIME_SERVICES_DATA,
    EFI_CONVENTIONAL_MEMORY,
    EFI_UNUSABLE_MEMORY,
    EFI_ACPI_RECLAIM_MEMORY,
    EFI_ACPI_MEMORY_NVS,
    EFI_MEMORY_MAPPED_IO,
    EFI_MEMORY_MAPPED_IO_PORT_SPACE,
    EFI_PAL_CODE,
    EFI_PERSISTENT_MEMORY,
    EFI_UNACCEPTED_MEMORY_TYPE,
    EFI_MAX_MEMORY_TYPE,
};
/* Zeroed, 16-byte aligned; 0: out of memory. */
uint64_t uefi_pool_new(struct uefi *uefi, enum efi_memory_type type, uint64_t size);
/* Zeroed pool with a copy of @data. */
uint64_t uefi_pool_copy(struct uefi *uefi, enum efi_memory_type type, const void *data, uint64_t size);
/* False: no live pool allocation. */
bool uefi_pool_free(struct uefi *uefi, uint64_t address);
/* @count pages below @limit (0: anywhere), not zeroed; 0: out of memory. */
uint64_t uefi_pages_new(struct uefi *uefi, enum efi_memory_type type, uint64_t count, uint64_t limit);
bool uefi_pages_free(struct uefi *uefi, uint64_t address, uint64_t count);

/* --- handles, interfaces and the host's objects behind them --- */
/*
 * A kind of host object that stands behind interfaces.  Its objects are saved and restored in the order of their
 * creation; references to other objects are saved as interface addresses.
 */
struct uefi_object_class {
    const char *name;
    /* NULL: nothing to save beyond what the object was made from; then @load gets an empty stream. */
    void (*save)(struct uefi *uefi, void *object, struct state_writer *out);
    /* Makes the object for @interface anew; guest memory is restored later, it is not to be read.  NULL: bad stream. */
    void *(*load)(struct uefi *uefi, uint64_t interface, struct state_reader *in);
    void (*free)(void *object);
    /* For events made with uefi_wait_event(): is there something (a key)?  May be NULL. */
    bool (*ready)(struct uefi *uefi, void *object);
};

/*
 * Before anything else of a protocol: makes the class known, in an order that depends on the configuration alone.  Also
 * continuations.
 */
void uefi_register_class(struct uefi *uefi, const struct uefi_object_class *object_class);

/*
 * An interface structure of @size bytes, zeroed, in EfiBootServicesData, with @object behind it (owned from now on:
 * freed by the class).  Fill it with uefi_write64() and uefi_function().  0: out of memory (the object is freed).
 */
uint64_t uefi_interface_new(struct uefi *uefi, uint64_t size, const struct uefi_object_class *object_class,
                            void *object);
/* Frees the object and the guest memory. */
void uefi_interface_free(struct uefi *uefi, uint64_t interface);
/* The object behind an interface address; NULL when there is none of this class. */
void *uefi_object(struct uefi *uefi, uint64_t interface, const struct uefi_object_class *object_class);

/* A new handle; protocols are added to it.  Handles are guest addresses. */
uint64_t uefi_handle_new(struct uefi *uefi);
bool uefi_handle_valid(struct uefi *uefi, uint64_t handle);
/* @interface may be 0 (a protocol that is only a mark).  EFI_INVALID_PARAMETER: it is there already. */
efi_status uefi_install(struct uefi *uefi, uint64_t handle, const struct efi_guid *protocol, uint64_t interface);
efi_status uefi_uninstall(struct uefi *uefi, uint64_t handle, const struct efi_guid *protocol, uint64_t interface);
/* The interface of a protocol on a handle; false: not there. */
bool uefi_protocol(struct uefi *uefi, uint64_t handle, const struct efi_guid *protocol, uint64_t *interface);
/* Handles that have @protocol (NULL: all), as uint64_t in the order of their creation; to be g_array_unref()'d. */
GArray *uefi_handles(struct uefi *uefi, const struct efi_guid *protocol);
/* Opens for a child controller or a driver, as OpenProtocol() would note it (EFI_OPEN_PROTOCOL_...). */
void uefi_note_open(struct uefi *uefi, uint64_t handle, const struct efi_guid *protocol, uint64_t agent,
                    uint64_t controller, uint32_t attributes);
/* A handle with a device path (bytes are copied to guest memory) and nothing else yet. */
uint64_t uefi_device_handle(struct uefi *uefi, const uint8_t *device_path, size_t length);

/* --- events --- */
#define TPL_APPLICATION 4
#define TPL_CALLBACK 8
#define TPL_NOTIFY 16
#define TPL_HIGH_LEVEL 31
uint64_t uefi_tpl(const struct uefi *uefi);
/* An event for WaitForEvent() and CheckEvent() (WaitForKey): signalled whenever the object of @interface is ready. */
uint64_t uefi_wait_event(struct uefi *uefi, uint64_t interface);
/* Signals an event of the guest (tokens of BlockIo2, ...).  False: no such event. */
bool uefi_signal(struct uefi *uefi, uint64_t event);
/* Queues a call of a guest function with up to four arguments at @tpl (RegisterKeyNotify). */
void uefi_notify(struct uefi *uefi, uint64_t tpl, uint64_t function, const uint64_t *arguments, unsigned count);

/* --- calling the guest --- */
/* Goes on after a guest function returned @result; @data is what uefi_call_guest() was given, and may be changed. */
#define UEFI_CONTINUATION_DATA 12
typedef uint64_t uefi_continuation(struct uefi *uefi, uint64_t *data, uint64_t result);
/* Before its first use, in an order that depends on the configuration alone. */
void uefi_register_continuation(struct uefi *uefi, uefi_continuation *continuation);
/*
 * To be returned by a handler or continuation (it is UEFI_PENDING): the guest function runs with up to six arguments,
 * then
 * @continuation; what that returns is the result of the handler's service.  @data (UEFI_CONTINUATION_DATA values) is
 * copied.
 */
uint64_t uefi_call_guest(struct uefi *uefi, uint64_t function, const uint64_t *arguments, unsigned count,
                         uefi_continuation *continuation, const uint64_t *data);

/* --- the system table --- */
/* The console's handles and interfaces, at set-up. */
struct uefi_console_handles {
    uint64_t input_handle, input, output_handle, output, error_handle, error;
};
void uefi_set_console(struct uefi *uefi, const struct uefi_console_handles *console);
/* Adds, replaces (or removes, with @table 0) an entry of the configuration table. */
efi_status uefi_set_configuration_table(struct uefi *uefi, const struct efi_guid *guid, uint64_t table);
uint64_t uefi_system_table(const struct uefi *uefi);
/* Boot services have ended: no console output, no allocation any more. */
bool uefi_boot_services_ended(const struct uefi *uefi);

/* --- variables, for the firmware's own use --- */
/* The value's bytes, to be g_bytes_unref()'d; NULL: not there. */
GBytes *uefi_variable(struct uefi *uefi, const struct efi_guid *vendor, const char *name);
bool uefi_set_variable(struct uefi *uefi, const struct efi_guid *vendor, const char *name, uint32_t attributes,
                       const void *data, size_t length);

/*
 * --- what the protocols' side gives the core (protocols.h) ---
 *
 * protocols_init() makes all handles and protocols of the firmware; it is called at reset when memory, tables and the
 * handle database are ready.  protocols_register() registers classes and continuations; it is called once at
 * uefi_new(). protocols_end() is called by a successful ExitBootServices(): the console lets go of the devices.
 */
void protocols_register(struct uefi *uefi);
void protocols_init(struct uefi *uefi);
void protocols_end(struct uefi *uefi);
/*
 * Reads a whole file from the SimpleFileSystem of ours on @handle; @path is UTF-8 with back slashes.  NULL with
 * *@status: EFI_NOT_FOUND, EFI_UNSUPPORTED (no file system of ours there: the core asks the guest's),
 * EFI_DEVICE_ERROR.
 */
GBytes *file_system_read(struct uefi *uefi, uint64_t handle, const char *path, efi_status *status);
/* Firmware's own words on the console (UTF-8, "\n" becomes CR LF). */
void console_print(struct uefi *uefi, const char *text);

/* Device paths as bytes (device_path.h); @length and results include the end node. */
/* Checked copy of the guest's path up to 16 KiB, to be freed; NULL: malformed or unreadable. */
uint8_t *device_path_read(struct uefi *uefi, uint64_t address, size_t *length);
/* Length of a well-formed path in @path with at most @available bytes; 0: malformed. */
size_t device_path_length(const uint8_t *path, size_t available);
/* Text as the conversion of UEFI 10.6 gives it, to be freed. */
char *device_path_text(const uint8_t *path, size_t length);
/* A copy of @path (NULL: empty) with a file node for @file (UTF-8, back slashes) before its end; to be freed. */
uint8_t *device_path_append_file(const uint8_t *path, size_t length, const char *file, size_t *new_length);
/*
 * File path of the media file nodes (type 4, subtype 4) that begin at @node, joined with one back slash; to be freed.
 */
char *device_path_file(const uint8_t *node, size_t available);

#endif
