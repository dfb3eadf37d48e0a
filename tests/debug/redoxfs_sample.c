/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See redoxfs_sample.h. */
#include "tests/debug/redoxfs_sample.h"

#include <lz4.h>
#include <stdbool.h>
#include <string.h>

#include "debug/redox/seahash.h"
#include "emu/bytes.h"

#define BLOCK 4096u
#define RECORD (128u << 10)
#define RING 256u
#define NODES 32u
#define MODE_FILE 0x8000u
#define MODE_DIRECTORY 0x4000u
#define MODE_LINK 0xA000u

struct writer {
    uint8_t *image;
    uint32_t next;               /* block to be used next */
    uint8_t nodes[NODES][BLOCK]; /* by number, until they are written */
    unsigned node_count;
};

/* Writes a block of 4096 << @level bytes and the pointer to it. */
static void put_block(struct writer *writer, uint8_t *pointer, const void *data, unsigned level, unsigned plain)
{
    uint32_t size = BLOCK << level;

    g_assert_cmpuint(writer->next * BLOCK + size, <=, REDOXFS_SAMPLE_SIZE);
    memcpy(writer->image + (size_t)writer->next * BLOCK, data, size);
    put_le64(pointer, (uint64_t)writer->next << 8 | plain << 4 | level);
    put_le64(pointer + 8, seahash(data, size));
    writer->next += size / BLOCK;
}

static unsigned add_node(struct writer *writer, unsigned mode, uint64_t size, bool inside)
{
    uint8_t *node = writer->nodes[writer->node_count];

    put_le16(node, mode);
    put_le32(node + 2, 1000);
    put_le32(node + 6, 1001);
    put_le32(node + 10, 1);
    put_le64(node + 14, size);
    put_le64(node + 42, 1700000000);
    put_le32(node + 66, (mode & 0xF000) == MODE_FILE ? 5 : 0);
    put_le32(node + 70, inside);
    return writer->node_count++;
}

static unsigned add_small(struct writer *writer, unsigned mode, const char *text)
{
    unsigned id = add_node(writer, mode, strlen(text), true);

    memcpy(writer->nodes[id] + 128, text, strlen(text));
    return id;
}

uint8_t redoxfs_sample_big(uint32_t offset)
{
    return offset >= RECORD && offset < 2 * RECORD ? 0 : (uint8_t)(offset * 7 + offset / 4096);
}

static unsigned add_big(struct writer *writer)
{
    unsigned id = add_node(writer, MODE_FILE | 0644, REDOXFS_SAMPLE_BIG, false);
    g_autofree uint8_t *record = g_malloc0(RECORD), *packed = g_malloc0(RECORD);
    int length;

    for (uint32_t i = 0; i < RECORD; i++)
        record[i] = redoxfs_sample_big(i);
    length = LZ4_compress_default((const char *)record, (char *)packed + 2, (int)RECORD, (int)(RECORD / 2 - 2));
    g_assert_cmpint(length, >, 0);
    put_le16(packed, (uint32_t)length);
    put_block(writer, writer->nodes[id] + 128, packed, 4, 5);
    for (uint32_t i = 0; 2 * RECORD + i < REDOXFS_SAMPLE_BIG; i++)
        record[i] = redoxfs_sample_big(2 * RECORD + i);
    put_block(writer, writer->nodes[id] + 128 + 32, record, 4, 0); /* shorter than a whole record: it ends there */
    return id;
}

/* Its last record is the 136th, thus behind the first table of the second level. */
static unsigned add_far(struct writer *writer)
{
    unsigned id = add_node(writer, MODE_FILE | 0644, REDOXFS_SAMPLE_FAR, false);
    uint8_t record[BLOCK] = "far", table[BLOCK] = {0};

    put_block(writer, table + (REDOXFS_SAMPLE_FAR / RECORD - 128) * 16, record, 0, 0);
    put_block(writer, writer->nodes[id] + 128 + 128 * 16, table, 0, 0);
    return id;
}

struct leaf {
    uint8_t block[BLOCK];
};

static void add_entry(struct leaf *leaf, unsigned id, const char *name)
{
    unsigned at = leaf->block[4094] + leaf->block[4095] * 256u;

    put_le32(leaf->block + at, id);
    leaf->block[at + 4] = (uint8_t)strlen(name);
    memcpy(leaf->block + at + 5, name, strlen(name));
    put_le16(leaf->block + 4092, leaf->block[4092] + 1u);
    put_le16(leaf->block + 4094, at + 5 + (uint32_t)strlen(name));
}

/* As another compiler would have it. */
static void turn_round(struct leaf *leaf)
{
    uint8_t numbers[4];

    memcpy(numbers, leaf->block + 4092, 4);
    memmove(leaf->block + 4, leaf->block, 4092);
    memcpy(leaf->block, numbers, 4);
}

static void put_directory(struct writer *writer, unsigned id, const uint8_t *top, unsigned depth)
{
    put_le64(writer->nodes[id] + 128, UINT64_MAX - 15 + depth);
    put_le64(writer->nodes[id] + 136, UINT64_MAX);
    put_block(writer, writer->nodes[id] + 144, top, 0, 0);
}

static void fill_directory(struct writer *writer, unsigned id)
{
    struct leaf leaves[2] = {0};
    uint8_t inner[BLOCK] = {0};

    for (unsigned i = 0; i < 10; i++) {
        char name[2] = {(char)('a' + i), 0};

        add_entry(&leaves[i % 2], add_small(writer, MODE_FILE | 0600, "file in a directory of two leaves"), name);
    }
    add_entry(&leaves[0], add_small(writer, MODE_LINK | 0777, "/small"), "link");
    turn_round(&leaves[1]);
    for (unsigned i = 0; i < 204; i++)
        put_le32(inner + i * 20, UINT32_MAX);
    for (unsigned i = 0; i < 2; i++)
        put_block(writer, inner + i * 20 + 4, leaves[i].block, 0, 0);
    put_directory(writer, id, inner, 1);
}

static void fill_root(struct writer *writer, unsigned root)
{
    struct leaf leaf = {0};
    unsigned directory = add_node(writer, MODE_DIRECTORY | 0755, 0, false);

    fill_directory(writer, directory);
    add_entry(&leaf, directory, "dir");
    add_entry(&leaf, add_small(writer, MODE_FILE | 0755, "small\n"), "small");
    add_entry(&leaf, add_big(writer), "big");
    add_entry(&leaf, add_far(writer), "far");
    add_entry(&leaf, add_small(writer, MODE_LINK | 0777, "dir/a"), "link");
    add_entry(&leaf, add_small(writer, MODE_LINK | 0777, "../dir/link"), "up");
    add_entry(&leaf, add_small(writer, MODE_LINK | 0777, "loop"), "loop");
    add_entry(&leaf, add_node(writer, MODE_DIRECTORY | 0700, 0, false), "empty");
    put_directory(writer, root, leaf.block, 0);
}

static void put_tree(struct writer *writer, uint8_t *pointer)
{
    uint8_t lists[4][BLOCK] = {0};

    for (unsigned i = 1; i < writer->node_count; i++)
        put_block(writer, lists[0] + i * 16, writer->nodes[i], 0, 0);
    for (unsigned level = 0; level < 3; level++)
        put_block(writer, lists[level + 1], lists[level], 0, 0);
    put_block(writer, pointer, lists[3], 0, 0);
}

void redoxfs_sample_seal_header(uint8_t *header)
{
    put_le64(header + 4088, seahash(header, 4072));
    memcpy(header + 4072, header + 4088, 8);
    memset(header + 4080, 0, 8);
}

static void put_header(struct writer *writer, uint64_t generation, const uint8_t *tree)
{
    uint8_t *header = writer->image + generation % RING * BLOCK;

    memcpy(header, "RedoxFS", 8);
    put_le64(header + 8, 8);
    memcpy(header + 16, "sixteen of bytes", 16);
    put_le64(header + 32, REDOXFS_SAMPLE_SIZE);
    put_le64(header + 40, generation);
    memcpy(header + 48, tree, 16);
    redoxfs_sample_seal_header(header);
}

uint8_t *redoxfs_sample(void)
{
    struct writer *writer = g_new0(struct writer, 1);
    uint8_t *image = g_malloc0(REDOXFS_SAMPLE_SIZE), tree[16], stale[16] = {0};

    writer->image = image;
    writer->next = RING + 1;
    writer->node_count = 1;
    fill_root(writer, add_node(writer, MODE_DIRECTORY | 0755, 0, false));
    put_tree(writer, tree);
    for (uint64_t generation = 100; generation < 259; generation++)
        put_header(writer, generation, stale);
    put_header(writer, 259, tree);
    put_header(writer, 260, tree);
    image[4 * BLOCK + 100] ^= 1; /* that one was not written whole: it does not count */
    g_free(writer);
    return image;
}

/* --- initfs --- */
struct initfs_entry {
    const char *name;
    uint16_t inode;
};

static uint32_t append(GByteArray *out, const void *data, size_t length)
{
    uint32_t offset = out->len;

    g_byte_array_append(out, data, (guint)length);
    return offset;
}

static void put_inode(GByteArray *out, unsigned inode, unsigned type, uint32_t offset, uint32_t length)
{
    uint8_t *raw = out->data + 64 + inode * 20;

    put_le32(raw, type << 28 | (type == 1 ? 0755 : 0644));
    put_le32(raw + 4, length);
    put_le32(raw + 8, offset);
}

static void put_entries(GByteArray *out, unsigned inode, const struct initfs_entry *entries, unsigned count)
{
    uint8_t raw[8 * 8] = {0};

    g_assert_cmpuint(count, <=, 8);
    for (unsigned i = 0; i < count; i++) {
        put_le16(raw + i * 8, entries[i].inode);
        put_le16(raw + i * 8 + 2, (uint32_t)strlen(entries[i].name));
        put_le32(raw + i * 8 + 4, append(out, entries[i].name, strlen(entries[i].name)));
    }
    put_inode(out, inode, 1, append(out, raw, count * 8), count * 8);
}

static void put_text(GByteArray *out, unsigned inode, unsigned type, const char *text)
{
    put_inode(out, inode, type, append(out, text, strlen(text)), (uint32_t)strlen(text));
}

GByteArray *initfs_sample(void)
{
    return initfs_sample_with("the first program", strlen("the first program"));
}

GByteArray *initfs_sample_with(const void *init, size_t length)
{
    GByteArray *out = g_byte_array_new();

    g_byte_array_set_size(out, 64 + 7 * 20);
    memset(out->data, 0, out->len);
    put_entries(out, 0, (struct initfs_entry[]){{"bin", 1}, {"etc", 2}, {"sbin", 5}}, 3);
    put_entries(out, 1, (struct initfs_entry[]){{"init", 3}, {"loop", 6}}, 2);
    put_entries(out, 2, (struct initfs_entry[]){{"init.rc", 4}}, 1);
    put_inode(out, 3, 0, append(out, init, length), (uint32_t)length);
    put_text(out, 4, 0, "export PATH");
    put_text(out, 5, 2, "bin");
    put_text(out, 6, 2, "loop");
    memcpy(out->data, "RedoxFtw", 8);
    put_le32(out->data + 8, 64);
    put_le16(out->data + 0x18, 7);
    put_le64(out->data + 0x22, out->len);
    return out;
}
