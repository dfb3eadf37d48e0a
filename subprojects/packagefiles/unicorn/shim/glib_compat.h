/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands in for Unicorn's imitation of GLib: QEMU's code was written for the real one. */
#ifndef GALVANIC_GLIB_COMPAT_H
#define GALVANIC_GLIB_COMPAT_H
#include <assert.h>
#include <glib.h>
#include <stdarg.h>
#include <stdlib.h>
#include "unicorn/platform.h"
#endif
