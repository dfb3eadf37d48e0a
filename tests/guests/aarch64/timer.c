/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The generic timer, and WFI.  Arm ARM D11, D1.16.2. */
#include "guest.h"

static volatile unsigned fired;
static volatile uint32_t last;

static void on_interrupt(struct trap *trap)
{
    (void)trap;
    last = read32(GICC + 0xc);
    if (last == INTERRUPT_VIRTUAL_TIMER)
        WRITE_REGISTER(cntv_ctl_el0, 3);
    if (last == INTERRUPT_PHYSICAL_TIMER)
        WRITE_REGISTER(cntp_ctl_el0, 3);
    fired++;
    write32(GICC + 0x10, last);
}

static void counters(void)
{
    uint64_t first = READ_REGISTER(cntvct_el0), second = READ_REGISTER(cntvct_el0);
    say("CNTFRQ_EL0", READ_REGISTER(cntfrq_el0));
    say_if("the counter does not go back", second >= first);
    uint64_t physical = READ_REGISTER(cntpct_el0);
    say_if("both counters are one", physical - second < READ_REGISTER(cntfrq_el0) / 10);
}

static void registers(void)
{
    put("-- registers\n");
    WRITE_REGISTER(cntv_cval_el0, 0x123456789abcdef0);
    say("CVAL", READ_REGISTER(cntv_cval_el0));
    say("CTL, far away, off", READ_REGISTER(cntv_ctl_el0));
    WRITE_REGISTER(cntv_ctl_el0, 1);
    say("CTL, far away, on", READ_REGISTER(cntv_ctl_el0));
    WRITE_REGISTER(cntv_ctl_el0, 3);
    WRITE_REGISTER(cntv_cval_el0, 0);
    say("CTL, over, masked", READ_REGISTER(cntv_ctl_el0));
    WRITE_REGISTER(cntv_ctl_el0, 0);
    say("CTL, over, off: ISTATUS is unknown", READ_REGISTER(cntv_ctl_el0) & 3);
    WRITE_REGISTER(cntv_tval_el0, 0xffffffff);
    say_if("a negative TVAL is in the past", READ_REGISTER(cntv_cval_el0) < READ_REGISTER(cntvct_el0));
    WRITE_REGISTER(cntv_tval_el0, 0x7fffffff);
    uint64_t left = READ_REGISTER(cntv_tval_el0);
    say_if("TVAL counts down", left <= 0x7fffffff && left > 0x70000000);
    WRITE_REGISTER(cntv_cval_el0, READ_REGISTER(cntvct_el0) - 0x100000);
    say("TVAL of the past is negative, bit 31", READ_REGISTER(cntv_tval_el0) >> 31);
}

static void fire(const char *name, unsigned interrupt)
{
    put(name);
    put("\n");
    fired = 0;
    gic_enable(interrupt, 0x40);
    if (interrupt == INTERRUPT_VIRTUAL_TIMER) {
        WRITE_REGISTER(cntv_tval_el0, READ_REGISTER(cntfrq_el0) / 1000);
        WRITE_REGISTER(cntv_ctl_el0, 1);
    } else {
        WRITE_REGISTER(cntp_tval_el0, READ_REGISTER(cntfrq_el0) / 1000);
        WRITE_REGISTER(cntp_ctl_el0, 1);
    }
    INTERRUPTS_ON();
    while (!fired)
        continue;
    INTERRUPTS_OFF();
    say("interrupt", last);
    say("times", fired);
    say("CTL after it was masked",
        interrupt == INTERRUPT_VIRTUAL_TIMER ? READ_REGISTER(cntv_ctl_el0) : READ_REGISTER(cntp_ctl_el0));
}

/* The line is a level: without a mask the interrupt comes again; off, it goes. */
static void level(void)
{
    put("-- level\n");
    WRITE_REGISTER(cntv_cval_el0, 0);
    WRITE_REGISTER(cntv_ctl_el0, 1);
    say("pending", read32(GICD + 0x200) >> INTERRUPT_VIRTUAL_TIMER & 1);
    WRITE_REGISTER(cntv_ctl_el0, 3);
    say("masked by IMASK", read32(GICD + 0x200) >> INTERRUPT_VIRTUAL_TIMER & 1);
    WRITE_REGISTER(cntv_ctl_el0, 1);
    say("again", read32(GICD + 0x200) >> INTERRUPT_VIRTUAL_TIMER & 1);
    WRITE_REGISTER(cntv_cval_el0, ~0ULL >> 1);
    say("moved away", read32(GICD + 0x200) >> INTERRUPT_VIRTUAL_TIMER & 1);
    WRITE_REGISTER(cntv_ctl_el0, 0);
}

static void wait(void)
{
    put("-- WFI\n");
    uint64_t frequency = READ_REGISTER(cntfrq_el0), before = READ_REGISTER(cntvct_el0);
    fired = 0;
    WRITE_REGISTER(cntv_tval_el0, frequency / 100);
    WRITE_REGISTER(cntv_ctl_el0, 1);
    __asm__ volatile("wfi" : : : "memory");
    uint64_t after = READ_REGISTER(cntvct_el0);
    say_if("with interrupts masked it wakes at the deadline",
           after - before >= frequency / 100 && after - before < frequency);
    say("and takes none", fired);
    before = READ_REGISTER(cntvct_el0);
    __asm__ volatile("wfi" : : : "memory");
    say_if("one that is pending does not let it sleep", READ_REGISTER(cntvct_el0) - before < frequency / 10);
    INTERRUPTS_ON();
    __asm__ volatile("nop" : : : "memory");
    say("unmasked, taken", fired);
    WRITE_REGISTER(cntv_tval_el0, frequency / 100);
    WRITE_REGISTER(cntv_ctl_el0, 1);
    while (fired < 2)
        __asm__ volatile("wfi" : : : "memory");
    INTERRUPTS_OFF();
    say("unmasked in WFI, taken", fired);
}

void guest_main(void)
{
    irq_handler = on_interrupt;
    counters();
    registers();
    gic_start();
    fire("-- virtual timer", INTERRUPT_VIRTUAL_TIMER);
    fire("-- physical timer", INTERRUPT_PHYSICAL_TIMER);
    level();
    wait();
}
