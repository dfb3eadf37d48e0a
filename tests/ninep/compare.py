#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Our 9P server and diod answer the same requests: what the protocol fixes must not differ.  Prints TAP.

usage: compare.py NINEP_PIPE [--seeds N] [--messages FILE FOLDER] [--wrapper COMMAND...]

Sessions are generated from seeds; or the requests come from FILE, one behind the other as a client sent them, and the folder
begins as a copy of FOLDER.  Each server has a folder of its own.  Compared are types of replies, error numbers, types of
qids, which qids are the same file, attributes, data, and whole listings as sets.  Free are the numbers of qids, I/O units,
offsets and order in listings, times that the host sets, block sizes, and the figures of statfs.  Where the servers are meant
to differ, ALLOWED says why.
"""
import argparse
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

NO_FID = 0xFFFFFFFF
(RLERROR, STATFS, LOPEN, LCREATE, SYMLINK, MKNOD, RENAME, READLINK, GETATTR, SETATTR, XATTRWALK, XATTRCREATE, READDIR, FSYNC,
 LOCK, GETLOCK, LINK, MKDIR, RENAMEAT, UNLINKAT, VERSION, AUTH, ATTACH, FLUSH, WALK, READ, WRITE, CLUNK, REMOVE) = (
    7, 8, 12, 14, 16, 18, 20, 22, 24, 26, 30, 32, 40, 50, 52, 54, 70, 72, 74, 76, 100, 102, 104, 108, 110, 116, 118, 120, 122)
EPERM, ENOENT, EIO, EBADF, EBUSY, ENOTDIR, EINVAL, ELOOP, EOPNOTSUPP = 1, 2, 5, 9, 16, 20, 22, 40, 95


def text(value):
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack('<H', len(raw)) + raw


def message(kind, body, tag=1):
    return struct.pack('<IBH', 7 + len(body), kind, tag) + body


class Gone(Exception):
    """A server has ended before its time."""


class Server:
    """One of the two, on pipes."""

    def __init__(self, command, folder):
        self.folder = folder
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, request):
        self.process.stdin.write(request)
        self.process.stdin.flush()
        head = self.process.stdout.read(4)
        if len(head) < 4:
            raise Gone('%s has gone after %s' % (self.process.args[0], request[:40].hex()))
        size, = struct.unpack('<I', head)
        return head + self.process.stdout.read(size - 4)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Diod(Server):
    """Serves the export that a client names: the name is put into Tattach.  What it has no Tunlinkat and Trenameat for is
    done by older requests, as Linux does it."""

    TEMPORARY = 0x7FFFFFF0

    def __init__(self, folder):
        request, to_server = os.pipe()
        from_server, reply = os.pipe()
        self.folder = folder
        self.process = subprocess.Popen(['diod', '-f', '-n', '-N', '-r', str(request), '-w', str(reply), '-e', folder, '-c',
                                         '/dev/null', '-L', 'stderr'], pass_fds=(request, reply), stdin=subprocess.DEVNULL,
                                        cwd=os.path.dirname(folder))  # where its core goes when it crashes
        os.close(request)
        os.close(reply)
        self.process.stdin = os.fdopen(to_server, 'wb')
        self.process.stdout = os.fdopen(from_server, 'rb')

    def ask(self, request):
        if request[4] == ATTACH:
            fid, afid = struct.unpack_from('<II', request, 7)
            body = struct.pack('<II', fid, afid) + text('root') + text(self.folder) + struct.pack('<I', os.getuid())
            request = message(ATTACH, body, struct.unpack_from('<H', request, 5)[0])
        if request[4] in (UNLINKAT, RENAMEAT):
            return self.older(request)
        return super().ask(request)

    def older(self, request):
        tag, = struct.unpack_from('<H', request, 5)
        fid, length = struct.unpack_from('<IH', request, 7)
        rest = request[13 + length:]
        walked = super().ask(message(WALK, struct.pack('<IIH', fid, self.TEMPORARY, 1) + request[11:13 + length], tag))
        if walked[4] == RLERROR:
            return walked
        own = struct.pack('<I', self.TEMPORARY)
        if request[4] == UNLINKAT:
            done = super().ask(message(REMOVE, own, tag))
        else:
            done = super().ask(message(RENAME, own + rest, tag))
            super().ask(message(CLUNK, own, tag))
        return done if done[4] == RLERROR else message(request[4] + 1, b'', tag)


def listing(body):
    """The entries of an Rreaddir: name -> (type of the qid, type)."""
    entries, at = {}, 4
    while at < len(body):
        length, = struct.unpack_from('<H', body, at + 22)
        name = body[at + 24:at + 24 + length]
        entries[name] = (body[at], body[at + 21] if name not in (b'.', b'..') else None)
        at += 24 + length
    return entries


def qid(raw):
    kind, _, path = struct.unpack('<BIQ', raw)
    return Qid((kind, path))


class Qid(tuple):
    """Type and number; whether two numbers mean the same file is for Pair.same()."""


def meaning(request, reply):
    """What of a reply the protocol fixes."""
    kind, body = reply[4], reply[7:]
    if reply[5:7] != request[5:7]:
        return 'another tag'
    if kind == RLERROR:
        return ('error', struct.unpack('<I', body)[0])
    if kind != request[4] + 1:
        return ('type', kind)
    if request[4] == WALK:
        return [qid(body[at:at + 13]) for at in range(2, len(body), 13)]
    if request[4] in (ATTACH, SYMLINK, MKDIR, MKNOD, LOPEN, LCREATE):
        return [qid(body[:13])]
    if request[4] == GETATTR:
        _, raw, mode, uid, gid, links, rdev, size = struct.unpack_from('<Q13sIIIQQQ', body)
        return [qid(raw)], oct(mode), uid, gid, links, rdev, size if mode & 0o170000 != 0o040000 else None
    if request[4] == READDIR:
        offset, = struct.unpack_from('<Q', request, 11)
        return listing(body) if offset == 0 else None
    if request[4] == STATFS:
        return len(body)
    if request[4] == GETLOCK:
        return body[:1]
    return body


def is_error(what):
    return isinstance(what, tuple) and what[0] == 'error'


def allowed(request, ours, theirs):
    """Why the two may differ here; None: they may not."""
    kind = request[4]
    if theirs == ('error', EIO) and ours == ('error', EBADF):
        return 'a fid that there is not'
    if kind == READDIR and ours == ('error', ENOTDIR) and theirs == ('error', EINVAL):
        return 'two words for what is no folder'
    if kind == LOCK and ours == ('error', EBADF):
        return 'flock(2), which diod uses, locks for writing what cannot be opened for that, too'
    if kind == RENAME and ours == ('error', EBUSY) and theirs == ('error', EINVAL):
        return 'two words for the root'
    if kind == REMOVE and ours == ('error', EPERM):
        return 'diod removes the folder that it exports'
    if kind == SETATTR and ours == ('error', EOPNOTSUPP):
        return 'diod follows links'
    if kind == GETATTR and theirs == ('error', ENOENT) and isinstance(ours, tuple) and ours[4:5] == (0,):
        return 'diod does not know files without a name any more'
    if kind == RENAMEAT and is_error(ours) and is_error(theirs):
        return 'of two errors the other one'
    if is_error(theirs) and ours == ('error', ENOTDIR) or kind in (LCREATE, LOPEN) and ours == ('error', ELOOP):
        return 'diod follows links, also to where nothing is'
    if kind == MKNOD:
        return 'device nodes, pipes and sockets are refused here'
    if kind in (XATTRWALK, XATTRCREATE):
        return 'only attributes of users are shown here'
    return None


# --- generated sessions ---

class Session:
    """Requests with some sense in them: fids are mostly good, names are few, so that they meet each other."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.fids = {0: 'plain'}

    def name(self):
        return self.random.choice(['a', 'b', 'c', 'd', 'dir', 'dir2', 'link', b'caf\xe9', 'x' * 200])

    def fid(self, kind=None):
        good = [fid for fid, is_kind in self.fids.items() if kind in (None, is_kind)]
        return self.random.choice(good) if good and self.random.random() < 0.97 else 40 + self.random.randrange(3)

    def new_fid(self):
        free = [fid for fid in range(1, 30) if fid not in self.fids]
        return free[0] if free else 1

    def walk(self):
        names = []
        for _ in range(self.random.randrange(5)):
            depth = len(names) - 2 * names.count('..')  # diod's ".." leads out of what it exports
            names.append(self.random.choice([self.name(), self.name(), '..']) if depth else self.name())
        new = self.new_fid()
        return message(WALK, struct.pack('<IIH', self.fid('plain'), new, len(names)) + b''.join(map(text, names)))

    def request(self):
        choose, pack = self.random.choice, struct.pack
        kind = choose([WALK] * 6 + [LOPEN] * 2 + [LCREATE] * 4 + [READ, WRITE, WRITE, GETATTR, GETATTR, SETATTR, READDIR, MKDIR,
                      SYMLINK, READLINK, LINK, RENAME, RENAMEAT, REMOVE, CLUNK, CLUNK, REMOVE, STATFS, FSYNC,
                      LOCK, GETLOCK, FLUSH])
        if kind == WALK:
            return self.walk()
        if kind == LOPEN:
            return message(kind, pack('<II', self.fid('plain'), choose([0, 1, 2, 0o1001, 0o1002])))
        if kind == LCREATE:
            return message(kind, pack('<I', self.fid('plain')) + text(self.name()) +
                           pack('<III', choose([1, 2, 0o1002, 0o202]), choose([0o644, 0o600, 0o755]), os.getgid()))
        if kind == READ:
            return message(kind, pack('<IQI', self.fid('open'), choose([0, 5, 100000]), choose([0, 10, 8000])))
        if kind == WRITE:
            data = bytes(self.random.randrange(256) for _ in range(choose([0, 3, 500])))
            return message(kind, pack('<IQI', self.fid('open'), choose([0, 7, 99990]), len(data)) + data)
        if kind == GETATTR:
            return message(kind, pack('<IQ', self.fid(), 0x7FF))
        if kind == SETATTR:
            return message(kind, pack('<IIIIIQQQQQ', self.fid(), choose([1, 8, 0x20, 0x120, 0x1B9]), choose([0o640, 0o700]),
                                      0, 0, choose([0, 5, 70000]), 1, 2, 1000000, 5))
        if kind == READDIR:
            return message(kind, pack('<IQI', self.fid('open'), 0, 8000))
        if kind == MKDIR:
            return message(kind, pack('<I', self.fid()) + text(self.name()) + pack('<II', choose([0o755, 0o700]), os.getgid()))
        if kind == SYMLINK:
            return message(kind, pack('<I', self.fid()) + text(self.name()) + text(choose(['a', '/nowhere', '../..'])) +
                           pack('<I', os.getgid()))
        if kind == LINK:
            return message(kind, pack('<II', self.fid('plain'), self.fid('plain')) + text(self.name()))
        if kind == RENAME:
            return message(kind, pack('<II', self.fid('plain'), self.fid('plain')) + text(self.name()))
        if kind == RENAMEAT:
            return message(kind, pack('<I', self.fid('plain')) + text(self.name()) + pack('<I', self.fid('plain')) +
                           text(self.name()))
        if kind == UNLINKAT:
            return message(kind, pack('<I', self.fid('plain')) + text(self.name()) + pack('<I', choose([0, 0x200])))
        if kind in (CLUNK, REMOVE):
            fids = [fid for fid in self.fids if fid]
            return message(kind, pack('<I', choose(fids) if fids else 40))
        if kind == FSYNC:
            return message(kind, pack('<II', self.fid('open'), 0))
        if kind == LOCK:
            return message(kind, pack('<IBIQQI', self.fid('open'), choose([0, 1, 2]), 0, 0, 0, 1) + text('us'))
        if kind == GETLOCK:
            return message(kind, pack('<IBQQI', self.fid('open'), choose([0, 1]), 0, 0, 1) + text('us'))
        if kind == FLUSH:
            return message(kind, pack('<H', 9))
        return message(kind, pack('<I', self.fid()))

    def answered(self, request, reply):
        kind, good = request[4], reply[4] == request[4] + 1
        fid, = struct.unpack_from('<I', request, 7) if len(request) >= 11 else (None,)
        if kind == WALK and good:
            new, names = struct.unpack_from('<IH', request, 11)
            if struct.unpack_from('<H', reply, 7)[0] == names:
                self.fids[new] = 'plain'
        if kind in (LOPEN, LCREATE) and good:
            self.fids[fid] = 'open'
        if kind in (CLUNK, REMOVE):
            self.fids.pop(fid, None)


def greet():
    yield message(VERSION, struct.pack('<I', 65536) + text('9P2000.L'), 0xFFFF)
    yield message(ATTACH, struct.pack('<II', 0, NO_FID) + text('root') + text('') + struct.pack('<I', os.getuid()))


def describe(request):
    return '%d %s' % (request[4], request[7:80].hex())


class Pair:
    def __init__(self, program, template=None):
        # In memory numbers of files are not used again, so that they can be compared.
        memory = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
        self.folder = tempfile.mkdtemp(prefix='galvanic-diod-', dir=memory)
        self.servers = []
        for name in ('ours', 'diod'):
            path = os.path.join(self.folder, name)
            if template:
                shutil.copytree(template, path, symlinks=True)
            else:
                os.mkdir(path)
            self.servers.append(Server(program + [path], path) if name == 'ours' else Diod(path))
        self.files, self.theirs = {}, {}  # numbers of ours and diod's that mean the same file, both ways
        self.different = []
        self.asked = 0

    def ask(self, request):
        replies = [self.servers[0].ask(request)]
        try:
            replies.append(self.servers[1].ask(request))
        except (Gone, BrokenPipeError):
            return None  # diod crashes at times: the session ends there
        ours, theirs = [meaning(request, reply) for reply in replies]
        self.asked += 1
        if not self.same(ours, theirs) and allowed(request, ours, theirs) is None:
            self.different.append('%s: %s, diod %s' % (describe(request), ours, theirs))
        return replies

    def same(self, ours, theirs):
        """Equal, but for the numbers of files: those of one server stand for those of the other, one for one."""
        if isinstance(ours, Qid) and isinstance(theirs, Qid):
            known = self.files.setdefault(ours[1], theirs[1])
            return ours[0] == theirs[0] and known == theirs[1] and self.theirs.setdefault(theirs[1], ours[1]) == ours[1]
        if isinstance(ours, (list, tuple)) and isinstance(theirs, (list, tuple)):
            return len(ours) == len(theirs) and all(self.same(one, other) for one, other in zip(ours, theirs))
        return ours == theirs

    def close(self):
        for server in self.servers:
            try:
                server.close()
            except BrokenPipeError:
                pass
        shutil.rmtree(self.folder, ignore_errors=True)


def generated(program, seed, length=400):
    pair, session = Pair(program), Session(seed)
    try:
        for request in greet():
            pair.ask(request)
        for _ in range(length):
            request = session.request()
            replies = pair.ask(request)
            if not replies:
                break
            ours, theirs = replies
            if ours[4] != theirs[4] or pair.different:
                break  # from here on the two do not know the same fids
            session.answered(request, ours)
    finally:
        pair.close()
    return pair


def recorded(program, path, folder):
    pair = Pair(program, folder)
    try:
        with open(path, 'rb') as file:
            for head in iter(lambda: file.read(4), b''):
                if not pair.ask(head + file.read(struct.unpack('<I', head)[0] - 4)):
                    break
    finally:
        pair.close()
    return pair


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('program')
    parser.add_argument('--seeds', type=int, default=20)
    parser.add_argument('--messages', nargs=2)
    parser.add_argument('--wrapper', nargs=argparse.REMAINDER, default=[], help='what starts PROGRAM; the last option')
    arguments = parser.parse_args()
    os.environ['PATH'] += ':/usr/sbin'
    if not shutil.which('diod'):
        print('1..0 # SKIP diod is not installed')
        return 0
    cases = [('recorded messages', recorded, tuple(arguments.messages))] if arguments.messages else [
        ('session %d' % seed, generated, (seed,)) for seed in range(arguments.seeds)]
    print('1..%d' % (len(cases) + 1))
    asked = 0
    for number, (name, function, words) in enumerate(cases, 1):
        pair = function(arguments.wrapper + [arguments.program], *words)
        asked += pair.asked
        print('%sok %d - %s, %d requests' % ('not ' if pair.different else '', number, name, pair.asked))
        for line in pair.different[:10]:
            print('#   ' + line)
    print('%sok %d - %d requests were compared' % ('' if asked > 50 * len(cases) else 'not ', len(cases) + 1, asked))
    return 0


if __name__ == '__main__':
    sys.exit(main())
