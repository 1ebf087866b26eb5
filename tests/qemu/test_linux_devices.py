# SPDX-License-Identifier: MIT
"""Linux guests with their root on a disk of the control domain, and a network through one of its cards."""
import re

import pytest
from harness.guests import context
from harness.iperf import OUTSIDE, iperf_server
from lib.devices import Disk, Net
from lib.dom0 import control_domain

# Each disk driver and each card once.
DRIVERS = {"virtio": ("vda", "virtio"), "virtio-legacy": ("vda", "virtio-legacy"),
           "ahci": ("sda", "e1000")}
CONFIG = """\
name = "linux"
kernel = "bzImage"
memory = 128
disk = ['{disk},,xvda,w']
vif = ['']
cmdline = 'console=hvc0 quiet root=/dev/xvda rw rlrun="{run}"'
"""
TEST_SECONDS = 400


@pytest.mark.parametrize("driver", DRIVERS)
def test_root_and_network(bench, tmp_path, monkeypatch, driver):
    """The root file system, an address by DHCP, an fio verification and an iperf3 run both ways."""
    monkeypatch.setenv("DOM0", bench.product("dom0.elf"))
    disk, card = DRIVERS[driver]
    config = tmp_path / "linux.cfg"
    with iperf_server() as port:
        config.write_text(CONFIG.format(disk=disk, run=f"iotest {OUTSIDE} {port}"),
                          encoding="utf-8")
        plan = control_domain(str(config), [bench.product("linux", "bzImage")], attended=False)
        image = bench.product("linux", "disk.img")
        outcome = bench.boot(**plan, timeout=TEST_SECONDS, nets=[Net(f"user,driver={card}")],
                             disks=[Disk(f"{image},driver={driver},drive=snapshot=on")])
    passed, failed = bench.report_lines(outcome.text)
    assert re.search(r"iotest: 1 rounds", outcome.text), f"it did not end{context(outcome)}"
    assert (passed, failed) == (5, 0), f"{passed} passed, {failed} failed"
    assert outcome.clean, f"{outcome.reason}{context(outcome)}"
