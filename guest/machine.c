/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine as the firmware presents it: one section for each thing. */
#include "guest/guest.h"

static const struct efi_guid acpi_guid = {0x8868e871, 0xe4f1, 0x11d3, {0xbc, 0x22, 0, 0x80, 0xc7, 0x3c, 0x88, 0x81}};
static const struct efi_guid smbios_guid = {
    0xf2fd1544, 0x9794, 0x4a2c, {0x99, 0x2e, 0xe5, 0xbb, 0xcf, 0x20, 0xe3, 0x94}};
static const struct efi_guid smbios2_guid = {0xeb9d2d31, 0x2d88, 0x11d3, {0x9a, 0x16, 0, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};
static const struct efi_guid fdt_guid = {0xb1b621d5, 0xf19c, 0x41a5, {0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0}};
static const struct efi_guid block_io_guid = {
    0x964e5b21, 0x6459, 0x11d2, {0x8e, 0x39, 0, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
static const struct efi_guid pci_io_guid = {
    0x4cf5b200, 0x68b8, 0x4ca5, {0x9e, 0xec, 0xb2, 0x3e, 0x3f, 0x50, 0x02, 0x9a}};

/* --- memory --- */
static const char *const memory_types[] = {
    "reserved",          "loader code",      "loader data",  "boot services code", "boot services data",
    "run-time code",     "run-time data",    "free",         "unusable",           "ACPI tables",
    "ACPI non-volatile", "device registers", "device ports", "processor code",     "persistent",
};

struct memory_map {
    struct efi_memory *entry;
    size_t size, entry_size;
};

static struct efi_memory *map_entry(const struct memory_map *map, size_t index)
{
    if ((index + 1) * map->entry_size > map->size)
        return NULL;
    return (struct efi_memory *)((char *)map->entry + index * map->entry_size);
}

/* The caller frees map->entry. */
static bool read_map(struct guest *guest, struct memory_map *map)
{
    size_t key;
    uint32_t version;

    *map = (struct memory_map){0};
    while (guest->boot->get_memory_map(&map->size, map->entry, &key, &map->entry_size, &version) ==
           EFI_BUFFER_TOO_SMALL) {
        if (map->entry)
            guest->boot->free_pool(map->entry);
        map->size += 8 * map->entry_size;
        if (EFI_ERROR(guest->boot->allocate_pool(2, map->size, (void **)&map->entry)))
            return false;
    }
    return map->entry != NULL;
}

static void show_memory(struct guest *guest)
{
    struct memory_map map;
    uint64_t all = 0, unused = 0, count = 0;
    struct efi_memory *entry;

    if (!read_map(guest, &map))
        return;
    for (; (entry = map_entry(&map, count)); count++) {
        if (entry->type != 11 && entry->type != 12 && entry->type != 0)
            all += entry->pages;
        if (entry->type == 7)
            unused += entry->pages;
    }
    print_label(guest, "Memory");
    print_size(guest, all << 12);
    print(guest, ", of which ");
    print_size(guest, unused << 12);
    print(guest, " are free; %u ranges\n", count);
    guest->boot->free_pool(map.entry);
}

void show_memory_map(struct guest *guest)
{
    struct memory_map map;
    struct efi_memory *entry;

    if (!read_map(guest, &map))
        return;
    set_colour(guest, COLOUR_TITLE);
    print(guest, "\n  first byte         last byte          pages     type\n");
    set_colour(guest, COLOUR_PLAIN);
    for (size_t i = 0; (entry = map_entry(&map, i)); i++) {
        set_colour(guest, entry->type == 7 ? COLOUR_BRIGHT : COLOUR_PLAIN);
        print(guest, "  %016x - %016x %8u  %s%s\n", entry->physical, entry->physical + (entry->pages << 12) - 1,
              entry->pages,
              entry->type < sizeof(memory_types) / sizeof(memory_types[0]) ? memory_types[entry->type] : "?",
              entry->attributes >> 63 ? ", needed at run time" : "");
    }
    set_colour(guest, COLOUR_PLAIN);
    guest->boot->free_pool(map.entry);
}

/* --- ACPI --- */
struct acpi_header {
    char signature[4];
    uint32_t length;
    uint8_t rest[28];
} __attribute__((packed));

static struct acpi_header *acpi_table(struct guest *guest, size_t index)
{
    for (size_t i = 0; i < guest->system->configurations; i++) {
        if (!guid_equal(&guest->system->configuration[i].guid, &acpi_guid))
            continue;
        const char *pointer = guest->system->configuration[i].table;
        struct acpi_header *xsdt = *(struct acpi_header *const *)(pointer + 24);
        if (!xsdt || 36 + 8 * (index + 1) > xsdt->length)
            return NULL;
        struct acpi_header *table;
        __builtin_memcpy(&table, (char *)xsdt + 36 + 8 * index, 8);
        return table;
    }
    return NULL;
}

static void show_tables(struct guest *guest)
{
    struct acpi_header *table;

    print_label(guest, "Tables");
    for (size_t i = 0; (table = acpi_table(guest, i)); i++)
        print(guest, "%c%c%c%c ", table->signature[0], table->signature[1], table->signature[2], table->signature[3]);
    for (size_t i = 0; i < guest->system->configurations; i++) {
        const struct efi_guid *guid = &guest->system->configuration[i].guid;
        if (guid_equal(guid, &smbios_guid) || guid_equal(guid, &smbios2_guid))
            print(guest, "SMBIOS ");
        if (guid_equal(guid, &fdt_guid))
            print(guest, "FDT ");
    }
    print(guest, "\n");
}

/* --- PCI --- */
static const char *class_name(uint32_t class_code)
{
    static const struct {
        uint32_t code, mask;
        const char *name;
    } names[] = {
        {0x010601, 0xffffff, "AHCI controller"},
        {0x010802, 0xffffff, "NVMe controller"},
        {0x010000, 0xff0000, "storage controller"},
        {0x020000, 0xff0000, "network controller"},
        {0x030000, 0xff0000, "display"},
        {0x040000, 0xff0000, "sound"},
        {0x060000, 0xffff00, "host bridge"},
        {0x060100, 0xffff00, "ISA bridge"},
        {0x060400, 0xffff00, "PCI bridge"},
        {0x060000, 0xff0000, "bridge"},
        {0x0c0330, 0xffffff, "xHCI controller"},
        {0x0c0300, 0xffff00, "USB controller"},
        {0x0c0500, 0xffff00, "SMBus"},
        {0x070000, 0xff0000, "communication"},
        {0x00ff00, 0xffff00, "device"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((class_code & names[i].mask) == names[i].code)
            return names[i].name;
    }
    return "device";
}

/* What is done with each function: @header is the first 64 bytes of its configuration space. */
struct pci_visit {
    uint64_t count;
    bool verbose;
};

static void visit_function(struct guest *guest, struct pci_visit *visit, size_t bus, size_t device, size_t function,
                           const uint32_t header[16])
{
    visit->count++;
    if (!visit->verbose) {
        print(guest, visit->count == 1 ? "%s" : ", %s", class_name(header[2] >> 8));
        return;
    }
    print(guest, "  %02x:%02x.%u  %04x:%04x  %-20s", (uint64_t)bus, (uint64_t)device, (uint64_t)function,
          (uint64_t)(header[0] & 0xffff), (uint64_t)(header[0] >> 16), class_name(header[2] >> 8));
    for (unsigned bar = 0; bar < ((header[3] >> 16 & 0x7f) ? 2 : 6); bar++) {
        uint64_t value = header[4 + bar];
        if (!value)
            continue;
        if (value & 1) {
            print(guest, "  port %x", value & ~3ULL);
        } else {
            bool wide = (value & 6) == 4;
            uint64_t high = wide && bar < 5 ? header[5 + bar] : 0;
            print(guest, "  %x", (value & ~15ULL) | high << 32);
            bar += wide;
        }
    }
    print(guest, "\n");
}

static bool visit_by_protocol(struct guest *guest, struct pci_visit *visit)
{
    void **handles;
    size_t count;

    if (EFI_ERROR(guest->boot->locate_handle_buffer(EFI_BY_PROTOCOL, &pci_io_guid, NULL, &count, &handles)))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct efi_pci_io *pci;
        size_t segment, bus, device, function;
        uint32_t header[16];
        if (EFI_ERROR(guest->boot->handle_protocol(handles[i], &pci_io_guid, (void **)&pci)) ||
            EFI_ERROR(pci->get_location(pci, &segment, &bus, &device, &function)) ||
            EFI_ERROR(pci->config_read(pci, 2, 0, 16, header)))
            continue;
        visit_function(guest, visit, bus, device, function, header);
    }
    guest->boot->free_pool(handles);
    return count != 0;
}

/* Without the protocol: the memory-mapped configuration space that ACPI's MCFG names; bus 0. */
static void visit_by_ecam(struct guest *guest, struct pci_visit *visit)
{
    struct acpi_header *table;
    uint64_t base = 0;

    for (size_t i = 0; (table = acpi_table(guest, i)); i++) {
        if (*(const uint32_t *)table->signature == 0x4746434d && table->length >= 60)
            __builtin_memcpy(&base, (char *)table + 44, 8);
    }
    if (!base)
        return;
    for (size_t slot = 0; slot < 256; slot++) {
        const volatile uint32_t *config = (const volatile uint32_t *)(base + (slot << 12));
        uint32_t header[16];
        if ((config[0] & 0xffff) == 0xffff)
            continue;
        for (unsigned i = 0; i < 16; i++)
            header[i] = config[i];
        visit_function(guest, visit, 0, slot >> 3, slot & 7, header);
    }
}

static void visit_pci(struct guest *guest, struct pci_visit *visit)
{
    if (!visit_by_protocol(guest, visit))
        visit_by_ecam(guest, visit);
}

void show_pci(struct guest *guest)
{
    struct pci_visit visit = {.verbose = true};

    set_colour(guest, COLOUR_TITLE);
    print(guest, "\n  place    vendor:device                    where\n");
    set_colour(guest, COLOUR_PLAIN);
    visit_pci(guest, &visit);
    if (!visit.count)
        print(guest, "  none\n");
}

/* --- disks, screen, time --- */
static void show_disks(struct guest *guest)
{
    void **handles;
    size_t count, shown = 0;

    print_label(guest, "Disks");
    if (EFI_ERROR(guest->boot->locate_handle_buffer(EFI_BY_PROTOCOL, &block_io_guid, NULL, &count, &handles)))
        count = 0;
    for (size_t i = 0; i < count; i++) {
        struct efi_block_io *disk;
        if (EFI_ERROR(guest->boot->handle_protocol(handles[i], &block_io_guid, (void **)&disk)) ||
            disk->media->logical_partition || !disk->media->present)
            continue;
        print(guest, shown++ ? ", " : "");
        print_size(guest, (disk->media->last_block + 1) * disk->media->block_size);
        print(guest, " in blocks of %u%s%s", (uint64_t)disk->media->block_size,
              disk->media->read_only ? ", read-only" : "", disk->media->removable ? ", removable" : "");
    }
    print(guest, shown ? "\n" : "none\n");
    if (count)
        guest->boot->free_pool(handles);
}

static void show_screen(struct guest *guest)
{
    print_label(guest, "Screen");
    if (!guest->screen) {
        print(guest, "none; all there is to see is on this line\n");
        return;
    }
    const struct efi_graphics_mode *mode = guest->screen->mode;
    print(guest, "%u x %u, mode %u of %u", (uint64_t)mode->information->width, (uint64_t)mode->information->height,
          (uint64_t)mode->mode, (uint64_t)mode->max_mode);
    if (mode->information->format < 3)
        print(guest, ", pixels at %x", mode->frame_buffer);
    print(guest, "\n");
}

static void show_time(struct guest *guest)
{
    struct efi_time time;

    if (EFI_ERROR(guest->system->runtime->get_time(&time, NULL)))
        return;
    print_label(guest, "Time");
    print(guest, "%04u-%02u-%02u %02u:%02u:%02u\n", (uint64_t)time.year, (uint64_t)time.month, (uint64_t)time.day,
          (uint64_t)time.hour, (uint64_t)time.minute, (uint64_t)time.second);
}

void show_machine(struct guest *guest)
{
    struct pci_visit visit = {0};
    uint32_t revision = guest->system->header.revision;

    print_label(guest, "Firmware");
    print(guest, "%S %u.%02u, UEFI %u.%u\n", guest->system->firmware_vendor,
          (uint64_t)(guest->system->firmware_revision >> 16), (uint64_t)(guest->system->firmware_revision & 0xffff),
          (uint64_t)(revision >> 16), (uint64_t)((revision & 0xffff) / 10));
    print_label(guest, "Processor");
    show_processor(guest);
    show_memory(guest);
    show_tables(guest);
    print_label(guest, "PCI");
    visit_pci(guest, &visit);
    print(guest, visit.count ? "\n" : "none\n");
    show_disks(guest);
    show_screen(guest);
    show_time(guest);
}
