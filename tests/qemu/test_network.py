# SPDX-License-Identifier: MIT
"""Networks of guests: two Linux guests on a bridge, and interfaces that come and go."""
import re

from harness.linux import COMPLAINTS, READY, boot_linux, create

CONFIG = """\
name = "{name}"
kernel = "vmlinux"
ramdisk = "initramfs.gz"
memory = 64
vif = ['bridge=br0']
extra = 'console=hvc0 quiet rlrun="{commands}"'
"""
# The first program asks for an address, which nobody here gives.
ADDRESS = "killall udhcpc; sleep 1; ip addr add 10.0.0.{number}/24 dev eth0; ip link set eth0 up; "
# Its description allows it one address; from another it reaches nobody.
SENDER = ADDRESS + """\
ping -c 5 -W 30 10.0.0.2; ip addr add 10.0.0.9/24 dev eth0; ping -c 3 -W 1 -I 10.0.0.9 10.0.0.2; \
ip addr del 10.0.0.9/24 dev eth0; ping -c 4 -W 30 10.0.0.2; dd if=/dev/urandom of=/tmp/data bs=1M count={mib}; echo SENT $(md5sum </tmp/data); \
until nc 10.0.0.2 5000 </tmp/data; do sleep 1; done; sleep 100000"""
RECEIVER = ADDRESS + "echo GOT $(nc -l -p 5000 | md5sum); sleep 100000"
MIB = 8
SLOW = 400


def test_vif_two_guests(boot_shell, bench):
    """Ping and TCP between them, what is counted, an interface that goes and comes, guests that end."""
    shell = boot_linux(boot_shell, bench, {
        "a.cfg": CONFIG.format(name="a", commands=SENDER.format(number=1, mib=MIB)).replace(
            "bridge=br0", "bridge=br0,ip=10.0.0.1"),
        "b.cfg": CONFIG.format(name="b", commands=RECEIVER.format(number=2))})
    create(shell, "b.cfg")
    shell.wait("console -l b", lambda text: READY in text, SLOW)
    create(shell, "a.cfg")
    shell.wait("console -l b", lambda text: "GOT" in text, SLOW)
    sender, receiver = shell.run("console -l a"), shell.run("console -l b")
    assert re.findall(r"(\d) packets received", sender) == ["5", "0", "4"]
    assert re.search(r"SENT (\w{32})", sender)[1] == re.search(r"GOT (\w{32})", receiver)[1]
    listed = shell.run("network-list a b")
    assert "Idx BE Mac Addr." in listed
    assert len(re.findall(r"^0 +0 +00:16:3e(?::[0-9a-f]{2}){3} +0 +4 ", listed, re.MULTILINE)) == 2
    ports = [line.split() for line in shell.run("bridge-list br0").splitlines()[1:]]
    assert len(ports) == 2
    assert all(int(sum_of) > MIB << 20 for sum_of in (max(map(int, port[2:])) for port in ports))
    shell.run("network-detach a 0")
    shell.wait("network-list a", lambda text: len(text.splitlines()) == 1, SLOW)
    shell.run("network-attach a bridge=br0 rate=100Mb/s")
    shell.wait("network-list a", lambda text: re.search(r"^0 .* 4 ", text, re.MULTILINE), SLOW)
    assert "no such interface" in shell.run("network-detach a 5")
    assert "is no bridge" in shell.run("network-attach a bridge=office")
    assert not COMPLAINTS.search(sender + receiver)
    shell.run("destroy b")
    shell.run("destroy a")
    shell.wait("bridge-list", lambda text: "vif" not in text, SLOW)
    assert "frontend" not in shell.run("xenstore-ls /local/domain/0")
    shell.power_off()


# ---- a guest that attacks ----

EVIL = """\
name = "evil"
kernel = "netevil.elf"
memory = 8
vif = ['bridge=br0']
"""
PINGER = ADDRESS + """\
until ping -c 1 -W 1 10.0.0.2 >/dev/null; do sleep 1; done; echo BEFORE; \
while :; do ping -c 20 -i 0.1 -W 2 10.0.0.2; done"""
HOLDER = ADDRESS + "sleep 100000"


def losses(text):
    """Percent, of each whole count of pings."""
    return [int(loss) for loss in re.findall(r"received, (\d+)% packet loss", text)]


def test_hostile_net_front_end(boot_shell, bench):
    """Beside it, on the same bridge, two guests go on to reach each other, and the shell answers."""
    shell = boot_linux(boot_shell, bench, {
        "a.cfg": CONFIG.format(name="a", commands=PINGER.format(number=1)),
        "b.cfg": CONFIG.format(name="b", commands=HOLDER.format(number=2)), "evil.cfg": EVIL},
        options=("--icount",), extra_files=[bench.product("guests", "netevil.elf")])
    create(shell, "b.cfg")
    create(shell, "a.cfg")
    shell.wait("console -l a", lambda text: "BEFORE" in text, SLOW)
    shell.type("create evil.cfg\r")
    shell.expect(r"vif3\.0: \w+ .*(tx ring|buffer|packet|extra info)", SLOW)
    shell.type("\r")
    text = shell.wait("console -l evil", lambda text: "round 1 passed" in text or "FAILED" in text,
                      SLOW)
    assert "FAILED" not in text and "no network" not in text
    count = len(losses(shell.run("console -l a")))
    text = shell.wait("console -l a", lambda text: len(losses(text)) > count + 1, SLOW)
    during = losses(text)[:count + 1]
    assert during and max(during) <= 10, during
    assert "FAILED" not in shell.run("console -l evil")
    shell.run("destroy evil")
    shell.wait("bridge-list", lambda text: "vif3" not in text, SLOW)
    assert "frontend" not in shell.run("xenstore-ls /local/domain/0/backend/vif/3")
    shell.power_off()
