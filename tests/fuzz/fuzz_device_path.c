/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device paths: arbitrary bytes as a path, and as text. */
#include "firmware/uefi/device_path.h"
#include "firmware/uefi/uefi.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t length = device_path_length(data, size);
    char *text = g_strndup((const char *)data, size), *again;
    GByteArray *path = device_path_parse(text);

    g_free(text);
    if (length) {
        text = device_path_text(data, length);
        g_free(text);
    }
    g_free(device_path_file(data, size));
    if (path) { /* what was understood can be said again */
        g_assert_cmpuint(device_path_length(path->data, path->len), ==, path->len);
        again = device_path_text(path->data, path->len);
        g_free(again);
        g_byte_array_free(path, TRUE);
    }
    return 0;
}

void fuzz_seed(GByteArray *seed)
{
    static const char text[] =
        "PciRoot(0x0)/Pci(0x1F,0x2)/Sata(0x0,0xFFFF,0x0)/HD(1,GPT,01234567-89AB-CDEF-0123-456789ABCDEF,"
        "0x800,0x1000)/\\EFI\\BOOT\\x.efi,VenHw(5B1B31A1-9562-11D2-8E3F-00A0C969723B,0102)/Uart(9600,8,N,1)";

    g_byte_array_append(seed, (const uint8_t *)text, sizeof(text) - 1);
}
