/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contexts: all of them, the one that runs, what stands in them. */
#include <string.h>

#include "debug/redox/redox.h"
#include "emu/cpu/aarch64.h"
#include "emu/cpu/x86_64.h"

#define KERNEL_SIZE_MAX (64u << 20)
#define TSS_RSP0 4 /* Intel SDM volume 3, figure 8-11 */

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

static void describe_state(struct redox *redox, struct redox_context *context)
{
    const struct redox_layout *layout = &redox->layout;
    const char *status = status_name(layout, member32(redox, context->object, layout->status) & 0xFF);
    uint64_t text = member64(redox, context->object, layout->status_reason),
             length = layout->status_reason == REDOX_UNKNOWN
                          ? 0
                          : member64(redox, context->object, layout->status_reason + 8);

    redox_text(redox, text, length, context->reason, sizeof(context->reason));
    if (redox_context_runs(redox, context->object))
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
    out->process.id = member64(redox, object, layout->pid);
    out->addr_space = member64(redox, object, layout->addr_space);
    if (out->addr_space)
        out->process.root = member64(redox, out->addr_space, layout->root);
    out->process.cpu_ns = member64(redox, object, layout->cpu_time);
    stack = member64(redox, object, layout->kstack);
    if (stack && stack % REDOX_PAGE == 0 && stack < REDOX_PHYS_OFFSET) {
        out->process.kernel_stack = stack + REDOX_PHYS_OFFSET;
        out->process.kernel_stack_size = REDOX_KERNEL_STACK;
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

    return read_name(redox, object, name) && strcmp(name, REDOX_IDLE_NAME) == 0;
}

uint64_t redox_stack_pointer(struct redox *redox, struct cpu *cpu)
{
    uint64_t pointer = 0;

    if (machine_config(redox->machine)->arch == CPU_ARCH_AARCH64) {
        struct aarch64_registers registers;

        aarch64_get_registers(cpu, &registers);
        return cpu_privilege(cpu) == 0 ? registers.sp_el1 : registers.sp;
    }
    struct x86_64_registers registers;
    x86_64_get_registers(cpu, &registers);
    if (cpu_privilege(cpu) == 0)
        return registers.gpr[X86_64_RSP];
    redox_u64(redox, registers.segment[X86_64_TR].base + TSS_RSP0, &pointer);
    return pointer;
}

static bool has_stack(struct redox *redox, uint64_t object, uint64_t pointer)
{
    uint64_t stack = member64(redox, object, redox->layout.kstack) + REDOX_PHYS_OFFSET;

    return stack != REDOX_PHYS_OFFSET && pointer > stack && pointer <= stack + REDOX_KERNEL_STACK;
}

/* Each context has a stack of its own in the kernel, the idle one that of the kernel's start. */
static uint64_t current_by_stack(struct redox *redox, struct cpu *cpu)
{
    uint64_t pointer = redox_stack_pointer(redox, cpu), idle = 0;
    g_autoptr(GArray) contexts = NULL;

    if (redox->layout.kstack == REDOX_UNKNOWN)
        return 0;
    for (unsigned i = 0; i < REDOX_RECENT; i++) {
        if (redox->recent[i] && has_stack(redox, redox->recent[i], pointer) && redox_is_arc(redox, redox->recent[i]))
            return redox->recent[i];
    }
    contexts = redox_contexts(redox);
    for (unsigned i = 0; contexts && i < contexts->len; i++) {
        uint64_t object = g_array_index(contexts, uint64_t, i);

        if (has_stack(redox, object, pointer)) {
            redox->recent[redox->recent_next++ % REDOX_RECENT] = object;
            return object;
        }
        if (idle == 0 && is_idle(redox, object))
            idle = object;
    }
    return pointer >= redox->kernel_start && pointer < redox->kernel_start + KERNEL_SIZE_MAX ? idle : 0;
}

uint64_t redox_current(struct redox *redox, struct cpu *cpu)
{
    uint64_t block, object = 0;

    if (redox->layout.current == REDOX_UNKNOWN)
        return current_by_stack(redox, cpu);
    block = percpu_block(redox, cpu);
    if (!redox_is_kernel(block))
        return 0;
    redox_u64(redox, block + (uint64_t)redox->layout.current, &object);
    return redox_is_arc(redox, object) ? object : 0;
}

bool redox_context_runs(struct redox *redox, uint64_t object)
{
    for (unsigned i = 0; i < machine_config(redox->machine)->cpus; i++) {
        if (redox_current(redox, machine_cpu(redox->machine, i)) == object)
            return true;
    }
    return false;
}

/* --- registers of those that do not run: as switch_to() left them --- */
bool redox_registers(struct redox *redox, uint64_t object, struct unwind_frame *out)
{
    const struct redox_layout *layout = &redox->layout;
    bool is_x86_64 = machine_config(redox->machine)->arch == CPU_ARCH_X86_64;
    unsigned stack_pointer = is_x86_64 ? 7 : 31;

    memset(out, 0, sizeof(*out));
    if (redox_context_runs(redox, object))
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
