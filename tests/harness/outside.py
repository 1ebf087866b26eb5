# SPDX-License-Identifier: MIT
"""What is outside of a machine's network: a peer for TCP, on QEMU's user network or behind a tap device in a
network name space of its own, and a record of every frame in between."""
import contextlib
import json
import os
import subprocess
import sys

import dpkt

HERE = os.path.dirname(os.path.abspath(__file__))
FRAME_MAX = 1514
ETHERNET = 14
# This machine as QEMU's user network has it.
USER_NETWORK = {"4": "10.0.2.2", "6": "fec0::2"}


@contextlib.contextmanager
def peer(mib, addresses, prefix=()):
    """peer.py; yields what it says, and its process."""
    command = [*prefix, sys.executable, os.path.join(HERE, "peer.py"), str(mib), *addresses]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            yield json.loads(process.stdout.readline()), process
        finally:
            process.kill()


class Tap:
    """A name space with the peer in it, and words that put QEMU there. Its device, with the peer's
    addresses, comes and goes with QEMU."""

    HOLD = ("unshare", "--user", "--map-root-user", "--net")
    ADDRESSES = {"4": "10.7.0.1", "6": "fd07::1"}

    @classmethod
    def available(cls):
        make = [*cls.HOLD, "ip", "tuntap", "add", "dev", "tap0", "mode", "tap"]
        return subprocess.run(make, stderr=subprocess.DEVNULL, check=False).returncode == 0

    def __init__(self, folder, process):
        self.enter = ["nsenter", f"--target={process.pid}", "--user", "--net",
                      "--preserve-credentials"]
        self.script = os.path.join(folder, "tap-up")
        with open(self.script, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh -e\nip link set $1 up\nip addr add "
                       f"{self.ADDRESSES['4']}/24 dev $1\n"
                       f"ip addr add {self.ADDRESSES['6']}/64 dev $1 nodad\n")
        os.chmod(self.script, 0o755)

    def mode(self):
        """For `--net`."""
        return f"tap,ifname=tap0,script={self.script},downscript=no"


def record(path):
    """QEMU's arguments that write what passes the first card."""
    return f"-object filter-dump,id=record,netdev=net0,file={path}"


# ---- frames ----

# QEMU 7.2 records frames of tap devices with virtio's header in front.
TAP_HEADER = 12


class Frame:
    """An Ethernet frame with TCP or UDP; `wrong` says what is wrong with its sums and lengths."""

    def __init__(self, data):
        self.length = len(data)
        ethernet = dpkt.ethernet.Ethernet(data)
        self.source = ethernet.src
        self.version, self.payload, self.wrong = None, 0, None
        if isinstance(ethernet.data, (dpkt.ip.IP, dpkt.ip6.IP6)):
            self.parse(data, ethernet.data)

    def parse(self, data, ip):
        ip_start = ETHERNET
        self.version = "6" if isinstance(ip, dpkt.ip6.IP6) else "4"
        if self.version == "4":
            header = ip.hl * 4
            end = ip_start + ip.len
            protocol, addresses = ip.p, ip.src + ip.dst
            if dpkt.in_cksum(data[ip_start:ip_start + header]):
                self.wrong = "the sum of the IP header"
        else:
            header, end = 40, ip_start + 40 + ip.plen
            protocol, addresses = ip.nxt, ip.src + ip.dst
        if end > self.length:
            self.wrong = "the length in the IP header"
            return
        if protocol in (dpkt.ip.IP_PROTO_TCP, dpkt.ip.IP_PROTO_UDP):
            self.check_transport(data[ip_start + header:end], protocol, addresses)

    def check_transport(self, data, protocol, addresses):
        no_sum = protocol == dpkt.ip.IP_PROTO_UDP and data[6:8] == b"\0\0"
        pseudo = addresses + len(data).to_bytes(4, "big") + protocol.to_bytes(4, "big")
        if not no_sum and dpkt.in_cksum(pseudo + data):
            self.wrong = "the sum of TCP or UDP"
        if protocol == dpkt.ip.IP_PROTO_TCP:
            self.payload = len(data) - (data[12] >> 4) * 4


def recorded(path, header=0):
    with open(path, "rb") as file:
        return [Frame(data[header:]) for _, data in dpkt.pcap.Reader(file)]
