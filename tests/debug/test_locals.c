/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locals and arguments as the debugger's commands show them, of locals.c and locals.rs where they call look(). */
#include <string.h>

#include "debug/console.h"
#include "debug/symbols/elf_image.h"
#include "debug/variables.h"
#include "tests/debug/guest.h"

#define STACK 0x7ff0000ull
#define STACK_SIZE 0x8000u

static char *fixtures; /* a folder; set once from the arguments */

struct fixture {
    struct guest *guest;
    struct symbols *symbols;
    struct os *os;
    struct syscalls *syscalls;
    struct debugger *debugger;
    struct console *console;
    GString *text;
};

static void take_text(void *opaque, const char *text)
{
    g_string_append(opaque, text);
}

static void start_at(struct guest *guest, uint64_t entry)
{
    if (guest->arch == CPU_ARCH_X86_64) {
        x86_64_set_rip(guest->cpu, entry);
        x86_64_set_gpr(guest->cpu, X86_64_RSP, STACK - 8);
        x86_64_set_gpr(guest->cpu, X86_64_RBP, 0);
    } else {
        struct aarch64_registers registers;

        aarch64_get_registers(guest->cpu, &registers);
        registers.pc = entry;
        registers.sp = STACK - 16;
        registers.x[29] = registers.x[30] = 0;
        registers.pstate = 0x3c5;
        registers.cpacr_el1 = 3u << 20;
        aarch64_set_registers(guest->cpu, &registers);
    }
}

/* True if all of the program's memory was put there. */
static bool load(struct fixture *fixture, const char *name)
{
    g_autofree char *path = g_build_filename(fixtures, name, NULL), *bytes = NULL;
    g_autoptr(GBytes) file = NULL;
    struct elf_image *image;
    gsize length;

    if (!guest_needs_dwarf())
        return false;
    if (!g_file_get_contents(path, &bytes, &length, NULL)) {
        g_test_skip("the compiler for this fixture is not there");
        return false;
    }
    file = g_bytes_new(bytes, length);
    fixture->guest = guest_new(strstr(name, "aarch64") ? CPU_ARCH_AARCH64 : CPU_ARCH_X86_64);
    fixture->symbols = symbols_new(fixture->guest->machine);
    image = elf_image_new(file, NULL);
    g_assert_nonnull(image);
    for (unsigned i = 0; i < image->segments; i++) {
        const struct elf_segment *segment = &image->segment[i];

        guest_put(fixture->guest, segment->address, NULL, segment->size, GUEST_WRITE | GUEST_EXECUTE);
        guest_put(fixture->guest, segment->address, bytes + segment->offset, segment->file_size, GUEST_WRITE);
    }
    guest_put(fixture->guest, STACK - STACK_SIZE, NULL, STACK_SIZE, GUEST_WRITE);
    symbols_place(fixture->symbols, SYMBOLS_ANY_SPACE, name, file, 0);
    start_at(fixture->guest, image->entry);
    elf_image_free(image);
    return true;
}

static bool set_up(struct fixture *fixture, const char *name)
{
    struct machine *machine;

    if (!load(fixture, name))
        return false;
    machine = fixture->guest->machine;
    fixture->os = os_new(machine, fixture->symbols);
    fixture->syscalls = syscalls_new(machine, fixture->os);
    fixture->debugger = debugger_new(machine, fixture->symbols, fixture->os, fixture->syscalls);
    fixture->text = g_string_new(NULL);
    fixture->console = console_new(fixture->debugger, NULL, take_text, fixture->text);
    return true;
}

static void tear_down(struct fixture *fixture)
{
    console_free(fixture->console);
    debugger_free(fixture->debugger);
    syscalls_free(fixture->syscalls);
    os_free(fixture->os);
    symbols_free(fixture->symbols);
    guest_free(fixture->guest);
    g_string_free(fixture->text, TRUE);
}

static void check(struct fixture *fixture, const char *line, const char *expected, enum console_result wanted)
{
    g_string_set_size(fixture->text, 0);
    enum console_result result = console_execute(fixture->console, line);
    g_test_message("%s: %s", line, fixture->text->str);
    if (result != wanted || (expected && !strstr(fixture->text->str, expected)))
        g_error("\"%s\" says \"%s\", not \"%s\"", line, fixture->text->str, expected);
}

static void says(struct fixture *fixture, const char *line, const char *expected)
{
    check(fixture, line, expected, CONSOLE_DONE);
}

static void refuses(struct fixture *fixture, const char *line, const char *expected)
{
    check(fixture, line, expected, CONSOLE_FAILED);
}

static void never_says(struct fixture *fixture, const char *line, const char *unexpected)
{
    says(fixture, line, NULL);
    if (strstr(fixture->text->str, unexpected))
        g_error("\"%s\" says \"%s\"", line, fixture->text->str);
}

/* A line of "info locals" from its beginning to its end. */
static void lists(struct fixture *fixture, const char *command, const char *line)
{
    g_autofree char *whole = g_strdup_printf("\n    %s\n", line);

    says(fixture, command, whole);
}

static void look_at_plain(struct fixture *fixture)
{
    says(fixture, "break look", "breakpoint 1");
    says(fixture, "continue", "breakpoint 1");
    says(fixture, "info args", "value = not known yet");
    says(fixture, "up", "plain");
}

static void test_c(gconstpointer name)
{
    struct fixture fixture;

    if (!set_up(&fixture, name))
        return;
    look_at_plain(&fixture);
    says(&fixture, "info args", "plain:\n    count = 21\n");
    lists(&fixture, "info args", "byte = 65 'A'");
    says(&fixture, "info args", "    at = 0x");
    says(&fixture, "info args", " <origin>\n");
    says(&fixture, "info args", " \"name\"\n");
    lists(&fixture, "info locals", "here = {x: 3, y: -4}");
    lists(&fixture, "info locals", "nowhere = 0xdead0000");
    lists(&fixture, "info locals", "colour = GREEN");
    lists(&fixture, "info locals", "strange = 9");
    lists(&fixture, "info locals", "flags = {low: 5, high: 17}");
    lists(&fixture, "info locals", "table = [[1, 2, 3], [4, 5, 6]]");
    lists(&fixture, "info locals", "text = \"hi\\n\"");
    lists(&fixture, "info locals", "yes = true");
    lists(&fixture, "info locals", "ratio = 0.25");
    lists(&fixture, "info locals", "inner = 42");
    says(&fixture, "info locals", "numbers = [1, 2, 3, 0, ");
    says(&fixture, "info locals", "0, ... 8 more]");
    says(&fixture, "info locals", " <look>\n");
    says(&fixture, "info locals", "shadowed = 2\n    inner = 42\n    shadowed = 1\n");
    never_says(&fixture, "info locals", "count");
    never_says(&fixture, "info args", "here");
    tear_down(&fixture);
}

static void test_expressions(gconstpointer name)
{
    struct fixture fixture;

    if (!set_up(&fixture, name))
        return;
    look_at_plain(&fixture);
    says(&fixture, "print shadowed", "$1 = 2\n");
    says(&fixture, "print here", "$2 = {x: 3, y: -4}\n");
    says(&fixture, "print here.y", "= -4\n");
    says(&fixture, "print at->x", "= 7\n");
    says(&fixture, "print at.y", "= -8\n");
    says(&fixture, "print *at", "= {x: 7, y: -8}\n");
    says(&fixture, "print * second", "= 2\n");
    says(&fixture, "print numbers[count - 19]", "= 3\n");
    says(&fixture, "print second[1]", "= 3\n");
    says(&fixture, "print/x flags.high", "= 0x0000000000000011\n");
    says(&fixture, "print here.x * 2 + *second", "$11 = 8 ");
    says(&fixture, "print colour == 5 && byte == 'A'", "= 1 ");
    says(&fixture, "print *(u32 *)&here", "= 3 ");
    says(&fixture, "print origin", "<origin> = {x: 7, y: -8}\n");
    says(&fixture, "print origin.y", "= -8\n");
    says(&fixture, "print/d origin.y - 1", "= -9\n");
    says(&fixture, "print origin == at", "= 1 ");
    says(&fixture, "print *nowhere", "cannot be read at 0xdead0000");
    says(&fixture, "print 0 && *(u8 *)nowhere", "= 0 ");
    says(&fixture, "print 0 && nowhere.x", "= 0 ");
    refuses(&fixture, "print nowhere.x + 1", "cannot be read at 0xdead0000");
    refuses(&fixture, "print here + 1", "it is no number");
    refuses(&fixture, "print here.z", "here.z: it has no field z");
    refuses(&fixture, "print numbers[40]", "it has 40 elements");
    refuses(&fixture, "print byte.x", "it has no field x");
    refuses(&fixture, "print numbers[1", "a ] is missing");
    refuses(&fixture, "print absent", "is no number, register or symbol");
    says(&fixture, "down", "look");
    refuses(&fixture, "print shadowed", "is no number, register or symbol"); /* it is of the caller */
    refuses(&fixture, "break look if shadowed == 1", "is no number, register or symbol");
    says(&fixture, "break look if value", NULL);
    says(&fixture, "break later if nobody.knows == 1", "waits");
    tear_down(&fixture);
}

/* Code where little is left: what was passed is known by the caller; inlined functions have variables of their own. */
static void test_optimised(gconstpointer name)
{
    struct fixture fixture;

    if (!set_up(&fixture, name))
        return;
    says(&fixture, "break look if value == 43", NULL);
    says(&fixture, "continue", "breakpoint 1");
    says(&fixture, "up", "spent");
    says(&fixture, "info args", "spent:\n    value = 42\n");
    says(&fixture, "print value + 1", "= 43 ");
    says(&fixture, "delete", NULL);
    says(&fixture, "tbreak look if value == 999", NULL);
    says(&fixture, "tbreak look if value == 50", NULL);
    says(&fixture, "continue", "breakpoint 3");
    says(&fixture, "print value", "= 50\n");
    says(&fixture, "up", "half");
    says(&fixture, "info locals", "half, inlined:\n    result = optimised out\n");
    refuses(&fixture, "print result + 1", "optimised out");
    says(&fixture, "down", NULL);
    says(&fixture, "finish", NULL);
    says(&fixture, "info args", "half, inlined:\n    whole = 100\naround:\n    given = 50\n");
    says(&fixture, "print result == *(long *)sink", "= 1 ");
    tear_down(&fixture);
}

static void test_rust(gconstpointer name)
{
    static const char *const lines[] = {
        "nothing = Nothing",
        "bare = Second",
        "number = 5",
        "none = None",
        "maybe = Some(6)",
        "failed = Err(First)",
        "slice = [1, 2, 3]",
        "string = \"owned \\\"text\\\"\"",
        "vector = [10, 20, 30]",
        "tuple = (1, -2)",
        "wrapped = Wrapped(4096)",
        "wide = 0x10000000000000000",
        "array = [[1, 2], [3, 4]]",
        "yes = true",
    };
    struct fixture fixture;

    if (!set_up(&fixture, name))
        return;
    says(&fixture, "break look", NULL);
    says(&fixture, "continue", "breakpoint 1");
    says(&fixture, "up", "locals::plain");
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++)
        lists(&fixture, "info locals", lines[i]);
    says(&fixture, "info locals", "    some = Some(0x");
    lists(&fixture, "info args", "choice = Pair(8, -9)");
    lists(&fixture, "info args", "other = Named {left: 1, right: 2}");
    lists(&fixture, "info args", "letter = 223 '\u00df'");
    says(&fixture, "print *thing", "= {name: \"gr\u00fc\u00dfe\", count: 3}\n");
    says(&fixture, "print thing.name", "= \"gr\u00fc\u00dfe\"\n");
    says(&fixture, "print vector[1] + tuple.0", "= 21 ");
    says(&fixture, "print choice.Pair.1", "= -9\n");
    says(&fixture, "print other.right", "= 2\n");
    says(&fixture, "print wrapped.0 == 4096 && maybe.0 == 6", "= 1 ");
    refuses(&fixture, "print choice.Named", "no field Named");
    refuses(&fixture, "print vector[3]", "it has 3 elements");
    tear_down(&fixture);
}

/* A value is cut where it is asked to be, between characters. */
static void test_length(void)
{
    struct fixture fixture;
    struct variable_frame frame;
    struct unwind_frame start;
    struct space space;
    GPtrArray *found;

    if (!set_up(&fixture, "locals-x86_64-5"))
        return;
    look_at_plain(&fixture);
    guest_space(fixture.guest, &space);
    unwind_start(fixture.guest->cpu, &start);
    g_autoptr(GArray) frames = unwind(fixture.symbols, &space, &start, 2, NULL);
    variable_frame_open(fixture.symbols, &space, &g_array_index(frames, struct unwind_frame, 1), &frame);
    for (size_t length = 0; length < 40; length++) {
        found = symbols_variables(fixture.symbols, &frame.context, length);
        g_assert_cmpuint(found->len, ==, 19);
        for (guint i = 0; i < found->len; i++) {
            const struct symbol_variable *one = g_ptr_array_index(found, i);
            g_assert_cmpuint(strlen(one->text), <=, length + 3);
        }
        g_ptr_array_unref(found);
    }
    variable_frame_close(&frame);
    tear_down(&fixture);
}

int main(int argc, char **argv)
{
    static const char *const archs[] = {"x86_64", "aarch64"};
    static const char *const names[] = {"locals-x86_64-4", "locals-x86_64-5", "locals-aarch64-4", "locals-aarch64-5"};

    g_test_init(&argc, &argv, NULL);
    fixtures = argv[1];
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *c = g_strdup_printf("/locals/%s/c", names[i]);
        g_autofree char *expressions = g_strdup_printf("/locals/%s/expressions", names[i]);

        g_test_add_data_func(c, names[i], test_c);
        g_test_add_data_func(expressions, names[i], test_expressions);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(archs); i++) {
        g_autofree char *optimised = g_strdup_printf("/locals/%s/optimised", archs[i]);
        g_autofree char *rust = g_strdup_printf("/locals/%s/rust", archs[i]);

        g_test_add_data_func(optimised, i ? "locals-aarch64-5-O1" : "locals-x86_64-5-O1", test_optimised);
        g_test_add_data_func(rust, i ? "locals-rust-aarch64" : "locals-rust-x86_64", test_rust);
    }
    g_test_add_func("/locals/length", test_length);
    return g_test_run();
}
