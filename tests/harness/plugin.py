# SPDX-License-Identifier: MIT
"""pytest plugin: shares out the tests among workers and reports each result, also those inside.

A test that boots a guest may contain many results, one for each TEST line; it hands them over as
user properties, which end up in the report like tests of their own.
"""
import json
import os

import pytest

from harness.results import FAIL, PASS, SKIP, selected

INNER = "inner result"


def pytest_addoption(parser):
    parser.addoption("--report-fd", type=int, default=-1, help="write results here, as JSON lines")
    parser.addoption("--build-folder", default="build", help="where make put its products")
    parser.addoption("--select", default="", help="only tests whose name contains this")
    parser.addoption("--share", default="0/1", help="number of this worker, slash, of how many")


def test_name(nodeid):
    """qemu/test_guests.py::test_guest[hello-paging] -> qemu/guest[hello-paging]"""
    path, _, function = nodeid.partition("::")
    return f"{os.path.dirname(path)}/{function.removeprefix('test_')}"


def pytest_collection_modifyitems(config, items):
    number, count = map(int, config.getoption("--share").split("/"))
    chosen = [item for item in items
              if selected(test_name(item.nodeid), config.getoption("--select"))]
    items[:] = chosen[number::count]


class Reporter:
    def __init__(self, descriptor):
        self.descriptor = descriptor

    def send(self, **report):
        # One write a line: several of them must not mix, and the reader expects whole lines.
        data = (json.dumps(report) + "\n").encode()
        while data:
            data = data[os.write(self.descriptor, data):]

    def pytest_runtest_logreport(self, report):
        name = test_name(report.nodeid)
        if report.when == "call":
            for key, value in report.user_properties:
                if key == INNER:
                    self.send(name=f"{name}: {value[0]}", state=value[1], why=value[2])
        if report.skipped:
            self.send(name=name, state=SKIP, why=str(report.longrepr[2]))
        elif report.failed:
            self.send(name=name, state=FAIL, why=failure_text(report))
        elif report.when == "call":
            self.send(name=name, state=PASS, why="")

    def pytest_collectreport(self, report):
        if report.failed:
            self.send(name=report.nodeid, state=FAIL, why=f"collection: {failure_text(report)}")

    # After all others: only now is it certain that nothing is missing.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus):
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED,
                          pytest.ExitCode.NO_TESTS_COLLECTED):
            self.send(finished=True)


def failure_text(report):
    crash = getattr(report.longrepr, "reprcrash", None)
    if not crash:
        return str(report.longrepr).strip().splitlines()[-1]
    # The first line is the reason; what follows is pytest's dissection of the expression.
    return crash.message.splitlines()[0].removeprefix("AssertionError: ")


def pytest_configure(config):
    if config.getoption("--report-fd") >= 0:
        config.pluginmanager.register(Reporter(config.getoption("--report-fd")))
