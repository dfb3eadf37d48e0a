/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The types that a Linux kernel carries in its own memory: BTF, Documentation/bpf/btf.rst of Linux.
 */
#ifndef GALVANIC_DEBUG_SYMBOLS_BTF_H
#define GALVANIC_DEBUG_SYMBOLS_BTF_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct btf;

/* Searches @length bytes of a kernel's memory for it; all of it must be sound.  NULL: none. */
struct btf *btf_find(const uint8_t *bytes, size_t length);
void btf_free(struct btf *btf);
/*
 * Where @member ("se.vruntime") stands in the structure, union or typedef @type, in bytes, and its size; of "" the size of the type
 * itself.  False: not known, or a bit field.
 */
bool btf_member(const struct btf *btf, const char *type, const char *member, uint64_t *offset, uint64_t *size);

#endif
