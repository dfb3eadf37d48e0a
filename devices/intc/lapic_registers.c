/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC as software sees it: the xAPIC page, the x2APIC registers, IA32_APIC_BASE.
 * Intel SDM volume 3, 10.4.1 (register map), 10.12 (x2APIC), 10.4.3 and 10.4.4 (IA32_APIC_BASE).
 */
#include "devices/intc/lapic_internal.h"

#include <inttypes.h>

#define VERSION (1u << 24 | (LVT_COUNT - 1) << 16 | 0x14) /* EOI broadcasts can be suppressed */
#define SVR_WRITABLE 0x11ffu
#define DIVIDE_WRITABLE 0x0bu
#define ICR_LOW_WRITABLE 0x000ccfffu
#define NOT_WRITABLE UINT64_MAX

static const uint32_t lvt_writable[LVT_COUNT] = {
    [LVT_TIMER] = 0x700ff, [LVT_THERMAL] = 0x107ff, [LVT_PERFORMANCE] = 0x107ff,
    [LVT_LINT0] = 0x1a7ff, [LVT_LINT1] = 0x1a7ff,   [LVT_ERROR] = 0x100ff,
};

static uint32_t arbitration_priority(const struct lapic *lapic)
{
    int requested = vector_set_highest(&lapic->irr);
    int in_service = vector_set_highest(&lapic->isr);
    uint32_t irrv = requested < 0 ? 0 : requested & 0xf0;
    uint32_t isrv = in_service < 0 ? 0 : in_service & 0xf0;
    uint32_t tpr = lapic->tpr & 0xf0;

    if (tpr >= irrv && tpr > isrv)
        return lapic->tpr;
    return MAX(MAX(tpr & isrv, isrv), irrv);
}

static bool is_lvt(unsigned index)
{
    return index >= APIC_LVT && index < APIC_LVT + LVT_COUNT;
}

/* The registers that both interfaces have.  False: there is none that can be read. */
static bool common_read(struct lapic *lapic, unsigned index, uint32_t *value)
{
    if (index >= APIC_ISR && index < APIC_ISR + 8)
        *value = lapic->isr.word[index - APIC_ISR];
    else if (index >= APIC_TMR && index < APIC_TMR + 8)
        *value = lapic->tmr.word[index - APIC_TMR];
    else if (index >= APIC_IRR && index < APIC_IRR + 8)
        *value = lapic->irr.word[index - APIC_IRR];
    else if (is_lvt(index))
        *value = lapic->lvt[index - APIC_LVT];
    else
        switch (index) {
        case APIC_VERSION:
            *value = VERSION;
            break;
        case APIC_TPR:
            *value = lapic->tpr;
            break;
        case APIC_PPR:
            *value = lapic_ppr(lapic);
            break;
        case APIC_SVR:
            *value = lapic->svr;
            break;
        case APIC_ESR:
            *value = lapic->esr;
            break;
        case APIC_ICR_LOW:
            *value = lapic->icr_low;
            break;
        case APIC_INITIAL_COUNT:
            *value = lapic->timer_initial;
            break;
        case APIC_CURRENT_COUNT:
            *value = lapic_timer_current(lapic);
            break;
        case APIC_DIVIDE:
            *value = lapic->divide;
            break;
        default:
            return false;
        }
    return true;
}

static uint32_t xapic_read(struct lapic *lapic, unsigned index)
{
    uint32_t value = 0;

    lapic_timer_sync(lapic);
    switch (index) {
    case APIC_ID:
        return lapic->index << 24;
    case APIC_APR:
        return arbitration_priority(lapic);
    case APIC_LDR:
        return lapic->ldr;
    case APIC_DFR:
        return lapic->dfr;
    case APIC_ICR_HIGH:
        return lapic->icr_high;
    case APIC_EOI: /* write-only */
    case APIC_RRD: /* no remote reads since the Pentium 4 */
        return 0;
    default:
        if (!common_read(lapic, index, &value)) {
            lapic_error(lapic, ESR_ILLEGAL_REGISTER);
            machine_guest_error(lapic->set->machine, lapic->id, "read of reserved register 0x%03x", index << 4);
        }
        return value;
    }
}

static void write_lvt(struct lapic *lapic, enum lapic_lvt source, uint32_t value)
{
    value &= lvt_writable[source];
    if (!lapic_software_enabled(lapic))
        value |= LVT_MASKED;
    if (source == LVT_TIMER) {
        lapic_timer_reconfigure(lapic, value, lapic->divide);
        return;
    }
    if (source == LVT_LINT0 && (value & LVT_LEVEL))
        value |= lapic->lvt[source] & LVT_REMOTE_IRR;
    lapic->lvt[source] = value;
    if (source == LVT_LINT0)
        lapic_lint0_level(lapic);
    lapic_update(lapic);
}

/* Software-disabling masks all local vectors. */
static void write_svr(struct lapic *lapic, uint32_t value)
{
    lapic->svr = value & SVR_WRITABLE;
    if (!(lapic->svr & SVR_ENABLED)) {
        for (unsigned source = 0; source < LVT_COUNT; source++)
            write_lvt(lapic, source, lapic->lvt[source]);
    }
    lapic_update(lapic);
}

/* The registers that both interfaces have.  False: there is none that can be written. */
static bool common_write(struct lapic *lapic, unsigned index, uint32_t value)
{
    if (is_lvt(index)) {
        write_lvt(lapic, index - APIC_LVT, value);
        return true;
    }
    switch (index) {
    case APIC_TPR:
        lapic->tpr = value & 0xff;
        lapic_update(lapic);
        return true;
    case APIC_EOI:
        lapic_eoi(lapic);
        return true;
    case APIC_SVR:
        write_svr(lapic, value);
        return true;
    case APIC_ESR:
        lapic->esr = lapic->esr_collected;
        lapic->esr_collected = 0;
        return true;
    case APIC_INITIAL_COUNT:
        lapic_timer_set_initial(lapic, value);
        return true;
    case APIC_DIVIDE:
        lapic_timer_reconfigure(lapic, lapic->lvt[LVT_TIMER], value & DIVIDE_WRITABLE);
        return true;
    default:
        return false;
    }
}

static void xapic_write(struct lapic *lapic, unsigned index, uint32_t value)
{
    lapic_timer_sync(lapic);
    switch (index) {
    case APIC_LDR:
        lapic->ldr = value & 0xff000000;
        break;
    case APIC_DFR:
        lapic->dfr = value | 0x0fffffff;
        break;
    case APIC_ICR_HIGH:
        lapic->icr_high = value & 0xff000000;
        break;
    case APIC_ICR_LOW:
        lapic->icr_low = value & ICR_LOW_WRITABLE;
        lapic_send_ipi(lapic, lapic->icr_low, lapic->icr_high >> 24);
        break;
    default:
        if (!common_write(lapic, index, value)) {
            lapic_error(lapic, ESR_ILLEGAL_REGISTER);
            machine_guest_error(lapic->set->machine, lapic->id, "write to register 0x%03x, which cannot be written",
                                index << 4);
        }
    }
}

/* --- the page --- */

static struct lapic *accessing(struct apic_set *set)
{
    const struct cpu *running = machine_running_cpu(set->machine);
    unsigned cpu = running ? cpu_index(running) : 0;

    if (set->config.current_cpu)
        cpu = set->config.current_cpu(set->config.opaque);
    return &set->lapics[MIN(cpu, set->config.cpus - 1)];
}

/* The page answers a CPU whose APIC is in xAPIC mode and was put there. */
static bool answers(const struct lapic *lapic, uint64_t page)
{
    return lapic_enabled(lapic) && !lapic_x2apic(lapic) && (lapic->base & BASE_ADDRESS) == page;
}

static uint64_t page_read(struct lapic *lapic, uint64_t offset, unsigned size)
{
    if ((offset & 0x0c) || size > 4) {
        machine_guest_error(lapic->set->machine, lapic->id, "read of %u bytes at 0x%03" PRIx64 ": not aligned to 16",
                            size, offset);
        return 0;
    }
    return xapic_read(lapic, offset >> 4) >> (8 * (offset & 3));
}

static void page_write(struct lapic *lapic, uint64_t offset, unsigned size, uint64_t value)
{
    if ((offset & 0x0f) || size != 4) {
        machine_guest_error(lapic->set->machine, lapic->id,
                            "write of %u bytes at 0x%03" PRIx64 ": registers have 32 bits, aligned to 16", size,
                            offset);
        return;
    }
    xapic_write(lapic, offset >> 4, value);
}

static uint64_t window_read(void *opaque, uint64_t offset, unsigned size)
{
    struct lapic *lapic = accessing(opaque);

    if (offset < 0x1000 && answers(lapic, APIC_DEFAULT_BASE))
        return page_read(lapic, offset, size);
    return UINT64_MAX;
}

static void window_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct apic_set *set = opaque;

    if (offset < 0x10 || offset >= 0x1000)
        apic_msi(set, APIC_DEFAULT_BASE + offset, value);
    else if (answers(accessing(set), APIC_DEFAULT_BASE))
        page_write(accessing(set), offset, size, value);
}

static uint64_t relocated_read(void *opaque, uint64_t offset, unsigned size)
{
    struct lapic *owner = opaque;
    struct lapic *lapic = accessing(owner->set);

    return answers(lapic, owner->base & BASE_ADDRESS) ? page_read(lapic, offset, size) : UINT64_MAX;
}

static void relocated_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct lapic *owner = opaque;
    struct lapic *lapic = accessing(owner->set);

    if (answers(lapic, owner->base & BASE_ADDRESS))
        page_write(lapic, offset, size, value);
}

const struct memory_region_ops lapic_window_ops = {.read = window_read, .write = window_write, .max_size = 4};
const struct memory_region_ops lapic_relocated_ops = {.read = relocated_read, .write = relocated_write, .max_size = 4};

void lapic_place_page(struct lapic *lapic)
{
    uint64_t page = lapic->base & BASE_ADDRESS;
    bool moved = page != APIC_DEFAULT_BASE;

    memory_region_set(lapic->relocated, page, moved && lapic_enabled(lapic) && !lapic_x2apic(lapic));
}

/* --- model-specific registers --- */

static enum cpu_register_access write_base(struct lapic *lapic, uint64_t value)
{
    uint64_t writable = BASE_ADDRESS | BASE_ENABLED | BASE_BSP | (lapic->set->config.x2apic ? BASE_X2APIC : 0);
    bool enabled = value & BASE_ENABLED, x2apic = value & BASE_X2APIC;

    if ((value & ~writable) || (x2apic && !enabled))
        return CPU_REGISTER_FAULT;
    if (x2apic && !lapic_enabled(lapic)) /* from disabled through xAPIC only */
        return CPU_REGISTER_FAULT;
    if (lapic_x2apic(lapic) && enabled && !x2apic) /* back to xAPIC through disabled only */
        return CPU_REGISTER_FAULT;
    bool changes = enabled != lapic_enabled(lapic);
    lapic->base = value;
    if (changes)
        lapic_clear(lapic);
    lapic_place_page(lapic);
    lapic_update(lapic);
    return CPU_REGISTER_DONE;
}

static enum cpu_register_access x2apic_read(struct lapic *lapic, unsigned index, uint64_t *value)
{
    uint32_t low;

    if (!lapic_x2apic(lapic))
        return CPU_REGISTER_FAULT;
    lapic_timer_sync(lapic);
    switch (index) {
    case APIC_ID:
        *value = lapic->index;
        return CPU_REGISTER_DONE;
    case APIC_LDR:
        *value = lapic->index >> 4 << 16 | 1u << (lapic->index & 15);
        return CPU_REGISTER_DONE;
    case APIC_ICR_LOW:
        *value = (uint64_t)lapic->icr_high << 32 | lapic->icr_low;
        return CPU_REGISTER_DONE;
    default:
        if (!common_read(lapic, index, &low))
            return CPU_REGISTER_FAULT;
        *value = low;
        return CPU_REGISTER_DONE;
    }
}

/* Bits that a write may set, read-only ones of a writable register included. */
static uint64_t x2apic_writable(unsigned index)
{
    if (is_lvt(index))
        return lvt_writable[index - APIC_LVT] | 1u << 12 | LVT_REMOTE_IRR;
    switch (index) {
    case APIC_TPR:
    case APIC_SELF_IPI:
        return 0xff;
    case APIC_EOI:
    case APIC_ESR:
        return 0;
    case APIC_SVR:
        return SVR_WRITABLE;
    case APIC_ICR_LOW:
        return 0xffffffff00000000 | ICR_LOW_WRITABLE | 1u << 12;
    case APIC_INITIAL_COUNT:
        return 0xffffffff;
    case APIC_DIVIDE:
        return DIVIDE_WRITABLE;
    default:
        return NOT_WRITABLE;
    }
}

static enum cpu_register_access x2apic_write(struct lapic *lapic, unsigned index, uint64_t value)
{
    uint64_t writable = x2apic_writable(index);

    if (!lapic_x2apic(lapic) || writable == NOT_WRITABLE || (value & ~writable))
        return CPU_REGISTER_FAULT;
    lapic_timer_sync(lapic);
    switch (index) {
    case APIC_ICR_LOW:
        lapic->icr_low = value & ICR_LOW_WRITABLE;
        lapic->icr_high = value >> 32;
        lapic_send_ipi(lapic, lapic->icr_low, lapic->icr_high);
        break;
    case APIC_SELF_IPI:
        lapic_send_ipi(lapic, 1u << 18 | value, 0);
        break;
    default:
        common_write(lapic, index, value);
    }
    return CPU_REGISTER_DONE;
}

enum cpu_register_access apic_msr_read(struct apic_set *set, unsigned cpu, uint32_t msr, uint64_t *value)
{
    struct lapic *lapic = &set->lapics[cpu];

    if (msr == MSR_APIC_BASE) {
        *value = lapic->base;
        return CPU_REGISTER_DONE;
    }
    if (msr == MSR_TSC_DEADLINE) {
        lapic_timer_sync(lapic);
        *value = lapic->tsc_deadline;
        return CPU_REGISTER_DONE;
    }
    if (msr >= MSR_X2APIC && msr < MSR_X2APIC_END)
        return x2apic_read(lapic, msr - MSR_X2APIC, value);
    return CPU_REGISTER_DEFAULT;
}

enum cpu_register_access apic_msr_write(struct apic_set *set, unsigned cpu, uint32_t msr, uint64_t value)
{
    struct lapic *lapic = &set->lapics[cpu];

    if (msr == MSR_APIC_BASE)
        return write_base(lapic, value);
    if (msr == MSR_TSC_DEADLINE) {
        lapic_timer_sync(lapic);
        lapic_timer_set_deadline(lapic, value);
        return CPU_REGISTER_DONE;
    }
    if (msr >= MSR_X2APIC && msr < MSR_X2APIC_END)
        return x2apic_write(lapic, msr - MSR_X2APIC, value);
    return CPU_REGISTER_DEFAULT;
}
