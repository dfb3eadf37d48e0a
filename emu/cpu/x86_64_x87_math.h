/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GALVANIC_EMU_CPU_X86_64_X87_MATH_H
#define GALVANIC_EMU_CPU_X86_64_X87_MATH_H

#include "emu/cpu/target.h"

#include <fpu/softfloat.h>

float128 x87_add(float128 a, float128 b);
float128 x87_sub(float128 a, float128 b);
float128 x87_mul(float128 a, float128 b);
float128 x87_div(float128 a, float128 b);
float128 x87_integer(int64_t value);
float128 x87_widen(floatx80 value);

/* Of x = +-(mantissa / 2^63) * 2^exponent, |x| < 2^63. */
void x87_sin_cos(bool sign, uint64_t mantissa, int exponent, float128 *sine, float128 *cosine);
float128 x87_arctangent(float128 a);
float128 x87_log2(uint64_t mantissa, int exponent);
/* log2(1 + x) for -0.3 < x < 0.42. */
float128 x87_log2_plus_1(float128 x);
float128 x87_exp2_minus_1(float128 x);

#endif
