/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device paths from text.  UEFI 2.10 section 10.6.1 (display form) and 10.6.4. */
#include <string.h>

#include "emu/bytes.h"
#include "firmware/uefi/device_path.h"

/* The arguments of one node: "Name(a,b,c)". */
struct arguments {
    char **list;
    unsigned count;
    bool bad;
};

static const char *argument(const struct arguments *arguments, unsigned index)
{
    return index < arguments->count ? arguments->list[index] : "";
}

/* Decimal, or hexadecimal with 0x; empty: 0. */
static uint64_t number(struct arguments *arguments, unsigned index)
{
    const char *text = argument(arguments, index);
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    char *end;
    uint64_t value;

    if (!*text)
        return 0;
    value = g_ascii_strtoull(hex ? text + 2 : text, &end, hex ? 16 : 10);
    if (*end || end == text)
        arguments->bad = true;
    return value;
}

/* An even number of hexadecimal digits; false: something else. */
static bool append_hex(GByteArray *data, const char *text)
{
    for (; *text; text += 2) {
        int high = g_ascii_xdigit_value(text[0]), low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);

        if (low < 0)
            return false;
        append_le(data, (uint64_t)(high << 4 | low), 1);
    }
    return true;
}

/* "01234567-89AB-CDEF-0123-456789ABCDEF" in the order of memory. */
static bool append_guid(GByteArray *data, const char *text)
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    GByteArray *bytes = g_byte_array_new();
    char **parts = g_strsplit(text, "-", 0), *digits = g_strjoinv("", parts);
    bool good = strlen(text) == 36 && append_hex(bytes, digits) && bytes->len == 16;

    for (unsigned i = 0; good && i < 16; i++)
        g_byte_array_append(data, &bytes->data[order[i]], 1);
    g_strfreev(parts);
    g_free(digits);
    g_byte_array_free(bytes, TRUE);
    return good;
}

/* --- nodes that are a list of numbers --- */
/* @format: the size of each field in bytes, in the order of memory; @source: which argument, '-' for none (zero). */
static const struct {
    const char *name;
    uint8_t type, subtype;
    const char *sizes, *source;
} plain[] = {
    {"Pci", DEVICE_PATH_HARDWARE, HARDWARE_PCI, "11", "10"},
    {"PcCard", DEVICE_PATH_HARDWARE, HARDWARE_PCCARD, "1", "0"},
    {"MemoryMapped", DEVICE_PATH_HARDWARE, HARDWARE_MEMORY, "488", "012"},
    {"Ctrl", DEVICE_PATH_HARDWARE, HARDWARE_CONTROLLER, "4", "0"},
    {"BMC", DEVICE_PATH_HARDWARE, HARDWARE_BMC, "18", "01"},
    {"AcpiAdr", DEVICE_PATH_ACPI, ACPI_ADR, "4", "0"},
    {"Scsi", DEVICE_PATH_MESSAGING, MESSAGING_SCSI, "22", "01"},
    {"USB", DEVICE_PATH_MESSAGING, MESSAGING_USB, "11", "01"},
    {"UsbClass", DEVICE_PATH_MESSAGING, MESSAGING_USB_CLASS, "22111", "01234"},
    {"Unit", DEVICE_PATH_MESSAGING, MESSAGING_UNIT, "1", "0"},
    {"Sata", DEVICE_PATH_MESSAGING, MESSAGING_SATA, "222", "012"},
    {"Vlan", DEVICE_PATH_MESSAGING, MESSAGING_VLAN, "2", "0"},
    {"UFS", DEVICE_PATH_MESSAGING, MESSAGING_UFS, "11", "01"},
    {"SD", DEVICE_PATH_MESSAGING, MESSAGING_SD, "1", "0"},
    {"eMMC", DEVICE_PATH_MESSAGING, MESSAGING_EMMC, "1", "0"},
    {"CDROM", DEVICE_PATH_MEDIA, MEDIA_CDROM, "488", "012"},
    {"Offset", DEVICE_PATH_MEDIA, MEDIA_OFFSET, "488", "-01"},
};

static bool parse_plain(const char *name, struct arguments *arguments, GByteArray *out)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(plain); i++) {
        GByteArray *data;

        if (g_ascii_strcasecmp(plain[i].name, name) != 0)
            continue;
        data = g_byte_array_new();
        for (unsigned k = 0; plain[i].sizes[k]; k++) {
            char source = plain[i].source[k];

            append_le(data, source == '-' ? 0 : number(arguments, (unsigned)(source - '0')),
                      (unsigned)(plain[i].sizes[k] - '0'));
        }
        device_path_node(out, plain[i].type, plain[i].subtype, data->data, data->len);
        g_byte_array_free(data, TRUE);
        return true;
    }
    return false;
}

/* --- ACPI --- */
static bool parse_acpi(const char *name, struct arguments *arguments, GByteArray *out)
{
    static const struct {
        const char *name;
        uint16_t number;
    } known[] = {{"PciRoot", 0x0A03},  {"PcieRoot", 0x0A08}, {"Floppy", 0x0604},
                 {"Keyboard", 0x0301}, {"Serial", 0x0501},   {"ParallelPort", 0x0401}};
    const char *id = argument(arguments, 0);
    GByteArray *bytes;

    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_ascii_strcasecmp(known[i].name, name) == 0) {
            device_path_acpi(out, EISA_PNP(known[i].number), (uint32_t)number(arguments, 0));
            return true;
        }
    }
    if (g_ascii_strcasecmp(name, "Acpi") != 0)
        return false;
    bytes = g_byte_array_new();
    if (strlen(id) == 7 && append_hex(bytes, id + 3) && g_ascii_isupper(id[0]) && g_ascii_isupper(id[1]) &&
        g_ascii_isupper(id[2])) {
        uint32_t letters = (uint32_t)(id[0] - '@') << 10 | (uint32_t)(id[1] - '@') << 5 | (uint32_t)(id[2] - '@');

        device_path_acpi(out, letters | (uint32_t)bytes->data[0] << 24 | (uint32_t)bytes->data[1] << 16,
                         (uint32_t)number(arguments, 1));
    } else {
        device_path_acpi(out, (uint32_t)number(arguments, 0), (uint32_t)number(arguments, 1));
    }
    g_byte_array_free(bytes, TRUE);
    return true;
}

/* --- nodes with a GUID --- */
static bool parse_guid(const char *name, struct arguments *arguments, GByteArray *out)
{
    static const struct {
        const char *name, *fixed;
        uint8_t type, subtype;
    } known[] = {
        {"VenHw", NULL, DEVICE_PATH_HARDWARE, HARDWARE_VENDOR},
        {"VenMsg", NULL, DEVICE_PATH_MESSAGING, MESSAGING_VENDOR},
        {"VenMedia", NULL, DEVICE_PATH_MEDIA, MEDIA_VENDOR},
        {"Media", NULL, DEVICE_PATH_MEDIA, MEDIA_PROTOCOL},
        {"FvFile", NULL, DEVICE_PATH_MEDIA, MEDIA_FIRMWARE_FILE},
        {"Fv", NULL, DEVICE_PATH_MEDIA, MEDIA_FIRMWARE_VOLUME},
        {"VenPcAnsi", "e0c14753-f9be-11d2-9a0c-0090273fc14d", DEVICE_PATH_MESSAGING, MESSAGING_VENDOR},
        {"VenVt100", "dfa66065-b419-11d3-9a2d-0090273fc14d", DEVICE_PATH_MESSAGING, MESSAGING_VENDOR},
        {"VenVt100Plus", "7baec70b-57e0-4c76-8e87-2f9e28088343", DEVICE_PATH_MESSAGING, MESSAGING_VENDOR},
        {"VenUtf8", "ad15a0d6-8bec-4acf-a073-d01de77e2d88", DEVICE_PATH_MESSAGING, MESSAGING_VENDOR},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
        GByteArray *data;

        if (g_ascii_strcasecmp(known[i].name, name) != 0)
            continue;
        data = g_byte_array_new();
        if (!append_guid(data, known[i].fixed ? known[i].fixed : argument(arguments, 0)) ||
            !append_hex(data, argument(arguments, 1)))
            arguments->bad = true;
        device_path_node(out, known[i].type, known[i].subtype, data->data, data->len);
        g_byte_array_free(data, TRUE);
        return true;
    }
    return false;
}

/* --- the rest --- */
static void parse_hard_drive(struct arguments *arguments, GByteArray *out)
{
    GByteArray *signature = g_byte_array_new();
    uint8_t kind = 0;

    if (g_ascii_strcasecmp(argument(arguments, 1), "GPT") == 0) {
        kind = 2;
        if (!append_guid(signature, argument(arguments, 2)))
            arguments->bad = true;
    } else if (g_ascii_strcasecmp(argument(arguments, 1), "MBR") == 0) {
        kind = 1;
        append_le(signature, number(arguments, 2), 4);
    } else {
        kind = (uint8_t)number(arguments, 1);
    }
    while (signature->len < 16)
        append_le(signature, 0, 1);
    device_path_hard_drive(out, (uint32_t)number(arguments, 0), number(arguments, 3), number(arguments, 4),
                           signature->data, kind);
    g_byte_array_free(signature, TRUE);
}

static void parse_uart(struct arguments *arguments, GByteArray *out)
{
    static const char parity[] = "DNEOMS";
    static const char *const stop[] = {"D", "1", "1.5", "2"};
    GByteArray *data = g_byte_array_new();
    const char *found = strchr(parity, g_ascii_toupper(*argument(arguments, 2)));
    unsigned stop_bits = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(stop); i++) {
        if (g_ascii_strcasecmp(stop[i], argument(arguments, 3)) == 0)
            stop_bits = i;
    }
    append_le(data, 0, 4);
    append_le(data, g_ascii_strcasecmp(argument(arguments, 0), "DEFAULT") ? number(arguments, 0) : 0, 8);
    append_le(data, g_ascii_strcasecmp(argument(arguments, 1), "DEFAULT") ? number(arguments, 1) : 0, 1);
    append_le(data, found && *found ? (uint64_t)(found - parity) : 0, 1);
    append_le(data, stop_bits, 1);
    device_path_node(out, DEVICE_PATH_MESSAGING, MESSAGING_UART, data->data, data->len);
    g_byte_array_free(data, TRUE);
}

static void parse_ata(struct arguments *arguments, GByteArray *out)
{
    GByteArray *data = g_byte_array_new();

    append_le(data, g_ascii_strcasecmp(argument(arguments, 0), "Secondary") == 0, 1);
    append_le(data, g_ascii_strcasecmp(argument(arguments, 1), "Slave") == 0, 1);
    append_le(data, number(arguments, 2), 2);
    device_path_node(out, DEVICE_PATH_MESSAGING, MESSAGING_ATA, data->data, data->len);
    g_byte_array_free(data, TRUE);
}

static void parse_mac(struct arguments *arguments, GByteArray *out)
{
    GByteArray *data = g_byte_array_new();

    if (!append_hex(data, argument(arguments, 0)) || data->len > 32)
        arguments->bad = true;
    g_byte_array_set_size(data, MIN(data->len, 32));
    while (data->len < 32)
        append_le(data, 0, 1);
    append_le(data, number(arguments, 1), 1);
    device_path_node(out, DEVICE_PATH_MESSAGING, MESSAGING_MAC, data->data, data->len);
    g_byte_array_free(data, TRUE);
}

static void parse_nvme(struct arguments *arguments, GByteArray *out)
{
    GByteArray *data = g_byte_array_new(), *eui = g_byte_array_new();
    char **parts = g_strsplit(argument(arguments, 1), "-", 0), *digits = g_strjoinv("", parts);

    append_le(data, number(arguments, 0), 4);
    if (!append_hex(eui, digits) || eui->len != 8)
        arguments->bad = true;
    for (unsigned i = eui->len; i-- > 0;)
        append_le(data, eui->data[i], 1);
    device_path_node(out, DEVICE_PATH_MESSAGING, MESSAGING_NVME, data->data, data->len);
    g_strfreev(parts);
    g_free(digits);
    g_byte_array_free(eui, TRUE);
    g_byte_array_free(data, TRUE);
}

/* Path(type,subtype,bytes) and its short forms with a fixed type. */
static bool parse_generic(const char *name, struct arguments *arguments, GByteArray *out)
{
    static const char *const kinds[] = {"Path", "HardwarePath", "AcpiPath", "Msg", "MediaPath", "BbsPath"};

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        unsigned first = i == 0 ? 1 : 0;
        GByteArray *data;

        if (g_ascii_strcasecmp(kinds[i], name) != 0)
            continue;
        data = g_byte_array_new();
        if (!append_hex(data, argument(arguments, first + 1)))
            arguments->bad = true;
        device_path_node(out, i ? (uint8_t)i : (uint8_t)number(arguments, 0), (uint8_t)number(arguments, first),
                         data->data, data->len);
        g_byte_array_free(data, TRUE);
        return true;
    }
    return false;
}

static bool parse_named(const char *name, struct arguments *arguments, GByteArray *out)
{
    static const struct {
        const char *name;
        void (*parse)(struct arguments *, GByteArray *);
    } special[] = {
        {"HD", parse_hard_drive}, {"Uart", parse_uart}, {"Ata", parse_ata}, {"MAC", parse_mac}, {"NVMe", parse_nvme}};

    for (unsigned i = 0; i < G_N_ELEMENTS(special); i++) {
        if (g_ascii_strcasecmp(special[i].name, name) == 0) {
            special[i].parse(arguments, out);
            return true;
        }
    }
    if (g_ascii_strcasecmp(name, "Uri") == 0) {
        device_path_node(out, DEVICE_PATH_MESSAGING, MESSAGING_URI, argument(arguments, 0),
                         strlen(argument(arguments, 0)));
        return true;
    }
    return parse_plain(name, arguments, out) || parse_acpi(name, arguments, out) || parse_guid(name, arguments, out) ||
           parse_generic(name, arguments, out);
}

/* One node of @text, which is not empty; false: not understood. */
static bool parse_one(const char *text, GByteArray *out)
{
    const char *open = strchr(text, '(');
    size_t length = strlen(text);
    struct arguments arguments = {0};
    char *name, *inside;
    bool known;

    if (length > 16000)
        return false;
    if (!open || text[length - 1] != ')') {
        device_path_file_node(out, text);
        return true;
    }
    name = g_strndup(text, (gsize)(open - text));
    inside = g_strndup(open + 1, length - (gsize)(open - text) - 2);
    arguments.list = g_strsplit(inside, ",", 0);
    arguments.count = g_strv_length(arguments.list);
    known = parse_named(name, &arguments, out);
    if (!known) /* a file may well be called so */
        device_path_file_node(out, text);
    g_strfreev(arguments.list);
    g_free(inside);
    g_free(name);
    return !arguments.bad;
}

/* The end of the node that begins at @text: a slash or comma outside parentheses. */
static size_t node_end(const char *text)
{
    int depth = 0;
    size_t i;

    for (i = 0; text[i]; i++) {
        if (text[i] == '(')
            depth++;
        else if (text[i] == ')')
            depth--;
        else if (depth <= 0 && (text[i] == '/' || text[i] == ','))
            break;
    }
    return i;
}

GByteArray *device_path_parse(const char *text)
{
    GByteArray *out = g_byte_array_new();
    bool good = true;

    while (*text && good) {
        size_t length = node_end(text);

        if (length) {
            char *node = g_strndup(text, length);

            good = parse_one(node, out) && out->len < 60000;
            g_free(node);
        }
        text += length;
        if (*text == ',')
            device_path_node(out, DEVICE_PATH_END, DEVICE_PATH_END_INSTANCE, NULL, 0);
        if (*text)
            text++;
    }
    if (!good) {
        g_byte_array_free(out, TRUE);
        return NULL;
    }
    device_path_end(out);
    return out;
}

GByteArray *device_path_parse_node(const char *text)
{
    GByteArray *out = g_byte_array_new();

    if (!*text || !parse_one(text, out)) {
        g_byte_array_free(out, TRUE);
        return NULL;
    }
    return out;
}
