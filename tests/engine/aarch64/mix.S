/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bit of everything that could make a count inexact, 600 times over; then WFI. */
#include "guest.h"

        case 0
        address x20, DATA
        address x21, MMIO
        mov x19, #600
        address x22, USER_CODE
        adr x0, user          /* the part that runs in EL0 */
        adr x1, user_end
        address x3, ALIAS + (USER_CODE - RAM)
1:      ldr x2, [x0], #8
        str x2, [x3], #8
        cmp x0, x1
        b.lo 1b
        address x5, LOG
again:  mov x28, x5
        /* memory, exclusives, atomics of the base set */
        ldr x0, [x20]
        add x0, x0, x19
        str x0, [x20]
        stp x0, x19, [x20, #16]
        ldp x1, x2, [x20, #16]
        add x8, x20, #64
2:      ldxr x3, [x8]
        add x3, x3, #3
        stxr w4, x3, [x8]
        cbnz w4, 2b
        /* floating point, with an inexact result */
        scvtf d0, x19
        fmov d1, #3.0
        fdiv d2, d0, d1
        str d2, [x20, #32]
        fmla v3.2d, v2.2d, v1.d[0]
        /* exceptions: SVC, an undefined instruction, a data abort, all in the middle of a block */
        add x0, x0, #1
        svc #42
        add x0, x0, #1
        .inst 0x00000000
        add x0, x0, #1
        address x9, 0x50000000 + 0x80000000
        ldr x10, [x9]         /* beyond RAM's alias: no table entry */
        add x0, x0, #1
        mrs x11, pmccntr_el0  /* none */
        /* devices, two accesses by one instruction; the counter and a timer */
        ldr x12, [x21, #8]
        str w12, [x21, #16]
        ldp w13, w14, [x21, #24]
        mrs x15, cntpct_el0
        msr cntp_cval_el0, x15
        mrs x15, cntp_ctl_el0
        yield
        wfe
        /* EL0: traps of the counter, of DAIF, and back by SVC */
        mov x0, #0
        msr spsr_el1, x0
        msr elr_el1, x22
        adr x23, 3f
        eret
3:      dc zva, x20
        msr daifclr, #2
        msr daifset, #2
        tst x19, #7
        b.ne 4f
        tlbi vmalle1is
        dsb ish
        isb
4:      subs x19, x19, #1
        b.ne again
        stop
        wfi
        b .

user:   add x1, x1, #7
        mrs x2, cntvct_el0
        add x1, x1, #7
        msr daifset, #2
        add x1, x1, #7
        address x4, USER_DATA
        str x1, [x4]
        address x4, USER_CODE
        str x1, [x4]          /* read-only */
        brk #0x77
        hvc #9                /* undefined in EL0 */
        hlt #3
        svc #0xfff
        .balign 8
user_end:
