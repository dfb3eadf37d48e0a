/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kernels say on the console when they give up: for those whose symbols are not known.  The state is then that of the message, not
 * of the moment before it, and the report says so.
 */
#include <stdlib.h>
#include <string.h>

#include "debug/trap/internal.h"

static bool knows_places(const struct traps *traps)
{
    return traps->places->len > 0;
}

static void kernel_panic(struct traps *traps, struct cpu *cpu, const char *message)
{
    struct trap *trap = trap_capture(traps, cpu, NULL);

    trap->noticed = TRAP_AT_TEXT;
    trap->frame.user = false;
    trap->message = g_strstrip(g_strdup(message));
    trap_raise(traps, trap);
}

/* "UNHANDLED EXCEPTION, CPU #0, PID 12, NAME /usr/lib/drivers/e1000d, CONTEXT 0x…" */
static void unhandled_exception(struct traps *traps, struct cpu *cpu, const char *line)
{
    struct trap *trap = trap_capture(traps, cpu, NULL);
    const char *pid = strstr(line, "PID "), *name = strstr(line, "NAME ");

    trap->noticed = TRAP_AT_TEXT;
    trap->frame.user = true;
    trap->message = g_strdup("unhandled exception");
    if (pid)
        trap->process.id = strtoull(pid + 4, NULL, 10);
    if (name)
        g_strlcpy(trap->process.name, name + 5, MIN(sizeof(trap->process.name), strcspn(name + 5, ",") + 1));
    trap->process.driver = strstr(trap->process.name, "/drivers/") || strstr(trap->process.name, "/initfs/");
    trap->process_known = true;
    trap_raise(traps, trap);
}

void trap_text_line(struct traps *traps, const char *line)
{
    static const char *const panics[] = {"KERNEL PANIC: ", "Kernel panic - not syncing: "};
    struct cpu *cpu = machine_running_cpu(traps->machine);
    const char *found;

    if (!cpu || knows_places(traps))
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(panics); i++) {
        found = strstr(line, panics[i]);
        if (found) {
            kernel_panic(traps, cpu, found + strlen(panics[i]));
            return;
        }
    }
    found = strstr(line, "UNHANDLED EXCEPTION, ");
    if (found)
        unhandled_exception(traps, cpu, found);
}

char *trap_text_panic(const struct traps *traps)
{
    g_autofree char *text = g_strndup(traps->console, traps->console_length);
    char *found = g_strrstr(text, "panicked at ");

    if (!found)
        return NULL;
    char *end = strchr(found, '\n');
    if (end && end[-1] == ':' && end[1]) /* the message is on the next line */
        end = strchr(end + 1, '\n');
    if (end)
        *end = 0;
    return g_strdelimit(g_strstrip(g_strdup(found)), "\r\n", ' ');
}

static void add_byte(struct traps *traps, char byte)
{
    if (traps->console_length == TRAP_CONSOLE - 1) {
        memmove(traps->console, traps->console + TRAP_CONSOLE / 2, TRAP_CONSOLE / 2);
        traps->console_length -= TRAP_CONSOLE / 2;
    }
    traps->console[traps->console_length++] = byte;
    traps->console[traps->console_length] = 0;
}

void traps_console(struct traps *traps, const uint8_t *data, size_t length)
{
    if (!traps->kinds)
        return;
    for (size_t i = 0; i < length; i++) {
        if (data[i] != '\n') {
            add_byte(traps, data[i] ? (char)data[i] : ' ');
            continue;
        }
        const char *start = strrchr(traps->console, '\n');
        g_autofree char *line = g_strdup(start ? start + 1 : traps->console);
        add_byte(traps, '\n');
        if (strstr(line, "PANIC") || strstr(line, "EXCEPTION") || strstr(line, "panic"))
            trap_text_line(traps, line);
    }
}
