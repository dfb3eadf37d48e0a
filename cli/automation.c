/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See automation.h. */
#include "cli/automation.h"

#include <string.h>

#include "cli/parse.h"

#define WINDOW_BYTES 4096 /* a match lies within this many bytes of output */

enum step_kind { STEP_EXPECT, STEP_SEND, STEP_WAIT, STEP_UNTIL };

struct step {
    enum step_kind kind;
    GRegex *regex;
    GByteArray *bytes;
    int64_t duration;
    char *text; /* as given, for messages */
};

struct automation {
    GPtrArray *steps;
    guint next;
    bool met_until;
    GByteArray *window; /* output since the last match */
    struct machine *machine;
    struct journal_source *source;
    struct clock_timer *timer;
    bool waiting; /* in a STEP_WAIT */
};

static void step_free(gpointer data)
{
    struct step *step = data;

    if (step->regex)
        g_regex_unref(step->regex);
    if (step->bytes)
        g_byte_array_unref(step->bytes);
    g_free(step->text);
    g_free(step);
}

struct automation *automation_new(void)
{
    struct automation *automation = g_new0(struct automation, 1);

    automation->steps = g_ptr_array_new_with_free_func(step_free);
    automation->window = g_byte_array_new();
    return automation;
}

void automation_free(struct automation *automation)
{
    if (!automation)
        return;
    g_ptr_array_free(automation->steps, TRUE);
    g_byte_array_unref(automation->window);
    g_free(automation);
}

static struct step *add(struct automation *automation, enum step_kind kind, const char *name, const char *text)
{
    struct step *step = g_new0(struct step, 1);

    step->kind = kind;
    step->text = g_strdup_printf("%s %s", name, text);
    g_ptr_array_add(automation->steps, step);
    return step;
}

static bool add_regex(struct automation *automation, enum step_kind kind, const char *name, const char *regex,
                      GError **error)
{
    g_autoptr(GError) bad = NULL;
    GRegex *compiled = g_regex_new(regex, G_REGEX_RAW | G_REGEX_OPTIMIZE | G_REGEX_MULTILINE, 0, &bad);

    if (!compiled) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s %s: no valid regular expression: %s", name,
                    regex, bad->message);
        return false;
    }
    add(automation, kind, name, regex)->regex = compiled;
    return true;
}

bool automation_expect(struct automation *automation, const char *regex, GError **error)
{
    return add_regex(automation, STEP_EXPECT, "--expect", regex, error);
}

bool automation_until(struct automation *automation, const char *regex, GError **error)
{
    return add_regex(automation, STEP_UNTIL, "--until", regex, error);
}

bool automation_send(struct automation *automation, const char *text, GError **error)
{
    GByteArray *bytes = parse_escapes("--send", text, error);

    if (!bytes)
        return false;
    add(automation, STEP_SEND, "--send", text)->bytes = bytes;
    return true;
}

bool automation_wait(struct automation *automation, const char *duration, GError **error)
{
    int64_t ns;

    if (!parse_duration("wait", duration, &ns, error))
        return false;
    add(automation, STEP_WAIT, "wait", duration)->duration = ns;
    return true;
}

static bool script_line(struct automation *automation, const char *path, guint number, const char *line, GError **error)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 2);
    const char *argument = words[0] && words[1] ? words[1] : "";
    bool good;

    if (!words[0] || words[0][0] == '#' || words[0][0] == '\0')
        return true;
    if (strcmp(words[0], "expect") == 0)
        good = automation_expect(automation, argument, error);
    else if (strcmp(words[0], "until") == 0)
        good = automation_until(automation, argument, error);
    else if (strcmp(words[0], "send") == 0)
        good = automation_send(automation, argument, error);
    else if (strcmp(words[0], "wait") == 0)
        good = automation_wait(automation, argument, error);
    else {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "unknown word \"%s\"; there are expect, send, wait, until", words[0]);
        good = false;
    }
    if (!good)
        g_prefix_error(error, "%s line %u: ", path, number);
    return good;
}

bool automation_script(struct automation *automation, const char *path, GError **error)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, error))
        return false;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        if (!script_line(automation, path, i + 1, lines[i], error))
            return false;
    return true;
}

static struct step *current(const struct automation *automation)
{
    return automation->next < automation->steps->len ? g_ptr_array_index(automation->steps, automation->next) : NULL;
}

/* Performs the steps that need nothing from the guest. */
static void go_on(struct automation *automation)
{
    for (struct step *step = current(automation); step; step = current(automation)) {
        if (step->kind == STEP_SEND) {
            if (step->bytes->len)
                journal_submit_at(automation->source, machine_now(automation->machine), step->bytes->data,
                                  step->bytes->len);
        } else if (step->kind == STEP_WAIT) {
            if (!automation->waiting) {
                automation->waiting = true;
                clock_timer_set(automation->timer, machine_now(automation->machine) + step->duration);
            }
            return;
        } else {
            return;
        }
        automation->next++;
    }
}

static void wait_over(void *opaque)
{
    struct automation *automation = opaque;

    automation->waiting = false;
    automation->next++;
    go_on(automation);
}

void automation_attach(struct automation *automation, struct machine *machine, struct journal_source *source)
{
    automation->machine = machine;
    automation->source = source;
    automation->timer = clock_timer_new_outside(machine_clock(machine), "automation", wait_over, automation);
    go_on(automation);
}

static bool matches(struct automation *automation, const struct step *step)
{
    GMatchInfo *match = NULL;
    int end = 0;
    bool found = g_regex_match_full(step->regex, (const char *)automation->window->data,
                                    (gssize)automation->window->len, 0, 0, &match, NULL);

    if (found && g_match_info_fetch_pos(match, 0, NULL, &end))
        g_byte_array_remove_range(automation->window, 0, (guint)end);
    g_match_info_free(match);
    return found;
}

static void output_byte(struct automation *automation, uint8_t byte)
{
    if (automation->window->len >= WINDOW_BYTES)
        g_byte_array_remove_range(automation->window, 0, WINDOW_BYTES / 2);
    g_byte_array_append(automation->window, &byte, 1);
    struct step *step = current(automation);
    if (!step || !step->regex || !matches(automation, step))
        return;
    automation->next++;
    if (step->kind == STEP_UNTIL) {
        automation->met_until = true;
        machine_stop_here(automation->machine);
        return;
    }
    go_on(automation);
}

void automation_output(struct automation *automation, const uint8_t *data, size_t length)
{
    if (!automation->machine || automation->met_until)
        return;
    for (size_t i = 0; i < length && current(automation); i++)
        output_byte(automation, data[i]);
}

bool automation_empty(const struct automation *automation)
{
    return automation->steps->len == 0;
}

bool automation_done(const struct automation *automation)
{
    return automation->next >= automation->steps->len || automation->met_until;
}

bool automation_met_until(const struct automation *automation)
{
    return automation->met_until;
}

const char *automation_waiting_for(const struct automation *automation)
{
    const struct step *step = automation_done(automation) ? NULL : current(automation);

    return step ? step->text : NULL;
}
