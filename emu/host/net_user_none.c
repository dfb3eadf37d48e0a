/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without libslirp: there is no user network. */
#include "emu/host/net_internal.h"

bool net_user_available(void)
{
    return false;
}

struct net *net_user_open(const struct net_options *options, GError **error)
{
    g_set_error(
        error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--net user: this program was built without libslirp; install libslirp-dev and build it again, or give none");
    return NULL;
}
