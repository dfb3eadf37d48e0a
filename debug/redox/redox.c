/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Redox as the debugger knows it. */
#include "debug/redox/redox.h"

#include <string.h>

#define RETRY_INTERVAL 5000000 /* instructions between two attempts to find the layout */
#define KERNEL_X86_64 UINT64_C(0xFFFFFFFF80000000)
#define KERNEL_AARCH64 UINT64_C(0xFFFFFF0000000000)
#define TREE_SPAN 64 /* bytes of CONTEXTS */

static const char *const questions[] = {"ps", "maps", "fds", "schemes", "irqs", "dmesg", NULL};

/* --- layout --- */
static void forget_layout(struct redox_layout *layout)
{
    memset(layout, 0, sizeof(*layout));
    layout->contexts.at = layout->grants.at = REDOX_UNKNOWN;
    layout->name = layout->name_length = layout->debug_id = layout->pid = layout->status_reason = REDOX_UNKNOWN;
    layout->addr_space = layout->files = layout->kstack = layout->status = layout->status_runnable = REDOX_UNKNOWN;
    layout->cpu_time = layout->ens = layout->euid = layout->current = layout->root = REDOX_UNKNOWN;
    layout->grant_pages = layout->grant_flags = layout->grant_provider = REDOX_UNKNOWN;
    layout->posix_files = layout->upper_files = REDOX_UNKNOWN;
    layout->file_offset = layout->file_scheme = layout->file_number = layout->file_flags = REDOX_UNKNOWN;
    for (unsigned i = 0; i < G_N_ELEMENTS(layout->saved); i++)
        layout->saved[i] = REDOX_UNKNOWN;
}

static bool is_context(void *opaque, uint64_t key, uint64_t value, const struct redox_btree *tree)
{
    return redox_is_arc(opaque, key);
}

static bool find_contexts(struct redox *redox)
{
    static const unsigned no_value[] = {0};
    const struct redox_map_search search = {
        .objects = &redox->contexts_at,
        .count = 1,
        .span = TREE_SPAN,
        .value_sizes = no_value,
        .value_size_count = 1,
        .keys_min = 2,
        .accept = is_context,
        .opaque = redox,
    };

    return redox_map_find(redox, &search, &redox->layout.contexts, &redox->layout.context_tree);
}

static bool not_laid_out(struct redox *redox, const char *why)
{
    g_free(redox->why);
    redox->why = g_strdup(why);
    return false;
}

static void look_from(struct redox *redox, struct cpu *cpu)
{
    if (cpu)
        space_current(redox->machine, cpu, &redox->kernel);
}

bool redox_lay_out(struct redox *redox)
{
    uint64_t now = machine_instructions(redox->machine);

    look_from(redox, redox->kernel.cpu); /* the space seen last may be gone */
    redox_begin(redox);
    if (redox->laid_out) {
        if (!redox->layout.by_dwarf && !redox->complete && now >= redox->laid_out_at + RETRY_INTERVAL) {
            redox->laid_out_at = now;
            redox_calibrate(redox);
        }
        return true;
    }
    if (redox->why && now >= redox->laid_out_at && now - redox->laid_out_at < RETRY_INTERVAL)
        return false;
    redox->laid_out_at = now;
    forget_layout(&redox->layout);
    if (!find_contexts(redox))
        return not_laid_out(redox, "the kernel has not made its contexts yet");
    if (!redox_layout_dwarf(redox) && !redox_calibrate(redox))
        return not_laid_out(
            redox, "nothing tells where the kernel's structures have their members: give --symbols kernel.sym, "
                   "or let more processes start");
    redox->laid_out = true;
    return true;
}

/* --- what struct os_class asks --- */
static bool redox_os_current(void *opaque, struct cpu *cpu, struct os_process *out)
{
    struct redox *redox = opaque;
    struct redox_context context;
    uint64_t object;

    look_from(redox, cpu);
    if (!redox_lay_out(redox))
        return false;
    object = redox_current(redox, cpu);
    if (!object || !redox_context(redox, object, &context))
        return false;
    context.process.driver = redox_is_driver(redox, &context);
    redox_complete_name(redox, &context.process);
    *out = context.process;
    return true;
}

static gint compare_processes(gconstpointer a, gconstpointer b)
{
    const struct os_process *left = a, *right = b;

    if (left->id != right->id)
        return left->id < right->id ? -1 : 1;
    return left->thread < right->thread ? -1 : left->thread > right->thread;
}

static bool redox_os_each(void *opaque, void (*visit)(void *opaque, const struct os_process *process), void *to,
                          char **why)
{
    struct redox *redox = opaque;
    g_autoptr(GArray) contexts = NULL, processes = g_array_new(FALSE, FALSE, sizeof(struct os_process));

    if (redox_lay_out(redox)) {
        redox_learn_status(redox);
        contexts = redox_contexts(redox);
    }
    if (!contexts) {
        if (why)
            *why = g_strdup(redox->laid_out ? "the kernel is changing its list of contexts" : redox->why);
        return false;
    }
    for (unsigned i = 0; i < contexts->len; i++) {
        struct redox_context context;

        if (!redox_context(redox, g_array_index(contexts, uint64_t, i), &context))
            continue;
        context.process.driver = redox_is_driver(redox, &context);
        redox_complete_name(redox, &context.process);
        g_array_append_val(processes, context.process);
    }
    g_array_sort(processes, compare_processes);
    for (unsigned i = 0; i < processes->len; i++)
        visit(to, &g_array_index(processes, struct os_process, i));
    return true;
}

static bool redox_os_registers(void *opaque, const struct os_process *process, struct unwind_frame *out)
{
    return redox_lay_out(opaque) && redox_registers(opaque, process->object, out);
}

static bool redox_os_may_fault(void *opaque, uint64_t pc)
{
    const struct redox *redox = opaque;

    return pc >= redox->copy_start && pc < redox->copy_end;
}

static void redox_os_place_modules(void *opaque, const struct os_process *process)
{
    if (redox_lay_out(opaque))
        redox_place_modules(opaque, process);
}

static void append_process(void *opaque, const struct os_process *process)
{
    g_string_append_printf(opaque,
                           "%5" G_GUINT64_FORMAT " %6" G_GUINT64_FORMAT " %c  %-9s %10" G_GINT64_MODIFIER "x %8.3f  %s",
                           process->id, process->thread, process->driver ? 'd' : ' ', process->state, process->root,
                           (double)process->cpu_ns / 1e9, process->name);
}

struct rows {
    struct redox *redox;
    GString *out;
};

static void append_row(void *opaque, const struct os_process *process)
{
    struct rows *rows = opaque;
    struct redox_context context;

    append_process(rows->out, process);
    if (redox_context(rows->redox, process->object, &context) && context.reason[0])
        g_string_append_printf(rows->out, "  [%s]", context.reason);
    g_string_append_c(rows->out, '\n');
}

static char *redox_ps(struct redox *redox, GError **error)
{
    struct rows rows = {redox, g_string_new("  pid thread     state           root    cpu s  name  [waits in]\n")};
    g_autofree char *why = NULL;

    if (redox_os_each(redox, append_row, &rows, &why))
        return g_string_free(rows.out, FALSE);
    g_string_free(rows.out, TRUE);
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "ps: %s", why);
    return NULL;
}

static char *about_context(struct redox *redox, const char *question, const struct os_process *process, GError **error)
{
    struct redox_context context;

    if (!process) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "%s: of which process?", question);
        return NULL;
    }
    if (!redox_lay_out(redox) || !redox_context(redox, process->object, &context)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "%s: %s", question,
                    redox->laid_out ? "the process is gone" : redox->why);
        return NULL;
    }
    return strcmp(question, "maps") == 0 ? redox_maps(redox, &context, error) : redox_fds(redox, &context, error);
}

static char *redox_os_query(void *opaque, const char *question, const struct os_process *process, GError **error)
{
    struct redox *redox = opaque;

    look_from(redox, redox->kernel.cpu);
    redox_begin(redox);
    if (strcmp(question, "dmesg") == 0)
        return redox_dmesg(redox, error);
    if (strcmp(question, "maps") == 0 || strcmp(question, "fds") == 0)
        return about_context(redox, question, process, error);
    if (!redox_lay_out(redox)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "%s: %s", question, redox->why);
        return NULL;
    }
    if (strcmp(question, "schemes") == 0)
        return redox_schemes(redox, error);
    if (strcmp(question, "irqs") == 0)
        return redox_irqs(redox, error);
    return redox_ps(redox, error);
}

static char *redox_os_boot_fault(void *opaque)
{
    struct redox *redox = opaque;

    look_from(redox, redox->kernel.cpu);
    redox_begin(redox);
    return redox_boot_fault(redox);
}

static void redox_os_free(void *opaque)
{
    struct redox *redox = opaque;

    for (unsigned i = 0; i < redox->file_systems->len; i++)
        redoxfs_close(redox->file_systems->pdata[i]);
    g_ptr_array_free(redox->file_systems, TRUE);
    g_hash_table_unref(redox->placed);
    g_hash_table_unref(redox->drivers);
    initfs_close(redox->initfs);
    g_free(redox->why);
    g_free(redox);
}

static const struct os_class redox_class = {
    .name = "Redox",
    .current = redox_os_current,
    .each = redox_os_each,
    .registers = redox_os_registers,
    .may_fault = redox_os_may_fault,
    .place_modules = redox_os_place_modules,
    .boot_fault = redox_os_boot_fault,
    .query = redox_os_query,
    .questions = questions,
    .free = redox_os_free,
};

static void find_symbols(struct redox *redox)
{
    redox->contexts_at = redox_symbol(redox, "kernel::context::CONTEXTS");
    redox->percpu_at = redox_symbol(redox, "kernel::percpu::ALL_PERCPU_BLOCKS");
    redox->bootstrap_at = redox_symbol(redox, "kernel::BOOTSTRAP");
    redox->schemes_at = redox_symbol(redox, "kernel::scheme::SCHEMES");
    redox->newer = !redox->schemes_at;
    if (redox->newer)
        redox->schemes_at = redox_symbol(redox, "kernel::scheme::HANDLES");
    redox->irq_handles_at = redox_symbol(redox, "kernel::scheme::irq::HANDLES");
    redox->irq_counts_at = redox_symbol(redox, "kernel::scheme::irq::COUNTS");
    redox->log_at = redox_symbol(redox, "kernel::log::LOG");
    redox->copy_start = redox_symbol(redox, "__usercopy_start");
    redox->copy_end = redox_symbol(redox, "__usercopy_end");
    redox->kernel_start = machine_config(redox->machine)->arch == CPU_ARCH_X86_64 ? KERNEL_X86_64 : KERNEL_AARCH64;
}

struct redox *redox_new(struct machine *machine, struct symbols *symbols, GPtrArray *disks, struct cpu *cpu,
                        const struct os_class **os_class)
{
    struct redox *redox = g_new0(struct redox, 1);

    redox->machine = machine;
    redox->symbols = symbols;
    redox->disks = disks;
    redox->file_systems = g_ptr_array_new();
    redox->placed = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, redox_placed_free);
    redox->drivers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    look_from(redox, cpu);
    redox_begin(redox);
    find_symbols(redox);
    *os_class = &redox_class;
    return redox;
}

void *redox_probe(struct machine *machine, struct symbols *symbols, GPtrArray *disks, struct cpu *cpu,
                  const struct os_class **os_class)
{
    struct redox *redox;

    if (!symbols_find_kernel(symbols, cpu))
        return NULL;
    redox = redox_new(machine, symbols, disks, cpu, os_class);
    if (redox->contexts_at)
        return redox;
    redox_os_free(redox); /* the kernel of some other system */
    return NULL;
}
