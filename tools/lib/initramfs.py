# SPDX-License-Identifier: MIT
"""Adds files to the Linux guest's initramfs: the kernel unpacks one archive after the other."""
import gzip
import os
import stat

EXECUTABLE = stat.S_IFREG | 0o755
FOLDER = stat.S_IFDIR | 0o755
TRAILER = "TRAILER!!!"


def padded(data):
    return data + bytes(-len(data) % 4)


def entry(name, mode, data=b""):
    """One file in the form that cpio calls newc."""
    encoded = name.encode() + b"\0"
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields)
    return padded(head + encoded) + padded(data)


def folders_of(names):
    result = set()
    for name in names:
        while name := os.path.dirname(name):
            result.add(name)
    return sorted(result)


def extend(initramfs, output, files):
    """Write initramfs, followed by files (a path in the guest -> contents), to output."""
    files = {name.lstrip("/"): data for name, data in files.items()}
    archive = b"".join(entry(name, FOLDER) for name in folders_of(files))
    archive += b"".join(entry(name, EXECUTABLE, data.encode() if isinstance(data, str) else data)
                        for name, data in files.items())
    archive += entry(TRAILER, 0)
    with open(initramfs, "rb") as source, open(output, "wb") as target:
        target.write(padded(source.read()))
        target.write(gzip.compress(archive, 1))
    return output
