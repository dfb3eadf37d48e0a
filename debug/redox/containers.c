/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Containers of Rust's library: B-trees (alloc::collections::btree), hash tables (hashbrown), vectors.  Their layout is found by
 * their own rules: keys ascend, as many as the map says; a table's control bytes name as many entries as it counts.
 */
#include <string.h>

#include "debug/redox/redox.h"
#include "emu/bytes.h"

#define TREE_CAPACITY 11 /* keys in a node */
#define TREE_HEIGHT_MAX 8
#define TREE_KEYS_MAX 200000
#define TABLE_BUCKETS_MAX (1u << 17)
#define TABLE_FULL(control) (((control)&0x80) == 0)

/* --- B-trees --- */
struct walk {
    struct redox *redox;
    const struct redox_btree *tree;
    bool (*visit)(void *opaque, uint64_t key, uint64_t value);
    void *opaque;
    uint64_t seen, length, last;
    bool stopped;
};

static bool walk_node(struct walk *walk, uint64_t node, uint64_t height)
{
    const struct redox_btree *tree = walk->tree;
    g_autofree uint8_t *raw = NULL;
    size_t size = tree->edges + (height > 0 ? (TREE_CAPACITY + 1) * 8 : 0);
    unsigned count;

    if (!redox_is_kernel(node) || node % 8)
        return false;
    raw = g_malloc(size);
    if (!redox_read(walk->redox, node, raw, size))
        return false;
    count = get_le16(raw + tree->count);
    if (count > TREE_CAPACITY || count == 0)
        return false;
    for (unsigned i = 0; i <= count && !walk->stopped; i++) {
        uint64_t key;

        if (height > 0 && !walk_node(walk, get_le64(raw + tree->edges + i * 8), height - 1))
            return false;
        if (i == count || walk->stopped)
            break;
        key = get_le64(raw + tree->keys + i * 8);
        if (walk->seen++ >= walk->length || (walk->seen > 1 && key <= walk->last))
            return false;
        walk->last = key;
        if (walk->visit)
            walk->stopped = !walk->visit(walk->opaque, key, node + tree->values + i * tree->value_size);
    }
    return true;
}

bool redox_map_walk(struct redox *redox, uint64_t map, const struct redox_map *where, const struct redox_btree *tree,
                    bool (*visit)(void *opaque, uint64_t key, uint64_t value), void *opaque)
{
    struct walk walk = {.redox = redox, .tree = tree, .visit = visit, .opaque = opaque};
    uint8_t raw[24];
    uint64_t height, node;

    if (where->at == REDOX_UNKNOWN || !redox_read(redox, map + (uint64_t)where->at, raw, sizeof(raw)))
        return false;
    node = get_le64(raw + where->node * 8ul);
    height = get_le64(raw + where->height * 8ul);
    walk.length = get_le64(raw + where->length * 8ul);
    if (node == 0)
        return walk.length == 0;
    if (height > TREE_HEIGHT_MAX || walk.length > TREE_KEYS_MAX)
        return false;
    if (walk.length == 0) /* a map that was emptied keeps its node */
        return height == 0 && redox_is_kernel(node);
    return walk_node(&walk, node, height) && (walk.stopped || walk.seen == walk.length);
}

struct trial {
    const struct redox_map_search *search;
    const struct redox_btree *tree;
    uint64_t keys;
    bool accepted;
};

static bool try_key(void *opaque, uint64_t key, uint64_t value)
{
    struct trial *trial = opaque;

    trial->keys++;
    if (trial->search->accept && !trial->search->accept(trial->search->opaque, key, value, trial->tree))
        trial->accepted = false;
    return trial->accepted;
}

/* Is it so with all of them? */
static bool try_layout(struct redox *redox, const struct redox_map_search *search, const struct redox_map *where,
                       const struct redox_btree *tree)
{
    struct trial trial = {.search = search, .tree = tree, .accepted = true};

    for (unsigned i = 0; i < search->count; i++) {
        if (!redox_map_walk(redox, search->objects[i], where, tree, try_key, &trial) || !trial.accepted)
            return false;
    }
    return trial.keys >= search->keys_min && (!search->whole || search->whole(search->opaque, where, tree));
}

/* The @number-th order of a leaf's members: the parent, keys and values in any order, then the two short numbers in any order. */
static void leaf_order(unsigned number, unsigned value_size, struct redox_btree *out)
{
    static const uint8_t orders[6][3] = {{0, 1, 2}, {1, 0, 2}, {1, 2, 0}, {2, 1, 0}, {0, 2, 1}, {2, 0, 1}};
    const unsigned sizes[3] = {8, TREE_CAPACITY * 8, TREE_CAPACITY * value_size};
    unsigned at = 0, offsets[3];

    for (unsigned i = 0; i < 3; i++) {
        offsets[orders[number / 2][i]] = at;
        at += sizes[orders[number / 2][i]];
    }
    *out = (struct redox_btree){
        .keys = offsets[1],
        .values = offsets[2],
        .value_size = value_size,
        .count = at + (number % 2) * 2,
        .edges = (at + 4 + 7) / 8 * 8,
    };
}

static bool find_tree(struct redox *redox, const struct redox_map_search *search, const struct redox_map *where,
                      struct redox_btree *tree)
{
    for (unsigned i = 0; i < search->value_size_count; i++) {
        for (unsigned order = 0; order < 12; order++) {
            leaf_order(order, search->value_sizes[i], tree);
            if (try_layout(redox, search, where, tree))
                return true;
        }
    }
    return false;
}

bool redox_map_find(struct redox *redox, const struct redox_map_search *search, struct redox_map *where,
                    struct redox_btree *tree)
{
    static const uint8_t orders[4][3] = {{0, 1, 2}, {1, 0, 2}, {1, 2, 0}, {2, 1, 0}}; /* node, height, length */

    for (unsigned at = search->first; at + 24 <= search->first + search->span; at += 8) {
        for (unsigned i = 0; i < G_N_ELEMENTS(orders); i++) {
            *where = (struct redox_map){(int)at, orders[i][0], orders[i][1], orders[i][2]};
            if (find_tree(redox, search, where, tree))
                return true;
        }
    }
    where->at = REDOX_UNKNOWN;
    return false;
}

/* --- hash tables --- */
/* Which of the four words is what: the control bytes' address, then a mask, then free and used places. */
static bool table_words(const uint8_t *raw, uint64_t *control, uint64_t *buckets, uint64_t others[2])
{
    unsigned found = 0, other = 0;

    for (unsigned i = 0; i < 4; i++) {
        uint64_t word = get_le64(raw + i * 8ul);

        if (redox_is_kernel(word)) {
            *control = word;
            found++;
        } else if (i < 2 && word < TABLE_BUCKETS_MAX && (word & (word + 1)) == 0) {
            *buckets = word + 1; /* the mask stands next to the address */
        } else if (other < 2) {
            others[other++] = word;
        }
    }
    return found == 1 && other == 2 && *buckets > 0;
}

bool redox_table_walk(struct redox *redox, uint64_t table, unsigned entry_size,
                      bool (*visit)(void *opaque, uint64_t entry), void *opaque)
{
    g_autofree uint8_t *controls = NULL;
    uint64_t control = 0, buckets = 0, others[2], full = 0;
    uint8_t raw[32];

    if (!redox_read(redox, table, raw, sizeof(raw)) || !table_words(raw, &control, &buckets, others))
        return false;
    controls = g_malloc(buckets);
    if (!redox_read(redox, control, controls, buckets))
        return false;
    for (uint64_t i = 0; i < buckets; i++)
        full += TABLE_FULL(controls[i]);
    if (full != others[0] && full != others[1])
        return false;
    for (uint64_t i = 0; i < buckets; i++) {
        if (TABLE_FULL(controls[i]) && !visit(opaque, control - (i + 1) * entry_size))
            break;
    }
    return true;
}

/* --- vectors --- */
bool redox_vector(struct redox *redox, uint64_t vector, uint64_t *data, uint64_t *length)
{
    uint8_t raw[24];
    uint64_t capacity = 0;
    bool found = false;
    unsigned numbers = 0;

    if (!redox_read(redox, vector, raw, sizeof(raw)))
        return false;
    for (unsigned i = 0; i < 3; i++) { /* the capacity stands before the length in each order seen */
        uint64_t word = get_le64(raw + i * 8ul);

        if (redox_is_kernel(word) && !found) {
            *data = word;
            found = true;
        } else if (numbers++ == 0) {
            capacity = word;
        } else {
            *length = word;
        }
    }
    if (!found && get_le64(raw) == 0 && get_le64(raw + 16) == 0) { /* empty: a dangling pointer */
        *data = *length = 0;
        return true;
    }
    return found && numbers == 2 && *length <= capacity && capacity < UINT32_MAX;
}
