#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the guests of the boot tests from Debian packages, without root: kernels, an initrd, disk images.

usage: images.py CACHE NAME...      (prints one path a line; see MAKERS for the names)

Everything is kept in CACHE and made once; sources of ours that are newer than an image have it made again.
"""
import os
import re
import shutil
import subprocess
import sys

from packages import Packages, Unavailable

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = [os.path.join(HERE, '..', 'bench'), os.path.join(HERE, 'programs')]
DEBIAN = {'x86_64': 'amd64', 'aarch64': 'arm64'}
KERNEL = {'x86_64': 'linux-image-amd64', 'aarch64': 'linux-image-arm64'}
BOOT_NAME = {'x86_64': 'BOOTX64.EFI', 'aarch64': 'BOOTAA64.EFI'}
CONSOLE = {'x86_64': 'ttyS0', 'aarch64': 'ttyAMA0'}
# Drivers that the guests need, with what they depend on; those that a kernel has built in are not found and not missed.
MODULES = ['ahci', 'sd_mod', 'sr_mod', 'virtio_pci', 'virtio_blk', 'virtio_net', 'virtio_rng', 'virtio_console', 'nvme',
           '9pnet_virtio', '9p', 'vfat', 'nls_cp437', 'nls_ascii', 'efivarfs', 'rtc-cmos', 'i2c-i801', 'lpc_ich', 'e1000', '8139cp', '8139too', '8021q',
           'xhci_pci']


def newest(paths):
    latest = 0
    for path in paths:
        for folder, _, files in os.walk(path) if os.path.isdir(path) else [('', '', [path])]:
            for name in files:
                latest = max(latest, os.stat(os.path.join(folder, name)).st_mtime)
    return latest


class Archive:
    """An initramfs: cpio in the "newc" form of the kernel's documentation (early-userspace/buffer-format)."""

    def __init__(self):
        self.data = bytearray()
        self.inode = 0
        self.folders = set()

    def _entry(self, name, mode, content=b'', device=(0, 0)):
        self.inode += 1
        raw = name.encode() + b'\0'
        fields = (self.inode, mode, 0, 0, 1, 0, len(content), 0, 0, device[0], device[1], len(raw), 0)
        self.data += b'070701' + b''.join(b'%08X' % field for field in fields) + raw
        self.data += bytes(-len(self.data) % 4) + content
        self.data += bytes(-len(self.data) % 4)

    def folder(self, name):
        if name and name not in self.folders:
            self.folder(os.path.dirname(name))
            self.folders.add(name)
            self._entry(name, 0o040755)

    def file(self, name, content, mode=0o644):
        self.folder(os.path.dirname(name))
        self._entry(name, 0o100000 | mode, content)

    def device(self, name, major, minor):
        self.folder(os.path.dirname(name))
        self._entry(name, 0o020600, b'', (major, minor))

    def finish(self):
        self._entry('TRAILER!!!', 0)
        return bytes(self.data) + bytes(-len(self.data) % 512)


class Maker:
    def __init__(self, cache):
        self.cache = os.path.abspath(cache)
        os.makedirs(self.cache, exist_ok=True)
        self.packages = {arch: Packages(self.cache, debian) for arch, debian in DEBIAN.items()}

    def keep(self, name, sources, build):
        """The path of the cached file `name`, which `build(path)` makes when it is older than `sources`."""
        path = os.path.join(self.cache, name)
        if not os.path.exists(path) or os.stat(path).st_mtime < newest(sources):
            build(path + '.new')
            os.replace(path + '.new', path)
        return path

    # --- the parts ---

    def kernel_tree(self, arch):
        packages = self.packages[arch]
        stamp = os.path.join(self.cache, 'kernel-%s.name' % arch)
        if not os.path.exists(stamp):
            names = [name for name in packages.depends(KERNEL[arch]) if name.startswith('linux-image-')]
            packages.unpack(names[0])
            with open(stamp, 'w', encoding='ascii') as file:
                file.write(names[0][len('linux-image-'):])
        with open(stamp, encoding='ascii') as file:
            return packages.root, file.read()

    def kernel(self, arch):
        def build(path):
            root, version = self.kernel_tree(arch)
            shutil.copy(os.path.join(root, 'boot/vmlinuz-' + version), path)
        return self.keep('vmlinuz-' + arch, [], build)

    def modules(self, arch):
        """Paths of MODULES in an order in which they can be loaded."""
        root, version = self.kernel_tree(arch)
        found = {}
        for folder, _, files in os.walk(os.path.join(root, 'lib/modules', version)):
            for name in files:
                if name.endswith('.ko'):
                    found[name[:-3].replace('-', '_')] = os.path.join(folder, name)
        order = []

        def add(name):
            path = found.get(name.replace('-', '_'))
            if not path or path in order:
                return
            with open(path, 'rb') as file:
                data = file.read()
            at = data.find(b'\0depends=')
            if at >= 0:
                for other in data[at + 9:data.index(b'\0', at + 9)].decode().split(','):
                    if other:
                        add(other)
            order.append(path)

        for name in MODULES:
            add(name)
        return order

    def program(self, arch, name):
        """A static program of ours for the guest, or None where there is no compiler for it."""
        source = next(path for path in (os.path.join(folder, name + '.c') for folder in PROGRAMS) if os.path.exists(path))
        compilers = {'x86_64': ['x86_64-linux-gnu-gcc', 'gcc'], 'aarch64': ['aarch64-linux-gnu-gcc']}
        for compiler in compilers[arch]:
            if shutil.which(compiler) and (compiler != 'gcc' or os.uname().machine == arch):
                def build(path, compiler=compiler):
                    subprocess.run([compiler, '-O2', '-static', '-w', '-o', path, source], check=True, capture_output=True)
                try:
                    return self.keep('%s-%s' % (name, arch), [source], build)
                except subprocess.CalledProcessError:
                    continue  # a compiler without a C library
        return None

    def tools(self, arch):
        """A folder to be the root of a guest that has to build things: git, make and a small C compiler."""
        packages = Packages(os.path.join(self.cache, 'tools'), DEBIAN[arch])
        for name in ('libc6', 'libc6-dev', 'linux-libc-dev', 'zlib1g', 'libpcre2-8-0', 'git', 'make', 'tcc', 'busybox-static'):
            packages.unpack(name)
        for name in ('dev', 'tmp', 'mnt'):
            os.makedirs(os.path.join(packages.root, name), exist_ok=True)
        for name in ('sh', 'rm', 'cat'):
            if not os.path.lexists(os.path.join(packages.root, 'bin', name)):
                os.symlink('busybox', os.path.join(packages.root, 'bin', name))
        return packages.root

    def initrd(self, arch):
        own = [os.path.join(HERE, 'init'), os.path.join(HERE, 'scripts'), os.path.abspath(__file__)]
        sources = [os.path.join(folder, name) for folder in PROGRAMS for name in sorted(os.listdir(folder)) if name.endswith('.c')]
        programs = [os.path.basename(path)[:-2] for path in sources]
        own += sources

        def build(path):
            archive = Archive()
            root = self.packages[arch].unpack('busybox-static')
            with open(os.path.join(root, 'bin/busybox'), 'rb') as file:
                archive.file('bin/busybox', file.read(), 0o755)
            archive.device('dev/console', 5, 1)
            archive.device('dev/null', 1, 3)
            with open(os.path.join(HERE, 'init'), 'rb') as file:
                archive.file('init', file.read(), 0o755)
            for name in sorted(os.listdir(os.path.join(HERE, 'scripts'))):
                with open(os.path.join(HERE, 'scripts', name), 'rb') as file:
                    archive.file('scripts/' + name, file.read(), 0o755)
            modules = self.modules(arch)
            archive.file('modules/order', ''.join(os.path.basename(m) + '\n' for m in modules).encode())
            for module in modules:
                with open(module, 'rb') as file:
                    archive.file('modules/' + os.path.basename(module), file.read())
            for name in programs:
                program = self.program(arch, name)
                if program:
                    with open(program, 'rb') as file:
                        archive.file('bin/' + name, file.read(), 0o755)
            with open(path, 'wb') as file:
                file.write(archive.finish())
        return self.keep('initrd-%s.img' % arch, own, build)

    def initrd_with_iperf3(self, arch):
        """The same with iperf3 and the libraries that it loads."""
        def build(path):
            packages = Packages(os.path.join(self.cache, 'iperf3'), DEBIAN[arch])
            for name in ('iperf3', 'libiperf0', 'libsctp1', 'libssl3', 'libc6'):
                packages.unpack(name)
            archive = Archive()
            for folder, _, files in os.walk(packages.root):
                for name in files:
                    if name == 'iperf3' or re.match(r'(lib(iperf|sctp|ssl|crypto|c|m)|ld-linux-.*)\.so\.', name):
                        file = os.path.join(folder, name)
                        with open(file, 'rb') as content:
                            archive.file(os.path.relpath(file, packages.root), content.read(), 0o755)
            with open(self.initrd(arch), 'rb') as plain, open(path, 'wb') as file:
                file.write(plain.read() + archive.finish())
        return self.keep('initrd-iperf3-%s.img' % arch, [self.initrd(arch)], build)

    # --- disk images ---

    def disk(self, name, files, sources, megabytes=128):
        """A GPT disk whose only partition is an ESP (FAT32) with `files`: name on the ESP -> path or bytes."""
        def build(path):
            esp = path + '.esp'
            with open(esp, 'wb') as file:
                file.truncate((megabytes - 2) << 20)
            environment = dict(os.environ, MTOOLS_SKIP_CHECK='1', SOURCE_DATE_EPOCH='1767225600')
            subprocess.run(['mformat', '-i', esp, '-F', '-N', '12345678', '-v', 'ESP', '::'], check=True, env=environment)
            made = set()
            for target, content in files.items():
                parts = target.split('/')[:-1]
                for depth in range(1, len(parts) + 1):
                    folder = '/'.join(parts[:depth])
                    if folder not in made:
                        made.add(folder)
                        subprocess.run(['mmd', '-i', esp, '::' + folder], check=True, env=environment)
                source = content
                if isinstance(content, bytes):
                    source = path + '.file'
                    with open(source, 'wb') as file:
                        file.write(content)
                subprocess.run(['mcopy', '-m', '-i', esp, source, '::' + target], check=True, env=environment)
                if isinstance(content, bytes):
                    os.remove(source)
            with open(path, 'wb') as file:
                file.truncate(megabytes << 20)
            subprocess.run(['sgdisk', '-o', '-U', '11111111-2222-3333-4444-555555555555', '-n',
                            '1:2048:%d' % ((megabytes - 1) * 2048 - 1), '-t', '1:ef00', '-c', '1:ESP', '-u',
                            '1:66666666-7777-8888-9999-AAAAAAAAAAAA', path], check=True, stdout=subprocess.DEVNULL)
            with open(esp, 'rb') as source, open(path, 'r+b') as target:
                target.seek(1 << 20)
                shutil.copyfileobj(source, target, 1 << 20)
            os.remove(esp)
        return self.keep(name, sources + [os.path.abspath(__file__)], build)

    def linux_on_esp(self, arch, name, loader):
        kernel, initrd = self.kernel(arch), self.initrd(arch)
        files = dict(loader)
        files['vmlinuz'] = kernel
        files['initrd.img'] = initrd
        return self.disk(name, files, [kernel, initrd])

    def options(self, arch):
        return 'console=' + CONSOLE[arch]

    def systemd_boot(self, arch):
        root = self.packages[arch].unpack('systemd-boot-efi')
        short = {'x86_64': 'x64', 'aarch64': 'aa64'}[arch]
        loader = {
            'EFI/BOOT/' + BOOT_NAME[arch]: os.path.join(root, 'usr/lib/systemd/boot/efi/systemd-boot%s.efi' % short),
            'loader/loader.conf': b'default debian.conf\ntimeout 0\n',
            'loader/entries/debian.conf': ('title Debian\nlinux /vmlinuz\ninitrd /initrd.img\noptions %s\n' %
                                           self.options(arch)).encode(),
        }
        return self.linux_on_esp(arch, 'systemd-boot-%s.img' % arch, loader)

    def grub(self, arch):
        short = {'x86_64': 'amd64', 'aarch64': 'arm64'}[arch]
        target = {'x86_64': 'x86_64-efi/monolithic/grubx64.efi', 'aarch64': 'arm64-efi/monolithic/grubaa64.efi'}[arch]
        root = self.packages[arch].unpack('grub-efi-%s-bin' % short)
        settings = ('set timeout=0\nmenuentry Debian {\n  search --file --set=root /vmlinuz\n  linux /vmlinuz %s\n'
                    '  initrd /initrd.img\n}\n' % self.options(arch)).encode()
        loader = {
            'EFI/BOOT/' + BOOT_NAME[arch]: os.path.join(root, 'usr/lib/grub', target),
            'EFI/debian/grub.cfg': settings,
        }
        return self.linux_on_esp(arch, 'grub-%s.img' % arch, loader)

    def refind(self, arch):
        root = self.packages[arch].unpack('refind')
        short = {'x86_64': 'x64', 'aarch64': 'aa64'}[arch]
        settings = ('timeout 1\ntextonly true\nuse_graphics_for none\nscanfor manual\nmenuentry Debian {\n  loader /vmlinuz\n'
                    '  initrd /initrd.img\n  options "%s"\n}\n' % self.options(arch)).encode()
        loader = {
            'EFI/BOOT/' + BOOT_NAME[arch]: os.path.join(root, 'usr/share/refind/refind/refind_%s.efi' % short),
            'EFI/BOOT/refind.conf': settings,
        }
        return self.linux_on_esp(arch, 'refind-%s.img' % arch, loader)

    def single(self, arch, package, path, name):
        """An ESP with one UEFI application of `package` under the name that firmware starts by itself."""
        program = os.path.join(self.packages[arch].unpack(package), path)
        return self.disk('%s-%s.img' % (name, arch), {'EFI/BOOT/' + BOOT_NAME[arch]: program}, [program], 64)

    def memtest(self, arch):
        return self.single(arch, 'memtest86+', 'boot/memtest86+x64.efi', 'memtest')

    def ipxe(self, arch):
        return self.single(arch, 'ipxe', 'boot/ipxe.efi', 'ipxe')

    def efitools(self, arch):
        root = self.packages[arch].unpack('efitools')
        folder = os.path.join(root, 'usr/lib/efitools/x86_64-linux-gnu')
        return [os.path.join(folder, name) for name in ('HelloWorld.efi', 'ReadVars.efi')]


MAKERS = {
    'kernel': Maker.kernel,
    'initrd': Maker.initrd,
    'tools': Maker.tools,
    'systemd-boot': Maker.systemd_boot,
    'grub': Maker.grub,
    'refind': Maker.refind,
    'memtest': Maker.memtest,
    'ipxe': Maker.ipxe,
    'efitools': Maker.efitools,
}


def main():
    if len(sys.argv) < 3:
        print(__doc__.strip(), file=sys.stderr)
        return 1
    maker = Maker(sys.argv[1])
    for word in sys.argv[2:]:
        name, _, arch = word.partition(':')
        try:
            made = MAKERS[name](maker, arch or 'x86_64')
        except Unavailable as reason:
            print('images.py: %s' % reason, file=sys.stderr)
            return 1
        for path in made if isinstance(made, list) else [made]:
            print(path)
    return 0


if __name__ == '__main__':
    sys.exit(main())
