# SPDX-License-Identifier: MIT
"""Guests that are saved and come back: one of ours that looks closely, Linux, images that are bad."""
import re

import pytest
from harness.disks import FIRST, MIB, ext4_image, random_image, write_gpt, write_mbr
from harness.linux import COMPLAINTS, LinuxConsole, boot_linux, clock_offsets, config, create
from harness.shell import ECHO, row

GUEST = """\
name = "s"
kernel = "suspend.elf"
memory = 8
"""
GONE_ON = "not saved, all is as it was"
ATTACKS = {"top": "frame list", "middle": "frame list", "leaf": "frame list", "length": "length",
           "none": "length", "huge": "frame list", "shared": "page tables", "info": "registers"}


def empty_image(path, mib=64):
    with open(path, "wb") as file:
        file.truncate(mib * MIB)
    return path


def disk_options(*images):
    return [word for image in images for word in ("--disk", str(image))]


def boot_saver(boot_shell, bench, *images, options=(), guest=GUEST, more=None):
    return boot_shell({"s.cfg": guest, **(more or {})}, files=[bench.product("guests", "suspend.elf")],
                      options=[*options, *disk_options(*images)])


def start(shell, arguments="s.cfg", name="s"):
    shell.run(f"create {arguments}")
    shell.wait_console(name, "suspend: ready")


def free_memory(shell):
    return int(row(shell.run("info"), "free_kib")[2])


def audit(shell):
    shell.run("dmesg -c")
    shell.run("debug-keys a")
    assert "every count is right" in shell.run("dmesg")


# ---- a guest of ours ----

@pytest.mark.parametrize("mode", ["segment", "paging"])
def test_save_there_and_back(boot_shell, bench, tmp_path, mode):
    """It goes on in place, and in other lives; nothing is left behind by any of them."""
    shell = boot_saver(boot_shell, bench, empty_image(tmp_path / "image"),
                       options=("--hv", f"isolation={mode}"))
    start(shell)
    assert re.search(r"s: saved, \d+ KiB", shell.run("save -c s vda"))
    shell.wait_console("s", GONE_ON)
    assert "s: saved" in shell.run("save -f -p s vda")
    assert row(shell.run("list"), "s")[4] == "--p---"
    shell.run("unpause s")
    shell.wait("console -l s", lambda text: text.count(GONE_ON) == 2)
    shell.run("save -f s vda")
    shell.wait("list", lambda text: row(text, "s") is None)
    before = shell.run("info")
    for life in range(2, 6):
        assert "restore:" not in shell.run("restore vda")
        shell.wait_console("s", f"life {life}, all is as it was")
        shell.run("save -f s vda")
        shell.wait("list", lambda text: row(text, "s") is None)
    assert row(shell.run("info"), "free_memory") == row(before, "free_memory")
    shell.run("restore -p vda")
    assert row(shell.run("list"), "s")[4] == "--p---"
    shell.run("unpause s")
    shell.wait_console("s", "life 6, all is as it was")
    assert "passed" in shell.run(f"xenstore-read /local/domain/{row(shell.run('list'), 's')[1]}/data/result")
    audit(shell)
    shell.run("destroy s")
    shell.power_off()


@pytest.mark.parametrize("mode", ["segment", "paging"])
def test_save_several_processors(boot_shell, bench, tmp_path, mode):
    """One that is stopped anywhere, one that is down, one that was never started."""
    shell = boot_saver(boot_shell, bench, empty_image(tmp_path / "image"),
                       guest=GUEST + "vcpus = 2\nmaxvcpus = 4\n",
                       options=("--hv", f"isolation={mode}"))
    start(shell)
    assert "s: saved" in shell.run("save -c s vda")
    shell.wait_console("s", GONE_ON)
    for life in range(2, 7):
        assert "s: saved" in shell.run("save -f s vda")
        shell.wait("list", lambda text: row(text, "s") is None)
        assert "restore:" not in shell.run("restore vda")
        shell.wait_console("s", f"life {life}, all is as it was")
        assert row(shell.run("list"), "s")[3] == "2"
        domain = row(shell.run("list"), "s")[1]
        for number, state in enumerate(("online", "online", "offline", "offline")):
            path = f"/local/domain/{domain}/cpu/{number}/availability"
            assert shell.run(f"xenstore-read {path}").split() == [state]
    audit(shell)
    shell.power_off()


def test_save_after_a_reboot(boot_shell, bench, tmp_path):
    """On a partition, in another run of the machine, with another description."""
    image = empty_image(tmp_path / "image")
    write_gpt(image, [(FIRST, 40960), (FIRST + 40960, 40960)])
    shell = boot_saver(boot_shell, bench, image)
    start(shell)
    assert "s: saved" in shell.run("save s vda2")
    shell.power_off()
    shell = boot_saver(boot_shell, bench, image, more={"t.cfg": GUEST.replace('"s"', '"t"')},
                       options=("--mem", "320"))
    assert "no saved guest" in shell.run("restore vda1")
    shell.run("restore vda2")
    shell.wait_console("s", "life 2, all is as it was")
    assert '"s" already exists' in shell.run("restore vda2")
    shell.run("restore t.cfg vda2")
    shell.wait_console("t", "life 2, all is as it was")
    shell.power_off()


@pytest.mark.parametrize("attack", ATTACKS)
def test_save_broken_guest(boot_shell, bench, tmp_path, attack):
    """Whatever it says of its memory: one line, and it goes on."""
    shell = boot_saver(boot_shell, bench, empty_image(tmp_path / "image"))
    start(shell, f"s.cfg extra=attack={attack}")
    text = shell.run("save s vda")
    assert ATTACKS[attack] in text and "it goes on" in text
    shell.wait_console("s", GONE_ON)
    assert "never finished" in shell.run("restore vda") or "no saved guest" in shell.run("restore vda")
    audit(shell)
    shell.power_off()


def test_save_broken_start_info(boot_shell, bench, tmp_path):
    """It can be saved, and is refused when it comes back."""
    shell = boot_saver(boot_shell, bench, empty_image(tmp_path / "image"))
    start(shell, "s.cfg extra=attack=rings")
    assert "s: saved" in shell.run("save s vda")
    assert "rings of console and xenstore" in shell.run("restore vda")
    assert row(shell.run("list"), "s") is None
    audit(shell)
    shell.power_off()


# ---- what is refused ----

def test_save_refusals(boot_shell, bench, tmp_path):
    """Targets that do not fit, guests that cannot be saved."""
    (tmp_path / "files").mkdir()
    mbr = empty_image(tmp_path / "mbr")
    write_mbr(mbr, [(0x83, FIRST, 4096)])
    ext4 = ext4_image(tmp_path / "ext4", 64, str(tmp_path / "files"))
    shell = boot_saver(boot_shell, bench, empty_image(tmp_path / "small", 2), mbr, ext4 or tmp_path / "ext4",
                       empty_image(tmp_path / "other"),
                       more={"echo.cfg": ECHO,
                             "ram.cfg": GUEST.replace('"s"', '"ram"') + "disk = ['ram:4,,xvda']\n",
                             "user.cfg": GUEST.replace('"s"', '"user"') + "disk = ['vdd,,xvda']\n"})
    start(shell)
    assert "is no block device" in shell.run("save s web.img")
    assert "is no block device" in shell.run("restore s.cfg s.cfg")
    assert "vda has 2 MiB, the image may need" in shell.run("save s vda")
    assert "vdb holds a partition table" in shell.run("save s vdb")
    assert "vdc holds an ext2, ext3 or ext4 file system" in shell.run("save s vdc")
    start(shell, "user.cfg", "user")
    assert "vdd is in use" in shell.run("save s vdd")
    assert "vdd is in use" in shell.run("restore vdd")
    shell.run("destroy user")
    start(shell, "ram.cfg", "ram")
    assert "xvda is in memory" in shell.run("save ram vdd")
    shell.run("pause s")
    assert "unpause it first" in shell.run("save s vdd")
    shell.run("unpause s")
    shell.run("create echo.cfg")
    shell.wait_console("echo", "echo guest")
    assert "does not listen" in shell.run("save echo vdd")
    assert "SUSPEND_CANCEL" in shell.run("save -c echo vdd")
    assert "Usage: save" in shell.run("save s")
    assert "s: saved" in shell.run("save -c s vdd")
    assert "vdd holds a saved guest; -f overwrites it" in shell.run("save s vdd")
    assert "-f" not in shell.run("save -f s vdb")
    shell.power_off()


def test_save_deaf_guest(boot_shell, bench, tmp_path):
    """It does not answer in time; a person need not wait that long."""
    shell = boot_saver(boot_shell, bench, empty_image(tmp_path / "image"))
    shell.run("create s.cfg extra=deaf")
    shell.wait_console("s", "suspend: ready")
    assert "has not suspended itself within 30 s" in shell.run("save s vda")
    shell.type("save s vda\r")
    shell.expect("Saving to vda")
    shell.type("\x03")
    shell.expect("save: cancelled")
    assert row(shell.run("list"), "s")[4][2] == "-"
    shell.power_off()


@pytest.mark.parametrize("place", [20, 4096 + 100, 200000])
def test_save_damaged_image(boot_shell, bench, tmp_path, place):
    """One byte of it is another."""
    image = empty_image(tmp_path / "image")
    shell = boot_saver(boot_shell, bench, image)
    start(shell)
    shell.run("save s vda")
    shell.power_off()
    with open(image, "r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 0x20]))
    shell = boot_saver(boot_shell, bench, image)
    text = shell.run("restore vda")
    assert re.search(r"restore: .*(damaged|the image)", text) and len(text.splitlines()) <= 3
    assert row(shell.run("list"), "s") is None
    audit(shell)
    shell.power_off()


# ---- Linux ----

def count(linux):
    return int(linux.run("cat /tmp/count")[0].split()[0])


@pytest.mark.parametrize("mode", ["segment", "paging"])
def test_save_linux(boot_shell, bench, tmp_path, mode):
    """A shell with a running counter goes on; disk and network are there, the clock is right."""
    data = random_image(tmp_path / "data", 8)
    more = "vif = ['bridge=br0']\n" + "disk = ['vda,,xvda,w']"
    shell = boot_linux(boot_shell, bench, {
        "linux.cfg": config(more=more),
        "peer.cfg": config(name="peer", memory=48, more="vif = ['bridge=br0']")},
        options=("--hv", f"isolation={mode}", *disk_options(data, empty_image(tmp_path / "image", 96))))
    create(shell, "peer.cfg")
    with LinuxConsole(shell, "peer") as linux:
        linux.run("killall udhcpc; ip addr add 10.0.0.2/24 dev eth0; ip link set eth0 up")
    create(shell)
    with LinuxConsole(shell) as linux:
        linux.run("killall udhcpc; ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up")
        linux.run("(n=0; while :; do n=$((n + 1)); echo $n >/tmp/count.new; mv /tmp/count.new /tmp/count; "
                  "usleep 100000; done) & sleep 1")
        linux.run("md5sum /dev/xvda >/tmp/sum; echo 3 >/proc/sys/vm/drop_caches; /check clock")
        first = count(linux)
    assert "linux: saved" in shell.run("save -c linux vdb")
    with LinuxConsole(shell) as linux:
        assert "count" in linux.run("ls /tmp")[0]
        assert linux.run("md5sum /dev/xvda | cmp - /tmp/sum")[1] == 0
        assert linux.run("ping -c 3 -W 20 10.0.0.2", 90)[1] == 0
        second = count(linux)
        assert second > first
        before = linux.run("/check clock")[0]
    assert "linux: saved" in shell.run("save -f linux vdb")
    shell.wait("list", lambda text: row(text, "linux") is None)
    assert "restore:" not in shell.run("restore vdb")
    with LinuxConsole(shell) as linux:
        assert linux.run("sleep 1; md5sum /dev/xvda | cmp - /tmp/sum")[1] == 0
        assert linux.run("ping -c 3 -W 20 10.0.0.2", 90)[1] == 0
        assert count(linux) > second
        assert linux.run("dd if=/dev/zero of=/dev/xvda bs=4k count=16 conv=fsync")[1] == 0
        after = linux.run("/check clock")[0]
    khz = int(re.search(r"TSC (\d+) kHz", shell.run("dmesg"))[1])
    offsets = clock_offsets(before + after, khz)
    assert len(offsets) == 2 and abs(offsets[0] - offsets[1]) < 0.5
    shell.run("destroy linux")
    shell.wait("list", lambda text: row(text, "linux") is None)
    assert "was restored from this image already" in shell.run("restore vdb")
    assert not COMPLAINTS.search(shell.run("console -l linux"))
    shell.power_off()
    assert data.read_bytes()[:65536] == bytes(65536)


def test_save_linux_after_a_reboot(boot_shell, bench, tmp_path):
    """The machine was off meanwhile. Its processes are there, and its time goes on from now."""
    image = empty_image(tmp_path / "image", 96)
    shell = boot_linux(boot_shell, bench, {"linux.cfg": config()}, options=disk_options(image))
    create(shell)
    with LinuxConsole(shell) as linux:
        linux.run("(while :; do usleep 100000; date +%s >/tmp/now.new; mv /tmp/now.new /tmp/now; done) & "
                  "echo word >/tmp/word; sleep 1")
    shell.run("save linux vda")
    shell.power_off()
    shell = boot_linux(boot_shell, bench, {"linux.cfg": config()}, options=disk_options(image))
    shell.run("restore vda")
    with LinuxConsole(shell) as linux:
        assert "word" in linux.run("cat /tmp/word")[0]
        linux.run("sleep 1")
        now, written = linux.run("date +%s; cat /tmp/now")[0].split()[:2]
        assert 0 <= int(now) - int(written) < 10
        assert "failed" in linux.run("/selftest", 300)[0]
    shell.type("console linux\r")
    shell.expect("console linux")
    shell.type("poweroff -f\r")
    shell.expect("linux has ended")
    shell.power_off()
