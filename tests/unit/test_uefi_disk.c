/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks, partitions and files as a guest of the UEFI shim sees them: BlockIo, DiskIo, SimpleFileSystem, File. */
#include "tests/unit/judge.h"
#include "tests/unit/shim.h"

#define DISK_SIZE (40u << 20)
#define MODE_READ 1u
#define MODE_WRITE 3u
#define MODE_CREATE 0x8000000000000003u
#define DIRECTORY 0x10u

enum { /* slots of BlockIo, DiskIo, File */
       BLOCK_MEDIA = 8,
       BLOCK_READ = 24,
       BLOCK_WRITE = 32,
       BLOCK_FLUSH = 40,
       DISK_READ = 8,
       DISK_WRITE = 16,
       FILE_OPEN = 8,
       FILE_CLOSE = 16,
       FILE_DELETE = 24,
       FILE_READ = 32,
       FILE_WRITE = 40,
       FILE_GET_POSITION = 48,
       FILE_SET_POSITION = 56,
       FILE_GET_INFO = 64,
       FILE_SET_INFO = 72,
       FILE_FLUSH = 80,
};

static void make_disk(const char *path)
{
    char *hello = judge_image(0);

    g_assert_true(g_file_set_contents(hello, "Hello, Redox!\n", -1, NULL));
    g_assert_cmpint(judge_run(NULL, "sgdisk -n 1:2048:+34M -t 1:ef00 -n 2:0:+1M -t 2:8300 %s", path), ==, 0);
    g_assert_cmpint(judge_run(NULL, "mkfs.vfat -F 32 -s 1 --offset 2048 %s 34816", path), ==, 0);
    g_assert_cmpint(judge_run(NULL, "mmd -i %s@@1M ::/EFI ::/EFI/BOOT", path), ==, 0);
    g_assert_cmpint(judge_run(NULL, "mcopy -i %s@@1M %s ::/EFI/BOOT/hello.txt", path, hello), ==, 0);
    judge_remove(hello);
}

/* A GPT disk with an ESP of 34 MiB that holds \EFI\BOOT\hello.txt; made once, for sgdisk waits for the disk. */
static char *disk_image(void)
{
    static char *original;
    char *path = judge_image(DISK_SIZE);
    gsize length;

    if (!original) {
        make_disk(path);
        g_assert_true(g_file_get_contents(path, &original, &length, NULL));
    } else {
        g_assert_true(g_file_set_contents(path, original, DISK_SIZE, NULL));
    }
    return path;
}

struct disk_test {
    char *path;
    struct block *block;
    struct shim shim;
    uint64_t root; /* File of the volume's root */
};

static void start(struct disk_test *test, unsigned flags)
{
    GError *error = NULL;
    uint64_t fs, out;

    test->path = disk_image();
    test->block = block_open(test->path, flags, &error);
    g_assert_no_error(error);
    shim_start(&test->shim,
               &(struct uefi_disk){.id = "disk0",
                                   .block = test->block,
                                   .bus = UEFI_DISK_SATA,
                                   .pci_devfn = 0x1F << 3 | 2,
                                   .port = 0,
                                   .block_size = 512},
               1, false);
    fs = shim_find(&test->shim, &guid_simple_file_system, 0, NULL);
    g_assert_cmpuint(fs, !=, 0);
    out = shim_new64(&test->shim, 0);
    assert_status(shim_call(&test->shim, fs + 8, fs, out), EFI_SUCCESS);
    test->root = shim_get64(&test->shim, out);
}

static void stop(struct disk_test *test)
{
    shim_stop(&test->shim);
    block_close(test->block);
    judge_remove(test->path);
}

static efi_status open_at(struct disk_test *test, uint64_t from, const char *path, uint64_t mode, uint64_t attributes,
                          uint64_t *file)
{
    struct shim *shim = &test->shim;
    uint64_t out = shim_new64(shim, 0);
    efi_status status = shim_call(shim, from + FILE_OPEN, from, out, shim_text(shim, path), mode, attributes);

    *file = shim_get64(shim, out);
    return status;
}

static efi_status transfer(struct disk_test *test, uint64_t file, unsigned slot, uint64_t buffer, uint64_t *size)
{
    uint64_t size_address = shim_new64(&test->shim, *size);
    efi_status status = shim_call(&test->shim, file + slot, file, size_address, buffer);

    *size = shim_get64(&test->shim, size_address);
    return status;
}

/* --- handles --- */
static void test_handles(void)
{
    struct disk_test test;
    uint64_t handle = 0, block;
    char *path;

    if (!judge_have("sgdisk mkfs.vfat mcopy"))
        return;
    start(&test, 0);
    g_assert_cmpuint(shim_count(&test.shim, &guid_block_io), ==, 3);
    g_assert_cmpuint(shim_count(&test.shim, &guid_simple_file_system), ==, 1);
    g_assert_cmpuint(shim_count(&test.shim, &guid_esp_partition), ==, 1);
    block = shim_find(&test.shim, &guid_block_io, 0, &handle);
    path = shim_path(&test.shim, handle);
    g_assert_cmpstr(path, ==, "PciRoot(0x0)/Pci(0x1F,0x2)/Sata(0x0,0xFFFF,0x0)");
    g_free(path);
    g_assert_cmpuint(shim_get8(&test.shim, shim_get64(&test.shim, block + BLOCK_MEDIA) + 6), ==, 0);
    block = shim_find(&test.shim, &guid_block_io, 1, &handle);
    path = shim_path(&test.shim, handle);
    g_assert_true(g_str_has_prefix(path, "PciRoot(0x0)/Pci(0x1F,0x2)/Sata(0x0,0xFFFF,0x0)/HD(1,GPT,"));
    g_assert_true(g_str_has_suffix(path, ",0x800,0x11000)"));
    g_free(path);
    g_assert_cmpuint(shim_get8(&test.shim, shim_get64(&test.shim, block + BLOCK_MEDIA) + 6), ==, 1);
    stop(&test);
}

static void test_cdrom(void)
{
    uint8_t *image = g_malloc0(4 << 20), *catalog = image + 20 * 2048;
    struct shim shim;
    struct block *block;
    uint64_t handle = 0, media;
    char *path;

    for (unsigned i = 0; i < 3; i++)
        memcpy(image + (16 + i) * 2048,
               i == 0   ? "\1CD001\1"
               : i == 1 ? "\0CD001\1EL TORITO SPECIFICATION"
                        : "\xFF"
                          "CD001\1",
               i == 1 ? 30 : 7);
    image[17 * 2048 + 71] = 20;
    memcpy(catalog, "\x01\xEF", 2);
    catalog[30] = 0x55;
    catalog[31] = 0xAA;
    catalog[28] = (uint8_t)(0x10000 - 0xAA55 - 0xEF01);
    catalog[29] = (uint8_t)((0x20000 - 0xAA55 - 0xEF01) >> 8);
    catalog[32] = 0x88;
    catalog[38] = 8;
    catalog[40] = 100;
    block = block_new_memory(image, 4 << 20, BLOCK_READ_ONLY);
    g_free(image);
    shim_start(&shim,
               &(struct uefi_disk){.id = "cd",
                                   .block = block,
                                   .bus = UEFI_DISK_SATA,
                                   .pci_devfn = 0xFA,
                                   .port = 2,
                                   .block_size = 2048,
                                   .removable = true,
                                   .cdrom = true,
                                   .read_only = true},
               1, false);
    g_assert_cmpuint(shim_count(&shim, &guid_block_io), ==, 2);
    media = shim_get64(&shim, shim_find(&shim, &guid_block_io, 1, &handle) + BLOCK_MEDIA);
    path = shim_path(&shim, handle);
    g_assert_cmpstr(path, ==, "PciRoot(0x0)/Pci(0x1F,0x2)/Sata(0x2,0xFFFF,0x0)/CDROM(0x0,0x64,0x2)");
    g_free(path);
    g_assert_cmpuint(shim_get32(&shim, media + 12), ==, 2048);
    g_assert_cmpuint(shim_get8(&shim, media + 4), ==, 1); /* removable */
    g_assert_cmpuint(shim_get8(&shim, media + 7), ==, 1); /* read-only */
    shim_stop(&shim);
    block_close(block);
}

/* --- BlockIo, DiskIo --- */
static void test_block_io(void)
{
    struct disk_test test;
    struct shim *shim = &test.shim;
    uint64_t io, media, buffer, last;

    if (!judge_have("sgdisk mkfs.vfat mcopy"))
        return;
    start(&test, 0);
    io = shim_find(shim, &guid_block_io, 0, NULL);
    media = shim_get64(shim, io + BLOCK_MEDIA);
    last = shim_get64(shim, media + 24);
    buffer = shim_new(shim, NULL, 4096);
    g_assert_cmpuint(last, ==, DISK_SIZE / 512 - 1);
    g_assert_cmpuint(shim_get32(shim, media + 16), <=, 1); /* IoAlign */
    assert_status(shim_call(shim, io + BLOCK_READ, io, 1, 1, 512, buffer), EFI_SUCCESS);
    g_assert_cmpuint(shim_get64(shim, buffer), ==, 0x5452415020494645); /* "EFI PART" */
    assert_status(shim_call(shim, io + BLOCK_READ, io, 2, 1, 512, buffer), EFI_MEDIA_CHANGED);
    assert_status(shim_call(shim, io + BLOCK_READ, io, 1, 1, 511, buffer), EFI_BAD_BUFFER_SIZE);
    assert_status(shim_call(shim, io + BLOCK_READ, io, 1, last + 1, 512, buffer), EFI_INVALID_PARAMETER);
    assert_status(shim_call(shim, io + BLOCK_READ, io, 1, last, 1024, buffer), EFI_INVALID_PARAMETER);
    assert_status(shim_call(shim, io + BLOCK_READ, io, 1, UINT64_MAX, 1024, buffer), EFI_INVALID_PARAMETER);
    assert_status(shim_call(shim, io + BLOCK_READ, io, 1, 0, 512, 0), EFI_INVALID_PARAMETER);
    assert_status(shim_call(shim, io + BLOCK_READ, io, 1, 0, 512, (uint64_t)SHIM_RAM - 256), EFI_INVALID_PARAMETER);
    assert_status(shim_call(shim, io + BLOCK_READ, io, 1, 0, UINT64_MAX & ~511ull, buffer), EFI_INVALID_PARAMETER);
    assert_status(shim_call(shim, io + BLOCK_READ, io, 1, 0, 0, buffer), EFI_SUCCESS);
    assert_status(shim_call(shim, io + BLOCK_READ, io + 8, 1, 0, 512, buffer), EFI_INVALID_PARAMETER);
    memory_set(machine_memory(shim->machine), buffer, 0x77, 512);
    assert_status(shim_call(shim, io + BLOCK_WRITE, io, 1, last - 100, 512, buffer), EFI_SUCCESS);
    assert_status(shim_call(shim, io + BLOCK_FLUSH, io), EFI_SUCCESS);
    io = shim_find(shim, &guid_disk_io, 0, NULL);
    assert_status(shim_call(shim, io + DISK_READ, io, 1, (last - 100) * 512 - 1, 3, buffer), EFI_SUCCESS);
    g_assert_cmphex(shim_get32(shim, buffer) & 0xFFFFFF, ==, 0x777700);
    assert_status(shim_call(shim, io + DISK_READ, io, 1, DISK_SIZE - 1, 2, buffer), EFI_INVALID_PARAMETER);
    stop(&test);
}

static void test_read_only(void)
{
    struct disk_test test;
    struct shim *shim = &test.shim;
    uint64_t io, buffer, file;

    if (!judge_have("sgdisk mkfs.vfat mcopy"))
        return;
    start(&test, BLOCK_READ_ONLY);
    io = shim_find(shim, &guid_block_io, 0, NULL);
    buffer = shim_new(shim, NULL, 512);
    assert_status(shim_call(shim, io + BLOCK_WRITE, io, 1, 1, 512, buffer), EFI_WRITE_PROTECTED);
    g_assert_cmpuint(shim_get8(shim, shim_get64(shim, io + BLOCK_MEDIA) + 7), ==, 1);
    assert_status(open_at(&test, test.root, "new", MODE_CREATE, 0, &file), EFI_WRITE_PROTECTED);
    assert_status(open_at(&test, test.root, "EFI", MODE_READ, 0, &file), EFI_SUCCESS);
    stop(&test);
}

/* --- files --- */
static void test_read_file(void)
{
    struct disk_test test;
    struct shim *shim = &test.shim;
    uint64_t directory, file, buffer, size = 100, position;

    if (!judge_have("sgdisk mkfs.vfat mcopy"))
        return;
    start(&test, 0);
    buffer = shim_new(shim, NULL, 128);
    position = shim_new64(shim, 0);
    assert_status(open_at(&test, test.root, "\\efi\\Boot", MODE_READ, 0, &directory), EFI_SUCCESS);
    assert_status(open_at(&test, directory, "HELLO.TXT", MODE_READ, 0, &file), EFI_SUCCESS);
    assert_status(transfer(&test, file, FILE_READ, buffer, &size), EFI_SUCCESS);
    g_assert_cmpuint(size, ==, 14);
    g_assert_cmpuint(shim_get32(shim, buffer), ==, 0x6C6C6548);
    assert_status(transfer(&test, file, FILE_READ, buffer, &size), EFI_SUCCESS);
    g_assert_cmpuint(size, ==, 0);
    assert_status(shim_call(shim, file + FILE_SET_POSITION, file, 7), EFI_SUCCESS);
    size = 5;
    assert_status(transfer(&test, file, FILE_READ, buffer, &size), EFI_SUCCESS);
    g_assert_cmpuint(shim_get32(shim, buffer), ==, 0x6F646552); /* "Redo" */
    assert_status(shim_call(shim, file + FILE_GET_POSITION, file, position), EFI_SUCCESS);
    g_assert_cmpuint(shim_get64(shim, position), ==, 12);
    assert_status(shim_call(shim, file + FILE_SET_POSITION, file, UINT64_MAX), EFI_SUCCESS);
    assert_status(shim_call(shim, file + FILE_GET_POSITION, file, position), EFI_SUCCESS);
    g_assert_cmpuint(shim_get64(shim, position), ==, 14);
    assert_status(shim_call(shim, file + FILE_SET_POSITION, file, 15), EFI_SUCCESS);
    assert_status(transfer(&test, file, FILE_READ, buffer, &size), EFI_DEVICE_ERROR);
    size = 1;
    assert_status(transfer(&test, file, FILE_WRITE, buffer, &size), EFI_ACCESS_DENIED);
    assert_status(shim_call(shim, directory + FILE_GET_POSITION, directory, position), EFI_UNSUPPORTED);
    assert_status(shim_call(shim, directory + FILE_SET_POSITION, directory, 1), EFI_UNSUPPORTED);
    assert_status(open_at(&test, directory, "nothing", MODE_READ, 0, &file), EFI_NOT_FOUND);
    assert_status(open_at(&test, directory, "hello.txt", 2, 0, &file), EFI_INVALID_PARAMETER);
    assert_status(open_at(&test, directory, "hello.txt", MODE_CREATE, 0x1000, &file), EFI_INVALID_PARAMETER);
    assert_status(open_at(&test, directory, "hello.txt", MODE_CREATE, DIRECTORY, &file), EFI_ACCESS_DENIED);
    assert_status(shim_call(shim, directory + FILE_CLOSE, directory), EFI_SUCCESS);
    assert_status(shim_call(shim, test.root + FILE_CLOSE, directory), EFI_INVALID_PARAMETER);
    stop(&test);
}

static void test_directory_listing(void)
{
    struct disk_test test;
    struct shim *shim = &test.shim;
    uint64_t directory, buffer, size;
    GString *names = g_string_new(NULL);

    if (!judge_have("sgdisk mkfs.vfat mcopy"))
        return;
    start(&test, 0);
    buffer = shim_new(shim, NULL, 512);
    assert_status(open_at(&test, test.root, "EFI\\BOOT", MODE_READ, 0, &directory), EFI_SUCCESS);
    size = 10;
    assert_status(transfer(&test, directory, FILE_READ, buffer, &size), EFI_BUFFER_TOO_SMALL);
    g_assert_cmpuint(size, ==, 80 + 4); /* "." */
    for (;;) {
        char *name;

        size = 512;
        assert_status(transfer(&test, directory, FILE_READ, buffer, &size), EFI_SUCCESS);
        if (size == 0)
            break;
        g_assert_cmpuint(shim_get64(shim, buffer), ==, size);
        name = uefi_read_text(shim->uefi, buffer + 80, 100);
        g_string_append_printf(names, "%s:%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT " ", name,
                               shim_get64(shim, buffer + 72) & DIRECTORY, shim_get64(shim, buffer + 8));
        g_free(name);
    }
    g_assert_cmpstr(names->str, ==, ".:16:0 ..:16:0 hello.txt:0:14 ");
    g_string_free(names, TRUE);
    stop(&test);
}

static void test_write_file(void)
{
    struct disk_test test;
    struct shim *shim = &test.shim;
    uint64_t directory, file, again, buffer, size;
    char *output = NULL, *copy;
    gsize length;

    if (!judge_have("sgdisk mkfs.vfat mcopy fsck.vfat"))
        return;
    start(&test, 0);
    buffer = shim_new(shim, NULL, 3 << 20);
    for (unsigned i = 0; i < 3 << 20; i += 4)
        memory_write32(machine_memory(shim->machine), buffer + i, i * 2654435761u);
    assert_status(open_at(&test, test.root, "new directory", MODE_CREATE, DIRECTORY, &directory), EFI_SUCCESS);
    assert_status(open_at(&test, directory, "Data file.bin", MODE_CREATE, 0, &file), EFI_SUCCESS);
    size = 3 << 20;
    assert_status(transfer(&test, file, FILE_WRITE, buffer, &size), EFI_SUCCESS);
    g_assert_cmpuint(size, ==, 3 << 20);
    assert_status(shim_call(shim, file + FILE_FLUSH, file), EFI_SUCCESS);
    size = 4;
    assert_status(transfer(&test, directory, FILE_WRITE, buffer, &size), EFI_UNSUPPORTED);
    assert_status(shim_call(shim, directory + FILE_DELETE, directory), EFI_WARN_DELETE_FAILURE);
    assert_status(open_at(&test, file, "..\\new directory\\DATA FILE.BIN", MODE_WRITE, 0, &again), EFI_SUCCESS);
    assert_status(shim_call(shim, again + FILE_CLOSE, again), EFI_SUCCESS);
    assert_status(open_at(&test, file, "victim", MODE_CREATE, 0, &again), EFI_SUCCESS);
    assert_status(shim_call(shim, again + FILE_DELETE, again), EFI_SUCCESS);
    assert_status(open_at(&test, file, "victim", MODE_READ, 0, &again), EFI_NOT_FOUND);
    block_flush(test.block);
    copy = judge_image(0);
    g_assert_cmpint(judge_run(NULL, "mcopy -n -o -i %s@@1M '::/new directory/Data file.bin' %s", test.path, copy), ==,
                    0);
    g_assert_true(g_file_get_contents(copy, &output, &length, NULL));
    g_assert_cmpmem(output, length, memory_pointer(machine_memory(shim->machine), buffer, 3 << 20), 3 << 20);
    g_free(output);
    judge_remove(copy);
    g_assert_cmpint(judge_run(NULL, "dd if=%s of=%s.part bs=1M skip=1 count=34 status=none", test.path, test.path), ==,
                    0);
    g_assert_cmpint(judge_run(NULL, "fsck.vfat -n %s.part", test.path), ==, 0);
    g_assert_cmpint(judge_run(NULL, "rm %s.part", test.path), ==, 0);
    stop(&test);
}

/* One file through two handles: what one does, the other sees. */
static void test_two_handles(void)
{
    struct disk_test test;
    struct shim *shim = &test.shim;
    uint64_t one, two, buffer, size = 5;

    if (!judge_have("sgdisk mkfs.vfat mcopy"))
        return;
    start(&test, 0);
    buffer = shim_new(shim, "fresh", 6);
    assert_status(open_at(&test, test.root, "shared", MODE_CREATE, 0, &one), EFI_SUCCESS);
    assert_status(open_at(&test, test.root, "shared", MODE_READ, 0, &two), EFI_SUCCESS);
    assert_status(transfer(&test, one, FILE_WRITE, buffer, &size), EFI_SUCCESS);
    size = 16;
    assert_status(transfer(&test, two, FILE_READ, buffer, &size), EFI_SUCCESS);
    g_assert_cmpuint(size, ==, 5);
    assert_status(shim_call(shim, one + FILE_DELETE, one), EFI_SUCCESS);
    assert_status(transfer(&test, two, FILE_READ, buffer, &size), EFI_DEVICE_ERROR);
    assert_status(shim_call(shim, two + FILE_CLOSE, two), EFI_SUCCESS);
    stop(&test);
}

static efi_status get_info(struct disk_test *test, uint64_t file, const struct efi_guid *type, uint64_t buffer,
                           uint64_t *size)
{
    uint64_t size_address = shim_new64(&test->shim, *size);
    efi_status status =
        shim_call(&test->shim, file + FILE_GET_INFO, file, shim_guid(&test->shim, type), size_address, buffer);

    *size = shim_get64(&test->shim, size_address);
    return status;
}

static efi_status set_info(struct disk_test *test, uint64_t file, const struct efi_guid *type, uint64_t buffer,
                           uint64_t size)
{
    return shim_call(&test->shim, file + FILE_SET_INFO, file, shim_guid(&test->shim, type), size, buffer);
}

static void set_name(struct disk_test *test, uint64_t buffer, const char *name)
{
    uint64_t text = shim_text(&test->shim, name);

    for (unsigned i = 0; i <= strlen(name); i++)
        memory_write16(machine_memory(test->shim.machine), buffer + 80 + i * 2, shim_get16(&test->shim, text + i * 2));
}

static void test_info(void)
{
    struct disk_test test;
    struct shim *shim = &test.shim;
    struct memory *memory;
    uint64_t file, other, buffer, size = 0;
    char *text;

    if (!judge_have("sgdisk mkfs.vfat mcopy"))
        return;
    start(&test, 0);
    memory = machine_memory(shim->machine);
    buffer = shim_new(shim, NULL, 512);
    assert_status(open_at(&test, test.root, "EFI\\BOOT\\hello.txt", MODE_WRITE, 0, &file), EFI_SUCCESS);
    assert_status(get_info(&test, file, &guid_file_info, buffer, &size), EFI_BUFFER_TOO_SMALL);
    g_assert_cmpuint(size, ==, 80 + 20);
    assert_status(get_info(&test, file, &guid_file_info, buffer, &size), EFI_SUCCESS);
    g_assert_cmpuint(shim_get64(shim, buffer + 8), ==, 14);
    g_assert_cmpuint(shim_get64(shim, buffer + 16), ==, 512);
    g_assert_cmpuint(shim_get16(shim, buffer + 56), >=, 2024);
    assert_status(get_info(&test, file, &guid_block_io, buffer, &size), EFI_UNSUPPORTED);
    /* cut it, make it hidden, call it something else */
    memory_write64(memory, buffer + 8, 5);
    memory_write64(memory, buffer + 72, 2);
    set_name(&test, buffer, "Renamed File.text");
    assert_status(set_info(&test, file, &guid_file_info, buffer, 80 + 36), EFI_SUCCESS);
    assert_status(open_at(&test, test.root, "EFI\\BOOT\\hello.txt", MODE_READ, 0, &other), EFI_NOT_FOUND);
    assert_status(open_at(&test, test.root, "EFI\\BOOT\\renamed file.text", MODE_READ, 0, &other), EFI_SUCCESS);
    size = 512;
    assert_status(get_info(&test, file, &guid_file_info, buffer, &size), EFI_SUCCESS);
    text = uefi_read_text(shim->uefi, buffer + 80, 100);
    g_assert_cmpstr(text, ==, "Renamed File.text");
    g_free(text);
    g_assert_cmpuint(shim_get64(shim, buffer + 8), ==, 5);
    g_assert_cmpuint(shim_get64(shim, buffer + 72), ==, 2);
    /* what is not allowed */
    memory_write64(memory, buffer + 72, 0x12);
    assert_status(set_info(&test, file, &guid_file_info, buffer, size), EFI_ACCESS_DENIED);
    memory_write64(memory, buffer + 72, 0x100);
    assert_status(set_info(&test, file, &guid_file_info, buffer, size), EFI_INVALID_PARAMETER);
    memory_write64(memory, buffer + 72, 2);
    memory_write64(memory, buffer + 8, 6);
    assert_status(set_info(&test, other, &guid_file_info, buffer, size), EFI_ACCESS_DENIED); /* read-only */
    assert_status(set_info(&test, file, &guid_file_info, buffer, 81), EFI_BAD_BUFFER_SIZE);
    memory_write8(memory, buffer + 24 + 2, 13); /* month */
    assert_status(set_info(&test, file, &guid_file_info, buffer, size), EFI_INVALID_PARAMETER);
    stop(&test);
}

static void test_volume_info(void)
{
    struct disk_test test;
    struct shim *shim = &test.shim;
    uint64_t buffer, size = 512, label;
    char *text;

    if (!judge_have("sgdisk mkfs.vfat mcopy"))
        return;
    start(&test, 0);
    buffer = shim_new(shim, NULL, 512);
    assert_status(get_info(&test, test.root, &guid_file_system_info, buffer, &size), EFI_SUCCESS);
    g_assert_cmpuint(size, ==, 38);
    g_assert_cmpuint(shim_get8(shim, buffer + 8), ==, 0);
    g_assert_cmpuint(shim_get64(shim, buffer + 16), >, 30 << 20);
    g_assert_cmpuint(shim_get64(shim, buffer + 24), <, shim_get64(shim, buffer + 16));
    g_assert_cmpuint(shim_get32(shim, buffer + 32), ==, 512);
    label = shim_text(shim, "Galvanic");
    assert_status(set_info(&test, test.root, &guid_file_system_volume_label, label, 18), EFI_SUCCESS);
    size = 512;
    assert_status(get_info(&test, test.root, &guid_file_system_volume_label, buffer, &size), EFI_SUCCESS);
    text = uefi_read_text(shim->uefi, buffer, 20);
    g_assert_cmpstr(text, ==, "GALVANIC");
    g_free(text);
    stop(&test);
}

/* Open files are part of the state. */
static void test_state(void)
{
    struct disk_test test;
    struct shim *shim = &test.shim;
    GByteArray *state = g_byte_array_new();
    uint64_t file, directory, buffer, size = 7;
    GError *error = NULL;

    if (!judge_have("sgdisk mkfs.vfat mcopy"))
        return;
    start(&test, 0);
    buffer = shim_new(shim, NULL, 512);
    assert_status(open_at(&test, test.root, "EFI\\BOOT", MODE_READ, 0, &directory), EFI_SUCCESS);
    assert_status(open_at(&test, directory, "hello.txt", MODE_READ, 0, &file), EFI_SUCCESS);
    assert_status(transfer(&test, file, FILE_READ, buffer, &size), EFI_SUCCESS);
    machine_save(shim->machine, state);
    assert_status(shim_call(shim, file + FILE_CLOSE, file), EFI_SUCCESS);
    assert_status(shim_call(shim, directory + FILE_CLOSE, directory), EFI_SUCCESS);
    g_assert_true(machine_load(shim->machine, state->data, state->len, &error));
    g_assert_no_error(error);
    size = 7;
    assert_status(transfer(&test, file, FILE_READ, buffer, &size), EFI_SUCCESS);
    g_assert_cmpuint(shim_get32(shim, buffer), ==, 0x6F646552); /* "Redo" */
    assert_status(open_at(&test, directory, "HELLO.TXT", MODE_READ, 0, &file), EFI_SUCCESS);
    g_byte_array_unref(state);
    stop(&test);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/uefi-disk/handles", test_handles);
    g_test_add_func("/uefi-disk/cdrom", test_cdrom);
    g_test_add_func("/uefi-disk/block-io", test_block_io);
    g_test_add_func("/uefi-disk/read-only", test_read_only);
    g_test_add_func("/uefi-disk/read-file", test_read_file);
    g_test_add_func("/uefi-disk/directory", test_directory_listing);
    g_test_add_func("/uefi-disk/write-file", test_write_file);
    g_test_add_func("/uefi-disk/two-handles", test_two_handles);
    g_test_add_func("/uefi-disk/info", test_info);
    g_test_add_func("/uefi-disk/volume-info", test_volume_info);
    g_test_add_func("/uefi-disk/state", test_state);
    return g_test_run();
}
