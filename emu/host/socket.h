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

struct socket_handlers { /* on the server's thread */
    void (*connected)(void *opaque);
    void (*received)(void *opaque, const uint8_t *data, size_t length);
    void (*closed)(void *opaque);
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
/* Ends the connection, waits for the thread. */
void socket_server_free(struct socket_server *server);
/* From any thread: to the client there is; dropped when there is none or it does not take it. */
void socket_server_send(struct socket_server *server, const void *data, size_t length);
/* Ends the connection; the next client is served. */
void socket_server_hang_up(struct socket_server *server);
/* "127.0.0.1:1234" with the port that the system gave for port 0, or "unix:PATH". */
const char *socket_server_name(const struct socket_server *server);

#endif
