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

pytest_plugins = ["harness.plugin"]


@pytest.fixture
def bench(request):
    """Boots machines for one test and keeps their serial output."""
    return Bench(request.node, request.config.getoption("--build-folder"))
