# SPDX-License-Identifier: MIT
"""TCP between two guests on a bridge of the control domain, against loopback of the same Linux on the bare
machine: what a stream costs, and the time that one byte takes there and back."""
import os

from .boot import build_image, hypervisor_path, work_folder
from .dom0 import control_domain
from .emulator import Machine
from .linuxbench import END, GUEST, GUEST_MIB, HOST_MIB, PROMPT, Bench, NativeQemu, Talk
from .qemu import Qemu

STREAM_MIB = 16
ROUND_TRIPS = 1000

LINUX = GUEST + """\
ramdisk = "initramfs.gz"
cmdline = 'console=hvc0 quiet rlrun="{commands}"'
vif = [ '' ]
"""
ASK = f"/net {{address}} {STREAM_MIB} {ROUND_TRIPS}"
# The first process has asked for an address by DHCP, which nobody gives here.
SET_ADDRESS = "sleep 1; killall udhcpc; ip addr add {address}/24 dev eth0; ip link set eth0 up; "
SERVER, CLIENT = "10.9.0.1", "10.9.0.2"
LOOPBACK = "127.0.0.1"
COMMANDS = {
    "server": "/net serve & " + SET_ADDRESS.format(address=SERVER) + "wait",
    "client": SET_ADDRESS.format(address=CLIENT)
              + f"until ping -c 1 -W 1 {SERVER}; do :; done >/dev/null; "
              + ASK.format(address=SERVER),
}
NATIVE = f"ifconfig lo {LOOPBACK}; /net serve & sleep 1; {ASK.format(address=LOOPBACK)}"


class NetBench(Bench):
    """As linuxbench.Bench, with two guests."""

    def native(self):
        with work_folder() as folder:
            machine = Machine(image="", memory_mib=GUEST_MIB, icount=self.icount)
            emulator = NativeQemu(machine, folder, self.product("linux", "bzImage"),
                                  self.product("linux", "initramfs.gz"),
                                  f'console=ttyS0 quiet rlrun="{NATIVE}"')
            with Talk(emulator, self.timeout) as talk:
                talk.expect(END)
                return per_unit(talk.figures())

    def write_guests(self, folder):
        modules = []
        for name, commands in COMMANDS.items():
            modules.append(os.path.join(folder, name + ".cfg"))
            with open(modules[-1], "w", encoding="utf-8") as file:
                file.write(LINUX.format(name=name, kernel="vmlinux", memory=GUEST_MIB,
                                        commands=commands))
        return modules + [self.product("linux", "vmlinux"), self.product("linux", "initramfs.gz")]

    def guest(self, isolation):
        with work_folder() as folder:
            plan = control_domain(None, self.write_guests(folder), f"isolation={isolation}",
                                  HOST_MIB)
            modules = [(plan["kernel"], plan["command_line"])]
            modules += [(path, os.path.basename(path)) for path in plan["modules"]]
            image = build_image(folder, hypervisor_path(), plan["hv_options"], modules)
            machine = Machine(image=image, memory_mib=HOST_MIB, icount=self.icount)
            with Talk(Qemu(machine, folder), self.timeout) as talk:
                talk.expect(PROMPT)
                for name in COMMANDS:
                    talk.type(f"create {name}.cfg")
                talk.type("console client")
                talk.expect(END)
                return per_unit(talk.figures())


def per_unit(figures):
    return {"tcp_mib": [figures["tcp_stream"][0] // STREAM_MIB],
            "tcp_round_trip": [figures["tcp_round_trips"][0] // ROUND_TRIPS]}
