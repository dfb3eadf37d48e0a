/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A UEFI image of arbitrary bytes: checked, loaded, relocated. */
#include "firmware/uefi/pe.h"
#include "guest/builtin.h"
#include "tests/fuzz/fuzz.h"

#define IMAGE_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    struct pe_image image;

    if (!pe_parse(data, size, PE_MACHINE_X86_64, &image, &error)) {
        g_assert_nonnull(error);
        g_error_free(error);
        return 0;
    }
    if (image.size > IMAGE_MAX)
        return 0;
    g_autofree uint8_t *memory = g_malloc0(image.size);
    pe_load(&image, data, size, memory);
    if (!pe_relocate(&image, memory, 0x12345000, &error)) {
        g_assert_nonnull(error);
        g_error_free(error);
    }
    return 0;
}

void fuzz_seed(GByteArray *seed)
{
    g_byte_array_append(seed, guest_x86_64, (guint)guest_x86_64_size);
}
