/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GALVANIC_DEBUG_SYMBOLS_DEMANGLE_H
#define GALVANIC_DEBUG_SYMBOLS_DEMANGLE_H

/* The name as its author wrote it: Rust (legacy and v0, without hashes), C++; NULL: it is not mangled.  To be freed. */
char *demangle(const char *name);

#endif
