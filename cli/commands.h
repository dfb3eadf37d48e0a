/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sub-commands.  Each takes the arguments after its name, terminated by NULL, and returns the exit status. */
#ifndef GALVANIC_CLI_COMMANDS_H
#define GALVANIC_CLI_COMMANDS_H

int command_run(char **arguments);
int command_replay(char **arguments);
int command_debug(char **arguments);
int command_trace(char **arguments);

#endif
