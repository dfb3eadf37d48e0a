# SPDX-License-Identifier: GPL-2.0-or-later
"""Two Linux machines on one cable: echoes and TCP both ways, untagged and in a VLAN; and the replay of each."""
import hashlib
import os
import struct
import subprocess
import threading

from images import CONSOLE

SECONDS = 240
VLAN = 5
ADDRESSES = ('10.1.0.%d', '10.5.0.%d')  # untagged, in the VLAN
MESSAGE = '/bin/busybox'


def frames(data):
    """Of a file as pcap-savefile(5) has it."""
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack_from('<I', data, at + 8)[0]
        yield data[at + 16:at + 16 + length]
        at += 16 + length


def up(number):
    plain, tagged = (address % number for address in ADDRESSES)
    return ('ip link set eth0 up; ip addr add %s/24 dev eth0; vconfig add eth0 %d; ip addr add %s/24 dev eth0.%d; '
            'ip link set eth0.%d up; ' % (plain, VLAN, tagged, VLAN, VLAN))


def listen(port):
    return 'nc -l -p %d | sha256sum; ' % port


def call(address, port):
    return 'until nc %s %d <%s; do sleep 0.2; done; ' % (address, port, MESSAGE)


class Cable:
    def __init__(self, suite, failed):
        self.suite = suite
        self.failed = failed

    def start(self, arch, nic, seed, words, commands):
        maker = self.suite.maker
        recording = self.suite.path('cable-%d.gvr' % seed)
        process = subprocess.Popen(
            [self.suite.galvanic, 'run', '--kernel', maker.kernel(arch), '--initrd', maker.initrd(arch), '--append',
             'quiet console=' + CONSOLE[arch], '--memory', '256M', '--nic', nic, '--seed', str(seed), '--net', words, '--record',
             recording, '--expect', '/ # ', '--send', commands + 'echo DO""NE\\r', '--until', 'DONE'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return process, recording

    def finish(self, process):
        watchdog = threading.Timer(SECONDS, process.kill)
        watchdog.start()
        text = process.communicate()[0].decode('utf-8', 'replace')
        watchdog.cancel()
        if process.returncode != 0:
            raise self.failed('status %d\n%s' % (process.returncode, text[-700:]))
        return text

    def check(self, text, recording, digest):
        done = subprocess.run([self.suite.galvanic, 'replay', recording, '--verify'], stdin=subprocess.DEVNULL, check=False,
                              capture_output=True, timeout=SECONDS)
        os.remove(recording)
        if done.returncode != 0:
            raise self.failed('replay: status %d: %s' % (done.returncode, done.stderr.decode()[-300:]))
        for said in (text, done.stdout.decode('utf-8', 'replace')):
            if said.count(digest) != 1 or said.count('3 packets received') != 2:
                raise self.failed(said[-1000:])

    def joined(self, *nics):
        path, packets = self.suite.path('cable'), self.suite.path('packets')
        pings = ['; '.join('ping -c 3 ' + address % other for address in ADDRESSES) + '; ' for other in (2, 1)]
        wait = 'until ping -c 1 -W 1 %s >/dev/null; do :; done; '
        # Untagged from the second to the first, then tagged back.
        one = up(1) + listen(4000) + call(ADDRESSES[1] % 2, 4001) + pings[0]
        two = up(2) + wait % (ADDRESSES[0] % 1) + pings[1] + call(ADDRESSES[0] % 1, 4000) + listen(4001) + 'sleep 6; '
        ends = []
        try:
            ends.append(self.start('x86_64', nics[0], 1, 'socket:listen=%s,pcap=%s' % (path, packets), one))
            while not os.path.exists(path) and ends[0][0].poll() is None:
                pass
            ends.append(self.start('aarch64', nics[1], 2, 'socket:connect=' + path, two))
            texts = [self.finish(process) for process, _ in ends]
        finally:
            for process, _ in ends:
                process.kill()
                process.wait()
        with open(packets, 'rb') as file:
            tagged = sum(1 for frame in frames(file.read()) if frame[12:16] == struct.pack('>HH', 0x8100, VLAN))
        if tagged < 20:
            raise self.failed('%d frames had a tag' % tagged)
        for (_, recording), text, arch in zip(ends, texts, ('aarch64', 'x86_64')):
            self.check(text, recording, self.digest(arch))
        return '%d tagged frames' % tagged

    def digest(self, arch):
        """Of what the machine of that architecture sends."""
        with open(os.path.join(self.suite.maker.packages[arch].root, MESSAGE[1:]), 'rb') as file:
            return hashlib.sha256(file.read()).hexdigest()
