/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A FAT volume of arbitrary bytes: mounted, walked, read and changed. */
#include "emu/host/block.h"
#include "firmware/uefi/fat.h"
#include "tests/fuzz/fuzz.h"

#define ENTRIES_MAX 64
#define DEPTH_MAX 4

static void use_file(struct fat *fat, const struct fat_info *info)
{
    struct fat_time time = {2026, 1, 1, 0, 0, 0, 0};
    struct fat_node parent, moved;
    struct fat_file file;
    uint8_t buffer[3000];
    uint64_t length = sizeof(buffer);

    fat_file_open(&file, info->node);
    fat_read(fat, &file, buffer, &length);
    file.position = info->size / 2;
    length = sizeof(buffer);
    fat_read(fat, &file, buffer, &length);
    fat_write(fat, &file, buffer, sizeof(buffer));
    fat_set_size(fat, info->node, info->size / 3);
    fat_set_info(fat, info->node, 1, &time, &time, &time);
    if (fat_parent(fat, info->node, &parent) == FAT_OK)
        fat_rename(fat, info->node, parent, (const uint16_t *)u"another name.text", &moved);
    fat_remove(fat, info->node);
}

static void walk(struct fat *fat, struct fat_node directory, unsigned depth)
{
    struct fat_info info;
    uint32_t cursor = 0;

    for (unsigned i = 0; i < ENTRIES_MAX && fat_read_directory(fat, directory, &cursor, &info) == FAT_OK; i++) {
        if (info.attributes & FAT_ATTRIBUTE_DIRECTORY && depth < DEPTH_MAX && info.name[0] != '.')
            walk(fat, info.node, depth + 1);
        else
            use_file(fat, &info);
    }
    fat_create(fat, directory, (const uint16_t *)u"a new file with a long name", 0, &info);
    fat_create(fat, directory, (const uint16_t *)u"NEWDIR", FAT_ATTRIBUTE_DIRECTORY, &info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct block *block = size ? block_new_memory(data, MIN(size, FUZZ_SIZE_MAX), 0) : NULL;
    struct fat *fat = block ? fat_mount(block, 0, block_size(block), NULL) : NULL;
    struct fat_volume_info volume;
    uint16_t label[FAT_LABEL_MAX + 1];

    if (fat) {
        fat_volume_info(fat, &volume);
        fat_get_label(fat, label);
        walk(fat, FAT_ROOT, 0);
        fat_set_label(fat, (const uint16_t *)u"FUZZ");
        fat_volume_info(fat, &volume);
        fat_unmount(fat);
    }
    if (block)
        block_close(block);
    return 0;
}

/* A small FAT16 volume with a directory and two files. */
void fuzz_seed(GByteArray *seed)
{
    static const uint8_t boot[] = {0xEB, 0x3C, 0x90, 'G', 'A', 'L', 'V', 'A',  'N',  'I',  'C', 0,
                                   2,    1,    1,    0,   1,   16,  0,   0x00, 0x20, 0xF8, 32,  0};
    static const char names[3][12] = {"ONE     BIN", "TWO     BIN", "SUB        "};

    g_byte_array_set_size(seed, 65536);
    memset(seed->data, 0, seed->len);
    memcpy(seed->data, boot, sizeof(boot));
    seed->data[19] = 0; /* 16384 sectors would be too long: 128 */
    seed->data[20] = 0;
    seed->data[19] = 128;
    seed->data[22] = 1;
    memcpy(seed->data + 510, "\x55\xAA", 2);
    memcpy(seed->data + 512, "\xF8\x0F\x00\x03\x40\x00\xFF\x0F\x00\xFF\x0F\x00", 12);
    for (unsigned i = 0; i < 3; i++) {
        uint8_t *entry = seed->data + 1024 + i * 32;

        memcpy(entry, names[i], 11);
        entry[11] = i == 2 ? 0x10 : 0x20;
        entry[26] = (uint8_t)(2 + i);
        entry[29] = i == 2 ? 0 : 4;
    }
}
