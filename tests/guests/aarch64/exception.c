/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions that instructions make by themselves: classes, syndromes, return addresses.  Arm ARM D1.10, D13.2.37. */
#include "guest.h"

USER_PIECE(user_svc, "nop\nsvc #0x1234");
USER_PIECE(user_hvc, "hvc #0");
USER_PIECE(user_smc, "smc #0");
USER_PIECE(user_brk, "brk #7");
USER_PIECE(user_hlt, "hlt #7");
USER_PIECE(user_udf, "udf #5");
USER_PIECE(user_eret, "eret");
USER_PIECE(user_msr, "msr sctlr_el1, x0");
USER_PIECE(user_mrs, "mrs x1, ttbr0_el1");
USER_PIECE(user_midr, "mrs x1, midr_el1");
USER_PIECE(user_daif, "msr daifset, #2");
USER_PIECE(user_daif_read, "mrs x1, daif");
USER_PIECE(user_tlbi, "tlbi vmalle1");
USER_PIECE(user_wfi, "wfi\nsvc #1");
USER_PIECE(user_wfe, "sevl\nwfe\nwfe\nsvc #1");
USER_PIECE(user_ctr, "mrs x1, ctr_el0\nsvc #1");
USER_PIECE(user_zva, "dc zva, x0\nsvc #1");
USER_PIECE(user_cvau, "dc cvau, x0\nsvc #1");
USER_PIECE(user_ivau, "ic ivau, x0\nsvc #1");
USER_PIECE(user_float, ".inst 0x1e6e1000\nsvc #1");
USER_PIECE(user_count, "mrs x1, cntvct_el0\nsvc #1");
USER_PIECE(user_frequency, "mrs x1, cntfrq_el0\nsvc #1");
USER_PIECE(user_timer, "msr cntv_ctl_el0, xzr\nsvc #1");
USER_PIECE(user_physical, "mrs x1, cntp_cval_el0\nsvc #1");
USER_PIECE(user_pc, "add x1, x0, #2\nbr x1");
USER_PIECE(user_debug, "msr dbgbvr0_el1, x0");

static void control(uint64_t clear, uint64_t set)
{
    WRITE_REGISTER(sctlr_el1, (READ_REGISTER(sctlr_el1) & ~clear) | set);
}

static void calls(void)
{
    put("-- calls\n");
    REPORT("SVC at EL1", "svc #0xffff");
    REPORT("SVC at EL1 with SP_EL1", "msr spsel, #1\n\tsvc #1");
    REPORT("BRK", "brk #0x42");
    REPORT("HLT", "hlt #1");
    REPORT("SMC", "smc #0");
    REPORT("UDF", "udf #0");
    REPORT_USER("EL0: SVC", user_svc, 0);
    REPORT_USER("EL0: HVC", user_hvc, 0);
    REPORT_USER("EL0: SMC", user_smc, 0);
    REPORT_USER("EL0: BRK", user_brk, 0);
    REPORT_USER("EL0: HLT", user_hlt, 0);
    REPORT_USER("EL0: UDF", user_udf, 0);
    REPORT_USER("EL0: ERET", user_eret, 0);
}

static void undefined(void)
{
    put("-- undefined and not there\n");
    REPORT("SP_EL0 as a register while it is the stack", "mrs x9, sp_el0");
    REPORT("writing it", "msr sp_el0, x9");
    REPORT("a register of EL2", "mrs x9, hcr_el2");
    REPORT("a register of EL3", "mrs x9, scr_el3");
    REPORT("writing a read-only register", "msr s3_0_c0_c0_0, x9");
    REPORT("an unallocated register", "mrs x9, s3_0_c15_c15_7");
    REPORT("LDADD, which the model has not", ".inst 0xf8220020");
    REPORT("SVE, which the model has not", ".inst 0x04a00000");
    REPORT("an unallocated word", ".inst 0x00ffffff");
}

static void system_registers(void)
{
    put("-- EL0 and system registers\n");
    REPORT_USER("writes SCTLR_EL1", user_msr, 0);
    REPORT_USER("reads TTBR0_EL1", user_mrs, 0);
    REPORT_USER("reads MIDR_EL1", user_midr, 0);
    REPORT_USER("writes DBGBVR0_EL1", user_debug, 0);
    REPORT_USER("TLBI", user_tlbi, 0);
    REPORT_USER("sets DAIF", user_daif, 0);
    REPORT_USER("reads DAIF", user_daif_read, 0);
    control(0, 1 << 9);
    REPORT_USER("reads DAIF, SCTLR.UMA", user_daif_read, 0);
    control(1 << 9, 0);
    REPORT_USER("CTR_EL0", user_ctr, 0);
    control(1 << 15, 0);
    REPORT_USER("CTR_EL0, SCTLR.UCT = 0", user_ctr, 0);
    control(0, 1 << 15);
    REPORT_USER("DC CVAU", user_cvau, USER_TEXT);
    REPORT_USER("IC IVAU", user_ivau, USER_TEXT);
    control(1 << 26, 0);
    REPORT_USER("DC CVAU, SCTLR.UCI = 0", user_cvau, USER_TEXT);
    REPORT_USER("IC IVAU, SCTLR.UCI = 0", user_ivau, USER_TEXT);
    control(0, 1 << 26);
    control(1 << 14, 0);
    REPORT_USER("DC ZVA, SCTLR.DZE = 0", user_zva, USER_STACK - 64);
    control(0, 1 << 14);
    REPORT_USER("DC ZVA", user_zva, USER_STACK - 64);
    control(1 << 16, 0);
    REPORT_USER("WFI, SCTLR.nTWI = 0", user_wfi, 0);
    control(1 << 18, 1 << 16);
    REPORT_USER("WFE, SCTLR.nTWE = 0", user_wfe, 0);
    control(0, 1 << 18);
}

static void timers(void)
{
    put("-- EL0 and the generic timer\n");
    WRITE_REGISTER(cntkctl_el1, 0);
    REPORT_USER("CNTVCT_EL0", user_count, 0);
    REPORT_USER("CNTFRQ_EL0", user_frequency, 0);
    REPORT_USER("CNTV_CTL_EL0", user_timer, 0);
    REPORT_USER("CNTP_CVAL_EL0", user_physical, 0);
    WRITE_REGISTER(cntkctl_el1, 2);
    REPORT_USER("CNTVCT_EL0, EL0VCTEN", user_count, 0);
    REPORT_USER("CNTFRQ_EL0, EL0VCTEN", user_frequency, 0);
    WRITE_REGISTER(cntkctl_el1, 1 << 8);
    REPORT_USER("CNTV_CTL_EL0, EL0VTEN", user_timer, 0);
    REPORT_USER("CNTP_CVAL_EL0, EL0VTEN", user_physical, 0);
    WRITE_REGISTER(cntkctl_el1, 1 << 9);
    REPORT_USER("CNTP_CVAL_EL0, EL0PTEN", user_physical, 0);
    WRITE_REGISTER(cntkctl_el1, 0);
}

static void floating_point(void)
{
    put("-- floating point\n");
    WRITE_REGISTER(cpacr_el1, 0);
    REPORT("FPEN = 0", ".inst 0x1e6e1000");
    REPORT("FPEN = 0, FPCR", "mrs x9, fpcr");
    REPORT("FPEN = 0, a vector load from nowhere", "mov x9, #1\n\tlsl x9, x9, #50\n\tldr q0, [x9]");
    REPORT_USER("EL0: FPEN = 0", user_float, 0);
    WRITE_REGISTER(cpacr_el1, 1 << 20);
    REPORT("FPEN = 1", ".inst 0x1e6e1000");
    REPORT_USER("EL0: FPEN = 1", user_float, 0);
    WRITE_REGISTER(cpacr_el1, 2 << 20);
    REPORT("FPEN = 2", ".inst 0x1e6e1000");
    WRITE_REGISTER(cpacr_el1, 3 << 20);
    REPORT_USER("EL0: FPEN = 3", user_float, 0);
}

static void state(void)
{
    put("-- alignment of PC, illegal state\n");
    map_page(TEST_BASE, new_page(), PAGE_PLAIN);
    REPORT("a branch to an odd address", "br %0", "r"(TEST_BASE + 1));
    REPORT_USER("EL0: a branch to a half word", user_pc, USER_TEXT);
    REPORT("ERET with an illegal mode",
           "adr x9, 1f\n\tmsr elr_el1, x9\n\tmov x9, #0x3ce\n\tmsr spsr_el1, x9\n\teret\n1:\tnop");
    REPORT("ERET to EL2", "adr x9, 1f\n\tmsr elr_el1, x9\n\tmov x9, #0x3c9\n\tmsr spsr_el1, x9\n\teret\n1:\tnop");
    REPORT("ERET with SPSR.IL", "adr x9, 1f\n\tmsr elr_el1, x9\n\tmov x9, #0x3c4\n\tmovk x9, #0x10, lsl #16\n\t"
                                "msr spsr_el1, x9\n\teret\n1:\tnop");
}

void guest_main(void)
{
    calls();
    undefined();
    system_registers();
    timers();
    floating_point();
    state();
}
