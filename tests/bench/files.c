// SPDX-License-Identifier: GPL-2.0-or-later
// Work for a file system, each kind between two marks that the host takes the time of.
// usage: files FOLDER
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEGABYTES = 256, PIECE = 1 << 20, FILES = 1500 };

static char piece[PIECE];

static void mark(const char *name)
{
    printf("MARK %s\n", name);
    fflush(stdout);
}

static void must(int good, const char *what)
{
    if (good)
        return;
    printf("MARK failed: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void write_all(void)
{
    int file = open("data", O_CREAT | O_TRUNC | O_WRONLY, 0644);

    must(file >= 0, "data");
    for (int i = 0; i < MEGABYTES; i++)
        must(write(file, piece, PIECE) == PIECE, "write");
    must(fsync(file) == 0, "fsync");
    close(file);
}

static void read_all(void)
{
    int file = open("data", O_RDONLY);

    must(file >= 0, "data");
    for (int i = 0; i < MEGABYTES; i++)
        must(read(file, piece, PIECE) == PIECE, "read");
    close(file);
}

static void each(int (*act)(const char *name))
{
    char name[32];

    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "file-%d", i);
        must(act(name) == 0, name);
    }
}

static int create(const char *name)
{
    int file = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);

    return file < 0 ? -1 : close(file);
}

static int look(const char *name)
{
    struct stat status;

    return stat(name, &status);
}

static int move(const char *name)
{
    char other[40];

    snprintf(other, sizeof(other), "%s.moved", name);
    return rename(name, other) || rename(other, name);
}

static int list(void)
{
    int entries = 0;

    for (int i = 0; i < 5; i++) {
        DIR *folder = opendir(".");
        must(folder != NULL, "opendir");
        while (readdir(folder))
            entries++;
        closedir(folder);
    }
    return entries == 5 * (FILES + 3);
}

int main(int argc, char **argv)
{
    must(argc == 2 && chdir(argv[1]) == 0, "folder");
    memset(piece, 0x5A, sizeof(piece));
    mark("write");
    write_all();
    mark("read");
    read_all();
    mark("create");
    each(create);
    mark("stat");
    each(look);
    mark("list");
    must(list(), "entries");
    mark("rename");
    each(move);
    mark("unlink");
    each(unlink);
    mark("end");
    unlink("data");
    return 0;
}
