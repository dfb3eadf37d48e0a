/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls of aarch64: SVC is an exception (Arm ARM, ESR_EL1.EC 0x15), so the entry is observed; SP_EL1 then is the top of the
 * thread's kernel stack.
 *
 * The end of a call is where the kernel's dispatcher returns to, learned from X30 when it is first entered: kernel::syscall::syscall
 * in Redox with the result in X0, do_el0_svc() in Linux with the result in the saved registers.  Faults of user code return on
 * another way and cost nothing.
 */
#include "debug/os/syscall_gate.h"

#include "emu/cpu/aarch64.h"

#define LARGEST_STACK 65536
#define REDOX_REGISTERS 288 /* what enter_usermode pops */

static void on_leave(void *opaque, struct cpu *cpu)
{
    struct syscall_gate *gate = opaque;
    uint64_t stack = cpu_sp(cpu) + gate->depth;
    uint64_t result = aarch64_x(cpu, 0);

    if (gate->exit_is_linux) {
        struct space space;
        space_current(gate->machine, cpu, &space);
        if (!space_read_u64(&space, stack - gate->registers, &result)) /* X0 is the first of the saved registers */
            return;
    }
    gate->handlers.leave(gate->handlers.opaque, cpu, stack, result, 0);
}

/* A thread that runs for the first time. */
static void on_begin(void *opaque, struct cpu *cpu)
{
    struct syscall_gate *gate = opaque;
    uint64_t size = gate->exit_is_linux ? gate->registers : REDOX_REGISTERS;

    gate->handlers.begin(gate->handlers.opaque, cpu, cpu_sp(cpu) + size);
}

/* In the dispatcher's first instruction, of the very call that was observed last. */
static void on_dispatch(void *opaque, struct cpu *cpu)
{
    struct syscall_gate *gate = opaque;
    uint64_t sp = cpu_sp(cpu);

    if (sp > gate->top || gate->top - sp > LARGEST_STACK)
        return;
    gate->depth = gate->top - sp;
    gate->registers = gate->top - aarch64_x(cpu, 0);
    gate->exit_at = aarch64_x(cpu, 30);
    gate->exit = machine_probe_add(gate->machine, gate->exit_at, on_leave, gate);
    machine_probe_remove(gate->machine, gate->learn);
    gate->learn = NULL;
}

static void seek_exit(struct syscall_gate *gate, struct cpu *cpu)
{
    const char *begin = "ret_from_fork";
    uint64_t address = syscall_gate_symbol(gate, cpu, "do_el0_svc");

    gate->exit_is_linux = address != 0;
    if (!address) {
        address = syscall_gate_symbol(gate, cpu, "kernel::syscall::syscall");
        begin = "enter_usermode";
    }
    if (!address)
        return;
    gate->learn = machine_probe_add(gate->machine, address, on_dispatch, gate);
    address = syscall_gate_symbol(gate, cpu, begin);
    if (address)
        gate->begin = machine_probe_add(gate->machine, address, on_begin, gate);
}

static void observe(void *opaque, struct cpu *cpu, const struct cpu_exception *exception)
{
    struct syscall_gate *gate = opaque;
    const uint64_t *x;

    if (exception->vector != AARCH64_CLASS_SVC64 || exception->from_level != 0)
        return;
    if (!gate->learn && !gate->exit_at && syscall_gate_seek(gate))
        seek_exit(gate, cpu);
    gate->top = aarch64_sp_el1(cpu);
    x = aarch64_xs(cpu);
    gate->handlers.enter(gate->handlers.opaque, cpu, gate->top, x[8], x, 0);
}

void syscall_gate_open_aarch64(struct syscall_gate *gate)
{
    gate->observer = machine_observer_add(gate->machine, MACHINE_OBSERVE_SOFTWARE, observe, gate);
}
