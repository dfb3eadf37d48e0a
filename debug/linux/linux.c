/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linux as the debugger knows it: see debug/os/os.h. */
#include "debug/linux/linux.h"

#include <string.h>

bool linux_u64(struct linux_os *linux_os, uint64_t address, uint64_t *value)
{
    return space_read_u64(&linux_os->kernel, address, value);
}

bool linux_u32(struct linux_os *linux_os, uint64_t address, uint32_t *value)
{
    return space_read_u32(&linux_os->kernel, address, value);
}

uint64_t linux_symbol(const struct linux_os *linux_os, const char *name)
{
    g_autoptr(GArray) found = symbols_resolve(linux_os->symbols, SYMBOLS_ANY_SPACE, name);

    return found->len == 1 ? g_array_index(found, uint64_t, 0) : 0;
}

/* The space of a task that runs a program tells how a task points to its space. */
static void learn_spaces(struct linux_os *linux_os, uint64_t task)
{
    const struct linux_layout *layout = &linux_os->layout;
    bool aarch64 = machine_config(linux_os->machine)->arch == CPU_ARCH_AARCH64;
    uint32_t pid;

    if (layout->mm != LINUX_UNKNOWN || !linux_u32(linux_os, task + (uint64_t)layout->pid, &pid) || pid == 0)
        return;
    linux_lay_out_spaces(linux_os, task, aarch64 ? linux_os->kernel.root : linux_os->kernel.root & ~0x1FFFULL);
}

static bool current(void *opaque, struct cpu *cpu, struct os_process *out)
{
    struct linux_os *linux_os = opaque;
    uint64_t task;

    linux_look_from(linux_os, cpu);
    task = linux_current(linux_os, cpu);
    if (!task || !linux_lay_out(linux_os, task))
        return false;
    learn_spaces(linux_os, task);
    return linux_task(linux_os, task, out);
}

static void collect(void *opaque, uint64_t task)
{
    g_array_append_val((GArray *)opaque, task);
}

static gint compare_processes(gconstpointer a, gconstpointer b)
{
    const struct os_process *left = a, *right = b;

    return left->id < right->id ? -1 : left->id > right->id;
}

static bool each(void *opaque, void (*visit)(void *opaque, const struct os_process *process), void *to, char **why)
{
    struct linux_os *linux_os = opaque;
    g_autoptr(GArray) tasks = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_autoptr(GArray) processes = g_array_new(FALSE, FALSE, sizeof(struct os_process));
    struct cpu *cpu = linux_os->kernel.cpu;

    linux_look_from(linux_os, cpu);
    uint64_t running = linux_current(linux_os, cpu);
    bool good = linux_lay_out(linux_os, running);
    if (!good || !linux_each_task(linux_os, collect, tasks)) {
        if (why)
            *why = g_strdup(good ? "the kernel is changing its list of tasks"
                                 : "the members of struct task_struct could not be told from the tasks that there are");
        return false;
    }
    for (guint i = 0; i < tasks->len; i++) {
        struct os_process process;
        if (!linux_task(linux_os, g_array_index(tasks, uint64_t, i), &process))
            continue;
        if (process.object == running)
            g_strlcpy(process.state, "running", sizeof(process.state));
        g_array_append_val(processes, process);
    }
    g_array_sort(processes, compare_processes);
    for (guint i = 0; i < processes->len; i++)
        visit(to, &g_array_index(processes, struct os_process, i));
    return true;
}

static bool may_fault(void *opaque, uint64_t pc)
{
    return linux_may_fault(opaque, pc);
}

/* Where the banner has no name, the log's line of it. */
static char *version(struct linux_os *linux_os, GError **error)
{
    uint64_t address = linux_symbol(linux_os, "linux_banner");
    g_autofree char *log = address ? NULL : linux_dmesg(linux_os, NULL);
    const char *line = log ? strstr(log, "Linux version ") : NULL;
    char *banner = address ? space_read_text(&linux_os->kernel, address, 256) : NULL;

    if (line)
        banner = g_strndup(line, strcspn(line, "\n"));
    if (!banner)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "version: the kernel's banner cannot be read");
    else if (g_str_has_suffix(banner, "\\x0a"))
        banner[strlen(banner) - strlen("\\x0a")] = '\0';
    return banner;
}

static char *query(void *opaque, const char *question, const struct os_process *process, GError **error)
{
    struct linux_os *linux_os = opaque;

    (void)process;
    linux_look_from(linux_os, linux_os->kernel.cpu);
    if (strcmp(question, "dmesg") == 0)
        return linux_dmesg(linux_os, error);
    return version(linux_os, error);
}

static void free_linux(void *opaque)
{
    struct linux_os *linux_os = opaque;

    if (linux_os->exceptions)
        g_array_unref(linux_os->exceptions);
    g_free(linux_os);
}

static const char *const questions[] = {"dmesg", "version", NULL};

static const struct os_class linux_class = {
    .name = "Linux",
    .current = current,
    .each = each,
    .may_fault = may_fault,
    .query = query,
    .questions = questions,
    .free = free_linux,
};

/* The variable that holds the current task, relative to the CPU's own area; 0: none. */
static uint64_t find_current(struct linux_os *linux_os)
{
    if (machine_config(linux_os->machine)->arch == CPU_ARCH_AARCH64)
        return linux_entry_task(linux_os);
    uint64_t hot = linux_symbol(linux_os, "pcpu_hot"); /* 6.2 to 6.14: its first member */
    return hot ? hot : linux_symbol(linux_os, "current_task");
}

void *linux_probe(struct machine *machine, struct symbols *symbols, GPtrArray *disks, struct cpu *cpu,
                  const struct os_class **os_class)
{
    static const char *const entries[] = {"entry_SYSCALL_64", "do_el0_svc"};
    struct linux_os candidate = {.machine = machine, .symbols = symbols};

    (void)disks;
    if (!symbols || !cpu || !symbols_find_kernel(symbols, cpu) ||
        !linux_symbol(&candidate, entries[machine_config(machine)->arch == CPU_ARCH_AARCH64]))
        return NULL;
    candidate.init_task = linux_symbol(&candidate, "init_task");
    candidate.some_code = linux_symbol(&candidate, "schedule");
    linux_look_from(&candidate, cpu);
    candidate.current_task = find_current(&candidate);
    candidate.layout = (struct linux_layout){LINUX_UNKNOWN, LINUX_UNKNOWN, LINUX_UNKNOWN, LINUX_UNKNOWN,
                                             LINUX_UNKNOWN, LINUX_UNKNOWN, LINUX_UNKNOWN};
    *os_class = &linux_class;
    return g_memdup2(&candidate, sizeof(candidate));
}
