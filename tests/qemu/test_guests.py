# SPDX-License-Identifier: MIT
"""Every test guest in both isolation modes, on an old, a minimal and a current processor."""
import pytest
from harness.guests import all_guests

MODES = ("paging", "segment")
CPUS = ("pentium3", "qemu32", "max")
# Thousands of domains come and go in it; what the processor is makes no difference to them.
ONE_CPU = ("multi",)


def cases():
    for guest in all_guests():
        for mode in MODES:
            if not guest.skips("qemu", mode):
                yield from (pytest.param(guest, mode, cpu, id=f"{guest.name}-{mode}-{cpu}")
                            for cpu in (CPUS[-1:] if guest.name in ONE_CPU else CPUS))


@pytest.mark.parametrize("guest, mode, cpu", cases())
def test_guest(bench, guest, mode, cpu):
    bench.run_guest(guest, hv_options=f"isolation={mode}", cpu=cpu)


@pytest.mark.parametrize("guest", [pytest.param(guest, id=guest.name) for guest in all_guests()
                                   if not guest.skips("qemu", "paging")])
def test_debug_build(bench, guest):
    """With the asserts, and with the audit after each step."""
    bench.run_guest(guest, hv_options="isolation=paging", debug=True)
