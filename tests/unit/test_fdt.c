/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device tree of the virt board: read back by libfdt, and given to dt-validate and dtc where they are installed. */
#include "firmware/fdt/fdt_virt.h"

#include <glib/gstdio.h>
#include <libfdt.h>
#include <string.h>

#include "tests/unit/virt_board.h"

static GBytes *build(const struct virt_description *board)
{
    struct fdt_chosen chosen = {
        .command_line = "console=ttyAMA0", .initrd_start = 0x48000000, .initrd_end = 0x48001234};

    for (unsigned i = 0; i < sizeof(chosen.seed); i++)
        chosen.seed[i] = (uint8_t)i;
    return fdt_virt_build(board, &chosen);
}

static const char *text(const void *fdt, const char *path, const char *name)
{
    int node = fdt_path_offset(fdt, path), length;

    g_assert_cmpint(node, >=, 0);
    const char *value = fdt_getprop(fdt, node, name, &length);
    g_assert_nonnull(value);
    g_assert_cmpint(value[length - 1], ==, 0);
    return value;
}

static void expect_cells(const void *fdt, const char *path, const char *name, const uint32_t *cells, unsigned count)
{
    int node = fdt_path_offset(fdt, path), length;

    g_assert_cmpint(node, >=, 0);
    const fdt32_t *value = fdt_getprop(fdt, node, name, &length);
    g_assert_nonnull(value);
    g_assert_cmpint(length, ==, (int)count * 4);
    for (unsigned i = 0; i < count; i++)
        g_assert_cmphex(fdt32_to_cpu(value[i]), ==, cells[i]);
}

#define EXPECT(path, name, ...)                                                                                        \
    expect_cells(fdt, path, name, (const uint32_t[]){__VA_ARGS__}, G_N_ELEMENTS(((const uint32_t[]){__VA_ARGS__})))

static bool has_string(const void *fdt, const char *path, const char *name, const char *wanted)
{
    return fdt_stringlist_search(fdt, fdt_path_offset(fdt, path), name, wanted) >= 0;
}

static void test_gicv2(void)
{
    g_autoptr(GBytes) blob = build(&virt_board);
    gsize length;
    const void *fdt = g_bytes_get_data(blob, &length);

    g_assert_cmpint(fdt_check_full(fdt, length), ==, 0);
    g_assert_cmpuint(fdt_totalsize(fdt), ==, length);
    g_assert_cmpstr(text(fdt, "/", "model"), ==, "linux,dummy-virt");
    g_assert_cmpstr(text(fdt, "/chosen", "bootargs"), ==, "console=ttyAMA0");
    EXPECT("/chosen", "linux,initrd-start", 0, 0x48000000);
    EXPECT("/chosen", "linux,initrd-end", 0, 0x48001234);
    EXPECT("/chosen", "kaslr-seed", 0x00010203, 0x04050607);
    /* The console, by its path */
    const char *console = text(fdt, "/chosen", "stdout-path");
    g_assert_true(has_string(fdt, console, "compatible", "arm,pl011"));
    EXPECT(console, "reg", 0, 0x09000000, 0, 0x1000);
    EXPECT(console, "interrupts", 0, 1, 4);
    EXPECT("/memory@40000000", "reg", 0, 0x40000000, 0, 0x80000000);
    EXPECT("/cpus/cpu@1", "reg", 1);
    g_assert_cmpstr(text(fdt, "/cpus/cpu@1", "enable-method"), ==, "psci");
    g_assert_cmpstr(text(fdt, "/psci", "method"), ==, "hvc");
    /* The controller that everything refers to, and what Redox looks for in it */
    uint32_t phandle = fdt_get_phandle(fdt, fdt_path_offset(fdt, "/interrupt-controller@8000000"));
    g_assert_cmpuint(phandle, !=, 0);
    EXPECT("/", "interrupt-parent", phandle);
    EXPECT("/interrupt-controller@8000000", "#interrupt-cells", 3);
    EXPECT("/interrupt-controller@8000000", "reg", 0, 0x08000000, 0, 0x10000, 0, 0x08010000, 0, 0x10000);
    g_assert_cmpstr(text(fdt, "/interrupt-controller@8000000", "compatible"), ==, "arm,cortex-a15-gic");
    g_assert_true(has_string(fdt, "/timer", "compatible", "arm,armv8-timer"));
    g_assert_true(has_string(fdt, "/timer", "compatible", "arm,armv7-timer"));
    EXPECT("/timer", "interrupts", 1, 13, 0x304, 1, 14, 0x304, 1, 11, 0x304, 1, 10, 0x304);
    EXPECT("/rtc@9010000", "interrupts", 0, 2, 4);
    EXPECT("/gpio-keys/power-button", "gpios", fdt_get_phandle(fdt, fdt_path_offset(fdt, "/gpio@9030000")), 3, 0);
    EXPECT("/fw-cfg@9020000", "reg", 0, 0x09020000, 0, 0x18);
}

static void test_pci(void)
{
    static const char path[] = "/pcie@4010000000";
    g_autoptr(GBytes) blob = build(&virt_board);
    const void *fdt = g_bytes_get_data(blob, NULL);
    uint32_t frame = fdt_get_phandle(fdt, fdt_path_offset(fdt, "/interrupt-controller@8000000/v2m@8020000"));
    uint32_t gic = fdt_get_phandle(fdt, fdt_path_offset(fdt, "/interrupt-controller@8000000"));
    int length;

    g_assert_cmpuint(frame, !=, 0);
    EXPECT(path, "reg", 0x40, 0x10000000, 0, 0x10000000);
    EXPECT(path, "bus-range", 0, 255);
    EXPECT(path, "msi-map", 0, frame, 0, 0x10000);
    EXPECT(path, "ranges", 0x01000000, 0, 0, 0, 0x3EFF0000, 0, 0x10000, /* I/O */
           0x02000000, 0, 0x10000000, 0, 0x10000000, 0, 0x2EFF0000,     /* memory */
           0x43000000, 0x80, 0, 0x80, 0, 0x80, 0);
    EXPECT(path, "interrupt-map-mask", 0x1800, 0, 0, 7);
    const fdt32_t *map = fdt_getprop(fdt, fdt_path_offset(fdt, path), "interrupt-map", &length);
    g_assert_cmpint(length, ==, 16 * 40);
    for (unsigned i = 0; i < 16; i++) {
        unsigned device = i / 4, pin = i % 4;
        const uint32_t entry[10] = {device << 11, 0, 0, pin + 1, gic, 0, 0, 0, 3 + (device + pin) % 4, 4};

        for (unsigned j = 0; j < 10; j++)
            g_assert_cmphex(fdt32_to_cpu(map[10 * i + j]), ==, entry[j]);
    }
}

static void test_gicv3(void)
{
    struct virt_description board = virt_board_gicv3(20);
    g_autoptr(GBytes) blob = build(&board);
    gsize length;
    const void *fdt = g_bytes_get_data(blob, &length);

    g_assert_cmpint(fdt_check_full(fdt, length), ==, 0);
    g_assert_cmpstr(text(fdt, "/interrupt-controller@8000000", "compatible"), ==, "arm,gic-v3");
    EXPECT("/interrupt-controller@8000000", "reg", 0, 0x08000000, 0, 0x10000, 0, 0x080A0000, 0, 0x280000);
    EXPECT("/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
    EXPECT("/cpus/cpu@103", "reg", 0x103);
    EXPECT("/cpus/cpu-map/socket0/cluster1/core3", "cpu", fdt_get_phandle(fdt, fdt_path_offset(fdt, "/cpus/cpu@103")));
    uint32_t its = fdt_get_phandle(fdt, fdt_path_offset(fdt, "/interrupt-controller@8000000/msi-controller@8080000"));
    g_assert_cmpuint(its, !=, 0);
    EXPECT("/pcie@4010000000", "msi-map", 0, its, 0, 0x10000);
    g_assert_cmpint(fdt_path_offset(fdt, "/interrupt-controller@8000000/v2m@8020000"), <, 0);
}

/* Without what is not there: no messages, no firmware configuration, no command line. */
static void test_least(void)
{
    struct virt_description board = virt_board;
    const struct fdt_chosen chosen = {0};

    board.message_frame.size = board.fw_cfg.size = 0;
    g_autoptr(GBytes) blob = fdt_virt_build(&board, &chosen);
    const void *fdt = g_bytes_get_data(blob, NULL);
    int length;

    g_assert_null(fdt_getprop(fdt, fdt_path_offset(fdt, "/pcie@4010000000"), "msi-map", &length));
    g_assert_null(fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", &length));
    g_assert_null(fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "linux,initrd-start", &length));
    g_assert_cmpint(fdt_path_offset(fdt, "/fw-cfg@9020000"), <, 0);
}

/* What @tool says of the tree; NULL: it is not installed.  To be freed. */
static char *judge(const struct virt_description *board, const char *tool, const char *option, const char *value)
{
    g_autofree char *program = g_find_program_in_path(tool);
    g_autofree char *folder = NULL, *path = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) blob = build(board);
    char *complaints = NULL;
    gsize length;
    const char *data = g_bytes_get_data(blob, &length);
    int status;

    if (!program) {
        g_test_skip("the tool is not installed");
        return NULL;
    }
    folder = g_dir_make_tmp("galvanic-fdt-XXXXXX", NULL);
    path = g_build_filename(folder, "virt.dtb", NULL);
    g_assert_true(g_file_set_contents(path, data, (gssize)length, NULL));
    const char *arguments[] = {program, path, option, value, NULL};
    g_spawn_sync(NULL, (char **)arguments, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &complaints, &status,
                 &error);
    g_assert_no_error(error);
    g_assert_true(g_spawn_check_wait_status(status, NULL));
    g_unlink(path);
    g_rmdir(folder);
    return complaints;
}

static void expect_content(const char *tool, const char *option, const char *value, const char *tolerated)
{
    const struct virt_description boards[] = {virt_board, virt_board_gicv3(20)};

    for (unsigned i = 0; i < G_N_ELEMENTS(boards); i++) {
        g_autofree char *complaints = judge(&boards[i], tool, option, value);

        if (!complaints)
            return;
        g_auto(GStrv) lines = g_strsplit(complaints, "\n", -1);
        for (unsigned line = 0; lines[line]; line++) {
            if (tolerated && strstr(lines[line], tolerated) && lines[line + 1])
                line++; /* and the one that names the schema */
            else
                g_assert_cmpstr(lines[line], ==, "");
        }
    }
}

/*
 * The schemas that come with dt-validate know the core only, and say of other properties that their type is unknown. With
 * those of Linux, Documentation/devicetree/bindings, nothing is tolerated: GALVANIC_DT_SCHEMA names what dt-mk-schema made of
 * them.
 */
static void test_schemas(void)
{
    const char *schemas = g_getenv("GALVANIC_DT_SCHEMA");

    expect_content("dt-validate", schemas ? "-s" : NULL, schemas,
                   schemas ? NULL : "is not of type 'object', 'integer'");
}

static void test_compiler(void)
{
    /* dtc of 2022 wants address cells in a GPIO that hands interrupts on, which its binding forbids. */
    expect_content("dtc", "-Wno-interrupt_provider", NULL, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fdt/gicv2", test_gicv2);
    g_test_add_func("/fdt/pci", test_pci);
    g_test_add_func("/fdt/gicv3", test_gicv3);
    g_test_add_func("/fdt/least", test_least);
    g_test_add_func("/fdt/schemas", test_schemas);
    g_test_add_func("/fdt/compiler", test_compiler);
    return g_test_run();
}
