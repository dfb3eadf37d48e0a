#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The window: what it shows, keys, closing it, and no display at all; on an X server of its own.  Prints TAP.

usage: run_window.py GALVANIC CACHE
"""
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from run_boot import Failed, Suite, Unavailable  # noqa: E402

SECONDS = 60


def wait_for(what, condition):
    """The first true value of `condition`; Failed when there is none."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise Failed('waited %d seconds for %s' % (SECONDS, what))


class Screen:
    """An Xvfb."""

    def __init__(self):
        sys.path.append('/usr/lib/python3/dist-packages')  # Debian's, where python3 is another
        try:
            import Xlib.display  # pylint: disable=import-outside-toplevel
        except ImportError:
            raise Unavailable('no python3-xlib') from None
        if not shutil.which('Xvfb'):
            raise Unavailable('no Xvfb')
        reading, writing = os.pipe()
        self.server = subprocess.Popen(['Xvfb', '-displayfd', str(writing), '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'],
                                       pass_fds=[writing], stderr=subprocess.DEVNULL)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            self.name = ':' + pipe.readline().strip()
        self.display = Xlib.display.Display(self.name)

    def close(self):
        self.display.close()
        self.server.terminate()
        self.server.wait()

    def window(self, title):
        """The window of that title; None if there is none."""
        from Xlib.error import BadWindow  # pylint: disable=import-outside-toplevel
        for child in self.display.screen().root.query_tree().children:
            try:
                if title in (child.get_wm_name() or '') and child.get_attributes().map_state:
                    return child
            except BadWindow:
                continue
        return None

    def picture(self, window):
        from Xlib import X  # pylint: disable=import-outside-toplevel
        size = window.get_geometry()
        return window.get_image(0, 0, size.width, size.height, X.ZPixmap, 0xffffffff).data

    def press(self, window, key):
        from Xlib import X, XK  # pylint: disable=import-outside-toplevel
        from Xlib.ext import xtest  # pylint: disable=import-outside-toplevel
        code = self.display.keysym_to_keycode(XK.string_to_keysym(key))
        window.set_input_focus(X.RevertToParent, X.CurrentTime)
        xtest.fake_input(self.display, X.KeyPress, code)
        xtest.fake_input(self.display, X.KeyRelease, code)
        self.display.sync()

    def ask_to_close(self, window):
        """What a window manager sends when its close button is pressed."""
        from Xlib.protocol.event import ClientMessage  # pylint: disable=import-outside-toplevel
        protocols = self.display.intern_atom('WM_PROTOCOLS')
        delete = self.display.intern_atom('WM_DELETE_WINDOW')
        window.send_event(ClientMessage(window=window, client_type=protocols, data=(32, [delete, 0, 0, 0, 0])))
        self.display.sync()



def colours(picture):
    return len({picture[i:i + 4] for i in range(0, len(picture), 4)})


def changed(before, after):
    """The share of pixels that are others."""
    return sum(before[i:i + 4] != after[i:i + 4] for i in range(0, len(before), 4)) / (len(before) / 4)


def main():
    suite = Suite(sys.argv[1], sys.argv[2])

    def start(name, *options):
        environment = dict(os.environ, DISPLAY=name, SDL_VIDEODRIVER='x11')
        return subprocess.Popen([suite.galvanic, 'run', '--display', 'window', '--serial', 'none', *options], env=environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def use(arch):
        screen = Screen()
        run = start(screen.name, '--arch', arch)
        try:
            window = wait_for('the window', lambda: screen.window('Galvanic'))
            menu = wait_for('the menu', lambda: (lambda p: p if colours(p) > 8 else None)(screen.picture(window)))
            if arch == 'x86_64':  # virt has no keyboard
                screen.press(window, '2')
                wait_for('the drawing', lambda: changed(menu, screen.picture(window)) > 0.3)
            screen.ask_to_close(window)
            _, errors = run.communicate(timeout=SECONDS)
            if run.returncode != 0:
                raise Failed('closing the window gave status %d: %s' % (run.returncode, errors.decode()))
        finally:
            run.kill()
            run.communicate()
            screen.close()

    def headless():
        run = start(':4242', '--max-time', '1s')
        _, errors = run.communicate(timeout=SECONDS)
        lines = errors.decode().splitlines()
        if run.returncode != 3 or not any('headless' in line for line in lines):
            raise Failed('status %d: %s' % (run.returncode, lines))

    print('1..3')
    suite.test('x86_64: the menu, a key, the drawing, closing', use, 'x86_64')
    suite.test('aarch64: the menu, closing', use, 'aarch64')
    suite.test('no display: said in a line, and headless', headless)
    suite.close()


if __name__ == '__main__':
    main()
