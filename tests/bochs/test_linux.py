# SPDX-License-Identifier: MIT
"""Linux as a guest where segment limits are real."""
import re

from harness.guests import context
from harness.linux import COMPLAINTS, Linux


def test_linux(bench, tmp_path):
    """It gets through its self-check, thread-local storage with negative offsets included."""
    outcome = Linux(bench, str(tmp_path)).guest("quiet rltest", hv_options="isolation=segment",
                                                bochs=True, timeout=200)
    assert outcome.clean, f"{outcome.reason}{context(outcome)}"
    passed, failed = bench.report_lines(outcome.text)
    assert f"RESULT: {passed} passed, {failed} failed" in outcome.text and passed > 20
    assert re.search(r"TEST tls(_\w+)?: PASS", outcome.text)
    assert not COMPLAINTS.search(outcome.text)
