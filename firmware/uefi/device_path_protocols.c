/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DevicePathUtilities, DevicePathToText and DevicePathFromText.  UEFI 2.10 sections 10.5 and 10.6. */
#include <string.h>

#include "firmware/uefi/device_path.h"
#include "firmware/uefi/protocols.h"
#include "firmware/uefi/uefi.h"

#define NODE_HEADER 4
#define TEXT_MAX 16384

static const struct uefi_object_class utilities_class = {.name = "device-path-utilities", .load = stateless_load};

/* Hands @bytes (freed) to the guest as a pool allocation; 0 if there is none. */
static uint64_t give(struct uefi *uefi, GByteArray *bytes)
{
    uint64_t address = bytes ? uefi_pool_copy(uefi, EFI_BOOT_SERVICES_DATA, bytes->data, bytes->len) : 0;

    if (bytes)
        g_byte_array_free(bytes, TRUE);
    return address;
}

/* The path at @address without its end node; NULL address gives an empty one, a bad one NULL. */
static GByteArray *read_body(struct uefi *uefi, uint64_t address)
{
    GByteArray *body = g_byte_array_new();
    size_t length;
    uint8_t *path;

    if (address == 0)
        return body;
    path = device_path_read(uefi, address, &length);
    if (!path) {
        g_byte_array_free(body, TRUE);
        return NULL;
    }
    g_byte_array_append(body, path, (guint)(length - NODE_HEADER));
    g_free(path);
    return body;
}

static uint64_t get_size(struct uefi *uefi, struct uefi_call *call)
{
    size_t length = 0;

    g_free(device_path_read(uefi, uefi_argument(call, 0), &length));
    return length;
}

static uint64_t duplicate(struct uefi *uefi, struct uefi_call *call)
{
    GByteArray *body = uefi_argument(call, 0) ? read_body(uefi, uefi_argument(call, 0)) : NULL;

    if (body)
        device_path_end(body);
    return give(uefi, body);
}

static uint64_t append_path(struct uefi *uefi, struct uefi_call *call)
{
    GByteArray *first = read_body(uefi, uefi_argument(call, 0)), *second = read_body(uefi, uefi_argument(call, 1));

    if (first && second) {
        g_byte_array_append(first, second->data, second->len);
        device_path_end(first);
    } else if (first) {
        g_byte_array_free(first, TRUE);
        first = NULL;
    }
    if (second)
        g_byte_array_free(second, TRUE);
    return give(uefi, first);
}

static uint64_t append_node(struct uefi *uefi, struct uefi_call *call)
{
    GByteArray *body = read_body(uefi, uefi_argument(call, 0));
    uint64_t node = uefi_argument(call, 1);
    uint8_t header[NODE_HEADER];

    if (body && node) {
        guint old = body->len;
        uint16_t length = 0;

        if (uefi_read(uefi, node, header, sizeof(header)))
            length = device_path_node_length(header);
        g_byte_array_set_size(body, old + length);
        if (length < NODE_HEADER || !uefi_read(uefi, node, body->data + old, length)) {
            g_byte_array_free(body, TRUE);
            return 0;
        }
    }
    if (body)
        device_path_end(body);
    return give(uefi, body);
}

static uint64_t append_instance(struct uefi *uefi, struct uefi_call *call)
{
    GByteArray *first = read_body(uefi, uefi_argument(call, 0)), *second = NULL;

    if (uefi_argument(call, 1))
        second = read_body(uefi, uefi_argument(call, 1));
    if (!first || !second) {
        if (first)
            g_byte_array_free(first, TRUE);
        if (second)
            g_byte_array_free(second, TRUE);
        return 0;
    }
    if (uefi_argument(call, 0))
        device_path_node(first, DEVICE_PATH_END, DEVICE_PATH_END_INSTANCE, NULL, 0);
    g_byte_array_append(first, second->data, second->len);
    g_byte_array_free(second, TRUE);
    device_path_end(first);
    return give(uefi, first);
}

/* Length of the first instance of a well-formed path, without its end node. */
static size_t instance_length(const uint8_t *path)
{
    size_t at = 0;

    while (path[at] != DEVICE_PATH_END)
        at += device_path_node_length(path + at);
    return at;
}

static uint64_t next_instance(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t in_out = uefi_argument(call, 0), size_address = uefi_argument(call, 1), address = 0, result;
    GByteArray *instance;
    size_t length, first;
    uint8_t *path;

    if (!uefi_read64(uefi, in_out, &address) || address == 0)
        return 0;
    path = device_path_read(uefi, address, &length);
    if (!path)
        return 0;
    first = instance_length(path);
    instance = g_byte_array_new();
    g_byte_array_append(instance, path, (guint)first);
    device_path_end(instance);
    if (size_address)
        uefi_write64(uefi, size_address, first + NODE_HEADER);
    uefi_write64(uefi, in_out, device_path_is_end(path + first) ? 0 : address + first + NODE_HEADER);
    result = give(uefi, instance);
    g_free(path);
    return result;
}

static uint64_t is_multi_instance(struct uefi *uefi, struct uefi_call *call)
{
    size_t length;
    uint8_t *path = uefi_argument(call, 0) ? device_path_read(uefi, uefi_argument(call, 0), &length) : NULL;
    bool multi = path && !device_path_is_end(path + instance_length(path));

    g_free(path);
    return multi;
}

static uint64_t create_node(struct uefi *uefi, struct uefi_call *call)
{
    uint8_t type = uefi_argument8(call, 0), subtype = uefi_argument8(call, 1);
    uint16_t length = (uint16_t)uefi_argument(call, 2);
    uint8_t header[NODE_HEADER] = {type, subtype, (uint8_t)length, (uint8_t)(length >> 8)};
    uint64_t address;

    if (length < NODE_HEADER)
        return 0;
    address = uefi_pool_new(uefi, EFI_BOOT_SERVICES_DATA, length);
    if (address)
        uefi_write(uefi, address, header, sizeof(header));
    return address;
}

/* --- text --- */
static uint64_t give_text(struct uefi *uefi, char *text)
{
    uint64_t address = 0;
    size_t size;

    if (text) {
        uint16_t *wide = uefi_text_to_char16(text, &size);

        address = uefi_pool_copy(uefi, EFI_BOOT_SERVICES_DATA, wide, size);
        g_free(wide);
        g_free(text);
    }
    return address;
}

static uint64_t node_to_text(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t address = uefi_argument(call, 0);
    uint8_t header[NODE_HEADER], *node;
    uint16_t length;
    char *text = NULL;

    if (address == 0 || !uefi_read(uefi, address, header, sizeof(header)))
        return 0;
    length = device_path_node_length(header);
    if (length < NODE_HEADER)
        return 0;
    node = g_malloc(length);
    if (uefi_read(uefi, address, node, length))
        text = device_path_node_text(node);
    g_free(node);
    return give_text(uefi, text);
}

static uint64_t path_to_text(struct uefi *uefi, struct uefi_call *call)
{
    size_t length;
    uint8_t *path = uefi_argument(call, 0) ? device_path_read(uefi, uefi_argument(call, 0), &length) : NULL;
    char *text = path ? device_path_text(path, length) : NULL;

    g_free(path);
    return give_text(uefi, text);
}

static uint64_t text_to_path(struct uefi *uefi, struct uefi_call *call)
{
    char *text = uefi_argument(call, 0) ? uefi_read_text(uefi, uefi_argument(call, 0), TEXT_MAX) : NULL;
    GByteArray *path = text ? device_path_parse(text) : NULL;

    g_free(text);
    return give(uefi, path);
}

static uint64_t text_to_node(struct uefi *uefi, struct uefi_call *call)
{
    char *text = uefi_argument(call, 0) ? uefi_read_text(uefi, uefi_argument(call, 0), TEXT_MAX) : NULL;
    GByteArray *node = text ? device_path_parse_node(text) : NULL;

    g_free(text);
    return give(uefi, node);
}

/* --- set-up --- */
void device_path_protocols_register(struct uefi *uefi)
{
    uefi_register_class(uefi, &utilities_class);
}

static void install(struct uefi *uefi, uint64_t handle, const struct efi_guid *guid, unsigned count,
                    const uint64_t *functions)
{
    uint64_t interface = uefi_interface_new(uefi, count * 8, &utilities_class, uefi);

    for (unsigned i = 0; interface && i < count; i++)
        uefi_write64(uefi, interface + i * 8, functions[i]);
    if (interface)
        uefi_install(uefi, handle, guid, interface);
}

void device_path_protocols_init(struct uefi *uefi, uint64_t handle)
{
    const uint64_t utilities[] = {
        uefi_function(uefi, "DevicePathUtilities.GetDevicePathSize", get_size),
        uefi_function(uefi, "DevicePathUtilities.DuplicateDevicePath", duplicate),
        uefi_function(uefi, "DevicePathUtilities.AppendDevicePath", append_path),
        uefi_function(uefi, "DevicePathUtilities.AppendDeviceNode", append_node),
        uefi_function(uefi, "DevicePathUtilities.AppendDevicePathInstance", append_instance),
        uefi_function(uefi, "DevicePathUtilities.GetNextDevicePathInstance", next_instance),
        uefi_function(uefi, "DevicePathUtilities.IsDevicePathMultiInstance", is_multi_instance),
        uefi_function(uefi, "DevicePathUtilities.CreateDeviceNode", create_node),
    };
    const uint64_t to_text[] = {
        uefi_function(uefi, "DevicePathToText.ConvertDeviceNodeToText", node_to_text),
        uefi_function(uefi, "DevicePathToText.ConvertDevicePathToText", path_to_text),
    };
    const uint64_t from_text[] = {
        uefi_function(uefi, "DevicePathFromText.ConvertTextToDeviceNode", text_to_node),
        uefi_function(uefi, "DevicePathFromText.ConvertTextToDevicePath", text_to_path),
    };

    install(uefi, handle, &guid_device_path_utilities, G_N_ELEMENTS(utilities), utilities);
    install(uefi, handle, &guid_device_path_to_text, G_N_ELEMENTS(to_text), to_text);
    install(uefi, handle, &guid_device_path_from_text, G_N_ELEMENTS(from_text), from_text);
}
