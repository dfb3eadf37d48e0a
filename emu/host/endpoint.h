/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stream sockets by what options call them: "unix:PATH", or a path that has a '/'; "tcp:HOST:PORT", "HOST:PORT",
 * "[HOST]:PORT"; ":PORT" or "PORT" of the loopback interface.
 */
#ifndef GALVANIC_EMU_HOST_ENDPOINT_H
#define GALVANIC_EMU_HOST_ENDPOINT_H

#include <gio/gio.h>
#include <sys/types.h>

/* Which file a socket that is listened at is; zeros: none. */
struct endpoint_mark {
    dev_t device;
    ino_t inode;
};

/*
 * Listens.  A socket in the file system that nobody listens at any more is made anew; endpoint_remove() takes it away.
 *
 * NULL with @error, which begins with @option ("--gdb"): not an address, or it cannot be had.
 */
GSocket *endpoint_listen(const char *option, const char *address, struct endpoint_mark *mark, GError **error);
/* Connects; waits until that is done.  NULL with @error as above. */
GSocket *endpoint_connect(const char *option, const char *address, GError **error);
/* Before a socket that was listened at is closed: takes it away, unless what stands at @address by now is not @mark. */
void endpoint_remove(const char *address, const struct endpoint_mark *mark);

#endif
