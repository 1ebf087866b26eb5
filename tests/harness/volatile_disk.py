# SPDX-License-Identifier: MIT
"""A disk with a cache that loses its content with the power; nbdkit loads this file.

Writes that no flush has followed are in memory, where reads find them, and in the file journal=, from
which tests/harness/power.py lets a random part of them reach the image once this process is gone.
Only a flush brings them to image=; with flushes=ignored, not even that.
"""
import os
import struct

import nbdkit

API_VERSION = 2
SECTOR = 512
# What stands before each write in the journal: its offset and length.
HEADER = struct.Struct("<QQ")

settings, state = {}, {}


def config(key, value):
    settings[key] = value


def get_ready():
    state["image"] = os.open(settings["image"], os.O_RDWR)
    state["journal"] = os.open(settings["journal"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    state["writes"], state["sectors"] = [], {}


def thread_model():
    return nbdkit.THREAD_MODEL_SERIALIZE_ALL_REQUESTS


def open(_readonly):  # pylint: disable=redefined-builtin
    return 1


def get_size(_handle):
    return os.fstat(state["image"]).st_size


def can_flush(_handle):
    return True


def can_write(_handle):
    return True


def block_size(_handle):
    return (SECTOR, 4096, 0xffffffff)


def pread(_handle, buffer, offset, _flags):
    view = memoryview(buffer)
    os.preadv(state["image"], [view], offset)
    sectors = state["sectors"]
    if sectors:
        for at in range(0, len(view), SECTOR):
            newer = sectors.get((offset + at) // SECTOR)
            if newer:
                view[at:at + SECTOR] = newer


def pwrite(_handle, buffer, offset, _flags):
    data = bytes(buffer)
    os.writev(state["journal"], [HEADER.pack(offset, len(data)), data])
    state["writes"].append((offset, data))
    for at in range(0, len(data), SECTOR):
        state["sectors"][(offset + at) // SECTOR] = data[at:at + SECTOR]


def flush(_handle, _flags):
    if settings.get("flushes") == "ignored":
        return
    for offset, data in state["writes"]:
        os.pwrite(state["image"], data, offset)
    os.ftruncate(state["journal"], 0)
    state["writes"], state["sectors"] = [], {}
