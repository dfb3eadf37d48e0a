/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The built-in guest as it stands in the program: UEFI applications (PE32+), one for each architecture. */
#ifndef GALVANIC_GUEST_BUILTIN_H
#define GALVANIC_GUEST_BUILTIN_H

#include <stddef.h>

extern const unsigned char guest_x86_64[];
extern const size_t guest_x86_64_size;
extern const unsigned char guest_aarch64[];
extern const size_t guest_aarch64_size;

#endif
