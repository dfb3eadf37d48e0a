/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels and drivers that die, one way each, on both architectures: the cause, the function, the file and the line that the report
 * names, and the functions of the path, inlined ones included.
 *
 * usage: test_traps DIRECTORY-OF-PROGRAMS DIRECTORY-OF-SOURCES
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "debug/trap/trap.h"
#include "emu/bytes.h"
#include "tests/debug/guest.h"

#define USER_STACK 0x7fff0000ull
#define LIMIT 3000000 /* instructions: each of them dies soon */

static char *programs, *sources;

struct scene {
    struct guest *guest;
    struct symbols *symbols;
    struct os *os;
    struct traps *traps;
    GBytes *kernel, *user;
    JsonNode *report; /* of the trap; NULL: none */
    char *text;
    unsigned count;
    bool keep_running;
};

static const char *name_of(enum cpu_arch arch)
{
    return arch == CPU_ARCH_X86_64 ? "x86_64" : "aarch64";
}

static char *file_of(const char *kind, enum cpu_arch arch)
{
    g_autofree char *name = g_strdup_printf("%s-%s", kind, name_of(arch));

    return g_build_filename(programs, name, NULL);
}

/* Maps each segment with the page's own rights; the heap of aarch64's kernel may be executed: only so its zeroes are undefined. */
static GBytes *load(struct guest *guest, const char *path, enum guest_flags flags)
{
    g_autofree char *bytes = NULL;
    gsize length;

    if (!g_file_get_contents(path, &bytes, &length, NULL))
        return NULL;
    const uint8_t *file = (const uint8_t *)bytes, *header = file + get_le64(file + 32);
    for (unsigned left = get_le16(file + 56); left; left--, header += 56) {
        if (get_le32(header) != 1) /* PT_LOAD */
            continue;
        bool code = header[4] & 1, data = header[4] & 2;
        bool heap = guest->arch == CPU_ARCH_AARCH64 && !(flags & GUEST_USER);
        enum guest_flags page = flags | (data ? GUEST_WRITE : 0) | (code || (data && heap) ? GUEST_EXECUTE : 0);
        guest_put(guest, get_le64(header + 16), NULL, get_le64(header + 40), page);
        guest_put(guest, get_le64(header + 16), bytes + get_le64(header + 8), get_le64(header + 32), page);
    }
    return g_bytes_new(bytes, length);
}

static uint64_t address_of(struct scene *scene, uint64_t root, const char *symbol)
{
    GArray *found = symbols_resolve(scene->symbols, root, symbol);

    if (found->len != 1)
        g_error("%s: %u addresses", symbol, found->len);
    uint64_t address = g_array_index(found, uint64_t, 0);
    g_array_free(found, TRUE);
    return address;
}

static void on_trap(void *opaque, const struct trap *trap)
{
    struct scene *scene = opaque;
    g_autofree char *json = trap_report_json(scene->symbols, scene->os, NULL, trap);
    GError *error = NULL;

    if (scene->count++ > 0)
        return;
    scene->report = json_from_string(json, &error);
    g_assert_no_error(error);
    scene->text = trap_report_text(scene->symbols, scene->os, NULL, trap, false);
    if (g_test_verbose())
        g_printerr("%s", scene->text);
    if (!scene->keep_running)
        machine_stop_here(scene->guest->machine);
}

static bool scene_open_kernel(struct scene *scene, enum cpu_arch arch, const char *kind)
{
    g_autofree char *kernel = file_of(kind, arch), *user = file_of("crash-user", arch);
    struct guest *guest = guest_new(arch);
    struct space space;

    *scene = (struct scene){.guest = guest};
    scene->kernel = load(guest, kernel, 0);
    scene->user = load(guest, user, GUEST_USER);
    guest_put(guest, USER_STACK - 0x8000, NULL, 0x8000, GUEST_USER | GUEST_WRITE);
    guest_load_roots(guest);
    if (!scene->kernel) {
        g_test_skip("the programs are not built: clang is missing");
        guest_free(guest);
        return false;
    }
    guest_space(guest, &space);
    scene->symbols = symbols_new(guest->machine);
    symbols_place(scene->symbols, SYMBOLS_ANY_SPACE, "kernel", scene->kernel, 0);
    if (scene->user)
        symbols_place(scene->symbols, space.root, "/usr/lib/drivers/crashd", scene->user, 0);
    scene->os = os_new(guest->machine, scene->symbols);
    scene->traps = traps_new(guest->machine, scene->symbols, scene->os, NULL);
    traps_set_handler(scene->traps, on_trap, scene);
    traps_enable(scene->traps, TRAP_ALL);
    return true;
}

static bool scene_open(struct scene *scene, enum cpu_arch arch)
{
    return guest_needs_dwarf() && scene_open_kernel(scene, arch, "crash-kernel");
}

static void scene_close(struct scene *scene)
{
    traps_free(scene->traps);
    os_free(scene->os);
    symbols_free(scene->symbols);
    g_clear_pointer(&scene->report, json_node_unref);
    g_free(scene->text);
    g_bytes_unref(scene->kernel);
    g_clear_pointer(&scene->user, g_bytes_unref);
    guest_free(scene->guest);
}

static void start_on(struct scene *scene, uint64_t stack, uint64_t pc, uint64_t first, uint64_t second)
{
    struct cpu *cpu = scene->guest->cpu;

    if (scene->guest->arch == CPU_ARCH_X86_64) {
        struct x86_64_registers registers;
        x86_64_get_registers(cpu, &registers);
        registers.rip = pc;
        registers.gpr[X86_64_RSP] = stack - 8;
        registers.gpr[X86_64_RBP] = 0;
        registers.gpr[X86_64_RDI] = first;
        registers.gpr[X86_64_RSI] = second;
        x86_64_set_registers(cpu, &registers);
    } else {
        struct aarch64_registers registers;
        aarch64_get_registers(cpu, &registers);
        registers.pc = pc;
        registers.pstate = 0x3c5;
        registers.sp = stack;
        registers.x[0] = first;
        registers.x[1] = second;
        registers.x[29] = registers.x[30] = 0;
        registers.cpacr_el1 = 3 << 20;
        aarch64_set_registers(cpu, &registers);
    }
    machine_set_limits(scene->guest->machine, 0, LIMIT);
    traps_conclude(scene->traps, machine_run(scene->guest->machine));
}

static void start_at(struct scene *scene, uint64_t pc, uint64_t first, uint64_t second)
{
    start_on(scene, address_of(scene, SYMBOLS_ANY_SPACE, "stack") + 65536, pc, first, second);
}

static void die(struct scene *scene, const char *function)
{
    start_at(scene, address_of(scene, SYMBOLS_ANY_SPACE, function), 0, 0);
}

static void die_in_user(struct scene *scene, uint64_t pc)
{
    start_at(scene, address_of(scene, SYMBOLS_ANY_SPACE, "enter_user"), pc,
             USER_STACK - 256 - (scene->guest->arch == CPU_ARCH_X86_64 ? 8 : 0)); /* as after a call */
}

static const char *member(struct scene *scene, const char *name)
{
    if (!scene->report)
        g_error("there is no report");
    return json_object_get_string_member_with_default(json_node_get_object(scene->report), name, NULL);
}

static unsigned line_of(const char *source, const char *mark)
{
    g_autofree char *path = g_build_filename(sources, "crash", source, NULL), *text = NULL;
    g_autofree char *wanted = g_strconcat("LINE ", mark, NULL);

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        char *found = strstr(lines[i], wanted);
        if (found && (!found[strlen(wanted)] || found[strlen(wanted)] == ' ' || found[strlen(wanted)] == '\n'))
            return i + 1;
    }
    g_error("%s has no %s", path, wanted);
}

static void expect_cause(struct scene *scene, const char *pattern)
{
    if (!g_regex_match_simple(pattern, member(scene, "cause"), 0, 0))
        g_error("cause \"%s\" instead of \"%s\"\n%s", member(scene, "cause"), pattern, scene->text);
}

/* The place that is blamed. */
static void expect_place(struct scene *scene, const char *function, const char *source, const char *mark)
{
    g_autofree char *wanted = g_strdup_printf("%s:%u", source, line_of(source, mark));
    const char *place = member(scene, "place");

    if (!place || !strstr(place, wanted) || !strstr(member(scene, "function"), function))
        g_error("%s at %s instead of %s at %s\n%s", member(scene, "function"), place ? place : "(null)", function,
                wanted, scene->text);
}

/* What the function that is blamed was called with, in both forms of the report; @value NULL: nothing of it is told. */
static void expect_argument(struct scene *scene, const char *name, const char *value)
{
    JsonArray *arguments = json_object_get_array_member(json_node_get_object(scene->report), "arguments");
    g_autofree char *line =
        g_strdup_printf("\n  arguments of %s\n      %s = %s\n", member(scene, "function"), name, value ? value : "");

    if (!value) {
        g_assert_cmpuint(json_array_get_length(arguments), ==, 0);
        g_assert_null(strstr(scene->text, "\n  arguments of "));
        return;
    }
    g_assert_cmpuint(json_array_get_length(arguments), ==, 1);
    JsonObject *one = json_array_get_object_element(arguments, 0);
    g_assert_cmpstr(json_object_get_string_member(one, "name"), ==, name);
    g_assert_cmpstr(json_object_get_string_member(one, "value"), ==, value);
    if (!strstr(scene->text, line))
        g_error("there is no%s in\n%s", line, scene->text);
}

/* @function is on the path, at the marked line; @inlined into the next. */
static void expect_frame(struct scene *scene, const char *function, const char *source, const char *mark, bool inlined)
{
    JsonArray *frames = json_object_get_array_member(json_node_get_object(scene->report), "backtrace");

    for (guint i = 0; i < json_array_get_length(frames); i++) {
        JsonObject *frame = json_array_get_object_element(frames, i);
        if (!json_object_has_member(frame, "functions"))
            continue;
        JsonArray *functions = json_object_get_array_member(frame, "functions");
        for (guint j = 0; j < json_array_get_length(functions); j++) {
            JsonObject *one = json_array_get_object_element(functions, j);
            const char *name = json_object_get_string_member_with_default(one, "function", "");
            if (strstr(name, function) && json_object_get_int_member(one, "line") == line_of(source, mark) &&
                json_object_get_boolean_member(one, "inlined") == inlined)
                return;
        }
    }
    g_error("%s at LINE %s is not on the path\n%s", function, mark, scene->text);
}

static void test_null_read(gconstpointer arch)
{
    struct scene scene;

    if (!scene_open(&scene, (enum cpu_arch)GPOINTER_TO_UINT(arch)))
        return;
    die(&scene, "die_null_read");
    expect_cause(&scene, "^null-page read at 0x30, in the kernel$");
    expect_place(&scene, "queue_of", "kernel.c", "null read");
    expect_argument(&scene, "device", "0x0");
    expect_frame(&scene, "queue_of", "kernel.c", "null read", true);
    expect_frame(&scene, "poll_queue", "kernel.c", "call of queue_of", false);
    expect_frame(&scene, "die_null_read", "kernel.c", "call of poll_queue", false);
    g_assert_cmpstr(member(&scene, "noticed"), ==, "end");
    g_assert_cmpstr(member(&scene, "kind"), ==, "kernel");
    g_assert_nonnull(strstr(scene.text, "not present"));
    scene_close(&scene);
}

static void test_null_call(gconstpointer arch)
{
    struct scene scene;

    if (!scene_open(&scene, (enum cpu_arch)GPOINTER_TO_UINT(arch)))
        return;
    die(&scene, "die_null_call");
    expect_cause(&scene, "^jump to address 0x0, a call of a null function pointer, in the kernel$");
    expect_place(&scene, "probe_device", "kernel.c", "null call");
    scene_close(&scene);
}

static void test_allocator_conflict(gconstpointer arch)
{
    struct scene scene;

    if (!scene_open(&scene, (enum cpu_arch)GPOINTER_TO_UINT(arch)))
        return;
    die(&scene, "die_allocator_conflict");
    expect_cause(&scene, "^execution of data at 0x[0-9a-f]+ \\(in heap\\+128\\), in the kernel$");
    expect_frame(&scene, "start_device", "kernel.c", "call into the heap", false);
    if (scene.guest->arch == CPU_ARCH_AARCH64)
        g_assert_nonnull(strstr(scene.text, "ESR 0x2000000: EC 0x00"));
    scene_close(&scene);
}

static void test_stack_overflow(gconstpointer arch)
{
    struct scene scene;

    if (!scene_open(&scene, (enum cpu_arch)GPOINTER_TO_UINT(arch)))
        return;
    die(&scene, "die_stack_overflow");
    expect_cause(
        &scene,
        "^stack overflow: SP 0x[0-9a-f]+ has left small_stack and lies in its neighbour victim, in the kernel$");
    expect_place(&scene, "recurse", "kernel.c", "neighbour is damaged");
    expect_frame(&scene, "recurse", "kernel.c", "recursion", false);
    scene_close(&scene);
}

static void test_double_fault(gconstpointer arch)
{
    struct scene scene;

    if (!scene_open(&scene, (enum cpu_arch)GPOINTER_TO_UINT(arch)))
        return;
    die(&scene, "die_double_fault");
    expect_cause(
        &scene,
        scene.guest->arch == CPU_ARCH_X86_64
            ? "^double fault: the first exception, #PF, page fault, cannot be delivered, since its frame has no "
              "place on the stack at RSP 0xffffffffc0000000: write at 0xffffffffbffffff8, where nothing is mapped, "
              "in the kernel$"
            : "^exception in the exception handler, again and again: the first, data abort, leaves its handler no "
              "stack at SP 0xffffff00c0000000: write at 0xffffff00bffffff0, where nothing is mapped, in the kernel$");
    expect_place(&scene, "die_double_fault", "kernel.c", "push on no stack");
    expect_argument(&scene, "none", NULL);
    scene_close(&scene);
}

static void test_return(gconstpointer arch)
{
    struct scene scene;

    if (!scene_open(&scene, (enum cpu_arch)GPOINTER_TO_UINT(arch)))
        return;
    die(&scene, "die_return");
    expect_cause(&scene, "^corrupted return address 0x41414140, where nothing is mapped, in the kernel$");
    expect_place(&scene, "die_return", "kernel.c", "call of name_device"); /* the nearest caller whose frame is whole */
    expect_frame(&scene, "die_return", "kernel.c", "call of name_device", false);
    g_assert_nonnull(strstr(scene.text, "the stack is overwritten here: callers may be missing"));
    scene_close(&scene);
}

static void test_misaligned(gconstpointer arch)
{
    struct scene scene;

    if (!scene_open(&scene, (enum cpu_arch)GPOINTER_TO_UINT(arch)))
        return;
    die(&scene, "die_misaligned");
    expect_cause(&scene, "^misaligned stack.*, in the kernel$");
    expect_place(&scene, "die_misaligned", "kernel.c", "misaligned");
    scene_close(&scene);
}

static void test_read_only(gconstpointer arch)
{
    struct scene scene;

    if (!scene_open(&scene, (enum cpu_arch)GPOINTER_TO_UINT(arch)))
        return;
    die(&scene, "die_bus");
    expect_cause(&scene, "^write to read-only memory at 0x[0-9a-f]+ \\(in die_bus\\+0\\), in the kernel$");
    expect_place(&scene, "die_bus", "kernel.c", "write to read-only");
    scene_close(&scene);
}

static bool user_scene(struct scene *scene, gconstpointer arch)
{
    if (!scene_open(scene, (enum cpu_arch)GPOINTER_TO_UINT(arch)))
        return false;
    if (scene->user)
        return true;
    g_test_skip("the programs are not built: rustc is missing");
    scene_close(scene);
    return false;
}

static void die_at_start(struct scene *scene, const char *start)
{
    struct space space;

    guest_space(scene->guest, &space);
    die_in_user(scene, address_of(scene, space.root, start));
}

static void test_unwrap(gconstpointer arch)
{
    struct scene scene;

    if (!user_scene(&scene, arch))
        return;
    die_at_start(&scene, "start_display");
    expect_cause(
        &scene,
        "^panic in a user program: called `Option::unwrap\\(\\)` on a `None` value, at .*user.rs:[0-9]+:[0-9]+$");
    expect_place(&scene, "set_mode", "user.rs", "unwrap of None");
    expect_frame(&scene, "set_mode", "user.rs", "unwrap of None", true);
    expect_frame(&scene, "display::start", "user.rs", "call of set_mode", false);
    scene_close(&scene);
}

static void test_unwrap_error(gconstpointer arch)
{
    struct scene scene;

    if (!user_scene(&scene, arch))
        return;
    die_at_start(&scene, "start_scanout");
    expect_cause(&scene,
                 "^panic in a user program: called `Result::unwrap\\(\\)` on an `Err` value: <.*NoScanout>, at ");
    expect_place(&scene, "display::start_scanout", "user.rs", "unwrap of Err");
    scene_close(&scene);
}

static void test_unimplemented(gconstpointer arch)
{
    struct scene scene;

    if (!user_scene(&scene, arch))
        return;
    die_at_start(&scene, "start_network");
    expect_cause(&scene, "^panic in a user program: not implemented: MSI-X with 3 vectors for virtio-net, at ");
    expect_place(&scene, "network::enable_msix", "user.rs", "unimplemented");
    scene_close(&scene);
}

static void test_far(gconstpointer arch)
{
    struct scene scene;

    if (!user_scene(&scene, arch))
        return;
    die_at_start(&scene, "start_status");
    expect_cause(&scene, "^read at 0xe1a8, where nothing is mapped, in a user program$");
    expect_place(&scene, "network::read_status", "user.rs", "FAR 0xe1a8");
    expect_argument(&scene, "base", "57344");
    g_assert_cmpstr(member(&scene, "kind"), ==, "user");
    g_assert_cmpstr(member(&scene, "noticed"), ==, "giving_up");
    scene_close(&scene);
}

static void test_entry_0(gconstpointer arch)
{
    struct scene scene;

    if (!user_scene(&scene, arch))
        return;
    guest_poke64(scene.guest, 0x200000 + 24, 0); /* e_entry */
    die_in_user(&scene, 0);
    expect_cause(&scene, "^jump to address 0x0, .*: its image has entry point 0, in a user program$");
    g_assert_null(member(&scene, "function")); /* nobody called it */
    g_assert_null(member(&scene, "place"));
    scene_close(&scene);
}

static uint64_t physical_of(struct scene *scene, uint64_t address)
{
    struct space space;
    uint64_t physical = 0;

    guest_space(scene->guest, &space);
    g_assert_true(space_translate(&space, address, &physical));
    return physical;
}

/* Where the loader of a kernel jumps to: all of the file that is to be loaded lies at the image's base. */
static void start_empty(enum cpu_arch arch, uint64_t entry, const char *cause)
{
    uint64_t base = arch == CPU_ARCH_X86_64 ? 0xffffffff80000000 : 0xffffff0000000000;
    struct scene scene;

    if (!scene_open_kernel(&scene, arch, "crash-empty"))
        return;
    uint64_t linked = base + 0x1000;
    g_assert_cmpmem((const char *)g_bytes_get_data(scene.kernel, NULL) + 24, 8, &linked, 8);
    guest_map(scene.guest, base + 0x200000, guest_page(scene.guest), GUEST_WRITE);
    guest_map(scene.guest, base, physical_of(&scene, base), GUEST_EXECUTE | GUEST_WRITE); /* as a loader has it */
    guest_poke64(scene.guest, base + 24, entry);
    start_on(&scene, base + 0x201000, entry, 0, 0);
    expect_cause(&scene, cause);
    g_assert_cmpstr(member(&scene, "kind"), ==, "kernel");
    g_assert_cmpstr(member(&scene, "noticed"), ==, "end");
    scene_close(&scene);
}

#define EMPTY "has only 332 loadable bytes, and its entry point "

static void test_empty(gconstpointer data)
{
    enum cpu_arch arch = (enum cpu_arch)GPOINTER_TO_UINT(data);

    if (arch == CPU_ARCH_X86_64) {
        start_empty(
            arch, 0xffffffff80001000,
            "^jump to 0xffffffff80001000, where nothing is mapped: the kernel image at 0xffffffff80000000 " EMPTY
            "0xffffffff80001000 is not among them, in the kernel$");
        start_empty(arch, 0xffffffff80000400, /* zeroes: ADD [RAX], AL */
                    "^null-page .*: the kernel image at 0xffffffff80000000 " EMPTY
                    "0xffffffff80000400 is not among them, in the kernel$");
    } else {
        start_empty(
            arch, 0xffffff0000001000,
            "^jump to 0xffffff0000001000, where nothing is mapped: the kernel image at 0xffffff0000000000 " EMPTY
            "0xffffff0000001000 is not among them, in the kernel$");
        start_empty(arch, 0xffffff0000000400,
                    "^execution of zeroes .*: the kernel image at 0xffffff0000000000 " EMPTY
                    "0xffffff0000000400 is not among them, in the kernel$");
    }
    start_empty(arch, 0,
                "^jump to address 0x0, .*: the kernel image at 0x[0-9a-f]+ " EMPTY
                "0x0 is not among them, in the kernel$");
}

static void add(const char *name, void (*test)(gconstpointer arch))
{
    for (enum cpu_arch arch = CPU_ARCH_X86_64; arch <= CPU_ARCH_AARCH64; arch++) {
        g_autofree char *path = g_strdup_printf("/traps/%s/%s", name_of(arch), name);
        g_test_add_data_func(path, GUINT_TO_POINTER(arch), test);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    programs = argv[1];
    sources = argv[2];
    add("null-read", test_null_read);
    add("null-call", test_null_call);
    add("allocator-conflict", test_allocator_conflict);
    add("stack-overflow", test_stack_overflow);
    add("double-fault", test_double_fault);
    add("corrupted-return", test_return);
    add("misaligned", test_misaligned);
    add("read-only", test_read_only);
    add("unwrap", test_unwrap);
    add("unwrap-error", test_unwrap_error);
    add("unimplemented", test_unimplemented);
    add("far", test_far);
    add("entry-0", test_entry_0);
    add("empty", test_empty);
    return g_test_run();
}
