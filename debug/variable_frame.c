/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See variable_frame.h. */
#include "debug/variable_frame.h"

static void set_context(struct symbols *symbols, const struct space *space, const struct unwind_frame *frame,
                        struct symbol_context *out)
{
    *out = (struct symbol_context){
        .space = space,
        .pc = frame->pc,
        .return_address = frame->return_address,
        .registers = frame->registers,
        .known = frame->known,
    };
    out->cfa_known = unwind_cfa(symbols, space, frame, &out->cfa);
}

void variable_frame_open(struct symbols *symbols, const struct space *space, const struct unwind_frame *frame,
                         struct variable_frame *out)
{
    out->space = *space;
    out->frames = unwind(symbols, &out->space, frame, 2, NULL);
    set_context(symbols, &out->space, &g_array_index(out->frames, struct unwind_frame, 0), &out->context);
    if (out->frames->len > 1) {
        set_context(symbols, &out->space, &g_array_index(out->frames, struct unwind_frame, 1), &out->caller);
        out->context.caller = &out->caller;
    }
}

void variable_frame_close(struct variable_frame *frame)
{
    g_array_unref(frame->frames);
}
