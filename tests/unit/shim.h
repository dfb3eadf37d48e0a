/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The UEFI shim on a machine without a CPU: the test is the guest.  It finds protocols in guest memory and calls
 * functions by the addresses that stand in interfaces, with arguments of its own.
 */
#ifndef GALVANIC_TESTS_UNIT_SHIM_H
#define GALVANIC_TESTS_UNIT_SHIM_H

#include <glib.h>
#include <string.h>

#include "devices/input/i8042.h"
#include "devices/serial/uart16550.h"
#include "firmware/uefi/uefi_internal.h"
#include "tests/device/fixture.h"

#define SHIM_RAM (64u << 20)
#define SHIM_FRAMEBUFFER 0x80000000u
#define SHIM_FRAMEBUFFER_SIZE (16u << 20)
#define SHIM_BUFFER 0x1000000u /* scratch memory of the guest */
#define SHIM_BUFFER_SIZE (8u << 20)

struct shim {
    struct machine *machine;
    struct uefi *uefi;
    struct uefi_arch arch;
    GString *serial; /* what the guest sent */
    uint32_t width, height;
    uint64_t scratch; /* next free byte of the scratch memory */
};

/* One call at a time. */
static uint64_t shim_arguments[UEFI_ARGUMENTS];

static inline uint64_t shim_argument(struct uefi *uefi, struct cpu *cpu, unsigned index)
{
    return shim_arguments[index];
}

static inline uint64_t shim_framebuffer(void *opaque)
{
    return SHIM_FRAMEBUFFER;
}

static inline bool shim_set_mode(void *opaque, uint32_t width, uint32_t height, uint32_t *stride)
{
    struct shim *shim = opaque;

    shim->width = width;
    shim->height = height;
    *stride = width * 4;
    return true;
}

/* The machine: memory, a serial port, keyboard and mouse. */
static inline void shim_machine(struct shim *shim)
{
    GError *error = NULL;

    memset(shim, 0, sizeof(*shim));
    shim->machine = test_machine();
    shim->serial = g_string_new(NULL);
    shim->scratch = SHIM_BUFFER;
    machine_set_note_handler(shim->machine, test_ignore_note, NULL);
    memory_add_ram(machine_memory(shim->machine), "ram", 0, SHIM_RAM, false, &error);
    memory_add_ram(machine_memory(shim->machine), "vram", SHIM_FRAMEBUFFER, SHIM_FRAMEBUFFER_SIZE, false, &error);
    g_assert_no_error(error);
    uart16550_new(shim->machine,
                  &(struct uart16550_config){
                      .id = "com1", .port = 0x3F8, .output = test_sink(shim->serial), .source = "serial0"});
    i8042_new(shim->machine, &(struct i8042_config){.opaque = NULL});
}

/* The shim on it, at power-on; what every test has alike is filled into @config. */
static inline void shim_power_on(struct shim *shim, struct uefi_config *config)
{
    GError *error = NULL;

    config->machine = shim->machine;
    config->serial = (struct uefi_serial){UEFI_UART_16550, MEMORY_SPACE_PORT, 0x3F8};
    config->i8042 = true;
    config->autokey = true;
    shim->uefi = uefi_new(config, &error);
    g_assert_no_error(error);
    shim->arch = *shim->uefi->arch;
    shim->arch.argument = shim_argument;
    shim->uefi->arch = &shim->arch;
    machine_reset(shim->machine);
    uefi_reset(shim->uefi);
    machine_advance(shim->machine, 10 * 1000 * 1000); /* the UART was set up: it takes a moment before it gives input */
}

/* @disks may be NULL. */
static inline void shim_start(struct shim *shim, const struct uefi_disk *disks, unsigned disk_count, bool screen)
{
    struct uefi_display display = {.pci_devfn = 0x08,
                                   .framebuffer = shim_framebuffer,
                                   .framebuffer_size = SHIM_FRAMEBUFFER_SIZE,
                                   .set_mode = shim_set_mode,
                                   .opaque = shim};
    struct uefi_config config = {.disks = disks, .disk_count = disk_count, .display = screen ? &display : NULL};

    shim_machine(shim);
    shim_power_on(shim, &config);
}

static inline void shim_stop(struct shim *shim)
{
    machine_free(shim->machine);
    g_string_free(shim->serial, TRUE);
}

static inline uint64_t shim_get64(struct shim *shim, uint64_t address)
{
    return memory_read64(machine_memory(shim->machine), address);
}

static inline uint32_t shim_get32(struct shim *shim, uint64_t address)
{
    return memory_read32(machine_memory(shim->machine), address);
}

static inline uint16_t shim_get16(struct shim *shim, uint64_t address)
{
    return memory_read16(machine_memory(shim->machine), address);
}

static inline uint8_t shim_get8(struct shim *shim, uint64_t address)
{
    return memory_read8(machine_memory(shim->machine), address);
}

/* Scratch memory, 16-aligned, with a copy of @data if that is not NULL. */
static inline uint64_t shim_new(struct shim *shim, const void *data, size_t size)
{
    uint64_t address = shim->scratch;

    shim->scratch += (size + 31) & ~15ull;
    g_assert_cmpuint(shim->scratch, <=, SHIM_BUFFER + SHIM_BUFFER_SIZE);
    memory_set(machine_memory(shim->machine), address, 0, size);
    if (data)
        memory_write(machine_memory(shim->machine), address, data, size);
    return address;
}

static inline uint64_t shim_new64(struct shim *shim, uint64_t value)
{
    return shim_new(shim, &value, sizeof(value));
}

/* A CHAR16 string. */
static inline uint64_t shim_text(struct shim *shim, const char *text)
{
    size_t size;
    uint16_t *wide = uefi_text_to_char16(text, &size);
    uint64_t address = shim_new(shim, wide, size);

    g_free(wide);
    return address;
}

static inline uint64_t shim_guid(struct shim *shim, const struct efi_guid *guid)
{
    return shim_new(shim, guid, sizeof(*guid));
}

/* Calls what the function pointer at @slot points to; UEFI_AGAIN comes back as it is. */
static inline uint64_t shim_call_(struct shim *shim, uint64_t slot, const uint64_t *arguments, size_t count)
{
    struct uefi *uefi = shim->uefi;
    uint64_t stub = shim_get64(shim, slot), result;
    struct uefi_call call = {.uefi = uefi, .stub = stub};
    struct uefi_call *outer = uefi->call;

    g_assert_cmpuint(count, <=, UEFI_ARGUMENTS);
    g_assert_cmpuint(stub, >=, uefi->boot_stubs);
    g_assert_cmpuint((stub - uefi->boot_stubs) % UEFI_STUB_SIZE, ==, 0);
    call.function = (unsigned)((stub - uefi->boot_stubs) / UEFI_STUB_SIZE) + uefi->runtime_functions;
    g_assert_cmpuint(call.function, <, uefi->functions->len);
    memset(shim_arguments, 0xA5, sizeof(shim_arguments)); /* what was not given is noise */
    memcpy(shim_arguments, arguments, count * sizeof(*arguments));
    uefi->call = &call;
    result = g_array_index(uefi->functions, struct uefi_function, call.function).handler(uefi, &call);
    uefi->call = outer;
    return result;
}

#define shim_call(shim, slot, ...)                                                                                     \
    shim_call_(shim, slot, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / 8)

/* The interface of @guid on the handle with number @index among those that have it; *@handle too if wanted. */
static inline uint64_t shim_find(struct shim *shim, const struct efi_guid *guid, unsigned index, uint64_t *handle)
{
    GArray *handles = uefi_handles(shim->uefi, guid);
    uint64_t interface = 0;

    if (index < handles->len) {
        uint64_t found = g_array_index(handles, uint64_t, index);

        g_assert_true(uefi_protocol(shim->uefi, found, guid, &interface));
        if (handle)
            *handle = found;
    }
    g_array_unref(handles);
    return interface;
}

static inline unsigned shim_count(struct shim *shim, const struct efi_guid *guid)
{
    GArray *handles = uefi_handles(shim->uefi, guid);
    unsigned count = handles->len;

    g_array_unref(handles);
    return count;
}

/* Text of the device path on @handle, to be freed. */
static inline char *shim_path(struct shim *shim, uint64_t handle)
{
    uint64_t path = 0;
    size_t length;
    uint8_t *bytes;
    char *text;

    g_assert_true(uefi_protocol(shim->uefi, handle, &guid_device_path, &path));
    bytes = device_path_read(shim->uefi, path, &length);
    g_assert_nonnull(bytes);
    text = device_path_text(bytes, length);
    g_free(bytes);
    return text;
}

static inline void assert_status_(efi_status got, efi_status expected, const char *where)
{
    char a[32], b[32];

    if (got != expected)
        g_error("%s: %s instead of %s", where, efi_status_name(got, a), efi_status_name(expected, b));
}
#define assert_status(got, expected) assert_status_(got, expected, G_STRLOC)

#endif
