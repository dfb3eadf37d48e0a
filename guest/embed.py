#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""embed.py OUTPUT.c NAME=FILE...: the files as byte arrays, `NAME` and `NAME_size`."""
import sys


def main():
    with open(sys.argv[1], 'w', encoding='ascii') as out:
        out.write('/* Made by embed.py. */\n#include "guest/builtin.h"\n')
        for word in sys.argv[2:]:
            name, path = word.split('=', 1)
            with open(path, 'rb') as file:
                data = file.read()
            out.write('\nconst unsigned char %s[] = {\n' % name)
            for start in range(0, len(data), 24):
                out.write('    ' + ','.join('%d' % byte for byte in data[start:start + 24]) + ',\n')
            out.write('};\nconst size_t %s_size = sizeof(%s);\n' % (name, name))


main()
