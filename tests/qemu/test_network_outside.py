# SPDX-License-Identifier: MIT
"""Linux guests that reach each other and the outside by TCP, over IPv4 and IPv6, through cards that do and do
not compute sums and cut segments themselves. Every frame on the cable is looked at afterwards."""
import re

import pytest
from harness.linux import LinuxConsole, await_ready, boot_linux, config, create
from harness.outside import FRAME_MAX, TAP_HEADER, USER_NETWORK, Tap, peer, record, recorded

MIB = 4
SLOW = 240
ADDRESS = {"4": r"inet (10\.0\.2\.\d+)/24", "6": r"inet6 (fec0:[\da-f:]+)/64"}


class Guest:
    """Commands for one guest's network, typed on its console."""

    def __init__(self, shell, name):
        self.shell = shell
        self.name = name

    def run(self, command):
        with LinuxConsole(self.shell, self.name) as console:
            text, status = console.run(command, SLOW)
        assert status == 0, f"{self.name}: {command}: {text}"
        return text

    def address(self, version):
        """Its address, once it has one."""
        show = f"ip -{version} addr show dev eth0"
        prefix = {"4": "inet 10", "6": "inet6 fec0"}[version]
        text = self.run(f"until {show} | grep '{prefix}' | grep -vq tentative; do usleep 100000; "
                        f"done; {show}")
        return re.search(ADDRESS[version], text)[1]

    def send(self, address, port):
        """All of /tmp/data; returns the sum that the other side computed, and the packets it took."""
        count = "cat /sys/class/net/eth0/statistics/tx_packets"
        text = self.run(f"P=$({count}); nc {address} {port} </tmp/data; echo $(($({count}) - P))")
        return re.match(r"(\w{32})(?:  -)?\n(\d+)\n", text).groups()

    def fetch(self, address, port):
        return self.run(f"nc {address} {port} </dev/null | md5sum").split()[0]


def start_guests(boot_shell, bench, options, names="ab", **more):
    shell = boot_linux(boot_shell, bench,
                       {f"{name}.cfg": config(name, more="vif = ['']") for name in names},
                       options=options, **more)
    for name in names:
        create(shell, f"{name}.cfg")
        await_ready(shell, name)
    return shell, [Guest(shell, name) for name in names]


def frames_from(frames, mac, version):
    return [frame for frame in frames if frame.source == mac and frame.version == version]


def mac_of(guest):
    text = guest.run("cat /sys/class/net/eth0/address")
    return bytes.fromhex(text.strip().replace(":", ""))


@pytest.mark.parametrize("card", ["virtio", "virtio-legacy", "e1000"])
def test_net_outside(boot_shell, bench, tmp_path, card):
    """README's network: an address by DHCP from QEMU's user network, the outside, another guest. What leaves
    by the card is cut into frames, and all sums are right."""
    path = tmp_path / "record"
    with peer(MIB, ["127.0.0.1", "::1"]) as (outside, _):
        shell, (a, b) = start_guests(boot_shell, bench, (
            "--net", f"user,driver={card}", "--extra", record(path)))
        data = a.run(f"dd if=/dev/urandom of=/tmp/data bs=1M count={MIB} 2>/dev/null; "
                     "md5sum /tmp/data").split()[0]
        b.run("nc -ll -p 5000 -e /bin/md5sum & until netstat -ltn | grep -q :5000; do "
              "usleep 100000; done")
        packets = {}
        for version, address in USER_NETWORK.items():
            own, other = a.address(version), b.address(version)
            assert own != other
            sent, packets[version] = a.send(address, outside["take"])
            assert sent == data
            assert a.fetch(address, outside["give"]) == outside["md5"]
            assert a.send(other, 5000)[0] == data
        source = mac_of(a)
        shell.power_off()
    frames = recorded(path)
    assert max(frame.length for frame in frames) <= FRAME_MAX
    for version in USER_NETWORK:
        sent = frames_from(frames, source, version)
        assert not [frame.wrong for frame in sent if frame.wrong]
        assert sum(frame.payload for frame in sent) >= MIB << 20
        # The guest has sent long packets, and others have cut them.
        assert int(packets[version]) < len([frame for frame in sent if frame.payload]) / 2


@pytest.mark.skipif(not Tap.available(), reason="no tap devices in a name space of one's own here")
def test_net_offloads(boot_shell, bench, tmp_path):
    """A tap device takes and gives segments of TCP that are not cut, without sums."""
    path = tmp_path / "record"
    with peer(MIB, ["::"], Tap.HOLD) as (outside, process):
        tap = Tap(str(tmp_path), process)
        shell, (a,) = start_guests(boot_shell, bench, (
            "--net", tap.mode(), "--extra", record(path)), "a",
            prefix=tap.enter)
        data = a.run("killall udhcpc; ip addr add 10.7.0.2/24 dev eth0; "
                     "ip addr add fd07::2/64 dev eth0; ip link set eth0 up; "
                     "until ping -c 1 -W 1 10.7.0.1 && ping -c 1 -W 1 fd07::1; do usleep 100000; "
                     "done >/dev/null 2>&1; "
                     f"dd if=/dev/urandom of=/tmp/data bs=1M count={MIB} 2>/dev/null; "
                     "md5sum /tmp/data").split()[0]
        for address in tap.ADDRESSES.values():
            assert a.send(address, outside["take"])[0] == data
            assert a.fetch(address, outside["give"]) == outside["md5"]
        source = mac_of(a)
        shell.power_off()
    frames = recorded(path, TAP_HEADER)
    for version in tap.ADDRESSES:
        long = [frame for frame in frames if frame.version == version and frame.length > FRAME_MAX]
        for mine in (True, False):
            way = [frame for frame in long if (frame.source == source) == mine]
            assert sum(frame.payload for frame in way) > (MIB << 20) / 2
            assert any(frame.wrong for frame in way)
