# SPDX-License-Identifier: MIT
"""Bochs: slow, but it enforces segment limits and checks descriptors as the manual says.

The serial port is a socket that Bochs connects to. Debian's build has the debugger compiled in, so
a command file must tell it to go on. Time is counted in instructions and not held back.
"""
import os
import select
import socket
import subprocess
import sys
import time

from .emulator import Emulator
from .errors import UserError

# Bochs has models of real processors only; QEMU's `max` is its own generic one.
CPU_MODELS = {
    "": "bx_generic", "max": "bx_generic", "pentium": "pentium", "pentium2": "p2_klamath",
    "pentium3": "p3_katmai", "qemu32": "p4_prescott_celeron_336", "n270": "atom_n270",
    "coreduo": "core_duo_t2400_yonah", "core2duo": "core2_penryn_t9600",
    "Nehalem": "corei5_lynnfield_750", "Westmere": "corei5_arrandale_m520",
    "SandyBridge": "corei7_sandy_bridge_2600k", "IvyBridge": "corei7_ivy_bridge_3770k",
    "Haswell": "corei7_haswell_4770", "Broadwell": "broadwell_ult",
    "Skylake-Client": "corei7_skylake_x", "Icelake-Client": "corei7_icelake_u",
    "athlon": "amd_k6_2_chomper", "phenom": "phenom_8650_toliman", "EPYC": "ryzen",
}

# Fewer emulated instructions per emulated second make delay loops of firmware short.
INSTRUCTIONS_PER_SECOND = 50_000_000
MAX_MEMORY_MIB = 2048
CONNECT_SECONDS = 20

CONFIGURATION = """\
display_library: rfb, options="timeout=0"
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios-stdvga.bin
memory: guest={memory}, host={memory}
cpu: model={model}, count={cpus}, ips={ips}, reset_on_triple_fault=0, ignore_bad_msrs=0
clock: sync=none, time0=local
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path="{image}", status=inserted
boot: cdrom
com1: enabled=1, mode=socket-client, dev=127.0.0.1:{port}
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
speaker: enabled=0
log: bochs.log
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
"""

# How the machine's own power switches appear in the log.
POWER_OFF_MARKS = ("Shutdown port: shutdown requested", "ACPI control: soft power off")


class Bochs(Emulator):
    name = "Bochs"

    def model(self):
        cpu = self.machine.cpu
        if cpu in CPU_MODELS.values():
            return cpu
        if cpu not in CPU_MODELS:
            print(f"tools/boot: Bochs knows nothing like the CPU {cpu}, taking its generic one",
                  file=sys.stderr)
        return CPU_MODELS.get(cpu, "bx_generic")

    def write_configuration(self, port):
        machine = self.machine
        if machine.board or machine.disks or machine.nets:
            raise UserError("only QEMU has other boards, disks and network cards")
        if machine.memory_mib > MAX_MEMORY_MIB:
            raise UserError(f"Bochs can give at most {MAX_MEMORY_MIB} MiB")
        with open(os.path.join(self.folder, "bochsrc"), "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(memory=machine.memory_mib, model=self.model(),
                                            cpus=machine.cpus, ips=INSTRUCTIONS_PER_SECOND,
                                            image=machine.image, port=port))
            file.write("".join(line + "\n" for line in machine.extra))
        with open(os.path.join(self.folder, "debugger.rc"), "w", encoding="utf-8") as file:
            file.write("continue\n")

    def start(self):
        self.log = os.path.join(self.folder, "bochs.log")
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            self.write_configuration(listener.getsockname()[1])
            with open(os.path.join(self.folder, "bochs.out"), "wb") as output:
                self.spawn(["bochs", "-q", "-f", "bochsrc", "-rc", "debugger.rc"],
                           stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
            self.serial = self.accept(listener)
        self.input_fd = self.output_fd = self.serial.fileno()

    def accept(self, listener):
        deadline = time.monotonic() + CONNECT_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if select.select([listener], [], [], 0.1)[0]:
                return listener.accept()[0]
        self.stop()
        raise UserError(f"Bochs does not start: {self.complaint()}")

    def read_log(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def ended_cleanly(self):
        log = self.read_log()
        return any(mark in log for mark in POWER_OFF_MARKS)

    def complaint(self):
        panics = [line for line in self.read_log().splitlines() if ">>PANIC<<" in line]
        return panics[-1].split(">>PANIC<<")[-1].strip() if panics else ""

    def stop(self):
        super().stop()
        if hasattr(self, "serial"):
            self.serial.close()
