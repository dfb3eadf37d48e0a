/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/display/bochs_display.h"

#include <unistd.h>

#include <glib/gstdio.h>
#include <png.h>

#include "devices/display/screenshot.h"
#include "emu/bytes.h"
#include "tests/device/fixture.h"

#define VRAM UINT64_C(0xD0000000)
#define MMIO UINT64_C(0xE0000000)
enum { ID, XRES, YRES, BPP, ENABLE, BANK, VIRT_WIDTH, VIRT_HEIGHT, X_OFFSET, Y_OFFSET, MEMORY_64K };

struct rig {
    struct machine *machine;
    struct pci_bus *bus;
    struct bochs_display *display;
    struct scanout_source source;
};

static void rig_init(struct rig *rig, bool legacy)
{
    const struct pci_bus_config config = {0};

    *rig = (struct rig){.machine = test_machine()};
    g_assert_nonnull(memory_add_ram(machine_memory(rig->machine), "ram", 0, 0xA0000, false, NULL));
    rig->bus = pci_bus_new(rig->machine, &config, "pci");
    rig->display = bochs_display_new(rig->machine, rig->bus, PCI_DEVFN(1, 0), 1280, 800, legacy);
    rig->source = bochs_display_scanout(rig->display);
    machine_reset(rig->machine);
    pci_config_write(rig->bus, 0, 8, 0x10, 4, (uint32_t)VRAM);
    pci_config_write(rig->bus, 0, 8, 0x18, 4, (uint32_t)MMIO);
    pci_config_write(rig->bus, 0, 8, 0x04, 2, 3);
    memory_commit(machine_memory(rig->machine));
}

static void set(struct rig *rig, uint16_t index, uint16_t value)
{
    out16(rig->machine, 0x1CE, index);
    out16(rig->machine, 0x1CF, value);
}

static uint16_t get(struct rig *rig, uint16_t index)
{
    out16(rig->machine, 0x1CE, index);
    return in16(rig->machine, 0x1CF);
}

static uint64_t mmio(struct rig *rig, unsigned offset, unsigned size)
{
    return memory_io_read(machine_memory(rig->machine), MEMORY_SPACE_PHYSICAL, MMIO + offset, size);
}

static void mmio_write(struct rig *rig, unsigned offset, unsigned size, uint64_t value)
{
    memory_io_write(machine_memory(rig->machine), MEMORY_SPACE_PHYSICAL, MMIO + offset, size, value);
}

static void set_mode(struct rig *rig, uint16_t width, uint16_t height, uint16_t bpp, uint16_t flags)
{
    set(rig, ENABLE, 0);
    set(rig, XRES, width);
    set(rig, YRES, height);
    set(rig, BPP, bpp);
    set(rig, ENABLE, 0x41 | flags);
    in8(rig->machine, 0x3DA);
    out8(rig->machine, 0x3C0, 0x20);
}

static struct scanout shown(struct rig *rig)
{
    struct scanout scanout;

    g_assert_true(rig->source.get(rig->source.opaque, &scanout));
    return scanout;
}

static void test_identity(void)
{
    struct rig rig;

    rig_init(&rig, true);
    g_assert_cmphex(pci_config_read(rig.bus, 0, 8, 0, 4), ==, 0x11111234);
    g_assert_cmphex(pci_config_read(rig.bus, 0, 8, 8, 4), ==, 0x03000002);
    pci_config_write(rig.bus, 0, 8, 0x10, 4, 0xFFFFFFFF);
    g_assert_cmphex(pci_config_read(rig.bus, 0, 8, 0x10, 4), ==, 0xFF000008);
    g_assert_cmphex(get(&rig, ID), ==, 0xB0C5);
    set(&rig, ID, 0xB0C2);
    g_assert_cmphex(get(&rig, ID), ==, 0xB0C2);
    set(&rig, ID, 0x1234);
    g_assert_cmphex(get(&rig, ID), ==, 0xB0C2);
    g_assert_cmpuint(get(&rig, MEMORY_64K), ==, 256);
    g_assert_cmphex(get(&rig, 77), ==, 0);
    set(&rig, ENABLE, 2); /* what is the most? */
    g_assert_cmpuint(get(&rig, XRES), ==, 16000);
    g_assert_cmpuint(get(&rig, YRES), ==, 12000);
    g_assert_cmpuint(get(&rig, BPP), ==, 32);
    machine_free(rig.machine);
}

static void test_mode(void)
{
    struct rig rig;
    struct scanout scanout;

    rig_init(&rig, true);
    g_assert_false(rig.source.get(rig.source.opaque, &scanout));
    memory_write32(machine_memory(rig.machine), VRAM + 4 * (1024 * 5 + 6), 0x00112233);
    set_mode(&rig, 1024, 768, 32, 0x80);
    scanout = shown(&rig);
    g_assert_cmpuint(scanout.width, ==, 1024);
    g_assert_cmpuint(scanout.height, ==, 768);
    g_assert_cmpuint(scanout.stride, ==, 4096);
    g_assert_cmpint(scanout.format, ==, SCANOUT_XRGB8888);
    g_assert_cmphex(get_le32(scanout.pixels + 5 * scanout.stride + 6 * 4), ==, 0x00112233);

    /* Without NOCLEARMEM it is black. */
    set_mode(&rig, 1024, 768, 32, 0);
    scanout = shown(&rig);
    g_assert_cmphex(get_le32(scanout.pixels + 5 * scanout.stride + 6 * 4), ==, 0);
    set_mode(&rig, 640, 480, 16, 0);
    scanout = shown(&rig);
    g_assert_cmpint(scanout.format, ==, SCANOUT_RGB565);
    g_assert_cmpuint(scanout.stride, ==, 1280);
    set_mode(&rig, 640, 480, 24, 0);
    g_assert_cmpint(shown(&rig).format, ==, SCANOUT_RGB888);
    out8(rig.machine, 0x3C0, 0x11); /* an index without the bit: blank (the flip-flop stands at data first) */
    in8(rig.machine, 0x3DA);
    out8(rig.machine, 0x3C0, 0x00);
    g_assert_false(rig.source.get(rig.source.opaque, &scanout));
    machine_free(rig.machine);
}

static void test_virtual_screen(void)
{
    struct rig rig;

    rig_init(&rig, true);
    set_mode(&rig, 800, 600, 32, 0);
    g_assert_cmpuint(get(&rig, VIRT_WIDTH), ==, 800);
    g_assert_cmpuint(get(&rig, VIRT_HEIGHT), ==, (16 << 20) / 3200);
    set(&rig, VIRT_WIDTH, 1024);
    set(&rig, X_OFFSET, 10);
    set(&rig, Y_OFFSET, 20);
    struct scanout scanout = shown(&rig);
    g_assert_cmpuint(scanout.stride, ==, 4096);
    memory_write32(machine_memory(rig.machine), VRAM + 20 * 4096 + 10 * 4, 0xABCDEF);
    g_assert_cmphex(get_le32(scanout.pixels), ==, 0xABCDEF);

    /* What does not fit is brought to what does: nothing is read beyond video memory. */
    set(&rig, X_OFFSET, 0xFFFF);
    set(&rig, Y_OFFSET, 0xFFFF);
    g_assert_cmpuint(get(&rig, X_OFFSET), ==, 1024 - 800);
    g_assert_cmpuint(get(&rig, Y_OFFSET), ==, 4096 - 600);
    set(&rig, VIRT_WIDTH, 0);
    g_assert_cmpuint(get(&rig, VIRT_WIDTH), ==, 800);
    set_mode(&rig, 0xFFFF, 0xFFFF, 32, 0);
    g_assert_cmpuint(get(&rig, XRES), ==, 16000);
    g_assert_cmpuint(get(&rig, YRES), ==, (16 << 20) / 64000);
    set_mode(&rig, 0, 0, 77, 0);
    g_assert_cmpuint(get(&rig, XRES), ==, 8);
    g_assert_cmpuint(get(&rig, YRES), ==, 1);
    g_assert_cmpuint(get(&rig, BPP), ==, 8);
    machine_free(rig.machine);
}

static void test_palette(void)
{
    struct rig rig;

    rig_init(&rig, true);
    set_mode(&rig, 64, 64, 8, 0);
    out8(rig.machine, 0x3C8, 7);
    out8(rig.machine, 0x3C9, 63);
    out8(rig.machine, 0x3C9, 32);
    out8(rig.machine, 0x3C9, 0xC1); /* six bits */
    memory_write8(machine_memory(rig.machine), VRAM + 65, 7);
    struct scanout scanout = shown(&rig);
    g_assert_cmpint(scanout.format, ==, SCANOUT_XRGB8888);
    g_assert_cmphex(get_le32(scanout.pixels + scanout.stride + 4), ==, 0x00FC8004);
    out8(rig.machine, 0x3C7, 7);
    g_assert_cmphex(in8(rig.machine, 0x3C7), ==, 3);
    g_assert_cmphex(in8(rig.machine, 0x3C9), ==, 63);
    g_assert_cmphex(in8(rig.machine, 0x3C9), ==, 32);

    set_mode(&rig, 64, 64, 8, 0x20);
    out8(rig.machine, 0x3C8, 1);
    out8(rig.machine, 0x3C9, 0xFF);
    memory_write8(machine_memory(rig.machine), VRAM, 1);
    g_assert_cmphex(get_le32(shown(&rig).pixels), ==, 0x00FF0000);
    set_mode(&rig, 64, 64, 15, 0);
    memory_write16(machine_memory(rig.machine), VRAM, 0x7C1F);
    g_assert_cmphex(get_le32(shown(&rig).pixels), ==, 0x00FF00FF);
    machine_free(rig.machine);
}

static void test_mmio(void)
{
    struct rig rig;
    uint8_t sum = 0;

    rig_init(&rig, false);
    g_assert_cmphex(mmio(&rig, 0x500, 2), ==, 0xB0C5);
    mmio_write(&rig, 0x502, 2, 320);
    mmio_write(&rig, 0x504, 4, 32 << 16 | 200); /* two registers at once */
    g_assert_cmpuint(mmio(&rig, 0x504, 2), ==, 200);
    g_assert_cmpuint(mmio(&rig, 0x506, 2), ==, 32);
    mmio_write(&rig, 0x508, 2, 0x41);
    mmio_write(&rig, 0x400, 1, 0x20); /* port 3C0 */
    g_assert_cmpuint(shown(&rig).width, ==, 320);
    g_assert_cmpuint(shown(&rig).height, ==, 200);
    g_assert_cmpuint(mmio(&rig, 0x600, 4), ==, 8);
    g_assert_cmphex(mmio(&rig, 0x604, 4), ==, 0x1E1E1E1E);
    g_assert_cmphex(mmio(&rig, 0xF00, 4), ==, 0);

    g_assert_cmphex(mmio(&rig, 0, 8), ==, UINT64_C(0x00FFFFFFFFFFFF00));
    for (unsigned i = 0; i < EDID_SIZE; i++) {
        g_assert_cmphex(mmio(&rig, i, 1), ==, bochs_display_edid(rig.display)[i]);
        sum = (uint8_t)(sum + mmio(&rig, i, 1));
    }
    g_assert_cmphex(sum, ==, 0);
    g_assert_cmphex(in8(rig.machine, 0x3CC), ==, 0xFF); /* no VGA here */
    machine_free(rig.machine);
}

static void test_edid(void)
{
    static const struct {
        uint32_t width, height, shown_width, shown_height, clock_khz;
    } modes[] = {
        {1024, 768, 1024, 768, 56000},
        {1280, 800, 1280, 800, 71000},
        {1920, 1080, 1920, 1080, 138500},
        {9999, 9999, 4095, 4095, 655350},
        {1, 1, 64, 64, 0},
    };
    uint8_t edid[EDID_SIZE];

    for (unsigned i = 0; i < G_N_ELEMENTS(modes); i++) {
        edid_generate(edid, modes[i].width, modes[i].height);
        g_assert_cmpuint(edid[56] | (edid[58] & 0xF0) << 4, ==, modes[i].shown_width);
        g_assert_cmpuint(edid[59] | (edid[61] & 0xF0) << 4, ==, modes[i].shown_height);
        if (modes[i].clock_khz)
            g_assert_cmpuint(get_le16(&edid[54]) * 10, ==, modes[i].clock_khz);
        g_assert_cmpmem(&edid[95], 8, "Galvanic", 8);
    }
}

static void test_vga(void)
{
    struct rig rig;
    unsigned retraces = 0, blanks = 0;

    rig_init(&rig, true);
    out16(rig.machine, 0x3C4, 0x0F02); /* index and data */
    g_assert_cmphex(in8(rig.machine, 0x3C5), ==, 0x0F);
    g_assert_cmphex(in8(rig.machine, 0x3C4), ==, 2);
    out16(rig.machine, 0x3CE, 0x5508);
    g_assert_cmphex(in8(rig.machine, 0x3CF), ==, 0x55);
    out16(rig.machine, 0x3D4, 0x990E);
    g_assert_cmphex(in8(rig.machine, 0x3D5), ==, 0x99);

    /* CRTC registers 0-7 can be locked. */
    out16(rig.machine, 0x3D4, 0x1107);
    out16(rig.machine, 0x3D4, 0x8011);
    out16(rig.machine, 0x3D4, 0x5501);
    g_assert_cmphex(in8(rig.machine, 0x3D5), ==, 0);
    out16(rig.machine, 0x3D4, 0xEF07); /* but for the line compare bit */
    g_assert_cmphex(in8(rig.machine, 0x3D5), ==, 0x01);

    /* Colour or monochrome addresses. */
    g_assert_cmphex(in8(rig.machine, 0x3B4), ==, 0xFF);
    out8(rig.machine, 0x3C2, 0x66);
    g_assert_cmphex(in8(rig.machine, 0x3CC), ==, 0x66);
    g_assert_cmphex(in8(rig.machine, 0x3D4), ==, 0xFF);
    g_assert_cmphex(in8(rig.machine, 0x3B4), ==, 7);
    out8(rig.machine, 0x3C2, 0x67);

    in8(rig.machine, 0x3DA);
    out8(rig.machine, 0x3C0, 0x10);
    out8(rig.machine, 0x3C0, 0x41);
    g_assert_cmphex(in8(rig.machine, 0x3C1), ==, 0x01);
    out8(rig.machine, 0x3C0, 0x10);
    in8(rig.machine, 0x3DA); /* now an index comes next, not data */
    out8(rig.machine, 0x3C0, 0x11);
    g_assert_cmphex(in8(rig.machine, 0x3C0), ==, 0x11);
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t status = in8(rig.machine, 0x3DA);

        retraces += status >> 3 & 1;
        blanks += status & 1;
        machine_advance(rig.machine, 50000);
    }
    g_assert_cmpuint(retraces, >, 20);
    g_assert_cmpuint(retraces, <, 100);
    g_assert_cmpuint(blanks, >, retraces);

    /* The window is memory while the function decodes it. */
    memory_write16(machine_memory(rig.machine), 0xB8000, 0x0741);
    g_assert_cmphex(memory_read16(machine_memory(rig.machine), 0xB8000), ==, 0x0741);
    pci_config_write(rig.bus, 0, 8, 4, 2, 0);
    memory_commit(machine_memory(rig.machine));
    g_assert_cmphex(memory_read16(machine_memory(rig.machine), 0xB8000), ==, 0xFFFF);
    g_assert_cmphex(in8(rig.machine, 0x3CC), ==, 0xFF);
    g_assert_cmphex(in16(rig.machine, 0x1CE), ==, 0xFFFF);
    machine_free(rig.machine);
}

/* RAM that is there already stays what it is. */
static void test_no_window(void)
{
    const struct pci_bus_config config = {0};
    struct machine *machine = test_machine();

    g_assert_nonnull(memory_add_ram(machine_memory(machine), "ram", 0, 1 << 20, false, NULL));
    struct pci_bus *bus = pci_bus_new(machine, &config, "pci");
    bochs_display_new(machine, bus, 8, 0, 0, true);
    machine_reset(machine);
    memory_write8(machine_memory(machine), 0xB8000, 0x41);
    pci_config_write(bus, 0, 8, 4, 2, 2);
    memory_commit(machine_memory(machine));
    g_assert_cmphex(memory_read8(machine_memory(machine), 0xB8000), ==, 0x41);
    machine_free(machine);
}

static void test_set_mode(void)
{
    struct rig rig;

    rig_init(&rig, false);
    g_assert_true(bochs_display_set_mode(rig.display, 1920, 1080, 32));
    g_assert_cmpuint(shown(&rig).width, ==, 1920);
    g_assert_cmpuint(shown(&rig).stride, ==, 7680);
    g_assert_cmphex(bochs_display_framebuffer(rig.display), ==, VRAM);
    g_assert_cmpuint(bochs_display_memory_size(rig.display), ==, 16 << 20);
    g_assert_false(bochs_display_set_mode(rig.display, 4096, 4096, 32));
    g_assert_false(bochs_display_set_mode(rig.display, 801, 600, 32));
    g_assert_false(bochs_display_set_mode(rig.display, 800, 600, 8));
    g_assert_cmpuint(shown(&rig).width, ==, 1920);
    machine_free(rig.machine);
}

static void read_png(const char *path, uint32_t *width, uint32_t *height, uint8_t *rgb, size_t size)
{
    png_image image = {.version = PNG_IMAGE_VERSION};

    g_assert_cmpint(png_image_begin_read_from_file(&image, path), !=, 0);
    image.format = PNG_FORMAT_RGB;
    *width = image.width;
    *height = image.height;
    g_assert_cmpuint(PNG_IMAGE_SIZE(image), ==, size);
    g_assert_cmpint(png_image_finish_read(&image, NULL, rgb, 0, NULL), !=, 0);
}

static void test_screenshot(void)
{
    static const uint16_t depths[] = {16, 24, 32};
    static const uint32_t red[] = {0xF800, 0xFF0000, 0xFF0000};
    struct rig rig;
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("galvanic-display-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "screen.png", NULL);
    g_autofree char *nowhere = g_build_filename(folder, "missing", "screen.png", NULL);
    uint8_t rgb[16 * 4 * 3];
    uint32_t width, height;

    rig_init(&rig, false);
    g_assert_false(screenshot_write(&rig.source, path, &error));
    g_assert_nonnull(strstr(error->message, "the screen is off"));
    g_clear_error(&error);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    for (unsigned i = 0; i < 3; i++) {
        g_assert_true(bochs_display_set_mode(rig.display, 16, 4, depths[i]));
        memory_write(machine_memory(rig.machine), VRAM + (16 * 2 + 5) * depths[i] / 8, &red[i], depths[i] / 8);
        g_assert_true(screenshot_write(&rig.source, path, &error));
        g_assert_no_error(error);
        read_png(path, &width, &height, rgb, sizeof(rgb));
        g_assert_cmpuint(width, ==, 16);
        g_assert_cmpuint(height, ==, 4);
        for (unsigned pixel = 0; pixel < 64; pixel++) {
            g_assert_cmphex(rgb[3 * pixel], ==, pixel == 37 ? 255 : 0);
            g_assert_cmphex(rgb[3 * pixel + 1] | rgb[3 * pixel + 2], ==, 0);
        }
    }
    g_assert_false(screenshot_write(&rig.source, nowhere, &error));
    g_assert_nonnull(strstr(error->message, nowhere));
    g_unlink(path);
    g_rmdir(folder);
    machine_free(rig.machine);
}

static void test_state(void)
{
    struct rig rig, copy;

    rig_init(&rig, true);
    rig_init(&copy, true);
    set_mode(&rig, 320, 200, 8, 0);
    set(&rig, VIRT_WIDTH, 640);
    set(&rig, Y_OFFSET, 3);
    out8(rig.machine, 0x3C8, 1); /* in the middle of a colour */
    out8(rig.machine, 0x3C9, 63);
    memory_write8(machine_memory(rig.machine), VRAM + 640 * 3, 1);
    memory_write8(machine_memory(rig.machine), 0xA0000, 0x77);
    test_copy_state(rig.machine, copy.machine);
    g_assert_cmphex(machine_state_hash(rig.machine), ==, machine_state_hash(copy.machine));
    out8(copy.machine, 0x3C9, 63);
    g_assert_cmphex(get_le32(shown(&copy).pixels), ==, 0x00FCFC00);
    g_assert_cmphex(memory_read8(machine_memory(copy.machine), 0xA0000), ==, 0x77);
    g_assert_cmphex(machine_state_hash(rig.machine), !=, machine_state_hash(copy.machine));
    machine_free(rig.machine);
    machine_free(copy.machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bochs-display/identity", test_identity);
    g_test_add_func("/bochs-display/mode", test_mode);
    g_test_add_func("/bochs-display/virtual-screen", test_virtual_screen);
    g_test_add_func("/bochs-display/palette", test_palette);
    g_test_add_func("/bochs-display/mmio", test_mmio);
    g_test_add_func("/bochs-display/edid", test_edid);
    g_test_add_func("/bochs-display/vga", test_vga);
    g_test_add_func("/bochs-display/no-window", test_no_window);
    g_test_add_func("/bochs-display/set-mode", test_set_mode);
    g_test_add_func("/bochs-display/screenshot", test_screenshot);
    g_test_add_func("/bochs-display/state", test_state);
    return g_test_run();
}
