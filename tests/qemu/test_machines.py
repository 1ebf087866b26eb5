# SPDX-License-Identifier: MIT
"""The hello guest on machines of many shapes, and machines that the hypervisor must refuse."""
import pytest
from lib.session import End

FLAVOURS = ("i386", "x86_64")
MEMORY_MIB = (32, 48, 64, 256, 1024, 2048, 3072, 4096, 8192)
CPUS = ("pentium3", "qemu32", "n270", "coreduo", "core2duo", "Haswell", "EPYC", "max")


def assert_hello(outcome):
    assert outcome.clean, outcome.reason
    assert "hello" in outcome.text.lower(), "no greeting"


def hypervisor_lines(outcome, word):
    return [line for line in outcome.text.splitlines()
            if "(RL)" in line and word.lower() in line.lower()]


def assert_refused(outcome, word):
    """A machine or module that cannot run is told why, and everything stops."""
    assert outcome.end == End.PANIC, outcome.reason or "no panic but a clean power-off"
    assert bool(hypervisor_lines(outcome, word)), f"no line says anything about {word}"


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("memory", MEMORY_MIB)
def test_memory(bench, flavour, memory):
    assert_hello(bench.boot(bench.product("guests", "hello.elf"), flavour=flavour,
                            memory_mib=memory))


@pytest.mark.parametrize("cpu", CPUS)
def test_cpu(bench, cpu):
    assert_hello(bench.boot(bench.product("guests", "hello.elf"), cpu=cpu, flavour="x86_64"))


def test_auto_takes_paging(bench):
    """QEMU enforces no segment limits; the hypervisor finds out and says why it took paging."""
    outcome = bench.boot(bench.product("guests", "hello.elf"))
    assert_hello(outcome)
    lines = hypervisor_lines(outcome, "isolation")
    assert any("paging" in line for line in lines), f"lines about isolation: {lines}"


def test_segment_warns(bench):
    """Asked for on a machine that does not enforce limits."""
    outcome = bench.boot(bench.product("guests", "hello.elf"), hv_options="isolation=segment")
    assert_hello(outcome)
    assert bool(hypervisor_lines(outcome, "warning")), "no warning"


def test_unknown_option(bench):
    outcome = bench.boot(bench.product("guests", "hello.elf"), hv_options="nosuchoption=1")
    assert_hello(outcome)
    assert bool(hypervisor_lines(outcome, "nosuchoption")), "not reported"


def test_missing_pae(bench):
    """The message names the feature."""
    outcome = bench.boot(bench.product("guests", "hello.elf"), cpu="pentium", timeout=20)
    assert_refused(outcome, "pae")


def test_too_little_memory(bench):
    outcome = bench.boot(bench.product("guests", "hello.elf"), memory_mib=8, timeout=20)
    assert_refused(outcome, "memory")


def test_no_module(bench):
    outcome = bench.boot(None, timeout=20)
    assert_refused(outcome, "module")


def test_module_is_text(bench, tmp_path):
    text = tmp_path / "kernel.txt"
    text.write_text("This is no kernel.\n" * 100)
    outcome = bench.boot(str(text), timeout=20, unwrap=False)
    assert_refused(outcome, "elf")


def test_module_without_notes(bench):
    """The hypervisor is an ELF file, and no PV kernel."""
    outcome = bench.boot(bench.product("hypervisor.elf"), timeout=20)
    assert_refused(outcome, "note")
