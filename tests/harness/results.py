# SPDX-License-Identifier: MIT
"""Results: one line each as they come, the failures again at the end, and the verdict."""
import fnmatch
from dataclasses import dataclass

PASS, FAIL, SKIP = "PASS", "FAIL", "SKIP"


@dataclass
class Result:
    name: str
    state: str
    why: str = ""

    def line(self):
        return f"{self.state} {self.name}" + (f": {self.why}" if self.why else "")


class Board:
    """Collects results; the only place that counts."""

    def __init__(self):
        self.results = []

    def add(self, name, state, why=""):
        result = Result(name, state, " ".join(why.split())[:300])
        self.results.append(result)
        print(result.line(), flush=True)

    def count(self, state):
        return sum(result.state == state for result in self.results)

    def finish(self):
        """Print the verdict and return the exit status: nothing run is a failure too."""
        failures = [result for result in self.results if result.state == FAIL]
        if failures:
            print("\nfailures:")
            for result in failures:
                print(" ", result.line())
        skipped = self.count(SKIP)
        if skipped:
            print(f"{skipped} skipped")
        if not self.results:
            print("no test matches")
        print(f"{self.count(PASS)} passed, {len(failures)} failed", flush=True)
        return 0 if self.count(PASS) and not failures else 1


def selected(name, pattern):
    """Whether the person's pattern names this test."""
    literal_brackets = pattern.lower().replace("[", "[[]")
    return not pattern or fnmatch.fnmatch(name.lower(), f"*{literal_brackets}*")
