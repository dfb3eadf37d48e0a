/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See loader.h. */
#include "boards/loader.h"

#include "firmware/uefi/shim.h"

void board_kernel_set(struct board_kernel *kernel, GBytes *image, const struct board_config *config)
{
    *kernel = (struct board_kernel){.image = image,
                                    .initrd = config->initrd ? g_bytes_ref(config->initrd) : NULL,
                                    .name = g_strdup(config->kernel_name),
                                    .append = g_strdup(config->append)};
}

void board_kernel_clear(struct board_kernel *kernel)
{
    g_clear_pointer(&kernel->image, g_bytes_unref);
    g_clear_pointer(&kernel->initrd, g_bytes_unref);
    g_clear_pointer(&kernel->name, g_free);
    g_clear_pointer(&kernel->append, g_free);
}

GByteArray *board_smbios(struct machine *machine, struct smbios_machine *described, uint64_t base,
                         uint64_t *entry_point_3)
{
    described->version = GALVANIC_VERSION;
    described->cpus = machine_config(machine)->cpus;
    described->cpu_name = "Galvanic virtual CPU";
    described->cpu_mhz = 1000;
    smbios_uuid_from_seed(machine_config(machine)->seed, described->uuid);
    return smbios_build(described, base, entry_point_3, NULL);
}

struct uefi *board_uefi(struct uefi_config *shim, const struct board_config *config, const struct board_place *places,
                        GError **error)
{
    struct uefi_disk disks[BOARD_DISKS] = {0};
    char names[BOARD_DISKS][16];

    for (unsigned i = 0; i < config->disk_count; i++) {
        const struct board_disk *disk = &config->disks[i];
        bool cdrom = disk->cdrom && places[i].bus == UEFI_DISK_SATA; /* a virtio disk is a disk whatever is on it */

        g_snprintf(names[i], sizeof(names[i]), "disk%u", i);
        disks[i] = (struct uefi_disk){.id = names[i],
                                      .block = disk->block,
                                      .bus = places[i].bus,
                                      .pci_devfn = places[i].devfn,
                                      .port = places[i].port,
                                      .block_size = cdrom ? 2048 : 512,
                                      .removable = cdrom,
                                      .cdrom = cdrom,
                                      .read_only = cdrom || block_read_only(disk->block)};
    }
    shim->disks = disks;
    shim->disk_count = config->disk_count;
    shim->variable_store = config->variable_store;
    shim->variable_store_read_only = config->variable_store_read_only;
    shim->efi_app = config->efi_app;
    shim->efi_app_name = config->efi_app_name;
    shim->initrd = config->initrd;
    shim->command_line = config->append;
    shim->autokey = config->autokey;
    return uefi_new(shim, error);
}
