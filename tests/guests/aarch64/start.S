/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the entry of an arm64 Image (Linux's Documentation/arm64/booting.rst: EL1, MMU off, loaded anywhere) to C at the
 * address that the guest is linked for, and the vectors (Arm ARM D1.10.2), which all end in trap().
 *
 * C runs with SP_EL0 as its stack, exceptions with SP_EL1: a misaligned stack does not hinder the report of it.
 */
    .section .text.start, "ax"
    .globl image_start
image_start:
    b 1f
    .long 0
    .quad 0                             /* offset from a 2 MiB boundary */
    .quad guest_end - image_start
    .quad 0xa                           /* little-endian, 4 KiB pages, anywhere in memory */
    .quad 0, 0, 0
    .long 0x644d5241                    /* "ARM", 0x64 */
    .long 0
1:  adr x0, image_start
    ldr x1, =image_start
    ldr x2, =bss_start
    cmp x0, x1
    b.eq 3f
2:  ldp x3, x4, [x0], #16
    stp x3, x4, [x1], #16
    cmp x1, x2
    b.lo 2b
3:  ldr x1, =bss_start
    ldr x2, =guest_end
4:  stp xzr, xzr, [x1], #16
    cmp x1, x2
    b.lo 4b
    ic iallu
    dsb sy
    isb
    ldr x0, =high
    br x0
high:
    msr spsel, #1
    ldr x0, =exception_stack_top
    mov sp, x0
    msr spsel, #0
    ldr x0, =stack_top
    mov sp, x0
    ldr x0, =vectors
    msr vbar_el1, x0
    isb
    bl guest_start
5:  b 5b

    .macro vector offset
    .balign 128
    sub sp, sp, #272
    stp x0, x1, [sp]
    mov x1, #\offset
    b save
    .endm

    .balign 2048
vectors:
    .irp offset, 0x000, 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, 0x400, 0x480, 0x500, 0x580, 0x600, 0x680, 0x700, 0x780
    vector \offset
    .endr

save:
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x19, [sp, #144]
    stp x20, x21, [sp, #160]
    stp x22, x23, [sp, #176]
    stp x24, x25, [sp, #192]
    stp x26, x27, [sp, #208]
    stp x28, x29, [sp, #224]
    mrs x2, elr_el1
    stp x30, x2, [sp, #240]
    mrs x2, spsr_el1
    str x2, [sp, #256]
    mov x0, sp
    bl trap
    ldr x2, [sp, #256]
    msr spsr_el1, x2
    ldp x30, x2, [sp, #240]
    msr elr_el1, x2
    ldp x28, x29, [sp, #224]
    ldp x26, x27, [sp, #208]
    ldp x24, x25, [sp, #192]
    ldp x22, x23, [sp, #176]
    ldp x20, x21, [sp, #160]
    ldp x18, x19, [sp, #144]
    ldp x16, x17, [sp, #128]
    ldp x14, x15, [sp, #112]
    ldp x12, x13, [sp, #96]
    ldp x10, x11, [sp, #80]
    ldp x8, x9, [sp, #64]
    ldp x6, x7, [sp, #48]
    ldp x4, x5, [sp, #32]
    ldp x2, x3, [sp, #16]
    ldp x0, x1, [sp], #272
    eret

    .section .bss
    .balign 16
    .skip 16384
exception_stack_top:
    .skip 65536
stack_top:
