/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program whose variables test_locals.c looks at, from where it calls look(). */
struct point {
    int x, y;
};
struct flags {
    unsigned low : 3, high : 5;
};
enum colour { RED, GREEN = 5, BLUE };

struct point origin = {.x = 7, .y = -8};
volatile long sink;

__attribute__((noinline)) long look(long value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
    return sink;
}

/* Where there is no library. */
void *memset(void *to, int byte, unsigned long length)
{
    volatile char *at = to;

    while (length-- > 0)
        *at++ = (char)byte;
    return to;
}

void *memcpy(void *to, const void *from, unsigned long length)
{
    volatile char *at = to;
    const char *source = from;

    while (length-- > 0)
        *at++ = *source++;
    return to;
}

__attribute__((noinline)) long plain(int count, const char *name, struct point *at, unsigned char byte)
{
    struct point here = {3, -4}, *nowhere = (struct point *)0xdead0000;
    enum colour colour = GREEN, strange = (enum colour)9;
    struct flags flags = {5, 17};
    int numbers[40] = {1, 2, 3}, table[2][3] = {{1, 2, 3}, {4, 5, 6}};
    char text[8] = "hi\n";
    _Bool yes = 1;
    double ratio = 0.25;
    long (*function)(long) = look;
    int *second = &numbers[1];

    {
        int inner = count * 2, shadowed = 1;
        {
            int shadowed = 2;

            sink = shadowed + inner;
            look(here.x + yes + (long)ratio);
        }
        sink = shadowed;
    }
    return numbers[2] + text[0] + (int)colour + (int)strange + (int)flags.low + table[1][1] + at->x + byte + *second +
           name[0] + (nowhere != 0) + (function != 0);
}

/* When it looks, its argument is gone: only who called it knows. */
__attribute__((noinline)) long spent(long value)
{
    look(value + 1);
    return look(1);
}

static inline __attribute__((always_inline)) long half(long whole)
{
    long result = look(whole / 2);

    return result + whole;
}

__attribute__((noinline)) long around(long given)
{
    return half(given * 2) + given;
}

void _start(void)
{
    sink = plain(21, "name", &origin, 'A');
    sink = spent(42);
    sink = around(50 + (sink & 0));
    for (;;) {
    }
}
