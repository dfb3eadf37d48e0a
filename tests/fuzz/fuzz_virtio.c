/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio block device whose queue is set up; then arbitrary rings, descriptors and register writes (virtio 1.2, 4.1). */
#include "tests/fuzz/machine_input.h"

#define VIRTIO_DEVFN 0x10
#define DESCRIPTORS 0x10000u
#define AVAILABLE 0x11000u
#define USED 0x12000u
#define REQUEST 0x13000u

/* The common configuration's registers, which stand at the start of BAR 4. */
enum {
    FEATURE_SELECT = 8,
    FEATURE = 12,
    STATUS = 20,
    QUEUE_SIZE = 24,
    QUEUE_ENABLE = 28,
    QUEUE_DESC = 32,
    QUEUE_DRIVER = 40,
    QUEUE_DEVICE = 48
};

static void set_up(GByteArray *program, uint8_t region)
{
    seed_write(program, region, STATUS, 0, 0);
    seed_write(program, region, STATUS, 0, 3);
    seed_write(program, region, FEATURE_SELECT, 2, 1);
    seed_write(program, region, FEATURE, 2, 1); /* VERSION_1 */
    seed_write(program, region, STATUS, 0, 0xb);
    seed_write(program, region, QUEUE_SIZE, 1, 64);
    seed_write(program, region, QUEUE_DESC, 2, DESCRIPTORS);
    seed_write(program, region, QUEUE_DRIVER, 2, AVAILABLE);
    seed_write(program, region, QUEUE_DEVICE, 2, USED);
    seed_write(program, region, QUEUE_ENABLE, 1, 1);
    seed_write(program, region, STATUS, 0, 0xf);
}

static int virtio_region(void)
{
    static int region = -2; /* found once: the board is always the same */

    if (region == -2)
        region = fuzz_bar_region(VIRTIO_DEVFN, 4);
    return region;
}

/* The input is the program behind the set-up. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) program = g_byte_array_new();
    int region = virtio_region();
    uint8_t only = (uint8_t)(region + 1);

    g_assert_cmpint(region, >=, 0);
    g_byte_array_append(program, &only, 1);
    set_up(program, (uint8_t)region);
    if (size)
        g_byte_array_append(program, data, (guint)MIN(size, FUZZ_SIZE_MAX));
    fuzz_machine(program->data, program->len);
    return 0;
}

/* One read of a sector, made available and notified. */
void fuzz_seed(GByteArray *seed)
{
    static const struct {
        uint64_t address;
        uint32_t length;
        uint16_t flags, next;
    } chain[] = {{REQUEST, 16, 1, 1}, {REQUEST + 0x200, 512, 3, 2}, {REQUEST + 0x800, 1, 2, 0}};
    static const uint16_t available[] = {0, 1, 0};
    static const uint32_t request[4] = {0};
    int region = virtio_region();

    seed_memory(seed, DESCRIPTORS, chain, sizeof(chain));
    seed_memory(seed, REQUEST, request, sizeof(request));
    seed_memory(seed, AVAILABLE, available, sizeof(available));
    for (unsigned offset = 0x1000; offset <= 0x4000; offset += 0x1000) /* wherever its notification register stands */
        seed_write(seed, (uint8_t)region, (uint16_t)offset, 1, 0);
    seed_time(seed, 24);
}
