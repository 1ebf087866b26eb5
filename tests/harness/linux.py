# SPDX-License-Identifier: MIT
"""Linux guests (`make linux`) under the control domain, and what is typed at them."""
import re


CONFIG = """\
name = "{name}"
kernel = "{kernel}"
ramdisk = "initramfs.gz"
memory = {memory}
cmdline = "console=hvc0 {cmdline}"
{more}
"""
READY = "Ringlet Linux guest ready"
LEAVE = "\x1d"
# Linux says these when something is broken, in itself or below.
COMPLAINTS = re.compile(r"BUG:|kernel BUG|WARNING:|Oops|Call Trace|multicall.*failed|Bad page|"
                        r"soft lockup|hung task|rcu.*stall|\(RL\) .*crash")


def config(name="linux", memory=64, cmdline="quiet", kernel="vmlinux", more=""):
    return CONFIG.format(name=name, memory=memory, cmdline=cmdline, kernel=kernel, more=more)


def linux_files(bench, *kernels):
    return [bench.product("linux", name) for name in (*(kernels or ["vmlinux"]), "initramfs.gz")]


def boot_linux(boot_shell, bench, configs, options=(), kernels=(), extra_files=(), **more):
    """The control domain's shell, with descriptions of Linux guests and what they start from."""
    return boot_shell(configs, files=[*linux_files(bench, *kernels), *extra_files],
                      options=("--mem", "384", "--timeout", "600", *options), **more)


class LinuxConsole:
    """A guest's terminal, while `with` lasts."""

    def __init__(self, shell, name="linux"):
        self.shell = shell
        self.name = name

    def __enter__(self):
        self.shell.type(f"console {self.name}\r")
        self.shell.expect(f"console {self.name}")
        self.shell.type("\r")
        self.shell.expect(r"[~\w/]+ # ", 120)
        return self

    def __exit__(self, *error):
        if not any(error):
            self.shell.type(LEAVE)
            self.shell.expect("ringlet# ")

    def run(self, command, timeout=60):
        """Type a command, wait for its end, return what it said."""
        # The mark is typed in two parts, so that the echo does not have it.
        self.shell.type(f"{command}; echo EN''D=$?\r")
        match = self.shell.expect(r"EN''D=\$\?\r*\n(?P<text>(?s:.*?))END=(?P<status>\d+)", timeout)
        return match["text"].replace("\r", ""), int(match["status"])
