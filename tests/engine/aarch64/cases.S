/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One behaviour each; what they must do stands in test_aarch64.c. */
#include "guest.h"

/* Code rewritten through an alias: MOVZ X0, #1, #2, #3 in turn. */
        case 0
        address x1, DATA
        address x2, ALIAS + (DATA + 0x100 - RAM)
        address x3, 0xd2800020          /* movz x0, #1 */
        address x4, 0xd65f03c0          /* ret */
        address x5, DATA + 0x100
        str w4, [x2, #4]
        mov x6, #3
1:      str w3, [x2]
        blr x5
        str x0, [x1], #8
        add w3, w3, #0x20
        subs x6, x6, #1
        b.ne 1b
        stop

/* Exceptions, each logged: SVC, BRK, undefined, unknown system register, SMC, HVC that nobody knows. */
        case 1
        svc #0x1234
        brk #0x4321
        .inst 0
        .inst 0xd53bf000                /* mrs x0, s3_3_c15_c0_0 */
        smc #0
        hvc #0x77
        hlt #0xdead
        mrs x0, pmcr_el0
        stop

/* Data aborts: translation at levels 0 to 3, permission, access flag, address size; by load and by store. */
        case 2
        address x1, 0xc0000000          /* L1 entry absent */
        ldr x0, [x1]
        movz x1, #0x0080, lsl #32       /* beyond 39 bits */
        str x0, [x1]
        address x1, RAM + 0xf00000      /* L2 entry taken away by the test */
        ldrb w0, [x1, #5]
        address x1, RAM + 0x1f0008      /* L3 entry taken away */
        strh w0, [x1]
        address x1, USER_CODE           /* read-only */
        str x0, [x1, #16]
        address x1, RAM + 0x1f1000      /* access flag clear */
        ldr x0, [x1]
        address x1, RAM + 0x1f2000      /* output address beyond 40 bits */
        ldr x0, [x1]
        movz x1, #0x0001, lsl #32       /* L1 entry 4: its table is no memory */
        ldr x0, [x1]
        stop

/* Instruction aborts, misaligned PC, illegal return. */
        case 3
        address x0, ALIAS
        blr x0                          /* not executable */
        address x0, 0xc0000000
        blr x0
        adr x0, 1f + 2
        blr x0
1:      mov x0, #0x3c9                  /* SPSR: EL2h */
        msr spsr_el1, x0
        adr x0, 2f
        msr elr_el1, x0
        eret
2:      nop
        stop

/* Alignment: SCTLR.A, exclusives, load-acquire. */
        case 4
        address x1, DATA + 1
        ldr x0, [x1]
        str q0, [x1]
        ldxr x0, [x1]
        ldar x0, [x1]
        stlr w0, [x1]
        mrs x2, sctlr_el1
        orr x3, x2, #2
        msr sctlr_el1, x3
        isb
        ldr x0, [x1]
        strh w0, [x1]
        ldrb w0, [x1]
        add x4, x1, #7
        ldp x5, x6, [x4]
        ldr q0, [x4]
        ld1 {v0.4s}, [x4]
        add x4, x1, #1
        ld1 {v0.8b}, [x4]
        ld1 {v0.4h}, [x4]
        ld1 {v0.2s}, [x4]
        st1 {v0.s}[1], [x4]
        msr sctlr_el1, x2
        isb
        stop

/* FP trapped by CPACR_EL1.FPEN = 0, then 1 from EL0. */
        case 5
        msr cpacr_el1, xzr
        isb
        fmov d0, x0
        ldr q0, [sp, #-16]
        mrs x0, fpcr
        mov x0, #(1 << 20)
        msr cpacr_el1, x0
        isb
        fmov d0, x0
        stop

/* LSE. */
        case 6
        address x1, DATA
        mov w2, #0x85
        strb w2, [x1]
        mov w3, #5
        ldsmaxb w3, w4, [x1]            /* max(-123, 5) = 5, old 0x85 */
        strb w4, [x1, #8]
        mov w3, #0x90
        ldsminb w3, w4, [x1]            /* min(5, -112) */
        movn x5, #0
        str w5, [x1, #16]
        mov x6, #0x100000001
        add x7, x1, #16
        ldumax w6, w8, [x7]             /* the upper half of the operand does not count */
        ldsmax w6, w9, [x7]
        str x9, [x1, #24]
        mov x2, #7
        str x2, [x1, #32]
        add x7, x1, #32
        mov x3, #7
        mov x4, #99
        casal x3, x4, [x7]              /* succeeds */
        mov x5, #8
        casal x5, x2, [x7]              /* fails, X5 = 99 */
        str x5, [x1, #40]
        ldadd x4, x6, [x7]              /* 198 */
        swp x3, x6, [x7]                /* 7 */
        add x7, x1, #48
        mov x2, #1
        mov x3, #2
        stp x2, x3, [x7]
        mov x4, #3
        mov x5, #4
        casp x2, x3, x4, x5, [x7]
        add x7, x1, #64
        movn x12, #9
        str x12, [x7]
        mov x13, #5
        ldsmax x13, x4, [x7]
        ldsminh w13, w4, [x7]           /* min(5, 5) */
        ldsmin x12, x4, [x7]
        stop

/* LDXR and STXR: success, a lost monitor, a changed value, a pair. */
        case 7
        address x1, DATA
        ldxr x0, [x1]
        add x0, x0, #1
        stxr w2, x0, [x1]
        str x2, [x1, #8]                /* 0 */
        stxr w2, x0, [x1]
        str x2, [x1, #16]               /* 1 */
        ldxr x0, [x1]
        svc #0                          /* ERET clears the monitor */
        stxr w2, x0, [x1]
        str x2, [x1, #24]               /* 1 */
        ldxr x0, [x1]
        mov x3, #77
        str x3, [x1]
        stxr w2, x0, [x1]
        str x2, [x1, #32]               /* 1 */
        add x4, x1, #64
        ldxp x5, x6, [x4]
        mov x5, #5
        mov x6, #6
        stxp w2, x5, x6, [x4]
        str x2, [x1, #40]               /* 0 */
        stop

/* DC ZVA, in pieces and over code. */
        case 8
        address x1, DATA
        movn x0, #0
        mov x2, #32
        mov x3, x1
1:      str x0, [x3], #8
        subs x2, x2, #1
        b.ne 1b
        add x3, x1, #0x48
        dc zva, x3
        mrs x4, dczid_el0
        stop

/* WFI with the interrupt masked, and what comes after unmasking. */
        case 9
        wfi
        mov x1, #1
        wfi
        mov x1, #2
        msr daifclr, #2
        mov x1, #3
        msr daifset, #2
        stop

/* The timers: CVAL, ISTATUS, TVAL, IMASK. */
        case 10
        address x20, DATA
        mrs x0, cntfrq_el0
        str x0, [x20]
        mrs x0, cntpct_el0
        mrs x1, cntvct_el0
        sub x1, x1, x0
        str x1, [x20, #8]               /* one instruction later */
        mov x2, #20
        msr cntv_tval_el0, x2
        mrs x3, cntv_ctl_el0
        str x3, [x20, #16]              /* 0: not enabled */
        mov x2, #1
        msr cntv_ctl_el0, x2
        mrs x3, cntv_ctl_el0
        str x3, [x20, #24]              /* 1 */
        mrs x4, cntv_cval_el0
1:      mrs x5, cntv_ctl_el0
        mrs x6, cntvct_el0
        tbz x5, #2, 1b
        sub x6, x6, x4
        str x6, [x20, #32]              /* how late it was seen */
        mrs x7, cntv_tval_el0
        str x7, [x20, #40]              /* negative, 32 bits */
        mov x2, #3
        msr cntv_ctl_el0, x2
        mrs x3, cntv_ctl_el0
        str x3, [x20, #48]              /* 7 */
        stop

/* EL0: what is trapped and what is not. */
        case 11
        adr x0, 2f
        adr x1, 3f
        address x3, ALIAS + (USER_CODE - RAM)
1:      ldr x2, [x0], #8
        str x2, [x3], #8
        cmp x0, x1
        b.lo 1b
        address x0, USER_CODE
        msr elr_el1, x0
        msr spsr_el1, xzr
        adr x23, 3f
        eret
        .balign 8
2:      mrs x0, cntvct_el0
        mrs x0, cntfrq_el0
        mrs x0, cntp_ctl_el0
        msr daifset, #2
        mrs x0, midr_el1
        wfi
        ldr x0, [sp]
        address x1, DATA
        ldr x0, [x1]
        mrs x0, ctr_el0
        svc #0xfff
        nop
        .balign 8
3:      mov x0, #0x202
        msr cntkctl_el1, x0
        stop

/* PSTATE.PAN: EL1 may not touch what EL0 may, but by LDTR. */
        case 12
        address x1, USER_DATA
        ldr x0, [x1]
        msr pan, #1
        ldr x0, [x1]
        ldtr x0, [x1]
        str x0, [x1]
        mrs x2, pan
        msr pan, #0
        str x0, [x1]
        stop

/* AT: PAR_EL1. */
        case 13
        address x20, DATA
        address x1, DATA + 0x123
        at s1e1r, x1
        mrs x0, par_el1
        str x0, [x20]
        at s1e0r, x1
        mrs x0, par_el1
        str x0, [x20, #8]
        address x1, USER_CODE
        at s1e1w, x1
        mrs x0, par_el1
        str x0, [x20, #16]
        address x1, 0xc0000000
        at s1e1r, x1
        mrs x0, par_el1
        str x0, [x20, #24]
        address x1, MMIO + 0x1000
        at s1e1r, x1
        mrs x0, par_el1
        str x0, [x20, #32]
        stop

/* Trapped system registers and random numbers. */
        case 14
        address x20, DATA
        mov x0, #0x55
        msr s3_0_c12_c12_5, x0
        mrs x1, s3_0_c12_c12_5
        str x1, [x20]
        mrs x1, s3_0_c12_c12_7          /* trapped, but the machine says no */
        mov x0, #0x44ff
        msr mair_el1, x0                /* trapped, but left to the engine */
        mrs x1, s3_3_c2_c4_0            /* rndr */
        str x1, [x20, #8]
        mrs x2, s3_3_c2_c4_1
        cset w3, eq
        str x2, [x20, #16]
        str x3, [x20, #24]
        hlt #0xf000
        stop

/* The ASID changes: what is global stays in the TLB, the rest is looked up again; tags in addresses. */
        case 15
        address x20, DATA
        address x1, USER_DATA           /* not global */
        address x2, RAM + 0x1e0000      /* global */
        movz x9, #0x5a00, lsl #48
        orr x9, x9, x1                  /* USER_DATA with a tag */
        ldr x0, [x1]
        ldr x0, [x2]
        hvc #2                          /* the test exchanges both pages */
        ldr x0, [x1]
        str x0, [x20]
        ldr x0, [x2]
        str x0, [x20, #8]
        mrs x3, ttbr0_el1
        mov x4, #(1 << 48)
        add x3, x3, x4
        msr ttbr0_el1, x3
        isb
        ldr x0, [x1]
        str x0, [x20, #16]
        ldr x0, [x2]
        str x0, [x20, #24]
        lsr x5, x2, #12
        tlbi vaae1is, x5
        dsb ish
        ldr x0, [x2]
        str x0, [x20, #32]
        mrs x6, tcr_el1
        orr x6, x6, #(1 << 37)          /* TBI0 */
        msr tcr_el1, x6
        isb
        ldr x0, [x9]
        str x0, [x20, #40]
        hvc #3                          /* exchanged back */
        lsr x5, x1, #12
        tlbi vaae1is, x5
        dsb ish
        ldr x0, [x9]
        str x0, [x20, #48]
        stop

/* Watched and broken into by the debugger. */
        case 16
        address x1, DATA
        mov x0, #1
        str x0, [x1]
        ldr x2, [x1]
        add x0, x0, x2
        str x0, [x1, #8]
        stop

/* A loop for budgets, and for requests from outside. */
        case 17
        mov x0, #0
1:      add x0, x0, #1
        b 1b

/* The guest's own debug registers: breakpoint, watchpoint, software step. */
        case 18
        msr oslar_el1, xzr
        mov x0, #((1 << 15) | (1 << 13)) /* MDE, KDE */
        msr mdscr_el1, x0
        adr x27, 7f
        adr x0, 1f
        msr dbgbvr0_el1, x0
        mov x0, #(0xf << 5 | 1 << 1 | 1) /* EL1 */
        msr dbgbcr0_el1, x0
        msr daifclr, #8
        isb
        nop
1:      nop
        address x1, DATA
        msr dbgwvr0_el1, x1
        mov x0, #(0xff << 5 | 2 << 3 | 1 << 1 | 1) /* stores, from EL1 */
        msr dbgwcr0_el1, x0
        isb
        ldr x2, [x1]
        str x2, [x1]
        adr x27, 8f
        msr daifset, #8
        mov x0, #((1 << 13) | 1)        /* KDE, SS */
        msr mdscr_el1, x0
        adr x0, 2f
        msr elr_el1, x0
        mrs x0, spsr_el1
        mov x0, #0x3c5
        bic x0, x0, #0x200              /* D clear */
        orr x0, x0, #(1 << 21)          /* SS */
        msr spsr_el1, x0
        eret
        .org 0x1000 + 20 * 0x200
2:      mov x5, #1
        mov x5, #2
        mov x5, #3
        mov x5, #4
        stop
7:      mrs x0, esr_el1                 /* off with what was hit */
        msr dbgbcr0_el1, xzr
        msr dbgwcr0_el1, xzr
        mrs x0, spsr_el1
        ret
8:      msr mdscr_el1, xzr              /* stop stepping after the second step */
        add x4, x4, #1
        cmp x4, #2
        b.hs 9f
        mov x0, #((1 << 13) | 1)
        msr mdscr_el1, x0
        mrs x0, spsr_el1
        orr x0, x0, #(1 << 21)
        msr spsr_el1, x0
9:      ret

/* Two CPUs: the second adds, the first waits for it. */
        case 21
        address x1, DATA
        add x0, x0, x0
        str x0, [x1]
        mrs x2, mpidr_el1
        str x2, [x1, #8]
        mrs x2, currentel
        str x2, [x1, #16]
        mrs x2, sctlr_el1
        str x2, [x1, #24]
        stop

/* An AArch32 program in EL0: ARM, then Thumb, then back. */
        case 22
        adr x0, 2f
        adr x1, 3f
        address x3, ALIAS + (USER_CODE - RAM)
1:      ldr x2, [x0], #8
        str x2, [x3], #8
        cmp x0, x1
        b.lo 1b
        address x0, USER_CODE
        msr elr_el1, x0
        mov x0, #0x10                   /* ARM, user mode */
        msr spsr_el1, x0
        mov x0, #5
        mov x13, #0x3000
        adr x23, 4f
        eret
        .balign 8
2:      .inst 0xe0801000                /* add r1, r0, r0 */
        .inst 0xe28f2001                /* add r2, pc, #1 */
        .inst 0xe12fff12                /* bx r2 */
        .hword 0x1c4b                   /* adds r3, r1, #1 */
        .hword 0xbf18                   /* it ne */
        .hword 0x2407                   /* movne r4, #7 */
        .hword 0xdf07                   /* svc 7 */
        .hword 0xde01                   /* udf #1 */
        .hword 0xbf00                   /* nop, skipped with it */
        .hword 0x4778                   /* bx pc */
        .hword 0xbf00                   /* nop */
        .inst 0xef000fff                /* svc #0xfff */
        .balign 8
3:      b .
4:      stop

/* MMU off: data must be aligned, the address is bounded. */
        case 23
        mrs x0, sctlr_el1
        bic x0, x0, #1
        msr sctlr_el1, x0
        isb
        address x1, DATA + 4
        ldr w2, [x1]
        ldr x2, [x1]
        movz x3, #0x1000, lsl #32
        ldr x2, [x3]
        stop

/* A load that fills the TLB; at 0x40 the invalidation of its page for all CPUs. */
        case 24
        address x1, RAM + 0x1e0000
        ldr x2, [x1]
        stop
        .org 0x1000 + 24 * 0x200 + 0x40
        address x1, RAM + 0x1e0000
        lsr x1, x1, #12
        tlbi vaae1is, x1
        dsb ish
        stop

/* Identification registers. */
        case 25
        address x1, DATA
        .irp register, midr_el1, id_aa64pfr0_el1, id_aa64pfr1_el1, id_aa64dfr0_el1, id_aa64isar0_el1, \
                       id_aa64isar1_el1, id_aa64mmfr0_el1, id_aa64mmfr1_el1, id_aa64mmfr2_el1, ctr_el0
        mrs x0, \register
        str x0, [x1], #8
        .endr
        stop

/* SP_EL0 from EL1t, where it is the stack pointer, and from EL1h; twice through the same code. */
        case 26
        mov x1, #2
1:      msr spsel, #0
        mrs x0, sp_el0
        msr spsel, #1
        mrs x2, sp_el0
        msr sp_el0, x1
        subs x1, x1, #1
        b.ne 1b
        stop
