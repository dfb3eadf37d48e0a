/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The remote protocol's framing, and the description of registers that GDB and LLDB get. */
#include <glib.h>
#include <string.h>

#include "debug/gdb/packet.h"
#include "debug/gdb/target.h"

static enum gdb_event feed(struct gdb_parser *parser, const char *text)
{
    enum gdb_event event = GDB_EVENT_NONE;

    for (const char *at = text; *at; at++)
        event = gdb_parser_feed(parser, (uint8_t)*at);
    return event;
}

static void test_packets(void)
{
    struct gdb_parser parser;

    gdb_parser_init(&parser);
    g_assert_cmpint(feed(&parser, "+$m1000,4#8"), ==, GDB_EVENT_NONE);
    g_assert_cmpint(feed(&parser, "e"), ==, GDB_EVENT_PACKET);
    g_assert_cmpstr(parser.packet->str, ==, "m1000,4");
    g_assert_cmpint(feed(&parser, "$m1000,4#8f"), ==, GDB_EVENT_BAD);
    g_assert_cmpint(feed(&parser, "$m1000,4#xx"), ==, GDB_EVENT_BAD);
    g_assert_cmpint(feed(&parser, "\x03"), ==, GDB_EVENT_INTERRUPT);
    g_assert_cmpint(feed(&parser, "-"), ==, GDB_EVENT_REPEAT);
    /* One that was cut off is forgotten. */
    g_assert_cmpint(feed(&parser, "$gar$?#3f"), ==, GDB_EVENT_PACKET);
    g_assert_cmpstr(parser.packet->str, ==, "?");
    gdb_parser_clear(&parser);
}

static void test_escapes(void)
{
    static const char raw[] = "a$b#c}d*e\0f";
    struct gdb_parser parser;
    GString *framed = gdb_packet_frame(raw, sizeof(raw) - 1);
    enum gdb_event event = GDB_EVENT_NONE;

    g_assert_null(memchr(framed->str + 1, '$', framed->len - 1));
    g_assert_true(memchr(framed->str, '#', framed->len) == framed->str + framed->len - 3);
    gdb_parser_init(&parser);
    for (gsize i = 0; i < framed->len; i++)
        event = gdb_parser_feed(&parser, (uint8_t)framed->str[i]);
    g_assert_cmpint(event, ==, GDB_EVENT_PACKET);
    g_assert_cmpmem(parser.packet->str, parser.packet->len, raw, sizeof(raw) - 1);
    gdb_parser_clear(&parser);
    g_string_free(framed, TRUE);
}

static void test_too_long(void)
{
    struct gdb_parser parser;
    uint8_t sum = 0;

    gdb_parser_init(&parser);
    gdb_parser_feed(&parser, '$');
    for (unsigned i = 0; i < 3 * GDB_PACKET_SIZE; i++, sum = (uint8_t)(sum + 'x'))
        g_assert_cmpint(gdb_parser_feed(&parser, 'x'), ==, GDB_EVENT_NONE);
    g_assert_cmpuint(parser.packet->len, ==, GDB_PACKET_SIZE);
    g_autofree char *end = g_strdup_printf("#%02x", sum);
    g_assert_cmpint(feed(&parser, end), ==, GDB_EVENT_BAD);
    g_assert_cmpint(feed(&parser, "$?#3f"), ==, GDB_EVENT_PACKET);
    gdb_parser_clear(&parser);
}

static void test_numbers(void)
{
    const char *text = "fffffffffffffffe,1";
    uint8_t bytes[4] = {0};
    uint64_t value;

    g_assert_true(gdb_parse_number(&text, &value));
    g_assert_cmphex(value, ==, UINT64_MAX - 1);
    g_assert_cmpint(*text, ==, ',');
    text = "10000000000000000";
    g_assert_false(gdb_parse_number(&text, &value));
    text = ",";
    g_assert_false(gdb_parse_number(&text, &value));
    g_assert_cmpuint(gdb_parse_hex("0aFFzz", 6, bytes, 4), ==, 2);
    g_assert_cmphex(bytes[1], ==, 0xff);
    g_assert_cmpuint(gdb_parse_hex("0aF", 3, bytes, 4), ==, 1);
}

struct seen {
    unsigned registers, bits_of_general;
    const struct gdb_target *target;
    bool pc, sp;
};

static const char *attribute(const char **names, const char **values, const char *name)
{
    for (; *names; names++, values++)
        if (strcmp(*names, name) == 0)
            return *values;
    return NULL;
}

static void on_element(GMarkupParseContext *context, const char *element, const char **names, const char **values,
                       gpointer opaque, GError **error)
{
    struct seen *seen = opaque;

    (void)context;
    (void)error;
    if (strcmp(element, "reg") != 0)
        return;
    const struct gdb_register *reg = gdb_target_register(seen->target, seen->registers);
    const char *generic = attribute(names, values, "generic");
    g_assert_nonnull(reg);
    g_assert_cmpstr(attribute(names, values, "name"), ==, reg->name);
    g_assert_cmpuint((guint)g_ascii_strtoull(attribute(names, values, "regnum"), NULL, 10), ==, seen->registers);
    g_assert_cmpuint((guint)g_ascii_strtoull(attribute(names, values, "bitsize"), NULL, 10), ==, reg->bits);
    g_assert_cmpuint(reg->bits % 8, ==, 0);
    seen->pc |= g_strcmp0(generic, "pc") == 0;
    seen->sp |= g_strcmp0(generic, "sp") == 0;
    seen->registers++;
}

/* Numbers in the XML are those of p and P packets, and of the order in g. */
static void check_description(enum cpu_arch arch, const char *const *wanted)
{
    static const GMarkupParser parser = {.start_element = on_element};
    struct gdb_target *target = gdb_target_new(arch);
    struct seen seen = {.target = target};
    GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, &seen, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_markup_parse_context_parse(context, target->xml, -1, &error));
    g_assert_true(g_markup_parse_context_end_parse(context, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(seen.registers, ==, target->registers->len);
    g_assert_true(seen.pc && seen.sp);
    for (; *wanted; wanted++) {
        g_autofree char *text = g_strdup_printf("<reg name=\"%s\"", *wanted);
        g_assert_nonnull(strstr(target->xml, text));
    }
    for (guint i = 0; i < target->general; i++) {
        const struct gdb_register *reg = gdb_target_register(target, i);
        if (reg->index < 0) /* the x87's pointers, which the engine does not keep */
            g_assert_cmpint(reg->name[0], ==, 'f');
    }
    g_markup_parse_context_free(context);
    gdb_target_free(target);
}

static void test_x86_64(void)
{
    static const char *const wanted[] = {"rip", "eflags", "xmm15", "fs_base", "cr3", "efer", "lstar", NULL};

    check_description(CPU_ARCH_X86_64, wanted);
}

static void test_aarch64(void)
{
    static const char *const wanted[] = {"x30", "pc", "cpsr", "v31", "esr_el1", "ttbr1_el1", "vbar_el1", NULL};

    check_description(CPU_ARCH_AARCH64, wanted);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gdb/packets", test_packets);
    g_test_add_func("/gdb/escapes", test_escapes);
    g_test_add_func("/gdb/too-long", test_too_long);
    g_test_add_func("/gdb/numbers", test_numbers);
    g_test_add_func("/gdb/description/x86_64", test_x86_64);
    g_test_add_func("/gdb/description/aarch64", test_aarch64);
    return g_test_run();
}
