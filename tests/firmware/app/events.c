/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events, timers, task priorities. */
#include "tests/firmware/app/app.h"

#define MILLISECOND 10000u /* in 100 ns */

static volatile unsigned calls;
static volatile uint64_t call_tpl[8];
static void *volatile call_context[8];

/* The current level, found out by raising to the highest and back. */
static uint64_t current_tpl(void)
{
    uint64_t tpl = boot->raise_tpl(EFI_TPL_HIGH);

    boot->restore_tpl(tpl);
    return tpl;
}

static void note(void *event, void *context)
{
    (void)event;
    vectors_spoil();
    if (calls < 8) {
        call_tpl[calls] = current_tpl();
        call_context[calls] = context;
    }
    calls++;
}

static void signalled_event_is_taken_once(void)
{
    void *event;

    CHECK_OK(boot->create_event(0, 0, NULL, NULL, &event));
    CHECK_STATUS(boot->check_event(event), EFI_NOT_READY);
    CHECK_OK(boot->signal_event(event));
    CHECK_OK(boot->signal_event(event));
    CHECK_OK(boot->check_event(event));
    CHECK_STATUS(boot->check_event(event), EFI_NOT_READY);
    CHECK_OK(boot->close_event(event));
    CHECK_STATUS(boot->check_event(event), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->close_event(event), EFI_INVALID_PARAMETER);
}

static void event_arguments_are_checked(void)
{
    void *event;

    CHECK_STATUS(boot->create_event(0x300, EFI_TPL_CALLBACK, note, NULL, &event), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->create_event(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, NULL, NULL, &event),
                 EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->create_event(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_APPLICATION, note, NULL, &event),
                 EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->create_event(0, 0, NULL, NULL, NULL), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->signal_event((void *)8), EFI_INVALID_PARAMETER);
}

static void notification_runs_at_its_level(void)
{
    void *event;

    calls = 0;
    CHECK_OK(boot->create_event(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_NOTIFY, note, &image_handle, &event));
    CHECK_OK(boot->signal_event(event));
    CHECK(calls == 1);
    CHECK(call_tpl[0] == EFI_TPL_NOTIFY && call_context[0] == &image_handle);
    CHECK(current_tpl() == EFI_TPL_APPLICATION);
    CHECK_STATUS(boot->check_event(event), EFI_INVALID_PARAMETER);
    CHECK_OK(boot->close_event(event));
}

static void notification_waits_for_the_level(void)
{
    void *low, *high;
    uint64_t tpl;

    calls = 0;
    CHECK_OK(boot->create_event(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, note, (void *)1, &low));
    CHECK_OK(boot->create_event(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_NOTIFY, note, (void *)2, &high));
    tpl = boot->raise_tpl(EFI_TPL_NOTIFY);
    CHECK(tpl == EFI_TPL_APPLICATION);
    CHECK_OK(boot->signal_event(low));
    CHECK_OK(boot->signal_event(high));
    CHECK_OK(boot->signal_event(high)); /* it is signalled already */
    CHECK(calls == 0);
    boot->restore_tpl(EFI_TPL_CALLBACK);
    CHECK(calls == 1 && call_context[0] == (void *)2);
    boot->restore_tpl(tpl);
    CHECK(calls == 2 && call_context[1] == (void *)1 && call_tpl[1] == EFI_TPL_CALLBACK);
    CHECK_OK(boot->close_event(low));
    CHECK_OK(boot->close_event(high));
}

static void *nested_event;

static void signal_other(void *event, void *context)
{
    (void)event;
    (void)context;
    calls += 10;
    boot->signal_event(nested_event);
    calls += 100; /* the other must have run in between */
}

static void notification_interrupts_a_lower_one(void)
{
    void *low;

    calls = 0;
    CHECK_OK(boot->create_event(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, signal_other, NULL, &low));
    CHECK_OK(boot->create_event(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_NOTIFY, note, NULL, &nested_event));
    CHECK_OK(boot->signal_event(low));
    CHECK(calls == 111);
    CHECK_OK(boot->close_event(low));
    CHECK_OK(boot->close_event(nested_event));
}

static void closed_event_is_not_notified(void)
{
    void *event;
    uint64_t tpl;

    calls = 0;
    CHECK_OK(boot->create_event(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, note, NULL, &event));
    tpl = boot->raise_tpl(EFI_TPL_NOTIFY);
    CHECK_OK(boot->signal_event(event));
    CHECK_OK(boot->close_event(event));
    boot->restore_tpl(tpl);
    CHECK(calls == 0);
}

static void group_is_signalled_together(void)
{
    static const struct efi_guid group = {0xaaaa0001, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
    void *a, *b, *c;

    calls = 0;
    CHECK_OK(boot->create_event_ex(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, note, (void *)1, &group, &a));
    CHECK_OK(boot->create_event_ex(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, note, (void *)2, &group, &b));
    CHECK_OK(boot->create_event_ex(0, 0, NULL, NULL, &group, &c));
    CHECK_OK(boot->signal_event(a));
    CHECK(calls == 2);
    CHECK_OK(boot->check_event(c));
    CHECK_OK(boot->close_event(a));
    CHECK_OK(boot->close_event(b));
    CHECK_OK(boot->close_event(c));
}

static void ask(void *event, void *context)
{
    (void)context;
    if (++calls == 3)
        boot->signal_event(event);
}

static void wait_notification_is_asked(void)
{
    void *event;
    uint64_t index = 9;

    calls = 0;
    CHECK_OK(boot->create_event(EFI_EVENT_NOTIFY_WAIT, EFI_TPL_NOTIFY, ask, NULL, &event));
    CHECK_STATUS(boot->check_event(event), EFI_NOT_READY);
    CHECK(calls == 1);
    CHECK_OK(boot->wait_for_event(1, &event, &index));
    CHECK(calls == 3 && index == 0);
    CHECK_OK(boot->close_event(event));
}

static void relative_timer_ends_a_wait(void)
{
    void *events[2];
    uint64_t index = 9, start, took, unit;

    start = cycles();
    CHECK_OK(boot->stall(1000));
    unit = cycles() - start;
    CHECK_OK(boot->create_event(0, 0, NULL, NULL, &events[0]));
    CHECK_OK(boot->create_event(EFI_EVENT_TIMER, 0, NULL, NULL, &events[1]));
    CHECK_OK(boot->set_timer(events[1], EFI_TIMER_RELATIVE, 50 * MILLISECOND));
    start = cycles();
    CHECK_OK(boot->wait_for_event(2, events, &index));
    took = (cycles() - start) / unit;
    CHECK(index == 1);
    CHECK(took >= 49 && took <= 52);
    CHECK_STATUS(boot->check_event(events[1]), EFI_NOT_READY); /* once only */
    CHECK_OK(boot->stall(60000));
    CHECK_STATUS(boot->check_event(events[1]), EFI_NOT_READY);
    CHECK_OK(boot->close_event(events[0]));
    CHECK_OK(boot->close_event(events[1]));
}

static void periodic_timer_comes_again(void)
{
    void *event;
    uint64_t index;

    CHECK_OK(boot->create_event(EFI_EVENT_TIMER, 0, NULL, NULL, &event));
    CHECK_OK(boot->set_timer(event, EFI_TIMER_PERIODIC, 5 * MILLISECOND));
    for (unsigned i = 0; i < 5; i++)
        CHECK_OK(boot->wait_for_event(1, &event, &index));
    CHECK_OK(boot->set_timer(event, EFI_TIMER_CANCEL, 0));
    CHECK_OK(boot->stall(20000));
    CHECK_STATUS(boot->check_event(event), EFI_NOT_READY);
    CHECK_OK(boot->close_event(event));
}

static void period_of_nothing_is_the_tick(void)
{
    void *event;
    uint64_t index;

    CHECK_OK(boot->create_event(EFI_EVENT_TIMER, 0, NULL, NULL, &event));
    CHECK_OK(boot->set_timer(event, EFI_TIMER_PERIODIC, 0));
    CHECK_OK(boot->wait_for_event(1, &event, &index));
    CHECK_OK(boot->wait_for_event(1, &event, &index));
    CHECK_OK(boot->close_event(event));
}

static void timer_needs_the_type(void)
{
    void *event;

    CHECK_OK(boot->create_event(0, 0, NULL, NULL, &event));
    CHECK_STATUS(boot->set_timer(event, EFI_TIMER_RELATIVE, 1), EFI_INVALID_PARAMETER);
    CHECK_OK(boot->close_event(event));
    CHECK_OK(boot->create_event(EFI_EVENT_TIMER, 0, NULL, NULL, &event));
    CHECK_STATUS(boot->set_timer(event, 3, 1), EFI_INVALID_PARAMETER);
    CHECK_OK(boot->close_event(event));
}

/* No service is called while it spins: the notification comes like an interrupt, and leaves no trace in registers. */
static void timer_interrupts_a_busy_loop(void)
{
    void *event;
    uint64_t start, unit;
    bool held;

    start = cycles();
    CHECK_OK(boot->stall(1000));
    unit = cycles() - start;
    calls = 0;
    CHECK_OK(boot->create_event(EFI_EVENT_TIMER | EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, note, NULL, &event));
    CHECK_OK(boot->set_timer(event, EFI_TIMER_PERIODIC, MILLISECOND / 10));
    held = vectors_hold(&calls, 3, cycles() + 100 * unit);
    CHECK_OK(boot->close_event(event));
    CHECK(calls >= 3);
    CHECK(held);
}

static volatile uint64_t spun;

static void spin(void *event, void *context)
{
    (void)event;
    (void)context;
    for (unsigned i = 0; i < 60000; i++)
        spun = spun * 3 + i;
    note(event, context);
}

/* Long enough for whoever saves the machine's state to do it right in here, on three levels at once. */
static void long_notifications_nest(void)
{
    void *event, *timer;
    uint64_t tpl;

    calls = 0;
    CHECK_OK(boot->create_event(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, spin, (void *)1, &event));
    CHECK_OK(boot->create_event(EFI_EVENT_TIMER | EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_NOTIFY, spin, (void *)2, &timer));
    CHECK_OK(boot->set_timer(timer, EFI_TIMER_RELATIVE, MILLISECOND / 50));
    CHECK_OK(boot->signal_event(event));
    CHECK(calls == 2);
    CHECK(call_tpl[0] == EFI_TPL_NOTIFY && call_tpl[1] == EFI_TPL_CALLBACK);
    CHECK(call_context[0] == (void *)2 && call_context[1] == (void *)1);
    tpl = boot->raise_tpl(EFI_TPL_NOTIFY);
    for (unsigned i = 0; i < 60000; i++)
        spun = spun * 3 + i;
    CHECK(current_tpl() == EFI_TPL_NOTIFY);
    boot->restore_tpl(tpl);
    CHECK(current_tpl() == EFI_TPL_APPLICATION);
    CHECK_OK(boot->close_event(event));
    CHECK_OK(boot->close_event(timer));
}

static void timer_waits_for_the_level(void)
{
    void *event;
    uint64_t tpl;

    calls = 0;
    CHECK_OK(boot->create_event(EFI_EVENT_TIMER | EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, note, NULL, &event));
    tpl = boot->raise_tpl(EFI_TPL_CALLBACK);
    CHECK_OK(boot->set_timer(event, EFI_TIMER_RELATIVE, MILLISECOND));
    CHECK_OK(boot->stall(5000));
    CHECK(calls == 0);
    boot->restore_tpl(tpl);
    CHECK(calls == 1);
    CHECK_OK(boot->close_event(event));
}

static void timer_runs_during_stall(void)
{
    void *event;

    calls = 0;
    CHECK_OK(boot->create_event(EFI_EVENT_TIMER | EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, note, NULL, &event));
    CHECK_OK(boot->set_timer(event, EFI_TIMER_PERIODIC, 10 * MILLISECOND));
    CHECK_OK(boot->stall(105000));
    CHECK(calls == 10);
    CHECK_OK(boot->close_event(event));
}

static void halt_ends_with_the_tick(void)
{
    uint64_t start, unit, took;

    start = cycles();
    CHECK_OK(boot->stall(1000));
    unit = cycles() - start;
    halt();
    start = cycles();
    for (unsigned i = 0; i < 10; i++)
        halt();
    took = (cycles() - start) / unit;
    CHECK(took >= 50 && took <= 200); /* firmware's timer has a period of some 10 ms */
}

static void timer_ends_a_halt(void)
{
    void *event;
    uint64_t start, unit, took;

    start = cycles();
    CHECK_OK(boot->stall(1000));
    unit = cycles() - start;
    calls = 0;
    CHECK_OK(boot->create_event(EFI_EVENT_TIMER | EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, note, NULL, &event));
    CHECK_OK(boot->set_timer(event, EFI_TIMER_RELATIVE, 95 * MILLISECOND));
    start = cycles();
    while (!calls)
        halt();
    took = (cycles() - start) / unit;
    CHECK(calls == 1 && took >= 94 && took <= 97);
    CHECK_OK(boot->close_event(event));
}

static void wait_needs_the_lowest_level(void)
{
    void *event;
    uint64_t index, tpl;
    efi_status status;

    CHECK_OK(boot->create_event(0, 0, NULL, NULL, &event));
    tpl = boot->raise_tpl(EFI_TPL_CALLBACK);
    status = boot->wait_for_event(1, &event, &index);
    boot->restore_tpl(tpl);
    CHECK(status == EFI_UNSUPPORTED);
    CHECK_STATUS(boot->wait_for_event(0, &event, &index), EFI_INVALID_PARAMETER);
    CHECK_OK(boot->close_event(event));
}

static void wait_names_a_bad_event(void)
{
    void *events[2];
    uint64_t index = 9;

    CHECK_OK(boot->create_event(0, 0, NULL, NULL, &events[0]));
    CHECK_OK(boot->create_event(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, note, NULL, &events[1]));
    CHECK_STATUS(boot->wait_for_event(2, events, &index), EFI_INVALID_PARAMETER);
    CHECK(index == 1);
    CHECK_OK(boot->close_event(events[0]));
    CHECK_OK(boot->close_event(events[1]));
}

void event_tests(void)
{
    static const struct test tests[] = {
        TEST(signalled_event_is_taken_once),
        TEST(event_arguments_are_checked),
        TEST(notification_runs_at_its_level),
        TEST(notification_waits_for_the_level),
        TEST(notification_interrupts_a_lower_one),
        TEST(closed_event_is_not_notified),
        TEST(group_is_signalled_together),
        TEST(wait_notification_is_asked),
        TEST(relative_timer_ends_a_wait),
        TEST(periodic_timer_comes_again),
        TEST(period_of_nothing_is_the_tick),
        TEST(timer_needs_the_type),
        TEST(timer_interrupts_a_busy_loop),
        TEST(long_notifications_nest),
        TEST(timer_waits_for_the_level),
        TEST(timer_runs_during_stall),
        TEST(halt_ends_with_the_tick),
        TEST(timer_ends_a_halt),
        TEST(wait_needs_the_lowest_level),
        TEST(wait_names_a_bad_event),
    };

    RUN(tests);
}
