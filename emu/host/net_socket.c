/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cable between two machines: a stream socket on which each frame follows its length, 32 bits, big endian.  QEMU's
 * "-netdev socket" and "-netdev stream" speak the same.  One end listens, the other connects; a thread reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emu/bytes.h"
#include "emu/host/endpoint.h"
#include "emu/host/net_internal.h"
#include "emu/machine.h"

#define UNSENT_MAX (4u << 20)   /* bytes that the other machine has not read; beyond that frames are lost */
#define UNTAKEN_MAX (256 << 10) /* bytes read that the engine thread has not taken; beyond that the thread waits */
#define PREFIX 4
#define ACCEPT_AGAIN_MS 100 /* when the host has no descriptors left */

struct net_socket {
    struct net net; /* first */
    char *address;
    int listener; /* -1: this end connects */
    struct endpoint_mark mark;
    GThread *thread;
    int wake[2]; /* a byte here: look at everything again */
    gint alive;  /* atomic: frames may come */

    GMutex lock; /* of what follows */
    int peer;    /* -1: nobody is there */
    bool stop;
    GByteArray *out; /* bytes that the socket did not take at once */
    GByteArray *in;  /* whole frames with their prefixes */
    bool called;     /* take_frames() is under way */
};

static void wake_thread(struct net_socket *net)
{
    ssize_t written = write(net->wake[1], "", 1); /* a full pipe wakes as well */

    (void)written;
}

/* --- the engine thread --- */

static void take_frames(void *opaque)
{
    struct net_socket *net = opaque;

    g_mutex_lock(&net->lock);
    GByteArray *frames = net->in;
    net->in = g_byte_array_new();
    net->called = false;
    g_mutex_unlock(&net->lock);
    wake_thread(net);
    for (guint at = 0; at < frames->len;) {
        uint32_t length = get_be32(frames->data + at);

        net_receive(&net->net, frames->data + at + PREFIX, length);
        at += PREFIX + length;
    }
    g_byte_array_unref(frames);
}

/* Bytes that @net->peer takes now; the lock is held.  False: it has gone. */
static bool flush_out(struct net_socket *net)
{
    while (net->out->len) {
        ssize_t sent = write(net->peer, net->out->data, net->out->len);

        if (sent > 0)
            g_byte_array_remove_range(net->out, 0, (guint)sent);
        else if (sent < 0 && errno == EINTR)
            continue;
        else
            return sent < 0 && errno == EAGAIN;
    }
    return true;
}

static void socket_send(struct net *base, const uint8_t *frame, size_t length)
{
    struct net_socket *net = (struct net_socket *)base;
    const uint8_t prefix[PREFIX] = {0, 0, (uint8_t)(length >> 8), (uint8_t)length};

    g_mutex_lock(&net->lock);
    if (net->peer >= 0 && net->out->len < UNSENT_MAX) {
        bool idle = net->out->len == 0;

        g_byte_array_append(net->out, prefix, sizeof(prefix));
        g_byte_array_append(net->out, frame, (guint)length);
        if (idle && (!flush_out(net) || net->out->len))
            wake_thread(net);
    }
    g_mutex_unlock(&net->lock);
}

/* --- the thread --- */

static void drop_peer(struct net_socket *net)
{
    g_mutex_lock(&net->lock);
    if (net->peer >= 0)
        close(net->peer);
    net->peer = -1;
    g_byte_array_set_size(net->out, 0);
    g_mutex_unlock(&net->lock);
    if (net->listener < 0)
        g_atomic_int_set(&net->alive, 0);
    machine_note(net->net.machine, "--net socket: the other machine at %s has gone", net->address);
}

static void prepare_peer(int peer)
{
    int on = 1;

    fcntl(peer, F_SETFL, O_NONBLOCK);
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* fails on Unix sockets, which do not wait */
}

static void accept_peer(struct net_socket *net)
{
    int peer = accept(net->listener, NULL, NULL);

    if (peer < 0) {
        struct pollfd wait = {.fd = net->wake[0], .events = POLLIN};

        poll(&wait, 1, ACCEPT_AGAIN_MS); /* it still waits, and would be told of at once */
        return;
    }
    prepare_peer(peer);
    g_mutex_lock(&net->lock);
    net->peer = peer;
    g_mutex_unlock(&net->lock);
}

/* Hands on the frames in @buffer that are whole; false: what comes is no frame. */
static bool take_whole(struct net_socket *net, GByteArray *buffer)
{
    guint at = 0;

    while (buffer->len - at >= PREFIX) {
        uint32_t length = get_be32(buffer->data + at);

        if (length < NET_FRAME_MIN || length > NET_FRAME_MAX)
            return false;
        if (buffer->len - at < PREFIX + length)
            break;
        at += PREFIX + length;
    }
    if (!at)
        return true;
    g_mutex_lock(&net->lock);
    g_byte_array_append(net->in, buffer->data, at);
    bool call = !net->called;
    net->called = true;
    g_mutex_unlock(&net->lock);
    g_byte_array_remove_range(buffer, 0, at);
    if (call)
        machine_call(net->net.machine, take_frames, net);
    return true;
}

static bool read_peer(struct net_socket *net, GByteArray *buffer)
{
    uint8_t bytes[65536];
    ssize_t got = read(net->peer, bytes, sizeof(bytes));

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (got <= 0)
        return false;
    g_byte_array_append(buffer, bytes, (guint)got);
    return take_whole(net, buffer);
}

static gpointer reader(gpointer opaque)
{
    struct net_socket *net = opaque;
    g_autoptr(GByteArray) buffer = g_byte_array_new();

    for (;;) {
        struct pollfd wait[2] = {{.fd = net->wake[0], .events = POLLIN}, {.fd = -1}};

        g_mutex_lock(&net->lock);
        bool stop = net->stop, there = net->peer >= 0;
        wait[1].fd = there ? net->peer : net->listener;
        wait[1].events = net->in->len < UNTAKEN_MAX ? POLLIN : 0;
        if (there && net->out->len)
            wait[1].events |= POLLOUT;
        g_mutex_unlock(&net->lock);
        if (stop)
            return NULL;
        if (poll(wait, 2, -1) < 0)
            continue;
        if (wait[0].revents) {
            uint8_t bytes[64];
            ssize_t got = read(net->wake[0], bytes, sizeof(bytes));
            (void)got;
        }
        if (!wait[1].revents)
            continue;
        if (!there) {
            accept_peer(net);
            continue;
        }
        g_mutex_lock(&net->lock);
        bool good = !(wait[1].revents & POLLOUT) || flush_out(net);
        g_mutex_unlock(&net->lock);
        if (good && wait[1].revents & ~POLLOUT)
            good = read_peer(net, buffer);
        if (!good) {
            drop_peer(net);
            g_byte_array_set_size(buffer, 0);
        }
    }
}

/* --- the start --- */

/* A descriptor of our own of the socket; -1 with @error. */
static int open_descriptor(const struct net_options *options, struct endpoint_mark *mark, GError **error)
{
    g_autoptr(GSocket) socket = options->listen ? endpoint_listen("--net socket", options->address, mark, error)
                                                : endpoint_connect("--net socket", options->address, error);
    int descriptor = socket ? fcntl(g_socket_get_fd(socket), F_DUPFD_CLOEXEC, 0) : -1;

    if (socket && descriptor < 0)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "--net socket: %s", g_strerror(errno));
    return descriptor;
}

/* --- operations --- */

static void socket_attached(struct net *base)
{
    struct net_socket *net = (struct net_socket *)base;

    net->thread = g_thread_new("network", reader, net);
}

static bool socket_may_speak(const struct net *base)
{
    return g_atomic_int_get(&((const struct net_socket *)base)->alive);
}

static void socket_close(struct net *base)
{
    struct net_socket *net = (struct net_socket *)base;

    if (net->thread) {
        g_mutex_lock(&net->lock);
        net->stop = true;
        g_mutex_unlock(&net->lock);
        wake_thread(net);
        g_thread_join(net->thread);
    }
    if (net->peer >= 0)
        close(net->peer);
    if (net->listener >= 0) {
        endpoint_remove(net->address, &net->mark);
        close(net->listener);
    }
    for (unsigned i = 0; i < 2; i++)
        if (net->wake[i] >= 0)
            close(net->wake[i]);
    g_byte_array_unref(net->in);
    g_byte_array_unref(net->out);
    g_mutex_clear(&net->lock);
    g_free(net->address);
    g_free(net);
}

static const struct net_ops socket_ops = {
    .send = socket_send,
    .attached = socket_attached,
    .may_speak = socket_may_speak,
    .close = socket_close,
};

struct net *net_socket_open(const struct net_options *options, GError **error)
{
    struct endpoint_mark mark = {0};
    int descriptor = open_descriptor(options, &mark, error);

    if (descriptor < 0)
        return NULL;
    struct net_socket *net = g_new0(struct net_socket, 1);

    signal(SIGPIPE, SIG_IGN); /* the other side may go at any time */
    net->net.ops = &socket_ops;
    net->mark = mark;
    net->wake[0] = net->wake[1] = -1;
    net->address = g_strdup(options->address);
    net->listener = options->listen ? descriptor : -1;
    net->peer = options->listen ? -1 : descriptor;
    if (!options->listen)
        prepare_peer(descriptor);
    net->alive = true;
    net->in = g_byte_array_new();
    net->out = g_byte_array_new();
    g_mutex_init(&net->lock);
    if (pipe(net->wake) == 0 && fcntl(net->wake[0], F_SETFL, O_NONBLOCK) == 0 &&
        fcntl(net->wake[1], F_SETFL, O_NONBLOCK) == 0)
        return &net->net;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "--net socket: %s", g_strerror(errno));
    socket_close(&net->net);
    return NULL;
}
