/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv2: what is signalled to whom.  Arm IHI 0048B, chapter 3. */
#include "devices/intc/gicv2_internal.h"

#include <string.h>

struct gic_bank *gicv2_bank(struct gicv2 *gic, unsigned cpu, unsigned intid)
{
    return intid < GIC_PRIVATE ? &gic->cpu[cpu].bank : &gic->shared[intid / 32 - 1];
}

unsigned gicv2_group(struct gicv2 *gic, unsigned cpu, unsigned intid)
{
    return gicv2_bank(gic, cpu, intid)->group >> intid % 32 & 1;
}

/* Those of @candidates, a bank of SPIs, that are meant for @cpu.  With a single CPU they all are (section 4.3.12). */
static uint32_t targeted(const struct gicv2 *gic, unsigned bank, unsigned cpu, uint32_t candidates)
{
    uint32_t result = 0;

    if (gic->config.cpus == 1)
        return candidates;
    for (uint32_t left = candidates; left; left &= left - 1) {
        unsigned bit = (unsigned)__builtin_ctz(left);

        if (gic->targets[32 * bank + bit] & 1u << cpu)
            result |= 1u << bit;
    }
    return result;
}

unsigned gicv2_highest_pending(struct gicv2 *gic, unsigned cpu, unsigned *priority)
{
    unsigned intid = GIC_SPURIOUS;

    *priority = GIC_IDLE_PRIORITY;
    for (unsigned first = 0; first < GICV2_INTERRUPTS; first += 32) {
        const struct gic_bank *bank = gicv2_bank(gic, cpu, first);
        uint32_t forwarded = (gic->control & GICD_CTLR_ENABLE_GROUP0 ? ~bank->group : 0) |
                             (gic->control & GICD_CTLR_ENABLE_GROUP1 ? bank->group : 0);
        uint32_t candidates = gic_bank_pending(bank) & bank->enabled & ~bank->active & forwarded;

        if (candidates && first)
            candidates = targeted(gic, first / 32 - 1, cpu, candidates);
        int best = gic_bank_best(bank, candidates, priority);
        if (best >= 0)
            intid = first + (unsigned)best;
    }
    return intid;
}

unsigned gicv2_group_priority(const struct gicv2_cpu *cpu, unsigned group, unsigned priority)
{
    /* The aliased register's field begins one bit lower: 1 there is 0 in the other. */
    unsigned lowest = group && !(cpu->control & GICC_CTLR_CBPR) ? cpu->aliased_binary_point : cpu->binary_point + 1u;

    return priority & 0xFFu << lowest;
}

unsigned gicv2_signalled(struct gicv2 *gic, unsigned index)
{
    const struct gicv2_cpu *cpu = &gic->cpu[index];
    unsigned priority, intid = gicv2_highest_pending(gic, index, &priority);

    if (intid == GIC_SPURIOUS || priority >= cpu->priority_mask)
        return GIC_SPURIOUS;
    unsigned group = gicv2_group(gic, index, intid);
    if (!(cpu->control & (group ? GICC_CTLR_ENABLE_GROUP1 : GICC_CTLR_ENABLE_GROUP0)) ||
        gicv2_group_priority(cpu, group, priority) >= gic_active_running(&cpu->active, GICV2_LEVEL_SHIFT))
        return GIC_SPURIOUS;
    return intid;
}

static void update_cpu(struct gicv2 *gic, unsigned index, bool always)
{
    struct gicv2_cpu *cpu = &gic->cpu[index];
    unsigned intid = gicv2_signalled(gic, index);
    bool signalled = intid != GIC_SPURIOUS;
    bool fiq = signalled && (cpu->control & GICC_CTLR_FIQEN) && gicv2_group(gic, index, intid) == 0;
    bool irq = signalled && !fiq;

    if (always || irq != cpu->irq)
        gic->config.set_irq(gic->config.opaque, index, irq);
    if (always || fiq != cpu->fiq)
        gic->config.set_fiq(gic->config.opaque, index, fiq);
    cpu->irq = irq;
    cpu->fiq = fiq;
}

void gicv2_update(struct gicv2 *gic)
{
    for (unsigned i = 0; i < gic->config.cpus; i++)
        update_cpu(gic, i, false);
}

static void set_line(void *opaque, unsigned input, bool level)
{
    struct gicv2 *gic = opaque;
    unsigned intid = input % GICV2_INTERRUPTS, cpu = input / GICV2_INTERRUPTS;

    gic_bank_set_line(gicv2_bank(gic, cpu, intid), intid % 32, level);
    gicv2_update(gic);
}

struct irq_line gicv2_line(struct gicv2 *gic, unsigned cpu, unsigned intid)
{
    g_assert(intid >= GIC_SGIS && intid < GICV2_INTERRUPTS);
    g_assert(intid >= GIC_PRIVATE || cpu < gic->config.cpus);
    unsigned input = intid + (intid < GIC_PRIVATE ? cpu * GICV2_INTERRUPTS : 0);
    return (struct irq_line){.set = set_line, .opaque = gic, .input = input};
}

/* SGIs are always enabled, and edge-triggered (sections 4.3.5, 4.3.13). */
static void gicv2_reset(void *device)
{
    struct gicv2 *gic = device;

    gic->control = 0;
    memset(gic->targets, 0, sizeof(gic->targets));
    for (unsigned i = 0; i < GICV2_SHARED_BANKS; i++)
        gic_bank_reset(&gic->shared[i], 0);
    for (unsigned i = 0; i < gic->config.cpus; i++) {
        struct gicv2_cpu *cpu = &gic->cpu[i];

        gic_bank_reset(&cpu->bank, 0xFFFF);
        cpu->bank.enabled = 0xFFFF;
        memset(cpu->sgi_sources, 0, sizeof(cpu->sgi_sources));
        cpu->control = cpu->priority_mask = cpu->binary_point = 0;
        cpu->aliased_binary_point = 1;
        memset(&cpu->active, 0, sizeof(cpu->active));
    }
    gicv2_update(gic);
}

static void gicv2_unrealize(void *device)
{
    struct gicv2 *gic = device;

    memory_region_remove(gic->distributor);
    memory_region_remove(gic->cpu_interface);
    g_free(gic);
}

static void after_load(void *object)
{
    struct gicv2 *gic = object;

    for (unsigned i = 0; i < gic->config.cpus; i++) {
        struct gicv2_cpu *cpu = &gic->cpu[i];

        /* A stream from elsewhere must not make what registers cannot: shifts too wide, SGIs that come from nobody. */
        cpu->binary_point &= 7;
        cpu->aliased_binary_point = CLAMP(cpu->aliased_binary_point, 1, 7);
        cpu->bank.edge |= 0xFFFF;
        cpu->bank.latched &= 0xFFFF0000;
        for (unsigned intid = 0; intid < GIC_SGIS; intid++)
            cpu->bank.latched |= cpu->sgi_sources[intid] ? 1u << intid : 0;
        update_cpu(gic, i, true);
    }
}

static const struct state_field cpu_fields[] = {
    STATE_STRUCT(struct gicv2_cpu, bank, &gic_bank_state),
    STATE_U8_ARRAY(struct gicv2_cpu, sgi_sources),
    STATE_U32(struct gicv2_cpu, control),
    STATE_U8(struct gicv2_cpu, priority_mask),
    STATE_U8(struct gicv2_cpu, binary_point),
    STATE_U8(struct gicv2_cpu, aliased_binary_point),
    STATE_STRUCT(struct gicv2_cpu, active, &gic_active_state),
    STATE_END,
};

static const struct state_table cpu_state = {.name = "gicv2-cpu", .version = 1, .fields = cpu_fields};

static const struct state_field fields[] = {
    STATE_U32(struct gicv2, control),
    STATE_STRUCT_ARRAY(struct gicv2, shared, &gic_bank_state),
    STATE_U8_ARRAY(struct gicv2, targets),
    STATE_STRUCT_ARRAY(struct gicv2, cpu, &cpu_state),
    STATE_END,
};

static const struct state_table state = {.name = "gicv2", .version = 1, .fields = fields, .after_load = after_load};

static const struct device_class gicv2_class = {
    .name = "gicv2", .state = &state, .reset = gicv2_reset, .unrealize = gicv2_unrealize};

struct gicv2 *gicv2_new(struct machine *machine, const struct gicv2_config *config)
{
    struct gicv2 *gic = g_new0(struct gicv2, 1);
    struct memory *memory = machine_memory(machine);

    g_assert(config->cpus >= 1 && config->cpus <= GICV2_CPUS);
    g_assert(config->set_irq && config->set_fiq && config->current_cpu);
    gic->machine = machine;
    gic->config = *config;
    gic->distributor = memory_add_io(memory, MEMORY_SPACE_PHYSICAL, "gicd", config->distributor, GICV2_DISTRIBUTOR_SIZE,
                                     0, &gicv2_distributor_ops, gic);
    gic->cpu_interface = memory_add_io(memory, MEMORY_SPACE_PHYSICAL, "gicc", config->cpu_interface,
                                       GICV2_CPU_INTERFACE_SIZE, 0, &gicv2_cpu_interface_ops, gic);
    gicv2_reset(gic);
    machine_add_device(machine, &gicv2_class, gic, "gic");
    return gic;
}
