/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linux's table of names, found by its structure in a kernel's memory. */
#include "debug/symbols/kallsyms.h"
#include "debug/symbols/symbols.h"
#include "tests/debug/btf_sample.h"
#include "tests/debug/guest.h"
#include "tests/debug/kallsyms_sample.h"

#include <string.h>

#define BASE_X86_64 0xffffffff9a600000ull /* as KASLR might have it */
#define BASE_AARCH64 0xffffa375b4010000ull

static char *fixtures; /* a folder; set once from the arguments */

static GByteArray *sample_of(const struct kallsyms_sample *sample)
{
    GByteArray *bytes = g_byte_array_new();

    g_byte_array_set_size(bytes, 0x6000);
    for (guint i = 0; i < bytes->len; i++) {
        bytes->data[i] = (uint8_t)(i * 7 + i / 256); /* code, as far as anybody knows */
    }
    kallsyms_sample_append(bytes, sample);
    g_byte_array_set_size(bytes, bytes->len + 0x1000);
    memset(bytes->data + bytes->len - 0x1000, 0, 0x1000);
    return bytes;
}

struct seen {
    unsigned count;
    uint64_t base;
    bool percpu;
};

static void see(void *opaque, uint64_t address, char type, const char *text)
{
    struct seen *seen = opaque;
    unsigned i = seen->count++;

    if (seen->percpu && i < 4) {
        g_assert_cmphex(address, ==, i * 8);
        return;
    }
    g_assert_cmphex(address, ==, seen->base + i * 0x100);
    if (i == 300) {
        g_assert_cmpuint(strlen(text), ==, 209);
    } else if (i * 0x100 != SAMPLE_ENTRY) {
        g_autofree char *expected = g_strdup_printf("name_%u", i);

        g_assert_cmpstr(text, ==, expected);
        g_assert_cmpint(type, ==, i < 600 ? 't' : 'd');
    }
}

static void test_forms(void)
{
    for (unsigned form = 0; form < 8; form++) {
        const struct kallsyms_sample sample = {
            .base = BASE_X86_64,
            .entry = "entry_SYSCALL_64",
            .percpu = form & 1,
            .sequences = form & 2,
            .offsets_behind = form & 4,
        };
        GByteArray *bytes = sample_of(&sample);
        struct seen seen = {.base = BASE_X86_64, .percpu = form & 1};
        struct kallsyms kallsyms;

        g_assert_true(kallsyms_find(bytes->data, bytes->len, &kallsyms));
        g_assert_cmpuint(kallsyms.count, ==, SAMPLE_NAMES);
        kallsyms_each(&kallsyms, see, &seen);
        g_assert_cmpuint(seen.count, ==, SAMPLE_NAMES);
        g_byte_array_unref(bytes);
    }
}

/* Each part that does not agree with the others makes the whole unbelievable. */
static void test_damage(void)
{
    const struct kallsyms_sample sample = {.base = BASE_X86_64, .entry = "entry_SYSCALL_64", .sequences = true};
    GByteArray *bytes = sample_of(&sample);
    struct kallsyms kallsyms;
    size_t places[6];

    g_assert_true(kallsyms_find(bytes->data, bytes->len, &kallsyms));
    places[0] = (size_t)(kallsyms.names - bytes->data) - 8;                         /* the number of names */
    places[1] = (size_t)(kallsyms.names - bytes->data);                             /* the length of one */
    places[2] = (size_t)(kallsyms.offsets - bytes->data) + 401;                     /* the order of addresses */
    places[3] = (size_t)(kallsyms.token_index - bytes->data) + 20;                  /* the length of a token */
    places[4] = (size_t)(kallsyms.names - bytes->data) + kallsyms.names_length + 4; /* a marker */
    places[5] = (size_t)(kallsyms.names - bytes->data) - 1 - 8; /* the base: no longer in the upper half */
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        bytes->data[places[i]] ^= 0x85;
        g_assert_false(kallsyms_find(bytes->data, bytes->len, &kallsyms));
        bytes->data[places[i]] ^= 0x85;
    }
    g_assert_true(kallsyms_find(bytes->data, bytes->len, &kallsyms));
    g_byte_array_unref(bytes);
}

static void set_entry(struct guest *guest, uint64_t entry)
{
    if (guest->arch == CPU_ARCH_X86_64) {
        struct x86_64_registers registers;

        x86_64_get_registers(guest->cpu, &registers);
        registers.lstar = entry;
        x86_64_set_registers(guest->cpu, &registers);
    } else {
        struct aarch64_registers registers;

        aarch64_get_registers(guest->cpu, &registers);
        registers.vbar_el1 = entry;
        aarch64_set_registers(guest->cpu, &registers);
    }
}

static void test_kernel(gconstpointer data)
{
    enum cpu_arch arch = (enum cpu_arch)GPOINTER_TO_UINT(data);
    bool x86 = arch == CPU_ARCH_X86_64;
    const struct kallsyms_sample sample = {
        .base = x86 ? BASE_X86_64 : BASE_AARCH64,
        .entry = x86 ? "entry_SYSCALL_64" : "vectors",
        .percpu = x86,
        .sequences = true,
    };
    GByteArray *bytes = sample_of(&sample);
    struct guest *guest = guest_new(arch);
    struct symbols *symbols = symbols_new(guest->machine), *other = symbols_new(guest->machine);
    struct symbol_location location;
    GArray *found;

    guest_put(guest, sample.base, bytes->data, bytes->len, GUEST_EXECUTE);
    g_assert_false(symbols_find_kernel(symbols, guest->cpu)); /* it has not yet said where it is entered */
    symbols_free(symbols);
    symbols = symbols_new(guest->machine);
    set_entry(guest, sample.base + SAMPLE_ENTRY);
    g_assert_true(symbols_find_kernel(symbols, guest->cpu));
    g_assert_true(symbols_locate(symbols, 0x1234000, sample.base + 0x1250, false, &location));
    g_assert_cmpstr(location.symbol, ==, "name_18");
    g_assert_cmpuint(location.offset, ==, 0x50);
    g_assert_true(location.is_code);
    found = symbols_resolve(symbols, 0, sample.entry);
    g_assert_cmpuint(found->len, ==, 1);
    g_assert_cmphex(g_array_index(found, uint64_t, 0), ==, sample.base + SAMPLE_ENTRY);
    g_array_unref(found);

    /* the entry has another name: this is not what it seems */
    set_entry(guest, sample.base + SAMPLE_ENTRY + 0x100);
    g_assert_false(symbols_find_kernel(other, guest->cpu));
    /* a reset: the kernel has gone */
    set_entry(guest, 0);
    g_assert_false(symbols_find_kernel(symbols, guest->cpu));
    g_assert_false(symbols_locate(symbols, 0x1234000, sample.base + 0x1250, false, &location));
    symbols_free(symbols);
    symbols_free(other);
    guest_free(guest);
    g_byte_array_unref(bytes);
}

/* The text somewhere in the bytes. */
static uint8_t *strstr_in(GByteArray *bytes, const char *text)
{
    for (guint i = 0; i + strlen(text) <= bytes->len; i++) {
        if (memcmp(bytes->data + i, text, strlen(text)) == 0) {
            return bytes->data + i;
        }
    }
    g_assert_not_reached();
}

static void keep_note(void *opaque, const char *text)
{
    char **note = opaque;

    g_free(*note);
    *note = g_strdup(text);
}

/* Debug information of the kernel, where KASLR has put it; that of another is refused. */
static void test_file(gconstpointer data)
{
    bool right = GPOINTER_TO_UINT(data);
    g_autofree char *path = g_build_filename(fixtures, "vmlinux-x86_64", NULL), *note = NULL;
    const struct kallsyms_sample sample = {.base = BASE_X86_64 - (right ? 0 : 0x100), .entry = "entry_SYSCALL_64"};
    g_autoptr(GByteArray) bytes = sample_of(&sample);
    struct guest *guest = guest_new(CPU_ARCH_X86_64);
    struct symbols *symbols = symbols_new(guest->machine);
    struct symbol_location location;

    if (!symbols_add_path(symbols, path, NULL)) {
        g_test_skip("the assembler for this fixture is not there");
    } else {
        machine_set_note_handler(guest->machine, keep_note, &note);
        if (!right) { /* as if one more function stood before the entry */
            memcpy(strstr_in(bytes, "name_60"), "name_61", 7);
        }
        guest_put(guest, sample.base, bytes->data, bytes->len, GUEST_EXECUTE);
        set_entry(guest, sample.base + SAMPLE_ENTRY);
        g_assert_true(symbols_find_kernel(symbols, guest->cpu));
        g_assert_true(symbols_locate(symbols, 0, sample.base + SAMPLE_ENTRY, false, &location));
        g_assert_cmpstr(location.symbol, ==, "entry_SYSCALL_64");
        g_assert_cmpuint(location.frames, ==, right && symbols_reads_dwarf() ? 1 : 0);
        if (right && symbols_reads_dwarf()) {
            g_assert_true(g_str_has_suffix(location.frame[0].file, "vmlinux.S"));
            g_assert_cmpstr(location.frame[0].function, ==, "entry_SYSCALL_64");
        } else if (!right) {
            g_assert_nonnull(strstr(note, "of another kernel"));
        }
    }
    symbols_free(symbols);
    guest_free(guest);
}

/* A module's memory: its description, names, code; the kernel's list leads to it and back. */
static void put_module(struct guest *guest, uint64_t base, uint64_t head, const char *name)
{
    const uint64_t self = base + 0x1000, kallsyms = base + 0x1100, symtab = base + 0x1200, strtab = base + 0x1300;

    guest_put(guest, base, NULL, 0x2000, GUEST_WRITE | GUEST_EXECUTE);
    guest_poke64(guest, head, self + 8);
    guest_poke64(guest, head + 8, self + 8);
    guest_poke64(guest, self + 8, head);
    guest_poke64(guest, self + 16, head);
    guest_put(guest, self + 24, name, strlen(name), GUEST_WRITE);
    guest_poke64(guest, self + 80, base);
    guest_poke64(guest, self + 88, 0x2000 | 0x1000ull << 32);
    guest_poke64(guest, self + 96, kallsyms);
    guest_poke64(guest, kallsyms, symtab);
    guest_poke64(guest, kallsyms + 8, 3);
    guest_poke64(guest, kallsyms + 16, strtab);
    guest_put(guest, strtab, "\0cleanup_module\0driver_exit", 28, GUEST_WRITE);
    guest_poke64(guest, symtab + 24, 1);
    guest_poke64(guest, symtab + 32, base + 0x40);
    guest_poke64(guest, symtab + 48, 16);
    guest_poke64(guest, symtab + 56, base + 0x40);
}

static void test_modules(gconstpointer data)
{
    enum cpu_arch arch = (enum cpu_arch)GPOINTER_TO_UINT(data);
    bool x86 = arch == CPU_ARCH_X86_64;
    const struct kallsyms_sample sample = {.base = x86 ? BASE_X86_64 : BASE_AARCH64,
                                           .entry = x86 ? "entry_SYSCALL_64" : "vectors"};
    const uint64_t module = x86 ? 0xffffffffc0123000 : BASE_AARCH64 - (256ull << 20);
    g_autoptr(GByteArray) bytes = sample_of(&sample);
    struct guest *guest = guest_new(arch);
    struct symbols *symbols = symbols_new(guest->machine);
    struct symbol_location location;
    uint64_t head;

    btf_sample_append(bytes);
    head = sample.base + (bytes->len & ~0xfffull) + 0x1ff0;
    guest_put(guest, sample.base, bytes->data, bytes->len, GUEST_EXECUTE);
    guest_put(guest, head, NULL, 16, GUEST_WRITE);
    set_entry(guest, sample.base + SAMPLE_ENTRY);
    put_module(guest, module, head, "driver");
    g_assert_true(symbols_find_kernel(symbols, guest->cpu));
    g_assert_true(symbols_locate(symbols, 0, module + 0x44, false, &location));
    g_assert_cmpstr(location.module, ==, "driver");
    g_assert_cmpstr(location.symbol, ==, "driver_exit"); /* not the other name that all modules have for it */
    g_assert_cmpuint(location.offset, ==, 4);
    g_assert_true(location.is_code);
    g_assert_false(symbols_locate(symbols, 0, module + 0x2000, false, &location));
    symbols_free(symbols);

    /* a description that does not lie in its own module is none */
    symbols = symbols_new(guest->machine);
    guest_poke64(guest, module + 0x1000 + 80, module + 0x1800);
    g_assert_true(symbols_find_kernel(symbols, guest->cpu));
    g_assert_false(symbols_locate(symbols, 0, module + 0x1844, false, &location));
    symbols_free(symbols);
    guest_free(guest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 3);
    fixtures = argv[1];
    g_test_add_data_func("/kallsyms/file/right", GUINT_TO_POINTER(1), test_file);
    g_test_add_data_func("/kallsyms/file/wrong", GUINT_TO_POINTER(0), test_file);
    g_test_add_func("/kallsyms/forms", test_forms);
    g_test_add_func("/kallsyms/damage", test_damage);
    g_test_add_data_func("/kallsyms/kernel/x86_64", GUINT_TO_POINTER(CPU_ARCH_X86_64), test_kernel);
    g_test_add_data_func("/kallsyms/kernel/aarch64", GUINT_TO_POINTER(CPU_ARCH_AARCH64), test_kernel);
    g_test_add_data_func("/kallsyms/modules/x86_64", GUINT_TO_POINTER(CPU_ARCH_X86_64), test_modules);
    g_test_add_data_func("/kallsyms/modules/aarch64", GUINT_TO_POINTER(CPU_ARCH_AARCH64), test_modules);
    return g_test_run();
}
