# SPDX-License-Identifier: MIT
"""The hostile guest at full length: a million hypercalls with arguments that were made to hurt."""
import pytest
from harness.guests import all_guests

CALLS = 1_000_000
SECONDS = 900

EVIL = next(guest for guest in all_guests() if guest.name == "evil")


@pytest.mark.parametrize("mode", ("paging", "segment"))
def test_million_calls(bench, mode):
    outcome = bench.boot(EVIL.path(bench.build), f"calls={CALLS} seed=7", timeout=SECONDS,
                         hv_options=f"isolation={mode}")
    passed, failed = bench.report_lines(outcome.text)
    assert not outcome.reason, outcome.reason
    assert passed and not failed
