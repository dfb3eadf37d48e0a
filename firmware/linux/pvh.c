/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF files with a PVH entry: 32-bit protected mode, EBX points to struct hvm_start_info. Xen docs/misc/pvh, xen/arch-x86/hvm/start_info.h. */
#include <string.h>

#include "emu/bytes.h"
#include "firmware/linux/internal.h"

#define NOTE_PHYS32_ENTRY 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
#define START_MAGIC 0x336EC578u
#define START_INFO BOOT_PARAMETERS
#define MODULE_LIST (BOOT_PARAMETERS + 0x100)
#define MEMORY_MAP (BOOT_PARAMETERS + 0x1000)

struct segment {
    uint32_t type;
    uint64_t offset, address, file_size, memory_size;
};

/* Program headers of both classes. False: past the last, or outside the file. */
static bool read_segment(const uint8_t *bytes, gsize length, unsigned index, struct segment *segment)
{
    bool wide = bytes[4] == 2;
    uint64_t table = wide ? get_le64(bytes + 32) : get_le32(bytes + 28);
    unsigned size = get_le16(bytes + (wide ? 54 : 42));
    unsigned count = get_le16(bytes + (wide ? 56 : 44));
    unsigned needed = wide ? 56 : 32;

    if (index >= count || size < needed || table > length || (uint64_t)index * size + needed > length - table)
        return false;
    const uint8_t *header = bytes + table + (uint64_t)index * size;
    segment->type = get_le32(header);
    segment->offset = wide ? get_le64(header + 8) : get_le32(header + 4);
    segment->address = wide ? get_le64(header + 24) : get_le32(header + 12);
    segment->file_size = wide ? get_le64(header + 32) : get_le32(header + 16);
    segment->memory_size = wide ? get_le64(header + 40) : get_le32(header + 20);
    return segment->offset <= length && segment->file_size <= length - segment->offset;
}

/* The entry in a note segment's bytes; 0: not there. */
static uint32_t find_entry(const uint8_t *notes, uint64_t length)
{
    uint64_t at = 0;

    while (length - at >= 12) {
        uint64_t name = get_le32(notes + at), data = get_le32(notes + at + 4);
        uint32_t type = get_le32(notes + at + 8);
        uint64_t data_at = at + 12 + ((name + 3) & ~3ULL);
        if (data_at > length || data > length - data_at)
            return 0;
        if (type == NOTE_PHYS32_ENTRY && name == 4 && memcmp(notes + at + 12, "Xen", 4) == 0 && data >= 4)
            return get_le32(notes + data_at);
        at = data_at + ((data + 3) & ~3ULL);
        if (at > length)
            return 0;
    }
    return 0;
}

static uint32_t pvh_entry(GBytes *kernel)
{
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(kernel, &length);
    struct segment segment;

    for (unsigned i = 0; read_segment(bytes, length, i, &segment); i++) {
        uint32_t entry = segment.type == 4 ? find_entry(bytes + segment.offset, segment.file_size) : 0;
        if (entry)
            return entry;
    }
    return 0;
}

bool pvh_check(GBytes *kernel, const char *name, GError **error)
{
    if (pvh_entry(kernel))
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "--kernel %s: this ELF file has no PVH entry (a Xen note of type 18); give a bzImage or add one", name);
    return false;
}

static bool load_segments(const struct linux_boot *boot, uint64_t *end, GError **error)
{
    struct memory *memory = machine_memory(boot->machine);
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(boot->kernel, &length);
    struct segment segment;

    *end = 0;
    for (unsigned i = 0; read_segment(bytes, length, i, &segment); i++) {
        if (segment.type != 1 || !segment.memory_size)
            continue;
        if (segment.file_size > segment.memory_size || !linux_boot_is_ram(boot, segment.address, segment.memory_size)) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "--kernel %s: segment %u lies at 0x%" G_GINT64_MODIFIER
                        "x, where this machine has no free memory",
                        boot->kernel_name, i, segment.address);
            return false;
        }
        memory_write(memory, segment.address, bytes + segment.offset, (size_t)segment.file_size);
        memory_set(memory, segment.address + segment.file_size, 0, (size_t)(segment.memory_size - segment.file_size));
        *end = MAX(*end, segment.address + segment.memory_size);
    }
    return true;
}

static void write_start_info(const struct linux_boot *boot, uint64_t initrd)
{
    struct memory *memory = machine_memory(boot->machine);

    memory_set(memory, START_INFO, 0, 0x200);
    memory_write32(memory, START_INFO, START_MAGIC);
    memory_write32(memory, START_INFO + 4, 1); /* version */
    memory_write32(memory, START_INFO + 12, initrd ? 1 : 0);
    memory_write64(memory, START_INFO + 16, initrd ? MODULE_LIST : 0);
    memory_write64(memory, START_INFO + 24, BOOT_COMMAND_LINE);
    memory_write64(memory, START_INFO + 32, boot->rsdp);
    memory_write64(memory, START_INFO + 40, MEMORY_MAP);
    memory_write32(memory, START_INFO + 48, boot->range_count);
    if (initrd) {
        memory_write64(memory, MODULE_LIST, initrd);
        memory_write64(memory, MODULE_LIST + 8, g_bytes_get_size(boot->initrd));
    }
    for (unsigned i = 0; i < boot->range_count; i++) {
        uint64_t entry = MEMORY_MAP + 24 * i;
        memory_write64(memory, entry, boot->ranges[i].address);
        memory_write64(memory, entry + 8, boot->ranges[i].size);
        memory_write32(memory, entry + 16, boot->ranges[i].type);
        memory_write32(memory, entry + 20, 0);
    }
}

bool pvh_start(const struct linux_boot *boot, GError **error)
{
    struct cpu *cpu = machine_cpu(boot->machine, 0);
    struct x86_64_registers registers;
    uint64_t end, initrd;

    if (!load_segments(boot, &end, error) || !linux_boot_put_command_line(boot, error) ||
        !linux_boot_load_initrd(boot, end, UINT32_MAX, &initrd, error))
        return false;
    write_start_info(boot, initrd);
    x86_64_get_registers(cpu, &registers);
    linux_boot_set_segments(boot, &registers, false);
    registers.segment[X86_64_TR] = (struct x86_64_segment){.attributes = 0x8B, .limit = 0x67};
    registers.cr0 = 0x11; /* ET, PE */
    registers.cr4 = 0;
    registers.efer = 0;
    registers.rflags = 2;
    registers.rip = pvh_entry(boot->kernel);
    registers.gpr[X86_64_RBX] = START_INFO;
    registers.gpr[X86_64_RSP] = BOOT_STACK;
    x86_64_set_registers(cpu, &registers);
    return true;
}
