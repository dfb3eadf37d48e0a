#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a test application under galvanic and prints TAP.

usage: run_app.py services GALVANIC APPLICATION     its own TAP is passed on
       run_app.py wild GALVANIC APPLICATION         one line for each of several seeds
"""
import re
import subprocess
import sys

SECONDS = 120
SEEDS = 8
ESCAPES = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]')


def run(galvanic, application, *options):
    """Output as text, exit status, the end of stderr; status None: it took too long."""
    command = [galvanic, 'run', '--efi-app', application, '--memory', '256M', '--max-instructions', '2000000000']
    try:
        done = subprocess.run(command + list(options), stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS,
                              check=False)
    except subprocess.TimeoutExpired:
        return '', None, 'took more than %d seconds' % SECONDS
    text = ESCAPES.sub('', done.stdout.decode('utf-8', 'replace')).replace('\r', '\n')
    return text, done.returncode, done.stderr.decode('utf-8', 'replace')[-2000:]


def services(galvanic, application):
    text, status, error = run(galvanic, application)
    for line in text.splitlines():
        if re.match(r'(ok|not ok|#|1\.\.|TAP)', line):
            print(line)
    if status != 0:
        print('Bail out! galvanic ended with status %s: %s' % (status, ' '.join(error.split())))
    return status != 0


def wild(galvanic, application):
    """The guest may shut down or crash; the host may not."""
    print('1..%d' % SEEDS)
    for seed in range(SEEDS):
        _, status, error = run(galvanic, application, '--append', 'seed %d' % seed)
        good = status in (0, 2)
        print('%s %d - seed %d' % ('ok' if good else 'not ok', seed + 1, seed))
        if not good:
            print('# status %s' % status)
            for line in error.splitlines():
                print('# ' + line)
    return 0


if __name__ == '__main__':
    sys.exit({'services': services, 'wild': wild}[sys.argv[1]](*sys.argv[2:]))
