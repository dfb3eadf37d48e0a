/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest sees Linux's error numbers on every host. */
#include <errno.h>

#include "emu/host/share_internal.h"

static const struct {
    int host, linux_number;
} numbers[] = {
    {EPERM, 1},       {ENOENT, 2},   {EIO, 5},         {ENXIO, 6},          {E2BIG, 7},
    {EBADF, 9},       {EAGAIN, 11},  {ENOMEM, 12},     {EACCES, 13},        {EFAULT, 14},
    {EBUSY, 16},      {EEXIST, 17},  {EXDEV, 18},      {ENODEV, 19},        {ENOTDIR, 20},
    {EISDIR, 21},     {EINVAL, 22},  {ENFILE, 23},     {EMFILE, 23},        {ENOTTY, 25},
    {ETXTBSY, 26},    {EFBIG, 27},   {ENOSPC, 28},     {ESPIPE, 29},        {EROFS, 30},
    {EMLINK, 31},     {EPIPE, 32},   {ERANGE, 34},     {EDEADLK, 35},       {ENAMETOOLONG, 36},
    {ENOLCK, 37},     {ENOSYS, 38},  {ENOTEMPTY, 39},  {ELOOP, 40},         {EOVERFLOW, 75},
    {EOPNOTSUPP, 95}, {ENOTSUP, 95}, {ETIMEDOUT, 110}, {ECONNREFUSED, 111}, {ESTALE, 116},
    {EDQUOT, 122},
#ifdef ENODATA
    {ENODATA, 61},
#endif
#ifdef ENOATTR
    {ENOATTR, 61},
#endif
};

int share_errno(int number)
{
    for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        if (numbers[i].host == number)
            return numbers[i].linux_number;
    return 5; /* EIO */
}
