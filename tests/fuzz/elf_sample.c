/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See elf_sample.h. */
#include "tests/fuzz/elf_sample.h"

#include <stdint.h>
#include <string.h>

#include "emu/bytes.h"

void elf_sample(GByteArray *seed)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

    g_byte_array_set_size(seed, 0x400);
    memset(seed->data, 0, seed->len);
    memcpy(seed->data, ident, sizeof(ident));
    put_le(seed->data + 16, 2, 2);  /* executable */
    put_le(seed->data + 18, 62, 2); /* x86_64 */
    put_le(seed->data + 20, 1, 4);
    put_le(seed->data + 24, 0x100000, 8); /* entry */
    put_le(seed->data + 32, 64, 8);       /* program headers */
    put_le(seed->data + 52, 64, 2);
    put_le(seed->data + 54, 56, 2);
    put_le(seed->data + 56, 2, 2);
    put_le(seed->data + 64, 1, 4); /* PT_LOAD */
    put_le(seed->data + 64 + 16, 0x100000, 8);
    put_le(seed->data + 64 + 24, 0x100000, 8);
    put_le(seed->data + 64 + 32, 0x400, 8);
    put_le(seed->data + 64 + 40, 0x1000, 8);
    put_le(seed->data + 120, 4, 4); /* PT_NOTE */
    put_le(seed->data + 120 + 8, 0x200, 8);
    put_le(seed->data + 120 + 32, 20, 8);
    put_le(seed->data + 120 + 40, 20, 8);
    put_le(seed->data + 0x200, 4, 4);
    put_le(seed->data + 0x204, 4, 4);
    put_le(seed->data + 0x208, 18, 4); /* XEN_ELFNOTE_PHYS32_ENTRY */
    memcpy(seed->data + 0x20c, "Xen", 4);
    put_le(seed->data + 0x210, 0x100000, 4);
}
