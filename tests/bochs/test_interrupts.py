# SPDX-License-Identifier: MIT
"""Interrupts of a PCI card where segment limits hold."""
import pytest
from harness.guests import all_guests

CARD = ["e1000: enabled=1, mac=b0:c4:20:00:00:00, ethmod=null",
        "pci: enabled=1, chipset=i440fx, slot1=e1000"]


@pytest.mark.parametrize("options", ["", "noapic"])
def test_card(bench, options):
    guest = next(guest for guest in all_guests() if guest.name == "test-irqlevel")
    bench.run_guest(guest, hv_options=options, bochs=True, extra=CARD)
