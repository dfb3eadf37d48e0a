/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See path.h. */
#include "debug/redox/path.h"

char **path_parts(const char *path)
{
    g_autofree char *whole = g_canonicalize_filename(path, "/");
    const char *start = whole;

    while (*start == '/')
        start++;
    return g_strsplit(start, "/", -1);
}

char *path_follow(char **parts, unsigned walked, const char *target)
{
    g_autofree char *rest = g_strjoinv("/", parts + walked + 1);
    GString *path = g_string_new("/");

    for (unsigned i = 0; *target != '/' && i < walked; i++)
        g_string_append_printf(path, "%s/", parts[i]);
    g_string_append_printf(path, "%s/%s", target, rest);
    return g_string_free(path, FALSE);
}
