#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the CPU guests on galvanic and, where it is installed, on QEMU; prints TAP.

usage: run_guests.py ARCH GALVANIC DIRECTORY-OF-GUESTS DIRECTORY-OF-EXPECTED-TEXTS [NAME]...

What a guest must print stands in NAME.txt and follows from the processor's manual.  Where QEMU 7.2 is known to differ
from the manual, NAME.qemu.txt has what it prints instead.
"""
import os
import shutil
import subprocess
import sys

# What is not said here: the default CPU, ends by itself, on both.
SETTINGS = {
    'x86_64': {
        'fast_call': {'cpu': 'core2duo'},
        # QEMU's clocks must not show how busy the host is.
        'clock': {'icount': True},
        'repeat': {'icount': True},
        'timer': {'icount': True},
        # What follows cannot end well; a host that stays alive is the point, so QEMU is not asked.
        'triple_fault': {'qemu': False, 'status': (2,)},
        'wild_table': {'qemu': False, 'status': (2, 3), 'limit': '50000000'},
        'endless_fault': {'qemu': False, 'status': (2, 3), 'limit': '50000000'},
        'null_task': {'qemu': False, 'status': (0, 1, 2), 'limit': '50000000', 'text': False},
        'x2apic': {'qemu': False},  # QEMU 7.2 has no x2APIC without an accelerator
    },
    'aarch64': {
        'atomic': {'cpu': 'max'},
        'timer': {'icount': True},
    },
}
QEMU = {
    'x86_64': ['qemu-system-x86_64', '-M', 'q35', '-accel', 'tcg', '-m', '128M', '-display', 'none', '-no-reboot',
               '-device', 'isa-debug-exit', '-serial', 'stdio', '-monitor', 'none', '-nic', 'none'],
    'aarch64': ['qemu-system-aarch64', '-M', 'virt', '-accel', 'tcg', '-m', '128M', '-display', 'none', '-no-reboot',
                '-serial', 'stdio', '-monitor', 'none', '-nic', 'none'],
}
DEFAULT_CPU = {'x86_64': 'qemu64', 'aarch64': 'cortex-a72'}
SUFFIX = {'x86_64': '.elf', 'aarch64': '.img'}
SECONDS = 60


def run(command):
    """Output, exit status (negative for a signal, None for too long) and the last line of stderr."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as stopped:
        return (stopped.stdout or b'').decode('utf-8', 'replace'), None, 'took more than %d seconds' % SECONDS
    error = done.stderr.decode('utf-8', 'replace').strip().splitlines()
    return done.stdout.decode('utf-8', 'replace').replace('\r', ''), done.returncode, error[-1] if error else ''


def differences(wanted, got):
    """The lines that differ, as TAP comments."""
    wanted, got = wanted.splitlines(), got.splitlines()
    shown = []
    for number in range(max(len(wanted), len(got))):
        want = wanted[number] if number < len(wanted) else '(nothing)'
        have = got[number] if number < len(got) else '(nothing)'
        if want != have:
            shown.append('#   line %d: expected %s' % (number + 1, want))
            shown.append('#   line %d: got      %s' % (number + 1, have))
        if len(shown) >= 20:
            shown.append('#   ...')
            break
    return shown


def expected(directory, name, machine):
    for candidate in (['%s.%s.txt' % (name, machine)] if machine != 'galvanic' else []) + [name + '.txt']:
        path = os.path.join(directory, candidate)
        if os.path.exists(path):
            with open(path, encoding='utf-8') as file:
                return file.read()
    return None


def check(name, machine, command, directory, statuses, compare=True):
    text, status, error = run(command)
    problems = []
    wanted = expected(directory, name, machine) if compare else text
    if wanted is None:
        problems.append('#   %s.txt is missing; the guest said:' % name)
        problems += ['#   ' + line for line in text.splitlines()]
    elif text != wanted:
        problems += differences(wanted, text)
    if status is None or status < 0 or (statuses and status not in statuses):
        problems.append('#   ended with status %s: %s' % (status, error))
    return problems


def main():
    arch, galvanic, guests, directory = sys.argv[1:5]
    names = sys.argv[5:] or sorted(f[:-4] for f in os.listdir(guests) if f.endswith(SUFFIX[arch]))
    qemu = QEMU[arch] if shutil.which(QEMU[arch][0]) else None
    results = []
    for name in names:
        settings = SETTINGS[arch].get(name, {})
        guest = os.path.join(guests, name + SUFFIX[arch])
        cpu = settings.get('cpu', DEFAULT_CPU[arch])
        command = [galvanic, 'run', '--arch', arch, '--cpu', cpu, '--memory', '128M', '--kernel', guest,
                   '--max-instructions', settings.get('limit', '2000000000'), '--pace', 'off']
        results.append((name + ' on galvanic', check(name, 'galvanic', command, directory, settings.get('status'),
                                                    settings.get('text', True))))
        if not settings.get('qemu', True):
            continue
        if not qemu:
            results.append((name + ' on QEMU # SKIP qemu is not installed', []))
            continue
        command = qemu + ['-cpu', cpu, '-kernel', guest]
        if settings.get('icount'):
            command += ['-icount', 'shift=0,sleep=off']
        results.append((name + ' on QEMU', check(name, 'qemu', command, directory, None)))
    print('1..%d' % len(results))
    for number, (title, problems) in enumerate(results, 1):
        print('%s %d - %s' % ('not ok' if problems else 'ok', number, title))
        for line in problems:
            print(line)
    return 0


if __name__ == '__main__':
    sys.exit(main())
