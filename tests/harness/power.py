# SPDX-License-Identifier: MIT
"""Machines that lose their power, and what must then be on their disk."""
import os
import re
import select
import signal
import struct
import subprocess
import time

from lib.emulator import die_with_parent
from lib.errors import UserError

HERE = os.path.dirname(os.path.abspath(__file__))
START_SECONDS = 20
# As in guests/linux/initramfs/records.c.
MAGIC, LARGEST, FILE_STEP, FILES_KEPT = 0x44524352, 8320, 4, 32
SAID = re.compile(r"^(SAFE|KEPT|START) (\w+) (\d+)\r*$", re.MULTILINE)
FAILED = re.compile(r"^FAILED.*|.*(?:I/O error|EXT4-fs error|Aborting journal).*", re.MULTILINE)


class VolatileDisk:
    """An image behind tests/harness/volatile_disk.py, for as many machines as one likes."""

    def __init__(self, folder, image, honest=True):
        self.image = image
        self.options = [] if honest else ["flushes=ignored"]
        self.journal = os.path.join(folder, "unflushed")
        self.socket = os.path.join(folder, "nbd")
        self.url = f"nbd+unix:///?socket={self.socket}"
        self.process = None

    def start(self):
        for path in (self.journal, self.socket):
            if os.path.exists(path):
                os.unlink(path)
        # pylint: disable-next=consider-using-with,subprocess-popen-preexec-fn
        self.process = subprocess.Popen(
            ["nbdkit", "--foreground", "--unix", self.socket, "python",
             os.path.join(HERE, "volatile_disk.py"), f"image={self.image}",
             f"journal={self.journal}", *self.options],
            stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        deadline = time.monotonic() + START_SECONDS
        while not os.path.exists(self.socket):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise UserError("nbdkit does not start")
            time.sleep(0.01)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def lose_power(self, random):
        """What no flush has followed is lost, but for a random part of its sectors.

        Returns how many bytes had to fear for their lives."""
        self.stop()
        with open(self.journal, "rb") as journal, open(self.image, "r+b") as image:
            share, bytes_seen = random.choice((0, 0.5, 0.9, 1)), 0
            while len(header := journal.read(16)) == 16:
                offset, length = struct.unpack("<QQ", header)
                data = journal.read(length)
                bytes_seen += len(data)
                for at in range(0, len(data) // 512 * 512, 512):
                    if random.random() < share:
                        image.seek(offset + at)
                        image.write(data[at:at + 512])
        return bytes_seen


def run_until_power_fails(emulator, disk, writers, seconds, random, boot_seconds=120):
    """Let the machine write for that long and pull the plug; returns what it had said by then."""
    emulator.start()
    try:
        text, deadline, writing = "", time.monotonic() + boot_seconds, False
        while time.monotonic() < deadline:
            ready = select.select([emulator.output_fd], [], [], 0.02)[0]
            data = os.read(emulator.output_fd, 65536) if ready else b""
            assert data or not ready, f"the machine ended by itself: {text[-300:]}"
            text += data.decode(errors="replace")
            if not writing and sum(word == "START" for word, *_ in SAID.findall(text)) == writers:
                writing, deadline = True, time.monotonic() + seconds
        assert writing, f"the guest did not begin to write: {text[-300:]}"
    finally:
        if emulator.process.poll() is None:
            os.killpg(emulator.process.pid, signal.SIGKILL)
        disk.stop()
    # What is still on its way has left the machine.
    while data := os.read(emulator.output_fd, 65536):
        text += data.decode(errors="replace")
    emulator.stop()
    disk.lose_power(random)
    return text


def run_tool(*command, good=(0,)):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False, text=True, errors="replace")
    assert result.returncode in good, f"{' '.join(command[:3])}: {' '.join(result.stdout.split())}"


def make_file_system(image, mib):
    with open(image, "wb") as file:
        file.truncate(mib << 20)
    # A small journal wraps often. The checksum of a block that ends a transaction covers sectors that mean nothing, and
    # Linux before 6.11 mounts no file system where only the first of them was written when the power went.
    run_tool("mke2fs", "-q", "-t", "ext4", "-O", "^metadata_csum", "-J", "size=4", "-F", image)


class Ledger:
    """What the guest has said over the lives of one disk, and whether it is true."""

    def __init__(self):
        self.safe, self.kept, self.said = {}, {}, 0

    def read(self, text):
        complaint = FAILED.search(text)
        assert not complaint, f"the guest says: {complaint.group(0).strip()}"
        for word, name, number in SAID.findall(text):
            number = int(number)
            self.said += word != "START"
            if word == "START":
                assert number > self.safe.get(name, -1), \
                    f"{name} starts at {number} though {self.safe[name]} was safe"
            elif word == "SAFE":
                self.safe[name] = number
            else:
                self.kept.setdefault(name, set()).add(number)

    def check(self, image, folder):
        """The file system on the image is sound, and has everything that was acknowledged."""
        copy, files = os.path.join(folder, "copy.img"), os.path.join(folder, "files")
        run_tool("cp", "--sparse=always", image, copy)
        run_tool("e2fsck", "-E", "journal_only", "-p", copy, good=(0, 1))
        # The counts of free blocks are never exact after a crash; -p mends only such things.
        run_tool("e2fsck", "-f", "-p", copy, good=(0, 1))
        run_tool("e2fsck", "-f", "-n", copy)
        run_tool("rm", "-rf", files)
        os.mkdir(files)
        run_tool("debugfs", "-R", f"rdump / {files}", copy)
        for name in self.safe:
            self.check_log(name, os.path.join(files, f"{name}.log"))
            self.check_files(name, files)

    def check_log(self, name, path):
        assert os.path.exists(path), f"the log of {name} is lost"
        with open(path, "rb") as file:
            data = file.read()
        at = 0
        for number in range(self.safe[name] + 1):
            expected = record(number)
            assert data[at:at + len(expected)] == expected, \
                f"record {number} of {name} is lost, {self.safe[name]} was acknowledged"
            at += len(expected)

    def check_files(self, name, folder):
        # The writer may have been about to do the next record, and so have removed one file more.
        oldest = self.safe[name] + 1 - FILES_KEPT
        for number in sorted(self.kept.get(name, ())):
            if number <= oldest:
                self.kept[name].discard(number)
                continue
            path = os.path.join(folder, f"{name}.{number}")
            assert os.path.exists(path), f"the file {name}.{number} is lost"
            with open(path, "rb") as file:
                assert file.read() == record(number), f"the file {name}.{number} is damaged"


def record(number):
    """The bytes of one record, as records.c makes them."""
    words = (64 + ((number * 2654435761 & 0xffffffff) >> 19 & ~3)) // 4
    body = [(number * 2246822519 + i * 3266489917) & 0xffffffff for i in range(3, words)]
    return struct.pack(f"<{words}I", MAGIC, number, words * 4, *body)
