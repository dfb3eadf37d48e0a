/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The debugger's commands as text, on the guest of tests/engine/looking. */
#include <string.h>
#include <unistd.h>

#include "debug/console.h"
#include "tests/engine/looking/guest.h"

static const enum cpu_arch archs[] = {CPU_ARCH_X86_64, CPU_ARCH_AARCH64};

struct fixture {
    struct guest *guest;
    struct symbols *symbols;
    struct os *os;
    struct syscalls *syscalls;
    struct debugger *debugger;
    struct console *console;
    GString *text;
    bool x86;
};

static void take_text(void *opaque, const char *text)
{
    g_string_append(opaque, text);
}

static void set_up(struct fixture *fixture, gconstpointer data)
{
    enum cpu_arch arch = *(const enum cpu_arch *)data;
    struct machine *machine;

    fixture->x86 = arch == CPU_ARCH_X86_64;
    fixture->guest = guest_new(arch);
    machine = fixture->guest->machine;
    fixture->symbols = symbols_new(machine);
    fixture->os = os_new(machine, fixture->symbols);
    fixture->syscalls = syscalls_new(machine, fixture->os);
    fixture->debugger = debugger_new(machine, fixture->symbols, fixture->os, fixture->syscalls);
    fixture->text = g_string_new(NULL);
    fixture->console = console_new(fixture->debugger, NULL, take_text, fixture->text);
    struct symbol_module *table = symbols_place_table(fixture->symbols, SYMBOLS_ANY_SPACE, "guest");
    symbols_name(table, fixture->guest->ram + GUEST_ROUND, 0x300, "guest_round", true);
    symbols_name(table, fixture->guest->ram + GUEST_PATCHED, 0x10, "guest_patched", true);
    symbols_name(table, fixture->guest->ram + GUEST_LEAF, 0x10, "guest_leaf", true);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
    console_free(fixture->console);
    debugger_free(fixture->debugger);
    syscalls_free(fixture->syscalls);
    os_free(fixture->os);
    symbols_free(fixture->symbols);
    guest_free(fixture->guest);
    g_string_free(fixture->text, TRUE);
}

/* Executes @line, and looks for @expected in what it says. */
static void says(struct fixture *fixture, const char *line, const char *expected)
{
    g_string_set_size(fixture->text, 0);
    enum console_result result = console_execute(fixture->console, line);
    g_test_message("%s: %s", line, fixture->text->str);
    g_assert_cmpint(result, ==, CONSOLE_DONE);
    if (expected && !strstr(fixture->text->str, expected))
        g_error("\"%s\" says \"%s\", not \"%s\"", line, fixture->text->str, expected);
}

static void refuses(struct fixture *fixture, const char *line, const char *expected)
{
    g_string_set_size(fixture->text, 0);
    g_assert_cmpint(console_execute(fixture->console, line), ==, CONSOLE_FAILED);
    if (!strstr(fixture->text->str, expected))
        g_error("\"%s\" says \"%s\", not \"%s\"", line, fixture->text->str, expected);
}

static void points(struct fixture *fixture, gconstpointer data)
{
    g_autofree char *condition = g_strdup_printf("tbreak guest_patched if %s == 97", fixture->x86 ? "$r15" : "$x20");

    says(fixture, "b guest_leaf", "breakpoint 1 at ");
    says(fixture, condition, "breakpoint 2 at ");
    refuses(fixture, "b *guest_nowhere", "guest_nowhere");
    refuses(fixture, "b guest_leaf if 1 +", "1 +");
    says(fixture, "ignore 1 1", NULL);
    says(fixture, "info b", "the next 1 are ignored");
    says(fixture, "c", "breakpoint 1");
    g_assert_cmpuint(guest_rounds_left(fixture->guest), ==, 99);
    says(fixture, "", "breakpoint 1"); /* an empty line goes on */
    g_assert_cmpuint(guest_rounds_left(fixture->guest), ==, 98);
    says(fixture, "continue", "breakpoint 2");
    g_assert_cmpuint(guest_rounds_left(fixture->guest), ==, 97);
    refuses(fixture, "delete 2", "no point number 2");
    says(fixture, "disable 1", NULL);
    says(fixture, "watch *(u32 *)$sp + 0, 4", NULL);
    says(fixture, "delete", NULL);
    says(fixture, "info breakpoints", "no breakpoints");
    says(fixture, "watch -d device+8", "watchpoint 4");
    says(fixture, "c", "in device+0x8");
    says(fixture, "delete", NULL);
    says(fixture, fixture->x86 ? "watch 0x200000" : "watch 0x40200000", "watchpoint 5");
    says(fixture, "c", "old value 0x61, new value 0x60");
    says(fixture, "delete", NULL);
    says(fixture, fixture->x86 ? "catch exception 6" : "catch exc 0", "catch 6");
    says(fixture, "c", "catch 6: exception");
    says(fixture, "delete", NULL);
    says(fixture, "c", "the guest shut down");
    refuses(fixture, "stepi", "has ended");
    says(fixture, "info registers", fixture->x86 ? "rax" : "x0");
}

static void looks(struct fixture *fixture, gconstpointer data)
{
    says(fixture, "break guest_leaf", NULL);
    says(fixture, "c", "guest_leaf");
    says(fixture, "p/x 1 + 2", "$1 = 0x0000000000000003");
    says(fixture, "print $1 * 2", "$2 = 6");
    says(fixture, "p/d -(1)", "= -1");
    says(fixture, "p/t 5", "= 101");
    says(fixture, "p/a guest_leaf + 1", "<guest_leaf+0x1>");
    says(fixture, "x/2i $pc", "=> ");
    says(fixture, fixture->x86 ? "x/1xw 0x200008" : "x/1xw 0x40200008", ": 0x00000064");
    says(fixture, "", fixture->x86 ? "0x20000c" : "0x4020000c"); /* the next one */
    says(fixture, fixture->x86 ? "xp/1dg 0x200008" : "xp/1dg 0x40200008", ": 100");
    says(fixture, "x/s guest_leaf", "\"");
    says(fixture, "x 0xdead00000000", "not mapped");
    refuses(fixture, "x/q 1", "is no format");
    refuses(fixture, "x/99999999 1", "at most");
    says(fixture, "disas guest_patched, 2", "guest_patched");
    says(fixture, fixture->x86 ? "walk 0x40200008" : "walk 0x80200008",
         fixture->x86 ? "physical 0x200008" : "0x40200008");
    says(fixture, "walk 0xdead0000", "not present");
    says(fixture, "info mem", "rw");
    says(fixture, "info cpus", "* 0: running");
    says(fixture, "info time", "instructions");
    says(fixture, "info regions", "device");
    says(fixture, "info registers system", fixture->x86 ? "cr3" : "ttbr0_el1");
    refuses(fixture, "info nonsense", "no such topic");
    says(fixture, "bt", "guest_leaf");
    refuses(fixture, "frame 77", "there are frames");
    refuses(fixture, "list", "no line is known");
    refuses(fixture, "ps", "no system");
    refuses(fixture, "nonsense", "is no command");
    refuses(fixture, "s 1 1", "left over");
    says(fixture, "help break", "FILE:LINE");
    says(fixture, "help", "continue");
}

static void moves(struct fixture *fixture, gconstpointer data)
{
    uint64_t count = machine_instructions(fixture->guest->machine);

    says(fixture, "si 10", NULL);
    g_assert_cmpuint(machine_instructions(fixture->guest->machine), ==, count + 10);
    says(fixture, "run-to 500", NULL);
    g_assert_cmpuint(machine_instructions(fixture->guest->machine), ==, 500);
    refuses(fixture, "run-to 400", "already");
    says(fixture, "tb guest_leaf", NULL);
    says(fixture, "c", "breakpoint");
    says(fixture, "until guest_round", "guest_round");
    says(fixture, "set $sp = $sp", NULL);
    says(fixture, fixture->x86 ? "set $r13 = 0x1234" : "set $x21 = 0x1234", NULL);
    g_assert_cmphex(guest_sum(fixture->guest), ==, 0x1234);
    says(fixture, fixture->x86 ? "set *(u16 *)0x200020 = 0xbeef" : "set *(u16 *)0x40200020 = 0xbeef", NULL);
    says(fixture, fixture->x86 ? "p *(u32 *)0x200020 == 0xbeef" : "p *(u32 *)0x40200020 == 0xbeef", "= 1");
    refuses(fixture, "set $nonsense = 1", "no register");
    refuses(fixture, "set *0xdead00000000 = 1", "cannot be written");
    g_string_set_size(fixture->text, 0);
    g_assert_cmpint(console_execute_running(fixture->console, "si"), ==, CONSOLE_RUNNING);
    g_assert_cmpint(console_execute_running(fixture->console, "info time"), ==, CONSOLE_DONE);
    g_assert_cmpint(console_execute_running(fixture->console, "stop"), ==, CONSOLE_STOP);
    g_assert_cmpint(console_execute(fixture->console, "quit"), ==, CONSOLE_QUIT);
}

static void scripts(struct fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "galvanic-console-XXXXXX", NULL);
    g_autofree char *again = NULL;
    g_autoptr(GError) error = NULL;

    close(g_mkstemp(path));
    g_assert_true(g_file_set_contents(path, "# a comment\nb guest_leaf\n\n  continue\nbt\n", -1, NULL));
    g_assert_true(console_script(fixture->console, path, &error));
    g_assert_nonnull(strstr(fixture->text->str, "#0"));
    g_assert_true(g_file_set_contents(path, "echo one\nnonsense\necho two\n", -1, NULL));
    g_assert_false(console_script(fixture->console, path, &error));
    g_assert_nonnull(strstr(error->message, ":2:"));
    g_assert_null(strstr(fixture->text->str, "two"));
    again = g_strdup_printf("source %s\n", path);
    g_assert_true(g_file_set_contents(path, again, -1, NULL));
    g_clear_error(&error);
    g_assert_false(console_script(fixture->console, path, &error)); /* ends, though it calls itself */
    unlink(path);
}

static bool completes(struct fixture *fixture, const char *line, const char *word)
{
    size_t start;
    g_autoptr(GPtrArray) found = console_complete(fixture->console, line, &start);

    g_assert_cmpuint(start, <=, strlen(line));
    for (guint i = 0; i < found->len; i++)
        if (strcmp(g_ptr_array_index(found, i), word) == 0)
            return true;
    return false;
}

static void completion(struct fixture *fixture, gconstpointer data)
{
    g_assert_true(completes(fixture, "br", "break"));
    g_assert_true(completes(fixture, "b guest_l", "guest_leaf"));
    g_assert_true(completes(fixture, "p 1 + guest_p", "guest_patched"));
    g_assert_true(completes(fixture, fixture->x86 ? "p $ra" : "p $x1", fixture->x86 ? "$rax" : "$x19"));
    g_assert_true(completes(fixture, "help fin", "finish"));
    g_assert_false(completes(fixture, "b guest_l", "guest_patched"));
    g_assert_false(completes(fixture, "zzz ", "break"));
}

/* Whatever is typed, there is an answer. */
static void nonsense(struct fixture *fixture, gconstpointer data)
{
    static const char *const words[] = {"break", "x/",   "*",    "$pc",  "if",    "in",    "-p",      ",",       "0x",
                                        "'",     "((",   "info", "b",    "99",    "watch", "set",     "=",       "p/",
                                        "catch", "\xff", "list", "%s%n", "until", "walk",  "syscall", "process", "!"};
    g_autoptr(GRand) random = g_rand_new_with_seed(1);

    for (unsigned i = 0; i < 3000; i++) {
        g_autoptr(GString) line = g_string_new(NULL);
        for (int j = g_rand_int_range(random, 1, 6); j > 0; j--)
            g_string_append_printf(line, "%s%s", words[g_rand_int_range(random, 0, G_N_ELEMENTS(words))],
                                   g_rand_boolean(random) ? " " : "");
        g_string_set_size(fixture->text, 0);
        if (console_execute(fixture->console, line->str) == CONSOLE_FAILED)
            g_assert_cmpuint(fixture->text->len, >, 0);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(struct fixture *fixture, gconstpointer data);
    } tests[] = {{"points", points},   {"looks", looks},           {"moves", moves},
                 {"scripts", scripts}, {"completion", completion}, {"nonsense", nonsense}};

    g_test_init(&argc, &argv, NULL);
    for (unsigned arch = 0; arch < G_N_ELEMENTS(archs); arch++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
            g_autofree char *path = g_strdup_printf("/debug/console/%s/%s", arch ? "aarch64" : "x86_64", tests[i].name);
            g_test_add(path, struct fixture, &archs[arch], set_up, tests[i].test, tear_down);
        }
    }
    return g_test_run();
}
