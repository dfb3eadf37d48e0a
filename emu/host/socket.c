/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See socket.h. */
#include "emu/host/socket.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "emu/host/endpoint.h"

#define CHUNK 4096
#define ACCEPT_AGAIN_MS 100
#define LAST_WORDS_US (2 * G_USEC_PER_SEC) /* for a client that still reads */
#define DEAF_MS 300                        /* after which one does not */

struct socket_server {
    struct socket_handlers handlers;
    GSocket *listener;
    GThread *thread;
    int wake[2]; /* a byte here: look at everything again */
    char *name;
    char *address; /* as the option has it */
    struct endpoint_mark mark;

    GMutex lock; /* of what follows */
    bool stop;
    GSocket *client;
    unsigned connection; /* the client's number, or that of the last one */
    GByteArray *out;     /* what the client did not take at once */
    bool dropping;
};

static void wake(struct socket_server *server)
{
    ssize_t written = write(server->wake[1], "", 1); /* a full pipe wakes as well */

    (void)written;
}

static bool stopping(struct socket_server *server)
{
    g_mutex_lock(&server->lock);
    bool stop = server->stop;
    g_mutex_unlock(&server->lock);
    return stop;
}

/* Until @conditions of @socket (NULL: none) hold, somebody wakes, or the time is over; false: the end. */
static bool wait_for(struct socket_server *server, GSocket *socket, GIOCondition conditions, int milliseconds)
{
    GPollFD fds[2] = {{.fd = server->wake[0], .events = G_IO_IN}, {.events = (gushort)conditions}};
    uint8_t bytes[64];

    if (socket)
        fds[1].fd = g_socket_get_fd(socket);
    if (stopping(server))
        return false;
    g_poll(fds, socket ? 2 : 1, milliseconds);
    if (fds[0].revents && read(server->wake[0], bytes, sizeof(bytes)) < 0)
        g_usleep(1000); /* cannot be; but if, then not at full speed */
    return !stopping(server);
}

static void set_client(struct socket_server *server, GSocket *client)
{
    g_mutex_lock(&server->lock);
    server->client = client;
    if (client)
        server->connection++;
    g_byte_array_set_size(server->out, 0);
    server->dropping = false;
    g_mutex_unlock(&server->lock);
}

/* What @client takes now of @length bytes, all if it has gone; the lock is held. */
static size_t send_now(GSocket *client, const uint8_t *data, size_t length)
{
    size_t done = 0;

    while (done < length) {
        g_autoptr(GError) error = NULL;
        gssize sent = g_socket_send(client, (const char *)data + done, length - done, NULL, &error);
        if (sent <= 0)
            return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) ? done : length;
        done += (size_t)sent;
    }
    return done;
}

/* True if something is left that waits for the client. */
static bool flush(struct socket_server *server)
{
    g_mutex_lock(&server->lock);
    size_t sent = send_now(server->client, server->out->data, server->out->len);
    g_byte_array_remove_range(server->out, 0, (guint)sent);
    bool left = server->out->len > 0;
    g_mutex_unlock(&server->lock);
    return left;
}

/* False: it has gone. */
static bool receive(struct socket_server *server, GSocket *client)
{
    uint8_t data[CHUNK];
    g_autoptr(GError) error = NULL;
    gssize length = g_socket_receive(client, (char *)data, sizeof(data), NULL, &error);

    if (length > 0)
        server->handlers.received(server->handlers.opaque, data, (size_t)length);
    return length > 0 || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static void serve(struct socket_server *server, GSocket *client)
{
    server->handlers.connected(server->handlers.opaque, server->connection);
    for (;;) {
        GIOCondition conditions = flush(server) ? G_IO_IN | G_IO_OUT : G_IO_IN;
        if (!wait_for(server, client, conditions, -1) || !receive(server, client))
            break;
    }
    server->handlers.closed(server->handlers.opaque);
}

/* The end of the run is no reason to cut its last words off. */
static void linger(struct socket_server *server, GSocket *client)
{
    gint64 end = g_get_monotonic_time() + LAST_WORDS_US;
    GPollFD fd = {.fd = g_socket_get_fd(client), .events = G_IO_OUT};

    while (flush(server) && g_get_monotonic_time() < end)
        if (g_poll(&fd, 1, DEAF_MS) <= 0 || (fd.revents & (G_IO_ERR | G_IO_HUP)))
            break;
}

static gpointer listen_thread(gpointer opaque)
{
    struct socket_server *server = opaque;
    bool refused = false; /* the last attempt failed: no descriptor was free, the client gave up */

    while (wait_for(server, refused ? NULL : server->listener, G_IO_IN, refused ? ACCEPT_AGAIN_MS : -1)) {
        g_autoptr(GError) error = NULL;
        GSocket *client = g_socket_accept(server->listener, NULL, &error);

        refused = !client && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
        if (!client)
            continue;
        g_socket_set_blocking(client, FALSE);
        if (g_socket_get_family(client) != G_SOCKET_FAMILY_UNIX)
            g_socket_set_option(client, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
        set_client(server, client);
        serve(server, client);
        linger(server, client);
        set_client(server, NULL);
        g_object_unref(client);
    }
    return NULL;
}

static char *name_of(GSocket *listener, const char *address)
{
    g_autoptr(GSocketAddress) local = g_socket_get_local_address(listener, NULL);

    if (!G_IS_INET_SOCKET_ADDRESS(local))
        return g_strdup(address);
    g_autofree char *host = g_inet_address_to_string(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(local)));
    return g_strdup_printf("%s:%u", host, g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(local)));
}

static bool open_wake(int wake[2], const char *option, GError **error)
{
    if (!g_unix_open_pipe(wake, FD_CLOEXEC, error)) {
        g_prefix_error(error, "%s: ", option);
        return false;
    }
    g_unix_set_fd_nonblocking(wake[0], TRUE, NULL);
    g_unix_set_fd_nonblocking(wake[1], TRUE, NULL);
    return true;
}

struct socket_server *socket_server_new(const char *option, const char *address, const struct socket_handlers *handlers,
                                        GError **error)
{
    struct endpoint_mark mark = {0};
    int ends[2];

    if (!open_wake(ends, option, error))
        return NULL;
    GSocket *listener = endpoint_listen(option, address, &mark, error);
    if (!listener) {
        close(ends[0]);
        close(ends[1]);
        return NULL;
    }
    g_socket_set_blocking(listener, FALSE);
    struct socket_server *server = g_new0(struct socket_server, 1);
    server->handlers = *handlers;
    server->listener = listener;
    memcpy(server->wake, ends, sizeof(ends));
    server->out = g_byte_array_new();
    server->name = name_of(listener, address);
    server->address = g_strdup(address);
    server->mark = mark;
    g_mutex_init(&server->lock);
    server->thread = g_thread_new("socket", listen_thread, server);
    return server;
}

void socket_server_free(struct socket_server *server)
{
    if (!server)
        return;
    g_mutex_lock(&server->lock);
    server->stop = true;
    g_mutex_unlock(&server->lock);
    wake(server);
    g_thread_join(server->thread);
    endpoint_remove(server->address, &server->mark);
    g_socket_close(server->listener, NULL);
    g_object_unref(server->listener);
    close(server->wake[0]);
    close(server->wake[1]);
    g_byte_array_unref(server->out);
    g_mutex_clear(&server->lock);
    g_free(server->address);
    g_free(server->name);
    g_free(server);
}

static void hang_up(struct socket_server *server)
{
    g_byte_array_set_size(server->out, 0);
    g_socket_shutdown(server->client, TRUE, TRUE, NULL);
}

/* Keeps what the client did not take; true: from now on bytes are dropped.  The lock is held. */
static bool keep(struct socket_server *server, const uint8_t *data, size_t length)
{
    size_t fits = MIN(length, SOCKET_UNSENT_MAX - server->out->len);

    if (fits < length && !server->handlers.dropped) {
        hang_up(server);
        return false;
    }
    g_byte_array_append(server->out, data, (guint)fits);
    if (fits == length || server->dropping)
        return false;
    server->dropping = true;
    return true;
}

void socket_server_send(struct socket_server *server, unsigned connection, const void *data, size_t length)
{
    const uint8_t *bytes = data;
    bool drops = false;

    g_mutex_lock(&server->lock);
    if (server->client && (connection == SOCKET_ANY || connection == server->connection)) {
        bool idle = server->out->len == 0;
        size_t sent = idle ? send_now(server->client, bytes, length) : 0;
        if (sent < length)
            drops = keep(server, bytes + sent, length - sent);
        if (idle && sent < length)
            wake(server);
    }
    g_mutex_unlock(&server->lock);
    if (drops)
        server->handlers.dropped(server->handlers.opaque);
}

void socket_server_hang_up(struct socket_server *server)
{
    g_mutex_lock(&server->lock);
    if (server->client)
        hang_up(server);
    g_mutex_unlock(&server->lock);
}

const char *socket_server_name(const struct socket_server *server)
{
    return server->name;
}
