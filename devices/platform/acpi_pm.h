/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI fixed hardware as the ICH9 has it: power management registers, timer, general purpose events, power button. */
#ifndef GALVANIC_DEVICES_PLATFORM_ACPI_PM_H
#define GALVANIC_DEVICES_PLATFORM_ACPI_PM_H

#include "emu/machine.h"

/* Offsets in the block, for the FADT. */
#define ACPI_PM_SIZE 0x80
#define ACPI_PM_EVENT 0x00
#define ACPI_PM_CONTROL 0x04
#define ACPI_PM_TIMER 0x08
#define ACPI_PM_GPE0 0x20
#define ACPI_PM_GPE0_LENGTH 16
#define ACPI_PM_SMI_COMMAND_PORT 0xB2
#define ACPI_PM_ENABLE_VALUE 0x02 /* to the SMI command port */
#define ACPI_PM_DISABLE_VALUE 0x03
#define ACPI_PM_SLEEP_TYPE_S5 0 /* SLP_TYP of soft off */

struct acpi_pm;

struct acpi_pm_config {
    uint16_t base;       /* of the block at reset; 0x600 */
    bool timer_32bit;    /* else 24 bits, as the ICH9's */
    struct irq_line sci; /* by level, active high */
};

/*
 * The machine owns the result.  @config is copied.  Makes the journal source "power-button": any byte is a press, which
 * a guest that has enabled the button sees as a fixed event.
 */
struct acpi_pm *acpi_pm_new(struct machine *machine, const struct acpi_pm_config *config);
/* The LPC bridge's PMBASE and ACPI_EN.  The block's place is this device's state, nobody else need restore it. */
void acpi_pm_set_base(struct acpi_pm *pm, uint16_t base, bool enabled);
/* A press; true if the guest has asked to be told of it.  Only from between instructions (a journal source). */
bool acpi_pm_press_power_button(struct acpi_pm *pm);
/* Whether a press would be noticed, so that a request to shut down can be carried out in another way. */
bool acpi_pm_power_button_enabled(const struct acpi_pm *pm);
/* Sets general purpose event @bit 0..63. */
void acpi_pm_raise_event(struct acpi_pm *pm, unsigned bit);

#endif
