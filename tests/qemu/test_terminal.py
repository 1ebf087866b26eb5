# SPDX-License-Identifier: MIT
"""The control domain's terminal on screen and keyboard, watched through QEMU's monitor."""
from harness.monitor import Monitor
from harness.shell import PROMPT


def test_screen_and_keyboard(boot_shell, tmp_path):
    """VGA text and a PS/2 keyboard are a terminal like the serial line, at the same time."""
    path = str(tmp_path / "monitor")
    shell = boot_shell(options=["--extra", Monitor.option(path)])
    monitor = Monitor(path)
    rows = monitor.wait(lambda rows: any(line.startswith("ringlet#") for line in rows))
    assert any("(RL) Ringlet" in line for line in rows), "the hypervisor's messages have gone"
    # Typed at the keyboard, seen at both.
    monitor.press(*"domname", "spc", "0", "ret")
    shell.expect("domname 0")
    shell.expect("Domain-0")
    shell.expect(PROMPT)
    rows = monitor.wait(lambda rows: "Domain-0" in rows)
    assert "ringlet# domname 0" in rows
    # Half of a command from each, the keyboard's with the editor's keys.
    shell.type("domid omain-0")
    shell.expect("domid omain-0")
    monitor.press(*["left"] * 7, "shift-d", "ret")
    shell.expect(r"domid Domain-0.*\n\r*0\r*\n")
    shell.expect(PROMPT)
    monitor.wait(lambda rows: "ringlet# domid Domain-0" in rows)
    # A guest's console is on the screen as well, and left with Ctrl-].
    monitor.press(*"create", "spc", "minus", "c", "spc", *"echo", "dot", *"cfg", "ret")
    shell.expect("echo guest")
    monitor.press(*"hi", "ret")
    shell.expect("you said: hi")
    monitor.wait(lambda rows: any("you said: hi" in line for line in rows))
    monitor.press("ctrl-bracket_right")
    shell.expect(PROMPT)
    monitor.press("ctrl-l")
    monitor.wait(lambda rows: rows[0] == "ringlet#" and not any(rows[1:]))
    shell.power_off()
