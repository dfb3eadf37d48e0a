/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bochs display: DISPI registers as in Bochs' vbe_display_api.txt, MMIO layout as in QEMU's standard-vga.txt. */
#include "devices/display/bochs_display.h"

#include <string.h>

#include "devices/display/vga.h"
#include "devices/pci/pci_registers.h"
#include "emu/bytes.h"

enum dispi_register {
    DISPI_ID,
    DISPI_XRES,
    DISPI_YRES,
    DISPI_BPP,
    DISPI_ENABLE,
    DISPI_BANK,
    DISPI_VIRT_WIDTH,
    DISPI_VIRT_HEIGHT,
    DISPI_X_OFFSET,
    DISPI_Y_OFFSET,
    DISPI_VIDEO_MEMORY_64K,
    DISPI_REGISTERS,
};

enum {
    DISPI_ID0 = 0xB0C0,
    DISPI_ID5 = 0xB0C5,
    DISPI_ENABLED = 0x01,
    DISPI_GETCAPS = 0x02,
    DISPI_8BIT_DAC = 0x20,
    DISPI_LFB = 0x40,
    DISPI_NOCLEARMEM = 0x80,
    DISPI_ENABLE_BITS = DISPI_ENABLED | DISPI_GETCAPS | DISPI_8BIT_DAC | DISPI_LFB | DISPI_NOCLEARMEM,
    DISPI_MAX_XRES = 16000,
    DISPI_MAX_YRES = 12000,
    DISPI_MAX_BPP = 32,

    PORT_DISPI_INDEX = 0x1CE,
    PORT_DISPI_COUNT = 3, /* data at 1CF, and at 1D0 for those that want it aligned */

    MEMORY_SIZE = 16 << 20,
    WINDOW_ADDRESS = 0xA0000,
    WINDOW_SIZE = 0x20000,

    VRAM_BAR = 0,
    MMIO_BAR = 2,
    MMIO_SIZE = 0x1000,
    MMIO_VGA = 0x400,
    MMIO_VGA_END = 0x420,
    MMIO_DISPI = 0x500,
    MMIO_DISPI_END = MMIO_DISPI + 2 * DISPI_REGISTERS,
    MMIO_EXTENDED = 0x600,
    MMIO_EXTENDED_SIZE = 8,
    MMIO_EDID_END = 0x400,
};
#define LITTLE_ENDIAN_FRAMEBUFFER 0x1E1E1E1Eu

struct bochs_display {
    struct pci_function pci;
    struct machine *machine;
    struct vga vga;
    uint16_t dispi_index, dispi[DISPI_REGISTERS];
    uint8_t edid[EDID_SIZE];
    struct memory_region *ports[3]; /* DISPI, VGA monochrome, VGA colour */
    struct memory_region *window;   /* NULL: not there */
    uint8_t *converted;             /* a shown frame of 8 or 15 bits a pixel, as 32; derived */
    size_t converted_size;
};

/* --- DISPI --- */

static unsigned bytes_per_pixel(const struct bochs_display *display)
{
    return (display->dispi[DISPI_BPP] + 7u) / 8;
}

static bool valid_bpp(uint16_t bpp)
{
    return bpp == 8 || bpp == 15 || bpp == 16 || bpp == 24 || bpp == 32;
}

/* Brings the registers to a mode that fits into video memory. */
static void fix_mode(struct bochs_display *display)
{
    uint16_t *r = display->dispi;
    uint32_t line, lines;

    if (!valid_bpp(r[DISPI_BPP]))
        r[DISPI_BPP] = 8;
    r[DISPI_XRES] = (uint16_t)CLAMP(r[DISPI_XRES] & ~7, 8, DISPI_MAX_XRES);
    r[DISPI_VIRT_WIDTH] = (uint16_t)MAX(r[DISPI_VIRT_WIDTH] & ~7, r[DISPI_XRES]);
    line = r[DISPI_VIRT_WIDTH] * bytes_per_pixel(display);
    lines = MEMORY_SIZE / line;
    r[DISPI_YRES] = (uint16_t)CLAMP(r[DISPI_YRES], 1, MIN(lines, DISPI_MAX_YRES));
    r[DISPI_VIRT_HEIGHT] = (uint16_t)MIN(lines, UINT16_MAX);
    r[DISPI_X_OFFSET] = (uint16_t)MIN(r[DISPI_X_OFFSET], r[DISPI_VIRT_WIDTH] - r[DISPI_XRES]);
    r[DISPI_Y_OFFSET] = (uint16_t)MIN(r[DISPI_Y_OFFSET], lines - r[DISPI_YRES]);
}

static void clear_memory(struct bochs_display *display)
{
    uint64_t address = pci_bar_address(&display->pci, VRAM_BAR);
    uint64_t size = (uint64_t)display->dispi[DISPI_VIRT_WIDTH] * bytes_per_pixel(display) * display->dispi[DISPI_YRES];
    struct memory *memory = machine_memory(display->machine);
    void *host = address == UINT64_MAX ? NULL : memory_pointer(memory, address, size);

    if (!host)
        return;
    memset(host, 0, size);
    memory_written(memory, address, size);
}

static void write_enable(struct bochs_display *display, uint16_t value)
{
    uint16_t *r = display->dispi;
    bool was = r[DISPI_ENABLE] & DISPI_ENABLED, now = value & DISPI_ENABLED;

    r[DISPI_ENABLE] = value & DISPI_ENABLE_BITS;
    if (was || !now)
        return;
    r[DISPI_VIRT_WIDTH] = r[DISPI_X_OFFSET] = r[DISPI_Y_OFFSET] = 0; /* becomes as wide as the screen */
    fix_mode(display);
    if (!(value & DISPI_NOCLEARMEM))
        clear_memory(display);
    trace_event(machine_trace_log(display->machine), TRACE_DEVICE, "display", "mode %ux%u, %u bits", r[DISPI_XRES],
                r[DISPI_YRES], r[DISPI_BPP]);
}

static void dispi_write(struct bochs_display *display, unsigned index, uint16_t value)
{
    uint16_t *r = display->dispi;

    switch (index) {
    case DISPI_ID:
        if (value >= DISPI_ID0 && value <= DISPI_ID5)
            r[DISPI_ID] = value;
        return;
    case DISPI_ENABLE:
        write_enable(display, value);
        return;
    case DISPI_BANK:
        r[DISPI_BANK] = value & (MEMORY_SIZE / 65536 - 1);
        return;
    case DISPI_XRES:
    case DISPI_YRES:
    case DISPI_BPP:
    case DISPI_VIRT_WIDTH:
    case DISPI_X_OFFSET:
    case DISPI_Y_OFFSET:
        r[index] = value;
        if (r[DISPI_ENABLE] & DISPI_ENABLED)
            fix_mode(display);
        return;
    default: /* VIRT_HEIGHT and VIDEO_MEMORY_64K are read-only, the rest is not there */
        return;
    }
}

static uint16_t dispi_read(const struct bochs_display *display, unsigned index)
{
    static const uint16_t most[] = {
        [DISPI_XRES] = DISPI_MAX_XRES, [DISPI_YRES] = DISPI_MAX_YRES, [DISPI_BPP] = DISPI_MAX_BPP};

    if (index == DISPI_VIDEO_MEMORY_64K)
        return MEMORY_SIZE / 65536;
    if (index >= DISPI_REGISTERS)
        return 0;
    if ((display->dispi[DISPI_ENABLE] & DISPI_GETCAPS) && index >= DISPI_XRES && index <= DISPI_BPP)
        return most[index];
    return display->dispi[index];
}

static uint64_t dispi_port_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct bochs_display *display = opaque;

    return offset == 0 ? display->dispi_index : dispi_read(display, display->dispi_index);
}

static void dispi_port_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct bochs_display *display = opaque;

    if (offset == 0)
        display->dispi_index = (uint16_t)value;
    else
        dispi_write(display, display->dispi_index, (uint16_t)value);
}

static const struct memory_region_ops dispi_port_ops = {
    .read = dispi_port_read, .write = dispi_port_write, .max_size = 2};

/* --- VGA ports --- */

static bool eight_bit_dac(const struct bochs_display *display)
{
    return display->dispi[DISPI_ENABLE] & DISPI_8BIT_DAC;
}

static uint64_t vga_low_read(void *opaque, uint64_t offset, unsigned size)
{
    struct bochs_display *display = opaque;

    return vga_read(&display->vga, (uint16_t)(VGA_FIRST_PORT + offset), machine_now(display->machine));
}

static void vga_low_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct bochs_display *display = opaque;

    vga_write(&display->vga, (uint16_t)(VGA_FIRST_PORT + offset), (uint8_t)value, eight_bit_dac(display));
}

static uint64_t vga_high_read(void *opaque, uint64_t offset, unsigned size)
{
    return vga_low_read(opaque, offset + VGA_COLOUR_PORT - VGA_FIRST_PORT, size);
}

static void vga_high_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    vga_low_write(opaque, offset + VGA_COLOUR_PORT - VGA_FIRST_PORT, size, value);
}

/* A wider access is one of an index and its data, in this order. */
static const struct memory_region_ops vga_low_ops = {.read = vga_low_read, .write = vga_low_write, .max_size = 1};
static const struct memory_region_ops vga_high_ops = {.read = vga_high_read, .write = vga_high_write, .max_size = 1};

/* --- MMIO --- */

static uint8_t mmio_read_byte(struct bochs_display *display, uint64_t offset)
{
    if (offset < MMIO_EDID_END)
        return offset < EDID_SIZE ? display->edid[offset] : 0;
    if (offset < MMIO_VGA_END)
        return (uint8_t)vga_high_read(display, offset - MMIO_VGA, 1);
    if (offset >= MMIO_DISPI && offset < MMIO_DISPI_END)
        return (uint8_t)(dispi_read(display, (unsigned)(offset - MMIO_DISPI) / 2) >> 8 * (offset & 1));
    if (offset >= MMIO_EXTENDED && offset < MMIO_EXTENDED + 4)
        return offset == MMIO_EXTENDED ? MMIO_EXTENDED_SIZE : 0;
    if (offset >= MMIO_EXTENDED + 4 && offset < MMIO_EXTENDED + MMIO_EXTENDED_SIZE)
        return (uint8_t)LITTLE_ENDIAN_FRAMEBUFFER;
    return 0;
}

static uint64_t mmio_read(void *opaque, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)mmio_read_byte(opaque, offset + i) << 8 * i;
    return value;
}

static void mmio_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct bochs_display *display = opaque;

    if (offset >= MMIO_VGA && offset < MMIO_VGA_END) {
        for (unsigned i = 0; i < size && offset + i < MMIO_VGA_END; i++)
            vga_high_write(display, offset - MMIO_VGA + i, 1, value >> 8 * i & 0xFF);
    } else if (offset >= MMIO_DISPI && offset < MMIO_DISPI_END && size >= 2) {
        for (unsigned i = 0; i < size; i += 2)
            dispi_write(display, (unsigned)(offset - MMIO_DISPI + i) / 2, (uint16_t)(value >> 8 * i));
    } else if (offset == MMIO_EXTENDED + 4 && size == 4 && (uint32_t)value != LITTLE_ENDIAN_FRAMEBUFFER) {
        machine_guest_error(display->machine, "display", "a big-endian framebuffer is not modelled");
    }
}

static const struct memory_region_ops mmio_ops = {.read = mmio_read, .write = mmio_write};

static const struct pci_identity identity = {
    .vendor = 0x1234,
    .device = 0x1111,
    .subsystem_vendor = 0x1AF4,
    .subsystem = 0x1100,
    .class_code = 0x030000,
    .revision = 2,
    .bar =
        {
            [VRAM_BAR] = {.type = PCI_BAR_MEMORY32, .prefetchable = true, .size = MEMORY_SIZE, .ram = true},
            [MMIO_BAR] = {.type = PCI_BAR_MEMORY32, .size = MMIO_SIZE, .ops = &mmio_ops},
        },
};

/* --- what is shown --- */

static void convert_line(const struct bochs_display *display, const uint8_t *from, uint8_t *to)
{
    unsigned shift = eight_bit_dac(display) ? 0 : 2;

    for (unsigned x = 0; x < display->dispi[DISPI_XRES]; x++, to += 4) {
        if (display->dispi[DISPI_BPP] == 8) {
            const uint8_t *colour = &display->vga.palette[(from[x] & display->vga.dac_mask) * 3];

            for (unsigned i = 0; i < 3; i++)
                to[i] = (uint8_t)(colour[2 - i] << shift);
        } else {
            unsigned pixel = get_le16(&from[2 * x]);

            for (unsigned i = 0; i < 3; i++) {
                unsigned part = pixel >> 5 * i & 31;

                to[i] = (uint8_t)(part << 3 | part >> 2);
            }
        }
        to[3] = 0;
    }
}

static void convert(struct bochs_display *display, struct scanout *out)
{
    size_t size = (size_t)out->width * out->height * 4;

    if (display->converted_size < size) {
        display->converted = g_realloc(display->converted, size);
        display->converted_size = size;
    }
    for (uint32_t y = 0; y < out->height; y++)
        convert_line(display, out->pixels + (size_t)y * out->stride, display->converted + (size_t)y * out->width * 4);
    out->pixels = display->converted;
    out->stride = out->width * 4;
    out->format = SCANOUT_XRGB8888;
}

static bool get_scanout(void *opaque, struct scanout *out)
{
    struct bochs_display *display = opaque;
    const uint16_t *r = display->dispi;
    uint32_t line = r[DISPI_VIRT_WIDTH] * bytes_per_pixel(display);

    *out = (struct scanout){0};
    if (!(r[DISPI_ENABLE] & DISPI_ENABLED) || !vga_unblanked(&display->vga))
        return false;
    out->pixels = memory_region_host(display->pci.bar_region[VRAM_BAR]) + (size_t)r[DISPI_Y_OFFSET] * line +
                  r[DISPI_X_OFFSET] * bytes_per_pixel(display);
    out->width = r[DISPI_XRES];
    out->height = r[DISPI_YRES];
    out->stride = line;
    if (r[DISPI_BPP] == 32)
        out->format = SCANOUT_XRGB8888;
    else if (r[DISPI_BPP] == 24)
        out->format = SCANOUT_RGB888;
    else if (r[DISPI_BPP] == 16)
        out->format = SCANOUT_RGB565;
    else
        convert(display, out);
    return true;
}

struct scanout_source bochs_display_scanout(struct bochs_display *display)
{
    return (struct scanout_source){.get = get_scanout, .opaque = display};
}

bool bochs_display_set_mode(struct bochs_display *display, uint32_t width, uint32_t height, uint32_t bpp)
{
    if (width < 8 || width % 8 || width > DISPI_MAX_XRES || height < 1 || height > DISPI_MAX_YRES ||
        (bpp != 16 && bpp != 24 && bpp != 32) || (uint64_t)width * height * (bpp / 8) > MEMORY_SIZE)
        return false;
    dispi_write(display, DISPI_ENABLE, 0);
    dispi_write(display, DISPI_XRES, (uint16_t)width);
    dispi_write(display, DISPI_YRES, (uint16_t)height);
    dispi_write(display, DISPI_BPP, (uint16_t)bpp);
    dispi_write(display, DISPI_ENABLE, DISPI_ENABLED | DISPI_LFB);
    vga_read(&display->vga, 0x3DA, machine_now(display->machine));
    vga_write(&display->vga, 0x3C0, 0x20, false);
    return true;
}

uint64_t bochs_display_framebuffer(const struct bochs_display *display)
{
    return pci_bar_address(&display->pci, VRAM_BAR);
}

uint64_t bochs_display_memory_size(const struct bochs_display *display)
{
    return MEMORY_SIZE;
}

const uint8_t *bochs_display_edid(const struct bochs_display *display)
{
    return display->edid;
}

/* --- life --- */

/* The legacy ranges answer while the function decodes I/O and memory. */
static void update_legacy(struct bochs_display *display)
{
    static const uint16_t addresses[] = {PORT_DISPI_INDEX, VGA_FIRST_PORT, VGA_COLOUR_PORT};
    uint16_t command = get_le16(&display->pci.config[PCI_COMMAND]);

    for (unsigned i = 0; i < G_N_ELEMENTS(addresses); i++)
        if (display->ports[i])
            memory_region_set(display->ports[i], addresses[i], command & PCI_COMMAND_IO);
    if (display->window)
        memory_region_set(display->window, WINDOW_ADDRESS, command & PCI_COMMAND_MEMORY);
}

static void config_written(void *device, uint16_t offset, unsigned size)
{
    if (offset <= PCI_COMMAND && offset + size > PCI_COMMAND)
        update_legacy(device);
}

static void display_reset(void *device)
{
    struct bochs_display *display = device;

    pci_function_reset(&display->pci);
    vga_reset(&display->vga);
    display->dispi_index = 0;
    memset(display->dispi, 0, sizeof(display->dispi));
    display->dispi[DISPI_ID] = DISPI_ID5;
    update_legacy(display);
}

static void display_unrealize(void *device)
{
    struct bochs_display *display = device;

    for (unsigned i = 0; i < G_N_ELEMENTS(display->ports); i++)
        if (display->ports[i])
            memory_region_remove(display->ports[i]);
    if (display->window)
        memory_region_remove(display->window);
    pci_function_finalize(&display->pci);
    g_free(display->converted);
    g_free(display);
}

static void after_load(void *object)
{
    struct bochs_display *display = object;

    /* Geometry is used unchecked when the screen is looked at. */
    if (display->dispi[DISPI_ENABLE] & DISPI_ENABLED)
        fix_mode(display);
    update_legacy(display);
}

static const struct state_field fields[] = {
    STATE_STRUCT(struct bochs_display, pci, &pci_function_state),
    STATE_STRUCT(struct bochs_display, vga, &vga_state),
    STATE_U16(struct bochs_display, dispi_index),
    STATE_U16_ARRAY(struct bochs_display, dispi),
    STATE_END,
};

static const struct state_table display_state = {
    .name = "bochs-display", .version = 1, .fields = fields, .after_load = after_load};

static const struct device_class display_class = {
    .name = "bochs-display",
    .state = &display_state,
    .reset = display_reset,
    .unrealize = display_unrealize,
};

static void add_legacy(struct bochs_display *display)
{
    struct memory *memory = machine_memory(display->machine);

    display->ports[1] = memory_add_io(memory, MEMORY_SPACE_PORT, "vga", VGA_FIRST_PORT, 0x3BC - VGA_FIRST_PORT, 0,
                                      &vga_low_ops, display);
    display->ports[2] = memory_add_io(memory, MEMORY_SPACE_PORT, "vga", VGA_COLOUR_PORT, VGA_END_PORT - VGA_COLOUR_PORT,
                                      0, &vga_high_ops, display);
    /* A board whose RAM has no hole there goes without. */
    display->window = memory_add_ram(memory, "vga", WINDOW_ADDRESS, WINDOW_SIZE, false, NULL);
}

struct bochs_display *bochs_display_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, uint32_t width,
                                        uint32_t height, bool legacy)
{
    struct bochs_display *display = g_new0(struct bochs_display, 1);

    display->machine = machine;
    edid_generate(display->edid, width ? width : 1280, height ? height : 800);
    pci_function_init(&display->pci, bus, devfn, &identity, display);
    display->pci.config_written = config_written;
    display->ports[0] = memory_add_io(machine_memory(machine), MEMORY_SPACE_PORT, "dispi", PORT_DISPI_INDEX,
                                      PORT_DISPI_COUNT, 0, &dispi_port_ops, display);
    if (legacy)
        add_legacy(display);
    machine_add_device(machine, &display_class, display, "display");
    display_reset(display);
    memory_commit(machine_memory(machine));
    return display;
}
