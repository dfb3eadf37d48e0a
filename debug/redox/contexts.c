/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contexts: all of them, the one that runs, what stands in them. */
#include <string.h>

#include "debug/redox/redox.h"
#include "emu/cpu/aarch64.h"
#include "emu/cpu/x86_64.h"

#define KERNEL_STACK_SIZE (16 * REDOX_PAGE)
#define PERCPU_SIZE 512
#define IDLE_NAME "[kmain]"

static bool add_context(void *opaque, uint64_t key, uint64_t value)
{
    GArray *out = opaque;

    g_array_append_val(out, key);
    return out->len < REDOX_CONTEXTS_MAX;
}

GArray *redox_contexts(struct redox *redox)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(uint64_t));

    if (redox->contexts_at && redox_map_walk(redox, redox->contexts_at, &redox->layout.contexts,
                                             &redox->layout.context_tree, add_context, out))
        return out;
    g_array_free(out, TRUE);
    return NULL;
}

static uint64_t member64(struct redox *redox, uint64_t object, int offset)
{
    uint64_t value = 0;

    if (offset != REDOX_UNKNOWN)
        redox_u64(redox, object + (uint64_t)offset, &value);
    return value;
}

static uint32_t member32(struct redox *redox, uint64_t object, int offset)
{
    return (uint32_t)member64(redox, object, offset);
}

static bool read_name(struct redox *redox, uint64_t object, char out[64])
{
    uint32_t length = member32(redox, object, redox->layout.name_length);

    return length <= 32 && redox_text(redox, object + (uint64_t)redox->layout.name, length, out, 64);
}

/* The tags' values are consecutive in the order of declaration: Runnable, Blocked, HardBlocked, Dead. */
static const char *status_name(const struct redox_layout *layout, unsigned tag)
{
    if (layout->status == REDOX_UNKNOWN || layout->status_runnable == REDOX_UNKNOWN)
        return NULL;
    if (tag == (unsigned)layout->status_runnable)
        return "runnable";
    if (tag == (unsigned)layout->status_runnable + 1)
        return "blocked";
    return tag == (unsigned)layout->status_runnable + 3 ? "dead" : "stopped";
}

static bool runs(struct redox *redox, uint64_t object)
{
    for (unsigned i = 0; i < machine_config(redox->machine)->cpus; i++) {
        if (redox_current(redox, machine_cpu(redox->machine, i)) == object)
            return true;
    }
    return false;
}

static void describe_state(struct redox *redox, struct redox_context *context)
{
    const struct redox_layout *layout = &redox->layout;
    const char *status = status_name(layout, member32(redox, context->object, layout->status) & 0xFF);
    uint64_t text = member64(redox, context->object, layout->status_reason),
             length = layout->status_reason == REDOX_UNKNOWN
                          ? 0
                          : member64(redox, context->object, layout->status_reason + 8);

    redox_text(redox, text, length, context->reason, sizeof(context->reason));
    if (runs(redox, context->object))
        status = "running";
    else if (!status && context->reason[0])
        status = "blocked";
    g_strlcpy(context->process.state, status ? status : "not known", sizeof(context->process.state));
}

bool redox_context(struct redox *redox, uint64_t object, struct redox_context *out)
{
    const struct redox_layout *layout = &redox->layout;
    uint64_t stack;

    memset(out, 0, sizeof(*out));
    out->object = object;
    out->process.object = object;
    if (!redox_is_arc(redox, object) || !read_name(redox, object, out->process.name))
        return false;
    out->process.thread = member32(redox, object, layout->debug_id);
    out->process.id = layout->pid == REDOX_UNKNOWN ? out->process.thread : member64(redox, object, layout->pid);
    out->addr_space = member64(redox, object, layout->addr_space);
    out->files = member64(redox, object, layout->files);
    if (out->addr_space)
        out->process.root = member64(redox, out->addr_space, layout->root);
    out->process.cpu_ns = member64(redox, object, layout->cpu_time);
    stack = member64(redox, object, layout->kstack);
    if (stack && stack % REDOX_PAGE == 0 && stack < REDOX_PHYS_OFFSET) {
        out->process.kernel_stack = stack + REDOX_PHYS_OFFSET;
        out->process.kernel_stack_size = KERNEL_STACK_SIZE;
    }
    describe_state(redox, out);
    return true;
}

/* --- the one that runs --- */
static uint64_t percpu_block(struct redox *redox, struct cpu *cpu)
{
    uint64_t block = 0;

    if (machine_config(redox->machine)->arch == CPU_ARCH_AARCH64) {
        struct aarch64_registers registers;

        aarch64_get_registers(cpu, &registers);
        return registers.tpidr_el1;
    }
    if (redox->percpu_at)
        redox_u64(redox, redox->percpu_at + cpu_index(cpu) * 8ul, &block);
    return block;
}

static bool is_idle(struct redox *redox, uint64_t object)
{
    char name[64];

    return read_name(redox, object, name) && strcmp(name, IDLE_NAME) == 0;
}

/*
 * Two members of a CPU's block refer to contexts, the current one and the idle one (others while it switches).  Which is which shows
 * when they differ, for the idle one has its name; when they do not, there is no question.
 */
static uint64_t find_current(struct redox *redox, uint64_t block)
{
    g_autoptr(GArray) contexts = redox_contexts(redox);
    uint8_t raw[PERCPU_SIZE];
    uint64_t current = 0, idle = 0;
    unsigned found = 0;
    int at = 0;

    if (!contexts || !redox_read(redox, block, raw, sizeof(raw)))
        return 0;
    for (unsigned offset = 0; offset < PERCPU_SIZE; offset += 8) {
        uint64_t word = redox_get64(raw + offset);

        for (unsigned i = 0; i < contexts->len; i++) {
            if (g_array_index(contexts, uint64_t, i) != word)
                continue;
            found++;
            if (is_idle(redox, word)) {
                idle = word;
            } else {
                current = word;
                at = (int)offset;
            }
        }
    }
    if (found != 2 || !idle)
        return 0;
    if (current)
        redox->layout.current = at;
    return current ? current : idle;
}

uint64_t redox_current(struct redox *redox, struct cpu *cpu)
{
    uint64_t block = percpu_block(redox, cpu), object = 0;

    if (!redox_is_kernel(block))
        return 0;
    if (redox->layout.current == REDOX_UNKNOWN)
        return find_current(redox, block);
    redox_u64(redox, block + (uint64_t)redox->layout.current, &object);
    return redox_is_arc(redox, object) ? object : 0;
}

/* --- registers of those that do not run: as switch_to() left them --- */
bool redox_registers(struct redox *redox, uint64_t object, struct unwind_frame *out)
{
    const struct redox_layout *layout = &redox->layout;
    bool is_x86_64 = machine_config(redox->machine)->arch == CPU_ARCH_X86_64;
    unsigned stack_pointer = is_x86_64 ? 7 : 31;

    memset(out, 0, sizeof(*out));
    if (runs(redox, object))
        return false;
    for (unsigned i = 0; i < G_N_ELEMENTS(layout->saved) && i < UNWIND_REGISTERS; i++) {
        if (layout->saved[i] == REDOX_UNKNOWN)
            continue;
        out->registers[i] = member64(redox, object, layout->saved[i]);
        out->known |= UINT64_C(1) << i;
    }
    if (!(out->known >> stack_pointer & 1))
        return false;
    out->sp = out->registers[stack_pointer];
    if (is_x86_64) { /* the return address lies on the stack */
        if (!redox_u64(redox, out->sp, &out->pc))
            return false;
        out->sp += 8;
        out->registers[stack_pointer] = out->sp;
        out->registers[16] = out->pc;
        out->known |= UINT64_C(1) << 16;
    } else {
        out->pc = out->registers[30];
        out->registers[32] = out->pc;
        out->known |= UINT64_C(1) << 32;
    }
    out->return_address = true;
    out->by = UNWIND_BY_REGISTERS;
    return redox_is_kernel(out->pc);
}
