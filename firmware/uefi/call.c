/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls in both directions: the guest into handlers, the firmware into guest functions, notifications on top of what
 * runs.
 *
 * A call that waits leaves the program counter on its stub and is entered again.  A guest function that the firmware
 * calls returns to the trampoline, a stub of its own; the innermost frame says how to go on.  Nothing nests on the
 * host's stack.
 */
#include <inttypes.h>
#include <string.h>

#include "firmware/uefi/uefi_internal.h"

#define USUAL_ARGUMENTS 5    /* of protocols' functions, in a trace */
#define POLL_TIGHT_NS 100000 /* polls closer than this are a loop that does nothing else */
#define POLL_FREE 16         /* that many are answered without skipping time */
#define POLL_SKIP_NS 1000000
#define TICK_NS 10000000  /* of the timer interrupt that ends a halt */
#define RETRY_NS 50000    /* when a notification finds interrupts masked */
#define INTERRUPT_GAP 256 /* stack that an interrupted function may use below its pointer */

/* --- functions and their stubs --- */
unsigned uefi_function_index(struct uefi *uefi, const char *name, uefi_handler *handler, unsigned arguments)
{
    struct uefi_function function = {name, handler, arguments};

    for (guint i = 0; i < uefi->functions->len; i++)
        if (g_array_index(uefi->functions, struct uefi_function, i).handler == handler)
            return i;
    g_array_append_val(uefi->functions, function);
    return uefi->functions->len - 1;
}

uint64_t uefi_stub_address(const struct uefi *uefi, unsigned function)
{
    if (function < uefi->runtime_functions)
        return uefi->runtime_stubs + (uint64_t)function * UEFI_STUB_SIZE;
    return uefi->boot_stubs + (uint64_t)(function - uefi->runtime_functions) * UEFI_STUB_SIZE;
}

/* Exceptions' stubs and the trampoline stand behind the functions' room. */
static unsigned special_base(const struct uefi *uefi)
{
    return (unsigned)(uefi->boot_stub_pages * EFI_PAGE_SIZE / UEFI_STUB_SIZE) - uefi->arch->exceptions - 2;
}

uint64_t uefi_exception_stub(const struct uefi *uefi, unsigned vector)
{
    return uefi->boot_stubs + (uint64_t)(special_base(uefi) + vector) * UEFI_STUB_SIZE;
}

static uint64_t trampoline(const struct uefi *uefi)
{
    return uefi_exception_stub(uefi, uefi->arch->exceptions + 1);
}

/* Notifications of SetVirtualAddressMap() return when boot memory has gone: their trampoline is in runtime memory. */
static uint64_t runtime_trampoline(const struct uefi *uefi)
{
    return uefi->runtime_stubs + uefi->runtime_stub_pages * EFI_PAGE_SIZE - UEFI_STUB_SIZE;
}

static void fill_stubs(struct uefi *uefi, uint64_t address, uint64_t pages, enum uefi_stub_kind kind)
{
    uint8_t stub[UEFI_STUB_SIZE];

    uefi->arch->write_stub(kind, stub);
    for (uint64_t i = 0; i < pages * EFI_PAGE_SIZE / UEFI_STUB_SIZE; i++)
        memory_write(uefi->memory, address + i * UEFI_STUB_SIZE, stub, sizeof(stub));
}

bool uefi_stubs_write(struct uefi *uefi)
{
    uint8_t stub[UEFI_STUB_SIZE];

    uefi->boot_stub_pages = 8;
    uefi->runtime_stub_pages = uefi->arch->runtime_pages;
    uefi->boot_stubs = uefi_pages_new(uefi, EFI_BOOT_SERVICES_CODE, uefi->boot_stub_pages, 0);
    uefi->runtime_stubs = uefi_pages_new(uefi, EFI_RUNTIME_SERVICES_CODE, uefi->runtime_stub_pages, 0);
    if (!uefi->boot_stubs || !uefi->runtime_stubs)
        return false;
    fill_stubs(uefi, uefi->boot_stubs, uefi->boot_stub_pages, UEFI_STUB_FUNCTION);
    fill_stubs(uefi, uefi->runtime_stubs, uefi->runtime_stub_pages, UEFI_STUB_FUNCTION);
    for (unsigned i = 0; i <= uefi->arch->exceptions; i++) {
        uefi->arch->write_stub(i < uefi->arch->exceptions ? UEFI_STUB_EXCEPTION : UEFI_STUB_INTERRUPT, stub);
        memory_write(uefi->memory, uefi_exception_stub(uefi, i), stub, sizeof(stub));
    }
    return true;
}

uint64_t uefi_function(struct uefi *uefi, const char *name, uefi_handler *handler)
{
    unsigned index = uefi_function_index(uefi, name, handler, USUAL_ARGUMENTS);

    /* A programming error: the room for stubs is for the functions of this program, not for what guests do. */
    g_assert(!uefi->boot_stubs || index - uefi->runtime_functions < special_base(uefi));
    return uefi_stub_address(uefi, index);
}

/* --- arguments --- */
uint64_t uefi_argument(const struct uefi_call *call, unsigned index)
{
    return call->uefi->arch->argument(call->uefi, call->cpu, index);
}

void *uefi_this(const struct uefi_call *call, const struct uefi_object_class *object_class)
{
    return uefi_object(call->uefi, uefi_argument(call, 0), object_class);
}

static const struct uefi_function *function_at(const struct uefi *uefi, unsigned index)
{
    return &g_array_index(uefi->functions, struct uefi_function, index);
}

void uefi_trace_call(const struct uefi_call *call, uint64_t result)
{
    struct uefi *uefi = call->uefi;
    struct trace *trace = machine_trace_log(uefi->machine);
    char buffer[32];

    if (!trace_enabled(trace, TRACE_FIRMWARE))
        return;
    g_autoptr(GString) text = g_string_new("(");
    for (unsigned i = 0; i < function_at(uefi, call->function)->arguments; i++)
        g_string_append_printf(text, "%s0x%" PRIx64, i ? ", " : "", uefi_argument(call, i));
    trace_event(trace, TRACE_FIRMWARE, function_at(uefi, call->function)->name, "%s)%s%s", text->str,
                result == UEFI_PENDING ? " ..." : " = ", result == UEFI_PENDING ? "" : efi_status_name(result, buffer));
}

/* --- waiting --- */
struct uefi_wait *uefi_wait_record(struct uefi_call *call)
{
    struct uefi *uefi = call->uefi;
    struct uefi_wait wait = {call->function, call->stack, CLOCK_NEVER, 0};

    for (guint i = 0; i < uefi->waits->len; i++) {
        struct uefi_wait *known = &g_array_index(uefi->waits, struct uefi_wait, i);
        if (known->function == call->function && known->stack == call->stack)
            return known;
    }
    g_array_append_val(uefi->waits, wait);
    return &g_array_index(uefi->waits, struct uefi_wait, uefi->waits->len - 1);
}

uint32_t *uefi_phase(struct uefi_call *call)
{
    return &uefi_wait_record(call)->phase;
}

/* A finished call's record goes, and those of calls that it made obsolete: their frames of the stack are gone. */
static void drop_waits(struct uefi *uefi, uint64_t stack)
{
    for (guint i = uefi->waits->len; i > 0; i--)
        if (g_array_index(uefi->waits, struct uefi_wait, i - 1).stack <= stack)
            g_array_remove_index(uefi->waits, i - 1);
}

/* Index of the first notification of the highest level above the current one, or -1. */
static int most_urgent(const struct uefi *uefi)
{
    uint64_t best = uefi->tpl;
    int index = -1;

    for (guint i = 0; i < uefi->notifications->len; i++) {
        const struct uefi_notification *n = &g_array_index(uefi->notifications, struct uefi_notification, i);
        if (n->tpl > best) {
            best = n->tpl;
            index = (int)i;
        }
    }
    return index;
}

/* No rest while a notification can run: it may be what the guest waits for. */
static void rest(struct uefi *uefi, int64_t deadline)
{
    if (most_urgent(uefi) < 0)
        machine_rest(uefi->machine, deadline);
}

bool uefi_delay(struct uefi_call *call, int64_t ns)
{
    struct uefi *uefi = call->uefi;
    struct uefi_wait *wait = uefi_wait_record(call);
    int64_t now = uefi_now(uefi);

    if (wait->deadline == CLOCK_NEVER)
        wait->deadline = ns < CLOCK_NEVER - 1 - now ? now + ns : CLOCK_NEVER - 1;
    if (now >= wait->deadline)
        return true;
    rest(uefi, wait->deadline);
    return false;
}

uint64_t uefi_rest(struct uefi *uefi, int64_t deadline)
{
    rest(uefi, deadline);
    return UEFI_AGAIN;
}

void uefi_polled(struct uefi *uefi)
{
    int64_t now = uefi_now(uefi);

    uefi->poll_count = now - uefi->poll_time < POLL_TIGHT_NS ? uefi->poll_count + 1 : 0;
    if (uefi->poll_count >= POLL_FREE) {
        rest(uefi, now + POLL_SKIP_NS);
        now += POLL_SKIP_NS;
    }
    uefi->poll_time = now;
}

void uefi_poll_succeeded(struct uefi *uefi)
{
    uefi->poll_count = 0;
}

/* --- the guest calls --- */
/* Which function's stub is at physical @address; false: none. */
static bool find_function(const struct uefi *uefi, uint64_t address, unsigned *function)
{
    uint64_t boot = (address - uefi->boot_stubs) / UEFI_STUB_SIZE;
    uint64_t runtime = (address - uefi->runtime_stubs) / UEFI_STUB_SIZE;

    if (runtime < uefi->runtime_functions)
        *function = (unsigned)runtime;
    else if (!uefi->boot_ended && boot < uefi->functions->len - uefi->runtime_functions)
        *function = (unsigned)boot + uefi->runtime_functions;
    else
        return false;
    return true;
}

static void exception(struct uefi *uefi, struct cpu *cpu, unsigned vector)
{
    uint64_t pc = 0, base = 0;
    char *words = uefi->arch->describe_exception(uefi, cpu, vector, &pc);
    const char *image = uefi_image_name(uefi, pc, &base);

    if (image)
        machine_crash(uefi->machine, "firmware: exception %s in image %s (base 0x%" PRIx64 ", offset 0x%" PRIx64 ")",
                      words, image, base, pc - base);
    else
        machine_crash(uefi->machine, "firmware: exception %s outside of any image", words);
    g_free(words);
}

/* The trampoline was reached with @stack: the function of that frame has returned; inner ones were left by a jump. */
static void returned(struct uefi *uefi, struct cpu *cpu, uint64_t result)
{
    uint64_t stack = cpu_sp(cpu);

    for (guint i = uefi->frames->len; i > 0; i--) {
        struct uefi_frame *frame = uefi->frames->pdata[i - 1];
        if (frame->stack != stack)
            continue;
        while (uefi->frames->len > i)
            uefi_frames_drop(uefi, uefi->frames->len - 1);
        uefi_frame_finish(uefi, cpu, result);
        return;
    }
    machine_crash(uefi->machine,
                  "firmware: a guest function returned to the firmware with a stack that is not its own "
                  "(0x%" PRIx64 ")",
                  stack);
}

/* The tick that ends a halt: notifications run on top, then the stub is entered again and returns. */
static void interrupted(struct uefi *uefi, struct cpu *cpu)
{
    if (!uefi->woken)
        uefi_guest_error(uefi, "an interrupt arrived that the firmware knows no source of");
    else if (!uefi_dispatch(uefi, cpu))
        uefi->woken = false;
}

/* Exceptions, stray interrupts and returns; false: not one of these stubs. */
static bool special(struct uefi *uefi, struct cpu *cpu, uint64_t address)
{
    uint64_t index = (address - uefi_exception_stub(uefi, 0)) / UEFI_STUB_SIZE;

    if ((address - runtime_trampoline(uefi)) / UEFI_STUB_SIZE == 0 && uefi->runtime_stubs) {
        returned(uefi, cpu, uefi->arch->result(cpu));
        return true;
    }
    if (uefi->boot_ended || index > uefi->arch->exceptions + 1)
        return false;
    if (index < uefi->arch->exceptions)
        exception(uefi, cpu, (unsigned)index);
    else if (index == uefi->arch->exceptions)
        interrupted(uefi, cpu);
    else
        returned(uefi, cpu, uefi->arch->result(cpu));
    return true;
}

/* What a handler's result means for the CPU. */
static void conclude(struct uefi *uefi, struct uefi_call *call, uint64_t result)
{
    if (result == UEFI_AGAIN) {
        uefi->arch->set_pc(call->cpu, call->stub);
        uefi_dispatch(uefi, call->cpu);
        return;
    }
    if (result == UEFI_GONE)
        return;
    uefi_trace_call(call, result);
    if (result == UEFI_PENDING)
        return;
    drop_waits(uefi, call->stack);
    uefi->arch->set_result(call->cpu, result);
    uefi->arch->set_pc(call->cpu, uefi->arch->after_hypercall(call->stub));
    uefi_dispatch(uefi, call->cpu);
}

bool uefi_hypercall(struct uefi *uefi, struct cpu *cpu, uint32_t immediate)
{
    uint64_t pc = cpu_pc(cpu), address;
    unsigned function;

    (void)immediate;
    /* Both the hypercall and the instruction behind it lie within the stub. */
    if (!uefi->boot_stubs || !cpu_translate(cpu, pc, &address))
        return false;
    if (!find_function(uefi, address, &function))
        return special(uefi, cpu, address);
    struct uefi_call call = {
        .uefi = uefi,
        .cpu = cpu,
        .function = function,
        .stub = pc - address % UEFI_STUB_SIZE,
        .stack = cpu_sp(cpu),
    };
    uefi->call = &call;
    uefi->translate = function < uefi->runtime_functions;
    conclude(uefi, &call, function_at(uefi, function)->handler(uefi, &call));
    uefi->translate = false;
    uefi->call = NULL;
    return true;
}

/* --- the firmware calls --- */
void uefi_register_continuation(struct uefi *uefi, uefi_continuation *continuation)
{
    g_array_append_val(uefi->continuations, continuation);
}

static unsigned continuation_index(struct uefi *uefi, uefi_continuation *continuation)
{
    for (guint i = 0; i < uefi->continuations->len; i++)
        if (g_array_index(uefi->continuations, uefi_continuation *, i) == continuation)
            return i;
    g_assert_not_reached(); /* a programming error: it was never registered */
}

/* Enters @function on top of what @cpu does; false: no room on the guest's stack, or too deep. */
static bool enter(struct uefi *uefi, struct cpu *cpu, struct uefi_frame *frame, uint64_t function,
                  const uint64_t *arguments, unsigned count, unsigned gap)
{
    uint64_t back = uefi->boot_ended ? runtime_trampoline(uefi) : trampoline(uefi);

    if (uefi->frames->len >= UEFI_FRAME_LIMIT ||
        !uefi->arch->call(uefi, cpu, function, back, arguments, count, gap, &frame->stack)) {
        machine_crash(uefi->machine, "firmware: no stack left for a call of the guest's function at 0x%" PRIx64,
                      function);
        g_free(frame);
        return false;
    }
    g_ptr_array_add(uefi->frames, frame);
    return true;
}

uint64_t uefi_call_guest(struct uefi *uefi, uint64_t function, const uint64_t *arguments, unsigned count,
                         uefi_continuation *continuation, const uint64_t *data)
{
    struct uefi_frame *frame = g_new0(struct uefi_frame, 1);
    struct uefi_call *call = uefi->call;

    frame->kind = UEFI_FRAME_CALL;
    frame->function = call->function;
    frame->stub = call->stub;
    frame->continuation = continuation_index(uefi, continuation);
    if (data)
        memcpy(frame->data, data, sizeof(frame->data));
    uefi->arch->save(call->cpu, &frame->context, false);
    enter(uefi, call->cpu, frame, function, arguments, MIN(count, UEFI_CALL_ARGUMENTS), 0);
    return UEFI_PENDING;
}

void uefi_frames_drop(struct uefi *uefi, guint index)
{
    while (uefi->frames->len > index) {
        struct uefi_frame *frame = uefi->frames->pdata[uefi->frames->len - 1];
        drop_waits(uefi, frame->stack);
        if (frame->kind == UEFI_FRAME_INTERRUPT)
            uefi->tpl = frame->tpl;
        g_ptr_array_remove_index(uefi->frames, uefi->frames->len - 1);
    }
}

static void finish_interrupt(struct uefi *uefi, struct cpu *cpu, const struct uefi_frame *frame)
{
    uefi->tpl = frame->tpl;
    uefi->arch->restore(cpu, &frame->context, true);
    uefi_dispatch(uefi, cpu);
}

void uefi_frame_finish(struct uefi *uefi, struct cpu *cpu, uint64_t result)
{
    guint last = uefi->frames->len - 1;
    struct uefi_frame frame = *(struct uefi_frame *)uefi->frames->pdata[last];

    drop_waits(uefi, frame.stack);
    g_ptr_array_remove_index(uefi->frames, last);
    if (frame.kind == UEFI_FRAME_INTERRUPT) {
        finish_interrupt(uefi, cpu, &frame);
        return;
    }
    /* Back in the service that asked: its caller's registers, and its result from the continuation. */
    uefi->arch->restore(cpu, &frame.context, false);
    struct uefi_call call = {
        .uefi = uefi,
        .cpu = cpu,
        .function = frame.function,
        .stub = frame.stub,
        .stack = cpu_sp(cpu),
    };
    struct uefi_call *outer = uefi->call;
    bool translate = uefi->translate;
    uefi->call = &call;
    uefi->translate = frame.function < uefi->runtime_functions;
    uefi_continuation *next = g_array_index(uefi->continuations, uefi_continuation *, frame.continuation);
    conclude(uefi, &call, next(uefi, frame.data, result));
    uefi->call = outer;
    uefi->translate = translate;
}

/* --- notifications --- */
void uefi_notify(struct uefi *uefi, uint64_t tpl, uint64_t function, const uint64_t *arguments, unsigned count)
{
    struct uefi_notification notification = {.tpl = tpl, .function = function, .count = MIN(count, 4)};

    if (uefi->notifications->len >= UEFI_NOTIFY_LIMIT) {
        uefi_guest_error(uefi, "too many notifications wait; one is lost");
        return;
    }
    memcpy(notification.arguments, arguments, notification.count * sizeof(uint64_t));
    g_array_append_val(uefi->notifications, notification);
}

bool uefi_dispatch(struct uefi *uefi, struct cpu *cpu)
{
    int index = most_urgent(uefi);

    if (index < 0)
        return false;
    struct uefi_notification n = g_array_index(uefi->notifications, struct uefi_notification, index);
    struct uefi_event *event = n.event ? uefi_find_event(uefi, n.event) : NULL;
    struct uefi_frame *frame = g_new0(struct uefi_frame, 1);

    g_array_remove_index(uefi->notifications, (guint)index);
    if (event && event->type & EFI_EVT_NOTIFY_SIGNAL)
        event->signalled = false;
    frame->kind = UEFI_FRAME_INTERRUPT;
    frame->tpl = uefi->tpl;
    if (uefi->call) {
        frame->function = uefi->call->function;
        frame->stub = uefi->call->stub;
    }
    uefi->arch->save(cpu, &frame->context, true);
    if (trace_enabled(machine_trace_log(uefi->machine), TRACE_FIRMWARE))
        trace_event(machine_trace_log(uefi->machine), TRACE_FIRMWARE, "notify",
                    "function 0x%" PRIx64 " event 0x%" PRIx64 " tpl %u", n.function, n.event, (unsigned)n.tpl);
    uefi->tpl = n.tpl;
    if (!enter(uefi, cpu, frame, n.function, n.arguments, n.count, INTERRUPT_GAP))
        return false;
    return true;
}

/* --- time --- */
void uefi_timer_update(struct uefi *uefi)
{
    int64_t next = uefi_events_deadline(uefi);

    next = MIN(next, uefi->watchdog);
    next = MIN(next, uefi->retry);
    next = MIN(next, uefi->tick);
    clock_timer_set(uefi->timer, next);
}

void uefi_timer_fired(void *opaque)
{
    struct uefi *uefi = opaque;
    int64_t now = uefi_now(uefi);

    if (uefi->retry <= now)
        uefi->retry = CLOCK_NEVER;
    if (uefi->tick <= now) {
        uefi->tick = CLOCK_NEVER;
        uefi->tick_due = true;
    }
    if (uefi->watchdog <= now) {
        uefi->watchdog = CLOCK_NEVER;
        machine_note(uefi->machine, "firmware: the watchdog timer ran out, the machine is reset");
        machine_reset_request(uefi->machine);
    }
    uefi_events_run_due(uefi, now);
    uefi->dispatch_due = true;
    uefi_timer_update(uefi);
}

/* A halted CPU waits for the timer interrupt that firmware has: it gets one, but no more of them than it waits for. */
static void end_halt(struct uefi *uefi, struct cpu *cpu, bool now)
{
    if (now) {
        uefi->tick = CLOCK_NEVER;
        uefi->woken = uefi->arch->wake(cpu);
        if (!uefi->woken)
            uefi_dispatch(uefi, cpu);
    } else if (uefi->tick == CLOCK_NEVER) {
        uefi->tick = (uefi_now(uefi) / TICK_NS + 1) * TICK_NS;
    }
    uefi_timer_update(uefi);
}

/*
 * Acts only when the timer has fired at this very boundary, or did and found interrupts masked, or when CPU 0 has just
 * halted: where boundaries lie otherwise is the host's affair and must not show.
 */
void uefi_boundary(struct uefi *uefi)
{
    struct cpu *cpu = machine_cpu(uefi->machine, 0);
    bool pending = uefi->dispatch_due && most_urgent(uefi) >= 0, tick = uefi->tick_due;

    uefi->dispatch_due = uefi->tick_due = false;
    if (uefi->boot_ended || !uefi->boot_stubs || (!pending && !cpu_is_halted(cpu)))
        return;
    if (!uefi->arch->interruptible(uefi, cpu)) {
        if (pending) {
            uefi->retry = uefi_now(uefi) + RETRY_NS;
            uefi_timer_update(uefi);
        }
    } else if (cpu_is_halted(cpu)) {
        end_halt(uefi, cpu, pending || tick);
    } else {
        uefi_dispatch(uefi, cpu);
    }
}

void uefi_calls_reset(struct uefi *uefi)
{
    g_array_set_size(uefi->notifications, 0);
    g_ptr_array_set_size(uefi->frames, 0);
    g_array_set_size(uefi->waits, 0);
    uefi->tpl = TPL_APPLICATION;
    uefi->watchdog = uefi->retry = uefi->tick = CLOCK_NEVER;
    uefi->dispatch_due = uefi->tick_due = uefi->woken = false;
    uefi->poll_count = 0;
    uefi->poll_time = 0;
}
