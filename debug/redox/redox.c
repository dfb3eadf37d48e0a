/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Redox as the debugger knows it. */
#include "debug/os/os.h"

void *redox_probe(struct machine *machine, struct symbols *symbols, GPtrArray *disks, struct cpu *cpu,
                  const struct os_class **os_class)
{
    (void)machine;
    (void)symbols;
    (void)disks;
    (void)cpu;
    (void)os_class;
    return NULL; /* nothing is known of it so far */
}
