/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI Specification 6.3: sections 5.2.9 (FADT), 5.2.12 (MADT), 5.2.24 (GTDT), 5.2.29 (PPTT); Microsoft's Serial Port Console Redirection
 * and Debug Port 2 tables; Arm DEN 0049D (IORT).
 *
 * The console's description is as Redox wants it: SPCR of revision 2, registers of 32 bits accessed as such, an interrupt of
 * the GIC and no other kind.
 */
#include "firmware/acpi/acpi_virt.h"

#include <string.h>

#include "acpi_virt_dsdt.h"
#include "firmware/acpi/acpi_common.h"

#define FADT_REVISION 6
#define FADT_MINOR_REVISION 3
#define FADT_SIZE 276
#define FADT_HW_REDUCED (1u << 20)
#define ARM_BOOT_PSCI_COMPLIANT 1
#define ARM_BOOT_PSCI_USE_HVC 2

#define MADT_REVISION 5
#define MADT_GICC 0x0B
#define MADT_GICC_SIZE 80
#define MADT_GICD 0x0C
#define MADT_GICD_SIZE 24
#define MADT_MSI_FRAME 0x0D
#define MADT_MSI_FRAME_SIZE 24
#define MADT_GICR 0x0E
#define MADT_GICR_SIZE 16
#define MADT_ITS 0x0F
#define MADT_ITS_SIZE 20
#define MADT_ENABLED 1
#define MSI_FRAME_SPIS_GIVEN 1

#define PPTT_REVISION 2
#define PPTT_NODE_SIZE 20
#define PPTT_PACKAGE (1u << 0)
#define PPTT_ID_VALID (1u << 1)
#define PPTT_LEAF (1u << 3)

#define GTDT_REVISION 2
#define GTDT_ALWAYS_ON 4 /* level-triggered, active high */
#define GTDT_NOT_MAPPED UINT64_MAX

#define SPCR_REVISION 2
#define SPCR_SIZE 80
#define SPCR_INTERRUPT_GIC 8
#define SPCR_BAUD_115200 7
#define SPCR_STOP_1 1
#define SPCR_TERMINAL_ANSI 3
#define PORT_TYPE_SERIAL 0x8000
#define PORT_PL011 3
#define NOT_PCI 0xFFFF

#define ACCESS_DWORD 3

#define IORT_REVISION 0
#define IORT_HEADER 48
#define IORT_ITS_GROUP 0
#define IORT_ITS_GROUP_SIZE 24
#define IORT_ROOT_COMPLEX 2
#define IORT_ROOT_COMPLEX_SIZE 36
#define IORT_MAPPING_SIZE 20
#define ITS_ID 0

/* Hardware-reduced: no fixed registers, and power off and reset are PSCI's. */
static void add_fadt(struct acpi_tables *tables)
{
    uint64_t dsdt = acpi_add_dsdt(tables, acpi_virt_dsdt, sizeof(acpi_virt_dsdt));
    GByteArray *fadt = acpi_table_new("FACP", FADT_REVISION);

    acpi_put32(fadt, 0); /* FIRMWARE_CTRL */
    acpi_put32(fadt, acpi_low32(dsdt));
    acpi_put_zeros(fadt, 112 - 44);
    acpi_put32(fadt, FADT_HW_REDUCED);
    acpi_put_zeros(fadt, 129 - 116); /* RESET_REG, RESET_VALUE */
    acpi_put16(fadt, ARM_BOOT_PSCI_COMPLIANT | ARM_BOOT_PSCI_USE_HVC);
    acpi_put8(fadt, FADT_MINOR_REVISION);
    acpi_put64(fadt, 0); /* X_FIRMWARE_CTRL */
    acpi_put64(fadt, dsdt);
    acpi_put_zeros(fadt, FADT_SIZE - 148);
    g_assert(fadt->len == FADT_SIZE);
    acpi_tables_add(tables, fadt, true);
}

static void put_gicc(GByteArray *madt, const struct virt_description *board, unsigned cpu)
{
    acpi_put8(madt, MADT_GICC);
    acpi_put8(madt, MADT_GICC_SIZE);
    acpi_put16(madt, 0);
    acpi_put32(madt, cpu); /* CPU interface number */
    acpi_put32(madt, cpu); /* processor UID */
    acpi_put32(madt, MADT_ENABLED);
    acpi_put32(madt, 0); /* parking protocol version */
    acpi_put32(madt, 0); /* performance interrupt */
    acpi_put64(madt, 0); /* parked address */
    acpi_put64(madt, board->gic == 2 ? board->cpu_interface.address : 0);
    acpi_put64(madt, 0); /* GICV */
    acpi_put64(madt, 0); /* GICH */
    acpi_put32(madt, 0); /* VGIC maintenance interrupt */
    acpi_put64(madt, 0); /* GICR: in structures of their own */
    acpi_put64(madt, board->mpidr[cpu]);
    acpi_put32(madt, 0); /* efficiency class, SPE interrupt */
}

static void put_message_frame(GByteArray *madt, const struct virt_description *board)
{
    acpi_put8(madt, MADT_MSI_FRAME);
    acpi_put8(madt, MADT_MSI_FRAME_SIZE);
    acpi_put16(madt, 0);
    acpi_put32(madt, 0); /* frame ID */
    acpi_put64(madt, board->message_frame.address);
    acpi_put32(madt, MSI_FRAME_SPIS_GIVEN);
    acpi_put16(madt, (uint16_t)board->message_count);
    acpi_put16(madt, (uint16_t)board->message_first);
}

static void add_madt(struct acpi_tables *tables, const struct virt_description *board)
{
    GByteArray *madt = acpi_table_new("APIC", MADT_REVISION);

    acpi_put32(madt, 0);
    acpi_put32(madt, 0);
    acpi_put8(madt, MADT_GICD);
    acpi_put8(madt, MADT_GICD_SIZE);
    acpi_put16(madt, 0);
    acpi_put32(madt, 0); /* GIC ID */
    acpi_put64(madt, board->distributor.address);
    acpi_put32(madt, 0);
    acpi_put8(madt, (uint8_t)board->gic);
    acpi_put_zeros(madt, 3);
    for (unsigned cpu = 0; cpu < board->cpus; cpu++)
        put_gicc(madt, board, cpu);
    if (board->gic == 3) {
        acpi_put8(madt, MADT_GICR);
        acpi_put8(madt, MADT_GICR_SIZE);
        acpi_put16(madt, 0);
        acpi_put64(madt, board->redistributors.address);
        acpi_put32(madt, (uint32_t)board->redistributors.size);
    }
    if (board->message_frame.size)
        put_message_frame(madt, board);
    if (board->its.size) {
        acpi_put8(madt, MADT_ITS);
        acpi_put8(madt, MADT_ITS_SIZE);
        acpi_put16(madt, 0);
        acpi_put32(madt, ITS_ID);
        acpi_put64(madt, board->its.address);
        acpi_put32(madt, 0);
    }
    acpi_tables_add(tables, madt, true);
}

static void put_timer(GByteArray *gtdt, unsigned interrupt)
{
    acpi_put32(gtdt, interrupt);
    acpi_put32(gtdt, GTDT_ALWAYS_ON);
}

static void add_gtdt(struct acpi_tables *tables, const struct virt_description *board)
{
    GByteArray *gtdt = acpi_table_new("GTDT", GTDT_REVISION);

    acpi_put64(gtdt, GTDT_NOT_MAPPED); /* CntControlBase */
    acpi_put32(gtdt, 0);
    put_timer(gtdt, board->timers.secure);
    put_timer(gtdt, board->timers.physical);
    put_timer(gtdt, board->timers.virtual);
    put_timer(gtdt, board->timers.hypervisor);
    acpi_put64(gtdt, GTDT_NOT_MAPPED); /* CntReadBase */
    acpi_put32(gtdt, 0);               /* platform timers */
    acpi_put32(gtdt, 0);
    acpi_tables_add(tables, gtdt, true);
}

static void add_spcr(struct acpi_tables *tables, const struct virt_description *board)
{
    GByteArray *spcr = acpi_table_new("SPCR", SPCR_REVISION);

    acpi_put8(spcr, PORT_PL011);
    acpi_put_zeros(spcr, 3);
    acpi_put_address(spcr, ACPI_SPACE_MEMORY, 32, ACCESS_DWORD, board->uart.address);
    acpi_put8(spcr, SPCR_INTERRUPT_GIC);
    acpi_put8(spcr, 0); /* PC-AT IRQ */
    acpi_put32(spcr, board->uart.interrupt);
    acpi_put8(spcr, SPCR_BAUD_115200);
    acpi_put8(spcr, 0); /* no parity */
    acpi_put8(spcr, SPCR_STOP_1);
    acpi_put8(spcr, 0); /* no flow control */
    acpi_put8(spcr, SPCR_TERMINAL_ANSI);
    acpi_put8(spcr, 0);
    acpi_put16(spcr, NOT_PCI);
    acpi_put16(spcr, NOT_PCI);
    acpi_put_zeros(spcr, 3); /* bus, device, function */
    acpi_put32(spcr, 0);     /* flags */
    acpi_put8(spcr, 0);      /* segment */
    acpi_put32(spcr, 0);
    g_assert(spcr->len == SPCR_SIZE);
    acpi_tables_add(tables, spcr, true);
}

static void add_dbg2(struct acpi_tables *tables, const struct virt_description *board)
{
    static const char name[] = "\\_SB.COM0";
    enum { INFORMATION = 22, ADDRESS = INFORMATION, SIZE = ADDRESS + 12, NAME = SIZE + 4 };
    GByteArray *dbg2 = acpi_table_new("DBG2", 0);

    acpi_put32(dbg2, ACPI_HEADER_SIZE + 8); /* of the first device */
    acpi_put32(dbg2, 1);
    acpi_put8(dbg2, 0); /* revision */
    acpi_put16(dbg2, NAME + sizeof(name));
    acpi_put8(dbg2, 1); /* one register range */
    acpi_put16(dbg2, sizeof(name));
    acpi_put16(dbg2, NAME);
    acpi_put16(dbg2, 0); /* OEM data */
    acpi_put16(dbg2, 0);
    acpi_put16(dbg2, PORT_TYPE_SERIAL);
    acpi_put16(dbg2, PORT_PL011);
    acpi_put16(dbg2, 0);
    acpi_put16(dbg2, ADDRESS);
    acpi_put16(dbg2, SIZE);
    acpi_put_address(dbg2, ACPI_SPACE_MEMORY, 32, ACCESS_DWORD, board->uart.address);
    acpi_put32(dbg2, (uint32_t)board->uart.size);
    g_byte_array_append(dbg2, (const uint8_t *)name, sizeof(name));
    acpi_tables_add(tables, dbg2, true);
}

/* The head that all nodes have. */
static void put_node(GByteArray *iort, uint8_t type, uint16_t size, unsigned mappings)
{
    acpi_put8(iort, type);
    acpi_put16(iort, (uint16_t)(size + mappings * IORT_MAPPING_SIZE));
    acpi_put8(iort, type == IORT_ROOT_COMPLEX); /* revision */
    acpi_put32(iort, 0);
    acpi_put32(iort, mappings);
    acpi_put32(iort, mappings ? size : 0);
}

/* All requesters of the PCI bus write their messages to the ITS, under their own number. */
static void add_iort(struct acpi_tables *tables)
{
    GByteArray *iort = acpi_table_new("IORT", IORT_REVISION);

    acpi_put32(iort, 2);
    acpi_put32(iort, IORT_HEADER);
    acpi_put32(iort, 0);
    put_node(iort, IORT_ITS_GROUP, IORT_ITS_GROUP_SIZE, 0);
    acpi_put32(iort, 1);
    acpi_put32(iort, ITS_ID);
    put_node(iort, IORT_ROOT_COMPLEX, IORT_ROOT_COMPLEX_SIZE, 1);
    acpi_put32(iort, 1); /* cache-coherent */
    acpi_put_zeros(iort, 3);
    acpi_put8(iort, 3);  /* coherent path, device attributes are cacheable */
    acpi_put32(iort, 0); /* no ATS */
    acpi_put32(iort, 0); /* segment */
    acpi_put8(iort, 64); /* address bits */
    acpi_put_zeros(iort, 3);
    acpi_put32(iort, 0);      /* the first requester */
    acpi_put32(iort, 0xFFFF); /* how many, less one */
    acpi_put32(iort, 0);
    acpi_put32(iort, IORT_HEADER);
    acpi_put32(iort, 0);
    acpi_tables_add(tables, iort, true);
}

/* A package with its processors, which have no caches to tell of. */
static void add_pptt(struct acpi_tables *tables, const struct virt_description *board)
{
    GByteArray *pptt = acpi_table_new("PPTT", PPTT_REVISION);

    for (unsigned i = 0; i <= board->cpus; i++) {
        acpi_put8(pptt, 0); /* processor hierarchy node */
        acpi_put8(pptt, PPTT_NODE_SIZE);
        acpi_put16(pptt, 0);
        acpi_put32(pptt, i ? PPTT_ID_VALID | PPTT_LEAF : PPTT_PACKAGE);
        acpi_put32(pptt, i ? ACPI_HEADER_SIZE : 0); /* parent */
        acpi_put32(pptt, i ? i - 1 : 0);            /* processor UID */
        acpi_put32(pptt, 0);
    }
    acpi_tables_add(tables, pptt, true);
}

GByteArray *acpi_virt_build(const struct virt_description *board, uint64_t base, uint64_t *rsdp)
{
    struct acpi_tables *tables = acpi_tables_new(base);
    GByteArray *ssdt = acpi_table_new("SSDT", 2);

    g_assert(board->cpus >= 1 && board->cpus <= VIRT_DESCRIPTION_CPUS);
    add_fadt(tables);
    acpi_put_processors(ssdt, board->cpus);
    acpi_tables_add(tables, ssdt, true);
    add_madt(tables, board);
    add_pptt(tables, board);
    add_gtdt(tables, board);
    add_spcr(tables, board);
    add_dbg2(tables, board);
    acpi_add_mcfg(tables, board->ecam.address, (unsigned)(board->ecam.size >> 20));
    if (board->its.size)
        add_iort(tables);
    return acpi_tables_finish(tables, rsdp);
}
