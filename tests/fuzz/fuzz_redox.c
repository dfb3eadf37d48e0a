/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel of Redox whose structures have been written over: input is a list of places and values.  Everything is asked. */
#include "debug/redox/redox.h"
#include "tests/debug/redox_kernel.h"
#include "tests/fuzz/fuzz.h"

#define CHANGE_SIZE 8 /* two bytes of a place, one that says what to write, five of a value */
#define CHANGES_MAX 64u

static void ask(void *opaque, const struct os_process *process)
{
    static const char *const questions[] = {"maps", "fds"};
    struct redox *redox = opaque;
    struct unwind_frame frame;

    redox_registers(redox, process->object, &frame);
    for (unsigned i = 0; i < G_N_ELEMENTS(questions); i++) {
        struct redox_context context;
        GError *error = NULL;
        char *answer = NULL;

        if (redox_context(redox, process->object, &context))
            answer = i ? redox_fds(redox, &context, &error) : redox_maps(redox, &context, &error);
        g_clear_error(&error);
        g_free(answer);
    }
}

static void change(struct redox_kernel *kernel, const uint8_t *data)
{
    uint64_t heap = kernel->context[0], room = kernel->heap - heap, place = (data[0] | data[1] << 8) * 8ul % room,
             value = 0;

    switch (data[2] % 4) {
    case 0: /* some other object */
        value = heap + (data[3] | data[4] << 8) * 8ul % room;
        break;
    case 1:
        value = data[3];
        break;
    case 2:
        value = UINT64_C(0xFFFFFFFFFFFFFFFF) << data[3] % 64;
        break;
    default:
        for (unsigned i = 0; i < 5; i++)
            value = value << 8 | data[3 + i];
        break;
    }
    guest_poke64(kernel->guest, heap + place, value);
}

static void run(const uint8_t *data, size_t size, enum cpu_arch arch)
{
    struct symbols *symbols;
    struct redox_kernel *kernel = redox_kernel_new(arch, &redox_kernel_layouts[size % 2], &symbols);
    GPtrArray *disks = g_ptr_array_new();
    const struct os_class *os_class;
    struct redox *redox = redox_new(kernel->guest->machine, symbols, disks, kernel->guest->cpu, &os_class);
    struct os_process process;

    if (size % 3 == 0) { /* found out before it is damaged */
        g_autofree char *why = NULL;

        os_class->each(redox, ask, redox, &why);
    }
    for (size_t i = 0; i + CHANGE_SIZE <= size && i < CHANGES_MAX * CHANGE_SIZE; i += CHANGE_SIZE)
        change(kernel, data + i);
    g_autofree char *why = NULL;
    os_class->each(redox, ask, redox, &why);
    os_class->current(redox, kernel->guest->cpu, &process);
    os_class->free(redox);
    g_ptr_array_free(disks, TRUE);
    symbols_free(symbols);
    redox_kernel_free(kernel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run(data, size, size % 5 ? CPU_ARCH_X86_64 : CPU_ARCH_AARCH64);
    return 0;
}

void fuzz_seed(GByteArray *seed)
{
    for (unsigned i = 0; i < 16 * CHANGE_SIZE; i++) {
        uint8_t byte = (uint8_t)(i * 37 + i / 8 * 91);

        g_byte_array_append(seed, &byte, 1);
    }
}
