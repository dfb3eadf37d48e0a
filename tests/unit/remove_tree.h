/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Temporary folders of tests, and whatever was put into them. */
#ifndef GALVANIC_TESTS_UNIT_REMOVE_TREE_H
#define GALVANIC_TESTS_UNIT_REMOVE_TREE_H

#include <glib/gstdio.h>

/* Removes @path with all that is below it; links are not followed. */
static inline void remove_tree(const char *path)
{
    GDir *folder = NULL;
    const char *name;

    if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK) && g_file_test(path, G_FILE_TEST_IS_DIR)) {
        g_chmod(path, 0700); /* the test may have taken the rights away */
        folder = g_dir_open(path, 0, NULL);
    }
    while (folder && (name = g_dir_read_name(folder))) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        remove_tree(child);
    }
    if (folder)
        g_dir_close(folder);
    g_remove(path);
}

#endif
