/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See timeline.h. */
#include "cli/timeline.h"

#include <string.h>

#include "cli/trace_json.h"
#include "debug/os/syscall_names.h"

/* The machine's own process: above all numbers that guests give. */
#define MACHINE_PID 5000000
/* Threads that the system did not name are told apart by their stacks. */
#define UNKNOWN_PID 5000001

/* Calls of one kind that are shorter and nearer to each other than that are shown as one. */
#define LONGEST_POLL 20000 /* ns */
#define LONGEST_GAP 20000

enum machine_track { TRACK_PHASES = 1, TRACK_FIRMWARE, TRACK_INTERRUPTS, TRACK_DEVICES };

struct guest_thread {
    struct trace_track track;
    char name[64];
    bool open;  /* call has not returned */
    bool named; /* and nothing happened since that may have changed it */
    struct syscall call;
    unsigned polls; /* calls that are not written yet, all of one number, one right after the other */
    struct syscall first_poll, last_poll;
};

struct timeline {
    struct machine *machine;
    struct os *os;
    struct trace_json *json;
    const char *phase; /* the one that lasts */
    int64_t phase_start;
    GHashTable *threads; /* of struct guest_thread by its thread's number */
    GPtrArray *devices;  /* names, in the order of their tracks */
};

static struct trace_track machine_track(unsigned tid)
{
    return (struct trace_track){MACHINE_PID, tid};
}

static void enter_phase(struct timeline *timeline, const char *phase, int64_t ns)
{
    trace_json_slice(timeline->json, machine_track(TRACK_PHASES), timeline->phase, timeline->phase_start, ns, NULL);
    timeline->phase = phase;
    timeline->phase_start = ns;
}

static void on_firmware(void *opaque, enum trace_kind kind, const char *source, int64_t ns, const char *text)
{
    struct timeline *timeline = opaque;

    (void)kind;
    trace_json_instant(timeline->json, machine_track(TRACK_FIRMWARE), source, ns, text);
    if (strcmp(source, "BootManager") == 0)
        enter_phase(timeline, "boot loader", ns);
    else if (strcmp(source, "ExitBootServices") == 0)
        enter_phase(timeline, "kernel", ns);
}

static void on_interrupt(void *opaque, enum trace_kind kind, const char *source, int64_t ns, const char *text)
{
    struct timeline *timeline = opaque;
    const char *rest = strstr(text, " pc");
    g_autofree char *name = rest ? g_strndup(text, (gsize)(rest - text)) : g_strdup(text);

    (void)kind;
    (void)source;
    trace_json_instant(timeline->json, machine_track(TRACK_INTERRUPTS), name, ns, text);
}

static void on_device(void *opaque, enum trace_kind kind, const char *source, int64_t ns, const char *text)
{
    struct timeline *timeline = opaque;
    const char *space = strchr(text, ' ');
    g_autofree char *name = space ? g_strndup(text, (gsize)(space - text)) : g_strdup(text);
    guint index = 0;

    (void)kind;
    while (index < timeline->devices->len && strcmp(g_ptr_array_index(timeline->devices, index), source) != 0)
        index++;
    if (index == timeline->devices->len)
        g_ptr_array_add(timeline->devices, g_strdup(source));
    trace_json_instant(timeline->json, machine_track(TRACK_DEVICES + index), name, ns, text);
}

static struct guest_thread *find_thread(struct timeline *timeline, const struct syscall *call)
{
    struct guest_thread *thread = g_hash_table_lookup(timeline->threads, &call->thread);

    if (thread)
        return thread;
    thread = g_new0(struct guest_thread, 1);
    thread->track = (struct trace_track){call->process, call->thread};
    if (call->thread > UINT32_MAX)
        thread->track = (struct trace_track){UNKNOWN_PID, call->thread & 0xFFFFFFFF};
    g_hash_table_insert(timeline->threads, g_memdup2(&call->thread, sizeof(call->thread)), thread);
    return thread;
}

/* The last name is the one shown: a program that another one has become. */
static void learn_name(struct timeline *timeline, struct guest_thread *thread, const struct syscall *call)
{
    struct cpu *cpu = machine_running_cpu(timeline->machine);
    struct os_process process;

    if (!cpu || !os_current(timeline->os, cpu, &process) || process.thread != call->thread)
        return;
    if (process.name[0])
        g_strlcpy(thread->name, process.name, sizeof(thread->name));
    thread->track.pid = process.id;
    thread->named = true;
}

static void write_call(struct timeline *timeline, const struct guest_thread *thread, const struct syscall *call,
                       int64_t end)
{
    g_autofree char *name = syscall_name(timeline->os, call);
    g_autofree char *text = syscall_describe(timeline->os, call);

    trace_json_slice(timeline->json, thread->track, name, call->ns, end, text);
}

/* Whoever waits by asking again and again makes one slice, not a hundred thousand. */
static void write_polls(struct timeline *timeline, struct guest_thread *thread)
{
    if (thread->polls == 1) {
        write_call(timeline, thread, &thread->last_poll, thread->last_poll.ns_end);
    } else if (thread->polls > 1) {
        g_autofree char *name = syscall_name(timeline->os, &thread->last_poll);
        g_autofree char *text = syscall_describe(timeline->os, &thread->last_poll);
        g_autofree char *all = g_strdup_printf("%u times; the last one: %s", thread->polls, text);
        trace_json_slice(timeline->json, thread->track, name, thread->first_poll.ns, thread->last_poll.ns_end, all);
    }
    thread->polls = 0;
}

static void add_poll(struct timeline *timeline, struct guest_thread *thread, const struct syscall *call)
{
    if (thread->polls && (thread->last_poll.number != call->number ||
                          call->ns - thread->last_poll.ns_end > LONGEST_GAP || call->ns_end - call->ns > LONGEST_POLL))
        write_polls(timeline, thread);
    if (!thread->polls++)
        thread->first_poll = *call;
    thread->last_poll = *call;
    if (call->ns_end - call->ns > LONGEST_POLL)
        write_polls(timeline, thread);
}

/* One that will not return. */
static void end_call(struct timeline *timeline, struct guest_thread *thread, int64_t now)
{
    write_polls(timeline, thread);
    write_call(timeline, thread, &thread->call, now);
    thread->open = false;
}

static void on_call(void *opaque, const struct syscall *call)
{
    struct timeline *timeline = opaque;
    struct guest_thread *thread = find_thread(timeline, call);

    if (call->instructions_end) {
        thread->open = false;
        thread->named = thread->named && !syscall_may_rename(timeline->os, call);
        add_poll(timeline, thread, call);
        return;
    }
    if (thread->open) /* it ended there, and another one got its number */
        end_call(timeline, thread, call->ns);
    if (strcmp(timeline->phase, "user space") != 0)
        enter_phase(timeline, "user space", call->ns);
    if (!thread->named)
        learn_name(timeline, thread, call);
    thread->open = true;
    thread->call = *call;
}

struct timeline *timeline_new(struct machine *machine, struct os *os, struct syscalls *syscalls, const char *path,
                              GError **error)
{
    struct trace_json *json = trace_json_new(path, error);
    struct trace *log = machine_trace_log(machine);

    if (!json)
        return NULL;
    struct timeline *timeline = g_new0(struct timeline, 1);
    timeline->machine = machine;
    timeline->os = os;
    timeline->json = json;
    timeline->phase = "firmware";
    timeline->threads = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    timeline->devices = g_ptr_array_new_with_free_func(g_free);
    trace_set_sink(log, TRACE_FIRMWARE, on_firmware, timeline);
    trace_set_sink(log, TRACE_INTERRUPT, on_interrupt, timeline);
    trace_set_sink(log, TRACE_BLOCK, on_device, timeline);
    syscalls_listen(syscalls, on_call, timeline);
    return timeline;
}

static gint compare_threads(gconstpointer left, gconstpointer right)
{
    const struct guest_thread *a = *(struct guest_thread *const *)left, *b = *(struct guest_thread *const *)right;

    if (a->track.pid != b->track.pid)
        return a->track.pid < b->track.pid ? -1 : 1;
    if (a->track.tid != b->track.tid)
        return a->track.tid < b->track.tid ? -1 : 1;
    return a->call.thread < b->call.thread ? -1 : a->call.thread > b->call.thread; /* of those that are not known */
}

static void name_guest(struct timeline *timeline, const struct guest_thread *thread, bool first)
{
    bool known = thread->track.pid != UNKNOWN_PID;
    const char *name = known ? thread->name : "not known";

    if (first)
        trace_json_name_process(timeline->json, thread->track.pid, name, (int)thread->track.pid + 1);
    trace_json_name_thread(timeline->json, thread->track, known ? name : "thread", (int)(thread->track.tid & 0xFFFFFF));
}

static void finish_threads(struct timeline *timeline, int64_t now)
{
    GHashTableIter iterator;
    gpointer value;
    GPtrArray *sorted = g_ptr_array_new();

    g_hash_table_iter_init(&iterator, timeline->threads);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        g_ptr_array_add(sorted, value);
    g_ptr_array_sort(sorted, compare_threads);
    for (guint i = 0; i < sorted->len; i++) {
        struct guest_thread *thread = g_ptr_array_index(sorted, i);
        const struct guest_thread *before = i ? g_ptr_array_index(sorted, i - 1) : NULL;
        if (thread->open)
            end_call(timeline, thread, now);
        write_polls(timeline, thread);
        name_guest(timeline, thread, !before || before->track.pid != thread->track.pid);
    }
    g_ptr_array_unref(sorted);
}

static void name_machine(struct timeline *timeline)
{
    struct trace_json *json = timeline->json;

    trace_json_name_process(json, MACHINE_PID, "machine", 0);
    trace_json_name_thread(json, machine_track(TRACK_PHASES), "boot", TRACK_PHASES);
    trace_json_name_thread(json, machine_track(TRACK_FIRMWARE), "firmware services", TRACK_FIRMWARE);
    trace_json_name_thread(json, machine_track(TRACK_INTERRUPTS), "interrupts", TRACK_INTERRUPTS);
    for (guint i = 0; i < timeline->devices->len; i++)
        trace_json_name_thread(json, machine_track(TRACK_DEVICES + i), g_ptr_array_index(timeline->devices, i),
                               (int)(TRACK_DEVICES + i));
}

bool timeline_finish(struct timeline *timeline, GError **error)
{
    struct trace *log = machine_trace_log(timeline->machine);
    int64_t now = machine_now(timeline->machine);

    trace_set_sink(log, TRACE_FIRMWARE, NULL, NULL);
    trace_set_sink(log, TRACE_INTERRUPT, NULL, NULL);
    trace_set_sink(log, TRACE_BLOCK, NULL, NULL);
    finish_threads(timeline, now);
    enter_phase(timeline, "", now);
    name_machine(timeline);
    bool good = trace_json_close(timeline->json, error);
    g_hash_table_unref(timeline->threads);
    g_ptr_array_unref(timeline->devices);
    g_free(timeline);
    return good;
}
