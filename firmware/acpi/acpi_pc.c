/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI Specification 6.3: sections 5.2.9 (FADT), 5.2.10 (FACS), 5.2.12 (MADT); PCI Firmware Specification 3.2, section
 * 4.1.2 (MCFG); IA-PC HPET Specification 1.0a, section 3.2.4.
 */
#include "firmware/acpi/acpi_pc.h"

#include <string.h>

#include "acpi_q35_dsdt.h"
#include "devices/platform/acpi_pm.h"
#include "devices/platform/reset.h"
#include "firmware/acpi/acpi_common.h"
#include "firmware/acpi/acpi_tables.h"
#include "firmware/acpi/aml.h"

#define FADT_REVISION 5
#define FADT_SIZE 268
#define PROFILE_DESKTOP 1
#define CMOS_CENTURY 0x32

/* IAPC_BOOT_ARCH: the ISA bus has devices, the i8042 is there, ASPM is none of the system's business. */
#define BOOT_ARCHITECTURE 0x0013

/* FADT flags: WBINVD, PROC_C1, no fixed sleep button, RTC not in fixed registers, RESET_REG_SUP; TMR_VAL_EXT. */
#define FADT_FLAGS (1u << 0 | 1u << 2 | 1u << 5 | 1u << 6 | 1u << 10)
#define FADT_FLAG_TIMER_32BIT (1u << 8)

#define FACS_SIZE 64
#define FACS_ALIGNMENT 64

#define MADT_PCAT_COMPATIBLE 1
#define MADT_ENABLED 1
#define LARGEST_XAPIC_ID 254
#define LEVEL_ACTIVE_HIGH 0x000D
#define ALL_PROCESSORS 0xFF
#define ALL_PROCESSORS_X2APIC 0xFFFFFFFFu

#define HPET_BLOCK_ID 0x8086A201u
#define HPET_MINIMUM_TICK 128

static uint64_t add_facs(struct acpi_tables *tables)
{
    uint8_t facs[FACS_SIZE] = "FACS";

    facs[4] = FACS_SIZE;
    facs[32] = 2; /* version */
    return acpi_tables_add_bytes(tables, facs, sizeof(facs), FACS_ALIGNMENT);
}

/* The first half of the FADT: 32-bit addresses and numbers. */
static void put_fadt_blocks(GByteArray *fadt, const struct acpi_pc *pc, uint64_t facs, uint64_t dsdt)
{
    acpi_put32(fadt, acpi_low32(facs));
    acpi_put32(fadt, acpi_low32(dsdt));
    acpi_put8(fadt, 0);
    acpi_put8(fadt, PROFILE_DESKTOP);
    acpi_put16(fadt, pc->sci);
    acpi_put32(fadt, ACPI_PM_SMI_COMMAND_PORT);
    acpi_put8(fadt, ACPI_PM_ENABLE_VALUE);
    acpi_put8(fadt, ACPI_PM_DISABLE_VALUE);
    acpi_put16(fadt, 0); /* S4BIOS_REQ, PSTATE_CNT */
    acpi_put32(fadt, pc->pm_base + ACPI_PM_EVENT);
    acpi_put32(fadt, 0);
    acpi_put32(fadt, pc->pm_base + ACPI_PM_CONTROL);
    acpi_put32(fadt, 0);
    acpi_put32(fadt, 0); /* PM2_CNT_BLK */
    acpi_put32(fadt, pc->pm_base + ACPI_PM_TIMER);
    acpi_put32(fadt, pc->pm_base + ACPI_PM_GPE0);
    acpi_put32(fadt, 0);
    acpi_put8(fadt, 4); /* PM1_EVT_LEN */
    acpi_put8(fadt, 2); /* PM1_CNT_LEN */
    acpi_put8(fadt, 0); /* PM2_CNT_LEN */
    acpi_put8(fadt, 4); /* PM_TMR_LEN */
    acpi_put8(fadt, ACPI_PM_GPE0_LENGTH);
    acpi_put_zeros(fadt, 3);  /* GPE1_BLK_LEN, GPE1_BASE, CST_CNT */
    acpi_put16(fadt, 0x0FFF); /* P_LVL2_LAT, P_LVL3_LAT: there are none */
    acpi_put16(fadt, 0x0FFF);
    acpi_put_zeros(fadt, 8); /* FLUSH_SIZE to MON_ALRM */
    acpi_put8(fadt, CMOS_CENTURY);
    acpi_put16(fadt, BOOT_ARCHITECTURE);
    acpi_put8(fadt, 0);
    acpi_put32(fadt, FADT_FLAGS | (pc->pm_timer_32bit ? FADT_FLAG_TIMER_32BIT : 0));
}

/* The second half: the same and more as generic addresses. */
static void put_fadt_extended(GByteArray *fadt, const struct acpi_pc *pc, uint64_t facs, uint64_t dsdt)
{
    acpi_put_address(fadt, ACPI_SPACE_IO, 8, 1, RESET_CONTROL_PORT);
    acpi_put8(fadt, RESET_CONTROL_FULL);
    acpi_put16(fadt, 0); /* ARM_BOOT_ARCH */
    acpi_put8(fadt, 0);  /* minor revision */
    acpi_put64(fadt, facs);
    acpi_put64(fadt, dsdt);
    acpi_put_address(fadt, ACPI_SPACE_IO, 32, 2, pc->pm_base + ACPI_PM_EVENT);
    acpi_put_zeros(fadt, 12);
    acpi_put_address(fadt, ACPI_SPACE_IO, 16, 2, pc->pm_base + ACPI_PM_CONTROL);
    acpi_put_zeros(fadt, 12);
    acpi_put_zeros(fadt, 12); /* X_PM2_CNT_BLK */
    acpi_put_address(fadt, ACPI_SPACE_IO, 32, 3, pc->pm_base + ACPI_PM_TIMER);
    acpi_put_address(fadt, ACPI_SPACE_IO, 8 * ACPI_PM_GPE0_LENGTH, 1, pc->pm_base + ACPI_PM_GPE0);
    acpi_put_zeros(fadt, 12);
    acpi_put_zeros(fadt, 24); /* sleep control and status: of hardware-reduced machines */
}

static void add_fadt(struct acpi_tables *tables, const struct acpi_pc *pc)
{
    uint64_t facs = add_facs(tables);
    uint64_t dsdt = acpi_add_dsdt(tables, acpi_q35_dsdt, sizeof(acpi_q35_dsdt));
    GByteArray *fadt = acpi_table_new("FACP", FADT_REVISION);

    put_fadt_blocks(fadt, pc, facs, dsdt);
    put_fadt_extended(fadt, pc, facs, dsdt);
    g_assert(fadt->len == FADT_SIZE);
    acpi_tables_add(tables, fadt, true);
}

static void put_cpu(GByteArray *madt, unsigned id)
{
    if (id <= LARGEST_XAPIC_ID) {
        acpi_put8(madt, 0); /* Processor Local APIC */
        acpi_put8(madt, 8);
        acpi_put8(madt, (uint8_t)id); /* processor UID, APIC ID */
        acpi_put8(madt, (uint8_t)id);
        acpi_put32(madt, MADT_ENABLED);
        return;
    }
    acpi_put8(madt, 9); /* Processor Local x2APIC */
    acpi_put8(madt, 16);
    acpi_put16(madt, 0);
    acpi_put32(madt, id);
    acpi_put32(madt, MADT_ENABLED);
    acpi_put32(madt, id);
}

static void put_override(GByteArray *madt, uint8_t isa, uint32_t gsi, uint16_t flags)
{
    acpi_put8(madt, 2); /* Interrupt Source Override */
    acpi_put8(madt, 10);
    acpi_put8(madt, 0); /* ISA */
    acpi_put8(madt, isa);
    acpi_put32(madt, gsi);
    acpi_put16(madt, flags);
}

/* NMI at LINT1 of every processor. */
static void put_nmi(GByteArray *madt, bool x2apic)
{
    acpi_put8(madt, 4); /* Local APIC NMI */
    acpi_put8(madt, 6);
    acpi_put8(madt, ALL_PROCESSORS);
    acpi_put16(madt, 0);
    acpi_put8(madt, 1);
    if (!x2apic)
        return;
    acpi_put8(madt, 10); /* Local x2APIC NMI */
    acpi_put8(madt, 12);
    acpi_put16(madt, 0);
    acpi_put32(madt, ALL_PROCESSORS_X2APIC);
    acpi_put8(madt, 1);
    acpi_put_zeros(madt, 3);
}

static void add_madt(struct acpi_tables *tables, const struct acpi_pc *pc)
{
    GByteArray *madt = acpi_table_new("APIC", 3);

    acpi_put32(madt, pc->local_apic);
    acpi_put32(madt, MADT_PCAT_COMPATIBLE);
    for (unsigned cpu = 0; cpu < pc->cpus; cpu++)
        put_cpu(madt, cpu);
    acpi_put8(madt, 1); /* I/O APIC */
    acpi_put8(madt, 12);
    acpi_put8(madt, pc->io_apic_id);
    acpi_put8(madt, 0);
    acpi_put32(madt, pc->io_apic);
    acpi_put32(madt, 0);         /* first global system interrupt */
    put_override(madt, 0, 2, 0); /* the 8254 is wired to input 2 */
    put_override(madt, pc->sci, pc->sci, LEVEL_ACTIVE_HIGH);
    put_nmi(madt, pc->cpus > LARGEST_XAPIC_ID + 1);
    acpi_tables_add(tables, madt, true);
}

static void add_hpet(struct acpi_tables *tables, const struct acpi_pc *pc)
{
    GByteArray *hpet = acpi_table_new("HPET", 1);

    acpi_put32(hpet, pc->hpet_block_id ? pc->hpet_block_id : HPET_BLOCK_ID);
    acpi_put_address(hpet, ACPI_SPACE_MEMORY, 64, 0, pc->hpet);
    acpi_put8(hpet, 0); /* number */
    acpi_put16(hpet, HPET_MINIMUM_TICK);
    acpi_put8(hpet, 0); /* no page protection */
    acpi_tables_add(tables, hpet, true);
}

/* The names that the DSDT asks for, and the processors. */
static void add_ssdt(struct acpi_tables *tables, const struct acpi_pc *pc)
{
    GByteArray *ssdt = acpi_table_new("SSDT", 2);

    aml_name_integer(ssdt, "\\LBUS", pc->buses - 1);
    aml_name_integer(ssdt, "\\ECAB", pc->ecam);
    aml_name_integer(ssdt, "\\ECAL", pc->ecam ? (uint64_t)pc->buses << 20 : 0);
    aml_name_integer(ssdt, "\\M32B", pc->memory32);
    aml_name_integer(ssdt, "\\M32L", pc->memory32_size);
    aml_name_integer(ssdt, "\\M64B", pc->memory64);
    aml_name_integer(ssdt, "\\M64L", pc->memory64_size);
    aml_name_integer(ssdt, "\\HPTA", pc->hpet);
    aml_name_integer(ssdt, "\\PMBA", pc->pm_base);
    acpi_put_processors(ssdt, pc->cpus);
    acpi_tables_add(tables, ssdt, true);
}

GByteArray *acpi_pc_build(const struct acpi_pc *pc, uint64_t base, uint64_t *rsdp)
{
    struct acpi_tables *tables = acpi_tables_new(base);

    g_assert(pc->cpus >= 1 && pc->cpus <= 0x1000 && pc->buses >= 1 && pc->buses <= 256);
    add_fadt(tables, pc);
    add_ssdt(tables, pc);
    add_madt(tables, pc);
    if (pc->hpet)
        add_hpet(tables, pc);
    if (pc->ecam)
        acpi_add_mcfg(tables, pc->ecam, pc->buses);
    return acpi_tables_finish(tables, rsdp);
}
