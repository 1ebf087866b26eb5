# SPDX-License-Identifier: MIT
"""Runs rlbench, the Linux guest's benchmark: on the bare machine, or as a guest of the control domain.

The kernel, the program, the emulator and its memory are the same; the time stamp counter, which
guests read too, is the clock. A boot is timed from what the loader, or the domain builder, starts to
the first instruction of init: a stamp started in the kernel's place says when that is.
"""
import os
import re
import select
import time

from .boot import build_image, hypervisor_path, work_folder
from .dom0 import PROMPT, control_domain
from .emulator import Machine
from .errors import UserError
from .qemu import Qemu

GUEST_MIB = 64
HOST_MIB = 256
FIGURE = re.compile(rb"BENCH (\w+): (0x[0-9a-f]+|\d+)\r*\n")
END = re.compile(rb"BENCH end\r*\n")
LINE_END = b"\r"
CHUNK = 4096

GUEST = """\
name = "{name}"
kernel = "{kernel}"
memory = {memory}
"""
LINUX = GUEST + """\
ramdisk = "initramfs.gz"
cmdline = "console=hvc0 quiet rdinit=/bench rounds={rounds}"
"""


class NativeQemu(Qemu):
    """The same machine, which starts a Linux kernel by itself."""

    def __init__(self, machine, folder, kernel, initrd, command_line):
        super().__init__(machine, folder)
        self.kernel = kernel
        self.initrd = initrd
        self.command_line = command_line

    def command(self):
        command = super().command()
        drive = command.index("-drive")
        return (command[:drive] + command[drive + 4:]
                + ["-kernel", self.kernel, "-initrd", self.initrd, "-append", self.command_line])


class Talk:
    """What an emulator says, and what it is told; ends the emulator on leaving."""

    def __init__(self, emulator, timeout):
        self.emulator = emulator
        self.deadline = time.monotonic() + timeout
        self.output = b""

    def __enter__(self):
        self.emulator.start()
        return self

    def __exit__(self, *_):
        self.emulator.stop()

    def expect(self, pattern):
        """Wait until the whole output has the pattern."""
        while not re.search(pattern, self.output):
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise UserError(f"no {pattern} in time; the last output: {self.output[-300:]}")
            if select.select([self.emulator.output_fd], [], [], left)[0]:
                data = os.read(self.emulator.output_fd, CHUNK)
                if not data:
                    raise UserError(f"the machine ended early: {self.output[-300:]}")
                self.output += data

    def type(self, line):
        os.write(self.emulator.input_fd, line.encode() + LINE_END)

    def figures(self):
        """For each name all its figures, in order."""
        result = {}
        for name, value in FIGURE.findall(self.output):
            result.setdefault(name.decode(), []).append(int(value, 0))
        return result


def with_boot(figures):
    """The loader's time taken off."""
    start = figures.pop("start")
    init = figures.pop("init")
    return {"boot": [init[0] - start[0]], **figures}


class Bench:
    """The products of one build folder, and how they are run."""

    def __init__(self, build, icount, rounds, timeout=600):
        # The emulator runs in a folder of its own.
        self.build = os.path.abspath(build)
        self.icount = icount
        self.rounds = rounds
        self.timeout = timeout

    def product(self, *path):
        path = os.path.join(self.build, *path)
        if not os.path.isfile(path):
            raise UserError(f"{os.path.relpath(path)} does not exist: run make and make linux")
        return path

    def native_talk(self, folder, kernel, until):
        machine = Machine(image="", memory_mib=GUEST_MIB, icount=self.icount)
        emulator = NativeQemu(machine, folder, kernel, self.product("linux", "initramfs.gz"),
                              f"console=ttyS0 quiet rdinit=/bench rounds={self.rounds}")
        with Talk(emulator, self.timeout) as talk:
            talk.expect(until)
            return talk.figures()

    def native(self):
        with work_folder() as folder:
            start = self.native_talk(folder, self.product("linux", "stamp.bin"), FIGURE)
            return with_boot({**start, **self.native_talk(folder, self.product("linux", "bzImage"),
                                                          END)})

    def write_guests(self, folder):
        modules = []
        for name, text, kernel in (("stamp", GUEST, "stamp.elf"), ("linux", LINUX, "vmlinux")):
            path = os.path.join(folder, name + ".cfg")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.format(name=name, kernel=kernel, memory=GUEST_MIB,
                                       rounds=self.rounds))
            modules.append(path)
        return modules + [self.product("guests", "stamp.elf"), self.product("linux", "vmlinux"),
                          self.product("linux", "initramfs.gz")]

    @staticmethod
    def image(folder, guest, files, isolation):
        """The control domain with these files; guest is the description that it starts, or None."""
        plan = control_domain(guest, files, f"isolation={isolation}", HOST_MIB)
        modules = [(plan["kernel"], plan["command_line"])]
        modules += [(path, os.path.basename(path)) for path in plan["modules"]]
        return build_image(folder, hypervisor_path(), plan["hv_options"], modules)

    def guest(self, isolation):
        with work_folder() as folder:
            image = self.image(folder, None, self.write_guests(folder), isolation)
            machine = Machine(image=image, memory_mib=HOST_MIB, icount=self.icount)
            with Talk(Qemu(machine, folder), self.timeout) as talk:
                talk.expect(PROMPT)
                # In one line, so that creating the domain counts and typing does not.
                talk.type('repeat 1 "create stamp.cfg; create linux.cfg"')
                talk.expect(rb"1 rounds")
                talk.type("console linux")
                talk.expect(END)
                talk.expect(rb"linux has ended")
                talk.type("console -l stamp")
                talk.expect(rb"BENCH start: \d+\r*\n")
                return with_boot(talk.figures())
