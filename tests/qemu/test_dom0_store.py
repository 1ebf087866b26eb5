# SPDX-License-Identifier: MIT
"""xenstore as guests and the shell see it: a guest's own test of the protocol, then the verbs."""
import os
import re
import sys
import time

import pexpect
import pytest
from lib.boot import ROOT

PROMPT = "ringlet# "


def store_config(name, arguments=""):
    return f'name = "{name}"\nkernel = "store.elf"\nmemory = 8\nextra = "{arguments}"\n'


class Machine:
    def __init__(self, bench, folder, configs):
        files = []
        for name, text in configs.items():
            files.append(os.path.join(folder, name + ".cfg"))
            with open(files[-1], "w", encoding="utf-8") as file:
                file.write(text)
        command = [os.path.join(ROOT, "tools", "boot"), "--dom0", "--timeout", "120", *files,
                   bench.product("guests", "store.elf")]
        environment = dict(os.environ, HV=bench.product("hypervisor.elf"),
                           DOM0=bench.product("dom0.elf"))
        self.child = pexpect.spawn(sys.executable, command, env=environment, encoding="utf-8",
                                   codec_errors="replace", timeout=60, echo=False)
        self.child.delaybeforesend = None
        log = os.path.join(bench.build, "test-logs",
                           re.sub(r"[^\w.=-]+", "_", "store-" + bench.node.name) + ".log")
        os.makedirs(os.path.dirname(log), exist_ok=True)
        # pylint: disable=consider-using-with
        self.child.logfile_read = open(log, "w", encoding="utf-8")
        self.child.expect_exact(PROMPT)

    def run(self, line):
        self.child.send(line + "\r")
        self.child.expect_exact(line)
        self.child.expect_exact(PROMPT)
        return self.child.before.replace("\r", "").replace("\x1b[K", "").strip()

    def result(self, domain):
        """What the guest left in its node, once it is there."""
        for _ in range(100):
            text = self.run(f"xenstore-read /local/domain/{domain}/data/result")
            if "couldn't read" not in text:
                return text
            time.sleep(0.1)
        return "nothing"

    def close(self):
        self.child.close(force=True)
        self.child.logfile_read.close()


@pytest.fixture(name="machine")
def boot_machine(bench, tmp_path):
    machine = Machine(bench, str(tmp_path), {
        "one": store_config("one"),
        "two": store_config("two", "attack=index"),
        "three": store_config("three", "attack=length"),
    })
    yield machine
    machine.close()


def test_store_guest(machine):
    machine.run("create one.cfg")
    assert machine.result(1) == "passed"
    listing = machine.run("xenstore-ls /local/domain/1")
    assert 'name = "one"' in listing and '  b = "value"' in listing
    machine.run("destroy one")
    assert machine.run("xenstore-ls /local/domain").split() == ["0", "=", '""', "name", "=",
                                                                '"Domain-0"', "domid", "=", '"0"']


def test_store_hostile_guests(machine):
    """A guest that breaks the protocol is served no more; the others do not notice."""
    for number, name in enumerate(("two", "three"), 1):
        machine.run(f"create {name}.cfg")
        assert machine.result(number) == "passed"
        machine.run(f"xenstore-write /local/domain/{number}/data/stop 1")
    machine.run("create one.cfg")
    assert machine.result(3) == "passed"
    for name in ("one", "two", "three"):
        machine.run(f"destroy {name}")
    assert "/local/domain/1" not in machine.run("xenstore-ls")


def test_store_verbs(machine):
    assert machine.run("xenstore-write /a/b hello") == ""
    assert machine.run("xenstore-read /a/b") == "hello"
    assert machine.run("xenstore-ls /a") == 'b = "hello"'
    machine.child.send("xenstore-watch /a\r")
    machine.child.expect(r"\x1b\[K/a\r")
    machine.child.send("xenstore-write /a/c x\r")
    machine.child.expect(r"\x1b\[K/a/c\r")
    machine.child.expect_exact(PROMPT)
    assert machine.run("xenstore-watch") == ""
    assert machine.run("xenstore-rm /a") == ""
    assert "couldn't read" in machine.run("xenstore-read /a/b")
