/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disassembly by Capstone, with symbols in operands; what cannot be decoded is shown as bytes and passed over. */
#ifndef GALVANIC_DEBUG_DISASSEMBLE_H
#define GALVANIC_DEBUG_DISASSEMBLE_H

#include "debug/symbols/symbols.h"

enum disassemble_syntax { DISASSEMBLE_INTEL, DISASSEMBLE_ATT }; /* aarch64 has one */

struct disassembled {
    uint64_t address;
    unsigned length; /* 1..15 */
    uint8_t bytes[15];
    char text[160]; /* "mov rax, qword ptr [rip + 0x10] <kernel::foo+8>" */
    bool valid, is_call, is_return, is_branch;
};

/* GArray of struct disassembled: up to @count from @address on; ends early where nothing is mapped.  To be freed. */
GArray *disassemble(const struct space *space, struct symbols *symbols, uint64_t address, unsigned count,
                    enum disassemble_syntax syntax);
/* The same, with up to @before instructions before @address (from the function's start where symbols know it). */
GArray *disassemble_around(const struct space *space, struct symbols *symbols, uint64_t address, unsigned before,
                           unsigned after, enum disassemble_syntax syntax);

#endif
