/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What depends on the instruction set: the processor's name, and ways to crash. */
#include "guest/guest.h"

/* Canonical, far above all memory, and mapped by nobody. */
#define NOWHERE ((volatile uint64_t *)0x00007a1b2c3d4000)

#if defined(__x86_64__)

const char processor_architecture[] = "x86_64";

static void cpuid(uint32_t leaf, uint32_t out[4])
{
    __asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(0));
}

static void show_features(struct guest *guest)
{
    static const struct {
        const char *name;
        uint32_t leaf;
        uint8_t reg, bit;
    } features[] = {
        {"sse3", 1, 2, 0},
        {"ssse3", 1, 2, 9},
        {"sse4.1", 1, 2, 19},
        {"sse4.2", 1, 2, 20},
        {"cx16", 1, 2, 13},
        {"popcnt", 1, 2, 23},
        {"aes", 1, 2, 25},
        {"x2apic", 1, 2, 21},
        {"rdrand", 1, 2, 30},
        {"xsave", 1, 2, 26},
        {"avx", 1, 2, 28},
        {"nx", 0x80000001, 3, 20},
        {"1G", 0x80000001, 3, 26},
        {"rdtscp", 0x80000001, 3, 27},
        {"syscall", 0x80000001, 3, 11},
    };
    uint32_t out[4];

    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        cpuid(features[i].leaf, out);
        if (out[features[i].reg] >> features[i].bit & 1)
            print(guest, " %s", features[i].name);
    }
}

void show_processor(struct guest *guest)
{
    union {
        uint32_t words[13];
        char text[52];
    } name = {.words = {0}};
    uint32_t out[4];

    cpuid(0x80000000, out);
    if (out[0] >= 0x80000004) {
        for (uint32_t i = 0; i < 3; i++)
            cpuid(0x80000002 + i, name.words + 4 * i);
    }
    if (!name.words[0]) {
        cpuid(0, out);
        name.words[0] = out[1];
        name.words[1] = out[3];
        name.words[2] = out[2];
    }
    const char *text = name.text;
    while (*text == ' ')
        text++;
    cpuid(1, out);
    uint32_t family = out[0] >> 8 & 15, model = out[0] >> 4 & 15;
    if (family == 15 || family == 6)
        model |= (out[0] >> 16 & 15) << 4;
    if (family == 15)
        family += out[0] >> 20 & 0xff;
    print(guest, "%s, family %u model %u stepping %u\n", text, (uint64_t)family, (uint64_t)model,
          (uint64_t)(out[0] & 15));
    print_label(guest, "");
    set_colour(guest, COLOUR_DIM);
    print(guest, "has");
    show_features(guest);
    set_colour(guest, COLOUR_PLAIN);
    print(guest, "\n");
}

void crash(enum crash how)
{
    if (how == CRASH_PAGE_FAULT)
        *NOWHERE = 1;
    else if (how == CRASH_DIVIDE)
        __asm__ volatile("xorl %%ecx, %%ecx\n\tdivl %%ecx" : : : "eax", "ecx", "edx", "cc");
    else if (how == CRASH_UNDEFINED)
        __asm__ volatile("ud2");
    else
        __asm__ volatile("int3");
}

#elif defined(__aarch64__)

const char processor_architecture[] = "aarch64";

#define SYSTEM_REGISTER(name)                                                                                          \
    ({                                                                                                                 \
        uint64_t value_;                                                                                               \
        __asm__ volatile("mrs %0, " name : "=r"(value_));                                                              \
        value_;                                                                                                        \
    })

void show_processor(struct guest *guest)
{
    uint64_t midr = SYSTEM_REGISTER("midr_el1");
    const char *name = (midr >> 24 & 0xff) == 0x41 && (midr >> 4 & 0xfff) == 0xd08 ? "Cortex-A72" : "Arm";

    print(guest, "%s, MIDR %08x, exception level %u, counter at %u kHz\n", name, midr,
          SYSTEM_REGISTER("CurrentEL") >> 2 & 3, SYSTEM_REGISTER("cntfrq_el0") / 1000);
    print_label(guest, "");
    set_colour(guest, COLOUR_DIM);
    uint64_t isar = SYSTEM_REGISTER("id_aa64isar0_el1");
    print(guest, "has%s%s%s%s%s\n", isar >> 4 & 15 ? " aes" : "", isar >> 8 & 15 ? " sha1" : "",
          isar >> 12 & 15 ? " sha2" : "", isar >> 16 & 15 ? " crc32" : "", isar >> 20 & 15 ? " lse" : "");
    set_colour(guest, COLOUR_PLAIN);
}

void crash(enum crash how)
{
    if (how == CRASH_PAGE_FAULT)
        *NOWHERE = 1;
    else if (how == CRASH_DIVIDE)
        __asm__ volatile("udiv x0, x0, xzr" : : : "x0");
    else if (how == CRASH_UNDEFINED)
        __asm__ volatile("udf #0");
    else
        __asm__ volatile("brk #1");
}

#endif
