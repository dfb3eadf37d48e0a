; A bit of everything in a loop: calls, flags, strings, SSE, x87, stores to code, ports, MMIO, exceptions.
bits 64
org 0x10000
start:
        mov     r15, 300
        mov     r14, 0x200000
loop:
        mov     rcx, 20
        mov     rax, 1
.sum:   imul    rax, rax, 33
        adc     rax, rcx
        mov     [r14 + rcx * 8], rax
        add     rbx, [r14 + rcx * 8]
        loop    .sum
        call    function
        mov     rsi, r14
        lea     rdi, [r14 + 0x1001]
        mov     rcx, 37
        rep     movsb
        cvtsi2sd xmm0, r15
        sqrtsd  xmm1, xmm0
        addsd   xmm2, xmm1
        movsd   [r14 + 0x2000], xmm2
        fild    qword [r14]
        fsqrt
        fstp    qword [r14 + 0x2008]
        ; a store into the code that follows
        mov     byte [rel patched + 1], r15b
patched:
        mov     al, 0
        movzx   eax, al
        add     rbx, rax
        mov     edx, 0xe9
        out     dx, al
        mov     rax, [abs qword 0xf0000010]
        add     rbx, rax
        mov     [abs qword 0xf0000018], rax
        ud2
        test    r15, 7
        jnz     .no_fault
        mov     rax, [r14 + 0x40000000000]
.no_fault:
        rdtsc
        add     rbx, rax
        rdrand  rax
        add     rbx, rax
        cpuid
        push    rbx
        pushfq
        popfq
        pop     rbx
        pause
        dec     r15
        jnz     loop
        mov     [r14 + 0x3000], rbx
        mov     edx, 0xf4
        out     dx, al
        hlt

function:
        push    rbp
        mov     rbp, rsp
        sub     rsp, 64
        mov     [rbp - 8], rax
        xor     rax, [rbp - 8]
        leave
        ret

        align   256
undefined:              ; vector 6: skip ud2
        add     qword [rsp], 2
        iretq
        align   256
page_fault:             ; vector 14: make the address one that exists
        add     rsp, 8
        mov     rax, cr2
        add     rbx, rax
        add     qword [rsp], 10 - 2
        iretq
