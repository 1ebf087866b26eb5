# SPDX-License-Identifier: MIT
"""What takes too long for every change: `make linux-test`."""
import pytest
from harness.judges import judge
from harness.linux import COMPLAINTS, READY, Linux, boot_guests, config, create
from harness.linuxwork import WORK, two_guests_work

BOOTS = 200


def test_boots(boot_shell, bench, tmp_path):
    """One boot after the other, from `create` to a power-off by itself; none may hang."""
    shell = boot_guests(boot_shell, Linux(bench, str(tmp_path)),
                       {"linux.cfg": config(cmdline="quiet rlrun=true")}, timeout=6000)
    for number in range(BOOTS):
        create(shell)
        shell.wait("list", lambda text: "linux " not in text, 120)
        kept = shell.run("console -l linux")
        assert READY in kept and not COMPLAINTS.search(kept), f"boot {number}: {kept[-300:]}"
    shell.power_off()


def test_two_guests_for_a_minute(boot_shell, bench, tmp_path):
    two_guests_work(boot_shell, Linux(bench, str(tmp_path), {"work": WORK}), 60, 10)


@pytest.mark.parametrize("mode", ["segment", "paging"])
def test_judges(bench, tmp_path, mode):
    """Every test of others that docs/linux.md tells of."""
    judge(bench, tmp_path, "long", 3, mode)
