/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x87 functions against the C library's long double where that is the same format, and by a checksum everywhere. */
#include "machine.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum {
    F2XM1 = 0xf0,
    FYL2X = 0xf1,
    FPTAN = 0xf2,
    FPATAN = 0xf3,
    FXTRACT = 0xf4,
    FPREM1 = 0xf5,
    FPREM = 0xf8,
    FYL2XP1 = 0xf9,
    FSQRT = 0xfa,
    FSINCOS = 0xfb,
    FSCALE = 0xfd,
    FSIN = 0xfe,
    FCOS = 0xff
};

static struct machine *machine;
static GChecksum *checksum;

#define EXTENDED (LDBL_MANT_DIG == 64)
#define LN2 0.693147180559945309417232121458176568L

static struct x86_64_fpu execute(unsigned char opcode, const void *st0, const void *st1)
{
    struct x86_64_fpu fpu = {.fcw = 0x37f, .ftw = 3, .mxcsr = 0x1f80};
    const unsigned char code[] = {0xd9, opcode, 0xe6, 0xf4};

    memcpy(fpu.st[0], st0, 10);
    memcpy(fpu.st[1], st1, 10);
    memcpy(machine->ram + CODE, code, sizeof(code));
    cpu_engine_memory_written(machine->engine, CODE, sizeof(code));
    machine_enter(machine, 0, CODE);
    x86_64_set_fpu(machine->cpu, &fpu);
    g_assert_cmpint(machine_run(machine), ==, CPU_STOP_PAUSED);
    x86_64_get_fpu(machine->cpu, &fpu);
    g_checksum_update(checksum, fpu.st[0], 10);
    g_checksum_update(checksum, fpu.st[1], 10);
    return fpu;
}

/* m * 2^e as the register has it, without help of the host's long double. */
static void encode(unsigned char out[10], double value)
{
    uint64_t bits, mantissa;
    uint16_t head;

    memcpy(&bits, &value, 8);
    mantissa = (bits << 11 & 0x7fffffffffffffff) | (value == 0 ? 0 : 1ull << 63);
    head = (uint16_t)(bits >> 48 & 0x8000);
    if (value != 0) {
        head |= (uint16_t)((bits >> 52 & 0x7ff) - 1023 + 16383);
    }
    memcpy(out, &mantissa, 8);
    memcpy(out + 8, &head, 2);
}

static struct x86_64_fpu calculate(unsigned char opcode, double st0, double st1)
{
    unsigned char a[10], b[10];

    encode(a, st0);
    encode(b, st1);
    return execute(opcode, a, b);
}

static long double decode(const uint8_t *st)
{
    uint64_t mantissa;
    uint16_t head;

    memcpy(&mantissa, st, 8);
    memcpy(&head, st + 8, 2);
    return (head & 0x8000 ? -1 : 1) * ldexpl((long double)mantissa, (head & 0x7fff) - 16383 - 63);
}

static void near(const uint8_t *st, long double expected, const char *what, double x, double y)
{
    /* The processor's pi has 66 bits, which shows near multiples of pi/2; expm1l() is fed a rounded product. */
    long double got = decode(st), tolerance = fabsl(expected) * LDBL_EPSILON * 3 + 3e-21L * (1 + expected * expected);

    if (EXTENDED && !(fabsl(got - expected) <= tolerance)) {
        g_test_message("%s(%.17g, %.17g) = %.21Lg, expected %.21Lg", what, x, y, got, expected);
        g_test_fail();
    }
}

static double sample(unsigned i, double scale)
{
    static uint64_t seed = 12345;

    if (i == 0) {
        seed = 12345;
    }
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return ((double)(seed >> 11) / 9007199254740992.0 * 2 - 1) * scale;
}

static void functions(void)
{
    for (unsigned i = 0; i < 400; i++) {
        double x = sample(i, i % 3 == 0 ? 0.7 : 3.0), y = sample(1, 100), u = sample(1, 1), p = sample(1, 0.29);
        struct x86_64_fpu fpu;

        near(calculate(FSIN, x, 0).st[0], sinl(x), "fsin", x, 0);
        near(calculate(FCOS, x, 0).st[0], cosl(x), "fcos", x, 0);
        fpu = calculate(FSINCOS, x, 0);
        near(fpu.st[0], cosl(x), "fsincos", x, 0);
        near(fpu.st[1], sinl(x), "fsincos", x, 0);
        near(calculate(FPTAN, x, 0).st[1], tanl(x), "fptan", x, 0);
        near(calculate(FPATAN, x, y).st[0], atan2l(y, x), "fpatan", x, y);
        near(calculate(F2XM1, u, 0).st[0], expm1l(u * LN2), "f2xm1", u, 0);
        near(calculate(FYL2X, fabs(y), 1).st[0], log2l(fabs(y)), "fyl2x", y, 1);
        near(calculate(FYL2XP1, p, 1).st[0], log1pl(p) / LN2, "fyl2xp1", p, 1);
    }
}

static void remainders(void)
{
    for (unsigned i = 0; i < 400; i++) {
        double x = sample(i, 1e12), y = sample(1, i % 2 ? 3.0 : 1e9);
        struct x86_64_fpu fpu = calculate(FPREM, x, y);

        g_assert_cmpuint(fpu.fsw & 0x400, ==, 0);
        g_assert_true(decode(fpu.st[0]) == fmodl(x, y));
        fpu = calculate(FPREM1, x, y);
        g_assert_true(decode(fpu.st[0]) == remainderl(x, y));
    }
    g_assert_cmphex(calculate(FPREM, 1e300, 3).fsw & 0x400, ==, 0x400);
    g_assert_true(decode(calculate(FPREM, 7, 2).st[0]) == 1);
    g_assert_cmphex(calculate(FPREM, 7, 2).fsw & 0x4700, ==, 0x4200); /* quotient 3 */
}

static void special_cases(void)
{
    static const unsigned char indefinite[10] = {0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff};
    static const unsigned char infinity[10] = {0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x7f};
    static const unsigned char one[10] = {0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f};
    struct x86_64_fpu fpu = execute(FSIN, infinity, one);

    g_assert_cmpmem(fpu.st[0], 10, indefinite, 10);
    g_assert_cmphex(fpu.fsw & 1, ==, 1);
    fpu = calculate(FSIN, 1e19, 0);
    g_assert_cmphex(fpu.fsw & 0x400, ==, 0x400); /* out of range: unchanged */
    g_assert_true(decode(fpu.st[0]) == 1e19L);
    g_assert_true(decode(calculate(FYL2X, 1024, 3).st[0]) == 30);
    g_assert_true(decode(calculate(F2XM1, 1, 0).st[0]) == 1);
    g_assert_true(decode(calculate(F2XM1, -1, 0).st[0]) == -0.5);
    fpu = calculate(FYL2X, -1, 1);
    g_assert_cmpmem(fpu.st[0], 10, indefinite, 10);
    g_assert_cmphex(calculate(FYL2X, 0, 1).fsw & 4, ==, 4);
    fpu = calculate(FXTRACT, 12, 0);
    g_assert_true(decode(fpu.st[0]) == 1.5L);
    g_assert_true(decode(fpu.st[1]) == 3);
    g_assert_true(decode(calculate(FSCALE, 3, 4).st[0]) == 48);
    g_assert_cmphex(calculate(FSQRT, 2, 0).fsw & 0x20, ==, 0x20); /* inexact */
    g_assert_cmphex(calculate(FSQRT, 4, 0).fsw & 0x20, ==, 0);
}

/* The same on every host: what all the above has given. */
static void same_bits(void)
{
    g_test_message("checksum %s", g_checksum_get_string(checksum));
    g_assert_cmpstr(g_checksum_get_string(checksum), ==, "31306169cb8e30e70e9e289aa025647e");
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    machine = machine_new(NULL, 1);
    checksum = g_checksum_new(G_CHECKSUM_MD5);
    g_test_add_func("/engine/x87/functions", functions);
    g_test_add_func("/engine/x87/remainders", remainders);
    g_test_add_func("/engine/x87/special-cases", special_cases);
    g_test_add_func("/engine/x87/the-same-bits", same_bits);
    status = g_test_run();
    g_checksum_free(checksum);
    machine_free(machine);
    return status;
}
