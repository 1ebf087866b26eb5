# SPDX-License-Identifier: MIT
"""Runs pytest in several processes, each with its share of the tests, and gathers their results.

A worker reports through a pipe, one JSON object a line; see plugin.py. A worker that dies without
its closing report is a failure, so no test can vanish.
"""
import json
import os
import selectors
import subprocess
import sys

from .results import FAIL

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def start_worker(options, folders, number, logs):
    reader, writer = os.pipe()
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider",
               "--rootdir", TESTS, "-c", os.path.join(TESTS, "pytest.ini"),
               f"--report-fd={writer}", f"--build-folder={options.build}",
               f"--select={options.select}", f"--share={number}/{options.workers}", *folders]
    with open(os.path.join(logs, f"pytest-{number}.log"), "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, pass_fds=[writer])
    os.close(writer)
    return process, os.fdopen(reader, encoding="utf-8", errors="replace")


def run_pytest(board, options, folders):
    logs = os.path.join(options.build, "test-logs")
    os.makedirs(logs, exist_ok=True)
    workers = [start_worker(options, folders, number, logs) for number in range(options.workers)]
    finished = set()
    try:
        collect(board, workers, finished)
    finally:
        for process, _ in workers:
            if process.poll() is None:
                process.terminate()
            process.wait()
    for number, (process, _) in enumerate(workers):
        if number not in finished:
            board.add(f"worker {number}", FAIL, f"pytest ended with status {process.returncode}, "
                      f"see {os.path.relpath(os.path.join(logs, f'pytest-{number}.log'))}")


def collect(board, workers, finished):
    """Read all pipes until each is closed."""
    with selectors.DefaultSelector() as selector:
        for number, (_, reader) in enumerate(workers):
            selector.register(reader, selectors.EVENT_READ, number)
        while selector.get_map():
            for key, _ in selector.select():
                # A worker writes whole lines, so a line is there when anything is.
                line = key.fileobj.readline()
                if not line:
                    selector.unregister(key.fileobj)
                elif (report := json.loads(line)).get("finished"):
                    finished.add(key.data)
                else:
                    board.add(report["name"], report["state"], report["why"])
