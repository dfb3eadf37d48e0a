/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GraphicsOutput and the EDID protocols.  UEFI 2.10 sections 12.9 and 12.9.2. */
#include <string.h>

#include "firmware/uefi/device_path.h"
#include "firmware/uefi/protocols.h"

enum { /* EFI_GRAPHICS_OUTPUT_PROTOCOL, then its mode and the mode's information */
       GOP_FUNCTIONS = 0,
       GOP_MODE = 24,
       GOP_SIZE = 32,
       MODE_MAX = GOP_SIZE + 0,
       MODE_NOW = GOP_SIZE + 4,
       MODE_INFO = GOP_SIZE + 8,
       MODE_INFO_SIZE = GOP_SIZE + 16,
       MODE_FRAMEBUFFER = GOP_SIZE + 24,
       MODE_FRAMEBUFFER_SIZE = GOP_SIZE + 32,
       INFO = GOP_SIZE + 40,
       WHOLE_SIZE = INFO + 40,
       INFO_LENGTH = 36,
};
#define PIXEL_BGR 1 /* PixelBlueGreenRedReserved8BitPerColor */
#define BYTES_PER_PIXEL 4
#define ADR_DISPLAY 0x80010100u /* _ADR of a display: ACPI 6.4 appendix B.3.2 */
#define EDID_LENGTH 128

enum blt_operation { BLT_VIDEO_FILL, BLT_VIDEO_TO_BUFFER, BLT_BUFFER_TO_VIDEO, BLT_VIDEO_TO_VIDEO, BLT_OPERATIONS };

struct resolution {
    uint16_t width, height;
};

/* Those of QEMU's firmware for the Bochs display, as far as its memory holds them. */
static const struct resolution resolutions[] = {
    {640, 480},   {800, 480},   {800, 600},   {832, 624},   {960, 640},   {1024, 600},  {1024, 768},
    {1152, 864},  {1280, 720},  {1280, 768},  {1280, 800},  {1280, 960},  {1280, 1024}, {1360, 768},
    {1400, 1050}, {1440, 900},  {1600, 900},  {1600, 1200}, {1680, 1050}, {1920, 1080}, {1920, 1200},
    {1920, 1440}, {2000, 2000}, {2048, 1536}, {2048, 2048}, {2560, 1440}, {2560, 1600},
};
#define MODES_MAX (G_N_ELEMENTS(resolutions) + 1)

struct gop {
    struct uefi *uefi;
    uint32_t mode; /* index into modes */
    uint32_t stride;
    uint32_t mode_count; /* derived from the configuration */
    struct resolution modes[MODES_MAX];
};

static const struct uefi_display *display_of(const struct gop *gop)
{
    return uefi_config(gop->uefi)->display;
}

static struct resolution preferred(const struct uefi_display *display)
{
    if (display->width && display->height)
        return (struct resolution){(uint16_t)MIN(display->width, 16384u), (uint16_t)MIN(display->height, 16384u)};
    return (struct resolution){1280, 800};
}

static bool fits(const struct uefi_display *display, struct resolution size)
{
    return (uint64_t)size.width * size.height * BYTES_PER_PIXEL <= display->framebuffer_size;
}

/* Fills the list of modes; a preferred resolution that is not among the usual ones is added at the end. */
static void list_modes(struct gop *gop)
{
    const struct uefi_display *display = display_of(gop);
    struct resolution wanted = preferred(display);
    bool listed = false;

    gop->mode_count = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(resolutions); i++) {
        if (!fits(display, resolutions[i]))
            continue;
        listed |= resolutions[i].width == wanted.width && resolutions[i].height == wanted.height;
        gop->modes[gop->mode_count++] = resolutions[i];
    }
    if (!listed && fits(display, wanted))
        gop->modes[gop->mode_count++] = wanted;
}

static struct gop *gop_new(struct uefi *uefi)
{
    struct gop *gop = g_new0(struct gop, 1);

    gop->uefi = uefi;
    list_modes(gop);
    return gop;
}

static void gop_save(struct uefi *uefi, void *object, struct state_writer *out)
{
    const struct gop *gop = object;

    state_put_u32(out, gop->mode);
    state_put_u32(out, gop->stride);
}

static void *gop_load(struct uefi *uefi, uint64_t interface, struct state_reader *in)
{
    struct gop *gop;

    if (!uefi_config(uefi)->display)
        return NULL;
    gop = gop_new(uefi);
    gop->mode = state_get_u32(in);
    gop->stride = state_get_u32(in);
    if (state_reader_failed(in) || gop->mode >= gop->mode_count) {
        g_free(gop);
        return NULL;
    }
    return gop;
}

static const struct uefi_object_class gop_class = {"graphics-output", gop_save, gop_load, g_free, NULL};
static const struct uefi_object_class edid_class = {"edid", NULL, stateless_load, NULL, NULL};

static void info_bytes(struct resolution size, uint32_t stride, uint8_t info[INFO_LENGTH])
{
    const uint32_t fields[] = {0, size.width, size.height, PIXEL_BGR, 0, 0, 0, 0, stride / BYTES_PER_PIXEL};

    for (unsigned i = 0; i < INFO_LENGTH; i++)
        info[i] = (uint8_t)(fields[i / 4] >> i % 4 * 8);
}

/* The mode structures in guest memory. */
static void show_mode(struct gop *gop, uint64_t interface)
{
    struct resolution size = gop->modes[gop->mode];
    const struct uefi_display *display = display_of(gop);
    uint8_t info[INFO_LENGTH];

    info_bytes(size, gop->stride, info);
    uefi_write32(gop->uefi, interface + MODE_MAX, gop->mode_count);
    uefi_write32(gop->uefi, interface + MODE_NOW, gop->mode);
    uefi_write64(gop->uefi, interface + MODE_INFO, interface + INFO);
    uefi_write64(gop->uefi, interface + MODE_INFO_SIZE, INFO_LENGTH);
    uefi_write64(gop->uefi, interface + MODE_FRAMEBUFFER, display->framebuffer(display->opaque));
    uefi_write64(gop->uefi, interface + MODE_FRAMEBUFFER_SIZE, (uint64_t)gop->stride * size.height);
    uefi_write(gop->uefi, interface + INFO, info, sizeof(info));
}

bool gop_screen(struct uefi *uefi, uint64_t interface, struct gop_screen *out)
{
    struct gop *gop = interface ? uefi_object(uefi, interface, &gop_class) : NULL;

    if (!gop)
        return false;
    *out = (struct gop_screen){display_of(gop)->framebuffer(display_of(gop)->opaque), gop->modes[gop->mode].width,
                               gop->modes[gop->mode].height, gop->stride};
    return out->framebuffer != 0;
}

/* The whole picture in host memory; NULL: the display does not decode memory now. */
static uint8_t *picture(const struct gop *gop, const struct gop_screen *screen)
{
    return memory_pointer(uefi_memory(gop->uefi), screen->framebuffer, (uint64_t)screen->stride * screen->height);
}

static bool set_mode(struct gop *gop, uint64_t interface, uint32_t mode)
{
    const struct uefi_display *display = display_of(gop);
    struct gop_screen screen;
    uint32_t stride = gop->modes[mode].width * BYTES_PER_PIXEL;
    uint8_t *pixels;

    if (!display->set_mode(display->opaque, gop->modes[mode].width, gop->modes[mode].height, &stride))
        return false;
    gop->mode = mode;
    gop->stride = stride;
    show_mode(gop, interface);
    pixels = gop_screen(gop->uefi, interface, &screen) ? picture(gop, &screen) : NULL;
    if (pixels) { /* a new mode begins black */
        memset(pixels, 0, (size_t)screen.stride * screen.height);
        memory_written(uefi_memory(gop->uefi), screen.framebuffer, (uint64_t)screen.stride * screen.height);
    }
    return true;
}

static uint64_t query_mode(struct uefi *uefi, struct uefi_call *call)
{
    struct gop *gop = uefi_this(call, &gop_class);
    uint32_t mode = uefi_argument32(call, 1);
    uint64_t size = uefi_argument(call, 2), out = uefi_argument(call, 3), copy;
    uint8_t info[INFO_LENGTH];

    if (!gop || mode >= gop->mode_count || !uefi_accessible(uefi, size, 8) || !uefi_accessible(uefi, out, 8))
        return EFI_INVALID_PARAMETER;
    info_bytes(gop->modes[mode], mode == gop->mode ? gop->stride : gop->modes[mode].width * BYTES_PER_PIXEL, info);
    copy = uefi_pool_copy(uefi, EFI_BOOT_SERVICES_DATA, info, sizeof(info));
    if (!copy)
        return EFI_OUT_OF_RESOURCES;
    uefi_write64(uefi, size, sizeof(info));
    uefi_write64(uefi, out, copy);
    return EFI_SUCCESS;
}

static uint64_t set_mode_service(struct uefi *uefi, struct uefi_call *call)
{
    struct gop *gop = uefi_this(call, &gop_class);
    uint32_t mode = uefi_argument32(call, 1);

    if (!gop || mode >= gop->mode_count)
        return gop ? EFI_UNSUPPORTED : EFI_INVALID_PARAMETER;
    return set_mode(gop, uefi_argument(call, 0), mode) ? EFI_SUCCESS : EFI_DEVICE_ERROR;
}

/* --- Blt --- */
struct blt {
    uint64_t buffer, delta; /* bytes a line of the buffer */
    uint64_t source_x, source_y, x, y, width, height;
};

static bool inside(uint64_t start, uint64_t length, uint64_t limit)
{
    return length <= limit && start <= limit - length;
}

static void blt_fill(uint8_t *pixels, const struct gop_screen *screen, const struct blt *blt, uint32_t color)
{
    for (uint64_t row = 0; row < blt->height; row++) {
        uint8_t *line = pixels + (blt->y + row) * screen->stride + blt->x * BYTES_PER_PIXEL;

        for (uint64_t i = 0; i < blt->width; i++)
            memcpy(line + i * BYTES_PER_PIXEL, &color, BYTES_PER_PIXEL);
    }
}

/* Lines between the picture and a buffer of the guest. */
static efi_status blt_buffer(struct uefi *uefi, uint8_t *pixels, const struct gop_screen *screen, const struct blt *blt,
                             bool to_video)
{
    uint64_t length = blt->width * BYTES_PER_PIXEL;
    uint64_t buffer_x = to_video ? blt->source_x : blt->x, buffer_y = to_video ? blt->source_y : blt->y;
    uint64_t video_x = to_video ? blt->x : blt->source_x, video_y = to_video ? blt->y : blt->source_y;

    for (uint64_t row = 0; row < blt->height; row++) {
        uint8_t *line = pixels + (video_y + row) * screen->stride + video_x * BYTES_PER_PIXEL;
        uint64_t address = blt->buffer + (buffer_y + row) * blt->delta + buffer_x * BYTES_PER_PIXEL;

        if (!(to_video ? uefi_read(uefi, address, line, length) : uefi_write(uefi, address, line, length)))
            return EFI_INVALID_PARAMETER;
    }
    return EFI_SUCCESS;
}

static void blt_move(uint8_t *pixels, const struct gop_screen *screen, const struct blt *blt)
{
    for (uint64_t i = 0; i < blt->height; i++) {
        uint64_t row = blt->y > blt->source_y ? blt->height - 1 - i : i; /* the picture may overlap itself */

        memmove(pixels + (blt->y + row) * screen->stride + blt->x * BYTES_PER_PIXEL,
                pixels + (blt->source_y + row) * screen->stride + blt->source_x * BYTES_PER_PIXEL,
                blt->width * BYTES_PER_PIXEL);
    }
}

/* What a Blt() must keep to before anything is drawn; @delta is completed. */
static bool blt_valid(struct uefi *uefi, enum blt_operation operation, const struct gop_screen *screen, struct blt *blt)
{
    bool from_video = operation == BLT_VIDEO_TO_BUFFER || operation == BLT_VIDEO_TO_VIDEO;
    bool to_video = operation != BLT_VIDEO_TO_BUFFER;
    uint64_t x = operation == BLT_VIDEO_TO_BUFFER ? blt->x : blt->source_x;
    uint64_t limit = 1u << 20;

    if (blt->width == 0 || blt->height == 0 || operation >= BLT_OPERATIONS)
        return false;
    if (from_video &&
        !(inside(blt->source_x, blt->width, screen->width) && inside(blt->source_y, blt->height, screen->height)))
        return false;
    if (to_video && !(inside(blt->x, blt->width, screen->width) && inside(blt->y, blt->height, screen->height)))
        return false;
    if (operation == BLT_VIDEO_FILL)
        return uefi_accessible(uefi, blt->buffer, BYTES_PER_PIXEL);
    if (operation == BLT_VIDEO_TO_VIDEO)
        return true;
    if (blt->delta == 0)
        blt->delta = blt->width * BYTES_PER_PIXEL;
    return blt->buffer != 0 && x <= limit && blt->delta <= limit * BYTES_PER_PIXEL &&
           (operation == BLT_VIDEO_TO_BUFFER ? blt->y : blt->source_y) <= limit;
}

static uint64_t blt_service(struct uefi *uefi, struct uefi_call *call)
{
    struct gop *gop = uefi_this(call, &gop_class);
    enum blt_operation operation = uefi_argument32(call, 2);
    struct blt blt = {uefi_argument(call, 1), uefi_argument(call, 9), uefi_argument(call, 3), uefi_argument(call, 4),
                      uefi_argument(call, 5), uefi_argument(call, 6), uefi_argument(call, 7), uefi_argument(call, 8)};
    efi_status status = EFI_SUCCESS;
    struct gop_screen screen;
    uint8_t *pixels;
    uint32_t color = 0;

    if (!gop || !gop_screen(uefi, uefi_argument(call, 0), &screen))
        return gop ? EFI_DEVICE_ERROR : EFI_INVALID_PARAMETER;
    if (!blt_valid(uefi, operation, &screen, &blt))
        return EFI_INVALID_PARAMETER;
    pixels = picture(gop, &screen);
    if (!pixels)
        return EFI_DEVICE_ERROR;
    switch (operation) {
    case BLT_VIDEO_FILL:
        uefi_read(uefi, blt.buffer, &color, sizeof(color));
        blt_fill(pixels, &screen, &blt, color);
        break;
    case BLT_VIDEO_TO_BUFFER:
        return blt_buffer(uefi, pixels, &screen, &blt, false);
    case BLT_BUFFER_TO_VIDEO:
        status = blt_buffer(uefi, pixels, &screen, &blt, true);
        break;
    default:
        blt_move(pixels, &screen, &blt);
    }
    memory_written(uefi_memory(uefi), screen.framebuffer + blt.y * screen.stride, blt.height * screen.stride);
    return status;
}

/* --- set-up --- */
static uint64_t display_handle(struct uefi *uefi)
{
    /* QEMU's firmware knows its framebuffer in memory by this node: 557423A1-63AB-406C-BE7E-91CDBC08C457. */
    static const struct efi_guid ramfb = {
        {0xA1, 0x23, 0x74, 0x55, 0xAB, 0x63, 0x6C, 0x40, 0xBE, 0x7E, 0x91, 0xCD, 0xBC, 0x08, 0xC4, 0x57}};
    const struct uefi_display *display = uefi_config(uefi)->display;
    GByteArray *path = g_byte_array_new();
    const uint8_t adr[4] = {ADR_DISPLAY & 0xFF, ADR_DISPLAY >> 8 & 0xFF, ADR_DISPLAY >> 16 & 0xFF, ADR_DISPLAY >> 24};
    uint64_t handle;

    if (display->pci_devfn) {
        device_path_acpi(path, EISA_PNP(0x0A03), 0);
        device_path_pci(path, display->pci_devfn);
    } else {
        device_path_vendor(path, DEVICE_PATH_HARDWARE, HARDWARE_VENDOR, &ramfb);
    }
    device_path_node(path, DEVICE_PATH_ACPI, ACPI_ADR, adr, sizeof(adr));
    device_path_end(path);
    handle = uefi_device_handle(uefi, path->data, path->len);
    g_byte_array_free(path, TRUE);
    return handle;
}

static void install_edid(struct uefi *uefi, uint64_t handle)
{
    const uint8_t *edid = uefi_config(uefi)->display->edid;
    const struct efi_guid *const guids[] = {&guid_edid_discovered, &guid_edid_active};

    for (unsigned i = 0; edid && i < G_N_ELEMENTS(guids); i++) {
        uint64_t interface = uefi_interface_new(uefi, 16 + EDID_LENGTH, &edid_class, uefi);

        if (!interface)
            return;
        uefi_write32(uefi, interface, EDID_LENGTH);
        uefi_write64(uefi, interface + 8, interface + 16);
        uefi_write(uefi, interface + 16, edid, EDID_LENGTH);
        uefi_install(uefi, handle, guids[i], interface);
    }
}

void gop_register(struct uefi *uefi)
{
    uefi_register_class(uefi, &gop_class);
    uefi_register_class(uefi, &edid_class);
}

uint64_t gop_init(struct uefi *uefi, uint64_t *handle)
{
    const struct uefi_display *display = uefi_config(uefi)->display;
    const uint64_t functions[] = {
        uefi_function(uefi, "GraphicsOutput.QueryMode", query_mode),
        uefi_function(uefi, "GraphicsOutput.SetMode", set_mode_service),
        uefi_function(uefi, "GraphicsOutput.Blt", blt_service),
    };
    struct resolution wanted;
    struct gop *gop;
    uint64_t interface;
    uint32_t mode = 0;

    if (!display)
        return 0;
    gop = gop_new(uefi);
    wanted = preferred(display);
    for (uint32_t i = 0; i < gop->mode_count; i++) {
        if (gop->modes[i].width == wanted.width && gop->modes[i].height == wanted.height)
            mode = i;
    }
    if (gop->mode_count == 0) {
        g_free(gop);
        return 0;
    }
    interface = uefi_interface_new(uefi, WHOLE_SIZE, &gop_class, gop);
    *handle = interface ? display_handle(uefi) : 0;
    if (!*handle || !set_mode(gop, interface, mode))
        return 0;
    write_functions(uefi, interface + GOP_FUNCTIONS, functions, G_N_ELEMENTS(functions));
    uefi_write64(uefi, interface + GOP_MODE, interface + MODE_MAX);
    uefi_install(uefi, *handle, &guid_graphics_output, interface);
    install_edid(uefi, *handle);
    return interface;
}
