/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names, lines, inlined functions and types of fixtures that were built from the sources beside this file. */
#include "debug/symbols/symbols.h"
#include "tests/debug/guest.h"

#include <stdlib.h>
#include <string.h>

static char *fixtures, *sources; /* folders; set once from the arguments */

struct fixture {
    struct guest *guest;
    struct symbols *symbols;
    struct symbol_module *module;
    char *path;
};

/* Named as the build makes them: "c-x86_64-5"; NULL: it was not built. */
static char *fixture_path(const char *name)
{
    char *path = g_build_filename(fixtures, name, NULL);

    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_clear_pointer(&path, g_free);
        g_test_skip("the compiler for this fixture is not there");
    }
    return path;
}

static bool set_up(struct fixture *fixture, const char *name, uint64_t bias)
{
    enum cpu_arch arch = strstr(name, "aarch64") ? CPU_ARCH_AARCH64 : CPU_ARCH_X86_64;
    GError *error = NULL;

    fixture->path = fixture_path(name);
    if (!fixture->path) {
        return false;
    }
    fixture->guest = guest_new(arch);
    fixture->symbols = symbols_new(fixture->guest->machine);
    symbols_add_path(fixture->symbols, fixture->path, &error);
    g_assert_no_error(error);
    fixture->module = symbols_place(fixture->symbols, SYMBOLS_ANY_SPACE, name, NULL, bias);
    return true;
}

static void tear_down(struct fixture *fixture)
{
    symbols_free(fixture->symbols);
    guest_free(fixture->guest);
    g_free(fixture->path);
}

/* The line of the source that ends in "LINE @mark". */
static unsigned line_of(const char *file, const char *mark)
{
    g_autofree char *path = g_build_filename(sources, file, NULL);
    g_autofree char *wanted = g_strdup_printf("LINE %s", mark);
    g_autofree char *text = NULL;
    unsigned line = 1;
    const char *at;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    at = strstr(text, wanted);
    g_assert_nonnull(at);
    g_assert_true(strchr("\n *", at[strlen(wanted)]));
    for (const char *c = text; c < at; c++) {
        line += *c == '\n';
    }
    return line;
}

static uint64_t address_of(struct fixture *fixture, const char *text)
{
    GArray *found = symbols_resolve(fixture->symbols, 0, text);
    uint64_t address;

    g_assert_cmpuint(found->len, ==, 1);
    address = g_array_index(found, uint64_t, 0);
    g_array_unref(found);
    return address;
}

static void assert_frame(const struct symbol_frame *frame, const char *function, const char *file, unsigned line,
                         bool inlined)
{
    g_assert_cmpstr(frame->function, ==, function);
    g_assert_nonnull(frame->file);
    g_assert_true(g_str_has_suffix(frame->file, file));
    g_assert_cmpuint(frame->line, ==, line);
    g_assert_true(frame->inlined == inlined);
}

static void test_names(gconstpointer name)
{
    struct fixture fixture;
    struct symbol_location location;
    g_autofree char *described = NULL;
    uint64_t leaf;

    if (!set_up(&fixture, name, 0x100000000)) {
        return;
    }
    leaf = address_of(&fixture, "leaf");
    g_assert_cmphex(leaf, >, 0x100000000);
    g_assert_true(symbols_locate(fixture.symbols, 0, leaf + 4, false, &location));
    g_assert_cmpstr(location.module, ==, name);
    g_assert_cmpstr(location.symbol, ==, "leaf");
    g_assert_cmpuint(location.offset, ==, 4);
    g_assert_true(location.is_code);
    g_assert_true(symbols_locate(fixture.symbols, 0, address_of(&fixture, "global"), false, &location));
    g_assert_cmpstr(location.symbol, ==, "global");
    g_assert_false(location.is_code);
    g_assert_false(symbols_locate(fixture.symbols, 0, 0x1000, false, &location));
    g_assert_null(symbols_describe(fixture.symbols, 0, 0x1000));
    described = symbols_describe(fixture.symbols, 0, address_of(&fixture, "caller"));
    if (symbols_reads_dwarf())
        g_assert_true(g_str_has_prefix(described, "caller (fixture.c:"));
    else
        g_assert_cmpstr(described, ==, "caller");
    tear_down(&fixture);
}

/* The end of a function that calls one that does not return: the address after the call is no longer of that function. */
static void test_return_address(gconstpointer name)
{
    struct fixture fixture;
    g_autofree char *place = g_strdup_printf("fixture.c:%u", line_of("fixture.c", "call of stop"));
    struct symbol_location location;
    uint64_t start, end;
    GArray *found;

    if (!guest_needs_dwarf() || !set_up(&fixture, name, 0)) {
        return;
    }
    found = symbols_resolve(fixture.symbols, 0, place);
    g_assert_cmpuint(found->len, >, 0);
    g_assert_true(symbols_line_range(fixture.symbols, 0, g_array_index(found, uint64_t, found->len - 1), &start, &end));
    g_array_unref(found);
    while (!symbols_locate(fixture.symbols, 0, end - 1, false, &location) || !location.symbol) { /* padding */
        end--;
        g_assert_cmphex(end, >, start);
    }
    g_assert_true(symbols_locate(fixture.symbols, 0, end, true, &location));
    g_assert_cmpstr(location.symbol, ==, "last_call");
    assert_frame(&location.frame[0], "last_call", "fixture.c", line_of("fixture.c", "call of stop"), false);
    symbols_locate(fixture.symbols, 0, end, false, &location);
    g_assert_cmpstr(location.symbol, !=, "last_call");
    tear_down(&fixture);
}

static void test_inlined(gconstpointer name)
{
    struct fixture fixture;
    struct symbol_location location;
    g_autofree char *place = g_strdup_printf("fixture.c:%u", line_of("fixture.c", "innermost"));
    GArray *found;
    unsigned seen = 0;

    if (!guest_needs_dwarf() || !set_up(&fixture, name, 0x7000)) {
        return;
    }
    found = symbols_resolve(fixture.symbols, 0, place);
    g_assert_cmpuint(found->len, >, 0);
    for (guint i = 0; i < found->len; i++) {
        g_assert_true(symbols_locate(fixture.symbols, 0, g_array_index(found, uint64_t, i), false, &location));
        g_assert_cmpstr(location.symbol, ==, "leaf");
        g_assert_cmpuint(location.frames, ==, 3);
        assert_frame(&location.frame[0], "innermost", "fixture.c", line_of("fixture.c", "innermost"), true);
        assert_frame(&location.frame[1], "middle", "fixture.c", line_of("fixture.c", "call of innermost"), true);
        assert_frame(&location.frame[2], "leaf", "fixture.c", line_of("fixture.c", "call of middle"), false);
        seen++;
    }
    g_assert_cmpuint(seen, >, 0);
    g_array_unref(found);
    tear_down(&fixture);
}

/* Nowhere on its own, but code can be stopped where a copy of @function begins, in @caller. */
static void check_copies(struct fixture *fixture, const char *function, const char *caller)
{
    g_autoptr(GArray) alone = symbols_resolve(fixture->symbols, 0, function);
    g_autoptr(GArray) copies = symbols_resolve_code(fixture->symbols, 0, function);
    struct symbol_location location;

    g_assert_cmpuint(alone->len, ==, 0);
    g_assert_cmpuint(copies->len, >, 0);
    for (guint i = 0; i < copies->len; i++) {
        bool inlined = false;

        g_assert_true(symbols_locate(fixture->symbols, 0, g_array_index(copies, uint64_t, i), false, &location));
        for (unsigned frame = 0; frame + 1 < location.frames; frame++) {
            inlined |= g_str_has_suffix(location.frame[frame].function, function);
        }
        g_assert_true(inlined);
        g_assert_true(g_str_has_suffix(location.frame[location.frames - 1].function, caller));
    }
}

static void test_copies(gconstpointer name)
{
    struct fixture fixture;

    if (!guest_needs_dwarf() || !set_up(&fixture, name, 0x7000)) {
        return;
    }
    check_copies(&fixture, "middle", "leaf");
    check_copies(&fixture, "innermost", "leaf");
    tear_down(&fixture);
}

static void test_line_range(gconstpointer name)
{
    struct fixture fixture;
    g_autofree char *place = g_strdup_printf("tests/debug/fixture.c:%u", line_of("fixture.c", "call of leaf"));
    struct symbol_location location;
    uint64_t start, end;
    GArray *found;

    if (!guest_needs_dwarf() || !set_up(&fixture, name, 0x7000)) {
        return;
    }
    found = symbols_resolve(fixture.symbols, 0, place);
    g_assert_cmpuint(found->len, >, 0);
    g_assert_true(symbols_line_range(fixture.symbols, 0, g_array_index(found, uint64_t, 0), &start, &end));
    g_assert_cmphex(start, ==, g_array_index(found, uint64_t, 0));
    g_assert_cmphex(end, >, start);
    for (uint64_t at = start; at < end; at++) {
        g_assert_true(symbols_locate(fixture.symbols, 0, at, false, &location));
        g_assert_cmpuint(location.frame[0].line, ==, line_of("fixture.c", "call of leaf"));
    }
    symbols_locate(fixture.symbols, 0, end, false, &location);
    g_assert_cmpuint(location.frame[0].line, !=, line_of("fixture.c", "call of leaf"));
    g_array_unref(found);
    tear_down(&fixture);
}

static void test_types(gconstpointer name)
{
    struct fixture fixture;
    uint64_t offset, size;

    if (!guest_needs_dwarf() || !set_up(&fixture, name, 0)) {
        return;
    }
    g_assert_true(symbols_member(fixture.symbols, "outer", "in.value", &offset, &size));
    g_assert_cmpuint(offset, ==, 16);
    g_assert_cmpuint(size, ==, 8);
    g_assert_true(symbols_member(fixture.symbols, "outer", "anonymous", &offset, &size));
    g_assert_cmpuint(offset, ==, 4);
    g_assert_cmpuint(size, ==, 2);
    g_assert_true(symbols_member(fixture.symbols, "outer", "both.bytes", &offset, &size));
    g_assert_cmpuint(offset, ==, 24);
    g_assert_cmpuint(size, ==, 4);
    g_assert_true(symbols_type_size(fixture.symbols, "outer", &size));
    g_assert_cmpuint(size, ==, 32);
    g_assert_false(symbols_member(fixture.symbols, "outer", "in.absent", &offset, &size));
    g_assert_false(symbols_type_size(fixture.symbols, "absent", &size));
    tear_down(&fixture);
}

static void test_rust(gconstpointer name)
{
    struct fixture fixture;
    struct symbol_location location = {.frames = 0};
    g_autofree char *place = g_strdup_printf("fixture.rs:%u", line_of("fixture.rs", "get"));
    uint64_t offset, size, consume;
    GArray *found;

    if (!guest_needs_dwarf() || !set_up(&fixture, name, 0)) {
        return;
    }
    consume = address_of(&fixture, "fixture::deep::consume");
    g_assert_cmphex(address_of(&fixture, "consume"), ==, consume);
    g_assert_cmphex(address_of(&fixture, "deep::consume"), ==, consume);
    found = symbols_resolve(fixture.symbols, 0, "eep::consume");
    g_assert_cmpuint(found->len, ==, 0);
    g_array_unref(found);
    found = symbols_resolve(fixture.symbols, 0, place);
    g_assert_cmpuint(found->len, >, 0);
    for (guint i = 0; i < found->len && location.frames < 2; i++) {
        g_assert_true(symbols_locate(fixture.symbols, 0, g_array_index(found, uint64_t, i), false, &location));
    }
    g_array_unref(found);
    g_assert_cmpuint(location.frames, >=, 2);
    g_assert_nonnull(strstr(location.frame[location.frames - 2].function, "deep::Thing"));
    assert_frame(&location.frame[location.frames - 1], "fixture::deep::consume", "fixture.rs",
                 line_of("fixture.rs", "call of get"), false);

    check_copies(&fixture, "get", "fixture::deep::consume");

    g_assert_true(symbols_member(fixture.symbols, "fixture::deep::Thing<u64>", "count", &offset, &size));
    g_assert_cmpuint(offset, ==, 8);
    g_assert_cmpuint(size, ==, 4);
    g_assert_true(symbols_member(fixture.symbols, "fixture::deep::Choice", "Some.left", &offset, &size));
    g_assert_cmpuint(size, ==, 8);
    tear_down(&fixture);
}

static void keep_note(void *opaque, const char *text)
{
    char **note = opaque;

    g_free(*note);
    *note = g_strdup(text);
}

/* A file of that name made of other sources is not believed; the same with its build-id is, whatever its name. */
static void test_matching(void)
{
    g_autofree char *path = fixture_path("c-x86_64-5"), *note = NULL;
    g_autoptr(GBytes) image = NULL, changed = NULL;
    char *bytes, *build_id;
    GArray *leaf;
    uint64_t address;
    struct guest *guest;
    struct symbols *symbols;
    struct symbol_location location;
    GError *error = NULL;
    gsize length;

    if (!path) {
        return;
    }
    guest = guest_new(CPU_ARCH_X86_64);
    machine_set_note_handler(guest->machine, keep_note, &note);
    symbols = symbols_new(guest->machine);
    g_assert_false(symbols_add_path(symbols, "/nowhere", &error));
    g_assert_nonnull(strstr(error->message, "/nowhere"));
    g_clear_error(&error);
    g_assert_true(symbols_add_path(symbols, fixtures, &error));

    /* the guest's image has lost its debug information */
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    for (gsize i = 0; i + 7 < length; i++) {
        if (memcmp(bytes + i, ".debug_", 7) == 0) {
            bytes[i + 1] = 'x';
        }
    }
    image = g_bytes_new_take(bytes, length);
    symbols_place(symbols, 0x5000, "/usr/bin/renamed", image, 0);
    leaf = symbols_resolve(symbols, 0x5000, "renamed!leaf");
    g_assert_cmpuint(leaf->len, ==, 1);
    address = g_array_index(leaf, uint64_t, 0);
    g_array_unref(leaf);
    g_assert_true(symbols_locate(symbols, 0x5000, address, false, &location));
    if (symbols_reads_dwarf())
        g_assert_cmpuint(location.frames, >, 0);
    else
        g_assert_nonnull(strstr(note, "c-x86_64-5: this build of Galvanic reads no DWARF"));
    g_assert_false(symbols_locate(symbols, 0x6000, address, false, &location));
    symbols_drop_space(symbols, 0x5000);
    g_assert_false(symbols_locate(symbols, 0x5000, address, false, &location));

    /* by its name alone, and another program */
    bytes = g_memdup2(g_bytes_get_data(image, NULL), length);
    bytes[24] ^= 4; /* the entry point */
    build_id = memchr(bytes + 64, 'G', length - 64);
    memset(build_id, 'x', 3);
    changed = g_bytes_new_take(bytes, length);
    symbols_place(symbols, 0x5000, "/usr/bin/c-x86_64-5", changed, 0);
    g_assert_true(symbols_locate(symbols, 0x5000, address, false, &location));
    g_assert_cmpuint(location.frames, ==, 0);
    g_assert_nonnull(strstr(note, "another build of /usr/bin/c-x86_64-5"));
    symbols_free(symbols);
    guest_free(guest);
}

/* Files may come after the modules; and no program's file reaches into the kernel's half. */
static void test_late_file(void)
{
    g_autofree char *path = fixture_path("c-x86_64-5"), *bytes = NULL;
    g_autoptr(GBytes) image = NULL;
    struct guest *guest;
    struct symbols *symbols;
    struct symbol_location location;
    gsize length;

    if (!path) {
        return;
    }
    guest = guest_new(CPU_ARCH_X86_64);
    symbols = symbols_new(guest->machine);
    symbols_place(symbols, 0x5000, "c-x86_64-5", NULL, 0);
    g_assert_false(symbols_locate(symbols, 0x5000, 0x201000, false, &location));
    g_assert_true(symbols_add_path(symbols, path, NULL));
    g_assert_true(symbols_locate(symbols, 0x5000, 0x201000, false, &location));

    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    memcpy(bytes + 64 + 56 + 40, "\0\0\0\xf0\xff\xff\xff\0", 8); /* the size of the first PT_LOAD in memory */
    image = g_bytes_new(bytes, length);
    symbols_place(symbols, 0x6000, "evil", image, 0xff00000000000000);
    g_assert_false(symbols_locate(symbols, 0x6000, 0xffffffff80001000, false, &location));
    symbols_free(symbols);
    guest_free(guest);
}

static void test_table(void)
{
    struct guest *guest = guest_new(CPU_ARCH_X86_64);
    struct symbols *symbols = symbols_new(guest->machine);
    struct symbol_module *module = symbols_place_table(symbols, SYMBOLS_ANY_SPACE, "vmlinux");
    struct symbol_location location;
    GPtrArray *names;

    symbols_name(module, 0xffffffff81000100, 0, "panic_print", true);
    symbols_name(module, 0xffffffff81000000, 0, "panic", true);
    symbols_name(module, 0xffffffff81000200, 16, "data", false);
    g_assert_true(symbols_locate(symbols, 7, 0xffffffff810000ff, false, &location));
    g_assert_cmpstr(location.symbol, ==, "panic");
    g_assert_cmphex(location.offset, ==, 0xff);
    g_assert_true(symbols_locate(symbols, 7, 0xffffffff81000100, true, &location));
    g_assert_cmpstr(location.symbol, ==, "panic");
    g_assert_cmphex(location.offset, ==, 0x100);
    g_assert_true(symbols_locate(symbols, 7, 0xffffffff8100020f, false, &location));
    g_assert_cmpstr(location.symbol, ==, "data");
    g_assert_false(location.is_code);
    g_assert_false(symbols_locate(symbols, 7, 0xffffffff81000210, false, &location));
    names = symbols_complete(symbols, 7, "pan", 10);
    g_assert_cmpuint(names->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(names, 0), ==, "panic");
    g_ptr_array_unref(names);
    names = symbols_complete(symbols, 7, "pan", 1);
    g_assert_cmpuint(names->len, ==, 1);
    g_ptr_array_unref(names);
    symbols_free(symbols);
    guest_free(guest);
}

static void add_all(const char *kind, GTestDataFunc test)
{
    static const char *const names[] = {"c-x86_64-4", "c-x86_64-5", "c-aarch64-4", "c-aarch64-5"};

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strdup_printf("/symbols/%s/%s", names[i], kind);

        g_test_add_data_func(path, names[i], test);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 3);
    fixtures = argv[1];
    sources = argv[2];
    add_all("names", test_names);
    add_all("return_address", test_return_address);
    add_all("inlined", test_inlined);
    add_all("copies", test_copies);
    add_all("line_range", test_line_range);
    add_all("types", test_types);
    g_test_add_data_func("/symbols/rust/x86_64", "rust-x86_64", test_rust);
    g_test_add_data_func("/symbols/rust/aarch64", "rust-aarch64", test_rust);
    g_test_add_data_func("/symbols/rust-v0/x86_64", "rust-v0-x86_64", test_rust);
    g_test_add_data_func("/symbols/rust-v0/aarch64", "rust-v0-aarch64", test_rust);
    g_test_add_func("/symbols/matching", test_matching);
    g_test_add_func("/symbols/late_file", test_late_file);
    g_test_add_func("/symbols/table", test_table);
    return g_test_run();
}
