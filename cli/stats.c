/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --stats: figures of a run as JSON. */
#include <errno.h>
#include <json-glib/json-glib.h>

#include "cli/session.h"
#include "emu/host/pages.h"

static const char *reason_name(enum machine_stop reason)
{
    static const char *const names[] = {
        [MACHINE_STOP_NONE] = "none",         [MACHINE_STOP_POWER_OFF] = "power-off",
        [MACHINE_STOP_RESET] = "reset",       [MACHINE_STOP_GUEST_EXIT] = "guest-exit",
        [MACHINE_STOP_CRASH] = "crash",       [MACHINE_STOP_REFUSED] = "refused",
        [MACHINE_STOP_LIMIT] = "limit",       [MACHINE_STOP_IDLE] = "idle",
        [MACHINE_STOP_REQUEST] = "request",   [MACHINE_STOP_BREAK] = "break",
        [MACHINE_STOP_DIVERGED] = "diverged",
    };

    return names[reason];
}

static void add_int(JsonBuilder *builder, const char *name, int64_t value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

static void add_text(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

static void add_hash(JsonBuilder *builder, const char *name, uint64_t hash)
{
    g_autofree char *text = g_strdup_printf("%016" G_GINT64_MODIFIER "x", hash);

    add_text(builder, name, text);
}

bool session_write_stats(struct session *session, enum machine_stop reason, int status, GError **error)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonGenerator) generator = json_generator_new();
    struct machine *machine = session->machine;
    int64_t wall = host_monotonic() - session->started;
    uint64_t instructions = machine_instructions(machine);
    const struct machine_config *config = machine_config(machine);

    json_builder_begin_object(builder);
    add_int(builder, "instructions", (int64_t)instructions);
    add_int(builder, "virtual_ns", machine_now(machine));
    add_int(builder, "wall_ns", wall);
    json_builder_set_member_name(builder, "mips");
    json_builder_add_double_value(builder, (double)instructions * 1e3 / (double)(wall ? wall : 1));
    add_hash(builder, "state_hash", machine_state_hash(machine));
    add_hash(builder, "serial_hash", session_serial_hash(session));
    add_text(builder, "stop_reason", reason_name(reason));
    add_int(builder, "exit_status", status);
    add_text(builder, "arch", config->arch == CPU_ARCH_X86_64 ? "x86_64" : "aarch64");
    add_int(builder, "cpus", config->cpus);
    json_builder_end_object(builder);

    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    if (json_generator_to_file(generator, session->options->stats, error))
        return true;
    g_prefix_error(error, "--stats: ");
    return false;
}
