/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virt board's device tree.  Compatible strings are those of QEMU's virt, which systems look for: Redox knows the timer
 * by "arm,armv7-timer" and the board by its model.
 */
#include "firmware/fdt/fdt_virt.h"

#include "firmware/fdt/tree.h"

enum { PHANDLE_CLOCK = 1, PHANDLE_GIC, PHANDLE_MSI, PHANDLE_GPIO, PHANDLE_CPU };

/* Interrupt specifiers of the GIC: type, number, flags. */
#define GIC_SPI 0
#define GIC_PPI 1
#define IRQ_LEVEL_HIGH 4
#define PPI_CPUS_SHIFT 8

/* PCI address cells: the space code in bits 25:24 of the first. */
#define PCI_SPACE_IO 0x01000000u
#define PCI_SPACE_MEMORY32 0x02000000u
#define PCI_SPACE_MEMORY64 0x43000000u /* prefetchable: Linux has no use for another one above 4 GiB */
#define PCI_DEVICE_SHIFT 11

#define KEY_POWER 116
#define CLOCK_HZ 24000000

#define HIGH(value) ((uint32_t)((value) >> 32))
#define LOW(value) ((uint32_t)(value))

static void put_reg(struct tree *tree, uint64_t address, uint64_t size)
{
    tree_wide(tree, "reg", (const uint64_t[]){address, size}, 2);
}

static void put_spi(struct tree *tree, unsigned intid)
{
    tree_cells(tree, "interrupts", (const uint32_t[]){GIC_SPI, intid - 32, IRQ_LEVEL_HIGH}, 3);
}

static void put_chosen(struct tree *tree, const struct virt_description *board, const struct fdt_chosen *chosen)
{
    g_autofree char *path = g_strdup_printf("/serial@%" G_GINT64_MODIFIER "x", board->uart.address);

    tree_begin(tree, "chosen");
    tree_text(tree, "stdout-path", path);
    if (chosen->command_line)
        tree_text(tree, "bootargs", chosen->command_line);
    if (chosen->initrd_end > chosen->initrd_start) {
        tree_wide(tree, "linux,initrd-start", &chosen->initrd_start, 1);
        tree_wide(tree, "linux,initrd-end", &chosen->initrd_end, 1);
    }
    tree_bytes(tree, "kaslr-seed", chosen->seed, 8);
    tree_bytes(tree, "rng-seed", chosen->seed + 8, 32);
    tree_end(tree);
}

/* Sixteen CPUs at most have the same higher affinity fields. */
static void put_topology(struct tree *tree, const struct virt_description *board)
{
    tree_begin(tree, "cpu-map");
    tree_begin(tree, "socket0");
    for (unsigned first = 0, cluster = 0; first < board->cpus; cluster++) {
        tree_begin(tree, "cluster%u", cluster);
        unsigned cpu = first;
        for (; cpu < board->cpus && board->mpidr[cpu] >> 8 == board->mpidr[first] >> 8; cpu++) {
            tree_begin(tree, "core%u", cpu - first);
            tree_cell(tree, "cpu", PHANDLE_CPU + cpu);
            tree_end(tree);
        }
        tree_end(tree);
        first = cpu;
    }
    tree_end(tree);
    tree_end(tree);
}

static void put_cpus(struct tree *tree, const struct virt_description *board)
{
    tree_begin(tree, "cpus");
    tree_cell(tree, "#address-cells", 1);
    tree_cell(tree, "#size-cells", 0);
    put_topology(tree, board);
    for (unsigned i = 0; i < board->cpus; i++) {
        tree_begin(tree, "cpu@%x", LOW(board->mpidr[i]));
        tree_text(tree, "device_type", "cpu");
        tree_text(tree, "compatible", board->cpu_compatible);
        tree_cell(tree, "reg", LOW(board->mpidr[i]));
        tree_text(tree, "enable-method", "psci");
        tree_cell(tree, "phandle", PHANDLE_CPU + i);
        tree_end(tree);
    }
    tree_end(tree);

    tree_begin(tree, "psci");
    tree_texts(tree, "compatible", "arm,psci-1.0", "arm,psci-0.2", "arm,psci", NULL);
    tree_text(tree, "method", "hvc");
    tree_cell(tree, "cpu_suspend", 0xC4000001);
    tree_cell(tree, "cpu_off", 0x84000002);
    tree_cell(tree, "cpu_on", 0xC4000003);
    tree_cell(tree, "migrate", 0xC4000005);
    tree_end(tree);
}

static void put_messages(struct tree *tree, const struct virt_description *board)
{
    if (board->its.size) {
        tree_begin(tree, "msi-controller@%" G_GINT64_MODIFIER "x", board->its.address);
        tree_text(tree, "compatible", "arm,gic-v3-its");
        tree_empty(tree, "msi-controller");
        tree_cell(tree, "#msi-cells", 1);
        put_reg(tree, board->its.address, board->its.size);
    } else if (board->message_frame.size) {
        tree_begin(tree, "v2m@%" G_GINT64_MODIFIER "x", board->message_frame.address);
        tree_text(tree, "compatible", "arm,gic-v2m-frame");
        tree_empty(tree, "msi-controller");
        put_reg(tree, board->message_frame.address, board->message_frame.size);
        tree_cell(tree, "arm,msi-base-spi", board->message_first);
        tree_cell(tree, "arm,msi-num-spis", board->message_count);
    } else {
        return;
    }
    tree_cell(tree, "phandle", PHANDLE_MSI);
    tree_end(tree);
}

static void put_gic(struct tree *tree, const struct virt_description *board)
{
    const struct virt_window *second = board->gic == 3 ? &board->redistributors : &board->cpu_interface;
    const uint64_t reg[] = {board->distributor.address, board->distributor.size, second->address, second->size};

    tree_begin(tree, "interrupt-controller@%" G_GINT64_MODIFIER "x", board->distributor.address);
    tree_text(tree, "compatible", board->gic == 3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
    tree_cell(tree, "#interrupt-cells", 3);
    tree_empty(tree, "interrupt-controller");
    tree_wide(tree, "reg", reg, G_N_ELEMENTS(reg));
    if (board->gic == 3)
        tree_cell(tree, "#redistributor-regions", 1);
    tree_cell(tree, "#address-cells", 2);
    tree_cell(tree, "#size-cells", 2);
    tree_empty(tree, "ranges");
    tree_cell(tree, "phandle", PHANDLE_GIC);
    put_messages(tree, board);
    tree_end(tree);
}

static void put_timer(struct tree *tree, const struct virt_description *board)
{
    /* GICv2's specifiers name the CPUs, too. */
    uint32_t flags = IRQ_LEVEL_HIGH | (board->gic == 2 ? ((1u << board->cpus) - 1) << PPI_CPUS_SHIFT : 0);
    const struct virt_timers *timers = &board->timers;
    const uint32_t cells[] = {
        GIC_PPI, timers->secure - 16,  flags, GIC_PPI, timers->physical - 16,   flags,
        GIC_PPI, timers->virtual - 16, flags, GIC_PPI, timers->hypervisor - 16, flags,
    };

    tree_begin(tree, "timer");
    tree_texts(tree, "compatible", "arm,armv8-timer", "arm,armv7-timer", NULL);
    tree_cells(tree, "interrupts", cells, G_N_ELEMENTS(cells));
    tree_empty(tree, "always-on");
    tree_end(tree);
}

/* An Arm PrimeCell, with the clock of all of them. */
static void begin_primecell(struct tree *tree, const char *name, const char *compatible,
                            const struct virt_device *device)
{
    tree_begin(tree, "%s@%" G_GINT64_MODIFIER "x", name, device->address);
    tree_texts(tree, "compatible", compatible, "arm,primecell", NULL);
    put_reg(tree, device->address, device->size);
    put_spi(tree, device->interrupt);
}

static void put_primecells(struct tree *tree, const struct virt_description *board)
{
    tree_begin(tree, "clock-%u", CLOCK_HZ);
    tree_text(tree, "compatible", "fixed-clock");
    tree_cell(tree, "#clock-cells", 0);
    tree_cell(tree, "clock-frequency", CLOCK_HZ);
    tree_text(tree, "clock-output-names", "clk24mhz");
    tree_cell(tree, "phandle", PHANDLE_CLOCK);
    tree_end(tree);

    begin_primecell(tree, "serial", "arm,pl011", &board->uart);
    tree_cells(tree, "clocks", (const uint32_t[]){PHANDLE_CLOCK, PHANDLE_CLOCK}, 2);
    tree_texts(tree, "clock-names", "uartclk", "apb_pclk", NULL);
    tree_end(tree);

    begin_primecell(tree, "rtc", "arm,pl031", &board->rtc);
    tree_cell(tree, "clocks", PHANDLE_CLOCK);
    tree_text(tree, "clock-names", "apb_pclk");
    tree_end(tree);

    begin_primecell(tree, "gpio", "arm,pl061", &board->gpio);
    tree_cell(tree, "clocks", PHANDLE_CLOCK);
    tree_text(tree, "clock-names", "apb_pclk");
    tree_empty(tree, "gpio-controller");
    tree_cell(tree, "#gpio-cells", 2);
    tree_empty(tree, "interrupt-controller");
    tree_cell(tree, "#interrupt-cells", 2);
    tree_cell(tree, "phandle", PHANDLE_GPIO);
    tree_end(tree);

    tree_begin(tree, "gpio-keys");
    tree_text(tree, "compatible", "gpio-keys");
    tree_begin(tree, "power-button");
    tree_text(tree, "label", "GPIO Key Poweroff");
    tree_cell(tree, "linux,code", KEY_POWER);
    tree_cells(tree, "gpios", (const uint32_t[]){PHANDLE_GPIO, board->power_pin, 0}, 3);
    tree_end(tree);
    tree_end(tree);
}

/* The mask looks at two bits of the device number and at the pin, so four devices tell of all. */
static void put_interrupt_map(struct tree *tree, const struct virt_description *board)
{
    uint32_t map[4 * 4 * 10], *to = map;

    for (uint32_t device = 0; device < 4; device++)
        for (uint32_t pin = 0; pin < 4; pin++) {
            const uint32_t entry[10] = {device << PCI_DEVICE_SHIFT,
                                        0,
                                        0,
                                        pin + 1,
                                        PHANDLE_GIC,
                                        0,
                                        0,
                                        GIC_SPI,
                                        board->pci_interrupt - 32 + (device + pin) % 4,
                                        IRQ_LEVEL_HIGH};

            for (unsigned i = 0; i < G_N_ELEMENTS(entry); i++)
                *to++ = entry[i];
        }
    tree_cell(tree, "#interrupt-cells", 1);
    tree_cells(tree, "interrupt-map", map, G_N_ELEMENTS(map));
    tree_cells(tree, "interrupt-map-mask", (const uint32_t[]){3 << PCI_DEVICE_SHIFT, 0, 0, 7}, 4);
}

static void put_pci(struct tree *tree, const struct virt_description *board)
{
    const struct virt_window *io = &board->pci_io, *low = &board->pci_memory32, *high = &board->pci_memory64;
    const uint32_t ranges[] = {PCI_SPACE_IO,
                               0,
                               0,
                               HIGH(io->address),
                               LOW(io->address),
                               HIGH(io->size),
                               LOW(io->size),
                               PCI_SPACE_MEMORY32,
                               HIGH(low->address),
                               LOW(low->address),
                               HIGH(low->address),
                               LOW(low->address),
                               HIGH(low->size),
                               LOW(low->size),
                               PCI_SPACE_MEMORY64,
                               HIGH(high->address),
                               LOW(high->address),
                               HIGH(high->address),
                               LOW(high->address),
                               HIGH(high->size),
                               LOW(high->size)};

    tree_begin(tree, "pcie@%" G_GINT64_MODIFIER "x", board->ecam.address);
    tree_text(tree, "compatible", "pci-host-ecam-generic");
    tree_text(tree, "device_type", "pci");
    put_reg(tree, board->ecam.address, board->ecam.size);
    tree_cell(tree, "#address-cells", 3);
    tree_cell(tree, "#size-cells", 2);
    tree_cells(tree, "bus-range", (const uint32_t[]){0, LOW(board->ecam.size >> 20) - 1}, 2);
    tree_cell(tree, "linux,pci-domain", 0);
    tree_empty(tree, "dma-coherent");
    tree_cells(tree, "ranges", ranges, G_N_ELEMENTS(ranges));
    put_interrupt_map(tree, board);
    if (board->its.size || board->message_frame.size)
        tree_cells(tree, "msi-map", (const uint32_t[]){0, PHANDLE_MSI, 0, 0x10000}, 4);
    tree_end(tree);
}

GBytes *fdt_virt_build(const struct virt_description *board, const struct fdt_chosen *chosen)
{
    struct tree *tree = tree_new();

    tree_begin(tree, "%s", "");
    tree_text(tree, "compatible", "linux,dummy-virt");
    tree_text(tree, "model", "linux,dummy-virt");
    tree_cell(tree, "#address-cells", 2);
    tree_cell(tree, "#size-cells", 2);
    tree_cell(tree, "interrupt-parent", PHANDLE_GIC);
    put_chosen(tree, board, chosen);
    tree_begin(tree, "memory@%" G_GINT64_MODIFIER "x", board->memory.address);
    tree_text(tree, "device_type", "memory");
    put_reg(tree, board->memory.address, board->memory.size);
    tree_end(tree);
    put_cpus(tree, board);
    put_gic(tree, board);
    put_timer(tree, board);
    put_primecells(tree, board);
    if (board->fw_cfg.size) {
        tree_begin(tree, "fw-cfg@%" G_GINT64_MODIFIER "x", board->fw_cfg.address);
        tree_text(tree, "compatible", "qemu,fw-cfg-mmio");
        put_reg(tree, board->fw_cfg.address, board->fw_cfg.size);
        tree_empty(tree, "dma-coherent");
        tree_end(tree);
    }
    put_pci(tree, board);
    tree_end(tree);
    return tree_finish(tree);
}
