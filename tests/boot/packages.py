# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian packages, unpacked into a folder of ours through a private apt state: the user's dpkg never hears of it."""
import os
import shutil
import subprocess

SUITE = 'bookworm'
KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'


class Unavailable(Exception):
    """There is no apt here, or it cannot reach its mirror: tests that need packages are skipped."""


def mirror():
    """Where the host's own apt has that suite from, or what GALVANIC_TEST_MIRROR says."""
    given = os.environ.get('GALVANIC_TEST_MIRROR')
    if given:
        return given
    if not shutil.which('apt-get'):
        raise Unavailable('there is no apt here')
    done = subprocess.run(['apt-get', 'indextargets', '--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)'], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, check=False)
    for line in done.stdout.splitlines():
        if line.split()[1:] == [SUITE, 'main']:
            return line.split()[0]
    raise Unavailable('apt here knows no Debian %s; GALVANIC_TEST_MIRROR=URL names a mirror' % SUITE)


class Packages:
    """The packages of one Debian architecture under `folder`."""

    def __init__(self, folder, arch):
        self.folder = os.path.abspath(os.path.join(folder, 'debian-' + arch))
        self.arch = arch
        self.root = os.path.join(self.folder, 'root')
        self.state = os.path.join(self.folder, 'apt')

    def _options(self):
        return ['-o', 'Dir::State=%s/state' % self.state, '-o', 'Dir::Cache=%s/cache' % self.state,
                '-o', 'Dir::Etc=%s/etc' % self.state, '-o', 'Dir::State::status=%s/status' % self.state,
                '-o', 'APT::Architecture=' + self.arch, '-o', 'APT::Architectures::=' + self.arch,
                '-o', 'APT::Sandbox::User=', '-o', 'Acquire::Languages=none', '-o', 'Debug::NoLocking=1']

    def _apt(self, program, *words, cwd=None):
        done = subprocess.run([program] + self._options() + list(words), cwd=cwd, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            message = (done.stderr.strip().splitlines() or ['no message'])[-1]
            raise Unavailable('%s %s: %s' % (program, ' '.join(words), message))
        return done.stdout

    def _prepare(self):
        if os.path.exists(os.path.join(self.state, 'updated')):
            return
        if not shutil.which('apt-get') or not shutil.which('dpkg-deb'):
            raise Unavailable('there is no apt here')
        for name in ('state/lists/partial', 'cache/archives/partial', 'etc/preferences.d', 'etc/apt.conf.d',
                     'etc/sources.list.d', 'etc/trusted.gpg.d'):
            os.makedirs(os.path.join(self.state, name), exist_ok=True)
        open(os.path.join(self.state, 'status'), 'w', encoding='ascii').close()
        signed = '[signed-by=%s] ' % KEYRING if os.path.exists(KEYRING) else ''
        with open(os.path.join(self.state, 'etc/sources.list'), 'w', encoding='ascii') as file:
            file.write('deb %s%s %s main\n' % (signed, mirror(), SUITE))
        self._apt('apt-get', 'update')
        open(os.path.join(self.state, 'updated'), 'w', encoding='ascii').close()

    def depends(self, package):
        """The packages that `package` depends on directly."""
        self._prepare()
        text = self._apt('apt-cache', 'depends', '--no-recommends', '--no-suggests', package)
        return [line.split(':', 1)[1].strip() for line in text.splitlines() if line.strip().startswith('Depends:')]

    def unpack(self, package):
        """Unpacks `package` into self.root (once) and returns that folder."""
        stamp = os.path.join(self.folder, 'unpacked', package)
        if os.path.exists(stamp):
            return self.root
        self._prepare()
        download = os.path.join(self.folder, 'download')
        shutil.rmtree(download, ignore_errors=True)
        os.makedirs(download)
        self._apt('apt-get', 'download', package, cwd=download)
        for name in os.listdir(download):
            subprocess.run(['dpkg-deb', '-x', os.path.join(download, name), self.root], check=True)
        shutil.rmtree(download)
        self._keep_links_inside()
        os.makedirs(os.path.dirname(stamp), exist_ok=True)
        open(stamp, 'w', encoding='ascii').close()
        return self.root

    def _keep_links_inside(self):
        """Absolute links mean this folder's files, not the host's."""
        for folder, folders, files in os.walk(self.root):
            for name in folders + files:
                path = os.path.join(folder, name)
                if os.path.islink(path) and os.path.isabs(os.readlink(path)):
                    target = os.path.relpath(self.root + os.readlink(path), folder)
                    os.remove(path)
                    os.symlink(target, path)
