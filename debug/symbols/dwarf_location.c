/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a variable is: location expressions, DWARF 5, sections 2.5 and 2.6.  Each operation is executed once at most, since branches
 * and calls are not understood; what is not understood is said.
 */
#include "debug/symbols/dwarf_internal.h"

#include <dwarf.h>
#include <string.h>

#define STACK_MAX 32u
#define OPERATIONS_MAX 256u
#define DEPTH_MAX 4u

struct evaluation {
    const struct dwarf_scope *scope;
    Dwarf_Attribute *attribute;
    uint64_t stack[STACK_MAX];
    unsigned count;
    enum { IS_NOTHING, IS_ADDRESS, IS_REGISTER, IS_VALUE, IS_BLOCK } kind; /* of the piece that was described last */
    uint64_t number;                                                       /* of the register */
    Dwarf_Block block;
    bool in_frame_base;
    char why[96];
};

static const char *operation_name(unsigned atom)
{
    static const struct {
        unsigned atom;
        const char *name;
    } names[] = {{DW_OP_implicit_pointer, "implicit_pointer"},
                 {DW_OP_GNU_implicit_pointer, "GNU_implicit_pointer"},
                 {DW_OP_form_tls_address, "form_tls_address"},
                 {DW_OP_GNU_push_tls_address, "GNU_push_tls_address"},
                 {DW_OP_GNU_parameter_ref, "GNU_parameter_ref"},
                 {DW_OP_GNU_variable_value, "GNU_variable_value"},
                 {DW_OP_convert, "convert"},
                 {DW_OP_GNU_convert, "GNU_convert"},
                 {DW_OP_reinterpret, "reinterpret"},
                 {DW_OP_const_type, "const_type"},
                 {DW_OP_GNU_const_type, "GNU_const_type"},
                 {DW_OP_regval_type, "regval_type"},
                 {DW_OP_GNU_regval_type, "GNU_regval_type"},
                 {DW_OP_deref_type, "deref_type"},
                 {DW_OP_GNU_deref_type, "GNU_deref_type"},
                 {DW_OP_bit_piece, "bit_piece"},
                 {DW_OP_bra, "bra"},
                 {DW_OP_skip, "skip"},
                 {DW_OP_call2, "call2"},
                 {DW_OP_call4, "call4"},
                 {DW_OP_call_ref, "call_ref"},
                 {DW_OP_xderef, "xderef"},
                 {DW_OP_xderef_size, "xderef_size"},
                 {DW_OP_push_object_address, "push_object_address"}};

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].atom == atom) {
            return names[i].name;
        }
    }
    return NULL;
}

G_GNUC_PRINTF(2, 3)
static bool fail(struct evaluation *at, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_vsnprintf(at->why, sizeof(at->why), format, arguments);
    va_end(arguments);
    return false;
}

static bool not_understood(struct evaluation *at, unsigned atom)
{
    const char *name = operation_name(atom);

    return name ? fail(at, "optimised out (DW_OP_%s is not understood)", name)
                : fail(at, "optimised out (operation 0x%x of DWARF is not understood)", atom);
}

static bool push(struct evaluation *at, uint64_t value)
{
    if (at->count == STACK_MAX) {
        return fail(at, "optimised out (its expression is too deep)");
    }
    at->stack[at->count++] = value;
    at->kind = IS_ADDRESS;
    return true;
}

static bool pop(struct evaluation *at, uint64_t *value)
{
    *value = 0;
    if (at->count == 0) {
        return fail(at, "optimised out (its expression is broken)");
    }
    *value = at->stack[--at->count];
    return true;
}

static bool register_value(struct evaluation *at, uint64_t number, uint64_t *value)
{
    const struct symbol_context *context = at->scope->context;

    *value = 0;
    if (number >= 64 || !(context->known >> number & 1)) {
        return fail(at, "not known (it was in register %u, which this frame does not know)", (unsigned)number);
    }
    *value = context->registers[number];
    return true;
}

static bool push_register(struct evaluation *at, uint64_t number, uint64_t offset)
{
    uint64_t value;

    return register_value(at, number, &value) && push(at, value + offset);
}

static bool run(struct evaluation *at, const Dwarf_Op *ops, size_t count, struct symbol_value *pieces);

/* DW_AT_frame_base: a register means what it holds, which at a function's first instruction is still its caller's. */
static bool push_frame_base(struct evaluation *at, uint64_t offset)
{
    Dwarf_Die function = at->scope->function;
    struct evaluation base = {.scope = at->scope, .in_frame_base = true};
    Dwarf_Attribute attribute;
    Dwarf_Addr start;
    Dwarf_Op *ops;
    size_t count;
    uint64_t value;

    base.attribute = &attribute;
    if (at->in_frame_base || !dwarf_attr_integrate(&function, DW_AT_frame_base, &attribute) ||
        dwarf_getlocation_addr(&attribute, at->scope->address, &ops, &count, 1) != 1) {
        return fail(at, "optimised out (its function's frame base is not known)");
    }
    if (!run(&base, ops, count, NULL) || base.kind == IS_NOTHING || base.kind == IS_BLOCK ||
        !(base.kind == IS_REGISTER ? register_value(&base, base.number, &value) : pop(&base, &value))) {
        return fail(at, "%s", *base.why ? base.why : "optimised out");
    }
    if (base.kind == IS_REGISTER && dwarf_lowpc(&function, &start) == 0 && start == at->scope->address) {
        return fail(at, "not known yet (its function has not made its frame: next, or break at a line)");
    }
    return push(at, value + offset);
}

static bool compare(unsigned atom, int64_t a, int64_t b, uint64_t *result)
{
    switch (atom) {
    case DW_OP_eq:
        *result = a == b;
        return true;
    case DW_OP_ne:
        *result = a != b;
        return true;
    case DW_OP_lt:
        *result = a < b;
        return true;
    case DW_OP_le:
        *result = a <= b;
        return true;
    case DW_OP_gt:
        *result = a > b;
        return true;
    case DW_OP_ge:
        *result = a >= b;
        return true;
    default:
        return false;
    }
}

static bool divide(unsigned atom, uint64_t a, uint64_t b, uint64_t *result)
{
    if (b == 0) {
        return false;
    }
    if (atom == DW_OP_div) {
        *result = b == UINT64_MAX ? 0 - a : (uint64_t)((int64_t)a / (int64_t)b);
        return true;
    }
    *result = a % b;
    return atom == DW_OP_mod;
}

static bool combine(unsigned atom, uint64_t a, uint64_t b, uint64_t *result)
{
    switch (atom) {
    case DW_OP_and:
        *result = a & b;
        return true;
    case DW_OP_or:
        *result = a | b;
        return true;
    case DW_OP_xor:
        *result = a ^ b;
        return true;
    case DW_OP_plus:
        *result = a + b;
        return true;
    case DW_OP_minus:
        *result = a - b;
        return true;
    case DW_OP_mul:
        *result = a * b;
        return true;
    case DW_OP_shl:
        *result = b < 64 ? a << b : 0;
        return true;
    case DW_OP_shr:
        *result = b < 64 ? a >> b : 0;
        return true;
    case DW_OP_shra:
        *result = (uint64_t)((int64_t)a >> MIN(b, 63));
        return true;
    case DW_OP_div:
    case DW_OP_mod:
        return divide(atom, a, b, result);
    default:
        return compare(atom, (int64_t)a, (int64_t)b, result);
    }
}

static bool is_binary(unsigned atom)
{
    switch (atom) {
    case DW_OP_and:
    case DW_OP_or:
    case DW_OP_xor:
    case DW_OP_plus:
    case DW_OP_minus:
    case DW_OP_mul:
    case DW_OP_shl:
    case DW_OP_shr:
    case DW_OP_shra:
    case DW_OP_div:
    case DW_OP_mod:
        return true;
    default:
        return atom >= DW_OP_eq && atom <= DW_OP_ne;
    }
}

static bool binary(struct evaluation *at, unsigned atom)
{
    uint64_t a, b, result;

    if (!pop(at, &b) || !pop(at, &a)) {
        return false;
    }
    return combine(atom, a, b, &result) ? push(at, result) : fail(at, "optimised out (it divides by zero)");
}

static bool dereference(struct evaluation *at, uint64_t size)
{
    uint64_t address, value = 0;

    if (!pop(at, &address)) {
        return false;
    }
    if (size == 0 || size > 8) {
        return fail(at, "optimised out (its expression is broken)");
    }
    if (space_read(at->scope->context->space, address, &value, size) != size) {
        return fail(at, "not known: 0x%" G_GINT64_MODIFIER "x cannot be read", address);
    }
    return push(at, GUINT64_FROM_LE(value));
}

/* To an integer; 0 is the type of addresses. */
static bool convert(struct evaluation *at, const Dwarf_Op *op)
{
    Dwarf_Attribute attribute;
    Dwarf_Word encoding, size;
    Dwarf_Die type;
    uint64_t value;

    if (op->number == 0) {
        return true;
    }
    if (dwarf_getlocation_die(at->attribute, op, &type) != 0 || !dwarf_attr(&type, DW_AT_encoding, &attribute) ||
        dwarf_formudata(&attribute, &encoding) != 0) {
        return not_understood(at, op->atom);
    }
    size = dwarf_type_size(&type);
    if (size == 0 || size > 8 || encoding == DW_ATE_float || !pop(at, &value)) {
        return not_understood(at, op->atom);
    }
    unsigned shift = 64 - 8 * (unsigned)size;
    bool is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
    return push(at, is_signed ? (uint64_t)((int64_t)(value << shift) >> shift) : value << shift >> shift);
}

static bool push_address(struct evaluation *at, const Dwarf_Op *op)
{
    Dwarf_Attribute attribute;
    Dwarf_Addr address = op->number;

    if (op->atom != DW_OP_addr &&
        (dwarf_getlocation_attr(at->attribute, op, &attribute) != 0 || dwarf_formaddr(&attribute, &address) != 0)) {
        return not_understood(at, op->atom);
    }
    return push(at, address + at->scope->module->bias);
}

static bool push_entry_value(struct evaluation *at, const Dwarf_Op *op)
{
    Dwarf_Attribute attribute;
    Dwarf_Op *ops;
    size_t count;
    uint64_t number, value;

    if (dwarf_getlocation_attr(at->attribute, op, &attribute) != 0 ||
        dwarf_getlocation(&attribute, &ops, &count) != 0 || !dwarf_is_register(ops, count, &number) ||
        !dwarf_entry_register(at->scope, number, &value)) {
        return fail(at, "optimised out (the function was called with it)");
    }
    return push(at, value);
}

static bool rearrange(struct evaluation *at, const Dwarf_Op *op)
{
    uint64_t *top = at->stack + at->count, swapped;
    uint64_t deep = op->atom == DW_OP_dup ? 0 : op->atom == DW_OP_over ? 1 : op->number;

    switch (op->atom) {
    case DW_OP_dup:
    case DW_OP_over:
    case DW_OP_pick:
        return deep < at->count ? push(at, top[-1 - (int)deep]) : fail(at, "optimised out (its expression is broken)");
    case DW_OP_drop:
        return pop(at, &swapped);
    case DW_OP_swap:
        if (at->count < 2) {
            return fail(at, "optimised out (its expression is broken)");
        }
        swapped = top[-1];
        top[-1] = top[-2];
        top[-2] = swapped;
        return true;
    default:
        return not_understood(at, op->atom);
    }
}

static bool unary(struct evaluation *at, unsigned atom)
{
    uint64_t value;

    if (!pop(at, &value)) {
        return false;
    }
    if (atom == DW_OP_abs) {
        return push(at, value >> 63 ? 0 - value : value);
    }
    return push(at, atom == DW_OP_neg ? 0 - value : ~value);
}

static bool describe(struct evaluation *at, int kind, uint64_t number)
{
    at->kind = kind;
    at->number = number;
    return true;
}

static bool execute(struct evaluation *at, const Dwarf_Op *op)
{
    if (op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31) {
        return push(at, op->atom - DW_OP_lit0);
    }
    if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31) {
        return push_register(at, op->atom - DW_OP_breg0, op->number);
    }
    if (op->atom >= DW_OP_reg0 && op->atom <= DW_OP_reg31) {
        return describe(at, IS_REGISTER, op->atom - DW_OP_reg0);
    }
    if (op->atom >= DW_OP_const1u && op->atom <= DW_OP_consts) {
        return push(at, op->number);
    }
    if (is_binary(op->atom)) {
        return binary(at, op->atom);
    }
    switch (op->atom) {
    case DW_OP_nop:
        return true;
    case DW_OP_addr:
    case DW_OP_addrx:
    case DW_OP_GNU_addr_index:
        return push_address(at, op);
    case DW_OP_bregx:
        return push_register(at, op->number, op->number2);
    case DW_OP_regx:
        return describe(at, IS_REGISTER, op->number);
    case DW_OP_fbreg:
        return push_frame_base(at, op->number);
    case DW_OP_call_frame_cfa:
        return at->scope->context->cfa_known ? push(at, at->scope->context->cfa)
                                             : fail(at, "optimised out (the frame's address is not known)");
    case DW_OP_plus_uconst:
        return push(at, op->number) && binary(at, DW_OP_plus);
    case DW_OP_abs:
    case DW_OP_neg:
    case DW_OP_not:
        return unary(at, op->atom);
    case DW_OP_deref:
        return dereference(at, 8);
    case DW_OP_deref_size:
        return dereference(at, op->number);
    case DW_OP_convert:
    case DW_OP_GNU_convert:
        return convert(at, op);
    case DW_OP_entry_value:
    case DW_OP_GNU_entry_value:
        return push_entry_value(at, op);
    case DW_OP_stack_value:
        return at->count > 0 ? describe(at, IS_VALUE, 0) : fail(at, "optimised out (its expression is broken)");
    case DW_OP_implicit_value:
        return dwarf_getlocation_implicit_value(at->attribute, op, &at->block) == 0 ? describe(at, IS_BLOCK, 0)
                                                                                    : not_understood(at, op->atom);
    default:
        return rearrange(at, op);
    }
}

static void put(struct symbol_value *out, size_t offset, const void *bytes, size_t length)
{
    memcpy(out->bytes + offset, bytes, length);
    memset(out->state + offset, DWARF_BYTE_THERE, length);
}

/* Appends @size bytes of what was described last. */
static bool append(struct evaluation *at, uint64_t size, struct symbol_value *out)
{
    size_t offset = out->length;
    uint64_t value = 0;

    if (size > DWARF_VALUE_MAX - offset) {
        return fail(at, "not shown: it is too large and in pieces");
    }
    out->length += size;
    memset(out->state + offset, DWARF_BYTE_LOST, size);
    if (at->kind == IS_NOTHING) {
        return true;
    }
    if (at->kind == IS_BLOCK) {
        put(out, offset, at->block.data, MIN(size, at->block.length));
        return true;
    }
    if (at->kind == IS_REGISTER) {
        if (!register_value(at, at->number, &value)) {
            return true;
        }
    } else if (!pop(at, &value)) {
        return false;
    }
    if (at->kind == IS_ADDRESS) {
        size_t read = space_read(at->scope->context->space, value, out->bytes + offset, size);
        memset(out->state + offset, DWARF_BYTE_UNREADABLE, size);
        memset(out->state + offset, DWARF_BYTE_THERE, read);
        return true;
    }
    value = GUINT64_TO_LE(value);
    put(out, offset, &value, MIN(size, 8));
    return true;
}

static bool run(struct evaluation *at, const Dwarf_Op *ops, size_t count, struct symbol_value *pieces)
{
    for (size_t i = 0; i < count; i++) {
        bool is_bits = ops[i].atom == DW_OP_bit_piece && ops[i].number % 8 == 0 && ops[i].number2 == 0;

        if (i == OPERATIONS_MAX) {
            return fail(at, "optimised out (its expression is too long)");
        }
        if (pieces && (ops[i].atom == DW_OP_piece || is_bits)) {
            if (!append(at, is_bits ? ops[i].number / 8 : ops[i].number, pieces)) {
                return false;
            }
            at->kind = IS_NOTHING;
            at->count = 0;
        } else if (!execute(at, &ops[i])) {
            return false;
        }
    }
    return true;
}

bool dwarf_is_register(const Dwarf_Op *ops, size_t count, uint64_t *number)
{
    if (count != 1) {
        return false;
    }
    *number = ops->atom == DW_OP_regx ? ops->number : (uint64_t)ops->atom - DW_OP_reg0;
    return ops->atom == DW_OP_regx || (ops->atom >= DW_OP_reg0 && ops->atom <= DW_OP_reg31);
}

bool dwarf_compute(const struct dwarf_scope *scope, Dwarf_Attribute *expression, uint64_t *value)
{
    struct evaluation at = {.scope = scope, .attribute = expression};
    Dwarf_Op *ops;
    size_t count;

    if (scope->depth > DEPTH_MAX || dwarf_getlocation(expression, &ops, &count) != 0 || !run(&at, ops, count, NULL)) {
        return false;
    }
    return at.kind == IS_REGISTER ? register_value(&at, at.number, value)
                                  : at.kind != IS_NOTHING && at.kind != IS_BLOCK && pop(&at, value);
}

static bool is_lost(const struct symbol_value *value)
{
    for (size_t i = 0; i < value->length; i++) {
        if (value->state[i] != DWARF_BYTE_LOST) {
            return false;
        }
    }
    return true;
}

static bool locate(const struct dwarf_scope *scope, Dwarf_Attribute *location, struct symbol_value *out)
{
    struct evaluation at = {.scope = scope, .attribute = location};
    uint64_t size = out->has_type ? dwarf_type_size(&out->type) : 0;
    Dwarf_Op *ops;
    size_t count = 0;

    if (dwarf_getlocation_addr(location, scope->address, &ops, &count, 1) != 1 || count == 0) {
        return false;
    }
    if (!run(&at, ops, count, out)) {
        out->length = 0;
        g_strlcpy(out->why, at.why, sizeof(out->why));
        return true;
    }
    if (out->length == 0 && at.kind == IS_ADDRESS) {
        out->in_memory = true;
        return pop(&at, &out->address);
    }
    if (out->length == 0 && !append(&at, size, out)) {
        out->length = 0;
    }
    g_strlcpy(out->why, at.why, sizeof(out->why));
    return *out->why || out->length == 0 || !is_lost(out);
}

/* DW_AT_const_value: the variable is this and stands nowhere. */
static bool constant(Dwarf_Attribute *attribute, struct symbol_value *out)
{
    const char *text = dwarf_formstring(attribute);
    uint64_t number;
    Dwarf_Block block;

    if (text) {
        out->length = MIN(strlen(text) + 1, DWARF_VALUE_MAX);
        put(out, 0, text, out->length);
    } else if (dwarf_whatform(attribute) == DW_FORM_sdata ? dwarf_formsdata(attribute, (Dwarf_Sword *)&number) == 0
                                                          : dwarf_formudata(attribute, &number) == 0) {
        number = GUINT64_TO_LE(number);
        out->length = 8;
        put(out, 0, &number, 8);
    } else if (dwarf_formblock(attribute, &block) == 0) {
        out->length = MIN(block.length, DWARF_VALUE_MAX);
        put(out, 0, block.data, out->length);
    } else {
        return false;
    }
    return true;
}

void dwarf_locate(const struct dwarf_scope *scope, Dwarf_Die *variable, struct symbol_value *out)
{
    Dwarf_Attribute attribute;
    bool known = false;

    *out = (struct symbol_value){.symbols = scope->symbols, .space = *scope->context->space};
    out->has_type = dwarf_type_of(variable, &out->type);
    if (dwarf_attr_integrate(variable, DW_AT_location, &attribute)) {
        known = locate(scope, &attribute, out);
    } else if (dwarf_attr_integrate(variable, DW_AT_const_value, &attribute)) {
        known = constant(&attribute, out);
    }
    if (!known && !*out->why) {
        out->length = 0;
        g_strlcpy(out->why, "optimised out", sizeof(out->why));
    }
}
