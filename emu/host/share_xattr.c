/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extended attributes of the "user." kind, where the host is Linux; elsewhere they are not supported.  See share.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#ifdef __linux__
#include <sys/xattr.h>
#endif

#include "emu/host/share_internal.h"

#ifdef __linux__
#define PREFIX "user."
#define LARGEST 65536 /* of a value, and of a list of names */

/* The calls take no folder: its descriptor's entry in /proc leads there, and only there.  NULL with errno. */
static char *path_of(const struct share *share, const struct share_place *place)
{
    struct share_stat unused;

    if (share_stat_at(share, place->folder, place->name, &unused) != 0)
        return NULL;
    return g_strdup_printf("/proc/self/fd/%d/%s", place->folder, place->name);
}

/* Other kinds (security, ACLs, trusted) have to do with the host's rights, and are hidden. */
static void keep_user_names(GByteArray *list)
{
    guint kept = 0;

    for (guint at = 0; at < list->len;) {
        guint length = (guint)strlen((const char *)list->data + at) + 1;

        if (g_str_has_prefix((const char *)list->data + at, PREFIX)) {
            memmove(list->data + kept, list->data + at, length);
            kept += length;
        }
        at += length;
    }
    g_byte_array_set_size(list, kept);
}

int share_xattr_get(struct share *share, const char *path, const char *name, GByteArray *value)
{
    struct share_place place;

    if (*name && !g_str_has_prefix(name, PREFIX))
        return share_errno(ENODATA);
    int failure = share_place_open(share, path, &place);
    if (failure)
        return failure;
    g_autofree char *full = path_of(share, &place);
    g_autofree uint8_t *found = g_malloc(LARGEST); /* what is kept has no more room than it needs */
    ssize_t length = !full   ? -1
                     : *name ? lgetxattr(full, name, found, LARGEST)
                             : llistxattr(full, (char *)found, LARGEST);
    failure = length < 0 ? share_errno(errno) : 0;
    g_byte_array_set_size(value, 0);
    if (length > 0)
        g_byte_array_append(value, found, (guint)length);
    if (!*name)
        keep_user_names(value);
    share_place_close(&place);
    return failure;
}

int share_xattr_set(struct share *share, const char *path, const char *name, const void *value, size_t length,
                    unsigned flags)
{
    struct share_place place;

    if (!g_str_has_prefix(name, PREFIX))
        return share_errno(EOPNOTSUPP);
    int failure = share_place_open_to_change(share, path, &place);
    if (failure)
        return failure;
    g_autofree char *full = path_of(share, &place);
    int status = !full ? -1 : length ? lsetxattr(full, name, value, length, (int)flags) : lremovexattr(full, name);
    failure = status == 0 ? 0 : share_errno(errno);
    share_place_close(&place);
    return failure;
}
#else
int share_xattr_get(struct share *share, const char *path, const char *name, GByteArray *value)
{
    return share_errno(EOPNOTSUPP);
}

int share_xattr_set(struct share *share, const char *path, const char *name, const void *value, size_t length,
                    unsigned flags)
{
    return share_errno(EOPNOTSUPP);
}
#endif
