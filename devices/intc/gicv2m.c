/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv2m frame: ARM-DEN-0029 2.3, appendix E.4.  It has no state: a message is an edge of its SPI. */
#include "devices/intc/gicv2m.h"

#include <inttypes.h>

#define MSI_TYPER 0x008
#define MSI_SETSPI_NS 0x040
#define MSI_IIDR 0xFCC
#define FRAME_SIZE 0x1000

#define TYPER_BASE_SHIFT 16
#define IIDR 0x0000043B

struct gicv2m {
    struct machine *machine;
    struct gicv2m_config config;
    struct memory_region *region;
};

static uint64_t frame_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct gicv2m *frame = opaque;

    switch (offset) {
    case MSI_TYPER:
        return frame->config.first << TYPER_BASE_SHIFT | frame->config.count;
    case MSI_IIDR:
        return IIDR;
    case MSI_SETSPI_NS:
        return 0;
    }
    machine_guest_error(frame->machine, "gicv2m", "read of reserved register 0x%03" PRIx64, offset);
    return 0;
}

static void frame_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    const struct gicv2m *frame = opaque;
    unsigned intid = value & 0x3FF;

    if (offset != MSI_SETSPI_NS) {
        machine_guest_error(frame->machine, "gicv2m", "write to read-only or reserved register 0x%03" PRIx64, offset);
        return;
    }
    if (intid < frame->config.first || intid - frame->config.first >= frame->config.count) {
        machine_guest_error(frame->machine, "gicv2m", "message for interrupt %u, which is not of this frame", intid);
        return;
    }
    struct irq_line line = frame->config.line(frame->config.opaque, intid);
    irq_pulse(&line);
}

static void frame_unrealize(void *device)
{
    struct gicv2m *frame = device;

    memory_region_remove(frame->region);
    g_free(frame);
}

static const struct device_class gicv2m_class = {.name = "gicv2m", .unrealize = frame_unrealize};
/* A message is a word; 16 bits are valid as well, and the rest of the register is zero. */
static const struct memory_region_ops frame_ops = {
    .read = frame_read, .write = frame_write, .min_size = 4, .max_size = 4};

struct gicv2m *gicv2m_new(struct machine *machine, const struct gicv2m_config *config)
{
    struct gicv2m *frame = g_new0(struct gicv2m, 1);

    g_assert(config->line && config->first >= 32 && config->count > 0);
    frame->machine = machine;
    frame->config = *config;
    frame->region = memory_add_io(machine_memory(machine), MEMORY_SPACE_PHYSICAL, "gicv2m", config->address, FRAME_SIZE,
                                  0, &frame_ops, frame);
    machine_add_device(machine, &gicv2m_class, frame, "gicv2m");
    return frame;
}
