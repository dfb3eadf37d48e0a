/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports by which software under test speaks to its emulator: text, exit, shutdown, progress codes. */
#ifndef GALVANIC_DEVICES_PLATFORM_DEBUG_PORTS_H
#define GALVANIC_DEVICES_PLATFORM_DEBUG_PORTS_H

#include "emu/host/character.h"
#include "emu/machine.h"

struct debug_ports;

/* The machine owns the result.  What the guest writes to ports 0xE9 and 0x402 goes to @output. */
struct debug_ports *debug_ports_new(struct machine *machine, struct character_output output);
/* The last progress code that was written to port 0x80. */
uint8_t debug_ports_post_code(const struct debug_ports *ports);

#endif
