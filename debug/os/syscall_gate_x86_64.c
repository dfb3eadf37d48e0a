/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls of x86_64: SYSCALL goes to the address in IA32_LSTAR (Intel SDM volume 3, 5.8.8).
 *
 * The entry is taken as the instruction after the one that loads the kernel's stack pointer (mov rsp, gs:[..]): all registers but
 * RSP are still the caller's, and RSP is the top of the thread's kernel stack.  The end of a call: in Redox the SWAPGS that follows
 * the first call in that stub, with the result in RAX and the five words for IRETQ left on the stack; in Linux the start of
 * syscall_exit_to_user_mode(), where the saved registers hold the result and signals have not touched them yet.
 */
#include "debug/os/syscall_gate.h"

#include <capstone/capstone.h>
#include <string.h>

#include "emu/cpu/x86_64.h"

#define MSR_LSTAR 0xC0000082u
#define STUB_LENGTH 768
#define IRET_FRAME 40             /* RIP, CS, RFLAGS, RSP, SS */
#define LINUX_REGISTERS 168       /* struct pt_regs: 21 words, the stack's top after them */
#define LINUX_REGISTERS_RESULT 80 /* RAX in it */

static void on_leave(void *opaque, struct cpu *cpu)
{
    struct syscall_gate *gate = opaque;
    uint64_t stack, result, frame = 0;

    if (gate->exit_is_linux) {
        struct space space;
        uint64_t registers = x86_64_gpr(cpu, X86_64_RDI);
        space_current(gate->machine, cpu, &space);
        if (!space_read_u64(&space, registers + LINUX_REGISTERS_RESULT, &result))
            return;
        stack = registers + LINUX_REGISTERS;
    } else {
        frame = cpu_sp(cpu);
        stack = frame + IRET_FRAME;
        result = x86_64_gpr(cpu, X86_64_RAX);
    }
    gate->handlers.leave(gate->handlers.opaque, cpu, stack, result, frame);
}

/* In the first instruction of a new thread in Linux: the saved registers are all that its stack holds. */
static void on_begin(void *opaque, struct cpu *cpu)
{
    struct syscall_gate *gate = opaque;

    gate->handlers.begin(gate->handlers.opaque, cpu, cpu_sp(cpu) + LINUX_REGISTERS);
}

/* The addresses in the stub; 0: not there. */
struct stub {
    uint64_t entry, swapgs;
};

/* "mov rsp, gs:[disp32]", absolute or relative to RIP. */
static bool loads_stack(const cs_insn *instruction)
{
    static const uint8_t opcode[3] = {0x65, 0x48, 0x8B};

    return instruction->size >= 8 && memcmp(instruction->bytes, opcode, sizeof(opcode)) == 0 &&
           (instruction->bytes[3] == 0x24 || instruction->bytes[3] == 0x25);
}

static void note_instruction(const cs_insn *instruction, struct stub *stub, bool *called)
{
    if (!stub->entry) {
        if (loads_stack(instruction))
            stub->entry = instruction->address + instruction->size;
        return;
    }
    if (instruction->id == X86_INS_CALL)
        *called = true;
    else if (*called && !stub->swapgs && instruction->id == X86_INS_SWAPGS)
        stub->swapgs = instruction->address;
}

static struct stub read_stub(struct syscall_gate *gate, struct cpu *cpu, uint64_t lstar)
{
    struct stub stub = {0};
    struct space space;
    uint8_t code[STUB_LENGTH];
    bool called = false;
    csh handle;

    space_current(gate->machine, cpu, &space);
    size_t length = space_read(&space, lstar, code, sizeof(code));
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
        return stub;
    cs_insn *instruction = cs_malloc(handle);
    const uint8_t *at = code;
    uint64_t address = lstar;
    while (cs_disasm_iter(handle, &at, &length, &address, instruction) && !stub.swapgs)
        note_instruction(instruction, &stub, &called);
    cs_free(instruction, 1);
    cs_close(&handle);
    return stub;
}

static void seek_exit(struct syscall_gate *gate, struct cpu *cpu)
{
    uint64_t address = syscall_gate_symbol(gate, cpu, "syscall_exit_to_user_mode");
    const char *name = os_name(gate->os, cpu);

    gate->exit_is_linux = address != 0;
    if (!address && !(name && strcmp(name, "Linux") == 0))
        address = read_stub(gate, cpu, gate->lstar).swapgs;
    gate->exit_at = address;
    if (!address)
        return;
    gate->exit = machine_probe_add(gate->machine, address, on_leave, gate);
    if (!gate->exit_is_linux)
        return;
    address = syscall_gate_symbol(gate, cpu, "ret_from_fork_asm"); /* since 6.5 */
    if (!address)
        address = syscall_gate_symbol(gate, cpu, "ret_from_fork");
    if (address)
        gate->begin = machine_probe_add(gate->machine, address, on_begin, gate);
}

static void on_enter(void *opaque, struct cpu *cpu)
{
    static const enum x86_64_gpr order[6] = {X86_64_RDI, X86_64_RSI, X86_64_RDX, X86_64_R10, X86_64_R8, X86_64_R9};
    struct syscall_gate *gate = opaque;
    uint64_t argument[6];

    if (!gate->exit_at && syscall_gate_seek(gate))
        seek_exit(gate, cpu);
    for (unsigned i = 0; i < 6; i++)
        argument[i] = x86_64_gpr(cpu, order[i]);
    gate->handlers.enter(gate->handlers.opaque, cpu, cpu_sp(cpu), x86_64_gpr(cpu, X86_64_RAX), argument,
                         x86_64_gpr(cpu, X86_64_RCX));
}

static void drop(struct syscall_gate *gate, struct machine_probe **probe)
{
    if (*probe)
        machine_probe_remove(gate->machine, *probe);
    *probe = NULL;
}

static void set_entry(struct syscall_gate *gate, struct cpu *cpu, uint64_t lstar)
{
    if (lstar == gate->lstar && gate->entry)
        return;
    drop(gate, &gate->entry);
    drop(gate, &gate->exit);
    drop(gate, &gate->begin);
    gate->exit_at = 0;
    gate->exit_sought = false;
    gate->lstar = lstar;
    if (!lstar)
        return;
    struct stub stub = read_stub(gate, cpu, lstar);
    if (stub.entry)
        gate->entry = machine_probe_add(gate->machine, stub.entry, on_enter, gate);
}

static void on_register(void *opaque, struct cpu *cpu, uint32_t id, uint64_t value)
{
    if (id == MSR_LSTAR)
        set_entry(opaque, cpu, value);
}

void syscall_gate_open_x86_64(struct syscall_gate *gate)
{
    struct cpu *cpu = machine_cpu(gate->machine, 0);
    struct x86_64_registers registers;

    gate->watch = machine_register_watch(gate->machine, on_register, gate);
    x86_64_get_registers(cpu, &registers);
    set_entry(gate, cpu, registers.lstar);
}
