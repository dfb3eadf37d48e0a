/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a CPU guest of aarch64 works with: text on the PL011, exceptions that are caught and reported, translation
 * tables, EL0, the GICv2.
 *
 * A guest states facts, one a line, that follow from the Arm Architecture Reference Manual; the runner compares them
 * with the expected text and, where QEMU is installed, with what QEMU's processor answers.
 */
#ifndef GALVANIC_TESTS_GUESTS_AARCH64_GUEST_H
#define GALVANIC_TESTS_GUESTS_AARCH64_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The guest's own part. */
void guest_main(void);

/* --- text --- */
void put(const char *text);
void put_hex(uint64_t value);
/* "name: 0x1f" and a line feed. */
void say(const char *name, uint64_t value);
/* "name: yes" or "name: no". */
void say_if(const char *name, bool value);
/* Ends the run by PSCI. */
_Noreturn void quit(void);

#define READ_REGISTER(name)                                                                                            \
    ({                                                                                                                 \
        uint64_t value_;                                                                                               \
        __asm__ volatile("mrs %0, " #name : "=r"(value_) : : "memory");                                                \
        value_;                                                                                                        \
    })
#define WRITE_REGISTER(name, value) __asm__ volatile("msr " #name ", %0\n\tisb" : : "r"((uint64_t)(value)) : "memory")

/* --- exceptions --- */
struct trap {
    uint64_t x[31], elr, spsr;
};

/* A handler of IRQs; NULL: they end the running PROBE as everything else does. */
extern void (*irq_handler)(struct trap *trap);

/* The exception that ended the last PROBE. */
struct caught {
    bool any;
    struct trap frame;
    uint64_t vector, esr, far;
};
extern struct caught caught;
/* Where an exception goes on, with which stack, and what report() counts addresses from. */
struct probe {
    uint64_t resume, stack, start;
};
extern struct probe probe;

/*
 * Runs instructions; an exception in them ends them and is kept in `caught`.  They may change x0 to x15 and SPSel, and
 * may leave SP anywhere.
 */
#define PROBE(instructions, ...)                                                                                       \
    do {                                                                                                               \
        caught.any = false;                                                                                            \
        __asm__ volatile("adrp x9, probe\n\t"                                                                          \
                         "add x9, x9, :lo12:probe\n\t"                                                                 \
                         "adr x10, 91f\n\t"                                                                            \
                         "mov x11, sp\n\t"                                                                             \
                         "adr x12, 90f\n\t"                                                                            \
                         "stp x10, x11, [x9]\n\t"                                                                      \
                         "str x12, [x9, #16]\n"                                                                        \
                         "90:\n\t" instructions "\n"                                                                   \
                         "91:\n\t"                                                                                     \
                         "msr spsel, #0\n\t"                                                                           \
                         "adrp x9, probe\n\t"                                                                          \
                         "add x9, x9, :lo12:probe\n\t"                                                                 \
                         "ldr x10, [x9, #8]\n\t"                                                                       \
                         "mov sp, x10\n\t"                                                                             \
                         "str xzr, [x9]"                                                                               \
                         :                                                                                             \
                         : __VA_ARGS__                                                                                 \
                         : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",     \
                           "x14", "x15", "x30", "memory", "cc");                                                       \
    } while (0)

/* "name: esr=0x96000006 far=0x1000 elr=+0x0 vector=0x200 spsr=0x3c4", or "name: no exception". */
void report(const char *name);

#define REPORT(name, instructions, ...)                                                                                \
    do {                                                                                                               \
        PROBE(instructions, ##__VA_ARGS__);                                                                            \
        report(name);                                                                                                  \
    } while (0)

/* --- translation --- */
#define PAGE_VALID 3ULL /* a page, or a table */
#define PAGE_BLOCK 1ULL
#define PAGE_DEVICE (0ULL << 2) /* attributes of MAIR_EL1: nGnRnE, */
#define PAGE_NORMAL (1ULL << 2) /* write-back, */
#define PAGE_NON_CACHED (2ULL << 2)
#define PAGE_USER (1ULL << 6)
#define PAGE_READ_ONLY (1ULL << 7)
#define PAGE_ACCESSED (1ULL << 10)
#define PAGE_PXN (1ULL << 53)
#define PAGE_UXN (1ULL << 54)
#define PAGE_PLAIN (PAGE_VALID | PAGE_NORMAL | PAGE_ACCESSED | 3ULL << 8)

/* Tests map pages from here on (a first-level table of its own); nothing else is there. */
#define TEST_BASE 0x8000000000ULL
/* Writes the entry of @level (0 to 3) for @address, with tables above it, and invalidates its translations. */
void map_entry(uint64_t address, unsigned level, uint64_t entry);
static inline void map_page(uint64_t address, const void *physical, uint64_t flags)
{
    map_entry(address, 3, (uint64_t)physical | flags);
}
void flush_address(uint64_t address);
/* Makes written code visible to instruction fetch. */
void sync_code(const void *at, size_t length);
/* A fresh page of zeros, mapped one to one. */
void *new_page(void);

/* --- EL0 --- */
#define USER_TEXT 0x8040000000ULL
#define USER_STACK 0x8040200000ULL
/* Runs the code between two labels at EL0 with @argument in x0; an exception ends it. */
void run_user(const void *begin, const void *end, uint64_t argument);
#define USER_PIECE(name, instructions)                                                                                 \
    extern const char name##_begin[], name##_end[];                                                                    \
    __asm__(".pushsection .rodata\n.balign 4\n" #name "_begin:\n" instructions "\n" #name "_end:\n.popsection")
#define REPORT_USER(text, name, argument)                                                                              \
    do {                                                                                                               \
        run_user(name##_begin, name##_end, argument);                                                                  \
        report(text);                                                                                                  \
    } while (0)

/* --- interrupts: GICv2 (IHI 0048), all disabled at the start --- */
#define GICD 0x08000000ULL
#define GICC 0x08010000ULL
#define INTERRUPT_VIRTUAL_TIMER 27
#define INTERRUPT_PHYSICAL_TIMER 30
static inline uint32_t read32(uint64_t address)
{
    return *(volatile uint32_t *)address;
}
static inline void write32(uint64_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}
static inline void write8(uint64_t address, uint8_t value)
{
    *(volatile uint8_t *)address = value;
}
/* Distributor and CPU interface on, priority mask open. */
void gic_start(void);
void gic_enable(unsigned interrupt, uint8_t priority);
#define INTERRUPTS_ON() __asm__ volatile("msr daifclr, #2" : : : "memory")
#define INTERRUPTS_OFF() __asm__ volatile("msr daifset, #2" : : : "memory")

void *memset(void *to, int value, size_t length);
void *memcpy(void *to, const void *from, size_t length);

#endif
