/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the files that work on Unicorn's private headers; they are compiled with the flags of one instruction set.
 *
 * Ours come first: some of our names are also QEMU's, which its per-target headers rename from there on.
 */
#ifndef GALVANIC_EMU_CPU_TARGET_H
#define GALVANIC_EMU_CPU_TARGET_H

#include "emu/cpu/internal.h"
#ifdef GALVANIC_TARGET_X86_64
#include "emu/cpu/x86_64.h"
#include <x86_64.h>
#define CPU_TARGET(name) x86_64_##name
#else
#include "emu/cpu/aarch64.h"
#include <aarch64.h>
#define CPU_TARGET(name) aarch64_##name
#endif
#define cpu_reset qemu_cpu_reset
#define cpu_watchpoint_remove qemu_cpu_watchpoint_remove

#include <qemu/osdep.h>
#include <cpu.h>
#include <exec/cpu_ldst.h>
#include <exec/exec-all.h>
#include <sysemu/cpus.h>
#include <tcg/tcg.h>
#include <uc_priv.h>
#include <uc_sys.h>

static inline struct cpu *cpu_of(CPUState *cs)
{
    return cs->opaque;
}

static inline struct cpu *cpu_of_env(CPUArchState *env)
{
    return env_cpu(env)->opaque;
}

/* target_engine.c */
bool CPU_TARGET(engine_open)(struct cpu_engine *engine, uc_arch arch, uc_mode mode, int model,
                             CPUState *(*another)(struct uc_struct *uc), GError **error);
void CPU_TARGET(engine_close)(struct cpu_engine *engine);
enum cpu_stop CPU_TARGET(engine_run)(struct cpu *cpu, uint64_t budget);
void CPU_TARGET(engine_set_deadline)(struct cpu *cpu, uint64_t instructions);
/*
 * After the delivery of an exception.  A handler whose first instruction faults again would keep the CPU busy without
 * an instruction: each delivery but the first at the same count counts as one, so that every budget ends.
 */
void CPU_TARGET(engine_delivered)(struct cpu *cpu);
/* The observer is called for exceptions like this one. */
static inline bool engine_observes(const struct cpu *cpu, const struct cpu_exception *exception)
{
    return cpu->engine->observed & cpu_exception_kind(exception, cpu->engine->arch);
}
/*
 * Calls the observer of exception @index; if it asks for a stop, this does not return, and the next run delivers it.
 * @acknowledged: an interrupt of x86, which the machine takes as delivered.
 */
void CPU_TARGET(engine_observe)(struct cpu *cpu, const struct cpu_exception *exception, uint32_t index,
                                bool acknowledged);
void CPU_TARGET(engine_request_exit)(struct cpu_engine *engine);
void CPU_TARGET(engine_breakpoint)(struct cpu_engine *engine, uint64_t address, bool insert);
void CPU_TARGET(engine_flush)(struct cpu_engine *engine);
void CPU_TARGET(engine_statistics)(const struct cpu_engine *engine, struct cpu_statistics *out);
/* Sets the count after a load; only between runs. */
void CPU_TARGET(engine_set_instructions)(struct cpu *cpu, uint64_t instructions);

/* target_watch.c */
bool CPU_TARGET(watched)(CPUState *cs, uint64_t address, uint64_t physical);
void CPU_TARGET(watch)(CPUState *cs, uint64_t address, uint64_t length, bool write, uintptr_t retaddr);
void CPU_TARGET(engine_watch)(struct cpu_engine *engine, const struct cpu_watched *watched);

/* target_memory.c */
void CPU_TARGET(memory_map)(struct cpu_engine *engine, uint64_t address, uint64_t size, void *host, bool read_only);
void CPU_TARGET(memory_unmap)(struct cpu_engine *engine, uint64_t address, uint64_t size);
void CPU_TARGET(memory_written)(struct cpu_engine *engine, uint64_t address, uint64_t size);
void CPU_TARGET(memory_dirty_bits)(struct cpu_engine *engine, uint64_t address, uint64_t size, uint8_t *bits,
                                   bool clear);
bool CPU_TARGET(memory_page_dirty)(struct cpu_engine *engine, uint64_t address);
/* Physical loads and stores of the page walks; a store marks its page. Not mapped: reads 0, writes nothing. */
uint64_t CPU_TARGET(memory_load)(struct uc_struct *uc, uint64_t address, unsigned size);
void CPU_TARGET(memory_store)(struct uc_struct *uc, uint64_t address, unsigned size, uint64_t value);

/* Given by the instruction set's files. */
bool CPU_TARGET(interrupt_deliverable)(CPUState *cs);
void CPU_TARGET(yield)(CPUState *cs);

#endif
