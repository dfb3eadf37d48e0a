/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of a port and the resets of its device.  AHCI 1.3.1 sections 3.3 and 10.4. */
#include "devices/storage/ahci_internal.h"

enum {
    SSTS_ESTABLISHED = 0x103, /* device present, active; the speed stands between */
    SCTL_DET_INIT = 1,
    SCTL_DET_OFF = 4,
    TFD_NO_DEVICE = 0x7F,
};

uint32_t ahci_port_interrupts(const struct ahci_port *port)
{
    return port->is | (port->serr & SERR_DIAG_F ? IS_UFS : 0) | (port->serr & SERR_DIAG_X ? IS_PCS : 0) |
           (port->serr & SERR_DIAG_N ? IS_PRCS : 0);
}

/* --- the link --- */

static void link_down(struct ahci_port *port, uint32_t ssts)
{
    ahci_port_cancel(port);
    port->ci = port->sact = 0;
    port->ssts = ssts;
    port->tfd = TFD_NO_DEVICE;
    port->sig = SIGNATURE_NONE;
    port->signature_waits = false;
    port->soft_reset = false;
}

/* The end of COMRESET: the device comes up at once and sends its signature. */
static void link_up(struct ahci_port *port)
{
    unsigned limit = port->sctl >> 4 & 0x0F, speed = limit == 1 ? 1 : 2;

    if (!port->present)
        return;
    ata_device_reset(&port->ata);
    port->ssts = SSTS_ESTABLISHED | speed << 4;
    port->serr |= SERR_DIAG_X | SERR_DIAG_N;
    ahci_post_signature(port);
}

static void write_sctl(struct ahci_port *port, uint32_t value)
{
    unsigned before = port->sctl & 0x0F, now = value & 0x0F;

    port->sctl = value & 0xFFF;
    if (before == now)
        return;
    if (now == SCTL_DET_INIT)
        link_down(port, 0);
    else if (now == SCTL_DET_OFF)
        link_down(port, SCTL_DET_OFF);
    else if (now == 0)
        link_up(port);
    ahci_update(port->ahci, true);
}

/* --- PxCMD --- */

static void stop(struct ahci_port *port)
{
    ahci_port_cancel(port);
    port->ci = port->sact = 0;
    port->stopped = false;
    port->next_slot = 0;
    port->cmd &= ~(CMD_CCS | CMD_CR);
}

static void write_cmd(struct ahci_port *port, uint32_t value)
{
    const uint32_t writable = CMD_ST | CMD_FRE | CMD_ATAPI | CMD_DLAE;
    uint32_t before = port->cmd;

    if ((value & CMD_CLO) && !(before & CMD_ST))
        port->tfd &= ~(uint32_t)(ATA_BSY | ATA_DRQ);
    port->cmd = (before & ~writable) | (value & writable);
    if ((before & CMD_ST) && !(value & CMD_ST))
        stop(port);
    if (value & CMD_FRE) {
        port->cmd |= CMD_FR;
        if (port->signature_waits)
            ahci_post_signature(port);
    } else {
        if (value & CMD_ST)
            machine_guest_error(port->ahci->machine, port->ata.id, "PxCMD.ST is set while PxCMD.FRE is clear");
        port->cmd &= ~CMD_FR;
    }
    if (value & CMD_ST) {
        port->cmd |= CMD_CR;
        ahci_port_run(port);
    }
}

/* --- registers --- */

uint32_t ahci_port_read(struct ahci_port *port, unsigned offset)
{
    switch (offset) {
    case PX_CLB:
        return (uint32_t)port->command_list;
    case PX_CLBU:
        return (uint32_t)(port->command_list >> 32);
    case PX_FB:
        return (uint32_t)port->received_fis;
    case PX_FBU:
        return (uint32_t)(port->received_fis >> 32);
    case PX_IS:
        return ahci_port_interrupts(port);
    case PX_IE:
        return port->ie;
    case PX_CMD:
        return port->cmd;
    case PX_TFD:
        return port->tfd;
    case PX_SIG:
        return port->sig;
    case PX_SSTS:
        return port->ssts;
    case PX_SCTL:
        return port->sctl;
    case PX_SERR:
        return port->serr;
    case PX_SACT:
        return port->sact;
    case PX_CI:
        return port->ci;
    default: /* PxSNTF, PxFBS, PxDEVSLP and what is reserved */
        return 0;
    }
}

static void set_low(uint64_t *address, uint32_t value)
{
    *address = (*address & ~(uint64_t)UINT32_MAX) | value;
}

static void set_high(uint64_t *address, uint32_t value)
{
    *address = (*address & UINT32_MAX) | (uint64_t)value << 32;
}

static void issue(struct ahci_port *port, uint32_t slots)
{
    /* Kept until ST is set, as controllers do, although the specification has it the other way round. */
    if (!(port->cmd & CMD_ST) && slots)
        machine_guest_error(port->ahci->machine, port->ata.id, "PxCI is written while PxCMD.ST is clear");
    port->ci |= slots;
    ahci_port_run(port);
}

void ahci_port_write(struct ahci_port *port, unsigned offset, uint32_t value)
{
    switch (offset) {
    case PX_CLB:
        set_low(&port->command_list, value & ~0x3FFu);
        return;
    case PX_CLBU:
        set_high(&port->command_list, value);
        return;
    case PX_FB:
        set_low(&port->received_fis, value & ~0xFFu);
        return;
    case PX_FBU:
        set_high(&port->received_fis, value);
        return;
    case PX_IS:
        port->is &= ~value;
        ahci_update(port->ahci, false);
        return;
    case PX_IE:
        port->ie = value & IS_IMPLEMENTED;
        ahci_update(port->ahci, false);
        return;
    case PX_CMD:
        write_cmd(port, value);
        return;
    case PX_SCTL:
        write_sctl(port, value);
        return;
    case PX_SERR:
        port->serr &= ~value;
        ahci_update(port->ahci, false);
        return;
    case PX_SACT:
        port->sact |= value;
        return;
    case PX_CI:
        issue(port, value);
        return;
    default:
        return;
    }
}

/* --- life --- */

void ahci_port_reset(struct ahci_port *port, bool power_on)
{
    ahci_port_cancel(port);
    if (power_on)
        port->command_list = port->received_fis = 0;
    port->is = port->ie = port->serr = port->sctl = 0;
    port->cmd = CMD_SUD | CMD_POD;
    port->stopped = false;
    port->next_slot = 0;
    port->busy_until = 0;
    link_down(port, 0);
    link_up(port);
}

void ahci_port_init(struct ahci_port *port, struct ahci *ahci, unsigned number)
{
    port->ahci = ahci;
    port->number = number;
    g_snprintf(port->ata.id, sizeof(port->ata.id), "%s.%u", ahci->id, number);
    port->timer = clock_timer_new(machine_clock(ahci->machine), port->ata.id, ahci_port_timer, port);
}

void ahci_port_finalize(struct ahci_port *port)
{
    clock_timer_free(port->timer);
}

static const struct state_field flight_fields[] = {
    STATE_BOOL(struct ahci_flight, active),     STATE_BOOL(struct ahci_flight, host_error),
    STATE_BOOL(struct ahci_flight, short_list), STATE_BOOL(struct ahci_flight, descriptor_interrupt),
    STATE_U8(struct ahci_flight, command),      STATE_U8(struct ahci_flight, device),
    STATE_U8(struct ahci_flight, status),       STATE_U8(struct ahci_flight, error),
    STATE_U32(struct ahci_flight, protocol),    STATE_U16(struct ahci_flight, count),
    STATE_U64(struct ahci_flight, lba),         STATE_U64(struct ahci_flight, bytes),
    STATE_U64(struct ahci_flight, deadline),    STATE_END,
};

static const struct state_table flight_state = {.name = "ahci-flight", .version = 1, .fields = flight_fields};

static const struct state_field fields[] = {
    STATE_STRUCT(struct ahci_port, ata, &ata_device_state),
    STATE_TIMER(struct ahci_port, timer),
    STATE_U64(struct ahci_port, command_list),
    STATE_U64(struct ahci_port, received_fis),
    STATE_U32(struct ahci_port, is),
    STATE_U32(struct ahci_port, ie),
    STATE_U32(struct ahci_port, cmd),
    STATE_U32(struct ahci_port, tfd),
    STATE_U32(struct ahci_port, sig),
    STATE_U32(struct ahci_port, ssts),
    STATE_U32(struct ahci_port, sctl),
    STATE_U32(struct ahci_port, serr),
    STATE_U32(struct ahci_port, sact),
    STATE_U32(struct ahci_port, ci),
    STATE_BOOL(struct ahci_port, signature_waits),
    STATE_BOOL(struct ahci_port, stopped),
    STATE_BOOL(struct ahci_port, soft_reset),
    STATE_U8(struct ahci_port, next_slot),
    STATE_U64(struct ahci_port, busy_until),
    STATE_STRUCT_ARRAY(struct ahci_port, flight, &flight_state),
    STATE_END,
};

const struct state_table ahci_port_state = {.name = "ahci-port", .version = 1, .fields = fields};
