# SPDX-License-Identifier: MIT
"""Runs the host-built programs: cmocka unit tests and libFuzzer harnesses."""
import os
import re
import subprocess

from .results import FAIL, PASS, SKIP, selected

UNIT_SECONDS = 300
# cmocka in its TAP form.
TAP_LINE = re.compile(r"^(?P<not>not )?ok \d+ (?P<mark>-|# SKIP) (?P<name>\S+)")
SANITIZER_LINE = re.compile(r"(runtime error:|ERROR: \w+Sanitizer|SUMMARY: ).*")
ENVIRONMENT = {
    "CMOCKA_MESSAGE_OUTPUT": "TAP",
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


def programs(folder):
    if not os.path.isdir(folder):
        return []
    paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    return [path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)]


def execute(command, log, seconds, cwd):
    """Run with output to log; returns the status (None after a timeout) and the output."""
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, "w+", encoding="utf-8", errors="replace") as file:
        try:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, cwd=cwd,
                                    stderr=subprocess.STDOUT, env={**os.environ, **ENVIRONMENT},
                                    timeout=seconds, check=False).returncode
        except subprocess.TimeoutExpired:
            status = None
        file.seek(0)
        return status, file.read()


def explain(status, output, log):
    """One line about a program that failed as a whole."""
    match = SANITIZER_LINE.search(output)
    text = match.group(0) if match else "timeout" if status is None else f"status {status}"
    return f"{text} (see {os.path.relpath(log)})"


def run_unit_tests(board, options):
    for path in programs(os.path.join(options.build, "unit")):
        name = f"unit/{os.path.basename(path)}"
        if selected(name, options.select):
            run_unit_test(board, name, path, os.path.join(options.build, "test-logs", name + ".log"))


def run_unit_test(board, name, path, log):
    status, output = execute([path], log, UNIT_SECONDS, os.path.dirname(log))
    seen = failed = 0
    for match in filter(None, map(TAP_LINE.match, output.splitlines())):
        seen += 1
        # cmocka calls a skipped test "not ok" as well.
        state = SKIP if match["mark"] != "-" else FAIL if match["not"] else PASS
        failed += state == FAIL
        board.add(f"{name}: {match['name']}", state,
                  f"see {os.path.relpath(log)}" if state == FAIL else "")
    # A program that stops in the middle, or that never said a word, has failed as a whole.
    if not seen or (status != 0 and not failed):
        board.add(name, FAIL, explain(status, output, log))


def run_fuzzers(board, options):
    for path in programs(os.path.join(options.build, "fuzz")):
        name = f"fuzz/{os.path.basename(path)}"
        if selected(name, options.select):
            run_fuzzer(board, name, path, options)


def run_fuzzer(board, name, path, options):
    log = os.path.join(options.build, "test-logs", name + ".log")
    corpus = os.path.join(options.build, "corpus", os.path.basename(path))
    os.makedirs(corpus, exist_ok=True)
    amount = (f"-runs={options.fuzz_runs}" if options.fuzz_runs
              else f"-max_total_time={options.fuzz_seconds}")
    command = [path, amount, "-print_final_stats=1", f"-artifact_prefix={corpus}-", corpus]
    seeds = os.path.join("tests", "fuzz", "seeds", os.path.basename(path))
    if os.path.isdir(seeds):
        command.append(os.path.abspath(seeds))
    status, output = execute(command, log, options.fuzz_seconds * 3 + UNIT_SECONDS,
                             os.path.dirname(log))
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", output)
    if status == 0 and runs and int(runs.group(1)):
        board.add(name, PASS, f"{runs.group(1)} inputs")
    else:
        board.add(name, FAIL, explain(status, output, log))
