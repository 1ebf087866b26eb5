# SPDX-License-Identifier: MIT
"""What QEMU and Bochs have in common: a process, and two descriptors for its first serial port."""
import ctypes
import os
import signal
import subprocess
from dataclasses import dataclass, field

from .errors import UserError

PR_SET_PDEATHSIG = 1


@dataclass
class Machine:
    """The machine a person asks for; each emulator says which parts it cannot give.

    Disks and nets are devices.Disk and devices.Net, or the text of `--disk` and `--net`.
    """
    image: str
    cpu: str = ""
    memory_mib: int = 256
    cpus: int = 1
    icount: bool = False
    flavour: str = "i386"
    board: str = ""
    disks: list = field(default_factory=list)
    nets: list = field(default_factory=list)
    extra: list = field(default_factory=list)


def die_with_parent():
    """No emulator may outlive the tool, not even when that is killed outright."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Emulator:
    """A running emulator. Subclasses set process, input_fd and output_fd in start()."""
    name = ""

    def __init__(self, machine, folder):
        self.machine = machine
        self.folder = folder
        self.process = None
        self.input_fd = self.output_fd = -1

    def start(self):
        raise NotImplementedError

    def ended_cleanly(self):
        """Whether it ended because the machine was switched off; call after wait()."""
        raise NotImplementedError

    def complaint(self):
        """The last thing the emulator itself said, or nothing."""
        return ""

    def spawn(self, command, **streams):
        try:
            self.process = subprocess.Popen(command, cwd=self.folder, start_new_session=True,
                                            preexec_fn=die_with_parent, **streams)
        except FileNotFoundError as error:
            raise UserError(f"the program {command[0]} is missing: tools/setup run") from error

    def stop(self):
        """End it, whatever it does, and leave no zombie."""
        if not self.process:
            return
        if self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()


def last_line(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file if line.strip()]
    except OSError:
        return ""
    return lines[-1] if lines else ""
