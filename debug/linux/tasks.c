/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linux's tasks: the current one, one by one, all processes. */
#include "debug/linux/linux.h"

#include <string.h>

#include "emu/cpu/aarch64.h"
#include "emu/cpu/x86_64.h"

#define MOST_TASKS 65536
#define PTI_USER_ROOT 0x1000ULL /* x86: the user's half of a pair of tables */

/* GS_BASE in the kernel is the CPU's own area; around SYSCALL and in programs the other one is. */
static uint64_t current_x86_64(struct linux_os *linux_os, struct cpu *cpu)
{
    struct x86_64_registers registers;
    uint64_t base, task;

    x86_64_get_registers(cpu, &registers);
    base = registers.segment[X86_64_GS].base;
    if (cpu_privilege(cpu) != 0 || !linux_is_kernel(base))
        base = registers.kernel_gs_base;
    return linux_is_kernel(base) && linux_u64(linux_os, base + linux_os->current_task, &task) ? task : 0;
}

/* SP_EL0 in the kernel; in programs what the next entry will load into it. */
static uint64_t current_aarch64(struct linux_os *linux_os, struct cpu *cpu)
{
    struct aarch64_registers registers;
    uint64_t task;

    aarch64_get_registers(cpu, &registers);
    if (cpu_privilege(cpu) != 0 && linux_is_kernel(registers.sp_el0))
        return registers.sp_el0;
    return linux_u64(linux_os, linux_os->current_task + registers.tpidr_el1, &task) ? task : 0;
}

uint64_t linux_current(struct linux_os *linux_os, struct cpu *cpu)
{
    bool aarch64 = machine_config(linux_os->machine)->arch == CPU_ARCH_AARCH64;
    uint64_t task;

    if (!linux_os->current_task)
        return 0;
    task = aarch64 ? current_aarch64(linux_os, cpu) : current_x86_64(linux_os, cpu);
    return linux_is_kernel(task) ? task : 0;
}

static uint64_t root_of(struct linux_os *linux_os, uint64_t task)
{
    const struct linux_layout *layout = &linux_os->layout;
    uint64_t mm, pgd, root;

    if (layout->mm == LINUX_UNKNOWN || !linux_u64(linux_os, task + (uint64_t)layout->mm, &mm) || !linux_is_kernel(mm) ||
        !linux_u64(linux_os, mm + (uint64_t)layout->pgd, &pgd) || !space_translate(&linux_os->kernel, pgd, &root))
        return 0;
    return root;
}

bool linux_task(struct linux_os *linux_os, uint64_t task, struct os_process *out)
{
    const struct linux_layout *layout = &linux_os->layout;
    uint32_t pid, tgid, parent_tgid;
    char name[LINUX_COMM];
    uint64_t parent;

    memset(out, 0, sizeof(*out));
    if (!linux_comm(linux_os, task, name) || !linux_u32(linux_os, task + (uint64_t)layout->pid, &pid) ||
        !linux_u32(linux_os, task + (uint64_t)layout->tgid, &tgid))
        return false;
    out->id = tgid;
    out->thread = pid;
    out->object = task;
    out->root = root_of(linux_os, task);
    g_strlcpy(out->name, name, sizeof(out->name));
    if (layout->parent != LINUX_UNKNOWN && linux_u64(linux_os, task + (uint64_t)layout->parent, &parent) &&
        linux_u32(linux_os, parent + (uint64_t)layout->tgid, &parent_tgid))
        out->parent = parent_tgid;
    return true;
}

bool linux_each_task(struct linux_os *linux_os, void (*visit)(void *opaque, uint64_t task), void *opaque)
{
    uint64_t offset = (uint64_t)linux_os->layout.tasks, head = linux_os->init_task + offset, node, back;

    if (!linux_u64(linux_os, head, &node))
        return false;
    for (unsigned count = 0; count < MOST_TASKS; count++) {
        uint64_t next;
        if (node == head)
            return true;
        if (!linux_is_kernel(node) || !linux_u64(linux_os, node, &next) || !linux_is_kernel(next) ||
            !linux_u64(linux_os, next + 8, &back) || back != node)
            return false;
        visit(opaque, node - offset);
        node = next;
    }
    return false;
}

void linux_look_from(struct linux_os *linux_os, struct cpu *cpu)
{
    uint64_t physical;

    if (!cpu)
        return;
    space_current(linux_os->machine, cpu, &linux_os->kernel);
    if (machine_config(linux_os->machine)->arch == CPU_ARCH_X86_64 &&
        !space_translate(&linux_os->kernel, linux_os->some_code, &physical)) {
        linux_os->kernel.root &= ~PTI_USER_ROOT;
        linux_os->kernel.kernel_root = linux_os->kernel.root;
    }
}
