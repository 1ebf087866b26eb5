# SPDX-License-Identifier: MIT
"""The other end of a machine's network cables: sockets that take and give Ethernet frames."""
import os
import select
import socket
import time


class Wire:
    """One cable: what the card sends arrives here, what is sent here arrives at the card."""

    def __init__(self, folder, name):
        self.here = os.path.join(folder, name + ".test")
        self.card = os.path.join(folder, name + ".card")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(self.here)

    def mode(self):
        """What `--net` takes for this cable."""
        return (f"dgram,local.type=unix,local.path={self.card},"
                f"remote.type=unix,remote.path={self.here}")

    def send(self, frame):
        self.socket.sendto(frame, self.card)

    def receive(self, seconds=10):
        """The next frame; None when none comes in time."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return None
        return self.socket.recv(1 << 17)

    def expect(self, frame, seconds=20):
        """Waits for exactly this frame, and returns those that came before."""
        others, deadline = [], time.monotonic() + seconds
        while (got := self.receive(max(0, deadline - time.monotonic()))) is not None:
            if got == frame:
                return others
            others.append(got)
        raise AssertionError(f"the frame {frame[:32].hex()}... ({len(frame)} bytes) did not come; "
                             f"others: {[other[:32].hex() for other in others[:3]]}")

    def close(self):
        self.socket.close()


def mac(number):
    """A locally administered address."""
    return bytes([2, 0, 0, 0, number >> 8 & 255, number & 255])


BROADCAST = b"\xff" * 6


def frame(to, source, length=60, kind=0x88b5, mark=0):
    """A frame of that many bytes in all, with a content that no other mark has."""
    head = to + source + kind.to_bytes(2, "big") + mark.to_bytes(4, "big")
    return (head + bytes((mark * 7 + i) & 255 for i in range(length)))[:length]
