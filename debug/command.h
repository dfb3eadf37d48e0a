/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of commands (console.c, command_*.c) share. */
#ifndef GALVANIC_DEBUG_COMMAND_H
#define GALVANIC_DEBUG_COMMAND_H

#include "debug/console.h"
#include "debug/disassemble.h"
#include "debug/expression.h"
#include "debug/trap/trap.h"

#define CONSOLE_FRAMES 64

enum command_flags {
    COMMAND_RUNS = 1,     /* lets the guest run */
    COMMAND_STANDING = 2, /* needs it to stand still */
    COMMAND_REPEATS = 4,  /* an empty line does it again */
    COMMAND_SYMBOLS = 8,  /* its words are completed from symbols and registers */
};

struct command {
    const char *names; /* "break b": the first is shown, all are accepted, and each beginning that is unique */
    const char *arguments;
    const char *help; /* the first line is the summary */
    unsigned flags;
    bool (*run)(struct console *console, const char *arguments, GError **error);
};

struct console {
    struct debugger *debugger;
    struct machine *machine;
    struct traps *traps;
    void (*write)(void *opaque, const char *text);
    void *write_opaque;
    void (*running)(void *opaque, bool runs);
    void *running_opaque;
    bool colour;
    enum disassemble_syntax syntax;
    bool quit;
    enum console_result request; /* CONTINUE, STOP: asked for by a command that only looks on */
    bool only_looking;           /* the guest runs meanwhile */
    enum machine_stop ended;
    char *last_line;
    unsigned script_depth;

    /* the frame that is looked at; filled when it is asked for, forgotten when the guest runs */
    GArray *frames; /* of struct unwind_frame; NULL: not looked at */
    char *frames_end;
    unsigned frame;

    GArray *history; /* of uint64_t: $1, $2, ... */
    char examine_format;
    unsigned examine_size;
    uint64_t examine_next, disassemble_next, list_next_line;
    char *list_file;
    GPtrArray *source_paths;
    struct syscall_watch *strace; /* command_os.c */
};

/* The tables, each ended by an entry without names. */
extern const struct command commands_run[], commands_points[], commands_data[], commands_stack[], commands_machine[],
    commands_os[];

G_GNUC_PRINTF(2, 3) void console_say(struct console *console, const char *format, ...);
/* Sets @error to a sentence and returns false. */
G_GNUC_PRINTF(2, 3) bool console_fail(GError **error, const char *format, ...);
void console_scope(struct console *console, struct expression_scope *scope);
bool console_value(struct console *console, const char *text, uint64_t *value, GError **error);
void console_space(struct console *console, struct space *space);
/* Text of an address: "0x... <symbol+4>", to be freed. */
char *console_address(struct console *console, uint64_t address);
/* The next word of *@text, to be freed; NULL: none.  *@text moves past it. */
char *console_word(const char **text);
/* Lets the guest run by @run and shows the stop. */
bool console_resume(struct console *console, enum debugger_stop (*run)(struct debugger *debugger));
void console_after_run(struct console *console, enum debugger_stop stop);
void console_before_run(struct console *console);
bool console_alive(struct console *console, GError **error);
/* Sees to it that symbols know the kernel and the program that runs. */
void console_place_symbols(struct console *console);
/* Frames of the CPU as it stands; NULL with @error: there are none. */
GArray *console_frames(struct console *console, GError **error);
const struct unwind_frame *console_frame(struct console *console);
void console_forget_frames(struct console *console);
/* "#0 0x... in main (...) at file.rs:12"; @all: with the inlined functions. */
void console_print_frame(struct console *console, unsigned index, const struct unwind_frame *frame);
/* Source lines around @line; false: the file is not reachable. */
bool console_print_source(struct console *console, const char *file, unsigned line, unsigned before, unsigned after);
/*
 * Addresses of LOCATION: *EXPRESSION, a symbol, file:line; NULL with @error.  To be freed.  @copies: to stop there, so with those of a
 * function that was inlined; without, only a function that is nowhere else is looked for among them.
 */
GArray *console_location(struct console *console, const char *text, bool copies, GError **error);
/* A process by its number, or by a part of its name. */
bool console_process(struct console *console, const char *text, struct os_process *process, GError **error);
bool console_info_locals(struct console *console, const char *arguments, GError **error);
bool console_info_args(struct console *console, const char *arguments, GError **error);
/*
 * What a variable that is all of @text holds, with its number, or else its address; to be freed.  NULL: @text is another expression, or
 * with @error.
 */
char *console_variable(struct console *console, const char *text, uint64_t *number, bool *plain_global, GError **error);
void console_stop_strace(struct console *console);

#endif
