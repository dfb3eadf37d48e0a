/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A board without a CPU, driven by an input: the input is a program of register accesses, writes to memory, time and
 * bytes from outside.  Whatever it does, the host must not notice.
 */
#ifndef GALVANIC_TESTS_FUZZ_MACHINE_INPUT_H
#define GALVANIC_TESTS_FUZZ_MACHINE_INPUT_H

#include "tests/fuzz/input.h"

/* The low three bits of a step's first byte; operands follow, little endian, missing ones are zero. */
enum fuzz_step {
    STEP_WRITE,      /* region u8, offset u16, value u32; bits 3..4 of the first byte: log2 of the size */
    STEP_WRITE_WIDE, /* the same with 64 bits */
    STEP_READ,       /* region u8, offset u16 */
    STEP_MEMORY,     /* address / 16 u16, length u8 (at most 64), bytes */
    STEP_TIME,       /* shift u8: 2^(shift % 36) ns pass */
    STEP_CONFIG,     /* function u8, offset u8, value u32, bits 3..4: log2 of the size */
    STEP_INPUT,      /* source u8, length u8 (at most 32), bytes */
    STEP_STATE,      /* the state is saved, loaded, and must be the same */
};

/* Names the region by its index in a list that the board's windows make; the first byte of an input: 0 any, n only n - 1. */
void fuzz_machine(const uint8_t *data, size_t size);

/* Programs for fuzz_seed(). */
void seed_write(GByteArray *seed, uint8_t region, uint16_t offset, unsigned log_size, uint32_t value);
void seed_memory(GByteArray *seed, uint32_t address, const void *bytes, uint8_t length);
void seed_time(GByteArray *seed, uint8_t shift);

/* Fixed regions come first, in this order; BARs follow. */
enum fuzz_region {
    REGION_PIC_MASTER,
    REGION_PIC_SLAVE,
    REGION_ELCR,
    REGION_PIT,
    REGION_PORT61,
    REGION_KEYBOARD,
    REGION_RTC,
    REGION_DMA,
    REGION_DMA2,
    REGION_DMA_PAGES,
    REGION_COM1,
    REGION_COM2,
    REGION_VGA,
    REGION_DISPI,
    REGION_PM,
    REGION_APM,
    REGION_RESET,
    REGION_PORT92,
    REGION_DEBUG,
    REGION_DEBUG_EXIT,
    REGION_CONFIG_PORTS,
    REGION_LAPIC,
    REGION_IOAPIC,
    REGION_HPET,
    REGION_ECAM,
    REGION_VIDEO_WINDOW,
    REGION_FIRST_BAR,
};
/* The place of a function's BAR in the list of regions; -1: it has none.  Valid after the first fuzz_machine(). */
int fuzz_bar_region(uint8_t devfn, unsigned bar);

#endif
