/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calibration: contexts of kernels that no compiler has told of, in two layouts and on both architectures; and what it refuses. */
#include <string.h>

#include "debug/redox/redox.h"
#include "emu/bytes.h"
#include "tests/debug/redoxfs_sample.h"
#include "tests/debug/redox_kernel.h"

struct fixture {
    struct redox_kernel *kernel;
    struct symbols *symbols;
    GPtrArray *disks;
    struct redox *redox;
    const struct os_class *os_class;
    GArray *processes; /* of struct os_process */
};

static void collect(void *opaque, const struct os_process *process)
{
    g_array_append_val((GArray *)opaque, *process);
}

static void set_up(struct fixture *fixture, enum cpu_arch arch, unsigned layout)
{
    fixture->kernel = redox_kernel_new(arch, &redox_kernel_layouts[layout], &fixture->symbols);
    fixture->disks = g_ptr_array_new();
    fixture->redox = redox_new(fixture->kernel->guest->machine, fixture->symbols, fixture->disks,
                               fixture->kernel->guest->cpu, &fixture->os_class);
    fixture->processes = g_array_new(FALSE, FALSE, sizeof(struct os_process));
}

static void tear_down(struct fixture *fixture)
{
    g_array_free(fixture->processes, TRUE);
    fixture->os_class->free(fixture->redox);
    g_ptr_array_free(fixture->disks, TRUE);
    symbols_free(fixture->symbols);
    redox_kernel_free(fixture->kernel);
}

static bool list(struct fixture *fixture)
{
    g_autofree char *why = NULL;
    bool known = fixture->os_class->each(fixture->redox, collect, fixture->processes, &why);

    g_assert_true(known || (why && *why));
    return known;
}

static const struct os_process *thread(const struct fixture *fixture, unsigned number)
{
    for (unsigned i = 0; i < fixture->processes->len; i++) {
        const struct os_process *process = &g_array_index(fixture->processes, struct os_process, i);

        if (process->thread == number)
            return process;
    }
    g_assert_not_reached();
}

static void check_process(const struct fixture *fixture, unsigned context)
{
    const struct redox_kernel *kernel = fixture->kernel;
    const struct os_process *process = thread(fixture, context + 1);
    g_autofree char *name = g_strdup_printf("/usr/bin/program-%u", redox_kernel_process(context));

    g_assert_cmpstr(process->name, ==, context ? name : "[kmain]");
    g_assert_cmpuint(process->id, ==, redox_kernel_process(context));
    g_assert_cmphex(process->object, ==, kernel->context[context]);
    g_assert_cmphex(process->root, ==, kernel->root[context]);
    g_assert_cmphex(process->kernel_stack, ==, context ? REDOX_PHYS_OFFSET + kernel->stack[context] : 0);
    if (context == kernel->running)
        g_assert_cmpstr(process->state, ==, "running");
    else
        g_assert_cmpstr(process->state, ==, context % 3 ? "blocked" : "runnable");
}

static void test_contexts(const void *data)
{
    unsigned variant = GPOINTER_TO_UINT(data);
    struct fixture fixture;
    struct os_process current;

    set_up(&fixture, variant & 1 ? CPU_ARCH_AARCH64 : CPU_ARCH_X86_64, variant >> 1);
    g_assert_true(list(&fixture));
    g_assert_cmpuint(fixture.processes->len, ==, REDOX_KERNEL_CONTEXTS);
    for (unsigned i = 0; i < REDOX_KERNEL_CONTEXTS; i++)
        check_process(&fixture, i);
    g_assert_true(fixture.os_class->current(fixture.redox, fixture.kernel->guest->cpu, &current));
    g_assert_cmpuint(current.thread, ==, fixture.kernel->running + 1);
    tear_down(&fixture);
}

static void test_registers(const void *data)
{
    unsigned variant = GPOINTER_TO_UINT(data);
    struct fixture fixture;
    struct unwind_frame frame;

    set_up(&fixture, variant & 1 ? CPU_ARCH_AARCH64 : CPU_ARCH_X86_64, variant >> 1);
    g_assert_true(list(&fixture));
    for (unsigned i = 1; i < REDOX_KERNEL_CONTEXTS; i++) {
        bool known = fixture.os_class->registers(fixture.redox, thread(&fixture, i + 1), &frame);

        g_assert_cmpint(known, ==, i != fixture.kernel->running);
        if (!known)
            continue;
        g_assert_cmphex(frame.pc, ==, UINT64_C(0xFFFFFFFF80001040));
        g_assert_cmphex(frame.sp, ==, REDOX_PHYS_OFFSET + fixture.kernel->stack[i] + 0xF000 + (variant & 1 ? 0 : 8));
    }
    tear_down(&fixture);
}

static void test_maps(const void *data)
{
    unsigned variant = GPOINTER_TO_UINT(data);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    struct fixture fixture;

    set_up(&fixture, variant & 1 ? CPU_ARCH_AARCH64 : CPU_ARCH_X86_64, variant >> 1);
    g_assert_true(list(&fixture));
    text = fixture.os_class->query(fixture.redox, "maps", thread(&fixture, 2), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==,
                    "0000000000201000-0000000000202000 r-x        4 KiB  private\n"
                    "0000000000301000-0000000000303000 rw-        8 KiB  private\n"
                    "0000000000401000-0000000000404000 r-x       12 KiB  physical 0xfebc0000\n");
    tear_down(&fixture);
}

/* --- programs --- */
#define PAGE 4096u

/* A program of two pages: its headers, linked at @base, and its code behind them. */
static void make_program(uint8_t out[2 * PAGE], uint64_t base)
{
    memset(out, 0, PAGE);
    memcpy(out, "\177ELF\2\1\1", 7);
    out[16] = base ? 2 : 3;
    out[18] = 62;
    out[32] = 64; /* program headers */
    out[54] = 56;
    out[56] = 2;
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *header = out + 64 + i * 56;

        header[0] = 1;
        header[4] = i ? 5 : 4;
        put_le32(header + 8, i * PAGE);
        put_le32(header + 16, (uint32_t)base + i * PAGE);
        put_le32(header + 32, PAGE);
        put_le32(header + 40, PAGE);
    }
    for (unsigned i = 0; i < PAGE; i++)
        out[PAGE + i] = (uint8_t)(i * 3 + i / 256);
}

static void set_up_programs(struct fixture *fixture, uint64_t base)
{
    uint8_t program[2 * PAGE];
    GByteArray *archive;

    fixture->kernel = redox_kernel_new(CPU_ARCH_X86_64, &redox_kernel_layouts[0], &fixture->symbols);
    make_program(program, base);
    archive = initfs_sample_with(program, sizeof(program));
    redox_kernel_put_initfs(fixture->kernel, fixture->symbols, archive->data, archive->len);
    g_byte_array_free(archive, TRUE);
    redox_kernel_rename(fixture->kernel, 1, "/scheme/initfs/bin/init");
    redox_kernel_rename(fixture->kernel, 2, "/scheme/initfs/bin/init");
    redox_kernel_put_user(fixture->kernel, 1, base ? base + PAGE : 0x202000,
                          program + PAGE); /* its first grant: 0x201000 */
    program[PAGE + 100] ^= 1;
    redox_kernel_put_user(fixture->kernel, 2, base ? base + PAGE : 0x203000, program + PAGE); /* some other program */
    fixture->disks = g_ptr_array_new();
    fixture->redox = redox_new(fixture->kernel->guest->machine, fixture->symbols, fixture->disks,
                               fixture->kernel->guest->cpu, &fixture->os_class);
    fixture->processes = g_array_new(FALSE, FALSE, sizeof(struct os_process));
}

static bool is_placed(struct fixture *fixture, unsigned context, uint64_t address)
{
    struct symbol_location location;

    fixture->os_class->place_modules(fixture->redox, thread(fixture, context + 1));
    return symbols_locate(fixture->symbols, fixture->kernel->root[context], address, false, &location) &&
           strcmp(location.module, "/bin/init") == 0;
}

/* Programs are found by name, and taken only where their code lies: at 0 they lie at a grant's start. */
static void test_programs(const void *data)
{
    uint64_t base = GPOINTER_TO_UINT(data);
    struct fixture fixture;

    set_up_programs(&fixture, base);
    g_assert_true(list(&fixture));
    g_assert_true(is_placed(&fixture, 1, base ? base + PAGE + 8 : 0x202008));
    g_assert_false(is_placed(&fixture, 2, base ? base + PAGE + 8 : 0x203008));
    g_assert_false(is_placed(&fixture, 3, base ? base + PAGE + 8 : 0x203008)); /* on no file system */
    g_assert_true(thread(&fixture, 2)->driver);                                /* init */
    g_assert_false(thread(&fixture, 4)->driver);
    tear_down(&fixture);
}

/* An archive that does not begin as one is told as long as nothing of it has been started. */
static void test_bad_initfs(const void *data)
{
    static const char bad[4096] = "Redox\1\"z and more";
    enum cpu_arch arch = (enum cpu_arch)GPOINTER_TO_UINT(data);
    g_autofree char *fault = NULL, *wanted = NULL;
    struct fixture fixture;
    uint64_t at;

    set_up(&fixture, arch, 0);
    at = MAX(fixture.kernel->guest->free, fixture.kernel->guest->ram + (1u << 20));
    fixture.kernel->guest->free = at;
    redox_kernel_put_initfs(fixture.kernel, fixture.symbols, (const uint8_t *)bad, sizeof(bad));
    fixture.os_class->free(fixture.redox);
    fixture.redox = redox_new(fixture.kernel->guest->machine, fixture.symbols, fixture.disks,
                              fixture.kernel->guest->cpu, &fixture.os_class);
    g_assert_true(list(&fixture));
    g_assert_null(fixture.os_class->boot_fault(fixture.redox)); /* programs run */
    for (unsigned i = 1; i < REDOX_KERNEL_CONTEXTS; i++)
        redox_kernel_rename(fixture.kernel, i, "[bootstrap]");
    fault = fixture.os_class->boot_fault(fixture.redox);
    wanted = g_strdup_printf("bad initfs: at its start (physical 0x%" G_GINT64_MODIFIER
                             "x) stands \"Redox\\x01\\x22z\" instead of \"RedoxFtw\"",
                             at);
    g_assert_cmpstr(fault, ==, wanted);
    memory_write(machine_memory(fixture.kernel->guest->machine), at, "RedoxFtw", 8);
    g_assert_null(fixture.os_class->boot_fault(fixture.redox));
    tear_down(&fixture);
}

/* Two places that fit are none: nothing is told of what cannot be known. */
static void test_refusal(void)
{
    struct fixture fixture;

    set_up(&fixture, CPU_ARCH_X86_64, 0);
    for (unsigned i = 0; i < REDOX_KERNEL_CONTEXTS; i++) /* numbers that might be the threads' as well */
        redox_kernel_poke(fixture.kernel, i, 904, (i + 1) | UINT64_C(0x8765432100000000));
    g_assert_false(list(&fixture));
    tear_down(&fixture);
}

/* A list that is no tree any more is not followed. */
static void test_broken_list(void)
{
    struct fixture fixture;

    set_up(&fixture, CPU_ARCH_X86_64, 0);
    g_assert_true(list(&fixture));
    guest_poke64(fixture.kernel->guest, UINT64_C(0xFFFFFFFF80100018), REDOX_KERNEL_CONTEXTS + 1); /* the length */
    g_assert_false(list(&fixture));
    guest_poke64(fixture.kernel->guest, UINT64_C(0xFFFFFFFF80100018), REDOX_KERNEL_CONTEXTS);
    guest_poke64(fixture.kernel->guest, UINT64_C(0xFFFFFFFF80100008), UINT64_C(0xFFFFFFFF80100000)); /* the node */
    g_assert_false(list(&fixture));
    tear_down(&fixture);
}

int main(int argc, char **argv)
{
    static const char *const variants[] = {"x86_64/0", "aarch64/0", "x86_64/1", "aarch64/1"};

    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/redox/bad-initfs/x86_64", GUINT_TO_POINTER(CPU_ARCH_X86_64), test_bad_initfs);
    g_test_add_data_func("/redox/bad-initfs/aarch64", GUINT_TO_POINTER(CPU_ARCH_AARCH64), test_bad_initfs);
    for (unsigned i = 0; i < G_N_ELEMENTS(variants); i++) {
        g_autofree char *contexts = g_strconcat("/redox/contexts/", variants[i], NULL),
                        *registers = g_strconcat("/redox/registers/", variants[i], NULL),
                        *maps = g_strconcat("/redox/maps/", variants[i], NULL);

        g_test_add_data_func(contexts, GUINT_TO_POINTER(i), test_contexts);
        g_test_add_data_func(registers, GUINT_TO_POINTER(i), test_registers);
        g_test_add_data_func(maps, GUINT_TO_POINTER(i), test_maps);
    }
    g_test_add_data_func("/redox/programs/fixed", GUINT_TO_POINTER(0x400000), test_programs);
    g_test_add_data_func("/redox/programs/relocated", GUINT_TO_POINTER(0), test_programs);
    g_test_add_func("/redox/refusal", test_refusal);
    g_test_add_func("/redox/broken-list", test_broken_list);
    return g_test_run();
}
