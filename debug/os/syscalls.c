/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See syscalls.h.  A thread is known by the top of its kernel stack; which thread of the system that is, is asked of the operating
 * system once: when the thread first calls, and when it may be another one.
 */
#include "debug/os/syscalls.h"

#include <string.h>

#include "debug/os/syscall_gate.h"
#include "debug/os/syscall_names.h"

#define MOST_THREADS 16384

struct thread {
    uint64_t resume; /* where the newest call's caller goes on */
    uint64_t process, thread;
    bool identified;
    bool open;      /* the newest call has not returned */
    unsigned count; /* of kept calls */
    unsigned next;
    struct syscall kept[SYSCALLS_KEPT];
};

struct listener {
    void (*event)(void *opaque, const struct syscall *call);
    void *opaque;
};

/* Which arguments are a path is asked once a number. */
struct cached_place {
    uint64_t number;
    bool valid;
    struct syscall_place place;
};

struct syscalls {
    struct machine *machine;
    struct os *os;
    struct syscall_gate gate;
    bool on;
    GHashTable *threads; /* of struct thread by the top of the kernel stack */
    uint64_t last_stack; /* the one of the last event, */
    struct thread *last; /* and its entry in the table */
    uint64_t last_instructions;
    GArray *listeners;
    struct cached_place places[256];
};

struct syscalls *syscalls_new(struct machine *machine, struct os *os)
{
    struct syscalls *syscalls = g_new0(struct syscalls, 1);

    syscalls->machine = machine;
    syscalls->os = os;
    syscalls->threads = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    syscalls->listeners = g_array_new(FALSE, FALSE, sizeof(struct listener));
    return syscalls;
}

void syscalls_free(struct syscalls *syscalls)
{
    if (!syscalls)
        return;
    syscalls_enable(syscalls, false);
    g_hash_table_unref(syscalls->threads);
    g_array_unref(syscalls->listeners);
    g_free(syscalls);
}

static void forget_all(struct syscalls *syscalls)
{
    g_hash_table_remove_all(syscalls->threads);
    syscalls->last = NULL;
}

static struct thread *find(struct syscalls *syscalls, uint64_t stack, bool make)
{
    if (syscalls->last && syscalls->last_stack == stack)
        return syscalls->last;
    struct thread *thread = g_hash_table_lookup(syscalls->threads, &stack);
    if (!thread && !make)
        return NULL;
    if (!thread) {
        if (g_hash_table_size(syscalls->threads) >= MOST_THREADS)
            forget_all(syscalls);
        thread = g_new0(struct thread, 1);
        g_hash_table_insert(syscalls->threads, g_memdup2(&stack, sizeof(stack)), thread);
    }
    syscalls->last_stack = stack;
    syscalls->last = thread;
    return thread;
}

static void identify(struct syscalls *syscalls, struct cpu *cpu, struct thread *thread, uint64_t stack)
{
    struct os_process process;
    bool known = os_current(syscalls->os, cpu, &process);

    if (!known) {
        process.id = 0;
        process.thread = stack;
    }
    if (thread->identified && (process.id != thread->process || process.thread != thread->thread))
        thread->count = thread->next = 0; /* the calls of the one that had this stack before */
    thread->process = process.id;
    thread->thread = process.thread;
    thread->identified = known;
}

static void tell(struct syscalls *syscalls, const struct syscall *call)
{
    for (guint i = 0; i < syscalls->listeners->len; i++) {
        const struct listener *listener = &g_array_index(syscalls->listeners, struct listener, i);
        listener->event(listener->opaque, call);
    }
}

static struct syscall_place path_place(struct syscalls *syscalls, const struct syscall *call)
{
    struct cached_place *cached =
        &syscalls->places[(call->number ^ call->number >> 20) % G_N_ELEMENTS(syscalls->places)];

    if (!cached->valid || cached->number != call->number) {
        cached->valid = syscall_path_place(syscalls->os, call, &cached->place);
        cached->number = call->number;
    }
    return cached->place;
}

static void read_path(struct syscalls *syscalls, struct cpu *cpu, struct syscall *call)
{
    struct syscall_place place = path_place(syscalls, call);
    size_t length = sizeof(call->path) - 1;
    struct space space;

    if (place.pointer < 0)
        return;
    if (place.length >= 0)
        length = MIN(length, call->argument[place.length] & place.mask);
    space_current(syscalls->machine, cpu, &space);
    g_autofree char *text = space_read_text(&space, call->argument[place.pointer], length);
    if (text)
        g_strlcpy(call->path, text, sizeof(call->path));
}

/* The machine went back in time: what is kept has not happened yet. */
static void check_time(struct syscalls *syscalls, uint64_t now)
{
    if (now < syscalls->last_instructions)
        forget_all(syscalls);
    syscalls->last_instructions = now;
}

static void on_enter(void *opaque, struct cpu *cpu, uint64_t stack, uint64_t number, const uint64_t argument[6],
                     uint64_t resume)
{
    struct syscalls *syscalls = opaque;
    uint64_t now = machine_instructions(syscalls->machine);

    check_time(syscalls, now);
    struct thread *thread = find(syscalls, stack, true);
    if (!thread->identified || thread->open)
        identify(syscalls, cpu, thread, stack);
    struct syscall *call = &thread->kept[thread->next];
    thread->next = (thread->next + 1) % SYSCALLS_KEPT;
    thread->count = MIN(thread->count + 1, SYSCALLS_KEPT);
    thread->open = true;
    thread->resume = resume;
    call->thread = thread->thread;
    call->process = thread->process;
    call->number = number;
    memcpy(call->argument, argument, sizeof(call->argument));
    call->result = 0;
    call->instructions = now;
    call->ns = machine_now(syscalls->machine);
    call->instructions_end = 0;
    call->ns_end = 0;
    call->path[0] = '\0';
    read_path(syscalls, cpu, call);
    tell(syscalls, call);
}

static void on_begin(void *opaque, struct cpu *cpu, uint64_t stack)
{
    struct syscalls *syscalls = opaque;
    struct thread *thread = find(syscalls, stack, false);

    (void)cpu;
    if (thread)
        thread->open = thread->identified = false;
}

/*
 * Is it a new thread that has the stack of one that ended in its call?  Others ran meanwhile, and it goes on elsewhere; a signal
 * makes the same thread go on elsewhere, too.
 */
static bool is_another(struct syscalls *syscalls, struct cpu *cpu, const struct thread *thread, uint64_t frame)
{
    struct os_process process;
    struct space space;
    uint64_t resume;

    space_current(syscalls->machine, cpu, &space);
    if (!space_read_u64(&space, frame, &resume) || resume == thread->resume)
        return false;
    return os_current(syscalls->os, cpu, &process) &&
           (process.id != thread->process || process.thread != thread->thread);
}

static void on_leave(void *opaque, struct cpu *cpu, uint64_t stack, uint64_t result, uint64_t frame)
{
    struct syscalls *syscalls = opaque;
    uint64_t now = machine_instructions(syscalls->machine);
    bool switched = !syscalls->last || syscalls->last_stack != stack;

    check_time(syscalls, now);
    struct thread *thread = find(syscalls, stack, false);
    if (!thread)
        return;
    if (!thread->open || (frame && switched && is_another(syscalls, cpu, thread, frame))) {
        thread->open = thread->identified = false;
        return;
    }
    struct syscall *call = &thread->kept[(thread->next + SYSCALLS_KEPT - 1) % SYSCALLS_KEPT];
    thread->open = false;
    call->result = result;
    call->instructions_end = now;
    call->ns_end = machine_now(syscalls->machine);
    if (!call->path[0] && path_place(syscalls, call).pointer >= 0)
        read_path(syscalls, cpu, call); /* its page may have been absent before */
    if (syscall_changes_identity(syscalls->os, call))
        thread->identified = false;
    tell(syscalls, call);
}

void syscalls_enable(struct syscalls *syscalls, bool on)
{
    static const struct syscall_gate_handlers handlers = {.enter = on_enter, .leave = on_leave, .begin = on_begin};
    struct syscall_gate_handlers mine = handlers;

    if (on == syscalls->on)
        return;
    syscalls->on = on;
    if (on) {
        mine.opaque = syscalls;
        syscall_gate_open(&syscalls->gate, syscalls->machine, syscalls->os, &mine);
    } else {
        syscall_gate_close(&syscalls->gate);
        forget_all(syscalls);
    }
}

void syscalls_listen(struct syscalls *syscalls, void (*event)(void *opaque, const struct syscall *call), void *opaque)
{
    const struct listener listener = {.event = event, .opaque = opaque};

    g_array_append_val(syscalls->listeners, listener);
}

static uint64_t last_call_at(const struct thread *thread)
{
    return thread->kept[(thread->next + SYSCALLS_KEPT - 1) % SYSCALLS_KEPT].instructions;
}

unsigned syscalls_last(struct syscalls *syscalls, uint64_t thread_id, struct syscall *out, unsigned room)
{
    GHashTableIter iterator;
    gpointer key, value;
    uint64_t newest_stack = 0;
    const struct thread *newest = NULL;

    /* Of two that claim the id, the one that is gone has the older calls; CPUs count for themselves, so both may be as old. */
    g_hash_table_iter_init(&iterator, syscalls->threads);
    while (g_hash_table_iter_next(&iterator, &key, &value)) {
        const struct thread *thread = value;
        uint64_t stack = *(const uint64_t *)key;
        if (!thread->count || !thread->identified || thread->thread != thread_id)
            continue;
        if (!newest || last_call_at(thread) > last_call_at(newest) ||
            (last_call_at(thread) == last_call_at(newest) && stack < newest_stack)) {
            newest = thread;
            newest_stack = stack;
        }
    }
    unsigned stored = newest ? MIN(newest->count, room) : 0;
    for (unsigned i = 0; i < stored; i++)
        out[i] = newest->kept[(newest->next + SYSCALLS_KEPT - stored + i) % SYSCALLS_KEPT];
    return stored;
}
