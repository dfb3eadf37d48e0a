/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x87 and SSE: exact results, rounding, exceptions, denormals, and the images of FXSAVE and FNSAVE.  Intel SDM volume 1, 8 to 11. */
#include "guest.h"

/* Named by assembly. */
uint8_t image[512] __attribute__((aligned(64)));
uint8_t second[512] __attribute__((aligned(64)));

static void dump(const char *name, const uint8_t *bytes, unsigned length)
{
    put(name);
    put(":");
    for (unsigned i = 0; i < length; i++) {
        put(i % 16 || length <= 16 ? " " : "\n  ");
        put((const char[]){"0123456789abcdef"[bytes[i] >> 4], "0123456789abcdef"[bytes[i] & 15], 0});
    }
    put("\n");
}

static void say_extended(const char *name)
{
    uint8_t value[10];
    __asm__ volatile("fstpt %0" : "=m"(value));
    put(name);
    put(": ");
    for (int i = 9; i >= 0; i--)
        put((const char[]){"0123456789abcdef"[value[i] >> 4], "0123456789abcdef"[value[i] & 15], 0});
    uint16_t status;
    __asm__ volatile("fnstsw %0\n\tfnclex" : "=m"(status));
    put(" status ");
    put_hex(status & 0x7f);
    put("\n");
}

static uint64_t bits(double value)
{
    uint64_t result;
    __builtin_memcpy(&result, &value, 8);
    return result;
}

static void x87(void)
{
    put("-- x87\n");
    __asm__ volatile("fninit");
    __asm__ volatile("fld1\n\tfldpi\n\tfdivrp");
    say_extended("1 / pi");
    __asm__ volatile("fldl2t");
    say_extended("log2 10");
    __asm__ volatile("fldpi\n\tfsqrt");
    say_extended("square root of pi");
    __asm__ volatile("fld1\n\tfldz\n\tfdivrp");
    say_extended("1 / 0");
    __asm__ volatile("fldz\n\tfldz\n\tfdivrp");
    say_extended("0 / 0");
    __asm__ volatile("fld1\n\tfchs\n\tfsqrt");
    say_extended("square root of -1");
    __asm__ volatile("fldpi\n\tfrndint");
    say_extended("pi, rounded");
    static const uint16_t up = 0x0b7f;
    __asm__ volatile("fldcw %0\n\tfldpi\n\tfrndint" : : "m"(up));
    say_extended("pi, rounded up");
    static const uint16_t single = 0x007f;
    __asm__ volatile("fldcw %0\n\tfld1\n\tfldpi\n\tfdivrp" : : "m"(single));
    say_extended("1 / pi in single precision");
    static const uint16_t normal = 0x037f;
    __asm__ volatile("fldcw %0" : : "m"(normal));
    __asm__ volatile("fldpi\n\tfldl2e\n\tfprem\n\tfstp %st(1)");
    say_extended("remainder of log2 e by pi");
    __asm__ volatile("fldpi\n\tfxtract\n\tfstp %st(1)");
    say_extended("exponent of pi");
    __asm__ volatile("fld1\n\tfldpi\n\tfscale\n\tfstp %st(1)");
    say_extended("pi scaled by 2");
    static const int64_t big = 0x7fffffffffffffff;
    __asm__ volatile("fildll %0" : : "m"(big));
    say_extended("the largest integer");
    static const uint8_t decimal[10] = {0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0, 0, 0x80};
    __asm__ volatile("fbld %0" : : "m"(decimal));
    say_extended("-12345678 from decimal");
    int32_t integer;
    __asm__ volatile("fldpi\n\tfistpl %0" : "=m"(integer));
    say("pi as an integer", (uint64_t)(int64_t)integer);
    __asm__ volatile("fldl2t\n\tfistps %0\n\tfnclex" : "=m"(integer));
    uint16_t status;
    __asm__ volatile("fld1\n\tfldpi\n\tfcompp\n\tfnstsw %0" : "=m"(status));
    say("pi compared with 1", status & 0x4700);
    __asm__ volatile("fldz\n\tfxam\n\tfnstsw %0\n\tfstp %%st(0)" : "=m"(status));
    say("fxam of 0", status & 0x4700);
    __asm__ volatile("fxam\n\tfnstsw %0" : "=m"(status));
    say("fxam of an empty register", status & 0x4500);
}

/* Functions by series: the result must not depend on the host; rounded to double, where every library agrees. */
static void functions(void)
{
    double value, half = 0.5;
    put("-- functions, rounded to double\n");
    __asm__ volatile("fldl %1\n\tfsin\n\tfstpl %0" : "=m"(value) : "m"(half));
    say("sine of 1/2", bits(value));
    __asm__ volatile("fldl %1\n\tfcos\n\tfstpl %0" : "=m"(value) : "m"(half));
    say("cosine of 1/2", bits(value));
    __asm__ volatile("fldl %1\n\tfptan\n\tfstp %%st(0)\n\tfstpl %0" : "=m"(value) : "m"(half));
    say("tangent of 1/2", bits(value));
    __asm__ volatile("fldl %1\n\tfld1\n\tfpatan\n\tfstpl %0" : "=m"(value) : "m"(half));
    say("arc tangent of 1/2 over 1", bits(value));
    __asm__ volatile("fldl %1\n\tf2xm1\n\tfstpl %0" : "=m"(value) : "m"(half));
    say("2 to the 1/2 less 1", bits(value));
    __asm__ volatile("fld1\n\tfldpi\n\tfyl2x\n\tfstpl %0" : "=m"(value));
    say("log2 of pi", bits(value));
    __asm__ volatile("fld1\n\tfldl %1\n\tfmull %1\n\tfmull %1\n\tfyl2xp1\n\tfstpl %0" : "=m"(value) : "m"(half));
    say("log2 of 1 1/8", bits(value));
}

static void x87_exceptions(void)
{
    static const uint16_t unmask_zero = 0x037b, unmask_invalid = 0x037e;
    put("-- x87 exceptions\n");
    __asm__ volatile("fninit\n\tfldcw %0" : : "m"(unmask_zero));
    PROBE("fld1\n\tfldz\n\tfdivrp\n\tnop\n\tnop\n\tfwait");
    report("division by zero, seen at the wait");
    __asm__ volatile("fninit\n\tfldcw %0" : : "m"(unmask_zero));
    PROBE("fld1\n\tfldz\n\tfdivrp\n\tfnclex\n\tfld1");
    report("cleared in time");
    __asm__ volatile("fninit\n\tfldcw %0" : : "m"(unmask_invalid));
    PROBE("fld1\n\tfchs\n\tfsqrt\n\tfwait");
    report("invalid operation");
    __asm__ volatile("fnclex\n\tfninit");
    set_cr0(cr0() | 8);
    PROBE("fld1");
    report("CR0.TS and x87");
    PROBE("fwait");
    report("CR0.TS, MP and WAIT");
    PROBE("movaps %%xmm0, %%xmm1");
    report("CR0.TS and SSE");
    __asm__ volatile("clts");
    set_cr0(cr0() | 4);
    PROBE("fld1");
    report("CR0.EM and x87");
    PROBE("movaps %%xmm0, %%xmm1");
    report("CR0.EM and SSE");
    set_cr0(cr0() & ~4ULL);
    set_cr4(cr4() & ~0x200ULL);
    PROBE("movaps %%xmm0, %%xmm1");
    report("SSE with CR4.OSFXSR = 0");
    set_cr4(cr4() | 0x200);
    __asm__ volatile("fninit");
}

static uint32_t mxcsr_read(void)
{
    uint32_t value;
    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value;
}

static void mxcsr_write(uint32_t value)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(value));
}

static uint64_t operate(char operation, uint64_t a, uint64_t b)
{
    __asm__ volatile("movq %0, %%xmm0\n\tmovq %1, %%xmm1" : : "r"(a), "r"(b));
    if (operation == '+')
        __asm__ volatile("addsd %xmm1, %xmm0");
    else if (operation == '*')
        __asm__ volatile("mulsd %xmm1, %xmm0");
    else if (operation == '/')
        __asm__ volatile("divsd %xmm1, %xmm0");
    else
        __asm__ volatile("sqrtsd %xmm1, %xmm0");
    __asm__ volatile("movq %%xmm0, %0" : "=r"(a));
    return a;
}

static void sse_case(const char *name, char operation, uint64_t a, uint64_t b, uint32_t control)
{
    mxcsr_write(control);
    put(name);
    put(": ");
    put_hex(operate(operation, a, b));
    put(" flags ");
    put_hex(mxcsr_read() & 0x3f);
    put("\n");
    mxcsr_write(0x1f80);
}

#define ONE 0x3ff0000000000000
#define THREE 0x4008000000000000
#define HUGE 0x7fefffffffffffff
#define SMALL 0x0010000000000000
#define DENORMAL 0x000fffffffffffff
#define SIGNALLING 0x7ff0000000000001
#define INFINITE 0x7ff0000000000000

static void sse(void)
{
    put("-- SSE\n");
    sse_case("1/3, nearest", '/', ONE, THREE, 0x1f80);
    sse_case("1/3, down", '/', ONE, THREE, 0x3f80);
    sse_case("1/3, up", '/', ONE, THREE, 0x5f80);
    sse_case("1/3, to zero", '/', ONE, THREE, 0x7f80);
    sse_case("overflow", '*', HUGE, HUGE, 0x1f80);
    sse_case("overflow, down", '*', HUGE, HUGE, 0x3f80);
    sse_case("underflow", '*', SMALL, 0x3fd5555555555555, 0x1f80);
    sse_case("underflow, flush to zero", '*', SMALL, 0x3fd5555555555555, 0x9f80);
    sse_case("denormals are zeros, small product", '*', SMALL, DENORMAL, 0x9fc0);
    sse_case("denormals are zeros", '+', DENORMAL, DENORMAL, 0x1fc0);
    sse_case("division by zero", '/', ONE, 0, 0x1f80);
    sse_case("0/0", '/', 0, 0, 0x1f80);
    sse_case("signalling NaN", '+', SIGNALLING, ONE, 0x1f80);
    sse_case("infinity less infinity", '+', INFINITE, INFINITE | 1ULL << 63, 0x1f80);
    sse_case("square root of -1", 's', 0, 0xbff0000000000000, 0x1f80);
    sse_case("square root of 2", 's', 0, 0x4000000000000000, 0x1f80);
    uint64_t integer;
    __asm__ volatile("movq %1, %%xmm0\n\tcvtsd2siq %%xmm0, %0" : "=r"(integer) : "r"(0x43f0000000000000));
    say("2^64 as an integer", integer);
    say("  flags", mxcsr_read() & 0x3f);
    mxcsr_write(0x1f80);
    __asm__ volatile("movq %1, %%xmm0\n\tcvtsd2siq %%xmm0, %0" : "=r"(integer) : "r"(0xc004000000000000));
    say("-2.5 as an integer", integer);
    __asm__ volatile("movq %1, %%xmm0\n\tcvttsd2siq %%xmm0, %0" : "=r"(integer) : "r"(0xc00c000000000000));
    say("-3.5 cut", integer);
    uint64_t flags;
    __asm__ volatile("movq %1, %%xmm0\n\tucomisd %%xmm0, %%xmm0\n\tpushfq\n\tpopq %0"
                     : "=r"(flags)
                     : "r"(0x7ff8000000000000)
                     : "cc");
    say("NaN compared with itself", flags & 0x8d5);
    PROBE("movaps (%0), %%xmm0", "r"(image + 1));
    report("movaps, not aligned");
    PROBE("movups (%0), %%xmm0", "r"(image + 1));
    report("movups, not aligned");
    PROBE("addps (%0), %%xmm0", "r"(image + 4));
    report("addps of memory, not aligned");
}

static void images(void)
{
    put("-- images\n");
    __asm__ volatile("fninit\n\tfldpi\n\tfld1\n\tfldz\n\tfcompp\n\tfldl2e");
    for (unsigned i = 0; i < 512; i++)
        image[i] = 0xee;
    __asm__ volatile("movq %0, %%xmm3\n\tmovq %0, %%xmm15" : : "r"(0x1122334455667788));
    __asm__ volatile("pxor %xmm0, %xmm0\n\tpxor %xmm1, %xmm1\n\tpxor %xmm2, %xmm2\n\tfxsave64 image");
    memset(image + 8, 0, 16); /* pointers of the last instruction: not kept by all */
    image[6] = image[7] = 0;
    dump("fxsave, head", image, 32);
    dump("  st0", image + 32, 10);
    dump("  st1", image + 48, 10);
    dump("  xmm3", image + 160 + 48, 16);
    dump("  xmm15", image + 160 + 240, 16);
    say("  the last 48 bytes are left alone", image[464]);
    memcpy(second, image, 512);
    second[0] = 0x7f;
    second[1] = 0x0f;
    second[160 + 48] = 0x99;
    second[32] = 1;
    __asm__ volatile("fxrstor64 second\n\tfxsave64 image");
    say("fxrstor: control word", *(uint16_t *)image);
    say("  xmm3", *(uint64_t *)(image + 160 + 48));
    say("  st0's last byte", image[32]);
    PROBE("fxsave64 image+8");
    report("fxsave, not aligned");
    say("MXCSR mask", *(uint32_t *)(image + 28));
    __asm__ volatile("fninit\n\tfldpi\n\tfnsave image");
    say("fnsave: control, status, tag",
        (uint64_t) * (uint16_t *)image << 32 | (uint64_t) * (uint16_t *)(image + 4) << 16 | *(uint16_t *)(image + 8));
    uint16_t tag_after[14];
    __asm__ volatile("fnstenv %0" : "=m"(tag_after));
    say("  empties the stack", tag_after[4]);
    __asm__ volatile("frstor image");
    say_extended("frstor brings pi back");
    __asm__ volatile("movq %0, %%mm0\n\tfxsave64 image" : : "r"(1ULL));
    say("MMX fills the tags", image[4]);
    __asm__ volatile("emms\n\tfxsave64 image");
    say("  and EMMS empties them", image[4]);
}

void guest_main(void)
{
    say("MXCSR at first", mxcsr_read());
    x87();
    functions();
    x87_exceptions();
    sse();
    images();
}
