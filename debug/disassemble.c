/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See disassemble.h.  Capstone's interface as it is since version 4. */
#include "debug/disassemble.h"

#include <capstone/capstone.h>
#include <string.h>

#include "emu/cpu/x86_64.h"

#define LONGEST 15           /* of an x86 instruction */
#define FARTHEST_START 65536 /* a function's start that is farther away does not help */

struct disassembler {
    csh handle;
    cs_insn *instruction;
    const struct space *space;
    struct symbols *symbols;
    bool arm;
};

/* 16, 32 or 64 bit code, as CS says. */
static cs_mode x86_mode(struct cpu *cpu)
{
    struct x86_64_registers registers;

    x86_64_get_registers(cpu, &registers);
    unsigned attributes = registers.segment[X86_64_CS].attributes;
    if ((registers.efer & 0x400) && (attributes & 0x2000))
        return CS_MODE_64;
    return (attributes & 0x4000) && (registers.cr0 & 1) ? CS_MODE_32 : CS_MODE_16;
}

static bool start(struct disassembler *disassembler, const struct space *space, struct symbols *symbols,
                  enum disassemble_syntax syntax)
{
    *disassembler = (struct disassembler){
        .space = space, .symbols = symbols, .arm = cpu_architecture(space->cpu) == CPU_ARCH_AARCH64};
    cs_err status = disassembler->arm ? cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &disassembler->handle)
                                      : cs_open(CS_ARCH_X86, x86_mode(space->cpu), &disassembler->handle);
    if (status != CS_ERR_OK)
        return false;
    cs_option(disassembler->handle, CS_OPT_DETAIL, CS_OPT_ON);
    if (!disassembler->arm && syntax == DISASSEMBLE_ATT)
        cs_option(disassembler->handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
    disassembler->instruction = cs_malloc(disassembler->handle);
    if (disassembler->instruction)
        return true;
    cs_close(&disassembler->handle);
    return false;
}

static void finish(struct disassembler *disassembler)
{
    cs_free(disassembler->instruction, 1);
    cs_close(&disassembler->handle);
}

/* The address that an instruction names: a branch's target, a PC-relative operand. */
static bool x86_target(const cs_insn *instruction, uint64_t *address)
{
    const cs_x86 *x86 = &instruction->detail->x86;

    for (unsigned i = 0; i < x86->op_count; i++) {
        const cs_x86_op *operand = &x86->operands[i];
        if (operand->type == X86_OP_MEM && operand->mem.base == X86_REG_RIP) {
            *address = instruction->address + instruction->size + (uint64_t)operand->mem.disp;
            return true;
        }
        if (operand->type == X86_OP_MEM && operand->mem.base == X86_REG_INVALID && operand->mem.disp) {
            *address = (uint64_t)operand->mem.disp;
            return operand->mem.segment == X86_REG_INVALID;
        }
        if (operand->type == X86_OP_IMM) {
            *address = (uint64_t)operand->imm;
            return true;
        }
    }
    return false;
}

/* Of branches the last operand: TBZ has the number of a bit before it. */
static bool arm_target(const cs_insn *instruction, uint64_t *address)
{
    const cs_arm64 *arm = &instruction->detail->arm64;
    bool relative = instruction->id == ARM64_INS_ADR || instruction->id == ARM64_INS_ADRP ||
                    instruction->id == ARM64_INS_LDR || instruction->id == ARM64_INS_LDRSW;

    for (unsigned i = 0; i < instruction->detail->groups_count; i++)
        relative = relative || instruction->detail->groups[i] == ARM64_GRP_JUMP;
    relative = relative || instruction->id == ARM64_INS_BL;
    if (!relative || !arm->op_count || arm->operands[arm->op_count - 1].type != ARM64_OP_IMM)
        return false;
    *address = (uint64_t)arm->operands[arm->op_count - 1].imm;
    return true;
}

/* A small number is a number, whatever the symbol table has there. */
#define LEAST_ADDRESS 0x1000

static void name_target(struct disassembler *disassembler, struct disassembled *out)
{
    uint64_t address;
    const cs_insn *instruction = disassembler->instruction;
    struct symbol_location location;

    if (!disassembler->symbols ||
        !(disassembler->arm ? arm_target(instruction, &address) : x86_target(instruction, &address)) ||
        address < LEAST_ADDRESS ||
        !symbols_locate(disassembler->symbols, disassembler->space->root, address, false, &location) ||
        !location.symbol)
        return;
    size_t length = strlen(out->text);
    if (location.offset)
        g_snprintf(out->text + length, sizeof(out->text) - length, " <%s+%" G_GUINT64_FORMAT ">", location.symbol,
                   (guint64)location.offset);
    else
        g_snprintf(out->text + length, sizeof(out->text) - length, " <%s>", location.symbol);
}

static void classify(struct disassembler *disassembler, struct disassembled *out)
{
    const cs_insn *instruction = disassembler->instruction;

    out->is_call = cs_insn_group(disassembler->handle, instruction, CS_GRP_CALL);
    out->is_return = cs_insn_group(disassembler->handle, instruction, CS_GRP_RET) ||
                     cs_insn_group(disassembler->handle, instruction, CS_GRP_IRET);
    out->is_branch = cs_insn_group(disassembler->handle, instruction, CS_GRP_JUMP);
    if (disassembler->arm) { /* Capstone has BL and BLR in no group of calls, RET and ERET in no group of returns */
        out->is_call = instruction->id == ARM64_INS_BL || instruction->id == ARM64_INS_BLR;
        out->is_return = instruction->id == ARM64_INS_RET || instruction->id == ARM64_INS_ERET;
        out->is_branch = out->is_branch && !out->is_call && !out->is_return;
    }
}

/* What is no instruction: one byte on x86, a word (or what is left of it) on aarch64. */
static void undecodable(struct disassembler *disassembler, const uint8_t *bytes, size_t length,
                        struct disassembled *out)
{
    out->length = disassembler->arm && length >= 4 ? 4 : 1;
    memcpy(out->bytes, bytes, out->length);
    if (out->length == 4)
        g_snprintf(out->text, sizeof(out->text), ".inst 0x%02x%02x%02x%02x ; undefined", bytes[3], bytes[2], bytes[1],
                   bytes[0]);
    else
        g_snprintf(out->text, sizeof(out->text), ".byte 0x%02x ; undecodable", bytes[0]);
}

/* False: nothing is mapped there. */
static bool decode(struct disassembler *disassembler, uint64_t address, struct disassembled *out)
{
    uint8_t bytes[LONGEST];
    size_t length = space_read(disassembler->space, address, bytes, disassembler->arm ? 4 : sizeof(bytes));
    const uint8_t *code = bytes;
    size_t left = length;
    uint64_t at = address;

    if (length == 0)
        return false;
    *out = (struct disassembled){.address = address};
    if (!cs_disasm_iter(disassembler->handle, &code, &left, &at, disassembler->instruction)) {
        undecodable(disassembler, bytes, length, out);
        return true;
    }
    const cs_insn *instruction = disassembler->instruction;
    out->length = MIN(instruction->size, sizeof(out->bytes));
    memcpy(out->bytes, bytes, out->length);
    out->valid = true;
    g_snprintf(out->text, sizeof(out->text), "%s%s%s", instruction->mnemonic, *instruction->op_str ? " " : "",
               instruction->op_str);
    classify(disassembler, out);
    name_target(disassembler, out);
    return true;
}

static void decode_range(struct disassembler *disassembler, uint64_t address, unsigned count, GArray *list)
{
    struct disassembled one;

    for (unsigned i = 0; i < count && decode(disassembler, address, &one); i++) {
        g_array_append_val(list, one);
        if (address + one.length < address)
            break;
        address += one.length;
    }
}

GArray *disassemble(const struct space *space, struct symbols *symbols, uint64_t address, unsigned count,
                    enum disassemble_syntax syntax)
{
    GArray *list = g_array_new(FALSE, TRUE, sizeof(struct disassembled));
    struct disassembler disassembler;

    if (!start(&disassembler, space, symbols, syntax))
        return list;
    decode_range(&disassembler, address, count, list);
    finish(&disassembler);
    return list;
}

/* Decodes from @from on; true if that arrives exactly at @address: then the last @before instructions are in @list. */
static bool lead_up(struct disassembler *disassembler, uint64_t from, uint64_t address, unsigned before, GArray *list)
{
    struct disassembled one;
    uint64_t at = from;

    g_array_set_size(list, 0);
    while (at < address && decode(disassembler, at, &one)) {
        g_array_append_val(list, one);
        if (list->len > before)
            g_array_remove_index(list, 0);
        at += one.length;
    }
    return at == address;
}

static uint64_t function_start(struct disassembler *disassembler, uint64_t address)
{
    struct symbol_location location;

    if (disassembler->symbols &&
        symbols_locate(disassembler->symbols, disassembler->space->root, address, false, &location) &&
        location.symbol && location.offset <= FARTHEST_START)
        return address - location.offset;
    return address;
}

/*
 * x86 has no way back from an instruction to the one before.  Without a function's start the farthest address in front from which
 * decoding meets @address without a byte that is none serves: such streams fall into step soon.
 */
static void find_before(struct disassembler *disassembler, uint64_t address, unsigned before, GArray *list)
{
    uint64_t known = function_start(disassembler, address);

    if (disassembler->arm) {
        uint64_t back = MIN((uint64_t)before * 4, address);
        if (known < address)
            back = MIN(back, address - known);
        lead_up(disassembler, address - back, address, before, list);
        return;
    }
    if (known < address && lead_up(disassembler, known, address, before, list))
        return;
    for (uint64_t back = MIN((uint64_t)before * 4 + LONGEST, address); back > 0; back--) {
        bool good = lead_up(disassembler, address - back, address, before, list);
        for (guint i = 0; good && i < list->len; i++)
            good = g_array_index(list, struct disassembled, i).valid;
        if (good)
            return;
    }
    g_array_set_size(list, 0);
}

GArray *disassemble_around(const struct space *space, struct symbols *symbols, uint64_t address, unsigned before,
                           unsigned after, enum disassemble_syntax syntax)
{
    GArray *list = g_array_new(FALSE, TRUE, sizeof(struct disassembled));
    struct disassembler disassembler;

    if (!start(&disassembler, space, symbols, syntax))
        return list;
    find_before(&disassembler, address, before, list);
    if (before && list->len && g_array_index(list, struct disassembled, list->len - 1).address >= address)
        g_array_set_size(list, 0);
    decode_range(&disassembler, address, after, list);
    finish(&disassembler);
    return list;
}
