/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pairs of faults make a double fault.  Intel SDM volume 3, table 6-5. */
#include "guest.h"

static struct gate saved;

/* Makes the gate of @first bad, so that its delivery raises another fault. */
static void spoil(unsigned first, bool absent)
{
    saved = idt[first];
    if (absent)
        idt[first].type &= 0x7f; /* #NP */
    else
        idt[first].selector = 0; /* #GP */
}

static void restore(unsigned first)
{
    idt[first] = saved;
}

void guest_main(void)
{
    set_gate(8, 14, 0, 1);
    task_state.ist[0] = (uint64_t)new_page() + 4096;
    spoil(6, false);
    PROBE("ud2");
    say("#UD, then #GP: vector", caught.frame.vector);
    restore(6);
    spoil(6, true);
    PROBE("ud2");
    say("#UD, then #NP: vector", caught.frame.vector);
    say("  gate in the error code", caught.frame.error >> 3);
    restore(6);
    spoil(0, true);
    PROBE("xorl %%ecx, %%ecx\n\tdivl %%ecx");
    report("#DE, then #NP");
    restore(0);
    spoil(13, true);
    PROBE("movl $0x1000, %%eax\n\tmovw %%ax, %%ds");
    report("#GP, then #NP");
    restore(13);
    spoil(14, false);
    PROBE("movq (%0), %%rax", "r"(TEST_BASE));
    report("#PF, then #GP");
    say("  cr2", caught.cr2);
    restore(14);
    spoil(11, true);
    PROBE("movl %0, %%eax\n\tmovw %%ax, %%ds", "i"(DATA_ABSENT));
    report("#NP, then #NP");
    restore(11);
    spoil(3, true);
    PROBE("int3");
    report("INT3, then #NP");
    restore(3);
    /* #PF whose handler's stack is absent: a second #PF. */
    task_state.ist[1] = TEST_BASE + 0x1000;
    set_gate(14, 14, 0, 2);
    PROBE("movq (%0), %%rax", "r"(TEST_BASE + 0x5000));
    report("#PF, then #PF");
    say("  cr2", caught.cr2);
    set_gate(14, 14, 0, 0);
}
