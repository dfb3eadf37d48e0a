/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which partition table a disk has.  UEFI 2.10 section 13.3.2: GPT first, then El Torito, then MBR. */
#include "emu/host/partition.h"

struct partition_table *partition_table_read(struct block *block, uint32_t block_size, GError **error)
{
    struct partition_table *table = g_new0(struct partition_table, 1);
    GError *problem = NULL;

    table->partitions = g_array_new(FALSE, TRUE, sizeof(struct partition));
    if (gpt_read(block, block_size, table, &problem))
        table->scheme = PARTITION_GPT;
    else if (!problem && el_torito_read(block, table, &problem))
        table->scheme = PARTITION_EL_TORITO;
    else if (!problem && mbr_read(block, block_size, table, &problem))
        table->scheme = PARTITION_MBR;
    if (problem) {
        g_propagate_error(error, problem);
        partition_table_free(table);
        return NULL;
    }
    return table;
}

void partition_table_free(struct partition_table *table)
{
    if (!table)
        return;
    g_array_free(table->partitions, TRUE);
    g_free(table->warning);
    g_free(table);
}
