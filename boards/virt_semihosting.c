/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virt: the part of Arm's semihosting that test programs live on: text to the debug output, and the exit.  Arm Semihosting
 * for AArch32 and AArch64 (2.0), HLT #0xF000 with the operation in W0 and its parameter in X1.
 */
#include "boards/virt_internal.h"
#include "emu/bytes.h"
#include "emu/cpu/aarch64.h"

#define SEMIHOSTING_HLT 0xF000

enum { SYS_WRITEC = 0x03, SYS_WRITE0 = 0x04, SYS_EXIT = 0x18, SYS_EXIT_EXTENDED = 0x20 };

#define STOPPED_APPLICATION_EXIT 0x20026
#define FAILED_EXIT 1 /* what other reasons are worth */
#define TEXT_MAX 65536

/* A byte at the guest's virtual address; false: there is none. */
static bool read_byte(struct virt *virt, struct cpu *cpu, uint64_t address, uint8_t *byte)
{
    uint64_t physical;

    return cpu_translate(cpu, address, &physical) && memory_pointer(machine_memory(virt->machine), physical, 1) &&
           memory_read(machine_memory(virt->machine), physical, byte, 1);
}

static void write_text(struct virt *virt, struct cpu *cpu, uint64_t address)
{
    uint8_t byte;

    for (unsigned i = 0; i < TEXT_MAX && read_byte(virt, cpu, address + i, &byte) && byte; i++)
        character_write(&virt->debug, &byte, 1);
}

/* The parameter is a block of two 64-bit words: the reason and, for an application's exit, its status. */
static void leave(struct virt *virt, struct cpu *cpu, uint64_t block)
{
    uint8_t words[16];
    int code = FAILED_EXIT;

    for (unsigned i = 0; i < sizeof(words); i++)
        if (!read_byte(virt, cpu, block + i, &words[i])) {
            machine_guest_error(virt->machine, "semihosting", "exit with a block that is nowhere");
            machine_guest_exit(virt->machine, FAILED_EXIT);
            return;
        }
    if (get_le64(words) == STOPPED_APPLICATION_EXIT)
        code = (int)get_le32(words + 8);
    machine_guest_exit(virt->machine, code);
}

bool virt_semihosting(void *opaque, struct cpu *cpu, uint32_t immediate)
{
    struct virt *virt = opaque;
    uint32_t operation = (uint32_t)aarch64_x(cpu, 0);
    uint64_t parameter = aarch64_x(cpu, 1);
    uint8_t byte;

    /* A user's program has no business with the host. */
    if (immediate != SEMIHOSTING_HLT || cpu_privilege(cpu) == 0)
        return false;
    switch (operation) {
    case SYS_WRITEC:
        if (read_byte(virt, cpu, parameter, &byte))
            character_write(&virt->debug, &byte, 1);
        break;
    case SYS_WRITE0:
        write_text(virt, cpu, parameter);
        break;
    case SYS_EXIT:
    case SYS_EXIT_EXTENDED:
        leave(virt, cpu, parameter);
        break;
    default:
        machine_guest_error(virt->machine, "semihosting", "operation 0x%02x is not offered", operation);
        aarch64_set_x(cpu, 0, UINT64_MAX);
    }
    return true;
}
