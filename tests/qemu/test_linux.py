# SPDX-License-Identifier: MIT
"""Linux as a guest, from a person's seat: start, typing, every way to end."""
import os
import re
import subprocess

import pytest
from harness.linux import COMPLAINTS, READY, LinuxConsole, boot_linux, config
from harness.shell import PROMPT
from lib.boot import ROOT

MODES = ("segment", "paging")


def assert_gone(shell, name):
    shell.wait("list", lambda text: name + " " not in text)


def test_linux_run(bench):
    """What `make run` boots; its input has ended from the start, so it must end by itself."""
    files = [os.path.join(ROOT, "guests", "linux", "linux.cfg"),
             os.path.join(ROOT, "guests", "hello", "hello.cfg"),
             bench.product("linux", "vmlinux"), bench.product("linux", "initramfs.gz"),
             bench.product("guests", "hello.elf")]
    environment = dict(os.environ, HV=bench.product("hypervisor.elf"),
                       DOM0=bench.product("dom0.elf"))
    result = subprocess.run([os.path.join(ROOT, "tools", "boot"), "--dom0", "--mem", "512",
                             "--timeout", "120", *files], input=b"list\ncreate hello.cfg\n",
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
                            check=False)
    text = result.stdout.decode(errors="replace")
    assert result.returncode == 0, result.stderr.decode(errors="replace")
    assert re.search(r"^linux +1 +64 ", text, re.MULTILINE), "the guest has not started by itself"
    assert "Hello from ring 1" in text


@pytest.mark.parametrize("mode", MODES)
def test_linux_life(boot_shell, bench, mode):
    """Typing in it, a second one, poweroff from inside, shutdown and destroy from outside."""
    shell = boot_linux(boot_shell, bench, {"linux.cfg": config(more="autostart = 1")},
                       options=("--hv", f"isolation={mode}"))
    shell.wait_console("linux", READY)
    shell.run("create linux.cfg name=second")
    with LinuxConsole(shell) as linux:
        assert linux.run("uname -m") == ("i686\n", 0)
        assert linux.run("seq 1 2000 | md5sum | cut -c 1-8")[1] == 0
    shell.wait_console("second", READY)
    with LinuxConsole(shell, "second") as linux:
        assert "i686" in linux.run("uname -a")[0]
        linux.shell.type("poweroff\r")
        shell.expect("second has ended")
    assert_gone(shell, "second")
    shell.run("create linux.cfg name=third")
    shell.run("destroy third")
    assert_gone(shell, "third")
    shell.run("shutdown linux")
    assert_gone(shell, "linux")
    for name in ("linux", "second"):
        assert not COMPLAINTS.search(shell.run(f"console -l {name}")), f"{name} complains"
    shell.power_off()
