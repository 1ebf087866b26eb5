# SPDX-License-Identifier: MIT
"""Disk images for tests: partition tables, file systems."""
import os
import struct
import subprocess
import uuid
import zlib

SECTOR = 512
MIB = 1 << 20
FIRST = 2048
ENTRIES = 128
ENTRY_SIZE = 128
LINUX = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4").bytes_le


def random_image(path, mib, seed=1):
    """Bytes that are everywhere different, without the cost of good ones."""
    block = bytes((i * 7 + seed) & 255 for i in range(4096))
    with open(path, "wb") as file:
        for i in range(mib * MIB // 4096):
            file.write(struct.pack("<Q", i * seed) + block[8:])
    return path


def gpt_header(at, other, entries_at, entries, sectors):
    def make(crc):
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, at, other, 34,
                           sectors - 34, bytes(16), entries_at, ENTRIES, ENTRY_SIZE,
                           zlib.crc32(entries))
    return make(zlib.crc32(make(0))).ljust(SECTOR, b"\0")


def write_gpt(path, partitions):
    """partitions: (first sector, sectors), in order. The image keeps its contents elsewhere."""
    sectors = os.path.getsize(path) // SECTOR
    entries = b"".join(struct.pack("<16s16sQQQ72s", LINUX, bytes([i + 1] * 16), first,
                                   first + count - 1, 0, b"")
                       for i, (first, count) in enumerate(partitions))
    entries = entries.ljust(ENTRIES * ENTRY_SIZE, b"\0")
    mbr = bytes(446) + struct.pack("<BBBBBBBBII", 0, 0, 2, 0, 0xee, 255, 255, 255, 1, sectors - 1)
    with open(path, "r+b") as file:
        file.write(mbr.ljust(510, b"\0") + b"\x55\xaa")
        file.write(gpt_header(1, sectors - 1, 2, entries, sectors) + entries)
        file.seek((sectors - 33) * SECTOR)
        file.write(entries + gpt_header(sectors - 1, 1, sectors - 33, entries, sectors))


def write_mbr(path, partitions):
    """partitions: up to four (type, first sector, sectors)."""
    table = b"".join(struct.pack("<BBBBBBBBII", 0, 0, 0, 0, kind, 0, 0, 0, first, count)
                     for kind, first, count in partitions)
    with open(path, "r+b") as file:
        file.write(bytes(446) + table.ljust(64, b"\0") + b"\x55\xaa")


def ext4_image(path, mib, folder, offset=0):
    """A file system with the folder's files, behind offset bytes of nothing."""
    with open(path, "wb") as file:
        file.truncate(mib * MIB)
    size = mib - 2 * (offset > 0)
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^metadata_csum_seed,^orphan_file",
                    "-d", str(folder), "-E", f"offset={offset}", "-F", str(path), f"{size}M"],
                   check=True, stdout=subprocess.DEVNULL)
    return path
