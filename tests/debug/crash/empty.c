/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that was built without its code: the ELF headers and a name are all that it has to load, 332 bytes.  Its entry point is where
 * the code would have begun.
 */
#define HEADERS (64 + 4 * 56) /* of ELF64; lld keeps room for four program headers */

__attribute__((used)) const char name[332 - HEADERS] = "kernel";
