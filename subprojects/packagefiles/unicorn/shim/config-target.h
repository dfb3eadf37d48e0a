/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration of the target this file is compiled for. */
#ifdef GALVANIC_TARGET_AARCH64
#include "config-target-aarch64.h"
#else
#include "config-target-x86_64.h"
#endif
