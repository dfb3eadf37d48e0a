/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory and strings, with every bound checked. */
#include <string.h>

#include "emu/bytes.h"
#include "firmware/uefi/uefi_internal.h"

#define STRING_LIMIT 65536u

/* Host pointer to as much of [@address, +*@length) as lies in one piece; NULL: not RAM. */
static uint8_t *piece(struct uefi *uefi, uint64_t address, uint64_t *length)
{
    if (address < EFI_PAGE_SIZE || !*length || *length - 1 > UINT64_MAX - address)
        return NULL;
    if (uefi->translate) {
        uint64_t left = EFI_PAGE_SIZE - address % EFI_PAGE_SIZE;
        struct cpu *cpu = uefi->call ? uefi->call->cpu : machine_cpu(uefi->machine, 0);
        if (*length > left)
            *length = left;
        if (!cpu_translate(cpu, address, &address))
            return NULL;
    }
    return memory_pointer(uefi->memory, address, *length);
}

/* Guest-physical address of a virtual one that piece() has found. */
static uint64_t physical(struct uefi *uefi, uint64_t address)
{
    if (uefi->translate)
        cpu_translate(uefi->call ? uefi->call->cpu : machine_cpu(uefi->machine, 0), address, &address);
    return address;
}

bool uefi_accessible(struct uefi *uefi, uint64_t address, uint64_t length)
{
    while (length) {
        uint64_t part = length;
        if (!piece(uefi, address, &part))
            return false;
        address += part;
        length -= part;
    }
    return true;
}

bool uefi_read(struct uefi *uefi, uint64_t address, void *buffer, uint64_t length)
{
    uint8_t *out = buffer;

    while (length) {
        uint64_t part = length;
        const uint8_t *from = piece(uefi, address, &part);
        if (!from)
            return false;
        memcpy(out, from, part);
        out += part;
        address += part;
        length -= part;
    }
    return true;
}

/* @data NULL: fills with @value. */
static bool write_or_fill(struct uefi *uefi, uint64_t address, const uint8_t *data, uint8_t value, uint64_t length)
{
    uint64_t first = length;

    if (!length)
        return true;
    /* Nothing is written unless all can be; one piece is the usual case and needs no second look. */
    if (!piece(uefi, address, &first) || (first < length && !uefi_accessible(uefi, address, length)))
        return false;
    while (length) {
        uint64_t part = length;
        uint8_t *to = piece(uefi, address, &part);
        if (data) {
            memcpy(to, data, part);
            data += part;
        } else {
            memset(to, value, part);
        }
        memory_written(uefi->memory, physical(uefi, address), part);
        address += part;
        length -= part;
    }
    return true;
}

bool uefi_write(struct uefi *uefi, uint64_t address, const void *buffer, uint64_t length)
{
    return write_or_fill(uefi, address, buffer, 0, length);
}

bool uefi_fill(struct uefi *uefi, uint64_t address, uint8_t value, uint64_t length)
{
    return write_or_fill(uefi, address, NULL, value, length);
}

bool uefi_read8(struct uefi *uefi, uint64_t address, uint8_t *value)
{
    return uefi_read(uefi, address, value, 1);
}

bool uefi_read16(struct uefi *uefi, uint64_t address, uint16_t *value)
{
    uint8_t b[2];

    if (!uefi_read(uefi, address, b, sizeof(b)))
        return false;
    *value = get_le16(b);
    return true;
}

bool uefi_read32(struct uefi *uefi, uint64_t address, uint32_t *value)
{
    uint8_t b[4];

    if (!uefi_read(uefi, address, b, sizeof(b)))
        return false;
    *value = get_le32(b);
    return true;
}

bool uefi_read64(struct uefi *uefi, uint64_t address, uint64_t *value)
{
    uint8_t b[8];

    if (!uefi_read(uefi, address, b, sizeof(b)))
        return false;
    *value = get_le64(b);
    return true;
}

static bool write_number(struct uefi *uefi, uint64_t address, uint64_t value, unsigned size)
{
    uint8_t b[8];

    put_le(b, value, size);
    return uefi_write(uefi, address, b, size);
}

bool uefi_write8(struct uefi *uefi, uint64_t address, uint8_t value)
{
    return write_number(uefi, address, value, 1);
}

bool uefi_write16(struct uefi *uefi, uint64_t address, uint16_t value)
{
    return write_number(uefi, address, value, 2);
}

bool uefi_write32(struct uefi *uefi, uint64_t address, uint32_t value)
{
    return write_number(uefi, address, value, 4);
}

bool uefi_write64(struct uefi *uefi, uint64_t address, uint64_t value)
{
    return write_number(uefi, address, value, 8);
}

bool uefi_read_guid(struct uefi *uefi, uint64_t address, struct efi_guid *guid)
{
    return uefi_read(uefi, address, guid->bytes, sizeof(guid->bytes));
}

bool uefi_write_guid(struct uefi *uefi, uint64_t address, const struct efi_guid *guid)
{
    return uefi_write(uefi, address, guid->bytes, sizeof(guid->bytes));
}

void *uefi_pointer(struct uefi *uefi, uint64_t address, uint64_t length)
{
    uint64_t part = length;
    void *pointer = uefi->translate ? NULL : piece(uefi, address, &part);

    return part == length ? pointer : NULL;
}

void uefi_written(struct uefi *uefi, uint64_t address, uint64_t length)
{
    memory_written(uefi->memory, address, length);
}

uint16_t *uefi_read_char16(struct uefi *uefi, uint64_t address, size_t limit, size_t *count)
{
    GArray *text = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    uint16_t unit = 1;

    limit = MIN(limit, STRING_LIMIT);
    while (unit) {
        if (text->len > limit || !uefi_read16(uefi, address, &unit)) {
            g_array_unref(text);
            return NULL;
        }
        g_array_append_val(text, unit);
        address += 2;
    }
    if (count)
        *count = text->len - 1;
    return (uint16_t *)(void *)g_array_free(text, FALSE);
}

char *uefi_char16_to_text(const uint16_t *text, size_t count)
{
    GString *out = g_string_sized_new(count);

    for (size_t i = 0; i < count; i++) {
        gunichar character = text[i];
        if (character >= 0xD800 && character < 0xE000) {
            bool pair = character < 0xDC00 && i + 1 < count && text[i + 1] >= 0xDC00 && text[i + 1] < 0xE000;
            character = pair ? 0x10000 + ((character - 0xD800) << 10) + (text[i + 1] - 0xDC00u) : 0xFFFD;
            i += pair;
        }
        g_string_append_unichar(out, character);
    }
    return g_string_free(out, FALSE);
}

char *uefi_read_text(struct uefi *uefi, uint64_t address, size_t limit)
{
    size_t count;
    uint16_t *units = uefi_read_char16(uefi, address, limit, &count);
    char *text = units ? uefi_char16_to_text(units, count) : NULL;

    g_free(units);
    return text;
}

uint16_t *uefi_text_to_char16(const char *text, size_t *size)
{
    GArray *out = g_array_new(TRUE, FALSE, sizeof(uint16_t));

    for (const char *p = text; *p; p++) {
        gunichar character = g_utf8_get_char_validated(p, -1);
        if (character >= 0x110000) {
            character = 0xFFFD; /* not UTF-8: one for each byte */
        } else {
            p = g_utf8_next_char(p) - 1;
        }
        uint16_t units[2] = {(uint16_t)character, 0};
        unsigned count = 1;
        if (character >= 0x10000) {
            units[0] = (uint16_t)(0xD800 + ((character - 0x10000) >> 10));
            units[1] = (uint16_t)(0xDC00 + (character & 0x3FF));
            count = 2;
        }
        g_array_append_vals(out, units, count);
    }
    if (size)
        *size = (out->len + 1) * sizeof(uint16_t);
    return (uint16_t *)(void *)g_array_free(out, FALSE);
}

efi_status uefi_answer(struct uefi *uefi, uint64_t size_address, uint64_t buffer, const void *data, uint64_t length)
{
    uint64_t have;

    if (!uefi_read64(uefi, size_address, &have))
        return EFI_INVALID_PARAMETER;
    if (!uefi_write64(uefi, size_address, length))
        return EFI_INVALID_PARAMETER;
    if (have < length)
        return EFI_BUFFER_TOO_SMALL;
    if (!uefi_write(uefi, buffer, data, length))
        return EFI_INVALID_PARAMETER;
    return EFI_SUCCESS;
}
