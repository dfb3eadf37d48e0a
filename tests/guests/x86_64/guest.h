/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a CPU guest works with: text on COM1, traps that are caught and reported, page tables, user mode.
 *
 * A guest states facts, one a line, that follow from the processor's manual; the runner compares them with the
 * expected text and, where QEMU is installed, with what QEMU's processor answers.
 */
#ifndef GALVANIC_TESTS_GUESTS_GUEST_H
#define GALVANIC_TESTS_GUESTS_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

/* The guest's own part. */
void guest_main(void);

/* --- text --- */
void put(const char *text);
void put_hex(uint64_t value);
void put_number(uint64_t value);
/* "name: 0x1f" and a line feed. */
void say(const char *name, uint64_t value);
void say_text(const char *name, const char *text);
/* "name: yes" or "name: no". */
void say_if(const char *name, bool value);
/* Ends the run through the debug exit port. */
_Noreturn void quit(int code);

/* --- ports and registers --- */
static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
static inline void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}
static inline void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}
static inline uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static inline uint32_t in32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static inline uint64_t msr_read(uint32_t number)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return (uint64_t)high << 32 | low;
}
static inline void msr_write(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(number) : "memory");
}
struct cpuid {
    uint32_t a, b, c, d;
};
static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(subleaf));
    return r;
}
static inline uint64_t tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}
#define CONTROL_REGISTER(n)                                                                                            \
    static inline uint64_t cr##n(void)                                                                                 \
    {                                                                                                                  \
        uint64_t value;                                                                                                \
        __asm__ volatile("mov %%cr" #n ", %0" : "=r"(value));                                                          \
        return value;                                                                                                  \
    }                                                                                                                  \
    static inline void set_cr##n(uint64_t value)                                                                       \
    {                                                                                                                  \
        __asm__ volatile("mov %0, %%cr" #n : : "r"(value) : "memory");                                                 \
    }
CONTROL_REGISTER(0)
CONTROL_REGISTER(2)
CONTROL_REGISTER(3)
CONTROL_REGISTER(4)
CONTROL_REGISTER(8)
#define DEBUG_REGISTER(n)                                                                                              \
    static inline uint64_t dr##n(void)                                                                                 \
    {                                                                                                                  \
        uint64_t value;                                                                                                \
        __asm__ volatile("mov %%dr" #n ", %0" : "=r"(value));                                                          \
        return value;                                                                                                  \
    }                                                                                                                  \
    static inline void set_dr##n(uint64_t value)                                                                       \
    {                                                                                                                  \
        __asm__ volatile("mov %0, %%dr" #n : : "r"(value) : "memory");                                                 \
    }
DEBUG_REGISTER(0)
DEBUG_REGISTER(1)
DEBUG_REGISTER(2)
DEBUG_REGISTER(3)
DEBUG_REGISTER(6)
DEBUG_REGISTER(7)
static inline void invlpg(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/* --- traps --- */
struct trap {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* A handler of one vector; NULL: the trap ends the running PROBE. */
extern void (*trap_handler[256])(struct trap *trap);

/* The trap that ended the last PROBE. */
struct caught {
    bool any;
    struct trap frame;
    uint64_t cr2, dr6;
    uint64_t stack; /* where the CPU's frame stands: end of it, where SS was pushed + 8 */
};
extern struct caught caught;
extern uint64_t probe_resume, probe_stack, probe_frame, probe_start;

/*
 * Runs instructions; a trap in them ends them and is kept in `caught`.  The instructions may change RBP and the
 * caller-saved registers; they reach operands as usual, so a per cent sign of a register is doubled.
 */
#define PROBE(instructions, ...)                                                                                       \
    do {                                                                                                               \
        caught.any = false;                                                                                            \
        __asm__ volatile("movq $91f, probe_resume\n\t"                                                                 \
                         "movq %%rsp, probe_stack\n\t"                                                                 \
                         "movq %%rbp, probe_frame\n\t"                                                                 \
                         "movq $90f, probe_start\n"                                                                    \
                         "90:\n\t" instructions "\n"                                                                   \
                         "91:\n\t"                                                                                     \
                         "movq probe_frame, %%rbp\n\t"                                                                 \
                         "movq $0, probe_resume\n\t"                                                                   \
                         :                                                                                             \
                         : __VA_ARGS__                                                                                 \
                         : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");               \
    } while (0)

/* "name: #PF(0x3) cr2=0x1000 rip=+0x2", or "name: no trap". */
void report(const char *name);
/* The same without the address, for faults whose place is the model's affair. */
void report_kind(const char *name);

#define REPORT(name, instructions, ...)                                                                                \
    do {                                                                                                               \
        PROBE(instructions, ##__VA_ARGS__);                                                                            \
        report(name);                                                                                                  \
    } while (0)

/* --- tables --- */
struct task_state {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_bitmap;
    uint8_t bitmap[8193];
} __attribute__((packed));
extern struct task_state task_state;
extern uint64_t gdt[];
/* Loads the task register with a TSS descriptor of @limit. */
void load_task_state(uint32_t limit);
/* @type 14 interrupt gate, 15 trap gate; @ist 0..7; @privilege of those who may INT it. */
void set_gate(unsigned vector, unsigned type, unsigned privilege, unsigned ist);
struct gate {
    uint16_t offset0, selector;
    uint8_t ist, type;
    uint16_t offset1;
    uint32_t offset2, reserved;
};
extern struct gate idt[256];

#define PAGE_PRESENT 1ULL
#define PAGE_WRITE 2ULL
#define PAGE_USER 4ULL
#define PAGE_ACCESSED 0x20ULL
#define PAGE_DIRTY 0x40ULL
#define PAGE_LARGE 0x80ULL
#define PAGE_GLOBAL 0x100ULL
#define PAGE_NX (1ULL << 63)

/* Tests map pages from here on; nothing else is there. */
#define TEST_BASE 0x4000000000ULL
/* Writes the last-level entry for @address (4 KiB pages) and flushes it; the levels above are open to everything. */
void map_page(uint64_t address, uint64_t physical, uint64_t flags);
/* The entry itself, NULL when the tables above are not there. */
volatile uint64_t *page_entry(uint64_t address);
/* A fresh page of zeros, mapped one to one. */
void *new_page(void);

/* --- user mode --- */
#define USER_TEXT 0x90000000ULL
#define USER_STACK 0x90100000ULL
#define USER_CALL 0x80 /* the gate by which user code ends its run: INT 0x80 */
/*
 * Runs the code between two labels at CPL 3 with @flags, at USER_TEXT, on a stack that ends at USER_STACK, with @argument in
 * RDI; every trap ends it (see `caught`).  Offsets of report() are relative to the code's start.
 */
void run_user(const void *begin, const void *end, uint64_t flags, uint64_t argument);
/* Defines code for run_user(): USER_CODE(name, "instructions"), used as name_begin, name_end. */
#define USER_PIECE(name, instructions)                                                                                 \
    extern const char name##_begin[], name##_end[];                                                                    \
    __asm__(".pushsection .rodata\n" #name "_begin:\n" instructions "\n" #name "_end:\n.popsection")
#define RUN_USER(name, flags, argument) run_user(name##_begin, name##_end, flags, argument)
#define REPORT_USER(text, name, argument)                                                                              \
    do {                                                                                                               \
        RUN_USER(name, 2, argument);                                                                                   \
        report(text);                                                                                                  \
    } while (0)

void *memset(void *to, int value, size_t length);
void *memcpy(void *to, const void *from, size_t length);
int memcmp(const void *a, const void *b, size_t length);

/*
 * At the start the interrupt controllers are quiet: both 8259 remapped to 0x20.. and masked, the LAPIC enabled with all
 * entries masked, the IOAPIC's pins masked.
 */
#define LAPIC 0xfee00000ULL
#define IOAPIC 0xfec00000ULL
static inline uint32_t lapic_read(unsigned reg)
{
    return *(volatile uint32_t *)(LAPIC + reg);
}
static inline void lapic_write(unsigned reg, uint32_t value)
{
    *(volatile uint32_t *)(LAPIC + reg) = value;
}
void ioapic_write(unsigned reg, uint32_t value);
uint32_t ioapic_read(unsigned reg);

#endif
