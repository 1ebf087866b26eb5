# SPDX-License-Identifier: MIT
"""Tests that others wrote give the same results in a guest as on the bare machine: the short set."""
from harness.judges import judge


def test_judges(bench, tmp_path):
    """Selftests of the kernel, and stress-ng for a second each."""
    judge(bench, tmp_path, "short", 1)
