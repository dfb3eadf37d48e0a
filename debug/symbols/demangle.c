/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of Rust and C++ by libiberty.  A name of a few bytes may stand for one of any length (references back), so the text is
 * cut at a limit: the library offers no way to stop but to leave its callback.
 */
#include "debug/symbols/demangle.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#ifdef GALVANIC_LIBIBERTY
#include <libiberty/demangle.h>
#include <setjmp.h>

/* relibc gives the names of the Rust code within it, its own and std's, a prefix, lest they meet a program's. */
#define PREFIX_OF_RELIBC "__relibc_"

#define MANGLED_MAX 4096u
#define DEMANGLED_MAX 4096u
#define CALLS_MAX 20000u

struct text {
    char bytes[DEMANGLED_MAX];
    size_t length;
    unsigned calls;
    jmp_buf too_long;
};

static void append(const char *bytes, size_t length, void *opaque)
{
    struct text *text = opaque;

    if (length > sizeof(text->bytes) - text->length || ++text->calls > CALLS_MAX) {
        longjmp(text->too_long, 1);
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

/* Both of its functions keep what they need on the stack, so that nothing leaks when they are left. */
static bool demangle_with(int (*library)(const char *, int, demangle_callbackref, void *), const char *name,
                          int options, struct text *text)
{
    text->length = 0;
    text->calls = 0;
    if (setjmp(text->too_long)) {
        return false;
    }
    return library(name, options, append, text);
}

char *demangle(const char *name)
{
    g_autofree struct text *text = NULL;

    if (g_str_has_prefix(name, PREFIX_OF_RELIBC)) {
        name += strlen(PREFIX_OF_RELIBC);
    }
    if (!(g_str_has_prefix(name, "_R") || g_str_has_prefix(name, "_Z")) || strlen(name) > MANGLED_MAX) {
        return NULL;
    }
    text = g_new(struct text, 1);
    if (demangle_with(rust_demangle_callback, name, 0, text) ||
        (name[1] == 'Z' && demangle_with(cplus_demangle_v3_callback, name, DMGL_PARAMS | DMGL_ANSI, text))) {
        return g_strndup(text->bytes, text->length);
    }
    return NULL;
}
#else
char *demangle(const char *name)
{
    return NULL;
}
#endif
