# SPDX-License-Identifier: MIT
"""The control domain's disk drivers, each on both boards and with both interrupt controllers."""
import os
import re

import pytest

MIB = 16
BOARDS = {"pc": [], "q35": ["--machine", "q35"]}
CONTROLLERS = {"ioapic": [], "8259": ["--hv", "noapic"]}
# Options of --disk, and what the control domain calls such a disk.
DISKS = {"virtio": ("driver=virtio", "vda"),
         "virtio-4096": ("driver=virtio,sector=4096", "vda"),
         "virtio-plain": ("driver=virtio,device=indirect_desc=off,device=event_idx=off", "vda"),
         "virtio-legacy": ("driver=virtio-legacy", "vda"),
         "ahci": ("driver=ahci", "sda")}


@pytest.fixture(name="image")
def fixture_image(tmp_path):
    path = tmp_path / "disk.img"
    with open(path, "wb") as file:
        file.truncate(MIB << 20)
    return path


def boot_disk(boot_shell, image, options, *, board="pc", controller="ioapic"):
    return boot_shell(options=[*BOARDS[board], *CONTROLLERS[controller],
                               "--disk", f"{image},{options}"])


@pytest.mark.parametrize("controller", CONTROLLERS)
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("disk", DISKS)
def test_write_and_compare(boot_shell, image, disk, board, controller):
    """What is written comes back, and its interrupt is found."""
    options, name = DISKS[disk]
    shell = boot_disk(boot_shell, image, options, board=board, controller=controller)
    assert f"{name}: no errors" in shell.run(f"disk-test -w -t 1 {name}")
    assert f"{name}: no errors" in shell.run(f"disk-test -t 1 {name}")
    driver = "ahci" if name == "sda" else "virtio-blk"
    lines = [line.split()[-2] for line in shell.run("lspci").splitlines() if driver in line]
    assert any(line.isdigit() for line in lines), f"its interrupt line is not known: {lines}"
    shell.power_off()
    # Each word of the pattern is as likely as any other: not one sector is still zero.
    data = image.read_bytes()
    assert not any(data[at:at + 512] == bytes(512) for at in range(0, len(data), 512))


def test_read_only(boot_shell, image):
    shell = boot_disk(boot_shell, image, "ro")
    assert re.search(r"vda: 16 MiB, virtio-blk, 512 byte sectors, read-only", shell.greeting)
    assert "vda: Read-only file system" in shell.run("disk-test -w vda")
    assert "vda: no errors" in shell.run("disk-test -t 1 vda")
    shell.power_off()


@pytest.mark.parametrize("disk", ["virtio", "virtio-4096", "virtio-legacy", "ahci"])
def test_discard(boot_shell, image, disk):
    """What is discarded takes no room in the image any more."""
    options, name = DISKS[disk]
    shell = boot_disk(boot_shell, image, options + ",drive=discard=unmap")
    assert f"{name}: no errors" in shell.run(f"disk-test -w -t 1 {name}")
    assert os.stat(image).st_blocks * 512 == MIB << 20
    assert f"{name}: no errors" in shell.run(f"disk-test -d -t 1 {name}")
    shell.power_off()
    assert os.stat(image).st_blocks == 0
