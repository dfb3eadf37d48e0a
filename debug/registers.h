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

#endif
