/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mouse behind the i8042: PS/2 mouse, with wheel and five buttons when the guest asks for them as IntelliMouse. */
#ifndef GALVANIC_DEVICES_INPUT_PS2_MOUSE_H
#define GALVANIC_DEVICES_INPUT_PS2_MOUSE_H

#include "devices/input/ps2_link.h"

/*
 * An event on the journal source "pointer" is seven bytes: dx, dy, dz as little endian s16, then the buttons that are
 * held.  dx grows to the right, dy downwards (towards the person), dz when the wheel turns towards the person.
 */
#define POINTER_EVENT_SIZE 7
#define POINTER_LEFT 0x01
#define POINTER_RIGHT 0x02
#define POINTER_MIDDLE 0x04
#define POINTER_SIDE 0x08
#define POINTER_EXTRA 0x10

struct ps2_mouse;

/* The machine owns the result.  @available is the controller's, see ps2_link.h. */
struct ps2_mouse *ps2_mouse_new(struct machine *machine, const char *id, void (*available)(void *opaque), void *opaque);
struct ps2_link *ps2_mouse_link(struct ps2_mouse *mouse);
/* A byte from the controller. */
void ps2_mouse_write(struct ps2_mouse *mouse, uint8_t byte);
/* Packs an event, for those who feed the journal. */
void pointer_event_pack(uint8_t event[POINTER_EVENT_SIZE], int16_t dx, int16_t dy, int16_t dz, uint8_t buttons);

#endif
