/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stream sockets by what options call them: "unix:PATH", or a path that has a '/'; "tcp:HOST:PORT", "HOST:PORT",
 * "[HOST]:PORT"; ":PORT" or "PORT" of the loopback interface.
 */
#ifndef GALVANIC_EMU_HOST_ENDPOINT_H
#define GALVANIC_EMU_HOST_ENDPOINT_H

#include <gio/gio.h>

/*
 * Listens.  A socket in the file system that nobody listens at any more is made anew; endpoint_remove() takes it away.
 *
 * NULL with @error, which begins with @option ("--gdb"): not an address, or it cannot be had.
 */
GSocket *endpoint_listen(const char *option, const char *address, GError **error);
/* Connects; waits until that is done.  NULL with @error as above. */
GSocket *endpoint_connect(const char *option, const char *address, GError **error);
/* At the end of a socket that was listened at. */
void endpoint_remove(const char *address);

#endif
