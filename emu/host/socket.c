/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See socket.h. */
#include "emu/host/socket.h"

#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>

#include "emu/host/endpoint.h"

#define CHUNK 4096

struct socket_server {
    struct socket_handlers handlers;
    GSocket *listener;
    GCancellable *end;
    GThread *thread;
    GMutex lock; /* of client */
    GSocket *client;
    char *name;
    char *address; /* as the option has it */
    struct endpoint_mark mark;
};

static void set_client(struct socket_server *server, GSocket *client)
{
    g_mutex_lock(&server->lock);
    g_clear_object(&server->client);
    server->client = client;
    g_mutex_unlock(&server->lock);
}

static void serve(struct socket_server *server, GSocket *client)
{
    uint8_t data[CHUNK];
    gssize length;

    server->handlers.connected(server->handlers.opaque);
    while ((length = g_socket_receive(client, (char *)data, sizeof(data), server->end, NULL)) > 0)
        server->handlers.received(server->handlers.opaque, data, (size_t)length);
    server->handlers.closed(server->handlers.opaque);
}

static gpointer listen_thread(gpointer opaque)
{
    struct socket_server *server = opaque;
    GSocket *client;

    while ((client = g_socket_accept(server->listener, server->end, NULL))) {
        if (g_socket_get_family(client) != G_SOCKET_FAMILY_UNIX)
            g_socket_set_option(client, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
        set_client(server, g_object_ref(client));
        serve(server, client);
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

struct socket_server *socket_server_new(const char *option, const char *address, const struct socket_handlers *handlers,
                                        GError **error)
{
    struct endpoint_mark mark = {0};
    GSocket *listener = endpoint_listen(option, address, &mark, error);
    struct socket_server *server;

    if (!listener)
        return NULL;
    server = g_new0(struct socket_server, 1);
    server->handlers = *handlers;
    server->listener = listener;
    server->end = g_cancellable_new();
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
    g_cancellable_cancel(server->end);
    g_thread_join(server->thread);
    endpoint_remove(server->address, &server->mark);
    g_socket_close(server->listener, NULL);
    g_object_unref(server->listener);
    g_object_unref(server->end);
    g_mutex_clear(&server->lock);
    g_free(server->address);
    g_free(server->name);
    g_free(server);
}

void socket_server_send(struct socket_server *server, const void *data, size_t length)
{
    const char *at = data;
    GSocket *client;

    g_mutex_lock(&server->lock);
    client = server->client ? g_object_ref(server->client) : NULL;
    g_mutex_unlock(&server->lock);
    while (client && length) {
        gssize sent = g_socket_send(client, at, length, server->end, NULL);
        if (sent <= 0)
            break; /* it has gone: the reader will see it */
        at += sent;
        length -= (size_t)sent;
    }
    g_clear_object(&client);
}

void socket_server_hang_up(struct socket_server *server)
{
    g_mutex_lock(&server->lock);
    if (server->client)
        g_socket_shutdown(server->client, TRUE, TRUE, NULL);
    g_mutex_unlock(&server->lock);
}

const char *socket_server_name(const struct socket_server *server)
{
    return server->name;
}
