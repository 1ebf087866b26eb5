# SPDX-License-Identifier: MIT
"""Every test guest where segment limits hold: asked for, and found out by the hypervisor."""
import pytest
from harness.guests import all_guests


@pytest.mark.parametrize("mode", ["segment", "auto"])
@pytest.mark.parametrize("guest", [pytest.param(guest, id=guest.name) for guest in all_guests()
                                   if not guest.skips("bochs", "segment")])
def test_guest(bench, guest, mode):
    bench.run_guest(guest, hv_options=f"isolation={mode}", bochs=True)


def test_auto_takes_segment(bench):
    """The reason is said, too."""
    outcome = bench.boot(bench.product("guests", "hello.elf"), bochs=True)
    assert outcome.clean, outcome.reason
    lines = [line for line in outcome.text.splitlines() if "(RL)" in line and "isolation" in line]
    assert any("segment" in line for line in lines), f"lines about isolation: {lines}"
