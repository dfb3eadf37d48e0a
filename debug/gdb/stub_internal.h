/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the stub share. */
#ifndef GALVANIC_DEBUG_GDB_STUB_INTERNAL_H
#define GALVANIC_DEBUG_GDB_STUB_INTERNAL_H

#include "debug/gdb/packet.h"
#include "debug/gdb/stub.h"
#include "debug/gdb/target.h"

/* Threads of guest processes have their number plus this. */
#define GDB_PROCESS_THREADS 0x10000u

struct gdb_point {
    char type; /* '0' software, '1' hardware breakpoint, '2' write, '3' read, '4' access watchpoint */
    uint64_t address, length;
    unsigned number; /* the debugger's */
};

struct gdb_stub {
    struct debugger *debugger;
    char *(*monitor)(void *opaque, const char *line);
    void *opaque;
    struct gdb_target *target;
    GArray *points;        /* of struct gdb_point */
    GArray *listed;        /* thread numbers of qfThreadInfo that are still to be told */
    uint64_t thread;       /* of H g */
    bool processes;        /* the guest's threads are listed */
    bool physical;         /* addresses are physical: Qqemu.PhyMemMode */
    bool swbreak, hwbreak; /* the client understands these stop reasons */
    bool ended;
    enum debugger_stop stop; /* the last one */
    struct {
        enum { GDB_RUN_CONTINUE, GDB_RUN_STEP, GDB_RUN_RANGE } kind;
        uint64_t start, end; /* GDB_RUN_RANGE: steps while the program counter is within */
    } run;
};

/* query.c: q and Q packets. */
enum gdb_action gdb_query(struct gdb_stub *stub, const char *packet, size_t length, GString *reply);
/* stop.c: the reply that tells of the last stop. */
void gdb_append_stop(struct gdb_stub *stub, GString *reply);
/* Points: "type,address,kind" after Z or z. */
void gdb_insert_point(struct gdb_stub *stub, const char *text, GString *reply);
void gdb_remove_point(struct gdb_stub *stub, const char *text, GString *reply);
void gdb_remove_points(struct gdb_stub *stub);

/* The CPU of the chosen thread; of the last stop for a process's. */
struct cpu *gdb_cpu(struct gdb_stub *stub);
/* The space of the chosen thread. */
void gdb_space(struct gdb_stub *stub, struct space *out);
/* True: the chosen thread is one of the guest's that does not run, and these are its registers. */
bool gdb_process_frame(struct gdb_stub *stub, struct unwind_frame *out);
bool gdb_find_process(struct gdb_stub *stub, uint64_t thread, struct os_process *out);

#endif
