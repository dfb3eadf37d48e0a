/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths within a file system: always absolute, "." and ".." resolved by their text alone. */
#ifndef GALVANIC_DEBUG_REDOX_PATH_H
#define GALVANIC_DEBUG_REDOX_PATH_H

#include <glib.h>

#define PATH_LINKS_MAX 16 /* symbolic links followed in one lookup */

/* The parts of @path, NULL-terminated; to be freed with g_strfreev(). */
char **path_parts(const char *path);
/*
 * Where a symbolic link leads: @parts are those of the path that was looked up, of which the first @walked are directories and the
 * next one is the link with contents @target.  To be freed.
 */
char *path_follow(char **parts, unsigned walked, const char *target);

#endif
