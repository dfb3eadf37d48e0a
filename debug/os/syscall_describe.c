/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A system call in words: what Redox and Linux share; see syscall_names.h. */
#include "debug/os/syscall_names.h"

#include <string.h>

enum family { FAMILY_UNKNOWN, FAMILY_REDOX, FAMILY_LINUX };

#define REDOX_CLASSES 0xF0000000ULL
#define LINUX_EXECVE_X86_64 59
#define LINUX_EXECVE_AARCH64 221
#define LINUX_PRCTL_X86_64 157
#define LINUX_PRCTL_AARCH64 167

/* While it is not known which system runs, numbers with Redox's class bits tell. */
static enum family family_of(struct os *os, const struct syscall *call)
{
    const char *name = os_name(os, NULL);

    if (name && strcmp(name, "Linux") == 0)
        return FAMILY_LINUX;
    if (name && strcmp(name, "Redox") == 0)
        return FAMILY_REDOX;
    return call->number & REDOX_CLASSES ? FAMILY_REDOX : FAMILY_UNKNOWN;
}

static enum cpu_arch arch_of(struct os *os)
{
    return machine_config(os_machine(os))->arch;
}

static bool find_format(struct os *os, const struct syscall *call, struct syscall_format *out)
{
    switch (family_of(os, call)) {
    case FAMILY_REDOX:
        return syscall_redox_format(call->number, out);
    case FAMILY_LINUX:
        return syscall_linux_format(arch_of(os), call->number, out);
    default:
        return false;
    }
}

static void place_of(const struct syscall_format *format, struct syscall_place *out)
{
    int8_t index = 0;

    for (const char *letter = format->arguments; *letter && index < 6; letter++, index++) {
        if (*letter != 's' && *letter != 'P' && *letter != 'L')
            continue;
        out->pointer = index;
        if (*letter != 's' && index < 5)
            out->length = (int8_t)(index + 1);
        if (*letter == 'L')
            out->mask = 0xFFFF;
        return;
    }
}

bool syscall_path_place(struct os *os, const struct syscall *call, struct syscall_place *out)
{
    struct syscall_format format;

    *out = (struct syscall_place){.pointer = -1, .length = -1, .mask = UINT64_MAX};
    if (find_format(os, call, &format))
        place_of(&format, out);
    return os_name(os, NULL) != NULL;
}

bool syscall_changes_identity(struct os *os, const struct syscall *call)
{
    if (family_of(os, call) != FAMILY_LINUX)
        return false;
    return call->number == (arch_of(os) == CPU_ARCH_AARCH64 ? LINUX_EXECVE_AARCH64 : LINUX_EXECVE_X86_64);
}

bool syscall_may_rename(struct os *os, const struct syscall *call)
{
    static const uint64_t harmless[] = {0x109, 0x9E, 0xF0, 0xA2, 0x22000003, 0x22000023}; /* clocks, waits and reads */

    if (family_of(os, call) == FAMILY_LINUX)
        return syscall_changes_identity(os, call) ||
               call->number == (arch_of(os) == CPU_ARCH_AARCH64 ? LINUX_PRCTL_AARCH64 : LINUX_PRCTL_X86_64);
    for (unsigned i = 0; i < G_N_ELEMENTS(harmless); i++)
        if (call->number == harmless[i])
            return false;
    return true;
}

char *syscall_name(struct os *os, const struct syscall *call)
{
    struct syscall_format format;

    if (find_format(os, call, &format) && format.name)
        return g_strdup(format.name);
    return g_strdup_printf("syscall_0x%" G_GINT64_MODIFIER "x", call->number);
}

bool syscall_failed(const struct syscall *call, const char **name)
{
    bool failed = call->result > (uint64_t)-4096;

    *name = failed ? syscall_error_name((unsigned)-call->result) : NULL;
    return failed;
}

void syscall_append_value(GString *text, uint64_t value, const struct syscall_value *table, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (table[i].value == value) {
            g_string_append(text, table[i].name);
            return;
        }
    }
    g_string_append_printf(text, "0x%" G_GINT64_MODIFIER "x", value);
}

void syscall_append_flags(GString *text, uint64_t value, const struct syscall_value *table, unsigned count)
{
    gsize start = text->len;

    if (!value) {
        syscall_append_value(text, value, table, count);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!table[i].value || (value & table[i].value) != table[i].value)
            continue;
        g_string_append_printf(text, "%s%s", text->len > start ? "|" : "", table[i].name);
        value &= ~table[i].value;
    }
    if (value)
        g_string_append_printf(text, "%s0x%" G_GINT64_MODIFIER "x", text->len > start ? "|" : "", value);
}

bool syscall_append_letter(GString *text, char letter, uint64_t value, const struct syscall_letter *letters,
                           unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (letters[i].letter != letter)
            continue;
        if (letters[i].flags)
            syscall_append_flags(text, value, letters[i].values, letters[i].count);
        else
            syscall_append_value(text, value, letters[i].values, letters[i].count);
        return true;
    }
    return false;
}

static void append_path(GString *text, const struct syscall *call, uint64_t address, bool first)
{
    if (first && call->path[0])
        g_string_append_printf(text, "\"%s\"%s", call->path, strlen(call->path) >= sizeof(call->path) - 1 ? "..." : "");
    else
        g_string_append_printf(text, "0x%" G_GINT64_MODIFIER "x", address);
}

static void append_number(GString *text, char letter, uint64_t value)
{
    switch (letter) {
    case 'd':
        g_string_append_printf(text, "%d", (int)(uint32_t)value);
        break;
    case 'l':
        g_string_append_printf(text, "%" G_GINT64_FORMAT, (gint64)value);
        break;
    case 'u':
        g_string_append_printf(text, "%" G_GUINT64_FORMAT, (guint64)value);
        break;
    case 'o':
        g_string_append_printf(text, "0%" G_GINT64_MODIFIER "o", value & 0xFFFFFFFFu);
        break;
    default:
        g_string_append_printf(text, "0x%" G_GINT64_MODIFIER "x", value);
        break;
    }
}

static void append_arguments(struct os *os, GString *text, const struct syscall *call, const char *letters)
{
    bool redox = family_of(os, call) == FAMILY_REDOX;
    bool first_path = true;

    for (unsigned index = 0; *letters && index < 6; letters++, index++) {
        uint64_t value = call->argument[index];
        if (index)
            g_string_append(text, ", ");
        if (*letters == 's' || *letters == 'P' || *letters == 'L') {
            append_path(text, call, value, first_path);
            first_path = false;
            index += *letters == 'P'; /* of L the second word holds more than the length */
            if (*letters == 'L') {
                index++;
                g_string_append(text, ", ");
                append_number(text, 'x', index < 6 ? call->argument[index] & ~0xFFFFULL : 0);
            }
        } else if (redox && *letters == 'd') {
            append_number(text, 'l', value); /* of all 64 bits: file numbers of the upper table */
        } else if (!(redox ? syscall_redox_argument(text, *letters, value)
                           : syscall_linux_argument(text, arch_of(os), *letters, value))) {
            append_number(text, *letters, value);
        }
    }
}

static void append_result(GString *text, const struct syscall *call, bool hexadecimal)
{
    const char *name;

    g_string_append(text, " = ");
    if (!call->instructions_end)
        g_string_append(text, "?");
    else if (syscall_failed(call, &name) && name)
        g_string_append_printf(text, "-1 %s", name);
    else
        append_number(text, hexadecimal ? 'x' : 'l', call->result);
}

char *syscall_describe(struct os *os, const struct syscall *call)
{
    g_autofree char *name = syscall_name(os, call);
    GString *text = g_string_new(name);
    struct syscall_format format = {.arguments = "xxxxxx", .hexadecimal = true};

    find_format(os, call, &format);
    g_string_append_c(text, '(');
    append_arguments(os, text, call, format.arguments);
    g_string_append_c(text, ')');
    append_result(text, call, format.hexadecimal);
    return g_string_free(text, FALSE);
}
