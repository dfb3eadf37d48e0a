/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program to look into: the lines marked are asserted by test_symbols.c and test_unwind.c. */
struct inner {
    char kind;
    long value;
};
struct outer {
    int first;
    struct {
        short anonymous;
    };
    struct inner in;
    union {
        long number;
        char bytes[4];
    } both;
};

volatile long sink;
struct outer global = {.first = 1};

static inline __attribute__((always_inline)) void innermost(long value)
{
    sink = value + 3; /* LINE innermost */
}

static inline __attribute__((always_inline)) void middle(long value)
{
    sink = value;
    innermost(value * 5); /* LINE call of innermost */
}

__attribute__((noinline)) long leaf(long value)
{
    middle(value + 1); /* LINE call of middle */
    return sink;
}

/* A frame of its own size, so that no frame pointer helps. */
__attribute__((noinline)) long caller(long value)
{
    volatile char space[200];

    for (int i = 0; i < 200; i++) {
        space[i] = (char)value;
    }
    return leaf(value) + space[7]; /* LINE call of leaf */
}

__attribute__((noinline, noreturn)) void stop(long value)
{
    sink = value;
    for (;;) {
    }
}

/* The call may be its last instruction: the return address then belongs to the next function. */
__attribute__((noinline)) void last_call(long value)
{
    if (sink != 12345) {
        stop(caller(value)); /* LINE call of stop */
    }
}

void _start(void)
{
    global.in.value = sink;
    last_call(sink);
}
