; SPDX-License-Identifier: GPL-2.0-or-later
; See guest.h.  RAM begins at 0.
        bits 64
        org 0x100000

%macro place 1
        times %1 - ($ - $$) db 0x90
%endmacro

start:  mov r15d, 100
        sti
        jmp round

        place 0x100
round:  mov eax, 0x1000
        mov cr3, rax
        mov eax, 0x400000
        call rax
        mov eax, 0x8000
        mov cr3, rax
        mov eax, 0x400000
        call rax
        ud2
        int 0x80
        mov [patched + 1], r15b
        call patched
        add r13, rax
        mov [0x200000], r15
        mov eax, 0x40200008
        mov [rax], r15
        mov rax, [0x200010]
        mov eax, r15d
        out 0x10, al
        mov ebx, 0xf0000000
        mov [rbx + 8], eax
        call leaf
        mov r11, rsp
        push 0x1b
        push 0x810000
        pushfq
        push 0x23
        push 0x800000
        iretq
back:   dec r15
        jnz round
        mov [rbx + 16], eax
        hlt

        place 0x400
patched: mov eax, 0
        ret

        place 0x500
leaf:   mov r10, 1
        mov r14, [rsp]
        xor r10d, r10d
        ret

        place 0x600
undefined:
        add qword [rsp], 2
        iretq

        place 0x640
service: inc rbp
        iretq

        place 0x680
from_user:
        mov rsp, r11
        sti
        jmp back

        place 0x6c0
interrupt:
        inc r12
        iretq

        place 0x1000
        inc r8
        nop
        ret

        place 0x2000
        inc r9
        nop
        ret

        place 0x3000
        ud2
        int 0x81

        place 0x4000
