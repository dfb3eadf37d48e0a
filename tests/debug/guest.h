/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine with a CPU, some RAM and page tables of the test's making, that never runs. */
#ifndef GALVANIC_TESTS_DEBUG_GUEST_H
#define GALVANIC_TESTS_DEBUG_GUEST_H

#include "debug/symbols/symbols.h"
#include "emu/cpu/aarch64.h"
#include "emu/cpu/x86_64.h"

#define GUEST_RAM_SIZE (64u << 20)

enum guest_flags { GUEST_USER = 1, GUEST_WRITE = 2, GUEST_EXECUTE = 4 };

struct guest {
    enum cpu_arch arch;
    struct machine *machine;
    struct cpu *cpu;
    uint64_t ram;  /* where RAM begins */
    uint64_t free; /* the next page that nobody has */
    uint64_t root, kernel_root;
};

/* Paging is on: 4 KB pages of 4 levels, nothing mapped.  The CPU is privileged. */
struct guest *guest_new(enum cpu_arch arch);
void guest_free(struct guest *guest);
/* A zeroed page of RAM; its physical address. */
uint64_t guest_page(struct guest *guest);
void guest_map(struct guest *guest, uint64_t address, uint64_t physical, enum guest_flags flags);
/* Maps fresh pages for [@address, +@length) and copies @bytes (NULL: zeros) there. */
void guest_put(struct guest *guest, uint64_t address, const void *bytes, size_t length, enum guest_flags flags);
void guest_poke64(struct guest *guest, uint64_t address, uint64_t value);
/* Loads the CPU with the roots above. */
void guest_load_roots(struct guest *guest);
void guest_space(struct guest *guest, struct space *out);

/* False: the test is skipped. */
static inline bool guest_needs_dwarf(void)
{
    if (!symbols_reads_dwarf())
        g_test_skip("this build reads no DWARF");
    return symbols_reads_dwarf();
}

#endif
