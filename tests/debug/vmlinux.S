/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The debug information of the kernel that kallsyms_sample.h tells the names of. */
        .altmacro
        .macro  name number
        .globl  name_\number
        .type   name_\number, %function
name_\number:
        .skip   0x100
        .size   name_\number, 0x100
        .endm

        .text
        .set    i, 0
        .rept   64
        name    %i
        .set    i, i + 1
        .endr
        .globl  ENTRY
        .type   ENTRY, %function
ENTRY:
        nop                             /* LINE entry */
        .balign 0x100
        .set    i, i + 1
        .rept   400
        name    %i
        .set    i, i + 1
        .endr
