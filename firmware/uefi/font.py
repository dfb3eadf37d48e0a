#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns the drawings of font.txt into a C table, sorted by code point: font.py font.txt font_data.h"""
import sys

HEIGHT = 16


def main(source, target):
    lines = [line.rstrip('\n') for line in open(source, encoding='utf-8')]
    glyphs = {}
    at = 0
    while at < len(lines):
        if not lines[at].startswith('U+'):
            if lines[at] and not lines[at].startswith('#'):
                sys.exit(f'{source}:{at + 1}: a line of code points was expected')
            at += 1
            continue
        units = [int(name[2:], 16) for name in lines[at].split()]
        rows = [line.split() for line in lines[at + 1:at + 1 + HEIGHT]]
        for row, cells in enumerate(rows):
            if len(cells) != len(units) or any(len(cell) != 8 or set(cell) - set('.#') for cell in cells):
                sys.exit(f'{source}:{at + 2 + row}: eight of "." and "#" for each glyph were expected')
        for i, unit in enumerate(units):
            glyphs[unit] = [int(cells[i].replace('.', '0').replace('#', '1'), 2) for cells in rows]
        at += 1 + HEIGHT
    with open(target, 'w', encoding='utf-8') as out:
        for unit in sorted(glyphs):
            out.write('    {0x%04X, {%s}},\n' % (unit, ', '.join('0x%02X' % row for row in glyphs[unit])))


main(sys.argv[1], sys.argv[2])
