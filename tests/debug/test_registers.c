/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers by name: each is there, what is written is read back, and fields are decoded as the manuals say. */
#include <glib.h>
#include <string.h>

#include "debug/registers.h"
#include "emu/machine.h"

static struct machine *machine(enum cpu_arch arch)
{
    struct machine_config config = {.arch = arch, .cpus = 1};
    GError *error = NULL;
    struct machine *made = machine_new(&config, &error);

    g_assert_no_error(error);
    machine_reset(made);
    return made;
}

/* Those whose bits are not all there, or whose change needs another mode; they are written back as they were. */
static bool is_free(const struct register_info *info)
{
    static const char *const fixed[] = {
        "rflags",    "pstate",    "cr0",        "cr4",          "cr8",          "efer",      "dr6",
        "dr7",       "fcw",       "fsw",        "ftw",          "mxcsr",        "fpcr",      "fpsr",
        "sp_el0",    "sp_el1",    "spsr_el1",   "cntp_ctl_el0", "cntv_ctl_el0", "actlr_el1", "afsr0_el1",
        "afsr1_el1", "amair_el1", "csselr_el1", "mdscr_el1",    "mcg_status",   "isr_el1",   "sctlr_el1"};

    for (unsigned i = 0; i < G_N_ELEMENTS(fixed); i++)
        if (strcmp(info->name, fixed[i]) == 0)
            return false;
    return !g_str_has_prefix(info->name, "dbg");
}

static void check_one(struct cpu *cpu, unsigned index, const struct register_info *info)
{
    uint8_t before[16], written[16] = {0}, after[16];

    register_get(cpu, index, before);
    g_assert_cmpint(register_find(cpu_architecture(cpu), info->name), ==, (int)index);
    for (unsigned i = info->bits / 8; i < 16; i++)
        g_assert_cmpuint(before[i], ==, 0);
    if (!info->writable) {
        g_assert_false(register_set(cpu, index, before));
        return;
    }
    for (unsigned i = 0; i < info->bits / 8; i++)
        written[i] = (uint8_t)(index + 16 + i);
    if (info->bits == 64)
        written[5] = written[6] = written[7] = 0; /* canonical, within each width of a physical address */
    if (!is_free(info))
        memcpy(written, before, 16);
    if (!register_set(cpu, index, written))
        g_error("%s refuses a value", info->name);
    register_get(cpu, index, after);
    if (memcmp(after, written, 16) != 0)
        g_error("%s does not keep what is written", info->name);
    g_assert_true(register_set(cpu, index, before));
    register_get(cpu, index, after);
    g_assert_cmpmem(after, 16, before, 16);
}

static void test_all(gconstpointer data)
{
    enum cpu_arch arch = GPOINTER_TO_INT(data);
    struct machine *made = machine(arch);
    struct cpu *cpu = machine_cpu(made, 0);
    const struct register_info *info;
    unsigned count = 0;

    for (; (info = register_at(arch, count)); count++)
        check_one(cpu, count, info);
    g_assert_cmpuint(count, >, 90);
    g_assert_cmpint(register_find(arch, "no_such_register"), ==, -1);
    g_assert_cmpint(register_find(arch, "PC"), ==, register_find(arch, "pc"));
    uint8_t nothing[16];
    register_get(cpu, count, nothing);
    g_assert_false(register_set(cpu, count, nothing));
    machine_free(made);
}

/* Values that do not come from the table's own set: the reset state that the manuals tell. */
static void test_reset_values(void)
{
    struct machine *made = machine(CPU_ARCH_X86_64);
    struct cpu *cpu = machine_cpu(made, 0);

    g_assert_cmphex(register_get_u64(cpu, (unsigned)register_find(CPU_ARCH_X86_64, "cr0")), ==, 0x60000010);
    g_assert_cmphex(register_get_u64(cpu, (unsigned)register_find(CPU_ARCH_X86_64, "pc")), ==, 0xfff0);
    g_assert_cmphex(register_get_u64(cpu, (unsigned)register_find(CPU_ARCH_X86_64, "cs")), ==, 0xf000);
    g_assert_cmphex(register_get_u64(cpu, (unsigned)register_find(CPU_ARCH_X86_64, "mxcsr")), ==, 0x1f80);
    g_assert_cmphex(register_get_u64(cpu, (unsigned)register_find(CPU_ARCH_X86_64, "apic_base")), ==, 0xfee00900);
    machine_free(made);
    made = machine(CPU_ARCH_AARCH64);
    cpu = machine_cpu(made, 0);
    g_assert_cmphex(register_get_u64(cpu, (unsigned)register_find(CPU_ARCH_AARCH64, "pstate")) & 0xfffffff, ==, 0x3c5);
    g_assert_cmphex(register_get_u64(cpu, (unsigned)register_find(CPU_ARCH_AARCH64, "cntfrq_el0")), ==, 62500000);
    g_assert_cmphex(register_get_u64(cpu, (unsigned)register_find(CPU_ARCH_AARCH64, "midr_el1")) >> 24, ==, 0);
    machine_free(made);
}

static void decodes(enum cpu_arch arch, const char *name, uint64_t value, const char *wanted)
{
    g_autofree char *text = register_decode(arch, (unsigned)register_find(arch, name), value);

    g_assert_cmpstr(text, ==, wanted);
}

static void test_decode_x86_64(void)
{
    enum cpu_arch arch = CPU_ARCH_X86_64;

    decodes(arch, "cr0", 0x80050033, "PE MP ET NE WP AM PG");
    decodes(arch, "cr0", 0x80050073, "PE MP ET NE WP AM PG reserved 0x40");
    decodes(arch, "cr4", 0x6a0, "PAE PGE OSFXSR OSXMMEXCPT");
    decodes(arch, "efer", 0xd01, "SCE LME LMA NXE");
    decodes(arch, "rflags", 0x3246, "PF ZF IF IOPL=3");
    decodes(arch, "cs", 0x2b, "GDT entry 5, RPL 3");
    decodes(arch, "star", 0x0013000800000000, "SYSCALL CS 0x8 SS 0x10, SYSRET CS 0x23 SS 0x1b");
    decodes(arch, "dr7", 0xd0402, "G0 RW0=write LEN0=3");
    decodes(arch, "mxcsr", 0x1f80, "IM DM ZM OM UM PM RC=nearest");
    decodes(arch, "rax", 1, NULL);
}

static void test_decode_aarch64(void)
{
    enum cpu_arch arch = CPU_ARCH_AARCH64;

    decodes(arch, "pstate", 0x600003c5, "EL1h Z C D A I F");
    decodes(arch, "spsr_el1", 0x80000000, "EL0t N");
    decodes(arch, "sctlr_el1", 0x30d0198d, "M C SA ITD SED EOS I TSCXT EIS SPAN nTLSMD LSMAOE");
    decodes(arch, "tcr_el1", 0x5b5103510,
            "T0SZ=0x10 IRGN0=WBWA ORGN0=WBWA SH0=inner TG0=4K T1SZ=0x10 IRGN1=WBWA ORGN1=WBWA SH1=inner TG1=4K IPS=48");
    decodes(arch, "mair_el1", 0x4400ff,
            "0=normal-WB-RW 1=device-nGnRnE 2=normal-NC 3=device-nGnRnE 4=device-nGnRnE "
            "5=device-nGnRnE 6=device-nGnRnE 7=device-nGnRnE");
    decodes(arch, "cpacr_el1", 0x300000, "ZEN=trapped FPEN=allowed SMEN=trapped");
    decodes(arch, "ttbr0_el1", 0x0005000040001001, "tables 0x40001000 ASID 5 CnP");
}

static void test_decode_esr(void)
{
    enum cpu_arch arch = CPU_ARCH_AARCH64;

    decodes(arch, "esr_el1", 0x02000000, "EC 0x00 (unknown reason: undefined instruction) IL ISS 0x0");
    decodes(arch, "esr_el1", 0x96000045,
            "EC 0x25 (data abort, same level) IL ISS 0x45: DFSC 0x05 (translation fault, level 1) WnR 1 (write)");
    decodes(arch, "esr_el1", 0x9200004f,
            "EC 0x24 (data abort, lower level) IL ISS 0x4f: DFSC 0x0f (permission fault, level 3) WnR 1 (write)");
    decodes(arch, "esr_el1", 0x93c08021,
            "EC 0x24 (data abort, lower level) IL ISS 0x1c08021: DFSC 0x21 (alignment fault) WnR 0 (read) SF SRT=0 "
            "SAS=doubleword ISV");
    decodes(arch, "esr_el1", 0x86000007,
            "EC 0x21 (instruction abort, same level) IL ISS 0x7: IFSC 0x07 (translation fault, level 3)");
    decodes(arch, "esr_el1", 0x56000000, "EC 0x15 (SVC) IL ISS 0x0: #0x0");
    decodes(arch, "esr_el1", 0xf2000001, "EC 0x3c (BRK) IL ISS 0x1: #0x1");
    decodes(arch, "esr_el1", 0x6232c041,
            "EC 0x18 (MSR, MRS or system instruction trapped) IL ISS 0x32c041: read of S3_3_C0_C0_1, X2");
    decodes(arch, "esr_el1", 0xbf000002, "EC 0x2f (SError) IL ISS 0x1000002: IDS, implementation defined 0x000002");
    decodes(arch, "esr_el1", 0x3a000000, "EC 0x0e (illegal execution state) IL ISS 0x0");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/registers/x86_64/all", GINT_TO_POINTER(CPU_ARCH_X86_64), test_all);
    g_test_add_data_func("/registers/aarch64/all", GINT_TO_POINTER(CPU_ARCH_AARCH64), test_all);
    g_test_add_func("/registers/reset-values", test_reset_values);
    g_test_add_func("/registers/x86_64/decode", test_decode_x86_64);
    g_test_add_func("/registers/aarch64/decode", test_decode_aarch64);
    g_test_add_func("/registers/aarch64/esr", test_decode_esr);
    return g_test_run();
}
