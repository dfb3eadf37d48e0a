/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See descriptors.h. */
#include "emu/host/descriptors.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

#define SPARE 64 /* for the rest of the program */
#define HIGHEST_MAX (1 << 20)

int descriptors_highest(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > HIGHEST_MAX)
        return HIGHEST_MAX;
    return limit.rlim_cur > 2 * SPARE ? (int)limit.rlim_cur - SPARE : (int)limit.rlim_cur / 2;
}

int descriptors_next(int any)
{
    int next = fcntl(any, F_DUPFD_CLOEXEC, 0);

    if (next < 0)
        return INT_MAX;
    close(next);
    return next;
}
