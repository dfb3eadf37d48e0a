/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See target.h.  Feature names and the order within them: "Debugging with GDB", G.5.1 (AArch64), G.5.6 (i386).  DWARF numbers: System V
 * ABI for AMD64, figure 3.36; DWARF for the Arm 64-bit Architecture, table 4.
 */
#include "debug/gdb/target.h"

#include <gio/gio.h>
#include <string.h>

#include "debug/gdb/packet.h"
#include "emu/bytes.h"

struct gdb_register_name {
    const char *name, *from; /* from: NULL: called the same in debug/registers.h; "": not there */
    uint8_t bits;
    int8_t dwarf;
    const char *type, *generic;
};

struct gdb_feature {
    const char *name;
    const struct gdb_register_name *registers;
    unsigned count;
    const char *types; /* XML */
};

static const struct gdb_register_name x86_core[] = {
    {"rax", NULL, 64, 0, "int64", NULL},     {"rbx", NULL, 64, 3, "int64", NULL},
    {"rcx", NULL, 64, 2, "int64", "arg4"},   {"rdx", NULL, 64, 1, "int64", "arg3"},
    {"rsi", NULL, 64, 4, "int64", "arg2"},   {"rdi", NULL, 64, 5, "int64", "arg1"},
    {"rbp", NULL, 64, 6, "data_ptr", "fp"},  {"rsp", NULL, 64, 7, "data_ptr", "sp"},
    {"r8", NULL, 64, 8, "int64", "arg5"},    {"r9", NULL, 64, 9, "int64", "arg6"},
    {"r10", NULL, 64, 10, "int64", NULL},    {"r11", NULL, 64, 11, "int64", NULL},
    {"r12", NULL, 64, 12, "int64", NULL},    {"r13", NULL, 64, 13, "int64", NULL},
    {"r14", NULL, 64, 14, "int64", NULL},    {"r15", NULL, 64, 15, "int64", NULL},
    {"rip", NULL, 64, 16, "code_ptr", "pc"}, {"eflags", "rflags", 32, 49, "i386_eflags", "flags"},
    {"cs", NULL, 32, 51, "int32", NULL},     {"ss", NULL, 32, 52, "int32", NULL},
    {"ds", NULL, 32, 53, "int32", NULL},     {"es", NULL, 32, 50, "int32", NULL},
    {"fs", NULL, 32, 54, "int32", NULL},     {"gs", NULL, 32, 55, "int32", NULL},
    {"st0", NULL, 80, 33, "i387_ext", NULL}, {"st1", NULL, 80, 34, "i387_ext", NULL},
    {"st2", NULL, 80, 35, "i387_ext", NULL}, {"st3", NULL, 80, 36, "i387_ext", NULL},
    {"st4", NULL, 80, 37, "i387_ext", NULL}, {"st5", NULL, 80, 38, "i387_ext", NULL},
    {"st6", NULL, 80, 39, "i387_ext", NULL}, {"st7", NULL, 80, 40, "i387_ext", NULL},
    {"fctrl", "fcw", 32, -1, "int", NULL},   {"fstat", "fsw", 32, -1, "int", NULL},
    {"ftag", "ftw", 32, -1, "int", NULL},    {"fiseg", "", 32, -1, "int", NULL},
    {"fioff", "", 32, -1, "int", NULL},      {"foseg", "", 32, -1, "int", NULL},
    {"fooff", "", 32, -1, "int", NULL},      {"fop", "", 32, -1, "int", NULL},
};

#define XMM(number)                                                                                                    \
    {                                                                                                                  \
        "xmm" #number, NULL, 128, 17 + (number), "vec128", NULL                                                        \
    }
static const struct gdb_register_name x86_sse[] = {
    REGISTERS_16(XMM),
    {"mxcsr", NULL, 32, -1, "i386_mxcsr", NULL},
};

static const struct gdb_register_name x86_segments[] = {
    {"fs_base", NULL, 64, 58, "int64", NULL},
    {"gs_base", NULL, 64, 59, "int64", NULL},
};

#define FLAG(name, bit) "<field name=\"" name "\" start=\"" #bit "\" end=\"" #bit "\"/>"
static const char x86_core_types[] = "<flags id=\"i386_eflags\" size=\"4\">" FLAG("CF", 0) FLAG("", 1) FLAG("PF", 2)
    FLAG("AF", 4) FLAG("ZF", 6) FLAG("SF", 7) FLAG("TF", 8) FLAG("IF", 9) FLAG("DF", 10) FLAG("OF", 11) FLAG("NT", 14)
        FLAG("RF", 16) FLAG("VM", 17) FLAG("AC", 18) FLAG("VIF", 19) FLAG("VIP", 20) FLAG("ID", 21) "</flags>";
static const char x86_sse_types[] =
    "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/><vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
    "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/><vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
    "<vector id=\"v2i64\" type=\"int64\" count=\"2\"/><union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
    "<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/>"
    "<field name=\"v4_int32\" type=\"v4i32\"/><field name=\"v2_int64\" type=\"v2i64\"/>"
    "<field name=\"uint128\" type=\"uint128\"/></union><flags id=\"i386_mxcsr\" size=\"4\">" FLAG("IE", 0) FLAG("DE", 1)
        FLAG("ZE", 2) FLAG("OE", 3) FLAG("UE", 4) FLAG("PE", 5) FLAG("DAZ", 6) FLAG("IM", 7) FLAG("DM", 8) FLAG("ZM", 9)
            FLAG("OM", 10) FLAG("UM", 11) FLAG("PM", 12) FLAG("FZ", 15) "</flags>";

#define X(number, role)                                                                                                \
    {                                                                                                                  \
        "x" #number, NULL, 64, number, "int64", role                                                                   \
    }
static const struct gdb_register_name arm_core[] = {
    X(0, "arg1"),
    X(1, "arg2"),
    X(2, "arg3"),
    X(3, "arg4"),
    X(4, "arg5"),
    X(5, "arg6"),
    X(6, "arg7"),
    X(7, "arg8"),
    X(8, NULL),
    X(9, NULL),
    X(10, NULL),
    X(11, NULL),
    X(12, NULL),
    X(13, NULL),
    X(14, NULL),
    X(15, NULL),
    X(16, NULL),
    X(17, NULL),
    X(18, NULL),
    X(19, NULL),
    X(20, NULL),
    X(21, NULL),
    X(22, NULL),
    X(23, NULL),
    X(24, NULL),
    X(25, NULL),
    X(26, NULL),
    X(27, NULL),
    X(28, NULL),
    X(29, "fp"),
    X(30, "ra"),
    {"sp", NULL, 64, 31, "data_ptr", "sp"},
    {"pc", NULL, 64, 32, "code_ptr", "pc"},
    {"cpsr", "pstate", 32, 33, "cpsr_flags", "flags"},
};

#define V(number)                                                                                                      \
    {                                                                                                                  \
        "v" #number, NULL, 128, 64 + (number), "aarch64v", NULL                                                        \
    }
static const struct gdb_register_name arm_fpu[] = {
    REGISTERS_32(V),
    {"fpsr", NULL, 32, -1, "int", NULL},
    {"fpcr", NULL, 32, -1, "int", NULL},
};

static const char arm_core_types[] =
    "<flags id=\"cpsr_flags\" size=\"4\">" FLAG("SP", 0) "<field name=\"EL\" start=\"2\" end=\"3\"/>" FLAG("nRW", 4)
        FLAG("F", 6) FLAG("I", 7) FLAG("A", 8) FLAG("D", 9) FLAG("SSBS", 12) FLAG("IL", 20) FLAG("SS", 21)
            FLAG("PAN", 22) FLAG("UAO", 23) FLAG("V", 28) FLAG("C", 29) FLAG("Z", 30) FLAG("N", 31) "</flags>";
static const char arm_fpu_types[] =
    "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/><vector id=\"v2u\" type=\"uint64\" count=\"2\"/>"
    "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/><vector id=\"v4u\" type=\"uint32\" count=\"4\"/>"
    "<vector id=\"v8u\" type=\"uint16\" count=\"8\"/><vector id=\"v16u\" type=\"uint8\" count=\"16\"/>"
    "<vector id=\"v1u\" type=\"uint128\" count=\"1\"/><union id=\"vnd\"><field name=\"f\" type=\"v2d\"/>"
    "<field name=\"u\" type=\"v2u\"/></union><union id=\"vns\"><field name=\"f\" type=\"v4f\"/>"
    "<field name=\"u\" type=\"v4u\"/></union><union id=\"vnh\"><field name=\"u\" type=\"v8u\"/></union>"
    "<union id=\"vnb\"><field name=\"u\" type=\"v16u\"/></union><union id=\"vnq\"><field name=\"u\" "
    "type=\"v1u\"/></union>"
    "<union id=\"aarch64v\"><field name=\"d\" type=\"vnd\"/><field name=\"s\" type=\"vns\"/>"
    "<field name=\"h\" type=\"vnh\"/><field name=\"b\" type=\"vnb\"/><field name=\"q\" type=\"vnq\"/></union>";

static const struct gdb_feature x86_features[] = {
    {"org.gnu.gdb.i386.core", x86_core, G_N_ELEMENTS(x86_core), x86_core_types},
    {"org.gnu.gdb.i386.sse", x86_sse, G_N_ELEMENTS(x86_sse), x86_sse_types},
    {"org.gnu.gdb.i386.segments", x86_segments, G_N_ELEMENTS(x86_segments), ""},
};
static const struct gdb_feature arm_features[] = {
    {"org.gnu.gdb.aarch64.core", arm_core, G_N_ELEMENTS(arm_core), arm_core_types},
    {"org.gnu.gdb.aarch64.fpu", arm_fpu, G_N_ELEMENTS(arm_fpu), arm_fpu_types},
};

static void add_feature(struct gdb_target *target, const struct gdb_feature *feature, unsigned number)
{
    for (unsigned i = 0; i < feature->count; i++) {
        const struct gdb_register_name *name = &feature->registers[i];
        const struct gdb_register added = {.name = g_strdup(name->name),
                                           .index = register_find(target->arch, name->from ? name->from : name->name),
                                           .bits = name->bits,
                                           .type = name->type,
                                           .generic = name->generic,
                                           .dwarf = name->dwarf,
                                           .feature = number};
        g_array_append_val(target->registers, added);
    }
}

static bool is_listed(const struct gdb_target *target, int index)
{
    for (guint i = 0; i < target->registers->len; i++)
        if (g_array_index(target->registers, struct gdb_register, i).index == index)
            return true;
    return false;
}

static void add_system(struct gdb_target *target, unsigned number)
{
    const struct register_info *info;

    for (unsigned i = 0; (info = register_at(target->arch, i)); i++) {
        if (is_listed(target, (int)i))
            continue;
        const struct gdb_register added = {.name = g_strdup(info->name),
                                           .index = (int)i,
                                           .bits = (info->bits + 7) / 8 * 8,
                                           .dwarf = -1,
                                           .feature = number};
        g_array_append_val(target->registers, added);
    }
}

static void describe_register(const struct gdb_register *reg, unsigned number, GString *xml)
{
    g_string_append_printf(xml, "<reg name=\"%s\" bitsize=\"%u\" regnum=\"%u\"", reg->name, reg->bits, number);
    if (reg->type)
        g_string_append_printf(xml, " type=\"%s\"", reg->type);
    if (reg->generic)
        g_string_append_printf(xml, " generic=\"%s\"", reg->generic);
    if (reg->dwarf >= 0)
        g_string_append_printf(xml, " dwarf_regnum=\"%d\" ehframe_regnum=\"%d\"", reg->dwarf, reg->dwarf);
    g_string_append(xml, "/>");
}

static void describe_feature(const struct gdb_target *target, const char *name, const char *types, unsigned feature,
                             GString *xml)
{
    g_string_append_printf(xml, "<feature name=\"%s\">%s", name, types);
    for (guint i = 0; i < target->registers->len; i++) {
        const struct gdb_register *reg = &g_array_index(target->registers, struct gdb_register, i);
        if (reg->feature == feature)
            describe_register(reg, i, xml);
    }
    g_string_append(xml, "</feature>");
}

struct gdb_target *gdb_target_new(enum cpu_arch arch)
{
    struct gdb_target *target = g_new0(struct gdb_target, 1);
    bool arm = arch == CPU_ARCH_AARCH64;
    const struct gdb_feature *features = arm ? arm_features : x86_features;
    unsigned count = arm ? G_N_ELEMENTS(arm_features) : G_N_ELEMENTS(x86_features);
    GString *xml =
        g_string_new("<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">");

    target->arch = arch;
    target->registers = g_array_new(FALSE, TRUE, sizeof(struct gdb_register));
    for (unsigned i = 0; i < count; i++)
        add_feature(target, &features[i], i);
    target->general = target->registers->len;
    add_system(target, count);
    g_string_append_printf(xml, "<architecture>%s</architecture>", arm ? "aarch64" : "i386:x86-64");
    for (unsigned i = 0; i < count; i++)
        describe_feature(target, features[i].name, features[i].types, i, xml);
    describe_feature(target, "galvanic.system", "", count, xml);
    g_string_append(xml, "</target>");
    target->xml = g_string_free(xml, FALSE);
    return target;
}

void gdb_target_free(struct gdb_target *target)
{
    if (!target)
        return;
    for (guint i = 0; i < target->registers->len; i++)
        g_free(g_array_index(target->registers, struct gdb_register, i).name);
    g_array_free(target->registers, TRUE);
    g_free(target->xml);
    g_free(target);
}

const struct gdb_register *gdb_target_register(const struct gdb_target *target, uint64_t number)
{
    return number < target->registers->len ? &g_array_index(target->registers, struct gdb_register, number) : NULL;
}

void gdb_target_read(const struct gdb_register *reg, struct cpu *cpu, const struct unwind_frame *frame, GString *out)
{
    uint8_t value[16] = {0};
    bool known = !frame;

    if (!frame && reg->index >= 0) {
        register_get(cpu, (unsigned)reg->index, value);
    } else if (frame && reg->dwarf >= 0 && reg->dwarf < UNWIND_REGISTERS && frame->known >> reg->dwarf & 1) {
        put_le64(value, frame->registers[reg->dwarf]);
        known = true;
    }
    if (known)
        gdb_append_hex(out, value, reg->bits / 8);
    else
        for (unsigned i = 0; i < reg->bits / 8; i++)
            g_string_append(out, "xx");
}

bool gdb_target_write(const struct gdb_register *reg, struct machine *machine, struct cpu *cpu, const char *text,
                      size_t length, GError **error)
{
    uint8_t value[16] = {0};

    if (gdb_parse_hex(text, length, value, reg->bits / 8) != reg->bits / 8) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s has %u hexadecimal digits", reg->name,
                    reg->bits / 4);
        return false;
    }
    return reg->index < 0 || change_register(machine, cpu, (unsigned)reg->index, value, error);
}
