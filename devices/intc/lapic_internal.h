/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the local APIC share; nobody else includes this.  Intel SDM volume 3, chapter 10. */
#ifndef GALVANIC_DEVICES_INTC_LAPIC_INTERNAL_H
#define GALVANIC_DEVICES_INTC_LAPIC_INTERNAL_H

#include "devices/intc/lapic.h"

/* Register numbers: MMIO offset >> 4, x2APIC MSR - 0x800. */
enum {
    APIC_ID = 0x02,
    APIC_VERSION = 0x03,
    APIC_TPR = 0x08,
    APIC_APR = 0x09,
    APIC_PPR = 0x0a,
    APIC_EOI = 0x0b,
    APIC_RRD = 0x0c,
    APIC_LDR = 0x0d,
    APIC_DFR = 0x0e,
    APIC_SVR = 0x0f,
    APIC_ISR = 0x10, /* 8 registers each */
    APIC_TMR = 0x18,
    APIC_IRR = 0x20,
    APIC_ESR = 0x28,
    APIC_ICR_LOW = 0x30,
    APIC_ICR_HIGH = 0x31,
    APIC_LVT = 0x32, /* 6 registers, enum lapic_lvt */
    APIC_INITIAL_COUNT = 0x38,
    APIC_CURRENT_COUNT = 0x39,
    APIC_DIVIDE = 0x3e,
    APIC_SELF_IPI = 0x3f, /* x2APIC only */
    APIC_REGISTERS = 0x40,
};

enum lapic_lvt {
    LVT_TIMER,
    LVT_THERMAL,
    LVT_PERFORMANCE,
    LVT_LINT0,
    LVT_LINT1,
    LVT_ERROR,
    LVT_COUNT,
};

#define LVT_MODE(lvt) ((lvt) >> 8 & 7)
#define LVT_REMOTE_IRR (1u << 14)
#define LVT_LEVEL (1u << 15)
#define LVT_MASKED (1u << 16)
#define LVT_TIMER_MODE(lvt) ((lvt) >> 17 & 3)

enum lapic_timer_mode { TIMER_ONE_SHOT, TIMER_PERIODIC, TIMER_TSC_DEADLINE, TIMER_RESERVED };

#define SVR_ENABLED (1u << 8)
#define SVR_SUPPRESS_EOI_BROADCAST (1u << 12)

#define ESR_SEND_ILLEGAL_VECTOR (1u << 5)
#define ESR_RECEIVE_ILLEGAL_VECTOR (1u << 6)
#define ESR_ILLEGAL_REGISTER (1u << 7)

#define MSR_APIC_BASE 0x1b
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC 0x800
#define MSR_X2APIC_END 0x900

#define BASE_BSP (1u << 8)
#define BASE_X2APIC (1u << 10)
#define BASE_ENABLED (1u << 11)
#define BASE_ADDRESS 0x000000fffffff000ULL /* 40 physical address bits */

/* 256 bits, as ISR, TMR and IRR are. */
struct vector_set {
    uint32_t word[8];
};

struct lapic {
    struct apic_set *set;
    unsigned index;
    char id[16];                     /* "lapic0" */
    struct memory_region *relocated; /* the page of a CPU that moved it away from the default address */

    uint64_t base; /* IA32_APIC_BASE */
    uint32_t tpr;
    uint32_t ldr, dfr; /* xAPIC */
    uint32_t svr;
    struct vector_set isr, tmr, irr;
    uint32_t esr, esr_collected; /* as the guest reads it; since its last write */
    uint32_t icr_low, icr_high;
    uint32_t lvt[LVT_COUNT];
    uint32_t divide; /* register 3E0 */
    bool lint[2];    /* levels of the pins */
    bool extint;     /* an ExtINT message waits */
    bool wait_for_sipi;

    /* The timer: @timer_count ticks from @timer_start to its next zero, then periods of @timer_initial. */
    uint32_t timer_initial;
    uint32_t timer_count;
    int64_t timer_start; /* ns */
    bool timer_running;
    uint64_t tsc_deadline; /* 0: not armed */
    struct clock_timer *timer;

    bool intr; /* what set_intr() was told; derived */
};

struct apic_set {
    struct machine *machine;
    struct apic_set_config config;
    struct lapic_ops ops;
    struct memory_region *window;
    unsigned alive;        /* local APICs not yet unrealized */
    struct lapic lapics[]; /* config.cpus of them */
};

/* --- lapic.c --- */
static inline bool lapic_enabled(const struct lapic *lapic)
{
    return lapic->base & BASE_ENABLED;
}
static inline bool lapic_software_enabled(const struct lapic *lapic)
{
    return lapic_enabled(lapic) && (lapic->svr & SVR_ENABLED);
}
static inline bool lapic_x2apic(const struct lapic *lapic)
{
    return lapic->base & BASE_X2APIC;
}
uint8_t lapic_ppr(const struct lapic *lapic);
/* The highest vector in the set, or -1. */
int vector_set_highest(const struct vector_set *vectors);
/* Tells the CPU whether an interrupt waits, after any change. */
void lapic_update(struct lapic *lapic);
/* A fixed interrupt for this CPU. False: the local APIC does not take interrupts. */
bool lapic_accept(struct lapic *lapic, uint8_t vector, bool level);
void lapic_eoi(struct lapic *lapic);
/* Collects an error for ESR and raises the error interrupt. */
void lapic_error(struct lapic *lapic, uint32_t bit);
/* A local interrupt source fires. */
void lapic_local_interrupt(struct lapic *lapic, enum lapic_lvt source);
/* A level-triggered LINT0 that stands. */
void lapic_lint0_level(struct lapic *lapic);
/* To the state after RESET or INIT; IA32_APIC_BASE and the levels of the pins stay. */
void lapic_clear(struct lapic *lapic);
void lapic_init(struct lapic *lapic);
void lapic_startup(struct lapic *lapic, uint8_t vector);

/* --- lapic_timer.c --- */
void lapic_timer_fire(void *opaque);
/* Takes all expiries up to now.  Whoever reads or changes the timer does this first. */
void lapic_timer_sync(struct lapic *lapic);
/* Gives the timer another local vector or divider. */
void lapic_timer_reconfigure(struct lapic *lapic, uint32_t lvt, uint32_t divide);
void lapic_timer_set_initial(struct lapic *lapic, uint32_t count);
uint32_t lapic_timer_current(const struct lapic *lapic);
void lapic_timer_set_deadline(struct lapic *lapic, uint64_t tsc);
void lapic_timer_stop(struct lapic *lapic);

/* --- lapic_message.c --- */
/* Sends what ICR says. */
void lapic_send_ipi(struct lapic *lapic, uint32_t low, uint32_t destination);

/* --- lapic_registers.c --- */
extern const struct memory_region_ops lapic_window_ops;
extern const struct memory_region_ops lapic_relocated_ops;
/* Puts the page of a CPU where IA32_APIC_BASE says. */
void lapic_place_page(struct lapic *lapic);

#endif
