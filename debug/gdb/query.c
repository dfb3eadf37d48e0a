/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * General queries ("Debugging with GDB", E.4), those of LLDB (its docs/lldb-gdb-remote.txt), and QEMU's for physical memory.
 */
#include <string.h>

#include "debug/gdb/stub_internal.h"

#define THREADS_IN_A_REPLY 32
#define HALF_OF_MEMORY "0x8000000000000000"

static void append_hex_text(GString *reply, const char *text)
{
    gdb_append_hex(reply, text, strlen(text));
}

static void supported(struct gdb_stub *stub, const char *packet, GString *reply)
{
    stub->swbreak = strstr(packet, "swbreak+") != NULL;
    stub->hwbreak = strstr(packet, "hwbreak+") != NULL;
    g_string_append_printf(reply,
                           "PacketSize=%x;qXfer:features:read+;qXfer:memory-map:read+;qXfer:threads:read+;"
                           "QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+",
                           GDB_PACKET_SIZE);
}

/* "m" with more to come, "l" with the last part. */
static void append_part(const char *document, size_t length, const char *range, GString *reply)
{
    uint64_t offset, count;

    if (!gdb_parse_number(&range, &offset) || *range != ',') {
        g_string_append(reply, "E00");
        return;
    }
    range++;
    if (!gdb_parse_number(&range, &count)) {
        g_string_append(reply, "E00");
        return;
    }
    offset = MIN(offset, length);
    count = MIN(count, length - offset);
    count = MIN(count, GDB_PACKET_SIZE / 2); /* room for escapes */
    g_string_append_c(reply, offset + count < length ? 'm' : 'l');
    g_string_append_len(reply, document + offset, (gssize)count);
}

static void append_thread_xml(void *opaque, const struct os_process *process)
{
    g_autofree char *name = g_markup_escape_text(process->name, -1);

    g_string_append_printf(
        opaque, "<thread id=\"%" G_GINT64_MODIFIER "x\" name=\"%s\">pid %" G_GINT64_MODIFIER "u, %s</thread>",
        process->thread + GDB_PROCESS_THREADS, name, process->id, process->state);
}

static GString *threads_document(struct gdb_stub *stub)
{
    GString *xml = g_string_new("<?xml version=\"1.0\"?><threads>");
    unsigned cpus = machine_config(debugger_machine(stub->debugger))->cpus;
    g_autofree char *why = NULL;

    for (unsigned i = 0; i < cpus; i++)
        g_string_append_printf(xml, "<thread id=\"%x\" core=\"%u\" name=\"CPU %u\"/>", i + 1, i, i);
    if (stub->processes)
        os_each(debugger_os(stub->debugger), append_thread_xml, xml, &why);
    g_string_append(xml, "</threads>");
    return xml;
}

/* Everything is RAM to the client: what is mapped changes all the time. */
static const char memory_map[] =
    "<?xml version=\"1.0\"?><!DOCTYPE memory-map SYSTEM \"gdb-memory-map.dtd\"><memory-map>"
    "<memory type=\"ram\" start=\"0x0\" length=\"" HALF_OF_MEMORY "\"/>"
    "<memory type=\"ram\" start=\"" HALF_OF_MEMORY "\" length=\"" HALF_OF_MEMORY "\"/></memory-map>";

static void transfer(struct gdb_stub *stub, const char *object, GString *reply)
{
    if (g_str_has_prefix(object, "features:read:target.xml:")) {
        append_part(stub->target->xml, strlen(stub->target->xml), strrchr(object, ':') + 1, reply);
    } else if (g_str_has_prefix(object, "memory-map:read::")) {
        append_part(memory_map, strlen(memory_map), strrchr(object, ':') + 1, reply);
    } else if (g_str_has_prefix(object, "threads:read::")) {
        GString *xml = threads_document(stub);
        append_part(xml->str, xml->len, strrchr(object, ':') + 1, reply);
        g_string_free(xml, TRUE);
    } else if (g_str_has_prefix(object, "features:read:")) {
        g_string_append(reply, "E00");
    }
}

static void add_thread(void *opaque, const struct os_process *process)
{
    uint64_t thread = process->thread + GDB_PROCESS_THREADS;

    g_array_append_val((GArray *)opaque, thread);
}

static void list_threads(struct gdb_stub *stub, bool first, GString *reply)
{
    g_autofree char *why = NULL;

    if (first) {
        g_array_set_size(stub->listed, 0);
        for (uint64_t i = 1; i <= machine_config(debugger_machine(stub->debugger))->cpus; i++)
            g_array_append_val(stub->listed, i);
        if (stub->processes)
            os_each(debugger_os(stub->debugger), add_thread, stub->listed, &why);
    }
    guint count = MIN(stub->listed->len, THREADS_IN_A_REPLY);
    g_string_append_c(reply, count ? 'm' : 'l');
    for (guint i = 0; i < count; i++)
        g_string_append_printf(reply, "%s%" G_GINT64_MODIFIER "x", i ? "," : "",
                               g_array_index(stub->listed, uint64_t, i));
    if (count)
        g_array_remove_range(stub->listed, 0, count);
}

static void describe_thread(struct gdb_stub *stub, const char *text, GString *reply)
{
    g_autofree char *description = NULL;
    struct os_process process;
    uint64_t thread;

    if (!gdb_parse_number(&text, &thread)) {
        g_string_append(reply, "E16");
        return;
    }
    if (gdb_find_process(stub, thread, &process))
        description = g_strdup_printf("%s, pid %" G_GINT64_MODIFIER "u, %s", process.name, process.id, process.state);
    else if (thread && thread <= machine_config(debugger_machine(stub->debugger))->cpus)
        description = g_strdup_printf(
            "CPU %u%s", (unsigned)thread - 1,
            cpu_is_halted(machine_cpu(debugger_machine(stub->debugger), (unsigned)thread - 1)) ? ", halted" : "");
    append_hex_text(reply, description ? description : "gone");
}

/* The stub's own words of `monitor`; the rest is the debugger's. */
static char *monitor(struct gdb_stub *stub, const char *line)
{
    if (strcmp(line, "threads processes") == 0 || strcmp(line, "threads cpus") == 0) {
        stub->processes = strcmp(line, "threads processes") == 0;
        return g_strdup(stub->processes ? "The guest's threads are listed from now on; they can be looked at.\n"
                                        : "CPUs alone are listed from now on.\n");
    }
    if (stub->monitor)
        return stub->monitor(stub->opaque, line);
    return g_strdup("monitor knows: threads processes|cpus\n");
}

static void remote_command(struct gdb_stub *stub, const char *hex, GString *reply)
{
    char line[1024];
    size_t length = gdb_parse_hex(hex, strlen(hex), (uint8_t *)line, sizeof(line) - 1);
    g_autofree char *text = NULL;

    line[length] = '\0';
    text = monitor(stub, g_strstrip(line));
    if (text && *text) {
        size_t fits = MIN(strlen(text), GDB_PACKET_SIZE / 2 - 8);
        gdb_append_hex(reply, text, fits);
    } else {
        g_string_append(reply, "OK");
    }
}

static void host_info(struct gdb_stub *stub, bool process, GString *reply)
{
    if (process)
        g_string_append(reply, "pid:1;");
    g_string_append(reply, "triple:");
    append_hex_text(reply, stub->target->arch == CPU_ARCH_AARCH64 ? "aarch64-unknown-none" : "x86_64-unknown-none");
    g_string_append(reply, ";endian:little;ptrsize:8;");
}

static void memory_region(struct gdb_stub *stub, const char *text, GString *reply)
{
    struct space space;
    struct space_walk walk;
    uint64_t address;

    if (!gdb_parse_number(&text, &address)) {
        g_string_append(reply, "E16");
        return;
    }
    gdb_space(stub, &space);
    space_walk(&space, address, &walk);
    uint64_t size = walk.mapped && walk.page_size ? walk.page_size : 4096;
    g_string_append_printf(reply, "start:%" G_GINT64_MODIFIER "x;size:%" G_GINT64_MODIFIER "x;", address & ~(size - 1),
                           size);
    if (walk.mapped)
        g_string_append_printf(reply, "permissions:r%s%s;", walk.writable ? "w" : "", walk.executable ? "x" : "");
}

static void set_physical(struct gdb_stub *stub, const char *text, GString *reply)
{
    stub->physical = *text == '1';
    g_string_append(reply, "OK");
}

static bool is_query(const char *packet, const char *name, const char **rest)
{
    if (!g_str_has_prefix(packet, name))
        return false;
    *rest = packet + strlen(name);
    return true;
}

/* Queries with arguments; false: it is none of these. */
static bool long_query(struct gdb_stub *stub, const char *packet, GString *reply)
{
    const char *rest;

    if (is_query(packet, "qSupported", &rest))
        supported(stub, rest, reply);
    else if (is_query(packet, "qXfer:", &rest))
        transfer(stub, rest, reply);
    else if (is_query(packet, "qThreadExtraInfo,", &rest))
        describe_thread(stub, rest, reply);
    else if (is_query(packet, "qRcmd,", &rest))
        remote_command(stub, rest, reply);
    else if (is_query(packet, "qMemoryRegionInfo:", &rest))
        memory_region(stub, rest, reply);
    else if (is_query(packet, "Qqemu.PhyMemMode:", &rest))
        set_physical(stub, rest, reply);
    else if (is_query(packet, "qAttached", &rest))
        g_string_append(reply, "1");
    else if (is_query(packet, "qSymbol", &rest))
        g_string_append(reply, "OK");
    else
        return false;
    return true;
}

enum gdb_action gdb_query(struct gdb_stub *stub, const char *packet, size_t length, GString *reply)
{
    (void)length;
    if (long_query(stub, packet, reply))
        return GDB_ACTION_REPLY;
    if (strcmp(packet, "QStartNoAckMode") == 0) {
        g_string_append(reply, "OK");
        return GDB_ACTION_NO_ACK;
    }
    if (strcmp(packet, "qfThreadInfo") == 0)
        list_threads(stub, true, reply);
    else if (strcmp(packet, "qsThreadInfo") == 0)
        list_threads(stub, false, reply);
    else if (strcmp(packet, "qC") == 0)
        g_string_append_printf(reply, "QC%x", cpu_index(debugger_cpu(stub->debugger)) + 1);
    else if (strcmp(packet, "qHostInfo") == 0)
        host_info(stub, false, reply);
    else if (strcmp(packet, "qProcessInfo") == 0)
        host_info(stub, true, reply);
    else if (strcmp(packet, "qqemu.PhyMemMode") == 0)
        g_string_append(reply, stub->physical ? "1" : "0");
    else if (strcmp(packet, "qWatchpointSupportInfo:") == 0)
        g_string_append(reply, "num:64;");
    return GDB_ACTION_REPLY;
}
