/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the test application loads and starts: its first load option says what it does. */
#include "tests/firmware/app/efi.h"

static const struct efi_guid loaded_image = EFI_LOADED_IMAGE;
static uint64_t relocated = 0x1234;
static uint64_t *volatile pointer = &relocated; /* right only if relocations were applied */

static efi_status leave(void *image, struct efi_system_table *table)
{
    static const uint16_t words[] = {'b', 'y', 'e', 0};
    void *data;

    table->boot->allocate_pool(EFI_BOOT_DATA, sizeof(words), &data);
    table->boot->copy_mem(data, words, sizeof(words));
    table->boot->exit(image, EFI_ABORTED, sizeof(words), data);
    return EFI_LOAD_ERROR; /* it must not come here */
}

efi_status efi_main(void *image, struct efi_system_table *table);

efi_status efi_main(void *image, struct efi_system_table *table)
{
    struct efi_loaded_image *self;
    uint16_t what = 0;

    if (table->boot->handle_protocol(image, &loaded_image, (void **)&self) != EFI_SUCCESS)
        return EFI_LOAD_ERROR;
    if (self->options_size >= 2)
        what = *(const uint16_t *)self->options;
    if (*pointer != 0x1234 || (uint8_t *)pointer - (uint8_t *)self->base > (int64_t)self->size)
        return EFI_LOAD_ERROR;
    switch (what) {
    case 'x':
        return leave(image, table);
    case 't': /* a level that is not put back */
        table->boot->raise_tpl(EFI_TPL_NOTIFY);
        return EFI_SUCCESS;
    case 's':
        return EFI_SUCCESS;
    default:
        return EFI_NOT_FOUND;
    }
}
