/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See scheme_trace.h; Sqe and Cqe as in version 2 of Redox's scheme protocol (redox_syscall 0.6 and 0.9). */
#include "debug/os/scheme_trace.h"

#include <string.h>

#include "debug/os/syscall_names.h"
#include "emu/bytes.h"

#define SYS_OPEN 0x10100005u
#define SYS_CLOSE 0x20000006u
#define SYS_READ 0x22000003u
#define SYS_WRITE 0x21000004u
#define OPEN_CREATES 0x02000000u
#define CLASS_PATH 1u

#define REQUEST_SIZE 64u /* opcode, flags, 16 bits, tag, six arguments, caller */
#define REQUEST_TAG 4
#define REQUEST_ARGUMENTS 8
#define REQUEST_CALLER 56
#define ANSWER_SIZE 16u /* flags, 24 bits, tag, result */
#define ANSWER_KIND 7u
#define ANSWER_IS_EVENT 2u
#define MOST_AT_ONCE 64u
#define MOST_SOCKETS 1024u
#define MOST_WAITING 65536u

/* A socket: an open file of a server, whose threads share one space. */
struct socket {
    uint64_t root, fd; /* these two are the key */
    char name[60];
    GHashTable *waiting; /* tag of a request -> time when it was read */
};

struct scheme_trace {
    struct machine *machine;
    struct os *os;
    GHashTable *sockets;
};

/* Opcode.. with the number of arguments that mean something. */
static const struct {
    const char *name;
    unsigned arguments;
} opcodes[] = {
    {"open", 3},      {"rmdir", 2},    {"unlink", 2},    {"close", 1},        {"dup", 3},      {"read", 5},
    {"write", 5},     {"fsize", 1},    {"fchmod", 2},    {"fchown", 3},       {"fcntl", 3},    {"fevent", 2},
    {"sendfd", 4},    {"fpath", 3},    {"frename", 3},   {"fstat", 3},        {"fstatvfs", 3}, {"fsync", 1},
    {"ftruncate", 2}, {"futimens", 3}, {"mmap_prep", 4}, {"request_mmap", 4}, {"mremap", 4},   {"munmap", 4},
    {"msync", 4},     {"cancel", 0},   {"getdents", 5},  {"close_msg", 1},    {"call", 5},     {"openat", 5},
    {"flink", 3},     {"recvfd", 4},   {"unlinkat", 4},  {"std_fs_call", 5},  {"detach", 1},
};

char *scheme_request_describe(const uint8_t bytes[64])
{
    if (bytes[0] >= G_N_ELEMENTS(opcodes))
        return NULL;
    GString *text = g_string_new(opcodes[bytes[0]].name);
    g_string_append_c(text, '(');
    for (unsigned i = 0; i < opcodes[bytes[0]].arguments; i++) {
        uint64_t value = get_le64(bytes + REQUEST_ARGUMENTS + i * 8);
        g_string_append_printf(text, value < 65536 ? "%s%" G_GUINT64_FORMAT : "%s0x%" G_GINT64_MODIFIER "x",
                               i ? ", " : "", value);
    }
    g_string_append_c(text, ')');
    return g_string_free(text, FALSE);
}

static guint socket_hash(gconstpointer key)
{
    const struct socket *socket = key;
    uint64_t mixed = socket->root ^ socket->fd << 40 ^ socket->fd;

    return g_int64_hash(&mixed);
}

static gboolean socket_equal(gconstpointer left, gconstpointer right)
{
    const struct socket *a = left, *b = right;

    return a->root == b->root && a->fd == b->fd;
}

static void socket_free(gpointer data)
{
    struct socket *socket = data;

    g_hash_table_unref(socket->waiting);
    g_free(socket);
}

static struct socket *find_socket(struct scheme_trace *trace, uint64_t root, uint64_t fd)
{
    const struct socket key = {.root = root, .fd = fd};

    return g_hash_table_lookup(trace->sockets, &key);
}

/* open(":name", OPEN_CREATES) makes a scheme. */
static void add_socket(struct scheme_trace *trace, uint64_t root, const struct syscall *call)
{
    struct socket *socket;

    if (g_hash_table_size(trace->sockets) >= MOST_SOCKETS)
        g_hash_table_remove_all(trace->sockets);
    socket = g_new0(struct socket, 1);
    socket->root = root;
    socket->fd = call->result;
    g_strlcpy(socket->name, call->path + 1, sizeof(socket->name));
    socket->waiting = g_hash_table_new_full(g_int_hash, g_int_equal, g_free, g_free);
    g_hash_table_replace(trace->sockets, socket, socket);
    trace_event(machine_trace_log(trace->machine), TRACE_SCHEME, socket->name, "created by %" G_GUINT64_FORMAT,
                call->process);
}

/* Which argument of a request points to a path; its length follows; more than 4: none does. */
static unsigned path_argument(uint8_t opcode)
{
    enum { OPEN = 0, RMDIR = 1, UNLINK = 2, OPENAT = 29, UNLINKAT = 32, NONE = 5 };

    if (opcode == OPEN || opcode == RMDIR || opcode == UNLINK)
        return 0;
    return opcode == OPENAT || opcode == UNLINKAT ? 1 : NONE;
}

/* The path of an open stands in the server's memory as long as it has the request. */
static char *path_of(const struct space *space, const uint8_t *request)
{
    unsigned first = path_argument(request[0]);

    if (first > 4)
        return NULL;
    uint64_t address = get_le64(request + REQUEST_ARGUMENTS + first * 8);
    uint64_t length = get_le64(request + REQUEST_ARGUMENTS + first * 8 + 8);
    return length ? space_read_text(space, address, MIN(length, 255)) : NULL;
}

static void write_request(struct scheme_trace *trace, struct socket *socket, const struct space *space,
                          const uint8_t *request)
{
    g_autofree char *text = scheme_request_describe(request);
    g_autofree char *path = path_of(space, request);
    uint32_t tag = get_le32(request + REQUEST_TAG);
    int64_t now = machine_now(trace->machine);

    if (!text)
        return;
    if (g_hash_table_size(socket->waiting) < MOST_WAITING)
        g_hash_table_replace(socket->waiting, g_memdup2(&tag, sizeof(tag)), g_memdup2(&now, sizeof(now)));
    trace_event(machine_trace_log(trace->machine), TRACE_SCHEME, socket->name,
                "request %u from %" G_GUINT64_FORMAT ": %s%s%s%s", tag, get_le64(request + REQUEST_CALLER), text,
                path ? " \"" : "", path ? path : "", path ? "\"" : "");
}

static void write_answer(struct scheme_trace *trace, struct socket *socket, const uint8_t *answer)
{
    const struct syscall result = {.result = get_le64(answer + 8)};
    struct trace *log = machine_trace_log(trace->machine);
    uint32_t tag = get_le32(answer + 4);
    const int64_t *asked = g_hash_table_lookup(socket->waiting, &tag);
    const char *name;

    if ((answer[0] & ANSWER_KIND) == ANSWER_IS_EVENT) {
        trace_event(log, TRACE_SCHEME, socket->name, "event 0x%x of %" G_GUINT64_FORMAT, tag, result.result);
        return;
    }
    g_autofree char *time =
        asked ? g_strdup_printf(" <%" G_GINT64_FORMAT " ns>", machine_now(trace->machine) - *asked) : g_strdup("");
    if (syscall_failed(&result, &name) && name)
        trace_event(log, TRACE_SCHEME, socket->name, "answer %u: %s%s", tag, name, time);
    else
        trace_event(log, TRACE_SCHEME, socket->name, "answer %u: %" G_GUINT64_FORMAT "%s", tag, result.result, time);
    g_hash_table_remove(socket->waiting, &tag);
}

/* Requests that a read has brought, answers that a write takes away. */
static void look_at_buffer(struct scheme_trace *trace, struct socket *socket, const struct space *space,
                           const struct syscall *call, bool answers)
{
    uint64_t size = answers ? ANSWER_SIZE : REQUEST_SIZE;
    uint64_t length = answers ? call->argument[2] : call->result;
    uint64_t count = MIN(length / size, MOST_AT_ONCE);
    uint8_t bytes[REQUEST_SIZE];

    for (uint64_t i = 0; i < count; i++) {
        if (space_read(space, call->argument[1] + i * size, bytes, size) != size)
            return;
        if (answers)
            write_answer(trace, socket, bytes);
        else
            write_request(trace, socket, space, bytes);
    }
}

static void on_return(struct scheme_trace *trace, const struct space *space, const struct syscall *call)
{
    const char *error;
    bool failed = syscall_failed(call, &error);

    if (call->number == SYS_OPEN && call->path[0] == ':' && call->argument[2] & OPEN_CREATES && !failed) {
        add_socket(trace, space->root, call);
    } else if (call->number >> 28 == CLASS_PATH && g_str_has_prefix(call->path, "/scheme/")) {
        g_autofree char *text = syscall_describe(trace->os, call);
        g_auto(GStrv) parts = g_strsplit(call->path, "/", 4);
        trace_event(machine_trace_log(trace->machine), TRACE_SCHEME, parts[2] && *parts[2] ? parts[2] : "scheme",
                    "by %" G_GUINT64_FORMAT ": %s", call->process, text);
    } else if (call->number == SYS_CLOSE && !failed) {
        const struct socket key = {.root = space->root, .fd = call->argument[0]};
        g_hash_table_remove(trace->sockets, &key);
    } else if (call->number == SYS_READ && !failed && call->result % REQUEST_SIZE == 0) {
        struct socket *socket = find_socket(trace, space->root, call->argument[0]);
        if (socket)
            look_at_buffer(trace, socket, space, call, false);
    }
}

static void on_event(void *opaque, const struct syscall *call)
{
    struct scheme_trace *trace = opaque;
    struct cpu *cpu = machine_running_cpu(trace->machine);
    bool entry = !call->instructions_end;
    struct space space;

    if (!cpu || (entry && call->number != SYS_WRITE) || (!entry && call->number >> 28 == 0))
        return;
    space_current(trace->machine, cpu, &space);
    if (!entry) {
        on_return(trace, &space, call);
        return;
    }
    struct socket *socket = find_socket(trace, space.root, call->argument[0]);
    if (socket && call->argument[2] % ANSWER_SIZE == 0)
        look_at_buffer(trace, socket, &space, call, true);
}

struct scheme_trace *scheme_trace_new(struct machine *machine, struct os *os, struct syscalls *syscalls)
{
    struct scheme_trace *trace = g_new0(struct scheme_trace, 1);

    trace->machine = machine;
    trace->os = os;
    trace->sockets = g_hash_table_new_full(socket_hash, socket_equal, NULL, socket_free);
    syscalls_listen(syscalls, on_event, trace);
    return trace;
}

void scheme_trace_free(struct scheme_trace *trace)
{
    if (!trace)
        return;
    g_hash_table_unref(trace->sockets);
    g_free(trace);
}
