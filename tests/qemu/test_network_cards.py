# SPDX-License-Identifier: MIT
"""Network cards: two of them, or three, on one bridge of the control domain; frames go in at one and
must come out at the others."""
import os
import socket

import pytest
from harness.network import BROADCAST, Jam, Wire, frame, mac
from harness.shell import PROMPT, Shell

DRIVERS = ("virtio", "virtio-legacy", "e1000")
ONE, TWO, THREE = mac(1), mac(2), mac(3)


class Machine:
    """A machine whose cards, one for each driver named, are all in br0."""

    def __init__(self, bench, folder, drivers, kinds=()):
        kinds = list(kinds) + [Wire] * (len(drivers) - len(kinds))
        self.wires = [kind(folder, f"wire{number}") for number, kind in enumerate(kinds)]
        self.monitor_path = os.path.join(folder, "monitor")
        cards = [word for wire, driver in zip(self.wires, drivers)
                 for word in ("--net", f"{wire.mode()},driver={driver}")]
        self.shell = Shell(bench, folder, {}, options=[
            *cards, "--extra",
            f"-chardev socket,id=monitor,path={self.monitor_path},server=on,wait=off "
            "-mon chardev=monitor"])
        self.shell.expect(PROMPT)
        for number in range(1, len(drivers)):
            self.shell.run(f"bridge-add br0 eth{number}")

    def learn(self):
        """The bridge knows ONE behind the first card and TWO behind the second."""
        self.wires[0].send(frame(BROADCAST, ONE))
        for wire in self.wires[1:]:
            assert wire.expect(frame(BROADCAST, ONE)) == []
        cross(self.wires[1], self.wires[0], frame(ONE, TWO))

    def monitor(self, command):
        """A command for QEMU."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.connect(self.monitor_path)
            link.settimeout(20)
            for line in ("", command + "\n"):
                link.sendall(line.encode())
                text = b""
                while not text.endswith(b"(qemu) "):
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
    machine.learn()
    for mark, length in enumerate((60, 61, 62, 63, 64, 127, 590, 1023, 1500, 1513, 1514)):
        cross(right, left, frame(ONE, TWO, length, mark=mark))
        cross(left, right, frame(TWO, ONE, length, mark=mark))
    tagged = frame(TWO, ONE, 1518, kind=0x8100)
    cross(left, right, tagged)
    machine.shell.power_off()


def test_learning(machine):
    """Only frames to addresses that nobody has seen, or to groups, go to everybody."""
    machine = machine("virtio", "e1000", "virtio-legacy")
    machine.learn()
    one, two, three = machine.wires
    for mark in range(20):
        cross(one, two, frame(TWO, ONE, mark=mark))
        cross(two, one, frame(ONE, TWO, mark=mark))
    for to in (BROADCAST, THREE, b"\x33\x33" + bytes(4)):
        one.send(frame(to, ONE, mark=100))
        assert two.expect(frame(to, ONE, mark=100)) == []
        assert three.expect(frame(to, ONE, mark=100)) == []
    # Its address moves to where it was seen last.
    three.send(frame(TWO, ONE, mark=101))
    assert two.expect(frame(TWO, ONE, mark=101)) == []
    cross(two, three, frame(ONE, TWO, mark=102))
    assert one.receive(0.2) is None
    machine.shell.power_off()


def malformed():
    for length in (0, 1, 5, 6, 11, 12, 13):
        yield frame(TWO, ONE, length)
    for length in (1519, 1522, 1523, 2047, 2048, 2049, 4096, 4097, 9000, 65000):
        yield frame(TWO, ONE, length)
    for source in (BROADCAST, b"\x01" + ONE[1:], b"\x33\x33" + ONE[2:]):
        yield frame(TWO, source)
    for last in (0, 1, 2, 15):
        yield frame(bytes([1, 0x80, 0xc2, 0, 0, last]), ONE)


@pytest.mark.parametrize("drivers", [("virtio", "e1000"), ("e1000", "virtio-legacy"),
                                     ("virtio-legacy", "virtio")], ids="-".join)
def test_malformed(machine, drivers):
    """What is no frame, or must not be forwarded, goes nowhere; what comes after it does."""
    machine = machine(*drivers)
    left, right = machine.wires
    machine.learn()
    for count in range(100):
        for bad in malformed():
            # The sender's end of the cable does not take empty datagrams, and cards pad short frames.
            if len(bad) >= 14 or drivers[0] != "e1000" and bad:
                left.send(bad)
        cross(left, right, frame(TWO, ONE, mark=count))
    machine.shell.power_off()


def drain(wire):
    count = 0
    while wire.receive(0.5) is not None:
        count += 1
    return count


@pytest.mark.parametrize("drivers", [("virtio", "e1000"), ("e1000", "virtio-legacy")],
                         ids="-".join)
def test_flood(machine, drivers):
    """Frames come faster than they can be sent on, most of them with a source never seen before: some
    are lost, and that is all."""
    machine = machine(*drivers)
    left, right = machine.wires
    machine.learn()
    for count in range(6000):
        left.send(frame(TWO, mac(count), 1514 if count & 1 else 60))
        right.send(frame(BROADCAST, mac(count), 60))
    assert "Domain-0" in machine.shell.run("list")
    assert drain(right) and drain(left)
    machine.learn()
    for mark in range(300):
        cross(left, right, frame(TWO, ONE, 1514, mark=mark))
        cross(right, left, frame(ONE, TWO, 1514, mark=mark))
    machine.shell.power_off()


@pytest.mark.parametrize("driver", ["virtio", "virtio-legacy", "e1000"])
def test_link(machine, driver):
    """Without a link nothing is sent, and nothing of that is sent later."""
    machine = machine("virtio", driver)
    left, right = machine.wires
    machine.learn()
    machine.monitor("set_link net1 off")
    machine.shell.expect("eth1: link down")
    for mark in range(600):
        left.send(frame(TWO, ONE, mark=mark))
    assert right.receive(0.5) is None
    machine.monitor("set_link net1 on")
    machine.shell.expect("eth1: link up")
    cross(left, right, frame(TWO, ONE, mark=1000))
    cross(right, left, frame(ONE, TWO, mark=1001))
    machine.shell.power_off()


@pytest.mark.parametrize("driver", ["virtio", "virtio-legacy"])
def test_stuck(machine, driver):
    """A card that cannot send is reset, again and again; once it can, it works as before. (QEMU's
    e1000 never waits; tests/unit/test_e1000.c has one that does.)"""
    machine = machine("virtio", driver, kinds=(Wire, Jam))
    left, right = machine.wires
    machine.learn()
    for mark in range(1000):
        left.send(frame(TWO, ONE, 1514, mark=mark))
    machine.shell.expect("eth1: sends nothing, is reset")
    drain(right)
    cross(left, right, frame(TWO, ONE, mark=2000))
    cross(right, left, frame(ONE, TWO, mark=2001))
    machine.shell.power_off()
