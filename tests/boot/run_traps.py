#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports of traps in real systems: Linux of Debian on both boards, and Redox where its images are given.  Prints TAP.

usage: run_traps.py GALVANIC CACHE

GALVANIC_TEST_REDOX names a folder with redox-x86_64.img and redox-aarch64.img, and symbols/ARCH/ with their unstripped programs;
nobody ships such images, so without it those tests are skipped.
"""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from run_boot import Failed, Suite, Unavailable  # noqa: E402

# From panic() outwards, as the kernel's source has it; what stands between them is the compiler's affair.
PATHS = {
    'x86_64': ['panic', 'sysrq_handle_crash', '__handle_sysrq', 'write_sysrq_trigger', 'proc_reg_write', 'vfs_write', 'ksys_write',
               'do_syscall_64', 'entry_SYSCALL_64_after_hwframe'],
    'aarch64': ['panic', 'sysrq_handle_crash', '__handle_sysrq', 'write_sysrq_trigger', 'proc_reg_write', 'vfs_write', 'ksys_write',
                '__arm64_sys_write', 'invoke_syscall', 'do_el0_svc', 'el0_svc', 'el0t_64_sync_handler', 'el0t_64_sync'],
}
FORKS = 'i=0; while [ $i -lt 1000 ]; do (:) & i=$((i+1)); done; wait; echo all $i done\\r'


def linux(suite, arch):
    console = 'ttyS0' if arch == 'x86_64' else 'ttyAMA0'
    return ('--arch', arch, '--kernel', suite.maker.kernel(arch), '--initrd', suite.maker.initrd(arch), '--append',
            'console=' + console, '--memory', '512M', '--pace', 'off')


def reports(path):
    with open(path, encoding='utf-8') as file:
        return [json.loads(line) for line in file]


def expect(condition, text):
    if not condition:
        raise Failed(text)


def panic(suite, arch):
    """No symbol file, KASLR on: the panic and every function of the path; and the same of the recording."""
    path, recording = suite.path('traps.json'), suite.path('panic.gvr')
    text = suite.run(*linux(suite, arch), '--trap', 'kernel:' + path, '--record', recording, '--expect', '/ # ', '--send',
                     'echo c > /proc/sysrq-trigger\\r', '--until', 'end Kernel panic', status=2)
    told = reports(path)
    again = suite.path('again.json')
    done = subprocess.run([suite.galvanic, 'replay', recording, '--verify', '--trap', 'kernel:' + again], check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=240)
    os.remove(recording)
    expect(done.returncode == 0 and reports(again) == told, 'the replay tells another story: ' + done.stderr.decode()[-500:])
    expect(len(told) == 1, '%d reports' % len(told))
    report = told[0]
    expect(report['kind'] == 'kernel' and report['noticed'] == 'panic', report['headline'])
    expect(report['message'] == 'sysrq triggered crash', report['message'])
    expect(report['function'].startswith('sysrq_handle_crash+'), report['function'])
    expect(b'Kernel panic' not in text, 'the report came after the guest\'s own text')
    names = [frame.get('symbol', '?').split('.')[0] for frame in report['backtrace']]
    rest = list(names)
    for name in PATHS[arch]:
        expect(name in rest, '%s is missing or out of order in %s' % (name, names))
        rest = rest[rest.index(name) + 1:]
    return ' < '.join(names)


def forks(suite, arch):
    """Tens of thousands of faults that the kernel handles: nothing is told."""
    path = suite.path('traps.json')
    suite.run(*linux(suite, arch), '--trap', 'all:' + path, '--expect', '/ # ', '--send', FORKS, '--expect', 'all 1000 done',
              '--send', 'poweroff -f\\r')
    expect(not reports(path), 'a report of something that was handled')


def redox(suite, arch):
    """To the login and down again: nothing but acpid's own panic at the shutdown on x86_64."""
    folder = os.environ.get('GALVANIC_TEST_REDOX')
    if not folder:
        raise Unavailable('GALVANIC_TEST_REDOX is not set')
    path = suite.path('traps.json')
    suite.run(os.path.join(folder, 'redox-%s.img' % arch), '--snapshot', '--symbols', os.path.join(folder, 'symbols', arch),
              '--trap', 'all:' + path, '--expect', 'login:', '--send', 'root\\r', '--expect', '# ', '--send', 'shutdown\\r')
    told = reports(path)
    if arch == 'aarch64':
        expect(not told, 'a false report')
        return
    expect(len(told) == 1, '%d reports' % len(told))
    report = told[0]
    expect(report['kind'] == 'driver' and report['process']['name'].endswith('/acpid'), str(report.get('process')))
    expect(report['function'] == 'acpid::daemon' and 'acpid/src/main.rs:' in report['place'], str(report['place']))
    expect('System should have shut down' in report['message'], report['message'])
    expect(any(call.startswith('write(2') for call in report['system_calls']), str(report['system_calls']))


def damaged(suite, arch, commands, *options):
    """Redox, to which the debugger does something; the report of the driver that dies of it."""
    folder = os.environ['GALVANIC_TEST_REDOX']
    command = [suite.galvanic, 'debug', os.path.join(folder, 'redox-%s.img' % arch), '--snapshot', '--symbols',
               os.path.join(folder, 'symbols', arch), '--pace', 'off', '--max-time', '60s', *options]
    for each in commands:
        command += ['-e', each]
    text = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=240, check=False).stdout
    return text.decode('utf-8', 'replace').partition(' DRIVER CRASH: ')[2]


def demand(report, patterns):
    for wanted in patterns:
        expect(re.search(wanted, report, re.M), '%s is not in the report: %s' % (wanted, report[:2000]))
    return report.splitlines()[0]


def driver(suite, arch):
    """A driver is given a null pointer by the debugger: who, where in its source, and what it had asked of the kernel."""
    folder = os.environ.get('GALVANIC_TEST_REDOX')
    if not folder or not shutil.which('nm'):
        raise Unavailable('GALVANIC_TEST_REDOX is not set, or there is no nm')
    symbols = os.path.join(folder, 'symbols', arch)
    names = subprocess.run(['nm', '-C', os.path.join(symbols, 'randd')], capture_output=True, text=True, check=True).stdout
    address = re.search(r'^([0-9a-f]+) \S .*RandScheme>?::can_perform_op_on_fd', names, re.M).group(1)
    report = damaged(suite, arch, [
        'catch process head', 'continue', 'tbreak *0x%s in randd' % address, 'continue',
        'set $%s = 0x10' % {'x86_64': 'rdi', 'aarch64': 'x0'}[arch], 'continue'],
        '--expect', 'login:', '--send', 'root\\r', '--expect', '# ', '--send', 'head -c 8 /scheme/rand\\r')
    return demand(report, (r'^null-page (read|write) at 0x[0-9a-f]+, in randd$', r'^  where +.*randd/src/main\.rs:\d+',
                           r'^  who +process \d+ /scheme/initfs/bin/randd \(',
                           r'RandScheme as .*SchemeSync>::read  randd/src/main\.rs:\d+', r'^      (read|write|call)\w*\('))


def bad_initfs(suite, arch):
    """The debugger writes noise over the archive's header before its first program starts: the report names the archive."""
    if not os.environ.get('GALVANIC_TEST_REDOX'):
        raise Unavailable('GALVANIC_TEST_REDOX is not set')
    archive = '*(u64 *)BOOTSTRAP + 0xffff800000000000'
    noise = ['set *(u64 *)(%s + %d) = 0x0102030405060708' % (archive, at) for at in range(0, 64, 8)]
    report = damaged(suite, arch, ['break userspace_init', 'continue', *noise, 'continue'])
    return demand(report, (r'^bad initfs: at its start \(physical 0x[0-9a-f]+\) stands "\\x08\\x07.*" instead of "RedoxFtw": ',
                           r'^  who +process \d+ \[bootstrap\]'))


def main():
    suite = Suite(sys.argv[1], os.environ.get('GALVANIC_TEST_CACHE') or sys.argv[2])
    try:
        for arch in ('x86_64', 'aarch64'):
            suite.test('Linux on %s panics' % arch, panic, suite, arch)
            suite.test('Linux on %s forks 1000 times' % arch, forks, suite, arch)
            suite.test('Redox on %s boots and shuts down' % arch, redox, suite, arch)
            suite.test('a driver of Redox on %s dies' % arch, driver, suite, arch)
            suite.test('Redox on %s gets a bad initfs' % arch, bad_initfs, suite, arch)
    finally:
        suite.close()
    print('1..%d' % suite.number)
    return 0


if __name__ == '__main__':
    sys.exit(main())
