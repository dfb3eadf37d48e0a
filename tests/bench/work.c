// SPDX-License-Identifier: GPL-2.0-or-later
// Work for a guest's processor, one kind after the other, each between two marks that the host takes the time of.
// usage: work [KIND]...: all kinds, or those that are named
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile uint64_t sink;

static void checksum(void)
{
    static uint8_t data[1 << 16];
    uint32_t crc = ~0u;

    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + (i >> 8));
    for (unsigned round = 0; round < 1200; round++) {
        for (unsigned i = 0; i < sizeof(data); i++) {
            crc ^= data[i];
            for (int bit = 0; bit < 8; bit++)
                crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
        }
    }
    sink = crc;
}

static void chase(void)
{
    enum { COUNT = 1 << 21 };
    uint32_t *next = malloc(COUNT * sizeof(*next)), at = 0;
    uint64_t seed = 1;

    for (uint32_t i = 0; i < COUNT; i++)
        next[i] = i;
    for (uint32_t i = COUNT - 1; i > 0; i--) { /* one cycle through all (Sattolo) */
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint32_t other = (uint32_t)(seed >> 33) % i, swap = next[i];
        next[i] = next[other];
        next[other] = swap;
    }
    for (uint32_t i = 0; i < 24000000; i++)
        at = next[at];
    sink = at;
    free(next);
}

static void calls_to_kernel(void)
{
    for (int i = 0; i < 2500000; i++)
        syscall(SYS_getppid);
}

static void fork_exec(void)
{
    for (int i = 0; i < 500; i++) {
        pid_t child = fork();
        if (child == 0) {
            execl("/bin/busybox", "true", (char *)NULL);
            _exit(1);
        }
        waitpid(child, NULL, 0);
    }
}

static void floating(void)
{
    double x = 1.5, y = 0.25, sum = 0;

    for (int i = 1; i < 24000000; i++) {
        x = x * 1.0000001 + y / i;
        y = y * 0.999999 + 1.0 / (x + i);
        sum += x - y;
    }
    sink = (uint64_t)sum;
}

static __attribute__((noinline)) uint64_t fib(uint64_t n)
{
    uint64_t result = n < 2 ? n : fib(n - 1) + fib(n - 2);

    __asm__ volatile("" : "+r"(result)); /* no tail calls, no loops */
    return result;
}

static void calls(void)
{
    sink = fib(38);
}

static void copy(void)
{
    enum { SIZE = 8 << 20 };
    char *from = malloc(SIZE), *to = malloc(SIZE);

    memset(from, 1, SIZE);
    for (int i = 0; i < 300; i++) {
        memcpy(to, from, SIZE);
        from[i] = to[SIZE - 1 - i];
    }
    sink = (uint64_t)to[1];
    free(from);
    free(to);
}

static void ping_pong(void)
{
    int there[2], back[2];
    char byte = 0;

    if (pipe(there) || pipe(back))
        return;
    if (fork() == 0) {
        close(there[1]);
        while (read(there[0], &byte, 1) == 1) {
            if (write(back[1], &byte, 1) != 1)
                break;
        }
        _exit(0);
    }
    for (int i = 0; i < 60000; i++) {
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
            break;
    }
    close(there[1]);
    wait(NULL);
    close(there[0]);
    close(back[0]);
    close(back[1]);
}

static int wanted(const char *name, int count, char **names)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return 1;
    }
    return count == 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*work)(void);
    } all[] = {
        {"checksum", checksum},   {"pointer-chase", chase},     {"system-calls", calls_to_kernel},
        {"fork-exec", fork_exec}, {"floating-point", floating}, {"calls", calls},
        {"memory-copy", copy},    {"ping-pong", ping_pong},
    };

    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (!wanted(all[i].name, argc - 1, argv + 1))
            continue;
        printf("MARK %s\n", all[i].name);
        fflush(stdout);
        all[i].work();
    }
    printf("MARK end\n");
    fflush(stdout);
    return 0;
}
