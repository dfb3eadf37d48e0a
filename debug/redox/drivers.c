/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes are drivers: those without which there is no system, thus the kernel's first one and all of the initial file
 * system, init too; and whoever serves a scheme or waits for an interrupt.
 */
#include "debug/redox/redox.h"

#define INITFS "/scheme/initfs/"
#define AGAIN 20000000 /* instructions until one that was none is looked at again */

struct verdict {
    uint64_t thread;
    bool driver;
    uint64_t at; /* instructions */
};

static bool serves_scheme(struct redox *redox, const struct redox_context *context)
{
    g_autoptr(GArray) schemes = redox_scheme_list(redox);

    for (unsigned i = 0; schemes && i < schemes->len; i++) {
        uint64_t server = g_array_index(schemes, struct redox_scheme, i).context;
        struct redox_context other;

        if (server == context->object || (server && context->addr_space && redox_context(redox, server, &other) &&
                                          other.addr_space == context->addr_space))
            return true;
    }
    return false;
}

static bool holds_interrupt(struct redox *redox, const struct redox_context *context)
{
    g_autoptr(GArray) files = redox_files(redox, context->object);

    for (unsigned i = 0; files && i < files->len; i++) {
        if (g_array_index(files, struct redox_file, i).scheme == REDOX_SCHEME_IRQ)
            return true;
    }
    return false;
}

bool redox_is_driver(struct redox *redox, const struct redox_context *context)
{
    uint64_t now = machine_instructions(redox->machine), key = context->object;
    struct verdict *verdict;

    if (!context->addr_space)
        return false;
    if (context->process.name[0] == '[' || g_str_has_prefix(context->process.name, INITFS))
        return true;
    verdict = g_hash_table_lookup(redox->drivers, &key);
    if (!verdict) {
        verdict = g_new0(struct verdict, 1);
        g_hash_table_insert(redox->drivers, g_memdup2(&key, sizeof(key)), verdict);
    } else if (verdict->thread == context->process.thread &&
               (verdict->driver || (now >= verdict->at && now - verdict->at < AGAIN))) {
        return verdict->driver;
    }
    verdict->thread = context->process.thread;
    verdict->at = now;
    verdict->driver = serves_scheme(redox, context) || holds_interrupt(redox, context);
    return verdict->driver;
}
