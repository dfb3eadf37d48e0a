/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exclusives and the local monitor.  Arm ARM B2.9.  Whether a plain store of the same processor between the two clears
 * the monitor is the implementation's affair; here it does when it changes the value.
 */
#include "guest.h"

static uint64_t cell[4] __attribute__((aligned(32)));

#define EXCLUSIVE(instructions, ...)                                                                                   \
    ({                                                                                                                 \
        uint64_t status_ = 9;                                                                                          \
        __asm__ volatile(instructions : "+r"(status_) : __VA_ARGS__ : "x9", "x10", "x11", "memory", "cc");             \
        status_;                                                                                                       \
    })

static void monitor(void)
{
    cell[0] = 1;
    say("LDXR, STXR", EXCLUSIVE("ldxr x9, [%1]\n\tadd x9, x9, #1\n\tstxr %w0, x9, [%1]", "r"(cell)));
    say("memory", cell[0]);
    say("a second STXR", EXCLUSIVE("ldxr x9, [%1]\n\tstxr w10, x9, [%1]\n\tstxr %w0, x9, [%1]", "r"(cell)));
    say("STXR alone", EXCLUSIVE("clrex\n\tstxr %w0, xzr, [%1]", "r"(cell)));
    say("after CLREX", EXCLUSIVE("ldxr x9, [%1]\n\tclrex\n\tstxr %w0, xzr, [%1]", "r"(cell)));
    say("memory", cell[0]);
    say("LDAXR, STLXR", EXCLUSIVE("ldaxr w9, [%1]\n\tadd w9, w9, #5\n\tstlxr %w0, w9, [%1]", "r"(cell)));
    say("memory", cell[0]);
    cell[0] = 0x1111222233334444;
    cell[1] = 0x5555666677778888;
    say("byte", EXCLUSIVE("ldxrb w9, [%1]\n\tadd w9, w9, #1\n\tstxrb %w0, w9, [%1]", "r"(cell)));
    say("half", EXCLUSIVE("ldxrh w9, [%1]\n\tadd w9, w9, #0x100\n\tstxrh %w0, w9, [%1]", "r"((uint8_t *)cell + 2)));
    say("memory", cell[0]);
    say("pair", EXCLUSIVE("ldxp x9, x10, [%1]\n\tstxp %w0, x10, x9, [%1]", "r"(cell)));
    say("low", cell[0]);
    say("high", cell[1]);
    say("pair of words", EXCLUSIVE("ldxp w9, w10, [%1]\n\tstxp %w0, w10, w9, [%1]", "r"(cell)));
    say("low", cell[0]);
    cell[0] = 7;
    say("changed between",
        EXCLUSIVE("ldxr x9, [%1]\n\tmov x10, #8\n\tstr x10, [%1]\n\tstxr %w0, xzr, [%1]", "r"(cell)));
    say("memory", cell[0]);
}

/* An exception's return clears the monitor (Arm ARM B2.9.2). */
static void over_exception(void)
{
    cell[0] = 3;
    PROBE("ldxr x13, [%0]\n\tadr x9, 1f\n\tmsr elr_el1, x9\n\tmov x9, #0x3c4\n\tmsr spsr_el1, x9\n\teret\n"
          "1:\tstxr w14, xzr, [%0]\n\tsvc #0",
          "r"(cell));
    say("STXR after ERET", caught.frame.x[14]);
    say("memory", cell[0]);
}

static void fault(void)
{
    uint8_t *page = new_page();
    map_page(TEST_BASE, page, PAGE_PLAIN | PAGE_READ_ONLY);
    REPORT("STXR to a read-only page", "ldxr x9, [%0]\n\tstxr w10, x9, [%0]", "r"(TEST_BASE));
}

void guest_main(void)
{
    monitor();
    over_exception();
    fault();
    REPORT("LDADD, which the model has not", ".inst 0xf8220020");
}
