/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The protocols' side of the shim: what its files offer each other.  A `..._register()` makes classes and continuations
 * known, a `..._init()` makes handles and interfaces.
 */
#ifndef GALVANIC_FIRMWARE_UEFI_PROTOCOLS_H
#define GALVANIC_FIRMWARE_UEFI_PROTOCOLS_H

#include "firmware/uefi/uefi.h"

/* For classes whose objects have no state of their own: the object is @uefi itself. */
void *stateless_load(struct uefi *uefi, uint64_t interface, struct state_reader *in);
/* Writes function pointers one behind the other from @address on. */
void write_functions(struct uefi *uefi, uint64_t address, const uint64_t *functions, unsigned count);

/* --- device_path_protocols.c --- */
void device_path_protocols_register(struct uefi *uefi);
void device_path_protocols_init(struct uefi *uefi, uint64_t handle);

/* --- block_io.c: a handle for each disk and partition --- */
void block_io_register(struct uefi *uefi);
void block_io_init(struct uefi *uefi);

/* --- file_system.c --- */
void file_system_register(struct uefi *uefi);
/* Puts SimpleFileSystem on @handle if [@offset, @offset + @size) of disk @disk holds a FAT volume.  True: it does. */
bool file_system_init(struct uefi *uefi, uint64_t handle, unsigned disk, uint64_t offset, uint64_t size);
/* Disk @disk was written below the file systems on it. */
void file_system_disk_written(struct uefi *uefi, unsigned disk);

/* --- gop.c --- */
void gop_register(struct uefi *uefi);
/* Makes the display's handle with GraphicsOutput; returns the interface, *@handle; 0: there is no display. */
uint64_t gop_init(struct uefi *uefi, uint64_t *handle);
struct gop_screen {
    uint64_t framebuffer; /* guest-physical */
    uint32_t width, height;
    uint32_t stride; /* bytes */
};
/* What @gop shows now. */
bool gop_screen(struct uefi *uefi, uint64_t gop, struct gop_screen *out);

/* --- text_output.c --- */
void text_output_register(struct uefi *uefi);
/* Makes SimpleTextOutput on @handle; @gop: interface of the screen to write on, 0 for none.  Returns its interface. */
uint64_t text_output_init(struct uefi *uefi, uint64_t handle, uint64_t gop);
void text_output_end(struct uefi *uefi);
/* The Redox resolution menu was shown and its Enter is due: true once. */
bool text_output_take_autokey(struct uefi *uefi, uint64_t output);

/* --- text_input.c --- */
void text_input_register(struct uefi *uefi);
/* Makes SimpleTextInput and SimpleTextInputEx on @handle; @output: for --autokey.  Returns the former's interface. */
uint64_t text_input_init(struct uefi *uefi, uint64_t handle, uint64_t output);

/* --- serial_port.c: the UART of the configuration --- */
void serial_port_init(struct uefi *uefi);
void serial_port_write(struct uefi *uefi, const uint8_t *data, size_t length);
/* False: nothing there. */
bool serial_port_read(struct uefi *uefi, uint8_t *byte);
bool serial_port_input_waits(struct uefi *uefi);

/* --- serial_io.c --- */
void serial_io_register(struct uefi *uefi);
/* A handle for the UART with SerialIo; 0: there is none. */
uint64_t serial_io_init(struct uefi *uefi);

/* --- pci_io.c, pci_root_bridge_io.c --- */
void pci_io_register(struct uefi *uefi);
void pci_io_init(struct uefi *uefi);
/* The handle of the function @devfn on the root bus; 0: there is none. */
uint64_t pci_io_handle(struct uefi *uefi, uint8_t devfn);
void pci_root_bridge_io_register(struct uefi *uefi);
void pci_root_bridge_io_init(struct uefi *uefi);

/* --- others --- */
void unicode_collation_register(struct uefi *uefi);
void unicode_collation_init(struct uefi *uefi, uint64_t handle);
void rng_register(struct uefi *uefi);
void rng_init(struct uefi *uefi, uint64_t handle);

#endif
