# SPDX-License-Identifier: MIT
"""A machine with the control domain, typed at on the serial line by pexpect."""
import os
import re
import sys
import time

import pexpect
from lib.boot import ROOT

PROMPT = "ringlet# "
LEAVE = "\x1d"
# A line of the hypervisor's or of a guest's that breaks into what is being typed.
ASIDE = r"(?:[\r\n]*\((?:RL|d\d+)\) [^\n]*\n)*"
ECHO = """\
name = "echo"
kernel = "echo.elf"
memory = 8
"""


class Shell:
    """A machine with the control domain and one description for each item of configs. The words in
    prefix go before the command that starts it."""

    # pylint: disable-next=too-many-arguments
    def __init__(self, bench, folder, configs, guest=None, options=(), files=(), prefix=()):
        files = list(files)
        for name, text in configs.items():
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            files.append(path)
        files += [bench.product("guests", "echo.elf"), bench.product("guests", "hello.elf")]
        start = ["--guest", os.path.join(folder, guest)] if guest else []
        command = [os.path.join(ROOT, "tools", "boot"), "--dom0", "--timeout", "120", *options,
                   *start, *(path for path in files if not guest or not path.endswith("/" + guest))]
        environment = dict(os.environ, HV=bench.product("hypervisor.elf"),
                           DOM0=bench.product("dom0.elf"), PVGRUB=bench.product("pvgrub"))
        command = [*prefix, sys.executable, *command]
        self.child = pexpect.spawn(command[0], command[1:], env=environment, encoding="utf-8",
                                   codec_errors="replace", timeout=60, echo=False)
        self.child.delaybeforesend = None
        self.greeting = ""
        log = os.path.join(bench.build, "test-logs",
                           re.sub(r"[^\w.=-]+", "_", "dom0-" + bench.node.name) + ".log")
        os.makedirs(os.path.dirname(log), exist_ok=True)
        # pylint: disable=consider-using-with
        self.child.logfile_read = open(log, "w", encoding="utf-8")

    def expect(self, pattern, timeout=60):
        self.child.expect(pattern, timeout=timeout)
        return self.child.match

    def run(self, line):
        """Type a line; returns what was printed up to the next prompt."""
        self.child.send(line + "\r")
        self.child.expect(ASIDE.join(re.escape(letter) for letter in line))
        self.child.expect_exact(PROMPT)
        return self.child.before.replace("\r", "").lstrip("\n")

    def wait(self, line, good, seconds=30):
        """Type a line until its output is good: guests run when they are let, not at once."""
        deadline = time.monotonic() + seconds
        while not good(output := self.run(line)):
            assert time.monotonic() < deadline, f"{line}: still {output!r}"
            time.sleep(0.2)
        return output

    def wait_console(self, name, text):
        return self.wait(f"console -l {name}", lambda output: text in output)

    def type(self, text):
        self.child.send(text)

    def power_off(self):
        self.child.send("poweroff\r")
        self.child.expect(r"\(RL\) power-off")
        self.child.expect(pexpect.EOF)
        self.child.close()
        assert self.child.exitstatus == 0

    def close(self):
        self.child.close(force=True)
        self.child.logfile_read.close()


def row(text, name):
    """The words of a table's row."""
    rows = [line.split() for line in text.splitlines() if line.startswith(name + " ")]
    return rows[0] if rows else None
