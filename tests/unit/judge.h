/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tools that nobody here wrote as judges of disk formats: temporary images, commands and their answers. */
#ifndef GALVANIC_TESTS_UNIT_JUDGE_H
#define GALVANIC_TESTS_UNIT_JUDGE_H

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* Finds @tool also where an ordinary user's PATH does not look; NULL: not installed. */
static inline char *judge_find(const char *tool)
{
    static const char *const places[] = {"/usr/sbin/", "/sbin/", "/usr/local/sbin/"};
    char *found = g_find_program_in_path(tool);

    for (unsigned i = 0; !found && i < G_N_ELEMENTS(places); i++) {
        char *path = g_strconcat(places[i], tool, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
            found = path;
        else
            g_free(path);
    }
    return found;
}

/* False (and the test is skipped) if one of the tools, separated by blanks, is not installed. */
static inline gboolean judge_have(const char *tools)
{
    char **list = g_strsplit(tools, " ", 0);
    gboolean all = TRUE;

    for (unsigned i = 0; list[i] && all; i++) {
        char *found = judge_find(list[i]);

        if (!found) {
            g_test_skip(list[i]);
            all = FALSE;
        }
        g_free(found);
    }
    g_strfreev(list);
    return all;
}

/*
 * Runs a command line (first word looked up by judge_find()); returns its exit status and, if wanted, what it printed.
 */
static inline int judge_run(char **output, const char *format, ...)
{
    va_list arguments;
    char *line, **words, *tool, *out = NULL, *err = NULL;
    GError *error = NULL;
    int status = -1;

    va_start(arguments, format);
    line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_assert_true(g_shell_parse_argv(line, NULL, &words, &error));
    tool = judge_find(words[0]);
    g_assert_nonnull(tool);
    g_free(words[0]);
    words[0] = tool;
    g_assert_true(g_spawn_sync(NULL, words, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &status, &error));
    if (output)
        *output = g_strconcat(out, err, NULL);
    else if (status != 0)
        g_test_message("%s: status %d\n%s%s", line, status, out, err);
    g_free(out);
    g_free(err);
    g_strfreev(words);
    g_free(line);
    return status;
}

/* A new empty file of @size bytes; its path is to be freed after judge_remove(). */
static inline char *judge_image(guint64 size)
{
    char *path = NULL;
    int fd = g_file_open_tmp("galvanic-judge-XXXXXX.img", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
    close(fd);
    return path;
}

static inline void judge_remove(char *path)
{
    g_unlink(path);
    g_free(path);
}

#endif
