#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""GDB and LLDB of Debian against `--gdb`, on Linux: break, step, watch, registers, in a program and in the kernel.  Prints TAP.

usage: run_debuggers.py GALVANIC CACHE
"""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from images import Archive  # noqa: E402
from run_boot import Failed, Suite, Unavailable  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 240

# What follows the fifth column is where the kernel takes a system call, and where it keeps the tables and the last cause.
ENTRY = {'x86_64': '$lstar', 'aarch64': '$vbar_el1 + 0x400'}
SYSTEM = {'x86_64': ['cr3', 'efer', 'lstar'], 'aarch64': ['ttbr0_el1', 'esr_el1', 'vbar_el1']}
PC = {'x86_64': 'rip', 'aarch64': 'pc'}


def debuggee(suite, arch):
    """The program with its debug information, and an initrd that starts it."""
    source = os.path.join(HERE, 'debuggee.c')

    def build(path):
        if not shutil.which('clang') or not shutil.which('ld.lld'):
            raise Unavailable('no clang with lld')
        subprocess.run(['clang', '--target=%s-linux-gnu' % arch, '-g', '-O0', '-ffreestanding', '-fno-stack-protector',
                        '-fpie', '-nostdlib', '-static', '-fuse-ld=lld', '-Wl,--image-base=0x5500000000', '-o', path, source], check=True, capture_output=True)

    program = suite.maker.keep('debuggee-' + arch, [source], build)

    def pack(path):
        archive = Archive()
        archive.device('dev/console', 5, 1)
        with open(program, 'rb') as file:
            archive.file('init', file.read(), 0o755)
        with open(path, 'wb') as file:
            file.write(archive.finish())

    return program, suite.maker.keep('debuggee-%s.img' % arch, [program], pack)


class Guest:
    """A machine that waits for its debugger."""

    def __init__(self, suite, arch, initrd):
        console = 'ttyS0' if arch == 'x86_64' else 'ttyAMA0'
        self.run = subprocess.Popen(
            [suite.galvanic, 'run', '--kernel', suite.maker.kernel(arch), '--initrd', initrd, '--append', 'console=' + console,
             '--memory', '512M', '--gdb', '0', '--wait', '--serial', 'none'],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        line = self.run.stderr.readline()
        found = re.search(r'target remote (127\.0\.0\.1:(\d+))', line)
        if not found:
            self.run.kill()
            raise Failed('no address in: ' + line + self.run.stderr.read())
        self.address, self.port = found.groups()

    def finish(self):
        """The exit status after the debugger has killed the guest."""
        try:
            return self.run.wait(timeout=20)
        except subprocess.TimeoutExpired:
            raise Failed('the debugger went and the run goes on') from None
        finally:
            self.close()

    def close(self):
        if self.run.poll() is None:
            self.run.kill()
        self.run.wait()
        self.run.stderr.close()


def demand(text, *patterns):
    """Each pattern must follow the one before."""
    at = 0
    for pattern in patterns:
        found = re.compile(pattern, re.MULTILINE | re.DOTALL).search(text, at)
        if not found:
            raise Failed('no %r in:\n%s' % (pattern, text[at:][-3000:]))
        at = found.end()


def session(suite, arch, command, patterns):
    program, initrd = debuggee(suite, arch)
    guest = Guest(suite, arch, initrd)
    try:
        done = subprocess.run(command(program, guest), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False)
        demand(done.stdout, *patterns)
        status = guest.finish()
        if status != 0:
            raise Failed('status %d after the debugger had killed the guest' % status)
    finally:
        guest.close()


def gdb(suite, arch):
    program = shutil.which('gdb-multiarch') or (arch == os.uname().machine and shutil.which('gdb'))
    if not program:
        raise Unavailable('no gdb for ' + arch)

    def command(debuggee_path, guest):
        lines = ['set pagination off', 'set confirm off', 'set width 0', 'file ' + debuggee_path,
                 'target remote ' + guest.address, 'break work', 'continue', 'backtrace', 'continue', 'print round', 'next',
                 'next', 'print squared', 'delete', 'watch counter', 'continue', 'print counter', 'delete', 'break square', 'continue', 'finish',
                 'delete', 'stepi', 'info threads', 'hbreak *(%s)' % ENTRY[arch], 'continue', 'p $pc == %s' % ENTRY[arch]]
        lines += ['p/x $' + name for name in SYSTEM[arch]]
        lines += ['x/2i $pc', 'stepi', 'p $pc != %s' % ENTRY[arch], 'set var $%s = 0x1234' % ('r15' if arch == 'x86_64' else 'x15'),
                  'p/x $%s' % ('r15' if arch == 'x86_64' else 'x15'), 'monitor threads cpus', 'kill']
        return [program, '-nx', '-batch'] + [word for line in lines for word in ('-ex', line)]

    return session(suite, arch, command, [
        r'Breakpoint 1, work \(round=7\)', r'#0 +work \(round=7\).*?#1 .*?_start \(\)', r'\$1 = 8', r'\$2 = 64',
        r'[Ww]atchpoint 2: counter', r'Old value = 65\s+New value = 82', r'\$3 = 82', r'Breakpoint 3, square \(number=10\)',
        r'Value returned is \$4 = 100', r'CPU 0', r'\$5 = 1', r'\$6 = 0x[0-9a-f]+', r'\$7 = 0x[0-9a-f]+', r'\$8 = 0xffff[0-9a-f]+',
        r'=> 0xffff', r'\$9 = 1', r'\$10 = 0x1234', r'CPUs alone'])


def lldb(suite, arch):
    program = shutil.which('lldb') or shutil.which('lldb-14')
    if not program:
        raise Unavailable('no lldb')

    def command(debuggee_path, guest):
        lines = ['settings set auto-confirm true', 'target create ' + debuggee_path, 'gdb-remote ' + guest.port,
                 'breakpoint set --name work', 'continue', 'thread backtrace', 'continue', 'frame variable round', 'thread step-over',
                 'thread step-over', 'frame variable squared', 'breakpoint delete', 'watchpoint set variable counter', 'continue',
                 'expression --format d -- counter', 'watchpoint delete', 'breakpoint set --name square',
                 'continue', 'thread step-out', 'breakpoint delete', 'thread step-inst']
        lines += ['register read ' + name for name in SYSTEM[arch]]
        lines += ['breakpoint set --address `%s`' % ENTRY[arch], 'continue', 'register read ' + PC[arch],
                  'disassemble --pc --count 2', 'thread step-inst', 'process kill']
        return [program, '--no-lldbinit', '--batch'] + [word for line in lines for word in ('-o', line)]

    return session(suite, arch, command, [
        r'stop reason = breakpoint 1', r'frame #0: .*?work\(round=7\).*?frame #1: .*?_start', r'round = 8', r'squared = 64',
        r'stop reason = watchpoint', r'= 82', r'square\(number=10\)', r'Return value: .*?100', r'stop reason = instruction step',
        *[r'%s = 0x[0-9a-f]{8,16}' % name for name in SYSTEM[arch]], r'stop reason = breakpoint', r'%s = 0xffff' % PC[arch],
        r'-> +0xffff', r'stop reason = instruction step'])


def main():
    suite = Suite(sys.argv[1], sys.argv[2])
    print('1..4')
    for arch in ('x86_64', 'aarch64'):
        suite.test('gdb, ' + arch, gdb, suite, arch)
        suite.test('lldb, ' + arch, lldb, suite, arch)
    suite.close()


if __name__ == '__main__':
    main()
