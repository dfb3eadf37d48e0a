/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See ramfb.h. */
#include "devices/display/ramfb.h"

#include <inttypes.h>
#include <string.h>

#include "emu/bytes.h"

#define CONFIGURATION_SIZE 28

#define RAMFB_ARGB8888 0x34325241u /* "AR24" */
#define RAMFB_RGB888 0x34324752u   /* "RG24" */
#define RAMFB_RGB565 0x36314752u   /* "RG16" */

struct ramfb {
    struct machine *machine;
    uint8_t configuration[CONFIGURATION_SIZE]; /* as the guest writes it, piece by piece */
    /* What was valid when it was last written as a whole. */
    uint64_t address;
    uint32_t fourcc, width, height, stride;
};

static bool format_of(uint32_t fourcc, enum scanout_format *format, unsigned *bytes)
{
    switch (fourcc) {
    case RAMFB_XRGB8888:
    case RAMFB_ARGB8888:
        *format = SCANOUT_XRGB8888;
        *bytes = 4;
        return true;
    case RAMFB_RGB888:
        *format = SCANOUT_RGB888;
        *bytes = 3;
        return true;
    case RAMFB_RGB565:
        *format = SCANOUT_RGB565;
        *bytes = 2;
        return true;
    default:
        return false;
    }
}

static bool get(void *opaque, struct scanout *out)
{
    const struct ramfb *ramfb = opaque;
    unsigned bytes;

    if (!ramfb->width || !format_of(ramfb->fourcc, &out->format, &bytes))
        return false;
    out->pixels =
        memory_pointer(machine_memory(ramfb->machine), ramfb->address, (uint64_t)ramfb->stride * ramfb->height);
    out->width = ramfb->width;
    out->height = ramfb->height;
    out->stride = ramfb->stride;
    return out->pixels != NULL;
}

struct scanout_source ramfb_scanout(struct ramfb *ramfb)
{
    return (struct scanout_source){.get = get, .opaque = ramfb};
}

static bool set(struct ramfb *ramfb, uint64_t address, uint32_t fourcc, uint32_t width, uint32_t height,
                uint32_t stride)
{
    enum scanout_format format;
    unsigned bytes;

    if (!format_of(fourcc, &format, &bytes) || !width || width > RAMFB_WIDTH_MAX || !height ||
        height > RAMFB_HEIGHT_MAX || stride < width * bytes || stride > RAMFB_WIDTH_MAX * 8 ||
        !memory_pointer(machine_memory(ramfb->machine), address, (uint64_t)stride * height))
        return false;
    ramfb->address = address;
    ramfb->fourcc = fourcc;
    ramfb->width = width;
    ramfb->height = height;
    ramfb->stride = stride;
    return true;
}

bool ramfb_set_mode(struct ramfb *ramfb, uint64_t address, uint32_t width, uint32_t height, uint32_t stride)
{
    return set(ramfb, address, RAMFB_XRGB8888, width, height, stride);
}

static void written(void *opaque)
{
    struct ramfb *ramfb = opaque;
    const uint8_t *from = ramfb->configuration;
    uint64_t address = (uint64_t)get_be32(from) << 32 | get_be32(from + 4);
    uint32_t fourcc = get_be32(from + 8), width = get_be32(from + 16), height = get_be32(from + 20);
    uint32_t stride = get_be32(from + 24);
    enum scanout_format format;
    unsigned bytes;

    if (!stride && format_of(fourcc, &format, &bytes) && width <= RAMFB_WIDTH_MAX)
        stride = width * bytes;
    if (!set(ramfb, address, fourcc, width, height, stride))
        machine_guest_error(ramfb->machine, "ramfb",
                            "%ux%u pixels of format 0x%08x, %u bytes a line, at 0x%" PRIx64 " cannot be shown", width,
                            height, fourcc, stride, address);
}

static void ramfb_reset(void *device)
{
    struct ramfb *ramfb = device;

    memset(ramfb->configuration, 0, sizeof(ramfb->configuration));
    ramfb->address = 0;
    ramfb->fourcc = ramfb->width = ramfb->height = ramfb->stride = 0;
}

static void ramfb_unrealize(void *device)
{
    g_free(device);
}

/* A stream from elsewhere: @get checks the address anew, but not the sizes. */
static void after_load(void *object)
{
    struct ramfb *ramfb = object;
    enum scanout_format format;
    unsigned bytes;

    if (!format_of(ramfb->fourcc, &format, &bytes) || ramfb->width > RAMFB_WIDTH_MAX ||
        ramfb->height > RAMFB_HEIGHT_MAX || ramfb->stride < ramfb->width * bytes)
        ramfb->width = 0;
}

static const struct state_field fields[] = {
    STATE_U8_ARRAY(struct ramfb, configuration),
    STATE_U64(struct ramfb, address),
    STATE_U32(struct ramfb, fourcc),
    STATE_U32(struct ramfb, width),
    STATE_U32(struct ramfb, height),
    STATE_U32(struct ramfb, stride),
    STATE_END,
};

static const struct state_table state = {.name = "ramfb", .version = 1, .fields = fields, .after_load = after_load};
static const struct device_class ramfb_class = {
    .name = "ramfb", .state = &state, .reset = ramfb_reset, .unrealize = ramfb_unrealize};

struct ramfb *ramfb_new(struct machine *machine, struct fw_cfg *fw_cfg)
{
    struct ramfb *ramfb = g_new0(struct ramfb, 1);

    ramfb->machine = machine;
    fw_cfg_add_writable(fw_cfg, "etc/ramfb", ramfb->configuration, CONFIGURATION_SIZE, written, ramfb);
    machine_add_device(machine, &ramfb_class, ramfb, "ramfb");
    return ramfb;
}
