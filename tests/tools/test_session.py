# SPDX-License-Identifier: MIT
"""How a run is judged, with made-up emulators: no end but a clean power-off may look like one."""
import os
import subprocess

import pytest
from lib.emulator import Emulator
from lib.session import End, Session


class Script(Emulator):
    """A shell script in place of a machine."""
    name = "script"

    def start(self):
        self.spawn(["sh", "-c", self.machine], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.input_fd = self.process.stdin.fileno()
        self.output_fd = self.process.stdout.fileno()

    def ended_cleanly(self):
        return self.process.returncode == 0

    def stop(self):
        super().stop()
        self.process.stdin.close()
        self.process.stdout.close()


def run(script, tmp_path, **options):
    return Session(Script(script, str(tmp_path)), **options).run()


@pytest.mark.parametrize("script, end", [
    ("echo '(RL) power-off'", End.POWER_OFF),
    ("printf 'guest text(RL) power-off\\r\\n'", End.POWER_OFF),
    ("printf '(RL) power-off'", End.POWER_OFF),
    ("echo '(RL) power-off'; exit 1", End.EMULATOR),
    ("echo '(RL) power-off'; kill -9 $$", End.EMULATOR),
    ("echo '(RL) power-off'; echo '(RL) more'", End.EMULATOR),
    ("echo '(RL) power-of'", End.EMULATOR),
    ("echo '(RL) power-off again'", End.EMULATOR),
    ("true", End.EMULATOR),
    ("echo '(RL) reboot'", End.REBOOT),
    ("echo '(RL) PANIC: no'; echo '(RL) power-off'", End.PANIC),
    ("echo '(RL) dom0 crashed: no'; echo '(RL) reboot'", End.CRASH),
])
def test_end(script, end, tmp_path):
    assert run(script, tmp_path).end == end


def test_hang_after_panic(tmp_path):
    assert run("echo '(RL) PANIC: no'; sleep 60", tmp_path).end == End.PANIC


def test_timeout(tmp_path):
    assert run("sleep 60", tmp_path, timeout=0.5).end == End.TIMEOUT


def test_input_waits_and_ends(tmp_path):
    """Typed ahead and ended before the machine was up: nothing is lost, and the farewell follows."""
    reader, writer = os.pipe()
    os.write(writer, b"typed\n")
    os.close(writer)
    outcome = run("echo boots; timeout 0.5 cat; echo 'prompt# '; read line; read last;"
                  " echo \"<$line><$last>\"; echo '(RL) power-off'", tmp_path, source_fd=reader,
                  ready=b"prompt# ", farewell=b"bye\n", timeout=20)
    os.close(reader)
    assert outcome.clean, outcome.reason
    assert "<typed><bye>" in outcome.text


def test_input_arrives(tmp_path):
    reader, writer = os.pipe()
    os.write(writer, b"hello\n")
    os.close(writer)
    script = "echo up; read line; echo got $line; echo '(RL) power-off'"
    outcome = run(script, tmp_path, source_fd=reader)
    os.close(reader)
    assert outcome.clean and "got hello" in outcome.text
