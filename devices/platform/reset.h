/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways in which a PC's software resets it: port 0xCF9, port 0x92, the keyboard controller's line. */
#ifndef GALVANIC_DEVICES_PLATFORM_RESET_H
#define GALVANIC_DEVICES_PLATFORM_RESET_H

#include "emu/machine.h"

#define RESET_CONTROL_PORT 0xCF9
#define RESET_CONTROL_FULL 0x0E /* what a write for a full reset looks like, for the FADT */

struct platform_reset;

/* The machine owns the result.  Port 0xCF9 lies over the PCI bus's 0xCF8..0xCFB, for accesses that begin there. */
struct platform_reset *platform_reset_new(struct machine *machine);
/* A device pulses the CPU's reset line; fits struct i8042_config's reset, with the result of platform_reset_new(). */
void platform_reset_pulse(void *platform_reset);
/* Port 0x92's idea of the A20 gate; memory does not wrap at 1 MiB on this machine, whatever it says. */
bool platform_reset_a20(const struct platform_reset *reset);

#endif
