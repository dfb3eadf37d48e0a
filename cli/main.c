/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program: finds the sub-command. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

static const struct {
    const char *name;
    int (*run)(char **arguments);
    const char *summary;
} commands[] = {
    {"run", command_run, "boot an image; without one, the built-in guest"},
    {"debug", command_debug, "run or replay under the debugger: breakpoints, steps, looks inside"},
    {"replay", command_replay, "run a recording again"},
    {"trace", command_trace, "run, and write what happened as a timeline for ui.perfetto.dev"},
};

static void print_help(FILE *to)
{
    fprintf(to, "Galvanic " GALVANIC_VERSION ": the machine that Redox runs in.\n\n");
    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(to, "  galvanic %-8s %s\n", commands[i].name, commands[i].summary);
    fprintf(to, "\n`galvanic run redox.img` is all it takes; `galvanic run --help` lists the options.\n");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return 1;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("galvanic " GALVANIC_VERSION "\n");
        return 0;
    }
    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argv + 2);
    fprintf(stderr, "galvanic: %s: no such command; there are run, debug, replay and trace (galvanic --help)\n",
            argv[1]);
    return 1;
}
