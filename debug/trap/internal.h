/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the traps share. */
#ifndef GALVANIC_DEBUG_TRAP_INTERNAL_H
#define GALVANIC_DEBUG_TRAP_INTERNAL_H

#include "debug/trap/trap.h"

#define TRAP_NO_VECTOR UINT32_MAX
#define TRAP_SUSPECTS 4
#define TRAP_CONSOLE 4096 /* bytes of the console that are kept */
#define HEX "0x%" G_GINT64_MODIFIER "x"

struct trap_place; /* debug/trap/places.c: a probe where a kernel gives up */

struct traps {
    struct machine *machine;
    struct symbols *symbols;
    struct os *os;
    struct syscalls *syscalls;
    unsigned kinds, told;
    void (*handler)(void *opaque, const struct trap *trap);
    void *opaque;
    struct machine_observer *faults, *interrupts;
    GPtrArray *places;     /* of struct trap_place */
    bool placed;           /* there is a kernel, and they were set for it */
    const char *places_of; /* the system that they are for; "" before it is known */
    unsigned looks;        /* attempts to find the kernel */
    uint64_t looked_at;    /* instructions */
    struct suspects *suspects;
    struct trap_event event[TRAP_EVENTS];
    unsigned events; /* ever; the ring's place is its remainder */
    char console[TRAP_CONSOLE];
    size_t console_length;
    /* the last one told: what follows from it is not told again */
    bool last_set;
    uint64_t last_instructions, last_thread;
    enum trap_kind last_kind;
    struct cpu *last_cpu;
};

/* debug/trap/traps.c.  The state of @cpu as it stands; @exception may be NULL: a panic. */
struct trap *trap_capture(struct traps *traps, struct cpu *cpu, const struct cpu_exception *exception);
/* Completes @trap (process, kind, cause) and tells it, unless it follows from the one before; frees it. */
void trap_raise(struct traps *traps, struct trap *trap);
/* Tries now and then to find the kernel's symbols; true when the system is known. */
bool traps_look(struct traps *traps, struct cpu *cpu);
/* debug/trap/suspects.c: exceptions in kernel mode that could not be judged so far. */
struct suspects *suspects_new(struct traps *traps);
void suspects_free(struct suspects *suspects);
/* Takes @trap over. */
void suspects_add(struct suspects *suspects, struct trap *trap);
/* The one of which the machine died that stopped for @reason; NULL: none. */
const struct trap *suspects_fatal(struct suspects *suspects, enum machine_stop reason);
/* The newest suspect whose instruction was at @pc, at most @age instructions ago; NULL: none. */
const struct trap *suspects_at(struct suspects *suspects, uint64_t pc, uint64_t age);

/* debug/trap/places.c */
void trap_places_set(struct traps *traps, const char *os);
void trap_places_remove(struct traps *traps);

/* debug/trap/text.c: a complete line of the console. */
void trap_text_line(struct traps *traps, const char *line);
/* The last "panicked at" on the console, up to where its message ends; NULL: none; to be freed. */
char *trap_text_panic(const struct traps *traps);

/* debug/trap/exception.c */
struct trap_access {
    bool memory; /* a page fault, a data or instruction abort */
    bool fetch, write, user;
    bool mapped;    /* the page was there: its permissions forbade it */
    bool alignment; /* of aarch64 */
    bool external;
};
bool exception_is_panic(const struct cpu_exception *exception);
void exception_access(enum cpu_arch arch, const struct cpu_exception *exception, struct trap_access *out);
/* "#PF, page fault", "data abort"; constant. */
const char *exception_name(enum cpu_arch arch, const struct cpu_exception *exception);
/* To the last bit: "#PF, page fault, error code 0x2: write by the kernel, page not present"; to be freed. */
char *exception_describe(enum cpu_arch arch, const struct cpu_exception *exception);
/* Debug exceptions, and those that each kernel takes in its stride: FPU and the like switched off. */
bool exception_is_routine(enum cpu_arch arch, const struct cpu_exception *exception);

/* debug/trap/cause.c: the sentence; to be freed. */
char *trap_cause(struct symbols *symbols, const struct trap *trap);
/*
 * debug/trap/double.c: "double fault: …: " if the kernel's handler of @trap cannot even begin, since there is no stack for it; NULL: it
 * can, as far as is known; to be freed.
 */
char *trap_double_fault(const struct trap *trap);
/* "the kernel", "virtio-netd". */
char *trap_culprit(const struct trap *trap);
/* The frame in which it failed: of a panic the one that panicked, not the machinery in front of it. */
guint trap_failing_frame(struct symbols *symbols, const struct trap *trap, GArray *frames);

/* debug/trap/frame.c */
/*
 * The user's registers in the frame that Redox's exception entry has left at the top of the kernel stack; @cpu is in the kernel now.
 * False: there is no such frame.
 */
bool trap_redox_user_frame(struct traps *traps, struct cpu *cpu, struct unwind_frame *frame, uint64_t *flags,
                           uint64_t *syndrome);
/* Linux's struct pt_regs at @address. */
bool trap_linux_registers(const struct space *space, uint64_t address, struct unwind_frame *frame, uint64_t *flags);
/* The @index-th argument of the function at whose first instruction @cpu stands (0..5). */
uint64_t trap_argument(struct cpu *cpu, unsigned index);

/* debug/trap/panic.c.  All to be freed; NULL: not readable. */
/* "called `Option::unwrap()` on a `None` value, at src/main.rs:12:5" of a core::panic::PanicInfo. */
char *panic_of_rust(struct symbols *symbols, const struct space *space, uint64_t info);
/* The same, the PanicInfo being somewhere in [@low, @high) of the stack. */
char *panic_of_rust_on_stack(struct symbols *symbols, const struct space *space, uint64_t low, uint64_t high);
/* printf's format and arguments as Linux's panic() has them. */
char *panic_of_linux(const struct space *space, uint64_t format, const uint64_t *argument, unsigned arguments);
/* Whether a function is one that panics pass through before they arrive at who panicked. */
bool panic_machinery(const char *function, const char *file);

/* debug/trap/report_data.c: what both forms of the report say. */
#define REPORT_FRAMES 48
#define REPORT_CALLS 8
#define REPORT_ARGUMENTS 8

struct report_argument {
    char *name, *value;
};
struct report {
    struct symbols *symbols;
    struct os *os;
    const struct trap *trap;
    enum cpu_arch arch;
    char *headline;  /* "KERNEL PANIC", "DRIVER DIED" … */
    char *exception; /* decoded */
    GArray *frames;  /* of struct unwind_frame */
    char *end;       /* why the backtrace ends; may be NULL */
    guint failing;   /* the frame that is to blame */
    char *function,
        *place;            /* the program's own that is nearest: "virtio_netd::poll", "src/main.rs:12:5"; may be NULL */
    guint own_frame;       /* that of @function, if there is one */
    unsigned own_function; /* at that frame: of struct symbol_location */
    GPtrArray *arguments;  /* of @function, struct report_argument; empty: none has a known value */
    char *inside;          /* the library's function in which it failed meanwhile; NULL: none */
    GArray *code, *code_att; /* of struct disassembled around the failing instruction */
    uint64_t code_pc;
    bool has_walk;
    struct space_walk walk;
    char *permission; /* why a page that is there was refused; NULL: it was not there */
    GPtrArray *calls; /* of char *, oldest first */
    GPtrArray *next;  /* of char *: what to do now */
};
void report_gather(struct report *report, struct symbols *symbols, struct os *os, struct syscalls *syscalls,
                   const struct trap *trap);
void report_release(struct report *report);
/* "rax" …; NULL past the last; the value if known. */
const char *report_register(const struct report *report, unsigned index, uint64_t *value, bool *known);
/* System registers worth a line: name, value, decoded (may be NULL; to be freed); false past the last. */
bool report_system_register(const struct report *report, unsigned index, const char **name, uint64_t *value,
                            char **decoded);
/* A source file without the folder in which a toolchain keeps its library. */
const char *report_file(const char *file);
const char *trap_noticed_text(enum trap_noticed noticed);

#endif
