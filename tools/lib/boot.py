# SPDX-License-Identifier: MIT
"""Boot a kernel under the hypervisor: the road that tools/boot and every test take."""
import contextlib
import os
import subprocess
import tempfile

from .bochs import Bochs
from .emulator import Machine
from .errors import UserError
from .iso import build_image
from .kernel import unwrap_kernel
from .qemu import Qemu
from .session import Session

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def hypervisor_path(debug=False):
    """The image to boot: $HV, or what make built."""
    path = os.environ.get("HV") or os.path.join(ROOT, "build", *(["debug"] if debug else []),
                                                "hypervisor.elf")
    if not os.path.isfile(path):
        raise UserError(f"{os.path.relpath(path)} does not exist: run make"
                        + (" DEBUG=1" if debug else "") + " first")
    return path


def require_file(path):
    if not os.path.isfile(path):
        raise UserError(f"{path}: " + ("not a file" if os.path.exists(path) else "no such file"))
    if not os.access(path, os.R_OK):
        raise UserError(f"{path}: permission denied")


def prepare_modules(folder, kernel, command_line, modules, unwrap=True):
    """Pairs of a file and its module string, the kernel first and in plain ELF form.

    Without unwrap the file goes to the hypervisor as it is; without a kernel there is no module.
    """
    if kernel is None:
        return []
    for path in [kernel, *modules]:
        require_file(path)
    path = kernel
    if unwrap:
        with open(kernel, "rb") as file:
            data = file.read()
        elf = unwrap_kernel(data, kernel)
        if elf is not data:
            path = os.path.join(folder, "kernel.elf")
            with open(path, "wb") as file:
                file.write(elf)
    pairs = [(path, command_line)]
    return pairs + [(module, os.path.basename(module)) for module in modules]


@contextlib.contextmanager
def work_folder():
    """A temporary folder whose name has nothing that a configuration file would need quoted."""
    with tempfile.TemporaryDirectory(prefix="ringlet-") as folder:
        yield folder


def install_programs():
    """The tools for building and booting images; silent and quick when they are there."""
    result = subprocess.run([os.path.join(ROOT, "tools", "setup"), "run"], check=False)
    if result.returncode:
        raise UserError("some packages are missing, see above")


def boot(kernel, command_line="", modules=(), *, hypervisor=None, hv_options="", bochs=False,
         timeout=0, sink=None, source_fd=None, escape=None, ready=b"", farewell=b"", unwrap=True,
         **machine):
    """Boot to the end and return the Outcome; machine holds fields of emulator.Machine."""
    with work_folder() as folder:
        pairs = prepare_modules(folder, kernel, command_line, modules, unwrap)
        image = build_image(folder, hypervisor or hypervisor_path(), hv_options, pairs)
        emulator = (Bochs if bochs else Qemu)(Machine(image=image, **machine), folder)
        return Session(emulator, timeout, sink, source_fd, escape, ready, farewell).run()
