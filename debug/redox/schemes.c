/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Schemes: the kernel's own and those that programs serve, and the requests that wait for them. */
#include <string.h>

#include "debug/redox/redox.h"
#include "emu/bytes.h"

#define STATIC_SPAN 192u
#define ENTRIES_MAX 65536u
#define INNER_SIZE 256u
#define ARC_HEADER 16u
#define NICHE UINT64_C(0x8000000000000000) /* a tag in place of a capacity: the top bit and a small number */
#define STATES_MAX 4096u
#define STATE_SIZE_MIN 40u
#define STATE_SIZE_MAX 96u
#define KERNEL_SCHEMES_MAX 16u /* numbers that no program's scheme gets */
#define CALL_REASON "UserInner::call"

static const char *const kernel_schemes[] = {NULL,  "debug", "event", "memory",     "pipe", "serio",
                                             "irq", "time",  "sys",   "kernel.proc"}; /* others are optional */

/* --- the table --- */
struct entries {
    struct redox *redox;
    unsigned size, key; /* bytes; offset of the key */
    GArray *out;        /* of struct redox_scheme; inner: the entry's pointer, of whatever */
    bool broken;
};

static bool add_entry(void *opaque, uint64_t entry)
{
    struct entries *entries = opaque;
    struct redox_scheme scheme = {0};
    uint8_t raw[64];

    if (entries->out->len >= ENTRIES_MAX || !redox_read(entries->redox, entry, raw, entries->size)) {
        entries->broken = true;
        return false;
    }
    scheme.id = get_le64(raw + entries->key);
    if (scheme.id == 0 || scheme.id > ENTRIES_MAX) {
        entries->broken = true;
        return false;
    }
    for (unsigned offset = 0; offset < entries->size && scheme.id >= KERNEL_SCHEMES_MAX; offset += 8) {
        if (offset != entries->key && redox_is_kernel(get_le64(raw + offset)) && get_le64(raw + offset) % 8 == 0)
            scheme.inner = get_le64(raw + offset);
    }
    g_array_append_val(entries->out, scheme);
    return true;
}

static gint compare_ids(gconstpointer a, gconstpointer b)
{
    const struct redox_scheme *left = a, *right = b;

    return left->id < right->id ? -1 : left->id > right->id;
}

/* The kernel's own schemes are the first ones; every number is there once. */
static bool is_scheme_table(GArray *schemes)
{
    g_array_sort(schemes, compare_ids);
    for (unsigned i = 0; i < schemes->len; i++) {
        const struct redox_scheme *scheme = &g_array_index(schemes, struct redox_scheme, i);

        if (i + 1 < G_N_ELEMENTS(kernel_schemes) && scheme->id != i + 1)
            return false;
        if (i > 0 && scheme->id == g_array_index(schemes, struct redox_scheme, i - 1).id)
            return false;
    }
    return schemes->len + 1 >= G_N_ELEMENTS(kernel_schemes);
}

static GArray *find_table(struct redox *redox)
{
    static const struct {
        unsigned size, key;
    } shapes[] = {{24, 0}, {24, 16}, {24, 8}, {32, 0}, {32, 24}, {16, 0}, {16, 8}};

    for (unsigned offset = 0; redox->schemes_at && offset < STATIC_SPAN; offset += 8) {
        for (unsigned i = 0; i < G_N_ELEMENTS(shapes); i++) {
            GArray *out = g_array_new(FALSE, FALSE, sizeof(struct redox_scheme));
            struct entries entries = {.redox = redox, .size = shapes[i].size, .key = shapes[i].key, .out = out};

            if (redox_table_walk(redox, redox->schemes_at + offset, entries.size, add_entry, &entries) &&
                !entries.broken && is_scheme_table(out))
                return out;
            g_array_free(out, TRUE);
        }
    }
    return NULL;
}

/* --- what stands behind one --- */
static bool is_context(const GArray *contexts, uint64_t address)
{
    for (unsigned i = 0; i < contexts->len; i++) {
        if (g_array_index(contexts, uint64_t, i) == address)
            return true;
    }
    return false;
}

/* A scheme that a program serves refers to its context, to its own number, and (where the kernel knows it) to its name. */
static void read_inner(struct redox *redox, const GArray *contexts, struct redox_scheme *scheme)
{
    uint8_t raw[INNER_SIZE];
    bool own_number = false;

    if (!redox_read(redox, scheme->inner, raw, sizeof(raw)))
        return;
    for (unsigned offset = ARC_HEADER; offset + 16 <= INNER_SIZE; offset += 8) {
        uint64_t word = get_le64(raw + offset), length = get_le64(raw + offset + 8);

        own_number |= word == scheme->id;
        if (is_context(contexts, word) && !scheme->context)
            scheme->context = word;
        else if (redox_is_kernel(word) && length > 0 && length < sizeof(scheme->name) && !scheme->name[0] &&
                 (!redox_text(redox, word, length, scheme->name, sizeof(scheme->name)) || strchr(scheme->name, ' ')))
            scheme->name[0] = 0;
    }
    if (own_number && scheme->context)
        return;
    scheme->context = 0;
    scheme->inner = 0;
    g_strlcpy(scheme->name, "", sizeof(scheme->name)); /* a namespace's root, or served by nobody any more */
}

/* Tables for ACPI and device trees come behind the others, each if it was compiled in. */
static const char *kernel_scheme(struct redox *redox, uint64_t id)
{
    bool acpi = redox_symbol(redox, "kernel::scheme::acpi::HANDLES") != 0;

    if (id < G_N_ELEMENTS(kernel_schemes))
        return kernel_schemes[id];
    if (id == G_N_ELEMENTS(kernel_schemes))
        return acpi ? "kernel.acpi" : "kernel.dtb";
    return id == G_N_ELEMENTS(kernel_schemes) + 1 && acpi ? "kernel.dtb" : "";
}

GArray *redox_scheme_list(struct redox *redox)
{
    g_autoptr(GArray) contexts = redox_contexts(redox);
    GArray *schemes = contexts ? find_table(redox) : NULL;

    for (unsigned i = 0; schemes && i < schemes->len; i++) {
        struct redox_scheme *scheme = &g_array_index(schemes, struct redox_scheme, i);

        if (scheme->id < KERNEL_SCHEMES_MAX)
            g_strlcpy(scheme->name, kernel_scheme(redox, scheme->id), sizeof(scheme->name));
        else if (scheme->inner)
            read_inner(redox, contexts, scheme);
    }
    return schemes;
}

/* --- requests --- */
/* Where a scheme keeps the states of its requests, and where in one the waiting context stands. */
struct states {
    unsigned vector, size, context;
};

/* A state begins with its tag, or with the capacity of a vector if it waits with one: it waits unless it is tagged otherwise. */
static bool is_state(uint64_t word)
{
    return word < UINT32_MAX || (word >= NICHE && word < NICHE + 16);
}

static bool state_waits(uint64_t word)
{
    return word <= NICHE;
}

static uint8_t *read_states(struct redox *redox, const struct redox_scheme *scheme, const struct states *where,
                            uint64_t *count)
{
    uint64_t data;
    uint8_t *states;

    *count = 0;
    if (!scheme->inner || !redox_vector(redox, scheme->inner + where->vector, &data, count) || *count == 0 ||
        *count > STATES_MAX)
        return NULL;
    states = g_malloc(*count * where->size);
    if (redox_read(redox, data, states, *count * where->size))
        return states;
    g_free(states);
    return NULL;
}

/* How many requests of @context the scheme has; -1: these are no states. */
static int count_requests(struct redox *redox, const struct redox_scheme *scheme, const struct states *where,
                          uint64_t context)
{
    uint64_t count;
    g_autofree uint8_t *states = read_states(redox, scheme, where, &count);
    int found = 0;

    for (uint64_t i = 0; states && i < count; i++) {
        const uint8_t *state = states + i * where->size;

        if (!is_state(get_le64(state)))
            return -1;
        found += state_waits(get_le64(state)) && get_le64(state + where->context) == context;
    }
    return found;
}

/* Each context that waits for an answer has one request, and it is with one scheme. */
static bool states_fit(struct redox *redox, const GArray *schemes, const GArray *waiting, const struct states *where)
{
    for (unsigned i = 0; i < waiting->len; i++) {
        int found = 0;

        for (unsigned k = 0; k < schemes->len; k++) {
            int requests = count_requests(redox, &g_array_index(schemes, struct redox_scheme, k), where,
                                          g_array_index(waiting, uint64_t, i));

            if (requests < 0)
                return false;
            found += requests;
        }
        if (found != 1)
            return false;
    }
    return waiting->len > 0;
}

static bool find_states(struct redox *redox, const GArray *schemes, const GArray *waiting, struct states *out)
{
    uint64_t size;
    bool known = symbols_type_size(redox->symbols, "slab::Entry<kernel::scheme::user::State>", &size);

    for (out->vector = ARC_HEADER; out->vector + 24 <= INNER_SIZE; out->vector += 8) {
        for (out->size = known ? (unsigned)size : STATE_SIZE_MIN; out->size <= (known ? size : STATE_SIZE_MAX);
             out->size += 8) {
            for (out->context = 8; out->context + 8 <= out->size; out->context += 8) {
                if (states_fit(redox, schemes, waiting, out))
                    return true;
            }
        }
    }
    return false;
}

/* Those that wait for an answer, whoever owes it. */
static GArray *waiting_contexts(struct redox *redox)
{
    g_autoptr(GArray) contexts = redox_contexts(redox);
    GArray *out = g_array_new(FALSE, FALSE, sizeof(uint64_t));

    for (unsigned i = 0; contexts && i < contexts->len; i++) {
        uint64_t object = g_array_index(contexts, uint64_t, i);
        struct redox_context context;

        if (redox_context(redox, object, &context) && g_str_has_prefix(context.reason, CALL_REASON))
            g_array_append_val(out, object);
    }
    return out;
}

static void append_context(struct redox *redox, GString *out, uint64_t object)
{
    struct redox_context context;

    if (!redox_context(redox, object, &context)) {
        g_string_append(out, "a context that is gone");
        return;
    }
    redox_complete_name(redox, &context.process);
    g_string_append_printf(out, "%s (%" G_GUINT64_FORMAT ", thread %" G_GUINT64_FORMAT ")", context.process.name,
                           context.process.id, context.process.thread);
}

static void append_waiting(struct redox *redox, GString *out, const struct redox_scheme *scheme, const GArray *waiting,
                           const struct states *where)
{
    const char *before = "; waiting: ";

    for (unsigned i = 0; i < waiting->len; i++) {
        uint64_t context = g_array_index(waiting, uint64_t, i);

        if (count_requests(redox, scheme, where, context) <= 0)
            continue;
        g_string_append(out, before);
        append_context(redox, out, context);
        before = ", ";
    }
}

char *redox_schemes(struct redox *redox, GError **error)
{
    g_autoptr(GArray) schemes = redox_scheme_list(redox), waiting = waiting_contexts(redox);
    struct states states;
    bool known;
    GString *out;

    if (!schemes) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "schemes: where the kernel keeps its schemes is not known");
        return NULL;
    }
    known = find_states(redox, schemes, waiting, &states);
    out = g_string_new("  id  scheme              served by, and who waits for it\n");
    for (unsigned i = 0; i < schemes->len; i++) {
        const struct redox_scheme *scheme = &g_array_index(schemes, struct redox_scheme, i);

        g_string_append_printf(out, "%4" G_GUINT64_FORMAT "  %-18s  ", scheme->id,
                               scheme->name[0] ? scheme->name : "-");
        if (scheme->context)
            append_context(redox, out, scheme->context);
        else
            g_string_append(out, "the kernel");
        if (known)
            append_waiting(redox, out, scheme, waiting, &states);
        g_string_append_c(out, '\n');
    }
    for (unsigned i = 0; !known && i < waiting->len; i++) {
        g_string_append(out, i ? ", " : "waiting, for whom is not known: ");
        append_context(redox, out, g_array_index(waiting, uint64_t, i));
    }
    return g_string_free(out, FALSE);
}
