/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bzImage: Linux Documentation/arch/x86/boot.rst and zero-page.rst.  Offsets are those of the zero page. */
#include <string.h>

#include "emu/bytes.h"
#include "firmware/linux/internal.h"

#define SETUP_HEADER 0x1F1
#define SETUP_SECTS 0x1F1
#define BOOT_FLAG 0x1FE
#define HEADER_MAGIC 0x202
#define HEADER_VERSION 0x206
#define TYPE_OF_LOADER 0x210
#define LOADFLAGS 0x211
#define RAMDISK_IMAGE 0x218
#define RAMDISK_SIZE 0x21C
#define CMD_LINE_PTR 0x228
#define INITRD_ADDR_MAX 0x22C
#define XLOADFLAGS 0x236
#define CMDLINE_SIZE 0x238
#define PREF_ADDRESS 0x258
#define INIT_SIZE 0x260
#define ACPI_RSDP_ADDR 0x070
#define E820_ENTRIES 0x1E8
#define E820_TABLE 0x2D0

#define XLF_KERNEL_64 1
#define OLDEST_VERSION 0x020C
#define ENTRY_64 0x200
#define PAGE_SIZE 4096

#define BAD_KERNEL G_FILE_ERROR, G_FILE_ERROR_INVAL

static bool is_elf(GBytes *kernel)
{
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(kernel, &length);

    return length > 64 && memcmp(bytes, "\177ELF", 4) == 0;
}

static bool check_bzimage(GBytes *kernel, const char *name, GError **error)
{
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(kernel, &length);

    if (length < 0x1000 || get_le16(bytes + BOOT_FLAG) != 0xAA55 || memcmp(bytes + HEADER_MAGIC, "HdrS", 4) != 0) {
        g_set_error(error, BAD_KERNEL,
                    "--kernel %s: this is no Linux bzImage for x86_64 and no ELF file with a PVH entry", name);
        return false;
    }
    if (get_le16(bytes + HEADER_VERSION) < OLDEST_VERSION || !(get_le16(bytes + XLOADFLAGS) & XLF_KERNEL_64)) {
        g_set_error(error, BAD_KERNEL,
                    "--kernel %s: this kernel has no 64-bit entry; give one of Linux 3.8 or later for x86_64", name);
        return false;
    }
    gsize setup = ((gsize)(bytes[SETUP_SECTS] ? bytes[SETUP_SECTS] : 4) + 1) * 512;
    if (length <= setup + ENTRY_64) {
        g_set_error(error, BAD_KERNEL, "--kernel %s: the file is cut off", name);
        return false;
    }
    return true;
}

bool linux_boot_check(GBytes *kernel, const char *name, GError **error)
{
    return is_elf(kernel) ? pvh_check(kernel, name, error) : check_bzimage(kernel, name, error);
}

bool linux_boot_is_ram(const struct linux_boot *boot, uint64_t address, uint64_t size)
{
    for (unsigned i = 0; i < boot->range_count; i++) {
        const struct linux_memory_range *range = &boot->ranges[i];
        if (range->type == LINUX_MEMORY_RAM && address >= range->address && address - range->address <= range->size &&
            size <= range->size - (address - range->address))
            return true;
    }
    return false;
}

uint64_t linux_boot_place(const struct linux_boot *boot, uint64_t bottom, uint64_t size)
{
    for (unsigned i = boot->range_count; i > 0; i--) {
        const struct linux_memory_range *range = &boot->ranges[i - 1];
        uint64_t end = range->address + range->size;
        if (range->type != LINUX_MEMORY_RAM || end > 1ULL << 32 || size > range->size)
            continue;
        uint64_t address = (end - size) & ~(uint64_t)(PAGE_SIZE - 1);
        if (address >= range->address && address >= bottom)
            return address;
    }
    return 0;
}

bool linux_boot_load_initrd(const struct linux_boot *boot, uint64_t bottom, uint64_t limit, uint64_t *address,
                            GError **error)
{
    gsize length;

    *address = 0;
    if (!boot->initrd)
        return true;
    const void *bytes = g_bytes_get_data(boot->initrd, &length);
    *address = linux_boot_place(boot, bottom, length);
    if (!*address || *address + length - 1 > limit) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                    "--initrd: %" G_GSIZE_FORMAT " MiB do not fit beside the kernel; give more with --memory",
                    length >> 20);
        return false;
    }
    return memory_write(machine_memory(boot->machine), *address, bytes, length);
}

bool linux_boot_put_command_line(const struct linux_boot *boot, GError **error)
{
    const char *text = boot->append ? boot->append : "";

    if (strlen(text) >= BOOT_COMMAND_LINE_MAX) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--append: longer than %u characters",
                    BOOT_COMMAND_LINE_MAX - 1);
        return false;
    }
    return memory_write(machine_memory(boot->machine), BOOT_COMMAND_LINE, text, strlen(text) + 1);
}

static void fill_parameters(const struct linux_boot *boot, uint8_t *page, const uint8_t *kernel, uint64_t initrd)
{
    size_t header = 0x202 + kernel[0x201] - SETUP_HEADER;

    memcpy(page + SETUP_HEADER, kernel + SETUP_HEADER, header);
    page[TYPE_OF_LOADER] = 0xFF; /* a loader without a number of its own */
    put_le32(page + CMD_LINE_PTR, BOOT_COMMAND_LINE);
    put_le32(page + RAMDISK_IMAGE, (uint32_t)initrd);
    put_le32(page + RAMDISK_SIZE, initrd ? (uint32_t)g_bytes_get_size(boot->initrd) : 0);
    put_le64(page + ACPI_RSDP_ADDR, boot->rsdp);
    page[E820_ENTRIES] = (uint8_t)boot->range_count;
    for (unsigned i = 0; i < boot->range_count; i++) {
        uint8_t *entry = page + E820_TABLE + 20 * i;
        put_le64(entry, boot->ranges[i].address);
        put_le64(entry + 8, boot->ranges[i].size);
        put_le32(entry + 16, boot->ranges[i].type);
    }
}

/* Maps the first 4 GiB one to one with 2 MiB pages. */
static void write_page_tables(struct memory *memory)
{
    memory_set(memory, BOOT_PAGE_TABLES, 0, 6 * PAGE_SIZE);
    memory_write64(memory, BOOT_PAGE_TABLES, (BOOT_PAGE_TABLES + PAGE_SIZE) | 3);
    for (unsigned gib = 0; gib < 4; gib++) {
        uint64_t directory = BOOT_PAGE_TABLES + (2 + gib) * PAGE_SIZE;
        memory_write64(memory, BOOT_PAGE_TABLES + PAGE_SIZE + 8 * gib, directory | 3);
        for (unsigned i = 0; i < 512; i++)
            memory_write64(memory, directory + 8 * i, ((uint64_t)gib << 30 | (uint64_t)i << 21) | 0x83);
    }
}

void linux_boot_set_segments(const struct linux_boot *boot, struct x86_64_registers *registers, bool long_mode)
{
    static const enum x86_64_segment_index data[] = {X86_64_DS, X86_64_ES, X86_64_SS, X86_64_FS, X86_64_GS};
    struct memory *memory = machine_memory(boot->machine);
    uint16_t mode = long_mode ? 0xA000 : 0xC000; /* G, and L or D */

    memory_write64(memory, BOOT_GDT, 0);
    memory_write64(memory, BOOT_GDT + 8, 0);
    memory_write64(memory, BOOT_GDT + 0x10, long_mode ? 0x00AF9B000000FFFF : 0x00CF9B000000FFFF);
    memory_write64(memory, BOOT_GDT + 0x18, 0x00CF93000000FFFF);
    registers->gdt_base = BOOT_GDT;
    registers->gdt_limit = 0x1F;
    registers->segment[X86_64_CS] = (struct x86_64_segment){
        .selector = 0x10, .attributes = (uint16_t)(0x9B | mode), .limit = UINT32_MAX, .base = 0};
    for (unsigned i = 0; i < G_N_ELEMENTS(data); i++)
        registers->segment[data[i]] =
            (struct x86_64_segment){.selector = 0x18, .attributes = 0xC093, .limit = UINT32_MAX, .base = 0};
}

static void enter_64(const struct linux_boot *boot, uint64_t kernel_address)
{
    struct cpu *cpu = machine_cpu(boot->machine, 0);
    struct x86_64_registers registers;

    write_page_tables(machine_memory(boot->machine));
    x86_64_get_registers(cpu, &registers);
    linux_boot_set_segments(boot, &registers, true);
    registers.cr0 = 0x80010033; /* PG, WP, NE, ET, MP, PE */
    registers.cr3 = BOOT_PAGE_TABLES;
    registers.cr4 = 0x620;  /* PAE, OSFXSR, OSXMMEXCPT */
    registers.efer = 0x500; /* LME, LMA */
    registers.rflags = 2;
    registers.rip = kernel_address + ENTRY_64;
    registers.gpr[X86_64_RSI] = BOOT_PARAMETERS;
    registers.gpr[X86_64_RSP] = BOOT_STACK;
    x86_64_set_registers(cpu, &registers);
}

static bool start_bzimage(const struct linux_boot *boot, GError **error)
{
    struct memory *memory = machine_memory(boot->machine);
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(boot->kernel, &length);
    gsize setup = ((gsize)(bytes[SETUP_SECTS] ? bytes[SETUP_SECTS] : 4) + 1) * 512;
    uint64_t address = get_le64(bytes + PREF_ADDRESS);
    uint64_t size = MAX(get_le32(bytes + INIT_SIZE), length - setup);
    uint8_t page[PAGE_SIZE] = {0};
    uint64_t initrd;

    if (!linux_boot_is_ram(boot, address, size)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                    "--kernel %s: it needs %u MiB at %u MiB, which this machine has not; give more with --memory",
                    boot->kernel_name, (unsigned)(size >> 20), (unsigned)(address >> 20));
        return false;
    }
    if (!linux_boot_put_command_line(boot, error) ||
        !linux_boot_load_initrd(boot, address + size, get_le32(bytes + INITRD_ADDR_MAX), &initrd, error))
        return false;
    memory_write(memory, address, bytes + setup, length - setup);
    fill_parameters(boot, page, bytes, initrd);
    memory_write(memory, BOOT_PARAMETERS, page, sizeof(page));
    enter_64(boot, address);
    return true;
}

bool linux_boot_start(const struct linux_boot *boot, GError **error)
{
    return is_elf(boot->kernel) ? pvh_start(boot, error) : start_bzimage(boot, error);
}
