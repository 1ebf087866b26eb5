# SPDX-License-Identifier: MIT
"""The other end of a machine's network cables: sockets that take and give Ethernet frames."""
import os
import select
import socket
import time


class Cable:
    """What the card sends arrives here, what is sent here arrives at the card."""

    def receive(self, seconds=10):
        """The next frame; None when none comes in time."""
        raise NotImplementedError

    def expect(self, frame, seconds=20):
        """Waits for exactly this frame, and returns those that came before."""
        others, deadline = [], time.monotonic() + seconds
        while (got := self.receive(max(0, deadline - time.monotonic()))) is not None:
            if got == frame:
                return others
            others.append(got)
        raise AssertionError(f"the frame {frame[:32].hex()}... ({len(frame)} bytes) did not come; "
                             f"others: {[other[:32].hex() for other in others[:3]]}")



class Wire(Cable):
    """A cable of datagrams."""

    def __init__(self, folder, name):
        self.here = os.path.join(folder, name + ".test")
        self.card = os.path.join(folder, name + ".card")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.here)

    def mode(self):
        """What `--net` takes for this cable."""
        return (f"dgram,local.type=unix,local.path={self.card},"
                f"remote.type=unix,remote.path={self.here}")

    def send(self, one):
        self.socket.sendto(one, self.card)

    def receive(self, seconds=10):
        if not select.select([self.socket], [], [], seconds)[0]:
            return None
        return self.socket.recv(1 << 17)

    def close(self):
        self.socket.close()


class Jam(Cable):
    """A cable that takes only as much as is received: the card then has to wait."""

    def __init__(self, folder, name):
        self.path = os.path.join(folder, name)
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(self.path)
        self.server.listen()
        self.link = None

    def mode(self):
        return f"stream,server=off,addr.type=unix,addr.path={self.path}"

    def connected(self):
        if not self.link:
            self.link = self.server.accept()[0]
        return self.link

    def send(self, one):
        self.connected().sendall(len(one).to_bytes(4, "big") + one)

    def read(self, count, seconds):
        data = b""
        while len(data) < count:
            if not select.select([self.connected()], [], [], seconds)[0]:
                return None
            part = self.link.recv(count - len(data))
            if not part:
                return None
            data += part
        return data

    def receive(self, seconds=10):
        length = self.read(4, seconds)
        return length and self.read(int.from_bytes(length, "big"), seconds)

    def close(self):
        self.server.close()
        if self.link:
            self.link.close()


def mac(number):
    """A locally administered address."""
    return bytes([2, 0, 0, 0, number >> 8 & 255, number & 255])


BROADCAST = b"\xff" * 6


def frame(to, source, length=60, kind=0x88b5, mark=0):
    """A frame of that many bytes in all, with a content that no other mark has."""
    head = to + source + kind.to_bytes(2, "big") + mark.to_bytes(4, "big")
    return (head + (bytes(range(256)) * (length // 256 + 1)))[:length]
