/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream socket that one client at a time may use: the GDB stub, the monitor, a serial port.  A thread of its own accepts and reads;
 * what it brings is handed over on that thread.
 */
#ifndef GALVANIC_EMU_HOST_SOCKET_H
#define GALVANIC_EMU_HOST_SOCKET_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

struct socket_server;

#define SOCKET_UNSENT_MAX (4u << 20) /* bytes that wait for a client which does not read */

struct socket_handlers { /* on the server's thread, unless said otherwise */
    /* Connections are numbered from 1. */
    void (*connected)(void *opaque, unsigned connection);
    void (*received)(void *opaque, const uint8_t *data, size_t length);
    void (*closed)(void *opaque);
    /*
     * On the sender's thread, once a connection: the client does not read, and from here on bytes beyond SOCKET_UNSENT_MAX are
     * dropped.  NULL: such a client is hung up instead.
     */
    void (*dropped)(void *opaque);
    void *opaque;
};

/*
 * Listens.
 *
 * @option   the name of the option, for messages ("--gdb")
 * @address  as endpoint.h has it
 * NULL with @error: not an address, or it cannot be bound.
 */
struct socket_server *socket_server_new(const char *option, const char *address, const struct socket_handlers *handlers,
                                        GError **error);
/* Gives the client a moment (two seconds at most) to take what waits for it, ends the connection, waits for the thread. */
void socket_server_free(struct socket_server *server);
/*
 * From any thread, never waits: to the client of that number, SOCKET_ANY: to whichever there is; dropped when it has gone.  What
 * the client does not take at once waits, up to SOCKET_UNSENT_MAX bytes.
 */
#define SOCKET_ANY 0u
void socket_server_send(struct socket_server *server, unsigned connection, const void *data, size_t length);
/* Ends the connection; the next client is served. */
void socket_server_hang_up(struct socket_server *server);
/* "127.0.0.1:1234" with the port that the system gave for port 0, or "unix:PATH". */
const char *socket_server_name(const struct socket_server *server);

#endif
