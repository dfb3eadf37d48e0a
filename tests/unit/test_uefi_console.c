/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console of the UEFI shim: text on serial line and screen, keys from both, the screen itself. */
#include <png.h>

#include "firmware/uefi/font.h"
#include "firmware/uefi/terminal.h"
#include "tests/unit/shim.h"

enum { /* slots of SimpleTextOutput, SimpleTextInput(Ex), GraphicsOutput */
       OUT_RESET = 0,
       OUT_STRING = 8,
       OUT_TEST = 16,
       OUT_QUERY = 24,
       OUT_SET_MODE = 32,
       OUT_ATTRIBUTE = 40,
       OUT_CLEAR = 48,
       OUT_POSITION = 56,
       OUT_CURSOR = 64,
       OUT_MODE = 72,
       IN_RESET = 0,
       IN_READ = 8,
       IN_EVENT = 16,
       IN_SET_STATE = 24,
       IN_REGISTER = 32,
       IN_UNREGISTER = 40,
       GOP_QUERY = 0,
       GOP_SET = 8,
       GOP_BLT = 16,
       GOP_MODE = 24,
};
enum { MODE_MAX = 0, MODE_NOW = 4, MODE_ATTRIBUTE = 8, MODE_COLUMN = 12, MODE_ROW = 16, MODE_VISIBLE = 20 };

struct console {
    struct shim shim;
    uint64_t out, mode, in, in_ex, gop;
};

static void start(struct console *console, bool screen)
{
    shim_start(&console->shim, NULL, 0, screen);
    console->out = shim_find(&console->shim, &guid_simple_text_output, 0, NULL);
    console->mode = shim_get64(&console->shim, console->out + OUT_MODE);
    console->in = shim_find(&console->shim, &guid_simple_text_input, 0, NULL);
    console->in_ex = shim_find(&console->shim, &guid_simple_text_input_ex, 0, NULL);
    console->gop = shim_find(&console->shim, &guid_graphics_output, 0, NULL);
    g_assert_cmpuint(console->out, !=, 0);
    g_assert_cmpuint(console->in, !=, 0);
    g_assert_cmpuint(console->in_ex, !=, 0);
    g_string_truncate(console->shim.serial, 0);
}

static efi_status print(struct console *console, const char *text)
{
    return shim_call(&console->shim, console->out + OUT_STRING, console->out, shim_text(&console->shim, text));
}

static void assert_serial(struct console *console, const char *expected)
{
    g_assert_cmpstr(console->shim.serial->str, ==, expected);
    g_string_truncate(console->shim.serial, 0);
}

static void assert_cursor(struct console *console, unsigned column, unsigned row)
{
    g_assert_cmpuint(shim_get32(&console->shim, console->mode + MODE_COLUMN), ==, column);
    g_assert_cmpuint(shim_get32(&console->shim, console->mode + MODE_ROW), ==, row);
}

/* --- output --- */
static void test_strings(void)
{
    struct console console;
    struct shim *shim = &console.shim;

    start(&console, false);
    g_assert_cmpuint(console.gop, ==, 0);
    assert_status(print(&console, "Hi \xC3\xA9\xE2\x95\x94\r\n"), EFI_SUCCESS);
    assert_serial(&console, "Hi \xC3\xA9\xE2\x95\x94\r\n");
    assert_cursor(&console, 0, 1);
    assert_status(print(&console, "ab\bc"), EFI_SUCCESS);
    assert_serial(&console, "ab\bc");
    assert_cursor(&console, 2, 1);
    assert_status(print(&console, "\r\b"), EFI_SUCCESS); /* nothing left of the edge */
    assert_serial(&console, "\r");
    assert_status(print(&console, "x\ty"), EFI_SUCCESS);
    assert_serial(&console, "x       y");
    assert_cursor(&console, 9, 1);
    assert_status(print(&console, "\xE4\xB8\x80"), EFI_WARN_UNKNOWN_GLYPH);
    assert_status(shim_call(shim, console.out + OUT_TEST, console.out, shim_text(shim, "\xE4\xB8\x80")),
                  EFI_UNSUPPORTED);
    assert_status(shim_call(shim, console.out + OUT_TEST, console.out, shim_text(shim, "plain\r\n")), EFI_SUCCESS);
    assert_status(shim_call(shim, console.out + OUT_STRING, console.out, 0), EFI_INVALID_PARAMETER);
    assert_status(shim_call(shim, console.out + OUT_STRING, console.in, shim_text(shim, "x")), EFI_INVALID_PARAMETER);
    shim_stop(shim);
}

static void test_wrap(void)
{
    struct console console;
    GString *line = g_string_new(NULL);

    start(&console, false);
    for (unsigned i = 0; i < 81; i++)
        g_string_append_c(line, 'x');
    assert_status(print(&console, line->str), EFI_SUCCESS);
    g_string_insert(line, 80, "\r\n");
    assert_serial(&console, line->str);
    assert_cursor(&console, 1, 1);
    for (unsigned i = 0; i < 40; i++)
        print(&console, "\n");
    assert_cursor(&console, 1, 24);
    g_string_free(line, TRUE);
    shim_stop(&console.shim);
}

static void test_modes(void)
{
    struct console console;
    struct shim *shim = &console.shim;
    uint64_t columns, rows;
    unsigned count;

    start(&console, true);
    columns = shim_new64(shim, 0);
    rows = shim_new64(shim, 0);
    count = shim_get32(shim, console.mode + MODE_MAX);
    g_assert_cmpuint(count, ==, 4);
    assert_status(shim_call(shim, console.out + OUT_QUERY, console.out, 0, columns, rows), EFI_SUCCESS);
    g_assert_cmpuint(shim_get64(shim, columns), ==, 80);
    g_assert_cmpuint(shim_get64(shim, rows), ==, 25);
    assert_status(shim_call(shim, console.out + OUT_QUERY, console.out, 1, columns, rows), EFI_SUCCESS);
    g_assert_cmpuint(shim_get64(shim, rows), ==, 50);
    assert_status(shim_call(shim, console.out + OUT_QUERY, console.out, 2, columns, rows), EFI_SUCCESS);
    g_assert_cmpuint(shim_get64(shim, columns), ==, 100);
    g_assert_cmpuint(shim_get64(shim, rows), ==, 31);
    assert_status(shim_call(shim, console.out + OUT_QUERY, console.out, 3, columns, rows), EFI_SUCCESS);
    g_assert_cmpuint(shim_get64(shim, columns), ==, 160);
    g_assert_cmpuint(shim_get64(shim, rows), ==, 50);
    assert_status(shim_call(shim, console.out + OUT_QUERY, console.out, 4, columns, rows), EFI_UNSUPPORTED);
    assert_status(shim_call(shim, console.out + OUT_SET_MODE, console.out, 4), EFI_UNSUPPORTED);
    print(&console, "text");
    assert_status(shim_call(shim, console.out + OUT_SET_MODE, console.out, 3), EFI_SUCCESS);
    assert_serial(&console, "text\x1B[2J\x1B[1;1H");
    assert_cursor(&console, 0, 0);
    g_assert_cmpuint(shim_get32(shim, console.mode + MODE_NOW), ==, 3);
    assert_status(shim_call(shim, console.out + OUT_POSITION, console.out, 159, 49), EFI_SUCCESS);
    assert_serial(&console, "\x1B[50;160H");
    assert_cursor(&console, 159, 49);
    assert_status(shim_call(shim, console.out + OUT_POSITION, console.out, 160, 0), EFI_UNSUPPORTED);
    assert_status(shim_call(shim, console.out + OUT_POSITION, console.out, 0, 50), EFI_UNSUPPORTED);
    assert_status(shim_call(shim, console.out + OUT_RESET, console.out, 0), EFI_SUCCESS);
    g_assert_cmpuint(shim_get32(shim, console.mode + MODE_NOW), ==, 0);
    shim_stop(shim);
}

static void test_attributes(void)
{
    struct console console;
    struct shim *shim = &console.shim;

    start(&console, false);
    assert_status(shim_call(shim, console.out + OUT_ATTRIBUTE, console.out, 0x80), EFI_UNSUPPORTED);
    assert_status(shim_call(shim, console.out + OUT_ATTRIBUTE, console.out, 0x4F), EFI_SUCCESS);
    g_assert_cmpuint(shim_get32(shim, console.mode + MODE_ATTRIBUTE), ==, 0x4F);
    assert_serial(&console, ""); /* only when there is something to show with it */
    print(&console, "a");
    print(&console, "b");
    assert_serial(&console, "\x1B[0;1;37;41mab");
    assert_status(shim_call(shim, console.out + OUT_ATTRIBUTE, console.out, 0x07), EFI_SUCCESS);
    print(&console, "c");
    assert_serial(&console, "\x1B[0mc");
    assert_status(shim_call(shim, console.out + OUT_CURSOR, console.out, 0), EFI_SUCCESS);
    g_assert_cmpuint(shim_get8(shim, console.mode + MODE_VISIBLE), ==, 0);
    assert_status(shim_call(shim, console.out + OUT_CURSOR, console.out, 0x100), EFI_SUCCESS); /* a BOOLEAN is a byte */
    assert_serial(&console, "\x1B[?25l");
    shim_call(shim, console.out + OUT_ATTRIBUTE, console.out, 0x1F);
    assert_status(shim_call(shim, console.out + OUT_CLEAR, console.out), EFI_SUCCESS);
    assert_serial(&console, "\x1B[0;1;37;44m\x1B[2J\x1B[1;1H");
    /* The user's terminal is left as it was found. */
    protocols_end(shim->uefi);
    assert_serial(&console, "\x1B[0m\x1B[?25h");
    shim_stop(shim);
}

/* --- the picture --- */
static uint32_t pixel(struct shim *shim, unsigned x, unsigned y)
{
    return shim_get32(shim, SHIM_FRAMEBUFFER + (y * shim->width + x) * 4) & 0xFFFFFF;
}

static void assert_glyph(struct shim *shim, unsigned left, unsigned top, uint16_t unit, uint32_t ink, uint32_t paper)
{
    uint8_t glyph[FONT_HEIGHT];

    font_glyph(unit, glyph);
    for (unsigned y = 0; y < FONT_HEIGHT; y++) {
        for (unsigned x = 0; x < FONT_WIDTH; x++)
            g_assert_cmphex(pixel(shim, left + x, top + y), ==, glyph[y] & 0x80 >> x ? ink : paper);
    }
}

/* For a person to look at: the picture as it is, if GALVANIC_TEST_PNG names a file. */
static void save_picture(struct shim *shim)
{
    const char *path = g_getenv("GALVANIC_TEST_PNG");
    png_image image = {
        .version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB, .width = shim->width, .height = shim->height};
    uint8_t *rgb;

    if (!path)
        return;
    rgb = g_malloc((size_t)shim->width * shim->height * 3);
    for (unsigned i = 0; i < shim->width * shim->height; i++) {
        uint32_t value = shim_get32(shim, SHIM_FRAMEBUFFER + i * 4);

        for (unsigned k = 0; k < 3; k++)
            rgb[i * 3 + k] = (uint8_t)(value >> 8 * (2 - k));
    }
    g_assert_cmpint(png_image_write_to_file(&image, path, 0, rgb, 0, NULL), !=, 0);
    g_free(rgb);
}

static void test_screen(void)
{
    struct console console;
    struct shim *shim = &console.shim;

    start(&console, true);
    g_assert_cmpuint(shim->width, ==, 1280);
    shim_call(shim, console.out + OUT_SET_MODE, console.out, 3);
    shim_call(shim, console.out + OUT_CURSOR, console.out, 0);
    print(&console, "Redox OS Bootloader 1.0.0 on x86_64/UEFI\r\n\n");
    shim_call(shim, console.out + OUT_ATTRIBUTE, console.out, 0x1E);
    print(&console, "\xE2\x95\x94\xE2\x95\x90\xE2\x95\x90\xE2\x95\x97\r\n\xE2\x95\x91Ok\xE2\x95\x91\r\n\xE2\x95\x9A\xE2"
                    "\x95\x90\xE2\x95\x90\xE2\x95\x9D");
    assert_glyph(shim, 0, 0, 'R', 0xAAAAAA, 0);
    assert_glyph(shim, 8, 48, 'O', 0xFFFF55, 0x0000AA);
    save_picture(shim);
    shim_call(shim, console.out + OUT_ATTRIBUTE, console.out, 0x07);
    for (unsigned i = 0; i < 50; i++)
        print(&console, "\r\n-");
    assert_glyph(shim, 0, 49 * 16, '-', 0xAAAAAA, 0);
    shim_call(shim, console.out + OUT_SET_MODE, console.out, 0); /* 80x25 in the middle */
    print(&console, "M");
    assert_glyph(shim, 320, 200, 'M', 0xAAAAAA, 0);
    g_assert_cmphex(pixel(shim, 329, 214), ==, 0);
    shim_call(shim, console.out + OUT_CURSOR, console.out, 1);
    g_assert_cmphex(pixel(shim, 329, 214), ==, 0xAAAAAA);
    print(&console, "N");
    assert_glyph(shim, 328, 200, 'N', 0xAAAAAA, 0);
    shim_stop(shim);
}

static void test_gop_modes(void)
{
    struct console console;
    struct shim *shim = &console.shim;
    uint64_t mode, size, info, handle = 0;
    unsigned count;
    bool preferred = false;
    char *path;

    start(&console, true);
    shim_find(shim, &guid_graphics_output, 0, &handle);
    path = shim_path(shim, handle);
    g_assert_cmpstr(path, ==, "PciRoot(0x0)/Pci(0x1,0x0)/AcpiAdr(0x80010100)");
    g_free(path);
    mode = shim_get64(shim, console.gop + GOP_MODE);
    count = shim_get32(shim, mode);
    size = shim_new64(shim, 0);
    info = shim_new64(shim, 0);
    g_assert_cmpuint(count, >=, 20);
    for (unsigned i = 0; i < count; i++) {
        uint64_t at;

        assert_status(shim_call(shim, console.gop + GOP_QUERY, console.gop, i, size, info), EFI_SUCCESS);
        at = shim_get64(shim, info);
        g_assert_cmpuint(shim_get64(shim, size), ==, 36);
        g_assert_cmpuint(shim_get32(shim, at + 12), ==, 1);                        /* BGR */
        g_assert_cmpuint(shim_get32(shim, at + 32), ==, shim_get32(shim, at + 4)); /* pixels a line */
        g_assert_true(uefi_pool_free(shim->uefi, at));
        preferred |= i == shim_get32(shim, mode + 4) && shim_get32(shim, mode) == count;
    }
    g_assert_true(preferred);
    assert_status(shim_call(shim, console.gop + GOP_QUERY, console.gop, count, size, info), EFI_INVALID_PARAMETER);
    assert_status(shim_call(shim, console.gop + GOP_SET, console.gop, count), EFI_UNSUPPORTED);
    assert_status(shim_call(shim, console.gop + GOP_SET, console.gop, 0), EFI_SUCCESS);
    g_assert_cmpuint(shim->width, ==, 640);
    g_assert_cmpuint(shim->height, ==, 480);
    g_assert_cmpuint(shim_get32(shim, mode + 4), ==, 0);
    g_assert_cmpuint(shim_get32(shim, shim_get64(shim, mode + 8) + 4), ==, 640);
    g_assert_cmpuint(shim_get64(shim, mode + 24), ==, SHIM_FRAMEBUFFER);
    g_assert_cmpuint(shim_get64(shim, mode + 32), ==, 640 * 480 * 4);
    shim_stop(shim);
}

static efi_status blt(struct console *console, uint64_t buffer, uint64_t operation, uint64_t sx, uint64_t sy,
                      uint64_t dx, uint64_t dy, uint64_t width, uint64_t height, uint64_t delta)
{
    return shim_call(&console->shim, console->gop + GOP_BLT, console->gop, buffer, operation, sx, sy, dx, dy, width,
                     height, delta);
}

static void test_blt(void)
{
    struct console console;
    struct shim *shim = &console.shim;
    uint64_t buffer, colour;

    start(&console, true);
    shim_call(shim, console.gop + GOP_SET, console.gop, 0);
    buffer = shim_new(shim, NULL, 64 * 64 * 4);
    colour = shim_new64(shim, 0x00123456);
    assert_status(blt(&console, colour, 0, 0, 0, 10, 20, 30, 40, 0), EFI_SUCCESS);
    g_assert_cmphex(pixel(shim, 10, 20), ==, 0x123456);
    g_assert_cmphex(pixel(shim, 39, 59), ==, 0x123456);
    g_assert_cmphex(pixel(shim, 40, 59), ==, 0);
    g_assert_cmphex(pixel(shim, 39, 60), ==, 0);
    g_assert_cmphex(pixel(shim, 9, 20), ==, 0);
    assert_status(blt(&console, buffer, 1, 9, 20, 5, 6, 3, 2, 64 * 4), EFI_SUCCESS); /* video to buffer at (5, 6) */
    g_assert_cmphex(shim_get32(shim, buffer + (6 * 64 + 5) * 4) & 0xFFFFFF, ==, 0);
    g_assert_cmphex(shim_get32(shim, buffer + (6 * 64 + 6) * 4) & 0xFFFFFF, ==, 0x123456);
    g_assert_cmphex(shim_get32(shim, buffer + (7 * 64 + 7) * 4) & 0xFFFFFF, ==, 0x123456);
    g_assert_cmphex(shim_get32(shim, buffer + (8 * 64 + 7) * 4) & 0xFFFFFF, ==, 0);
    assert_status(blt(&console, buffer, 2, 6, 6, 638, 478, 2, 2, 64 * 4), EFI_SUCCESS); /* buffer to video */
    g_assert_cmphex(pixel(shim, 639, 479), ==, 0x123456);
    memory_write32(machine_memory(shim->machine), SHIM_FRAMEBUFFER + (20 * 640 + 10) * 4, 0xABCDEF);
    assert_status(blt(&console, 0, 3, 10, 20, 11, 21, 30, 40, 0), EFI_SUCCESS); /* overlapping */
    g_assert_cmphex(pixel(shim, 11, 21), ==, 0xABCDEF);
    g_assert_cmphex(pixel(shim, 12, 22), ==, 0x123456);
    g_assert_cmphex(pixel(shim, 40, 60), ==, 0x123456);
    assert_status(blt(&console, colour, 0, 0, 0, 639, 0, 2, 1, 0), EFI_INVALID_PARAMETER);
    assert_status(blt(&console, colour, 0, 0, 0, 0, 0, 0, 1, 0), EFI_INVALID_PARAMETER);
    assert_status(blt(&console, colour, 0, 0, 0, UINT64_MAX, 0, 2, 1, 0), EFI_INVALID_PARAMETER);
    assert_status(blt(&console, colour, 4, 0, 0, 0, 0, 1, 1, 0), EFI_INVALID_PARAMETER);
    assert_status(blt(&console, 0, 2, 0, 0, 0, 0, 1, 1, 0), EFI_INVALID_PARAMETER);
    assert_status(blt(&console, SHIM_RAM - 8, 2, 0, 0, 0, 0, 64, 64, 0), EFI_INVALID_PARAMETER);
    shim_stop(shim);
}

/* --- input --- */
static efi_status read_key(struct console *console, uint16_t *scan, uint16_t *unit)
{
    uint64_t out = shim_new(&console->shim, NULL, 16);
    efi_status status = shim_call(&console->shim, console->in + IN_READ, console->in, out);

    *scan = shim_get16(&console->shim, out);
    *unit = shim_get16(&console->shim, out + 2);
    return status;
}

static void assert_key(struct console *console, uint16_t scan, uint16_t unit)
{
    uint16_t got_scan, got_unit;

    assert_status(read_key(console, &got_scan, &got_unit), EFI_SUCCESS);
    g_assert_cmphex(got_scan, ==, scan);
    g_assert_cmphex(got_unit, ==, unit);
}

static void assert_no_key(struct console *console)
{
    uint16_t scan, unit;

    assert_status(read_key(console, &scan, &unit), EFI_NOT_READY);
}

/* What CheckEvent() would find. */
static bool key_waits(struct console *console, uint64_t interface)
{
    uint64_t event = shim_get64(&console->shim, interface + IN_EVENT);
    const struct uefi_event *known = uefi_find_event(console->shim.uefi, event);

    g_assert_nonnull(known);
    for (guint i = 0; i < console->shim.uefi->interfaces->len; i++) {
        const struct uefi_interface *object = console->shim.uefi->interfaces->pdata[i];

        if (object->address == known->interface)
            return object->object_class->ready(console->shim.uefi, object->object);
    }
    return false;
}

static void test_serial_keys(void)
{
    struct console console;
    struct shim *shim = &console.shim;

    start(&console, false);
    assert_no_key(&console);
    g_assert_false(key_waits(&console, console.in));
    test_submit(shim->machine, "serial0", "a\r\x1B[B\xC3\xA9", 7);
    g_assert_true(key_waits(&console, console.in));
    g_assert_true(key_waits(&console, console.in_ex));
    assert_key(&console, 0, 'a');
    assert_key(&console, 0, '\r');
    assert_key(&console, SCAN_DOWN, 0);
    assert_key(&console, 0, 0xE9);
    assert_no_key(&console);
    test_submit(shim->machine, "serial0", "xyz", 3);
    assert_status(shim_call(shim, console.in + IN_RESET, console.in, 0), EFI_SUCCESS);
    assert_no_key(&console);
    shim_stop(shim);
}

/* The key ESC is one when nothing follows for a tenth of a second. */
static void test_escape(void)
{
    struct console console;
    struct shim *shim = &console.shim;

    start(&console, false);
    test_submit(shim->machine, "serial0", "\x1B", 1);
    assert_no_key(&console);
    machine_advance(shim->machine, 50 * 1000 * 1000);
    g_assert_false(key_waits(&console, console.in));
    machine_advance(shim->machine, 60 * 1000 * 1000);
    g_assert_true(key_waits(&console, console.in));
    assert_key(&console, SCAN_ESC, 0);
    test_submit(shim->machine, "serial0", "\x1B[", 2); /* a sequence that comes in two parts */
    assert_no_key(&console);
    machine_advance(shim->machine, 50 * 1000 * 1000);
    test_submit(shim->machine, "serial0", "A", 1);
    assert_key(&console, SCAN_UP, 0);
    machine_advance(shim->machine, 200 * 1000 * 1000);
    assert_no_key(&console);
    shim_stop(shim);
}

static void test_keyboard(void)
{
    static const uint8_t typed[] = {0x04, 1, 0x04, 0, 0xE1, 1, 0x05, 1, 0x05, 0, 0xE1, 0,
                                    0x52, 1, 0x52, 0, 0xE0, 1, 0x06, 1, 0x06, 0, 0xE0, 0};
    struct console console;
    struct shim *shim = &console.shim;
    uint64_t out;

    start(&console, false);
    out = shim_new(shim, NULL, 16);
    for (unsigned i = 0; i < 16; i += 2) { /* a, Shift B, Up */
        test_submit(shim->machine, "keyboard", typed + i, 2);
        machine_advance(shim->machine, 20 * 1000 * 1000);
        key_waits(&console, console.in);
    }
    assert_key(&console, 0, 'a');
    assert_key(&console, 0, 'B');
    assert_key(&console, SCAN_UP, 0);
    for (unsigned round = 0; round < 2; round++) { /* Ctrl C, for each of the two protocols */
        for (unsigned i = 16; i < 24; i += 2) {
            test_submit(shim->machine, "keyboard", typed + i, 2);
            machine_advance(shim->machine, 20 * 1000 * 1000);
            key_waits(&console, console.in);
        }
        if (round == 0) {
            assert_key(&console, 0, 3);
        } else {
            assert_status(shim_call(shim, console.in_ex + IN_READ, console.in_ex, out), EFI_SUCCESS);
            g_assert_cmpuint(shim_get16(shim, out + 2), ==, 'c');
            g_assert_cmphex(shim_get32(shim, out + 4), ==, SHIFT_STATE_VALID | SHIFT_LEFT_CONTROL);
            g_assert_cmphex(shim_get8(shim, out + 8), ==, TOGGLE_STATE_VALID);
        }
    }
    shim_stop(shim);
}

static void test_input_ex(void)
{
    struct console console;
    struct shim *shim = &console.shim;
    uint64_t out, data, toggle, handle;
    guint before;

    start(&console, false);
    out = shim_new(shim, NULL, 16);
    toggle = shim_new(shim, "\x84", 1);
    handle = shim_new64(shim, 0);
    assert_status(shim_call(shim, console.in_ex + IN_READ, console.in_ex, out), EFI_NOT_READY);
    assert_status(shim_call(shim, console.in_ex + IN_READ, console.in, out), EFI_INVALID_PARAMETER);
    assert_status(shim_call(shim, console.in_ex + IN_SET_STATE, console.in_ex, toggle), EFI_SUCCESS);
    assert_status(shim_call(shim, console.in_ex + IN_READ, console.in_ex, out), EFI_NOT_READY);
    g_assert_cmphex(shim_get8(shim, out + 8), ==, TOGGLE_STATE_VALID | TOGGLE_CAPS);
    memory_write8(machine_memory(shim->machine), toggle, 0x04);
    assert_status(shim_call(shim, console.in_ex + IN_SET_STATE, console.in_ex, toggle), EFI_UNSUPPORTED);
    data = shim_new(shim, "\0\0q\0\0\0\0\0\0\0\0", 12); /* the key q */
    assert_status(shim_call(shim, console.in_ex + IN_REGISTER, console.in_ex, data, 0, handle), EFI_INVALID_PARAMETER);
    assert_status(shim_call(shim, console.in_ex + IN_REGISTER, console.in_ex, data, SHIM_BUFFER, handle), EFI_SUCCESS);
    before = shim->uefi->notifications->len;
    test_submit(shim->machine, "serial0", "pq", 2);
    g_assert_true(key_waits(&console, console.in_ex));
    g_assert_cmpuint(shim->uefi->notifications->len, ==, before + 1);
    assert_status(shim_call(shim, console.in_ex + IN_UNREGISTER, console.in_ex, shim_get64(shim, handle)), EFI_SUCCESS);
    assert_status(shim_call(shim, console.in_ex + IN_UNREGISTER, console.in_ex, shim_get64(shim, handle)),
                  EFI_INVALID_PARAMETER);
    shim_stop(shim);
}

/* The resolution menu of Redox's bootloader gets one Enter each time it is shown, and only when the guest waits. */
static void test_autokey(void)
{
    static const char *const pieces[] = {
        "Output 0, best resolution: 1280x800\r\n", "A", "r", "rArrow k", "eys and enter", " select mod"};
    struct console console;
    struct shim *shim = &console.shim;

    start(&console, true);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(pieces); i++) {
            print(&console, pieces[i]);
            g_assert_false(key_waits(&console, console.in));
        }
        print(&console, "e");
        assert_no_key(&console); /* a look in passing is no wait */
        g_assert_true(key_waits(&console, console.in));
        assert_key(&console, 0, '\r');
        g_assert_false(key_waits(&console, console.in));
    }
    shim->uefi->config.autokey = false;
    print(&console, "Arrow keys and enter select mode");
    g_assert_false(key_waits(&console, console.in));
    shim_stop(shim);
}

static void test_state(void)
{
    struct console console;
    struct shim *shim = &console.shim;
    GByteArray *state = g_byte_array_new();
    GError *error = NULL;

    start(&console, true);
    print(&console, "Hello");
    shim_call(shim, console.out + OUT_ATTRIBUTE, console.out, 0x2F);
    test_submit(shim->machine, "serial0", "ab\x1B", 3);
    assert_key(&console, 0, 'a');
    machine_save(shim->machine, state);
    assert_key(&console, 0, 'b');
    print(&console, "\r\n\n");
    g_assert_true(machine_load(shim->machine, state->data, state->len, &error));
    g_assert_no_error(error);
    assert_key(&console, 0, 'b');
    assert_no_key(&console);
    machine_advance(shim->machine, 110 * 1000 * 1000);
    assert_key(&console, SCAN_ESC, 0);
    g_string_truncate(shim->serial, 0);
    print(&console, "x");
    assert_serial(&console, "\x1B[0;1;37;42mx");
    assert_cursor(&console, 6, 0);
    g_byte_array_unref(state);
    shim_stop(shim);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/uefi-console/strings", test_strings);
    g_test_add_func("/uefi-console/wrap", test_wrap);
    g_test_add_func("/uefi-console/modes", test_modes);
    g_test_add_func("/uefi-console/attributes", test_attributes);
    g_test_add_func("/uefi-console/screen", test_screen);
    g_test_add_func("/uefi-console/gop-modes", test_gop_modes);
    g_test_add_func("/uefi-console/blt", test_blt);
    g_test_add_func("/uefi-console/serial-keys", test_serial_keys);
    g_test_add_func("/uefi-console/escape", test_escape);
    g_test_add_func("/uefi-console/keyboard", test_keyboard);
    g_test_add_func("/uefi-console/input-ex", test_input_ex);
    g_test_add_func("/uefi-console/autokey", test_autokey);
    g_test_add_func("/uefi-console/state", test_state);
    return g_test_run();
}
