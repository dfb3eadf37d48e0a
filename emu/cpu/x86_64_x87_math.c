/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elementary functions for the x87 instructions, in software arithmetic of 113 bits, so that each host gives the same
 * bits; the results are good to more than the 64 bits that the registers hold.  Plain series after a reduction of the
 * argument: these instructions are rare, and what has no tables has no wrong tables.
 */
#include "emu/cpu/x86_64_x87_math.h"

/* ln 2 and pi/2 to 113 bits. */
#define LN2 make_float128(0x3ffe62e42fefa39eull, 0xf35793c7673007e6ull)

static float_status nearest(void)
{
    return (float_status){.float_rounding_mode = float_round_nearest_even, .floatx80_rounding_precision = 80};
}

float128 x87_add(float128 a, float128 b)
{
    float_status status = nearest();

    return float128_add(a, b, &status);
}

float128 x87_sub(float128 a, float128 b)
{
    float_status status = nearest();

    return float128_sub(a, b, &status);
}

float128 x87_mul(float128 a, float128 b)
{
    float_status status = nearest();

    return float128_mul(a, b, &status);
}

float128 x87_div(float128 a, float128 b)
{
    float_status status = nearest();

    return float128_div(a, b, &status);
}

float128 x87_integer(int64_t value)
{
    float_status status = nearest();

    return int64_to_float128(value, &status);
}

float128 x87_widen(floatx80 value)
{
    float_status status = nearest();

    return floatx80_to_float128(value, &status);
}

static float128 square_root(float128 a)
{
    float_status status = nearest();

    return float128_sqrt(a, &status);
}

static float128 negate(float128 a)
{
    a.high ^= 1ull << 63;
    return a;
}

/* a * 2^exponent, for results that are far from the ends of the range. */
static float128 scale(float128 a, int exponent)
{
    if ((a.high & 0x7fffffffffffffffull) | a.low) {
        a.high += (uint64_t)(int64_t)exponent << 48;
    }
    return a;
}

/*
 * The remainder of |x| by pi/2 as the processor does it (SDM volume 1, 8.3.8): with a pi of 66 bits, but exactly.
 * *quadrant is the quotient modulo 4; the remainder is in -pi/4..pi/4.
 */
static float128 reduce(uint64_t mantissa, int exponent, unsigned *quadrant)
{
    const unsigned __int128 half_pi = (unsigned __int128)0xC90FDAA22168C234ull << 4 | 0xC; /* in units of 2^-67 */
    unsigned __int128 rest = 0;
    unsigned quotient = 0;
    int bits = exponent - 63 + 67; /* the mantissa in these units: shifted left by this */
    float128 result;
    bool negative;

    if (bits < 0) {
        *quadrant = 0;
        return scale(x87_widen(make_floatx80(0x3fff, mantissa)), exponent);
    }
    for (int i = 63 + bits; i >= 0; i--) {
        rest = rest << 1 | (i >= bits ? mantissa >> (i - bits) & 1 : 0);
        quotient <<= 1;
        if (rest >= half_pi) {
            rest -= half_pi;
            quotient |= 1;
        }
    }
    negative = rest > half_pi / 2;
    if (negative) {
        rest = half_pi - rest;
        quotient++;
    }
    result = x87_add(scale(x87_integer((int64_t)(rest >> 34)), 34 - 67),
                     scale(x87_integer((int64_t)(rest & 0x3ffffffffull)), -67));
    *quadrant = quotient & 3;
    return negative ? negate(result) : result;
}

/* 1 - z/(a(a+1)) (1 - z/((a+2)(a+3)) (...)): cosine for a = 1, sine over r for a = 2; z = r^2. */
static float128 alternating(float128 z, int first)
{
    const float128 one = x87_integer(1);
    float128 sum = one;

    for (int a = first + 32; a >= first; a -= 2) {
        sum = x87_sub(one, x87_mul(x87_div(z, x87_integer((int64_t)a * (a + 1))), sum));
    }
    return sum;
}

void x87_sin_cos(bool sign, uint64_t mantissa, int exponent, float128 *sine, float128 *cosine)
{
    unsigned quadrant;
    float128 r = reduce(mantissa, exponent, &quadrant);
    float128 z = x87_mul(r, r);
    float128 s = x87_mul(r, alternating(z, 2));
    float128 c = alternating(z, 1);
    float128 swap;

    if (quadrant & 1) {
        swap = s;
        s = c;
        c = negate(swap);
    }
    if (quadrant & 2) {
        s = negate(s);
        c = negate(c);
    }
    *sine = sign ? negate(s) : s;
    *cosine = c;
}

/* Of 0 <= a <= 1: three times the half angle, then the series. */
float128 x87_arctangent(float128 a)
{
    const float128 one = x87_integer(1);
    float128 z, sum;

    for (int i = 0; i < 3; i++) {
        a = x87_div(a, x87_add(one, square_root(x87_add(one, x87_mul(a, a)))));
    }
    z = x87_mul(a, a);
    sum = x87_integer(0);
    for (int n = 41; n >= 1; n -= 2) {
        sum = x87_sub(x87_div(one, x87_integer(n)), x87_mul(z, sum));
    }
    return scale(x87_mul(a, sum), 3);
}

/* 2 artanh(s) / ln 2 = log2((1 + s) / (1 - s)), for |s| < 0.18. */
static float128 log2_ratio(float128 s)
{
    const float128 one = x87_integer(1);
    float128 z = x87_mul(s, s);
    float128 sum = x87_integer(0);

    for (int n = 53; n >= 1; n -= 2) {
        sum = x87_add(x87_div(one, x87_integer(n)), x87_mul(z, sum));
    }
    return x87_div(scale(x87_mul(s, sum), 1), LN2);
}

float128 x87_log2(uint64_t mantissa, int exponent)
{
    const float128 one = x87_integer(1);
    float128 m = x87_widen(make_floatx80(0x3fff, mantissa)); /* 1 <= m < 2 */

    if (mantissa > 0xb504f333f9de6484ull) { /* the square root of 2 */
        m = scale(m, -1);
        exponent++;
    }
    return x87_add(x87_integer(exponent), log2_ratio(x87_div(x87_sub(m, one), x87_add(m, one))));
}

float128 x87_log2_plus_1(float128 x)
{
    return log2_ratio(x87_div(x, x87_add(x, x87_integer(2))));
}

/* 2^x - 1 for |x| <= 1. */
float128 x87_exp2_minus_1(float128 x)
{
    const float128 one = x87_integer(1);
    float128 t = x87_mul(x, LN2);
    float128 sum = one;

    for (int n = 32; n >= 2; n--) {
        sum = x87_add(one, x87_mul(x87_div(t, x87_integer(n)), sum));
    }
    return x87_mul(t, sum);
}
