/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --kernel is given: a bzImage, an ELF file with a PVH entry, or neither. */
#include "boards/board.h"
#include "emu/machine.h"
#include "tests/fuzz/elf_sample.h"
#include "tests/fuzz/input.h"

/* The file is checked when the board is made; it is loaded at the reset, into memory that is smaller than it may ask for. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct machine_config machine_config = {
        .arch = CPU_ARCH_X86_64, .cpu_model = "qemu64", .cpus = 1, .picoseconds_per_instruction = 1000};
    struct board_config config = {.memory_size = 32 << 20, .kernel_name = "kernel", .append = "console=ttyS0"};
    GError *error = NULL;
    struct machine *machine = machine_new(&machine_config, &error);

    g_assert_no_error(error);
    machine_set_note_handler(machine, fuzz_ignore_note, NULL);
    config.kernel = g_bytes_new(data, size);
    if (q35_new(machine, &config, &error))
        machine_reset(machine);
    else
        g_assert_nonnull(error);
    g_clear_error(&error);
    g_bytes_unref(config.kernel);
    machine_free(machine);
    return 0;
}

void fuzz_seed(GByteArray *seed)
{
    elf_sample(seed);
}
