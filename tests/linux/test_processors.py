# SPDX-License-Identifier: MIT
"""Linux with several virtual processors, configured like a distribution's kernel, is saved and restored."""
import pytest
from harness.linux import COMPLAINTS, LinuxConsole, boot_linux, config, create
from harness.shell import row

KERNEL = "stock.bzImage"
# One for each processor; both count without a pause.
WORK = ("for n in 0 1; do taskset $((n + 1)) sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/tmp/new'$n'; "
        "mv /tmp/new'$n' /tmp/count'$n'; done' & done; sleep 1")


def counts(linux):
    linux.run("sleep 1")
    return [int(word) for word in linux.run("cat /tmp/count0 /tmp/count1")[0].split()]


def assert_go_on(linux, before):
    assert linux.run("nproc")[0] == "2\n"
    after = counts(linux)
    assert all(now > then for now, then in zip(after, before)), f"{before}, later {after}"
    return after


@pytest.mark.parametrize("mode", ["segment", "paging"])
def test_save_processors(boot_shell, bench, tmp_path, mode):
    """Both go on, in place, in other lives, and with one fewer."""
    image = tmp_path / "image"
    with open(image, "wb") as file:
        file.truncate(192 << 20)
    shell = boot_linux(boot_shell, bench,
                       {"linux.cfg": config(kernel=KERNEL, memory=96, more="vcpus = 2")},
                       kernels=[KERNEL], options=("--hv", f"isolation={mode}", "--disk", str(image)))
    create(shell)
    with LinuxConsole(shell) as linux:
        linux.run(WORK)
        before = counts(linux)
    assert "linux: saved" in shell.run("save -c linux vda")
    with LinuxConsole(shell) as linux:
        before = assert_go_on(linux, before)
    for _ in range(3):
        assert "linux: saved" in shell.run("save -f linux vda")
        shell.wait("list", lambda text: row(text, "linux") is None)
        assert "restore:" not in shell.run("restore vda")
        with LinuxConsole(shell) as linux:
            before = assert_go_on(linux, before)
    shell.run("vcpu-set linux 1")
    with LinuxConsole(shell) as linux:
        linux.run("while [ $(nproc) = 2 ]; do sleep 1; done", 60)
    assert "linux: saved" in shell.run("save -f linux vda")
    shell.wait("list", lambda text: row(text, "linux") is None)
    assert "restore:" not in shell.run("restore vda")
    with LinuxConsole(shell) as linux:
        assert linux.run("sleep 2; nproc")[0] == "1\n"
    shell.run("vcpu-set linux 2")
    with LinuxConsole(shell) as linux:
        # The kernel makes it present; to use it is its user's choice.
        linux.run("until echo 1 >/sys/devices/system/cpu/cpu1/online; do sleep 1; done", 60)
        assert_go_on(linux, before)
    assert not COMPLAINTS.search(shell.run("console -l linux"))
    shell.power_off()
