/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI 6.4, section 4.8 "ACPI Register Model"; Intel I/O Controller Hub 9 data sheet, section 13.8.3 "Power Management
 * I/O Registers" for the places.
 *
 * Any write with SLP_EN turns the machine off: Redox writes the sleep type unshifted, so the field tells nothing, and
 * this machine can do nothing else but S3, which it does not offer.
 */
#include "devices/platform/acpi_pm.h"

#include "emu/bytes.h"

#define TIMER_HZ 3579545

/* PM1 status and enable. */
#define TIMER_STATUS 0x0001
#define GLOBAL_STATUS 0x0020
#define POWER_BUTTON_STATUS 0x0100
#define SLEEP_BUTTON_STATUS 0x0200
#define RTC_STATUS 0x0400
#define STATUS_BITS 0xCF31 /* with bus master, PCI Express wake and wake status */
#define ENABLE_BITS 0x4721 /* with PCI Express wake disable */
#define EVENT_BITS (TIMER_STATUS | GLOBAL_STATUS | POWER_BUTTON_STATUS | SLEEP_BUTTON_STATUS | RTC_STATUS)

#define CONTROL_SCI_ENABLE 0x0001
#define CONTROL_GLOBAL_RELEASE 0x0004
#define CONTROL_SLEEP_TYPE_SHIFT 10
#define CONTROL_SLEEP_ENABLE 0x2000
#define CONTROL_BITS 0x1C03 /* what reads back: SLP_TYP, BM_RLD, SCI_EN */
#define SLEEP_TYPE_S3 1

/* Registers by dword. */
enum reg {
    PM1_EVENT = 0x00, /* status below, enable above */
    PM1_CONTROL = 0x04,
    PM_TIMER = 0x08,
    GPE0_STATUS = 0x20,
    GPE0_STATUS_HIGH = 0x24,
    GPE0_ENABLE = 0x28,
    GPE0_ENABLE_HIGH = 0x2C,
    SMI_ENABLE = 0x30,
    SMI_STATUS = 0x34,
};

struct acpi_pm {
    struct machine *machine;
    struct irq_line sci;
    uint16_t reset_base;
    bool timer_32bit;
    struct memory_region *region, *command_region;

    uint16_t base;
    bool enabled;
    uint16_t status, enable, control;
    uint64_t gpe_status, gpe_enable;
    uint32_t smi_enable;
    uint8_t apm_control, apm_status;
    uint64_t next_toggle;       /* tick at which the timer's top bit changes and TMR_STS is set */
    struct clock_timer *toggle; /* runs while that matters to SCI */
};

/* --- timer, SCI --- */

static uint64_t ticks(const struct acpi_pm *pm)
{
    return machine_ticks(pm->machine, TIMER_HZ);
}

static uint64_t half_period(const struct acpi_pm *pm)
{
    return pm->timer_32bit ? 1ull << 31 : 1ull << 23;
}

/* Brings TMR_STS up to now. */
static void update_timer_status(struct acpi_pm *pm)
{
    uint64_t now = ticks(pm);

    if (now < pm->next_toggle)
        return;
    pm->status |= TIMER_STATUS;
    pm->next_toggle = (now / half_period(pm) + 1) * half_period(pm);
}

static void update(struct acpi_pm *pm)
{
    bool events = pm->status & pm->enable & EVENT_BITS;
    bool timed = (pm->enable & TIMER_STATUS) && (pm->control & CONTROL_SCI_ENABLE);

    clock_timer_set(pm->toggle,
                    timed ? (int64_t)clock_muldiv_up(pm->next_toggle, NANOSECONDS_PER_SECOND, TIMER_HZ) : CLOCK_NEVER);
    irq_set(&pm->sci, (pm->control & CONTROL_SCI_ENABLE) && (events || (pm->gpe_status & pm->gpe_enable)));
}

static void toggled(void *opaque)
{
    struct acpi_pm *pm = opaque;

    update_timer_status(pm);
    update(pm);
}

bool acpi_pm_power_button_enabled(const struct acpi_pm *pm)
{
    return (pm->control & CONTROL_SCI_ENABLE) && (pm->enable & POWER_BUTTON_STATUS);
}

bool acpi_pm_press_power_button(struct acpi_pm *pm)
{
    pm->status |= POWER_BUTTON_STATUS;
    update(pm);
    return acpi_pm_power_button_enabled(pm);
}

static void deliver(void *opaque, const uint8_t *data, size_t length)
{
    acpi_pm_press_power_button(opaque);
}

void acpi_pm_raise_event(struct acpi_pm *pm, unsigned bit)
{
    g_return_if_fail(bit < 64);
    pm->gpe_status |= 1ull << bit;
    update(pm);
}

/* --- registers --- */

static uint32_t read_dword(struct acpi_pm *pm, uint64_t reg)
{
    switch (reg) {
    case PM1_EVENT:
        update_timer_status(pm);
        return pm->status | (uint32_t)pm->enable << 16;
    case PM1_CONTROL:
        return pm->control;
    case PM_TIMER:
        return (uint32_t)(ticks(pm) & (2 * half_period(pm) - 1));
    case GPE0_STATUS:
        return (uint32_t)pm->gpe_status;
    case GPE0_STATUS_HIGH:
        return (uint32_t)(pm->gpe_status >> 32);
    case GPE0_ENABLE:
        return (uint32_t)pm->gpe_enable;
    case GPE0_ENABLE_HIGH:
        return (uint32_t)(pm->gpe_enable >> 32);
    case SMI_ENABLE:
        return pm->smi_enable;
    case SMI_STATUS:
        return 0;
    default:
        return 0;
    }
}

static void write_control(struct acpi_pm *pm, uint32_t value, uint32_t mask)
{
    pm->control = (uint16_t)((pm->control & ~mask) | (value & mask & CONTROL_BITS));
    if (!(value & mask & CONTROL_SLEEP_ENABLE))
        return;
    if ((pm->control >> CONTROL_SLEEP_TYPE_SHIFT & 7) == SLEEP_TYPE_S3)
        machine_guest_error(pm->machine, "acpi-pm", "suspend to RAM (S3) is not there; the machine stays awake");
    else
        machine_power_off(pm->machine);
}

static uint64_t merge(uint64_t old, uint32_t value, uint32_t mask, unsigned shift)
{
    return (old & ~((uint64_t)mask << shift)) | (uint64_t)(value & mask) << shift;
}

/* Bits of @value outside @mask are not written. */
static void write_dword(struct acpi_pm *pm, uint64_t reg, uint32_t value, uint32_t mask)
{
    switch (reg) {
    case PM1_EVENT:
        update_timer_status(pm);
        pm->status &= (uint16_t) ~(value & mask & STATUS_BITS);
        pm->enable = (uint16_t)merge(pm->enable, value >> 16 & ENABLE_BITS, mask >> 16, 0);
        break;
    case PM1_CONTROL:
        write_control(pm, value, mask);
        break;
    case GPE0_STATUS:
        pm->gpe_status &= ~(uint64_t)(value & mask);
        break;
    case GPE0_STATUS_HIGH:
        pm->gpe_status &= ~((uint64_t)(value & mask) << 32);
        break;
    case GPE0_ENABLE:
        pm->gpe_enable = merge(pm->gpe_enable, value, mask, 0);
        break;
    case GPE0_ENABLE_HIGH:
        pm->gpe_enable = merge(pm->gpe_enable, value, mask, 32);
        break;
    case SMI_ENABLE:
        pm->smi_enable = (uint32_t)merge(pm->smi_enable, value, mask, 0);
        break;
    case SMI_STATUS:
        break;
    default:
        machine_guest_error(pm->machine, "acpi-pm", "write of 0x%x to register 0x%x, which is not there", value & mask,
                            (unsigned)reg);
        return;
    }
    update(pm);
}

static uint64_t pm_read(void *opaque, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        uint64_t at = offset + i;

        value |= (uint64_t)(read_dword(opaque, at & ~3ull) >> 8 * (at & 3) & 0xFF) << 8 * i;
    }
    return value;
}

static void pm_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    /* An access over the edge of two dwords is two. */
    for (unsigned done = 0; done < size;) {
        uint64_t at = offset + done;
        unsigned shift = 8 * (unsigned)(at & 3);
        unsigned bytes = MIN(size - done, 4 - (unsigned)(at & 3));
        uint32_t mask = (uint32_t)all_ones(bytes) << shift;

        write_dword(opaque, at & ~3ull, (uint32_t)(value >> 8 * done << shift), mask);
        done += bytes;
    }
}

/* APM_CNT and APM_STS: where the FADT says that ACPI is switched on and off, by a system management interrupt. */
static uint64_t command_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct acpi_pm *pm = opaque;

    return offset == 0 ? pm->apm_control : pm->apm_status;
}

static void command_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct acpi_pm *pm = opaque;

    if (offset != 0) {
        pm->apm_status = (uint8_t)value;
        return;
    }
    pm->apm_control = (uint8_t)value;
    if (value == ACPI_PM_ENABLE_VALUE)
        pm->control |= CONTROL_SCI_ENABLE;
    else if (value == ACPI_PM_DISABLE_VALUE)
        pm->control &= (uint16_t)~CONTROL_SCI_ENABLE;
    update(pm);
}

/* --- device --- */

void acpi_pm_set_base(struct acpi_pm *pm, uint16_t base, bool enabled)
{
    pm->base = base & (uint16_t) ~(ACPI_PM_SIZE - 1);
    pm->enabled = enabled;
    memory_region_set(pm->region, pm->base, pm->enabled);
}

static void pm_reset(void *device)
{
    struct acpi_pm *pm = device;

    pm->status = pm->enable = pm->control = 0;
    pm->gpe_status = pm->gpe_enable = 0;
    pm->smi_enable = 0;
    pm->apm_control = pm->apm_status = 0;
    pm->next_toggle = (ticks(pm) / half_period(pm) + 1) * half_period(pm);
    acpi_pm_set_base(pm, pm->reset_base, true);
    update(pm);
}

static void pm_unrealize(void *device)
{
    struct acpi_pm *pm = device;

    memory_region_remove(pm->region);
    memory_region_remove(pm->command_region);
    clock_timer_free(pm->toggle);
    g_free(pm);
}

static void after_load(void *object)
{
    struct acpi_pm *pm = object;

    acpi_pm_set_base(pm, pm->base, pm->enabled);
    update(pm);
}

static const struct state_field fields[] = {
    STATE_U16(struct acpi_pm, base),
    STATE_BOOL(struct acpi_pm, enabled),
    STATE_U16(struct acpi_pm, status),
    STATE_U16(struct acpi_pm, enable),
    STATE_U16(struct acpi_pm, control),
    STATE_U64(struct acpi_pm, gpe_status),
    STATE_U64(struct acpi_pm, gpe_enable),
    STATE_U32(struct acpi_pm, smi_enable),
    STATE_U8(struct acpi_pm, apm_control),
    STATE_U8(struct acpi_pm, apm_status),
    STATE_U64(struct acpi_pm, next_toggle),
    STATE_TIMER(struct acpi_pm, toggle),
    STATE_END,
};

static const struct state_table table = {.name = "acpi-pm", .version = 1, .fields = fields, .after_load = after_load};

static const struct device_class pm_class = {
    .name = "acpi-pm",
    .state = &table,
    .reset = pm_reset,
    .unrealize = pm_unrealize,
};

struct acpi_pm *acpi_pm_new(struct machine *machine, const struct acpi_pm_config *config)
{
    static const struct memory_region_ops ops = {.read = pm_read, .write = pm_write, .max_size = 4};
    static const struct memory_region_ops command_ops = {.read = command_read, .write = command_write, .max_size = 1};
    struct acpi_pm *pm = g_new0(struct acpi_pm, 1);
    struct memory *memory = machine_memory(machine);

    pm->machine = machine;
    pm->sci = config->sci;
    pm->reset_base = config->base;
    pm->timer_32bit = config->timer_32bit;
    pm->toggle = clock_timer_new(machine_clock(machine), "acpi-pm-timer", toggled, pm);
    pm->region = memory_add_io(memory, MEMORY_SPACE_PORT, "acpi-pm", config->base, ACPI_PM_SIZE, 0, &ops, pm);
    pm->command_region =
        memory_add_io(memory, MEMORY_SPACE_PORT, "apm", ACPI_PM_SMI_COMMAND_PORT, 2, 0, &command_ops, pm);
    journal_source_new(machine_journal(machine), "power-button", deliver, pm);
    machine_add_device(machine, &pm_class, pm, "acpi-pm");
    pm_reset(pm);
    return pm;
}
