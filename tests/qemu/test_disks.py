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


def until_allocated(shell, image, command, size):
    """Runs a test of one second until it has been everywhere: how often depends on the host."""
    for _ in range(10):
        assert ": no errors" in shell.run(command)
        if os.stat(image).st_blocks * 512 == size:
            return
    pytest.fail(f"ten runs of '{command}' left {os.stat(image).st_blocks * 512} bytes")


@pytest.mark.parametrize("controller", CONTROLLERS)
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("disk", DISKS)
def test_write_and_compare(boot_shell, image, disk, board, controller):
    """What is written comes back, and its interrupt is found."""
    options, name = DISKS[disk]
    shell = boot_disk(boot_shell, image, options, board=board, controller=controller)
    until_allocated(shell, image, f"disk-test -w -t 1 {name}", MIB << 20)
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
    until_allocated(shell, image, f"disk-test -w -t 1 {name}", MIB << 20)
    until_allocated(shell, image, f"disk-test -d -t 1 {name}", 0)
    shell.power_off()


DEVICES = {"virtio": ("-device virtio-blk-pci,drive=disk,disable-legacy=on", "vda"),
           "virtio-legacy": ("-device virtio-blk-pci,drive=disk,disable-modern=on", "vda"),
           "ahci": ("-device ich9-ahci,id=ahci -device ide-hd,drive=disk,bus=ahci.0", "sda")}
BAD_READ, BAD_WRITE = 20000, 24000


@pytest.mark.parametrize("disk", DEVICES)
def test_bad_sectors(boot_shell, image, disk):
    """A sector that cannot be read or written is an error of exactly the requests that touch it."""
    device, name = DEVICES[disk]
    errors = [f"inject-error.{number}.event=none,inject-error.{number}.iotype={iotype},"
              f"inject-error.{number}.errno=5,inject-error.{number}.sector={sector},"
              f"inject-error.{number}.once=off"
              for number, (iotype, sector) in enumerate([("read", BAD_READ), ("write", BAD_WRITE)])]
    shell = boot_shell(options=["--extra", f"-blockdev driver=file,node-name=file,filename={image} "
                                f"-blockdev driver=blkdebug,node-name=bad,image=file,{','.join(errors)} "
                                f"-blockdev driver=raw,node-name=disk,file=bad {device}"])
    read, written = shell.run(f"disk-test -t 4 {name}"), shell.run(f"disk-test -w -t 4 {name}")
    assert f"{name}: FAILED" in read and f"{name}: FAILED" in written
    # A request of 1 MiB that contains the sector; random ones are of a single page.
    first = [int(at) for at in re.findall(r"the first at sector (\d+)", read)]
    assert BAD_READ - 2048 * 4 < first[0] <= BAD_READ
    assert all(at == BAD_READ - BAD_READ % 8 for at in first[1:])
    assert re.search(r"[1-9]\d* of \d+ requests failed, 0 had wrong data", read)
    # What could not be written holds old data, which a comparison may find.
    assert written.count("requests failed") >= 2
    shell.power_off()


# A request of 1 MiB takes longer than a second, and four of them ten.
SLOW = 400000


@pytest.mark.parametrize("disk", DEVICES)
def test_stuck(boot_shell, image, disk):
    """A disk that does not answer is reset, and its requests fail in the end; it is not lost."""
    device, name = DEVICES[disk]
    shell = boot_shell(options=["--extra", f"-drive if=none,id=disk,file={image},format=raw,"
                                f"throttling.bps-total={SLOW} {device}"])
    assert shell.run("disk-timeout").strip() == "30 s"
    shell.run("disk-timeout 1")
    output = shell.run(f"disk-test -t 1 {name}")
    assert f"{name}: a request takes too long, resetting it" in output
    assert re.search(r"[1-9]\d* of \d+ requests failed, 0 had wrong data", output)
    shell.run("disk-timeout 100")
    assert f"{name}: no errors" in shell.run(f"disk-test -d -t 1 {name}")
    shell.power_off()
