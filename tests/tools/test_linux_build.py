# SPDX-License-Identifier: MIT
"""The Linux guest's build notices when a kernel is not configured as it was asked to be."""
import os
import subprocess

import pytest
from lib.boot import ROOT

LINUX = os.path.join(ROOT, "guests", "linux")
WANTED = """\
# A remark, and # CONFIG_D is not set within it.
CONFIG_A=y
CONFIG_B=0x200000
# CONFIG_C is not set
"""
GOOD = "CONFIG_A=y\nCONFIG_B=0x200000\nCONFIG_D=y\n# CONFIG_C is not set\n"


def check(folder, config):
    for name, text in (("config", config), ("wanted", WANTED)):
        (folder / name).write_text(text)
    return subprocess.run([os.path.join(LINUX, "check-config"), "config", "wanted"], cwd=folder,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)


@pytest.mark.parametrize("change, named", [
    (("CONFIG_A=y\n", ""), "CONFIG_A=y"),
    (("CONFIG_A=y", "# CONFIG_A is not set"), "CONFIG_A=y"),
    (("CONFIG_A=y", "CONFIG_A=m"), "CONFIG_A=y"),
    (("0x200000", "0x2000000"), "CONFIG_B=0x200000"),
    (("# CONFIG_C is not set", "CONFIG_C=m"), "# CONFIG_C is not set")])
def test_linux_config_lost(tmp_path, change, named):
    result = check(tmp_path, GOOD.replace(*change))
    assert result.returncode == 1
    assert result.stderr == f"check-config: the configuration has not: {named}\n"


def test_linux_config_kept(tmp_path):
    assert check(tmp_path, GOOD).returncode == 0
    # What is not mentioned is off.
    assert check(tmp_path, GOOD.replace("# CONFIG_C is not set\n", "")).returncode == 0


def test_linux_patches_listed():
    """Every patch is in the series, and the other one takes from it, in its order."""
    folder = os.path.join(LINUX, "patches")
    lines = {}
    for name in ("series", "series.stock"):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            lines[name] = [line.strip() for line in file if line.strip() and line[0] != "#"]
    patches = sorted(name for name in os.listdir(folder) if name.endswith(".patch"))
    assert lines["series"] == patches
    assert lines["series.stock"] == [name for name in patches if name in lines["series.stock"]]
