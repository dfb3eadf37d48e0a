/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk of arbitrary bytes: GPT, MBR, El Torito. */
#include "emu/host/block.h"
#include "emu/host/partition.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t sizes[] = {512, 2048, 4096};
    struct block *block = size ? block_new_memory(data, MIN(size, FUZZ_SIZE_MAX), 0) : NULL;

    for (unsigned i = 0; block && i < G_N_ELEMENTS(sizes); i++) {
        GError *error = NULL;
        struct partition_table *table = partition_table_read(block, sizes[i], &error);

        g_assert_true((table == NULL) == (error != NULL));
        for (unsigned k = 0; table && k < table->partitions->len; k++) {
            const struct partition *partition = &g_array_index(table->partitions, struct partition, k);

            g_assert_cmpuint(partition->offset + partition->size, <=, block_size(block));
        }
        g_clear_error(&error);
        partition_table_free(table);
    }
    if (block)
        block_close(block);
    return 0;
}

/* An MBR with a chain of logical partitions, and an El Torito catalog behind it. */
void fuzz_seed(GByteArray *seed)
{
    uint8_t *disk, *catalog;

    g_byte_array_set_size(seed, 65536);
    disk = seed->data;
    memset(disk, 0, seed->len);
    for (unsigned i = 0; i < 3; i++) {
        uint8_t *record = disk + i * 512, *entry = record + 446;

        entry[4] = i ? 0x83 : 0x05;
        entry[8] = 1;
        entry[12] = 20;
        entry[16 + 4] = i ? 0x05 : 0;
        entry[16 + 8] = (uint8_t)i;
        entry[16 + 12] = 10;
        memcpy(record + 510, "\x55\xAA", 2);
    }
    memcpy(disk + 512, "EFI PART\0\0\1\0\x5C\0\0\0", 16);
    memcpy(disk + 16 * 2048, "\1CD001\1", 7);
    memcpy(disk + 17 * 2048, "\0CD001\1EL TORITO SPECIFICATION", 30);
    disk[17 * 2048 + 71] = 20;
    disk[18 * 2048] = 255;
    memcpy(disk + 18 * 2048 + 1, "CD001\1", 6);
    catalog = disk + 20 * 2048;
    memcpy(catalog, "\x01\xEF", 2);
    memcpy(catalog + 28, "\xAA\x65\x55\xAA", 4);
    catalog[32] = 0x88;
    catalog[40] = 25;
}
