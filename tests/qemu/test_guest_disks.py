# SPDX-License-Identifier: MIT
"""Disks of guests, from a person's seat: descriptions, verbs, Linux with them, GRUB from them."""
import hashlib
import re
import shutil

import pytest
from harness.disks import (FIRST, MIB, ext4_image, random_image, write_gpt, write_mbr)
from harness.linux import COMPLAINTS, READY, LinuxConsole, boot_linux, config
from harness.shell import ECHO, LEAVE, PROMPT, row


def disks(*specs):
    return "disk = [ " + ", ".join(f"'{spec}'" for spec in specs) + " ]"


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def states(text):
    """Those of a guest's disks, from block-list."""
    return [line.split()[3] for line in text.splitlines()[1:] if line.strip()]


def start(shell):
    """Looks on from the console until it is up: its kernel's first words would get into other answers."""
    shell.type("create -c linux.cfg\r")
    shell.expect(READY, 240)
    shell.type(LEAVE)
    shell.expect(PROMPT)


# ---- descriptions and tables, without a guest's help ----

def test_disk_descriptions(boot_shell, tmp_path):
    """What is wrong is said with file and line, and nothing starts."""
    image = random_image(tmp_path / "small.img", 1)
    wrong = {"none": ("nothing,,xvda", "no such device or module"),
             "format": ("ram:1,qcow2,xvda", "format raw"),
             "vdev": ("ram:1,,nonsense", "name such as xvda"),
             "write": ("small.img,,xvda,rw", "target=cow:NAME"),
             "size": ("ram:0,,xvda", "ram:SIZE"),
             "order": ("vdev=xvda,target=ram:1,access=rw", "last key")}
    configs = {f"{name}.cfg": ECHO + disks(spec) for name, (spec, _) in wrong.items()}
    configs["twice.cfg"] = ECHO + disks("ram:1,,xvda", "ram:1,,xvda")
    shell = boot_shell(configs, files=[str(image)])
    for name, (_, message) in wrong.items():
        assert message in shell.run(f"create {name}.cfg")
    assert "same vdev" in shell.run("create twice.cfg")
    assert row(shell.run("list"), "echo") is None
    shell.power_off()


def test_partition_tables(boot_shell, tmp_path):
    """GPT, its copy, MBR; what is malformed is refused with a line."""
    images = []
    for name in ("gpt", "copy", "mbr", "bad"):
        images.append(tmp_path / f"{name}.img")
        with open(images[-1], "wb") as file:
            file.truncate(8 * MIB)
    parts = [(FIRST, 4096), (FIRST + 4096, 2048)]
    write_gpt(images[0], parts)
    write_gpt(images[1], parts)
    with open(images[1], "r+b") as file:
        file.seek(512 + 40)
        file.write(b"\xff" * 8)
    write_mbr(images[2], [(0x83, FIRST, 4096), (0x83, FIRST + 4096, 1024)])
    write_mbr(images[3], [(0x83, FIRST, 4096), (0x83, FIRST + 4095, 1024)])
    shell = boot_shell(options=[word for image in images for word in ("--disk", str(image))])
    assert "vdb: the GPT header has a wrong checksum; trying its copy" in shell.greeting
    assert "vdd: partition table refused: partitions overlap" in shell.greeting
    text = shell.run("block-list")
    for disk, found in (("vda", 2), ("vdb", 2), ("vdc", 2), ("vdd", 0)):
        assert len(re.findall(rf"^{disk}\d ", text, re.MULTILINE)) == found
    shell.power_off()


def test_one_writer(boot_shell, tmp_path):
    """A disk, its partitions and the whole of it are one writer's."""
    image = random_image(tmp_path / "disk.img", 8)
    write_gpt(image, [(FIRST, 4096), (FIRST + 4096, 2048)])
    configs = {"a.cfg": ECHO.replace('"echo"', '"a"') + disks("vda1,,xvda,w")}
    for name, spec in (("whole", "vda,,xvda,ro"), ("same", "vda1,,xvda,w"), ("next", "vda2,,xvda"),
                       ("shared", "vda1,,xvda,w!")):
        configs[f"{name}.cfg"] = ECHO.replace('"echo"', f'"{name}"') + disks(spec)
    shell = boot_shell(configs, options=("--disk", str(image)))
    shell.run("create a.cfg")
    assert "vda is in use" in shell.run("create whole.cfg")
    assert "vda1 is in use" in shell.run("create same.cfg")
    assert "in use" not in shell.run("create next.cfg")
    assert "in use" not in shell.run("create shared.cfg")
    for name in ("a", "next", "shared"):
        shell.run(f"destroy {name}")
    assert "in use" not in shell.run("create whole.cfg")
    shell.run("destroy whole")
    shell.power_off()


# ---- Linux ----

@pytest.mark.parametrize("mode", ["segment", "paging"])
def test_linux_disks(boot_shell, bench, tmp_path, mode):
    """Every kind of target; attach and detach while it runs; a guest's next life."""
    module = random_image(tmp_path / "module.img", 2)
    whole = random_image(tmp_path / "whole.img", 8, seed=3)
    more = disks("vda,,xvda,rw", "cow:module.img,,xvdb", "module.img,,xvdc,ro", "ram:16,,xvdd")
    shell = boot_linux(boot_shell, bench, {"linux.cfg": config(more=more)},
                       options=("--hv", f"isolation={mode}", "--disk", str(whole),
                                "--disk", str(random_image(tmp_path / "second.img", 8, 5))),
                       extra_files=[str(module)])
    start(shell)
    with LinuxConsole(shell) as linux:
        sums = [md5(whole), md5(module), md5(module)]
        text = linux.run("md5sum /dev/xvda /dev/xvdb /dev/xvdc", 120)[0]
        assert [line.split()[0] for line in text.splitlines()] == sums
        assert linux.run("dd if=/dev/zero of=/dev/xvdc count=1 conv=fsync")[1] != 0
        text = linux.run("dd if=/dev/zero of=/dev/xvdb bs=64k count=4 conv=fsync && sync && "
                         "echo 3 >/proc/sys/vm/drop_caches && cat /dev/xvdb | md5sum && "
                         "dd if=/dev/xvda of=/dev/xvdd bs=1M conv=fsync && "
                         "echo 3 >/proc/sys/vm/drop_caches && head -c 8388608 /dev/xvdd | md5sum", 120)
        expected = hashlib.md5(bytes(256 << 10) + module.read_bytes()[256 << 10:]).hexdigest()
        assert expected in text[0] and md5(whole) in text[0] and text[1] == 0
    assert states(shell.run("block-list linux")) == ["4"] * 4
    assert "has a disk of that name" in shell.run("block-attach linux vdb,,xvda,w")
    shell.run("block-attach linux vdb,,xvde,w")
    with LinuxConsole(shell) as linux:
        assert linux.run("while ! [ -b /dev/xvde ]; do usleep 100000; done; cat /dev/xvde | md5sum "
                         "| grep -q " + md5(tmp_path / "second.img"), 120)[1] == 0
    shell.run("block-detach linux xvde")
    shell.wait("block-list linux", lambda text: "51776" not in text)
    assert "no such disk" in shell.run("block-detach linux xvde")
    with LinuxConsole(shell) as linux:
        assert linux.run("while grep xvde /proc/partitions; do usleep 100000; done")[1] == 0
        linux.shell.type("reboot -f\r")
        shell.expect(READY, 240)
    shell.wait("block-list linux", lambda text: states(text) == ["4"] * 4, 120)
    assert not COMPLAINTS.search(shell.run("console -l linux"))
    shell.power_off()


def test_linux_disk_under_load(boot_shell, bench, tmp_path):
    """Destroyed, rebooted and detached by force in the middle of I/O, again and again."""
    image = tmp_path / "disk.img"
    with open(image, "wb") as file:
        file.truncate(64 * MIB)
    load = "for i in 1 2 3; do while true; do dd if=/dev/zero of=/dev/xvda bs=1M count=16 " \
           "seek=$((i * 16)) oflag=direct; done 2>/dev/null & done"
    more = disks("vda,,xvda,rw") + "\non_reboot = 'restart'\n"
    shell = boot_linux(boot_shell, bench, {"linux.cfg": config(more=more)},
                       options=("--disk", str(image)))
    for _ in range(3):
        start(shell)
        with LinuxConsole(shell) as linux:
            assert linux.run(load)[1] == 0
        shell.run("destroy linux")
        shell.wait("list", lambda text: "linux " not in text)
        shell.wait("block-list", lambda text: re.search(r"^vda .* - ", text, re.MULTILINE))
    start(shell)
    with LinuxConsole(shell) as linux:
        assert linux.run(load)[1] == 0
    shell.run("reboot -F linux")
    shell.wait("domid linux", lambda text: text.strip() == "5", 120)
    shell.wait("block-list linux", lambda text: states(text) == ["4"], 120)
    with LinuxConsole(shell) as linux:
        assert linux.run(load)[1] == 0
    shell.run("block-detach --force linux xvda")
    shell.wait("block-list", lambda text: re.search(r"^vda .* - ", text, re.MULTILINE))
    shell.run("block-attach linux vda,,xvda,w")
    shell.run("destroy linux")
    shell.power_off()


# ---- a guest that attacks ----

EVIL = """\
name = "evil"
kernel = "diskevil.elf"
memory = 8
"""


def test_hostile_front_end(boot_shell, bench, tmp_path):
    """Beside it another guest works on the same disk, gets its share, and finds its data as it left it."""
    image = tmp_path / "disk.img"
    with open(image, "wb") as file:
        file.truncate(64 * MIB)
    write_gpt(image, [(FIRST, 32 * MIB // 512), (FIRST + 32 * MIB // 512, 16 * MIB // 512)])
    shell = boot_linux(boot_shell, bench, {"linux.cfg": config(more=disks("vda1,,xvda,rw")),
                                           "evil.cfg": EVIL + disks("vda2,,xvda,rw")},
                       options=("--disk", str(image)),
                       extra_files=[bench.product("guests", "diskevil.elf")])
    start(shell)
    shell.type("create -c evil.cfg\r")
    shell.expect("diskevil: round 1 passed", 240)
    shell.type(LEAVE)
    shell.expect(PROMPT)
    with LinuxConsole(shell) as linux:
        text, status = linux.run(
            "dd if=/dev/urandom of=/tmp/x bs=1M count=8 && for i in 0 8 16; do "
            "dd if=/tmp/x of=/dev/xvda bs=1M seek=$i oflag=direct && "
            "dd if=/dev/xvda bs=1M skip=$i count=8 iflag=direct | cmp - /tmp/x || exit 1; done", 240)
        assert status == 0, text
    text = shell.run("console -l evil")
    assert "FAILED" not in text
    shell.run("destroy evil")
    shell.wait("list", lambda text: "evil " not in text)
    assert "no errors" in shell.run("disk-test -t 1 vda2")
    shell.power_off()


# ---- GRUB ----

def test_pvgrub(boot_shell, bench, tmp_path):
    """GRUB finds its menu on a partition of the guest's disk and boots Linux from there."""
    folder = tmp_path / "tree"
    (folder / "boot" / "grub").mkdir(parents=True)
    for name in ("bzImage", "initramfs.gz"):
        shutil.copy(bench.product("linux", name), folder / "boot" / name)
    (folder / "boot" / "grub" / "grub.cfg").write_text("""\
set timeout=0
menuentry "Linux from its disk" {
    linux /boot/bzImage console=hvc0 quiet from=disk
    initrd /boot/initramfs.gz
}
""", encoding="utf-8")
    image = ext4_image(tmp_path / "disk.img", 32, folder, offset=MIB)
    write_gpt(image, [(FIRST, 32 * MIB // 512 - 2 * FIRST)])
    text = 'name = "linux"\nbootloader = "pvgrub"\nmemory = 96\n' + disks("vda,,xvda,w")
    shell = boot_shell({"linux.cfg": text}, options=("--mem", "384", "--timeout", "300",
                                                     "--disk", str(image)))
    start(shell)
    with LinuxConsole(shell) as linux:
        assert linux.run("grep -q from=disk /proc/cmdline && mount /dev/xvda1 /mnt && "
                         "cmp /mnt/boot/bzImage /mnt/boot/bzImage")[1] == 0
    shell.power_off()
