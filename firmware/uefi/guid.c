/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The GUIDs of guid.h and their names. */
#include "firmware/uefi/guid.h"

#include <stdio.h>

#define EFI_GUID_DEFINE_(symbol, name, ...) const struct efi_guid guid_##symbol = EFI_GUID(__VA_ARGS__);
EFI_GUIDS(EFI_GUID_DEFINE_)

static const struct {
    const struct efi_guid *guid;
    const char *name;
} names[] = {
#define EFI_GUID_NAME_(symbol, name_, ...) {&guid_##symbol, name_},
    EFI_GUIDS(EFI_GUID_NAME_)};

void efi_guid_format(const struct efi_guid *guid, char text[37])
{
    const uint8_t *b = guid->bytes;

    snprintf(text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[3], b[2], b[1], b[0],
             b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

const char *efi_guid_name(const struct efi_guid *guid, char text[37])
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (efi_guid_equal(names[i].guid, guid))
            return names[i].name;
    }
    efi_guid_format(guid, text);
    return text;
}
