/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM's paravirtual clock: the guest names a place in its memory and reads the time there, without an exit.  Redox and
 * Linux use it in place of counters that they would have to calibrate.
 */
#ifndef GALVANIC_DEVICES_PLATFORM_PARAVIRTUAL_CLOCK_H
#define GALVANIC_DEVICES_PLATFORM_PARAVIRTUAL_CLOCK_H

#include "emu/machine.h"

struct paravirtual_clock;

struct paravirtual_clock_config {
    uint64_t tsc_hz; /* of the counter that RDTSC reads; > 0 */
    /* What RDTSC reads on a CPU now; NULL: machine_ticks() of tsc_hz, on every CPU. */
    uint64_t (*read_tsc)(void *opaque, unsigned cpu);
    void *opaque;
};

/* The machine owns the result. @config is copied. */
struct paravirtual_clock *paravirtual_clock_new(struct machine *machine, const struct paravirtual_clock_config *config);
/*
 * For the board's hooks.  CPUID: fills in the leaves 0x40000000 and 0x40000001; others stay as they are (that a
 * hypervisor is there, bit 31 of ECX of leaf 1, is the board's to say).
 */
void paravirtual_clock_cpuid(struct paravirtual_clock *clock, uint32_t leaf, uint32_t answer[4]);
/* CPU_REGISTER_DEFAULT: not a register of the clock's. */
enum cpu_register_access paravirtual_clock_msr_read(struct paravirtual_clock *clock, unsigned cpu, uint32_t msr,
                                                    uint64_t *value);
enum cpu_register_access paravirtual_clock_msr_write(struct paravirtual_clock *clock, unsigned cpu, uint32_t msr,
                                                     uint64_t value);
/* The guest has written its TSC on @cpu: what stands in its memory is written anew. */
void paravirtual_clock_tsc_changed(struct paravirtual_clock *clock, unsigned cpu);

#endif
