# SPDX-License-Identifier: MIT
"""Linux guests (`make linux`) under the control domain: descriptions, runs by script, terminals."""
import itertools
import os
import re

from lib.dom0 import control_domain
from lib.emulator import Machine
from lib.initramfs import extend
from lib.linuxbench import NativeQemu, Talk
from lib.session import End, Outcome

CONFIG = """\
name = "{name}"
kernel = "{kernel}"
ramdisk = "initramfs.gz"
memory = {memory}
cmdline = "console=hvc0 {cmdline}"
{more}
"""
READY = "Ringlet Linux guest ready"
LEAVE = "\x1d"
PROMPT = r"[~\w/]+ # "
# Linux says these when something is broken, in itself or below.
COMPLAINTS = re.compile(r"BUG:|kernel BUG|(?<!\(RL\) )WARNING:|Oops|Call Trace|multicall.*failed|Bad page|"
                        r"soft lockup|blocked for more than|rcu.*stall")
# From `check clock` and the stamp guest: nanoseconds since 1970, and ticks.
CLOCK = re.compile(r"CLOCK (\d+) at (\d+)")
HYPERVISOR_CLOCK = re.compile(r"\(RL\) clock: TSC (\d+) kHz")


def config(name="linux", memory=64, cmdline="quiet", kernel="vmlinux", more=""):
    return CONFIG.format(name=name, memory=memory, cmdline=cmdline, kernel=kernel, more=more)


def linux_files(bench, *kernels):
    return [bench.product("linux", name) for name in (*(kernels or ["vmlinux"]), "initramfs.gz")]


def clock_offsets(text, khz):
    """For each clock that was read, in seconds: its time less that of the time stamp counter."""
    return [int(time) / 1e9 - int(ticks) / (khz * 1e3) for time, ticks in CLOCK.findall(text)]


def boot_linux(boot_shell, bench, configs, options=(), kernels=(), extra_files=(), **more):
    """The control domain's shell, with descriptions of Linux guests and what they start from."""
    return boot_shell(configs, files=[*linux_files(bench, *kernels), *extra_files],
                      options=("--mem", "384", "--timeout", "600", *options), **more)


class Linux:
    """What the Linux guests of one test are made from; files are added to their initramfs."""

    def __init__(self, bench, folder, files=None):
        self.bench = bench
        self.folder = folder
        self.initramfs = bench.product("linux", "initramfs.gz")
        if files:
            self.initramfs = extend(self.initramfs, os.path.join(folder, "initramfs.gz"), files)

    def modules(self, kernel="vmlinux"):
        return [self.bench.product("linux", kernel), self.initramfs]

    # pylint: disable-next=too-many-arguments
    def guest(self, cmdline, *, memory=64, kernel="vmlinux", vcpus=1, hv_options="",
              machine_mib=384, **machine):
        """One guest from its start to its end, with nobody at the keyboard; the Outcome."""
        path = os.path.join(self.folder, "linux.cfg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config(memory=memory, cmdline=cmdline, kernel=kernel,
                              more=f"vcpus = {vcpus}"))
        plan = control_domain(path, self.modules(kernel), hv_options, machine_mib, attended=False)
        plan["kernel"] = self.bench.product("dom0.elf")
        return self.bench.boot(**plan, memory_mib=machine_mib, **machine)

    def native(self, cmdline, *, memory=64, timeout=120, **machine):
        """The same on the bare machine; its output. It halts at the end: it has no ACPI."""
        emulator = NativeQemu(Machine(image="", memory_mib=memory, **machine), self.folder,
                              self.bench.product("linux", "bzImage"), self.initramfs,
                              f"console=ttyS0 {cmdline}")
        with Talk(emulator, timeout) as talk:
            talk.expect(rb"reboot: ")
        text = talk.output.decode(errors="replace")
        self.bench.keep(Outcome(End.POWER_OFF, "native", text))
        return text


# pylint: disable-next=too-many-arguments
def boot_guests(boot_shell, linux, configs, options=(), kernels=("vmlinux",), hv_options="",
               timeout=900):
    """boot_linux() for guests with files of their own in the initramfs, and the stamp guest."""
    files = [*(linux.bench.product("linux", kernel) for kernel in kernels), linux.initramfs]
    files.append(linux.bench.product("guests", "stamp.elf"))
    return boot_shell(configs, files=files,
                      options=("--mem", "384", "--timeout", str(timeout), "--hv", hv_options,
                               *options))


def create(shell, arguments="linux.cfg"):
    assert "create:" not in shell.run(f"create {arguments}")


def await_ready(shell, name="linux", times=1):
    """Wait until it has started (that often, in what is kept of all who had this name)."""
    shell.wait(f"console -l {name}", lambda text: text.count(READY) == times, 180)


class LinuxConsole:
    """A guest's terminal, while `with` lasts. What it said before comes first: marks are unique."""

    numbers = itertools.count(1)

    def __init__(self, shell, name="linux"):
        self.shell = shell
        self.name = name

    def __enter__(self):
        self.shell.type(f"console {self.name}\r")
        self.shell.expect(f"console {self.name}")
        self.shell.type("\r")
        self.shell.expect(PROMPT, 120)
        # So that the echo of a command stays in one piece.
        self.run("stty cols 500", 120)
        return self

    def __exit__(self, *error):
        if not any(error):
            self.shell.type(LEAVE + "\r")
            self.shell.expect("ringlet# ")

    def type(self, line):
        self.shell.type(line + "\r")

    def run(self, command, timeout=60):
        """Type a command, wait for its end; its output and its status."""
        number = next(self.numbers)
        # Typed in two parts, so that the echo, which the shell may repeat, does not have it.
        self.type(f"{command}; echo EN''D{number}=$?")
        # With the end of its line: else half a number might be taken for it.
        match = self.shell.expect(rf"(?P<text>(?s:.*?))END{number}=(?P<status>\d+)\r*\n", timeout)
        text = match["text"].replace("\r", "")
        return text.split(f"D{number}=$?\n")[-1], int(match["status"])
