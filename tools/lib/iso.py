# SPDX-License-Identifier: MIT
"""GRUB images that hand the hypervisor and its modules over by Multiboot2.

For tests the commands are built into GRUB itself and only the modules they need come along: such an
image boots in a fraction of a second even where the processor is interpreted. rescue_image() makes
the ordinary kind, with a menu, for USB sticks and CDs.
"""
import os
import shutil
import subprocess

from .errors import UserError

BOOT_MODULES = ("biosdisk", "iso9660", "multiboot2")


def quote(word):
    """One word for GRUB's parser."""
    return "'" + word.replace("'", "'\"'\"'") + "'"


def grub_line(command, path, words):
    return " ".join([command, path] + [quote(word) for word in words.split()])


def grub_commands(hv_options, modules):
    """The GRUB commands; modules are pairs of a file and its module string."""
    lines = [grub_line("multiboot2", "/hypervisor", hv_options)]
    lines += [grub_line("module2", f"/module{number}", string)
              for number, (_, string) in enumerate(modules)]
    return lines + ["boot"]


def strip_debug_info(source, target):
    """Copy an ELF file without what GRUB would load for a debugger only."""
    if shutil.which("objcopy"):
        if subprocess.run(["objcopy", "--strip-all", source, target],
                          stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return
    shutil.copyfile(source, target)


def build_image(folder, hypervisor, hv_options, modules):
    """Write folder/boot.iso, which boots by itself without a menu; returns its path."""
    config, core = os.path.join(folder, "grub.cfg"), os.path.join(folder, "core.img")
    stripped, image = os.path.join(folder, "hypervisor"), os.path.join(folder, "boot.iso")
    with open(config, "w", encoding="utf-8") as file:
        file.write("\n".join(grub_commands(hv_options, modules)) + "\n")
    strip_debug_info(hypervisor, stripped)
    run_tool("grub-mkimage", "-O", "i386-pc-eltorito", "-p", "/boot/grub", "-c", config,
             "-o", core, *BOOT_MODULES)
    files = [f"core.img={core}", f"hypervisor={stripped}"]
    files += [f"module{number}={escape_path(path)}" for number, (path, _) in enumerate(modules)]
    run_tool("xorriso", "-as", "mkisofs", "-quiet", "-graft-points", "-iso-level", "3",
             "-b", "core.img", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table",
             "-o", image, *files)
    return image


def rescue_image(folder, hypervisor, hv_options, modules, output):
    """Write an image with a GRUB menu that starts from CD, USB stick or disk under a BIOS."""
    tree = os.path.join(folder, "tree")
    os.makedirs(os.path.join(tree, "boot", "grub"))
    strip_debug_info(hypervisor, os.path.join(tree, "hypervisor"))
    for number, (path, _) in enumerate(modules):
        shutil.copyfile(path, os.path.join(tree, f"module{number}"))
    with open(os.path.join(tree, "boot", "grub", "grub.cfg"), "w", encoding="utf-8") as file:
        file.write('set timeout=5\nmenuentry "Ringlet" {\n\t')
        file.write("\n\t".join(grub_commands(hv_options, modules)[:-1]) + "\n}\n")
    run_tool("grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", output, tree)


def escape_path(path):
    """xorriso splits graft points at '=' unless it is escaped."""
    return os.path.abspath(path).replace("\\", "\\\\").replace("=", "\\=")


def run_tool(*command):
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
    except FileNotFoundError as error:
        raise UserError(f"the program {command[0]} is missing: tools/setup run") from error
    if result.returncode:
        text = result.stdout.decode(errors="replace").strip().splitlines()
        raise UserError(f"{command[0]}: {text[-1] if text else 'failed'}")
