/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Line tables: DWARF 5, section 6.2. */
#include "debug/symbols/dwarf_internal.h"

#include <string.h>

/* How many lines further down code may begin for a line that has none of its own. */
#define NEXT_LINE_MAX 20

static uint64_t address_of(Dwarf_Lines *lines, size_t index)
{
    Dwarf_Addr address = UINT64_MAX;

    dwarf_lineaddr(dwarf_onesrcline(lines, index), &address);
    return address;
}

static bool ends_sequence(Dwarf_Lines *lines, size_t index)
{
    bool end = true;

    return dwarf_lineendsequence(dwarf_onesrcline(lines, index), &end) != 0 || end;
}

static bool same_place(Dwarf_Lines *lines, size_t a, size_t b)
{
    Dwarf_Line *x = dwarf_onesrcline(lines, a), *y = dwarf_onesrcline(lines, b);
    const char *file = dwarf_linesrc(x, NULL, NULL);
    int line_x = 0, line_y = 0;

    dwarf_lineno(x, &line_x);
    dwarf_lineno(y, &line_y);
    return line_x == line_y && g_strcmp0(file, dwarf_linesrc(y, NULL, NULL)) == 0;
}

/* The last row at or before @address, libdw having sorted them; of several at one address the last counts. */
static bool row_at(Dwarf_Lines *lines, size_t count, uint64_t address, size_t *row)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (address_of(lines, middle) <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *row = low - 1;
    return low > 0 && low < count && !ends_sequence(lines, low - 1);
}

bool dwarf_line_at(Dwarf_Die *unit, uint64_t address, struct dwarf_line *out)
{
    Dwarf_Lines *lines;
    Dwarf_Line *line;
    size_t count, row, first, last;
    int number = 0, column = 0;

    if (dwarf_getsrclines(unit, &lines, &count) != 0 || !row_at(lines, count, address, &row)) {
        return false;
    }
    line = dwarf_onesrcline(lines, row);
    dwarf_lineno(line, &number);
    dwarf_linecol(line, &column);
    for (first = row; first > 0 && !ends_sequence(lines, first - 1) && same_place(lines, first - 1, row); first--) {
    }
    for (last = row + 1; last < count - 1 && !ends_sequence(lines, last) && same_place(lines, last, row); last++) {
    }
    *out = (struct dwarf_line){
        .start = address_of(lines, first),
        .end = address_of(lines, last),
        .file = dwarf_linesrc(line, NULL, NULL),
        .line = number > 0 ? (unsigned)number : 0,
        .column = column > 0 ? (unsigned)column : 0,
    };
    return out->file; /* line 0: code of no line in particular */
}

bool dwarf_file_line_at(struct dwarf_file *file, uint64_t address, struct dwarf_line *out)
{
    Dwarf_Die unit;

    return dwarf_file_unit_at(file, address, &unit) && dwarf_line_at(&unit, address, out);
}

/* "main.rs" and "src/main.rs" are the end of "/build/src/main.rs". */
static bool path_ends_in(const char *path, const char *name)
{
    size_t length = path ? strlen(path) : 0, tail = strlen(name);

    return path && length >= tail && strcmp(path + length - tail, name) == 0 &&
           (length == tail || path[length - tail - 1] == '/' || name[0] == '/');
}

struct line_search {
    const char *name;
    unsigned wanted, best; /* best: the smallest line from @wanted on that has code; 0: none yet */
};

static bool names_file(Dwarf_Die *unit, const char *name)
{
    Dwarf_Files *files;
    size_t count;

    if (dwarf_getsrcfiles(unit, &files, &count) != 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (path_ends_in(dwarf_filesrc(files, i, NULL, NULL), name)) {
            return true;
        }
    }
    return false;
}

/* Calls for each row that begins a run of the line; with @out NULL only the best line is found. */
static void search_unit(Dwarf_Die *unit, struct line_search *search, uint64_t bias, GArray *out)
{
    Dwarf_Lines *lines;
    size_t count;
    bool in_run = false;

    if (!names_file(unit, search->name) || dwarf_getsrclines(unit, &lines, &count) != 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        Dwarf_Line *line = dwarf_onesrcline(lines, i);
        uint64_t address = address_of(lines, i) + bias;
        bool statement = false, here;
        int number = 0;

        dwarf_lineno(line, &number);
        dwarf_linebeginstatement(line, &statement);
        here = !ends_sequence(lines, i) && number >= (int)search->wanted && address != bias &&
               path_ends_in(dwarf_linesrc(line, NULL, NULL), search->name);
        if (!out && here && statement && (search->best == 0 || (unsigned)number < search->best)) {
            search->best = (unsigned)number;
        } else if (out && here && (unsigned)number == search->best) {
            if (!in_run && statement) {
                g_array_append_val(out, address);
            }
            in_run = in_run || statement;
            continue;
        }
        in_run = false;
    }
}

void dwarf_line_addresses(struct dwarf_file *file, const char *name, unsigned line, uint64_t bias, GArray *out)
{
    struct line_search search = {.name = name, .wanted = line};

    for (unsigned pass = 0; pass < 2; pass++) {
        for (guint i = 0; i < file->units->len; i++) {
            Dwarf_Die unit;

            if (dwarf_offdie(file->dwarf, g_array_index(file->units, Dwarf_Off, i), &unit)) {
                search_unit(&unit, &search, bias, pass ? out : NULL);
            }
        }
        if (search.best == 0 || search.best > line + NEXT_LINE_MAX) {
            return;
        }
    }
}
