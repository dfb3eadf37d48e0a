/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv3: what is signalled to whom.  Arm IHI 0069, chapter 4. */
#include "devices/intc/gicv3_internal.h"

#include <string.h>

unsigned gicv3_find_cpu(const struct gicv3 *gic, uint32_t affinity)
{
    for (unsigned i = 0; i < gic->config.cpus; i++)
        if (gic->config.affinity[i] == affinity)
            return i;
    return GICV3_NOBODY;
}

void gicv3_set_route(struct gicv3 *gic, unsigned spi, uint64_t value)
{
    gic->route[spi] = value & UINT64_C(0xFF00FFFFFF);
    gic->target[spi] = (uint8_t)gicv3_find_cpu(gic, (uint32_t)(value >> 8 & 0xFF000000) | (value & 0xFFFFFF));
}

struct gic_bank *gicv3_bank(struct gicv3 *gic, unsigned cpu, unsigned intid)
{
    return intid < GIC_PRIVATE ? &gic->cpu[cpu].bank : &gic->shared[intid / 32 - 1];
}

unsigned gicv3_group(struct gicv3 *gic, unsigned cpu, unsigned intid)
{
    return intid >= GICV3_LPI_FIRST ? 1 : gicv3_bank(gic, cpu, intid)->group >> intid % 32 & 1;
}

static uint32_t routed(const struct gicv3 *gic, unsigned bank, unsigned cpu, uint32_t candidates)
{
    uint32_t result = 0;

    for (uint32_t left = candidates; left; left &= left - 1) {
        unsigned bit = (unsigned)__builtin_ctz(left);

        if (gic->target[32 * bank + bit] == cpu)
            result |= 1u << bit;
    }
    return result;
}

unsigned gicv3_highest_pending(struct gicv3 *gic, unsigned index, unsigned *priority)
{
    unsigned intid = GIC_SPURIOUS;

    *priority = GIC_IDLE_PRIORITY;
    if (gic->cpu[index].waker & GICR_WAKER_CHILDREN_ASLEEP)
        return GIC_SPURIOUS;
    for (unsigned first = 0; first < GICV3_INTERRUPTS; first += 32) {
        const struct gic_bank *bank = gicv3_bank(gic, index, first);
        uint32_t forwarded = (gic->control & GICD_CTLR_ENABLE_GROUP0 ? ~bank->group : 0) |
                             (gic->control & GICD_CTLR_ENABLE_GROUP1 ? bank->group : 0);
        uint32_t candidates = gic_bank_pending(bank) & bank->enabled & ~bank->active & forwarded;

        if (candidates && first)
            candidates = routed(gic, first / 32 - 1, index, candidates);
        int best = gic_bank_best(bank, candidates, priority);
        if (best >= 0)
            intid = first + (unsigned)best;
    }
    if (gic->cpu[index].lpis && (gic->control & GICD_CTLR_ENABLE_GROUP1)) {
        unsigned lpi = gicv3_lpi_best(gic, index, priority);
        intid = lpi == GIC_SPURIOUS ? intid : lpi;
    }
    return intid;
}

unsigned gicv3_group_priority(const struct gicv3_cpu *cpu, unsigned group, unsigned priority)
{
    unsigned lowest = group && !(cpu->control & ICC_CTLR_CBPR) ? cpu->binary_point[1] : cpu->binary_point[0] + 1u;

    return priority & 0xFFu << lowest;
}

unsigned gicv3_signalled(struct gicv3 *gic, unsigned index)
{
    const struct gicv3_cpu *cpu = &gic->cpu[index];
    unsigned priority, intid = gicv3_highest_pending(gic, index, &priority);

    if (intid == GIC_SPURIOUS || priority >= cpu->priority_mask)
        return GIC_SPURIOUS;
    unsigned group = gicv3_group(gic, index, intid);
    if (!cpu->enabled[group] ||
        gicv3_group_priority(cpu, group, priority) >= gic_active_running(&cpu->active, GICV3_LEVEL_SHIFT))
        return GIC_SPURIOUS;
    return intid;
}

static void drive(struct gicv3 *gic, unsigned index, bool always)
{
    struct gicv3_cpu *cpu = &gic->cpu[index];
    unsigned intid = gicv3_signalled(gic, index);
    bool irq = intid != GIC_SPURIOUS && gicv3_group(gic, index, intid) == 1;
    bool fiq = intid != GIC_SPURIOUS && !irq;

    if (always || irq != cpu->irq)
        gic->config.set_irq(gic->config.opaque, index, irq);
    if (always || fiq != cpu->fiq)
        gic->config.set_fiq(gic->config.opaque, index, fiq);
    cpu->irq = irq;
    cpu->fiq = fiq;
}

void gicv3_update_cpu(struct gicv3 *gic, unsigned cpu)
{
    drive(gic, cpu, false);
}

void gicv3_update(struct gicv3 *gic)
{
    for (unsigned i = 0; i < gic->config.cpus; i++)
        drive(gic, i, false);
}

static void set_line(void *opaque, unsigned input, bool level)
{
    struct gicv3 *gic = opaque;
    unsigned intid = input % GICV3_INTERRUPTS, cpu = input / GICV3_INTERRUPTS;

    gic_bank_set_line(gicv3_bank(gic, cpu, intid), intid % 32, level);
    if (intid >= GIC_PRIVATE)
        cpu = gic->target[intid - GIC_PRIVATE];
    if (cpu != GICV3_NOBODY)
        gicv3_update_cpu(gic, cpu);
}

struct irq_line gicv3_line(struct gicv3 *gic, unsigned cpu, unsigned intid)
{
    g_assert(intid >= GIC_SGIS && intid < GICV3_INTERRUPTS);
    g_assert(intid >= GIC_PRIVATE || cpu < gic->config.cpus);
    unsigned input = intid + (intid < GIC_PRIVATE ? cpu * GICV3_INTERRUPTS : 0);
    return (struct irq_line){.set = set_line, .opaque = gic, .input = input};
}

void gicv3_wake(struct gicv3 *gic, unsigned cpu)
{
    gic->cpu[cpu].waker = 0;
    gicv3_update_cpu(gic, cpu);
}

static void reset_cpu(struct gicv3_cpu *cpu)
{
    gic_bank_reset(&cpu->bank, 0xFFFF);
    cpu->redistributor_control = 0;
    cpu->waker = GICR_WAKER_PROCESSOR_SLEEP | GICR_WAKER_CHILDREN_ASLEEP;
    cpu->properties_base = cpu->pending_base = 0;
    gicv3_lpi_reset(cpu);
    cpu->control = 0;
    cpu->priority_mask = 0;
    cpu->binary_point[0] = GICV3_BPR0_MIN;
    cpu->binary_point[1] = GICV3_BPR1_MIN;
    cpu->enabled[0] = cpu->enabled[1] = false;
    memset(&cpu->active, 0, sizeof(cpu->active));
}

static void gicv3_reset(void *device)
{
    struct gicv3 *gic = device;

    gic->control = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(gic->shared); i++)
        gic_bank_reset(&gic->shared[i], 0);
    for (unsigned spi = 0; spi < GICV3_SPIS; spi++)
        gicv3_set_route(gic, spi, 0);
    for (unsigned i = 0; i < gic->config.cpus; i++)
        reset_cpu(&gic->cpu[i]);
    gicv3_update(gic);
}

static void gicv3_unrealize(void *device)
{
    struct gicv3 *gic = device;

    memory_region_remove(gic->distributor);
    memory_region_remove(gic->redistributors);
    g_free(gic);
}

static void after_load(void *object)
{
    struct gicv3 *gic = object;

    for (unsigned spi = 0; spi < GICV3_SPIS; spi++)
        gicv3_set_route(gic, spi, gic->route[spi]);
    for (unsigned i = 0; i < gic->config.cpus; i++) {
        struct gicv3_cpu *cpu = &gic->cpu[i];

        cpu->binary_point[0] = CLAMP(cpu->binary_point[0], GICV3_BPR0_MIN, 7);
        cpu->binary_point[1] = CLAMP(cpu->binary_point[1], GICV3_BPR1_MIN, 7);
        drive(gic, i, true);
    }
}

static const struct state_field cpu_fields[] = {
    STATE_STRUCT(struct gicv3_cpu, bank, &gic_bank_state),
    STATE_U32(struct gicv3_cpu, redistributor_control),
    STATE_U32(struct gicv3_cpu, waker),
    STATE_U64(struct gicv3_cpu, properties_base),
    STATE_U64(struct gicv3_cpu, pending_base),
    STATE_U32(struct gicv3_cpu, control),
    STATE_U8(struct gicv3_cpu, priority_mask),
    STATE_U8_ARRAY(struct gicv3_cpu, binary_point),
    STATE_BOOL_ARRAY(struct gicv3_cpu, enabled),
    STATE_STRUCT(struct gicv3_cpu, active, &gic_active_state),
    STATE_END,
};

static const struct state_table cpu_state = {.name = "gicv3-cpu", .version = 1, .fields = cpu_fields};

static const struct state_field fields[] = {
    STATE_U32(struct gicv3, control),
    STATE_STRUCT_ARRAY(struct gicv3, shared, &gic_bank_state),
    STATE_U64_ARRAY(struct gicv3, route),
    STATE_STRUCT_ARRAY(struct gicv3, cpu, &cpu_state),
    STATE_CUSTOM("lpi_pending", gicv3_lpi_save, gicv3_lpi_load),
    STATE_END,
};

static const struct state_table state = {.name = "gicv3", .version = 1, .fields = fields, .after_load = after_load};

static const struct device_class gicv3_class = {
    .name = "gicv3", .state = &state, .reset = gicv3_reset, .unrealize = gicv3_unrealize};

struct gicv3 *gicv3_new(struct machine *machine, const struct gicv3_config *config)
{
    struct gicv3 *gic = g_new0(struct gicv3, 1);
    struct memory *memory = machine_memory(machine);

    g_assert(config->cpus >= 1 && config->cpus <= GICV3_CPUS && config->set_irq && config->set_fiq);
    gic->machine = machine;
    gic->config = *config;
    gic->distributor = memory_add_io(memory, MEMORY_SPACE_PHYSICAL, "gicd", config->distributor, GICV3_DISTRIBUTOR_SIZE,
                                     0, &gicv3_distributor_ops, gic);
    gic->redistributors =
        memory_add_io(memory, MEMORY_SPACE_PHYSICAL, "gicr", config->redistributors,
                      config->cpus * (uint64_t)GICV3_REDISTRIBUTOR_SIZE, 0, &gicv3_redistributor_ops, gic);
    gicv3_reset(gic);
    machine_add_device(machine, &gicv3_class, gic, "gic");
    return gic;
}
