# SPDX-License-Identifier: MIT
"""Judges from outside: tests that others wrote, run by Linux on the bare machine and as a guest.

guests/linux/judges has the list of the tests, the differences that are known, each with its reason,
and what runs the tests inside; docs/linux.md tells more.
"""
import fnmatch
import os
import re
from dataclasses import dataclass

from .boot import ROOT, boot
from .devices import Disk
from .dom0 import control_domain
from .emulator import Machine
from .errors import UserError
from .initramfs import extend
from .linuxbench import NativeQemu, Talk

FOLDER = os.path.join(ROOT, "guests", "linux", "judges")
SETS = ("short", "long")
# A test that takes longer is ended; on a busy machine most take a few seconds.
TEST_SECONDS = 120
BOOT_SECONDS = 120
MEMORY_MIB = 128
HOST_MIB = 512
CONFIG = """\
name = "linux"
kernel = "vmlinux"
ramdisk = "initramfs.gz"
memory = {memory}
disk = [{disk}]
cmdline = 'console=hvc0 {command_line}'
"""
COMMAND_LINE = 'quiet rlrun="sh /judges/run"'
LINE = re.compile(r"JUDGE (\S+)((?: \d+){6})\r*\n")
END = rb"JUDGE end"
DETAIL = re.compile(r"JUDGE (\S+)(?: \d+){6}\r*\n((?:\| .*\n)+)")
# What timeout and the kernel's own tests end with.
KILLED, SKIPPED = 137, 4
STRESS, DEBUGGER = "stress/", "gdb/"


@dataclass(frozen=True)
class Test:
    """A line of the list."""
    name: str
    set: str
    arguments: str

    @property
    def is_stress(self):
        return self.name.startswith(STRESS)

    @property
    def is_debugger(self):
        return self.name.startswith(DEBUGGER)

    def line(self, stress_seconds):
        """What `run` reads."""
        program = os.path.basename(self.name.partition(":")[0])
        if self.is_stress:
            command = (f"chroot /mnt stress-ng --temp-path /tmp --verify --vm-bytes 16M --{program} 2 "
                       f"--timeout {stress_seconds} {self.arguments}").rstrip()
        elif self.is_debugger:
            command = f"gdb -nx -batch -x {program}.gdb debuggee"
        else:
            command = f"./{program} {self.arguments}".rstrip()
        return f"{self.name} {TEST_SECONDS} {command}\n"


@dataclass(frozen=True)
class Result:
    """How one test ended on one side."""
    status: int
    passed: int
    failed: int
    skipped: int
    complaints: int

    def __str__(self):
        words = {0: "pass", KILLED: "too late", SKIPPED: "skip"}
        counts = [f"{count} {name}" for count, name in
                  ((self.passed, "ok"), (self.failed, "failed"), (self.skipped, "skipped")) if count]
        text = words.get(self.status, f"fail, status {self.status}")
        text += f" ({', '.join(counts)})" if counts else ""
        return text + (" and the kernel complains" if self.complaints else "")


@dataclass
class Verdict:
    """What both sides said. rows has (name, native, guest, remark) of every test, as text."""
    rows: list
    unexplained: list
    outdated: list

    @property
    def good(self):
        return not self.unexplained and not self.outdated


def lines_of(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                yield line.strip()


def read_tests():
    tests = [Test(*(line.split(None, 2) + [""])[:3]) for line in lines_of("tests")]
    wrong = [test.name for test in tests if test.set not in SETS]
    if wrong:
        raise UserError(f"{FOLDER}/tests: {wrong[0]}: there are the sets {', '.join(SETS)}")
    return tests


def read_differences():
    """For each test that may differ: its result on the bare machine, as a guest, and the reason."""
    fields = [[field.strip() for field in line.split("|")] for line in lines_of("differences")]
    return {name: (native, guest, reason) for name, native, guest, reason in fields}


def choose(tests, chosen_set, pattern=""):
    """The long set has the short one in it."""
    return [test for test in tests if (chosen_set == "long" or test.set == chosen_set)
            and fnmatch.fnmatch(test.name, f"*{pattern}*")]


def time_limit(tests):
    """Far more than they need, so that a hang ends."""
    return BOOT_SECONDS + TEST_SECONDS * len(tests) // 2


def results_in(text):
    """The results by name. Each is said twice: once it may mix with what else is on the line."""
    return {name: Result(*map(int, numbers.split()[:5])) for name, numbers in LINE.findall(text)}


def details_in(text):
    return {name: lines.replace("\r", "") for name, lines in DETAIL.findall(text)}


class Judges:
    """The tests of one run, in the products of one build folder; sink gets what the machines say.

    Each side boots once for the selftests and once for the debugger, where QEMU counts time in
    instructions, so that results repeat on a busy machine and sleeping costs nothing; and once for
    stress-ng, which is on a disk, whose time is the real one.
    """

    def __init__(self, build, folder, tests, stress_seconds, sink=None):
        self.build = build
        self.folder = folder
        self.tests = tests
        self.stress_seconds = stress_seconds
        self.sink = sink or (lambda data: None)

    def product(self, *path):
        path = os.path.join(self.build, *path)
        if not os.path.isfile(path):
            raise UserError(f"{os.path.relpath(path)} does not exist: run make selftests guest-disk")
        return path

    def initramfs(self, archive, tests):
        """Linux unpacks one archive after the other: its own files, the tests, and the list."""
        both = os.path.join(self.folder, "both.gz")
        with open(both, "wb") as target:
            for name in ("initramfs.gz", archive):
                with open(self.product("linux", name), "rb") as source:
                    target.write(source.read())
                target.write(bytes(-target.tell() % 4))
        with open(os.path.join(FOLDER, "run"), encoding="utf-8") as file:
            script = file.read()
        lines = "".join(test.line(self.stress_seconds) for test in tests)
        return extend(both, os.path.join(self.folder, "initramfs.gz"),
                      {"judges/run": script, "judges/list": lines})

    def boots(self, bochs=False):
        """For each boot its time limit, its initramfs, and what the machine has."""
        stress = [test for test in self.tests if test.is_stress]
        debugger = [test for test in self.tests if test.is_debugger]
        others = [test for test in self.tests if not test.is_stress and not test.is_debugger]
        for archive, tests in (("judges.gz", others), ("debugger.gz", debugger)):
            if tests:
                yield time_limit(tests), self.initramfs(archive, tests), {"icount": not bochs}
        if stress:
            disk = Disk(f"{self.product('linux', 'disk.img')},drive=snapshot=on")
            yield time_limit(stress), self.initramfs("judges.gz", stress), {"disks": [disk]}

    def native(self):
        """What the bare machine says."""
        return "".join(self.boot_native(*boot) for boot in self.boots())

    def boot_native(self, limit, initramfs, machine):
        machine = Machine(image="", memory_mib=MEMORY_MIB, **machine)
        emulator = NativeQemu(machine, self.folder, self.product("linux", "bzImage"), initramfs,
                              f"console=ttyS0 {COMMAND_LINE}")
        with Talk(emulator, limit) as talk:
            try:
                talk.expect(END)
            except UserError:
                # Tests without a result tell the rest.
                pass
        self.sink(talk.output)
        return talk.output.decode(errors="replace")

    def guest(self, isolation="segment", bochs=False):
        """What a guest says."""
        return "".join(self.boot_guest(isolation, bochs, *boot) for boot in self.boots(bochs))

    # pylint: disable-next=too-many-arguments
    def boot_guest(self, isolation, bochs, limit, initramfs, machine):
        path = os.path.join(self.folder, "linux.cfg")
        disk = "'vda,,xvda,w'" if "disks" in machine else ""
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(memory=MEMORY_MIB, disk=disk, command_line=COMMAND_LINE))
        plan = control_domain(path, [self.product("linux", "vmlinux"), initramfs],
                              f"isolation={isolation}", HOST_MIB, attended=False)
        plan["kernel"] = self.product("dom0.elf")
        return boot(**plan, hypervisor=self.product("hypervisor.elf"), bochs=bochs, timeout=limit,
                    sink=self.sink, memory_mib=HOST_MIB, **machine).text


def compare(tests, native_text, guest_text, differences):
    """A Verdict on what the two sides said."""
    native, guest = results_in(native_text), results_in(guest_text)
    verdict = Verdict([], [], [])
    for test in tests:
        said = [str(side.get(test.name, "no result")) for side in (native, guest)]
        known = differences.get(test.name)
        remark = ""
        if said[0] != said[1] or "no result" in said:
            if known and said == list(known[:2]):
                remark = known[2]
            else:
                remark = "DIFFERENT"
                verdict.unexplained.append(test.name)
        elif known:
            remark = f"no longer different: {known[2]}"
            verdict.outdated.append(test.name)
        verdict.rows.append((test.name, *said, remark))
    return verdict
