/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Local APIC: which interrupt is delivered when, local sources, the object.
 * Intel SDM volume 3, 10.4 (states), 10.5 (local vector table), 10.8 (priorities, acceptance, EOI).
 */
#include "devices/intc/lapic_internal.h"

#include <stdio.h>
#include <string.h>

#define FIRST_LEGAL_VECTOR 16
#define WINDOW_SIZE 0x100000
#define PAGE_SIZE 0x1000

static const struct state_field fields[] = {
    STATE_U64(struct lapic, base),
    STATE_U32(struct lapic, tpr),
    STATE_U32(struct lapic, ldr),
    STATE_U32(struct lapic, dfr),
    STATE_U32(struct lapic, svr),
    STATE_U32_ARRAY(struct lapic, isr.word),
    STATE_U32_ARRAY(struct lapic, tmr.word),
    STATE_U32_ARRAY(struct lapic, irr.word),
    STATE_U32(struct lapic, esr),
    STATE_U32(struct lapic, esr_collected),
    STATE_U32(struct lapic, icr_low),
    STATE_U32(struct lapic, icr_high),
    STATE_U32_ARRAY(struct lapic, lvt),
    STATE_U32(struct lapic, divide),
    STATE_BOOL_ARRAY(struct lapic, lint),
    STATE_BOOL(struct lapic, extint),
    STATE_BOOL(struct lapic, wait_for_sipi),
    STATE_U32(struct lapic, timer_initial),
    STATE_U32(struct lapic, timer_count),
    STATE_U64(struct lapic, timer_start),
    STATE_BOOL(struct lapic, timer_running),
    STATE_U64(struct lapic, tsc_deadline),
    STATE_TIMER(struct lapic, timer),
    STATE_END,
};

int vector_set_highest(const struct vector_set *vectors)
{
    for (int i = 7; i >= 0; i--) {
        if (vectors->word[i])
            return 32 * i + 31 - __builtin_clz(vectors->word[i]);
    }
    return -1;
}

static void vector_set_put(struct vector_set *vectors, uint8_t vector, bool value)
{
    uint32_t bit = 1u << (vector & 31);

    if (value)
        vectors->word[vector >> 5] |= bit;
    else
        vectors->word[vector >> 5] &= ~bit;
}

static bool vector_set_has(const struct vector_set *vectors, uint8_t vector)
{
    return vectors->word[vector >> 5] & 1u << (vector & 31);
}

uint8_t lapic_ppr(const struct lapic *lapic)
{
    int in_service = vector_set_highest(&lapic->isr);
    uint8_t class = in_service < 0 ? 0 : in_service & 0xf0;

    return (lapic->tpr & 0xf0) >= class ? lapic->tpr : class;
}

/* The vector that could be delivered now, or -1. */
static int deliverable(const struct lapic *lapic)
{
    int requested = lapic_software_enabled(lapic) ? vector_set_highest(&lapic->irr) : -1;

    return requested >= 0 && (requested & 0xf0) > (lapic_ppr(lapic) & 0xf0) ? requested : -1;
}

/* With the APIC disabled, LINT0 is the CPU's INTR pin. */
static bool extint_stands(const struct lapic *lapic)
{
    uint32_t lint0 = lapic->lvt[LVT_LINT0];

    if (!lapic_enabled(lapic))
        return lapic->lint[0];
    return lapic->extint || (lapic->lint[0] && !(lint0 & LVT_MASKED) && LVT_MODE(lint0) == APIC_EXTINT);
}

static bool intr_wanted(const struct lapic *lapic)
{
    return !lapic->wait_for_sipi && (extint_stands(lapic) || deliverable(lapic) >= 0);
}

void lapic_update(struct lapic *lapic)
{
    bool intr = intr_wanted(lapic);

    if (intr == lapic->intr)
        return;
    lapic->intr = intr;
    lapic->set->ops.set_intr(lapic->set->config.opaque, lapic->index, intr);
}

void lapic_error(struct lapic *lapic, uint32_t bit)
{
    if (lapic->esr_collected & bit)
        return;
    lapic->esr_collected |= bit;
    lapic_local_interrupt(lapic, LVT_ERROR);
}

bool lapic_accept(struct lapic *lapic, uint8_t vector, bool level)
{
    if (!lapic_software_enabled(lapic))
        return false;
    if (vector < FIRST_LEGAL_VECTOR) {
        lapic_error(lapic, ESR_RECEIVE_ILLEGAL_VECTOR);
        return true;
    }
    vector_set_put(&lapic->irr, vector, true);
    vector_set_put(&lapic->tmr, vector, level);
    lapic_update(lapic);
    return true;
}

void lapic_local_interrupt(struct lapic *lapic, enum lapic_lvt source)
{
    struct apic_set *set = lapic->set;
    uint32_t lvt = lapic->lvt[source];

    if (lvt & LVT_MASKED)
        return;
    /* The timer and the error interrupt have no mode: their bits are zero, which is "fixed". */
    switch (LVT_MODE(lvt)) {
    case APIC_FIXED:
        lapic_accept(lapic, lvt & 0xff, false);
        break;
    case APIC_NMI:
        set->ops.nmi(set->config.opaque, lapic->index);
        break;
    case APIC_INIT:
        lapic_init(lapic);
        break;
    case APIC_EXTINT:
        break; /* follows the level of the pin */
    default:
        machine_guest_error(set->machine, lapic->id, "local vector 0x%05x has a delivery mode that is not there", lvt);
    }
}

void lapic_lint0_level(struct lapic *lapic)
{
    uint32_t *lvt = &lapic->lvt[LVT_LINT0];

    if (!lapic->lint[0] || LVT_MODE(*lvt) != APIC_FIXED || !(*lvt & LVT_LEVEL))
        return;
    if (!(*lvt & (LVT_MASKED | LVT_REMOTE_IRR)) && lapic_accept(lapic, *lvt & 0xff, true))
        *lvt |= LVT_REMOTE_IRR;
}

static void set_pin(struct lapic *lapic, unsigned pin, bool level)
{
    struct apic_set *set = lapic->set;
    uint32_t lvt = lapic->lvt[pin ? LVT_LINT1 : LVT_LINT0];
    bool rises = level && !lapic->lint[pin];

    lapic->lint[pin] = level;
    if (!lapic_enabled(lapic)) {
        if (pin && rises)
            set->ops.nmi(set->config.opaque, lapic->index);
    } else if (!pin && LVT_MODE(lvt) == APIC_FIXED && (lvt & LVT_LEVEL)) {
        lapic_lint0_level(lapic);
    } else if (rises) {
        lapic_local_interrupt(lapic, pin ? LVT_LINT1 : LVT_LINT0);
    }
    lapic_update(lapic);
}

static void set_pins(void *opaque, unsigned pin, bool level)
{
    struct apic_set *set = opaque;

    for (unsigned i = 0; i < set->config.cpus; i++)
        set_pin(&set->lapics[i], pin, level);
}

struct irq_line apic_lint_line(struct apic_set *set, unsigned pin)
{
    g_assert(pin < 2);
    return (struct irq_line){.set = set_pins, .opaque = set, .input = pin};
}

void lapic_eoi(struct lapic *lapic)
{
    struct apic_set *set = lapic->set;
    int vector = vector_set_highest(&lapic->isr);

    if (vector < 0)
        return;
    vector_set_put(&lapic->isr, vector, false);
    if (vector_set_has(&lapic->tmr, vector)) {
        uint32_t *lint0 = &lapic->lvt[LVT_LINT0];

        if ((*lint0 & LVT_REMOTE_IRR) && (*lint0 & 0xff) == (unsigned)vector) {
            *lint0 &= ~LVT_REMOTE_IRR;
            lapic_lint0_level(lapic);
        }
        if (!(lapic->svr & SVR_SUPPRESS_EOI_BROADCAST) && set->config.eoi_broadcast)
            set->config.eoi_broadcast(set->config.opaque, vector);
    }
    lapic_update(lapic);
}

int apic_acknowledge(struct apic_set *set, unsigned cpu)
{
    struct lapic *lapic = &set->lapics[cpu];
    int vector = deliverable(lapic);

    if (lapic->wait_for_sipi)
        return -1;
    if (vector >= 0) {
        vector_set_put(&lapic->irr, vector, false);
        vector_set_put(&lapic->isr, vector, true);
    } else if (extint_stands(lapic)) {
        lapic->extint = false;
        vector = set->config.extint_acknowledge ? set->config.extint_acknowledge(set->config.opaque) : -1;
    } else if (lapic_software_enabled(lapic) && vector_set_highest(&lapic->irr) >= 0) {
        vector = lapic->svr & 0xff; /* spurious: nothing is in service */
    }
    lapic_update(lapic);
    return vector;
}

bool apic_intr(const struct apic_set *set, unsigned cpu)
{
    return intr_wanted(&set->lapics[cpu]);
}

uint8_t apic_task_priority(const struct apic_set *set, unsigned cpu)
{
    return set->lapics[cpu].tpr >> 4;
}

void apic_set_task_priority(struct apic_set *set, unsigned cpu, uint8_t priority)
{
    set->lapics[cpu].tpr = (priority & 0x0f) << 4;
    lapic_update(&set->lapics[cpu]);
}

uint64_t apic_base(const struct apic_set *set, unsigned cpu)
{
    return set->lapics[cpu].base;
}

void apic_set_virtual_wire(struct apic_set *set, unsigned cpu)
{
    struct lapic *lapic = &set->lapics[cpu];

    lapic->svr = SVR_ENABLED | 0x0f;
    lapic->lvt[LVT_LINT0] = APIC_EXTINT << 8;
    lapic->lvt[LVT_LINT1] = APIC_NMI << 8;
    lapic_update(lapic);
}

void lapic_clear(struct lapic *lapic)
{
    lapic->tpr = 0;
    lapic->ldr = 0;
    lapic->dfr = 0xffffffff;
    lapic->svr = 0xff;
    memset(&lapic->isr, 0, sizeof(lapic->isr));
    memset(&lapic->tmr, 0, sizeof(lapic->tmr));
    memset(&lapic->irr, 0, sizeof(lapic->irr));
    lapic->esr = 0;
    lapic->esr_collected = 0;
    lapic->icr_low = 0;
    lapic->icr_high = 0;
    for (unsigned i = 0; i < LVT_COUNT; i++)
        lapic->lvt[i] = LVT_MASKED;
    lapic->divide = 0;
    lapic->extint = false;
    lapic_timer_stop(lapic);
    lapic_update(lapic);
}

void lapic_init(struct lapic *lapic)
{
    struct apic_set *set = lapic->set;

    lapic->wait_for_sipi = !(lapic->base & BASE_BSP);
    lapic_clear(lapic);
    set->ops.init(set->config.opaque, lapic->index);
}

void lapic_startup(struct lapic *lapic, uint8_t vector)
{
    struct apic_set *set = lapic->set;

    if (!lapic->wait_for_sipi)
        return;
    lapic->wait_for_sipi = false;
    set->ops.sipi(set->config.opaque, lapic->index, vector);
    lapic_update(lapic);
}

static void reset(void *device)
{
    struct lapic *lapic = device;

    lapic->base = APIC_DEFAULT_BASE | BASE_ENABLED | (lapic->index ? 0 : BASE_BSP);
    lapic->wait_for_sipi = lapic->index != 0;
    lapic_clear(lapic);
    lapic_place_page(lapic);
}

static void after_load(void *object)
{
    struct lapic *lapic = object;

    lapic_place_page(lapic);
    lapic->intr = intr_wanted(lapic);
    lapic->set->ops.set_intr(lapic->set->config.opaque, lapic->index, lapic->intr);
}

/* The last one takes the set with it. */
static void unrealize(void *device)
{
    struct lapic *lapic = device;
    struct apic_set *set = lapic->set;

    clock_timer_free(lapic->timer);
    memory_region_remove(lapic->relocated);
    if (--set->alive)
        return;
    memory_region_remove(set->window);
    g_free(set);
}

static const struct state_table state = {.name = "lapic", .version = 1, .fields = fields, .after_load = after_load};
static const struct device_class lapic_class = {
    .name = "lapic", .state = &state, .reset = reset, .unrealize = unrealize};

struct apic_set *apic_set_new(struct machine *machine, const struct apic_set_config *config)
{
    struct memory *memory = machine_memory(machine);
    struct apic_set *set = g_malloc0(sizeof(*set) + config->cpus * sizeof(set->lapics[0]));

    g_assert(config->cpus >= 1 && config->cpus <= 64);
    set->machine = machine;
    set->config = *config;
    set->ops = *config->ops;
    set->config.ops = &set->ops;
    set->alive = config->cpus;
    set->window = memory_add_io(memory, MEMORY_SPACE_PHYSICAL, "lapic", APIC_DEFAULT_BASE, WINDOW_SIZE, 0,
                                &lapic_window_ops, set);
    for (unsigned i = 0; i < config->cpus; i++) {
        struct lapic *lapic = &set->lapics[i];

        lapic->set = set;
        lapic->index = i;
        snprintf(lapic->id, sizeof(lapic->id), "lapic%u", i);
        lapic->timer = clock_timer_new(machine_clock(machine), lapic->id, lapic_timer_fire, lapic);
        lapic->relocated = memory_add_io(memory, MEMORY_SPACE_PHYSICAL, lapic->id, APIC_DEFAULT_BASE, PAGE_SIZE, 1,
                                         &lapic_relocated_ops, lapic);
        reset(lapic);
        machine_add_device(machine, &lapic_class, lapic, lapic->id);
    }
    return set;
}
