# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux behind a network card: lease, echo, download, upload, names; and the same again without any network.

GALVANIC_TEST_DOWNLOAD=200 makes the files of the downloads and uploads 200 MB long instead of 16, and tells their times;
GALVANIC_TEST_NET=WORD runs only the tests whose names have that word.
"""
import contextlib
import hashlib
import http.server
import os
import socket
import subprocess
import threading
import time
import urllib.parse

from cable import Cable, frames
from images import CONSOLE
from packages import mirror

UP = 'ip link set lo up; ip link set eth0 up; udhcpc -i eth0 -n -q -s /scripts/lease; '
MEGABYTES = int(os.environ.get('GALVANIC_TEST_DOWNLOAD', '16'))
ONLY = os.environ.get('GALVANIC_TEST_NET', '')
SECONDS = 240 + 4 * MEGABYTES
ARCHES = ('x86_64', 'aarch64')
WITHOUT = 'without the address of a name: the host resolves none'


def make_data(megabytes):
    piece = b''.join(hashlib.sha256(b'%d' % i).digest() for i in range(31250))
    return b''.join(piece[i:] + piece[:i] for i in range(megabytes))


class Server:
    """HTTP on the loopback, with some files by their paths, or one as /data; `asked` counts the requests."""

    def __init__(self, data, address='127.0.0.1'):
        owner = self
        files = data if isinstance(data, dict) else {'/data': data}
        self.asked = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                owner.asked += 1
                if self.path not in files:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header('Content-Length', str(len(files[self.path])))
                self.end_headers()
                self.wfile.write(files[self.path])

            def log_message(self, *arguments):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ':' in address else socket.AF_INET

        self.server = Listener((address, 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.server.shutdown()
        self.server.server_close()


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(type=kind) as holder:
        holder.bind(('127.0.0.1', 0))
        return holder.getsockname()[1]


def resolvable():
    name = urllib.parse.urlparse(mirror()).hostname
    try:
        socket.getaddrinfo(name, None, socket.AF_INET)
    except OSError:
        return None
    return name


class Network:
    def __init__(self, suite, failed):
        self.suite = suite
        self.failed = failed
        self.data = make_data(MEGABYTES)
        self.digest = hashlib.sha256(self.data).hexdigest()

    def options(self, arch, nic):
        maker = self.suite.maker
        return ['--kernel', maker.kernel(arch), '--initrd', maker.initrd(arch), '--append', 'quiet console=' + CONSOLE[arch],
                '--memory', '512M', '--nic', nic]

    def said(self, *options):
        """What a guest says in a run that ends at DONE."""
        return self.suite.run(*options, '--until', 'DONE', seconds=SECONDS).decode('utf-8', 'replace')

    def replayed(self, recording):
        done = subprocess.run([self.suite.galvanic, 'replay', recording, '--verify'], stdin=subprocess.DEVNULL, check=False,
                              capture_output=True, timeout=SECONDS)
        os.remove(recording)
        if done.returncode != 0:
            raise self.failed('replay: status %d: %s' % (done.returncode, done.stderr.decode()[-300:]))
        return done.stdout.decode('utf-8', 'replace')

    def expect(self, text, *parts):
        for part in parts:
            if part not in text:
                raise self.failed('"%s" is not said\n%s' % (part, text[-700:]))

    @contextlib.contextmanager
    def guest(self, *options, until=b'LEASE'):
        """A guest that goes on while the host talks to it: the process and what it has said when it says `until`."""
        process = subprocess.Popen([self.suite.galvanic, 'run', *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        watchdog = threading.Timer(SECONDS, process.kill)
        watchdog.start()
        try:
            text = b''
            while until not in text:
                piece = process.stdout.read1(4096)
                if not piece:
                    raise self.failed('%s is not said\n%s' % (until, text.decode('utf-8', 'replace')[-500:]))
                text += piece
            yield process
        finally:
            watchdog.cancel()
            process.kill()
            process.wait()

    def local(self, arch, nic):
        """What the network answers by itself is the same in every run."""
        return self.suite.twice(*self.options(arch, nic), '--expect', '/ # ', '--send', UP + 'ping -c 3 10.0.2.2\\r',
                                until='LEASE 10.0.2.15 255.255.255.0 10.0.2.2 10.0.2.3[^$]*3 packets received')

    def quiet(self, arch, nic, greeting):
        """A card that nobody uses costs no journal and no equality; the driver has nothing to complain of."""
        text = self.said(*self.options(arch, nic), '--expect', '/ # ', '--send',
                         'dmesg -r | grep -E "^<[0-4]>|eth0" | sed "s/^/W/"; echo DO""NE\\r')
        warnings = [line for line in text.splitlines() if line.startswith(('W<0', 'W<1', 'W<2', 'W<3', 'W<4'))]
        if warnings or greeting not in text:
            raise self.failed('\n'.join(warnings) or text[-500:])

    def download(self, arch, nic):
        """A file from a server on the host's loopback, and a name; replayed when server and resolver cannot answer."""
        recording = self.suite.path('net.gvr')
        name = resolvable()
        with Server(self.data) as server:
            command = UP + 'time wget -q -O - http://10.0.2.2:%d/data | sha256sum; ' % server.port
            if name:
                command += 'nslookup %s; ' % name
            started = time.monotonic()
            text = self.said(*self.options(arch, nic), '--record', recording, '--expect', '/ # ', '--send',
                             command + 'echo DO""NE\\r')
            seconds = time.monotonic() - started
        self.expect(text, self.digest, 'Name:\t' + name if name else '')
        self.expect(self.replayed(recording), self.digest)
        return '%d MB, %.1f s with the boot%s' % (MEGABYTES, seconds, '; and the address of ' + name if name else '; ' + WITHOUT)

    def upload(self, arch, nic, *more):
        """The host connects to the guest."""
        port = free_port()
        with self.guest(*self.options(arch, nic), '--net', ','.join(('user', 'hostfwd=tcp:%d:4000' % port) + more), '--expect',
                        '/ # ', '--send', UP + 'nc -l -p 4000 | sha256sum; echo DO""NE\\r', '--until', 'DONE') as process:
            started = time.monotonic()
            # libslirp takes the connection before the guest listens: it is told when there is nobody.
            for _ in range(50):
                with socket.create_connection(('127.0.0.1', port), timeout=SECONDS) as stream:
                    try:
                        stream.sendall(self.data)
                        stream.shutdown(socket.SHUT_WR)
                        stream.recv(1)
                    except OSError:
                        pass
                if process.poll() is not None:
                    break
                try:
                    process.wait(1)
                    break
                except subprocess.TimeoutExpired:
                    continue
            seconds = time.monotonic() - started
            self.expect(process.stdout.read().decode('utf-8', 'replace'), self.digest)
        return '%d MB, %.1f s' % (MEGABYTES, seconds)

    def ipv6(self, arch, nic):
        """An address by what the router says, its echoes, and its later advertisements: equal in every run."""
        packets = self.suite.path('packets')
        note = self.suite.twice(*self.options(arch, nic), '--net', 'user,ipv6=on,pcap=' + packets, '--expect', '/ # ', '--send',
                                'ip link set eth0 up; sleep 4; ip -6 addr show dev eth0; ip -6 route; ping6 -c 3 fec0::2; '
                                'sleep 1500; echo DO""NE\\r',
                                until=r'inet6 fec0::5054:[^$]*default via fe80::2 [^$]*3 packets received[^$]*DONE')
        with open(packets, 'rb') as file:
            advertisements = sum(1 for frame in frames(file.read()) if frame[12:14] == b'\x86\xdd' and frame[54] == 134)
        if not 3 <= advertisements <= 10:
            raise self.failed('%d router advertisements in 1500 seconds' % advertisements)
        return '%s, %d router advertisements' % (note, advertisements)

    def ipv6_download(self, arch, nic):
        recording = self.suite.path('net.gvr')
        with Server(self.data, '::1') as server:
            command = 'ip link set eth0 up; sleep 4; wget -q -O - http://[fec0::2]:%d/data | sha256sum; ' % server.port
            text = self.said(*self.options(arch, nic), '--net', 'user,ipv6=on', '--record', recording, '--expect', '/ # ',
                             '--send', command + 'echo DO""NE\\r')
        self.expect(text, self.digest)
        self.expect(self.replayed(recording), self.digest)

    def restricted(self, arch, nic):
        """Nothing gets out of the guest, by TCP over both versions of IP or UDP or to a resolver; a lease it gets all the same."""
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(Server(b'a page', address)) for address in ('127.0.0.1', '::1')]
            datagrams = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            datagrams.bind(('127.0.0.1', 0))
            datagrams.setblocking(False)
            command = UP + 'sleep 4; ping6 -c 1 fec0::2; udp ask 10.0.2.2 %d hello 2; nslookup localhost.example; ' % (
                datagrams.getsockname()[1])
            for host, server in zip(('10.0.2.2', '[fec0::2]'), servers):
                command += 'timeout 5 wget -O /dev/null http://%s:%d/data; ' % (host, server.port)
            for words, expected in (('user,ipv6=on', [1, 1, 5]), ('user,ipv6=on,restrict=on', [0, 0, 0])):
                text = self.said(*self.options(arch, nic), '--net', words, '--expect', '/ # ', '--send', command + 'echo DO""NE\\r')
                self.expect(text, 'LEASE 10.0.2.15', '1 packets received', 'udp: no answer')
                got = [server.asked for server in servers] + [0]
                try:
                    got[2] = len(datagrams.recv(10))
                except BlockingIOError:
                    pass
                if got != expected:
                    raise self.failed('%s: %s instead of %s\n%s' % (words, got, expected, text[-500:]))
                for server in servers:
                    server.asked = 0

    def datagrams(self, arch, nic):
        """The host asks a UDP server of the guest, several times, with pauses; idle is at wall speed between them."""
        port = free_port(socket.SOCK_DGRAM)
        with self.guest(*self.options(arch, nic), '--net', 'user,hostfwd=udp:%d:4000' % port, '--expect', '/ # ', '--send',
                        UP + 'udp serve 4000\\r', until=b'serving') as process, socket.socket(type=socket.SOCK_DGRAM) as client:
            client.settimeout(20)
            client.connect(('127.0.0.1', port))
            for text in (b'one', b'two' * 400, b'three'):
                client.send(text)
                if client.recv(2048) != text:
                    raise self.failed('another answer')
                time.sleep(1)
            if process.poll() is not None:
                raise self.failed('the guest has ended with %s' % process.poll())

    def awaited(self, arch, nic):
        """An answer that takes three seconds is waited for; a flow that nothing comes from does not hold idle time for long."""
        with socket.socket(type=socket.SOCK_DGRAM) as server:
            server.bind(('127.0.0.1', 0))
            ask = 'udp ask 10.0.2.2 %d hello ' % server.getsockname()[1]

            def answer():
                for wait in (3, 0):
                    text, client = server.recvfrom(100)
                    time.sleep(wait)
                    server.sendto(text.upper(), client)
            threading.Thread(target=answer, daemon=True).start()
            started = time.monotonic()
            text = self.said(*self.options(arch, nic), '--expect', '/ # ', '--send', UP + ask + '8; ' + ask + '8; ' + ask +
                             '8; sleep 230; echo DO""NE\\r')
            seconds = time.monotonic() - started
        if text.count('answer HELLO') != 2 or text.count('udp: no answer') != 1:
            raise self.failed(text[-500:])
        if seconds > 40:
            raise self.failed('230 seconds without a word took %.0f' % seconds)
        return '%.1f s' % seconds

    def loaded(self, nic):
        """iPXE, which has drivers of its own, fetches Linux from a server on the host and starts it."""
        maker = self.suite.maker
        files = {'/kernel': maker.kernel('x86_64'), '/initrd': maker.initrd('x86_64')}
        for name, path in files.items():
            with open(path, 'rb') as file:
                files[name] = file.read()
        with Server(files) as server:
            place = 'http://10.0.2.2:%d' % server.port
            self.suite.run(maker.ipxe('x86_64'), '--snapshot', '--nic', nic, '--memory', '512M', '--expect', 'Press Ctrl-B', '--send',
                           '\\x02', '--expect', 'iPXE> ', '--send', 'dhcp && kernel %s/kernel initrd=initrd console=ttyS0 && '
                           'initrd %s/initrd && boot\\r' % (place, place), '--until', 'GUEST READY')
        if server.asked != 2:
            raise self.failed('%d files were asked for' % server.asked)

    def taken(self):
        """A port that somebody has: one line, status 1."""
        with socket.socket() as holder:
            holder.bind(('127.0.0.1', 0))
            holder.listen()
            port = str(holder.getsockname()[1])
            done = subprocess.run([self.suite.galvanic, 'run', '--net', 'user,hostfwd=tcp:%s:22' % port],
                                  stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
        lines = done.stderr.decode('utf-8', 'replace').strip().splitlines()
        if done.returncode != 1 or len(lines) != 1 or port not in lines[0]:
            raise self.failed('status %d: %s' % (done.returncode, '\n'.join(lines)))
        return lines[0]


def run(suite, failed):
    network = Network(suite, failed)
    cable = Cable(suite, failed)

    def test(name, function, *arguments):
        if ONLY in name:
            suite.test(name, function, *arguments)
    for arch in ARCHES:
        for nic in ('virtio', 'e1000'):
            place = '%s, %s: ' % (arch, nic)
            test(place + 'a lease and echoes, twice', network.local, arch, nic)
            test(place + 'a download and a name, and their replay', network.download, arch, nic)
            test(place + 'an upload through hostfwd', network.upload, arch, nic)
        test('%s: Linux has no complaint of e1000' % arch, network.quiet, arch, 'e1000', 'Intel(R) PRO/1000 Network Connection')
    for arch, nic in zip(ARCHES, ('e1000', 'virtio')):
        place = '%s, %s: ' % (arch, nic)
        test(place + 'IPv6 by itself, twice', network.ipv6, arch, nic)
        test(place + 'a download over IPv6, and its replay', network.ipv6_download, arch, nic)
        test(place + 'hostfwd=udp', network.datagrams, arch, nic)
        test('%s, rtl8139: a download and a name, and their replay' % arch, network.download, arch, 'rtl8139')
        test('%s: Linux has no complaint of rtl8139' % arch, network.quiet, arch, 'rtl8139', 'RTL-8139C+ at')
    # What does not depend on the processor: on the board that boots faster.
    place = 'aarch64, rtl8139: '
    test(place + 'a lease and echoes, twice', network.local, 'aarch64', 'rtl8139')
    test(place + 'an upload through hostfwd', network.upload, 'aarch64', 'rtl8139')
    test('restrict=on lets nothing out', network.restricted, 'aarch64', 'virtio')
    test('restrict=on lets hostfwd in', network.upload, 'aarch64', 'virtio', 'restrict=on')
    for nics in (('e1000', 'virtio'), ('rtl8139', 'e1000')):
        test('a cable from %s on x86_64 to %s on aarch64, with a VLAN; and both replays' % nics, cable.joined, *nics)
    for nic in ('e1000', 'rtl8139'):
        test('iPXE fetches Linux through %s and starts it' % nic, network.loaded, nic)
    test('a silent flow of datagrams', network.awaited, 'aarch64', 'virtio')
    test('a port that is taken', network.taken)
