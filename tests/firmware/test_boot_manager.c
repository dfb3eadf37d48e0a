/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the firmware starts, in which order, and what it says when there is nothing. */
#include <glib/gstdio.h>
#include <string.h>

#include "emu/bytes.h"
#include "emu/machine.h"
#include "firmware/uefi/variables.h"
#include "tests/firmware/platform.h"

#define LIMIT 20000000u
#define SECTOR 512u
#define DISK_SECTORS 2880u
#define FAT_SECTORS 9u
#define ROOT_SECTORS 14u
#define DATA_START (1 + 2 * FAT_SECTORS + ROOT_SECTORS)

static char *application;
static gsize application_size;

/* --- a 1440 KiB disk without partitions, FAT12, with one file in \EFI\BOOT --- */
static void fat_entry(uint8_t *disk, unsigned cluster, unsigned value)
{
    for (unsigned copy = 0; copy < 2; copy++) {
        uint8_t *entry = disk + (1 + copy * FAT_SECTORS) * SECTOR + cluster * 3 / 2;
        if (cluster % 2)
            put_le16(entry, (entry[0] & 0x0F) | value << 4);
        else
            put_le16(entry, value | (unsigned)(entry[1] & 0xF0) << 8);
    }
}

static void directory_entry(uint8_t *entry, const char *name, uint8_t attributes, unsigned cluster, gsize size)
{
    memcpy(entry, name, 11);
    entry[11] = attributes;
    put_le16(entry + 26, cluster);
    put_le16(entry + 28, size & 0xFFFF);
    put_le16(entry + 30, (unsigned)(size >> 16));
}

static uint8_t *cluster_at(uint8_t *disk, unsigned cluster)
{
    return disk + (DATA_START + cluster - 2) * SECTOR;
}

static struct block *make_disk(const char *name, const uint8_t *file, gsize size)
{
    static const uint8_t boot[] = {0xEB, 0x3C, 0x90, 'T', 'E', 'S',  'T',  ' ',  ' ',         ' ', ' ', 0, 2, 1,
                                   1,    0,    2,    224, 0,   0x40, 0x0B, 0xF0, FAT_SECTORS, 0,   18,  0, 2, 0};
    g_autofree uint8_t *disk = g_malloc0(DISK_SECTORS * SECTOR);
    unsigned clusters = (unsigned)((size + SECTOR - 1) / SECTOR);

    memcpy(disk, boot, sizeof(boot));
    disk[38] = 0x29;
    memcpy(disk + 43, "TEST       FAT12   ", 19);
    put_le16(disk + 510, 0xAA55);
    fat_entry(disk, 0, 0xFF0);
    fat_entry(disk, 1, 0xFFF);
    fat_entry(disk, 2, 0xFFF);
    fat_entry(disk, 3, 0xFFF);
    directory_entry(disk + (1 + 2 * FAT_SECTORS) * SECTOR, "EFI        ", 0x10, 2, 0);
    directory_entry(cluster_at(disk, 2), ".          ", 0x10, 2, 0);
    directory_entry(cluster_at(disk, 2) + 32, "..         ", 0x10, 0, 0);
    directory_entry(cluster_at(disk, 2) + 64, "BOOT       ", 0x10, 3, 0);
    directory_entry(cluster_at(disk, 3), ".          ", 0x10, 3, 0);
    directory_entry(cluster_at(disk, 3) + 32, "..         ", 0x10, 2, 0);
    directory_entry(cluster_at(disk, 3) + 64, name, 0x20, 4, size);
    for (unsigned i = 0; i < clusters; i++)
        fat_entry(disk, 4 + i, i + 1 < clusters ? 5 + i : 0xFFF);
    memcpy(cluster_at(disk, 4), file, size);
    return block_new_memory(disk, DISK_SECTORS * SECTOR, 0);
}

/* A copy of the application that says @mark (eight characters). */
static uint8_t *marked(const char *mark)
{
    static const char old[] = {'M', 0, 'A', 0, 'R', 0, 'K', 0, '-', 0, '-', 0};
    uint8_t *copy = g_memdup2(application, application_size);

    for (gsize i = 0; i + sizeof(old) < application_size; i++) {
        if (memcmp(copy + i, old, sizeof(old)) != 0)
            continue;
        for (unsigned j = 0; j < 8; j++)
            copy[i + 2 * j] = (uint8_t)mark[j];
        return copy;
    }
    g_assert_not_reached();
}

static struct block *bootable(const char *mark)
{
    g_autofree uint8_t *file = marked(mark);

    return make_disk(platform()->boot_file, file, application_size);
}

/* --- a run --- */
struct run {
    struct block *disks[2];
    GBytes *app;
    const char *append, *variables;
    GString *text; /* what stood on the serial console */
    enum machine_stop stop;
    char *message;
};

static void collect(void *opaque, const uint8_t *data, size_t length)
{
    g_string_append_len(opaque, (const char *)data, (gssize)length);
}

static void quiet(void *opaque, const char *text)
{
}

static void run(struct run *run)
{
    const struct machine_config config = {.arch = platform()->arch,
                                          .cpus = 1,
                                          .picoseconds_per_instruction = 1000,
                                          .nanoseconds_per_pause = 100,
                                          .calendar = 1767225600};
    struct board_config board = {.memory_size = 64u << 20,
                                 .efi_app = run->app,
                                 .efi_app_name = "given.efi",
                                 .append = run->append,
                                 .variable_store = run->variables};
    struct machine *machine = machine_new(&config, NULL);

    run->text = g_string_new(NULL);
    board.serial = (struct character_output){.write = collect, .opaque = run->text};
    for (unsigned i = 0; i < 2 && run->disks[i]; i++)
        board.disks[board.disk_count++] = (struct board_disk){.block = run->disks[i]};
    machine_set_note_handler(machine, quiet, NULL);
    g_assert_nonnull(platform()->make(machine, &board, NULL));
    machine_reset(machine);
    machine_set_limits(machine, 0, LIMIT);
    run->stop = machine_run(machine);
    run->message = g_strdup(machine_stop_message(machine));
    machine_free(machine);
}

static void done(struct run *run)
{
    for (unsigned i = 0; i < 2 && run->disks[i]; i++)
        block_close(run->disks[i]);
    if (run->app)
        g_bytes_unref(run->app);
    g_string_free(run->text, TRUE);
    g_free(run->message);
}

static void assert_says(const struct run *run, const char *words)
{
    if (!strstr(run->text->str, words))
        g_error("\"%s\" is not in: %s (%s)", words, run->text->str, run->message);
}

/* --- tests --- */
static void test_nothing_at_all(void)
{
    struct run r = {0};

    run(&r);
    g_assert_cmpint(r.stop, ==, MACHINE_STOP_REFUSED);
    g_autofree char *words = g_strdup_printf("nothing to start for %s", platform()->name);
    g_assert_nonnull(strstr(r.message, words));
    g_assert_nonnull(strstr(r.message, "no volume"));
    done(&r);
}

static void test_file_is_missing(void)
{
    struct run r = {.disks = {make_disk("OTHER   EFI", (const uint8_t *)"x", 1)}};

    run(&r);
    g_assert_cmpint(r.stop, ==, MACHINE_STOP_REFUSED);
    g_assert_nonnull(strstr(r.message, platform()->boot_path));
    g_assert_nonnull(strstr(r.message, "not there"));
    done(&r);
}

static void test_other_machine(void)
{
    g_autofree uint8_t *file = g_memdup2(application, application_size);
    unsigned pe = file[60] | file[61] << 8;
    put_le16(file + pe + 4, platform()->other_pe);
    struct run r = {.disks = {make_disk(platform()->boot_file, file, application_size)}};

    run(&r);
    g_assert_cmpint(r.stop, ==, MACHINE_STOP_REFUSED);
    g_autofree char *words =
        g_strdup_printf("the program is made for %s, this machine is %s", platform()->other, platform()->name);
    g_assert_nonnull(strstr(r.message, words));
    done(&r);
}

static void test_default_file(void)
{
    struct run r = {.disks = {bootable("default ")}};

    run(&r);
    assert_says(&r, "[default :]");
    g_assert_cmpint(r.stop, ==, MACHINE_STOP_POWER_OFF); /* it has returned with success */
    done(&r);
}

static void test_next_after_a_failure(void)
{
    struct run r = {.disks = {bootable("fails   "), bootable("second  ")}};

    run(&r);
    assert_says(&r, "[fails   :]");
    assert_says(&r, "[second  :]");
    g_assert_cmpint(r.stop, ==, MACHINE_STOP_POWER_OFF);
    done(&r);
}

static void test_all_fail(void)
{
    struct run r = {.disks = {bootable("fails   ")}};

    run(&r);
    g_assert_cmpint(r.stop, ==, MACHINE_STOP_REFUSED);
    g_assert_nonnull(strstr(r.message, "returned EFI_NOT_FOUND"));
    done(&r);
}

static void test_given_application(void)
{
    struct run r = {.disks = {bootable("second  ")},
                    .app = g_bytes_new_take(marked("given   "), application_size),
                    .append = "some options"};
    const char *given, *second;

    run(&r);
    given = strstr(r.text->str, "[given   :some options]");
    second = strstr(r.text->str, "[second  :]");
    g_assert_nonnull(given);
    g_assert_nonnull(second);
    g_assert_true(given < second);
    done(&r);
}

/* A boot option for the file on disk @disk. */
static void set_option(struct variables *variables, const char *name, unsigned disk, const char *options)
{
    g_autoptr(GByteArray) path = g_byte_array_new();
    g_autoptr(GByteArray) value = g_byte_array_new();
    g_autofree gunichar2 *wide = g_utf8_to_utf16(name, -1, NULL, NULL, NULL);
    uint8_t head[6 + 4] = {1, 0, 0, 0, 0, 0, 'd', 0, 0, 0};

    platform()->disk_path(path, disk);
    device_path_file_node(path, platform()->boot_path);
    device_path_end(path);
    put_le16(head + 4, path->len);
    g_byte_array_append(value, head, sizeof(head));
    g_byte_array_append(value, path->data, path->len);
    for (; *options; options++) {
        uint8_t unit[2] = {(uint8_t)*options, 0};
        g_byte_array_append(value, unit, 2);
    }
    g_byte_array_append(value, (const uint8_t *)"\0", 2);
    g_assert_cmphex(variables_set(variables, &guid_global_variable, wide, 7, value->data, value->len, false), ==, 0);
}

static void set_numbers(struct variables *variables, const char *name, const uint8_t *bytes, size_t length)
{
    g_autofree gunichar2 *wide = g_utf8_to_utf16(name, -1, NULL, NULL, NULL);

    g_assert_cmphex(variables_set(variables, &guid_global_variable, wide, 7, bytes, length, false), ==, 0);
}

static void test_order_and_next(void)
{
    g_autofree char *directory = g_dir_make_tmp("galvanic-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "vars", NULL);
    static const uint8_t order[] = {2, 0, 9, 0, 1, 0}, next[] = {1, 0};
    struct variables *variables = variables_new(path, false, NULL);

    set_option(variables, "Boot0001", 0, "one");
    set_option(variables, "Boot0002", 1, "two");
    set_numbers(variables, "BootOrder", order, sizeof(order));
    set_numbers(variables, "BootNext", next, sizeof(next));
    variables_free(variables);
    for (unsigned i = 0; i < 2; i++) { /* BootNext is for one time */
        struct run r = {.disks = {bootable("fails a "), bootable("fails b ")}, .variables = path};
        run(&r);
        const char *a = strstr(r.text->str, "[fails a :one]"), *b = strstr(r.text->str, "[fails b :two]");
        g_assert_nonnull(a);
        g_assert_nonnull(b);
        g_assert_true(i == 0 ? a < b : b < a);
        assert_says(&r, "[fails a :]"); /* at last the default files, without options */
        done(&r);
    }
    g_unlink(path);
    g_rmdir(directory);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    g_test_init(&argc, &argv, NULL);
    g_file_get_contents(g_getenv("APPLICATION"), &application, &application_size, &error);
    g_assert_no_error(error);
    g_test_add_func("/boot-manager/nothing-at-all", test_nothing_at_all);
    g_test_add_func("/boot-manager/file-is-missing", test_file_is_missing);
    g_test_add_func("/boot-manager/other-machine", test_other_machine);
    g_test_add_func("/boot-manager/default-file", test_default_file);
    g_test_add_func("/boot-manager/next-after-a-failure", test_next_after_a_failure);
    g_test_add_func("/boot-manager/all-fail", test_all_fail);
    g_test_add_func("/boot-manager/given-application", test_given_application);
    g_test_add_func("/boot-manager/order-and-next", test_order_and_next);
    return g_test_run();
}
