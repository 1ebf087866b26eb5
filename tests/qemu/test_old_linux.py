# SPDX-License-Identifier: MIT
"""What kernels of 2.6.32 to 5.8 do at their start, as guests of the control domain."""
import struct
import subprocess

import pytest

MODES = ("paging", "segment")
CONFIG = """name = "{name}"
kernel = "{name}.k"
memory = {memory}
maxmem = {maxmem}
vcpus = {vcpus}
"""
# name, memory, maxmem, vcpus, packer, results
GUESTS = (("oldlinux", 64, 64, 1, ["lzop", "-9c"], 8), ("oldsmp", 128, 256, 4, ["bzip2", "-9c"], 6))


def bzimage(plain, packer):
    """A real-mode header of protocol 2.10, as 2.6.32 has it, and the packed kernel with its size."""
    image = bytearray(2 * 512)
    packed = subprocess.run(packer, input=plain, stdout=subprocess.PIPE, check=True).stdout
    packed += struct.pack("<I", len(plain))
    image[0x1f1] = 1
    struct.pack_into("<H", image, 0x1fe, 0xaa55)
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, 0x020a)
    struct.pack_into("<II", image, 0x248, 0, len(packed))
    return bytes(image) + packed + b"code behind it"


@pytest.mark.parametrize("mode", MODES)
def test_old_linux(bench, boot_shell, tmp_path, mode):
    files, configs = [], {}
    for name, memory, maxmem, vcpus, packer, _ in GUESTS:
        with open(bench.product("guests", f"test-{name}.elf"), "rb") as file:
            image = bzimage(file.read(), packer)
        files.append(str(tmp_path / f"{name}.k"))
        with open(files[-1], "wb") as file:
            file.write(image)
        configs[f"{name}.cfg"] = CONFIG.format(name=name, memory=memory, maxmem=maxmem, vcpus=vcpus)
    shell = boot_shell(configs, files=files, options=["--mem", "512", "--hv", f"isolation={mode}"])
    for name, *_, results in GUESTS:
        shell.run(f"create {name}.cfg")
        shell.wait_console(name, f"RESULT: {results} passed, 0 failed")
    shell.power_off()
