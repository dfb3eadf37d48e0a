/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network of its own that reaches the host's without rights, by libslirp: 10.0.2.0/24, the gateway and host .2, the
 * resolver .3, the guest .15; with IPv6 fec0::/64.
 *
 * libslirp lives on the engine thread and on virtual time.  What the guest sends is handed to it right after the instruction
 * that sent it, so that what it answers by itself (ARP, DHCP, echoes of the gateway) comes at the same point in every run.
 * A thread waits for its sockets and has them attended to; what they bring is the outside, and goes through the journal.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libslirp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emu/host/descriptors.h"
#include "emu/host/net_internal.h"
#include "emu/machine.h"

#define UNSENT_MAX (4u << 20) /* bytes of frames between two boundaries; beyond that they are lost, as on a wire */
#define DESCRIPTORS_MAX 4096  /* below which flows have theirs: each costs memory and time */
#define ACCEPT_AGAIN_MS 100   /* when the host has no descriptors left */
#define ADVERTISEMENT_MIN_S 200
#define ADVERTISEMENT_SPAN_S 400

/* Before each frame of the guest that libslirp has not been given. */
struct unsent {
    int64_t ns; /* virtual time */
    uint32_t length;
};

struct net_user {
    struct net net; /* first */
    Slirp *slirp;
    GByteArray *unsent; /* struct unsent, bytes; and so on */
    bool called;        /* attend() follows the current instruction */
    GArray *descriptors;
    bool open;      /* a connection or a listening port is waited for, */
    bool datagrams; /* or a flow of datagrams, as long as it is awaited */
    struct net_flows flows;
    GArray *listeners; /* descriptors of hostfwd */
    int highest;       /* descriptors from here on are not for flows */
    struct clock_timer *advertisement;
    bool advertises;
    void *advertisement_opaque;
    uint64_t advertisements;

    GThread *thread;
    int wake[2]; /* a byte here: look at `watched` again */
    GMutex lock; /* of what follows */
    GCond changed;
    GArray *watched;
    int timeout;  /* ms, -1: none */
    bool armed;   /* somebody waits for `watched` */
    bool polling; /* the thread is inside poll() */
    bool stop;
};

bool net_user_available(void)
{
    return true;
}

/* --- what libslirp asks for --- */

static ssize_t send_packet(const void *data, size_t length, void *opaque)
{
    struct net_user *user = opaque;

    net_receive(&user->net, data, length);
    if (user->net.machine)
        net_flows_note(&user->flows, data, length, false, machine_now(user->net.machine));
    return (ssize_t)length;
}

static void guest_error(const char *message, void *opaque)
{
    struct net_user *user = opaque;

    if (user->net.machine)
        machine_guest_error(user->net.machine, "net", "%s", message);
}

static int64_t clock_get_ns(void *opaque)
{
    struct net_user *user = opaque;

    return user->net.machine ? machine_now(user->net.machine) : 0;
}

/* libslirp draws the time of its router advertisements from the host's randomness; here the seed tells. */
static void set_advertisement(struct net_user *user)
{
    uint64_t words[2] = {machine_config(user->net.machine)->seed, user->advertisements++};
    uint64_t seconds = ADVERTISEMENT_MIN_S + state_hash_bytes(words, sizeof(words), 0) % ADVERTISEMENT_SPAN_S;

    clock_timer_set(user->advertisement, machine_now(user->net.machine) + (int64_t)seconds * NANOSECONDS_PER_SECOND);
}

static void advertise(void *opaque)
{
    struct net_user *user = opaque;

    slirp_handle_timer(user->slirp, SLIRP_TIMER_RA, user->advertisement_opaque);
}

static void *timer_new(SlirpTimerId id, void *timer_opaque, void *opaque)
{
    struct net_user *user = opaque;

    user->advertises = true;
    user->advertisement_opaque = timer_opaque; /* there is no other timer */
    return user;
}

static void timer_free(void *timer, void *opaque)
{
}

static void timer_modify(void *timer, int64_t expire_ms, void *opaque)
{
    struct net_user *user = opaque;

    if (user->advertisement)
        set_advertisement(user);
}

static void ignore_descriptor(int descriptor, void *opaque)
{
}

static void ignore_notification(void *opaque)
{
}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_get_ns,
    .timer_free = timer_free,
    .timer_mod = timer_modify,
    .register_poll_fd = ignore_descriptor,
    .unregister_poll_fd = ignore_descriptor,
    .notify = ignore_notification,
    .timer_new_opaque = timer_new,
};

/* --- descriptors --- */

static const struct {
    int slirp;
    short host;
} events[] = {{SLIRP_POLL_IN, POLLIN},
              {SLIRP_POLL_OUT, POLLOUT},
              {SLIRP_POLL_PRI, POLLPRI},
              {SLIRP_POLL_ERR, POLLERR},
              {SLIRP_POLL_HUP, POLLHUP}};

static int add_descriptor(int descriptor, int wanted, void *opaque)
{
    struct net_user *user = opaque;
    struct pollfd entry = {.fd = descriptor};

    for (unsigned i = 0; i < G_N_ELEMENTS(events); i++)
        if (wanted & events[i].slirp)
            entry.events |= events[i].host;
    g_array_append_val(user->descriptors, entry);
    return (int)user->descriptors->len - 1;
}

static int happened(int index, void *opaque)
{
    struct net_user *user = opaque;
    int found = 0;

    if (index < 0 || (guint)index >= user->descriptors->len)
        return 0;
    const struct pollfd *entry = &g_array_index(user->descriptors, struct pollfd, index);
    for (unsigned i = 0; i < G_N_ELEMENTS(events); i++)
        if (entry->revents & events[i].host)
            found |= events[i].slirp;
    return found;
}

static uint32_t fill(struct net_user *user)
{
    uint32_t timeout = UINT32_MAX;

    g_array_set_size(user->descriptors, 0);
    slirp_pollfds_fill(user->slirp, &timeout, add_descriptor, user);
    return timeout;
}

static bool is_listener(const struct net_user *user, int descriptor)
{
    for (guint i = 0; i < user->listeners->len; i++)
        if (g_array_index(user->listeners, int, i) == descriptor)
            return true;
    return false;
}

static bool may_open(const struct net_user *user)
{
    return descriptors_next(user->wake[0]) < user->highest;
}

static int type_of(int descriptor)
{
    int type = SOCK_STREAM;
    socklen_t size = sizeof(type);

    getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size);
    return type;
}

/* Calls that cannot be taken wait, and are not looked at: true, then. */
static bool leave_callers(struct net_user *user)
{
    if (!user->listeners->len || may_open(user))
        return false;
    for (guint i = 0; i < user->descriptors->len; i++) {
        struct pollfd *entry = &g_array_index(user->descriptors, struct pollfd, i);

        if (is_listener(user, entry->fd) && type_of(entry->fd) == SOCK_STREAM)
            entry->fd = -1;
    }
    return true;
}

/* libslirp keeps sockets of datagrams for minutes: they are told apart from those that say when they are over. */
static void judge_descriptors(struct net_user *user)
{
    user->open = user->datagrams = false;
    for (guint i = 0; i < user->descriptors->len && !user->open; i++) {
        int descriptor = g_array_index(user->descriptors, struct pollfd, i).fd;

        if (type_of(descriptor) == SOCK_STREAM || is_listener(user, descriptor))
            user->open = true;
        else
            user->datagrams = true;
    }
}

/* Tells the thread what to wait for, unless it waits for that already. */
static void watch(struct net_user *user)
{
    uint32_t timeout = fill(user);
    int wait = timeout == UINT32_MAX ? -1 : (int)MIN(timeout, 1000);
    size_t bytes = user->descriptors->len * sizeof(struct pollfd);

    judge_descriptors(user);
    if (leave_callers(user))
        wait = wait < 0 ? ACCEPT_AGAIN_MS : MIN(wait, ACCEPT_AGAIN_MS);
    for (guint i = 0; i < user->descriptors->len; i++)
        g_array_index(user->descriptors, struct pollfd, i).revents = 0;
    g_mutex_lock(&user->lock);
    if (!user->armed || wait != user->timeout || user->watched->len != user->descriptors->len ||
        (bytes && memcmp(user->watched->data, user->descriptors->data, bytes) != 0)) {
        g_array_set_size(user->watched, 0);
        if (bytes)
            g_array_append_vals(user->watched, user->descriptors->data, user->descriptors->len);
        user->timeout = wait;
        user->armed = user->descriptors->len > 0 || wait >= 0;
        if (user->polling) {
            ssize_t written = write(user->wake[1], "", 1);
            (void)written;
        } else {
            g_cond_signal(&user->changed);
        }
    }
    g_mutex_unlock(&user->lock);
}

/*
 * A frame of the guest's; what would cost a descriptor that is not to be had is lost, as on a wire.  So are fragments: libslirp (4.7)
 * keeps any number of them, and uses memory that it has freed when it puts them together.
 */
static void input(struct net_user *user, const struct unsent *about, const uint8_t *frame)
{
    if (net_is_fragment(frame, about->length)) {
        machine_guest_error(user->net.machine, "net",
                            "fragments of IPv4 packets are dropped: the user network takes whole ones");
        return;
    }
    if (net_flows_opens(&user->flows, frame, about->length, about->ns) && !may_open(user)) {
        machine_guest_error(user->net.machine, "net",
                            "more connections and flows of datagrams than the host has descriptors for: further ones "
                            "are dropped until some end");
        return;
    }
    net_flows_note(&user->flows, frame, about->length, true, about->ns);
    slirp_input(user->slirp, frame, (int)about->length);
}

/* The engine thread, between two instructions. */
static void attend(void *opaque)
{
    struct net_user *user = opaque;
    struct unsent about;

    user->called = false;
    slirp_pollfds_poll(user->slirp, 1, happened, user); /* how late it is, libslirp only learns here */
    for (guint at = 0; at < user->unsent->len; at += (guint)sizeof(about) + about.length) {
        memcpy(&about, user->unsent->data + at, sizeof(about));
        input(user, &about, user->unsent->data + at + sizeof(about));
    }
    g_byte_array_set_size(user->unsent, 0);
    fill(user);
    leave_callers(user);
    int ready =
        user->descriptors->len ? poll((struct pollfd *)(void *)user->descriptors->data, user->descriptors->len, 0) : 0;
    slirp_pollfds_poll(user->slirp, ready < 0, happened, user);
    watch(user);
}

static void attend_to_sockets(void *opaque)
{
    attend(opaque);
}

/* --- the thread that waits --- */

static void drain(int descriptor)
{
    uint8_t bytes[64];

    while (read(descriptor, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
        ;
}

static gpointer waiter(gpointer opaque)
{
    struct net_user *user = opaque;
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    const struct pollfd wake = {.fd = user->wake[0], .events = POLLIN};

    g_mutex_lock(&user->lock);
    for (;;) {
        while (!user->stop && !user->armed)
            g_cond_wait(&user->changed, &user->lock);
        if (user->stop)
            break;
        g_array_set_size(list, 0);
        g_array_append_val(list, wake);
        g_array_append_vals(list, user->watched->data, user->watched->len);
        int timeout = user->timeout;
        user->polling = true;
        g_mutex_unlock(&user->lock);
        int ready = poll((struct pollfd *)(void *)list->data, list->len, timeout);
        bool changed = g_array_index(list, struct pollfd, 0).revents != 0;
        if (changed)
            drain(user->wake[0]);
        g_mutex_lock(&user->lock);
        user->polling = false;
        if (changed || ready < 0 || !user->armed || user->stop)
            continue;
        user->armed = false;
        g_mutex_unlock(&user->lock);
        machine_call(user->net.machine, attend_to_sockets, user);
        g_mutex_lock(&user->lock);
    }
    g_mutex_unlock(&user->lock);
    return NULL;
}

/* --- operations --- */

static void user_send(struct net *net, const uint8_t *frame, size_t length)
{
    struct net_user *user = (struct net_user *)net;
    const struct unsent about = {.ns = machine_now(net->machine), .length = (uint32_t)length};

    if (user->unsent->len + length > UNSENT_MAX)
        return;
    g_byte_array_append(user->unsent, (const uint8_t *)&about, sizeof(about));
    g_byte_array_append(user->unsent, frame, about.length);
    if (user->called)
        return;
    user->called = true;
    machine_call_here(net->machine, attend, user);
}

static void user_attached(struct net *net)
{
    struct net_user *user = (struct net_user *)net;

    if (user->advertises) {
        user->advertisement = clock_timer_new_outside(machine_clock(net->machine), "net", advertise, user);
        set_advertisement(user);
    }
    user->thread = g_thread_new("network", waiter, user);
    watch(user);
}

static bool user_may_speak(const struct net *net)
{
    const struct net_user *user = (const struct net_user *)net;

    return user->open || (user->datagrams && net_flows_awaited(&user->flows, machine_now(net->machine)));
}

static void user_close(struct net *net)
{
    struct net_user *user = (struct net_user *)net;

    if (user->thread) {
        g_mutex_lock(&user->lock);
        user->stop = true;
        g_cond_signal(&user->changed);
        g_mutex_unlock(&user->lock);
        ssize_t written = write(user->wake[1], "", 1);
        (void)written;
        g_thread_join(user->thread);
    }
    if (user->advertisement)
        clock_timer_free(user->advertisement);
    user->net.machine = NULL; /* what closes says nothing to the guest */
    if (user->slirp)
        slirp_cleanup(user->slirp);
    for (unsigned i = 0; i < 2; i++)
        if (user->wake[i] >= 0)
            close(user->wake[i]);
    g_array_unref(user->descriptors);
    g_array_unref(user->watched);
    g_array_unref(user->listeners);
    g_byte_array_unref(user->unsent);
    g_mutex_clear(&user->lock);
    g_cond_clear(&user->changed);
    g_free(user);
}

static const struct net_ops user_ops = {
    .large = true,
    .send = user_send,
    .attached = user_attached,
    .may_speak = user_may_speak,
    .close = user_close,
};

/* --- the start --- */

/* NULL: the wildcard of the family. */
static socklen_t make_address(const char *text, bool ipv6, uint16_t port, struct sockaddr_storage *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof(*out));
    if (ipv6) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(port);
        return text && inet_pton(AF_INET6, text, &six->sin6_addr) != 1 ? 0 : sizeof(*six);
    }
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    return text && inet_pton(AF_INET, text, &four->sin_addr) != 1 ? 0 : sizeof(*four);
}

static bool add_forward(struct net_user *user, const struct net_forward *forward, GError **error)
{
    const char *host_text = forward->host_address ? forward->host_address : "127.0.0.1";
    bool ipv6 = forward->guest_address && strchr(forward->guest_address, ':');
    struct sockaddr_storage host, guest;
    socklen_t host_length = make_address(host_text, strchr(host_text, ':') != NULL, forward->host_port, &host);
    socklen_t guest_length = make_address(forward->guest_address, ipv6, forward->guest_port, &guest);
    const char *protocol = forward->udp ? "udp" : "tcp";

    if (host.ss_family != guest.ss_family) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--net: hostfwd=%s:%s:%u leads from one version of IP to the other; give both addresses of one",
                    protocol, host_text, forward->host_port);
        return false;
    }
    if (slirp_add_hostxfwd(user->slirp, (struct sockaddr *)&host, host_length, (struct sockaddr *)&guest, guest_length,
                           forward->udp ? SLIRP_HOSTFWD_UDP : 0) == 0)
        return true;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                "--net: hostfwd: %s port %u of %s cannot be bound: %s; give another that is free", protocol,
                forward->host_port, host_text, g_strerror(errno));
    return false;
}

static Slirp *make_slirp(const struct net_options *options, struct net_user *user)
{
    SlirpConfig config = {
        .version = 4,
        .restricted = options->restricted,
        .in_enabled = true,
        .in6_enabled = options->ipv6,
        .vprefix_len = 64,
    };

    inet_pton(AF_INET, "10.0.2.0", &config.vnetwork);
    inet_pton(AF_INET, "255.255.255.0", &config.vnetmask);
    inet_pton(AF_INET, "10.0.2.2", &config.vhost);
    inet_pton(AF_INET, "10.0.2.3", &config.vnameserver);
    inet_pton(AF_INET, "10.0.2.15", &config.vdhcp_start);
    inet_pton(AF_INET6, "fec0::", &config.vprefix_addr6);
    inet_pton(AF_INET6, "fec0::2", &config.vhost6);
    inet_pton(AF_INET6, "fec0::3", &config.vnameserver6);
    return slirp_new(&config, &callbacks, user);
}

struct net *net_user_open(const struct net_options *options, GError **error)
{
    struct net_user *user = g_new0(struct net_user, 1);

    signal(SIGPIPE, SIG_IGN); /* libslirp writes to sockets that the other side has closed */
    user->net.ops = &user_ops;
    user->descriptors = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    user->watched = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    user->listeners = g_array_new(FALSE, FALSE, sizeof(int));
    user->unsent = g_byte_array_new();
    user->highest = MIN(descriptors_highest(), DESCRIPTORS_MAX);
    user->timeout = -1;
    user->wake[0] = user->wake[1] = -1;
    g_mutex_init(&user->lock);
    g_cond_init(&user->changed);
    user->slirp = make_slirp(options, user);
    bool good = user->slirp && pipe(user->wake) == 0 && fcntl(user->wake[0], F_SETFL, O_NONBLOCK) == 0;

    if (!good)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "--net user: the host has no descriptors left: %s",
                    g_strerror(errno));
    for (guint i = 0; good && options->forwards && i < options->forwards->len; i++)
        good = add_forward(user, g_ptr_array_index(options->forwards, i), error);
    if (good) {
        fill(user);
        for (guint i = 0; i < user->descriptors->len; i++)
            g_array_append_val(user->listeners, g_array_index(user->descriptors, struct pollfd, i).fd);
        return &user->net;
    }
    user_close(&user->net);
    return NULL;
}
