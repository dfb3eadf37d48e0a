/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x87 instructions that QEMU of old gave to the host's C library: SDM volume 1, chapter 8; volume 2. */
#include "emu/cpu/x86_64_internal.h"
#include "emu/cpu/x86_64_x87_math.h"

#define STATUS_INVALID 0x01
#define STATUS_ZERO_DIVIDE 0x04
#define STATUS_INEXACT 0x20
#define STATUS_C0 0x0100
#define STATUS_C1 0x0200
#define STATUS_C2 0x0400
#define STATUS_C3 0x4000
#define STATUS_SUMMARY 0x8080 /* ES and B */

#define PI make_float128(0x4000921fb54442d1ull, 0x8469898cc51701b8ull)
#define INDEFINITE make_floatx80(0xffff, 0xc000000000000000ull)

static floatx80 *st(CPUX86State *env, unsigned index)
{
    return &env->fpregs[(env->fpstt + index) & 7].d;
}

static void push(CPUX86State *env, floatx80 value)
{
    env->fpstt = (env->fpstt - 1) & 7;
    env->fptags[env->fpstt] = 0;
    *st(env, 0) = value;
}

static void pop(CPUX86State *env)
{
    env->fptags[env->fpstt] = 1;
    env->fpstt = (env->fpstt + 1) & 7;
}

static void raise_status(CPUX86State *env, unsigned flags)
{
    env->fpus |= flags;
    if (env->fpus & ~env->fpuc & 0x3f) {
        env->fpus |= STATUS_SUMMARY;
    }
}

static bool sign_of(floatx80 value)
{
    return value.high >> 15;
}

/* value = +-(mantissa / 2^63) * 2^exponent with the mantissa's top bit set; not for zero, infinity and NaN. */
static int unpack(floatx80 value, uint64_t *mantissa)
{
    int exponent = (value.high & 0x7fff) - 16383;
    int shift = __builtin_clzll(value.low);

    if ((value.high & 0x7fff) == 0) {
        exponent++; /* denormal */
    }
    *mantissa = value.low << shift;
    return exponent - shift;
}

static floatx80 with_sign(floatx80 value, bool sign)
{
    value.high = (value.high & 0x7fff) | (sign ? 0x8000 : 0);
    return value;
}

static floatx80 round_result(CPUX86State *env, float128 value)
{
    float_status status = {.float_rounding_mode = env->fp_status.float_rounding_mode,
                           .floatx80_rounding_precision = 80};
    floatx80 result = float128_to_floatx80(value, &status);

    if (status.float_exception_flags & float_flag_inexact) {
        raise_status(env, STATUS_INEXACT);
    }
    return result;
}

/* A NaN operand is the result; a combination that has none is "indefinite". */
static bool is_special(CPUX86State *env, floatx80 a, floatx80 b, floatx80 *result)
{
    if (floatx80_invalid_encoding(a) || floatx80_invalid_encoding(b)) {
        raise_status(env, STATUS_INVALID);
        *result = INDEFINITE;
        return true;
    }
    if (floatx80_is_any_nan(a) || floatx80_is_any_nan(b)) {
        float_status status = {0};

        *result = floatx80_add(a, b, &status); /* quiets and chooses */
        if (status.float_exception_flags & float_flag_invalid) {
            raise_status(env, STATUS_INVALID);
        }
        return true;
    }
    return false;
}

static floatx80 indefinite(CPUX86State *env)
{
    raise_status(env, STATUS_INVALID);
    return INDEFINITE;
}

/* False: the operand is out of range, or the result is already there; C2 tells which. */
static bool trigonometric(CPUX86State *env, float128 *sine, float128 *cosine)
{
    floatx80 x = *st(env, 0), special;
    uint64_t mantissa;
    int exponent;

    env->fpus &= ~(STATUS_C2 | STATUS_C1);
    if (is_special(env, x, x, &special)) {
        *st(env, 0) = special;
        return false;
    }
    if (floatx80_is_infinity(x)) {
        *st(env, 0) = indefinite(env);
        return false;
    }
    if (floatx80_is_zero(x)) {
        *sine = x87_widen(x);
        *cosine = x87_integer(1);
        return true;
    }
    exponent = unpack(x, &mantissa);
    if (exponent >= 63) {
        env->fpus |= STATUS_C2;
        return false;
    }
    if (exponent < -64) { /* the next term is below the last bit, and the mantissa may be a denormal's */
        *sine = x87_widen(x);
        *cosine = x87_integer(1);
        raise_status(env, STATUS_INEXACT);
        return true;
    }
    x87_sin_cos(sign_of(x), mantissa, exponent, sine, cosine);
    return true;
}

static void fsin(CPUX86State *env)
{
    float128 sine, cosine;

    if (trigonometric(env, &sine, &cosine)) {
        *st(env, 0) = round_result(env, sine);
    }
}

static void fcos(CPUX86State *env)
{
    float128 sine, cosine;

    if (trigonometric(env, &sine, &cosine)) {
        *st(env, 0) = round_result(env, cosine);
    }
}

static void fsincos(CPUX86State *env)
{
    float128 sine, cosine;

    if (trigonometric(env, &sine, &cosine)) {
        *st(env, 0) = round_result(env, sine);
        push(env, round_result(env, cosine));
    } else if (!(env->fpus & STATUS_C2)) {
        push(env, *st(env, 0));
    }
}

static void fptan(CPUX86State *env)
{
    float128 sine, cosine;

    if (trigonometric(env, &sine, &cosine)) {
        *st(env, 0) = round_result(env, x87_div(sine, cosine));
        push(env, floatx80_one);
    } else if (!(env->fpus & STATUS_C2)) {
        push(env, *st(env, 0));
    }
}

/* The angle of (x, y), both positive and neither special; SDM volume 2, table "FPATAN results". */
static float128 angle(floatx80 x, floatx80 y)
{
    float128 wide_x = x87_widen(with_sign(x, false));
    float128 wide_y = x87_widen(with_sign(y, false));
    float_status status = {0};

    if (float128_lt_quiet(wide_x, wide_y, &status)) {
        float128 half_pi = PI;

        half_pi.high -= 1ull << 48;
        return x87_sub(half_pi, x87_arctangent(x87_div(wide_x, wide_y)));
    }
    return x87_arctangent(x87_div(wide_y, wide_x));
}

static floatx80 arctangent(CPUX86State *env, floatx80 y, floatx80 x)
{
    bool left = sign_of(x);
    float128 half_pi = PI, result;

    half_pi.high -= 1ull << 48;
    if (floatx80_is_infinity(y)) {
        result = half_pi;
        if (floatx80_is_infinity(x)) {
            result.high -= 1ull << 48;
            result = left ? x87_sub(PI, result) : result;
        }
    } else if (floatx80_is_zero(y) || floatx80_is_infinity(x)) {
        if (!left) {
            return with_sign(floatx80_zero, sign_of(y));
        }
        result = PI;
    } else if (floatx80_is_zero(x)) {
        result = half_pi;
    } else {
        result = angle(x, y);
        result = left ? x87_sub(PI, result) : result;
    }
    if (sign_of(y)) {
        result.high ^= 1ull << 63;
    }
    return round_result(env, result);
}

static void fpatan(CPUX86State *env)
{
    floatx80 x = *st(env, 0), y = *st(env, 1), result;

    env->fpus &= ~STATUS_C1;
    if (!is_special(env, x, y, &result)) {
        result = arctangent(env, y, x);
    }
    *st(env, 1) = result;
    pop(env);
}

static void f2xm1(CPUX86State *env)
{
    floatx80 x = *st(env, 0), special;
    uint64_t mantissa;

    env->fpus &= ~STATUS_C1;
    if (is_special(env, x, x, &special)) {
        *st(env, 0) = special;
    } else if (floatx80_is_infinity(x)) {
        *st(env, 0) = sign_of(x) ? with_sign(floatx80_one, true) : x;
    } else if (!floatx80_is_zero(x) && unpack(x, &mantissa) <= 0) {
        /* Above 1 the result is undefined; the operand is as good as any. */
        *st(env, 0) = round_result(env, x87_exp2_minus_1(x87_widen(x)));
    }
}

static floatx80 times_log(CPUX86State *env, floatx80 y, float128 log)
{
    bool log_is_zero = ((log.high & 0x7fffffffffffffffull) | log.low) == 0;

    if (floatx80_is_infinity(y)) {
        return log_is_zero ? indefinite(env) : with_sign(y, sign_of(y) ^ (log.high >> 63));
    }
    return round_result(env, x87_mul(x87_widen(y), log));
}

static floatx80 y_log2_x(CPUX86State *env, floatx80 y, floatx80 x)
{
    uint64_t mantissa;
    int exponent;

    if (floatx80_is_zero(x)) {
        if (floatx80_is_zero(y)) {
            return indefinite(env);
        }
        if (!floatx80_is_infinity(y)) {
            raise_status(env, STATUS_ZERO_DIVIDE);
        }
        return with_sign(floatx80_infinity, !sign_of(y));
    }
    if (sign_of(x)) {
        return indefinite(env);
    }
    if (floatx80_is_infinity(x)) {
        return floatx80_is_zero(y) ? indefinite(env) : with_sign(x, sign_of(y));
    }
    exponent = unpack(x, &mantissa);
    return times_log(env, y, x87_log2(mantissa, exponent));
}

static void fyl2x(CPUX86State *env)
{
    floatx80 x = *st(env, 0), y = *st(env, 1), result;

    env->fpus &= ~STATUS_C1;
    if (!is_special(env, x, y, &result)) {
        result = y_log2_x(env, y, x);
    }
    *st(env, 1) = result;
    pop(env);
}

static void fyl2xp1(CPUX86State *env)
{
    floatx80 x = *st(env, 0), y = *st(env, 1), result;
    uint64_t mantissa;

    env->fpus &= ~STATUS_C1;
    if (is_special(env, x, y, &result)) {
        ;
    } else if (floatx80_is_zero(x)) {
        result = floatx80_is_infinity(y) ? indefinite(env) : with_sign(floatx80_zero, sign_of(x) ^ sign_of(y));
    } else if (floatx80_is_infinity(x)) {
        result = sign_of(x) || floatx80_is_zero(y) ? indefinite(env) : with_sign(x, sign_of(y));
    } else if (unpack(x, &mantissa) <= -2) {
        result = times_log(env, y, x87_log2_plus_1(x87_widen(x)));
    } else {
        /* Outside the range of the instruction, or near its ends: the sum loses nothing that matters. */
        float_status status = {.floatx80_rounding_precision = 80};

        result = y_log2_x(env, y, floatx80_add(x, floatx80_one, &status));
    }
    *st(env, 1) = result;
    pop(env);
}

static void set_quotient_bits(CPUX86State *env, unsigned quotient)
{
    env->fpus |= (quotient & 4 ? STATUS_C0 : 0) | (quotient & 2 ? STATUS_C3 : 0) | (quotient & 1 ? STATUS_C1 : 0);
}

/* The remainder, exactly: FPREM rounds the quotient towards zero, FPREM1 to the nearest. */
static floatx80 remainder_of(CPUX86State *env, floatx80 x, floatx80 y, bool to_nearest)
{
    uint64_t mantissa_x, mantissa_y, quotient = 0;
    int exponent_x = unpack(x, &mantissa_x), exponent_y = unpack(y, &mantissa_y);
    int difference = exponent_x - exponent_y;
    int steps = difference < 64 ? difference : 32 + difference % 32;
    unsigned __int128 rest = mantissa_x;
    float_status status = {.floatx80_rounding_precision = 80};
    bool negative = sign_of(x);
    int exponent = exponent_y;

    if (difference < -1 || (difference < 0 && !to_nearest)) {
        return x;
    }
    if (difference < 0) { /* -1: y's half may be smaller than x */
        if ((unsigned __int128)mantissa_x <= mantissa_y) {
            return x;
        }
        rest = ((unsigned __int128)mantissa_y << 1) - mantissa_x;
        set_quotient_bits(env, 1);
        return normalizeRoundAndPackFloatx80(80, !negative, exponent_x + 16383, (uint64_t)(rest >> 64 ? 0 : rest), 0,
                                             &status);
    }
    for (int i = 0; i <= steps; i++) {
        if (i > 0) {
            rest <<= 1;
        }
        quotient <<= 1;
        if (rest >= mantissa_y) {
            rest -= mantissa_y;
            quotient |= 1;
        }
    }
    if (difference >= 64) {
        env->fpus |= STATUS_C2; /* not done: once more */
        exponent = exponent_y + (difference - steps);
    } else {
        if (to_nearest && (rest << 1 > mantissa_y || (rest << 1 == mantissa_y && (quotient & 1)))) {
            rest = mantissa_y - rest;
            quotient++;
            negative = !negative;
        }
        set_quotient_bits(env, (unsigned)quotient);
    }
    if (rest == 0) {
        return with_sign(floatx80_zero, sign_of(x));
    }
    return normalizeRoundAndPackFloatx80(80, negative, exponent + 16383, (uint64_t)rest, 0, &status);
}

static void fprem(CPUX86State *env, bool to_nearest)
{
    floatx80 x = *st(env, 0), y = *st(env, 1), result;

    env->fpus &= ~(STATUS_C0 | STATUS_C1 | STATUS_C2 | STATUS_C3);
    if (is_special(env, x, y, &result)) {
        ;
    } else if (floatx80_is_infinity(x) || floatx80_is_zero(y)) {
        result = indefinite(env);
    } else if (floatx80_is_zero(x) || floatx80_is_infinity(y)) {
        result = x;
    } else {
        result = remainder_of(env, x, y, to_nearest);
    }
    *st(env, 0) = result;
}

static void fscale(CPUX86State *env)
{
    floatx80 x = *st(env, 0), y = *st(env, 1), result;

    env->fpus &= ~STATUS_C1;
    if (is_special(env, x, y, &result)) {
        ;
    } else if (floatx80_is_infinity(y)) {
        if (sign_of(y)) {
            result = floatx80_is_infinity(x) ? indefinite(env) : with_sign(floatx80_zero, sign_of(x));
        } else {
            result = floatx80_is_zero(x) ? indefinite(env) : with_sign(floatx80_infinity, sign_of(x));
        }
    } else {
        float_status quiet = {0};

        result = floatx80_scalbn(x, floatx80_to_int32_round_to_zero(y, &quiet), &env->fp_status);
    }
    *st(env, 0) = result;
}

static void fxtract(CPUX86State *env)
{
    floatx80 x = *st(env, 0), special;
    float_status status = {.floatx80_rounding_precision = 80};
    uint64_t mantissa;
    int exponent;

    env->fpus &= ~STATUS_C1;
    if (is_special(env, x, x, &special)) {
        *st(env, 0) = special;
        push(env, special);
    } else if (floatx80_is_zero(x)) {
        raise_status(env, STATUS_ZERO_DIVIDE);
        *st(env, 0) = with_sign(floatx80_infinity, true);
        push(env, x);
    } else if (floatx80_is_infinity(x)) {
        *st(env, 0) = with_sign(x, false);
        push(env, x);
    } else {
        exponent = unpack(x, &mantissa);
        *st(env, 0) = int32_to_floatx80(exponent, &status);
        push(env, make_floatx80(0x3fff | (sign_of(x) ? 0x8000 : 0), mantissa));
    }
}

void x86_64_x87(void *opaque, enum uc_sys_x87 instruction)
{
    CPUX86State *env = opaque;

    switch (instruction) {
    case UC_SYS_F2XM1:
        f2xm1(env);
        break;
    case UC_SYS_FYL2X:
        fyl2x(env);
        break;
    case UC_SYS_FYL2XP1:
        fyl2xp1(env);
        break;
    case UC_SYS_FPTAN:
        fptan(env);
        break;
    case UC_SYS_FPATAN:
        fpatan(env);
        break;
    case UC_SYS_FXTRACT:
        fxtract(env);
        break;
    case UC_SYS_FPREM:
        fprem(env, false);
        break;
    case UC_SYS_FPREM1:
        fprem(env, true);
        break;
    case UC_SYS_FSINCOS:
        fsincos(env);
        break;
    case UC_SYS_FSIN:
        fsin(env);
        break;
    case UC_SYS_FCOS:
        fcos(env);
        break;
    case UC_SYS_FSCALE:
        fscale(env);
        break;
    }
}
