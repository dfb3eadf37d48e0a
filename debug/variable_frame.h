/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What variables are looked for in: a frame that was unwound. */
#ifndef GALVANIC_DEBUG_VARIABLE_FRAME_H
#define GALVANIC_DEBUG_VARIABLE_FRAME_H

#include "debug/unwind.h"

/* A frame with what is needed of its caller. */
struct variable_frame {
    struct space space;
    struct symbol_context context, caller;
    GArray *frames; /* of struct unwind_frame */
};
/* @frame is copied. */
void variable_frame_open(struct symbols *symbols, const struct space *space, const struct unwind_frame *frame,
                         struct variable_frame *out);
void variable_frame_close(struct variable_frame *frame);

#endif
