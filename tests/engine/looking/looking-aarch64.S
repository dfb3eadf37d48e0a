/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See guest.h.  RAM begins at 1 GB. */

.macro address register, value
        movz \register, #((\value) & 0xffff)
        movk \register, #(((\value) >> 16) & 0xffff), lsl #16
.endm

.macro space root
        address x0, 0x40000000 + \root
        msr ttbr0_el1, x0
        isb
        tlbi vmalle1
        dsb ish
        isb
.endm

        .text
start:  adr x0, vectors
        msr vbar_el1, x0
        mov x20, #100
        address x25, 0x09000000
        msr daifclr, #2
        b round

        .org 0x100
round:  space 0x1000
        address x1, 0x40400000
        blr x1
        space 0x8000
        address x1, 0x40400000
        blr x1
        .inst 0
        svc #0
        adr x2, patched
        movz w3, #0x5280, lsl #16
        orr w3, w3, w20, lsl #5
        str w3, [x2]
        dc cvau, x2
        dsb ish
        ic ivau, x2
        dsb ish
        isb
        bl patched
        add x21, x21, x0
        address x2, 0x40200000
        str x20, [x2]
        address x3, 0x80200008
        str x20, [x3]
        ldr x0, [x2, #16]
        str w20, [x25, #8]
        bl leaf
        address x0, 0x40810000
        msr sp_el0, x0
        address x0, 0x40800000
        msr elr_el1, x0
        msr spsr_el1, xzr
        eret
back:   subs x20, x20, #1
        b.ne round
        str w20, [x25, #16]
        wfi

        .org 0x400
patched: mov w0, #0
        ret

        .org 0x500
leaf:   mov x10, #1
        mov x14, x30
        mov x10, #0
        ret

        .org 0x600
undefined:
        stp x0, x1, [sp, #-16]!
        mrs x0, esr_el1
        mrs x1, elr_el1
        lsr w0, w0, #26
        cmp w0, #0
        b.ne 1f
        add x1, x1, #4
        msr elr_el1, x1
1:      ldp x0, x1, [sp], #16
        eret

from_user:
        mrs x0, esr_el1
        lsr w0, w0, #26
        cmp w0, #0x15
        b.eq 2f
        mrs x1, elr_el1
        add x1, x1, #4
        msr elr_el1, x1
        eret
2:      adr x0, back
        msr elr_el1, x0
        mov x0, #0x345
        msr spsr_el1, x0
        eret

interrupt:
        str x0, [sp, #-16]!
        ldr w0, [x25]
        add x26, x26, #1
        ldr x0, [sp], #16
        eret

        .org 0x800
vectors:
        .org 0xa00
        b undefined
        .org 0xa80
        b interrupt
        .org 0xc00
        b from_user
        .org 0xc80
        b interrupt

        .org 0x1000
        add x22, x22, #1
        nop
        ret

        .org 0x2000
        add x23, x23, #1
        nop
        ret

        .org 0x3000
        .inst 0
        svc #1

        .org 0x4000
