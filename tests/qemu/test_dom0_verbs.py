# SPDX-License-Identifier: MIT
"""Every verb of the control domain's shell as fingers and scripts that know xl use it, and use it wrongly."""
import json
import re

from harness.shell import ECHO, PROMPT, row

CTRL_C = "\x03"
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def verbs(shell):
    return [line.split()[0] for line in shell.run("help").splitlines()]


def test_every_verb_explains_itself(boot_shell):
    shell = boot_shell()
    names = verbs(shell)
    assert {"create", "destroy", "list", "console", "save", "restore", "top", "block-attach",
            "network-list", "vcpu-pin", "xenstore-watch", "help"} <= set(names)
    for name in names:
        for line in (f"{name} -h", f"{name} --help", f"help {name}"):
            assert re.match(f"Usage: {name}( .*)?\n\n[A-Z].*\n", shell.run(line)), line
    assert shell.run("xl -v help --long") == shell.run("help")
    shell.power_off()


# What is wrong with a line, and what the shell has to say to it.
WRONG = """\
create                      | Usage: create
create name=x               | Usage: create
create nothing.cfg          | no such file
create echo.cfg name        | not of the form KEY=VALUE
create echo.cfg type=hvm    | there are only paravirtual guests
create echo.cfg vcpus=3 maxvcpus=2 | 2 is not between 3 and 32
destroy                     | requires at least 1 argument
destroy echo other          | Usage: destroy
destroy 0                   | Domain-0 is this control domain
pause                       | Usage: pause
unpause -x echo             | option -x is unknown
rename echo                 | requires at least 2 arguments
rename echo echo            | already
console                     | Usage: console
console -t serial echo      | console type supported are: pv
console -n 1 echo           | one console, number 0
console -l nobody           | nothing is kept of nobody
list echo Domain-0          | Usage: list
list nobody                 | nobody is an invalid domain identifier
vm-list all                 | Usage: vm-list
vcpu-list nobody            | invalid domain identifier
uptime nobody               | invalid domain identifier
domid                       | Usage: domid
domid nobody                | invalid domain identifier
domname 77                  | invalid domain identifier
top echo                    | Usage: top
top -d 0                    | Usage: top
mem-set echo                | Usage: mem-set
mem-set echo 4x             | invalid memory size: 4x
mem-set echo 9              | may have at most 8 MiB
mem-max echo 0              | invalid memory size: 0
mem-max nobody 8            | invalid domain identifier
vcpu-set echo               | Usage: vcpu-set
vcpu-set echo 0             | no number of VCPUs
vcpu-set echo 2             | has at most 1
vcpu-pin echo 0             | Usage: vcpu-pin
sched-credit2 -w 300        | Must specify a domain.
sched-credit2 -d echo -w 0  | a weight is a number from 1 to 65535
sched-credit2 -d echo -c x  | a cap is a percentage
sched-credit2 -p other      | unknown cpupool 'other'
sched-credit2 -s -d echo    | not allowed with domain options
shutdown                    | You must specify -a or a domain id.
shutdown -a echo            | You must specify -a or a domain id.
shutdown --now echo         | option --now is unknown
reboot 0                    | Domain-0 is this control domain
reboot nobody               | invalid domain identifier
poweroff echo               | Usage: poweroff
sysrq echo                  | Usage: sysrq
sysrq echo hb               | Invalid sysrq
info nr_cpus total_memory   | Usage: info
dmesg -x                    | option -x is unknown
debug-keys                  | Usage: debug-keys
network-attach              | Usage: network-attach
network-attach echo bridge=office | is no bridge
network-detach echo         | Usage: network-detach
network-detach echo 3       | no such interface
network-list                | Usage: network-list
bridge-add br0              | Usage: bridge-add
bridge-add br0 eth7         | eth7
bridge-remove               | Usage: bridge-remove
bridge-list br0 br1         | Usage: bridge-list
block-attach echo           | Usage: block-attach
block-attach echo nothing,,xvda,w | nothing
block-detach echo           | Usage: block-detach
block-detach echo disk      | a disk is named as in its description
block-detach --force echo xvdb | xvdb
block-list nobody           | invalid domain identifier
disk-test                   | Usage: disk-test
disk-test vdz               | vdz
disk-timeout never          | Usage: disk-timeout
xenstore-read               | Usage: xenstore-read
xenstore-read /no/such      | couldn't read path /no/such
xenstore-ls /no/such        | no such node
xenstore-list               | Usage: xenstore-list
xenstore-write /a           | Usage: xenstore-write
xenstore-write /a b /c      | Usage: xenstore-write
xenstore-write /no//name x  | /no//name
xenstore-rm                 | Usage: xenstore-rm
xenstore-watch /a /b        | Usage: xenstore-watch
time                        | Usage: time
repeat 0 list               | Usage: repeat
help nonsense               | no such command: nonsense
s                           | no such command
xl                          |
-l                          | no such command
"""


def test_wrong_arguments(boot_shell):
    """Each gets a line that says what is wrong; nothing else happens."""
    shell = boot_shell()
    shell.run("create echo.cfg")
    covered = set()
    for line, answer in (map(str.strip, entry.split("|")) for entry in WRONG.splitlines()):
        covered.add(line.split()[0])
        assert answer in shell.run(line), line
    # These take anything, or nothing at all; saving has its own tests.
    assert set(verbs(shell)) - covered <= {"history", "files", "lspci", "save", "restore"}
    words = shell.run("list").splitlines()
    assert len(words) == 3 and row(words[2], "echo")[1:4] == ["1", "8", "1"]
    shell.power_off()


def test_lists(boot_shell):
    shell = boot_shell()
    shell.run("""create echo.cfg vcpus=2 maxvcpus=3 extra='say "hi"' 'disk=["ram:4,,xvda,w"]'""")
    shell.run("""create echo.cfg name=second "vif=['mac=00:16:3e:01:02:03']" """.strip())
    control, first, second = json.loads(shell.run("list --long"))
    assert control["domid"] == 0 and control["config"]["c_info"]["name"] == "Domain-0"
    assert control["config"]["b_info"]["max_vcpus"] == 1
    assert control["config"]["b_info"]["target_memkb"] == int(row(shell.run("list"), "Domain-0")[2]) * 1024
    assert first["domid"] == 1 and second["domid"] == 2
    config = first["config"]
    assert config["c_info"]["name"] == "echo" and config["c_info"]["type"] == "pv"
    assert config["b_info"]["max_vcpus"] == 3 and config["b_info"]["avail_vcpus"] == [0, 1]
    assert config["b_info"]["cmdline"] == 'say "hi"'
    assert config["disks"][0]["vdev"] == "xvda" and config["on_reboot"] == "restart"
    assert second["config"]["nics"][0]["mac"] == "00:16:3e:01:02:03"
    verbose = shell.run("list -v")
    assert len(re.findall(UUID, verbose)) == 3 and "Reason-Code" in verbose
    assert config["c_info"]["uuid"] in verbose
    assert re.search(config["c_info"]["uuid"] + r"  1    echo *\n", shell.run("vm-list"))
    assert shell.run("list -c echo").split()[-1] == "Pool-0"
    assert shell.run("list -nZ").split()[-1] == "all"
    planned = json.loads(shell.run("create -q --dryrun echo.cfg name=third"))
    assert planned["domid"] is None and not row(shell.run("list"), "third")
    assert "offline" in shell.run("xenstore-read /local/domain/1/cpu/2/availability")
    shell.run("vcpu-set -i echo 3")
    assert "online" in shell.run("xenstore-read /local/domain/1/cpu/2/availability")
    assert [line.split()[0] for line in shell.run("vcpu-list second 0").splitlines()[1:]] == \
        ["second", "Domain-0"]
    shell.power_off()


def test_xl_habits(boot_shell):
    """Verbs by their beginnings, options joined, behind the domain, in both forms; keys for scripts."""
    shell = boot_shell()
    shell.run("xl create -qp -f echo.cfg 'name=\"one\"; on_crash=\"restart\"'")
    assert row(shell.run("xl li"), "one")[4] == "--p---"
    shell.run("unp one")
    shell.run("sched-credit2 -d one -w512 --cap=50")
    assert row(shell.run("sched-credit2 --domain one"), "one")[1:] == ["1", "512", "50"]
    assert shell.run("sched-credit2").startswith("Cpupool Pool-0: ")
    for size, kib in (("4", 4096), ("3m", 3072), ("2048k", 2048), ("4194304b", 4096)):
        shell.run(f"mem-set one {size}")
        assert shell.run("xenstore-read /local/domain/1/memory/target").strip() == str(kib), size
    table = [line.split() for line in shell.run("top -b -i 1").splitlines()]
    line = next(line for line in table if line[0] == "one")
    assert line[table[0].index("MAXMEM(k)")] == str(4096 + 1024)
    info = dict(re.findall(r"^(\w+) *: ?(.*)$", shell.run("info"), re.MULTILINE))
    assert {"host", "release", "version", "machine", "nr_cpus", "max_cpu_id", "nr_nodes",
            "cores_per_socket", "threads_per_core", "cpu_mhz", "hw_caps", "virt_caps",
            "total_memory", "free_memory", "free_cpus", "xen_major", "xen_minor", "xen_extra",
            "xen_version", "xen_caps", "xen_scheduler", "xen_pagesize", "platform_params",
            "xen_changeset", "xen_commandline", "cc_compiler", "build_id",
            "xend_config_format"} <= set(info)
    assert int(info["hw_caps"].split(":")[0], 16) & 1 << 6, "PAE"
    assert shell.run("info total_memory").strip() == info["total_memory"]
    assert "numa_info" in shell.run("info -n")
    assert re.match(r"Name +ID Uptime\nDomain-0 +0 +\d+:\d\d:\d\d\n", shell.run("uptime"))
    assert re.match(r" \d\d:\d\d:\d\d up +\d:\d\d, one \(1\)\n", shell.run("uptime -s one"))
    table = shell.run("top -b -i 2 -d 1").splitlines()
    assert len(table) == 6 and table[0] == table[3] and table[0].split()[0] == "NAME"
    assert all(len(line.split()) == len(table[0].split()) for line in table if "no limit" not in line)
    shell.type("top\r")
    shell.expect("q ends it")
    shell.expect("Domain-0")
    shell.type("q")
    shell.expect(PROMPT)
    assert shell.run("destroy one -f") == ""
    shell.power_off()


def test_store_words(boot_shell):
    """Values that do not print, several at once, parents that go with their last child."""
    shell = boot_shell()
    assert shell.run(r"xenstore-write /t/a/b 'x\ty\\\x01\x80' /t/c plain") == ""
    assert shell.run("xenstore-ls -f /t").splitlines() == \
        ['/t/a = ""', r'/t/a/b = "x\ty\\\001\x80"', '/t/c = "plain"']
    assert shell.run("xenstore-ls -p /t/a") == 'b = "x\\ty\\\\\\001\\x80"   (n0)\n'
    assert shell.run("xenstore-read -p /t/c /t/a") == "/t/c: plain\n/t/a: \n"
    assert shell.run("xenstore-list /t").split() == ["a", "c"]
    assert shell.run("xenstore-rm -t /t/a/b") == ""
    assert shell.run("xenstore-list /t").split() == ["c"]
    shell.power_off()


def test_waiting(boot_shell):
    """What is typed meanwhile is read afterwards; Ctrl-C stops the waiting, not the guest."""
    shell = boot_shell({"echo.cfg": ECHO, "hello.cfg": ECHO.replace("echo", "hello")})
    shell.type("create -F hello.cfg\rconsole -l hello\r")
    shell.expect("Hello from ring 1")
    shell.expect(PROMPT)
    shell.run("create echo.cfg")
    shell.type("create -F echo.cfg name=two\r")
    shell.expect("Parsing")
    shell.type(CTRL_C)
    shell.expect(PROMPT)
    assert row(shell.run("list"), "two")
    assert re.search(r"Shutting down domain 2\nWaiting for 1 domains\n"
                     r"Domain 2 has been shut down, reason code 0\n", shell.run("shutdown -Fw echo"))
    ended = shell.run("shutdown --wait -a -F")
    assert "Domain 3 has been shut down, reason code 0" in ended
    assert not row(shell.run("list"), "two")
    shell.power_off()


def test_completion(boot_shell):
    """Verbs, then files or guests; what is left open is listed."""
    shell = boot_shell()
    shell.type("cre\tech\t")
    shell.expect("create echo\\.")
    shell.type("c\t\r")
    shell.expect("Parsing config from echo.cfg")
    shell.expect(PROMPT)
    shell.run("create echo.cfg name=echoes")
    shell.type("destroy e\t\t")
    shell.expect("echo  echoes\r*\n")
    shell.type("e\t\r")
    shell.expect(PROMPT)
    assert not row(shell.run("list"), "echoes") and row(shell.run("list"), "echo")
    shell.type("vcpu-\t")
    shell.expect("vcpu-list  vcpu-set  vcpu-pin\r*\n")
    shell.type("\x15zzz\t")
    shell.expect("\a")
    shell.type("\x15\r")
    shell.expect(PROMPT)
    shell.power_off()
