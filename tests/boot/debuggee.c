/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The only program of a Linux guest, for GDB and LLDB to look at: no library, functions that do little, a system call. */

#define ROUNDS 1000000000

volatile int counter;

static long system_call(long number)
{
    long result;

#if defined(__x86_64__)
    __asm__ volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
#else
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0");
    __asm__ volatile("svc #0" : "=r"(x0) : "r"(x8) : "memory");
    result = x0;
#endif
    return result;
}

static long getppid(void)
{
#if defined(__x86_64__)
    return system_call(110);
#else
    return system_call(173);
#endif
}

__attribute__((noinline)) int square(int number)
{
    int result = number * number;

    return result;
}

__attribute__((noinline)) void work(int round)
{
    int squared = square(round);

    counter = squared + 1;
    getppid();
}

void _start(void);
void _start(void)
{
    for (int round = 7; round < ROUNDS; round++)
        work(round);
    for (;;)
        ;
}
