# SPDX-License-Identifier: MIT
"""A kernel as distributions built theirs, without what makes ours fast (`make linux-stock`).

It relies on the emulation of writes to page tables, returns by hypercall, starts further virtual
CPUs, waits for locks in the hypervisor, and comes as an xz-packed bzImage. The
processor is one of Intel's: QEMU's `max`, which other tests use, is an AMD K7 to Linux.
"""
import os
import re

import pytest
from harness.guests import context
from harness.iperf import OUTSIDE, iperf_server
from harness.linux import (COMPLAINTS, Linux, LinuxConsole, await_ready, boot_guests, config,
                           create)

KERNEL = "stock.bzImage"
CPU = "Penryn"
MODES = ("segment", "paging")
# With several processors the work is everywhere: processes, pipes, page tables, for a minute.
WORK = """\
#!/bin/sh
[ "$(grep -c ^processor /proc/cpuinfo)" = $want ] || echo "WRONG number of processors"
end=$(($(cut -d. -f1 /proc/uptime) + seconds))
rounds=0
while :; do
	for job in 1 2 3 4; do
		(i=0; while [ $i -lt 50 ]; do /bin/busybox true || echo WRONG; i=$((i + 1)); done) &
		(seq 1 20000 | cat | cat | wc -l | grep -qx 20000 || echo "WRONG pipe") &
		(/check page_tables || echo "WRONG page tables") &
	done
	wait
	rounds=$((rounds + 1))
	[ $(cut -d. -f1 /proc/uptime) -lt $end ] || break
done
/fill $fill
echo "WORKED $rounds rounds"
"""
ON_DISK = """\
name = "linux"
kernel = "stock.bzImage"
memory = 128
vcpus = 2
disk = ['vda,,xvda,w']
vif = ['']
cmdline = 'console=hvc0 quiet root=/dev/xvda rw rlrun="iotest {outside} {port} {seconds}"'
"""
IO_SECONDS = 60


def gone(listed):
    return not re.search(r"^linux ", listed, re.MULTILINE)


def assert_checked(bench, outcome):
    assert outcome.clean, f"{outcome.reason}{context(outcome)}"
    passed, failed = bench.report_lines(outcome.text)
    assert f"RESULT: {passed} passed, {failed} failed" in outcome.text and passed > 20
    assert not failed and not COMPLAINTS.search(outcome.text)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("vcpus", [1, 2])
def test_stock_check(bench, tmp_path, mode, vcpus):
    """The self-check, as for our own kernel."""
    assert_checked(bench, Linux(bench, str(tmp_path)).guest(
        "quiet rltest", kernel=KERNEL, memory=128, vcpus=vcpus, timeout=600, cpu=CPU,
        hv_options=f"isolation={mode}"))


@pytest.mark.parametrize("vcpus", [1, 2])
def test_stock_alone(bench, vcpus):
    """As the initial domain."""
    assert_checked(bench, bench.boot(
        bench.product("linux", KERNEL), "console=hvc0 quiet rltest",
        [bench.product("linux", "initramfs.gz")], timeout=600, cpu=CPU,
        hv_options=f"dom0_max_vcpus={vcpus}"))


# pylint: disable-next=too-many-arguments
@pytest.mark.parametrize("vcpus, memory, fill, seconds",
                         [(1, 192, 64, 0), (2, 192, 64, 60), (4, 2048, 1700, 0)])
def test_stock_work(bench, tmp_path, *, vcpus, memory, fill, seconds):
    outcome = Linux(bench, str(tmp_path), {"work": WORK}).guest(
        f"quiet rlrun=/work fill={fill} want={vcpus} seconds={seconds}", kernel=KERNEL,
        memory=memory, vcpus=vcpus, timeout=900, machine_mib=max(512, memory + 256), cpu=CPU)
    assert outcome.clean, f"{outcome.reason}{context(outcome)}"
    assert re.search(r"WORKED \d+ rounds", outcome.text), f"it did not end{context(outcome)}"
    assert f"FILLED {fill} MiB" in outcome.text
    assert "WRONG" not in outcome.text and not COMPLAINTS.search(outcome.text)


def test_stock_devices(boot_shell, bench):
    """Its root on a disk that it verifies, and a network that carries streams both ways, meanwhile."""
    with iperf_server() as port:
        shell = boot_shell(
            {"linux.cfg": ON_DISK.format(outside=OUTSIDE, port=port, seconds=IO_SECONDS)},
            files=[bench.product("linux", KERNEL)],
            options=("--mem", "384", "--timeout", "900", "--cpu", CPU, "--net", "user", "--disk",
                     f"{bench.product('linux', 'disk.img')},drive=snapshot=on"))
        create(shell)
        shell.wait("list", gone, IO_SECONDS * 6 + 120)
    text = shell.run("console -l linux")
    passed, failed = bench.report_lines(text)
    assert re.search(r"iotest: [1-9]\d* rounds", text) and passed >= 5 and not failed, text
    assert not COMPLAINTS.search(text)
    shell.power_off()


def test_stock_life(boot_shell, bench, tmp_path):
    """By name from the shell, with two virtual CPUs: typing, a CPU less and again, every end."""
    shell = boot_guests(boot_shell, Linux(bench, str(tmp_path)),
                        {"linux.cfg": config(memory=128, kernel=KERNEL, more="vcpus = 2")},
                        kernels=(KERNEL,), options=("--cpu", CPU))
    create(shell)
    await_ready(shell)
    with LinuxConsole(shell) as linux:
        assert linux.run("grep -c ^processor /proc/cpuinfo", 60) == ("2\n", 0)
        for online in (0, 1):
            assert linux.run(f"echo {online} >/sys/devices/system/cpu/cpu1/online", 60)[1] == 0
            assert linux.run("grep -c ^processor /proc/cpuinfo", 60) == (f"{online + 1}\n", 0)
        linux.type("reboot")
        shell.expect("about to get started", 120)
    shell.type("\r")
    shell.wait("domid linux", lambda text: text.strip() == "2", 60)
    await_ready(shell, times=2)
    assert not COMPLAINTS.search(shell.run("console -l linux"))
    shell.run("shutdown -w linux")
    shell.wait("list", gone, 60)
    shell.power_off()


def test_stock_save(boot_shell, bench, tmp_path):
    """Saved while work goes on on both virtual CPUs, in place and to another life."""
    image = tmp_path / "image"
    image.write_bytes(b"")
    os.truncate(image, 256 << 20)
    shell = boot_guests(boot_shell, Linux(bench, str(tmp_path)),
                        {"linux.cfg": config(memory=96, kernel=KERNEL, more="vcpus = 2")},
                        kernels=(KERNEL,), options=("--cpu", CPU, "--disk", str(image)))
    create(shell)
    with LinuxConsole(shell) as linux:
        linux.run("for job in 1 2; do (while :; do seq 1 500 | cat | wc -l >/tmp/$job.new; "
                  "mv /tmp/$job.new /tmp/$job; done) & done; sleep 1")
    for command in ("save -c linux vda", "save -f linux vda", "restore vda"):
        assert f"{command.split()[0]}:" not in shell.run(command), command
        if command.startswith("save -f"):
            shell.wait("list", gone, 60)
            continue
        with LinuxConsole(shell) as linux:
            assert linux.run("grep -c ^processor /proc/cpuinfo", 60) == ("2\n", 0)
            linux.run("rm /tmp/1 /tmp/2; until [ -e /tmp/1 ] && [ -e /tmp/2 ]; do sleep 1; done", 120)
            assert linux.run("cat /tmp/1 /tmp/2", 60) == ("500\n500\n", 0)
            assert linux.run("/check page_tables && sleep 1", 120)[1] == 0
    shell.run("destroy linux")
    assert not COMPLAINTS.search(shell.run("console -l linux"))
    shell.power_off()
