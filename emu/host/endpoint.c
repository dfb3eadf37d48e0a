/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See endpoint.h. */
#include "emu/host/endpoint.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define BACKLOG 4
#define LOOPBACK "127.0.0.1"

/* The path of a Unix socket, or NULL: a host and a port. */
static const char *path_of(const char *address)
{
    if (strncmp(address, "unix:", 5) == 0)
        return address + 5;
    return strchr(address, '/') ? address : NULL;
}

/* HOST and PORT; NULL: no address. */
static GSocketConnectable *parse_host(const char *address)
{
    const char *text = strncmp(address, "tcp:", 4) == 0 ? address + 4 : address;
    const char *colon = strrchr(text, ':');
    g_autofree char *host = colon ? g_strndup(text, (gsize)(colon - text)) : g_strdup("");
    size_t length = strlen(host);
    guint64 port;

    if (!g_ascii_string_to_unsigned(colon ? colon + 1 : text, 10, 0, 65535, &port, NULL))
        return NULL;
    if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
        memmove(host, host + 1, length - 2);
        host[length - 2] = '\0';
    }
    bool loopback = !*host || strcmp(host, "localhost") == 0;
    return g_network_address_new(loopback ? LOOPBACK : host, (guint16)port);
}

static GSocketConnectable *parse(const char *option, const char *address, GError **error)
{
    const char *path = path_of(address);
    GSocketConnectable *result = path ? NULL : parse_host(address);

    if (path && *path)
        return G_SOCKET_CONNECTABLE(g_unix_socket_address_new(path));
    if (path)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s unix:: a path is missing, e.g. unix:/tmp/galvanic.sock", option);
    else if (!result)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s %s: not an address; give a port (1234), an address (127.0.0.1:1234) or a socket (unix:PATH)",
                    option, address);
    return result;
}

static bool connect_to(GSocket *socket, GSocketAddress *address, GError **error)
{
    return g_socket_connect(socket, address, NULL, error);
}

/* One that lives but does not accept at once answers "would block". */
static bool probe(GSocket *socket, GSocketAddress *address, GError **error)
{
    g_socket_set_blocking(socket, FALSE);
    return g_socket_connect(socket, address, NULL, error);
}

static bool listen_at(GSocket *socket, GSocketAddress *address, GError **error)
{
    g_socket_set_listen_backlog(socket, BACKLOG);
    return g_socket_bind(socket, address, TRUE, error) && g_socket_listen(socket, error);
}

static GSocket *try(GSocketAddress *address, bool (*use)(GSocket *, GSocketAddress *, GError **), GError **error)
{
    g_autoptr(GSocket) socket =
        g_socket_new(g_socket_address_get_family(address), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);

    return socket && use(socket, address, error) ? g_steal_pointer(&socket) : NULL;
}

/* The first of the addresses of a name that can be had; the error of the last that cannot. */
static GSocket *open_first(GSocketConnectable *name, bool (*use)(GSocket *, GSocketAddress *, GError **),
                           GError **failure)
{
    g_autoptr(GSocketAddressEnumerator) list = g_socket_connectable_enumerate(name);
    GSocket *socket = NULL;

    for (;;) {
        g_autoptr(GError) problem = NULL;
        g_autoptr(GSocketAddress) address = g_socket_address_enumerator_next(list, NULL, &problem);

        if (!address) {
            if (problem && !*failure)
                g_propagate_error(failure, g_steal_pointer(&problem));
            else if (!*failure)
                g_set_error_literal(failure, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND, "the name has no address");
            return NULL;
        }
        g_clear_error(failure);
        socket = try(address, use, failure);
        if (socket)
            return socket;
    }
}

/* What a run that was killed left behind is in the way, unless somebody still listens there.  False: another file. */
static bool clear_path(const char *option, const char *path, GSocketConnectable *name, GError **error)
{
    g_autoptr(GError) refused = NULL;
    GStatBuf status;

    if (g_lstat(path, &status) != 0)
        return true;
    if ((status.st_mode & S_IFMT) != S_IFSOCK) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
                    "%s: cannot listen at %s: there is a file of that name, which is no socket; give another path",
                    option, path);
        return false;
    }
    g_autoptr(GSocket) other = open_first(name, probe, &refused);
    if (!other && g_error_matches(refused, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
        g_unlink(path);
    return true;
}

static bool find(const char *path, struct endpoint_mark *mark)
{
    GStatBuf status;

    *mark = (struct endpoint_mark){0};
    if (!path || g_lstat(path, &status) != 0)
        return false;
    *mark = (struct endpoint_mark){status.st_dev, status.st_ino};
    return true;
}

GSocket *endpoint_listen(const char *option, const char *address, struct endpoint_mark *mark, GError **error)
{
    g_autoptr(GSocketConnectable) name = parse(option, address, error);
    g_autoptr(GError) failure = NULL;

    if (!name || (path_of(address) && !clear_path(option, path_of(address), name, error)))
        return NULL;
    GSocket *socket = open_first(name, listen_at, &failure);
    if (!socket)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "%s: cannot listen at %s: %s; give an address that is free", option, address, failure->message);
    else
        find(path_of(address), mark);
    return socket;
}

GSocket *endpoint_connect(const char *option, const char *address, GError **error)
{
    g_autoptr(GSocketConnectable) name = parse(option, address, error);
    g_autoptr(GError) failure = NULL;
    GSocket *socket = name ? open_first(name, connect_to, &failure) : NULL;

    if (name && !socket)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "%s: cannot connect to %s: %s; start what listens there first", option, address, failure->message);
    return socket;
}

void endpoint_remove(const char *address, const struct endpoint_mark *mark)
{
    struct endpoint_mark now;

    if (find(path_of(address), &now) && now.device == mark->device && now.inode == mark->inode)
        g_unlink(path_of(address));
}
