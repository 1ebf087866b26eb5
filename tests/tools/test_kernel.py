# SPDX-License-Identifier: MIT
"""Unwrapping of kernels: every format, and files that are damaged or hostile."""
import bz2
import gzip
import lzma
import struct
import subprocess

import pytest
from lib import kernel
from lib.errors import UserError

ELF = kernel.ELF_MAGIC + bytes(range(256)) * 400


def command_line_tool(*command):
    return lambda data: subprocess.run(command, input=data, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, check=True).stdout


PACKERS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lambda data: lzma.compress(data, check=lzma.CHECK_CRC32),
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "lzo": command_line_tool("lzop", "-9c"),
    "lz4": command_line_tool("lz4", "-c"),
    "lz4-legacy": command_line_tool("lz4", "-lc"),
    "zstd": command_line_tool("zstd", "-c"),
}


def bzimage(payload, *, version=0x020F, offset=0x30, length=None):
    image = bytearray(1024 + 0x30)
    image[kernel.SETUP_SECTS] = 1
    struct.pack_into("<H", image, kernel.BOOT_FLAG, kernel.BOOT_FLAG_VALUE)
    image[kernel.HEADER_MAGIC:kernel.HEADER_MAGIC + 4] = kernel.HEADER_MAGIC_VALUE
    struct.pack_into("<H", image, kernel.PROTOCOL_VERSION, version)
    struct.pack_into("<II", image, kernel.PAYLOAD_OFFSET, offset,
                     len(payload) if length is None else length)
    return bytes(image) + payload + b"trailing code"


@pytest.mark.parametrize("packer", PACKERS)
def test_compressed_elf(packer):
    assert kernel.unwrap_kernel(PACKERS[packer](ELF), "k") == ELF


@pytest.mark.parametrize("packer", PACKERS)
def test_bzimage(packer):
    payload = PACKERS[packer](ELF)
    if packer != "gzip":
        payload += struct.pack("<I", len(ELF))
    assert kernel.unwrap_kernel(bzimage(payload), "k") == ELF


def test_plain_elf():
    assert kernel.unwrap_kernel(ELF, "k") is ELF


@pytest.mark.parametrize("image, text", [
    (b"", "neither"),
    (b"#!/bin/sh\n", "neither"),
    (gzip.compress(b"text"), "no ELF"),
    (gzip.compress(ELF)[:-20], "damaged"),
    (lzma.compress(ELF)[:-20], "damaged"),
    (bz2.compress(ELF)[:-20], "damaged"),
    (b"BZh9" + bytes(100), "damaged"),
    (b"\x89LZO\x00\r\n\x1a\n" + bytes(100), "damaged"),
    (b"\x28\xb5\x2f\xfd" + bytes(100), "damaged"),
    (b"\x02\x21\x4c\x18" + b"\xff" * 100, "damaged"),
    (bzimage(gzip.compress(ELF), version=0x0207), "2.08"),
    (bzimage(gzip.compress(ELF), offset=0xFFFFFFF0), "outside"),
    (bzimage(gzip.compress(ELF), length=0xFFFFFFFF), "outside"),
    (bzimage(b"", length=0), "outside"),
], ids=["empty", "script", "text", "short-gzip", "short-xz", "short-bzip2", "bad-bzip2", "bad-lzo", "bad-zstd", "bad-lz4",
        "old-protocol", "offset", "length", "no-payload"])
def test_refusal(image, text):
    with pytest.raises(UserError, match=text):
        kernel.unwrap_kernel(image, "k")


@pytest.mark.parametrize("packer", ["gzip", "bzip2", "xz", "zstd", "lzo", "lz4"])
def test_output_is_bounded(packer, monkeypatch):
    monkeypatch.setattr(kernel, "MAX_UNPACKED", 1 << 16)
    if packer == "xz":
        with pytest.raises(UserError):
            kernel.unwrap_kernel(PACKERS[packer](ELF * 10), "k")
        return
    with pytest.raises(UserError, match="more than"):
        kernel.unwrap_kernel(PACKERS[packer](ELF), "k")
