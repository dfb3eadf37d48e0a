/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See target.h. */
#include "cli/target.h"

#include <string.h>

#include "cli/detect.h"

#define CD_SECTOR 2048
#define DISK_SECTOR 512

static void set_arch(struct target *target, enum cpu_arch arch)
{
    target->arch = arch;
    target->name = arch == CPU_ARCH_AARCH64 ? "aarch64" : "x86_64";
}

bool target_parse_board(const char *text, struct target *target, GError **error)
{
    static const struct {
        const char *text;
        enum cpu_arch arch;
        unsigned gic_version;
    } known[] = {{"q35", CPU_ARCH_X86_64, 0},
                 {"virt", CPU_ARCH_AARCH64, 2},
                 {"virt,gic=2", CPU_ARCH_AARCH64, 2},
                 {"virt,gic=3", CPU_ARCH_AARCH64, 3}};

    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strcmp(text, known[i].text) != 0)
            continue;
        if (target) {
            set_arch(target, known[i].arch);
            target->gic_version = known[i].gic_version;
        }
        return true;
    }
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "--board %s: there are q35 and virt, the latter with gic=2 (default) or gic=3: virt,gic=3", text);
    return false;
}

/* What is booted says; the first file or disk that says anything.  A disk that cannot be booted from is an error. */
static unsigned detect(const struct board_config *config, GError **error)
{
    unsigned found = DETECTED_NOTHING;

    if (config->kernel)
        return detect_file(config->kernel);
    if (config->efi_app)
        return detect_file(config->efi_app);
    for (unsigned i = 0; i < config->disk_count && !found; i++)
        found = detect_disk(config->disks[i].block, config->disks[i].cdrom ? CD_SECTOR : DISK_SECTOR,
                            i == 0 ? error : NULL);
    return found;
}

static bool agree(const struct run_options *options, const struct target *target, GError **error)
{
    if (!options->arch || strcmp(options->arch, target->name) == 0)
        return true;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "--board %s is a machine for %s, not for --arch %s: give one of them", options->board, target->name,
                options->arch);
    return false;
}

bool target_choose(const struct run_options *options, const struct board_config *config, void (*note)(const char *text),
                   struct target *target, GError **error)
{
    g_autoptr(GError) failure = NULL;
    unsigned found = detect(config, &failure);

    *target = (struct target){.gic_version = 2};
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (options->board)
        return target_parse_board(options->board, target, error) && agree(options, target, error);
    if (options->arch) {
        set_arch(target, strcmp(options->arch, "aarch64") == 0 ? CPU_ARCH_AARCH64 : CPU_ARCH_X86_64);
        return true;
    }
    set_arch(target, found == DETECTED_AARCH64 ? CPU_ARCH_AARCH64 : CPU_ARCH_X86_64);
    if (found == (DETECTED_X86_64 | DETECTED_AARCH64) && note)
        note("the image has loaders for x86_64 and aarch64: running x86_64; --arch aarch64 runs the other");
    return true;
}
