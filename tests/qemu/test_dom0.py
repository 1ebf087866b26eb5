# SPDX-License-Identifier: MIT
"""The control domain as a person uses it: the shell on the serial line, typed at by pexpect."""
import os
import re
import sys

import pexpect
import pytest
from lib.boot import ROOT

PROMPT = "ringlet# "
LEAVE = "\x1d"
ECHO = """\
name = "echo"
kernel = "echo.elf"
memory = 8
"""


class Shell:
    """A machine with the control domain and one description for each item of configs."""

    def __init__(self, bench, folder, configs, guest=None, options=()):
        files = []
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
                           DOM0=bench.product("dom0.elf"))
        self.child = pexpect.spawn(sys.executable, command, env=environment, encoding="utf-8",
                                   codec_errors="replace", timeout=60, echo=False)
        self.child.delaybeforesend = None
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
        self.child.expect_exact(line)
        self.child.expect_exact(PROMPT)
        return self.child.before.replace("\r", "").lstrip("\n")

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


@pytest.fixture
def boot_shell(bench, tmp_path):
    shells = []

    def boot(configs=None, **options):
        shell = Shell(bench, str(tmp_path), configs or {"echo.cfg": ECHO}, **options)
        shells.append(shell)
        if "guest" not in options:
            shell.expect(PROMPT)
        return shell

    yield boot
    for shell in shells:
        shell.close()


def row(text, name):
    """The words of a table's row."""
    rows = [line.split() for line in text.splitlines() if line.startswith(name + " ")]
    return rows[0] if rows else None


def test_shell_without_guests(boot_shell):
    shell = boot_shell()
    assert row(shell.run("list"), "Domain-0")[1] == "0"
    assert "free_memory" in shell.run("info")
    assert "(RL) " in shell.run("dmesg")
    assert row(shell.run("uptime"), "Domain-0")
    assert row(shell.run("vcpu-list"), "Domain-0")[2] == "0"
    assert row(shell.run("sched-credit2"), "Domain-0")[2] == "256"
    assert "echo.elf" in shell.run("files")
    assert "create" in shell.run("help")
    assert "Usage: create" in shell.run("help create")
    assert "no such command" in shell.run("nonsense")
    assert "invalid domain identifier" in shell.run("pause nobody")
    assert "no such file" in shell.run("create nothing.cfg")
    shell.power_off()


def test_line_editor(boot_shell):
    shell = boot_shell()
    shell.type("domn\t0\r")
    shell.expect("domname 0")
    shell.expect("Domain-0")
    shell.expect(PROMPT)
    shell.type("\x1b[A\r")
    shell.expect("Domain-0")
    shell.expect(PROMPT)
    shell.type("xdomnamee 0\x01\x04\x1b[F\x1b[D\x1b[D\x7f\r")
    shell.expect("Domain-0\r*\n")
    shell.expect(PROMPT)
    shell.power_off()


def test_guest_life(boot_shell):
    shell = boot_shell()
    assert "Parsing config from echo.cfg" in shell.run("create echo.cfg extra=first")
    entry = row(shell.run("list"), "echo")
    assert entry[1] == "1" and entry[2] == "8"
    assert shell.run("domid echo").strip() == "1"
    assert shell.run("domname 1").strip() == "echo"
    assert "already exists" in shell.run("create echo.cfg")
    assert "echo guest: first" in shell.run("console -l echo")
    shell.run("pause echo")
    assert "p" in row(shell.run("list"), "echo")[4]
    shell.run("unpause echo")
    shell.run("rename echo other")
    assert row(shell.run("list"), "other")
    shell.run("destroy other")
    assert row(shell.run("list"), "other") is None
    assert "echo guest: first" in shell.run("console -l other")
    shell.power_off()


def test_console(boot_shell):
    shell = boot_shell()
    shell.type("create -c echo.cfg\r")
    shell.expect("echo guest")
    shell.type("hello there\r")
    shell.expect("you said: hello there")
    shell.type(LEAVE)
    shell.expect(PROMPT)
    shell.run("create echo.cfg name=second")
    shell.type("console second\r")
    shell.expect("echo guest")
    shell.type("two\r")
    shell.expect("you said: two")
    shell.type("poweroff\r")
    shell.expect("second has ended")
    shell.expect(PROMPT)
    assert row(shell.run("list"), "second") is None
    assert row(shell.run("list"), "echo")
    shell.power_off()


def test_ends(boot_shell):
    configs = {"echo.cfg": ECHO,
               "keep.cfg": ECHO.replace("echo\"", "keep\"", 1) + 'on_crash = "preserve"\n',
               "again.cfg": ECHO.replace("echo\"", "again\"", 1) + 'on_crash = "restart"\n'}
    shell = boot_shell(configs)
    shell.run("create keep.cfg extra=end=crash")
    assert "c" in row(shell.run("list"), "keep")[4]
    assert "end=crash" in shell.run("console -l keep")
    shell.run("destroy keep")
    shell.type("create -c again.cfg\r")
    shell.expect("echo guest")
    shell.type("crash\r")
    shell.expect("you said: crash")
    shell.expect("echo guest")
    shell.type("reboot\r")
    shell.expect("echo guest", timeout=60)
    shell.type(LEAVE)
    shell.expect(PROMPT)
    assert shell.run("console -l again").count("echo guest") == 3
    shell.power_off()


def test_bad_descriptions(boot_shell):
    configs = {"string.cfg": 'name = "x\n', "unknown.cfg": ECHO + "colour = 3\n",
               "kernel.cfg": ECHO.replace("echo.elf", "string.cfg"),
               "big.cfg": ECHO.replace("8", "4000")}
    shell = boot_shell(configs)
    assert "string.cfg:1: the string of name has no closing" in shell.run("create string.cfg")
    assert "unknown.cfg:4: colour: unknown key" in shell.run("create unknown.cfg")
    assert "kernel \"string.cfg\":" in shell.run("create kernel.cfg name=bad")
    assert re.search(r"needs \d+ KiB, \d+ KiB are free", shell.run("create big.cfg name=big"))
    assert "between" in shell.run("create unknown.cfg name=many vcpus=99")
    shell.power_off()


def test_nothing_is_left_behind(boot_shell):
    shell = boot_shell()

    def free_pages():
        return re.search(r"free_memory +: (\d+)", shell.run("info")).group(1)

    shell.run("create echo.cfg")
    shell.run("destroy echo")
    before = free_pages()
    for _ in range(20):
        shell.run("create echo.cfg")
        shell.run("destroy echo")
    assert free_pages() == before
    shell.power_off()


def test_guest_option(boot_shell):
    """tools/boot --dom0 --guest: the guest's console is there at once."""
    shell = boot_shell(guest="echo.cfg")
    shell.expect("echo guest")
    shell.type("hi\r")
    shell.expect("you said: hi")
    shell.type(LEAVE)
    shell.expect(PROMPT)
    shell.power_off()
