/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SimpleTextOutput on the serial line and on the screen at once.  UEFI 2.10 section 12.4. */
#include <string.h>

#include "firmware/uefi/font.h"
#include "firmware/uefi/protocols.h"
#include "firmware/uefi/terminal.h"
#include "firmware/uefi/text_screen.h"

enum { /* EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL: nine functions, Mode; then the mode */
       OUTPUT_MODE = 72,
       OUTPUT_SIZE = 80,
       MODE_MAX = OUTPUT_SIZE + 0,
       MODE_NOW = OUTPUT_SIZE + 4,
       MODE_ATTRIBUTE = OUTPUT_SIZE + 8,
       MODE_COLUMN = OUTPUT_SIZE + 12,
       MODE_ROW = OUTPUT_SIZE + 16,
       MODE_VISIBLE = OUTPUT_SIZE + 20,
       WHOLE_SIZE = OUTPUT_SIZE + 24,
};
#define ATTRIBUTE_DEFAULT 0x07 /* light gray on black */
#define ATTRIBUTE_MASK 0x7F
#define STRING_LIMIT 65536
#define TAB_WIDTH 8
#define MODES_MAX 4

static const char autokey_text[] = "Arrow keys and enter select mode";

struct text_mode {
    uint16_t columns, rows; /* 0: not supported */
};

struct text_output {
    struct uefi *uefi;
    uint64_t interface, gop;
    uint32_t mode_count;
    struct text_mode modes[MODES_MAX];
    uint32_t mode, column, row;
    uint8_t attribute;
    bool visible;
    /* What the serial terminal was told. */
    uint8_t sent_attribute;
    bool sent_visible;
    /* Where the cursor is drawn, and on which picture. */
    bool cursor_drawn;
    uint32_t cursor_column, cursor_row;
    uint64_t framebuffer;
    uint32_t width, height, stride;
    uint32_t autokey_matched; /* characters of autokey_text */
    bool autokey_due;
};

static const struct state_field text_mode_fields[] = {
    STATE_U16(struct text_mode, columns),
    STATE_U16(struct text_mode, rows),
    STATE_END,
};
static const struct state_table text_mode_state = {.name = "text-mode", .version = 1, .fields = text_mode_fields};
static const struct state_field text_output_fields[] = {
    STATE_U64(struct text_output, gop),
    STATE_U32(struct text_output, mode_count),
    STATE_STRUCT_ARRAY(struct text_output, modes, &text_mode_state),
    STATE_U32(struct text_output, mode),
    STATE_U32(struct text_output, column),
    STATE_U32(struct text_output, row),
    STATE_U8(struct text_output, attribute),
    STATE_BOOL(struct text_output, visible),
    STATE_U8(struct text_output, sent_attribute),
    STATE_BOOL(struct text_output, sent_visible),
    STATE_BOOL(struct text_output, cursor_drawn),
    STATE_U32(struct text_output, cursor_column),
    STATE_U32(struct text_output, cursor_row),
    STATE_U64(struct text_output, framebuffer),
    STATE_U32(struct text_output, width),
    STATE_U32(struct text_output, height),
    STATE_U32(struct text_output, stride),
    STATE_U32(struct text_output, autokey_matched),
    STATE_BOOL(struct text_output, autokey_due),
    STATE_END,
};
static const struct state_table text_output_state = {.name = "text-output", .version = 1, .fields = text_output_fields};

static void output_save(struct uefi *uefi, void *object, struct state_writer *out)
{
    state_save(&text_output_state, object, out);
}

static void *output_load(struct uefi *uefi, uint64_t interface, struct state_reader *in)
{
    struct text_output *output = g_new0(struct text_output, 1);

    output->uefi = uefi;
    output->interface = interface;
    if (!state_load(&text_output_state, output, in, NULL) || output->mode_count > MODES_MAX ||
        output->mode >= output->mode_count || output->autokey_matched >= sizeof(autokey_text)) {
        g_free(output);
        return NULL;
    }
    return output;
}

static const struct uefi_object_class text_output_class = {"text-output", output_save, output_load, g_free, NULL};

/* --- a change to what is shown: both ends are collected and written at its end --- */
struct drawing {
    struct text_output *output;
    GByteArray *serial;
    struct text_screen screen;
    bool has_screen;
};

static const struct text_mode *mode_of(const struct text_output *output)
{
    return &output->modes[output->mode];
}

/* The picture that text goes to now; notes when it is another one than last time. */
static bool find_screen(struct text_output *output, struct text_screen *screen)
{
    struct gop_screen now;
    uint8_t *pixels;

    if (!gop_screen(output->uefi, output->gop, &now))
        return false;
    pixels = memory_pointer(uefi_memory(output->uefi), now.framebuffer, (uint64_t)now.stride * now.height);
    if (now.framebuffer != output->framebuffer || now.width != output->width || now.height != output->height ||
        now.stride != output->stride)
        output->cursor_drawn = false;
    output->framebuffer = now.framebuffer;
    output->width = now.width;
    output->height = now.height;
    output->stride = now.stride;
    *screen = (struct text_screen){.pixels = pixels,
                                   .width = now.width,
                                   .height = now.height,
                                   .stride = now.stride,
                                   .columns = mode_of(output)->columns,
                                   .rows = mode_of(output)->rows};
    return pixels != NULL;
}

static void drawing_begin(struct drawing *drawing, struct text_output *output)
{
    drawing->output = output;
    drawing->serial = g_byte_array_new();
    drawing->has_screen = find_screen(output, &drawing->screen);
    if (drawing->has_screen && output->cursor_drawn)
        text_screen_invert_cursor(&drawing->screen, output->cursor_column, output->cursor_row);
    output->cursor_drawn = false;
}

static void drawing_end(struct drawing *drawing)
{
    struct text_output *output = drawing->output;
    struct text_screen *screen = &drawing->screen;

    if (drawing->has_screen && output->visible) {
        output->cursor_drawn = true;
        output->cursor_column = output->column;
        output->cursor_row = output->row;
        text_screen_invert_cursor(screen, output->column, output->row);
    }
    if (drawing->has_screen && screen->dirty_end)
        memory_written(uefi_memory(output->uefi), output->framebuffer + (uint64_t)screen->dirty_start * output->stride,
                       (uint64_t)(screen->dirty_end - screen->dirty_start) * output->stride);
    serial_port_write(output->uefi, drawing->serial->data, drawing->serial->len);
    g_byte_array_free(drawing->serial, TRUE);
    uefi_write32(output->uefi, output->interface + MODE_NOW, output->mode);
    uefi_write32(output->uefi, output->interface + MODE_ATTRIBUTE, output->attribute);
    uefi_write32(output->uefi, output->interface + MODE_COLUMN, output->column);
    uefi_write32(output->uefi, output->interface + MODE_ROW, output->row);
    uefi_write8(output->uefi, output->interface + MODE_VISIBLE, output->visible);
}

/* Tells the terminal what has changed since it last was told. */
static void send_attribute(struct drawing *drawing)
{
    struct text_output *output = drawing->output;

    if (output->attribute != output->sent_attribute)
        terminal_set_attribute(drawing->serial, output->attribute);
    output->sent_attribute = output->attribute;
}

static void send_visible(struct drawing *drawing)
{
    struct text_output *output = drawing->output;

    if (output->visible != output->sent_visible)
        terminal_show_cursor(drawing->serial, output->visible);
    output->sent_visible = output->visible;
}

static void clear(struct drawing *drawing)
{
    struct text_output *output = drawing->output;

    send_attribute(drawing);
    terminal_clear(drawing->serial);
    if (drawing->has_screen)
        text_screen_clear(&drawing->screen, output->attribute);
    output->column = 0;
    output->row = 0;
}

static void line_feed(struct drawing *drawing)
{
    struct text_output *output = drawing->output;

    if (output->row + 1 < mode_of(output)->rows)
        output->row++;
    else if (drawing->has_screen)
        text_screen_scroll(&drawing->screen, output->attribute);
    terminal_put(drawing->serial, '\n');
}

static void carriage_return(struct drawing *drawing)
{
    drawing->output->column = 0;
    terminal_put(drawing->serial, '\r');
}

static void watch_autokey(struct text_output *output, uint16_t unit)
{
    if (!uefi_config(output->uefi)->autokey)
        return;
    if (unit != (uint8_t)autokey_text[output->autokey_matched])
        output->autokey_matched = 0;
    if (unit == (uint8_t)autokey_text[output->autokey_matched] && !autokey_text[++output->autokey_matched]) {
        output->autokey_matched = 0;
        output->autokey_due = true;
    }
}

/* False: the font has no such character. */
static bool print(struct drawing *drawing, uint16_t unit)
{
    struct text_output *output = drawing->output;
    uint8_t glyph[FONT_HEIGHT];

    send_attribute(drawing);
    terminal_put(drawing->serial, unit);
    if (drawing->has_screen)
        text_screen_draw(&drawing->screen, output->column, output->row, unit, output->attribute);
    output->column++;
    if (output->column >= mode_of(output)->columns) {
        carriage_return(drawing);
        line_feed(drawing);
    }
    return font_glyph(unit, glyph);
}

/* One character of a string; false: it has no glyph. */
static bool put_unit(struct drawing *drawing, uint16_t unit)
{
    struct text_output *output = drawing->output;

    watch_autokey(output, unit);
    switch (unit) {
    case '\b':
        if (output->column > 0) {
            output->column--;
            terminal_put(drawing->serial, '\b');
        }
        return true;
    case '\n':
        line_feed(drawing);
        return true;
    case '\r':
        carriage_return(drawing);
        return true;
    case '\t':
        do
            print(drawing, ' ');
        while (output->column % TAB_WIDTH);
        return true;
    case 0xFEFF: /* byte order mark, and the marks of narrow and wide characters in strings for HII */
    case 0xFFF0:
    case 0xFFF1:
        return true;
    default:
        return unit >= 0x20 && unit != 0x7F ? print(drawing, unit) : false;
    }
}

/* --- services --- */
static struct text_output *output_of(const struct uefi_call *call)
{
    return uefi_this(call, &text_output_class);
}

static void set_mode(struct text_output *output, uint32_t mode)
{
    struct drawing drawing;

    output->mode = mode;
    drawing_begin(&drawing, output);
    clear(&drawing);
    drawing_end(&drawing);
}

static uint64_t reset(struct uefi *uefi, struct uefi_call *call)
{
    struct text_output *output = output_of(call);

    if (!output)
        return EFI_INVALID_PARAMETER;
    output->attribute = ATTRIBUTE_DEFAULT;
    output->visible = true;
    set_mode(output, 0);
    return EFI_SUCCESS;
}

static uint64_t output_string(struct uefi *uefi, struct uefi_call *call)
{
    struct text_output *output = output_of(call);
    struct drawing drawing;
    bool known = true;
    uint16_t *text;
    size_t count;

    if (!output)
        return EFI_INVALID_PARAMETER;
    text = uefi_read_char16(uefi, uefi_argument(call, 1), STRING_LIMIT, &count);
    if (!text)
        return EFI_INVALID_PARAMETER;
    drawing_begin(&drawing, output);
    for (size_t i = 0; i < count; i++)
        known &= put_unit(&drawing, text[i]);
    drawing_end(&drawing);
    g_free(text);
    return known ? EFI_SUCCESS : EFI_WARN_UNKNOWN_GLYPH;
}

static uint64_t test_string(struct uefi *uefi, struct uefi_call *call)
{
    uint8_t glyph[FONT_HEIGHT];
    bool known = true;
    uint16_t *text;
    size_t count;

    if (!output_of(call))
        return EFI_INVALID_PARAMETER;
    text = uefi_read_char16(uefi, uefi_argument(call, 1), STRING_LIMIT, &count);
    if (!text)
        return EFI_INVALID_PARAMETER;
    for (size_t i = 0; i < count; i++)
        known &= text[i] == '\b' || text[i] == '\n' || text[i] == '\r' || text[i] == '\t' || font_glyph(text[i], glyph);
    g_free(text);
    return known ? EFI_SUCCESS : EFI_UNSUPPORTED;
}

static uint64_t query_mode(struct uefi *uefi, struct uefi_call *call)
{
    struct text_output *output = output_of(call);
    uint64_t mode = uefi_argument(call, 1), columns = uefi_argument(call, 2), rows = uefi_argument(call, 3);

    if (!output || !uefi_accessible(uefi, columns, 8) || !uefi_accessible(uefi, rows, 8))
        return EFI_INVALID_PARAMETER;
    if (mode >= output->mode_count || output->modes[mode].columns == 0)
        return EFI_UNSUPPORTED;
    uefi_write64(uefi, columns, output->modes[mode].columns);
    uefi_write64(uefi, rows, output->modes[mode].rows);
    return EFI_SUCCESS;
}

static uint64_t set_mode_service(struct uefi *uefi, struct uefi_call *call)
{
    struct text_output *output = output_of(call);
    uint64_t mode = uefi_argument(call, 1);

    if (!output)
        return EFI_INVALID_PARAMETER;
    if (mode >= output->mode_count || output->modes[mode].columns == 0)
        return EFI_UNSUPPORTED;
    set_mode(output, (uint32_t)mode);
    return EFI_SUCCESS;
}

static uint64_t set_attribute(struct uefi *uefi, struct uefi_call *call)
{
    struct text_output *output = output_of(call);
    uint64_t attribute = uefi_argument(call, 1);
    struct drawing drawing;

    if (!output)
        return EFI_INVALID_PARAMETER;
    if (attribute & ~(uint64_t)ATTRIBUTE_MASK)
        return EFI_UNSUPPORTED;
    drawing_begin(&drawing, output);
    output->attribute = (uint8_t)attribute;
    drawing_end(&drawing);
    return EFI_SUCCESS;
}

static uint64_t clear_screen(struct uefi *uefi, struct uefi_call *call)
{
    struct text_output *output = output_of(call);
    struct drawing drawing;

    if (!output)
        return EFI_INVALID_PARAMETER;
    drawing_begin(&drawing, output);
    clear(&drawing);
    drawing_end(&drawing);
    return EFI_SUCCESS;
}

static uint64_t set_cursor_position(struct uefi *uefi, struct uefi_call *call)
{
    struct text_output *output = output_of(call);
    uint64_t column = uefi_argument(call, 1), row = uefi_argument(call, 2);
    struct drawing drawing;

    if (!output)
        return EFI_INVALID_PARAMETER;
    if (column >= mode_of(output)->columns || row >= mode_of(output)->rows)
        return EFI_UNSUPPORTED;
    drawing_begin(&drawing, output);
    output->column = (uint32_t)column;
    output->row = (uint32_t)row;
    terminal_move(drawing.serial, output->column, output->row);
    drawing_end(&drawing);
    return EFI_SUCCESS;
}

static uint64_t enable_cursor(struct uefi *uefi, struct uefi_call *call)
{
    struct text_output *output = output_of(call);
    struct drawing drawing;

    if (!output)
        return EFI_INVALID_PARAMETER;
    drawing_begin(&drawing, output);
    output->visible = uefi_argument8(call, 1);
    send_visible(&drawing);
    drawing_end(&drawing);
    return EFI_SUCCESS;
}

/* --- for the rest of the firmware --- */
static struct text_output *find_output(struct uefi *uefi)
{
    GArray *handles = uefi_handles(uefi, &guid_simple_text_output);
    struct text_output *output = NULL;

    for (unsigned i = 0; i < handles->len && !output; i++) {
        uint64_t interface;

        if (uefi_protocol(uefi, g_array_index(handles, uint64_t, i), &guid_simple_text_output, &interface))
            output = uefi_object(uefi, interface, &text_output_class);
    }
    g_array_unref(handles);
    return output;
}

void console_print(struct uefi *uefi, const char *text)
{
    struct text_output *output = find_output(uefi);
    struct drawing drawing;
    uint16_t *wide;
    size_t size;

    if (!output || uefi_boot_services_ended(uefi))
        return;
    wide = uefi_text_to_char16(text, &size);
    drawing_begin(&drawing, output);
    for (size_t i = 0; wide[i]; i++) {
        if (wide[i] == '\n')
            put_unit(&drawing, '\r');
        put_unit(&drawing, wide[i]);
    }
    drawing_end(&drawing);
    g_free(wide);
}

/* The terminal that the user goes on with has its own colours and a cursor again. */
void text_output_end(struct uefi *uefi)
{
    struct text_output *output = find_output(uefi);
    GByteArray *serial;

    if (!output)
        return;
    serial = g_byte_array_new();
    if (output->sent_attribute != ATTRIBUTE_DEFAULT)
        terminal_set_attribute(serial, ATTRIBUTE_DEFAULT);
    if (!output->sent_visible)
        terminal_show_cursor(serial, true);
    serial_port_write(uefi, serial->data, serial->len);
    g_byte_array_free(serial, TRUE);
}

bool text_output_take_autokey(struct uefi *uefi, uint64_t interface)
{
    struct text_output *output = uefi_object(uefi, interface, &text_output_class);
    bool due = output && output->autokey_due;

    if (due)
        output->autokey_due = false;
    return due;
}

static void add_mode(struct text_output *output, unsigned columns, unsigned rows)
{
    output->modes[output->mode_count++] = (struct text_mode){(uint16_t)columns, (uint16_t)rows};
}

/* Mode 0 is 80x25 and mode 1 is 80x50 or nothing: section 12.4.4. */
static void list_modes(struct text_output *output)
{
    struct gop_screen screen;
    bool has_screen = gop_screen(output->uefi, output->gop, &screen);
    unsigned columns = has_screen ? screen.width / FONT_WIDTH : 100,
             rows = has_screen ? screen.height / FONT_HEIGHT : 50;
    bool tall = columns >= 80 && rows >= 50, wide = columns >= 100 && rows >= 31;

    add_mode(output, 80, 25);
    if (tall || wide || has_screen)
        add_mode(output, tall ? 80 : 0, tall ? 50 : 0);
    if (wide)
        add_mode(output, 100, 31);
    if (has_screen && !(columns == 80 && (rows == 25 || rows == 50)) && !(columns == 100 && rows == 31))
        add_mode(output, columns, rows);
}

void text_output_register(struct uefi *uefi)
{
    uefi_register_class(uefi, &text_output_class);
}

uint64_t text_output_init(struct uefi *uefi, uint64_t handle, uint64_t gop)
{
    const uint64_t functions[] = {
        uefi_function(uefi, "SimpleTextOutput.Reset", reset),
        uefi_function(uefi, "SimpleTextOutput.OutputString", output_string),
        uefi_function(uefi, "SimpleTextOutput.TestString", test_string),
        uefi_function(uefi, "SimpleTextOutput.QueryMode", query_mode),
        uefi_function(uefi, "SimpleTextOutput.SetMode", set_mode_service),
        uefi_function(uefi, "SimpleTextOutput.SetAttribute", set_attribute),
        uefi_function(uefi, "SimpleTextOutput.ClearScreen", clear_screen),
        uefi_function(uefi, "SimpleTextOutput.SetCursorPosition", set_cursor_position),
        uefi_function(uefi, "SimpleTextOutput.EnableCursor", enable_cursor),
    };
    struct text_output *output = g_new0(struct text_output, 1);
    uint64_t interface = uefi_interface_new(uefi, WHOLE_SIZE, &text_output_class, output);
    struct drawing drawing;

    if (!interface)
        return 0;
    output->uefi = uefi;
    output->interface = interface;
    output->gop = gop;
    output->attribute = output->sent_attribute = ATTRIBUTE_DEFAULT;
    output->visible = output->sent_visible = true;
    list_modes(output);
    write_functions(uefi, interface, functions, G_N_ELEMENTS(functions));
    uefi_write64(uefi, interface + OUTPUT_MODE, interface + MODE_MAX);
    uefi_write32(uefi, interface + MODE_MAX, output->mode_count);
    drawing_begin(&drawing, output); /* the terminal keeps what the user had on it */
    drawing_end(&drawing);
    return uefi_install(uefi, handle, &guid_simple_text_output, interface) == EFI_SUCCESS ? interface : 0;
}
