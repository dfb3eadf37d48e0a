#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots real systems, built from Debian packages, and prints TAP.

usage: run_boot.py GALVANIC CACHE GROUP...

A group is one of: images, builtin, linux, loaders, aarch64, clients, disk, replay, share, idle, net, debug, trace, inside, input.  See the functions of these names.

GALVANIC_TEST_DOWNLOAD=200 GALVANIC_TEST_NET=load run_boot.py GALVANIC CACHE net   moves 200 MB (16 without) down and up through
each card and tells the times; GALVANIC_TEST_NET=WORD leaves out the tests of the network whose names do not have the word.
"""
import fcntl
import hashlib
import json
import os
import pty
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import network  # noqa: E402
from images import CONSOLE, MAKERS, Maker, Unavailable  # noqa: E402
from inside import inside  # noqa: E402

READY = 'GUEST READY'
APPEND = 'console=ttyS0'
SECONDS = 240


class Failed(Exception):
    """A test did not see what it must see."""


class Suite:
    Failed = Failed

    def __init__(self, galvanic, cache):
        self.galvanic = os.path.abspath(galvanic)
        self.maker = Maker(cache)
        self.folder = tempfile.mkdtemp(prefix='galvanic-boot-')
        self.number = 0

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def test(self, name, function, *arguments):
        """One line of TAP."""
        self.number += 1
        try:
            note = function(*arguments)
        except Unavailable as reason:
            print('ok %d - %s # SKIP %s' % (self.number, name, str(reason).replace('#', ' ')))
        except Failed as problem:
            print('not ok %d - %s' % (self.number, name))
            for line in str(problem).splitlines():
                print('#   ' + line)
        except subprocess.TimeoutExpired as stopped:
            print('not ok %d - %s' % (self.number, name))
            print('#   took more than %d seconds' % stopped.timeout)
        else:
            print('ok %d - %s' % (self.number, name))
            if note:
                print('#   ' + note)
        sys.stdout.flush()

    def run(self, *options, status=0, seconds=SECONDS, stdin=subprocess.DEVNULL, command='run'):
        """Runs `galvanic COMMAND OPTION...`; its stdout; Failed where the exit status is another."""
        command = [self.galvanic, command] + [str(option) for option in options]
        try:
            done = subprocess.run(command, stdin=stdin, capture_output=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired as stopped:
            raise Failed('took more than %d seconds\n%s' % (seconds, tail(stopped.stdout or b''))) from None
        if done.returncode != status:
            raise Failed('ended with status %d instead of %d: %s\n%s' %
                         (done.returncode, status, tail(done.stderr, 2), tail(done.stdout)))
        return done.stdout

    def figures(self, *options, until=READY, **more):
        """The statistics of a run that ends at `until`."""
        stats = self.path('stats.json')
        if os.path.exists(stats):
            os.remove(stats)
        self.run(*options, '--until', until, '--stats', stats, **more)
        with open(stats, encoding='utf-8') as file:
            return json.load(file)

    def twice(self, *options, **more):
        """Two runs must end in the same state; the second in slices of another length."""
        first = self.figures(*options, **more)
        second = self.figures(*options, **more)
        same(first, second)
        return '%d instructions, %.1f s' % (first['instructions'], second['wall_ns'] / 1e9)


def tail(text, lines=6):
    return '\n'.join(text.decode('utf-8', 'replace').replace('\r', '').splitlines()[-lines:])


def same(first, second):
    for name in ('instructions', 'virtual_ns', 'state_hash', 'serial_hash'):
        if first[name] != second[name]:
            raise Failed('%s differs: %s and %s' % (name, first[name], second[name]))


def linux_options(suite, append=APPEND):
    return ('--kernel', suite.maker.kernel('x86_64'), '--initrd', suite.maker.initrd('x86_64'), '--append', append,
            '--memory', '512M')


# --- groups ---

def images(suite):
    """Fetches and makes everything first, so that the other groups can run side by side."""
    for name, make in sorted(MAKERS.items()):
        suite.test('made: ' + name, lambda make=make: make(suite.maker, 'x86_64') and None)
    for name in ('kernel', 'initrd', 'systemd-boot', 'grub', 'refind', 'tools'):
        suite.test('made for aarch64: ' + name, lambda name=name: MAKERS[name](suite.maker, 'aarch64') and None)


def linux(suite):
    """The kernel by --kernel: equal runs, slices that nobody sees, other memory sizes."""
    suite.test('Linux by --kernel, twice', lambda: suite.twice(*linux_options(suite)))

    def slices():
        whole = suite.figures(*linux_options(suite))
        for length in ('10007', '997'):
            same(whole, suite.figures(*linux_options(suite), '--slice', length))
    suite.test('slices of 10007 and 997 instructions end in the same state', slices)

    def shell():
        text = suite.run(*linux_options(suite), '--expect', '/ # ', '--send', 'echo $((6 * 7)) answers\\r', '--expect',
                         '42 answers', '--until', '/ # ').decode('utf-8', 'replace')
        if '42 answers' not in text:
            raise Failed(text[-300:])
    suite.test('a shell that is typed at', shell)

    def power_off():
        stats = suite.path('stats.json')
        suite.run(*linux_options(suite), '--expect', '/ # ', '--send', 'poweroff -f\\r', '--stats', stats)
        with open(stats, encoding='utf-8') as file:
            reason = json.load(file)['stop_reason']
        if reason != 'power-off':
            raise Failed('the run ended by %s' % reason)
    suite.test('poweroff -f powers off', power_off)

    def memory():
        text = suite.run(*linux_options(suite)[:-1], '6G', '--expect', '/ # ', '--send', 'free -m\\r', '--until',
                         r'Mem:\s+[56]\d\d\d').decode('utf-8', 'replace')
        return text[text.rfind('Mem:'):].strip()
    suite.test('six gigabytes of memory', memory)

    def resident():
        pid = os.posix_spawn(suite.galvanic, [suite.galvanic, 'run'] + list(linux_options(suite)) +
                             ["--until", READY], os.environ,
                             file_actions=[(os.POSIX_SPAWN_OPEN, 0, '/dev/null', os.O_RDONLY, 0),
                                           (os.POSIX_SPAWN_OPEN, 1, '/dev/null', os.O_WRONLY, 0)])
        _, status, usage = os.wait4(pid, 0)
        if status:
            raise Failed('ended with status %d' % status)
        unit = 1 if sys.platform == 'darwin' else 1024
        mebibytes = usage.ru_maxrss * unit >> 20
        if mebibytes > 512 + 350:
            raise Failed('%d MiB of host memory' % mebibytes)
        return '%d MiB of host memory' % mebibytes
    suite.test('host memory stays within the guest\'s and 350 MiB', resident)


def builtin(suite):
    """`galvanic run` alone: the built-in guest's page, its menu, its crashes."""
    def run(*options, status=0):
        text = suite.run('--max-time', '60s', *options, status=status, seconds=60).decode('utf-8', 'replace')
        return re.sub('\x1b\\[[0-9;?]*[A-Za-z]', '', text)

    def page():
        text = run('--until', 'power off')
        for word in ('Firmware', 'Processor', 'Memory', 'PCI', 'Screen', '2026-01-01'):
            if word not in text:
                raise Failed('no %s in\n%s' % (word, text))
    suite.test('the page and its menu', page)
    suite.test('its memory map', lambda: run('--expect', 'power off', '--send', '3', '--until', 'free') and None)
    suite.test('its PCI devices', lambda: run('--expect', 'power off', '--send', '4', '--until', 'AHCI controller  .*port') and None)
    suite.test('power off ends with status 0', lambda: run('--expect', 'power off', '--send', 'p') and None)
    for key, what in (('p', 'page fault'), ('d', 'division'), ('u', 'undefined instruction'), ('b', 'breakpoint')):
        suite.test('crash by %s is status 2' % what, lambda key=key: run(
            '--expect', 'power off', '--send', '1', '--expect', 'How', '--send', key, status=2) and None)

    def picture():
        shots = [suite.path('before.png'), suite.path('after.png')]
        run('--until', 'power off', '--screenshot', shots[0])
        run('--expect', 'power off', '--send', '2', '--max-time', '20s', '--screenshot', shots[1], status=3)
        sizes = [os.path.getsize(shot) for shot in shots]
        if sizes[0] < 5000 or sizes[1] < 4 * sizes[0]:
            raise Failed('screenshots of %d and %d bytes' % tuple(sizes))
    suite.test('it draws', picture)

    def equal():
        return suite.twice('--expect', 'power off', '--send', '4', until='SMBus  .*port')
    suite.test('two runs are equal', equal)


def loaders(suite):
    """Boot loaders that nobody here made, from a GPT disk."""
    for name, image in (('systemd-boot', Maker.systemd_boot), ('GRUB', Maker.grub), ('rEFInd', Maker.refind)):
        suite.test(name + ', twice', lambda image=image: suite.twice(image(suite.maker, 'x86_64'), '--snapshot'))
    suite.test('the kernel as --efi-app, twice', lambda: suite.twice(
        '--efi-app', suite.maker.kernel('x86_64'), '--initrd', suite.maker.initrd('x86_64'), '--append', APPEND))

    def seeds():
        one = suite.figures(suite.maker.systemd_boot('x86_64'), '--snapshot', '--seed', '1')
        two = suite.figures(suite.maker.systemd_boot('x86_64'), '--snapshot', '--seed', '2')
        if one['state_hash'] == two['state_hash']:
            raise Failed('seeds 1 and 2 end in the same state')
    suite.test('another seed is another run', seeds)

    def intact():
        image = suite.maker.systemd_boot('x86_64')
        before = digest(image)
        suite.figures(image, '--snapshot')
        if digest(image) != before or os.path.exists(image + '.vars'):
            raise Failed('--snapshot has changed the image or left variables behind')
    suite.test('--snapshot leaves the image alone', intact)

    suite.test('a variable that the guest sets is there in the next run', kept_variable, suite, 'x86_64')


def kept_variable(suite, arch):
    copy = suite.path('variables.img')
    shutil.copy(suite.maker.systemd_boot(arch), copy)
    name = '/sys/firmware/efi/efivars/Cell-12345678-1234-1234-1234-123456789abc'
    suite.run(copy, '--expect', '/ # ', '--send', 'mount -t efivarfs e /sys/firmware/efi/efivars; '
              'printf "\\\\007\\\\0\\\\0\\\\0copper" > ' + name + '; poweroff -f\\r')
    suite.run(copy, '--expect', '/ # ', '--send', 'mount -t efivarfs e /sys/firmware/efi/efivars; cat ' + name + '\\r',
              '--until', 'copper')
    os.remove(copy)


def aarch64(suite):
    """The virt board: no option names the architecture where the image does."""
    console = 'console=ttyAMA0'
    for name, image in (('systemd-boot', Maker.systemd_boot), ('GRUB', Maker.grub), ('rEFInd', Maker.refind)):
        suite.test(name + ', twice', lambda image=image: suite.twice(image(suite.maker, 'aarch64'), '--snapshot'))
    for option, value in (('--board', 'virt,gic=3'), ('--describe', 'fdt'), ('--describe', 'both'),
                          ('--cpu', 'cortex-a72')):
        suite.test('systemd-boot with %s %s, twice' % (option, value), lambda option=option, value=value: suite.twice(
            suite.maker.systemd_boot('aarch64'), '--snapshot', option, value))
    for way in ('--efi-app', '--kernel'):
        suite.test('the kernel by %s, twice' % way, lambda way=way: suite.twice(
            way, suite.maker.kernel('aarch64'), '--initrd', suite.maker.initrd('aarch64'), '--append', console))
    suite.test('a variable that the guest sets is there in the next run', kept_variable, suite, 'aarch64')
    suite.test('the built-in guest', lambda: suite.twice('--arch', 'aarch64', '--expect', 'power off', '--send', '4',
                                                         until='bridge'))
    suite.test('its crash is told', lambda: suite.run('--arch', 'aarch64', '--expect', 'power off', '--send', '1', '--expect',
                                                      'How', '--send', 'p', status=2) and None)


def digest(path, length=None):
    total = hashlib.sha256()
    with open(path, 'rb') as file:
        left = length if length is not None else os.path.getsize(path)
        while left > 0:
            piece = file.read(min(left, 1 << 20))
            if not piece:
                break
            total.update(piece)
            left -= len(piece)
    return total.hexdigest()


def clients(suite):
    """UEFI programs that nobody here made."""
    def hello():
        text = suite.run('--efi-app', suite.maker.efitools('x86_64')[0], '--max-time', '60s', '--until', 'Hello|hello',
                         '--autokey', 'off')
        return tail(text, 1)
    suite.test('efitools: HelloWorld', hello)
    # It looks for all the variables of secure boot, of which there are none, and returns.
    suite.test('efitools: ReadVars', lambda: tail(suite.run(
        '--efi-app', suite.maker.efitools('x86_64')[1], '--max-time', '60s'), 1))
    suite.test('iPXE up to its prompt', lambda: tail(suite.run(
        suite.maker.ipxe('x86_64'), '--snapshot', '--until', 'iPXE.*Open Source Network Boot Firmware', '--max-time', '60s'), 1))

    def memtest():
        shot = suite.path('memtest.png')
        suite.run(suite.maker.memtest('x86_64'), '--snapshot', '--memory', '256M', '--max-time', '60s', '--screenshot', shot,
                  '--serial', 'none', status=3, seconds=400)
        size = os.path.getsize(shot)
        if size < 2000:
            raise Failed('a screenshot of %d bytes shows nothing' % size)
        return 'a screenshot of %d bytes' % size
    suite.test('memtest86+ works on 256 MiB', memtest)


def disk(suite):
    """256 MiB written to a disk and read back; the host's file has them after power-off."""
    def check(bus, name):
        image = suite.path('blank.img')
        with open(image, 'wb') as file:
            file.truncate(300 << 20)
        text = suite.run(*linux_options(suite, APPEND + ' script=disk disk=' + name)[:-1], '1G', '--disk',
                         image + ',bus=' + bus, seconds=400)
        text = text.decode('utf-8', 'replace')
        wrote, read = re.search(r'wrote ([0-9a-f]{64})', text), re.search(r'read ([0-9a-f]{64})', text)
        if not wrote or not read:
            raise Failed('no checksums\n' + text[-500:])
        if wrote.group(1) != read.group(1):
            raise Failed('wrote %s, read %s' % (wrote.group(1), read.group(1)))
        if digest(image, 256 << 20) != wrote.group(1):
            raise Failed('the host\'s file has %s, the guest wrote %s' % (digest(image, 256 << 20), wrote.group(1)))
        os.remove(image)
    for bus, name in (('ahci', 'sda'), ('virtio', 'vda')):
        suite.test('256 MiB written and read back through %s, and in the host\'s file' % bus, check, bus, name)

    def drivers():
        image = suite.path('small.img')
        with open(image, 'wb') as file:
            file.truncate(16 << 20)
        text = suite.run(*linux_options(suite, APPEND + ' quiet'), '--disk', image + ',bus=virtio', '--expect', '/ # ',
                         '--send', 'cd /sys/bus/virtio/devices; for d in *; do echo F$(cat $d/device) $(readlink $d/driver); '
                         'done; dd if=/dev/hwrng bs=16 count=1 of=/dev/null 2>&1; dmesg -r | grep "^<[0-4]>" | sed "s/^/W/"; '
                         'echo DO""NE\\r', '--until', 'DONE').decode('utf-8', 'replace')
        for device, driver in (('0x0002', 'virtio_blk'), ('0x0003', 'virtio_console'), ('0x0004', 'virtio_rng')):
            if not re.search(r'F%s .*/%s\b' % (device, driver), text):
                raise Failed('%s has no device %s\n%s' % (driver, device, text[-500:]))
        if '1+0 records out' not in text:
            raise Failed('no random bytes\n' + text[-500:])
        warnings = re.findall(r'^W<.*', text, re.MULTILINE)
        if warnings:
            raise Failed('the kernel warns\n' + '\n'.join(warnings))
    suite.test('virtio devices have their drivers, and none of them complains', drivers)


def typed(suite, *options, keys=(), pause=0.02):
    """Runs with somebody who types into a pipe after the prompt; the output."""
    process = subprocess.Popen([suite.galvanic, 'run'] + list(options), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    text = b''
    os.set_blocking(process.stdout.fileno(), False)
    deadline = time.monotonic() + SECONDS
    pending = list(keys)
    while time.monotonic() < deadline:
        piece = process.stdout.read()
        if piece:
            text += piece
        if pending and text.endswith(b'/ # ') or (pending and b'/ # \x1b[6n' in text[-16:]):
            for key in pending.pop(0):
                process.stdin.write(bytes([key]))
                process.stdin.flush()
                time.sleep(pause)
        if process.poll() is not None:
            break
        time.sleep(0.01)
    else:
        process.kill()
        raise Failed('took more than %d seconds\n%s' % (SECONDS, tail(text)))
    text += process.stdout.read() or b''
    return text, process.returncode


def replay(suite):
    """What was typed is in the recording; a replay is the same run, and one that is tampered with is not."""
    recording = suite.path('run.gvr')

    def record():
        text, status = typed(suite, *linux_options(suite), '--record', recording,
                             keys=(b'echo typed by hand\r', b'poweroff -f\r'))
        if status != 0 or b'typed by hand' not in text:
            raise Failed('status %d\n%s' % (status, tail(text)))
        return 'a recording of %d bytes' % os.path.getsize(recording)
    suite.test('a run that is typed at is recorded', record)

    def replayed():
        done = subprocess.run([suite.galvanic, 'replay', recording, '--verify'], stdin=subprocess.DEVNULL, check=False,
                              capture_output=True, timeout=SECONDS)
        if done.returncode != 0:
            raise Failed('replay --verify: status %d: %s' % (done.returncode, tail(done.stderr, 2)))
        return done

    def verify():
        done = replayed()
        if b'typed by hand' not in done.stdout:
            raise Failed('the replay does not show what was typed\n' + tail(done.stdout))
    suite.test('its replay is verified', verify)

    def broken():
        with open(recording, 'rb') as file:
            data = file.read()
        path = suite.path('short.gvr')
        with open(path, 'wb') as file:
            file.write(data[:len(data) // 2])
        done = subprocess.run([suite.galvanic, 'replay', path], stdin=subprocess.DEVNULL, check=False,
                              capture_output=True, timeout=SECONDS)
        if done.returncode not in (1, 5) or not done.stderr:
            raise Failed('half a recording: status %d: %s' % (done.returncode, tail(done.stderr, 2)))
    suite.test('half a recording is refused', broken)

    def rests():
        """The built-in guest waits in the firmware, which a script's waits and a debugger that looks in must not end."""
        script = suite.path('waits')
        with open(script, 'w', encoding='ascii') as file:
            file.write('wait 700ms\nwait 300ms\n')
        run = subprocess.Popen([suite.galvanic, 'run', '--record', recording, '--script', script, '--max-time', '2s', '--pace', 'on',
                                '--serial', 'none', '--gdb', '0'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
        port = int(re.search(r'127\.0\.0\.1:(\d+)', run.stderr.readline()).group(1))
        with socket.create_connection(('127.0.0.1', port), timeout=SECONDS):
            time.sleep(0.5)  # of the two seconds that the run takes; when it is does not matter
        status = run.wait(timeout=SECONDS)
        run.stderr.close()
        if status != 3:
            raise Failed('the run: status %d instead of 3' % status)
        replayed()
    suite.test('neither a script nor a debugger ends the rests of a recorded run', rests)


PROJECT = {
    'Makefile': 'all: program\nprogram: main.o answer.o\n\t$(CC) -o $@ main.o answer.o\n'
                '%.o: %.c answer.h\n\t$(CC) -c -o $@ $<\n',
    'answer.h': 'int answer(void);\n',
    'answer.c': '#include "answer.h"\nint answer(void)\n{\n    return 42;\n}\n',
    'main.c': '#include <stdio.h>\n#include "answer.h"\nint main(void)\n{\n    printf("the answer is %d\\n", answer());\n'
              '    return 0;\n}\n',
}


def make_work(folder):
    """A folder to share, with a git repository of a small project."""
    os.makedirs(os.path.join(folder, 'bytes'))
    with open(os.path.join(folder, 'greeting'), 'w', encoding='ascii') as file:
        file.write('hello from the host\n')
    with open(os.fsencode(os.path.join(folder, 'bytes')) + b'/caf\xe9', 'wb'):
        pass
    source = folder + '.source'
    os.makedirs(source)
    for name, text in PROJECT.items():
        with open(os.path.join(source, name), 'w', encoding='ascii') as file:
            file.write(text)
    person = ['-c', 'user.name=Nobody', '-c', 'user.email=nobody@example.org', '-c', 'init.defaultBranch=main']
    for words in (['init', '-q'], ['add', '.'], ['commit', '-q', '-m', 'A program']):
        subprocess.run(['git'] + person + words, cwd=source, check=True)
    subprocess.run(['git', 'clone', '-q', '--bare', source, os.path.join(folder, 'project.git')], check=True)
    shutil.rmtree(source)


def share(suite):
    """A folder of the host's in Linux: data, names, git and make in it; and all of that replayed without the folder."""
    def options(arch, folder):
        return ('--arch', arch, '--kernel', suite.maker.kernel(arch), '--initrd', suite.maker.initrd(arch), '--append',
                'quiet script=share console=' + CONSOLE[arch], '--memory', '512M', '--share', 'work=' + folder,
                '--share', 'tools=%s,readonly' % suite.maker.tools(arch))

    def use(arch):
        folder, recording = suite.path('work-' + arch), suite.path('share-%s.gvr' % arch)
        make_work(folder)
        started = time.monotonic()
        with open(os.path.join(folder, 'held'), 'w', encoding='ascii') as held:
            fcntl.lockf(held, fcntl.LOCK_EX)
            text = suite.run(*options(arch, folder), '--record', recording).decode('latin-1').replace('\r', '')
        seconds = time.monotonic() - started
        bad = [line for line in text.splitlines() if line.startswith('not ok')]
        good = text.count('\nok ')
        if bad or good < 16 or 'SHARE DONE' not in text:
            raise Failed('\n'.join(bad) or tail(text.encode('latin-1'), 20))
        head = [subprocess.run(['git', '-c', 'safe.directory=*', 'rev-parse', 'HEAD'], cwd=os.path.join(folder, name),
                               capture_output=True, text=True, check=True).stdout for name in ('clone', 'project.git')]
        if head[0] != head[1]:
            raise Failed('the clone is not what was cloned')
        return '%d checks, %.1f s' % (good, seconds)

    def again(arch):
        shutil.rmtree(suite.path('work-' + arch))
        done = subprocess.run([suite.galvanic, 'replay', suite.path('share-%s.gvr' % arch), '--verify'], check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
        if done.returncode != 0 or b'SHARE DONE' not in done.stdout:
            raise Failed('status %d: %s\n%s' % (done.returncode, tail(done.stderr, 2), tail(done.stdout)))

    for arch in ('x86_64', 'aarch64'):
        suite.test('%s: Linux uses a shared folder, clones and makes in it' % arch, use, arch)
        suite.test('%s: a replay needs no folder' % arch, again, arch)

    def wrong(option, *words):
        done = subprocess.run([suite.galvanic, 'run', '--share', option], stdin=subprocess.DEVNULL, capture_output=True,
                              check=False, timeout=60)
        message = done.stderr.decode('utf-8', 'replace').strip()
        if done.returncode != 1 or '\n' in message or not all(word in message for word in words):
            raise Failed('status %d: %s' % (done.returncode, message))
    suite.test('a folder that is not there is named', wrong, 'a=' + suite.path('nowhere'), '--share', suite.path('nowhere'))
    suite.test('a share without a tag is refused', wrong, '=/tmp', '--share', 'TAG=FOLDER')


def idle(suite):
    """At a prompt with a terminal the host rests, and sleep takes its time; without one it takes none."""
    def at_terminal():
        master, slave = pty.openpty()
        process = subprocess.Popen([suite.galvanic, 'run'] + list(linux_options(suite)), stdin=slave, stdout=slave,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(slave)
        text = b''

        def read_until(pattern, seconds):
            nonlocal text
            end = time.monotonic() + seconds
            os.set_blocking(master, False)
            while not re.search(pattern, text):
                if time.monotonic() > end:
                    raise Failed('no %s within %d seconds\n%s' % (pattern, seconds, tail(text)))
                try:
                    text += os.read(master, 65536)
                except BlockingIOError:
                    time.sleep(0.005)

        try:
            read_until(b'/ # ', SECONDS)
            time.sleep(1)
            before = processor_seconds(process.pid)
            time.sleep(5)
            used = processor_seconds(process.pid) - before
            text = b''
            started = time.monotonic()
            os.write(master, b'sleep 5; echo wo""ke\r')
            read_until(b'woke', 60)
            slept = time.monotonic() - started
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            os.close(master)
        if used > 0.03 * 5:
            raise Failed('used %.1f %% of a core' % (100 * used / 5))
        if not 4.8 <= slept <= 5.6:
            raise Failed('sleep 5 took %.2f s' % slept)
        return 'used %.2f %% of a core; sleep 5 took %.2f s' % (100 * used / 5, slept)
    suite.test('an idle shell at a terminal costs under 3 %, and sleep 5 takes five seconds', at_terminal)

    def without():
        first = suite.figures(*linux_options(suite))
        second = suite.figures(*linux_options(suite), '--expect', '/ # ', '--send', 'sleep 100; echo wo""ke\\r',
                               until='woke')
        virtual = (second['virtual_ns'] - first['virtual_ns']) / 1e9
        wall = (second['wall_ns'] - first['wall_ns']) / 1e9
        if virtual < 100 or wall > 10:
            raise Failed('%.1f s of virtual time took %.1f s' % (virtual, wall))
        return '%.1f s of virtual time took %.1f s' % (virtual, wall)
    suite.test('without a source of input sleep takes no time', without)


def processor_seconds(pid):
    """User and system time of a process and all its threads."""
    if os.path.exists('/proc/%d/stat' % pid):
        with open('/proc/%d/stat' % pid, encoding='ascii', errors='replace') as file:
            fields = file.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
    text = subprocess.run(['ps', '-o', 'time=', '-p', str(pid)], capture_output=True, text=True, check=True).stdout.strip()
    seconds = 0.0
    for part in text.split(':'):
        seconds = seconds * 60 + float(part)
    return seconds


def net(suite):
    """Network cards, and what is behind them; see network.py."""
    network.run(suite, Failed)


DEBUG_SCRIPT = """
break do_sys_openat2
continue
echo == at the breakpoint
info breakpoints
backtrace
finish
stepi 3
delete 1
catch interrupt
continue
delete
run-to $count + 1003
info time
tbreak vfs_write
continue
echo == in vfs_write
backtrace
watch *(u64 *)($sp - 16)
continue
delete
continue
"""


def debug(suite):
    """The debugger on Debian's kernels, without a file of symbols; the run is the same as without it."""
    def session(options):
        plain = suite.figures(*options)
        script = suite.path('commands')
        stats = suite.path('debug.json')
        with open(script, 'w', encoding='utf-8') as file:
            file.write(DEBUG_SCRIPT)
        text = suite.run(*options, '--until', READY, '--stats', stats, '-x', script, command='debug')
        text = text.decode('utf-8', 'replace')
        for pattern in (r'not known yet', r'breakpoint 1\n#0 .* do_sys_openat2\+0x0', r'== at the breakpoint\n1 +breakpoint.*1 times',
                        r'#1 .*sys_openat', r'it returned 0x', r'== in vfs_write\n#0 .* vfs_write', r'#1 .*ksys_write',
                        r'watchpoint 4: write of 0x\w+, 8 bytes\nold value', r'catch 2: interrupt', r'the run ended'):
            if not re.search(pattern, text):
                raise Failed('%s is not said:\n%s' % (pattern, text[text.find('not known yet'):][-3000:]))
        with open(stats, encoding='utf-8') as file:
            same(plain, json.load(file))
    suite.test('a session on x86_64', lambda: session(linux_options(suite)))
    suite.test('a session on aarch64', lambda: session(
        ('--kernel', suite.maker.kernel('aarch64'), '--initrd', suite.maker.initrd('aarch64'), '--append',
         'console=ttyAMA0', '--memory', '512M')))

    def recorded():
        recording = suite.path('debug.gvr')
        suite.run(*linux_options(suite), '--record', recording, '--expect', '/ # ', '--send', 'echo $((6 * 7)) answers\\r',
                  '--until', '42 answers')
        text = suite.run(recording, '-e', 'break ksys_write', '-e', 'continue', '-e', 'delete', '-e', 'run-to $count + 100000', '-e',
                         'continue', command='debug').decode('utf-8', 'replace')
        if '42 answers' not in text or 'breakpoint 1' not in text:
            raise Failed(text[-1000:])
    suite.test('a recording is debugged', recorded)

    def failing():
        text = suite.run('-e', 'nonsense', '-e', 'echo not reached', command='debug', status=1)
        if b'not reached' in text or b'no command' not in text:
            raise Failed(text[-300:])
        suite.run('-x', suite.path('no such file'), command='debug', status=1)
    suite.test('a script ends at the first failure', failing)

    def monitor():
        path = suite.path('monitor')
        with subprocess.Popen([suite.galvanic, 'run', *linux_options(suite), '--monitor', 'unix:' + path],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                answers = talk(path, 'info time', 'stepi', 'stop', 'stepi', 'info cpus', 'continue', 'quit')
            finally:
                status = wait_or_kill(process)
        for answer, pattern in zip(answers, ('instructions', 'is running', 'stopped at', '#0', r'\* 0: ')):
            if not re.search(pattern, answer):
                raise Failed('%s is not in: %s' % (pattern, answer))
        if status:
            raise Failed('ended with status %d' % status)
    suite.test('the monitor', monitor)


def wait_or_kill(process):
    try:
        return process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        return -1


def talk(path, *lines):
    """Says each line to the monitor at `path`; its answers.  What lets the guest run has none."""
    prompt = '(galvanic) '
    deadline = time.monotonic() + 60
    while not os.path.exists(path) and time.monotonic() < deadline:
        time.sleep(0.05)
    answers = []
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(path)

        def answer():
            text = ''
            while not text.endswith(prompt):
                data = client.recv(4096)
                if not data:
                    break
                text += data.decode('utf-8', 'replace')
            return text
        answer()
        for line in lines:
            client.sendall(line.encode() + b'\n')
            if line in ('continue', 'quit'):
                time.sleep(0.2)
            else:
                answers.append(answer())
    return answers


def trace(suite):
    """Two runs give identical trace files."""
    def check():
        files = []
        for turn in range(2):
            path = suite.path('trace%d.txt' % turn)
            suite.run(suite.maker.systemd_boot('x86_64'), '--snapshot', '--max-instructions', '300000000', '--trace',
                      'firmware,device,block,interrupt,exception:' + path, status=3)
            files.append(path)
        if digest(files[0]) != digest(files[1]):
            raise Failed('the files differ')
        with open(files[0], encoding='utf-8', errors='replace') as file:
            lines = sum(1 for _ in file)
        if lines < 100:
            raise Failed('only %d events' % lines)
        return '%d events' % lines
    suite.test('two runs give the same trace', check)


def bad_images(suite):
    """(name, path, pattern of the message) of images that cannot be booted."""
    good = suite.maker.systemd_boot('x86_64')

    def made(name, data):
        path = suite.path(name)
        with open(path, 'wb') as file:
            file.write(data)
        return path

    with open(good, 'rb') as file:
        start = file.read(4 << 20)
    noise = b''.join(hashlib.sha256(b'%d' % i).digest() for i in range(32768))
    headers = bytearray(start)
    headers[512:1024] = bytes(512)
    yield 'missing', suite.path('nowhere.img'), 'nowhere.img'
    yield 'empty', made('empty.img', b''), 'empty.img'
    yield 'a directory', suite.folder, os.path.basename(suite.folder)
    yield 'random bytes', made('noise.img', noise), 'noise.img'
    yield 'truncated', made('short.img', start[:3 << 19]), 'short.img'
    yield 'both GPT headers broken', made('headers.img', bytes(headers)), 'headers.img'
    with open(good, 'rb') as file:
        overlap = bytearray(file.read())
    entry = bytearray(overlap[1024:1152])
    entry[16] ^= 1
    overlap[1152:1280] = entry
    repair(overlap)
    yield 'overlapping partitions', made('overlap.img', overlap), 'overlap.img'


def repair(image):
    """Checksums of the first GPT header and its entries."""
    import zlib
    entries = zlib.crc32(bytes(image[1024:1024 + 128 * 128]))
    image[512 + 88:512 + 92] = entries.to_bytes(4, 'little')
    image[512 + 16:512 + 20] = bytes(4)
    image[512 + 16:512 + 20] = zlib.crc32(bytes(image[512:512 + 92])).to_bytes(4, 'little')


def refused(suite, *options, pattern=None, seconds=60):
    """Status 1 and one line on stderr that names what is wrong."""
    done = subprocess.run([suite.galvanic, 'run'] + [str(option) for option in options], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=seconds, check=False)
    lines = done.stderr.decode('utf-8', 'replace').strip().splitlines()
    if done.returncode != 1:
        raise Failed('status %d instead of 1: %s' % (done.returncode, tail(done.stderr, 3)))
    errors = [line for line in lines if 'warning' not in line]
    if len(errors) != 1:
        raise Failed('%d lines instead of one:\n%s' % (len(errors), '\n'.join(lines)))
    if pattern and pattern not in errors[0]:
        raise Failed('the line does not name %s: %s' % (pattern, errors[0]))
    return errors[0]


def input(suite):  # pylint: disable=redefined-builtin
    """Bad input: status 1, one clear line, no crash."""
    try:
        cases = list(bad_images(suite))
    except Unavailable as reason:
        suite.test('bad images # SKIP %s' % reason, lambda: None)
        cases = []
    for name, path, pattern in cases:
        suite.test('image: ' + name, lambda path=path, pattern=pattern: refused(suite, path, '--snapshot', pattern=pattern))
    for words in (['--no-such-option'], ['--memory', '1K'], ['--memory', '100000G'], ['--memory', '12Q'],
                  ['--cpu', 'z80'], ['--arch', 'pdp11'], ['--cpus', '0'], ['--disk', 'x.img,bus=mfm'],
                  ['--until', '('], ['--max-time', '5 parsecs'], ['--kernel', '/nowhere/vmlinuz'],
                  ['--efi-app', '/nowhere/app.efi'], ['--rtc', 'yesterday'], ['--seed', 'x'], ['a.img', 'b.img'],
                  ['--serial', 'pigeon'], ['--display', 'hologram'], ['--trace', 'everything'], ['--pace', 'andante']):
        suite.test('run ' + ' '.join(words), lambda words=words: refused(
            suite, *words, pattern=words[-1].split('=')[-1].split(' ')[0]))

    def pe(change):
        data = bytearray(open(suite.maker.kernel('x86_64'), 'rb').read())
        head = int.from_bytes(data[0x3c:0x40], 'little')
        change(data, head)
        path = suite.path('bad.efi')
        with open(path, 'wb') as file:
            file.write(data)
        return refused(suite, '--efi-app', path, pattern='bad.efi')

    def other_machine(data, head):
        data[head + 4:head + 6] = (0x1c0).to_bytes(2, 'little')

    def section_outside(data, head):
        sections = head + 24 + int.from_bytes(data[head + 20:head + 22], 'little')
        data[sections + 20:sections + 24] = (0x7fffff00).to_bytes(4, 'little')

    suite.test('a PE for another machine', lambda: pe(other_machine))
    suite.test('a PE with a section outside the file', lambda: pe(section_outside))
    suite.test('a truncated kernel', lambda: truncated_kernel(suite))
    suite.test('one broken GPT header: the other serves', lambda: one_header(suite))
    suite.test('a looping FAT does not hang', lambda: looping_fat(suite))


def truncated_kernel(suite):
    with open(suite.maker.kernel('x86_64'), 'rb') as file:
        data = file.read(700)
    path = suite.path('short-vmlinuz')
    with open(path, 'wb') as file:
        file.write(data)
    return refused(suite, '--kernel', path, pattern='short-vmlinuz')


def one_header(suite):
    copy = suite.path('one.img')
    shutil.copy(suite.maker.systemd_boot('x86_64'), copy)
    with open(copy, 'r+b') as file:
        file.seek(512)
        file.write(bytes(512))
    done = subprocess.run([suite.galvanic, 'run', copy, '--snapshot', '--until', READY], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=SECONDS, check=False)
    os.remove(copy)
    if done.returncode != 0:
        raise Failed('status %d: %s' % (done.returncode, tail(done.stderr, 2)))
    if b'GPT' not in done.stderr:
        raise Failed('no warning: ' + tail(done.stderr, 3))


def looping_fat(suite):
    """Every cluster of the FAT points back at the first of its file: reading the loader comes to an end all the same."""
    copy = suite.path('loop.img')
    shutil.copy(suite.maker.systemd_boot('x86_64'), copy)
    with open(copy, 'r+b') as file:
        file.seek(1 << 20)
        head = file.read(512)
        reserved = int.from_bytes(head[14:16], 'little')
        sectors = int.from_bytes(head[36:40], 'little')
        for table in range(head[16]):
            file.seek((1 << 20) + (reserved + table * sectors) * 512)
            entries = bytearray(file.read(sectors * 512))
            for cluster in range(3, len(entries) // 4):
                if int.from_bytes(entries[4 * cluster:4 * cluster + 4], 'little') & 0x0fffffff:
                    entries[4 * cluster:4 * cluster + 4] = (3).to_bytes(4, 'little')
            file.seek((1 << 20) + (reserved + table * sectors) * 512)
            file.write(entries)
    try:
        done = subprocess.run([suite.galvanic, 'run', copy, '--snapshot', '--max-time', '30s', '--until', READY],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        raise Failed('hangs') from None
    finally:
        os.remove(copy)
    if done.returncode not in (1, 2, 3) or not done.stderr:
        raise Failed('status %d: %s' % (done.returncode, tail(done.stderr, 2)))


GROUPS = {'images': images, 'builtin': builtin, 'linux': linux, 'loaders': loaders, 'aarch64': aarch64, 'clients': clients, 'disk': disk, 'replay': replay, 'share': share, 'idle': idle, 'net': net, 'debug': debug,
          'trace': trace, 'inside': inside, 'input': input}


def main():
    # A guest must not be able to fill the host's memory or disk through a defect of ours.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    suite = Suite(sys.argv[1], os.environ.get('GALVANIC_TEST_CACHE') or sys.argv[2])
    try:
        for group in sys.argv[3:]:
            GROUPS[group](suite)
    finally:
        suite.close()
    print('1..%d' % suite.number)
    return 0


if __name__ == '__main__':
    sys.exit(main())
