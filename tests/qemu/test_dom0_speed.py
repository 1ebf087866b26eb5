# SPDX-License-Identifier: MIT
"""Goals of speed and size of the control domain, in virtual time: an instruction is a nanosecond."""
import re

from harness.shell import row

HELLO = """\
name = "hello"
kernel = "hello.elf"
memory = 4
"""
ECHO = HELLO.replace("hello", "echo")
GUESTS = 100


def milliseconds(text):
    return float(re.search(r"real ([0-9.]+) ms", text).group(1))


def test_create_in_time(boot_shell):
    """From the command to the end of a guest that prints a few lines, the first and the 100th."""
    shell = boot_shell({"hello.cfg": HELLO}, options=["--icount"])
    assert int(re.search(r"(\d+) ms after the hypervisor", shell.greeting).group(1)) <= 500
    first = milliseconds(shell.run("time -w create hello.cfg"))
    assert first <= 5
    for _ in range(GUESTS - 2):
        shell.run("time -w create hello.cfg")
    assert milliseconds(shell.run("time -w create hello.cfg")) <= 1.25 * first
    shell.power_off()


def test_hundred_guests_at_once(boot_shell):
    shell = boot_shell({"echo.cfg": ECHO}, options=["--mem", "1024"])

    def free_mib():
        return int(row(shell.run("info"), "free_memory")[2])

    before = free_mib()
    for i in range(GUESTS):
        assert "create:" not in shell.run(f"create echo.cfg name=echo{i}")
    for i in (0, GUESTS // 2, GUESTS - 1):
        shell.wait_console(f"echo{i}", "echo guest")
    running = shell.run("list").splitlines()
    assert len([line for line in running if line.startswith("echo")]) == GUESTS
    # At most 64 KiB each beyond their own memory.
    assert before - free_mib() <= GUESTS * 4 + GUESTS * 64 / 1024 + 1
    shell.type(f"console echo{GUESTS - 1}\r")
    shell.type("are you there\r")
    shell.expect("you said: are you there")
    shell.type("\x1d")
    shell.expect("ringlet# ")
    for i in range(GUESTS):
        shell.run(f"destroy echo{i}")
    assert before - free_mib() <= 1
    shell.power_off()
