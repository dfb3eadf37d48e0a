/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces: their grants, which are the ranges of memory that a program may use and what stands behind each. */
#include <string.h>

#include "debug/redox/redox.h"
#include "emu/bytes.h"

#define SPACE_FIRST 16u /* behind the Arc's counters */
#define SPACE_SPAN 192u
#define GRANT_SIZE_MAX 128u
#define PAGES_MAX (UINT64_C(1) << 35)
#define FLAG_ADDRESS UINT64_C(0x000FFFFFFFFFF000) /* bits of an entry that are none of its flags */

enum provider { /* the tags, in the order of declaration */
                PROVIDER_ALLOCATED,
                PROVIDER_SHARED,
                PROVIDER_PHYSICAL,
                PROVIDER_EXTERNAL,
                PROVIDER_FILE,
                PROVIDERS
};

/* --- layout --- */
struct grant_sample {
    uint64_t key, next; /* pages; the next grant's in the same space, else UINT64_MAX */
    uint8_t raw[GRANT_SIZE_MAX];
};

struct gathering {
    struct redox *redox;
    GArray *samples; /* of struct grant_sample */
    uint64_t last;
};

static GArray *all_spaces(struct redox *redox)
{
    g_autoptr(GArray) contexts = redox_contexts(redox);
    GArray *spaces = g_array_new(FALSE, FALSE, sizeof(uint64_t));

    for (unsigned i = 0; contexts && i < contexts->len; i++) {
        struct redox_context context;
        bool seen = false;

        if (!redox_context(redox, g_array_index(contexts, uint64_t, i), &context) || !context.addr_space)
            continue;
        for (unsigned k = 0; k < spaces->len && !seen; k++)
            seen = g_array_index(spaces, uint64_t, k) == context.addr_space;
        if (!seen && redox_is_arc(redox, context.addr_space))
            g_array_append_val(spaces, context.addr_space);
    }
    return spaces;
}

static bool is_grant_key(void *opaque, uint64_t key, uint64_t value, const struct redox_btree *tree)
{
    return key < PAGES_MAX * REDOX_PAGE;
}

static bool gather(void *opaque, uint64_t key, uint64_t value)
{
    struct gathering *gathering = opaque;
    struct grant_sample sample = {.key = key, .next = UINT64_MAX};

    if (gathering->last != UINT64_MAX)
        g_array_index(gathering->samples, struct grant_sample, gathering->last).next = key;
    if (!redox_read(gathering->redox, value, sample.raw, gathering->redox->layout.grant_tree.value_size))
        return false;
    gathering->last = gathering->samples->len;
    g_array_append_val(gathering->samples, sample);
    return true;
}

static bool pages_fit(const struct redox_layout *layout, const GArray *samples, unsigned offset)
{
    uint64_t unit = layout->grant_keys_are_pages ? 1 : REDOX_PAGE;

    for (unsigned i = 0; i < samples->len; i++) {
        const struct grant_sample *sample = &g_array_index(samples, struct grant_sample, i);
        uint64_t pages = get_le64(sample->raw + offset);

        if (pages == 0 || pages > PAGES_MAX || pages * unit > sample->next - sample->key)
            return false;
    }
    return true;
}

/* Bits of a page table's entry: valid and for user programs, without an address. */
static bool flags_fit(const struct redox *redox, const GArray *samples, unsigned offset)
{
    uint64_t user = machine_config(redox->machine)->arch == CPU_ARCH_X86_64 ? 1 << 2 : 1 << 6;

    for (unsigned i = 0; i < samples->len; i++) {
        uint64_t flags = get_le64(g_array_index(samples, struct grant_sample, i).raw + offset);

        if ((flags & 1) == 0 || (flags & user) == 0 || flags & FLAG_ADDRESS)
            return false;
    }
    return true;
}

static bool provider_fits(const GArray *samples, unsigned offset)
{
    bool seen[PROVIDERS] = {false};
    unsigned kinds = 0;

    for (unsigned i = 0; i < samples->len; i++) {
        unsigned tag = g_array_index(samples, struct grant_sample, i).raw[offset];

        if (tag >= PROVIDERS)
            return false;
        kinds += !seen[tag];
        seen[tag] = true;
    }
    return kinds > 1;
}

static void find_members(struct redox *redox, const GArray *samples)
{
    struct redox_layout *layout = &redox->layout;
    unsigned pages = 0, flags = 0, providers = 0;

    for (unsigned offset = 0; offset + 8 <= layout->grant_tree.value_size; offset += 8) {
        if (pages_fit(layout, samples, offset)) {
            layout->grant_pages = (int)offset;
            pages++;
        } else if (flags_fit(redox, samples, offset)) {
            layout->grant_flags = (int)offset;
            flags++;
        } else if (provider_fits(samples, offset) && offset + 32 <= layout->grant_tree.value_size) {
            layout->grant_provider = (int)offset;
            providers++;
        }
    }
    if (pages != 1)
        layout->grant_pages = REDOX_UNKNOWN;
    if (flags != 1)
        layout->grant_flags = REDOX_UNKNOWN;
    if (providers != 1)
        layout->grant_provider = REDOX_UNKNOWN;
}

struct whole_search {
    struct redox *redox;
    const GArray *spaces;
};

/* Are values of this layout grants, in all spaces? */
static bool are_grants(void *opaque, const struct redox_map *where, const struct redox_btree *tree)
{
    const struct whole_search *search = opaque;
    struct redox *redox = search->redox;
    struct redox_layout *layout = &redox->layout;
    g_autoptr(GArray) samples = g_array_new(FALSE, FALSE, sizeof(struct grant_sample));

    layout->grant_tree = *tree;
    layout->grant_keys_are_pages = false;
    for (unsigned i = 0; i < search->spaces->len; i++) {
        struct gathering gathering = {.redox = redox, .samples = samples, .last = UINT64_MAX};

        redox_map_walk(redox, g_array_index(search->spaces, uint64_t, i), where, tree, gather, &gathering);
    }
    for (unsigned i = 0; i < samples->len; i++)
        layout->grant_keys_are_pages |= g_array_index(samples, struct grant_sample, i).key % REDOX_PAGE != 0;
    if (layout->by_dwarf && layout->grant_pages != REDOX_UNKNOWN && layout->grant_provider != REDOX_UNKNOWN)
        return pages_fit(layout, samples, (unsigned)layout->grant_pages) &&
               provider_fits(samples, (unsigned)layout->grant_provider);
    find_members(redox, samples);
    return layout->grant_pages != REDOX_UNKNOWN && layout->grant_flags != REDOX_UNKNOWN &&
           layout->grant_provider != REDOX_UNKNOWN;
}

static bool find_tree(struct redox *redox, const GArray *spaces)
{
    static const unsigned sizes[] = {56, 48, 64, 40, 72, 80};
    struct redox_layout *layout = &redox->layout;
    struct whole_search whole = {redox, spaces};
    const int known_at = layout->grants.at;
    uint64_t size;
    unsigned known = 0;
    struct redox_map_search search = {
        .objects = (const uint64_t *)(const void *)spaces->data,
        .count = spaces->len,
        .first = known_at == REDOX_UNKNOWN ? SPACE_FIRST : (unsigned)known_at,
        .span = known_at == REDOX_UNKNOWN ? SPACE_SPAN : 24,
        .value_sizes = sizes,
        .value_size_count = G_N_ELEMENTS(sizes),
        .keys_min = 2 * spaces->len,
        .accept = is_grant_key,
        .whole = are_grants,
        .opaque = &whole,
    };

    if (symbols_type_size(redox->symbols, "kernel::context::memory::GrantInfo", &size) && size <= GRANT_SIZE_MAX) {
        known = (unsigned)size;
        search.value_sizes = &known;
        search.value_size_count = 1;
    }
    if (redox_map_find(redox, &search, &layout->grants, &layout->grant_tree))
        return true;
    layout->grants.at = known_at;
    return false;
}

/* Finds out where grants are, once; false: not known. */
static bool lay_out_grants(struct redox *redox)
{
    g_autoptr(GArray) spaces = NULL;

    if (redox->grants_laid_out)
        return true;
    spaces = all_spaces(redox);
    redox->grants_laid_out = spaces->len > 1 && find_tree(redox, spaces);
    return redox->grants_laid_out;
}

/* --- grants --- */
struct listing {
    struct redox *redox;
    GArray *out; /* of struct redox_grant */
};

/*
 * What stands behind it is told by its tag, and where by what the words after it are.  A file may stand behind own memory, in the
 * first word or not at all.
 */
static void read_provider(struct redox *redox, const uint8_t *raw, struct redox_grant *out)
{
    const uint8_t *words = raw + redox->layout.grant_provider + 8;
    uint64_t unit = redox->layout.grant_keys_are_pages ? REDOX_PAGE : 1;

    out->kind = words[-8] < PROVIDERS ? (enum redox_grant_kind)(words[-8] + 1) : REDOX_GRANT_UNKNOWN;
    if (out->kind == REDOX_GRANT_PHYSICAL)
        out->offset = get_le64(words);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t word = get_le64(words + i * 8ul);

        if (!redox_is_arc(redox, word) || (out->kind == REDOX_GRANT_ALLOCATED && i > 0))
            continue;
        if (out->kind == REDOX_GRANT_EXTERNAL)
            out->offset = get_le64(words + (i == 0 ? 8 : 0)) * unit;
        else if (out->kind == REDOX_GRANT_FILE || out->kind == REDOX_GRANT_ALLOCATED)
            out->offset = i < 2 ? get_le64(words + i * 8ul + 8) : 0;
        else
            continue;
        out->object = word;
        break;
    }
}

static bool read_grant(void *opaque, uint64_t key, uint64_t value)
{
    struct listing *listing = opaque;
    struct redox *redox = listing->redox;
    const struct redox_layout *layout = &redox->layout;
    struct redox_grant grant = {.start = layout->grant_keys_are_pages ? key * REDOX_PAGE : key};
    uint8_t raw[GRANT_SIZE_MAX + 32] = {0};

    if (!redox_read(redox, value, raw, layout->grant_tree.value_size))
        return false;
    grant.size = get_le64(raw + layout->grant_pages) * REDOX_PAGE;
    if (layout->grant_flags != REDOX_UNKNOWN) {
        grant.flags = get_le64(raw + layout->grant_flags);
        grant.flags_known = true;
    }
    if (layout->grant_provider != REDOX_UNKNOWN)
        read_provider(redox, raw, &grant);
    g_array_append_val(listing->out, grant);
    return true;
}

GArray *redox_grants(struct redox *redox, uint64_t addr_space)
{
    struct listing listing = {.redox = redox};

    if (!addr_space || !lay_out_grants(redox))
        return NULL;
    listing.out = g_array_new(FALSE, FALSE, sizeof(struct redox_grant));
    if (redox_map_walk(redox, addr_space, &redox->layout.grants, &redox->layout.grant_tree, read_grant, &listing))
        return listing.out;
    g_array_free(listing.out, TRUE);
    return NULL;
}

void redox_grant_rights(struct redox *redox, const struct redox_grant *grant, char out[4])
{
    bool x86_64 = machine_config(redox->machine)->arch == CPU_ARCH_X86_64;
    bool write = x86_64 ? grant->flags & 1 << 1 : !(grant->flags & 1 << 7),
         execute = x86_64 ? !(grant->flags >> 63) : !(grant->flags >> 54 & 1); /* UXN */

    g_strlcpy(out, "---", 4);
    if (!grant->flags_known) {
        g_strlcpy(out, "???", 4);
        return;
    }
    out[0] = grant->flags & 1 ? 'r' : '-';
    out[1] = write ? 'w' : '-';
    out[2] = execute ? 'x' : '-';
}

static void describe_grant(struct redox *redox, const struct redox_grant *grant, GString *out)
{
    g_autofree char *owner = NULL;

    switch (grant->kind) {
    case REDOX_GRANT_ALLOCATED:
    case REDOX_GRANT_FILE:
        owner = grant->object ? redox_describe_file(redox, grant->object) : NULL;
        if (owner)
            g_string_append_printf(out, "%s from 0x%" G_GINT64_MODIFIER "x%s", owner, grant->offset,
                                   grant->kind == REDOX_GRANT_FILE ? " shared" : " private");
        else
            g_string_append(out, grant->kind == REDOX_GRANT_FILE ? "file" : "private");
        break;
    case REDOX_GRANT_SHARED:
        g_string_append(out, "shared");
        break;
    case REDOX_GRANT_PHYSICAL:
        g_string_append_printf(out, "physical 0x%" G_GINT64_MODIFIER "x", grant->offset);
        break;
    case REDOX_GRANT_EXTERNAL:
        owner = redox_describe_space(redox, grant->object);
        g_string_append_printf(out, "of %s from 0x%" G_GINT64_MODIFIER "x", owner, grant->offset);
        break;
    default:
        g_string_append(out, "?");
        break;
    }
}

char *redox_describe_space(struct redox *redox, uint64_t addr_space)
{
    g_autoptr(GArray) contexts = redox_contexts(redox);

    for (unsigned i = 0; contexts && i < contexts->len; i++) {
        struct redox_context context;

        if (!redox_context(redox, g_array_index(contexts, uint64_t, i), &context) || context.addr_space != addr_space)
            continue;
        redox_complete_name(redox, &context.process);
        return g_strdup_printf("%s (%" G_GUINT64_FORMAT ")", context.process.name, context.process.id);
    }
    return g_strdup("a space without a process");
}

char *redox_maps(struct redox *redox, const struct redox_context *context, GError **error)
{
    g_autoptr(GArray) grants = redox_grants(redox, context->addr_space);
    GString *out;

    if (!grants) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "maps: %s",
                    context->addr_space ? "where the kernel keeps its grants is not known"
                                        : "a kernel thread has no space of its own");
        return NULL;
    }
    out = g_string_new(NULL);
    for (unsigned i = 0; i < grants->len; i++) {
        const struct redox_grant *grant = &g_array_index(grants, struct redox_grant, i);
        char rights[4];

        redox_grant_rights(redox, grant, rights);
        g_string_append_printf(out,
                               "%016" G_GINT64_MODIFIER "x-%016" G_GINT64_MODIFIER "x %s %8" G_GUINT64_FORMAT " KiB  ",
                               grant->start, grant->start + grant->size, rights, grant->size / 1024);
        describe_grant(redox, grant, out);
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}
