/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the registers share: registers.c and those of the two architectures. */
#ifndef GALVANIC_DEBUG_REGISTERS_INTERNAL_H
#define GALVANIC_DEBUG_REGISTERS_INTERNAL_H

#include "debug/registers.h"

struct register_entry {
    struct register_info info;
    enum register_source {
        REGISTER_FROM_STATE,  /* of struct x86_64_registers, struct aarch64_registers */
        REGISTER_FROM_FPU,    /* of struct x86_64_fpu, struct aarch64_fpu */
        REGISTER_FROM_SYSTEM, /* an MSR, a system register of the engine */
        REGISTER_FROM_CR8,
        REGISTER_FROM_XCR0,
    } source;
    uint32_t where; /* offset in bytes, or the number of an MSR or system register */
    uint8_t bytes;  /* in the structure: 2, 4, 8; 10 and 16 are bytes in order */
    char *(*decode)(uint64_t value);
};

/* Another name people know a register by. */
struct register_alias {
    const char *alias, *name;
};

struct register_file {
    const struct register_entry *entry;
    unsigned count;
    const struct register_alias *alias; /* ends with NULL */
    void (*get)(struct cpu *cpu, const struct register_entry *entry, uint8_t value[16]);
    bool (*set)(struct cpu *cpu, const struct register_entry *entry, const uint8_t value[16]);
};

extern const struct register_file register_file_x86_64, register_file_aarch64;

/* Bytes [@where, + @bytes) of a structure, to little endian and back. */
void register_from_memory(const void *base, const struct register_entry *entry, uint8_t value[16]);
void register_to_memory(void *base, const struct register_entry *entry, const uint8_t value[16]);
uint64_t register_u64(const uint8_t value[16]);
void register_put_u64(uint8_t value[16], uint64_t number);

/* A field of a register: one bit is named when it is set, wider ones are named with their value. */
struct bit_field {
    const char *name;
    uint8_t low, width;
    const char *const *meaning; /* of each value, NULL-terminated; NULL: a number */
    bool hidden_when_zero;      /* of wider ones */
};
#define BIT(bit, text)                                                                                                 \
    {                                                                                                                  \
        .name = (text), .low = (bit), .width = 1                                                                       \
    }
#define FIELD(first, bits, text)                                                                                       \
    {                                                                                                                  \
        .name = (text), .low = (first), .width = (bits)                                                                \
    }
#define QUIET(first, bits, text)                                                                                       \
    {                                                                                                                  \
        .name = (text), .low = (first), .width = (bits), .hidden_when_zero = true                                      \
    }
#define MEANT(first, bits, text, list)                                                                                 \
    {                                                                                                                  \
        .name = (text), .low = (first), .width = (bits), .meaning = (list)                                             \
    }

/* "PE MP TG0=4K …", the highest bits last; what no field covers is told as "reserved 0x…". */
char *bit_fields_decode(const struct bit_field *fields, unsigned count, uint64_t value);
#define DECODE(fields, value) bit_fields_decode((fields), G_N_ELEMENTS(fields), (value))

/* debug/registers_esr.c */
char *esr_decode(uint64_t esr);

#endif
