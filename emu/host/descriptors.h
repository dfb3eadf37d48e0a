/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program's file descriptors, of which a guest must not have all: for files that it shares, for connections. */
#ifndef GALVANIC_EMU_HOST_DESCRIPTORS_H
#define GALVANIC_EMU_HOST_DESCRIPTORS_H

/*
 * Descriptors from here on are not for the guest.  The system gives the lowest that is free: as long as the guest's stay
 * below, the rest of the program has those above.
 */
int descriptors_highest(void);
/* The descriptor that the next file will have, or INT_MAX: none; @any is open. */
int descriptors_next(int any);

#endif
