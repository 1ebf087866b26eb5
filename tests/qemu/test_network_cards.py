# SPDX-License-Identifier: MIT
"""Network cards: two of them, or three, on one bridge of the control domain; frames go in at one and
must come out at the others."""
import os
import socket

import pytest
from harness.network import BROADCAST, Wire, frame, mac
from harness.shell import PROMPT, Shell

DRIVERS = ("virtio", "virtio-legacy", "e1000")
ONE, TWO, THREE = mac(1), mac(2), mac(3)


class Machine:
    """A machine whose cards, one for each driver named, are all in br0."""

    def __init__(self, bench, folder, drivers, options=()):
        self.wires = [Wire(folder, f"wire{number}") for number in range(len(drivers))]
        self.monitor_path = os.path.join(folder, "monitor")
        cards = [word for wire, driver in zip(self.wires, drivers)
                 for word in ("--net", f"{wire.mode()},driver={driver}")]
        self.shell = Shell(bench, folder, {}, options=[
            *cards, *options, "--extra",
            f"-chardev socket,id=monitor,path={self.monitor_path},server=on,wait=off "
            "-mon chardev=monitor"])
        self.shell.expect(PROMPT)
        for number in range(1, len(drivers)):
            self.shell.run(f"bridge-add br0 eth{number}")

    def monitor(self, command):
        """A command for QEMU."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.connect(self.monitor_path)
            link.settimeout(10)
            link.recv(4096)
            link.sendall(command.encode() + b"\n")
            text = b""
            while text.count(b"(qemu)") < 2 and not text.endswith(b"(qemu) "):
                text += link.recv(4096)

    def close(self):
        self.shell.close()
        for wire in self.wires:
            wire.close()


@pytest.fixture
def machine(bench, tmp_path):
    machines = []

    def start(*drivers, **options):
        machines.append(Machine(bench, str(tmp_path), drivers, **options))
        return machines[-1]

    yield start
    for each in machines:
        each.close()


def cross(sender, receiver, one):
    sender.send(one)
    assert receiver.expect(one) == []


@pytest.mark.parametrize("drivers", [("virtio", "virtio-legacy"), ("virtio-legacy", "e1000"),
                                     ("e1000", "virtio"), ("e1000-82544gc", "e1000-82545em")],
                         ids="-".join)
def test_both_ways(machine, drivers):
    """Every length from the shortest to the longest, with and without a VLAN tag, unchanged."""
    machine = machine(*drivers)
    left, right = machine.wires
    cross(left, right, frame(BROADCAST, ONE))
    for mark, length in enumerate((60, 61, 62, 63, 64, 127, 590, 1023, 1500, 1513, 1514)):
        cross(right, left, frame(ONE, TWO, length, mark=mark))
        cross(left, right, frame(TWO, ONE, length, mark=mark))
    tagged = frame(TWO, ONE, 1518, kind=0x8100)
    cross(left, right, tagged)
    machine.shell.power_off()
