/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disassembly: both syntaxes, kinds of instructions, what is none, the ends of what is mapped, the way back on x86. */
#include "tests/debug/guest.h"

#include "debug/disassemble.h"

static void expect(GArray *list, guint index, uint64_t address, unsigned length, const char *text)
{
    const struct disassembled *one = &g_array_index(list, struct disassembled, index);

    g_assert_cmpuint(index, <, list->len);
    g_assert_cmphex(one->address, ==, address);
    g_assert_cmpuint(one->length, ==, length);
    g_assert_cmpstr(one->text, ==, text);
}

static void test_x86_64(void)
{
    /* push rbp; mov rbp, rsp; call +0; ud2; a byte that is nothing; ret */
    static const uint8_t code[] = {0x55, 0x48, 0x89, 0xe5, 0xe8, 0, 0, 0, 0, 0x0f, 0x0b, 0x06, 0xc3};
    struct guest *guest = guest_new(CPU_ARCH_X86_64);
    struct space space;

    guest_put(guest, 0x2000 - sizeof(code), code, sizeof(code), GUEST_EXECUTE);
    guest_space(guest, &space);
    uint64_t at = 0x2000 - sizeof(code);
    GArray *list = disassemble(&space, NULL, at, 20, DISASSEMBLE_INTEL);
    g_assert_cmpuint(list->len, ==, 6); /* ends with the page */
    expect(list, 0, at, 1, "push rbp");
    expect(list, 1, at + 1, 3, "mov rbp, rsp");
    expect(list, 2, at + 4, 5, "call 0x1ffc");
    g_assert_true(g_array_index(list, struct disassembled, 2).is_call);
    expect(list, 4, at + 11, 1, ".byte 0x06 ; undecodable");
    g_assert_false(g_array_index(list, struct disassembled, 4).valid);
    g_assert_true(g_array_index(list, struct disassembled, 5).is_return);
    g_array_free(list, TRUE);
    list = disassemble(&space, NULL, at + 1, 1, DISASSEMBLE_ATT);
    expect(list, 0, at + 1, 3, "movq %rsp, %rbp");
    g_array_free(list, TRUE);
    list = disassemble_around(&space, NULL, at + 9, 3, 1, DISASSEMBLE_INTEL);
    g_assert_cmpuint(list->len, ==, 4);
    expect(list, 2, at + 4, 5, "call 0x1ffc");
    expect(list, 3, at + 9, 2, "ud2");
    g_array_free(list, TRUE);
    guest_free(guest);
}

static void test_aarch64(void)
{
    static const uint32_t code[] = {0xa9bf7bfd, 0x94000001, 0x00000000, 0xd65f03c0};
    struct guest *guest = guest_new(CPU_ARCH_AARCH64);
    struct space space;

    guest_put(guest, 0x1000, code, sizeof(code), GUEST_EXECUTE | GUEST_USER);
    guest_space(guest, &space);
    GArray *list = disassemble(&space, NULL, 0x1000, 4, DISASSEMBLE_INTEL);
    g_assert_cmpuint(list->len, ==, 4);
    expect(list, 0, 0x1000, 4, "stp x29, x30, [sp, #-0x10]!");
    g_assert_true(g_array_index(list, struct disassembled, 1).is_call);
    expect(list, 2, 0x1008, 4, ".inst 0x00000000 ; undefined");
    g_assert_true(g_array_index(list, struct disassembled, 3).is_return);
    g_array_free(list, TRUE);
    list = disassemble(&space, NULL, 0x9000, 4, DISASSEMBLE_INTEL);
    g_assert_cmpuint(list->len, ==, 0);
    g_array_free(list, TRUE);
    guest_free(guest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/disassemble/x86_64", test_x86_64);
    g_test_add_func("/disassemble/aarch64", test_aarch64);
    return g_test_run();
}
