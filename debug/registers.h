/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All registers of a CPU by name, general, floating point and system ones, readable, writable and decoded field by field. */
#ifndef GALVANIC_DEBUG_REGISTERS_H
#define GALVANIC_DEBUG_REGISTERS_H

#include "emu/cpu/cpu.h"

enum register_group { REGISTER_GENERAL, REGISTER_SEGMENT, REGISTER_FLOAT, REGISTER_VECTOR, REGISTER_SYSTEM };

struct register_info {
    const char *name; /* lower case: "rax", "cr3", "efer", "x0", "esr_el1" */
    unsigned bits;    /* 8 to 128 */
    enum register_group group;
    bool writable;
};

/* The @index-th register of the architecture, in the order in which people list them; NULL past the last. */
const struct register_info *register_at(enum cpu_arch arch, unsigned index);
/* -1: none of that name. */
int register_find(enum cpu_arch arch, const char *name);
/* 16 bytes, little endian, the rest zero. */
void register_get(struct cpu *cpu, unsigned index, uint8_t value[16]);
bool register_set(struct cpu *cpu, unsigned index, const uint8_t value[16]);
uint64_t register_get_u64(struct cpu *cpu, unsigned index);
/* "PE MP ET NE WP AM PG", "EC 0x25 (data abort, same level) IL ISS 0x45: …"; NULL: nothing to decode; to be freed. */
char *register_decode(enum cpu_arch arch, unsigned index, uint64_t value);

/* For tables of registers that have numbers: M(0), M(1), ... */
#define REGISTERS_8(M) M(0), M(1), M(2), M(3), M(4), M(5), M(6), M(7)
#define REGISTERS_16(M) REGISTERS_8(M), M(8), M(9), M(10), M(11), M(12), M(13), M(14), M(15)
#define REGISTERS_31(M)                                                                                                \
    REGISTERS_16(M), M(16), M(17), M(18), M(19), M(20), M(21), M(22), M(23), M(24), M(25), M(26), M(27), M(28), M(29), \
        M(30)
#define REGISTERS_32(M) REGISTERS_31(M), M(31)

#endif
