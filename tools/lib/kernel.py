# SPDX-License-Identifier: MIT
"""Kernel files in the wrappings that distributions ship: ELF, compressed ELF, Linux bzImage.

The hypervisor boots plain ELF modules, so everything else is unwrapped here. Input is not trusted:
all offsets are checked against the file and decompression stops at MAX_UNPACKED bytes.
"""
import bz2
import lzma
import shutil
import struct
import subprocess
import tempfile
import zlib

from .errors import UserError

MAX_UNPACKED = 256 << 20

ELF_MAGIC = b"\x7fELF"

# Linux, Documentation/x86/boot.rst: "The Real-Mode Kernel Header".
SETUP_SECTS = 0x1F1
BOOT_FLAG, BOOT_FLAG_VALUE = 0x1FE, 0xAA55
HEADER_MAGIC, HEADER_MAGIC_VALUE = 0x202, b"HdrS"
PROTOCOL_VERSION, PROTOCOL_WITH_PAYLOAD = 0x206, 0x0208
PAYLOAD_OFFSET, PAYLOAD_LENGTH = 0x248, 0x24C
SECTOR = 512


def unwrap_kernel(data, name):
    """Return the ELF file inside data; raises UserError when there is none."""
    if is_bzimage(data):
        data = unpack(bzimage_payload(data, name), name)
    elif not data.startswith(ELF_MAGIC):
        data = unpack(data, name)
    if not data.startswith(ELF_MAGIC):
        raise UserError(f"{name}: no ELF file inside")
    return data


def is_bzimage(data):
    return (len(data) >= PAYLOAD_LENGTH + 4
            and struct.unpack_from("<H", data, BOOT_FLAG)[0] == BOOT_FLAG_VALUE
            and data[HEADER_MAGIC:HEADER_MAGIC + 4] == HEADER_MAGIC_VALUE)


def bzimage_payload(data, name):
    """The compressed kernel of a bzImage, without the size that its build appends."""
    (version,) = struct.unpack_from("<H", data, PROTOCOL_VERSION)
    if version < PROTOCOL_WITH_PAYLOAD:
        raise UserError(f"{name}: boot protocol {version >> 8}.{version & 0xff:02} does not say "
                        "where the kernel is; 2.08 is needed")
    offset, length = struct.unpack_from("<II", data, PAYLOAD_OFFSET)
    start = ((data[SETUP_SECTS] or 4) + 1) * SECTOR + offset
    payload = data[start:start + length]
    if length < 8 or len(payload) != length:
        raise UserError(f"{name}: its header points outside the file; is it complete?")
    if payload.startswith((b"\x1f\x8b", ELF_MAGIC)):
        return payload
    return payload[:-4]


def unpack(data, name):
    """Decompress by magic number."""
    for magic, function in FORMATS:
        if data.startswith(magic):
            try:
                unpacked = function(data)
            except (EOFError, OSError, ValueError, lzma.LZMAError, zlib.error) as error:
                raise UserError(f"{name}: damaged compressed data ({error})") from error
            if len(unpacked) > MAX_UNPACKED:
                raise UserError(f"{name}: unpacks to more than {MAX_UNPACKED >> 20} MiB")
            return unpacked
    raise UserError(f"{name}: neither an ELF file, nor a bzImage, nor a gzip, bzip2, xz, lzma, "
                    "lzo, lz4 or zstd file that holds one")


def unpack_gzip(data):
    decompressor = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    unpacked = decompressor.decompress(data, MAX_UNPACKED + 1)
    if not decompressor.eof and len(unpacked) <= MAX_UNPACKED:
        raise EOFError("it ends too early")
    return unpacked


def unpack_bzip2(data):
    decompressor = bz2.BZ2Decompressor()
    unpacked = decompressor.decompress(data, MAX_UNPACKED + 1)
    if not decompressor.eof and len(unpacked) <= MAX_UNPACKED:
        raise EOFError("it ends too early")
    return unpacked


def unpack_xz(data):
    decompressor = lzma.LZMADecompressor(memlimit=MAX_UNPACKED)
    unpacked = decompressor.decompress(data, MAX_UNPACKED + 1)
    # The old .lzma format of kernel builds may lack an end mark.
    if decompressor.needs_input and not decompressor.eof and data.startswith(b"\xfd7zXZ"):
        raise EOFError("it ends too early")
    return unpacked


def unpack_with(*command):
    """A decompressor that pipes the data through a command-line tool."""
    def run(data):
        if not shutil.which(command[0]):
            raise UserError(f"the program {command[0]} is missing: tools/setup run")
        # A temporary file as input needs no second thread to avoid a deadlock of two pipes.
        with tempfile.TemporaryFile() as source:
            source.write(data)
            source.seek(0)
            with subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE) as process:
                unpacked = process.stdout.read(MAX_UNPACKED + 1)
                if len(unpacked) > MAX_UNPACKED:
                    process.kill()
                    return unpacked
                message = process.stderr.read().decode(errors="replace").strip()
        if process.returncode:
            raise OSError(message.splitlines()[-1] if message else f"{command[0]} failed")
        return unpacked
    return run


FORMATS = (
    (b"\x1f\x8b", unpack_gzip),
    (b"BZh", unpack_bzip2),
    (b"\xfd7zXZ\x00", unpack_xz),
    (b"\x5d\x00\x00", unpack_xz),
    (b"\x89LZO\x00\r\n\x1a\n", unpack_with("lzop", "-dc")),
    (b"\x04\x22\x4d\x18", unpack_with("lz4", "-dcq")),
    (b"\x02\x21\x4c\x18", unpack_with("lz4", "-dcq")),
    (b"\x28\xb5\x2f\xfd", unpack_with("zstd", "-dcq", "--no-progress")),
    (ELF_MAGIC, bytes),
)
