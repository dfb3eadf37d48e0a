#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiles ASL with iasl into a C array; anything that iasl complains of, remarks included, fails the build.

asl.py IASL INPUT.asl OUTPUT.h NAME [INCLUDE_FOLDER...]
"""
import os
import subprocess
import sys
import tempfile

iasl, source, output, name, *includes = sys.argv[1:]

with tempfile.TemporaryDirectory() as folder:
    prefix = os.path.join(folder, 'table')
    command = [iasl, '-vs', '-p', prefix]
    for include in includes:
        command += ['-I', os.path.abspath(include) + os.sep]
    result = subprocess.run(command + [os.path.abspath(source)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True)
    clean = '0 Errors, 0 Warnings, 0 Remarks' in result.stdout
    if result.returncode != 0 or not clean:
        sys.exit(f'{source}: iasl is not content with it\n{result.stdout}')
    with open(prefix + '.aml', 'rb') as table:
        data = table.read()

with open(output, 'w') as out:
    out.write(f'/* Made by asl.py from {os.path.basename(source)}; do not edit. */\n')
    out.write(f'static const unsigned char {name}[] = {{\n')
    for start in range(0, len(data), 16):
        out.write('    ' + ' '.join(f'0x{byte:02x},' for byte in data[start:start + 16]) + '\n')
    out.write('};\n')
