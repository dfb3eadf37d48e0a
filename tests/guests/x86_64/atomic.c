/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CMPXCHG16B and its relatives: results, flags, alignment, and faults that change nothing. */
#include "guest.h"

static uint64_t pair[4] __attribute__((aligned(32)));

static void exchange16(const char *name, uint64_t low, uint64_t high)
{
    uint8_t equal;
    pair[0] = 0x1111;
    pair[1] = 0x2222;
    __asm__ volatile("lock cmpxchg16b %0\n\tsetz %1"
                     : "+m"(*(__uint128_t *)pair), "=qm"(equal), "+a"(low), "+d"(high)
                     : "b"(0x3333ULL), "c"(0x4444ULL)
                     : "cc", "memory");
    put(name);
    put(equal ? ": equal" : ": not equal");
    put(" memory ");
    put_hex(pair[0]);
    put(" ");
    put_hex(pair[1]);
    put(" registers ");
    put_hex(low);
    put(" ");
    put_hex(high);
    put("\n");
}

static void exchange8(const char *name, uint64_t low, uint64_t high)
{
    uint8_t equal;
    pair[0] = 0x2222000011110000;
    __asm__ volatile("lock cmpxchg8b %0\n\tsetz %1"
                     : "+m"(pair[0]), "=qm"(equal), "+a"(low), "+d"(high)
                     : "b"(0x3333ULL), "c"(0x4444ULL)
                     : "cc", "memory");
    put(name);
    put(equal ? ": equal" : ": not equal");
    put(" memory ");
    put_hex(pair[0]);
    put(" registers ");
    put_hex(low);
    put(" ");
    put_hex(high);
    put("\n");
}

static void compare_exchange(void)
{
    uint64_t value = 5, accumulator = 0xffffffff00000005, flags;
    __asm__ volatile("lock cmpxchgl %k3, %0\n\tpushfq\n\tpopq %1"
                     : "+m"(value), "=r"(flags), "+a"(accumulator)
                     : "r"(7ULL)
                     : "cc", "memory");
    say("cmpxchg of 32 bits, equal: memory", value);
    say("  rax", accumulator);
    say("  flags", flags & 0x8d5);
    accumulator = 0xffffffff00000006;
    __asm__ volatile("lock cmpxchgl %k3, %0\n\tpushfq\n\tpopq %1"
                     : "+m"(value), "=r"(flags), "+a"(accumulator)
                     : "r"(9ULL)
                     : "cc", "memory");
    say("not equal: memory", value);
    say("  rax", accumulator);
    say("  flags", flags & 0x8d5);
}

static void add(void)
{
    uint64_t value = 0xff, source = 0x101, flags;
    __asm__ volatile("lock xaddb %b2, %0\n\tpushfq\n\tpopq %1"
                     : "+m"(value), "=r"(flags), "+q"(source)
                     :
                     : "cc", "memory");
    say("xadd of 8 bits: memory", value);
    say("  register", source);
    say("  flags", flags & 0x8d5);
    value = 0x7fffffff;
    __asm__ volatile("lock incl %0\n\tpushfq\n\tpopq %1" : "+m"(value), "=r"(flags) : : "cc", "memory");
    say("inc to the sign", flags & 0x8d5);
    value = 0;
    uint8_t carry;
    __asm__ volatile("lock btsq $63, %0\n\tsetc %1" : "+m"(value), "=qm"(carry) : : "cc", "memory");
    say("bts", value);
    say("  carry", carry);
    __asm__ volatile("lock btrq $63, %0\n\tsetc %1" : "+m"(value), "=qm"(carry) : : "cc", "memory");
    say("btr", value);
    say("  carry", carry);
}

void guest_main(void)
{
    exchange16("cmpxchg16b", 0x1111, 0x2222);
    exchange16("cmpxchg16b", 0x1111, 0x2223);
    exchange8("cmpxchg8b", 0xdeadbeef11110000, 0xdeadbeef22220000);
    exchange8("cmpxchg8b", 0x11110000, 0x22220001);
    compare_exchange();
    add();
    REPORT("cmpxchg16b, not aligned", "lock cmpxchg16b 8(%0)", "r"(pair));
    map_page(TEST_BASE, (uint64_t)new_page(), PAGE_PRESENT);
    REPORT("cmpxchg16b in a read-only page, not equal", "movl $1, %%eax\n\txorl %%edx, %%edx\n\tlock cmpxchg16b (%0)",
           "r"(TEST_BASE));
    REPORT("cmpxchg in a read-only page, not equal", "movl $1, %%eax\n\tlock cmpxchgl %%ecx, (%0)", "r"(TEST_BASE));
    REPORT("xchg in a read-only page", "movl $0x1234, %%eax\n\txchgl %%eax, (%0)", "r"(TEST_BASE));
    say("  eax", caught.frame.rax);
    REPORT("xadd in a read-only page", "movl $0x1234, %%eax\n\tlock xaddl %%eax, (%0)", "r"(TEST_BASE));
    say("  eax", caught.frame.rax);
}
