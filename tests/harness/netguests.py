# SPDX-License-Identifier: MIT
"""Linux guests for tests of networks: commands typed on their consoles, data between them and to others."""
import re

from .linux import LinuxConsole, await_ready, boot_linux, config, create

SLOW = 240
ADDRESS = {"4": r"inet (10\.0\.2\.\d+)/24", "6": r"inet6 (fec0:[\da-f:]+)/64"}
# md5sum answers on each connection.
SERVE = ("nc -ll -p 5000 -e /bin/md5sum & until netstat -ltn | grep -q :5000; do "
         "usleep 100000; done")


class Guest:
    """Commands for one guest's network."""

    def __init__(self, shell, name):
        self.shell = shell
        self.name = name

    def run(self, command):
        with LinuxConsole(self.shell, self.name) as console:
            text, status = console.run(command, SLOW)
        assert status == 0, f"{self.name}: {command}: {text}"
        return text

    def mac(self):
        text = self.run("cat /sys/class/net/eth0/address")
        return bytes.fromhex(text.strip().replace(":", ""))

    def make_data(self, mib):
        """Random bytes in /tmp/data; their sum."""
        return self.run(f"dd if=/dev/urandom of=/tmp/data bs=1M count={mib} 2>/dev/null; "
                        "md5sum /tmp/data").split()[0]

    def address(self, version):
        """Its address from QEMU's user network, once it has one."""
        show = f"ip -{version} addr show dev eth0"
        prefix = {"4": "inet 10", "6": "inet6 fec0"}[version]
        text = self.run(f"until {show} | grep '{prefix}' | grep -vq tentative; do usleep 100000; "
                        f"done; {show}")
        return re.search(ADDRESS[version], text)[1]

    def set_addresses(self, *addresses):
        """In place of those that nobody gives."""
        self.run("killall udhcpc; " + "".join(f"ip addr add {address} dev eth0; "
                                              for address in addresses) + "ip link set eth0 up")

    def reach(self, *addresses):
        """Waits until they answer."""
        for address in addresses:
            self.run(f"until ping -c 1 -W 1 {address} >/dev/null 2>&1; do usleep 100000; done")

    def send(self, address, port=5000):
        """All of /tmp/data; returns the sum that the other side computed, and the packets it took."""
        count = "cat /sys/class/net/eth0/statistics/tx_packets"
        text = self.run(f"P=$({count}); nc {address} {port} </tmp/data; echo $(($({count}) - P))")
        return re.match(r"(\w{32})(?:  -)?\n(\d+)\n", text).groups()

    def fetch(self, address, port):
        return self.run(f"nc {address} {port} </dev/null | md5sum").split()[0]


def start_guests(boot_shell, bench, names="ab", more="", **options):
    """Guests with an interface each; `more` is for their descriptions."""
    shell = boot_linux(boot_shell, bench,
                       {f"{name}.cfg": config(name, more=f"vif = ['']\n{more}") for name in names},
                       **options)
    for name in names:
        create(shell, f"{name}.cfg")
        await_ready(shell, name)
    return shell, [Guest(shell, name) for name in names]
