/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the PVH entry (32-bit, paging off; Xen's "x86/HVM direct boot ABI") to 64-bit mode with a GDT, an IDT whose
 * stubs all end in trap(), and the low 4 GiB mapped one to one.
 */
#include "layout.h"

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18                      /* name size, value size, XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long start32

    .section .text.start, "ax"
    .code32
    .globl start32
start32:
    cli
    cld
    movl $stack_top, %esp
    /* PML4[0] -> PDPT; PDPT[0..3] -> four page directories of 2 MiB pages; user bits are decided in the last level. */
    movl $page_pdpt + 7, page_pml4
    movl $page_pd + 7, %eax
    movl $page_pdpt, %edi
    movl $4, %ecx
1:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $8, %edi
    loop 1b
    movl $0x83, %eax                    /* present, writable, large; supervisor */
    movl $page_pd, %edi
    movl $2048, %ecx
2:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 2b
    movl $0, page_pdpt + 16             /* 0x80000000 to 0xbfffffff is left to the tests: 32-bit code runs there */
    movl $page_pml4, %eax
    movl %eax, %cr3
    movl $0x6a0, %eax                   /* PAE, PGE, OSFXSR, OSXMMEXCPT */
    movl %eax, %cr4
    movl $0xc0000080, %ecx              /* EFER: SCE, LME, NXE */
    rdmsr
    orl $0x901, %eax
    wrmsr
    movl $0x80010033, %eax              /* PG, WP, NE, ET, MP, PE */
    movl %eax, %cr0
    lgdt gdt_pointer
    ljmp $KERNEL_CODE, $start64

    .code64
start64:
    movl $KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl $stack_top, %esp
    call guest_start
1:  hlt
    jmp 1b

/* One stub a vector, 16 bytes each; the CPU pushes an error code for some, a zero stands in for the others. */
    .balign 16
    .globl trap_stubs
trap_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21)
    .else
    pushq $0
    .endif
    pushq $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

    .balign 16
trap_common:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rbx
    pushq %rbp
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    cld
    movq %rsp, %rdi
    movq %rsp, %rbp
    andq $-16, %rsp
    call trap
    movq %rbp, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rbp
    popq %rbx
    popq %rdx
    popq %rcx
    popq %rax
    addq $16, %rsp
    iretq

    .section .data
    .balign 16
    .globl gdt
gdt:
    .quad 0
    .quad 0x00af9b000000ffff            /* 08 kernel code, 64 bit */
    .quad 0x00cf93000000ffff            /* 10 kernel data */
    .quad 0x00cffb000000ffff            /* 18 user code, 32 bit */
    .quad 0x00cff3000000ffff            /* 20 user data */
    .quad 0x00affb000000ffff            /* 28 user code, 64 bit */
    .quad 0x00cf9b000000ffff            /* 30 kernel code, 32 bit */
    .quad 0x00af13000000ffff            /* 38 data, not present */
    .quad 0x00af9f000000ffff            /* 40 kernel code, 64 bit, conforming */
    .quad 0x000093000000ffff            /* 48 data, 64 KiB in bytes */
    .quad 0x00cf91000000ffff            /* 50 data, read only */
    .quad 0, 0                          /* 58 TSS, filled in by guest_start() */
    .quad 0, 0                          /* 68 spare, for the tests */
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt
    .long 0

    .section .bss
    .balign 4096
    .globl page_pml4, page_pdpt, page_pd
page_pml4:
    .skip 4096
page_pdpt:
    .skip 4096
page_pd:
    .skip 4 * 4096
    .skip 65536
    .globl stack_top
stack_top:
