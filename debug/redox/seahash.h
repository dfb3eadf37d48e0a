/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SeaHash, the checksum of RedoxFS: portable version of the 64-bit hash as its reference defines it. */
#ifndef GALVANIC_DEBUG_REDOX_SEAHASH_H
#define GALVANIC_DEBUG_REDOX_SEAHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t seahash(const void *data, size_t length);

#endif
