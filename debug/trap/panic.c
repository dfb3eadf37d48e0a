/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a panic before the guest has printed it.  Rust: core::panic::PanicInfo and core::fmt::Arguments as they lie in memory;
 * both layouts of Arguments are known (pieces and arguments; since 1.93 a template of bytes), each pointer is checked, and what cannot be
 * formatted is shown as the name of its type.  Linux: the format of panic() and its arguments.
 */
#include <string.h>

#include "debug/trap/internal.h"
#include "emu/bytes.h"

#define LONGEST_TEXT 512
#define MOST_PIECES 32

struct rust {
    struct symbols *symbols;
    const struct space *space;
    GString *text;
};

static bool word(const struct rust *rust, uint64_t address, uint64_t *value)
{
    return space_read_u64(rust->space, address, value);
}

/* Bytes of a str that are text: no control characters but newline and tab. */
static bool read_str(const struct rust *rust, uint64_t address, uint64_t length, char *out, size_t room)
{
    if (length == 0 || length >= room || space_read(rust->space, address, out, length) != length)
        return false;
    out[length] = 0;
    for (uint64_t i = 0; i < length; i++)
        if ((unsigned char)out[i] < 32 && out[i] != '\n' && out[i] != '\t')
            return false;
    return g_utf8_validate(out, (gssize)length, NULL);
}

static void add(const struct rust *rust, const char *text)
{
    if (rust->text->len < LONGEST_TEXT)
        g_string_append(rust->text, text);
}

/* What `{}` of a reference or a string points to: pointer and length in any order beside a capacity. */
static bool add_text_value(const struct rust *rust, uint64_t value)
{
    uint64_t words[3] = {0};
    char text[LONGEST_TEXT];

    for (unsigned i = 0; i < 3; i++)
        word(rust, value + 8 * i, &words[i]);
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned j = 0; j < 3; j++) {
            if (i != j && words[j] < sizeof(text) && read_str(rust, words[i], words[j], text, sizeof(text))) {
                add(rust, text);
                return true;
            }
        }
    }
    return false;
}

/* "u32" of "<u32 as core::fmt::Display>::fmt" and "core::fmt::num::imp::<impl core::fmt::Display for u32>::fmt". */
static char *type_of(const char *formatter)
{
    const char *start = strstr(formatter, " for ");
    const char *end;

    if (start) {
        end = strchr(start, '>');
        return end ? g_strndup(start + 5, (gsize)(end - start - 5)) : NULL;
    }
    end = g_strrstr(formatter, " as ");
    return *formatter == '<' && end ? g_strndup(formatter + 1, (gsize)(end - formatter - 1)) : NULL;
}

static bool add_number(const struct rust *rust, uint64_t value, const char *type, bool hex)
{
    static const struct {
        const char *name;
        unsigned bytes;
        bool is_signed;
    } types[] = {{"u8", 1, false}, {"u16", 2, false}, {"u32", 4, false}, {"u64", 8, false}, {"usize", 8, false},
                 {"i8", 1, true},  {"i16", 2, true},  {"i32", 4, true},  {"i64", 8, true},  {"isize", 8, true}};
    uint8_t bytes[8] = {0};

    while (*type == '&')
        type++;
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        if (strcmp(type, types[i].name) != 0 || space_read(rust->space, value, bytes, types[i].bytes) != types[i].bytes)
            continue;
        uint64_t number = get_le64(bytes);
        unsigned unused = 64 - 8 * types[i].bytes;
        if (hex)
            g_string_append_printf(rust->text, "%" G_GINT64_MODIFIER "x", number);
        else if (types[i].is_signed)
            g_string_append_printf(rust->text, "%" G_GINT64_FORMAT, (gint64)(number << unused) >> unused);
        else
            g_string_append_printf(rust->text, "%" G_GUINT64_FORMAT, (guint64)number);
        return true;
    }
    return false;
}

static char *function_at(const struct rust *rust, uint64_t address)
{
    struct symbol_location location;

    if (!symbols_locate(rust->symbols, rust->space->root, address, false, &location) || location.offset)
        return NULL;
    return g_strdup(location.symbol);
}

/* &dyn Debug: {data, vtable}; the vtable's fourth entry is the first method. */
static void add_dynamic(const struct rust *rust, uint64_t value)
{
    uint64_t table, method;
    g_autofree char *name =
        word(rust, value + 8, &table) && word(rust, table + 24, &method) ? function_at(rust, method) : NULL;
    g_autofree char *type = name ? type_of(name) : NULL;

    g_string_append_printf(rust->text, "<%s>", type ? type : "?");
}

static void add_argument(const struct rust *rust, uint64_t arguments, uint64_t index)
{
    uint64_t value, formatter;
    g_autofree char *name = NULL;

    if (!word(rust, arguments + 16 * index, &value) || !word(rust, arguments + 16 * index + 8, &formatter)) {
        add(rust, "<?>");
        return;
    }
    name = function_at(rust, formatter);
    g_autofree char *type = name ? type_of(name) : NULL;
    if (type && strstr(type, "dyn "))
        add_dynamic(rust, value);
    else if (type && add_number(rust, value, type, strstr(name, "Hex") != NULL))
        return;
    else if ((!type || strstr(type, "str") || strstr(type, "String") || strcmp(type, "&T") == 0) &&
             add_text_value(rust, value))
        return;
    else
        g_string_append_printf(rust->text, "<%s>", type ? type : "?");
}

/* {pieces, their number} and {arguments, their number} among the six words of the older layout. */
static bool add_pieces(const struct rust *rust, uint64_t pieces, uint64_t count, uint64_t arguments,
                       uint64_t argument_count)
{
    char text[LONGEST_TEXT];

    if (count > MOST_PIECES || argument_count > MOST_PIECES || argument_count > count || count == 0)
        return false;
    gsize before = rust->text->len;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at, length;
        if (!word(rust, pieces + 16 * i, &at) || !word(rust, pieces + 16 * i + 8, &length) ||
            (length && !read_str(rust, at, length, text, sizeof(text)))) {
            g_string_truncate(rust->text, before);
            return false;
        }
        if (length)
            add(rust, text);
        if (i < argument_count)
            add_argument(rust, arguments, i);
    }
    return rust->text->len > before;
}

static bool add_old_arguments(const struct rust *rust, uint64_t address)
{
    uint64_t words[6];

    for (unsigned i = 0; i < 6; i++)
        if (!word(rust, address + 8 * i, &words[i]))
            return false;
    for (unsigned i = 0; i < 6; i += 2)
        for (unsigned j = 0; j < 6; j += 2)
            if (i != j && words[i] > 0xfff && add_pieces(rust, words[i], words[i + 1], words[j], words[j + 1]))
                return true;
    return false;
}

/* Skips what a placeholder's first byte announces; its argument's index is left in @index if it says one. */
static uint64_t placeholder(const struct rust *rust, uint64_t at, uint8_t first, uint64_t *index)
{
    uint8_t bytes[2] = {0};

    at += first & 1 ? 4 : 0;
    at += first & 2 ? 2 : 0;
    at += first & 4 ? 2 : 0;
    if (first & 8) {
        space_read(rust->space, at, bytes, 2);
        *index = get_le16(bytes);
        at += 2;
    }
    return at;
}

static bool add_template(const struct rust *rust, uint64_t at, uint64_t arguments)
{
    uint64_t next = 0;
    char text[LONGEST_TEXT];

    for (unsigned i = 0; i < MOST_PIECES; i++) {
        uint8_t first, wide[2];
        uint64_t length;
        if (space_read(rust->space, at, &first, 1) != 1)
            return false;
        at++;
        if (first == 0)
            return i > 0;
        if (first >= 0xc0) {
            uint64_t index = next;
            at = placeholder(rust, at, first, &index);
            add_argument(rust, arguments, index);
            next = index + 1;
            continue;
        }
        length = first;
        if (first == 0x80) {
            if (space_read(rust->space, at, wide, 2) != 2)
                return false;
            length = get_le16(wide);
            at += 2;
        }
        if (first > 0x80 || !read_str(rust, at, length, text, sizeof(text)))
            return false;
        add(rust, text);
        at += length;
    }
    return false;
}

static bool add_new_arguments(const struct rust *rust, uint64_t address)
{
    uint64_t template, arguments;
    char text[LONGEST_TEXT];

    if (!word(rust, address, &template) || !word(rust, address + 8, &arguments))
        return false;
    if (arguments & 1) { /* all of it is one constant text */
        if (!read_str(rust, template, arguments >> 1, text, sizeof(text)))
            return false;
        add(rust, text);
        return true;
    }
    gsize before = rust->text->len;
    if (add_template(rust, template, arguments))
        return true;
    g_string_truncate(rust->text, before);
    return false;
}

/* core::panic::Location: {file: &str, line, column}; "src/main.rs:12:5". */
static char *location_at(const struct rust *rust, uint64_t address)
{
    uint64_t file, length, place;
    char text[256];

    if (!word(rust, address, &file) || !word(rust, address + 8, &length) || !word(rust, address + 16, &place))
        return NULL;
    for (uint64_t trailing = 0; trailing < 2; trailing++) /* the length may count the zero behind it */
        if (length > trailing + 3 && read_str(rust, file, length - trailing, text, sizeof(text)) &&
            g_str_has_suffix(text, ".rs") && !strchr(text, '\n') && (uint32_t)place && place >> 32 < 10000)
            return g_strdup_printf("%s:%u:%u", text, (unsigned)(uint32_t)place, (unsigned)(place >> 32));
    return NULL;
}

/* A PanicInfo is {message, location} since 1.81, {payload, vtable, message, location} before. */
static char *info_at(struct rust *rust, uint64_t info)
{
    uint64_t words[4] = {0};

    for (unsigned i = 0; i < 4; i++)
        if (!word(rust, info + 8 * i, &words[i]))
            return NULL;
    for (unsigned i = 1; i < 4; i += 2) {
        g_autofree char *place = location_at(rust, words[i]);
        if (!place)
            continue;
        rust->text = g_string_new(NULL);
        if (!add_new_arguments(rust, words[i - 1]) && !add_old_arguments(rust, words[i - 1]))
            g_string_append(rust->text, "(its text cannot be read)");
        g_string_append_printf(rust->text, ", at %s", place);
        return g_string_free(rust->text, FALSE);
    }
    return NULL;
}

char *panic_of_rust(struct symbols *symbols, const struct space *space, uint64_t info)
{
    struct rust rust = {.symbols = symbols, .space = space};

    return info_at(&rust, info);
}

char *panic_of_rust_on_stack(struct symbols *symbols, const struct space *space, uint64_t low, uint64_t high)
{
    struct rust rust = {.symbols = symbols, .space = space};

    low = (low + 7) & ~UINT64_C(7);
    for (uint64_t at = low; at < high && at - low < 16384; at += 8) {
        uint64_t message, place;
        if (!word(&rust, at, &message) || !word(&rust, at + 8, &place))
            return NULL;
        if (message < low || message >= high) /* the Arguments are on the stack too */
            continue;
        g_autofree char *location = location_at(&rust, place);
        if (location)
            return info_at(&rust, at);
    }
    return NULL;
}

/* One conversion of printf; returns where it ends. */
static const char *add_conversion(const struct space *space, GString *text, const char *format, uint64_t value,
                                  bool *used)
{
    const char *end = format + strspn(format, "-+ #0123456789.hlzjt");
    bool wide = g_strstr_len(format, end - format, "l") || g_strstr_len(format, end - format, "z");
    g_autofree char *string = NULL;

    *used = true;
    switch (*end) {
    case 's':
        string = space_read_text(space, value, 256);
        g_string_append(text, string ? string : "(unreadable)");
        break;
    case 'd':
    case 'i':
        g_string_append_printf(text, "%" G_GINT64_FORMAT, wide ? (gint64)value : (gint64)(int32_t)value);
        break;
    case 'u':
        g_string_append_printf(text, "%" G_GUINT64_FORMAT, wide ? (guint64)value : (guint64)(uint32_t)value);
        break;
    case 'x':
    case 'X':
        g_string_append_printf(text, "%" G_GINT64_MODIFIER "x", wide ? value : (uint64_t)(uint32_t)value);
        break;
    case 'c':
        g_string_append_c(text, g_ascii_isprint((char)value) ? (char)value : '?');
        break;
    case 'p':
        g_string_append_printf(text, HEX, value);
        while (g_ascii_isalnum(end[1]))
            end++;
        break;
    default:
        *used = false;
        g_string_append_c(text, '%');
        return format;
    }
    return end + 1;
}

char *panic_of_linux(const struct space *space, uint64_t format, const uint64_t *argument, unsigned arguments)
{
    g_autofree char *read = space_read_text(space, format, 256);
    GString *text = g_string_new(NULL);
    unsigned next = 0;

    for (const char *at = read; at && *at && text->len < LONGEST_TEXT;) {
        if (*at == '%' && at[1] == '%') {
            g_string_append_c(text, '%');
            at += 2;
        } else if (*at == '%' && next < arguments) {
            bool used;
            at = add_conversion(space, text, at + 1, argument[next], &used);
            next += used;
        } else {
            g_string_append_c(text, *at++);
        }
    }
    char *end = strstr(text->str, "\\x0a"); /* as space_read_text() shows a newline */
    if (end)
        g_string_truncate(text, (gsize)(end - text->str));
    g_strchomp(text->str);
    if (*text->str)
        return g_string_free(text, FALSE);
    g_string_free(text, TRUE);
    return NULL;
}

bool panic_machinery(const char *function, const char *file)
{
    static const char *const files[] = {"/rustc/",        "library/core/",  "library/std/",
                                        "library/alloc/", "library/panic_", "/rustlib/src/"};
    static const char *const names[] = {
        "core::", "std::", "alloc::", "__rustc::", "panic_abort::", "<core::", "<alloc::", "<std::"};
    static const char *const whole[] = {"rust_begin_unwind",
                                        "rust_panic",
                                        "panic_handler_inner",
                                        "panic_handler",
                                        "abort",
                                        "panic",
                                        "vpanic",
                                        "die",
                                        "__die",
                                        "oops_end",
                                        "__rust_start_panic",
                                        "raise",
                                        "__rust_panic_cleanup",
                                        "nmi_panic",
                                        "die_kernel_fault",
                                        "__assert_fail",
                                        "rust_panic_with_hook"};

    for (unsigned i = 0; file && i < G_N_ELEMENTS(files); i++)
        if (strstr(file, files[i]))
            return true;
    if (!function)
        return false;
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_str_has_prefix(function, names[i]))
            return true;
    const char *last = g_strrstr(function, "::");
    last = last ? last + 2 : function;
    for (unsigned i = 0; i < G_N_ELEMENTS(whole); i++)
        if (strcmp(last, whole[i]) == 0)
            return true;
    return false;
}
