# SPDX-License-Identifier: MIT
"""A machine that loses its power while a guest writes: what the guest was told to be safe is safe.

The disk keeps what no flush has followed in a cache, of which a random part is lost. RINGLET_KILLS=N (make
disk-test) pulls the plug that many times for each driver, RINGLET_SEED=N in another way.
"""
import os
import random

import pytest
from harness.power import Ledger, VolatileDisk, make_file_system, run_until_power_fails
from lib.boot import build_image, prepare_modules
from lib.devices import Disk
from lib.dom0 import control_domain
from lib.emulator import Machine
from lib.qemu import Qemu

KILLS = int(os.environ.get("RINGLET_KILLS", "2"))
SEED = os.environ.get("RINGLET_SEED", "1")
DRIVERS = {"virtio": "vda", "virtio-legacy": "vda", "ahci": "sda"}
DISK_MIB = 256
# Longer runs fill more of the disk; short ones end in the middle of the journal's recovery.
MOST_SECONDS = 6
CONFIG = """\
name = "writer"
kernel = "bzImage"
ramdisk = "initramfs.gz"
memory = 64
disk = ['{disk},,xvda,w']
cmdline = 'console=hvc0 quiet rlrun="mount -t ext4 /dev/xvda /mnt && /records /mnt one two"'
"""


def unreliable_machines(bench, folder, driver, honest=True):
    """The ledger of a disk, and for each time that its machine loses power an (image, folder)."""
    chance = random.Random(f"{SEED} {driver}")
    image, config = os.path.join(folder, "disk.img"), os.path.join(folder, "writer.cfg")
    make_file_system(image, DISK_MIB)
    with open(config, "w", encoding="utf-8") as file:
        file.write(CONFIG.format(disk=DRIVERS[driver]))
    plan = control_domain(config, [bench.product("linux", "bzImage"),
                                   bench.product("linux", "initramfs.gz")])
    modules = prepare_modules(folder, plan["kernel"], plan["command_line"], plan["modules"])
    iso = build_image(folder, bench.product("hypervisor.elf"), plan["hv_options"], modules)
    disk, ledger = VolatileDisk(folder, image, honest), Ledger()
    while True:
        disk.start()
        machine = Machine(image=iso, disks=[Disk(f"{disk.url},driver={driver}")])
        text = run_until_power_fails(Qemu(machine, folder), disk, 2,
                                     chance.uniform(0, MOST_SECONDS), chance)
        bench.keep_text(text)
        ledger.read(text)
        yield ledger, image


@pytest.mark.parametrize("driver", DRIVERS)
def test_acknowledged_is_safe(bench, tmp_path, monkeypatch, driver):
    monkeypatch.setenv("DOM0", bench.product("dom0.elf"))
    machines = unreliable_machines(bench, str(tmp_path), driver)
    for number, (ledger, image) in zip(range(KILLS), machines):
        ledger.check(image, str(tmp_path))
        print(f"{driver}: power lost {number + 1} times, {ledger.said} acknowledgements")
    assert ledger.said, "the guest wrote nothing"


def test_lost_flushes_are_noticed(bench, tmp_path, monkeypatch):
    """The same with flushes that reach no disk: the test above must be able to fail."""
    monkeypatch.setenv("DOM0", bench.product("dom0.elf"))
    with pytest.raises(AssertionError, match="lost|damaged|e2fsck|debugfs|though .* was safe"):
        for ledger, image in unreliable_machines(bench, str(tmp_path), "virtio", honest=False):
            ledger.check(image, str(tmp_path))
