# SPDX-License-Identifier: MIT
"""`--disk` and `--net`: what becomes of their options, and that QEMU takes the result."""
import subprocess

import pytest
from lib.devices import Disk, Net, qemu_arguments
from lib.errors import UserError


@pytest.fixture(name="image")
def fixture_image(tmp_path):
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(1 << 20))
    return str(path)


def test_disk(image):
    words = " ".join(qemu_arguments([f"{image},ro,sector=4096,driver=virtio-legacy"], []))
    assert f"file={image}" in words and "readonly=on" in words
    assert "disable-modern=on" in words and "logical_block_size=4096" in words
    words = " ".join(qemu_arguments([image], []))
    assert "disable-legacy=on" in words and "readonly" not in words


def test_ahci_ports(image):
    words = qemu_arguments([f"{image},driver=ahci"] * 7, [])
    assert words.count("ich9-ahci,id=ahci0") == 1 and words.count("ich9-ahci,id=ahci1") == 1
    assert "ide-hd,drive=disk5,bus=ahci0.5" in words and "ide-hd,drive=disk6,bus=ahci1.0" in words


def test_net():
    words = " ".join(qemu_arguments([], ["user,hostfwd=tcp::22-:22,driver=e1000,mac=52:54:00:1:2:3"]))
    assert "user,id=net0,hostfwd=tcp::22-:22" in words
    assert "e1000,netdev=net0,mac=52:54:00:1:2:3" in words


@pytest.mark.parametrize("text", ["", "/no/such/file", "{},driver=floppy", "{},colour=red",
                                  "{},sector=513", "{},driver=ahci,sector=4096", "{},driver=ahci,ro"])
def test_bad_disk(image, text):
    with pytest.raises(UserError):
        Disk(text.format(image))


@pytest.mark.parametrize("text", ["", "user,driver=token-ring"])
def test_bad_net(text):
    with pytest.raises(UserError):
        Net(text)


@pytest.mark.parametrize("board", ["pc", "q35"])
def test_qemu_takes_them(image, board):
    disks = [f"{image},driver={driver},drive=file.locking=off"
             for driver in ("virtio", "virtio-legacy", "ahci")]
    nets = [f"user,driver={driver}" for driver in ("virtio", "virtio-legacy", "e1000")]
    result = subprocess.run(["qemu-system-i386", "-machine", board, "-accel", "tcg", "-nodefaults",
                             "-display", "none", "-monitor", "stdio", "-S",
                             *qemu_arguments(disks, nets)],
                            input="quit\n", capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
