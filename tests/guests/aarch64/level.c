/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EL0 and EL1: which stack, which vector, what an exception saves and masks, what ERET brings back.  Arm ARM D1.10. */
#include "guest.h"

USER_PIECE(user_registers,
           "mrs x1, nzcv\nmov x2, sp\ncmp xzr, xzr\nmrs x3, nzcv\nmrs x4, fpcr\nmrs x5, tpidrro_el0\nsvc #9");
USER_PIECE(user_flags, "mov x1, #-1\nadds x1, x1, #1\nsvc #0");
USER_PIECE(user_spsel, "mrs x1, spsel");

static volatile unsigned interrupts;
static volatile uint64_t interrupted_spsr, handler_daif, handler_stack;

static void on_interrupt(struct trap *trap)
{
    uint32_t id = read32(GICC + 0xc);
    interrupts++;
    interrupted_spsr = trap->spsr & ~0xf0000000ULL;
    handler_daif = READ_REGISTER(daif);
    handler_stack = READ_REGISTER(spsel);
    write32(GICC + 0x10, id);
}

static void registers(void)
{
    say("CurrentEL", READ_REGISTER(CurrentEL));
    say("SPSel", READ_REGISTER(spsel));
    say("DAIF", READ_REGISTER(daif));
    WRITE_REGISTER(tpidrro_el0, 0x1234567812345678);
    run_user(user_registers_begin, user_registers_end, 0);
    report("EL0 runs");
    say("flags at first", caught.frame.x[1]);
    say("stack", caught.frame.x[2]);
    say("flags after a comparison", caught.frame.x[3]);
    say("TPIDRRO_EL0", caught.frame.x[5]);
    say("flags in SPSR", caught.frame.spsr >> 28);
    run_user(user_flags_begin, user_flags_end, 0);
    say("flags of a carry in SPSR", caught.frame.spsr >> 28);
    REPORT_USER("EL0 reads SPSel", user_spsel, 0);
}

static void masks(void)
{
    put("-- masks and stacks\n");
    PROBE("msr daifclr, #0xd\n\tmrs x13, daif\n\tsvc #0"); /* I stays set */
    report("SVC with D, A and F clear");
    say("DAIF read", caught.frame.x[13]);
    PROBE("msr daifset, #0xf\n\tmrs x13, daif\n\tsvc #0");
    say("DAIF, all set", caught.frame.x[13]);
    PROBE("msr spsel, #1\n\tmrs x13, spsel\n\tmov x14, sp\n\tmrs x15, sp_el0\n\tsvc #0");
    say("SPSel after MSR", caught.frame.x[13]);
    say_if("SP_EL0 is the other stack", caught.frame.x[14] != caught.frame.x[15] && caught.frame.x[15] == probe.stack);
    PROBE("mov x13, #1\n\tmsr spsel, x13\n\tisb\n\tmrs x14, spsel\n\tmsr spsel, xzr\n\tmrs x15, spsel\n\tsvc #0");
    say("SPSel through a register", caught.frame.x[14] << 4 | caught.frame.x[15]);
    REPORT("an abort on SP_EL1", "msr spsel, #1\n\tldr x9, [%0]", "r"(TEST_BASE + (1ULL << 39)));
    /* ERET from EL1h to EL1t with other masks and flags. */
    PROBE("msr spsel, #1\n\tadr x9, 1f\n\tmsr elr_el1, x9\n\tmov x9, #0x344\n\tmovk x9, #0x9000, lsl #16\n\t"
          "msr spsr_el1, x9\n\teret\n1:\tmrs x13, nzcv\n\tmrs x14, daif\n\tmrs x15, spsel\n\tmsr daifset, #0xf\n\tsvc "
          "#0");
    say("flags after ERET", caught.frame.x[13]);
    say("DAIF after ERET", caught.frame.x[14]);
    say("SPSel after ERET", caught.frame.x[15]);
}

static void interrupt(void)
{
    put("-- an interrupt\n");
    irq_handler = on_interrupt;
    gic_start();
    gic_enable(3, 0x40);
    write32(GICD + 0xf00, 2 << 24 | 3); /* an SGI to this CPU itself */
    say("pending, masked: taken", interrupts);
    say("ISR_EL1", READ_REGISTER(isr_el1));
    INTERRUPTS_ON();
    __asm__ volatile("nop");
    INTERRUPTS_OFF();
    say("unmasked: taken", interrupts);
    say("SPSR", interrupted_spsr);
    say("DAIF in the handler", handler_daif);
    say("SPSel in the handler", handler_stack);
    say("ISR_EL1", READ_REGISTER(isr_el1));
    write32(GICD + 0xf00, 2 << 24 | 3);
    PROBE("adr x9, 1f\n\tmsr elr_el1, x9\n\tmov x9, #0x344\n\tmsr spsr_el1, x9\n\teret\n1:\tnop\n\tmsr daifset, #2");
    say("unmasked by ERET: taken", interrupts);
    irq_handler = NULL;
    write32(GICD + 0xf00, 2 << 24 | 3);
    static const uint32_t loop[] = {0x14000000};
    run_user(loop, loop + 1, 0);
    report("EL0 is interrupted");
    uint32_t id = read32(GICC + 0xc);
    say("acknowledged", id);
    write32(GICC + 0x10, id);
}

void guest_main(void)
{
    registers();
    masks();
    interrupt();
}
