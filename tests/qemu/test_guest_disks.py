# SPDX-License-Identifier: MIT
"""Disks of guests, from a person's seat: descriptions, verbs, Linux with them, GRUB from them."""
import re
import shutil

from harness.disks import (FIRST, MIB, ext4_image, random_image, write_gpt, write_mbr)
from harness.linux import READY, LinuxConsole, boot_linux, config
from harness.shell import ECHO, LEAVE, PROMPT, row


def disks(*specs):
    return "disk = [ " + ", ".join(f"'{spec}'" for spec in specs) + " ]"


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
