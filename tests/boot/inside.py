# SPDX-License-Identifier: GPL-2.0-or-later
"""What is seen of the inside of a Linux guest, without a symbol file: its system calls, and the boot as a timeline."""
import collections
import json
import re
import subprocess

from images import CONSOLE

ARCHES = ('x86_64', 'aarch64')


def options(suite, arch):
    return ('--kernel', suite.maker.kernel(arch), '--initrd', suite.maker.initrd(arch), '--append',
            'console=' + CONSOLE[arch], '--memory', '512M')


def traced(suite, arch, name):
    """The trace of programs/calls.c, and what the program said of itself: parent, child, status, thread."""
    path = suite.path(name)
    text = suite.run(*options(suite, arch), '--expect', '/ # ', '--send', 'calls\\r', '--until', r'calls: parent.* thread \d+\s',
                     '--trace', 'syscall:' + path).decode('utf-8', 'replace')
    found = re.search(r'calls: parent (\d+) child (\d+) status (\d+) thread (\d+)', text)
    if not found:
        raise suite.Failed('the program did not end\n' + text[-300:])
    with open(path, encoding='utf-8') as file:
        return file.read(), [int(number) for number in found.groups()]


def system_calls(suite, arch):
    text, (parent, child, status, thread) = traced(suite, arch, 'calls-%s.txt' % arch)
    if status != 3:
        raise suite.Failed('the child ended with %d' % status)
    events = [line.split(' ', 4) for line in text.splitlines()]
    stamps = [int(event[0]) for event in events]
    if stamps != sorted(stamps):
        raise suite.Failed('the events are not in the order in which they happened')
    address = '0x[0-9a-f]+'
    ours = r'calls\[%d\] ' % parent
    forked = r'calls\[%d\] ' % child
    expected = [
        ours + r'getpid\(\) = %d <' % parent,
        ours + r'openat\(AT_FDCWD, "/nowhere/to be found", O_RDWR\|O_CREAT\|O_CLOEXEC, 0640\) = -1 ENOENT <',
        ours + r'pipe2\(%s, 0x0\) = 0 <' % address,
        ours + r'clone\(.*\) = %d <' % child,
        forked + r'read\(3, %s, 16\) <unfinished \.\.\.>' % address,
        ours + r'write\(4, %s, 5\) = 5 <' % address,
        ours + r'wait4\(%d, %s, 0x0, 0x0\) <unfinished \.\.\.>' % (child, address),
        forked + r'read\(3, %s, 16\) = 5 <resumed, ' % address,
        forked + r'exit_group\(3\) <unfinished \.\.\.>',
        ours + r'wait4\(%d, %s, 0x0, 0x0\) = %d <resumed, ' % (child, address, child),
        r'calls\[%d:%d\] gettid\(\) = %d <' % (parent, thread, thread),
        ours + r'lseek\(-1, -1, SEEK_END\) = -1 EBADF <',
        ours + r'write\(1, %s, \d+\)' % address,
    ]
    at = 0
    for pattern in expected:
        found = re.compile('^.* syscall ' + pattern + '.*$', re.MULTILINE).search(text, at)
        if not found:
            raise suite.Failed('%s is missing after\n%s' % (pattern, text[max(0, at - 400):at]))
        at = found.start()
    # All that the program itself does between its first and its last call is in the list, but for what its C library does.
    unknown = [event[4] for event in events if event[4].startswith('syscall_')]
    if unknown:
        raise suite.Failed('without a name: %s' % unknown[:3])
    return '%d calls' % sum(1 for event in events if '<unfinished' not in event[4])


def equal(suite, arch):
    if traced(suite, arch, 'first.txt') != traced(suite, arch, 'second.txt'):
        raise suite.Failed('the files differ')


def tracks_of(events):
    tracks = collections.defaultdict(list)
    for event in events:
        if event['ph'] == 'X':
            start = round(event['ts'] * 1000)
            tracks[event['pid'], event['tid']].append((start, start + round(event['dur'] * 1000), event['name']))
    return tracks


def check_nesting(suite, tracks):
    """Of two slices on one track, one holds the other or they do not touch."""
    for track, slices in tracks.items():
        open_ends = []
        for start, end, name in sorted(slices, key=lambda each: (each[0], -each[1])):
            while open_ends and open_ends[-1] <= start:
                open_ends.pop()
            if open_ends and end > open_ends[-1]:
                raise suite.Failed('%s at %d of track %s ends after the slice that it began in' % (name, start, track))
            open_ends.append(end)


def timeline(suite, arch):
    contents = []
    for turn in range(2):
        path = suite.path('boot%d.json' % turn)
        command = [suite.galvanic, 'trace', *options(suite, arch), '-o', path, '--until', '/ # ']
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=240, check=False)
        if done.returncode:
            raise suite.Failed('status %d: %s' % (done.returncode, done.stderr[-300:]))
        with open(path, 'rb') as file:
            contents.append(file.read())
    if contents[0] != contents[1]:
        raise suite.Failed('two runs give different files')
    events = json.loads(contents[0])['traceEvents']
    tracks = tracks_of(events)
    check_nesting(suite, tracks)
    names = {event['args']['name'] for event in events if event['name'] == 'process_name'}
    for name in ('machine', 'sh', 'insmod'):
        if name not in names:
            raise suite.Failed('no process %s in %s' % (name, sorted(names)))
    phases = [name for track, slices in tracks.items() for _, _, name in slices if track == (5000000, 1)]
    if 'user space' not in phases:
        raise suite.Failed('the phases are %s' % phases)
    return '%d slices on %d tracks' % (sum(len(slices) for slices in tracks.values()), len(tracks))


def refused(suite):
    done = subprocess.run([suite.galvanic, 'trace', '--max-time', '1s'], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, check=False)
    if done.returncode != 1 or b'-o' not in done.stderr or done.stderr.count(b'\n') != 1:
        raise suite.Failed('status %d: %s' % (done.returncode, done.stderr))


def inside(suite):
    """System calls and timelines of Linux, both boards, with KASLR."""
    for arch in ARCHES:
        suite.test('%s: the system calls of a known program' % arch, system_calls, suite, arch)
    suite.test('two runs give the same trace of system calls', equal, suite, 'x86_64')
    for arch in ARCHES:
        suite.test('%s: the boot as a timeline' % arch, timeline, suite, arch)
    suite.test('a timeline must go somewhere', refused, suite)
