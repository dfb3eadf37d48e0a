/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VGA registers. */
#include "devices/display/vga.h"

#include <string.h>

enum {
    ATTRIBUTE = 0x3C0,
    ATTRIBUTE_READ = 0x3C1,
    MISCELLANEOUS = 0x3C2, /* reads input status 0 */
    ENABLE = 0x3C3,
    SEQUENCER_INDEX = 0x3C4,
    SEQUENCER_DATA = 0x3C5,
    DAC_MASK = 0x3C6,
    DAC_READ_INDEX = 0x3C7,
    DAC_WRITE_INDEX = 0x3C8,
    DAC_DATA = 0x3C9,
    FEATURE_READ = 0x3CA,
    MISCELLANEOUS_READ = 0x3CC,
    GRAPHICS_INDEX = 0x3CE,
    GRAPHICS_DATA = 0x3CF,
    CRTC_INDEX = 0x3D4, /* or 3B4 */
    CRTC_DATA = 0x3D5,
    STATUS_1 = 0x3DA,

    ATTRIBUTE_INDEX_MASK = 0x1F,
    ATTRIBUTE_UNBLANKED = 0x20,
    MISCELLANEOUS_COLOUR = 0x01,
    CRTC_PROTECT_REGISTER = 0x11,
    CRTC_PROTECT = 0x80,
    CRTC_OVERFLOW = 0x07,
    CRTC_LINE_COMPARE_8 = 0x10, /* the one bit of register 7 that is not protected */
    DAC_STATE_READ = 0x03,

    STATUS_1_BLANK = 0x01,
    STATUS_1_RETRACE = 0x08,
    /* Timing of 640x480 at 60 Hz */
    FRAME_NS = 16683000,
    RETRACE_NS = 15730000,
    LINE_NS = 31778,
    LINE_BLANK_NS = 25422,
};

void vga_reset(struct vga *vga)
{
    memset(vga, 0, sizeof(*vga));
    vga->miscellaneous = MISCELLANEOUS_COLOUR | 0x66;
    vga->dac_mask = 0xFF;
    vga->enable = 1;
}

bool vga_unblanked(const struct vga *vga)
{
    return vga->attribute_index & ATTRIBUTE_UNBLANKED;
}

/* CRTC, status 1 and feature control are at 3Bx or at 3Dx; the address as at 3Dx, 0 if nobody answers. */
static uint16_t colour_address(const struct vga *vga, uint16_t port)
{
    bool colour = vga->miscellaneous & MISCELLANEOUS_COLOUR;

    if (port >= 0x3C0 && port < 0x3D0)
        return port;
    if (port >= 0x3D0)
        return colour ? port : 0;
    return colour ? 0 : (uint16_t)(port + 0x20);
}

static uint8_t status_1(int64_t now)
{
    bool retrace = now % FRAME_NS >= RETRACE_NS;
    bool blank = retrace || now % LINE_NS >= LINE_BLANK_NS;

    return (uint8_t)((retrace ? STATUS_1_RETRACE : 0) | (blank ? STATUS_1_BLANK : 0));
}

static void next_component(struct vga *vga)
{
    if (++vga->dac_component == 3) {
        vga->dac_component = 0;
        vga->dac_index++;
    }
}

static uint8_t dac_read(struct vga *vga)
{
    uint8_t value = vga->palette[vga->dac_index * 3 + vga->dac_component];

    next_component(vga);
    return value;
}

uint8_t vga_read(struct vga *vga, uint16_t port, int64_t now)
{
    switch (colour_address(vga, port)) {
    case ATTRIBUTE:
        return vga->attribute_index;
    case ATTRIBUTE_READ:
        return (vga->attribute_index & ATTRIBUTE_INDEX_MASK) < sizeof(vga->attribute)
                   ? vga->attribute[vga->attribute_index & ATTRIBUTE_INDEX_MASK]
                   : 0;
    case MISCELLANEOUS:
        return 0x10; /* a monitor is there */
    case ENABLE:
        return vga->enable;
    case SEQUENCER_INDEX:
        return vga->sequencer_index;
    case SEQUENCER_DATA:
        return vga->sequencer[vga->sequencer_index];
    case DAC_MASK:
        return vga->dac_mask;
    case DAC_READ_INDEX:
        return vga->dac_reading ? DAC_STATE_READ : 0;
    case DAC_WRITE_INDEX:
        return vga->dac_index;
    case DAC_DATA:
        return dac_read(vga);
    case FEATURE_READ:
        return vga->feature;
    case MISCELLANEOUS_READ:
        return vga->miscellaneous;
    case GRAPHICS_INDEX:
        return vga->graphics_index;
    case GRAPHICS_DATA:
        return vga->graphics[vga->graphics_index];
    case CRTC_INDEX:
        return vga->crtc_index;
    case CRTC_DATA:
        return vga->crtc[vga->crtc_index];
    case STATUS_1:
        vga->attribute_data = false;
        return status_1(now);
    default:
        return 0xFF;
    }
}

static void write_attribute(struct vga *vga, uint8_t value)
{
    unsigned index = vga->attribute_index & ATTRIBUTE_INDEX_MASK;

    if (!vga->attribute_data)
        vga->attribute_index = value & (ATTRIBUTE_INDEX_MASK | ATTRIBUTE_UNBLANKED);
    else if (index < sizeof(vga->attribute))
        vga->attribute[index] = value & 0x3F;
    vga->attribute_data = !vga->attribute_data;
}

static void write_crtc(struct vga *vga, uint8_t value)
{
    uint8_t *reg = &vga->crtc[vga->crtc_index];

    if (vga->crtc_index > CRTC_OVERFLOW || !(vga->crtc[CRTC_PROTECT_REGISTER] & CRTC_PROTECT))
        *reg = value;
    else if (vga->crtc_index == CRTC_OVERFLOW)
        *reg = (uint8_t)((*reg & ~CRTC_LINE_COMPARE_8) | (value & CRTC_LINE_COMPARE_8));
}

void vga_write(struct vga *vga, uint16_t port, uint8_t value, bool eight_bits)
{
    switch (colour_address(vga, port)) {
    case ATTRIBUTE:
        write_attribute(vga, value);
        return;
    case MISCELLANEOUS:
        vga->miscellaneous = value & 0xEF;
        return;
    case ENABLE:
        vga->enable = value & 1;
        return;
    case SEQUENCER_INDEX:
        vga->sequencer_index = value & 7;
        return;
    case SEQUENCER_DATA:
        vga->sequencer[vga->sequencer_index] = value;
        return;
    case DAC_MASK:
        vga->dac_mask = value;
        return;
    case DAC_READ_INDEX:
    case DAC_WRITE_INDEX:
        vga->dac_reading = colour_address(vga, port) == DAC_READ_INDEX;
        vga->dac_index = value;
        vga->dac_component = 0;
        return;
    case DAC_DATA:
        vga->palette[vga->dac_index * 3 + vga->dac_component] = eight_bits ? value : value & 0x3F;
        next_component(vga);
        return;
    case GRAPHICS_INDEX:
        vga->graphics_index = value & 15;
        return;
    case GRAPHICS_DATA:
        vga->graphics[vga->graphics_index] = value;
        return;
    case CRTC_INDEX:
        vga->crtc_index = value & 31;
        return;
    case CRTC_DATA:
        write_crtc(vga, value);
        return;
    case STATUS_1: /* written, it is feature control */
        vga->feature = value & 0x10;
        return;
    default:
        return;
    }
}

static bool in_range(const struct vga *vga)
{
    return vga->sequencer_index < sizeof(vga->sequencer) && vga->graphics_index < sizeof(vga->graphics) &&
           vga->crtc_index < sizeof(vga->crtc) && vga->dac_component < 3;
}

static void save_nothing(void *object, struct state_writer *out)
{
}

/* Indices are used unchecked: a stream with others is none of ours. */
static bool load_check(void *object, struct state_reader *in)
{
    return in_range(object);
}

static const struct state_field fields[] = {
    STATE_U8(struct vga, attribute_index),
    STATE_U8_ARRAY(struct vga, attribute),
    STATE_BOOL(struct vga, attribute_data),
    STATE_U8(struct vga, miscellaneous),
    STATE_U8(struct vga, feature),
    STATE_U8(struct vga, enable),
    STATE_U8(struct vga, sequencer_index),
    STATE_U8_ARRAY(struct vga, sequencer),
    STATE_U8(struct vga, graphics_index),
    STATE_U8_ARRAY(struct vga, graphics),
    STATE_U8(struct vga, crtc_index),
    STATE_U8_ARRAY(struct vga, crtc),
    STATE_U8(struct vga, dac_mask),
    STATE_U8(struct vga, dac_index),
    STATE_U8(struct vga, dac_component),
    STATE_BOOL(struct vga, dac_reading),
    STATE_U8_ARRAY(struct vga, palette),
    STATE_CUSTOM("indices", save_nothing, load_check),
    STATE_END,
};

const struct state_table vga_state = {.name = "vga", .version = 1, .fields = fields};
