#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the test application under galvanic and passes its TAP on.

usage: run_app.py GALVANIC APPLICATION [OPTION]...
"""
import re
import subprocess
import sys

SECONDS = 120
ESCAPES = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]')


def main():
    galvanic, application, options = sys.argv[1], sys.argv[2], sys.argv[3:]
    command = [galvanic, 'run', '--efi-app', application, '--memory', '256M', '--max-instructions', '2000000000'] + options
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
    for line in ESCAPES.sub('', done.stdout.decode('utf-8', 'replace')).replace('\r', '\n').splitlines():
        if re.match(r'(ok|not ok|#|1\.\.|TAP)', line):
            print(line)
    if done.returncode:
        print('Bail out! galvanic ended with status %d: %s' % (done.returncode, done.stderr.decode('utf-8', 'replace')[-500:]))
    return 1 if done.returncode else 0


if __name__ == '__main__':
    sys.exit(main())
