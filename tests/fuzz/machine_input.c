/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See machine_input.h. */
#include "tests/fuzz/machine_input.h"

#include "boards/board.h"
#include "emu/bytes.h"
#include "emu/host/block.h"
#include "emu/machine.h"
#include "tests/fuzz/elf_sample.h"

#define MEMORY_SIZE (32u << 20)
#define DISK_SIZE (1u << 20)
#define STEPS_MAX 4096
#define REGIONS_MAX 64
#define PORTS_START 0xc000u
#define MEMORY_START 0xc0000000u

struct region {
    enum memory_space space;
    uint64_t address;
    uint32_t size;
    uint8_t devfn, bar;
};

struct subject {
    struct machine *machine;
    struct block *disks[3];
    struct region regions[REGIONS_MAX];
    unsigned region_count;
    uint8_t functions[32];
    unsigned function_count;
};

static const struct region fixed[REGION_FIRST_BAR] = {
    [REGION_PIC_MASTER] = {MEMORY_SPACE_PORT, 0x20, 2},
    [REGION_PIC_SLAVE] = {MEMORY_SPACE_PORT, 0xa0, 2},
    [REGION_ELCR] = {MEMORY_SPACE_PORT, 0x4d0, 2},
    [REGION_PIT] = {MEMORY_SPACE_PORT, 0x40, 4},
    [REGION_PORT61] = {MEMORY_SPACE_PORT, 0x61, 1},
    [REGION_KEYBOARD] = {MEMORY_SPACE_PORT, 0x60, 5},
    [REGION_RTC] = {MEMORY_SPACE_PORT, 0x70, 4},
    [REGION_DMA] = {MEMORY_SPACE_PORT, 0, 16},
    [REGION_DMA2] = {MEMORY_SPACE_PORT, 0xc0, 32},
    [REGION_DMA_PAGES] = {MEMORY_SPACE_PORT, 0x80, 16},
    [REGION_COM1] = {MEMORY_SPACE_PORT, 0x3f8, 8},
    [REGION_COM2] = {MEMORY_SPACE_PORT, 0x2f8, 8},
    [REGION_VGA] = {MEMORY_SPACE_PORT, 0x3b0, 0x30},
    [REGION_DISPI] = {MEMORY_SPACE_PORT, 0x1ce, 4},
    [REGION_PM] = {MEMORY_SPACE_PORT, 0x600, 0x80},
    [REGION_APM] = {MEMORY_SPACE_PORT, 0xb2, 2},
    [REGION_RESET] = {MEMORY_SPACE_PORT, 0xcf9, 1},
    [REGION_PORT92] = {MEMORY_SPACE_PORT, 0x92, 1},
    [REGION_DEBUG] = {MEMORY_SPACE_PORT, 0x402, 1},
    [REGION_DEBUG_EXIT] = {MEMORY_SPACE_PORT, 0x501, 2},
    [REGION_CONFIG_PORTS] = {MEMORY_SPACE_PORT, 0xcf8, 8},
    [REGION_LAPIC] = {MEMORY_SPACE_PHYSICAL, 0xfee00000, 0x1000},
    [REGION_IOAPIC] = {MEMORY_SPACE_PHYSICAL, 0xfec00000, 0x100},
    [REGION_HPET] = {MEMORY_SPACE_PHYSICAL, 0xfed00000, 0x400},
    [REGION_ECAM] = {MEMORY_SPACE_PHYSICAL, 0xb0000000, 0x10000},
    [REGION_VIDEO_WINDOW] = {MEMORY_SPACE_PHYSICAL, 0xa0000, 0x10000},
};

/* --- the board, set up as firmware does, but by the guest's own means --- */
static uint32_t config_access(struct subject *subject, uint8_t devfn, unsigned offset, const uint32_t *value)
{
    struct memory *memory = machine_memory(subject->machine);

    memory_io_write(memory, MEMORY_SPACE_PORT, 0xcf8, 4, 0x80000000u | (uint32_t)devfn << 8 | (offset & 0xfc));
    if (value)
        memory_io_write(memory, MEMORY_SPACE_PORT, 0xcfc, 4, *value);
    return (uint32_t)memory_io_read(memory, MEMORY_SPACE_PORT, 0xcfc, 4);
}

static void config_set(struct subject *subject, uint8_t devfn, unsigned offset, uint32_t value)
{
    config_access(subject, devfn, offset, &value);
}

static void add_region(struct subject *subject, const struct region *region)
{
    if (subject->region_count < REGIONS_MAX)
        subject->regions[subject->region_count++] = *region;
}

static void place_bar(struct subject *subject, uint8_t devfn, unsigned bar, uint32_t *ports, uint32_t *memory)
{
    const uint32_t ones = 0xffffffff;
    uint32_t mask = config_access(subject, devfn, 0x10 + 4 * bar, &ones);
    bool port = mask & 1;
    uint32_t size = ~(mask & (port ? 0xfffffffcu : 0xfffffff0u)) + 1;
    uint32_t *next = port ? ports : memory;

    if (!mask || mask == ones)
        return;
    if (port)
        size &= 0xffff;
    *next = (*next + size - 1) & ~(size - 1);
    config_set(subject, devfn, 0x10 + 4 * bar, *next);
    add_region(subject, &(struct region){port ? MEMORY_SPACE_PORT : MEMORY_SPACE_PHYSICAL, *next, MIN(size, 0x10000),
                                         devfn, (uint8_t)bar});
    *next += size;
}

static void set_up_pci(struct subject *subject)
{
    uint32_t ports = PORTS_START, memory = MEMORY_START;

    for (unsigned devfn = 0; devfn < 256; devfn++) {
        if ((config_access(subject, (uint8_t)devfn, 0, NULL) & 0xffff) == 0xffff)
            continue;
        if (subject->function_count < G_N_ELEMENTS(subject->functions))
            subject->functions[subject->function_count++] = (uint8_t)devfn;
        for (unsigned bar = 0; bar < 6; bar++) {
            uint32_t old = config_access(subject, (uint8_t)devfn, 0x10 + 4 * bar, NULL);
            place_bar(subject, (uint8_t)devfn, bar, &ports, &memory);
            if ((old & 7) == 4) /* the upper half of a 64-bit one */
                config_set(subject, (uint8_t)devfn, 0x10 + 4 * ++bar, 0);
        }
        config_set(subject, (uint8_t)devfn, 4, 7);
    }
    config_set(subject, 0, 0x60, 0xb0000001); /* PCIEXBAR */
    config_set(subject, 0xf8, 0x40, 0x601);   /* power management's ports */
    config_set(subject, 0xf8, 0x44, 0x80);
    memory_commit(machine_memory(subject->machine));
}

static void add_disks(struct subject *subject, struct board_config *config)
{
    g_autofree uint8_t *bytes = g_malloc(DISK_SIZE);

    for (unsigned i = 0; i < G_N_ELEMENTS(subject->disks); i++) {
        memset(bytes, (int)i + 1, DISK_SIZE);
        subject->disks[i] = block_new_memory(bytes, DISK_SIZE, 0);
        config->disks[i] = (struct board_disk){
            .block = subject->disks[i], .bus = i == 2 ? BOARD_BUS_VIRTIO : BOARD_BUS_AHCI, .cdrom = i == 1};
    }
    config->disk_count = G_N_ELEMENTS(subject->disks);
}

static void subject_open(struct subject *subject)
{
    const struct machine_config machine_config = {
        .arch = CPU_ARCH_X86_64, .cpus = 1, .picoseconds_per_instruction = 1000, .without_cpu = true};
    struct board_config config = {.memory_size = MEMORY_SIZE, .display = true, .kernel_name = "none"};
    g_autoptr(GByteArray) kernel = g_byte_array_new();
    GError *error = NULL;

    memset(subject, 0, sizeof(*subject));
    add_disks(subject, &config);
    subject->machine = machine_new(&machine_config, &error);
    g_assert_no_error(error);
    machine_set_note_handler(subject->machine, fuzz_ignore_note, NULL);
    elf_sample(kernel); /* so that there is no firmware, which needs a CPU */
    config.kernel = g_bytes_new(kernel->data, kernel->len);
    g_assert_nonnull(q35_new(subject->machine, &config, &error));
    g_bytes_unref(config.kernel);
    machine_set_board(subject->machine, &(struct machine_board_hooks){0}, NULL); /* nor is it started */
    machine_reset(subject->machine);
    for (unsigned i = 0; i < REGION_FIRST_BAR; i++)
        add_region(subject, &fixed[i]);
    set_up_pci(subject);
}

static void subject_close(struct subject *subject)
{
    machine_free(subject->machine);
    for (unsigned i = 0; i < G_N_ELEMENTS(subject->disks); i++)
        block_close(subject->disks[i]);
}

int fuzz_bar_region(uint8_t devfn, unsigned bar)
{
    struct subject subject;
    int found = -1;

    subject_open(&subject);
    for (unsigned i = REGION_FIRST_BAR; i < subject.region_count; i++) {
        if (subject.regions[i].devfn == devfn && subject.regions[i].bar == bar)
            found = (int)i;
    }
    subject_close(&subject);
    return found;
}

/* --- the program --- */
struct input {
    struct fuzz_input bytes;
    uint8_t only; /* 0, or the number of the only region + 1 */
};

static uint64_t take(struct input *input, unsigned bytes)
{
    return fuzz_take(&input->bytes, bytes);
}

static const struct region *take_region(struct subject *subject, struct input *input)
{
    unsigned chosen = (unsigned)take(input, 1);

    if (input->only)
        chosen = input->only - 1;
    return &subject->regions[chosen % subject->region_count];
}

static void access_region(struct subject *subject, struct input *input, unsigned log_size, bool write, bool wide)
{
    struct memory *memory = machine_memory(subject->machine);
    const struct region *region = take_region(subject, input);
    uint32_t offset = (uint32_t)take(input, 2) % region->size;
    unsigned size = 1u << (wide ? 3 : log_size);

    if (region->space == MEMORY_SPACE_PORT && size > 4)
        size = 4;
    if (write)
        memory_io_write(memory, region->space, region->address + offset, size, take(input, wide ? 8 : 4));
    else
        memory_io_read(memory, region->space, region->address + offset, size);
    memory_commit(memory);
}

static void write_memory(struct subject *subject, struct input *input)
{
    uint64_t address = take(input, 2) * 16;
    size_t length;
    const uint8_t *bytes = fuzz_take_bytes(&input->bytes, (size_t)take(input, 1) % 65, &length);

    memory_write(machine_memory(subject->machine), address, bytes, length);
}

static void write_config(struct subject *subject, struct input *input, unsigned log_size)
{
    struct memory *memory = machine_memory(subject->machine);
    uint8_t devfn = subject->functions[take(input, 1) % subject->function_count];
    unsigned offset = (unsigned)take(input, 1), size = 1u << MIN(log_size, 2);

    memory_io_write(memory, MEMORY_SPACE_PORT, 0xcf8, 4, 0x80000000u | (uint32_t)devfn << 8 | (offset & 0xfc));
    memory_io_write(memory, MEMORY_SPACE_PORT, 0xcfc + (offset & 3 & ~(size - 1)), size, take(input, 4));
    memory_commit(memory);
}

static void submit(struct subject *subject, struct input *input)
{
    static const char *const names[] = {"serial0", "keyboard", "pointer", "mouse"};
    const char *name = names[take(input, 1) % G_N_ELEMENTS(names)];
    struct journal_source *source = journal_source_find(machine_journal(subject->machine), name);
    size_t length;
    const uint8_t *bytes = fuzz_take_bytes(&input->bytes, (size_t)take(input, 1) % 33, &length);

    if (source && length)
        journal_submit(source, bytes, length);
    machine_advance(subject->machine, 0);
}

void fuzz_machine(const uint8_t *data, size_t size)
{
    struct input input = {.bytes = {data, size}};
    struct subject subject;
    unsigned states = 0;

    subject_open(&subject);
    input.only = (uint8_t)take(&input, 1);
    for (unsigned i = 0; i < STEPS_MAX && input.bytes.left; i++) {
        unsigned first = (unsigned)take(&input, 1), log_size = first >> 3 & 3;
        switch ((enum fuzz_step)(first & 7)) {
        case STEP_WRITE:
        case STEP_WRITE_WIDE:
            access_region(&subject, &input, log_size, true, (first & 7) == STEP_WRITE_WIDE);
            break;
        case STEP_READ:
            access_region(&subject, &input, log_size, false, false);
            break;
        case STEP_MEMORY:
            write_memory(&subject, &input);
            break;
        case STEP_TIME:
            machine_advance(subject.machine, INT64_C(1) << take(&input, 1) % 36);
            break;
        case STEP_CONFIG:
            write_config(&subject, &input, log_size);
            break;
        case STEP_INPUT:
            submit(&subject, &input);
            break;
        case STEP_STATE:
            if (states++ < 2)
                fuzz_check_state(subject.machine);
            break;
        }
    }
    subject_close(&subject);
}

/* --- seeds --- */
void seed_write(GByteArray *seed, uint8_t region, uint16_t offset, unsigned log_size, uint32_t value)
{
    append_le(seed, STEP_WRITE | log_size << 3, 1);
    append_le(seed, region, 1);
    append_le(seed, offset, 2);
    append_le(seed, value, 4);
}

void seed_memory(GByteArray *seed, uint32_t address, const void *bytes, uint8_t length)
{
    append_le(seed, STEP_MEMORY, 1);
    append_le(seed, address / 16, 2);
    append_le(seed, length, 1);
    g_byte_array_append(seed, bytes, length);
}

void seed_time(GByteArray *seed, uint8_t shift)
{
    append_le(seed, STEP_TIME, 1);
    append_le(seed, shift, 1);
}
