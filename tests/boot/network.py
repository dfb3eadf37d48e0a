# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux behind a network card: lease, echo, download, upload, names; and the same again without any network."""
import hashlib
import http.server
import os
import socket
import subprocess
import threading
import urllib.parse

from images import CONSOLE
from packages import mirror

UP = 'ip link set lo up; ip link set eth0 up; udhcpc -i eth0 -n -q -s /scripts/lease; '
MEGABYTES = int(os.environ.get('GALVANIC_TEST_DOWNLOAD', '16'))


def make_data(megabytes):
    piece = b''.join(hashlib.sha256(b'%d' % i).digest() for i in range(32768))
    return b''.join(piece[i:] + piece[:i] for i in range(megabytes))


class Server:
    """HTTP on the loopback, with one file."""

    def __init__(self, data):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header('Content-Length', str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def free_port():
    with socket.socket() as holder:
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

    def local(self, arch, nic):
        """What the network answers by itself is the same in every run."""
        return self.suite.twice(*self.options(arch, nic), '--expect', '/ # ', '--send', UP + 'ping -c 3 10.0.2.2\\r',
                                until='LEASE 10.0.2.15 255.255.255.0 10.0.2.2 10.0.2.3[^$]*3 packets received')

    def quiet(self, arch):
        """A card that nobody uses costs no journal and no equality; the driver has nothing to complain of."""
        text = self.suite.run(*self.options(arch, 'e1000'), '--expect', '/ # ', '--send',
                              'dmesg -r | grep -E "^<[0-4]>|e1000" | sed "s/^/W/"; echo DO""NE\\r', '--until', 'DONE')
        text = text.decode('utf-8', 'replace')
        warnings = [line for line in text.splitlines() if line.startswith(('W<0', 'W<1', 'W<2', 'W<3', 'W<4'))]
        if warnings or 'Intel(R) PRO/1000 Network Connection' not in text:
            raise self.failed('\n'.join(warnings) or text[-500:])

    def download(self, arch, nic):
        """A file from a server on the host's loopback, and a name; replayed when server and resolver cannot answer."""
        recording = self.suite.path('net.gvr')
        name = resolvable()
        server = Server(self.data)
        try:
            command = UP + 'wget -q -O - http://10.0.2.2:%d/data | sha256sum; ' % server.port
            if name:
                command += 'nslookup %s; ' % name
            text = self.suite.run(*self.options(arch, nic), '--record', recording, '--expect', '/ # ', '--send',
                                  command + 'echo DO""NE\\r', '--until', 'DONE').decode('utf-8', 'replace')
        finally:
            server.close()
        if self.digest not in text:
            raise self.failed('another checksum than %s\n%s' % (self.digest, text[-500:]))
        if name and 'Name:\t' + name not in text:
            raise self.failed('no address for %s\n%s' % (name, text[-500:]))
        done = subprocess.run([self.suite.galvanic, 'replay', recording, '--verify'], stdin=subprocess.DEVNULL, check=False,
                              capture_output=True, timeout=240)
        os.remove(recording)
        if done.returncode != 0 or self.digest.encode() not in done.stdout:
            raise self.failed('replay: status %d: %s' % (done.returncode, done.stderr.decode()[-300:]))
        return '%d MiB%s' % (MEGABYTES, ', and the address of ' + name if name else '')

    def upload(self, arch, nic):
        """The host connects to the guest."""
        port = free_port()
        command = [self.suite.galvanic, 'run'] + self.options(arch, nic) + [
            '--net', 'user,hostfwd=tcp:%d:4000' % port, '--expect', '/ # ', '--send',
            UP + 'nc -l -p 4000 | sha256sum; echo DO""NE\\r', '--until', 'DONE']
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        watchdog = threading.Timer(240, process.kill)
        watchdog.start()
        try:
            text = b''
            while b'LEASE' not in text:
                piece = process.stdout.read1(4096)
                if not piece:
                    raise self.failed('no lease\n' + text.decode('utf-8', 'replace')[-500:])
                text += piece
            # libslirp takes the connection before the guest listens: it is told when there is nobody.
            for _ in range(50):
                with socket.create_connection(('127.0.0.1', port), timeout=60) as stream:
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
            text += process.stdout.read()
        finally:
            watchdog.cancel()
            process.kill()
            process.wait()
        if self.digest.encode() not in text:
            raise self.failed(text.decode('utf-8', 'replace')[-500:])

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
    for arch in ('x86_64', 'aarch64'):
        for nic in ('virtio', 'e1000'):
            place = '%s, %s: ' % (arch, nic)
            suite.test(place + 'a lease and echoes, twice', network.local, arch, nic)
            suite.test(place + 'a download and a name, and their replay', network.download, arch, nic)
            suite.test(place + 'an upload through hostfwd', network.upload, arch, nic)
        suite.test('%s: Linux has no complaint of e1000' % arch, network.quiet, arch)
    suite.test('a port that is taken', network.taken)
