/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of the sub-commands, and what a recording keeps of them. */
#ifndef GALVANIC_CLI_OPTIONS_H
#define GALVANIC_CLI_OPTIONS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "boards/board.h"
#include "cli/automation.h"

enum command { COMMAND_RUN, COMMAND_TRACE, COMMAND_DEBUG, COMMAND_REPLAY };
enum pace { PACE_AUTO, PACE_ON, PACE_OFF };

struct disk_option {
    char *path;
    enum board_bus bus;
    bool read_only;
    bool cdrom;
};

struct share_option {
    char *tag, *folder;
    bool read_only;
    bool mounts; /* other file systems in the folder belong to it */
};

struct run_options {
    /* the machine: these make the guest's world and stand in a recording's header */
    char *arch;  /* "x86_64", "aarch64"; NULL: from the image */
    char *board; /* "q35", "virt", "virt,gic=3"; NULL: that of the architecture */
    char *cpu;
    uint64_t memory;   /* bytes */
    GPtrArray *disks;  /* of struct disk_option; IMAGE is the first */
    GPtrArray *shares; /* of struct share_option */
    bool snapshot;
    char *kernel, *initrd, *append, *efi_app, *efi_vars;
    char *describe; /* "acpi", "fdt", "both"; NULL: acpi */
    bool autokey;
    bool network; /* there is a network card */
    char *nic;    /* "virtio", "e1000", "rtl8139", with ",mac=ADDRESS"; NULL: virtio */
    uint32_t width, height;
    uint32_t picoseconds_per_instruction; /* 0: the board's default */
    uint64_t seed;
    bool calendar_given;
    bool calendar_host;
    int64_t calendar;
    /* the host's side */
    struct net_options net;
    bool net_given;
    char *serial, *screenshot, *record, *stats;
    char *output; /* of `galvanic trace` */
    bool window;
    enum pace pace;
    int64_t max_time;
    uint64_t max_instructions;
    uint64_t slice; /* for tests of slice independence */
    GPtrArray *traces;
    char *monitor;      /* where the monitor listens; NULL: not */
    char *gdb;          /* where to listen; NULL: not */
    bool wait;          /* for its client, before the first instruction */
    bool verify;        /* of `galvanic replay`: compares the state at the end */
    GPtrArray *symbols; /* of --symbols: paths */
    bool traps_given;
    unsigned traps;  /* of enum trap_kind */
    char *trap_file; /* reports as JSON; NULL: none */
    struct automation *automation;
};

/*
 * Parses the arguments after the sub-command's name. NULL with @error; NULL without: help was printed.  @arguments as of
 * main(), terminated by NULL, without the program's and the sub-command's name; not changed.
 */
struct run_options *run_options_parse(enum command command, char **arguments, GError **error);
void run_options_free(struct run_options *options);

/* Checks --nic; @nic and @mac (whose default is @seed's) may be NULL.  False with @error. */
bool run_options_parse_nic(const char *text, uint64_t seed, enum board_nic *nic, uint8_t mac[6], GError **error);

/*
 * What a recording must keep to build the same machine again, as a key file's text, to be freed; and back.  @arch: what was
 * chosen where the options leave it to the image.
 */
char *run_options_describe(const struct run_options *options, const char *arch);
struct run_options *run_options_from_description(const char *text, GError **error);
/*
 * The options of the recording that @given names, with those of @given that look; NULL with @error: no recording can be read there.
 * Texts are taken out of @given, which keeps the recording's path.
 */
struct run_options *run_options_of_recording(struct run_options *given, GError **error);

#endif
