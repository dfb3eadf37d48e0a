/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device tree that is written from its beginning to its end, by libfdt, into memory that grows. */
#ifndef GALVANIC_FIRMWARE_FDT_TREE_H
#define GALVANIC_FIRMWARE_FDT_TREE_H

#include <glib.h>
#include <stdint.h>

struct tree;

struct tree *tree_new(void);
/* A node, with what is written until tree_end(). @format gives its name. */
void tree_begin(struct tree *tree, const char *format, ...) G_GNUC_PRINTF(2, 3);
void tree_end(struct tree *tree);

void tree_empty(struct tree *tree, const char *name);
void tree_text(struct tree *tree, const char *name, const char *text);
/* Several strings, the last argument NULL. */
void tree_texts(struct tree *tree, const char *name, ...) G_GNUC_NULL_TERMINATED;
void tree_bytes(struct tree *tree, const char *name, const void *bytes, unsigned length);
void tree_cells(struct tree *tree, const char *name, const uint32_t *cells, unsigned count);
void tree_cell(struct tree *tree, const char *name, uint32_t value);
/* Each value as two cells. */
void tree_wide(struct tree *tree, const char *name, const uint64_t *values, unsigned count);

/* Ends the tree and frees the writer. */
GBytes *tree_finish(struct tree *tree);

#endif
