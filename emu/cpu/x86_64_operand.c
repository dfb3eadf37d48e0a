/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which segment an access of 64-bit code goes by: a non-canonical address is #SS when it is SS, else #GP (SDM volume 2,
 * the exceptions of each instruction; volume 1, 3.3.7.1).  SS is the segment of what pushes and pops, and of operands
 * whose base is RSP or RBP; 64-bit mode ignores all overrides but FS and GS.
 */
#include "emu/cpu/x86_64_internal.h"

#define LONGEST 15

struct instruction {
    uint8_t bytes[LONGEST];
    unsigned length; /* of what could be read */
    unsigned at;
    uint8_t rex;
    bool other_segment; /* FS or GS */
};

static void read_instruction(CPUX86State *env, struct instruction *instruction)
{
    for (; instruction->length < LONGEST; instruction->length++) {
        uint64_t physical;

        if (!x86_64_walk_debug(env, env->eip + instruction->length, &physical)) {
            return;
        }
        instruction->bytes[instruction->length] = (uint8_t)x86_64_memory_load(env->uc, physical, 1);
    }
}

/* The next byte; 0 past the end of what could be read. */
static uint8_t next(struct instruction *instruction)
{
    return instruction->at < instruction->length ? instruction->bytes[instruction->at++] : 0;
}

static uint8_t skip_prefixes(struct instruction *instruction)
{
    for (;;) {
        uint8_t byte = next(instruction);

        switch (byte) {
        case 0x64:
        case 0x65:
            instruction->other_segment = true;
            break;
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
        case 0x66:
        case 0x67:
        case 0xf0:
        case 0xf2:
        case 0xf3:
            break;
        default:
            if ((byte & 0xf0) == 0x40) {
                instruction->rex = byte;
                byte = next(instruction);
            }
            return byte;
        }
    }
}

/* PUSH, POP, CALL, RET and their like, which have no other operand in memory. */
static bool is_stack_instruction(uint8_t opcode)
{
    switch (opcode) {
    case 0x68:
    case 0x6a:
    case 0x9c:
    case 0x9d:
    case 0xc2:
    case 0xc3:
    case 0xc8:
    case 0xc9:
    case 0xca:
    case 0xcb:
    case 0xcf:
    case 0xe8:
        return true;
    default:
        return opcode >= 0x50 && opcode <= 0x5f;
    }
}

static bool has_modrm(uint8_t opcode)
{
    if (opcode < 0x40) {
        return (opcode & 7) < 4;
    }
    return opcode == 0x63 || opcode == 0x69 || opcode == 0x6b || (opcode >= 0x80 && opcode <= 0x8f) ||
           (opcode & 0xfe) == 0xc0 || (opcode & 0xfe) == 0xc6 || (opcode >= 0xd0 && opcode <= 0xd3) ||
           (opcode >= 0xd8 && opcode <= 0xdf) || (opcode & 0xfe) == 0xf6 || (opcode & 0xfe) == 0xfe;
}

/* Whether the operand that ModRM names has RSP or RBP as its base. */
static bool has_stack_base(struct instruction *instruction)
{
    uint8_t modrm = next(instruction);
    unsigned mode = modrm >> 6, base = modrm & 7;

    if (mode == 3 || instruction->other_segment) {
        return false;
    }
    if (base == 4) {
        base = next(instruction) & 7;
    } else if (base == 5 && mode == 0) {
        return false; /* RIP and a displacement */
    }
    if (instruction->rex & 1) {
        return false; /* R12, R13 */
    }
    return base == 4 || (base == 5 && mode != 0);
}

bool x86_64_access_is_by_stack(CPUX86State *env, uint64_t address)
{
    struct instruction instruction = {.length = 0};
    uint64_t distance = address - env->regs[R_ESP] + 16;
    uint8_t opcode;

    if (!(env->hflags & HF_CS64_MASK)) {
        return false;
    }
    read_instruction(env, &instruction);
    opcode = skip_prefixes(&instruction);
    if (is_stack_instruction(opcode)) {
        return true;
    }
    if (opcode == 0x0f) {
        opcode = next(&instruction);
        if ((opcode & 0xf6) == 0xa0 && (opcode & 7) < 2) {
            return true; /* PUSH and POP of FS and GS */
        }
        if (opcode == 0x38 || opcode == 0x3a) {
            next(&instruction);
        }
        return has_stack_base(&instruction);
    }
    if ((opcode == 0xff || opcode == 0x8f) && distance <= 32) {
        return true; /* the stack's side of PUSH, POP and CALL with an operand in memory; by RSP, the operand's, too */
    }
    return has_modrm(opcode) && has_stack_base(&instruction);
}
