/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INT n, INT3 and friends, gates of all sorts, and the error codes of bad ones.  Intel SDM volume 3, 6.12 to 6.14. */
#include "guest.h"

USER_PIECE(user_int3, "int3\n nop");
USER_PIECE(user_int_3, "int $3\n nop");
USER_PIECE(user_int_14, "int $14\n nop");
USER_PIECE(user_int_64, "int $0x40\n nop");
USER_PIECE(user_int_128, "int $0x80\n nop");

static uint64_t flags_inside;

static void note_flags(struct trap *frame)
{
    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags_inside));
    (void)frame;
}

static void flags_of(const char *name, unsigned type)
{
    set_gate(0x40, type, 0, 0);
    trap_handler[0x40] = note_flags;
    __asm__ volatile("sti\n\tint $0x40\n\tcli" : : : "memory", "cc");
    trap_handler[0x40] = NULL;
    say(name, flags_inside & 0x200);
}

static void bad_gates(void)
{
    struct gate good = idt[0x40];
    idt[0x40].type &= 0x7f;
    REPORT("gate not present", "int $0x40");
    idt[0x40] = good;
    idt[0x40].type = 0x80 | 5;
    REPORT("task gate", "int $0x40");
    idt[0x40].type = 0x80 | 12;
    REPORT("call gate", "int $0x40");
    idt[0x40] = good;
    idt[0x40].selector = 0;
    REPORT("null selector", "int $0x40");
    idt[0x40].selector = KERNEL_DATA;
    REPORT("data selector", "int $0x40");
    idt[0x40].selector = DATA_ABSENT;
    REPORT("absent segment", "int $0x40");
    idt[0x40].selector = KERNEL_CODE32;
    REPORT("32-bit code", "int $0x40");
    idt[0x40].selector = 0x1000;
    REPORT("selector outside the GDT", "int $0x40");
    idt[0x40].selector = 0x1004;
    REPORT("selector of no LDT", "int $0x40");
    idt[0x40].selector = USER_CODE;
    REPORT("code of lower privilege", "int $0x40");
    idt[0x40].selector = CODE_CONFORMING;
    REPORT("conforming code", "int $0x40");
    say("  cs inside is pushed as", caught.frame.cs);
    idt[0x40] = good;
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {0x40 * 16 - 1, (uint64_t)idt}, whole = {sizeof(idt) - 1, (uint64_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
    REPORT("vector beyond the IDT", "int $0x40");
    __asm__ volatile("lidt %0" : : "m"(whole));
}

void guest_main(void)
{
    REPORT("int3", "int3");
    REPORT("int 3", "int $3");
    REPORT("int 0x40", "int $0x40");
    REPORT("into", ".byte 0xce");
    REPORT("bound", ".byte 0x62, 0x07");
    put("-- from user mode, gates for the kernel only\n");
    REPORT_USER("int3", user_int3, 0);
    REPORT_USER("int 3", user_int_3, 0);
    REPORT_USER("int 14", user_int_14, 0);
    REPORT_USER("int 0x40", user_int_64, 0);
    REPORT_USER("int 0x80", user_int_128, 0);
    put("-- gates for all\n");
    set_gate(3, 14, 3, 0);
    REPORT_USER("int3", user_int3, 0);
    REPORT_USER("int 3", user_int_3, 0);
    flags_of("IF in an interrupt gate", 14);
    flags_of("IF in a trap gate", 15);
    bad_gates();
}
