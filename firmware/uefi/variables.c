/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UEFI variables (UEFI 2.10, section 8.2).
 *
 * The store's file: "GALVVARS", version, count, then each variable as vendor, attributes, name length in characters,
 * data length, name, data; at the end the CRC-32 of all before it.  Little endian.
 */
#include "firmware/uefi/variables.h"

#include <string.h>
#include <zlib.h>

static const char magic[8] = {'G', 'A', 'L', 'V', 'V', 'A', 'R', 'S'};
#define STORE_VERSION 1
#define STORE_FILE_LIMIT (4u * 1024 * 1024)
#define COUNT_LIMIT 4096u
#define OVERHEAD 32u /* accounted for each variable */
#define KNOWN_ATTRIBUTES 0xFFu
#define AUTHENTICATED                                                                                                  \
    (EFI_VARIABLE_AUTHENTICATED_WRITE_ACCESS | EFI_VARIABLE_TIME_BASED_AUTHENTICATED_WRITE_ACCESS |                    \
     EFI_VARIABLE_ENHANCED_AUTHENTICATED_ACCESS)

struct variables {
    GPtrArray *list; /* struct variable, in the order of their making */
    char *path;
    bool read_only;
};

static void variable_free(void *pointer)
{
    struct variable *variable = pointer;

    g_free(variable->name);
    g_byte_array_unref(variable->data);
    g_free(variable);
}

static size_t name_length(const uint16_t *name)
{
    size_t length = 0;

    while (name[length])
        length++;
    return length;
}

static struct variable *variable_new(const struct efi_guid *vendor, const uint16_t *name, size_t length,
                                     uint32_t attributes)
{
    struct variable *variable = g_new0(struct variable, 1);

    variable->vendor = *vendor;
    variable->name = g_new0(uint16_t, length + 1);
    memcpy(variable->name, name, length * 2);
    variable->name_length = length;
    variable->attributes = attributes;
    variable->data = g_byte_array_new();
    return variable;
}

static void put(struct state_writer *out, const struct variable *variable)
{
    state_put_bytes(out, variable->vendor.bytes, sizeof(variable->vendor.bytes));
    state_put_u32(out, variable->attributes);
    state_put_u32(out, (uint32_t)variable->name_length);
    state_put_u32(out, variable->data->len);
    for (size_t i = 0; i < variable->name_length; i++)
        state_put_u16(out, variable->name[i]);
    state_put_bytes(out, variable->data->data, variable->data->len);
}

/* NULL: the stream is damaged. */
static struct variable *get(struct state_reader *in)
{
    struct efi_guid vendor;
    uint16_t name[VARIABLE_NAME_LIMIT + 1];

    state_get_bytes(in, vendor.bytes, sizeof(vendor.bytes));
    uint32_t attributes = state_get_u32(in);
    uint32_t length = state_get_u32(in), size = state_get_u32(in);
    if (state_reader_failed(in) || !length || length > VARIABLE_NAME_LIMIT || size > state_reader_left(in))
        return NULL;
    for (uint32_t i = 0; i < length; i++)
        name[i] = state_get_u16(in);
    struct variable *variable = variable_new(&vendor, name, length, attributes);
    g_byte_array_set_size(variable->data, size);
    if (!state_get_bytes(in, variable->data->data, size)) {
        variable_free(variable);
        return NULL;
    }
    return variable;
}

static bool persistent(const struct variable *variable)
{
    return variable->attributes & EFI_VARIABLE_NON_VOLATILE && !variable->own;
}

static bool store(const struct variables *variables)
{
    GByteArray *bytes;
    uint32_t count = 0;

    if (!variables->path || variables->read_only)
        return true;
    for (guint i = 0; i < variables->list->len; i++)
        count += persistent(variables->list->pdata[i]);
    bytes = g_byte_array_new();
    struct state_writer *out = state_writer_new(bytes);
    state_put_bytes(out, magic, sizeof(magic));
    state_put_u32(out, STORE_VERSION);
    state_put_u32(out, count);
    for (guint i = 0; i < variables->list->len; i++)
        if (persistent(variables->list->pdata[i]))
            put(out, variables->list->pdata[i]);
    state_put_u32(out, (uint32_t)crc32(0, bytes->data, bytes->len));
    bool ok = g_file_set_contents(variables->path, (const char *)bytes->data, bytes->len, NULL);
    state_writer_free(out);
    g_byte_array_unref(bytes);
    return ok;
}

static bool parse(struct variables *variables, const uint8_t *data, size_t size)
{
    char head[sizeof(magic)];

    if (size < sizeof(magic) + 12 || size > STORE_FILE_LIMIT)
        return false;
    uint32_t sum = (uint32_t)crc32(0, data, (uInt)(size - 4));
    struct state_reader *in = state_reader_new(data, size);
    state_get_bytes(in, head, sizeof(head));
    bool ok = memcmp(head, magic, sizeof(magic)) == 0 && state_get_u32(in) == STORE_VERSION;
    uint32_t count = state_get_u32(in);
    ok = ok && count <= COUNT_LIMIT;
    for (uint32_t i = 0; ok && i < count; i++) {
        struct variable *variable = get(in);
        if (variable && variables_find(variables, &variable->vendor, variable->name, false)) {
            variable_free(variable);
            variable = NULL;
        }
        ok = variable != NULL;
        if (ok)
            g_ptr_array_add(variables->list, variable);
    }
    ok = ok && state_reader_left(in) == 4 && state_get_u32(in) == sum;
    state_reader_free(in);
    return ok;
}

struct variables *variables_new(const char *path, bool read_only, GError **error)
{
    struct variables *variables = g_new0(struct variables, 1);
    char *data = NULL;
    gsize size = 0;

    variables->list = g_ptr_array_new_with_free_func(variable_free);
    variables->path = g_strdup(path);
    variables->read_only = read_only;
    if (!path || !g_file_test(path, G_FILE_TEST_EXISTS))
        return variables;
    bool ok = g_file_get_contents(path, &data, &size, error);
    if (ok && !parse(variables, (const uint8_t *)data, size)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: not a store of EFI variables, or damaged; remove it to begin with an empty one", path);
        ok = false;
    }
    g_free(data);
    if (ok)
        return variables;
    variables_free(variables);
    return NULL;
}

void variables_free(struct variables *variables)
{
    if (!variables)
        return;
    g_ptr_array_unref(variables->list);
    g_free(variables->path);
    g_free(variables);
}

void variables_reset(struct variables *variables)
{
    for (guint i = variables->list->len; i > 0; i--)
        if (!persistent(variables->list->pdata[i - 1]))
            g_ptr_array_remove_index(variables->list, i - 1);
}

static int find(const struct variables *variables, const struct efi_guid *vendor, const uint16_t *name)
{
    size_t length = name_length(name);

    for (guint i = 0; i < variables->list->len; i++) {
        const struct variable *variable = variables->list->pdata[i];
        if (variable->name_length == length && memcmp(variable->name, name, length * 2) == 0 &&
            efi_guid_equal(&variable->vendor, vendor))
            return (int)i;
    }
    return -1;
}

static bool visible(const struct variable *variable, bool at_runtime)
{
    return !at_runtime || variable->attributes & EFI_VARIABLE_RUNTIME_ACCESS;
}

const struct variable *variables_find(const struct variables *variables, const struct efi_guid *vendor,
                                      const uint16_t *name, bool at_runtime)
{
    int index = find(variables, vendor, name);

    if (index < 0 || !visible(variables->list->pdata[index], at_runtime))
        return NULL;
    return variables->list->pdata[index];
}

static uint64_t used(const struct variables *variables, bool non_volatile)
{
    uint64_t sum = 0;

    for (guint i = 0; i < variables->list->len; i++) {
        const struct variable *variable = variables->list->pdata[i];
        if (((variable->attributes & EFI_VARIABLE_NON_VOLATILE) != 0) == non_volatile)
            sum += variable->name_length * 2 + 2 + variable->data->len + OVERHEAD;
    }
    return sum;
}

/* The rules for attributes, without regard to what is there. */
static efi_status check_attributes(uint32_t attributes, bool at_runtime)
{
    if (attributes & ~KNOWN_ATTRIBUTES)
        return EFI_INVALID_PARAMETER;
    if (attributes & EFI_VARIABLE_RUNTIME_ACCESS && !(attributes & EFI_VARIABLE_BOOTSERVICE_ACCESS))
        return EFI_INVALID_PARAMETER;
    if (attributes & (AUTHENTICATED | EFI_VARIABLE_HARDWARE_ERROR_RECORD))
        return EFI_UNSUPPORTED;
    if (at_runtime && attributes && !(attributes & EFI_VARIABLE_RUNTIME_ACCESS))
        return EFI_INVALID_PARAMETER;
    if (at_runtime && attributes && !(attributes & EFI_VARIABLE_NON_VOLATILE))
        return EFI_INVALID_PARAMETER;
    return EFI_SUCCESS;
}

static efi_status finish(const struct variables *variables, bool write)
{
    return write && !store(variables) ? EFI_DEVICE_ERROR : EFI_SUCCESS;
}

static efi_status remove_variable(struct variables *variables, int index)
{
    bool write = persistent(variables->list->pdata[index]);

    g_ptr_array_remove_index(variables->list, (guint)index);
    return finish(variables, write);
}

efi_status variables_set(struct variables *variables, const struct efi_guid *vendor, const uint16_t *name,
                         uint32_t attributes, const void *data, size_t length, bool at_runtime)
{
    bool append = attributes & EFI_VARIABLE_APPEND_WRITE;
    uint32_t kept = attributes & ~EFI_VARIABLE_APPEND_WRITE;
    size_t characters = name_length(name);
    int index = find(variables, vendor, name);
    struct variable *variable = index < 0 ? NULL : variables->list->pdata[index];
    efi_status status = check_attributes(attributes, at_runtime);

    if (EFI_IS_ERROR(status))
        return status;
    if (!characters)
        return EFI_INVALID_PARAMETER;
    if (characters > VARIABLE_NAME_LIMIT || length > VARIABLE_SIZE_LIMIT - 2 * characters)
        return EFI_OUT_OF_RESOURCES;
    if (variable && variable->read_only)
        return EFI_WRITE_PROTECTED;
    if (variable && !visible(variable, at_runtime))
        return EFI_NOT_FOUND;
    if (append && !length)
        return EFI_SUCCESS;
    if (!length || !(kept & (EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS)))
        return variable ? remove_variable(variables, index) : EFI_NOT_FOUND;
    if (variable && variable->attributes != kept)
        return EFI_INVALID_PARAMETER;
    size_t old = variable ? variable->data->len : 0;
    size_t added = append ? length : length > old ? length - old : 0;
    if (append && old + length > VARIABLE_SIZE_LIMIT - 2 * characters)
        return EFI_OUT_OF_RESOURCES;
    if (!variable)
        added += characters * 2 + 2 + OVERHEAD;
    if (used(variables, kept & EFI_VARIABLE_NON_VOLATILE) + added > VARIABLE_STORE_SIZE ||
        (!variable && variables->list->len >= COUNT_LIMIT))
        return EFI_OUT_OF_RESOURCES;
    if (!variable) {
        variable = variable_new(vendor, name, characters, kept);
        g_ptr_array_add(variables->list, variable);
    }
    variable->own = false;
    if (!append)
        g_byte_array_set_size(variable->data, 0);
    g_byte_array_append(variable->data, data, (guint)length);
    return finish(variables, persistent(variable));
}

void variables_set_own(struct variables *variables, const struct efi_guid *vendor, const char *name,
                       uint32_t attributes, bool read_only, const void *data, size_t length)
{
    uint16_t wide[VARIABLE_NAME_LIMIT + 1];
    size_t characters = 0;

    for (; name[characters] && characters < VARIABLE_NAME_LIMIT; characters++)
        wide[characters] = (uint8_t)name[characters];
    wide[characters] = 0;
    int index = find(variables, vendor, wide);
    if (index >= 0)
        g_ptr_array_remove_index(variables->list, (guint)index);
    struct variable *variable = variable_new(vendor, wide, characters, attributes);
    variable->read_only = read_only;
    variable->own = true;
    g_byte_array_append(variable->data, data, (guint)length);
    g_ptr_array_add(variables->list, variable);
}

const struct variable *variables_next(const struct variables *variables, const struct efi_guid *vendor,
                                      const uint16_t *name, bool at_runtime, efi_status *status)
{
    guint index = 0;

    if (name[0]) {
        int found = find(variables, vendor, name);
        if (found < 0 || !visible(variables->list->pdata[found], at_runtime)) {
            *status = EFI_INVALID_PARAMETER;
            return NULL;
        }
        index = (guint)found + 1;
    }
    for (; index < variables->list->len; index++)
        if (visible(variables->list->pdata[index], at_runtime))
            return variables->list->pdata[index];
    *status = EFI_NOT_FOUND;
    return NULL;
}

efi_status variables_info(const struct variables *variables, uint32_t attributes, bool at_runtime, uint64_t *maximum,
                          uint64_t *remaining, uint64_t *maximum_one)
{
    uint32_t kept = attributes & ~EFI_VARIABLE_APPEND_WRITE;
    efi_status status = check_attributes(kept, false);

    if (!kept || EFI_IS_ERROR(status))
        return kept ? status : EFI_INVALID_PARAMETER;
    if (!(kept & (EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS)))
        return EFI_INVALID_PARAMETER;
    if (at_runtime && !(kept & EFI_VARIABLE_RUNTIME_ACCESS))
        return EFI_INVALID_PARAMETER;
    uint64_t taken = used(variables, kept & EFI_VARIABLE_NON_VOLATILE);
    *maximum = VARIABLE_STORE_SIZE;
    *remaining = taken < VARIABLE_STORE_SIZE ? VARIABLE_STORE_SIZE - taken : 0;
    *maximum_one = VARIABLE_SIZE_LIMIT;
    return EFI_SUCCESS;
}

void variables_save(const struct variables *variables, struct state_writer *out)
{
    state_put_u32(out, variables->list->len);
    for (guint i = 0; i < variables->list->len; i++) {
        const struct variable *variable = variables->list->pdata[i];
        state_put_u8(out, variable->read_only);
        state_put_u8(out, variable->own);
        put(out, variable);
    }
}

bool variables_load(struct variables *variables, struct state_reader *in)
{
    uint32_t count = state_get_u32(in);

    g_ptr_array_set_size(variables->list, 0);
    for (uint32_t i = 0; i < count; i++) {
        bool read_only = state_get_u8(in) != 0;
        bool own = state_get_u8(in) != 0;
        struct variable *variable = get(in);
        if (!variable)
            return false;
        variable->read_only = read_only;
        variable->own = own;
        g_ptr_array_add(variables->list, variable);
    }
    return !state_reader_failed(in);
}
