/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all guests begin with: the vectors, which log each exception and step over what caused it. */
#include "layout.h"

        .text

.macro case number
        .org 0x1000 + \number * 0x200
.endm

.macro stop
        hvc #1
.endm

.macro address register, value
        movz \register, #((\value) & 0xffff)
        movk \register, #(((\value) >> 16) & 0xffff), lsl #16
.endm

.macro vector offset, handler
        .org \offset
        b \handler
.endm

        vector 0x000, synchronous
        vector 0x080, interrupt
        vector 0x200, synchronous
        vector 0x280, interrupt
        vector 0x300, fast_interrupt
        vector 0x400, synchronous
        vector 0x480, interrupt
        vector 0x600, synchronous
        vector 0x680, interrupt

        .org 0x800
/*
 * Aborts and alignment faults of instruction fetch return to X30, SVC after itself, the rest after what failed.  After
 * SVC #0xfff it goes on in EL1 at X23; debug exceptions but BRK go through X27.
 */
synchronous:
        stp x0, x1, [sp, #-16]!
        mrs x0, esr_el1
        mrs x1, far_el1
        stp x0, x1, [x28], #16
        mrs x1, elr_el1
        lsr w0, w0, #26
        cmp w0, #0x20
        b.eq 1f
        cmp w0, #0x21
        b.eq 1f
        cmp w0, #0x22
        b.eq 1f
        cmp w0, #0x15
        b.eq 2f
        cmp w0, #0x11
        b.eq 2f
        cmp w0, #0x30
        b.hs 4f
        str x1, [x28], #8
        add x1, x1, #4
        b 3f
1:      str x1, [x28], #8
        mov x1, x30
        b 3f
2:      ldrh w0, [x28, #-16]
        str x1, [x28], #8
        cmp w0, #0xfff
        b.eq 5f
3:      msr elr_el1, x1
        mrs x0, spsr_el1
        str x0, [x28], #8
        bic x0, x0, #0x100000 /* IL */
        msr spsr_el1, x0
        ldp x0, x1, [sp], #16
        eret
4:      str x1, [x28], #8
        mrs x1, spsr_el1
        str x1, [x28], #8
        cmp w0, #0x3c
        b.eq 6f
        blr x27
        ldp x0, x1, [sp], #16
        eret
5:      mrs x0, spsr_el1
        str x0, [x28], #8
        msr elr_el1, x23
        mov x0, #0x3c5
        msr spsr_el1, x0
        ldp x0, x1, [sp], #16
        eret
6:      mrs x1, elr_el1
        add x1, x1, #4
        msr elr_el1, x1
        ldp x0, x1, [sp], #16
        eret

/* A device takes the line down when it is read. */
interrupt:
        stp x0, x1, [sp, #-16]!
        mrs x0, elr_el1
        stp xzr, x0, [x28], #16
        address x1, MMIO + 0x100
        ldr w0, [x1]
        add x26, x26, #1
        ldp x0, x1, [sp], #16
        eret

fast_interrupt:
        stp x0, x1, [sp, #-16]!
        address x1, MMIO + 0x108
        ldr w0, [x1]
        add x25, x25, #1
        ldp x0, x1, [sp], #16
        eret
