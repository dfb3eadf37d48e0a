/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that dies in one way each: the test starts it at one of its die_ functions.  Exceptions of its own end in a halt, those of user
 * code in excp_handler(), with the registers on the stack in Redox's order.  LINE marks what test_traps.c asserts.
 */
#include <stdint.h>

#define USED __attribute__((used, noinline))
#define INLINED static inline __attribute__((always_inline))

struct exception {
    uint64_t kind, code, address;
};

#define STACK 8192 /* words: a kernel stack of Redox */
uint64_t stack[STACK] __attribute__((aligned(65536)));
static volatile uint64_t sink;

USED void hang(void)
{
#ifdef __x86_64__
    __asm__ volatile("1: cli; hlt; jmp 1b");
#else
    __asm__ volatile("1: wfi; b 1b");
#endif
}

USED void excp_handler(const struct exception *exception)
{
    sink = exception->kind;
    hang();
}

#ifdef __x86_64__
struct gate {
    uint16_t low, selector, attributes, middle;
    uint32_t high, reserved;
} __attribute__((packed));
struct pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static struct gate idt[32];
static uint8_t task[104] __attribute__((aligned(16)));
static uint64_t gdt[7] = {0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff};
extern const char vectors[];

__asm__(".pushsection .text\n"
        ".balign 16\n"
        "vectors:\n"
        ".set vector, 0\n"
        ".rept 32\n"
        ".balign 16\n"
        ".if (vector != 8) && ((vector < 10) || (vector > 14)) && (vector != 17)\n"
        "push $0\n"
        ".endif\n"
        "push %rcx\n push %rdx\n push %rdi\n push %rsi\n"
        "mov $vector, %esi\n"
        "jmp entry\n"
        ".set vector, vector + 1\n"
        ".endr\n"
        "entry:\n" /* rcx rdx rdi rsi are pushed, the code is above them: RAX takes its place */
        "mov 32(%rsp), %rdx\n mov %rax, 32(%rsp)\n"
        "push %r8\n push %r9\n push %r10\n push %r11\n"
        "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
        "mov %rsp, %rdi\n"
        "and $-16, %rsp\n"
        "call exception\n"
        ".popsection\n");

USED void exception(const uint64_t *frame, uint64_t vector, uint64_t code)
{
    struct exception one = {vector, code, 0};

    __asm__ volatile("mov %%cr2, %0" : "=r"(one.address));
    if (frame[16] & 3)
        excp_handler(&one);
    hang();
}

static void prepare(void)
{
    uint64_t base = (uint64_t)task;
    struct pointer idtr = {sizeof(idt) - 1, (uint64_t)idt}, gdtr = {sizeof(gdt) - 1, (uint64_t)gdt};

    for (unsigned i = 0; i < 32; i++) {
        uint64_t address = (uint64_t)vectors + 16 * i;
        idt[i] = (struct gate){(uint16_t)address, 8, 0x8e00, (uint16_t)(address >> 16), (uint32_t)(address >> 32), 0};
    }
    *(uint64_t *)(task + 4) = (uint64_t)(stack + STACK);
    gdt[5] = 0x0000890000000067 | (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
    gdt[6] = base >> 32;
    __asm__ volatile("lidt %0; lgdt %1; ltr %w2" : : "m"(idtr), "m"(gdtr), "r"(0x28));
}

USED void enter_user(uint64_t entry_point, uint64_t user_stack)
{
    prepare();
    __asm__ volatile("pushq $0x1b; pushq %1; pushq $2; pushq $0x23; pushq %0; xor %%ebp, %%ebp; iretq"
                     :
                     : "r"(entry_point), "r"(user_stack));
}
#else
__asm__(".pushsection .text\n"
        ".balign 2048\n"
        "vectors:\n"
        ".balign 128\n b kernel_entry\n"
        ".balign 128\n b kernel_entry\n"
        ".balign 128\n b kernel_entry\n"
        ".balign 128\n b kernel_entry\n"
        ".balign 128\n b kernel_entry\n"
        ".balign 128\n b kernel_entry\n"
        ".balign 128\n b kernel_entry\n"
        ".balign 128\n b kernel_entry\n"
        ".balign 128\n b user_entry\n"
        ".balign 2048\n"
        "kernel_entry: stp x29, x30, [sp, #-16]!\n b hang\n"
        "user_entry:\n"
        "stp x29, x30, [sp, #-16]!\n stp x27, x28, [sp, #-16]!\n stp x25, x26, [sp, #-16]!\n"
        "stp x23, x24, [sp, #-16]!\n stp x21, x22, [sp, #-16]!\n stp x19, x20, [sp, #-16]!\n"
        "stp x18, xzr, [sp, #-16]!\n stp x16, x17, [sp, #-16]!\n stp x14, x15, [sp, #-16]!\n"
        "stp x12, x13, [sp, #-16]!\n stp x10, x11, [sp, #-16]!\n stp x8, x9, [sp, #-16]!\n"
        "stp x6, x7, [sp, #-16]!\n stp x4, x5, [sp, #-16]!\n stp x2, x3, [sp, #-16]!\n"
        "stp x0, x1, [sp, #-16]!\n"
        "mrs x0, spsr_el1\n mrs x1, elr_el1\n stp x0, x1, [sp, #-16]!\n"
        "mrs x0, sp_el0\n mrs x1, esr_el1\n stp x0, x1, [sp, #-16]!\n"
        "bl exception\n"
        ".popsection\n");
extern const char vectors[];

USED void exception(void)
{
    struct exception one = {0, 0, 0};

    excp_handler(&one);
}

static void prepare(void)
{
    __asm__ volatile("msr vbar_el1, %0; isb" : : "r"(vectors));
}

USED void enter_user(uint64_t entry_point, uint64_t user_stack)
{
    prepare();
    __asm__ volatile("msr elr_el1, %0; msr sp_el0, %1; msr spsr_el1, xzr; mov x29, xzr; mov x30, xzr; mov sp, %2; eret"
                     :
                     : "r"(entry_point), "r"(user_stack), "r"((uint64_t)(stack + STACK)));
}
#endif

struct device {
    uint64_t status, pad[5], queue;
    int (*probe)(struct device *device);
};
static struct device no_driver;

INLINED uint64_t queue_of(const struct device *device)
{
    return device->queue; /* LINE null read */
}

USED uint64_t poll_queue(const struct device *device)
{
    return queue_of(device) + 1; /* LINE call of queue_of */
}

USED void die_null_read(const struct device *device)
{
    prepare();
    sink = poll_queue((const struct device *)sink) + (uint64_t)device; /* LINE call of poll_queue */
}

USED int probe_device(struct device *device)
{
    return device->probe(device) + 1; /* LINE null call */
}

USED void die_null_call(void)
{
    prepare();
    sink = (uint64_t)probe_device(&no_driver);
}

/* Two allocators that were given the same memory: the ring's buffer is the device's object. */
struct device heap[4];

INLINED void fill_ring(uint8_t *buffer, unsigned length)
{
    for (unsigned i = 0; i < length; i++)
        ((volatile uint8_t *)buffer)[i] = 0x06; /* no instruction on x86_64 */
}

USED int start_device(struct device *device)
{
    return device->probe(device) + 1; /* LINE call into the heap */
}

USED void die_allocator_conflict(void)
{
    struct device *device = &heap[1];
    volatile uint32_t *ring = (volatile uint32_t *)&heap[2];

    prepare();
#ifdef __x86_64__
    fill_ring((uint8_t *)ring, 16);
#else
    ring[0] = 0; /* UDF #0 */
#endif
    *(volatile uint64_t *)&device->probe = (uint64_t)ring;
    sink = (uint64_t)start_device(device);
}

uint64_t victim[512], small_stack[512] __attribute__((aligned(16)));

USED uint64_t recurse(uint64_t depth)
{
    volatile uint64_t room[12];

    for (unsigned i = 0; i < 12; i++)
        room[i] = depth;
    if (victim[500] != 0x5afe)
        __builtin_trap();                /* LINE neighbour is damaged */
    uint64_t below = recurse(depth + 1); /* LINE recursion */
    return below + room[3];
}

USED void start_recursion(void)
{
    sink = recurse(0);
}

USED void die_stack_overflow(void)
{
    prepare();
    victim[500] = 0x5afe;
#ifdef __x86_64__
    __asm__ volatile("mov %0, %%rsp; xor %%ebp, %%ebp; call start_recursion" : : "r"(&small_stack[511]));
#else
    __asm__ volatile("mov sp, %0; mov x29, xzr; mov x30, xzr; bl start_recursion" : : "r"(&small_stack[510]));
#endif
}

#ifdef __x86_64__
#define NO_STACK "mov $0xffffffffc0000000, %rsp; push %rax"
#else
#define NO_STACK                                                                                                       \
    "mov x1, #0xc0000000; movk x1, #0xff00, lsl #32; movk x1, #0xffff, lsl #48; mov sp, x1; str x0, [sp, #-16]!"
#endif

USED void die_double_fault(void)
{
    prepare();
    __asm__ volatile(NO_STACK); /* LINE push on no stack */
}

USED void overwrite(volatile uint64_t *buffer)
{
    for (unsigned i = 0; i < 12; i++) /* the buffer has two elements: what is behind it includes the return address */
        buffer[i] = 0x41414140;
}

USED void copy_name(void)
{
    volatile uint64_t buffer[2];

    overwrite(buffer);
}

USED void name_device(void)
{
    volatile uint64_t room[16];

    for (unsigned i = 0; i < 16; i++)
        room[i] = i;
    copy_name();
    sink = room[3];
}

USED void die_return(void)
{
    prepare();
    name_device(); /* LINE call of name_device */
    hang();
}

#ifdef __x86_64__
#define MISALIGNED "lea -8(%rsp), %rsp; and $-16, %rsp; lea -8(%rsp), %rsp; movaps %xmm0, (%rsp)"
#else
#define MISALIGNED "mrs x0, sctlr_el1; orr x0, x0, #8; msr sctlr_el1, x0; isb; sub sp, sp, #8; str x0, [sp]"
#endif

USED void die_misaligned(void)
{
    prepare();
    __asm__ volatile(MISALIGNED); /* LINE misaligned */
}

USED void die_bus(void)
{
    prepare();
    *(volatile uint64_t *)die_bus = 1; /* LINE write to read-only */
}
