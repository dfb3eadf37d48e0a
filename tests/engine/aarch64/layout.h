/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that the tests and their guests share. */
#ifndef GALVANIC_TESTS_ENGINE_AARCH64_LAYOUT_H
#define GALVANIC_TESTS_ENGINE_AARCH64_LAYOUT_H

#define MMIO 0x09000000 /* Device memory, mapped at the same address */
#define RAM 0x40000000  /* mapped at the same address, the first 2 MB in 4 KB pages */
#define RAM_SIZE 0x1000000
#define TABLES 0x40001000 /* L1; then L2 of RAM, L3 of its first 2 MB, L2 of the alias */
#define STACK 0x40010000  /* grows down from here; CPU n from STACK + n * 4 KB */
#define CODE 0x40020000   /* vectors; cases from CODE + 0x1000, 0x200 bytes each */
#define CASE(n) (CODE + 0x1000 + (n)*0x200)
#define USER_CODE 0x40040000     /* one page, executable in EL0, read-only */
#define USER_DATA 0x40041000     /* one page, EL0 may read and write, not global */
#define USER_STACK 0x40043000    /* grows down, one page */
#define LOG 0x40050000           /* X28 of each CPU: the vectors write ESR, FAR, ELR, SPSR of each exception */
#define DATA 0x40060000          /* free for the guest */
#define ALIAS 0x80000000         /* all of RAM once more, not executable */
#define UPPER 0xffffff8000000000 /* the whole lower half once more, by TTBR1 */

/* Page descriptor: Normal memory (MAIR index 0), inner shareable, accessed; Device: index 1. */
#define PAGE_NORMAL 0x703
#define BLOCK_NORMAL 0x701
#define BLOCK_DEVICE 0x605
#define PAGE_USER 0x40
#define PAGE_READ_ONLY 0x80
#define PAGE_NOT_GLOBAL 0x800
#define PAGE_PXN (1 << 53)
#define PAGE_UXN (1 << 54)

#endif
