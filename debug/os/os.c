/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See os.h: finds out which system runs, and hands every question to its implementation. */
#include "debug/os/os.h"

#include <string.h>

/* Between two attempts to find out: probing an unknown guest may have to search its memory. */
#define PROBE_INTERVAL 500000 /* instructions; more and more while there is nothing that is known */
#define PROBE_DOUBLINGS 4

struct os {
    struct machine *machine;
    struct symbols *symbols;
    GPtrArray *disks;                /* of struct block */
    const struct os_class *os_class; /* NULL: not known so far */
    void *instance;
    unsigned probes;      /* attempts to find out */
    uint64_t probed_at;   /* instructions */
    bool named, is_linux; /* the kernel's names were looked at; they are Linux's */
};

struct os *os_new(struct machine *machine, struct symbols *symbols)
{
    struct os *os = g_new0(struct os, 1);

    os->machine = machine;
    os->symbols = symbols;
    os->disks = g_ptr_array_new();
    return os;
}

void os_free(struct os *os)
{
    if (!os)
        return;
    if (os->os_class && os->os_class->free)
        os->os_class->free(os->instance);
    g_ptr_array_free(os->disks, TRUE);
    g_free(os);
}

void os_add_disk(struct os *os, struct block *disk)
{
    g_ptr_array_add(os->disks, disk);
}

/* Searching the many names of Linux again and again for Redox's would take its time. */
static void look_at_names(struct os *os, struct cpu *cpu)
{
    if (os->named || !symbols_find_kernel(os->symbols, cpu))
        return;
    GArray *banner = symbols_resolve(os->symbols, SYMBOLS_ANY_SPACE, "linux_banner");
    os->named = true;
    os->is_linux = banner->len > 0;
    g_array_free(banner, TRUE);
}

static void probe(struct os *os, struct cpu *cpu)
{
    static void *(*const probes[])(struct machine *, struct symbols *, GPtrArray *, struct cpu *,
                                   const struct os_class **) = {redox_probe, linux_probe};

    look_at_names(os, cpu);
    for (unsigned i = os->is_linux ? 1 : 0; i < G_N_ELEMENTS(probes) && !os->os_class; i++) {
        const struct os_class *os_class = NULL;
        void *instance = probes[i](os->machine, os->symbols, os->disks, cpu, &os_class);
        if (!instance)
            continue;
        os->instance = instance;
        os->os_class = os_class;
    }
}

/* True: it is known which system runs. */
static bool known(struct os *os, struct cpu *cpu)
{
    uint64_t now;

    if (os->os_class)
        return true;
    if (!cpu)
        return false;
    now = machine_instructions(os->machine);
    uint64_t interval = (uint64_t)PROBE_INTERVAL << MIN(os->probes, PROBE_DOUBLINGS);
    if (os->probes && now >= os->probed_at && now - os->probed_at < interval)
        return false;
    os->probes++;
    os->probed_at = now;
    probe(os, cpu);
    return os->os_class != NULL;
}

static struct cpu *first_cpu(const struct os *os)
{
    struct cpu *running = machine_running_cpu(os->machine);

    return running || machine_config(os->machine)->without_cpu ? running : machine_cpu(os->machine, 0);
}

const char *os_name(struct os *os, struct cpu *cpu)
{
    return known(os, cpu) ? os->os_class->name : NULL;
}

bool os_current(struct os *os, struct cpu *cpu, struct os_process *out)
{
    memset(out, 0, sizeof(*out));
    return known(os, cpu) && os->os_class->current && os->os_class->current(os->instance, cpu, out);
}

bool os_each(struct os *os, void (*visit)(void *opaque, const struct os_process *process), void *opaque, char **why)
{
    if (why)
        *why = NULL;
    if (known(os, first_cpu(os)) && os->os_class->each)
        return os->os_class->each(os->instance, visit, opaque, why);
    if (why)
        *why = g_strdup(os->os_class ? "not known of this operating system"
                                     : "no operating system that is known runs yet");
    return false;
}

struct search {
    uint64_t id;
    struct os_process *out;
    bool found;
};

static void compare(void *opaque, const struct os_process *process)
{
    struct search *search = opaque;

    if (search->found || process->id != search->id)
        return;
    *search->out = *process;
    search->found = true;
}

bool os_find(struct os *os, uint64_t id, struct os_process *out)
{
    struct search search = {.id = id, .out = out};
    g_autofree char *why = NULL;

    return os_each(os, compare, &search, &why) && search.found;
}

bool os_registers(struct os *os, const struct os_process *process, struct unwind_frame *out)
{
    return os->os_class && os->os_class->registers && os->os_class->registers(os->instance, process, out);
}

bool os_may_fault(struct os *os, uint64_t pc)
{
    return known(os, first_cpu(os)) && os->os_class->may_fault && os->os_class->may_fault(os->instance, pc);
}

void os_place_modules(struct os *os, const struct os_process *process)
{
    if (os->os_class && os->os_class->place_modules)
        os->os_class->place_modules(os->instance, process);
}

char *os_boot_fault(struct os *os)
{
    return os->os_class && os->os_class->boot_fault ? os->os_class->boot_fault(os->instance) : NULL;
}

static void unknown_question(const struct os *os, const char *question, GError **error)
{
    g_autofree char *list =
        os->os_class->questions ? g_strjoinv(", ", (char **)os->os_class->questions) : g_strdup("none");

    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: no question that %s answers; there are %s",
                question, os->os_class->name, list);
}

char *os_query(struct os *os, const char *question, const struct os_process *process, GError **error)
{
    if (!known(os, first_cpu(os))) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "%s: no operating system that is known runs yet; let the guest boot", question);
        return NULL;
    }
    if (os->os_class->query && os->os_class->questions &&
        g_strv_contains((const char *const *)os->os_class->questions, question))
        return os->os_class->query(os->instance, question, process, error);
    unknown_question(os, question, error);
    return NULL;
}

struct symbols *os_symbols(struct os *os)
{
    return os->symbols;
}

struct machine *os_machine(struct os *os)
{
    return os->machine;
}
