# SPDX-License-Identifier: MIT
"""Makes the harness and the libraries of tools/ importable, and offers the boot fixture."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "tools")]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import pytest
from harness.guests import Bench
from harness.shell import ECHO, PROMPT, Shell

pytest_plugins = ["harness.plugin"]


@pytest.fixture
def bench(request):
    """Boots machines for one test and keeps their serial output."""
    return Bench(request.node, request.config.getoption("--build-folder"))


@pytest.fixture
def boot_shell(bench, tmp_path):
    """Boots the control domain to its prompt; options are those of harness.shell.Shell."""
    shells = []

    def boot(configs=None, **options):
        shell = Shell(bench, str(tmp_path), configs or {"echo.cfg": ECHO}, **options)
        shells.append(shell)
        if "guest" not in options:
            shell.expect(PROMPT)
            shell.greeting = shell.child.before
        return shell

    yield boot
    for shell in shells:
        shell.close()
