/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SerialIo for the UART of the configuration.  UEFI 2.10 section 12.8. */
#include "firmware/uefi/device_path.h"
#include "firmware/uefi/protocols.h"

enum { /* EFI_SERIAL_IO_PROTOCOL, then its mode */
       SERIAL_REVISION = 0,
       SERIAL_FUNCTIONS = 8,
       SERIAL_MODE = 56,
       SERIAL_SIZE = 64,
       MODE_CONTROL_MASK = SERIAL_SIZE + 0,
       MODE_TIMEOUT = SERIAL_SIZE + 4,
       MODE_BAUD = SERIAL_SIZE + 8,
       MODE_FIFO = SERIAL_SIZE + 16,
       MODE_DATA_BITS = SERIAL_SIZE + 20,
       MODE_PARITY = SERIAL_SIZE + 24,
       MODE_STOP_BITS = SERIAL_SIZE + 28,
       WHOLE_SIZE = SERIAL_SIZE + 32,
};
#define SERIAL_IO_REVISION 0x00010000u
#define DEFAULT_BAUD 115200u
#define DEFAULT_TIMEOUT 1000000u /* microseconds */
#define FIFO_DEPTH 16u
#define MAX_BAUD 115200u

#define CONTROL_DTR 0x0001u
#define CONTROL_RTS 0x0002u
#define CONTROL_CTS 0x0010u
#define CONTROL_DSR 0x0020u
#define CONTROL_CARRIER 0x0080u
#define CONTROL_INPUT_EMPTY 0x0100u
#define CONTROL_OUTPUT_EMPTY 0x0200u
#define CONTROL_LOOPBACK 0x1000u /* and software loopback, hardware flow control */
#define CONTROL_WRITABLE (CONTROL_DTR | CONTROL_RTS)
#define TRANSFER_MAX (1u << 20)

static const struct uefi_object_class serial_io_class = {"serial-io", NULL, stateless_load, NULL, NULL};

static void default_mode(struct uefi *uefi, uint64_t interface)
{
    uefi_write32(uefi, interface + MODE_CONTROL_MASK, CONTROL_WRITABLE | CONTROL_INPUT_EMPTY | CONTROL_OUTPUT_EMPTY);
    uefi_write32(uefi, interface + MODE_TIMEOUT, DEFAULT_TIMEOUT);
    uefi_write64(uefi, interface + MODE_BAUD, DEFAULT_BAUD);
    uefi_write32(uefi, interface + MODE_FIFO, FIFO_DEPTH);
    uefi_write32(uefi, interface + MODE_DATA_BITS, 8);
    uefi_write32(uefi, interface + MODE_PARITY, 1);
    uefi_write32(uefi, interface + MODE_STOP_BITS, 1);
}

static uint64_t reset(struct uefi *uefi, struct uefi_call *call)
{
    if (!uefi_this(call, &serial_io_class))
        return EFI_INVALID_PARAMETER;
    serial_port_init(uefi);
    default_mode(uefi, uefi_argument(call, 0));
    return EFI_SUCCESS;
}

/* The line has no speed here: what fits the UART is noted and told again. */
static uint64_t set_attributes(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t interface = uefi_argument(call, 0), baud = uefi_argument(call, 1);
    uint32_t fifo = uefi_argument32(call, 2), timeout = uefi_argument32(call, 3), parity = uefi_argument32(call, 4);
    uint8_t data_bits = uefi_argument8(call, 5);
    uint32_t stop_bits = uefi_argument32(call, 6);

    if (!uefi_this(call, &serial_io_class))
        return EFI_INVALID_PARAMETER;
    if (baud > MAX_BAUD || fifo > FIFO_DEPTH || parity > 5 || (data_bits && (data_bits < 5 || data_bits > 8)) ||
        stop_bits > 3)
        return EFI_INVALID_PARAMETER;
    uefi_write64(uefi, interface + MODE_BAUD, baud ? baud : DEFAULT_BAUD);
    uefi_write32(uefi, interface + MODE_FIFO, fifo ? fifo : FIFO_DEPTH);
    uefi_write32(uefi, interface + MODE_TIMEOUT, timeout ? timeout : DEFAULT_TIMEOUT);
    uefi_write32(uefi, interface + MODE_PARITY, parity ? parity : 1);
    uefi_write32(uefi, interface + MODE_DATA_BITS, data_bits ? data_bits : 8);
    uefi_write32(uefi, interface + MODE_STOP_BITS, stop_bits ? stop_bits : 1);
    return EFI_SUCCESS;
}

static uint64_t set_control(struct uefi *uefi, struct uefi_call *call)
{
    if (!uefi_this(call, &serial_io_class))
        return EFI_INVALID_PARAMETER;
    return uefi_argument32(call, 1) & ~CONTROL_WRITABLE ? EFI_UNSUPPORTED : EFI_SUCCESS;
}

static uint64_t get_control(struct uefi *uefi, struct uefi_call *call)
{
    uint32_t control = CONTROL_DTR | CONTROL_RTS | CONTROL_CTS | CONTROL_DSR | CONTROL_CARRIER | CONTROL_OUTPUT_EMPTY;

    if (!uefi_this(call, &serial_io_class))
        return EFI_INVALID_PARAMETER;
    if (!serial_port_input_waits(uefi)) {
        control |= CONTROL_INPUT_EMPTY;
        uefi_polled(uefi);
    }
    return uefi_write32(uefi, uefi_argument(call, 1), control) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

static uint64_t serial_write(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t size_address = uefi_argument(call, 1), buffer = uefi_argument(call, 2), size;
    uint8_t piece[512];

    if (!uefi_this(call, &serial_io_class) || !uefi_read64(uefi, size_address, &size) || size > TRANSFER_MAX)
        return EFI_INVALID_PARAMETER;
    for (uint64_t done = 0; done < size;) {
        uint64_t length = MIN(sizeof(piece), size - done);

        if (!uefi_read(uefi, buffer + done, piece, length))
            return EFI_INVALID_PARAMETER;
        serial_port_write(uefi, piece, length);
        done += length;
    }
    return EFI_SUCCESS;
}

static uint64_t serial_read(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t size_address = uefi_argument(call, 1), buffer = uefi_argument(call, 2), size, done = 0;
    uint8_t byte;

    if (!uefi_this(call, &serial_io_class) || !uefi_read64(uefi, size_address, &size) || size > TRANSFER_MAX ||
        (size && !uefi_accessible(uefi, buffer, size)))
        return EFI_INVALID_PARAMETER;
    while (done < size && serial_port_read(uefi, &byte))
        uefi_write8(uefi, buffer + done++, byte);
    uefi_write64(uefi, size_address, done);
    if (done == size) {
        uefi_poll_succeeded(uefi);
        return EFI_SUCCESS;
    }
    uefi_polled(uefi);
    return EFI_TIMEOUT;
}

void serial_io_register(struct uefi *uefi)
{
    uefi_register_class(uefi, &serial_io_class);
}

static uint64_t serial_handle(struct uefi *uefi)
{
    /* EDKII_SERIAL_PORT_LIB's node stands for a UART that is not on a PC's LPC bus. */
    static const struct efi_guid memory_uart =
        EFI_GUID(0xd3987d4b, 0x971a, 0x435f, 0x8c, 0xaf, 0x49, 0x67, 0xeb, 0x62, 0x72, 0x41);
    static const struct efi_guid utf8_terminal =
        EFI_GUID(0xad15a0d6, 0x8bec, 0x4acf, 0xa0, 0x73, 0xd0, 0x1d, 0xe7, 0x7e, 0x2d, 0x88);
    GByteArray *path = g_byte_array_new();
    uint64_t handle;

    if (uefi_config(uefi)->serial.type == UEFI_UART_16550) {
        device_path_acpi(path, EISA_PNP(0x0A03), 0);
        device_path_pci(path, 0x1F << 3);
        device_path_acpi(path, EISA_PNP(0x0501), 0);
    } else {
        device_path_vendor(path, DEVICE_PATH_HARDWARE, HARDWARE_VENDOR, &memory_uart);
    }
    device_path_uart(path, DEFAULT_BAUD);
    device_path_vendor(path, DEVICE_PATH_MESSAGING, MESSAGING_VENDOR, &utf8_terminal);
    device_path_end(path);
    handle = uefi_device_handle(uefi, path->data, path->len);
    g_byte_array_free(path, TRUE);
    return handle;
}

uint64_t serial_io_init(struct uefi *uefi)
{
    const uint64_t functions[] = {
        uefi_function(uefi, "SerialIo.Reset", reset),
        uefi_function(uefi, "SerialIo.SetAttributes", set_attributes),
        uefi_function(uefi, "SerialIo.SetControl", set_control),
        uefi_function(uefi, "SerialIo.GetControl", get_control),
        uefi_function(uefi, "SerialIo.Write", serial_write),
        uefi_function(uefi, "SerialIo.Read", serial_read),
    };
    uint64_t interface, handle;

    if (uefi_config(uefi)->serial.type == UEFI_UART_NONE)
        return 0;
    handle = serial_handle(uefi);
    interface = uefi_interface_new(uefi, WHOLE_SIZE, &serial_io_class, uefi);
    if (!handle || !interface)
        return 0;
    uefi_write64(uefi, interface + SERIAL_REVISION, SERIAL_IO_REVISION);
    write_functions(uefi, interface + SERIAL_FUNCTIONS, functions, G_N_ELEMENTS(functions));
    uefi_write64(uefi, interface + SERIAL_MODE, interface + MODE_CONTROL_MASK);
    default_mode(uefi, interface);
    uefi_install(uefi, handle, &guid_serial_io, interface);
    return handle;
}
