/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The aarch64 part of the CPU engine: not there yet. */
#include "emu/cpu/internal.h"

#include <gio/gio.h>

static const char *const models[] = {"max", "cortex-a72", NULL};

static bool aarch64_open(struct cpu_engine *engine, GError **error)
{
    (void)engine;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "the aarch64 CPU is not there yet");
    return false;
}

const struct cpu_target cpu_target_aarch64 = {
    .models = models,
    .open = aarch64_open,
};
