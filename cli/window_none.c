/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A build without SDL2: no window. */
#include "cli/window.h"

enum machine_stop window_run(struct machine *machine, const struct scanout_source *source,
                             enum machine_stop (*run)(void *opaque), void *opaque, bool *quit)
{
    machine_note(machine, "this build has no window (SDL2 was not there): running headless");
    return run(opaque);
}
