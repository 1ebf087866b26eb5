# SPDX-License-Identifier: MIT
"""Two Linux systems at work on disks and networks for long: `make linux-test`."""
import re

from harness.iperf import OUTSIDE, iperf_server

SECONDS = 120
CONFIG = """\
name = "{name}"
kernel = "bzImage"
memory = 128
disk = ['{disk},,xvda,w']
vif = ['']
cmdline = 'console=hvc0 quiet root=/dev/xvda rw rlrun="iotest {outside} {port} {seconds}"'
"""
THIRD = """\
name = "third"
kernel = "bzImage"
memory = 64
disk = ['ram:4,,xvda,w']
vif = ['']
cmdline = "console=hvc0 quiet"
"""
END = re.compile(r"^iotest: (\d+) rounds", re.MULTILINE)


def test_beside_a_third(boot_shell, bench):
    """A third guest is created and destroyed again and again beside them, at all stages of its start."""
    image = bench.product("linux", "disk.img")
    disks = {"vda": f"{image},drive=snapshot=on", "sda": f"{image},driver=ahci,drive=snapshot=on"}
    with iperf_server() as first, iperf_server() as second:
        configs = {f"{disk}.cfg": CONFIG.format(name=disk, disk=disk, outside=OUTSIDE, port=port,
                                                seconds=SECONDS)
                   for disk, port in zip(disks, (first, second))}
        shell = boot_shell({**configs, "third.cfg": THIRD}, files=[bench.product("linux", "bzImage")],
                           options=("--mem", "512", "--timeout", "900", "--net", "user",
                                    *(word for disk in disks.values() for word in ("--disk", disk))))
        for name in disks:
            shell.run(f"create {name}.cfg")
        lives = 0
        while any(re.search(rf"^{name} ", shell.run("list"), re.MULTILINE) for name in disks):
            shell.run("create third.cfg")
            for _ in range(lives % 20):
                shell.run("list")
            shell.run("destroy third")
            lives += 1
    assert lives > 20
    for name in disks:
        text = shell.run(f"console -l {name}")
        assert "FAIL" not in text and text.count("TEST verify_disk: PASS") == int(END.search(text)[1]), text
        assert "TEST complaints: PASS" in text, text
    shell.power_off()
