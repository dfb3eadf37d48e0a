/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See redox_kernel.h. */
#include "tests/debug/redox_kernel.h"

#include <string.h>

#define PHYS_OFFSET UINT64_C(0xFFFF800000000000)
#define HEAP UINT64_C(0xFFFFFF7F80000000)
#define STATICS UINT64_C(0xFFFFFFFF80100000)
#define CODE UINT64_C(0xFFFFFFFF80001000)
#define TEXTS UINT64_C(0xFFFFFFFF80200000)
#define HEAP_SIZE (1u << 20)
#define STACK_SIZE 65536u
#define OBJECT_SIZE 1024u
#define CAPACITY 11
#define GRANT_SIZE 56

const struct redox_kernel_layout redox_kernel_layouts[2] = {
    {.name = 404,
     .name_length = 400,
     .debug_id = 396,
     .pid = 376,
     .status = 80,
     .runnable = 0,
     .reason = 112,
     .addr_space = 344,
     .kstack = 336,
     .saved = 200,
     .root = 96,
     .grants = 24,
     .keys_first = false,
     .length_last = true},
    {.name = 48,
     .name_length = 80,
     .debug_id = 88,
     .pid = 128,
     .status = 320,
     .runnable = 3,
     .reason = 640,
     .addr_space = 24,
     .kstack = 96,
     .saved = 400,
     .root = 32,
     .grants = 64,
     .keys_first = true,
     .length_last = false},
};

static void poke(struct redox_kernel *kernel, uint64_t address, uint64_t value)
{
    guest_poke64(kernel->guest, address, value);
}

static void put(struct redox_kernel *kernel, uint64_t address, const void *bytes, size_t length)
{
    guest_put(kernel->guest, address, bytes, length, GUEST_WRITE);
}

/* Noise that is no address, no small number and no text. */
static uint64_t noise(struct redox_kernel *kernel)
{
    return (uint64_t)g_rand_int(kernel->random) << 32 | (g_rand_int(kernel->random) | 0x80808080u) << 1 >> 1;
}

static uint64_t allocate(struct redox_kernel *kernel, unsigned size)
{
    uint64_t at = kernel->heap;

    kernel->heap += (size + 15) / 16 * 16;
    for (unsigned i = 0; i + 8 <= size; i += 8)
        poke(kernel, at + i, noise(kernel) & 0x7FFFFFFFFFFFFFFF);
    return at;
}

static uint64_t allocate_arc(struct redox_kernel *kernel, unsigned size)
{
    uint64_t at = allocate(kernel, size);

    poke(kernel, at, 2);
    poke(kernel, at + 8, 1);
    return at;
}

unsigned redox_kernel_process(unsigned context)
{
    return context < 4 ? context : context - (context >= 9 ? 2 : 1); /* 3 and 4 are one, 8 and 9 too */
}

/* --- trees --- */
struct tree {
    unsigned keys, values, count, edges;
};

static void tree_layout(const struct redox_kernel *kernel, unsigned value_size, struct tree *out)
{
    unsigned keys = CAPACITY * 8, values = CAPACITY * value_size;

    out->keys = kernel->layout->keys_first ? 0 : 8;
    out->values = out->keys + keys;
    out->count = 8 + keys + values + (kernel->layout->keys_first ? 2 : 0);
    out->edges = (8 + keys + values + 4 + 7) / 8 * 8;
}

static void put_count(struct redox_kernel *kernel, uint64_t node, const struct tree *tree, unsigned count)
{
    uint16_t value = (uint16_t)count;

    put(kernel, node + tree->count, &value, 2);
}

static void put_map(struct redox_kernel *kernel, uint64_t at, uint64_t node, uint64_t height, uint64_t length)
{
    bool last = kernel->layout->length_last;

    poke(kernel, at, last ? node : length);
    poke(kernel, at + 8, height);
    poke(kernel, at + 16, last ? length : node);
}

/* Two leaves and a node over them. */
static void put_contexts(struct redox_kernel *kernel, uint64_t at)
{
    const unsigned middle = REDOX_KERNEL_CONTEXTS / 2;
    struct tree tree;
    uint64_t top, leaf[2];

    tree_layout(kernel, 0, &tree);
    top = allocate(kernel, tree.edges + 96);
    for (unsigned k = 0; k < 2; k++) {
        unsigned first = k ? middle + 1 : 0, count = k ? REDOX_KERNEL_CONTEXTS - middle - 1 : middle;

        leaf[k] = allocate(kernel, tree.edges);
        for (unsigned i = 0; i < count; i++)
            poke(kernel, leaf[k] + tree.keys + i * 8, kernel->context[first + i]);
        put_count(kernel, leaf[k], &tree, count);
        poke(kernel, top + tree.edges + k * 8, leaf[k]);
    }
    poke(kernel, top + tree.keys, kernel->context[middle]);
    put_count(kernel, top, &tree, 1);
    put_map(kernel, at, top, 1, REDOX_KERNEL_CONTEXTS);
}

/* Code, data, and (in odd spaces) a device's registers. */
static void put_grants(struct redox_kernel *kernel, uint64_t space, unsigned process)
{
    bool x86_64 = kernel->guest->arch == CPU_ARCH_X86_64;
    uint64_t node, flags = x86_64 ? 5 : 3 | 1 << 6 | 1 << 10;
    unsigned count = 2 + process % 2;
    struct tree tree;

    tree_layout(kernel, GRANT_SIZE, &tree);
    node = allocate(kernel, tree.edges);
    for (unsigned i = 0; i < count; i++) {
        uint64_t value = node + tree.values + i * GRANT_SIZE;

        poke(kernel, node + tree.keys + i * 8, 0x200 + process + i * 0x100); /* numbers of pages */
        poke(kernel, value, i == 2 ? 2 : 0);                                 /* the provider: physical or own memory */
        poke(kernel, value + 8, i == 2 ? 0xFEBC0000 : 0);
        poke(kernel, value + 32, i + 1); /* pages */
        poke(kernel, value + 40, flags | (i == 1 ? x86_64 ? 2 | 1ull << 63 : 1ull << 54 : x86_64 ? 0 : 1 << 7));
    }
    put_count(kernel, node, &tree, count);
    put_map(kernel, space + kernel->layout->grants, node, 0, count);
}

/* --- spaces, stacks, contexts --- */
static uint64_t new_root(struct redox_kernel *kernel)
{
    struct memory *memory = machine_memory(kernel->guest->machine);
    uint64_t page = guest_page(kernel->guest);

    for (unsigned i = 256; i < 512 && kernel->guest->arch == CPU_ARCH_X86_64; i++)
        memory_write64(memory, page + i * 8, memory_read64(memory, kernel->guest->root + i * 8));
    memory_write64(memory, page, guest_page(kernel->guest) | 3);
    guest_map(kernel->guest, PHYS_OFFSET + page, page, GUEST_WRITE);
    return page;
}

static void make_space(struct redox_kernel *kernel, unsigned context)
{
    unsigned process = redox_kernel_process(context);

    if (context > 0 && redox_kernel_process(context - 1) == process) {
        kernel->space[context] = kernel->space[context - 1];
        kernel->root[context] = kernel->root[context - 1];
        return;
    }
    kernel->space[context] = allocate_arc(kernel, 136);
    kernel->root[context] = new_root(kernel);
    poke(kernel, kernel->space[context] + kernel->layout->root, kernel->root[context]);
    put_grants(kernel, kernel->space[context], process);
}

static uint64_t make_stack(struct redox_kernel *kernel)
{
    uint64_t stack;

    kernel->guest->free = (kernel->guest->free + STACK_SIZE - 1) & ~(uint64_t)(STACK_SIZE - 1);
    stack = kernel->guest->free;
    for (unsigned i = 0; i < STACK_SIZE / 4096; i++)
        guest_map(kernel->guest, PHYS_OFFSET + stack + i * 4096ul, guest_page(kernel->guest), GUEST_WRITE);
    return stack;
}

/* The saved registers of one that has been switched away. */
static void put_saved(struct redox_kernel *kernel, unsigned context)
{
    uint64_t at = kernel->context[context] + kernel->layout->saved,
             stack = PHYS_OFFSET + kernel->stack[context] + 0xF000;

    if (kernel->guest->arch == CPU_ARCH_X86_64) { /* rbx, r12 .. r15, rbp, rsp */
        poke(kernel, at + 48, stack);
        poke(kernel, stack, CODE + 0x40);
    } else { /* sp, lr, fp, x28 .. x19 */
        poke(kernel, at, stack);
        poke(kernel, at + 8, CODE + 0x40);
        poke(kernel, at + 16, stack + 64);
    }
}

static void fill_context(struct redox_kernel *kernel, unsigned context)
{
    const struct redox_kernel_layout *layout = kernel->layout;
    uint64_t at = kernel->context[context];
    bool waits = context > 0 && context != kernel->running && context % 3;
    char name[33] = "[kmain]";
    uint32_t number = context + 1;

    if (context)
        g_snprintf(name, sizeof(name), "/usr/bin/program-%u", redox_kernel_process(context));
    redox_kernel_rename(kernel, context, name);
    put(kernel, at + layout->debug_id, &number, 4);
    poke(kernel, at + layout->pid, redox_kernel_process(context));
    poke(kernel, at + layout->status, layout->runnable + waits);
    poke(kernel, at + layout->reason, waits ? TEXTS : 1);
    poke(kernel, at + layout->reason + 8, waits ? strlen("EventQueue::read") : 0);
    poke(kernel, at + layout->addr_space, kernel->space[context]);
    poke(kernel, at + layout->kstack, kernel->stack[context]);
    if (context)
        put_saved(kernel, context);
}

static void load_cpu(struct redox_kernel *kernel)
{
    uint64_t stack = PHYS_OFFSET + kernel->stack[kernel->running] + 0xE000;

    if (kernel->guest->arch == CPU_ARCH_X86_64) {
        x86_64_set_gpr(kernel->guest->cpu, X86_64_RSP, stack);
    } else {
        aarch64_set_sp(kernel->guest->cpu, stack);
    }
}

struct redox_kernel *redox_kernel_new(enum cpu_arch arch, const struct redox_kernel_layout *layout,
                                      struct symbols **symbols)
{
    struct redox_kernel *kernel = g_new0(struct redox_kernel, 1);
    struct symbol_module *module;

    kernel->guest = guest_new(arch);
    kernel->layout = layout;
    kernel->random = g_rand_new_with_seed(7);
    kernel->heap = HEAP;
    kernel->running = 5;
    guest_put(kernel->guest, HEAP, NULL, HEAP_SIZE, GUEST_WRITE);
    guest_put(kernel->guest, STATICS, NULL, 4096, GUEST_WRITE);
    guest_put(kernel->guest, CODE, NULL, 4096, GUEST_EXECUTE);
    guest_put(kernel->guest, TEXTS, "EventQueue::read", 17, GUEST_WRITE);
    for (unsigned i = 0; i < 512; i++) /* the tables themselves */
        guest_map(kernel->guest, PHYS_OFFSET + kernel->guest->ram + i * 4096ul, kernel->guest->ram + i * 4096ul,
                  GUEST_WRITE);
    for (unsigned i = 0; i < REDOX_KERNEL_CONTEXTS; i++) {
        kernel->context[i] = allocate_arc(kernel, OBJECT_SIZE);
        kernel->stack[i] = i ? make_stack(kernel) : 0;
        if (i)
            make_space(kernel, i);
    }
    for (unsigned i = 0; i < REDOX_KERNEL_CONTEXTS; i++)
        fill_context(kernel, i);
    put_contexts(kernel, STATICS + 8);
    load_cpu(kernel);
    *symbols = symbols_new(kernel->guest->machine);
    module = symbols_place_table(*symbols, SYMBOLS_ANY_SPACE, "kernel");
    symbols_name(module, CODE, 256, "kernel::context::arch::switch_to", true);
    symbols_name(module, STATICS, 64, "kernel::context::CONTEXTS", false);
    return kernel;
}

void redox_kernel_free(struct redox_kernel *kernel)
{
    guest_free(kernel->guest);
    g_rand_free(kernel->random);
    g_free(kernel);
}

void redox_kernel_poke(struct redox_kernel *kernel, unsigned context, unsigned offset, uint64_t value)
{
    poke(kernel, kernel->context[context] + offset, value);
}

void redox_kernel_rename(struct redox_kernel *kernel, unsigned context, const char *name)
{
    uint64_t at = kernel->context[context];
    uint32_t length = (uint32_t)strlen(name);
    char text[32] = {0};

    memcpy(text, name, MIN(length, sizeof(text)));
    put(kernel, at + kernel->layout->name, text, sizeof(text));
    put(kernel, at + kernel->layout->name_length, &length, 4);
}

void redox_kernel_put_user(struct redox_kernel *kernel, unsigned context, uint64_t address, const uint8_t bytes[4096])
{
    uint64_t root = kernel->guest->root, page = guest_page(kernel->guest);

    memory_write(machine_memory(kernel->guest->machine), page, bytes, 4096);
    kernel->guest->root = kernel->root[context];
    guest_map(kernel->guest, address, page, GUEST_USER | GUEST_EXECUTE);
    kernel->guest->root = root;
}

void redox_kernel_put_initfs(struct redox_kernel *kernel, struct symbols *symbols, const uint8_t *bytes, size_t length)
{
    uint64_t first = guest_page(kernel->guest);

    for (size_t i = 4096; i < length; i += 4096)
        guest_page(kernel->guest);
    memory_write(machine_memory(kernel->guest->machine), first, bytes, length);
    poke(kernel, STATICS + 0x108, first);
    symbols_name(symbols_place_table(symbols, SYMBOLS_ANY_SPACE, "kernel"), STATICS + 0x100, 64, "kernel::BOOTSTRAP",
                 false);
}
