# SPDX-License-Identifier: MIT
"""Disks of Linux guests that fail, get stuck, or have large sectors; a guest that crashes in between."""
import re

import pytest
from harness.disks import random_image
from harness.linux import READY, LinuxConsole, boot_linux, config, create
from harness.shell import LEAVE, PROMPT

DEVICES = {"virtio": ("-device virtio-blk-pci,drive=disk,disable-legacy=on", "vda"),
           "virtio-legacy": ("-device virtio-blk-pci,drive=disk,disable-modern=on", "vda"),
           "ahci": ("-device ich9-ahci,id=ahci -device ide-hd,drive=disk,bus=ahci.0", "sda")}
BAD_READ, BAD_WRITE = 2000, 2400

# Linux splits what is larger into pages: a sector's page is 8 of them.
DD = "dd bs=4k count=1 if={} of={} {} 2>&1"
LOAD = "for i in 1 2 3; do while true; do busybox dd if=/dev/zero of=/dev/xvda bs=1M count=16 " \
       "seek=$((i * 16)) oflag=direct; done 2>/dev/null & done"


def disk_config(disk, **more):
    return config(more=f"disk = ['{disk},,xvda,rw']", **more)


def start(shell, ready=READY):
    shell.type("create -c linux.cfg\r")
    shell.expect(ready, 240)
    shell.type(LEAVE)
    shell.expect(PROMPT)


@pytest.fixture(name="image")
def fixture_image(tmp_path):
    return random_image(tmp_path / "disk.img", 64)


def read(sector):
    return DD.format("/dev/xvda", "/dev/null", f"skip={sector // 8} iflag=direct")


def write(sector):
    return DD.format("/dev/zero", "/dev/xvda", f"seek={sector // 8} oflag=direct")


@pytest.mark.parametrize("disk", DEVICES)
def test_linux_disk_errors(boot_shell, bench, image, disk):
    """A bad sector is an I/O error of the guest's request for it, and of no other; so is a flush that fails."""
    device, name = DEVICES[disk]
    errors = [f"inject-error.{number}.event={event},inject-error.{number}.iotype={iotype},"
              f"inject-error.{number}.errno=5,inject-error.{number}.once=off"
              + (f",inject-error.{number}.sector={sector}" if sector else "")
              for number, (event, iotype, sector) in enumerate(
                  [("none", "read", BAD_READ), ("none", "write", BAD_WRITE),
                   ("none", "flush", None)])]
    extra = (f"-blockdev driver=file,node-name=file,filename={image} "
             f"-blockdev driver=blkdebug,node-name=bad,image=file,{','.join(errors)} "
             f"-blockdev driver=raw,node-name=disk,file=bad {device}")
    shell = boot_linux(boot_shell, bench, {"linux.cfg": disk_config(name)},
                       options=("--extra", extra))
    start(shell)
    with LinuxConsole(shell) as linux:
        for command, good in ((read(BAD_READ), False), (read(BAD_READ + 8), True),
                              (read(BAD_READ - 8), True), (write(BAD_WRITE), False),
                              (write(BAD_WRITE + 8), True), (write(BAD_WRITE - 8), True)):
            text, status = linux.run(command)
            assert (status == 0) == good, f"{command}: {text}"
            assert good or "I/O error" in text or "Input/output error" in text
        # What was written is in the disk's cache, and the flush says that it stays there.
        text, status = linux.run(write(BAD_WRITE + 16).replace("oflag=direct", "conv=fsync"))
        assert status != 0, text
        # Linux sends no flush after that: a write that it would take for safe must fail, too.
        text, status = linux.run(write(BAD_WRITE + 24))
        assert status != 0, text
        assert linux.run(read(BAD_READ + 16))[1] == 0
    counters = shell.run("block-list")
    assert int(re.search(rf"^{name} .* (\d+)$", counters, re.MULTILINE)[1]) >= 3
    shell.run("destroy linux")
    shell.power_off()


@pytest.mark.parametrize("disk", DEVICES)
def test_linux_disk_stuck(boot_shell, bench, image, disk):
    """A disk that does not answer in time is reset; the guest gets errors and, when it answers again, data."""
    device, name = DEVICES[disk]
    shell = boot_linux(boot_shell, bench, {"linux.cfg": disk_config(name)},
                       options=("--extra", f"-drive if=none,id=disk,file={image},format=raw,"
                                f"throttling.bps-total=40000 {device}"))
    start(shell)
    shell.run("disk-timeout 1")
    with LinuxConsole(shell) as linux:
        linux.run("(dd if=/dev/xvda of=/dev/null bs=512k count=1 iflag=direct 2>/tmp/why; "
                  "echo $? >/tmp/status) & true")
    shell.expect(f"{name}: a request takes too long, resetting it", 120)
    with LinuxConsole(shell) as linux:
        text, status = linux.run("until [ -s /tmp/status ]; do usleep 100000; done; "
                                 "cat /tmp/why; [ $(cat /tmp/status) != 0 ]", 240)
        assert status == 0 and re.search("I/O error|Input/output error", text), text
    shell.run("disk-timeout 300")
    with LinuxConsole(shell) as linux:
        assert linux.run(read(0), 300)[1] == 0
    shell.run("destroy linux")
    shell.power_off()


def test_linux_disk_large_sectors(boot_shell, bench, image):
    """Sectors of 4096 bytes: the guest knows, writes them, and reads what it wrote."""
    shell = boot_linux(boot_shell, bench, {"linux.cfg": disk_config("vda")},
                       options=("--disk", f"{image},sector=4096"))
    start(shell)
    with LinuxConsole(shell) as linux:
        text, status = linux.run(
            "cd /sys/block/xvda/queue && cat logical_block_size physical_block_size && "
            "dd if=/dev/urandom of=/tmp/x bs=64k count=32 && "
            "dd if=/tmp/x of=/dev/xvda bs=64k seek=32 oflag=direct && "
            "echo 3 >/proc/sys/vm/drop_caches && "
            "dd if=/dev/xvda bs=4k skip=512 count=512 iflag=direct | cmp - /tmp/x", 120)
        assert status == 0 and text.split()[:2] == ["4096", "4096"], text
    shell.run("debug-keys g")
    assert re.search(r"Domain 1: grant table.*\n(.*\n)*?.* +[1-9]\d* entries in use", shell.run("dmesg"))
    shell.run("destroy linux")
    shell.power_off()


def test_linux_crash_under_load(boot_shell, bench, image):
    """A kernel that panics in the middle of I/O starts again, and its disk is there."""
    text = disk_config("vda", cmdline="quiet rdinit=/bin/sh") + "\non_crash = 'restart'\n"
    shell = boot_linux(boot_shell, bench, {"linux.cfg": text}, options=("--disk", str(image)))
    create(shell, "-p linux.cfg")
    shell.run("unpause linux")
    for life in range(2):
        shell.wait("domid linux", lambda text, life=life: text.strip() == str(life + 1), 120)
        shell.wait("block-list linux", lambda text: re.search(r"^51712 .* 4 ", text, re.MULTILINE), 120)
        with LinuxConsole(shell) as linux:
            linux.run("busybox mount -t devtmpfs devtmpfs /dev; " + LOAD, 120)
            linux.type("exit")
            shell.expect("Attempted to kill init", 120)
        # The console goes on with the next one.
    shell.wait("domid linux", lambda text: text.strip() == "3", 120)
    shell.run("destroy linux")
    shell.wait("block-list", lambda text: re.search(r"^vda .* - ", text, re.MULTILINE))
    assert "no errors" in shell.run("disk-test -t 1 vda")
    shell.power_off()
