# SPDX-License-Identifier: MIT
"""Work for Linux guests that goes on for a while, and what must be true of it afterwards."""
import re

from .linux import COMPLAINTS, HYPERVISOR_CLOCK, boot_guests, clock_offsets, config, create

STAMP = 'name = "stamp"\nkernel = "stamp.elf"\nmemory = 4\n'
# Between a guest's clock and the hypervisor's, at all times.
CLOCK_S = 0.010
# Each file of a tree is written, linked, listed and removed; processes come and go meanwhile.
WORK = """\
#!/bin/sh
end=$(($(cut -d. -f1 /proc/uptime) + seconds))
rounds=0
/check clock
while [ $(cut -d. -f1 /proc/uptime) -lt $end ]; do
	for a in 1 2 3 4 5; do
		mkdir -p /tmp/tree/$a/sub
		for b in 1 2 3 4 5 6 7 8 9 10; do
			echo "$rounds $a $b" >/tmp/tree/$a/sub/$b
			ln -s ../sub/$b /tmp/tree/$a/link$b
		done
	done
	[ $(find /tmp/tree -type f | xargs cat | grep -c "^$rounds ") = 50 ] || echo "WRONG tree"
	for i in 1 2 3 4 5 6 7 8; do
		(echo $i | sed s/$i/done/ | grep -q done || echo "WRONG pipe") &
	done
	wait
	rm -r /tmp/tree
	rounds=$((rounds + 1))
done
/check clock
echo "WORKED $rounds rounds"
"""


def two_guests_work(boot_shell, linux, seconds, rounds):
    """Two guests at once, each with files and processes; their clocks keep to the hypervisor's."""
    shell = boot_guests(boot_shell, linux, {
        "stamp.cfg": STAMP, "linux.cfg": config(cmdline=f"quiet rlrun=/work seconds={seconds}")})
    khz = int(HYPERVISOR_CLOCK.search(shell.greeting)[1])
    for name in ("first", "second"):
        create(shell, f"linux.cfg name={name}")
    shell.wait("list", lambda text: "first" not in text and "second" not in text, seconds * 4 + 120)
    shell.run("create stamp.cfg")
    reference = clock_offsets(shell.wait_console("stamp", "CLOCK"), khz)[0]
    for name in ("first", "second"):
        text = shell.run(f"console -l {name}")
        worked = re.search(r"WORKED (\d+) rounds", text)
        assert worked and int(worked[1]) >= rounds, f"{name}: {text[-300:]}"
        assert "WRONG" not in text and not COMPLAINTS.search(text), f"{name}: {text[-300:]}"
        offsets = clock_offsets(text, khz)
        assert len(offsets) == 2
        for offset in offsets:
            assert abs(offset - reference) < CLOCK_S, f"{name} is {offset - reference} s off"
    shell.power_off()
