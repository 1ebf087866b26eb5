# SPDX-License-Identifier: MIT
"""The control domain as a person uses it: the shell on the serial line, typed at by pexpect."""
import itertools
import os
import re
import struct
import subprocess
import sys

import pytest
from harness.shell import ECHO, LEAVE, PROMPT, row
from lib.boot import ROOT


def test_shell_without_guests(boot_shell):
    shell = boot_shell()
    assert row(shell.run("list"), "Domain-0")[1] == "0"
    assert "free_memory" in shell.run("info")
    assert "(RL) " in shell.run("dmesg")
    assert row(shell.run("uptime"), "Domain-0")
    assert row(shell.run("vcpu-list"), "Domain-0")[2] == "0"
    assert row(shell.run("sched-credit2"), "Domain-0")[2] == "256"
    assert "echo.elf" in shell.run("files")
    assert "create" in shell.run("help")
    assert "Usage: create" in shell.run("help create")
    assert "no such command" in shell.run("nonsense")
    assert "invalid domain identifier" in shell.run("pause nobody")
    assert "no such file" in shell.run("create nothing.cfg")
    shell.power_off()


def test_line_editor(boot_shell):
    shell = boot_shell()
    shell.type("domn\t0\r")
    shell.expect("domname 0")
    shell.expect("Domain-0")
    shell.expect(PROMPT)
    shell.type("\x1b[A\r")
    shell.expect("Domain-0")
    shell.expect(PROMPT)
    shell.type("xdomnamee 0\x01\x04\x1b[F\x1b[D\x1b[D\x7f\r")
    shell.expect("Domain-0\r*\n")
    shell.expect(PROMPT)
    shell.power_off()


def test_guest_life(boot_shell):
    shell = boot_shell()
    assert "Parsing config from echo.cfg" in shell.run("create echo.cfg extra=first")
    entry = row(shell.run("list"), "echo")
    assert entry[1] == "1" and entry[2] == "8"
    assert shell.run("domid echo").strip() == "1"
    assert shell.run("domname 1").strip() == "echo"
    assert "already exists" in shell.run("create echo.cfg")
    shell.wait_console("echo", "echo guest: first")
    shell.run("pause echo")
    assert "p" in row(shell.run("list"), "echo")[4]
    shell.run("unpause echo")
    shell.run("rename echo other")
    assert row(shell.run("list"), "other")
    shell.run("destroy other")
    assert row(shell.run("list"), "other") is None
    shell.wait_console("other", "echo guest: first")
    shell.power_off()


def test_past_output(boot_shell):
    """A guest that comes and goes does not push out what another one said."""
    shell = boot_shell()
    shell.run("create echo.cfg name=first extra=mine")
    shell.wait_console("first", "echo guest: mine")
    shell.run("destroy first")
    for number in range(40):
        shell.run(f"create echo.cfg extra=life{number}")
        shell.wait_console("echo", f"echo guest: life{number}")
        shell.run("destroy echo")
    assert "echo guest: mine" in shell.run("console -l first")
    assert "echo guest: life39" in shell.run("console -l echo")
    shell.power_off()


def test_interval_timer_of_a_guest(boot_shell, bench):
    """Unlike the control domain's, it is no hardware."""
    shell = boot_shell({"pit.cfg": 'name = "pit"\nkernel = "test-pit.elf"\nmemory = 8\n'},
                       files=[bench.product("guests", "test-pit.elf")])
    shell.run("create pit.cfg")
    shell.wait_console("pit", "RESULT: 3 passed, 0 failed")
    shell.power_off()


def test_vcpu_pin(boot_shell):
    shell = boot_shell()
    shell.run("create echo.cfg vcpus=2")
    assert shell.run("vcpu-pin echo 0 0") == ""
    assert shell.run("vcpu-pin echo all all 0-3") == ""
    assert shell.run("vcpu-pin Domain-0 0 0 -") == ""
    assert "invalid argument" in shell.run("vcpu-pin echo 0 1-3")
    assert "not started its vCPU 1" in shell.run("vcpu-pin echo 1 0")
    assert "invalid argument" in shell.run("vcpu-pin echo 7 0")
    assert "processors are" in shell.run("vcpu-pin echo 0 x")
    assert "processors are" in shell.run("vcpu-pin echo 0 0,^0")
    assert "no vCPU number" in shell.run("vcpu-pin echo first 0")
    assert "Usage: vcpu-pin" in shell.run("vcpu-pin echo 0")
    affinity = [line.split()[-3:] for line in shell.run("vcpu-list echo").splitlines()[1:]]
    assert affinity == [["all", "/", "all"]]
    shell.power_off()


def test_console(boot_shell):
    shell = boot_shell()
    shell.type("create -c echo.cfg\r")
    shell.expect("echo guest")
    shell.type("hello there\r")
    shell.expect("you said: hello there")
    shell.type(LEAVE)
    shell.expect(PROMPT)
    shell.run("create echo.cfg name=second")
    shell.type("console second\r")
    shell.expect("echo guest")
    shell.type("two\r")
    shell.expect("you said: two")
    shell.type("poweroff\r")
    shell.expect("second has ended")
    shell.expect(PROMPT)
    assert row(shell.run("list"), "second") is None
    assert row(shell.run("list"), "echo")
    shell.power_off()


HELLO = {"hello.cfg": ECHO.replace("echo", "hello")}


def test_early_output(boot_shell):
    """What a guest prints without a console driver is kept like the rest, and stays off the prompt."""
    shell = boot_shell(HELLO)
    shown = shell.run("create hello.cfg")
    shown += shell.wait("list", lambda output: not row(output, "hello"))
    assert "Hello" not in shown
    assert "Hello from ring 1" in shell.run("console -l hello")
    shell.type("create -c hello.cfg\r")
    shell.expect("Hello from ring 1")
    shell.expect("hello has ended")
    shell.expect(PROMPT)
    for _ in range(2):
        assert shell.run("dmesg").count("(d1) Hello from ring 1") == 1
    assert "(d2) Hello from ring 1" in shell.run("dmesg -c")
    assert shell.run("dmesg") == ""
    shell.power_off()


def test_early_output_on_the_serial_line(boot_shell):
    shell = boot_shell(HELLO, options=["--hv", "guest_output=on"])
    shell.type("create hello.cfg\r")
    shell.expect(r"\(d1\) Hello from ring 1")
    shell.power_off()


@pytest.mark.parametrize("way", ["early", "lines"])
def test_last_output_is_kept(boot_shell, way):
    """64 KiB of what a guest printed, by either way, also when it has crashed and is gone."""
    shell = boot_shell()
    shell.run(f"create echo.cfg extra='{way}=4000 end=crash'")
    shell.wait("list", lambda output: not row(output, "echo"))
    kept = shell.run("console -l echo")
    lines = list(map(int, re.findall(r"^line +(\d+) of +4000 -+$", kept, re.MULTILINE)))
    assert lines == list(range(lines[0], 4001))
    assert len(kept) >= 65536 - 100
    shell.power_off()


def test_restart_storm(boot_shell):
    """A guest that crashes at once again and again restarts later each time, and can be stopped."""
    shell = boot_shell()
    shell.type("create echo.cfg extra=end=crash on_crash=restart\r")
    for pause in (1, 2, 4):
        shell.expect(rf"echo: ends too quickly, restarting in {pause} s")
    shell.run("destroy echo")
    assert not row(shell.run("list"), "echo")
    shell.run("create echo.cfg")
    shell.wait_console("echo", "echo guest: \n")
    shell.power_off()


def test_creation_without_memory(boot_shell):
    """Creations that run out of memory half way say so and leave nothing behind."""
    shell = boot_shell(options=["--mem", "64"])
    names = (f"filler{number}" for number in itertools.count())
    small = "create -q echo.cfg memory=1"

    def free_pages():
        shell.run("debug-keys m")
        return int(re.findall(r"Memory: (\d+) pages free", shell.run("dmesg -c"))[-1])

    # Guests that print early take some pages beyond their memory, paused ones a few.
    while free_pages() % 256 > 40:
        name = next(names)
        assert not shell.run(f"{small} name={name} extra=early=2000")
        shell.wait(f"list {name}", lambda output, name=name: "b" in row(output, name)[4])
    refused = []
    while (before := free_pages()) % 256 <= 40:
        refused.append(shell.run(f"create -q echo.cfg memory={before // 256}"))
        if not refused[-1]:
            shell.run("destroy echo")
        assert free_pages() == before, refused
        assert not shell.run(f"{small} -p name={next(names)}")
    assert any(refused), "there was enough each time"
    assert all("not enough memory" in answer for answer in refused if answer)
    assert "echo\n" not in shell.run("xenstore-ls -f /local/domain")
    shell.power_off()


def test_ends(boot_shell):
    configs = {"echo.cfg": ECHO,
               "keep.cfg": ECHO.replace("echo\"", "keep\"", 1) + 'on_crash = "preserve"\n',
               "again.cfg": ECHO.replace("echo\"", "again\"", 1) + 'on_crash = "restart"\n'}
    shell = boot_shell(configs)
    shell.run("create keep.cfg extra=end=crash")
    shell.wait("list", lambda output: "c" in row(output, "keep")[4])
    shell.wait_console("keep", "end=crash")
    shell.run("destroy keep")
    shell.type("create -c again.cfg\r")
    shell.expect("echo guest")
    shell.type("crash\r")
    shell.expect("you said: crash")
    shell.expect("echo guest")
    shell.type("reboot\r")
    shell.expect("echo guest", timeout=60)
    shell.type(LEAVE)
    shell.expect(PROMPT)
    shell.wait("console -l again", lambda output: output.count("echo guest") == 3)
    shell.power_off()


def test_bad_descriptions(boot_shell):
    configs = {"string.cfg": 'name = "x\n', "unknown.cfg": ECHO + "colour = 3\n",
               "kernel.cfg": ECHO.replace("echo.elf", "string.cfg"),
               "big.cfg": ECHO.replace("8", "4000")}
    shell = boot_shell(configs)
    assert "string.cfg:1: the string of name has no closing" in shell.run("create string.cfg")
    assert "unknown.cfg:4: colour: unknown key" in shell.run("create unknown.cfg")
    assert "kernel \"string.cfg\":" in shell.run("create kernel.cfg name=bad")
    assert re.search(r"needs \d+ KiB, \d+ KiB are free", shell.run("create big.cfg name=big"))
    assert "between" in shell.run("create unknown.cfg name=many vcpus=99")
    shell.power_off()


# docs/dom0.md has the result of 10,000, which take some minutes (CYCLES=10000 in the environment).
CYCLES = int(os.environ.get("CYCLES", "300"))


def test_nothing_is_left_behind(boot_shell):
    shell = boot_shell(options=["--timeout", str(CYCLES + 120)])

    def free_memory():
        """What the hypervisor has free, its heap's size, and what the control domain's heap holds."""
        shell.run("debug-keys m")
        log = shell.run("dmesg")
        pages = re.findall(r"Memory: (\d+) pages free.*, (\d+) in the hypervisor's heap", log)[-1]
        return (*map(int, pages),
                int(re.search(r"dom0_heap_used *: (\d+)", shell.run("info")).group(1)))

    def cycles(count):
        shell.type(f'repeat {count} "create echo.cfg; destroy echo"\r')
        shell.expect(f"{count} rounds", timeout=count + 60)
        shell.expect(PROMPT)
        return free_memory()

    before = cycles(10)
    assert cycles(20) == before
    assert cycles(CYCLES) == before
    assert "  1 " not in shell.run("xenstore-ls /local/domain")
    shell.power_off()


def test_guest_option(boot_shell):
    """tools/boot --dom0 --guest: the guest's console is there at once."""
    shell = boot_shell(guest="echo.cfg")
    shell.expect("echo guest")
    shell.type("hi\r")
    shell.expect("you said: hi")
    shell.type(LEAVE)
    shell.expect(PROMPT)
    shell.power_off()


def test_forced_shutdown(boot_shell):
    """A guest that never speaks to xenstore can only be forced."""
    shell = boot_shell()
    shell.run("create echo.cfg")
    assert "does not listen" in shell.run("shutdown echo")
    shell.run("shutdown -F -w echo")
    assert row(shell.run("list"), "echo") is None
    shell.power_off()


def test_xenstore(boot_shell):
    shell = boot_shell()
    shell.run("create echo.cfg")
    assert shell.run("xenstore-read /local/domain/1/name").strip() == "echo"
    assert 'name = "echo"' in shell.run("xenstore-ls /local/domain/1")
    shell.run("xenstore-write /tool/test value")
    assert shell.run("xenstore-read /tool/test").strip() == "value"
    shell.run("xenstore-rm /tool/test")
    assert "couldn't read" in shell.run("xenstore-read /tool/test")
    shell.run("mem-set echo 4")
    assert shell.run("xenstore-read /local/domain/1/memory/target").strip() == "4096"
    shell.run("destroy echo")
    assert "no such node" in shell.run("xenstore-ls /local/domain/1")
    shell.power_off()


MACH = "/boot/gnumach-1.8-xen-486.gz"


def make_grub(path):
    subprocess.run(["grub-mkimage", "-O", "i386-xen", "-p", "/boot/grub", "-o", path, "echo",
                    "ls", "halt", "minicmd"], check=True)
    return path


def test_grub_guest(boot_shell, tmp_path):
    """GRUB's own Xen build, unchanged, answers commands on its console."""
    image = make_grub(str(tmp_path / "grub.elf"))
    shell = boot_shell({"grub.cfg": ECHO.replace("echo", "grub").replace("8", "32")},
                       files=[image])
    shell.type("create -c grub.cfg\r")
    shell.expect("grub> ")
    shell.type("echo hello from GRUB\r")
    shell.expect(r"\n\r*hello from GRUB")
    shell.type(LEAVE)
    shell.expect(PROMPT)
    shell.type("shutdown -F grub\r")
    shell.power_off()


def test_grub_and_mach_together(boot_shell, tmp_path):
    """Two kernels that nobody here wrote, unchanged, side by side."""
    configs = {"grub.cfg": ECHO.replace("echo", "grub").replace("8", "32"),
               "mach.cfg": 'name = "mach"\nkernel = "gnumach-1.8-xen-486.gz"\nmemory = 32\n'
                           'on_crash = "preserve"\n'}
    shell = boot_shell(configs, files=[make_grub(str(tmp_path / "grub.elf")), MACH])
    shell.type("create -c grub.cfg\r")
    shell.expect("grub> ")
    shell.type(LEAVE)
    shell.expect(PROMPT)
    shell.run("create mach.cfg")
    said = shell.wait_console("mach", "GNU Mach 1.8")
    assert "Running on xen-3.0-x86_32p" in said
    # It is the first half of a system: without servers to start it ends by itself, and says so.
    shell.wait_console("mach", "No bootstrap code loaded with the kernel")
    entries = shell.run("list")
    assert row(entries, "grub") and row(entries, "mach")
    shell.type("console grub\r")
    shell.type("echo GRUB is still here\r")
    shell.expect(r"\n\r*GRUB is still here")
    shell.type(LEAVE)
    shell.expect(PROMPT)
    shell.run("destroy mach")
    shell.run("destroy grub")
    shell.power_off()


PACKERS = {
    "gzip": ["gzip", "-9c"],
    "bzip2": ["bzip2", "-9c"],
    "xz": ["xz", "--check=crc32", "--x86", "--lzma2=dict=64MiB", "-c"],
    "lzma": ["xz", "--format=lzma", "--lzma1=dict=64MiB", "-c"],
    "lzo": ["lzop", "-9c"],
    "lz4": ["lz4", "-lc"],
    "zstd": ["zstd", "-19", "-c"],
}


def test_packed_kernels(bench, boot_shell, tmp_path):
    """As in a bzImage: the unpacked size follows what the packer made (gzip has it itself)."""
    kernel = bench.product("guests", "echo.elf")
    with open(kernel, "rb") as file:
        plain = file.read()
    files, configs = [], {}
    for name, command in PACKERS.items():
        packed = subprocess.run(command, input=plain, stdout=subprocess.PIPE, check=True).stdout
        packed += b"" if name == "gzip" else struct.pack("<I", len(plain))
        bomb = packed[:-4] + struct.pack("<I", 0xfffff000)
        for suffix, data in (("", packed), ("-cut", packed[:1000] + packed[-4:]), ("-bomb", bomb)):
            files.append(str(tmp_path / f"{name}{suffix}.k"))
            with open(files[-1], "wb") as file:
                file.write(data)
        configs[f"{name}.cfg"] = ECHO.replace("echo.elf", f"{name}.k")
    shell = boot_shell(configs, files=files)
    for name in PACKERS:
        shell.run(f"create {name}.cfg name={name}")
        shell.wait_console(name, "echo guest")
        assert "is damaged" in shell.run(f"create {name}.cfg name=cut kernel={name}-cut.k")
        assert "claims to unpack" in shell.run(f"create {name}.cfg name=bomb kernel={name}-bomb.k")
    shell.power_off()


def test_unattended_guest(bench, tmp_path):
    """Without anything to type, the machine ends with the guest."""
    config = tmp_path / "echo.cfg"
    config.write_text(ECHO + 'extra = "end=poweroff"\n', encoding="utf-8")
    environment = dict(os.environ, HV=bench.product("hypervisor.elf"),
                       DOM0=bench.product("dom0.elf"))
    result = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "boot"), "--dom0",
                             "--timeout", "60", "--guest", str(config),
                             bench.product("guests", "echo.elf")], env=environment, check=False,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                            errors="replace")
    assert "echo guest: end=poweroff" in result.stdout
    assert result.returncode == 0
