/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See session.h. */
#include "cli/session.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "cli/before.h"
#include "cli/window.h"
#include "debug/change.h"
#include "emu/host/pages.h"
#include "guest/builtin.h"

int report_error(const GError *error)
{
    fprintf(stderr, "galvanic: %s\n", error->message);
    return 1;
}

static void serial_output(void *opaque, const uint8_t *data, size_t length)
{
    struct session *session = opaque;

    XXH3_64bits_update(session->serial_hash, data, length);
    if (session->terminal)
        terminal_write(session->terminal, data, length);
    if (session->serial_file)
        fwrite(data, 1, length, session->serial_file);
    if (session->serial_socket)
        socket_server_send(session->serial_socket, SOCKET_ANY, data, length);
    if (!session->replaying)
        automation_output(session->options->automation, data, length);
    inside_console(session, data, length);
}

static void terminal_input(void *opaque, const uint8_t *data, size_t length)
{
    struct session *session = opaque;
    struct journal_source *source = journal_source_find(machine_journal(session->machine), "serial0");

    if (session->monitor && monitor_typed(session->monitor, data, length))
        return;
    if (source && length)
        journal_submit(source, data, length);
}

static void terminal_interrupt(void *opaque)
{
    struct session *session = opaque;
    const uint8_t key = 3;

    if (session->interrupt)
        debugger_interrupt(session->interrupt);
    else
        terminal_input(session, &key, 1);
}

static void serial_connected(void *opaque, unsigned connection)
{
    (void)opaque;
    (void)connection;
}

static void serial_closed(void *opaque)
{
    (void)opaque;
}

static void serial_dropped(void *opaque)
{
    (void)opaque;
    fprintf(stderr, "galvanic: --serial: the client does not read; what it does not take is dropped from here on\n");
}

static void terminal_command(void *opaque, char key)
{
    struct session *session = opaque;

    if (key == 'x') {
        session->quit = true;
        machine_request_stop(session->machine);
    } else if (key == 'h') {
        fprintf(stderr, "\ngalvanic: Ctrl-A x  quit\n"
                        "          Ctrl-A c  the monitor, and back\n"
                        "          Ctrl-A h  this help\n"
                        "          Ctrl-A Ctrl-A  send a Ctrl-A\n");
    } else if (key == 'c' && session->monitor) {
        monitor_toggle(session->monitor);
    } else {
        fprintf(stderr, "\ngalvanic: Ctrl-A %c is not known; Ctrl-A h helps\n", key);
    }
}

static bool may_speak(void *opaque)
{
    const struct session *session = opaque;

    if (session->options->pace != PACE_AUTO)
        return session->options->pace == PACE_ON;
    return session->options->window || session->serial_socket || session->gdb ||
           (session->monitor && monitor_may_speak(session->monitor)) || net_may_speak(session->net) ||
           (session->terminal && terminal_may_speak(session->terminal));
}

static bool open_disks(struct session *session, struct board_config *config, GError **error)
{
    const struct run_options *options = session->options;

    for (guint i = 0; i < options->disks->len; i++) {
        const struct disk_option *disk = g_ptr_array_index(options->disks, i);
        bool read_only = disk->read_only || disk->cdrom;
        unsigned flags = read_only ? BLOCK_READ_ONLY : options->snapshot ? BLOCK_SNAPSHOT : 0;
        struct block *block = block_open(disk->path, flags, error);
        if (!block)
            return false;
        session->disks[session->disk_count++] = block;
        config->disks[i] = (struct board_disk){.block = block, .bus = disk->bus, .cdrom = disk->cdrom};
    }
    config->disk_count = session->disk_count;
    return true;
}

static bool open_shares(struct session *session, struct board_config *config, GError **error)
{
    const struct run_options *options = session->options;

    for (guint i = 0; i < options->shares->len; i++) {
        const struct share_option *option = g_ptr_array_index(options->shares, i);
        unsigned flags = (option->read_only ? SHARE_READ_ONLY : 0) | (option->mounts ? SHARE_MOUNTS : 0);

        config->shares[i].tag = option->tag;
        config->share_count++;
        if (session->replaying)
            continue;
        session->shares[i] = config->shares[i].share = share_open(option->folder, flags, error);
        if (!session->shares[i]) {
            g_prefix_error(error, "--share: ");
            return false;
        }
    }
    return true;
}

static bool load_file(const char *option, const char *path, GBytes **bytes, GError **error)
{
    gchar *contents;
    gsize length;

    if (!path)
        return true;
    if (!g_file_get_contents(path, &contents, &length, error)) {
        g_prefix_error(error, "%s: ", option);
        return false;
    }
    *bytes = g_bytes_new_take(contents, length);
    if (length)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s %s: the file is empty", option, path);
    return false;
}

/* Beside the image, or where --efi-vars says; in a replay as it was when the recording began. */
static bool find_variable_store(struct session *session, GError **error)
{
    const struct run_options *options = session->options;
    g_autoptr(GError) failure = NULL;

    if (session->replaying) {
        session->variable_store = before_restore_variables(session->replaying, &failure);
        session->variable_store_temporary = session->variable_store != NULL;
        if (!failure)
            return true; /* there may have been none */
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (options->efi_vars)
        session->variable_store = g_strdup(options->efi_vars);
    else if (options->disks->len)
        session->variable_store =
            g_strconcat(((struct disk_option *)g_ptr_array_index(options->disks, 0))->path, ".vars", NULL);
    return true;
}

static void note(const char *text)
{
    fprintf(stderr, "galvanic: %s\n", text);
}

static GBytes *built_in_guest(enum cpu_arch arch)
{
    if (arch == CPU_ARCH_AARCH64)
        return g_bytes_new_static(guest_aarch64, guest_aarch64_size);
    return g_bytes_new_static(guest_x86_64, guest_x86_64_size);
}

static unsigned description(const char *describe)
{
    if (describe && strcmp(describe, "fdt") == 0)
        return BOARD_DESCRIPTION_FDT;
    return BOARD_DESCRIPTION_ACPI | (describe && strcmp(describe, "both") == 0 ? BOARD_DESCRIPTION_FDT : 0);
}

/* The card; the network behind it is the affair of runs that are no replay. */
static bool open_network(struct session *session, struct board_config *config, GError **error)
{
    const struct run_options *options = session->options;

    if (!options->network)
        return true;
    if (!run_options_parse_nic(options->nic, options->seed, &config->nic, config->mac, error))
        return false;
    bool wanted = options->net_given || options->net.kind != NET_USER || net_user_available();
    if (session->replaying || !wanted)
        return true;
    session->net = net_open(&options->net, error);
    config->net = net_output(session->net);
    return session->net != NULL;
}

static bool make_config(struct session *session, struct board_config *config, GError **error)
{
    const struct run_options *options = session->options;

    if (!open_disks(session, config, error) || !open_shares(session, config, error) ||
        !load_file("--kernel", options->kernel, &config->kernel, error) ||
        !load_file("--initrd", options->initrd, &config->initrd, error) ||
        !load_file("--efi-app", options->efi_app, &config->efi_app, error))
        return false;
    config->efi_app_name = options->efi_app;
    if (!target_choose(options, config, note, &session->target, error))
        return false;
    if (!options->disks->len && !options->kernel && !options->efi_app) {
        config->efi_app = built_in_guest(session->target.arch);
        config->efi_app_name = "the built-in guest";
    }
    config->gic_version = session->target.gic_version;
    config->description = description(options->describe);
    config->kernel_name = options->kernel;
    config->append = options->append;
    config->memory_size = options->memory;
    config->serial = (struct character_output){.write = serial_output, .opaque = session};
    config->display = true;
    config->width = options->width;
    config->height = options->height;
    config->autokey = options->autokey;
    if (!open_network(session, config, error) || !find_variable_store(session, error))
        return false;
    config->variable_store = session->variable_store;
    config->variable_store_read_only = options->snapshot;
    return true;
}

static void free_config(struct board_config *config)
{
    g_clear_pointer(&config->kernel, g_bytes_unref);
    g_clear_pointer(&config->initrd, g_bytes_unref);
    g_clear_pointer(&config->efi_app, g_bytes_unref);
}

static bool make_machine(struct session *session, const struct board_config *board_config, GError **error)
{
    const struct run_options *options = session->options;
    struct machine_config config = {
        .arch = session->target.arch,
        .cpu_model = options->cpu,
        .cpus = 1,
        .picoseconds_per_instruction = options->picoseconds_per_instruction,
        .nanoseconds_per_pause = MACHINE_DEFAULT_PAUSE_NS,
        .seed = options->seed,
        .calendar = options->calendar,
    };

    session->machine = machine_new(&config, error);
    if (!session->machine)
        return false;
    for (guint i = 0; i < options->traces->len; i++)
        if (!trace_configure(machine_trace_log(session->machine), g_ptr_array_index(options->traces, i), error))
            return false;
    session->board = session->target.arch == CPU_ARCH_AARCH64 ? virt_new(session->machine, board_config, error)
                                                              : q35_new(session->machine, board_config, error);
    return session->board != NULL;
}

static bool open_console(struct session *session, GError **error)
{
    const char *serial = session->options->serial ? session->options->serial : "stdio";

    if (g_str_has_prefix(serial, "file:")) {
        session->serial_file = fopen(serial + 5, "wb");
        if (!session->serial_file) {
            g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "--serial: cannot write %s: %s",
                        serial + 5, g_strerror(errno));
            return false;
        }
    } else if (g_str_has_prefix(serial, "unix:") || g_str_has_prefix(serial, "tcp:")) {
        const struct socket_handlers handlers = {.connected = serial_connected,
                                                 .received = terminal_input,
                                                 .closed = serial_closed,
                                                 .dropped = serial_dropped,
                                                 .opaque = session};
        session->serial_socket = socket_server_new("--serial", serial, &handlers, error);
        return session->serial_socket != NULL;
    } else if (strcmp(serial, "stdio") == 0) {
        struct terminal_handlers handlers = {
            .input = terminal_input, .command = terminal_command, .interrupt = terminal_interrupt, .opaque = session};
        session->terminal = terminal_new(&handlers);
    }
    return true;
}

static bool start_recording(struct session *session, GError **error)
{
    const struct run_options *options = session->options;

    before_add_sources(session);
    change_add_source(session->machine);
    if (session->replaying)
        return before_restore_disks(session, session->replaying, error);
    if (!options->record)
        return true;
    g_autofree char *description = run_options_describe(options, session->target.name);
    if (!journal_record(machine_journal(session->machine), options->record, description, error))
        return false;
    before_start_keeping(session);
    return true;
}

static bool open_gdb(struct session *session, GError **error)
{
    const struct run_options *options = session->options;

    if (!options->gdb)
        return true;
    session->gdb = gdb_server_new(inside_debugger(session), options->gdb, monitor_answer, session, error);
    if (!session->gdb)
        return false;
    fprintf(stderr, "galvanic: GDB may connect: target remote %s%s\n", gdb_server_name(session->gdb),
            options->wait ? " (the guest waits for it)" : "");
    return true;
}

/* Where somebody can speak to it: at a socket, or at a terminal. */
static bool open_monitor(struct session *session, GError **error)
{
    if (!session->options->monitor && !(session->terminal && terminal_interactive(session->terminal)))
        return true;
    session->monitor = monitor_new(session, error);
    return session->monitor != NULL;
}

bool session_open(struct session *session, const struct run_options *options, const char *replaying, GError **error)
{
    struct board_config config = {0};

    memset(session, 0, sizeof(*session));
    session->options = options;
    session->replaying = replaying;
    session->started = host_monotonic();
    session->serial_hash = XXH3_createState();
    XXH3_64bits_reset(session->serial_hash);
    bool good = make_config(session, &config, error) && make_machine(session, &config, error);
    free_config(&config);
    if (!good)
        return false;
    machine_set_limits(session->machine, options->max_time, options->max_instructions);
    machine_set_slice(session->machine, options->slice);
    if (!start_recording(session, error))
        return false;
    machine_reset(session->machine);
    if (session->net)
        net_attach(session->net, session->machine, "net0");
    if (!open_console(session, error))
        return false;
    inside_start_traces(session);
    if (!open_gdb(session, error) || !inside_start_traps(session, error))
        return false;
    if (!open_monitor(session, error))
        return false;
    machine_set_pacing(session->machine, may_speak, session);
    struct journal_source *source = journal_source_find(machine_journal(session->machine), "serial0");
    if (!replaying && source)
        automation_attach(options->automation, session->machine, source);
    return true;
}

/* Neither the terminal nor the monitor is deaf while GDB holds the guest. */
static bool while_standing(void *opaque)
{
    struct session *session = opaque;

    if (session->monitor)
        monitor_look(session->monitor);
    return session->quit;
}

static enum machine_stop run_machine(void *opaque)
{
    struct session *session = opaque;

    if (session->control)
        return session->control(session->control_opaque);
    if (session->gdb)
        return gdb_server_run(session->gdb, session->options->wait, while_standing);
    if (session->monitor)
        return monitor_run(session->monitor);
    return machine_run(session->machine);
}

enum machine_stop session_run(struct session *session)
{
    struct scanout_source scanout;
    enum machine_stop reason;

    /* The guest's own text is the best progress there is. */
    if (!session->control && (!session->terminal || !terminal_output_is_seen()))
        session->progress = progress_start(session->machine);
    if (session->options->window && board_scanout(session->board, &scanout))
        reason = window_run(session->machine, &scanout, run_machine, session, &session->quit);
    else
        reason = run_machine(session);
    progress_stop(session->progress);
    return reason;
}

uint64_t session_serial_hash(const struct session *session)
{
    return XXH3_64bits_digest(session->serial_hash);
}

static int unmet_expectation(const struct session *session)
{
    const char *waiting = automation_waiting_for(session->options->automation);

    if (session->replaying || !waiting)
        return 0;
    fprintf(stderr, "galvanic: the run ended before this was met: %s\n", waiting);
    return 4;
}

static int conclude_idle(struct session *session)
{
    struct cpu *cpu = machine_cpu(session->machine, 0);

    fprintf(stderr,
            "galvanic: idle, no wake-up source: CPU 0 waits at pc 0x%" G_GINT64_MODIFIER
            "x, no timer is set and nobody can type\n",
            cpu_pc(cpu));
    return unmet_expectation(session);
}

static int conclude(struct session *session, enum machine_stop reason)
{
    switch (reason) {
    case MACHINE_STOP_REQUEST:
        if (session->quit || automation_met_until(session->options->automation))
            return 0;
        return unmet_expectation(session);
    case MACHINE_STOP_POWER_OFF:
    case MACHINE_STOP_RESET:
        return unmet_expectation(session);
    case MACHINE_STOP_GUEST_EXIT:
        return machine_exit_code(session->machine);
    case MACHINE_STOP_LIMIT:
        fprintf(stderr, "galvanic: %s\n", machine_stop_message(session->machine));
        return 3;
    case MACHINE_STOP_IDLE:
        return conclude_idle(session);
    case MACHINE_STOP_REFUSED:
        fprintf(stderr, "galvanic: %s\n", machine_stop_message(session->machine));
        return 1;
    case MACHINE_STOP_DIVERGED:
        fprintf(stderr, "galvanic: %s\n", machine_stop_message(session->machine));
        return 5;
    default:
        fprintf(stderr, "galvanic: the guest crashed: %s\n", machine_stop_message(session->machine));
        return 2;
    }
}

int session_conclude(struct session *session, enum machine_stop reason)
{
    if (session->terminal)
        terminal_flush(session->terminal);
    if (inside_ended(session))
        return 2;
    return inside_conclude(session, reason, conclude(session, reason));
}

void session_close(struct session *session)
{
    terminal_free(session->terminal);
    socket_server_free(session->serial_socket);
    gdb_server_free(session->gdb);
    monitor_free(session->monitor);
    progress_free(session->progress);
    if (session->serial_file)
        fclose(session->serial_file);
    inside_free(session->inside);
    net_close(session->net);
    machine_free(session->machine);
    for (unsigned i = 0; i < session->disk_count; i++)
        block_close(session->disks[i]);
    for (unsigned i = 0; i < BOARD_SHARES; i++)
        share_close(session->shares[i]);
    if (session->serial_hash)
        XXH3_freeState(session->serial_hash);
    if (session->variable_store_temporary)
        g_unlink(session->variable_store);
    g_free(session->variable_store);
}
