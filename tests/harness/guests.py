# SPDX-License-Identifier: MIT
"""Our test guests: which there are, how each wants to be booted, and what its output says.

A guest may ask for special treatment in its source, with a comment line such as

    Boot: hv="loglvl=debug" memory=64 arguments="a b" timeout=120 expect=crash

icount=yes makes QEMU count time in instructions, for cases that measure it.
expect is how the run must end: power-off (the default), reboot, crash or panic. skip names an
emulator or isolation mode that the guest is not meant for, with commas: skip=bochs,segment.
"""
import os
import re
import shlex
from dataclasses import dataclass, field

from lib.boot import ROOT, boot
from lib.session import End

from .plugin import INNER
from .results import FAIL, PASS, SKIP

ENDS = {"power-off": End.POWER_OFF, "reboot": End.REBOOT, "crash": End.CRASH, "panic": End.PANIC}
HEAD_BYTES = 4096
BOOT_LINE = re.compile(r"^[\s/*]*Boot:\s*(\w+=.*?)\s*(?:\*/)?$", re.MULTILINE)
TEST_LINE = re.compile(r"TEST (?P<name>[^:\r\n]+): (?P<state>PASS|FAIL|SKIP|ERROR)\b"
                       r"[ \t]*(?P<why>[^\r\n]*)")
RESULT_LINE = re.compile(r"RESULT: (?P<passed>\d+) passed, (?P<failed>\d+) failed")
STATES = {"PASS": PASS, "FAIL": FAIL, "SKIP": SKIP, "ERROR": FAIL}


@dataclass
class Guest:
    """A test guest by name, with the wishes that its source states."""
    name: str
    source: str
    wishes: dict = field(default_factory=dict)

    def path(self, build):
        return os.path.join(build, "guests", self.name + ".elf")

    def skips(self, *features):
        return set(self.wishes.get("skip", "").split(",")) & set(features)


def read_wishes(source):
    with open(source, encoding="utf-8", errors="replace") as file:
        match = BOOT_LINE.search(file.read(HEAD_BYTES))
    return dict(word.split("=", 1) for word in shlex.split(match.group(1))) if match else {}


def files_in(*folder):
    path = os.path.join(ROOT, *folder)
    names = sorted(os.listdir(path)) if os.path.isdir(path) else []
    return [(name[:-2], os.path.join(path, name)) for name in names if name.endswith(".c")]


def all_guests():
    """Every guest that reports TEST lines: guests/tests/*.c, guests/evil* and guests/multi*."""
    guests = [Guest("test-" + name, source, read_wishes(source))
              for name, source in files_in("guests", "tests")]
    folder = os.path.join(ROOT, "guests")
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        sources = [source for _, source in files_in("guests", name)]
        if name.startswith(("evil", "multi")) and sources:
            wishes = map(read_wishes, sources)
            guests.append(Guest(name, os.path.join(folder, name),
                                next(filter(None, wishes), {})))
    return guests


class Bench:
    """The machines of one test."""

    def __init__(self, node, build):
        self.node = node
        self.build = build
        self.boots = 0

    def product(self, *path):
        """A file that make has built; its absence is a failure and not a skip."""
        path = os.path.join(self.build, *path)
        assert os.path.isfile(path), f"{os.path.relpath(path)} was not built"
        return path

    def boot(self, kernel, command_line="", modules=(), *, debug=False, timeout=60, **options):
        """As lib.boot.boot(), with this build's hypervisor and the output kept in a file."""
        hypervisor = self.product(*(["debug"] if debug else []), "hypervisor.elf")
        if options.get("bochs"):
            timeout *= 3
        outcome = boot(kernel, command_line, modules, hypervisor=hypervisor, timeout=timeout,
                       **options)
        self.keep(outcome)
        return outcome

    def keep(self, outcome):
        self.keep_text(f"{outcome.text}\n[{outcome.end.name}] {outcome.reason}\n")

    def keep_text(self, text):
        name = re.sub(r"[^\w.=-]+", "_", self.node.nodeid.replace("::test_", "-")).strip("_")
        suffix = f"-{self.boots}" if self.boots else ""
        self.boots += 1
        folder = os.path.join(self.build, "test-logs")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name + suffix + ".log"), "w", encoding="utf-8") as file:
            file.write(text)

    def run_guest(self, guest, *, hv_options="", **options):
        """Boot a test guest and report its TEST lines; fails unless it ends as it should."""
        wishes = guest.wishes
        if "memory" in wishes:
            options["memory_mib"] = int(wishes["memory"])
        if wishes.get("icount") == "yes" and not options.get("bochs"):
            options["icount"] = True
        outcome = self.boot(guest.path(self.build), wishes.get("arguments", ""),
                            hv_options=f"{hv_options} {wishes.get('hv', '')}".strip(),
                            timeout=float(wishes.get("timeout", 60)), **options)
        passed, failed = self.report_lines(outcome.text)
        expected = ENDS[wishes.get("expect", "power-off")]
        assert outcome.end == expected, f"{outcome.reason or 'clean power-off'}{context(outcome)}"
        # A guest that is to end in another way may have no case but that end.
        if expected == End.POWER_OFF:
            assert passed or failed, "no TEST line"
            check_result_line(outcome.text, passed, failed)

    def report_lines(self, text):
        counts = {PASS: 0, FAIL: 0, SKIP: 0}
        for match in TEST_LINE.finditer(text):
            state = STATES[match["state"]]
            counts[state] += 1
            self.node.user_properties.append((INNER, (match["name"], state, match["why"])))
        return counts[PASS], counts[FAIL]


def context(outcome):
    """The last line of output, for a failure's text."""
    lines = outcome.text.strip().splitlines()
    return f" (output ends: {lines[-1].strip()[:100]})" if lines else " (no output at all)"


def check_result_line(text, passed, failed):
    match = None
    for match in RESULT_LINE.finditer(text):
        pass
    assert match, "no RESULT line"
    said = (int(match["passed"]), int(match["failed"]))
    assert said == (passed, failed), \
        f"RESULT says {said[0]} passed, {said[1]} failed; its lines {passed} and {failed}"
