/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DMA controllers of the ISA bus and their page registers, as registers only: no device here asks for DMA, but
 * systems look whether the controllers are there and set them up.
 */
#ifndef GALVANIC_DEVICES_PLATFORM_I8237_H
#define GALVANIC_DEVICES_PLATFORM_I8237_H

#include "emu/machine.h"

struct i8237;

/* Both controllers: ports 0x00-0x0F, 0xC0-0xDF, pages 0x81-0x8F.  The machine owns the result. */
struct i8237 *i8237_new(struct machine *machine);

#endif
