# SPDX-License-Identifier: MIT
"""Every header of the hypervisor and of the guest runtime compiles alone, with the flags of the build.

The flags are taken from make itself, so that they cannot drift apart. Headers of the host tests are
compiled as part of those tests.
"""
import os
import subprocess

import pytest
from lib.boot import ROOT

FOLDERS = {
    "HV_FLAGS": ("boot", "arch/x86_32", "mm", "core", "hypercall"),
    "GUEST_FLAGS": ("guests/pvrt",),
}


def headers():
    for variable, folders in FOLDERS.items():
        for folder in folders:
            for name in sorted(os.listdir(os.path.join(ROOT, folder))):
                if name.endswith(".h"):
                    path = f"{folder}/{name}"
                    yield pytest.param(path, variable, id=path)


@pytest.fixture(scope="module", name="flags")
def make_flags(request, tmp_path_factory):
    """What make would compile with: variable name -> words."""
    build = request.config.getoption("--build-folder")
    script = tmp_path_factory.mktemp("make") / "print.mk"
    script.write_text("include Makefile\n" + "".join(
        f"$(info {name}=$({name}) $(C_FLAGS))\n" for name in FOLDERS) + "print: ;\n")
    text = subprocess.run(["make", "-f", str(script), f"BUILD={build}", "print"], cwd=ROOT,
                          stdout=subprocess.PIPE, check=True, text=True).stdout
    lines = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name: lines[name].split() for name in FOLDERS}


@pytest.mark.parametrize("header, variable", headers())
def test_header_alone(header, variable, flags):
    command = ["gcc", *flags[variable], "-fsyntax-only", "-x", "c", "-"]
    result = subprocess.run(command, input=f'#include "{header}"\n', cwd=ROOT, text=True,
                            stderr=subprocess.PIPE, check=False)
    assert result.returncode == 0, result.stderr
