# SPDX-License-Identifier: MIT
"""The judges from outside (tools/judges) as tests, each of which is a result of its own."""
from lib.judges import Judges, choose, compare, read_differences, read_tests, results_in
from lib.session import End, Outcome

from .plugin import INNER
from .results import FAIL, PASS


def judge(bench, folder, chosen_set, stress_seconds, mode="segment"):
    """Run a set on the bare machine and as a guest; every difference is explained, and occurs."""
    tests = choose(read_tests(), chosen_set)
    judges = Judges(bench.build, str(folder), tests, stress_seconds)
    texts = judges.native(), judges.guest(mode)
    for text in texts:
        bench.keep(Outcome(End.POWER_OFF, "", text))
    verdict = compare(tests, *texts, read_differences())
    wrong = verdict.unexplained + verdict.outdated
    for name, native, guest, remark in verdict.rows:
        bench.node.user_properties.append(
            (INNER, (name, FAIL if name in wrong else PASS, f"{native} / {guest}: {remark}")))
    assert not verdict.unexplained, f"a guest differs in {', '.join(verdict.unexplained)}"
    assert not verdict.outdated, f"explained, but no longer different: {', '.join(verdict.outdated)}"
    for text in texts:
        # Its scripts are ours: nothing else may excuse both sides.
        poor = [test.name for test in tests if test.is_debugger and results_in(text)[test.name].status]
        assert not poor, f"the debugger fails in {', '.join(poor)}"
