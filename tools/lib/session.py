# SPDX-License-Identifier: MIT
"""Runs an emulator to its end: carries the serial line both ways and judges how it ended.

The judgement rests on the hypervisor's own lines, which start with "(RL) ", and on how the emulator
left: success is "(RL) power-off" as the last of them and an emulator that then ended by itself.
"""
import enum
import os
import select
import time
from dataclasses import dataclass, field

PREFIX = "(RL) "
POWER_OFF = "(RL) power-off"
REBOOT = "(RL) reboot"
PANIC = "(RL) PANIC:"
CRASH = "(RL) dom0 crashed:"

# After a fatal line the machine gets this long, from its last output, to finish its report.
REPORT_SECONDS = 3
# After its last line it must be gone within this time.
EXIT_SECONDS = 10
POLL_SECONDS = 0.2
CHUNK = 4096
MAX_LINE = 64 << 10


class End(enum.IntEnum):
    """How a run ended; the numbers are the exit statuses of tools/boot."""
    POWER_OFF = 0
    ERROR = 1
    USAGE = 2
    REBOOT = 3
    PANIC = 4
    CRASH = 5
    TIMEOUT = 6
    EMULATOR = 7
    INTERRUPTED = 130


@dataclass
class Outcome:
    end: End
    reason: str
    text: str = field(repr=False)

    @property
    def clean(self):
        return self.end == End.POWER_OFF


class Judge:
    """Reads the serial output line by line and remembers what matters for the outcome."""

    def __init__(self):
        self.partial = b""
        self.last = self.panic = self.crash = ""

    def feed(self, data):
        *lines, self.partial = (self.partial + data).split(b"\n")
        self.partial = self.partial[-MAX_LINE:]
        for line in lines:
            self.read_line(line.decode(errors="replace").strip("\r\0 \t"))

    def read_line(self, line):
        # Guest output that does not end its line may stand in front.
        start = line.find(PREFIX)
        if start < 0:
            return
        line = line[start:]
        self.last = line
        if line.startswith(PANIC):
            self.panic = self.panic or line
        elif line.startswith(CRASH):
            self.crash = self.crash or line

    def finish(self):
        self.feed(b"\n")

    def patience(self):
        """Seconds of silence after which waiting is pointless; None when all is well."""
        if self.panic or self.crash:
            return REPORT_SECONDS
        return EXIT_SECONDS if self.last in (POWER_OFF, REBOOT) else None

    def outcome(self, emulator, stopped, timed_out):
        if self.panic:
            return End.PANIC, f"the hypervisor panicked: {self.panic[len(PANIC):].strip()}"
        if self.crash:
            return End.CRASH, f"domain 0 crashed: {self.crash[len(CRASH):].strip()}"
        if timed_out:
            return End.TIMEOUT, f"no power-off; last line: {self.last or 'none'}"
        if self.last == REBOOT:
            return End.REBOOT, "the machine rebooted"
        if stopped:
            return End.EMULATOR, f"{emulator.name} did not stop after: {self.last}"
        if not emulator.ended_cleanly():
            said = emulator.complaint()
            return End.EMULATOR, (f"{emulator.name} ended with status "
                                  f"{emulator.process.returncode}" + (f": {said}" if said else ""))
        if self.last != POWER_OFF:
            return End.EMULATOR, f"{emulator.name} ended early; last line: {self.last or 'none'}"
        return End.POWER_OFF, ""


class Session:
    """One run. sink is called with every piece of output; source_fd is read for input.

    Input waits until the machine has said `ready` (something at all, when that is empty). At the
    input's end `farewell` is typed.
    """

    # pylint: disable-next=too-many-arguments
    def __init__(self, emulator, timeout=0, sink=None, source_fd=None, escape=None, ready=b"",
                 farewell=b""):
        self.emulator = emulator
        self.deadline = time.monotonic() + timeout if timeout else None
        self.sink = sink or (lambda data: None)
        self.source_fd = source_fd
        self.escape = escape
        self.ready = ready
        self.farewell = farewell
        self.judge = Judge()
        self.output = bytearray()
        self.pending = b""
        self.last_activity = time.monotonic()
        self.timed_out = self.stopped = self.interrupted = False

    def run(self):
        try:
            self.emulator.start()
            while self.step():
                pass
            if self.emulator.process.poll() is None and not self.given_up():
                self.await_exit()
        finally:
            self.emulator.stop()
        self.judge.finish()
        if self.interrupted:
            end, reason = End.INTERRUPTED, "ended at the keyboard"
        else:
            end, reason = self.judge.outcome(self.emulator, self.stopped, self.timed_out)
        return Outcome(end, reason, self.output.decode(errors="replace"))

    def given_up(self):
        return self.timed_out or self.stopped or self.interrupted

    def step(self):
        """One round of waiting and copying; false when there is nothing more to come."""
        readers = [self.emulator.output_fd]
        # What a person types before the machine is up would be lost in firmware.
        if self.source_fd is not None and self.is_ready() and not self.pending:
            readers.append(self.source_fd)
        writers = [self.emulator.input_fd] if self.pending else []
        ready, writable, _ = select.select(readers, writers, [], POLL_SECONDS)
        if self.source_fd in ready:
            self.read_input()
        if writable:
            self.write_input()
        if self.emulator.output_fd in ready and not self.read_output():
            return False
        return not self.out_of_time() and not self.interrupted

    def is_ready(self):
        return self.output and self.ready in self.output

    def read_output(self):
        try:
            data = os.read(self.emulator.output_fd, CHUNK)
        except OSError:
            data = b""
        self.output += data
        self.judge.feed(data)
        self.last_activity = time.monotonic()
        if data:
            self.sink(data)
        return bool(data)

    def read_input(self):
        data = os.read(self.source_fd, CHUNK)
        if not data:
            self.source_fd = None
            self.pending = self.farewell
        elif self.escape and self.escape in data:
            self.interrupted = True
        else:
            self.pending = data

    def write_input(self):
        try:
            written = os.write(self.emulator.input_fd, self.pending[:256])
        except OSError:
            written = len(self.pending)
        self.pending = self.pending[written:]

    def out_of_time(self):
        now = time.monotonic()
        if self.deadline and now > self.deadline:
            self.timed_out = True
            return True
        patience = self.judge.patience()
        if patience is not None and now > self.last_activity + patience:
            self.stopped = True
            return True
        # Bochs has no option that ends it at a reset: the machine's own word must do.
        return self.judge.last == REBOOT and self.emulator.name == "Bochs"

    def await_exit(self):
        """The serial line is closed; the process must follow."""
        deadline = time.monotonic() + EXIT_SECONDS
        while self.emulator.process.poll() is None:
            if time.monotonic() > deadline:
                self.stopped = True
                return
            time.sleep(0.01)
