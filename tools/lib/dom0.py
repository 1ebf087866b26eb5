# SPDX-License-Identifier: MIT
"""Booting the control domain: what it needs as modules, and how much memory it gets."""
import os
import re

from .boot import ROOT, require_file
from .errors import UserError

# The control domain itself, and what it may need to unpack a kernel of ordinary size.
BASE_MIB = 40
# A small machine is shared with its guests.
LARGEST_SHARE = 0.6
# When the shell reads what is typed, and what ends the machine from there.
PROMPT = b"ringlet# "
POWER_OFF = b"poweroff\r"
BOOTLOADER = re.compile(rb"^[ \t]*bootloader[ \t]*=[ \t]*[\"']pvgrub", re.MULTILINE)


def pvgrub(modules):
    """The boot loader that `bootloader = "pvgrub"` starts, when a description among modules asks."""
    for path in modules:
        if os.path.basename(path) == "pvgrub":
            return []
    for path in modules:
        if path.endswith(".cfg"):
            with open(path, "rb") as file:
                if BOOTLOADER.search(file.read()):
                    return [product("PVGRUB", "pvgrub")]
    return []


def dom0_path():
    """The image to boot: $DOM0, or what make built."""
    return product("DOM0", "dom0.elf")


def product(variable, name):
    """What make built, unless an environment variable names something else."""
    path = os.environ.get(variable) or os.path.join(ROOT, "build", name)
    if not os.path.isfile(path):
        raise UserError(f"{os.path.relpath(path)} does not exist: run make first")
    return path


def memory_option(modules, memory_mib):
    """The modules stay in its memory, and a compressed kernel is unpacked there."""
    size = sum(os.path.getsize(path) for path in modules) >> 20
    wanted = BASE_MIB + 2 * size
    return f"dom0_mem={max(16, min(wanted, int(memory_mib * LARGEST_SHARE)))}"


def control_domain(guest, modules, hv_options="", memory_mib=256, attended=True):
    """Arguments of boot.boot() for the control domain with these files.

    guest is a description to start and to connect to; None leads to the shell. Unattended, the
    machine ends with the guest: nobody could type anything. Without a guest it ends when its input
    does.
    """
    modules = ([guest] if guest else []) + list(modules)
    for path in modules:
        require_file(path)
    modules += pvgrub(modules)
    if "dom0_mem=" not in hv_options:
        hv_options = f"{hv_options} {memory_option(modules, memory_mib)}".strip()
    command_line = f"guest={os.path.basename(guest)} console=1" if guest else ""
    if guest and not attended:
        command_line += " end=1"
    shell = {} if guest else {"ready": PROMPT, "farewell": POWER_OFF}
    return {"kernel": dom0_path(), "command_line": command_line, "modules": modules,
            "hv_options": hv_options, **shell}
