# SPDX-License-Identifier: MIT
"""Linux as a guest, from a person's seat: start, typing, every way to end."""
import os
import re
import subprocess

import pytest
from harness.guests import context
from harness.linux import (COMPLAINTS, LEAVE, Linux, LinuxConsole, await_ready, boot_guests, config,
                           create)
from harness.linuxwork import WORK, two_guests_work
from lib.boot import ROOT

MODES = ("segment", "paging")


def assert_gone(shell, name):
    shell.wait("list", lambda text: name + " " not in text, 120)


def test_linux_run(bench):
    """What `make run` boots; its input has ended from the start, so it must end by itself."""
    files = [os.path.join(ROOT, "guests", "linux", "linux.cfg"),
             os.path.join(ROOT, "guests", "hello", "hello.cfg"),
             bench.product("linux", "vmlinux"), bench.product("linux", "initramfs.gz"),
             bench.product("guests", "hello.elf")]
    environment = dict(os.environ, HV=bench.product("hypervisor.elf"),
                       DOM0=bench.product("dom0.elf"))
    result = subprocess.run([os.path.join(ROOT, "tools", "boot"), "--dom0", "--mem", "512",
                             "--timeout", "120", *files], input=b"list\ncreate -F hello.cfg\nconsole -l hello\n",
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
                            check=False)
    text = result.stdout.decode(errors="replace")
    assert result.returncode == 0, result.stderr.decode(errors="replace")
    assert re.search(r"^linux +1 +64 ", text, re.MULTILINE), "the guest has not started by itself"
    assert "Hello from ring 1" in text


@pytest.mark.parametrize("mode", MODES)
def test_linux_life(boot_shell, bench, tmp_path, mode):
    """Typing in it, a second one, poweroff from inside, shutdown and destroy from outside."""
    shell = boot_guests(boot_shell, Linux(bench, str(tmp_path)),
                       {"linux.cfg": config(more="autostart = 1")},
                       hv_options=f"isolation={mode}")
    await_ready(shell)
    create(shell, "linux.cfg name=second")
    with LinuxConsole(shell) as linux:
        assert linux.run("uname -m") == ("i686\n", 0)
        assert linux.run("seq 1 2000 | md5sum | cut -c 1-8")[1] == 0
    await_ready(shell, "second")
    with LinuxConsole(shell, "second") as linux:
        assert "i686" in linux.run("uname -a")[0]
        linux.type("poweroff")
        shell.expect("second has ended")
    assert_gone(shell, "second")
    create(shell, "linux.cfg name=third")
    shell.run("destroy third")
    assert_gone(shell, "third")
    shell.run("shutdown linux")
    assert_gone(shell, "linux")
    for name in ("linux", "second"):
        assert not COMPLAINTS.search(shell.run(f"console -l {name}")), f"{name} complains"
    shell.power_off()


def test_linux_ends(boot_shell, bench, tmp_path):
    """Reboot and halt from inside, reboot from outside."""
    shell = boot_guests(boot_shell, Linux(bench, str(tmp_path)), {"linux.cfg": config()})
    create(shell)
    await_ready(shell)
    with LinuxConsole(shell) as linux:
        linux.type("reboot")
        shell.expect("reboot: Restarting system")
        shell.expect("about to get started", 120)
    # A new domain, whose console goes on behind what the old one said.
    shell.type("\r")
    shell.wait("domid linux", lambda text: text.strip() == "2", 60)
    await_ready(shell, times=2)
    shell.run("reboot linux")
    shell.wait("domid linux", lambda text: text.strip() == "3", 60)
    await_ready(shell, times=3)
    with LinuxConsole(shell) as linux:
        linux.type("halt")
        shell.expect("linux has ended")
    assert_gone(shell, "linux")
    shell.power_off()


@pytest.mark.parametrize("mode", MODES)
def test_linux_check(bench, tmp_path, mode):
    """Linux's own view of what it stands on: guests/linux/initramfs/selftest."""
    outcome = Linux(bench, str(tmp_path)).guest("quiet rltest", timeout=200,
                                                hv_options=f"isolation={mode}")
    assert outcome.clean, f"{outcome.reason}{context(outcome)}"
    passed, failed = bench.report_lines(outcome.text)
    assert f"RESULT: {passed} passed, {failed} failed" in outcome.text and passed > 20
    assert not COMPLAINTS.search(outcome.text)


FILL = "#!/bin/sh\n/fill $fill\nfree -m\n"


def available(text):
    return int(re.search(r"^Mem: +(\d+)", text, re.MULTILINE)[1])


@pytest.mark.parametrize("memory, fill", [(16, 4), (32, 14), (2048, 1850)])
def test_linux_memory(bench, tmp_path, memory, fill):
    """It starts, sees its memory, high memory too, and finds in nearly all of it what it wrote."""
    linux = Linux(bench, str(tmp_path), {"run": FILL})
    outcome = linux.guest(f"quiet rlrun=/run fill={fill}", memory=memory, timeout=400,
                          machine_mib=max(384, memory + 256))
    assert outcome.clean, f"{outcome.reason}{context(outcome)}"
    assert f"FILLED {fill} MiB" in outcome.text
    assert not COMPLAINTS.search(outcome.text)
    # The kernel and its page array are not in it.
    assert memory - 10 - memory // 16 <= available(outcome.text) <= memory


def test_linux_sysrq(boot_shell, bench, tmp_path):
    """The magic key, from the control domain."""
    shell = boot_guests(boot_shell, Linux(bench, str(tmp_path)), {"linux.cfg": config(cmdline="")})
    create(shell)
    await_ready(shell)
    shell.run("sysrq linux m")
    shell.wait("console -l linux", lambda text: "sysrq: Show Memory" in text and
               "pages RAM" in text, 60)
    shell.run("sysrq linux b")
    # A domain of its own, whose console goes on behind what the old one said.
    shell.wait("domid linux", lambda text: text.strip() == "2", 60)
    shell.power_off()


@pytest.mark.parametrize("action", ["preserve", "restart"])
def test_linux_panic(boot_shell, bench, tmp_path, action):
    """A panic is the crash action's; the kept console has the reason and the trace."""
    shell = boot_guests(boot_shell, Linux(bench, str(tmp_path)),
                        {"linux.cfg": config(more=f'on_crash = "{action}"')})
    create(shell)
    await_ready(shell)
    shell.type("console linux\r")
    shell.expect("console linux")
    shell.type("\recho c >/proc/sysrq-trigger\r")
    shell.expect(r"linux: crashed \(reason 3\)", 120)
    shell.type(LEAVE + "\r")
    if action == "restart":
        shell.wait("domid linux", lambda text: text.strip() == "2", 60)
        await_ready(shell, times=2)
    else:
        assert re.search(r"^linux +1 +64 +1 +\S*c", shell.run("list"), re.MULTILINE)
    kept = shell.run("console -l linux")
    for words in ("sysrq: Trigger a crash", "Kernel panic - not syncing: sysrq triggered crash",
                  "Call Trace:", "sysrq_handle_crash", "write_sysrq_trigger"):
        assert words in kept, f"no {words} in {kept[-2000:]}"
    shell.run("destroy linux")
    assert_gone(shell, "linux")
    shell.power_off()


def test_linux_two_guests(boot_shell, bench, tmp_path):
    two_guests_work(boot_shell, Linux(bench, str(tmp_path), {"work": WORK}), 10, 1)


def test_linux_balloon(boot_shell, bench, tmp_path):
    """Memory that the control domain takes and gives again, while the guest uses what it has."""
    shell = boot_guests(boot_shell, Linux(bench, str(tmp_path)), {"linux.cfg": config(memory=96)})
    create(shell)
    await_ready(shell)
    for memory in (48, 96):
        shell.run(f"mem-set linux {memory}")
        shell.wait("list", lambda text, memory=memory: re.search(
            rf"^linux +\d+ +{memory} ", text, re.MULTILINE), 60)
        with LinuxConsole(shell) as linux:
            text, _ = linux.run("free -m; dd if=/dev/zero of=/tmp/a bs=1M count=8; rm /tmp/a")
            total = int(re.search(r"Mem: +(\d+)", text)[1])
            assert memory - 24 < total <= memory, f"{total} MiB after mem-set {memory}"
    assert not COMPLAINTS.search(shell.run("console -l linux"))
    shell.power_off()


def test_linux_exhaustion(boot_shell, bench, tmp_path):
    """A program that takes all memory, and a fork bomb: the guest deals with both by itself."""
    shell = boot_guests(boot_shell, Linux(bench, str(tmp_path)), {"linux.cfg": config(memory=48)})
    create(shell)
    await_ready(shell)
    with LinuxConsole(shell) as linux:
        assert linux.run("tail /dev/zero", 120)[1] == 137
        assert "Out of memory" in linux.run("dmesg | grep -c 'Out of memory'; dmesg | tail -n 3")[0]
        # All of it ends with the first process of its name space, and runs out of memory before the
        # terminal's shell does: between equals the kernel chooses whom it likes.
        linux.run("unshare -p -f sh -c 'echo 1000 >/proc/self/oom_score_adj; "
                  "b() { b | b & }; b; sleep 3' 2>/dev/null", 180)
        assert linux.run("echo alive $((6 * 7))", 60) == ("alive 42\n", 0)
    assert re.search(r"^linux ", shell.run("list"), re.MULTILINE)
    shell.power_off()
