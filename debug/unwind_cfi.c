/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call frame information, .eh_frame and .debug_frame: DWARF 5, section 6.4, the tables read by libdw. */
#include "debug/symbols/dwarf_internal.h"
#include "debug/unwind_internal.h"

#include <dwarf.h>
#include <stdlib.h>

#define STACK_MAX 16u
#define OPERATIONS_MAX 64u

/* What an expression of DWARF computes: section 2.5. */
struct machine_stack {
    const struct unwinder *unwinder;
    const struct unwind_frame *frame;
    uint64_t cfa;
    bool cfa_known;
    uint64_t value[STACK_MAX];
    unsigned count;
    bool is_value; /* not the address of the value */
};

static bool push(struct machine_stack *stack, uint64_t value)
{
    if (stack->count == STACK_MAX) {
        return false;
    }
    stack->value[stack->count++] = value;
    return true;
}

static bool push_register(struct machine_stack *stack, uint64_t number, uint64_t offset)
{
    return number < UNWIND_REGISTERS && unwind_knows(stack->frame, (unsigned)number) &&
           push(stack, stack->frame->registers[number] + offset);
}

static bool binary(struct machine_stack *stack, unsigned operation)
{
    uint64_t a, b, result;

    if (stack->count < 2) {
        return false;
    }
    b = stack->value[--stack->count];
    a = stack->value[--stack->count];
    switch (operation) {
    case DW_OP_and:
        result = a & b;
        break;
    case DW_OP_or:
        result = a | b;
        break;
    case DW_OP_plus:
        result = a + b;
        break;
    case DW_OP_minus:
        result = a - b;
        break;
    case DW_OP_mul:
        result = a * b;
        break;
    case DW_OP_shl:
        result = b < 64 ? a << b : 0;
        break;
    case DW_OP_shr:
        result = b < 64 ? a >> b : 0;
        break;
    case DW_OP_ge:
        result = (int64_t)a >= (int64_t)b;
        break;
    case DW_OP_eq:
        result = a == b;
        break;
    case DW_OP_ne:
        result = a != b;
        break;
    default:
        return false;
    }
    return push(stack, result);
}

static bool dereference(struct machine_stack *stack)
{
    return stack->count > 0 &&
           space_read_u64(stack->unwinder->space, stack->value[stack->count - 1], &stack->value[stack->count - 1]);
}

static bool constant(struct machine_stack *stack, const Dwarf_Op *op)
{
    if (op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31) {
        return push(stack, op->atom - DW_OP_lit0);
    }
    return op->atom >= DW_OP_const1u && op->atom <= DW_OP_consts && push(stack, op->number);
}

static bool execute(struct machine_stack *stack, const Dwarf_Op *op)
{
    if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31) {
        return push_register(stack, op->atom - DW_OP_breg0, op->number);
    }
    if (op->atom >= DW_OP_reg0 && op->atom <= DW_OP_reg31) {
        stack->is_value = true;
        return push_register(stack, op->atom - DW_OP_reg0, 0);
    }
    switch (op->atom) {
    case DW_OP_bregx:
        return push_register(stack, op->number, op->number2);
    case DW_OP_regx:
        stack->is_value = true;
        return push_register(stack, op->number, 0);
    case DW_OP_call_frame_cfa:
        return stack->cfa_known && push(stack, stack->cfa);
    case DW_OP_plus_uconst:
        return push(stack, op->number) && binary(stack, DW_OP_plus);
    case DW_OP_deref:
        return dereference(stack);
    case DW_OP_stack_value:
        stack->is_value = true;
        return true;
    case DW_OP_nop:
        return true;
    case DW_OP_dup:
        return stack->count > 0 && push(stack, stack->value[stack->count - 1]);
    default:
        return constant(stack, op) || binary(stack, op->atom);
    }
}

static bool evaluate(struct machine_stack *stack, const Dwarf_Op *ops, size_t count)
{
    stack->count = 0;
    stack->is_value = false;
    for (size_t i = 0; i < count; i++) {
        if (i == OPERATIONS_MAX || !execute(stack, &ops[i])) {
            return false;
        }
    }
    return stack->count > 0;
}

static Dwarf_CFI *eh_frame_of(struct dwarf_file *file)
{
    if (!file->eh_frame_tried) {
        file->eh_frame_tried = true;
        file->eh_frame = dwarf_getcfi_elf(file->elf);
    }
    return file->eh_frame;
}

static Dwarf_CFI *debug_frame_of(struct dwarf_file *file)
{
    if (!file->debug_frame_tried) {
        file->debug_frame_tried = true;
        file->debug_frame = file->dwarf ? dwarf_getcfi(file->dwarf) : NULL;
    }
    return file->debug_frame;
}

/* The rules for the code at @address, or NULL; to be freed with free(). */
static Dwarf_Frame *rules_at(struct symbol_module *module, uint64_t address)
{
    struct symbol_file *files[] = {module->image, module->debug};

    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        struct dwarf_file *file = files[i] ? symbol_file_dwarf(files[i]) : NULL;
        Dwarf_CFI *tables[] = {file ? debug_frame_of(file) : NULL, file ? eh_frame_of(file) : NULL};

        for (unsigned k = 0; k < G_N_ELEMENTS(tables); k++) {
            Dwarf_Frame *rules = NULL;

            if (tables[k] && dwarf_cfi_addrframe(tables[k], address - module->bias, &rules) == 0) {
                return rules;
            }
        }
    }
    return NULL;
}

/* The caller's value of a register; false: lost. */
static bool restore(struct machine_stack *stack, Dwarf_Frame *rules, unsigned number, uint64_t *value)
{
    Dwarf_Op memory[3], *ops = NULL;
    size_t count = 0;

    if (dwarf_frame_register(rules, (int)number, memory, &ops, &count) != 0) {
        return false;
    }
    if (!ops) { /* the same value */
        *value = stack->frame->registers[number];
        return unwind_knows(stack->frame, number);
    }
    if (count == 0 || !evaluate(stack, ops, count)) {
        return false;
    }
    *value = stack->value[stack->count - 1];
    return stack->is_value || space_read_u64(stack->unwinder->space, *value, value);
}

static enum unwind_step apply(struct unwinder *unwinder, Dwarf_Frame *rules, const struct unwind_frame *frame,
                              struct unwind_frame *next)
{
    struct machine_stack stack = {.unwinder = unwinder, .frame = frame};
    unsigned pc = unwinder->arch == CPU_ARCH_X86_64 ? X86_RIP : ARM_PC;
    unsigned sp = unwinder->arch == CPU_ARCH_X86_64 ? X86_RSP : ARM_SP;
    bool signal_frame = false;
    Dwarf_Op *ops;
    size_t count;
    int link = dwarf_frame_info(rules, NULL, NULL, &signal_frame);

    if (link < 0 || link >= UNWIND_REGISTERS || dwarf_frame_cfa(rules, &ops, &count) != 0 || count == 0 ||
        !evaluate(&stack, ops, count)) {
        return UNWIND_UNKNOWN;
    }
    stack.cfa = stack.value[stack.count - 1];
    stack.cfa_known = true;
    *next = (struct unwind_frame){.by = UNWIND_BY_CFI, .return_address = !signal_frame, .user = frame->user};
    for (unsigned i = 0; i < UNWIND_REGISTERS; i++) {
        uint64_t value;

        if (i != pc && i != sp && restore(&stack, rules, i, &value)) {
            unwind_set(next, i, value);
        }
    }
    if ((unsigned)link == pc) {
        uint64_t value;

        if (restore(&stack, rules, pc, &value)) {
            unwind_set(next, pc, value);
        }
    }
    if (!unwind_knows(next, (unsigned)link)) {
        uint64_t word;

        if (space_read_u64(unwinder->space, stack.cfa - 8, &word)) {
            unwind_end(unwinder, "outermost frame");
        } else {
            unwind_end(unwinder, "stack at 0x%" G_GINT64_MODIFIER "x is not mapped", stack.cfa - 8);
        }
        return UNWIND_END;
    }
    unwind_set_pc_sp(unwinder, next, next->registers[link], stack.cfa);
    return UNWIND_NEXT;
}

enum unwind_step unwind_by_cfi(struct unwinder *unwinder, const struct unwind_frame *frame, struct unwind_frame *next)
{
    uint64_t at = frame->pc - frame->return_address;
    struct symbol_module *module = symbols_module_at(unwinder->symbols, unwinder->space->root, at);
    Dwarf_Frame *rules = module ? rules_at(module, at) : NULL;
    enum unwind_step result;

    if (!rules) {
        return UNWIND_UNKNOWN;
    }
    result = apply(unwinder, rules, frame, next);
    free(rules);
    return result;
}

bool unwind_cfa(struct symbols *symbols, const struct space *space, const struct unwind_frame *frame, uint64_t *cfa)
{
    struct unwinder unwinder = {.symbols = symbols, .space = space, .arch = cpu_architecture(space->cpu)};
    struct machine_stack stack = {.unwinder = &unwinder, .frame = frame};
    uint64_t at = frame->pc - frame->return_address;
    struct symbol_module *module = symbols_module_at(symbols, space->root, at);
    Dwarf_Frame *rules = module ? rules_at(module, at) : NULL;
    Dwarf_Op *ops;
    size_t count;
    bool known;

    if (!rules) {
        return false;
    }
    known = dwarf_frame_cfa(rules, &ops, &count) == 0 && count > 0 && evaluate(&stack, ops, count);
    *cfa = known ? stack.value[stack.count - 1] : 0;
    free(rules);
    return known;
}
