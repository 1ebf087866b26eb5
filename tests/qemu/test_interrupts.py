# SPDX-License-Identifier: MIT
"""Interrupts, ports and device memory on machines with other boards and controllers."""
import pytest
from harness.guests import all_guests

CARD = ["-device", "e1000"]
BOARDS = {"pc": CARD, "q35": ["-machine", "q35", *CARD]}
OPTIONS = {"ioapic": "", "8259": "noapic", "pit": "timer=pit"}
GUESTS = ("test-irq", "test-irqlevel", "test-mmio", "test-portdirect")


def guest_named(name):
    return next(guest for guest in all_guests() if guest.name == name)


@pytest.mark.parametrize("guest", GUESTS)
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("board", BOARDS)
def test_board(bench, board, options, guest):
    bench.run_guest(guest_named(guest), hv_options=OPTIONS[options], extra=BOARDS[board])


@pytest.mark.parametrize("options, controller", [("", "I/O APIC"), ("noapic", "8259")])
def test_controller(bench, options, controller):
    """Which controller is used is said at the start."""
    outcome = bench.boot(bench.product("guests", "hello.elf"), hv_options=options)
    assert outcome.clean, outcome.reason
    assert any("interrupts:" in line and controller in line for line in outcome.text.splitlines())


def test_storm_is_told(bench):
    """A line that nobody serves is reported, and the guest goes on."""
    outcome = bench.boot(bench.product("guests", "test-irqlevel.elf"), "only=irqlevel.storm",
                         extra=CARD)
    assert outcome.clean, outcome.reason
    assert "nobody serves it; off for" in outcome.text
