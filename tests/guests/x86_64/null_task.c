/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No usable task register when a trap from user mode wants its stack: #TS or a shutdown, but nothing that hurts the host. */
#include "guest.h"

USER_PIECE(user_undefined, "ud2");

void guest_main(void)
{
    put("now\n");
    PROBE("xorl %%eax, %%eax\n\tltr %%ax");
    RUN_USER(user_undefined, 2, 0);
}
