/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A handler that returns to the faulting instruction for ever: only a limit ends the run. */
#include "guest.h"

static void again(struct trap *frame)
{
    (void)frame;
}

void guest_main(void)
{
    trap_handler[6] = again;
    put("now\n");
    __asm__ volatile("ud2");
    put("still here\n");
}
