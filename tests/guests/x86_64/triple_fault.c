/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fault that nothing can handle shuts the processor down: the run ends as a crash. */
#include "guest.h"

void guest_main(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none = {0, 0};
    put("now\n");
    __asm__ volatile("lidt %0\n\tud2" : : "m"(none));
    put("still here\n");
}
