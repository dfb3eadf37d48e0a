/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The built-in guest: a UEFI application that shows the machine it runs on.  What its parts know of each other. */
#ifndef GALVANIC_GUEST_GUEST_H
#define GALVANIC_GUEST_GUEST_H

#include "guest/efi.h"

/* Handed to every part. */
struct guest {
    struct efi_system_table *system;
    struct efi_boot_services *boot;
    struct efi_graphics *screen; /* NULL: serial only */
};

/* --- text.c: the console --- */
/* Colours of the text console (UEFI 12.4.3). */
enum colour {
    COLOUR_PLAIN = 0x07,
    COLOUR_DIM = 0x03,
    COLOUR_TITLE = 0x0b,
    COLOUR_LABEL = 0x0a,
    COLOUR_BRIGHT = 0x0f,
    COLOUR_WARNING = 0x0e,
};
/*
 * Prints: %s text, %S text in CHAR16, %u and %x numbers of 64 bits, %c a character; a width pads: %-12s, %4u, %08x.  A line feed
 * goes to the start of the next line.  ASCII.
 */
void print(struct guest *guest, const char *format, ...);
void set_colour(struct guest *guest, enum colour colour);
/* "  label       " in its colour; the text that follows is plain. */
void print_label(struct guest *guest, const char *label);
/* A size with a unit that suits it: "256 MiB". */
void print_size(struct guest *guest, uint64_t bytes);
/* Waits for a key; 0 for one without a character. */
uint16_t read_key(struct guest *guest);

/* --- machine.c: what there is --- */
void show_machine(struct guest *guest);
void show_memory_map(struct guest *guest);
void show_pci(struct guest *guest);

/* --- picture.c: the framebuffer --- */
/* A band with the name above the text, another below it, where the screen has room for them. */
void draw_frame(struct guest *guest);
void draw_demo(struct guest *guest);

/* --- processor.c: what depends on the architecture --- */
extern const char processor_architecture[];
void show_processor(struct guest *guest);
enum crash { CRASH_PAGE_FAULT, CRASH_DIVIDE, CRASH_UNDEFINED, CRASH_BREAKPOINT };
/* Does not come back, if the machine does its part; on aarch64 a division by zero is no fault and gives 0. */
void crash(enum crash how);

/* --- library.c --- */
bool guid_equal(const struct efi_guid *a, const struct efi_guid *b);

#endif
