/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See stub.h: packets by their first letter ("Debugging with GDB", E.2), registers and memory. */
#include "debug/gdb/stub_internal.h"
#include "emu/bytes.h"

#include <string.h>

#define ERROR_ARGUMENT "E16" /* EINVAL */
#define ERROR_MEMORY "E0e"   /* EFAULT */

struct gdb_stub *gdb_stub_new(struct debugger *debugger, char *(*monitor)(void *opaque, const char *line), void *opaque)
{
    struct gdb_stub *stub = g_new0(struct gdb_stub, 1);

    stub->debugger = debugger;
    stub->monitor = monitor;
    stub->opaque = opaque;
    stub->target = gdb_target_new(machine_config(debugger_machine(debugger))->arch);
    stub->points = g_array_new(FALSE, TRUE, sizeof(struct gdb_point));
    stub->listed = g_array_new(FALSE, TRUE, sizeof(uint64_t));
    gdb_stub_connect(stub);
    return stub;
}

void gdb_stub_free(struct gdb_stub *stub)
{
    if (!stub)
        return;
    gdb_remove_points(stub);
    gdb_target_free(stub->target);
    g_array_free(stub->points, TRUE);
    g_array_free(stub->listed, TRUE);
    g_free(stub);
}

void gdb_stub_connect(struct gdb_stub *stub)
{
    stub->thread = 1;
    stub->processes = stub->physical = stub->swbreak = stub->hwbreak = false;
    stub->stop = DEBUGGER_STOP_REQUEST;
}

void gdb_stub_disconnect(struct gdb_stub *stub)
{
    gdb_remove_points(stub);
}

bool gdb_stub_ended(const struct gdb_stub *stub)
{
    return stub->ended;
}

struct cpu *gdb_cpu(struct gdb_stub *stub)
{
    struct machine *machine = debugger_machine(stub->debugger);

    if (stub->thread >= 1 && stub->thread <= machine_config(machine)->cpus)
        return machine_cpu(machine, (unsigned)stub->thread - 1);
    return debugger_cpu(stub->debugger);
}

struct find_thread {
    uint64_t thread;
    struct os_process *out;
    bool found;
};

static void compare_thread(void *opaque, const struct os_process *process)
{
    struct find_thread *find = opaque;

    if (find->found || process->thread != find->thread)
        return;
    *find->out = *process;
    find->found = true;
}

bool gdb_find_process(struct gdb_stub *stub, uint64_t thread, struct os_process *out)
{
    struct find_thread find = {.thread = thread - GDB_PROCESS_THREADS, .out = out};
    g_autofree char *why = NULL;

    if (thread < GDB_PROCESS_THREADS)
        return false;
    os_each(debugger_os(stub->debugger), compare_thread, &find, &why);
    return find.found;
}

bool gdb_process_frame(struct gdb_stub *stub, struct unwind_frame *out)
{
    struct os_process process;

    return gdb_find_process(stub, stub->thread, &process) && os_registers(debugger_os(stub->debugger), &process, out);
}

void gdb_space(struct gdb_stub *stub, struct space *out)
{
    struct machine *machine = debugger_machine(stub->debugger);
    struct os_process process;

    if (gdb_find_process(stub, stub->thread, &process) && process.root)
        space_of_root(machine, gdb_cpu(stub), process.root, out);
    else
        space_current(machine, gdb_cpu(stub), out);
}

static void read_registers(struct gdb_stub *stub, GString *reply)
{
    struct unwind_frame frame;
    bool process = gdb_process_frame(stub, &frame);

    for (unsigned i = 0; i < stub->target->general; i++)
        gdb_target_read(gdb_target_register(stub->target, i), gdb_cpu(stub), process ? &frame : NULL, reply);
}

/* "E." and a sentence: GDB shows it to its user. */
static void append_error(const GError *error, GString *reply)
{
    g_string_append_printf(reply, "E.%s", error->message);
}

static void write_registers(struct gdb_stub *stub, const char *text, size_t length, GString *reply)
{
    struct machine *machine = debugger_machine(stub->debugger);
    g_autoptr(GError) error = NULL;

    if (!change_allowed(machine, &error)) {
        append_error(error, reply);
        return;
    }
    for (unsigned i = 0; i < stub->target->general; i++) {
        const struct gdb_register *reg = gdb_target_register(stub->target, i);
        size_t digits = reg->bits / 4;
        if (length < digits)
            break;
        gdb_target_write(reg, machine, gdb_cpu(stub), text, digits, NULL); /* what cannot be written stays */
        text += digits;
        length -= digits;
    }
    g_string_append(reply, "OK");
}

static void read_register(struct gdb_stub *stub, const char *text, GString *reply)
{
    struct unwind_frame frame;
    uint64_t number;
    const struct gdb_register *reg =
        gdb_parse_number(&text, &number) ? gdb_target_register(stub->target, number) : NULL;

    if (reg)
        gdb_target_read(reg, gdb_cpu(stub), gdb_process_frame(stub, &frame) ? &frame : NULL, reply);
    else
        g_string_append(reply, ERROR_ARGUMENT);
}

static void write_register(struct gdb_stub *stub, const char *text, GString *reply)
{
    uint64_t number;
    const struct gdb_register *reg =
        gdb_parse_number(&text, &number) && *text == '=' ? gdb_target_register(stub->target, number) : NULL;
    g_autoptr(GError) error = NULL;

    if (!reg || stub->thread >= GDB_PROCESS_THREADS)
        g_string_append(reply, ERROR_ARGUMENT);
    else if (!gdb_target_write(reg, debugger_machine(stub->debugger), gdb_cpu(stub), text + 1, strlen(text + 1),
                               &error))
        append_error(error, reply);
    else
        g_string_append(reply, "OK");
}

/* "address,length", and what follows. */
static bool parse_range(const char **text, uint64_t *address, uint64_t *length)
{
    if (!gdb_parse_number(text, address) || **text != ',')
        return false;
    ++*text;
    return gdb_parse_number(text, length);
}

static void read_memory(struct gdb_stub *stub, const char *text, GString *reply)
{
    uint8_t bytes[GDB_PACKET_SIZE / 2];
    uint64_t address, length;
    struct space space;
    size_t got;

    if (!parse_range(&text, &address, &length)) {
        g_string_append(reply, ERROR_ARGUMENT);
        return;
    }
    length = MIN(length, sizeof(bytes));
    if (stub->physical) {
        const void *host = memory_pointer(machine_memory(debugger_machine(stub->debugger)), address, length);
        got = host ? length : 0; /* RAM: a device's register would change by being read */
        if (host)
            memcpy(bytes, host, length);
    } else {
        gdb_space(stub, &space);
        got = space_read(&space, address, bytes, length);
    }
    if (got || !length)
        gdb_append_hex(reply, bytes, got);
    else
        g_string_append(reply, ERROR_MEMORY);
}

static void store(struct gdb_stub *stub, uint64_t address, const uint8_t *bytes, size_t length, GString *reply)
{
    g_autoptr(GError) error = NULL;
    struct space space;
    bool done;

    if (stub->physical) {
        done = change_physical(debugger_machine(stub->debugger), address, bytes, length, &error);
    } else {
        gdb_space(stub, &space);
        done = change_memory(&space, address, bytes, length, &error);
    }
    if (done)
        g_string_append(reply, "OK");
    else
        append_error(error, reply);
}

static void write_memory(struct gdb_stub *stub, const char *packet, size_t length, GString *reply)
{
    uint8_t bytes[GDB_PACKET_SIZE];
    const char *text = packet + 1;
    uint64_t address, count;

    if (!parse_range(&text, &address, &count) || *text != ':') {
        g_string_append(reply, ERROR_ARGUMENT);
        return;
    }
    text++;
    size_t left = length - (size_t)(text - packet);
    size_t got = left;
    if (*packet == 'M')
        got = gdb_parse_hex(text, left, bytes, sizeof(bytes));
    else
        memcpy(bytes, text, left);
    if (got != count)
        g_string_append(reply, ERROR_ARGUMENT);
    else
        store(stub, address, bytes, got, reply);
}

/* "-1" all, "0" any. */
static bool parse_thread(struct gdb_stub *stub, const char *text, uint64_t *thread)
{
    struct os_process process;

    if (*text == '-') {
        *thread = 1;
        return true;
    }
    if (!gdb_parse_number(&text, thread))
        return false;
    if (!*thread)
        *thread = cpu_index(debugger_cpu(stub->debugger)) + 1;
    return *thread <= machine_config(debugger_machine(stub->debugger))->cpus ||
           gdb_find_process(stub, *thread, &process);
}

static void choose_thread(struct gdb_stub *stub, const char *text, GString *reply)
{
    uint64_t thread;

    if ((*text != 'g' && *text != 'c') || !parse_thread(stub, text + 1, &thread)) {
        g_string_append(reply, ERROR_ARGUMENT);
        return;
    }
    if (*text == 'g') /* what runs is the whole machine */
        stub->thread = thread;
    g_string_append(reply, "OK");
}

static void thread_alive(struct gdb_stub *stub, const char *text, GString *reply)
{
    uint64_t thread;

    g_string_append(reply, parse_thread(stub, text, &thread) ? "OK" : ERROR_ARGUMENT);
}

/* vCont;action[:thread]…: the first action that is no plain continue decides; the machine runs as a whole. */
static enum gdb_action vcont(struct gdb_stub *stub, const char *text, GString *reply)
{
    stub->run.kind = GDB_RUN_CONTINUE;
    while (*text == ';') {
        const char action = *++text;
        text += action != '\0';
        if (action == 's' || action == 'S') {
            stub->run.kind = GDB_RUN_STEP;
            break;
        }
        if (action == 'r') {
            stub->run.kind = GDB_RUN_RANGE;
            if (parse_range(&text, &stub->run.start, &stub->run.end))
                break;
        }
        if ((action != 'c' && action != 'C')) {
            g_string_append(reply, ERROR_ARGUMENT);
            return GDB_ACTION_REPLY;
        }
        text += strcspn(text, ";");
    }
    return GDB_ACTION_RUN;
}

static enum gdb_action v_packet(struct gdb_stub *stub, const char *packet, GString *reply)
{
    if (strcmp(packet, "vCont?") == 0) {
        g_string_append(reply, "vCont;c;C;s;S;r");
        return GDB_ACTION_REPLY;
    }
    if (g_str_has_prefix(packet, "vCont;"))
        return vcont(stub, packet + 5, reply);
    if (g_str_has_prefix(packet, "vKill")) {
        g_string_append(reply, "OK");
        return GDB_ACTION_KILL;
    }
    return GDB_ACTION_REPLY; /* not known: an empty answer */
}

/* c, s, C, S with an optional address to go on at. */
static enum gdb_action resume(struct gdb_stub *stub, const char *packet, GString *reply)
{
    const char *text = packet + 1;
    g_autoptr(GError) error = NULL;
    uint64_t address;

    stub->run.kind = *packet == 's' || *packet == 'S' ? GDB_RUN_STEP : GDB_RUN_CONTINUE;
    if (*packet == 'C' || *packet == 'S') { /* "C sig;addr" */
        text += strcspn(text, ";");
        text += *text == ';';
    }
    if (!gdb_parse_number(&text, &address))
        return GDB_ACTION_RUN;
    uint8_t value[16] = {0};
    put_le64(value, address);
    unsigned pc = (unsigned)register_find(stub->target->arch, "pc");
    if (change_register(debugger_machine(stub->debugger), gdb_cpu(stub), pc, value, &error))
        return GDB_ACTION_RUN;
    append_error(error, reply);
    return GDB_ACTION_REPLY;
}

enum gdb_action gdb_stub_packet(struct gdb_stub *stub, const char *packet, size_t length, GString *reply)
{
    switch (length ? *packet : '\0') {
    case '?':
        gdb_append_stop(stub, reply);
        return GDB_ACTION_REPLY;
    case 'g':
        read_registers(stub, reply);
        return GDB_ACTION_REPLY;
    case 'G':
        write_registers(stub, packet + 1, length - 1, reply);
        return GDB_ACTION_REPLY;
    case 'p':
        read_register(stub, packet + 1, reply);
        return GDB_ACTION_REPLY;
    case 'P':
        write_register(stub, packet + 1, reply);
        return GDB_ACTION_REPLY;
    case 'm':
        read_memory(stub, packet + 1, reply);
        return GDB_ACTION_REPLY;
    case 'M':
    case 'X':
        write_memory(stub, packet, length, reply);
        return GDB_ACTION_REPLY;
    case 'H':
        choose_thread(stub, packet + 1, reply);
        return GDB_ACTION_REPLY;
    case 'T':
        thread_alive(stub, packet + 1, reply);
        return GDB_ACTION_REPLY;
    case 'Z':
        gdb_insert_point(stub, packet + 1, reply);
        return GDB_ACTION_REPLY;
    case 'z':
        gdb_remove_point(stub, packet + 1, reply);
        return GDB_ACTION_REPLY;
    case 'c':
    case 'C':
    case 's':
    case 'S':
        return resume(stub, packet, reply);
    case 'v':
        return v_packet(stub, packet, reply);
    case 'q':
    case 'Q':
        return gdb_query(stub, packet, length, reply);
    case 'D':
        g_string_append(reply, "OK");
        return GDB_ACTION_DETACH;
    case 'k': /* LLDB waits for an answer, GDB for none */
        g_string_append(reply, "X09");
        return GDB_ACTION_KILL;
    default:
        return GDB_ACTION_REPLY; /* not known: an empty answer */
    }
}
