/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numbers of exceptions, by the mnemonics and the names that the architectures give them. */
#ifndef GALVANIC_EMU_CPU_VECTORS_H
#define GALVANIC_EMU_CPU_VECTORS_H

#include <stdbool.h>
#include <stdint.h>

/* Intel SDM volume 3, table 6-1; 29 and 30: AMD64 manual volume 2, 8.2. */
enum x86_vector {
    X86_VECTOR_DE = 0,
    X86_VECTOR_DB = 1,
    X86_VECTOR_NMI = 2,
    X86_VECTOR_BP = 3,
    X86_VECTOR_OF = 4,
    X86_VECTOR_BR = 5,
    X86_VECTOR_UD = 6,
    X86_VECTOR_NM = 7,
    X86_VECTOR_DF = 8,
    X86_VECTOR_COPROCESSOR_OVERRUN = 9,
    X86_VECTOR_TS = 10,
    X86_VECTOR_NP = 11,
    X86_VECTOR_SS = 12,
    X86_VECTOR_GP = 13,
    X86_VECTOR_PF = 14,
    X86_VECTOR_MF = 16,
    X86_VECTOR_AC = 17,
    X86_VECTOR_MC = 18,
    X86_VECTOR_XM = 19,
    X86_VECTOR_VE = 20,
    X86_VECTOR_CP = 21,
    X86_VECTOR_VC = 29,
    X86_VECTOR_SX = 30,
    X86_VECTORS_RESERVED = 32, /* those below are the processor's */
};

/* ESR_ELx.EC: Arm ARM (DDI 0487), D13.2.37; "LOWER" is from a lower exception level, else from the same. */
enum aarch64_class {
    AARCH64_CLASS_UNKNOWN = 0x00, /* undefined instructions among them */
    AARCH64_CLASS_WFX = 0x01,
    AARCH64_CLASS_CP15 = 0x03,
    AARCH64_CLASS_CP15_PAIR = 0x04,
    AARCH64_CLASS_CP14 = 0x05,
    AARCH64_CLASS_CP14_LDC = 0x06,
    AARCH64_CLASS_FP_ACCESS = 0x07,
    AARCH64_CLASS_PAUTH = 0x09,
    AARCH64_CLASS_LD64B = 0x0A,
    AARCH64_CLASS_CP14_PAIR = 0x0C,
    AARCH64_CLASS_BTI = 0x0D,
    AARCH64_CLASS_ILLEGAL_STATE = 0x0E,
    AARCH64_CLASS_SVC32 = 0x11,
    AARCH64_CLASS_SVC64 = 0x15,
    AARCH64_CLASS_HVC64 = 0x16,
    AARCH64_CLASS_SMC64 = 0x17,
    AARCH64_CLASS_SYSTEM_REGISTER = 0x18,
    AARCH64_CLASS_SVE = 0x19,
    AARCH64_CLASS_PAUTH_FAILURE = 0x1C,
    AARCH64_CLASS_SME = 0x1D,
    AARCH64_CLASS_INSTRUCTION_ABORT_LOWER = 0x20,
    AARCH64_CLASS_INSTRUCTION_ABORT = 0x21,
    AARCH64_CLASS_PC_ALIGNMENT = 0x22,
    AARCH64_CLASS_DATA_ABORT_LOWER = 0x24,
    AARCH64_CLASS_DATA_ABORT = 0x25,
    AARCH64_CLASS_SP_ALIGNMENT = 0x26,
    AARCH64_CLASS_MEMORY_COPY = 0x27,
    AARCH64_CLASS_FP32 = 0x28,
    AARCH64_CLASS_FP64 = 0x2C,
    AARCH64_CLASS_SERROR = 0x2F,
    AARCH64_CLASS_BREAKPOINT_LOWER = 0x30,
    AARCH64_CLASS_BREAKPOINT = 0x31,
    AARCH64_CLASS_STEP_LOWER = 0x32,
    AARCH64_CLASS_STEP = 0x33,
    AARCH64_CLASS_WATCHPOINT_LOWER = 0x34,
    AARCH64_CLASS_WATCHPOINT = 0x35,
    AARCH64_CLASS_BKPT32 = 0x38,
    AARCH64_CLASS_VECTOR_CATCH32 = 0x3A,
    AARCH64_CLASS_BRK64 = 0x3C,
    AARCH64_CLASSES = 0x40,
    /* What has no class, numbered by this program. */
    AARCH64_VECTOR_IRQ = 0x100,
    AARCH64_VECTOR_FIQ = 0x101,
    AARCH64_VECTOR_SERROR = 0x102,
};

static inline unsigned aarch64_class_of(uint64_t esr)
{
    return esr >> 26 & (AARCH64_CLASSES - 1);
}

/* Instruction and data aborts, which have a fault status in ESR and an address in FAR. */
static inline bool aarch64_class_is_abort(unsigned class)
{
    return class == AARCH64_CLASS_INSTRUCTION_ABORT_LOWER || class == AARCH64_CLASS_INSTRUCTION_ABORT ||
           class == AARCH64_CLASS_DATA_ABORT_LOWER || class == AARCH64_CLASS_DATA_ABORT;
}

#endif
