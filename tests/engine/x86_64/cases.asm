; One behaviour each; case n stands at 0x10000 + n * 0x100.
bits 64
org 0x10000
%macro case 1
        align   256
        %assign here ($ - $$) / 256
        %if here != %1
        %error case numbers do not match
        %endif
case_%1:
%endmacro
%macro stop 0
        mov     edx, 0xf4
        out     dx, al
        hlt
%endmacro

case 0  ; code changed through another mapping of its page: the function returns 1, 2, 3
        mov     r14, 0x200000
        xor     ebx, ebx
.again: inc     ebx
        mov     rax, 0x40000000 + patched + 1
        mov     byte [rax], bl
        call    patched
        mov     [r14], rax
        add     r14, 8
        cmp     ebx, 3
        jne     .again
        stop
patched:
        mov     eax, 0
        ret

case 1  ; memory accesses: five that fault; the handler goes on at r15
        mov     r14, 0x300000
        lea     r15, [rel .a]
        mov     rax, [r14]                      ; not present, read
.a:     lea     r15, [rel .b]
        mov     [r14], rax                      ; not present, write
.b:     lea     r15, [rel .c]
        mov     [abs 0x1f000], rax              ; read-only
.c:     lea     r15, [rel .d]
        mov     rax, 0x40000000
        jmp     rax                             ; not executable
.d:     lea     r15, [rel .e]
        mov     rax, 0x8000000000000000
        mov     rax, [rax]                      ; not canonical: #GP
.e:     stop
case 2  ; page fault: on at r15
        add     rsp, 8
        mov     [rsp], r15
        iretq
case 3  ; sti; hlt with an interrupt waiting: the interrupt comes in the HLT
        mov     rcx, 0
        sti
        hlt
        inc     rcx
        cli
        stop
case 4  ; interrupt: remember where it came from
        push    rax
        mov     rax, [rsp + 8]
        mov     [abs 0x200000], rax
        inc     qword [abs 0x200008]
        pop     rax
        iretq
case 5  ; to user mode: three ports, the second is not allowed
        lea     rax, [rel .user]
        push    0x1b
        push    0x70000
        push    2
        push    0x23
        push    rax
        iretq
.user:  mov     edx, 0x3f8
        out     dx, al
        lea     r15, [rel .next]
        mov     edx, 0x3f9
        out     dx, al
        jmp     .wrong
.next:  mov     edx, 0x3fa
        in      al, dx
        mov     edx, 0xf4
        out     dx, al
.wrong: ud2
case 6  ; MMIO in the middle of a block
        mov     rbx, 0xf0000000
        mov     rcx, 3
.loop:  add     rsi, 1
        mov     [rbx], ecx
        add     rsi, 1
        mov     al, [rbx + 8]
        add     rsi, 1
        mov     rdi, [rbx + 16]
        add     rsi, 1
        dec     rcx
        jnz     .loop
        stop
case 7  ; count forever
        inc     rax
        jmp     $ - 3
case 8  ; two CPUs on one counter under a lock
        mov     rcx, 1000
.take:  mov     eax, 1
        xchg    eax, [abs 0x200000]
        test    eax, eax
        jz      .have
        pause
        jmp     .take
.have:  mov     rax, [abs 0x200008]
        nop
        nop
        inc     rax
        mov     [abs 0x200008], rax
        mov     dword [abs 0x200000], 0
        loop    .take
        cli
        hlt
        jmp     $
case 9  ; a data breakpoint on a write, then single steps
        mov     rax, 0x200010
        mov     dr0, rax
        mov     rax, 0x000d0001         ; DR0: 4 bytes, write
        mov     dr7, rax
        mov     dword [abs 0x200010], 1
.after: xor     eax, eax
        mov     dr7, rax
        pushfq
        or      qword [rsp], 0x100
        popfq
        nop
        nop
        pushfq
        and     qword [rsp], ~0x100
        popfq
        stop
case 10 ; #DB: count, remember the first address
        push    rax
        cmp     qword [abs 0x200020], 0
        jne     .more
        mov     rax, [rsp + 8]
        mov     [abs 0x200028], rax
        mov     rax, dr6
        mov     [abs 0x200030], rax
.more:  inc     qword [abs 0x200020]
        xor     eax, eax
        mov     dr6, rax
        pop     rax
        iretq
case 11 ; hypercall, CR8, MSRs: unknown ones fault
        vmcall
        mov     eax, 7
        mov     cr8, rax
        xor     eax, eax
        mov     rax, cr8
        mov     [abs 0x200000], rax
        mov     ecx, 0xc0000100
        mov     eax, 0x12345678
        mov     edx, 0x7f
        wrmsr
        rdmsr
        mov     [abs 0x200008], eax
        mov     [abs 0x20000c], edx
        lea     r15, [rel .a]
        mov     ecx, 0x12345
        rdmsr
.a:     lea     r15, [rel .b]
        mov     ecx, 0xc0000082
        mov     edx, 0x80000000
        wrmsr
.b:     stop
case 12 ; syscall and back
        mov     ecx, 0xc0000081
        xor     eax, eax
        mov     edx, 0x00100008
        wrmsr
        mov     ecx, 0xc0000082
        lea     rax, [rel .kernel]
        xor     edx, edx
        wrmsr
        mov     ecx, 0xc0000084
        mov     eax, 0x300
        wrmsr
        lea     rcx, [rel .user]
        mov     r11, 0x202
        o64 sysret
.user:  cmp     rsp, 0
        syscall
.back:  ud2
.kernel:
        mov     [abs 0x200000], rcx
        mov     [abs 0x200008], r11
        pushfq
        pop     qword [abs 0x200010]
        mov     ax, cs
        mov     [abs 0x200018], ax
        mov     ax, ss
        mov     [abs 0x20001a], ax
        stop
case 13 ; write three pages
        mov     byte [abs 0x200000], 1
        mov     byte [abs 0x203000], 1
        mov     rax, 0x40205000
        mov     byte [rax], 1
        stop
        align 256
