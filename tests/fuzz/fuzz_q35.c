/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All devices of q35: registers, DMA, time, input, state. */
#include "tests/fuzz/machine_input.h"

#define AHCI_DEVFN 0xfa
#define COMMAND_LIST 0x10000u
#define RECEIVED_FIS 0x11000u
#define COMMAND_TABLE 0x12000u
#define DATA 0x13000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_machine(data, size);
    return 0;
}

/* Port 0 is started and told to read a sector by DMA (AHCI 1.3.1, chapter 4). */
static void seed_ahci(GByteArray *seed, uint8_t region)
{
    static const uint32_t header[] = {5 | 1u << 16, 0, COMMAND_TABLE, 0};
    static const uint8_t fis[20] = {0x27, 0x80, 0x25, 0, 1, 0, 0, 0x40, 0, 0, 0, 0, 1}; /* READ DMA EXT */
    static const uint32_t region_entry[] = {DATA, 0, 0, 511};

    seed_memory(seed, COMMAND_LIST, header, sizeof(header));
    seed_memory(seed, COMMAND_TABLE, fis, sizeof(fis));
    seed_memory(seed, COMMAND_TABLE + 0x80, region_entry, sizeof(region_entry));
    seed_write(seed, region, 0x04, 2, 0x80000002);    /* GHC: AE, IE */
    seed_write(seed, region, 0x100, 2, COMMAND_LIST); /* PxCLB */
    seed_write(seed, region, 0x108, 2, RECEIVED_FIS); /* PxFB */
    seed_write(seed, region, 0x114, 2, 0xffffffff);   /* PxIE */
    seed_write(seed, region, 0x130, 2, 0xffffffff);   /* PxSERR */
    seed_write(seed, region, 0x118, 2, 0x16);         /* PxCMD: FRE, POD, SUD */
    seed_time(seed, 30);
    seed_write(seed, region, 0x118, 2, 0x17); /* and ST */
    seed_write(seed, region, 0x138, 2, 1);    /* PxCI */
    seed_time(seed, 24);
    seed_write(seed, region, 0x110, 2, 0xffffffff); /* PxIS */
}

void fuzz_seed(GByteArray *seed)
{
    int ahci = fuzz_bar_region(AHCI_DEVFN, 5);
    uint8_t any = 0;

    g_byte_array_append(seed, &any, 1);
    if (ahci >= 0)
        seed_ahci(seed, (uint8_t)ahci);
    for (unsigned region = 0; region < REGION_FIRST_BAR; region++) {
        if (region == REGION_RESET || region == REGION_PORT92)
            continue;
        seed_write(seed, (uint8_t)region, 0, 0, 0x34);
        seed_write(seed, (uint8_t)region, 1, 0, 0x12);
        seed_time(seed, 20);
    }
}
