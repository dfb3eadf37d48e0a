/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of `galvanic run`: docs and design list them; one table, in the order of --help. */
#include "cli/options.h"

#include <string.h>

#include "cli/parse.h"
#include "cli/target.h"
#include "debug/trap/trap.h"

#define DEFAULT_MEMORY (2048ULL << 20)
#define MOST_MEMORY (256ULL << 30)
#define DEFAULT_CALENDAR 1767225600 /* 2026-01-01T00:00:00Z */

#define BAD_VALUE G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE

static void disk_free(gpointer data)
{
    struct disk_option *disk = data;

    g_free(disk->path);
    g_free(disk);
}

static void share_free(gpointer data)
{
    struct share_option *share = data;

    g_free(share->tag);
    g_free(share->folder);
    g_free(share);
}

static struct run_options *options_new(void)
{
    struct run_options *options = g_new0(struct run_options, 1);

    options->memory = DEFAULT_MEMORY;
    options->disks = g_ptr_array_new_with_free_func(disk_free);
    options->shares = g_ptr_array_new_with_free_func(share_free);
    options->traces = g_ptr_array_new_with_free_func(g_free);
    options->symbols = g_ptr_array_new_with_free_func(g_free);
    options->automation = automation_new();
    options->calendar = DEFAULT_CALENDAR;
    options->autokey = true;
    options->network = true;
    options->net.kind = NET_USER;
    return options;
}

void run_options_free(struct run_options *options)
{
    if (!options)
        return;
    char *texts[] = {options->arch,   options->board,   options->cpu,      options->kernel, options->initrd,
                     options->append, options->efi_app, options->efi_vars, options->serial, options->screenshot,
                     options->record, options->stats,   options->describe, options->output, options->nic,
                     options->gdb,    options->monitor};
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    g_ptr_array_unref(options->disks);
    g_ptr_array_unref(options->shares);
    g_ptr_array_unref(options->traces);
    net_options_clear(&options->net);
    g_ptr_array_unref(options->symbols);
    g_free(options->trap_file);
    automation_free(options->automation);
    g_free(options);
}

/* One word of a comma-separated --disk. */
static bool disk_word(struct disk_option *disk, const char *word, GError **error)
{
    if (strcmp(word, "readonly") == 0)
        disk->read_only = true;
    else if (strcmp(word, "cdrom") == 0)
        disk->cdrom = true;
    else if (strcmp(word, "bus=ahci") == 0)
        disk->bus = BOARD_BUS_AHCI;
    else if (strcmp(word, "bus=virtio") == 0)
        disk->bus = BOARD_BUS_VIRTIO;
    else if (strcmp(word, "format=raw") != 0) {
        g_set_error(error, BAD_VALUE,
                    "--disk: \"%s\" is not known here; there are bus=ahci, bus=virtio, format=raw, readonly, cdrom",
                    word);
        return false;
    }
    return true;
}

static bool add_disk(struct run_options *options, const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    struct disk_option *disk = g_new0(struct disk_option, 1);

    g_ptr_array_add(options->disks, disk);
    if (options->disks->len > BOARD_DISKS) {
        g_set_error(error, BAD_VALUE, "--disk %s: a machine has at most %d disks", text, BOARD_DISKS);
        return false;
    }
    disk->path = g_strdup(words[0] ? words[0] : "");
    disk->cdrom = g_str_has_suffix(disk->path, ".iso");
    for (char **word = words + (words[0] ? 1 : 0); *word; word++)
        if (!disk_word(disk, *word, error))
            return false;
    return true;
}

/* Cuts ",@word" off the end of @text if it is there. */
static bool cut_word(char *text, const char *word)
{
    size_t length = strlen(text), tail = strlen(word) + 1;

    if (length < tail || text[length - tail] != ',' || strcmp(text + length - tail + 1, word) != 0)
        return false;
    text[length - tail] = '\0';
    return true;
}

/* TAG=FOLDER, and words behind it: what else follows a comma belongs to the folder's name. */
static bool add_share(struct run_options *options, const char *text, GError **error)
{
    struct share_option *share = g_new0(struct share_option, 1);
    const char *equals = strchr(text, '=');
    size_t tag = equals ? (size_t)(equals - text) : 0;

    g_ptr_array_add(options->shares, share);
    if (tag < 1 || tag > BOARD_TAG_MAX || !equals[1]) {
        g_set_error(error, BAD_VALUE, "--share %s: give TAG=FOLDER with a tag of 1 to %d bytes: hostshare=./share",
                    text, BOARD_TAG_MAX);
        return false;
    }
    share->tag = g_strndup(text, tag);
    share->folder = g_strdup(equals + 1);
    for (bool more = true; more;) {
        bool read_only = cut_word(share->folder, "readonly"), mounts = cut_word(share->folder, "mounts");

        share->read_only |= read_only;
        share->mounts |= mounts;
        more = read_only || mounts;
    }
    for (guint i = 0; i + 1 < options->shares->len; i++)
        if (strcmp(((struct share_option *)g_ptr_array_index(options->shares, i))->tag, share->tag) == 0) {
            g_set_error(error, BAD_VALUE, "--share %s: there is a share with this tag already; give another", text);
            return false;
        }
    if (options->shares->len <= BOARD_SHARES)
        return true;
    g_set_error(error, BAD_VALUE, "--share %s: a machine has at most %d shares", text, BOARD_SHARES);
    return false;
}

/* A value from a fixed list; those that stand for absence or the default are accepted though the rest is not there yet. */
static bool one_of(const char *option, const char *value, const char *const *accepted, const char *hint, GError **error)
{
    for (; *accepted; accepted++)
        if (strcmp(value, *accepted) == 0)
            return true;
    g_set_error(error, BAD_VALUE, "%s %s: %s", option, value, hint);
    return false;
}

static void set_text(char **to, const char *value)
{
    g_free(*to);
    *to = g_strdup(value);
}

static gboolean on_machine(const gchar *name, const gchar *value, gpointer data, GError **error)
{
    struct run_options *options = data;
    uint64_t number;

    if (strcmp(name, "--arch") == 0) {
        set_text(&options->arch, value);
        return one_of(name, value, (const char *const[]){"x86_64", "aarch64", NULL}, "there are x86_64 and aarch64",
                      error);
    }
    if (strcmp(name, "--board") == 0) {
        set_text(&options->board, value);
        return target_parse_board(value, NULL, error);
    }
    if (strcmp(name, "--cpu") == 0) {
        set_text(&options->cpu, value);
        return TRUE;
    }
    if (strcmp(name, "--cpus") == 0)
        return parse_number(name, value, 1, 1, &number, error);
    if (strcmp(name, "--memory") == 0) {
        if (!parse_size(name, value, &options->memory, error))
            return FALSE;
        if (options->memory >= 32ULL << 20 && options->memory <= MOST_MEMORY && options->memory % (1 << 20) == 0)
            return TRUE;
        g_set_error(error, BAD_VALUE, "--memory %s: give 32M to 256G, a multiple of 1M", value);
        return FALSE;
    }
    if (strcmp(name, "--seed") == 0)
        return parse_number(name, value, 0, UINT64_MAX, &options->seed, error);
    if (strcmp(name, "--ns-per-instruction") == 0)
        return parse_scale(name, value, &options->picoseconds_per_instruction, error);
    options->calendar_given = true; /* --rtc */
    options->calendar_host = strcmp(value, "host") == 0;
    return options->calendar_host || parse_calendar(name, value, &options->calendar, error);
}

static gboolean on_boot(const gchar *name, const gchar *value, gpointer data, GError **error)
{
    struct run_options *options = data;

    if (strcmp(name, "--disk") == 0)
        return add_disk(options, value, error);
    if (strcmp(name, "--share") == 0)
        return add_share(options, value, error);
    if (strcmp(name, "--kernel") == 0)
        set_text(&options->kernel, value);
    else if (strcmp(name, "--initrd") == 0)
        set_text(&options->initrd, value);
    else if (strcmp(name, "--append") == 0)
        set_text(&options->append, value);
    else if (strcmp(name, "--efi-app") == 0)
        set_text(&options->efi_app, value);
    else if (strcmp(name, "--efi-vars") == 0)
        set_text(&options->efi_vars, value);
    else if (strcmp(name, "--describe") == 0) {
        set_text(&options->describe, value);
        return one_of(name, value, (const char *const[]){"acpi", "fdt", "both", NULL}, "give acpi, fdt or both", error);
    } else { /* --autokey */
        options->autokey = strcmp(value, "on") == 0;
        return one_of(name, value, (const char *const[]){"on", "off", NULL}, "give on or off", error);
    }
    return TRUE;
}

static bool on_net(struct run_options *options, const char *value, GError **error)
{
    options->net_given = true;
    if (!net_options_parse(&options->net, value, error))
        return false;
    options->network = options->net.kind != NET_NONE;
    return true;
}

static gboolean on_device(const gchar *name, const gchar *value, gpointer data, GError **error)
{
    struct run_options *options = data;

    if (strcmp(name, "--net") == 0)
        return on_net(options, value, error);
    if (strcmp(name, "--nic") == 0) {
        set_text(&options->nic, value);
        return run_options_parse_nic(value, 0, NULL, NULL, error);
    }
    if (strcmp(name, "--display") == 0) {
        options->window = strcmp(value, "window") == 0;
        return one_of(name, value, (const char *const[]){"none", "window", NULL}, "give window or none", error);
    }
    if (strcmp(name, "--resolution") == 0)
        return parse_resolution(name, value, &options->width, &options->height, error);
    if (strcmp(name, "--screenshot") == 0) {
        set_text(&options->screenshot, value);
        return TRUE;
    }
    set_text(&options->serial, value); /* --serial */
    if ((g_str_has_prefix(value, "file:") && value[5]) || g_str_has_prefix(value, "unix:") ||
        g_str_has_prefix(value, "tcp:"))
        return TRUE;
    return one_of(name, value, (const char *const[]){"stdio", "none", NULL},
                  "give stdio, none, file:PATH, unix:PATH or tcp:ADDRESS:PORT", error);
}

static gboolean on_automation(const gchar *name, const gchar *value, gpointer data, GError **error)
{
    struct run_options *options = data;

    if (strcmp(name, "--script") == 0)
        return automation_script(options->automation, value, error);
    if (strcmp(name, "--expect") == 0)
        return automation_expect(options->automation, value, error);
    if (strcmp(name, "--send") == 0)
        return automation_send(options->automation, value, error);
    return automation_until(options->automation, value, error);
}

static gboolean on_run(const gchar *name, const gchar *value, gpointer data, GError **error)
{
    struct run_options *options = data;

    if (strcmp(name, "--max-time") == 0)
        return parse_duration(name, value, &options->max_time, error);
    if (strcmp(name, "--max-instructions") == 0)
        return parse_number(name, value, 1, UINT64_MAX, &options->max_instructions, error);
    if (strcmp(name, "--slice") == 0)
        return parse_number(name, value, 1, UINT64_MAX, &options->slice, error);
    if (strcmp(name, "--pace") == 0) {
        options->pace = strcmp(value, "on") == 0 ? PACE_ON : strcmp(value, "off") == 0 ? PACE_OFF : PACE_AUTO;
        return one_of(name, value, (const char *const[]){"auto", "on", "off", NULL}, "give auto, on or off", error);
    }
    if (strcmp(name, "--record") == 0)
        set_text(&options->record, value);
    else if (strcmp(name, "--stats") == 0)
        set_text(&options->stats, value);
    else if (strcmp(name, "--monitor") == 0)
        set_text(&options->monitor, value);
    else if (strcmp(name, "--gdb") == 0)
        set_text(&options->gdb, value);
    else if (strcmp(name, "--output") == 0 || strcmp(name, "-o") == 0)
        set_text(&options->output, value);
    else /* --trace */
        g_ptr_array_add(options->traces, g_strdup(value));
    return TRUE;
}

/* KIND,…[:FILE] */
static bool set_traps(struct run_options *options, const char *value, GError **error)
{
    const char *colon = strchr(value, ':');
    g_autofree char *kinds = colon ? g_strndup(value, (gsize)(colon - value)) : g_strdup(value);

    if (colon)
        set_text(&options->trap_file, colon + 1);
    options->traps_given = true;
    return trap_parse_kinds(kinds, &options->traps, error);
}

static gboolean on_inside(const gchar *name, const gchar *value, gpointer data, GError **error)
{
    struct run_options *options = data;

    if (strcmp(name, "--trap") == 0)
        return set_traps(options, value, error);
    g_ptr_array_add(options->symbols, g_strdup(value)); /* --symbols */
    return TRUE;
}

static gboolean on_flag(const gchar *name, const gchar *value, gpointer data, GError **error)
{
    struct run_options *options = data;

    (void)value;
    (void)error;
    if (strcmp(name, "--snapshot") == 0)
        options->snapshot = true;
    else if (strcmp(name, "--verify") == 0)
        options->verify = true;
    else /* --wait */
        options->wait = true;
    return TRUE;
}

#define ENTRY(option, callback, help, argument)                                                                        \
    {                                                                                                                  \
        .long_name = (option), .arg = G_OPTION_ARG_CALLBACK, .arg_data = (callback), .description = (help),            \
        .arg_description = (argument)                                                                                  \
    }

#define FLAG(option, callback, help)                                                                                   \
    {                                                                                                                  \
        .long_name = (option), .flags = G_OPTION_FLAG_NO_ARG, .arg = G_OPTION_ARG_CALLBACK, .arg_data = (callback),    \
        .description = (help)                                                                                          \
    }

/* What makes the run: in a replay it is the recording's. */
static const GOptionEntry run_entries[] = {
    ENTRY("arch", on_machine, "x86_64, aarch64 (default: from the image)", "ARCH"),
    ENTRY("board", on_machine, "q35, virt (default: that of the architecture)", "q35|virt[,gic=2|3]"),
    ENTRY("cpu", on_machine, "qemu64 (default), core2duo, max; aarch64: max (default), cortex-a72", "MODEL"),
    ENTRY("cpus", on_machine, "number of CPUs: 1", "N"),
    ENTRY("memory", on_machine, "memory of the guest (default 2G)", "SIZE"),
    ENTRY("disk", on_boot, "one more disk", "FILE[,bus=ahci|virtio][,format=raw][,readonly][,cdrom]"),
    FLAG("snapshot", on_flag, "guest writes go to a temporary overlay"),
    ENTRY("share", on_boot, "a folder of the host, for the guest over virtio-9p", "TAG=FOLDER[,readonly][,mounts]"),
    ENTRY("net", on_device,
          "user (default), none, socket:listen=ADDRESS, socket:connect=ADDRESS; each but none with ,pcap=FILE",
          "user[,hostfwd=tcp:HOST:GUEST]...[,ipv6=on][,restrict=on]"),
    ENTRY("nic", on_device, "virtio (default), e1000, rtl8139", "MODEL[,mac=ADDRESS]"),
    ENTRY("resolution", on_device, "preferred screen size", "WxH"),
    ENTRY("kernel", on_boot, "boot this Linux kernel or ELF without firmware", "FILE"),
    ENTRY("initrd", on_boot, "its initial RAM disk", "FILE"),
    ENTRY("append", on_boot, "its command line", "TEXT"),
    ENTRY("efi-app", on_boot, "start this UEFI application before all others", "FILE"),
    ENTRY("efi-vars", on_boot, "where EFI variables persist (default: IMAGE.vars)", "FILE"),
    ENTRY("describe", on_boot, "what describes the virt board to its guest: acpi (default), fdt, both", "KIND"),
    ENTRY("autokey", on_boot, "press Enter in the Redox resolution menu: on (default), off", "on|off"),
    ENTRY("script", on_automation, "automation: lines `expect RE`, `send TEXT`, `wait TIME`, `until RE`", "FILE"),
    ENTRY("expect", on_automation, "wait for this on the serial console", "REGEX"),
    ENTRY("send", on_automation, "type this on the serial console (\\r, \\n, \\e, \\xNN)", "TEXT"),
    ENTRY("until", on_automation, "end with status 0 when the serial console shows this", "REGEX"),
    ENTRY("max-time", on_run, "end with status 3 after this virtual time", "DURATION"),
    ENTRY("max-instructions", on_run, "end with status 3 after this many instructions", "N"),
    ENTRY("ns-per-instruction", on_machine, "scale of virtual time", "N"),
    ENTRY("rtc", on_machine, "calendar at power-on: host, or 2026-01-01T00:00:00Z", "TIME"),
    ENTRY("seed", on_machine, "of all randomness that the guest sees (default 0)", "N"),
    ENTRY("pace", on_run, "idle at wall speed: auto (default), on, off", "auto|on|off"),
    ENTRY("record", on_run, "record the run for `galvanic replay`", "FILE"),
    {.long_name = "output",
     .short_name = 'o',
     .arg = G_OPTION_ARG_CALLBACK,
     .arg_data = on_run,
     .description = "galvanic trace: the timeline",
     .arg_description = "FILE.json"},
    {.long_name = "slice",
     .flags = G_OPTION_FLAG_HIDDEN,
     .arg = G_OPTION_ARG_CALLBACK,
     .arg_data = on_run,
     .description = "longest host slice, for tests",
     .arg_description = "N"},
    {NULL},
};

static const GOptionEntry replay_entries[] = {FLAG("verify", on_flag, "the state at the end must be the recorded one"),
                                              {NULL}};

/* Where the console is, and what is looked at: of replays, too. */
static const GOptionEntry look_entries[] = {
    ENTRY("serial", on_device, "stdio (default), none, file:PATH, unix:PATH, tcp:ADDRESS:PORT", "WHERE"),
    ENTRY("display", on_device, "window, none (default)", "KIND"),
    ENTRY("screenshot", on_device, "the screen at the end of the run", "FILE.png"),
    ENTRY("trace", on_run, "firmware, device, block, interrupt, exception, syscall, scheme: one event a line",
          "KIND,...[:FILE]"),
    ENTRY("monitor", on_run, "the debugger's commands over a socket while the guest runs", "unix:PATH"),
    ENTRY("gdb", on_run, "listen for GDB and LLDB: 1234, ADDRESS:PORT, unix:PATH", "WHERE"),
    FLAG("wait", on_flag, "with --gdb: no instruction before a client has come"),
    ENTRY("symbols", on_inside, "programs with debug information: a file, or a folder of them", "FILE|DIR"),
    ENTRY("trap", on_inside, "what to report: kernel, driver, user, all, none (default kernel,driver); FILE: as JSON",
          "KIND,...[:FILE]"),
    ENTRY("stats", on_run, "figures of the run, as JSON", "FILE"),
    {NULL}};

static bool check(struct run_options *options, GError **error)
{
    if (options->initrd && !options->kernel && !options->efi_app) {
        g_set_error(error, BAD_VALUE, "--initrd %s: needs --kernel or --efi-app", options->initrd);
        return false;
    }
    if (options->kernel && options->efi_app) {
        g_set_error(error, BAD_VALUE, "--kernel and --efi-app exclude each other: give one of them");
        return false;
    }
    if (options->wait && !options->gdb) {
        g_set_error(error, BAD_VALUE, "--wait: there is nobody to wait for; give --gdb 1234, too");
        return false;
    }
    return true;
}

static const struct {
    const char *name, *argument, *summary;
    const GOptionEntry *entries;
} commands[] = {
    [COMMAND_RUN] = {"galvanic run", "[IMAGE]", "Boots IMAGE, or without IMAGE the built-in guest.", run_entries},
    [COMMAND_TRACE] = {"galvanic trace", "[IMAGE]", "A run as a timeline, for ui.perfetto.dev.", run_entries},
    [COMMAND_DEBUG] = {"galvanic debug", "[IMAGE|RECORDING]",
                       "A run, or a replay, that stands still for you.  Commands: -x FILE (lines of them), -e COMMAND.",
                       run_entries},
    [COMMAND_REPLAY] = {"galvanic replay", "RECORDING", "A run that `galvanic run --record FILE` recorded, again.",
                        replay_entries},
};

/* What no option takes: IMAGE or a recording, the first disk. */
static bool take_image(struct run_options *options, char **rest, int count, GError **error)
{
    if (count > 1) {
        g_set_error(error, BAD_VALUE, "%s: only one file can be given here; more disks come with --disk", rest[1]);
        return false;
    }
    if (count == 1) {
        struct disk_option *disk = g_new0(struct disk_option, 1);
        disk->path = g_strdup(rest[0]);
        disk->cdrom = g_str_has_suffix(disk->path, ".iso");
        g_ptr_array_insert(options->disks, 0, disk);
    }
    return true;
}

static bool parse(enum command command, char **arguments, struct run_options *options, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new(commands[command].argument);
    GOptionGroup *group = g_option_group_new("run", "", "", options, NULL);
    g_autoptr(GPtrArray) copy = g_ptr_array_new();

    g_option_context_set_summary(context, commands[command].summary);
    g_option_group_add_entries(group, commands[command].entries);
    g_option_group_add_entries(group, look_entries);
    g_option_context_set_main_group(context, group);
    g_ptr_array_add(copy, (gpointer)commands[command].name);
    for (; *arguments; arguments++)
        g_ptr_array_add(copy, *arguments);
    g_ptr_array_add(copy, NULL);
    char **list = (char **)copy->pdata;
    int count = (int)copy->len - 1;
    return g_option_context_parse(context, &count, &list, error) && take_image(options, list + 1, count - 1, error) &&
           check(options, error);
}

struct run_options *run_options_parse(enum command command, char **arguments, GError **error)
{
    struct run_options *options = options_new();

    if (parse(command, arguments, options, error))
        return options;
    run_options_free(options);
    return NULL;
}
