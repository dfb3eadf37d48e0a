/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes locks on files, each of which it keeps to its end, and says how that went: free, busy, or the error.
 * usage: lock flock|read|write FILE ...
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

static int take(const char *kind, int file)
{
    struct flock whole = {.l_type = strcmp(kind, "read") == 0 ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET};

    return strcmp(kind, "flock") == 0 ? flock(file, LOCK_EX | LOCK_NB) : fcntl(file, F_SETLK, &whole);
}

int main(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        int file = open(argv[i + 1], strcmp(argv[i], "flock") == 0 ? O_RDONLY : O_RDWR);
        int status = file < 0 ? -1 : take(argv[i], file);

        printf("%s%s", i > 1 ? " " : "", status == 0 ? "free" : errno == EAGAIN ? "busy" : strerror(errno));
    }
    printf("\n");
    return 0;
}
