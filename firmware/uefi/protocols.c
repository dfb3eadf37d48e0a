/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All protocols of the firmware, in the order of their making. */
#include "firmware/uefi/protocols.h"

#include "firmware/uefi/device_path.h"

void *stateless_load(struct uefi *uefi, uint64_t interface, struct state_reader *in)
{
    return uefi;
}

void write_functions(struct uefi *uefi, uint64_t address, const uint64_t *functions, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        uefi_write64(uefi, address + i * 8, functions[i]);
}

void protocols_register(struct uefi *uefi)
{
    device_path_protocols_register(uefi);
    unicode_collation_register(uefi);
    rng_register(uefi);
    pci_root_bridge_io_register(uefi);
    pci_io_register(uefi);
    serial_io_register(uefi);
    gop_register(uefi);
    text_output_register(uefi);
    text_input_register(uefi);
    block_io_register(uefi);
    file_system_register(uefi);
}

/* The screen's handle is the console's, if there is a screen: some programs look for GraphicsOutput there. */
static void console_init(struct uefi *uefi)
{
    struct uefi_console_handles console = {0};
    uint64_t screen = 0, gop, serial;

    serial_port_init(uefi);
    serial = serial_io_init(uefi);
    gop = gop_init(uefi, &screen);
    console.output_handle = screen ? screen : serial ? serial : uefi_handle_new(uefi);
    console.output = text_output_init(uefi, console.output_handle, gop);
    console.error_handle = console.output_handle;
    console.error = console.output;
    console.input_handle = serial ? serial : uefi_handle_new(uefi);
    console.input = text_input_init(uefi, console.input_handle, console.output);
    uefi_set_console(uefi, &console);
}

void protocols_init(struct uefi *uefi)
{
    uint64_t platform = uefi_handle_new(uefi);

    device_path_protocols_init(uefi, platform);
    unicode_collation_init(uefi, platform);
    rng_init(uefi, platform);
    console_init(uefi);
    pci_root_bridge_io_init(uefi);
    pci_io_init(uefi);
    block_io_init(uefi);
}

void protocols_end(struct uefi *uefi)
{
    text_output_end(uefi);
}
