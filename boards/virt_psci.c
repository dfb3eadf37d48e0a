/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virt: the Power State Coordination Interface 1.1 by HVC #0 (Arm DEN 0022), and what the SMC Calling Convention asks of
 * whoever answers such calls (Arm DEN 0028, 0070).
 */
#include "boards/virt_internal.h"
#include "emu/cpu/aarch64.h"

#define FUNCTION_64 0x40000000u /* bit of the function's number: arguments have 64 bits */

enum {
    PSCI_VERSION = 0x84000000u,
    PSCI_CPU_SUSPEND = 0x84000001u,
    PSCI_CPU_OFF = 0x84000002u,
    PSCI_CPU_ON = 0x84000003u,
    PSCI_AFFINITY_INFO = 0x84000004u,
    PSCI_MIGRATE_INFO_TYPE = 0x84000006u,
    PSCI_SYSTEM_OFF = 0x84000008u,
    PSCI_SYSTEM_RESET = 0x84000009u,
    PSCI_FEATURES = 0x8400000Au,
    PSCI_SYSTEM_RESET2 = 0x84000012u,
    SMCCC_VERSION = 0x80000000u,
    SMCCC_ARCH_FEATURES = 0x80000001u,
    SMCCC_ARCH_WORKAROUND_1 = 0x80008000u,
    SMCCC_ARCH_WORKAROUND_2 = 0x80007FFFu,
    SMCCC_ARCH_WORKAROUND_3 = 0x80003FFFu,
};

#define VERSION_1_1 0x00010001

enum psci_result {
    PSCI_SUCCESS = 0,
    PSCI_NOT_SUPPORTED = -1,
    PSCI_INVALID_PARAMETERS = -2,
    PSCI_ALREADY_ON = -4,
    PSCI_INVALID_ADDRESS = -9,
};

#define AFFINITY_ON 0
#define AFFINITY_OFF 1
#define MIGRATION_NOT_REQUIRED 2 /* there is no trusted system that lives on one CPU */
#define POWER_STATE_DOWN (1u << 16)
#define RESET_VENDOR (1u << 31)
#define WORKAROUND_NOT_NEEDED 1
#define WORKAROUND_2_NOT_NEEDED (-2)
#define AFFINITY_MASK UINT64_C(0xFF00FFFFFF)

/* The CPU with that affinity; NULL: there is none. */
static struct cpu *find_cpu(struct virt *virt, uint64_t mpidr)
{
    for (unsigned i = 0; i < machine_config(virt->machine)->cpus; i++)
        if (virt->mpidr[i] == mpidr)
            return machine_cpu(virt->machine, i);
    return NULL;
}

static int64_t cpu_on(struct virt *virt, uint64_t target, uint64_t entry, uint64_t context)
{
    struct cpu *cpu = find_cpu(virt, target);

    if (!cpu || target & ~AFFINITY_MASK)
        return PSCI_INVALID_PARAMETERS;
    if (cpu_is_on(cpu))
        return PSCI_ALREADY_ON;
    if (entry % 4)
        return PSCI_INVALID_ADDRESS;
    cpu_start(cpu, entry, context);
    virt_timer_reset(virt->timer, cpu_index(cpu));
    return PSCI_SUCCESS;
}

static int64_t affinity_info(struct virt *virt, uint64_t target, uint64_t level)
{
    const struct cpu *cpu = find_cpu(virt, target);

    if (!cpu || level) /* of CPUs only, as a 1.0 interface may */
        return PSCI_INVALID_PARAMETERS;
    return cpu_is_on(cpu) ? AFFINITY_ON : AFFINITY_OFF;
}

/* A standby state may end at any time, and does so at once; there are no others. */
static int64_t cpu_suspend(uint64_t state)
{
    return state & POWER_STATE_DOWN ? PSCI_INVALID_PARAMETERS : PSCI_SUCCESS;
}

static int64_t system_reset2(struct virt *virt, uint64_t type)
{
    if (type && !(type & RESET_VENDOR))
        return PSCI_INVALID_PARAMETERS;
    if (type)
        return PSCI_NOT_SUPPORTED;
    machine_reset_request(virt->machine);
    return PSCI_SUCCESS;
}

static int64_t features(uint32_t function)
{
    bool wide = function & FUNCTION_64;

    switch (function & ~FUNCTION_64) {
    case PSCI_CPU_SUSPEND: /* the original format of its parameter, platform-coordinated */
    case PSCI_CPU_ON:
    case PSCI_AFFINITY_INFO:
    case PSCI_SYSTEM_RESET2:
        return 0;
    case PSCI_VERSION:
    case PSCI_CPU_OFF:
    case PSCI_MIGRATE_INFO_TYPE:
    case PSCI_SYSTEM_OFF:
    case PSCI_SYSTEM_RESET:
    case PSCI_FEATURES:
    case SMCCC_VERSION:
        return wide ? PSCI_NOT_SUPPORTED : 0;
    default:
        return PSCI_NOT_SUPPORTED;
    }
}

/* What a CPU that never speculates has no need of, it says so about. */
static int64_t arch_features(uint32_t function)
{
    switch (function) {
    case SMCCC_VERSION:
    case SMCCC_ARCH_FEATURES:
        return 0;
    case SMCCC_ARCH_WORKAROUND_1:
    case SMCCC_ARCH_WORKAROUND_3:
        return WORKAROUND_NOT_NEEDED;
    case SMCCC_ARCH_WORKAROUND_2:
        return WORKAROUND_2_NOT_NEEDED;
    default:
        return PSCI_NOT_SUPPORTED;
    }
}

static int64_t call(struct virt *virt, struct cpu *cpu, uint32_t function, const uint64_t argument[3])
{
    switch (function) {
    case PSCI_VERSION:
    case SMCCC_VERSION:
        return VERSION_1_1;
    case PSCI_CPU_SUSPEND:
    case PSCI_CPU_SUSPEND | FUNCTION_64:
        return cpu_suspend(argument[0]);
    case PSCI_CPU_OFF:
        cpu_off(cpu);
        return PSCI_SUCCESS;
    case PSCI_CPU_ON:
    case PSCI_CPU_ON | FUNCTION_64:
        return cpu_on(virt, argument[0], argument[1], argument[2]);
    case PSCI_AFFINITY_INFO:
    case PSCI_AFFINITY_INFO | FUNCTION_64:
        return affinity_info(virt, argument[0], argument[1]);
    case PSCI_MIGRATE_INFO_TYPE:
        return MIGRATION_NOT_REQUIRED;
    case PSCI_SYSTEM_OFF:
        machine_power_off(virt->machine);
        return PSCI_SUCCESS;
    case PSCI_SYSTEM_RESET:
        machine_reset_request(virt->machine);
        return PSCI_SUCCESS;
    case PSCI_SYSTEM_RESET2:
    case PSCI_SYSTEM_RESET2 | FUNCTION_64:
        return system_reset2(virt, (uint32_t)argument[0]);
    case PSCI_FEATURES:
        return features((uint32_t)argument[0]);
    case SMCCC_ARCH_FEATURES:
        return arch_features((uint32_t)argument[0]);
    case SMCCC_ARCH_WORKAROUND_1:
    case SMCCC_ARCH_WORKAROUND_3:
        return 0;
    default:
        return PSCI_NOT_SUPPORTED;
    }
}

void virt_psci(struct virt *virt, struct cpu *cpu)
{
    uint32_t function = (uint32_t)aarch64_x(cpu, 0);
    uint64_t argument[3];

    for (unsigned i = 0; i < G_N_ELEMENTS(argument); i++) {
        argument[i] = aarch64_x(cpu, i + 1);
        if (!(function & FUNCTION_64))
            argument[i] = (uint32_t)argument[i];
    }
    aarch64_set_x(cpu, 0, (uint64_t)call(virt, cpu, function, argument));
}
