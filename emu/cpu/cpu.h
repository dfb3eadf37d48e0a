/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual CPU: what the rest of the machine knows of the engine that executes guest code.
 *
 * One engine holds all CPUs of one machine; they share translated code and guest memory and run one at a time, each
 * for an exact number of instructions.  All functions are called from the engine's thread, except where it says so.
 *
 * Exactness: inside every callback the CPU's registers, its program counter and cpu_instructions() are exact, the
 * current instruction counted; an interrupt raised in a callback is taken right after that instruction.
 */
#ifndef GALVANIC_EMU_CPU_CPU_H
#define GALVANIC_EMU_CPU_CPU_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/cpu/vectors.h"

struct cpu;
struct cpu_engine;

enum cpu_arch {
    CPU_ARCH_X86_64,
    CPU_ARCH_AARCH64,
};

/* Why cpu_run() returned. */
enum cpu_stop {
    CPU_STOP_BUDGET,     /* exactly the requested number of instructions was executed, or the deadline reached */
    CPU_STOP_REQUEST,    /* cpu_request_exit(): the count is not a function of the guest alone */
    CPU_STOP_HALT,       /* HLT, WFI: nothing to do until an interrupt */
    CPU_STOP_YIELD,      /* PAUSE, WFE, YIELD: the CPU spins; the instruction is executed and counted */
    CPU_STOP_BREAKPOINT, /* before the instruction at a breakpoint; nothing of it is executed */
    CPU_STOP_WATCHPOINT, /* after the access; see cpu_watchpoint_access() */
    CPU_STOP_SHUTDOWN,   /* x86 triple fault */
    CPU_STOP_PAUSED,     /* a callback asked by cpu_pause() to stop after the current instruction */
};

/* An exception or interrupt about to be delivered.  Registers are still those of the interrupted context. */
struct cpu_exception {
    uint64_t pc;        /* of the instruction that the handler will see as the return address */
    uint64_t address;   /* x86: CR2 for #PF; aarch64: FAR */
    uint64_t syndrome;  /* x86: error code; aarch64: ESR */
    uint32_t vector;    /* x86: enum x86_vector or an interrupt's; aarch64: enum aarch64_class */
    uint8_t from_level; /* x86: CPL (0..3); aarch64: exception level it comes from */
    uint8_t to_level;   /* aarch64: target exception level; x86: 0 */
    bool is_interrupt;  /* hardware interrupt */
    bool is_software;   /* x86 INT n, INT3, INTO; aarch64 SVC, HVC, BRK */
};

/* Kinds of exceptions and interrupts, for those who look at some only. */
enum cpu_observe {
    CPU_OBSERVE_KERNEL_FAULTS = 1, /* taken while privileged (CPL 0..2, EL1), software ones apart but BRK: it aborts */
    CPU_OBSERVE_USER_FAULTS = 2,   /* taken from unprivileged code, software ones apart */
    CPU_OBSERVE_SOFTWARE = 4,      /* INT n, INT3, INTO, SVC, HVC, BRK */
    CPU_OBSERVE_INTERRUPTS = 8,
    CPU_OBSERVE_ALL = 15,
};

static inline enum cpu_observe cpu_exception_kind(const struct cpu_exception *exception, enum cpu_arch arch)
{
    if (exception->is_interrupt) {
        return CPU_OBSERVE_INTERRUPTS;
    }
    if (exception->is_software) {
        bool aborts = arch == CPU_ARCH_AARCH64 && exception->vector == AARCH64_CLASS_BRK64 && exception->from_level > 0;
        return aborts ? CPU_OBSERVE_SOFTWARE | CPU_OBSERVE_KERNEL_FAULTS : CPU_OBSERVE_SOFTWARE;
    }
    return exception->from_level == (arch == CPU_ARCH_X86_64 ? 3 : 0) ? CPU_OBSERVE_USER_FAULTS
                                                                      : CPU_OBSERVE_KERNEL_FAULTS;
}

enum cpu_register_access {
    CPU_REGISTER_DEFAULT, /* let the engine do what it does by itself */
    CPU_REGISTER_DONE,    /* handled by the callback */
    CPU_REGISTER_FAULT,   /* x86: #GP(0); aarch64: UNDEFINED */
};

/*
 * What the machine does for a CPU.  Every member must be set unless it says "may be NULL".  `opaque` is that of
 * cpu_engine_new().  Callbacks must not call cpu_run().
 */
struct cpu_callbacks {
    /* An access to guest-physical memory that is no RAM or ROM; size 1, 2, 4 or 8 (8 in one call); little endian. */
    uint64_t (*mmio_read)(void *opaque, struct cpu *cpu, uint64_t address, unsigned size);
    void (*mmio_write)(void *opaque, struct cpu *cpu, uint64_t address, unsigned size, uint64_t value);
    /* x86 port I/O, after the privilege check; size 1, 2 or 4.  May be NULL on aarch64. */
    uint32_t (*port_read)(void *opaque, struct cpu *cpu, uint16_t port, unsigned size);
    void (*port_write)(void *opaque, struct cpu *cpu, uint16_t port, unsigned size, uint32_t value);
    /* x86 interrupt acknowledge: the vector to deliver, or -1 if the request has gone.  May be NULL on aarch64. */
    int (*interrupt_acknowledge)(void *opaque, struct cpu *cpu);
    /* x86 CR8, the task priority (0..15).  May be NULL on aarch64. */
    uint8_t (*task_priority_read)(void *opaque, struct cpu *cpu);
    void (*task_priority_write)(void *opaque, struct cpu *cpu, uint8_t priority);
    /* x86 RDMSR/WRMSR; aarch64 MRS/MSR of a register given to aarch64_trap_register(). */
    enum cpu_register_access (*register_read)(void *opaque, struct cpu *cpu, uint32_t id, uint64_t *value);
    enum cpu_register_access (*register_write)(void *opaque, struct cpu *cpu, uint32_t id, uint64_t value);
    /* x86: changes the answer {eax, ebx, ecx, edx} that the model gives for CPUID.  May be NULL. */
    void (*cpuid)(void *opaque, struct cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t answer[4]);
    /* RDTSC ticks; the aarch64 generic counter (CNTPCT, before CNTVOFF). */
    uint64_t (*counter)(void *opaque, struct cpu *cpu);
    /* 64 fresh bits for RDRAND, RDSEED, RNDR. */
    uint64_t (*random)(void *opaque, struct cpu *cpu);
    /*
     * x86: VMCALL at CPL 0; aarch64: HVC #immediate from EL1.  True: handled; execution goes on after the instruction,
     * or where the callback set the program counter with cpu_*_set_registers().  False: the instruction is undefined.
     */
    bool (*hypercall)(void *opaque, struct cpu *cpu, uint32_t immediate);
    /* aarch64: the output of a generic timer changed: timer 0 physical, 1 virtual (CNTP, CNTV).  NULL on x86. */
    void (*timer_changed)(void *opaque, struct cpu *cpu, unsigned timer);
    /* aarch64: HLT #immediate (semihosting).  True: handled.  May be NULL. */
    bool (*semihosting)(void *opaque, struct cpu *cpu, uint32_t immediate);
    /* Before delivery of each exception and interrupt.  NULL: nobody looks, no cost.  May call cpu_stop_before(). */
    void (*observe)(void *opaque, struct cpu *cpu, const struct cpu_exception *exception);
    /* Before each execution of an instruction at an address of cpu_probe_insert().  May call cpu_stop_before(). */
    void (*probe)(void *opaque, struct cpu *cpu);
};

/*
 * Creates the engine of a machine.
 *
 * @arch       instruction set
 * @model      "qemu64", "core2duo", "max" for x86_64; "max", "cortex-a72" for aarch64
 * @cpus       number of CPUs, 1..64; CPU 0 starts running, the others wait for cpu_start()
 * @callbacks  copied; @opaque is handed to each
 * Returns the engine, or NULL with @error: a model that is not known (the message lists those that are).
 */
struct cpu_engine *cpu_engine_new(enum cpu_arch arch, const char *model, unsigned cpus,
                                  const struct cpu_callbacks *callbacks, void *opaque, GError **error);
void cpu_engine_free(struct cpu_engine *engine);

/* The exception observer and the kinds (enum cpu_observe) that it is called for; the others cost nothing. */
void cpu_engine_set_observer(struct cpu_engine *engine, unsigned kinds,
                             void (*observe)(void *opaque, struct cpu *cpu, const struct cpu_exception *exception));

/*
 * Backs guest-physical [@address, @address + @size) with host memory that the caller owns and keeps until
 * cpu_engine_unmap() or cpu_engine_free().  Page aligned (4096).  A write to a @read_only range by the guest is
 * discarded.  Everything that is not mapped goes to mmio_read and mmio_write.  Not from inside a callback.
 */
void cpu_engine_map(struct cpu_engine *engine, uint64_t address, uint64_t size, void *host, bool read_only);
void cpu_engine_unmap(struct cpu_engine *engine, uint64_t address, uint64_t size);

/*
 * The host is about to write, or has written, into mapped guest memory [@address, @address + @size): marks the pages
 * dirty and drops code translated from them.  Every write that does not come from guest code must be told; also from
 * inside a callback (the block that is running is finished first, its current instruction being the last).
 */
void cpu_engine_memory_written(struct cpu_engine *engine, uint64_t address, uint64_t size);

/* Per 4 KiB page: written since it was mapped or since cpu_engine_dirty_clear(). */
bool cpu_engine_page_dirty(const struct cpu_engine *engine, uint64_t address);
/* Copies one bit a page of [@address, +@size) into @bits (LSB first) and, if @clear, starts a new epoch for them. */
void cpu_engine_dirty_bits(struct cpu_engine *engine, uint64_t address, uint64_t size, uint8_t *bits, bool clear);

struct cpu *cpu_engine_cpu(struct cpu_engine *engine, unsigned index);
unsigned cpu_index(const struct cpu *cpu);
enum cpu_arch cpu_architecture(const struct cpu *cpu);
struct cpu_engine *cpu_engine_of(const struct cpu *cpu);

/*
 * Executes at most @budget instructions (0 returns at once).  Interrupts that are pending and deliverable are taken
 * first.  A halted CPU without an interrupt returns CPU_STOP_HALT with nothing executed.  A delivery that is held
 * (cpu_stop_before() in an observer) comes before all, with a @budget of 0 too.
 */
enum cpu_stop cpu_run(struct cpu *cpu, uint64_t budget);

/* Instructions retired by this CPU since cpu_engine_new(); exact everywhere. */
uint64_t cpu_instructions(const struct cpu *cpu);
/*
 * In a callback: make the current cpu_run() return CPU_STOP_BUDGET when cpu_instructions() reaches @instructions, or
 * right after the current instruction if that is past; never later than the budget that cpu_run() was given.
 */
void cpu_set_deadline(struct cpu *cpu, uint64_t instructions);
/* In a callback: stop right after the current instruction with CPU_STOP_PAUSED. */
void cpu_pause(struct cpu *cpu);
/* From any thread or signal handler: make cpu_run(), now or the next one, return CPU_STOP_REQUEST soon (< 1 ms). */
void cpu_request_exit(struct cpu_engine *engine);

/* Interrupt inputs.  @level stays until changed. x86: INTR and NMI (edge); aarch64: IRQ and FIQ. */
enum cpu_line { CPU_LINE_IRQ, CPU_LINE_FIQ, CPU_LINE_NMI };
void cpu_set_line(struct cpu *cpu, enum cpu_line line, bool level);

/* Power-on state.  x86: real mode at the reset vector; aarch64: EL1h at 0, MMU off. */
void cpu_reset(struct cpu *cpu);
/* INIT (x86): like reset but keeps what the SDM says; the CPU waits for cpu_start(). */
void cpu_init(struct cpu *cpu);
/* x86: SIPI, starts at @address = vector << 12 in real mode; aarch64: PSCI CPU_ON at @address with X0 = @argument. */
void cpu_start(struct cpu *cpu, uint64_t address, uint64_t argument);
/* PSCI CPU_OFF: the CPU waits for cpu_start().  @return of cpu_is_on: running or halted, not waiting for a start. */
void cpu_off(struct cpu *cpu);
bool cpu_is_on(const struct cpu *cpu);
/* Halted, and nothing is pending that would wake it. */
bool cpu_is_halted(const struct cpu *cpu);

uint64_t cpu_pc(const struct cpu *cpu);
uint64_t cpu_sp(const struct cpu *cpu);
/* CPL on x86 (0..3), exception level on aarch64 (0..3). */
unsigned cpu_privilege(const struct cpu *cpu);
/* Physical address of @virtual as the CPU would read it now, without side effects.  False: not mapped. */
bool cpu_translate(struct cpu *cpu, uint64_t virtual_address, uint64_t *physical);

/*
 * In a probe or an observer: cpu_run() returns CPU_STOP_BREAKPOINT with nothing of the instruction, or of the delivery,
 * done.  The next one goes on with it without asking again; a fault that was held is forgotten when the program counter
 * has been changed meanwhile.
 */
void cpu_stop_before(struct cpu *cpu);
/* A delivery waits: cpu_run(cpu, 0) completes it. */
bool cpu_is_held(const struct cpu *cpu);

/*
 * Probes by virtual address, in whatever space: cpu_callbacks.probe is called before the instruction, from translated
 * code, with the count that does not hold it yet.  Counted: each insertion asks for a removal.  Also from callbacks.
 */
void cpu_probe_insert(struct cpu_engine *engine, uint64_t address);
void cpu_probe_remove(struct cpu_engine *engine, uint64_t address);
/* Breakpoints by virtual address; invisible to the guest.  Counted as probes are. */
void cpu_breakpoint_insert(struct cpu_engine *engine, uint64_t address);
void cpu_breakpoint_remove(struct cpu_engine *engine, uint64_t address);

/*
 * Watchpoints: cpu_run() returns CPU_STOP_WATCHPOINT right after the instruction that accesses one of [@address, @address + @length).
 * Virtual: in whatever space.  Physical: RAM and devices, through any mapping, and DMA into RAM; not the accesses of page walks.
 */
enum cpu_watch { CPU_WATCH_WRITE = 1, CPU_WATCH_READ = 2, CPU_WATCH_ACCESS = 3 };
enum cpu_watch_space { CPU_WATCH_VIRTUAL, CPU_WATCH_PHYSICAL, CPU_WATCH_PORT };
/* False: an empty range, or one that wraps. */
bool cpu_watchpoint_insert(struct cpu_engine *engine, enum cpu_watch_space space, uint64_t address, uint64_t length,
                           enum cpu_watch kind);
void cpu_watchpoint_remove(struct cpu_engine *engine, enum cpu_watch_space space, uint64_t address, uint64_t length,
                           enum cpu_watch kind);
/* What the host has written since the last run is no DMA: a debugger's change, a load. */
void cpu_watchpoint_forget(struct cpu_engine *engine);

struct cpu_access {
    uint64_t address;  /* virtual; of DMA physical; a port */
    uint64_t physical; /* UINT64_MAX: a port */
    uint64_t length;
    bool write, dma;
};
/* After CPU_STOP_WATCHPOINT: the @index-th access of the instruction that hit one; false: no more (at most 4 are kept). */
bool cpu_watchpoint_access(const struct cpu *cpu, unsigned index, struct cpu_access *out);

/*
 * The complete architectural state, the instruction count and what waits to be delivered, as bytes: equal states give
 * equal bytes.  cpu_load() flushes what depends on it.  Only between cpu_run() calls.
 */
void cpu_save(struct cpu *cpu, GByteArray *out);
/* False: @data is not a state of this architecture, model and version. */
bool cpu_load(struct cpu *cpu, const uint8_t *data, size_t length);
/* Drops all translated code and TLBs (tests of invisibility; after memory was replaced as a whole). */
void cpu_engine_flush(struct cpu_engine *engine);
/* Bytes of the translation buffer; 0: default.  For tests; before the first cpu_run(). */
void cpu_engine_set_code_buffer(struct cpu_engine *engine, size_t bytes);

/* Statistics of the engine since it was made; host-dependent, for people only. */
struct cpu_statistics {
    uint64_t translated_blocks;
    uint64_t code_flushes;
    uint64_t tlb_flushes;
    uint64_t exceptions;
};
void cpu_engine_statistics(const struct cpu_engine *engine, struct cpu_statistics *out);

#endif
