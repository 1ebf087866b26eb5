# SPDX-License-Identifier: MIT
"""QEMU without acceleration: a PC with a CD drive, one serial port, and the devices asked for."""
import os
import subprocess

from .devices import qemu_arguments
from .emulator import Emulator, last_line

DEFAULT_CPU = "max"


class Qemu(Emulator):
    name = "QEMU"

    def command(self):
        machine = self.machine
        command = [f"qemu-system-{machine.flavour}", "-nodefaults", "-no-user-config",
                   "-accel", "tcg", "-cpu", machine.cpu or DEFAULT_CPU,
                   "-m", str(machine.memory_mib), "-smp", str(machine.cpus),
                   "-display", "none", "-vga", "std", "-no-reboot",
                   "-chardev", "stdio,id=com1,signal=off", "-serial", "chardev:com1",
                   "-drive", f"file={machine.image},media=cdrom,format=raw,readonly=on",
                   "-boot", "d"]
        if machine.icount:
            # Without sleep the clock jumps to the next timer while the guest is idle, which to a
            # device that works in real time would look as if it never answered.
            sleep = "on" if machine.disks or machine.nets else "off"
            command += ["-icount", f"shift=0,sleep={sleep}"]
        if machine.board:
            command += ["-machine", machine.board]
        return command + qemu_arguments(machine.disks, machine.nets) + machine.extra

    def start(self):
        self.log = os.path.join(self.folder, "qemu.log")
        with open(self.log, "wb") as log:
            self.spawn(self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                       bufsize=0)
        self.input_fd = self.process.stdin.fileno()
        self.output_fd = self.process.stdout.fileno()

    def ended_cleanly(self):
        return self.process.returncode == 0

    def complaint(self):
        return last_line(self.log)

    def stop(self):
        super().stop()
        for stream in (self.process.stdin, self.process.stdout) if self.process else ():
            stream.close()
