# SPDX-License-Identifier: MIT
"""One disk of QEMU under Linux on the bare machine, and as a disk of the same Linux as a guest of the control
domain: large requests in order, and small ones at random, many at once."""
import os

from .boot import work_folder
from .devices import Disk
from .emulator import Machine
from .linuxbench import END, GUEST_MIB, HOST_MIB, Bench, NativeQemu, Talk
from .qemu import Qemu

DISK_MIB = 256
# What one figure is measured with.
STREAM_MIB = 256
REQUESTS = 10000
# As in guests/linux/initramfs/disk.c.
FLUSHES = 200
REQUESTS_OF = {"write_mib": STREAM_MIB, "read_mib": STREAM_MIB, "random_write": REQUESTS,
               "random_read": REQUESTS, "write_flush": FLUSHES}
# What Linux on the bare machine, and the control domain, call the disk.
NAMES = {"virtio": "vda", "virtio-legacy": "vda", "ahci": "sda"}
CONFIG = """\
name = "linux"
kernel = "vmlinux"
ramdisk = "initramfs.gz"
memory = {memory}
disk = [ '{disk},,xvda,rw' ]
cmdline = 'console=hvc0 quiet rlrun="{work}"'
"""
WORK = "until [ -b /dev/{disk} ]; do usleep 100000; done; /disk /dev/{disk} {mib} {requests} {rounds}"


def make_disk(folder):
    """Every block of it is there: holes would be read from nowhere."""
    path = os.path.join(folder, "disk.img")
    with open(path, "wb") as file:
        for _ in range(DISK_MIB):
            file.write(os.urandom(1 << 20))
    return path


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
            work = self.work(NAMES[self.driver])
            emulator = NativeQemu(machine, folder, self.product("linux", "bzImage"),
                                  self.product("linux", "initramfs.gz"),
                                  f'console=ttyS0 quiet rlrun="{work}"')
            return self.talk(emulator)

    def guest(self, isolation):
        with work_folder() as folder:
            config = os.path.join(folder, "linux.cfg")
            with open(config, "w", encoding="utf-8") as file:
                file.write(CONFIG.format(memory=GUEST_MIB, disk=NAMES[self.driver],
                                         work=self.work("xvda")))
            image = self.image(folder, config, [self.product("linux", "vmlinux"),
                                                self.product("linux", "initramfs.gz")], isolation)
            return self.talk(Qemu(self.machine(folder, image=image, memory_mib=HOST_MIB), folder))

    def talk(self, emulator):
        with Talk(emulator, self.timeout) as talk:
            talk.expect(END)
            return {name: [ticks // REQUESTS_OF[name] for ticks in values]
                    for name, values in talk.figures().items()}
