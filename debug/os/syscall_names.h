/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and arguments of system calls, as tables: one format letter an argument. */
#ifndef GALVANIC_DEBUG_OS_SYSCALL_NAMES_H
#define GALVANIC_DEBUG_OS_SYSCALL_NAMES_H

#include "debug/os/syscalls.h"

/* Which arguments are a path: its pointer, and its length (-1: it ends at its zero byte), of which @mask tells the bits. */
struct syscall_place {
    int8_t pointer, length; /* pointer -1: none */
    uint64_t mask;
};

/*
 * How one argument is shown.  An upper-case letter P takes two arguments, pointer and length.
 *
 * d decimal, signed, of 32 bits (Redox: 64)    l decimal, signed    u decimal    x hexadecimal    o octal
 * s path, ends at its zero byte    P path, pointer and length    f flags of open    r rights of a mapping    m flags of a mapping
 * w whence of seek    c command of fcntl    F operation of futex    k clock    g signal    C flags of Redox's call, whose low byte
 * is a count of words    L length of a path with flags above it
 */
struct syscall_format {
    const char *name; /* NULL: shown as a number */
    const char *arguments;
    bool hexadecimal; /* the result is an address */
};

struct syscall_value {
    uint64_t value;
    const char *name;
};

/* A letter of a system whose values have names. */
struct syscall_letter {
    char letter;
    bool flags; /* several names may stand in one value */
    const struct syscall_value *values;
    unsigned count;
};

#define SYSCALL_FLAGS(letter, values)                                                                                  \
    {                                                                                                                  \
        letter, true, values, G_N_ELEMENTS(values)                                                                     \
    }
#define SYSCALL_VALUES(letter, values)                                                                                 \
    {                                                                                                                  \
        letter, false, values, G_N_ELEMENTS(values)                                                                    \
    }

/* A function of the number alone once the system is known; false: it is not yet. */
bool syscall_path_place(struct os *os, const struct syscall *call, struct syscall_place *out);
/* After this one the thread may be another process (execve by a thread that is not the first). */
bool syscall_changes_identity(struct os *os, const struct syscall *call);
/* After this one the thread may have another name: not after those that are made all the time. */
bool syscall_may_rename(struct os *os, const struct syscall *call);
/* "openat", "0x1000F"; to be freed. */
char *syscall_name(struct os *os, const struct syscall *call);
/* Is the result an error?  Then its name, or NULL: not known. */
bool syscall_failed(const struct syscall *call, const char **name);
const char *syscall_error_name(unsigned number);

/* The systems' tables; false: no such number. */
bool syscall_redox_format(uint64_t number, struct syscall_format *out);
bool syscall_linux_format(enum cpu_arch arch, uint64_t number, struct syscall_format *out);
/* Appends an argument in the system's words for these letters: f r m w c F k C; false: not one of them. */
bool syscall_redox_argument(GString *text, char letter, uint64_t value);
bool syscall_linux_argument(GString *text, enum cpu_arch arch, char letter, uint64_t value);
/* By the table of a system's letters; false: it has not this letter. */
bool syscall_append_letter(GString *text, char letter, uint64_t value, const struct syscall_letter *letters,
                           unsigned count);
/* "A|B|0x10": the names of @table whose bits are all set, the rest in hexadecimal; 0 has the name of exactly 0. */
void syscall_append_flags(GString *text, uint64_t value, const struct syscall_value *table, unsigned count);
/* The name of exactly @value, else the number. */
void syscall_append_value(GString *text, uint64_t value, const struct syscall_value *table, unsigned count);

#endif
