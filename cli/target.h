/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which machine a run is for: from --arch and --board, else from what it boots. */
#ifndef GALVANIC_CLI_TARGET_H
#define GALVANIC_CLI_TARGET_H

#include "boards/board.h"
#include "cli/options.h"

struct target {
    enum cpu_arch arch;
    const char *name;     /* "x86_64", "aarch64" */
    unsigned gic_version; /* virt: 2 or 3 */
};

/*
 * Fills @target.  @config: its disks, kernel and efi_app are looked at.  @note: called with a sentence for the user when the image
 * leaves a choice; may be NULL.  False with @error: options that exclude each other.
 */
bool target_choose(const struct run_options *options, const struct board_config *config, void (*note)(const char *text),
                   struct target *target, GError **error);

/* Checks --board: "q35", "virt", "virt,gic=2|3".  NULL @target: only that.  False with @error. */
bool target_parse_board(const char *text, struct target *target, GError **error);

#endif
