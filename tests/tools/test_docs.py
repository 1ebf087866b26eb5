# SPDX-License-Identifier: MIT
"""The documents keep up with the source: nothing is left out, and nothing is named that is not there.

docs/tour.md names every source file; docs/abi.md every hypercall and every sub-operation that a
handler knows, with tests that exist; docs/options.md every option. Which files there are is git's
answer, so a file counts from its first commit on.
"""
import functools
import glob
import os
import re
import subprocess

import pytest
from lib.boot import ROOT

SOURCE_SUFFIXES = (".c", ".h", ".S", ".ld", ".mk", ".py", ".sh")
ABI_HEADERS = "/usr/include/xen"
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
DOCUMENTS = ("README.md",) + tuple(f"docs/{name}" for name in sorted(
    os.listdir(os.path.join(ROOT, "docs"))) if name.endswith(".md"))


@functools.lru_cache(None)
def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def exists(path):
    return os.path.exists(os.path.join(ROOT, path))


def tracked_files():
    if not exists(".git"):
        pytest.skip("no git repository: which files belong to it is not known")
    output = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "ls-files"], cwd=ROOT,
                            stdout=subprocess.PIPE, check=True, text=True).stdout
    return [path for path in output.splitlines() if exists(path)]


def is_source(path):
    return path.endswith(SOURCE_SUFFIXES) or path in ("Makefile",) or \
        ("." not in os.path.basename(path) and read(path).startswith("#!"))


def code_words(document):
    """Everything between backquotes, and what it looks like without a trailing argument."""
    return set(CODE.findall(read(document)))


# ---- the tour ----

def test_tour_names_every_source_file():
    missing = [path for path in tracked_files()
               if is_source(path) and path not in code_words("docs/tour.md")]
    assert not missing, f"docs/tour.md leaves out: {' '.join(missing)}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_named_files_exist(document):
    folders = {path.split("/")[0] for path in tracked_files() if "/" in path}
    # Capitals stand for a name of the reader's choice.
    gone = [word for word in sorted(code_words(document))
            if re.fullmatch(r"[\w.+-]+(?:/[\w.+-]+)+", word) and word.split("/")[0] in folders
            and not exists(word) and not re.search(r"\bNAME\b", word)]
    assert not gone, f"{document} names files that are not there: {' '.join(gone)}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document):
    folder = os.path.dirname(document)
    dead = [link for link in LINK.findall(read(document))
            if not exists(os.path.join(folder, link))]
    assert not dead, f"{document}: dead links: {' '.join(dead)}"


# ---- the ABI ----

@functools.lru_cache(None)
def abi_names():
    """Every macro that the public headers define, with the text of its definition."""
    names = {}
    for path in sorted(glob.glob(ABI_HEADERS + "/**/*.h", recursive=True)):
        with open(path, encoding="utf-8", errors="replace") as file:
            for match in re.finditer(r"#\s*define\s+(\w+)[ \t]+(\w+)", file.read()):
                names.setdefault(*match.groups())
    return names


def handler_sources():
    return sorted(path for path in tracked_files()
                  if path.startswith("hypercall/") and path.endswith(".c"))


def offered_hypercalls():
    return re.findall(r"\[__HYPERVISOR_(\w+)\] = do_", read("hypercall/table.c"))


def number_rows():
    """The table of numbers in docs/abi.md: number -> (name, status)."""
    rows = re.findall(r"^\| (\d+)(?:-(\d+))? \| ([^|]*) \| ([^|]*) \|", read("docs/abi.md"),
                      re.MULTILINE)
    return {number: (name.strip(), status.strip()) for first, last, name, status in rows
            for number in range(int(first), int(last or first) + 1)}


def test_abi_numbers():
    rows, names = number_rows(), abi_names()
    assert sorted(rows) == list(range(64)), "docs/abi.md lists each number from 0 to 63 once"
    offered = {int(names["__HYPERVISOR_" + name]): name for name in offered_hypercalls()}
    for number, (name, status) in rows.items():
        if number in offered:
            assert name == f"`{offered[number]}`", f"number {number} is {offered[number]}"
            assert "ENOSYS" not in status, f"number {number} has a handler"
        else:
            assert "-ENOSYS" in status, f"number {number} has no handler"


@pytest.mark.parametrize("path", handler_sources())
def test_abi_names_every_sub_operation(path):
    cases = set(re.findall(r"\bcase ([A-Z]\w+):|^\s*\[([A-Z]\w+)\] =", read(path), re.MULTILINE))
    words = code_words("docs/abi.md")
    missing = sorted(name for pair in cases for name in pair
                     if name in abi_names() and not name.startswith("__HYPERVISOR_")
                     and name not in words)
    assert not missing, f"docs/abi.md leaves out: {' '.join(missing)}"


def test_abi_names_tests_that_exist():
    guests = "".join(map(read, glob.glob(os.path.join(ROOT, "guests", "*", "*.c"))))
    words = [word for word in sorted(code_words("docs/abi.md"))
             if re.fullmatch(r"[a-z0-9_]+\.[a-z]\w+", word) and not word.endswith(".md")]
    gone = [word for word in words if f'"{word}"' not in guests]
    assert words and not gone, f"docs/abi.md names tests that are not there: {' '.join(gone)}"


# ---- options ----

def test_options_are_documented():
    table = read("core/options.c").split("static const struct option table[] = {")[1].split("};")[0]
    known = set(re.findall(r'\{ "(\w+)"', table))
    rows = "".join(re.findall(r"^\| (`[^|]*) \|", read("docs/options.md"), re.MULTILINE))
    named = {word.split("=")[0] for word in CODE.findall(rows)}
    assert known, "no table of options found"
    # Rows name values too, and ranges of options by their ends.
    listed = named | {f"com{n}" for n in range(1, 5) if {"com1", "com4"} <= named}
    assert known <= listed, f"docs/options.md leaves out: {' '.join(sorted(known - listed))}"


# ---- comments ----

def test_comments_name_files_that_exist():
    """A path in a comment or string of the source, from the root."""
    pattern = re.compile(r"(?<![\w/.])(?:boot|arch|mm|core|hypercall|dom0|guests|tests|tools|docs)"
                         r"/[\w/-]+\.(?:[chS]|ld|py|md)\b")
    gone = {f"{path}: {name}" for path in tracked_files() if is_source(path)
            for name in pattern.findall(read(path))
            if not exists(name) and not re.search(r"\bNAME\b", name)}
    assert not gone, f"files that are not there: {', '.join(sorted(gone))}"
