/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels built without CONFIG_KALLSYMS_ALL name their functions only.  Where their variables are stands in the functions that use
 * them: A64's ADR, and ADRP followed by ADD or LDR (Arm ARM C6.2).  Whoever asks checks what is found there.
 */
#include "debug/linux/linux.h"

#include <string.h>

#define CODE_WORDS 160
#define MSR_SP_EL0_X28 0xD518411CU /* the current task's register in the entry code */

struct pages {
    uint64_t address[32];
    bool known[32];
};

/* The immediate of ADR and ADRP: 21 bits, signed. */
static int64_t immediate21(uint32_t code)
{
    int64_t value = (int64_t)(code >> 5 & 0x7FFFF) << 2 | (code >> 29 & 3);

    return value >= 1 << 20 ? value - (1 << 21) : value;
}

/* True: the instruction at @pc makes or uses the address @out, by register @result. */
static bool reference(struct pages *pages, uint64_t pc, uint32_t code, uint64_t *out, unsigned *result)
{
    unsigned rd = code & 31, rn = code >> 5 & 31, imm12 = code >> 10 & 0xFFF;

    *result = rd;
    if ((code & 0x9F000000) == 0x90000000) { /* ADRP */
        pages->address[rd] = (pc & ~0xFFFULL) + (uint64_t)immediate21(code) * 4096;
        pages->known[rd] = true;
        return false;
    }
    if ((code & 0x9F000000) == 0x10000000) { /* ADR */
        *out = pc + (uint64_t)immediate21(code);
        return true;
    }
    if ((code & 0xFFC00000) == 0x91000000 && pages->known[rn]) { /* ADD, 64 bits, immediate not shifted */
        *out = pages->address[rn] + imm12;
        return true;
    }
    if ((code & 0xFFC00000) == 0xF9400000 && pages->known[rn]) { /* LDR, 64 bits, unsigned offset */
        *out = pages->address[rn] + imm12 * 8;
        return true;
    }
    return false;
}

static unsigned read_code(const struct linux_os *linux_os, const char *function, uint32_t *code, uint64_t *start)
{
    *start = linux_symbol(linux_os, function);
    return *start ? (unsigned)(space_read(&linux_os->kernel, *start, code, CODE_WORDS * 4) / 4) : 0;
}

unsigned linux_references(const struct linux_os *linux_os, const char *function, uint64_t *out, unsigned room)
{
    uint32_t code[CODE_WORDS];
    struct pages pages = {0};
    unsigned count = 0, result;
    uint64_t start, address;
    unsigned words = read_code(linux_os, function, code, &start);

    for (unsigned i = 0; i < words && count < room; i++)
        if (reference(&pages, start + i * 4, GUINT32_FROM_LE(code[i]), &address, &result))
            out[count++] = address;
    return count;
}

uint64_t linux_entry_task(const struct linux_os *linux_os)
{
    uint32_t code[CODE_WORDS];
    struct pages pages = {0};
    uint64_t start, address, last = 0;
    unsigned result, words = read_code(linux_os, "el0t_64_sync", code, &start);

    for (unsigned i = 0; i < words; i++) {
        if (GUINT32_FROM_LE(code[i]) == MSR_SP_EL0_X28)
            return last;
        if (reference(&pages, start + i * 4, GUINT32_FROM_LE(code[i]), &address, &result) && result == 28)
            last = address;
    }
    return 0;
}
