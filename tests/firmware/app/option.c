/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A boot option for the boot manager's test: says its mark and its load options, then returns. */
#include "tests/firmware/app/efi.h"

/* The test writes over these: what is said, and 'f' in the first place for a failure. */
static volatile uint16_t mark[] = {'M', 'A', 'R', 'K', '-', '-', '-', '-', 0};

static const struct efi_guid loaded_image = EFI_LOADED_IMAGE;

efi_status efi_main(void *image, struct efi_system_table *table);

efi_status efi_main(void *image, struct efi_system_table *table)
{
    static const uint16_t before[] = {'[', 0}, between[] = {':', 0}, after[] = {']', '\r', '\n', 0};
    struct efi_text_output *out = table->console_out;
    struct efi_loaded_image *self;

    if (table->boot->handle_protocol(image, &loaded_image, (void **)&self) != EFI_SUCCESS)
        return EFI_LOAD_ERROR;
    out->output_string(out, before);
    out->output_string(out, (const uint16_t *)mark);
    out->output_string(out, between);
    if (self->options_size)
        out->output_string(out, self->options);
    out->output_string(out, after);
    return mark[0] == 'f' ? EFI_NOT_FOUND : EFI_SUCCESS;
}
