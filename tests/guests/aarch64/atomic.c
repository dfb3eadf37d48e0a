/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The atomics of FEAT_LSE: what they return and what they leave.  Arm ARM C6.2. */
#include "guest.h"

static uint64_t cell[4] __attribute__((aligned(32)));

#define ATOMIC(name, instruction)                                                                                      \
    do {                                                                                                               \
        cell[0] = 0x8000000000000005;                                                                                  \
        uint64_t old_ = 0;                                                                                             \
        __asm__ volatile(".arch_extension lse\n\t" instruction "\n\t.arch_extension nolse"                             \
                         : "=&r"(old_)                                                                                 \
                         : "r"(3ULL), "r"(cell)                                                                        \
                         : "memory");                                                                                  \
        say(name, old_);                                                                                               \
        say("memory", cell[0]);                                                                                        \
    } while (0)

void guest_main(void)
{
    ATOMIC("LDADD", "ldadd %1, %0, [%2]");
    ATOMIC("LDCLR", "ldclral %1, %0, [%2]");
    ATOMIC("LDEOR", "ldeora %1, %0, [%2]");
    ATOMIC("LDSET", "ldsetl %1, %0, [%2]");
    ATOMIC("LDSMAX", "ldsmax %1, %0, [%2]");
    ATOMIC("LDSMIN", "ldsmin %1, %0, [%2]");
    ATOMIC("LDUMAX", "ldumax %1, %0, [%2]");
    ATOMIC("LDUMIN", "ldumin %1, %0, [%2]");
    ATOMIC("SWP", "swpal %1, %0, [%2]");
    ATOMIC("LDADDB", "ldaddb %w1, %w0, [%2]");
    ATOMIC("LDSMAX of words", "ldsmax %w1, %w0, [%2]");
    ATOMIC("LDSMINH", "ldsminh %w1, %w0, [%2]");
    ATOMIC("CAS that differs", "mov %0, #1\n\tcas %0, %1, [%2]");
    ATOMIC("CAS that is equal", "ldr %0, [%2]\n\tcasal %0, %1, [%2]");
    ATOMIC("CASB that is equal", "mov %0, #5\n\tcasb %w0, %w1, [%2]");
    cell[0] = 1;
    cell[1] = 2;
    PROBE(".arch_extension lse\n\tmov x10, #1\n\tmov x11, #2\n\tmov x12, #10\n\tmov x13, #20\n\t"
          "casp x10, x11, x12, x13, [%0]\n\tsvc #0\n\t.arch_extension nolse",
          "r"(cell));
    say("CASP, low", cell[0]);
    say("CASP, high", cell[1]);
    map_page(TEST_BASE, new_page(), PAGE_PLAIN);
    REPORT("an unaligned LDADD", ".arch_extension lse\n\tldadd x9, x10, [%0]\n\t.arch_extension nolse",
           "r"(TEST_BASE + 4));
    map_page(TEST_BASE, new_page(), PAGE_PLAIN | PAGE_READ_ONLY);
    REPORT("LDADD to a read-only page", ".arch_extension lse\n\tldadd x9, x10, [%0]\n\t.arch_extension nolse",
           "r"(TEST_BASE));
}
