# SPDX-License-Identifier: MIT
"""One disk of QEMU under Linux on the bare machine, and as a disk of the same Linux as a guest of the control
domain: large requests in order, and small ones at random, many at once.

Besides the time that passes there is the time for which the thread that emulates the processor had one: the same on a
quiet machine, where the processor is what a request waits for, and on a busy one what can be compared at all.
"""
import glob
import os
import re

from .boot import build_image, hypervisor_path, work_folder
from .devices import Disk
from .dom0 import control_domain
from .emulator import Machine
from .linuxbench import GUEST_MIB, HOST_MIB, Bench, NativeQemu, Talk
from .qemu import Qemu

DISK_MIB = 256
# What one figure is measured with.
STREAM_MIB = 256
REQUESTS = 10000
REQUESTS_OF = {"write_mib": STREAM_MIB, "read_mib": STREAM_MIB, "random_write": REQUESTS,
               "random_read": REQUESTS}
FIGURE = re.compile(rb"BENCH (\w+): (\d+)\r*\n")
# What Linux on the bare machine, and the control domain, call the disk.
NAMES = {"virtio": ("vda", "vda"), "virtio-legacy": ("vda", "vda"), "ahci": ("sda", "sda")}
CONFIG = """\
name = "linux"
kernel = "vmlinux"
ramdisk = "initramfs.gz"
memory = {memory}
disk = [ '{disk},,xvda,rw' ]
cmdline = 'console=hvc0 quiet rlrun="{work}"'
"""
WORK = "sleep 1; /disk /dev/{disk} {mib} {requests} {rounds}"


def make_disk(folder):
    """Every block of it is there: holes would be read from nowhere."""
    path = os.path.join(folder, "disk.img")
    with open(path, "wb") as file:
        for _ in range(DISK_MIB):
            file.write(os.urandom(1 << 20))
    return path


def processor_ns(pid):
    """How long the busiest thread of a process has run, which is the one that emulates the processor."""
    times = []
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as file:
            times.append(int(file.read().split()[0]))
    return max(times)


class DiskBench(Bench):
    """As linuxbench.Bench, with a driver."""

    def __init__(self, driver, *arguments, **options):
        super().__init__(*arguments, **options)
        self.driver = driver

    def machine(self, folder, **more):
        return Machine(disks=[Disk(f"{make_disk(folder)},driver={self.driver}")],
                       icount=self.icount, **more)

    def work(self, disk):
        return WORK.format(disk=disk, mib=STREAM_MIB, requests=REQUESTS, rounds=self.rounds)

    def native(self):
        with work_folder() as folder:
            machine = self.machine(folder, image="", memory_mib=GUEST_MIB)
            work = self.work(NAMES[self.driver][0])
            emulator = NativeQemu(machine, folder, self.product("linux", "bzImage"),
                                  self.product("linux", "initramfs.gz"),
                                  f'console=ttyS0 quiet rlrun="{work}"')
            return self.talk(emulator)

    def guest(self, isolation):
        with work_folder() as folder:
            config = os.path.join(folder, "linux.cfg")
            with open(config, "w", encoding="utf-8") as file:
                file.write(CONFIG.format(memory=GUEST_MIB, disk=NAMES[self.driver][1],
                                         work=self.work("xvda")))
            plan = control_domain(config, [self.product("linux", "vmlinux"),
                                           self.product("linux", "initramfs.gz")],
                                  f"isolation={isolation}", HOST_MIB)
            modules = [(plan["kernel"], plan["command_line"])]
            modules += [(path, os.path.basename(path)) for path in plan["modules"]]
            image = build_image(folder, hypervisor_path(), plan["hv_options"], modules)
            return self.talk(Qemu(self.machine(folder, image=image, memory_mib=HOST_MIB), folder))

    def talk(self, emulator):
        """For each load the times of its rounds: all that passed, and the processor's."""
        figures = {}
        with Talk(emulator, self.timeout) as talk:
            talk.expect(rb"BENCH start")
            before = processor_ns(emulator.process.pid)
            for number in range(1, self.rounds * len(REQUESTS_OF) + 1):
                talk.expect(rb"(?s)(?:BENCH \w+: \d+\r*\n.*?){%d}" % number)
                after = processor_ns(emulator.process.pid)
                name, ticks = FIGURE.findall(talk.output)[number - 1]
                name = name.decode()
                figures.setdefault(name, []).append(int(ticks) // REQUESTS_OF[name])
                figures.setdefault(f"{name}_work", []).append((after - before)
                                                              // REQUESTS_OF[name])
                before = after
        return figures
