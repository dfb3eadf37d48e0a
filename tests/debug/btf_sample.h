/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A few types as BTF has them. */
#ifndef GALVANIC_TESTS_DEBUG_BTF_SAMPLE_H
#define GALVANIC_TESTS_DEBUG_BTF_SAMPLE_H

#include <glib.h>

/*
 * Appends: struct list { struct list *next, *prev; };
 * struct task { pid_t pid; unsigned bit : 1; struct list list[3]; union { long number; struct { int low, high; }; }; };
 * pid_t is a const int by name.
 * struct module { int state; struct list list; (at 24) char name[56]; (at 80) struct { long base; int size, text_size; } core_layout;
 * (at 96) struct mod_kallsyms *kallsyms; }; struct mod_kallsyms { long symtab; int num_symtab; (at 16) long strtab; };
 */
void btf_sample_append(GByteArray *out);

#endif
