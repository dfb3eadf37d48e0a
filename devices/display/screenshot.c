/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A screen as a PNG file. */
#include "devices/display/screenshot.h"

#include <errno.h>
#include <stdio.h>

#include <glib/gstdio.h>
#include <png.h>

#include "emu/bytes.h"

void screenshot_convert_line(const struct scanout *scanout, uint32_t y, uint8_t *rgb)
{
    const uint8_t *line = scanout->pixels + (size_t)y * scanout->stride;

    for (uint32_t x = 0; x < scanout->width; x++, rgb += 3) {
        if (scanout->format == SCANOUT_RGB565) {
            unsigned pixel = get_le16(&line[2 * x]);
            unsigned red = pixel >> 11, green = pixel >> 5 & 63, blue = pixel & 31;

            rgb[0] = (uint8_t)(red << 3 | red >> 2);
            rgb[1] = (uint8_t)(green << 2 | green >> 4);
            rgb[2] = (uint8_t)(blue << 3 | blue >> 2);
        } else {
            const uint8_t *pixel = &line[x * (scanout->format == SCANOUT_RGB888 ? 3u : 4u)];

            rgb[0] = pixel[2];
            rgb[1] = pixel[1];
            rgb[2] = pixel[0];
        }
    }
}

/* libpng reports errors by a jump: nothing here may need freeing. */
static bool write_png(png_structp png, png_infop info, FILE *file, const struct scanout *scanout, uint8_t *line)
{
    if (setjmp(png_jmpbuf(png)))
        return false;
    png_init_io(png, file);
    png_set_IHDR(png, info, scanout->width, scanout->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (uint32_t y = 0; y < scanout->height; y++) {
        screenshot_convert_line(scanout, y, line);
        png_write_row(png, line);
    }
    png_write_end(png, NULL);
    return true;
}

static void quiet(png_structp png, png_const_charp text)
{
}

static void leave(png_structp png, png_const_charp text)
{
    longjmp(png_jmpbuf(png), 1);
}

static bool encode(FILE *file, const struct scanout *scanout)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, leave, quiet);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    uint8_t *line = g_malloc((size_t)scanout->width * 3);
    bool done = info && write_png(png, info, file, scanout, line);

    png_destroy_write_struct(&png, &info);
    g_free(line);
    return done;
}

bool screenshot_write(const struct scanout_source *source, const char *path, GError **error)
{
    struct scanout scanout;
    FILE *file;
    bool done;
    int reason;

    if (!source->get || !source->get(source->opaque, &scanout) || scanout.width == 0 || scanout.height == 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "no screenshot '%s': the screen is off; the guest has set no graphics mode", path);
        return false;
    }
    file = g_fopen(path, "wb");
    if (!file) {
        reason = errno;
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(reason),
                    "screenshot '%s' cannot be written: %s; give a path in a folder that exists", path,
                    g_strerror(reason));
        return false;
    }
    errno = 0;
    done = encode(file, &scanout);
    done &= fclose(file) == 0;
    reason = errno;
    if (!done) {
        g_unlink(path);
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(reason), "screenshot '%s' cannot be written: %s", path,
                    reason ? g_strerror(reason) : "the PNG library failed");
    }
    return done;
}
