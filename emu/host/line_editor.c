/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See line_editor.h.  libedit, whose interface is that of editline(3). */
#include "emu/host/line_editor.h"

#include <histedit.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HISTORY_LENGTH 1000
#define MOST_SHOWN 100

struct line_editor {
    const char *prompt;
    GPtrArray *(*complete)(void *opaque, const char *line, size_t *start);
    void *opaque;
    EditLine *edit; /* NULL: no terminal */
    History *history;
    char *history_path;
};

static char *prompt_of(EditLine *edit)
{
    struct line_editor *editor = NULL;

    el_get(edit, EL_CLIENTDATA, &editor);
    return (char *)editor->prompt;
}

/* What all candidates begin with. */
static size_t common_length(GPtrArray *found)
{
    size_t length = strlen(g_ptr_array_index(found, 0));

    for (guint i = 1; i < found->len; i++) {
        const char *other = g_ptr_array_index(found, i);
        size_t same = 0;
        while (same < length && other[same] == ((const char *)g_ptr_array_index(found, 0))[same])
            same++;
        length = same;
    }
    return length;
}

static void show(GPtrArray *found)
{
    fputc('\n', stdout);
    for (guint i = 0; i < found->len && i < MOST_SHOWN; i++)
        fprintf(stdout, "%s  ", (const char *)g_ptr_array_index(found, i));
    fprintf(stdout, "%s\n", found->len > MOST_SHOWN ? "..." : "");
    fflush(stdout);
}

static unsigned char on_tab(EditLine *edit, int key)
{
    const LineInfo *line = el_line(edit);
    struct line_editor *editor = NULL;
    size_t start;

    (void)key;
    el_get(edit, EL_CLIENTDATA, &editor);
    g_autofree char *before = g_strndup(line->buffer, (gsize)(line->cursor - line->buffer));
    g_autoptr(GPtrArray) found = editor->complete(editor->opaque, before, &start);
    if (found->len == 0)
        return CC_ERROR;
    size_t typed = strlen(before) - start, common = common_length(found);
    if (common > typed) {
        g_autofree char *rest = g_strndup((const char *)g_ptr_array_index(found, 0) + typed, common - typed);
        el_insertstr(edit, rest);
    }
    if (found->len == 1) {
        el_insertstr(edit, " ");
    } else if (common <= typed) {
        show(found);
        return CC_REDISPLAY;
    }
    return CC_REFRESH;
}

static void start_editing(struct line_editor *editor, const char *name)
{
    HistEvent event;
    g_autofree char *folder = g_build_filename(g_get_user_data_dir(), "galvanic", NULL);

    editor->edit = el_init("galvanic", stdin, stdout, stderr);
    editor->history = history_init();
    if (!editor->edit || !editor->history)
        return;
    editor->history_path = g_build_filename(folder, name, NULL);
    g_mkdir_with_parents(folder, 0700);
    history(editor->history, &event, H_SETSIZE, HISTORY_LENGTH);
    history(editor->history, &event, H_SETUNIQUE, 1);
    history(editor->history, &event, H_LOAD, editor->history_path);
    el_set(editor->edit, EL_CLIENTDATA, editor);
    el_set(editor->edit, EL_PROMPT, prompt_of);
    el_set(editor->edit, EL_EDITOR, "emacs");
    el_set(editor->edit, EL_HIST, history, editor->history);
    el_set(editor->edit, EL_ADDFN, "galvanic-complete", "completes the word", on_tab);
    el_set(editor->edit, EL_BIND, "^I", "galvanic-complete", NULL);
    el_source(editor->edit, NULL);
}

struct line_editor *line_editor_new(const char *prompt, const char *name,
                                    GPtrArray *(*complete)(void *opaque, const char *line, size_t *start), void *opaque)
{
    struct line_editor *editor = g_new0(struct line_editor, 1);

    editor->prompt = prompt;
    editor->complete = complete;
    editor->opaque = opaque;
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        start_editing(editor, name);
    return editor;
}

void line_editor_free(struct line_editor *editor)
{
    HistEvent event;

    if (!editor)
        return;
    if (editor->history) {
        history(editor->history, &event, H_SAVE, editor->history_path);
        history_end(editor->history);
    }
    if (editor->edit)
        el_end(editor->edit);
    g_free(editor->history_path);
    g_free(editor);
}

static char *read_plain(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length = getline(&line, &room, stdin);
    char *copy = length < 0 ? NULL : g_strchomp(g_strndup(line, (gsize)length));

    free(line);
    return copy;
}

char *line_editor_read(struct line_editor *editor)
{
    HistEvent event;
    int length = 0;

    fflush(stdout);
    if (!editor->edit)
        return read_plain();
    const char *line = el_gets(editor->edit, &length);
    if (!line || length <= 0)
        return NULL;
    char *copy = g_strchomp(g_strndup(line, (gsize)length));
    if (*copy)
        history(editor->history, &event, H_ENTER, copy);
    return copy;
}
