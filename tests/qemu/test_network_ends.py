# SPDX-License-Identifier: MIT
"""Interfaces that go away in the middle of a transfer, with their guests and without them."""
from harness.linux import await_ready, create
from harness.netguests import SERVE, SLOW, start_guests

MIB = 2
A, B = "10.0.0.1", "10.0.0.2"
# As fast as they can, in both directions, until the test is over.
FLOOD = (f"(while :; do nc {B} 5000 </dev/zero; usleep 100000; done) >/dev/null 2>&1 & "
         f"ping -q -f {B} >/dev/null 2>&1 &")


def set_up_server(guest):
    guest.set_addresses(f"{B}/24")
    guest.run(SERVE)


def set_up_flood(guest):
    guest.set_addresses(f"{A}/24")
    guest.reach(B)
    guest.run(f"{FLOOD} :")


def passed(shell, port):
    """Bytes that came from a port."""
    for line in shell.run("bridge-list").splitlines():
        if line.split()[1] == port:
            return int(line.split()[3])
    return 0


def await_flood(shell, port):
    """It is on the bridge, and what comes from it goes on and on."""
    start = passed(shell, port)
    shell.wait("bridge-list", lambda _: passed(shell, port) > start + (MIB << 20), SLOW)


def interfaces(shell):
    return [line.split()[1] for line in shell.run("bridge-list").splitlines() if "vif" in line]


def test_vif_ends_under_load(boot_shell, bench):
    """Detached, then with a guest that is restarted, crashes, is destroyed: the other side hears of it, the
    bridge goes on, nothing is left behind, and the next interface works."""
    shell, (a, b) = start_guests(boot_shell, bench, more='on_crash = "restart"')
    set_up_server(b)
    set_up_flood(a)
    await_flood(shell, "vif1.0")
    for guest, address in ((a, A), (b, B)):
        shell.run(f"network-detach {guest.name} 0")
        shell.run(f"network-attach {guest.name}")
        name = guest.run("until ls /sys/devices/vif-1/net; do usleep 100000; done 2>/dev/null")
        guest.run("until [ ! -e /sys/devices/vif-0 ]; do usleep 100000; done; "
                  f"ip addr add {address}/24 dev {name.split()[0]}; ip link set {name.split()[0]} up")
        shell.wait(f"network-list {guest.name}", lambda text: len(text.splitlines()) == 2, SLOW)
        await_flood(shell, "vif1.1")
    shell.run("reboot b")
    await_ready(shell, "b", 2)
    set_up_server(b)
    await_flood(shell, "vif1.1")
    shell.run("sysrq a c")
    await_ready(shell, "a", 2)
    set_up_flood(a)
    await_flood(shell, "vif4.1")
    shell.run("destroy b")
    assert interfaces(shell) == ["vif4.1"]
    create(shell, "b.cfg")
    await_ready(shell, "b")
    set_up_server(b)
    await_flood(shell, "vif4.1")
    shell.run("destroy a")
    shell.run("destroy b")
    assert interfaces(shell) == []
    assert "frontend" not in shell.run("xenstore-ls /local/domain/0")
    shell.power_off()
