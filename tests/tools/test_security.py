# SPDX-License-Identifier: MIT
"""Every test that docs/security.md names exists."""
import glob
import os
import re

from lib.boot import ROOT

ROW = re.compile(r"^\|.*\|$", re.MULTILINE)
NAME = re.compile(r"`([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)?)`")
NOT_TESTS = {"auto", "index_nospec", "max_grant_frames"}


def sources():
    """All text in which a test can have its name."""
    text = ""
    for pattern in ("tests/unit/*.c", "guests/tests/*.c", "guests/evil/*.c", "guests/multi/*.c"):
        for path in glob.glob(os.path.join(ROOT, pattern)):
            with open(path, encoding="utf-8") as file:
                text += f" {os.path.basename(path)[:-2]} " + file.read()
    return text


def test_names_exist():
    with open(os.path.join(ROOT, "docs", "security.md"), encoding="utf-8") as file:
        rows = "\n".join(ROW.findall(file.read()))
    words = set(re.findall(r"[\w.]+", sources()))
    names = set(NAME.findall(rows)) - NOT_TESTS
    assert len(names) > 100, "the tables were not found"
    missing = sorted(name for name in names if name not in words and f"test_{name}" not in words)
    assert not missing, missing
