/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network cards by their names on the command line. */
#include "boards/board.h"

#include "devices/net/e1000.h"
#include "devices/net/rtl8139.h"
#include "devices/virtio/virtio_net.h"

void board_add_nic(struct machine *machine, struct pci_bus *bus, uint8_t devfn, const struct board_config *config)
{
    switch (config->nic) {
    case BOARD_NIC_VIRTIO:
        virtio_net_new(machine, bus, devfn, config->mac, config->net, "net0", "virtio-net");
        break;
    case BOARD_NIC_E1000:
        e1000_new(machine, bus, devfn, config->mac, config->net, "net0", "e1000");
        break;
    case BOARD_NIC_RTL8139:
        rtl8139_new(machine, bus, devfn, config->mac, config->net, "net0", "rtl8139");
        break;
    case BOARD_NIC_NONE:
        break;
    }
}
