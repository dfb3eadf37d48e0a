/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a report says, gathered once for the text and for the JSON. */
#include <string.h>

#include "debug/disassemble.h"
#include "debug/registers.h"
#include "debug/trap/internal.h"
#include "debug/variable_frame.h"

#define BEFORE 5
#define AFTER 4
#define ARGUMENT_LENGTH 80

const char *trap_noticed_text(enum trap_noticed noticed)
{
    static const char *const texts[] = {
        "before the guest saw anything of it",
        "where the kernel gave up; the state is that of the exception",
        "where the panic begins",
        "by its message on the console: the state is of that moment, no symbols were known before",
        "at the machine's end: nothing after this exception mended it",
    };

    return texts[noticed];
}

const char *report_file(const char *file)
{
    static const char *const roots[] = {"/rustlib/src/rust/", "/rustc/"};
    const char *found = NULL;

    for (unsigned i = 0; i < G_N_ELEMENTS(roots) && !found; i++)
        if ((found = strstr(file, roots[i])))
            found = strstr(found, "library/");
    return found ? found : file;
}

static char *headline(const struct trap *trap)
{
    bool panic = exception_is_panic(&trap->exception) || trap->message;

    if (trap->kind == TRAP_KERNEL)
        return g_strdup(panic ? "KERNEL PANIC" : "KERNEL CRASH");
    if (trap->kind == TRAP_DRIVER)
        return g_strdup(panic ? "DRIVER PANIC" : "DRIVER CRASH");
    return g_strdup(panic ? "PROGRAM PANIC" : "PROGRAM CRASH");
}

static char *place_of(const struct symbol_frame *one)
{
    if (one->file && one->column)
        return g_strdup_printf("%s:%u:%u", report_file(one->file), one->line, one->column);
    return one->file ? g_strdup_printf("%s:%u", report_file(one->file), one->line) : NULL;
}

/* The innermost function of a frame that is the program's own; true if there is one. */
static bool own_place(struct report *report, const struct symbol_location *location)
{
    for (unsigned i = 0; i < location->frames; i++) {
        const struct symbol_frame *one = &location->frame[i];
        if (panic_machinery(one->function, one->file))
            continue;
        report->function = g_strdup(one->function ? one->function : location->symbol);
        report->place = place_of(one);
        report->own_function = i;
        return true;
    }
    if (location->frames || !location->symbol || panic_machinery(location->symbol, NULL))
        return false;
    report->function = g_strdup_printf("%s+%" G_GUINT64_FORMAT, location->symbol, (guint64)location->offset);
    return true;
}

static void set_inside(struct report *report, const struct symbol_location *location)
{
    const struct symbol_frame *outer = location->frames ? &location->frame[location->frames - 1] : NULL;
    g_autofree char *place = outer ? place_of(outer) : NULL;

    report->inside =
        g_strdup_printf("%s  %s", outer && outer->function ? outer->function : location->symbol, place ? place : "");
}

/* Who failed: if that is a library, also who called it. */
static void find_place(struct report *report)
{
    struct symbol_location location;

    report->failing = trap_failing_frame(report->symbols, report->trap, report->frames);
    for (guint i = report->failing; i < report->frames->len; i++) {
        const struct unwind_frame *frame = &g_array_index(report->frames, struct unwind_frame, i);
        if (!symbols_locate(report->symbols, report->trap->space.root, frame->pc, frame->return_address, &location))
            return;
        report->own_frame = i;
        if (own_place(report, &location))
            return;
        if (!report->inside && (location.frames || location.symbol))
            set_inside(report, &location);
    }
}

static void free_argument(gpointer data)
{
    struct report_argument *argument = data;

    g_free(argument->name);
    g_free(argument->value);
    g_free(argument);
}

/* What the function was called with, as far as it is still known; nothing if nothing of it is. */
static void find_arguments(struct report *report)
{
    struct variable_frame frame;
    bool known = false;

    report->arguments = g_ptr_array_new_with_free_func(free_argument);
    if (!report->function)
        return;
    variable_frame_open(report->symbols, &report->trap->space,
                        &g_array_index(report->frames, struct unwind_frame, report->own_frame), &frame);
    g_autoptr(GPtrArray) found = symbols_variables(report->symbols, &frame.context, ARGUMENT_LENGTH);
    variable_frame_close(&frame);
    for (guint i = 0; i < found->len && report->arguments->len < REPORT_ARGUMENTS; i++) {
        const struct symbol_variable *one = g_ptr_array_index(found, i);
        if (!one->argument || one->frame != report->own_function)
            continue;
        struct report_argument *argument = g_new(struct report_argument, 1);
        *argument = (struct report_argument){.name = g_strdup(one->name), .value = g_strdup(one->text)};
        g_ptr_array_add(report->arguments, argument);
        known |= one->known;
    }
    if (!known)
        g_ptr_array_set_size(report->arguments, 0);
}

/* Of a frame that called: the call, not what comes after it. */
static void find_code(struct report *report)
{
    const struct unwind_frame *frame = NULL;

    report->code_pc = report->trap->frame.pc;
    if (report->failing < report->frames->len)
        frame = &g_array_index(report->frames, struct unwind_frame, report->failing);
    if (frame)
        report->code_pc = frame->pc;
    report->code =
        disassemble_around(&report->trap->space, report->symbols, report->code_pc, BEFORE, AFTER, DISASSEMBLE_INTEL);
    report->code_att =
        disassemble_around(&report->trap->space, report->symbols, report->code_pc, BEFORE, AFTER, DISASSEMBLE_ATT);
    for (guint i = 0; frame && frame->return_address && i < report->code->len; i++) {
        const struct disassembled *one = &g_array_index(report->code, struct disassembled, i);
        if (one->address + one->length == frame->pc) {
            report->code_pc = one->address;
            return;
        }
    }
}

static void add_walk(struct report *report)
{
    const struct cpu_exception *exception = &report->trap->exception;
    struct trap_access access;

    exception_access(report->arch, exception, &access);
    if (!access.memory)
        return;
    report->has_walk = true;
    space_walk(&report->trap->space, exception->address, &report->walk);
    if (!report->walk.mapped)
        return;
    report->permission =
        g_strdup_printf("mapped to physical " HEX ", %s, %s, %s; it was %s by %s", report->walk.physical,
                        report->walk.user ? "user" : "kernel only", report->walk.writable ? "writable" : "read-only",
                        report->walk.executable ? "executable" : "not executable",
                        access.fetch   ? "an instruction fetch"
                        : access.write ? "a write"
                                       : "a read",
                        access.user ? "user code" : "the kernel");
}

static void add_calls(struct report *report, struct syscalls *syscalls)
{
    struct syscall calls[REPORT_CALLS];

    report->calls = g_ptr_array_new_with_free_func(g_free);
    if (!syscalls || !report->trap->process_known)
        return;
    unsigned count = syscalls_last(syscalls, report->trap->process.thread, calls, REPORT_CALLS);
    for (unsigned i = 0; i < count; i++)
        g_ptr_array_add(report->calls, syscall_describe(report->os, &calls[i]));
}

static void add_next(struct report *report)
{
    const struct trap *trap = report->trap;
    GPtrArray *next = report->next = g_ptr_array_new_with_free_func(g_free);
    uint64_t before = trap->instructions > 1000000 ? trap->instructions - 1000000 : 0;

    if (!report->place && !symbols_reads_dwarf())
        g_ptr_array_add(next, g_strdup("lines are missing: this build of Galvanic reads no DWARF"));
    else if (!report->place && trap->process_known && trap->kind != TRAP_KERNEL)
        g_ptr_array_add(next,
                        g_strdup_printf("lines are missing: --symbols FILE, an unstripped %s", trap->process.name));
    else if (!report->place)
        g_ptr_array_add(next, g_strdup("lines are missing: --symbols FILE, the kernel with its debug information"));
    if (report->place) {
        g_auto(GStrv) parts = g_strsplit(report->place, ":", 3);
        g_autofree char *file = g_path_get_basename(parts[0]);
        g_ptr_array_add(next, g_strdup_printf("stop in front of it: galvanic debug …, then: break %s:%s", file,
                                              parts[1] ? parts[1] : "1"));
    }
    g_ptr_array_add(next, g_strdup_printf("look at what came before: galvanic debug …, then: run-to %" G_GUINT64_FORMAT,
                                          (guint64)before));
    g_ptr_array_add(
        next, g_strdup("device accesses and interrupts before it: the same run with --trace device,interrupt:FILE"));
}

void report_gather(struct report *report, struct symbols *symbols, struct os *os, struct syscalls *syscalls,
                   const struct trap *trap)
{
    *report = (struct report){.symbols = symbols, .os = os, .trap = trap, .arch = cpu_architecture(trap->cpu)};
    report->headline = headline(trap);
    report->exception = exception_describe(report->arch, &trap->exception);
    report->frames = unwind(symbols, &trap->space, &trap->frame, REPORT_FRAMES, &report->end);
    find_place(report);
    find_arguments(report);
    find_code(report);
    add_walk(report);
    add_calls(report, syscalls);
    add_next(report);
}

void report_release(struct report *report)
{
    g_free(report->headline);
    g_free(report->exception);
    g_free(report->end);
    g_free(report->function);
    g_free(report->place);
    g_free(report->inside);
    g_free(report->permission);
    g_array_free(report->frames, TRUE);
    g_array_free(report->code, TRUE);
    g_array_free(report->code_att, TRUE);
    g_ptr_array_free(report->arguments, TRUE);
    g_ptr_array_free(report->calls, TRUE);
    g_ptr_array_free(report->next, TRUE);
}

const char *report_register(const struct report *report, unsigned index, uint64_t *value, bool *known)
{
    static const struct {
        const char *name;
        uint8_t number; /* DWARF's */
    } x86[] = {{"rax", 0},  {"rbx", 3},  {"rcx", 2},  {"rdx", 1},  {"rsi", 4},  {"rdi", 5},
               {"rbp", 6},  {"rsp", 7},  {"r8", 8},   {"r9", 9},   {"r10", 10}, {"r11", 11},
               {"r12", 12}, {"r13", 13}, {"r14", 14}, {"r15", 15}, {"rip", 16}};
    static const char *const arm[] = {"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
                                      "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
                                      "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp",  "pc"};
    const struct unwind_frame *frame = &report->trap->frame;
    bool is_arm = report->arch == CPU_ARCH_AARCH64;
    unsigned number;

    if (index >= (is_arm ? G_N_ELEMENTS(arm) : G_N_ELEMENTS(x86)))
        return NULL;
    number = is_arm ? index : x86[index].number;
    *value = frame->registers[number];
    *known = frame->known >> number & 1;
    if (number == (is_arm ? 32u : 16u)) {
        *value = frame->pc;
        *known = true;
    } else if (number == (is_arm ? 31u : 7u)) {
        *value = frame->sp;
        *known = true;
    }
    return is_arm ? arm[index] : x86[index].name;
}

bool report_system_register(const struct report *report, unsigned index, const char **name, uint64_t *value,
                            char **decoded)
{
    static const char *const x86[] = {"rflags",         "cr0",     "cr2", "cr3", "cr4", "efer", "gs_base",
                                      "kernel_gs_base", "fs_base", NULL};
    static const char *const arm[] = {"pstate",    "esr_el1",   "far_el1",  "elr_el1",   "spsr_el1",  "sctlr_el1",
                                      "ttbr0_el1", "ttbr1_el1", "vbar_el1", "tpidr_el1", "tpidr_el0", NULL};
    const struct trap *trap = report->trap;

    *name = (report->arch == CPU_ARCH_AARCH64 ? arm : x86)[index];
    if (!*name)
        return false;
    unsigned number = (unsigned)register_find(report->arch, *name);
    *value = register_get_u64(trap->cpu, number);
    if (index == 0)
        *value = trap->flags;
    else if (exception_is_panic(&trap->exception))
        ;
    else if (strcmp(*name, "esr_el1") == 0) /* the processor sets them with the delivery, which has not begun */
        *value = trap->exception.syndrome;
    else if (strcmp(*name, "far_el1") == 0 && report->has_walk)
        *value = trap->exception.address;
    else if (strcmp(*name, "cr2") == 0 && report->has_walk)
        *value = trap->exception.address;
    *decoded = register_decode(report->arch, number, *value);
    return true;
}
