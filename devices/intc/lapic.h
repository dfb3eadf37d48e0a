/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APICs of a machine: xAPIC page, x2APIC registers, timer, interprocessor interrupts, message-signalled
 * interrupts.  Intel SDM volume 3, chapter 10 ("APIC").
 *
 * Each CPU has one local APIC, whose ID is the CPU's index; together they are a struct apic_set, which also owns the
 * window at 0xFEE00000.  A CPU's access to its own page goes to its registers; a write elsewhere in the window, and one
 * to the first 16 bytes of the page, which hold no register, is a message-signalled interrupt.
 *
 * The TSC and the timer's clock both tick once a virtual nanosecond.
 */
#ifndef GALVANIC_DEVICES_INTC_LAPIC_H
#define GALVANIC_DEVICES_INTC_LAPIC_H

#include "devices/intc/apic_message.h"
#include "emu/machine.h"

#define APIC_DEFAULT_BASE 0xfee00000
#define APIC_TIMER_HZ 1000000000

struct apic_set;

/* What a local APIC does to its CPU; all must be set.  @cpu is the CPU's index. */
struct lapic_ops {
    void (*set_intr)(void *opaque, unsigned cpu, bool level);
    void (*nmi)(void *opaque, unsigned cpu);
    /* INIT; afterwards a CPU other than the bootstrap processor waits for sipi. */
    void (*init)(void *opaque, unsigned cpu);
    /* Start at @vector << 12; only called for a CPU that waits for it. */
    void (*sipi)(void *opaque, unsigned cpu, uint8_t vector);
};

struct apic_set_config {
    unsigned cpus;               /* 1..64; CPU 0 is the bootstrap processor */
    bool x2apic;                 /* x2APIC mode can be entered: CPUID.1:ECX[21] says the same */
    const struct lapic_ops *ops; /* copied */
    /* The CPU whose access is being made; NULL: that of machine_running_cpu(), CPU 0 outside of cpu_run(). */
    unsigned (*current_cpu)(void *opaque);
    /* The vector of the 8259 for an ExtINT; NULL: there is none. */
    int (*extint_acknowledge)(void *opaque);
    /* EOI of a level-triggered interrupt, for the I/O APICs; may be NULL. */
    void (*eoi_broadcast)(void *opaque, uint8_t vector);
    void *opaque;
};

/* Adds the devices "lapic0", "lapic1", ..., which own the set.  @config is copied. */
struct apic_set *apic_set_new(struct machine *machine, const struct apic_set_config *config);

/*
 * The pin LINT0 (@pin 0, where the 8259's INTR arrives) or LINT1 (@pin 1, NMI) of all CPUs.
 */
struct irq_line apic_lint_line(struct apic_set *set, unsigned pin);

/* What firmware leaves: software-enabled, LINT0 as ExtINT, LINT1 as NMI ("virtual wire"); for the bootstrap CPU. */
void apic_set_virtual_wire(struct apic_set *set, unsigned cpu);

/*
 * Interrupt acknowledge of @cpu: the vector to deliver, now in service; of the 8259 if an ExtINT stands and the local
 * APIC has nothing to deliver; the spurious vector if TPR holds back what was requested; -1 if there is no request.
 */
int apic_acknowledge(struct apic_set *set, unsigned cpu);
/* Is the INTR input of @cpu asserted? */
bool apic_intr(const struct apic_set *set, unsigned cpu);

/* CR8 of @cpu, 0..15. */
uint8_t apic_task_priority(const struct apic_set *set, unsigned cpu);
void apic_set_task_priority(struct apic_set *set, unsigned cpu, uint8_t priority);

/*
 * RDMSR and WRMSR of IA32_APIC_BASE (0x1B), IA32_TSC_DEADLINE (0x6E0) and the x2APIC registers (0x800..0x8FF);
 * CPU_REGISTER_DEFAULT for all others.
 */
enum cpu_register_access apic_msr_read(struct apic_set *set, unsigned cpu, uint32_t msr, uint64_t *value);
enum cpu_register_access apic_msr_write(struct apic_set *set, unsigned cpu, uint32_t msr, uint64_t value);
/* IA32_APIC_BASE: bit 11 enabled, bit 10 x2APIC mode; for CPUID.1:EDX[9], which follows the enable bit. */
uint64_t apic_base(const struct apic_set *set, unsigned cpu);

/* Delivers a message to the CPUs it names; false if no enabled local APIC took it.  @set is a struct apic_set. */
bool apic_deliver(void *set, const struct apic_message *message);
/* A message-signalled interrupt: a write of @data to @address 0xFEExxxxx.  @set is a struct apic_set. */
void apic_msi(void *set, uint64_t address, uint32_t data);

#endif
