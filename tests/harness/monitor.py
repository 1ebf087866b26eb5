# SPDX-License-Identifier: MIT
"""QEMU's monitor: what is on the screen, and keys on the keyboard."""
import socket
import time


class Monitor:
    """A machine started with option()."""

    @staticmethod
    def option(path):
        return f"-monitor unix:{path},server=on,wait=off"

    def __init__(self, path):
        deadline = time.monotonic() + 30
        self.socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                assert time.monotonic() < deadline, "no monitor"
                time.sleep(0.1)
        self.socket.settimeout(30)
        self.read()

    def read(self):
        text = b""
        while not text.endswith(b"(qemu) "):
            text += self.socket.recv(65536)
        return text.decode(errors="replace")

    def run(self, line):
        self.socket.send(line.encode() + b"\n")
        return self.read()

    def screen(self):
        """The rows of VGA's text memory."""
        dump = self.run(f"xp /{80 * 25}hx 0xb8000")
        cells = [int(word, 16) for line in dump.splitlines() if ": 0x" in line
                 for word in line.split(":", 1)[1].split()]
        text = "".join(chr(cell & 0xff) for cell in cells)
        return [text[i:i + 80].rstrip() for i in range(0, len(text), 80)]

    def wait(self, good):
        deadline = time.monotonic() + 30
        while not good(rows := self.screen()):
            assert time.monotonic() < deadline, f"the screen shows {[row for row in rows if row]}"
            time.sleep(0.2)
        return rows

    def press(self, *keys):
        for key in keys:
            self.run(f"sendkey {key} 20")
            time.sleep(0.05)
